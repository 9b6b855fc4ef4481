"""What an article or a tag is connected to: found in a fixed number of queries, drawn as a diagram.

A neighbourhood is a few groups of connections. The page shows every connection twice: in the
diagram for the eye, and in the list, which says everything that the diagram says.
"""

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles import citations, labels, references
from articles.models import Article, ArticleTag, Reference, Tag
from authors.models import Author

# Of each group.
SHOWN = 8
# So many tags of an article are looked at, and so many of the newest articles of each.
TAGS_COMPARED = 8
ARTICLES_COMPARED = 50
# The newest articles of a tag that say which tags stand together with it.
COMPANIONS_COUNTED = 200

Kind = Reference.Kind
OUT, IN, WITH = "out", "in", "with"
_WAYS = {
    OUT: {
        Kind.CORRECTS: gettext_lazy("corrects it"),
        Kind.UPDATES: gettext_lazy("updates it"),
        Kind.INLINE: gettext_lazy("in the text"),
        Kind.RELATED: gettext_lazy("as a related link"),
    },
    IN: {
        Kind.CORRECTS: gettext_lazy("as a correction"),
        Kind.UPDATES: gettext_lazy("as an update"),
        Kind.INLINE: gettext_lazy("in the text"),
        Kind.RELATED: gettext_lazy("as a related link"),
        Kind.SERIES: gettext_lazy("as a part of this series"),
    },
}


@dataclass(frozen=True, slots=True)
class Node:
    """Something connected. key is the same wherever it appears."""

    key: str
    kind: str
    label: str
    url: str
    language: str = ""

    @classmethod
    def of(cls, target):
        """target: an article, author or tag that readers may see."""
        if isinstance(target, Article):
            label, kind, language = target.title, target.kind, target.language
        else:
            label, kind, language = target.name, target._meta.model_name, ""
        return cls(f"{kind}:{target.pk}", kind, label, target.get_absolute_url(), language)


@dataclass(frozen=True, slots=True)
class Connection:
    """A node and, in words, how it is connected."""

    node: Node
    words: str


@dataclass(frozen=True, slots=True)
class Group:
    """Connections of one direction: out of the centre, into it, or with it."""

    direction: str
    heading: str
    connections: list


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    centre: Node
    groups: list

    @property
    def is_empty(self):
        return not self.groups


def of_article(article):
    """What an article refers to, what refers to it, and what shares the most tags with it."""
    carried = Tag.objects.reachable().filter(article_tags__content_object=article)
    carried = carried.select_related("merged_into").order_by("article_tags__position")
    tags = list({tag.standing.pk: tag.standing for tag in carried}.values())[:TAGS_COMPARED]
    return _neighbourhood(
        article,
        Group(OUT, _("Refers to"), _referred_to(article)),
        Group(IN, _("Referred to by"), _referring(article, tuple(citations.HEADINGS))),
        Group(WITH, _("Shares tags with"), _sharing(article, tags)),
    )


def of_tag(tag):
    """A tag's newest articles, those that mention it, and the tags that stand beside it."""
    newest = Article.objects.public().articles().tagged(tag).only(*_SHOWN_OF_ARTICLE)[:SHOWN]
    return _neighbourhood(
        tag,
        Group(OUT, _("Newest articles"), [Connection(Node.of(row), "") for row in newest]),
        Group(IN, _("Mentioned in"), _referring(tag, (Kind.INLINE,))),
        Group(WITH, _("Often together with"), _companions(tag)),
    )


_SHOWN_OF_ARTICLE = ("kind", "slug", "title", "language", "first_published_at")


def _neighbourhood(centre, *groups):
    return Neighbourhood(Node.of(centre), [group for group in groups if group.connections])


