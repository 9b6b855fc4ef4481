"""The names by which editors find articles, sections, authors and tags.

The table Name follows what it names: whoever saves an article, an author or a tag enters it
here in the same transaction. A name is found by the beginnings of its words, in any order.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Case, F, Min, Prefetch, Q, Value, When
from django.db.models.functions import Coalesce, Length, StrIndex
from django.utils.translation import gettext as _

from articles import rights
from articles.models import Article, Name, Revision, Section, Tag, TagAlias
from articles.names import fold, is_visible
from articles.text_analysis import tokens
from authors.models import Author

QUERY_MAX_LENGTH = 200
QUERY_MAX_WORDS = 8
HEAD_WORDS = 3
BATCH_SIZE = 500
# Of tags: more than this many don't even begin alike.
MATCHES_MAX = 1000

_NAME_MAX_LENGTH = Name._meta.get_field("name").max_length
_HEAD_MAX_LENGTH = Name._meta.get_field("head").max_length
_CITABLE = [Article.State.DRAFT, Article.State.LIVE, Article.State.WITHDRAWN]
_SHOWN_SECTIONS = [Section.State.LIVE, Section.State.DRAFT]


def folded(text):
    """The folded words of a text, with a blank before and after each.

    >>> folded("Iran's North–South Corridor")
    ' iran north south corridor '
    """
    return f" {' '.join(words)} " if (words := tokens(text)) else " "


def head(words):
    """The first words of folded ones, by which the words of a text find a name."""
    return " ".join(words.split()[:HEAD_WORDS])[:_HEAD_MAX_LENGTH]


# Keeping it.


def enter_article(article):
    """Makes the names of an article equal to its titles; returns how many rows changed.

    Its names are what readers call it, the title of its newest draft, and what readers called
    it before. Call it in the transaction that saves a text, publishes, or changes the state.
    """
    return _enter("article", article, lambda rows: _article_names(article, rows))


def enter_author(author):
    """Makes the names of an author equal to the present name and the former ones."""
    return _enter("author", author, lambda rows: _author_names(author, rows))


def enter_tag(tag):
    """Makes the names of a tag equal to its name and its aliases, and to those of what is merged
    into it; what is merged has none of its own.
    """
    aliases = TagAlias.objects.filter(Q(tag=tag) | Q(tag__merged_into=tag))
    return _enter("tag", tag, lambda rows: _tag_names(tag, aliases))


def rows_of_new(article):
    """The names of an article that has just been made and has no row yet, unsaved.

    For articles that are made by the thousand: asks no database.
    """
    return _Difference("article", article.pk, [], _article_names(article, [])).added


def _article_names(article, rows):
    """name → whether it is current. A title that readers knew is current only while it is
    theirs: as the title of a draft it stays what it was, or the next draft would forget it.
    """
    if article.state == Article.State.DELETED:
        return {}
    is_trashed = article.state == Article.State.TRASHED
    readers_title = article.title if article.first_published_at else ""
    draft_title = _draft_title(article)
    current = {row.name for row in rows if row.is_current}
    names = {row.name: False for row in rows if not row.is_current}
    if readers_title:
        for title in current - {readers_title, draft_title}:
            if _was_public(article, title, current):
                names[title] = False
    if not is_trashed:
        names.setdefault(draft_title, True)
    if readers_title:
        names[readers_title] = not is_trashed
    return names


def _was_public(article, title, current):
    """Whether a title that is nobody's any more was the readers', and not a draft's.

    current: the titles of before, the readers' one and the draft's.
    """
    if not article.has_newer_draft or article.title not in current:
        # What readers see has just changed; the newest draft didn't.
        return True
    if article.title != _draft_title(article):
        return False
    # Either a draft went back to the readers' title, or what went live, by a schedule, is older
    # than the newest draft, and both have the same new title.
    return article.revisions.filter(
        title=title, number__lt=F("article__live_revision__number")
    ).exists()


def _author_names(author, rows):
    return {row.name: False for row in rows} | {author.name: True}


def _tag_names(tag, aliases):
    if tag.merged_into_id:
        return {}
    return dict.fromkeys([tag.name, *(alias.name for alias in aliases)], True)


def _all_aliases(tag):
    return [alias for one in (tag, *tag.merged_tags.all()) for alias in one.aliases.all()]


def _enter(kind, target, names_of):
    rows = list(Name.objects.filter(**{kind: target}))
    return _write([_Difference(kind, target.pk, rows, names_of(rows))])


class _Difference:
    """What has to be done to the rows of one target, that they say what they should."""

    def __init__(self, kind, target_id, rows, names):
        self.added, self.changed, self.removed = [], [], []
        wanted = {name[:_NAME_MAX_LENGTH]: current for name, current in names.items() if name}
        for row in rows:
            if row.name not in wanted:
                self.removed.append(row.pk)
                continue
            values = _values(row.name, wanted.pop(row.name))
            if any(getattr(row, field) != value for field, value in values.items()):
                for field, value in values.items():
                    setattr(row, field, value)
                self.changed.append(row)
        self.added += [
            Name(name=name, **{f"{kind}_id": target_id}, **_values(name, is_current))
            for name, is_current in wanted.items()
        ]


def _values(name, is_current):
    words = folded(name)
    return {"words": words, "head": head(words), "is_current": is_current}


def _write(differences):
    added = [row for item in differences for row in item.added]
    changed = [row for item in differences for row in item.changed]
    removed = [pk for item in differences for pk in item.removed]
    if removed:
        Name.objects.filter(pk__in=removed).delete()
    if changed:
        Name.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["words", "head", "is_current"],
        )
    if added:
        Name.objects.bulk_create(added)
    return len(added) + len(changed) + len(removed)


def rebuild(progress=None):
    """Makes every name right again; returns how many rows that changed, 0 of a healthy table.

    Former names are kept: nothing else knows them. progress is called with the number of
    articles, authors and tags done so far. A batch is one transaction that locks what it
    reads, so nothing that is saved meanwhile is overwritten.
    """
    articles = (
        Article.objects.only(
            "state", "title", "first_published_at", "live_revision_id", "latest_revision_id"
        )
        .select_for_update()
        # Not joined: PostgreSQL would give what was there before it had to wait.
        .prefetch_related(Prefetch("latest_revision", Revision.objects.only("title")))
    )
    authors = Author.objects.only("name").select_for_update()
    tags = Tag.objects.only("name", "merged_into")
    tags = tags.prefetch_related("aliases", "merged_tags__aliases").select_for_update()
    done = changed = 0
    for kind, things, names_of in (
        ("article", articles, _article_names),
        ("author", authors, _author_names),
        ("tag", tags, lambda tag, rows: _tag_names(tag, _all_aliases(tag))),
    ):
        last_id = 0
        while True:
            with transaction.atomic():
                batch = list(things.filter(pk__gt=last_id).order_by("pk")[:BATCH_SIZE])
                rows = {thing.pk: [] for thing in batch}
                for row in Name.objects.filter(**{f"{kind}__in": list(rows)}):
                    rows[getattr(row, f"{kind}_id")].append(row)
                changed += _write(
                    [
                        _Difference(kind, thing.pk, rows[thing.pk], names_of(thing, rows[thing.pk]))
                        for thing in batch
                    ]
                )
            if not batch:
                break
            done, last_id = done + len(batch), batch[-1].pk
            if progress:
                progress(done)
    return changed


# Finding.


@dataclass(frozen=True, slots=True)
class Found:
    """An article, author or tag, and the other name by which it was found, if none of today's
    names has the words of the query.
    """

    target: object
    former: str = ""


def query_words(query):
    """The folded words by which something is looked for, each once; none where there are none."""
    return list(dict.fromkeys(tokens(query[:QUERY_MAX_LENGTH])))[:QUERY_MAX_WORDS]


def find_articles(query, *, user=None, exclude="", limit):
    """Articles, pages and series of any state but trashed and deleted: the exact title first,
    then titles that begin with the query, then what was touched last; without a query all.

    user: whoever asks; of articles whose drafts they may not see only what is live is found, and
    only by what readers know. Each target says in `is_seen` whether they may (see shown_title).
    exclude: the uid of an article to leave out.
    """
    articles = _citable_articles(exclude, user)
    if not query.strip():
        return [Found(article) for article in articles.order_by("-touched_at")[:limit]]
    words = query_words(query)
    if not words:
        return []
    pks = _found_ids(
        "article",
        words,
        Q(article__state__in=_CITABLE) & ~Q(article__uid=exclude) & known_names(user),
        ["-article__touched_at", "-article_id"],
        limit,
    )
    by_pk = articles.in_bulk(pks)
    names = _matching_names("article", pks, words, known_names(user))
    return [
        Found(by_pk[pk], _other_name(names[pk], {by_pk[pk].title, shown_title(by_pk[pk])}))
        for pk in pks
        if pk in by_pk
    ]


def find_authors(query, *, limit):
    """Authors who can be chosen, by their names and those of who is merged into them; without a
    query all.
    """
    authors = Author.objects.choosable().only(*_SHOWN_OF_AUTHOR)
    if not query.strip():
        return [Found(author) for author in authors.order_by("name", "pk")[:limit]]
    words = query_words(query)
    if not words:
        return []
    pks = _found_ids(
        "author",
        words,
        Q(target__in=authors),
        [Coalesce("author__merged_into__name", "author__name"), "target"],
        limit,
    )
    by_pk = authors.in_bulk(pks)
    names = _matching_names("author", pks, words, Q())
    return [Found(by_pk[pk], _other_name(names[pk], {by_pk[pk].name})) for pk in pks if pk in by_pk]


def find_tags(query, *, limit):
    """Tags that can be chosen: the exact name or alias first, then the most used; without a query
    all. Blanks and hyphens may be left out.
    """
    tags = Tag.objects.choosable()
    if not query.strip():
        return [Found(tag) for tag in tags.order_by("-article_count", "name")[:limit]]
    key, words = fold(query[:QUERY_MAX_LENGTH]), query_words(query)
    if not key or not words:
        return []
    pks = _found_ids(
        "tag", words, Q(tag__is_retired=False), ["-tag__article_count", "tag__name"], MATCHES_MAX
    )
    names = _matching_names("tag", pks, words, Q())
    found = {
        tag.pk: Found(tag, _other_name(names[tag.pk], {tag.name}))
        for tag in tags.in_bulk(pks).values()
    }
    exact = {
        pk for pk in found if any(folded(name) == f" {' '.join(words)} " for name in names[pk])
    }
    aliases = TagAlias.objects.filter(
        Q(tag__merged_into=None, tag__is_retired=False) | Q(tag__merged_into__is_retired=False),
        key__startswith=key,
    ).select_related("tag__merged_into")
    for alias in aliases.order_by(Length("key"), "key")[:MATCHES_MAX]:
        tag = alias.tag.standing
        found.setdefault(tag.pk, Found(tag, _alias_found(alias, key)))
        if alias.key == key:
            exact.add(tag.pk)
    order = sorted(
        found.values(),
        key=lambda item: (
            item.target.pk not in exact,
            -item.target.article_count,
            item.target.name,
        ),
    )
    return order[:limit]


def tag_called(name):
    """The tag, retired or not, that this name leads to; None where there is none."""
    key = fold(name)
    aliases = TagAlias.objects.filter(key=key).select_related("tag__merged_into")
    alias = aliases.first() if key else None
    return alias.tag.standing if alias else None


def find_sections(query, *, user=None, exclude="", limit):
    """Sections of articles, with their article: the words of the query stand in the heading
    or in the article's title, at least one of them in the heading. The newest sections, among
    them the exact heading first, then headings that begin with the query. user: as find_articles.
    """
    words = query_words(query)
    if not words:
        return []
    places = {f"at_{number}": StrIndex("words", Value(f" {w}")) for number, w in enumerate(words)}
    every, in_heading = Q(), Q()
    for place in places:
        every &= Q(**{f"{place}__gt": 0})
        # The heading's words come first, so what begins behind its length is the title's.
        in_heading |= Q(**{f"{place}__range": (1, Length("heading"))})
    # In the order of the table and without a join: a word may stand in very many headings.
    newest = (
        Section.objects.filter(_shown_sections(user), state__in=_SHOWN_SECTIONS)
        .alias(**places)
        .filter(every, in_heading)
        .order_by("-pk")
        .values_list("pk", flat=True)[: 8 * limit]
    )
    found = citable_sections(exclude, user).filter(pk__in=list(newest))
    sections = [
        section
        for section in found.order_by("-article_id", "position")
        if any(f" {word}" in folded(section.heading) for word in words)
        and (section.is_seen or _is_found_by_readers(section, words))
    ]
    phrase = f" {' '.join(words)}"
    return sorted(
        sections,
        key=lambda section: (
            folded(section.heading) != f"{phrase} ",
            not folded(section.heading).startswith(phrase),
        ),
    )[:limit]


def citable_sections(exclude="", user=None):
    """Sections that stand in the live text or the newest draft of what can be cited.

    user: as find_articles; each section says in `is_seen` whether they may see its draft.
    """
    sections = Section.objects.filter(
        _shown_sections(user), state__in=_SHOWN_SECTIONS, article__state__in=_CITABLE
    )
    return (
        rights.with_is_seen(user, sections, "article")
        .exclude(article__uid=exclude)
        .select_related("article__latest_revision")
        .only(
            "anchor",
            "heading",
            "position",
            "state",
            *(f"article__{field}" for field in _SHOWN_OF_ARTICLE),
        )
    )


_SHOWN_OF_AUTHOR = ("uid", "name", "role", "slug", "is_retired", "first_public_at")
_SHOWN_OF_ARTICLE = (
    "uid",
    "kind",
    "state",
    "slug",
    "title",
    "first_published_at",
    "touched_at",
    "latest_revision__title",
    "latest_revision__saved_at",
)


def known_names(user):
    """The names that a user may know: titles of drafts only of articles that they see."""
    if rights.sees_all(user):
        return Q()
    of_readers = Q(is_current=False) | Q(name=F("article__title"))
    seen = Q(article__in=rights.seen_by(user).order_by().values("pk"))
    others = Q(article__isnull=True) | Q(article__state=Article.State.LIVE) & of_readers
    return seen | others


def working_title(article):
    """The title under which those who see its drafts know an article: the newest draft's."""
    return next(filter(is_visible, (_draft_title(article), article.title)), _("Untitled"))


