"""What an act of an editor would do to others, told before it is done."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles import publishing
from articles.models import (
    Article,
    MenuItem,
    Name,
    Pick,
    Redirect,
    Reference,
    Section,
    Tag,
    TagChange,
)
from articles.names import fold
from articles.prepared import Prepared
from articles.rendering import structure
from authors.models import Author

LISTED = 100


@dataclass(slots=True)
class Citing:
    """An article that cites what is about to go: where it says so, to readers and in its draft."""

    article: Article
    live: list = field(default_factory=list)
    draft: list = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Effect:
    """Who is affected by a removal: the first of them by name, and how many they are in all."""

    citing: list[Citing]
    live_count: int
    draft_count: int
    menu_items: list[MenuItem]
    picks: list[Pick]

    @property
    def is_empty(self):
        return not (self.live_count or self.draft_count or self.menu_items or self.picks)

    @property
    def more(self):
        """How many articles are affected beyond those listed, at least."""
        return max(0, max(self.live_count, self.draft_count) - len(self.citing))


def of_removal(articles):
    """Who is affected if some articles go together; what they cite of one another is no damage."""
    pks = [article.pk for article in articles]
    rows = Reference.objects.filter(target_article__in=pks).exclude(source__in=pks)
    return _effect(
        rows,
        menu_items=list(MenuItem.objects.filter(article__in=pks)),
        picks=list(Pick.objects.filter(article__in=pks).select_related("article")),
    )


def of_removing_section(article, anchor):
    """Who is affected if a section leaves the live text of an article."""
    return _effect(
        Reference.objects.filter(target_article=article, section=anchor).exclude(source=article)
    )


def _effect(rows, *, menu_items=(), picks=()):
    rows = rows.order_by()
    counts = {
        set_: rows.filter(set=set_).values("source").distinct().count()
        for set_ in Reference.Set.values
    }
    # What readers see first: "live" comes after "draft" in the alphabet.
    first = rows.values("source_id").annotate(seen=Max("set")).order_by("-seen", "source_id")
    pks = [row["source_id"] for row in first[:LISTED]]
    citing = {}
    shown = (
        rows.filter(source__in=pks)
        .select_related("source__latest_revision")
        .order_by("set", "kind", "position")
    )
    for row in sorted(shown, key=lambda row: pks.index(row.source_id)):
        entry = citing.setdefault(row.source_id, Citing(row.source))
        (entry.live if row.set == Reference.Set.LIVE else entry.draft).append(row)
    return Effect(
        list(citing.values()),
        counts[Reference.Set.LIVE],
        counts[Reference.Set.DRAFT],
        list(menu_items),
        list(picks),
    )


@dataclass(frozen=True, slots=True)
class LeavingSection:
    """A section that the newest draft doesn't have and readers know, and who cites it."""

    anchor: str
    heading: str
    effect: Effect


def leaving_sections(article, revision):
    """The sections that others cite and that would leave with the publication of a revision.

    Of a withdrawn article, which may come back without them, they are those that readers last had.
    """
    return [
        LeavingSection(
            section.anchor, section.heading, of_removing_section(article, section.anchor)
        )
        for section in sections_leaving([(article, revision)])[article.pk]
    ]


def sections_leaving(drafts):
    """Likewise of several (article, newest revision) that go out together, without who cites
    them: primary key → sections. What one of them doesn't cite any more then counts for nothing.
    """
    leaving = {article.pk: [] for article, _revision in drafts}
    known = _known_anchors([article for article, _revision in drafts])
    gone = Q()
    for article, revision in drafts:
        if article.pk in known and (anchors := known[article.pk] - _anchors_in(revision)):
            gone |= Q(article=article, anchor__in=anchors)
    # Hardly ever any, and so asked without who cites them.
    if gone:
        replaced = [article.pk for article, _revision in drafts if article.has_newer_draft]
        citing = (
            Reference.objects.filter(target_article=OuterRef("article"), section=OuterRef("anchor"))
            .exclude(source=OuterRef("article"))
            .exclude(source__in=replaced, set=Reference.Set.LIVE)
        )
        for section in Section.objects.filter(gone, Exists(citing)).order_by("position"):
            leaving[section.article_id].append(section)
    return leaving


def _known_anchors(articles):
    """Primary key → the ids of the sections that readers have, or had before the withdrawal."""
    withdrawn = [one for one in articles if one.state == Article.State.WITHDRAWN]
    # Its rows say what is in the draft; what readers had still stands in its own columns.
    known = {article.pk: _anchors_in(article) for article in withdrawn}
    live = [article.pk for article in articles if article.state == Article.State.LIVE]
    for article, anchor in _live_sections(live) if live else ():
        known.setdefault(article, set()).add(anchor)
    return known


def _anchors_in(words):
    """words: an article or a revision."""
    return {heading.anchor for heading in structure(words.body).headings}


_live_sections = Prepared(
    lambda pks: (
        Section.objects.filter(article__in=pks, state=Section.State.LIVE)
        .order_by()
        .values_list("article", "anchor")
    )
)


