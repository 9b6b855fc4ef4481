"""The readers' search: its page, and what it suggests while somebody types."""

import re
from urllib.parse import quote_plus, urlencode

from django.http import JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control

from articles import answers, combinations, search_suggestions
from articles import search as index
from articles.answers import Asked
from articles.cards import CARD_COLUMNS, cards_of_rows
from articles.models import Article, Section, Tag
from articles.paging import PER_PAGE, pager
from articles.prepared import Prepared
from articles.structured_data import Meta, breadcrumbs
from articles.typesetting import texts_of
from authors.models import Author
from irb_site.decorators import read_only
from irb_site.paths import path_to

SUGGESTIONS_MAX_AGE = 60


@read_only
def search(request):
    asked = _asked(request.GET)
    answer = answers.answer(asked)
    page = pager(request, len(answer.found), carried=_parameters(asked))
    shown = answer.found.article_ids(page.offset, page.offset + PER_PAGE)
    context = {
        "meta": Meta(
            heading_title=_("Search: %(query)s") % {"query": asked.words}
            if asked.words
            else _("Search"),
            canonical=path_to("articles:search"),
            description=_("Search all articles by their words."),
            noindex=True,
        ),
        "breadcrumbs": breadcrumbs((_("Search"), path_to("articles:search"))),
        "query": asked.words,
        "answer": answer,
        "hits": _hits(shown, answer.found.query),
        "total_label": _total_label(answer.found),
        "pager": page,
        "message": _message(asked, answer),
        "kept": _parameters(asked)[1:],
        "exact_url": _url(asked, exactly=True) if answer.is_mended else "",
        "perhaps_url": _url(asked, words=answer.perhaps) if answer.perhaps else "",
        "orders": _orders(asked) if len(answer.found) > 1 else [],
        "chosen": _chosen(asked),
        "narrowing": _narrowing(asked, answer.found),
    }
    return render(request, "articles/search.html", context)


@read_only
@cache_control(public=True, max_age=SUGGESTIONS_MAX_AGE)
def suggest(request):
    """What the beginning of a query may lead to, as JSON: see static/js/search.js."""
    words = _words(request.GET)
    return JsonResponse(
        {
            "suggestions": [
                {"kind": one.kind, "label": one.label, "detail": one.detail, "url": one.url}
                for one in search_suggestions.suggest(words)
            ]
        }
    )


# Of Unicode's category Cc: what no keyboard types, and a page shows as a box.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _words(given):
    return " ".join(_CONTROL.sub(" ", given.get("q", "")).split())[: index.QUERY_MAX_LENGTH]


def _asked(given):
    """What a query string asks for; what it can't mean is left out."""
    words = _words(given)
    year = given.get("year", "")
    is_year = len(year) == 4 and year.isascii() and year.isdigit() and "1000" <= year < "9999"
    return Asked(
        words=words,
        tag=_tag(words and given.get("tag", "")),
        author=_author(words and given.get("author", "")),
        year=int(year) if is_year and words else None,
        by_date=given.get("sort") == "date",
        exactly=given.get("exact") == "1",
    )


def _tag(slug):
    """The tag that stands for an address, a former address or a name; or None."""
    combination = combinations.find(slug.replace("\x00", "")) if slug else None
    if combination is None or not combination.is_single:
        return None
    return Tag.objects.filter(pk=combination.tags[0].pk).first()


def _author(slug):
    slug = slug.replace("\x00", "")
    if not slug:
        return None
    reachable = Author.objects.reachable().select_related("merged_into")
    found = reachable.filter(slug=slug).first()
    return found and found.standing


def _parameters(asked, **changed):
    """What a query string says, in the one order that all addresses have."""
    parameters = {
        "q": asked.words,
        "tag": asked.tag.slug if asked.tag else "",
        "author": asked.author.slug if asked.author else "",
        "year": str(asked.year or ""),
        "sort": "date" if asked.by_date else "",
        "exact": "1" if asked.exactly else "",
    } | changed
    return [(name, value) for name, value in parameters.items() if value]