def _referred_to(article):
    """In the order of the text: what the article itself puts first stands first."""
    through = {
        "incoming__source": article,
        "incoming__set": Reference.Set.LIVE,
        "incoming__is_first": True,
        "incoming__kind__in": list(_WAYS[OUT]),
    }
    found = []
    for public in (
        Article.objects.public().only(*_SHOWN_OF_ARTICLE),
        Author.objects.reachable().select_related("merged_into"),
        Tag.objects.reachable().select_related("merged_into"),
    ):
        rows = public.filter(**through).annotate(
            way=F("incoming__kind"), place=F("incoming__position")
        )
        found += rows.order_by("place", "pk")
    ways = list(_WAYS[OUT])
    found.sort(key=lambda target: (ways.index(target.way), target.place))
    return _joined(
        (Node.of(references.standing(target)), str(_WAYS[OUT][target.way])) for target in found
    )


def _referring(target, kinds):
    """The newest, whatever the way."""
    found = []
    for kind in kinds:
        rows = citations.citing(target, [kind]).annotate(
            way=F("references__kind"), date=F("references__published_at")
        )
        rows = rows.order_by("-references__published_at", "-references__source_id")
        found += rows.only(*_SHOWN_OF_ARTICLE)[:SHOWN]
    found.sort(key=lambda source: (source.date, source.pk), reverse=True)
    # Where there is one way only, the heading has said it.
    words = _WAYS[IN] if len(kinds) > 1 else dict.fromkeys(kinds, "")
    return _joined((Node.of(source), str(words[source.way])) for source in found)


def _joined(pairs):
    """One connection for each node, with all its words, each once; the first SHOWN."""
    words = {}
    for node, way in pairs:
        words.setdefault(node, {})[way] = None
    return [Connection(node, ", ".join(ways)) for node, ways in words.items()][:SHOWN]


def _sharing(article, tags):
    if not tags:
        return []
    shared, dates = defaultdict(set), {}
    stands_for = {pk: tag.pk for tag in tags for pk in labels.group("tag", tag.pk)}
    for pk, tag_id, date in _newest_of_each(list(stands_for)):
        shared[pk].add(stands_for[tag_id])
        dates[pk] = date
    shared.pop(article.pk, None)
    best = sorted(shared, key=lambda pk: (len(shared[pk]), dates[pk], pk), reverse=True)
    # Some may have been hidden by other hands than the verbs, so a few more are asked for.
    best = best[: 2 * SHOWN]
    public = Article.objects.public().articles().only(*_SHOWN_OF_ARTICLE).order_by().in_bulk(best)
    names = {tag.pk: tag.name for tag in tags}
    return [
        Connection(
            Node.of(public[pk]),
            ngettext("%(n)d tag: %(tags)s", "%(n)d tags: %(tags)s", len(shared[pk]))
            % {
                "n": len(shared[pk]),
                "tags": ", ".join(name for tag, name in names.items() if tag in shared[pk]),
            },
        )
        for pk in best
        if pk in public
    ][:SHOWN]


def _newest_of_each(pks):
    """(article, tag, date) of the newest articles of each of some tags: two queries, one index.

    A stretch of every tag's index is asked for by its date, since there is no way that suits
    both databases to ask for the first so many of each at once.
    """
    oldest_shown = (
        ArticleTag.objects.filter(tag=OuterRef("pk"))
        .order_by("-published_at", "-content_object_id")
        .values("published_at")[ARTICLES_COMPARED - 1 : ARTICLES_COMPARED]
    )
    stretches = Q()
    since = Tag.objects.filter(pk__in=pks).annotate(since=Subquery(oldest_shown))
    for pk, date in since.values_list("pk", "since"):
        stretches |= Q(tag=pk, published_at__gte=date) if date else Q(tag=pk)
    # Many articles may have one date, as after an import.
    rows = ArticleTag.objects.filter(stretches).order_by("-published_at", "-content_object_id")
    rows = rows.values_list("content_object_id", "tag_id", "published_at")
    return rows[: 2 * ARTICLES_COMPARED * len(pks)]