@dataclass(frozen=True, slots=True)
class ToldTitle:
    """A reference by whose words readers learn the title of something that isn't public."""

    words: str
    sentence: str
    article: Article


# Asked of each one: SQLite would put all public ones on a list before.
_hidden = Prepared(
    lambda uids: (
        Article.objects.filter(
            ~Exists(Article.objects.public().filter(pk=OuterRef("pk"))), uid__in=uids
        )
        .order_by()
        .values_list("pk")
    )
)


def told_titles(revision):
    """The references of a revision whose words are the title of something unpublished."""
    return told_titles_of([revision])[0]


def told_titles_of(revisions):
    """Likewise of several revisions: a list for each of them."""
    cited = [structure(revision.body).references for revision in revisions]
    uids = sorted({reference.token.uid for references in cited for reference in references})
    if not (pks := [pk for (pk,) in _hidden(uids)]):
        return [[] for _revision in revisions]
    hidden = Article.objects.filter(pk__in=pks).select_related("latest_revision")
    hidden = {article.uid: article for article in hidden if not _is_known(article)}
    titles = {}
    for name in Name.objects.filter(article__in=list(hidden.values())).select_related("article"):
        known = name.article.title if name.article.first_published_at else ""
        if name.is_current and fold(name.name) != fold(known):
            titles.setdefault(name.article.uid, set()).add(fold(name.name))
    return [
        [
            ToldTitle(reference.words, reference.sentence, article)
            for reference in references
            if (article := hidden.get(reference.token.uid))
            and article.pk != revision.article_id
            and fold(reference.words) in titles.get(article.uid, ())
        ]
        for revision, references in zip(revisions, cited, strict=True)
    ]