def shown_title(article):
    """The title of an article for whoever its `is_seen` is about: the newest draft's if they see
    that, or else the readers'.
    """
    if article.is_seen:
        return working_title(article)
    is_live = article.state == Article.State.LIVE
    return article.title if is_live else _("an article that you may not see")


def title_for(user, target):
    """What an article, author or tag is called for a user, who may not see every draft."""
    if not isinstance(target, Article):
        return str(target)
    target.is_seen = rights.may_see(user, target)
    return shown_title(target)


def _shown_sections(user):
    """Those of the live text of what is live; of what the user sees, those of the draft, too."""
    if rights.sees_all(user):
        return Q()
    seen = Q(article__in=rights.seen_by(user).order_by().values("pk"))
    return seen | Q(state=Section.State.LIVE, article__state=Article.State.LIVE)


def _is_found_by_readers(section, words):
    text = folded(f"{section.heading} {section.article.title}")
    return all(f" {word}" in text for word in words)


def _citable_articles(exclude, user):
    articles = Article.objects.filter(rights.seen_or_live(user), state__in=_CITABLE)
    return (
        rights.with_is_seen(user, articles)
        .exclude(uid=exclude)
        .select_related("latest_revision")
        .only(*_SHOWN_OF_ARTICLE)
    )


def _every_word(column, words):
    condition = Q()
    for word in words:
        condition &= Q(**{f"{column}__contains": f" {word}"})
    return condition


