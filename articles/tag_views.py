"""Readers' pages of tags and of their combinations (articles.combinations)."""

import random
from collections import defaultdict
from functools import wraps

from django.http import Http404, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from articles import combinations, labels, structured_data, wording
from articles.cards import add_pictures, cards
from articles.models import Article, Pick
from articles.paging import pager
from articles.prepared import Prepared
from articles.site import shelf
from articles.structured_data import Meta, breadcrumbs
from articles.tag_sets import in_order
from articles.timeline import timeline
from articles.views import feeds_of, newest_mentions, numbered_heading, numbered_path
from irb_site.decorators import read_only
from irb_site.paths import path_to

STEPS_SHOWN = 12
# The page of all steps holds no more than these: the others are rarer than all of them.
STEPS_MAX = 1000
RELATED_SHOWN = 8
WRITERS_SHOWN = 6
RANDOM_TRIES = 4


def by_combination(view):
    """Makes a view of a Combination answer at its one address; others lead there, or nowhere."""

    @read_only
    @wraps(view)
    def answer(request, tags, without=""):
        combination = combinations.find(tags, without)
        if combination is None:
            raise Http404(_("There is no such tag."))
        if combination.args != [tags, without][: 2 if without else 1]:
            address = path_to(request.resolver_match.view_name, *combination.args)
            query = request.META.get("QUERY_STRING", "")
            return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
        request.is_kept = combination.is_kept
        return view(request, combination)

    return answer


@by_combination
def tag_detail(request, combination):
    page = pager(request, len(combination.selection))
    tag = labels.known_tag(combination.tags[0].slug) if combination.is_single else None
    head = _head(tag, combination.selection.articles) if tag and page.number == 1 else {}
    listed = combination.selection.page(page.offset)
    chosen = head.pop("chosen", [])
    found = cards({*chosen, *listed})
    picks = [found[pk] for pk in chosen if pk in found]
    add_pictures(picks)
    crumbs = _crumbs(combination)
    feeds = feeds_of(combination.name, "articles:tag_feed", *combination.args)
    description = tag.description if tag else ""
    context = {
        "meta": Meta(
            # “Tags” or “Authors” may be a tag too, and every page's title is its own.
            heading_title=numbered_heading(
                _("%(tag)s: all articles") % {"tag": combination.name}, page
            ),
            canonical=numbered_path(combination.url, page),
            description=numbered_heading(
                description or _("Articles on %(tag)s.") % {"tag": combination.name}, page
            ),
            image=tag.image if tag else None,
            noindex=combination.is_deep or not page.total,
            feeds=feeds,
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "combination": combination,
        "tag": tag,
        "picks": picks,
        "cards": [found[pk] for pk in listed if pk in found],
        "pager": page,
        "feeds": feeds,
        "steps": _steps(combination),
        "random_url": path_to("articles:tag_random", *combination.args) if page.total > 1 else "",
        **head,
        **(_overview(combination) if page.number == 1 else {}),
    }
    return render(request, "articles/tag_detail.html", context)


def _head(tag, articles):
    """What stands on the first page of a tag alone; articles: the keys of those that carry it."""
    picks = _picks_of_tags()
    chosen = sorted(pick for one in labels.group("tag", tag.pk) for pick in picks.get(one, ()))
    # What editors put at its top, as far as it carries the tag still.
    return {
        "chosen": list(dict.fromkeys(pk for *_place, pk in chosen if pk in articles)),
        "mentions": newest_mentions(tag),
        "mentions_url": path_to("articles:tag_cited_by", tag.slug),
        "connections_url": path_to("articles:tag_connections", tag.slug),
    }


_picked_for_tags = Prepared(
    lambda: (
        Pick.objects.filter(tag__isnull=False)
        .order_by()
        .values_list("tag_id", "position", "pk", "article_id")
    )
)


def _picks_of_tags():
    """Primary key of a tag → (position, key of the pick, key of the article) of its picks.

    Looked up once under each content version: there are few.
    """
    remembered = shelf("picks of tags")
    if "all" not in remembered:
        found = defaultdict(list)
        for tag, *pick in _picked_for_tags():
            found[tag].append(pick)
        # When it is whole: other requests of the process may look at the same time.
        remembered["all"] = found
    return remembered["all"]


def _overview(combination):
    """What the first page says of all articles together."""
    selection = combination.selection
    writers = selection.writers(WRITERS_SHOWN)
    known = labels.authors([pk for pk, _count in writers])
    related = []
    if combination.is_single:
        related = selection.related(combination.tags[0], RELATED_SHOWN)
    return {
        "timeline": timeline(selection.by_month, combination.url, until=selection.newest_month),
        "related": [
            (path_to("articles:tag", subject.slug), subject.name, count)
            for subject, count in related
        ],
        "writers": [(known[pk], wording.article_count(count)) for pk, count in writers],
    }


def _steps(combination):
    """The ways to narrow it that leave most, and where all of them are."""
    steps = combination.steps()
    has_more = len(steps.further) > STEPS_SHOWN
    return {
        "shown": wording.steps(steps, steps.further[:STEPS_SHOWN]),
        "count": len(steps.further),
        "all_url": path_to("articles:tag_narrow_down", *combination.args) if has_more else "",
        "is_collected": combination.is_single,
        "take_more": bool(steps.with_one),
    }


@by_combination
def narrow_down(request, combination):
    """All further tags by name: a page of its own, since there may be hundreds."""
    steps = combination.steps()
    heading = _("Narrow down") if steps.with_one else _("Leave out")
    path = path_to("articles:tag_narrow_down", *combination.args)
    crumbs = _crumbs(combination, (heading, path))
    context = {
        "meta": Meta(
            heading_title=f"{heading}: {combination.name}",
            canonical=path,
            description=_("All further tags on articles on %(tag)s.") % {"tag": combination.name},
            noindex=True,
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "heading": heading,
        "combination": combination,
        "steps": wording.steps(
            steps, sorted(steps.further[:STEPS_MAX], key=lambda step: in_order(step[0]))
        ),
        "most": STEPS_MAX if len(steps.further) > STEPS_MAX else 0,
    }
    return render(request, "articles/narrow_down.html", context)


def _crumbs(combination, *below):
    crumbs = [(_("Tags"), path_to("articles:tags"))]
    if not combination.is_single:
        first = combination.tags[0]
        crumbs.append((first.name, path_to("articles:tag", first.slug)))
    return breadcrumbs(*crumbs, (combination.name, combination.url), *below)


_addresses = Prepared(
    lambda pks: (
        Article.objects.public().articles().filter(pk__in=pks).order_by().values_list("pk", "slug")
    )
)


@by_combination
@cache_control(no_store=True)
def random_article(request, combination):
    """To one of the articles, each as likely as the others; to the list where there is none."""
    articles = combination.selection.articles
    # Several, should a hand at the database have taken one away from readers.
    places = random.sample(range(len(articles)), min(len(articles), RANDOM_TRIES))
    drawn = [articles[place] for place in places]
    slugs = dict(_addresses(drawn))
    slug = next((slugs[pk] for pk in drawn if pk in slugs), None)
    return HttpResponseRedirect(
        combination.url if slug is None else path_to("articles:detail", slug)
    )