def _is_known(article):
    """Whether readers knew the article's present title once: it is no secret any more."""
    latest = article.latest_revision
    return article.first_published_at is not None and (
        latest is None or fold(latest.title) == fold(article.title)
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """What an editor should know before a revision goes out."""

    told_titles: list[ToldTitle]
    leaving_sections: list[LeavingSection]

    def __bool__(self):
        return bool(self.told_titles or self.leaving_sections)


def of_publishing(article, revision):
    """What an editor should know before a revision goes out; false where there is nothing."""
    return Finding(told_titles(revision), leaving_sections(article, revision))


@dataclass(frozen=True, slots=True)
class MergeEffect:
    """What becomes of an author or tag that is merged into another."""

    articles: int
    in_both: int
    total: int
    # Of an author: the articles whose newest words name it, and that readers don't see so yet.
    drafts: int
    names: list[str]
    addresses: list[str]
    citing: int
    # Of a tag.
    menu_items: list[MenuItem]
    picks: int


def of_merging(thing, into):
    """What a merge of two authors or two tags would change for readers. The number of queries is
    fixed.
    """
    kind, group = thing._meta.model_name, thing.group()
    named = {f"{kind}__in": group}
    total = publishing.count_articles(type(thing), (*into.group(), *group))
    tags = group if kind == "tag" else ()
    return MergeEffect(
        articles=thing.article_count,
        in_both=thing.article_count + into.article_count - total,
        total=total,
        drafts=_drafts_by(group) if kind == "author" else 0,
        names=list(dict.fromkeys(Name.objects.filter(**named).values_list("name", flat=True))),
        addresses=_addresses_of(type(thing), kind, group),
        citing=number_citing(kind, group),
        menu_items=list(MenuItem.objects.filter(tag__in=tags)),
        picks=Pick.objects.filter(tag__in=tags).count(),
    )


def number_citing(kind, group):
    """How many articles cite any of some authors or tags, in public or in a draft."""
    return Reference.objects.naming(kind, group).values("source").distinct().count()


def _drafts_by(group):
    uids = Author.objects.filter(pk__in=group).values_list("uid", flat=True)
    closed = [Article.State.TRASHED, Article.State.DELETED]
    written = Article.objects.naming(uids).exclude(state__in=closed)
    is_seen = Q(state=Article.State.LIVE, latest_revision=F("live_revision"))
    return written.exclude(is_seen).count()


def _addresses_of(model, kind, group):
    """Where readers find them, or found them once: all that leads on."""
    public = model.objects.filter(pk__in=group, first_public_at__isnull=False)
    former = Redirect.objects.filter(**{f"{kind}__in": group})
    return [
        *(thing.get_absolute_url() for thing in public.order_by("pk")),
        *former.order_by("path").values_list("path", flat=True),
    ]


def of_changing_tag(tag, before, after):
    """What a change of a tag's own words means for readers and writers, in sentences.

    before, after: as publishing.words_of_tag gives them.
    """
    sentences = []
    if before["name"] != after["name"]:
        words = ngettext(
            "“%(old)s” is called “%(new)s” on %(n)d article and wherever readers see it.",
            "“%(old)s” is called “%(new)s” on %(n)d articles and wherever readers see it.",
            tag.article_count,
        )
        values = {"old": before["name"], "new": after["name"], "n": tag.article_count}
        sentences.append(words % values)
    if before["slug"] != after["slug"]:
        paths = [Tag(slug=words["slug"]).get_absolute_url() for words in (before, after)]
        words = _("It stands at %(new)s; %(old)s, its feeds and everything below lead there.")
        sentences.append(words % {"old": paths[0], "new": paths[1]})
    if before["description"] != after["description"]:
        sentences.append(_("Readers see the new description."))
    names = [
        {key: name for key, _pk, name, *_kind in words["aliases"]} for words in (before, after)
    ]
    for key in sorted(names[1].keys() - names[0].keys() - {fold(after["name"])}):
        sentences.append(_("“%(name)s” leads to it.") % {"name": names[1][key]})
    gone = {key: names[0][key] for key in names[0].keys() - names[1].keys()}
    used = _uses_of_names(tag, gone)
    for key, name in sorted(gone.items()):
        words = _("“%(name)s” doesn't lead to it any more: whoever types it makes a new tag.")
        sentences.append(words % {"name": name})
        if used[key]:
            words = ngettext(
                "%(n)d article names it so, and leaves this tag when it is published again.",
                "%(n)d articles name it so, and leave this tag when they are published again.",
                used[key],
            )
            sentences.append(words % {"n": used[key]})
    return sentences


def _uses_of_names(tag, keys):
    """Key → how many articles of a tag name it so in their newest words."""
    used = Counter()
    if keys:
        articles = Article.objects.filter(article_tags__tag=tag)
        for names in articles.values_list("latest_revision__tags", flat=True):
            used.update({fold(name) for name in names or ()} & keys.keys())
    return used


@dataclass(frozen=True, slots=True)
class UndoEffect:
    """What undoing a merge or a change of tags would do, in sentences; refusal says why it can't
    be done."""

    sentences: list[str]
    refusal: str = ""


def of_undoing(change):
    """What it would do to take back a change of tags now, whatever has happened since."""
    act = TagChange.Act(change.act)
    if change.undone_at:
        return UndoEffect([], _("This has been undone already."))
    if act == TagChange.Act.CHANGED:
        return _of_undoing_words(change)
    if act == TagChange.Act.MERGED:
        return of_unmerging(change.tag)
    pks = list(change.before["articles"])
    closed = [Article.State.TRASHED, Article.State.DELETED]
    left = Article.objects.filter(pk__in=pks, state__in=closed).count()
    number = len(pks) - left
    sentences = [
        ngettext(
            "%(n)d article gets the tags back that it had. What others have changed about its tags"
            " since stays.",
            "%(n)d articles get the tags back that they had. What others have changed about their"
            " tags since stays.",
            number,
        )
        % {"n": number}
    ]
    if left:
        sentences.append(
            ngettext(
                "%(n)d article in the trash stays as it is.",
                "%(n)d articles in the trash stay as they are.",
                left,
            )
            % {"n": left}
        )
    if change.other and change.act == TagChange.Act.SPLIT:
        words = _("The tag “%(tag)s” stays, with what else carries it.")
        sentences.append(words % {"tag": change.other})
    return UndoEffect(sentences)


def _of_undoing_words(change):
    tag, before = change.tag, change.before
    if tag.merged_into_id:
        words = _("“%(tag)s” is merged into “%(into)s”. Undo that first.")
        return UndoEffect([], words % {"tag": tag, "into": tag.merged_into})
    if publishing.later_changes(change).exists():
        return UndoEffect([], _("This tag was changed again later. Undo that first."))
    sentences = [
        _("It is called “%(name)s” again, at %(path)s.")
        % {"name": before["name"], "path": Tag(slug=before["slug"]).get_absolute_url()}
    ]
    if tag.first_public_at and tag.slug != before["slug"]:
        words = _("The address %(path)s leads there, since readers have seen it.")
        sentences.append(words % {"path": tag.get_absolute_url()})
    for name in publishing.names_used_since(change).values():
        words = _("“%(name)s” stays a name of it, since articles have been written with it.")
        sentences.append(words % {"name": name})
    return UndoEffect(sentences)


def of_unmerging(thing):
    """What it would do to let a merged author or tag stand for itself again now."""
    model, into = type(thing), thing.merged_into
    if into is None:
        return UndoEffect([], _("“%(name)s” isn't merged any more.") % {"name": thing})
    group = publishing.merged_together(thing)
    rest = tuple(pk for pk in into.group() if pk not in group)
    numbers = [publishing.count_articles(model, pks) for pks in (group, rest)]
    words = ngettext(
        "“%(name)s” stands for itself again, with %(n)d article: those that name it, the ones that"
        " were published since too.",
        "“%(name)s” stands for itself again, with %(n)d articles: those that name it, the ones that"
        " were published since too.",
        numbers[0],
    )
    left = ngettext("“%(name)s” keeps %(n)d.", "“%(name)s” keeps %(n)d.", numbers[1])
    sentences = [words % {"name": thing, "n": numbers[0]}, left % {"name": into, "n": numbers[1]}]
    if not numbers[1]:
        words = _("The page of “%(name)s” stays, without articles, if readers have seen it.")
        sentences.append(words % {"name": into})
    return UndoEffect(sentences)
