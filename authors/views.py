from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from articles import structured_data
from articles.models import Article
from articles.paging import PER_PAGE, pager
from articles.structured_data import Meta, breadcrumbs
from articles.views import (
    cited_by,
    feeds_of,
    newest_mentions,
    numbered_heading,
    numbered_path,
)
from authors.models import Author
from irb_site.decorators import read_only


@read_only
def author_list(request):
    crumbs = breadcrumbs((_("Authors"), reverse("authors:list")))
    context = {
        "meta": Meta(
            heading_title=_("Authors"),
            canonical=reverse("authors:list"),
            description=_("The people who write here."),
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "authors": Author.objects.listed().select_related("photo").order_by("name", "pk"),
    }
    return render(request, "authors/author_list.html", context)


@read_only
def author_detail(request, slug):
    author = get_object_or_404(Author.objects.known().select_related("photo"), slug=slug)
    page = pager(request, author.article_count)
    path = author.get_absolute_url()
    crumbs = breadcrumbs((_("Authors"), reverse("authors:list")), (author.name, path))
    feeds = feeds_of(author.name, "authors:feed", author.slug)
    cards = Article.objects.public().articles().by(author).for_cards()
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
        "mentions": newest_mentions(author) if page.number == 1 else [],
        "cards": cards[page.offset : page.offset + PER_PAGE],
        "pager": page,
        "feeds": feeds,
    }
    return render(request, "authors/author_detail.html", context)


@read_only
def author_cited_by(request, slug):
    author = get_object_or_404(Author.objects.known(), slug=slug)
    return cited_by(
        request,
        author,
        heading=_("Who mentions this author"),
        name=author.name,
        crumbs=[(_("Authors"), reverse("authors:list"))],
        path=reverse("authors:cited_by", args=[slug]),
    )