def _url(asked, **changed):
    changed = {
        {"words": "q", "exactly": "exact"}.get(name, name): "1" if value is True else value
        for name, value in changed.items()
    }
    return f"{path_to('articles:search')}?{urlencode(_parameters(asked, **changed))}"


def _urls(asked, name, values):
    """The addresses with some other values of one parameter: the others are written once."""
    before, after = [], []
    part = before
    for other, value in _parameters(asked, **{name: "?"}):
        if other == name:
            part = after
        else:
            part.append((other, value))
    start = f"{path_to('articles:search')}?{urlencode(before)}&{name}="
    end = f"&{urlencode(after)}" if after else ""
    return [f"{start}{quote_plus(value)}{end}" for value in values]


_rows = Prepared(
    lambda pks: (
        Article.objects.public()
        .articles()
        .filter(pk__in=pks)
        .order_by()
        .values_list(*CARD_COLUMNS, "text")
    )
)
_sections = Prepared(
    lambda pks: (
        Section.objects.filter(article__in=pks, state=Section.State.LIVE)
        .order_by("article", "position")
        .values_list("article", "anchor", "heading")
    )
)


def _hits(ids, query):
    """The cards of some articles, each with the passage that was found. It leads to the section
    that holds it, unless the title alone says all that was asked for."""
    rows = {row[0]: row for row in _rows(ids)}
    hits = cards_of_rows([rows[pk][:-1] for pk in ids if pk in rows])
    texts = {pk: row[-1] for pk, row in rows.items()}
    texts |= texts_of([pk for pk, text in texts.items() if text is None])
    terms, sections = query.terms, {}
    for article, *section in _sections([card.pk for card in hits]):
        sections.setdefault(article, []).append(section)
    for card in hits:
        text = texts[card.pk] or ""
        passage = index.best_passage(text, terms)
        card.snippet = passage.html
        if passage.at is None:
            continue
        section = index.section_at(text, sections.get(card.pk, ()), passage.at)
        if section and not index.are_all_in(card.title, query):
            card.url, card.section = f"{card.url}#{section[0]}", section[1]
    return hits


def _total_label(found):
    if found.is_capped:
        return _("1,000+ articles")
    total = len(found)
    return ngettext("%(n)d article", "%(n)d articles", total) % {"n": total}


def _message(asked, answer):
    if answer.found.keys:
        return ""
    if not asked.words:
        return _("Type a few words. All of them will be looked for, in titles and texts.")
    if not answer.found.query.wanted:
        if answer.found.query.unwanted:
            return _("You said only what you don't want. Add a word that is to be found.")
        return _("These words stand in every text, or are none. Add one that says more.")
    if asked.filters != index.NO_FILTERS:
        return _("Nothing was found for “%(query)s” here. Try it without a choice above.") % {
            "query": asked.words
        }
    return _(
        "Nothing was found for “%(query)s”. Try fewer words or another spelling, or look through"
        " all tags."
    ) % {"query": asked.words}


def _orders(asked):
    return [
        {
            "label": label,
            "url": _url(asked, sort=value),
            "is_current": asked.by_date == bool(value),
        }
        for label, value in ((_("Best first"), ""), (_("Newest first"), "date"))
    ]


def _chosen(asked):
    """The choices that narrow the search down now, each with the address without it."""
    chosen = (
        ("tag", asked.tag and asked.tag.name),
        ("author", asked.author and asked.author.name),
        ("year", asked.year),
    )
    return [
        {"label": str(label), "url": _url(asked, **{name: ""})} for name, label in chosen if label
    ]


def _narrowing(asked, found):
    tags, authors, years = answers.choices(found, asked)
    groups = (
        ("tag", _("Tags"), tags),
        ("author", _("Authors"), authors),
        ("year", _("Years"), years),
    )
    return [
        {
            "name": name,
            "heading": heading,
            "choices": [
                {"label": choice.label, "count": choice.count, "url": url}
                for choice, url in zip(
                    choices, _urls(asked, name, [one.value for one in choices]), strict=True
                )
            ],
        }
        for name, heading, choices in groups
        if choices
    ]