def _rank(column, words):
    phrase = f" {' '.join(words)}"
    return Case(
        When(**{column: f"{phrase} "}, then=0),
        When(**{f"{column}__startswith": phrase}, then=1),
        default=2,
    )


def _found_ids(kind, words, condition, order, limit):
    found = (
        _names(kind, words, condition)
        .values("target")
        .annotate(rank=Min(_rank("words", words)))
        .order_by("rank", *order)
    )
    return [row["target"] for row in found[:limit]]


def _matching_names(kind, pks, words, condition):
    names = {pk: [] for pk in pks}
    rows = _names(kind, words, condition).filter(target__in=pks)
    for pk, name in rows.order_by(F("is_current").desc(), "name").values_list("target", "name"):
        names[pk].append(name)
    return names


def _names(kind, words, condition):
    """The names with some words, and the target of each: an author that is merged keeps its own."""
    own = f"{kind}_id"
    target = Coalesce("author__merged_into_id", own) if kind == "author" else F(own)
    # Those of a kind have an index; a target that is merged hides whose they are.
    rows = Name.objects.filter(**{f"{own}__isnull": False}).annotate(target=target)
    return rows.filter(_every_word("words", words), condition)


def _other_name(names, names_of_today):
    return "" if not names or names_of_today.intersection(names) else names[0]


def _alias_found(alias, key):
    return "" if fold(alias.tag.standing.name).startswith(key) else alias.name


def _draft_title(article):
    return article.latest_revision.title if article.latest_revision else ""
