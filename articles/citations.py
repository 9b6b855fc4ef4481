"""Who cites what, asked from the side of what is cited, and from public texts only.

Every question begins at the cited article, author or tag and walks the partial indexes of
Reference (reference_cites_…), newest first, so that a thousandth citation makes no page slower.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from articles import labels
from articles.models import Article, Reference, Section, address_of
from articles.prepared import Prepared

Kind = Reference.Kind

# In the order in which readers get them, with what the group is called.
HEADINGS = {
    Kind.CORRECTS: _("Corrections"),
    Kind.UPDATES: _("Updates"),
    Kind.INLINE: _("In the text"),
    Kind.RELATED: _("As a related link"),
    Kind.SERIES: _("In a series"),
}
# Pages such as the imprint cite nobody in these ways.
_OF_ARTICLES = (Kind.INLINE, Kind.RELATED)
_ANNOUNCED = (Kind.CORRECTS, Kind.UPDATES)
NOTICES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Citation:
    """A public article that cites something in one way, with its first sentence that does.

    section is the heading of the cited section, where that is in the live text.
    """

    kind: str
    title: str
    url: str
    language: str
    sentence_html: SafeString
    section: str
    section_url: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """The citations of one kind that a page shows, and how many there are in all."""

    kind: str
    heading: str
    total: int
    citations: list


@dataclass(frozen=True, slots=True)
class Notice:
    """What a newer public article says of an older one that it corrects or updates."""

    kind: str
    note: str
    title: str
    url: str
    language: str
    published_at: datetime
    section: str = ""
    section_url: str = ""

    @property
    def is_correction(self):
        return self.kind == Kind.CORRECTS


def citing(target, kinds):
    """Public articles that cite an article, author or tag in some ways; one row for each way.

    An author or tag is cited by what cites one that is merged into it, too.
    """
    return _citing(target._meta.model_name, _cited(target), kinds)


def _cited(target):
    """The primary key of what is cited; of an author or tag that stands for others, all theirs."""
    if isinstance(target, Article):
        return target.pk
    group = labels.group(target._meta.model_name, target.pk)
    return group if len(group) > 1 else target.pk


def _citing(model_name, pk, kinds):
    target = {f"references__target_{model_name}": pk}
    once = Q()
    if isinstance(pk, tuple):
        target = {f"references__target_{model_name}__in": pk}
        once = ~Exists(
            Reference.objects.filter(
                source=OuterRef("pk"),
                set=Reference.Set.LIVE,
                kind=OuterRef("references__kind"),
                position__lt=OuterRef("references__position"),
                **{f"target_{model_name}__in": pk},
            )
        )
    return Article.objects.public().filter(
        Q(kind=Article.Kind.ARTICLE) | Q(references__kind__in=set(kinds).difference(_OF_ARTICLES)),
        once,
        references__set=Reference.Set.LIVE,
        references__is_first=True,
        references__kind__in=kinds,
        **target,
    )


def counts(target, kinds=tuple(HEADINGS)):
    """Kind → how many public articles cite in this way. One query."""
    rows = citing(target, kinds).order_by().values_list("references__kind")
    return dict(rows.annotate(Count("pk")))


def newest(target, kind, *, limit, offset=0):
    """The newest citations of one kind, one for each citing article. One query.

    A cited section is still named by its id; see `with_sections`.
    """
    rows = _newest(target._meta.model_name, kind, limit)(_cited(target), offset=offset)
    return [_citation(row) for row in rows]


@cache
def _newest(model_name, kind, limit):
    return Prepared(lambda pk: _newest_rows(model_name, pk, kind)[:limit])


def _newest_rows(model_name, pk, kind):
    return (
        _citing(model_name, pk, [kind])
        .order_by("-references__published_at", "-references__source_id")
        .values_list(
            "references__kind",
            "pk",
            "kind",
            "slug",
            "title",
            "language",
            "references__published_at",
            "references__sentence",
            "references__words",
            "references__words_at",
            "references__section",
        )
    )


def _citation(row):
    kind, _pk, source_kind, slug, title, language, date, sentence, words, at, section = row
    return Citation(
        kind=kind,
        title=title,
        url=address_of(source_kind, slug),
        language=language,
        sentence_html=_marked(sentence, words, at),
        section=section,
        section_url="",
        published_at=date,
    )


@dataclass(frozen=True, slots=True)
class Around:
    """What public articles are to one article: the newest in each way, one more than is shown.

    citations are in the text or a related link; series gives (primary key, kind, slug, title,
    language). totals: kind → how many there are; None where only counting can tell.
    """

    citations: list
    notices: list
    series: list
    totals: dict | None


# Under an article.
SHOWN = {Kind.INLINE: 10, Kind.RELATED: 5, Kind.CORRECTS: 10, Kind.UPDATES: 10, Kind.SERIES: 3}


def parts_around(pk):
    """The queries (for Prepared) of what `around` reads, each with its kind in the first column."""
    return [_newest_rows("article", pk, kind)[: shown + 1] for kind, shown in SHOWN.items()]


def around(article, headings, rows):
    """The Around of an article, whose live text has these headings (by anchor).

    rows: kind → the rows of `parts_around`. One query, where there are notices.
    """
    rows = {kind: rows.get(kind, []) for kind in SHOWN}
    announcing = [*rows[Kind.CORRECTS], *rows[Kind.UPDATES]][: NOTICES_SHOWN + 1]
    said = _said_by({row[1] for row in announcing}, [article.pk])
    notices = []
    for kind, pk, source_kind, slug, title, language, date, *_sentence in announcing:
        for note, section in said[article.pk, kind, pk]:
            heading = headings.get(section, "")
            url = address_of(source_kind, slug)
            section_url = f"#{section}" if heading else ""
            notices.append(Notice(kind, note, title, url, language, date, heading, section_url))
    found = [_citation(row) for kind in _OF_ARTICLES for row in rows[kind]]
    return Around(
        citations=[_with_section(item, headings.get(item.section), "") for item in found],
        notices=notices[: NOTICES_SHOWN + 1],
        series=[row[1:6] for row in rows[Kind.SERIES]],
        totals=None
        if any(len(rows[kind]) > shown for kind, shown in SHOWN.items())
        else {kind: len(rows[kind]) for kind in rows},
    )


def with_sections(target, citations, *, path=""):
    """The citations with the headings of the cited sections, as far as readers can see those.

    path: where the target stands, if not on the page at hand. At most one query.
    """
    headings = _headings({(target.pk, item.section) for item in citations if item.section})
    return [
        _with_section(item, headings.get((target.pk, item.section)), path) for item in citations
    ]


def groups(target, totals, *, offset, limit, path=""):
    """A stretch of the citations of all kinds, as `counts` gave their totals; see HEADINGS.

    One query for each kind in the stretch, and one more.
    """
    found, end = [], offset + limit
    before = 0
    for kind, heading in HEADINGS.items():
        total = totals.get(kind, 0)
        first, last = max(offset - before, 0), min(end - before, total)
        if first < last:
            items = newest(target, kind, offset=first, limit=last - first)
            found.append(Group(kind, heading, total, items))
        before += total
    shown = iter(
        with_sections(target, [item for group in found for item in group.citations], path=path)
    )
    return [
        Group(group.kind, group.heading, group.total, [next(shown) for _item in group.citations])
        for group in found
    ]


_announcing = Prepared(
    lambda pks: (
        Article.objects.public()
        .filter(
            references__set=Reference.Set.LIVE,
            references__is_first=True,
            references__kind__in=_ANNOUNCED,
            references__target_article__in=pks,
        )
        .order_by("references__kind", "-references__published_at", "-references__source_id")
        .values_list(
            "references__target_article_id",
            "references__kind",
            "pk",
            "kind",
            "slug",
            "title",
            "language",
            "references__published_at",
        )
    )
)


def notices(articles):
    """Primary key → the corrections, then the updates of an article, newest first.

    One more than NOTICES_SHOWN of an article where there are more. At most three queries,
    however many articles: those of a feed are few.
    """
    pks = [article.pk for article in articles]
    newer = _announcing(pks)
    said = _said_by({row[2] for row in newer}, pks)
    headings = _headings({(key[0], section) for key in said for _note, section in said[key]})
    found = {pk: [] for pk in pks}
    for target, kind, pk, source_kind, slug, title, language, date in newer:
        url = address_of(source_kind, slug)
        for note, section in said[target, kind, pk]:
            heading = headings.get((target, section), "")
            found[target].append(
                Notice(
                    kind,
                    note,
                    title,
                    url,
                    language,
                    date,
                    section=heading,
                    section_url=f"#{section}" if heading else "",
                )
            )
    return {pk: items[: NOTICES_SHOWN + 1] for pk, items in found.items()}


def _said_by(sources, targets):
    """(target, kind, source) → [(note, section)]: one article may correct another in two places."""
    said = defaultdict(list)
    for target, kind, source, note, section in _sayings(sources, targets):
        said[target, kind, source].append((note, section))
    return said


_sayings = Prepared(
    lambda sources, targets: (
        Reference.objects.filter(
            source__in=sources,
            set=Reference.Set.LIVE,
            kind__in=_ANNOUNCED,
            target_article__in=targets,
        )
        .order_by("position")
        .values_list("target_article_id", "kind", "source_id", "sentence", "section")
    )
)


def _headings(places):
    """(article, anchor) → heading, of those that stand in a live text."""
    places = {(pk, anchor) for pk, anchor in places if anchor}
    pks, anchors = ({place[part] for place in places} for part in (0, 1))
    return {(pk, anchor): heading for pk, anchor, heading in _live_sections(pks, anchors)}


_live_sections = Prepared(
    lambda pks, anchors: (
        Section.objects.filter(article__in=pks, anchor__in=anchors, state=Section.State.LIVE)
        .order_by()
        .values_list("article_id", "anchor", "heading")
    )
)


def _with_section(item, heading, path):
    return Citation(
        kind=item.kind,
        title=item.title,
        url=item.url,
        language=item.language,
        sentence_html=item.sentence_html,
        section=heading or "",
        section_url=f"{path}#{item.section}" if heading else "",
        published_at=item.published_at,
    )


def _marked(sentence, words, at):
    """The sentence with the words that cite marked; they stand at a known place in it."""
    if not words:
        return mark_safe(escape(sentence))
    end = at + len(words)
    return mark_safe(
        f"{escape(sentence[:at])}<mark>{escape(sentence[at:end])}</mark>{escape(sentence[end:])}"
    )
