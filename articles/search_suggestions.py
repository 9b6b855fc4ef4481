"""What the beginning of a query may lead to: tags, authors, articles and sections, by name.

Only what readers can open, and by no words but those of titles, headings and names.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from articles import answers, search
from articles.models import Article, Section, Tag
from articles.text_analysis import STOP_WORDS, tokens
from authors.models import Author

LIMIT = 8
# Of each kind at most, so that one doesn't hide the others.
TAGS_MAX, AUTHORS_MAX, ARTICLES_MAX = 3, 2, 5
# Among so many of the newest the best are chosen.
LOOKED_AT = 30
TITLES_LOOKED_AT = 200
BEGUN_MIN = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """kind: what it is, in a word; detail: what it belongs to, if anything."""

    kind: str
    label: str
    url: str
    detail: str = ""


def suggest(typed):
    """At most LIMIT suggestions for what somebody has typed so far, the likeliest first.

    The last word may be a beginning. Where nothing fits, slips of the pen are mended.
    """
    typed = _without_single_letter(typed)
    words = tokens(typed)
    if words and STOP_WORDS.issuperset(words):
        return _beginning_with(words)
    find = answers.Finder(answers.Asked(typed), answers.RememberedNames(), begun_min=BEGUN_MIN)
    query = find.parsed(typed)
    found = _suggestions(find, query)
    if not found and query.wanted and not query.unwanted:
        mended = answers.mend(find, typed, query, beginning=True)
        if mended:
            found = _suggestions(find, find.parsed(mended))
    return found


def _beginning_with(words):
    """What words may lead to that stand in every text: whoever types them has only begun.

    Titles that begin with them, among the newest, and whatever has a word that goes on from the
    last: "the" may become The Hague, or theatre.
    """
    last = words[-1]
    named = _tags_and_authors(search.Names([last], stop_words_too=True), [last])
    newest = Article.objects.public().articles().newest_first().only("kind", "slug", "title")
    found = {one.pk: one for one in newest[:TITLES_LOOKED_AT] if not _is_later(one.title, words)}
    if len(found) < ARTICLES_MAX:
        pks = search.find_by_title(search.begun(last), LOOKED_AT)
        rows = Article.objects.public().articles().filter(pk__in=pks)
        found |= {one.pk: one for one in rows.only("kind", "slug", "title").newest_first()}
    return [*named, *map(_of_article, list(found.values())[:ARTICLES_MAX])]


def _without_single_letter(typed):
    """A single letter after other words says nothing yet."""
    words, _blank, last = typed.rpartition(" ")
    return words if words and len(last) < BEGUN_MIN else typed


def _suggestions(find, query):
    words = [word for word, _start, _end in query.words]
    if not words or query.unwanted:
        return []
    named = _tags_and_authors(find.names(words), words)
    articles = _articles(query, words)
    room = LIMIT - len(named) - min(len(articles), ARTICLES_MAX)
    sections = _sections(query, room) if room > 0 else []
    room = LIMIT - len(named) - len(sections)
    return [*named, *articles[:room], *sections]


def _tags_and_authors(names, words):
    tags, authors = search.named_ids(names.beginning_with(words))
    suggestions = []
    for model, pks, kind, limit in (
        (Tag, tags, _("Tag"), TAGS_MAX),
        (Author, authors, _("Author"), AUTHORS_MAX),
    ):
        rows = model.objects.listed().filter(pk__in=pks[:LOOKED_AT]) if pks else []
        rows = sorted(rows, key=lambda row: (_is_later(row.name, words), -row.article_count))
        suggestions += [Suggestion(kind, row.name, row.get_absolute_url()) for row in rows[:limit]]
    return suggestions


def _articles(query, words):
    pks = search.find_by_title(query, LOOKED_AT)
    rows = Article.objects.public().articles().filter(pk__in=pks).only("kind", "slug", "title")
    rows = rows.in_bulk() if pks else {}
    found = [rows[pk] for pk in pks if pk in rows]
    # Sorting keeps the order of equals: the newest first.
    found.sort(key=lambda article: _is_later(article.title, words))
    return list(map(_of_article, found[:LIMIT]))


def _of_article(article):
    return Suggestion(_("Article"), article.title, article.get_absolute_url())


def _sections(query, limit):
    pks = search.find_by_heading(query, LOOKED_AT)
    if not pks:
        return []
    rows = (
        Section.objects.filter(
            article__in=Article.objects.public().articles().filter(pk__in=pks),
            state=Section.State.LIVE,
        )
        .select_related("article")
        .only("anchor", "heading", "article__kind", "article__slug", "article__title")
        .order_by("-article__first_published_at", "-article", "position")
    )
    return [
        Suggestion(
            _("Section"),
            row.heading,
            f"{row.article.get_absolute_url()}#{row.anchor}",
            row.article.title,
        )
        for row in rows
        if search.are_all_in(row.heading, query)
    ][:limit]


def _is_later(name, words):
    """Sorts names that begin with the words before the others."""
    name = tokens(name)
    return not (
        name[: len(words) - 1] == words[:-1]
        and len(name) >= len(words)
        and name[len(words) - 1].startswith(words[-1])
    )