def _companions(tag):
    newest = (
        ArticleTag.objects.of(labels.group("tag", tag.pk))
        .order_by("-published_at", "-content_object_id")
        .values_list("content_object_id", flat=True)[:COMPANIONS_COUNTED]
    )
    public = Article.objects.public().filter(pk__in=list(newest))
    beside = ArticleTag.objects.filter(content_object__in=public).order_by()
    counts = Counter(
        pk
        for _article, pk in beside.values_list(
            "content_object_id", Coalesce("tag__merged_into_id", "tag_id")
        ).distinct()
    )
    del counts[tag.pk]
    best = sorted(counts, key=lambda pk: (-counts[pk], pk))[:SHOWN]
    tags = Tag.objects.known().only("name", "slug").in_bulk(best)
    return [
        Connection(
            Node.of(tags[pk]),
            ngettext("in %(n)d article", "in %(n)d articles", counts[pk]) % {"n": counts[pk]},
        )
        for pk in best
        if pk in tags
    ]


# The diagram. Pure: numbers in, numbers out.

_FONT_SIZE = 13
_LINE_HEIGHT = 16
_NODE_HEIGHT, _GAP, _CAPTION_HEIGHT = 44, 12, 26
_PADDING = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A node where it is drawn, with its label in lines that fit."""

    node: Node
    x: int
    y: int
    width: int
    height: int
    lines: list
    is_centre: bool = False

    @property
    def middle(self):
        return self.y + self.height // 2

    @property
    def text_x(self):
        return self.x + _PADDING

    @property
    def corner(self):
        """Kinds differ in shape too: subjects and people are round."""
        if self.node.kind not in {"tag", "author"}:
            return 0
        # Lines begin near the corners of the centre.
        return 6 if self.is_centre else self.height // 2

    @property
    def text(self):
        """(y, line), vertically centred."""
        first = self.middle - len(self.lines) * _LINE_HEIGHT // 2 + 12
        return [(first + number * _LINE_HEIGHT, line) for number, line in enumerate(self.lines)]


@dataclass(frozen=True, slots=True)
class Caption:
    text: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """A connection as it is drawn: a path, and which of its ends has an arrow (out, in)."""

    direction: str
    key: str
    path: str


@dataclass(slots=True)
class Drawing:
    """A diagram. name tells the ids of its parts from those of another one on the page."""

    name: str
    width: int
    height: int = 0
    boxes: list = field(default_factory=list)
    captions: list = field(default_factory=list)
    lines: list = field(default_factory=list)


def draw_wide(neighbourhood):
    """Three columns: what comes in, the centre, what goes out; below the centre what is beside it.

    A thing has one box, in the first group that names it, and one line for each connection.
    """
    drawing = Drawing("wide", 960)
    side, middle_x, middle = 270, 355, 250
    centre = _centre(neighbourhood, middle_x, _CAPTION_HEIGHT, middle, 88)
    drawing.boxes.append(centre)
    columns = {
        IN: (0, _CAPTION_HEIGHT, side),
        OUT: (960 - side, _CAPTION_HEIGHT, side),
        WITH: (middle_x + 24, centre.y + centre.height + 60, middle - 24),
    }
    placed = {}
    for group in _in_order(neighbourhood):
        x, y, width = columns[group.direction]
        _place(drawing, placed, group, x, y, width)
    ports = _ports(neighbourhood, centre, placed)
    for group in neighbourhood.groups:
        for number, connection in enumerate(group.connections):
            box, home = placed[connection.node.key]
            offset = _offset(group.direction, home)
            if home == WITH:
                path = _elbow(middle_x + 8, centre.y + centre.height, box, offset)
            else:
                path = _curve(ports[group.direction, number], box, offset, is_left=home == IN)
            drawing.lines.append(Line(group.direction, connection.node.key, path))
    drawing.height = _bottom(drawing)
    return drawing


def draw_narrow(neighbourhood):
    """One column under the centre, for narrow screens; every line branches off one spine."""
    drawing = Drawing("narrow", 340)
    centre = _centre(neighbourhood, 0, 2, 338, 64)
    drawing.boxes.append(centre)
    placed, y = {}, centre.y + centre.height + 34
    for group in _in_order(neighbourhood):
        y = _place(drawing, placed, group, 44, y, 294) + 22
    for group in neighbourhood.groups:
        for connection in group.connections:
            box, home = placed[connection.node.key]
            offset = _offset(group.direction, home)
            # Each direction has a spine of its own, so that its style can be seen.
            spine = {OUT: 8, IN: 16, WITH: 24}[group.direction]
            path = _elbow(spine, centre.y + centre.height, box, offset)
            drawing.lines.append(Line(group.direction, connection.node.key, path))
    drawing.height = _bottom(drawing)
    return drawing


def _in_order(neighbourhood):
    return sorted(neighbourhood.groups, key=lambda group: (OUT, IN, WITH).index(group.direction))


def _centre(neighbourhood, x, y, width, height):
    lines = wrap(neighbourhood.centre.label, width - 2 * _PADDING, lines=3)
    return Box(neighbourhood.centre, x, y, width, height, lines, is_centre=True)


def _place(drawing, placed, group, x, y, width):
    """Puts the boxes of a group's things that have none yet one below the other."""
    new = [one.node for one in group.connections if one.node.key not in placed]
    if not new:
        return y
    drawing.captions.append(Caption(group.heading, x, y - 10))
    for node in new:
        inner = width - 2 * _PADDING
        box = Box(node, x, y, width, _NODE_HEIGHT, wrap(node.label, inner, lines=2))
        placed[node.key] = box, group.direction
        drawing.boxes.append(box)
        y += _NODE_HEIGHT + _GAP
    return y


