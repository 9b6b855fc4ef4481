from django.shortcuts import render
from django.utils.translation import gettext as _

from articles import labels, lists, structured_data
from articles.cards import cards_in_order
from articles.names import by_letter
from articles.paging import pager
from articles.structured_data import Meta, breadcrumbs
from articles.views import (
    cited_by,
    feeds_of,
    found_or_404,
    newest_mentions,
    numbered_heading,
    numbered_path,
)
from authors.models import Author
from irb_site.decorators import read_only
from irb_site.paths import path_to

# So many can be taken in at a glance.
WITHOUT_LETTERS_MAX = 12


@read_only
def author_list(request):
    crumbs = breadcrumbs((_("Authors"), path_to("authors:list")))
    authors = list(Author.objects.listed().select_related("photo").order_by("name", "pk"))
    context = {
        "meta": Meta(
            heading_title=_("Authors"),
            canonical=path_to("authors:list"),
            description=_("The people who write here."),
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "authors": authors if len(authors) <= WITHOUT_LETTERS_MAX else [],
        "groups": by_letter(authors, name_of=str) if len(authors) > WITHOUT_LETTERS_MAX else [],
    }
    return render(request, "authors/author_list.html", context)


@read_only
def author_detail(request, slug):
    author = found_or_404(labels.known_author(slug))
    page = pager(request, author.article_count)
    path = author.get_absolute_url()
    crumbs = breadcrumbs((_("Authors"), path_to("authors:list")), (author.name, path))
    feeds = feeds_of(author.name, "authors:feed", author.slug)
    context = {
        "meta": Meta(
            heading_title=numbered_heading(author.name, page),
            canonical=numbered_path(path, page),
            description=numbered_heading(
                author.short_bio or _("Articles by %(author)s.") % {"author": author.name}, page
            ),
            type="profile",
            image=author.photo,
            noindex=not author.article_count,
            feeds=feeds,
            structured_data=[
                structured_data.breadcrumb_list(crumbs),
                structured_data.profile(author),
            ],
        ),
        "breadcrumbs": crumbs,
        "author": author,
        "mentions_url": path_to("authors:cited_by", slug),
        "mentions": newest_mentions(author) if page.number == 1 else [],
        "cards": cards_in_order(lists.by(author.pk, page.offset)),
        "pager": page,
        "feeds": feeds,
    }
    return render(request, "authors/author_detail.html", context)


@read_only
def author_cited_by(request, slug):
    author = found_or_404(labels.known_author(slug))
    return cited_by(
        request,
        author,
        heading=_("Who mentions this author"),
        name=author.name,
        crumbs=[(_("Authors"), path_to("authors:list"))],
        path=path_to("authors:cited_by", slug),
    )
