"""Feeds of the site, an author, a tag and a combination of tags: RSS 2.0, Atom (RFC 4287) and JSON
Feed 1.1.

All three carry the whole text. ETag and Last-Modified come with them; the conditional-GET
middleware turns a repeated question into a 304.
"""

import json

from django.contrib.syndication.views import Feed
from django.http import HttpResponse
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.http import http_date
from django.utils.translation import gettext as _

from articles import labels, lists
from articles.pages import feed_entries
from articles.site import publication
from articles.tag_views import by_combination
from articles.views import found_or_404
from irb_site.decorators import read_only
from irb_site.paths import path_to

ENTRIES = 20


class _Listing:
    """What a feed is of: its title, address, description and articles; uid names it for ever."""

    def __init__(self, title, path, description, pks, feed_route, *args, uid=""):
        site = publication()
        self.guid = f"urn:list:{uid}" if uid else f"{site.url}/"
        # A list changes with a name or an address in it too, not only with its articles.
        self.changed_at = site.changed_at
        self.title = title
        self.url = site.absolute(path)
        self.description = description
        self.entries = feed_entries(pks)
        self.feed_route, self.args = feed_route, args

    def feed_url(self, suffix=""):
        return publication().absolute(path_to(self.feed_route + suffix, *self.args))


def _site_listing():
    site = publication()
    return _Listing(
        site.name,
        path_to("articles:home"),
        site.description or site.tagline or site.name,
        lists.newest(ENTRIES),
        "articles:feed",
    )


def _tag_listing(combination):
    tag = labels.known_tag(combination.tags[0].slug) if combination.is_single else None
    description = tag.description if tag else ""
    return _Listing(
        f"{combination.name} – {publication().name}",
        combination.url,
        description or _("Articles on %(tag)s.") % {"tag": combination.name},
        combination.selection.page()[:ENTRIES],
        "articles:tag_feed",
        *combination.args,
        uid=combination.uid,
    )


def _author_listing(slug):
    author = found_or_404(labels.known_author(slug))
    return _Listing(
        f"{author.name} – {publication().name}",
        author.get_absolute_url(),
        author.short_bio or _("Articles by %(author)s.") % {"author": author.name},
        lists.by(author.pk)[:ENTRIES],
        "authors:feed",
        author.slug,
        uid=author.uid,
    )


def _summary(article):
    return article.standfirst or article.title


def _guid(article):
    """The permanent name of an entry: it outlives every address (RFC 4151)."""
    return f"urn:article:{article.uid}"


class _DatedByChange:
    """Mixin: a feed with nothing in it is as old as the last change, not as new as the clock."""

    def latest_post_date(self):
        return super().latest_post_date() if self.items else self.feed["changed_at"]


class _FullTextRss(_DatedByChange, Rss201rev2Feed):
    """RSS with the whole text in content:encoded (RSS content module)."""

    def rss_attributes(self):
        return {
            **super().rss_attributes(),
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
            "xmlns:dc": "http://purl.org/dc/elements/1.1/",
        }

    def add_item_elements(self, handler, item):
        super().add_item_elements(handler, item)
        for name in item["author_names"]:
            handler.addQuickElement("dc:creator", name)
        handler.addQuickElement("content:encoded", item["body"])


class _FullTextAtom(_DatedByChange, Atom1Feed):
    def add_item_elements(self, handler, item):
        super().add_item_elements(handler, item)
        for name in item["author_names"][1:]:
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")
        handler.addQuickElement("content", item["body"], {"type": "html"})


class _ListingFeed(Feed):
    """Django's syndication view over a listing, with the addresses that settings name."""

    feed_type = _FullTextRss
    suffix = ""
    # It reads only, so there is no forgery to ask about.
    csrf_exempt = True
    language = "en"

    def __call__(self, request, *args, **kwargs):
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        listing = self.get_object(request, *args, **kwargs)
        generator = self._generator(listing)
        # As one text: a response takes each of thousands of pieces by itself.
        response = HttpResponse(generator.writeString("utf-8"), content_type=generator.content_type)
        _set_last_modified(response, listing)
        return response

    def _generator(self, listing):
        feed = self.feed_type(
            title=listing.title,
            link=listing.url,
            description=listing.description,
            subtitle=listing.description,
            language=self.language,
            feed_url=listing.feed_url(self.suffix),
            feed_guid=listing.guid,
            changed_at=listing.changed_at,
            author_name=publication().name,
        )
        for entry in listing.entries:
            article, names = entry.article, [author.name for author in entry.authors]
            feed.add_item(
                title=article.title,
                link=publication().absolute(article.get_absolute_url()),
                description=_summary(article),
                unique_id=_guid(article),
                unique_id_is_permalink=False,
                author_name=names[0] if names and self.feed_type is _FullTextAtom else None,
                author_names=names,
                pubdate=article.first_published_at,
                updateddate=article.updated_at,
                categories=[tag.name for tag in entry.tags],
                body=entry.body,
            )
        return feed


def _set_last_modified(response, listing):
    response.headers["Last-Modified"] = http_date(listing.changed_at.timestamp())


class SiteRss(_ListingFeed):
    def get_object(self, request):
        return _site_listing()


class TagRss(_ListingFeed):
    def get_object(self, request, combination):
        return _tag_listing(combination)


class AuthorRss(_ListingFeed):
    def get_object(self, request, slug):
        return _author_listing(slug)


class SiteAtom(SiteRss):
    feed_type, suffix = _FullTextAtom, "_atom"


class TagAtom(TagRss):
    feed_type, suffix = _FullTextAtom, "_atom"


class AuthorAtom(AuthorRss):
    feed_type, suffix = _FullTextAtom, "_atom"


def _json_feed(listing):
    site = publication()
    items = []
    for entry in listing.entries:
        article = entry.article
        item = {
            "id": _guid(article),
            "url": site.absolute(article.get_absolute_url()),
            "title": article.title,
            "content_html": entry.body,
            "summary": _summary(article),
            "date_published": article.first_published_at.isoformat(),
            "date_modified": article.updated_at.isoformat(),
            "language": article.language,
            "authors": [
                {"name": author.name, "url": site.absolute(author.url)} for author in entry.authors
            ],
            "tags": [tag.name for tag in entry.tags],
        }
        if article.lead_image:
            item["image"] = site.absolute(article.lead_image.url)
        items.append({key: value for key, value in item.items() if value})
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": listing.title,
        "home_page_url": listing.url,
        "feed_url": listing.feed_url("_json"),
        "description": listing.description,
        "language": "en",
        "items": items,
    }
    response = HttpResponse(
        json.dumps(feed, ensure_ascii=False), content_type="application/feed+json; charset=utf-8"
    )
    _set_last_modified(response, listing)
    return response


@read_only
def site_json(request):
    return _json_feed(_site_listing())


tag_rss = by_combination(TagRss())
tag_atom = by_combination(TagAtom())


@by_combination
def tag_json(request, combination):
    return _json_feed(_tag_listing(combination))


@read_only
def author_json(request, slug):
    return _json_feed(_author_listing(slug))