def _ports(neighbourhood, centre, placed):
    """(direction, number) → (x, y) on the centre's edge, spread so that lines stay apart."""
    sides = {True: [], False: []}
    for group in neighbourhood.groups:
        for number, connection in enumerate(group.connections):
            box, home = placed[connection.node.key]
            if home != WITH:
                order = (box.y, _offset(group.direction, home))
                sides[home == IN].append((order, (group.direction, number)))
    ports = {}
    for is_left, ends in sides.items():
        x = centre.x if is_left else centre.x + centre.width
        for place, (_order, key) in enumerate(sorted(ends), start=1):
            ports[key] = x, centre.y + place * centre.height // (len(ends) + 1)
    return ports


def _offset(direction, home):
    """Where on its box a line ends, so that two connections of one thing lie beside each other."""
    others = [other for other in (OUT, IN, WITH) if other != home]
    return 0 if direction == home else (-10, 10)[others.index(direction)]


def _curve(port, box, offset, *, is_left):
    (x, y), end_y = port, box.middle + offset
    end_x = box.x + box.width if is_left else box.x
    bend = (x + end_x) // 2
    return f"M{x} {y}C{bend} {y} {bend} {end_y} {end_x} {end_y}"


def _elbow(spine_x, top, box, offset):
    return f"M{spine_x} {top}V{box.middle + offset}H{box.x}"


def _bottom(drawing):
    return max(box.y + box.height for box in drawing.boxes) + 2


def wrap(text, width, *, lines):
    """The text in so many lines of a width in pixels at most; “…” where it was cut."""
    words, wrapped = text.split(), []
    while words and len(wrapped) < lines:
        line = words.pop(0)
        while words and _width(f"{line} {words[0]}") <= width:
            line += f" {words.pop(0)}"
        if _width(line) > width:
            # One long word goes on in the next line.
            fitting = _cut(line, width)
            words.insert(0, line[len(fitting) :])
            line = fitting
        wrapped.append(line)
    if words:
        wrapped[-1] = _cut(wrapped[-1], width - _width("…")).rstrip() + "…"
    return wrapped


def _cut(text, width):
    while len(text) > 1 and _width(text) > width:
        text = text[:-1]
    return text


def _width(text):
    """A generous estimate, since every reader's system has a face of its own."""
    return sum(map(_letter_width, text)) * _FONT_SIZE


def _letter_width(letter):
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if unicodedata.combining(letter):
        return 0
    if letter in "MWmw@%—…":
        return 0.98
    if letter in "iljtfrI.,:;'’‘|!()[] -":
        return 0.42
    if letter.isupper() or letter.isdigit():
        return 0.74
    return 0.62
