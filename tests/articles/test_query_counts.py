"""How often a page asks the database: as often with twelve of everything as with one.

The numbers are literal, so that a change of any of them is a decision.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles import publishing
from articles.content_version import raise_version
from articles.models import Article, Image, MenuItem, Pick, Tag
from authors.models import Author
from tests.factories import change_draft, cite, make_author, make_public, make_withdrawn

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)


def make_picture():
    """A picture's row alone: counting needs no file."""
    image = Image(width=1200, height=800, alt="A picture")
    image.file.name = f"pictures/{image.uid[:2]}/{image.uid}-0123456789ab.webp"
    image.save()
    return image


def everything(rows):
    """A publication with so many of everything, each tied to each."""
    authors = [make_author(f"Author {n}", photo=make_picture()) for n in range(rows)]
    tag_rows = [publishing.save_tag(Tag(name=f"Subject {n}")) for n in range(rows)]
    tags = [tag.name for tag in tag_rows]
    others = [
        make_public(
            f"Other {n}", authors=authors[:3], tags=tags[:3], lead_image_id=make_picture().pk,
            body=f'<h2>Part</h2><p>Much text.</p><img data-image="{make_picture().uid}" alt="So">',
            at=AT + timedelta(days=n),
        )
        for n in range(rows)
    ]  # fmt: skip
    section = others[0].sections.get().anchor
    pictures = "".join(
        f'<p>Seen:</p><img data-image="{make_picture().uid}" alt="Seen">' for _ in range(rows)
    )
    cited = "".join(
        f"<h2>Heading {n}</h2><p>The text: see {cite(others[n], section=section)},"
        f" {cite(authors[n], 'somebody')} and {cite(tag_rows[n], 'a subject')}.</p>"
        for n in range(rows)
    )
    main = make_public(
        "Main", authors=authors, tags=tags, lead_image_id=make_picture().pk,
        body=cited + pictures, related=[{"article": other.uid} for other in others],
        at=AT + timedelta(days=100),
    )  # fmt: skip
    anchor = main.sections.first().anchor
    for other in others:
        change_draft(other, body=other.body + f"<p>Against {cite(main, section=anchor)}.</p>")
        publishing.publish(other, by=None, minor=True)
    make_public("Colophon", kind="page", body=cited + pictures, at=AT)
    make_public(
        "All of it", kind="series", body=cited + pictures, at=AT,
        relations=[{"kind": "series", "article": one.uid} for one in [*others, main]],
    )  # fmt: skip
    for number in range(rows):
        make_public(
            f"Newer {number}", body="<p>Newer words.</p>", at=AT - timedelta(days=number + 1),
            relations=[
                {"kind": kind, "article": one.uid, "section": one.sections.first().anchor}
                for kind in ("corrects", "updates")
                for one in (main, others[0])
            ],
        )  # fmt: skip
    for position, other in enumerate(others):
        for place in (Pick.Place.HOME_LEAD, Pick.Place.HOME_ROW, Pick.Place.START_HERE):
            Pick.objects.create(place=place, article=other, position=position)
        Pick.objects.create(
            place=Pick.Place.TAG_TOP, tag=tag_rows[0], article=other, position=position
        )
        MenuItem.objects.create(place="header", label=f"To {position}", article=other)
        MenuItem.objects.create(place="footer", label=f"On {position}", tag=tag_rows[position])
    raise_version()


PAGES = {
    "/": 6,
    "/articles/": 4,
    "/articles/2026/": 4,
    "/articles/2026/03/": 4,
    "/pages/colophon/": 7,
    "/tags/": 2,
    "/tags/subject-0/": 6,
    "/tags/subject-0/cited-by/": 4,
    "/series/": 3,
    "/series/all-of-it/": 9,
    "/articles/other-0/cited-by/": 9,
    "/articles/other-0/connections/": 14,
    "/authors/": 2,
    "/authors/author-0/": 6,
    "/authors/author-0/cited-by/": 4,
    "/search/": 1,
    "/search/?q=text&exact=1": 7,
    "/search/?q=text&sort=date&exact=1": 6,
    "/search/?q=unheardof": 7,
    "/search/suggest/?q=newe": 6,
    "/feed/": 10,
    "/feed/atom/": 10,
    "/feed/json/": 10,
    "/tags/subject-0/feed/": 10,
    "/tags/subject-0/feed/atom/": 10,
    "/tags/subject-0/feed/json/": 10,
    "/authors/author-0/feed/": 11,
    "/authors/author-0/feed/atom/": 11,
    "/authors/author-0/feed/json/": 11,
    "/sitemap.xml": 2,
    "/sitemap-lists.xml": 1,
    "/sitemap-subjects.xml": 3,
    "/sitemap-articles-1.xml": 2,
    "/.well-known/security.txt": 1,
    "/robots.txt": 0,
    "/healthz": 1,
}


# SQLite's table of tokens is one more.
PUBLISHING = {"sqlite": 27, "postgresql": 25}


def asked_by(client, path):
    """The status of a path and how many queries it took."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    return response.status_code, len(captured)


@pytest.mark.parametrize("rows", [1, 3])
def test_page_asks_as_often_for_three_of_everything_as_for_one(client, rows):
    everything(rows)
    # The process remembers the menu, names and counts until something changes.
    for path in PAGES:
        client.get(path)

    asked = {path: asked_by(client, path) for path in PAGES}

    assert asked == {path: (200, number) for path, number in PAGES.items()}


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_article_asks_as_often_for_twelve_of_everything_as_for_one(client, rows):
    everything(rows)
    # The process remembers the menu, names and counts until something changes.
    client.get("/articles/main/")

    asked = asked_by(client, "/articles/main/")

    page = client.get("/articles/main/").context["page"]
    shown = [len(page.authors), len(page.tags), len(page.related)]
    assert shown == [rows, rows, rows]
    assert len(page.cited_by) + page.cited_by_more == rows
    assert page.body.count("<a href=") == 3 * rows
    assert asked == (200, 9)


@pytest.mark.parametrize("rows", [1, 3])
def test_other_answers_ask_as_often_for_three_of_everything_as_for_one(client, rows):
    everything(rows)
    article = make_public("Moved", slug="first-place")
    change_draft(article, slug="second-place")
    publishing.publish(article, by=None)
    make_withdrawn("Withdrawn", slug="withdrawn")
    author = Author.objects.get(slug="author-0")
    author.slug = "renamed"
    publishing.save_author(author)
    for path in ("/", "/articles/"):
        client.get(path)

    asked = {
        path: asked_by(client, path)
        for path in (
            "/articles/nothing/",
            "/nothing/at/all/",
            "/articles/first-place/",
            "/articles/withdrawn/",
            "/authors/author-0/feed/json/",
            "/articles/1999/",
            "/articles/?page=9",
        )
    }

    assert asked == {
        "/articles/nothing/": (404, 4),
        "/nothing/at/all/": (404, 2),
        "/articles/first-place/": (301, 5),
        "/articles/withdrawn/": (410, 4),
        "/authors/author-0/feed/json/": (301, 4),
        "/articles/1999/": (404, 2),
        "/articles/?page=9": (404, 2),
    }


@pytest.mark.parametrize("rows", [3, 12])
def test_publishing_asks_as_often_for_twelve_of_everything_as_for_three(rows):
    everything(rows)
    article = Article.objects.get(slug="main")
    # The process remembers which articles are recent.
    publishing.publish(article, by=None)

    with CaptureQueriesContext(connection) as saving:
        change_draft(article, body=article.body + "<p>The text.</p>")
    with CaptureQueriesContext(connection) as showing:
        publishing.publish(article, by=None)

    assert (len(saving), len(showing)) == (16, PUBLISHING[connection.vendor])


@pytest.mark.parametrize("rows", [1, 3])
def test_page_after_a_change_asks_for_names_and_counts_once(client, rows):
    everything(rows)
    raise_version()

    asked = {path: asked_by(client, path) for path in ("/articles/main/", "/", "/articles/")}

    # The menu (3), authors and tags of bylines and of references; the best known tags and
    # authors, series; what is in each month.
    assert asked == {"/articles/main/": (200, 9 + 7), "/": (200, 6 + 3), "/articles/": (200, 6)}


@pytest.mark.parametrize("rows", [1, 3])
def test_page_after_a_change_asks_for_the_menu_once(client, rows):
    everything(rows)
    client.get("/tags/")
    raise_version()

    with CaptureQueriesContext(connection) as captured:
        client.get("/tags/")

    assert len(captured) == PAGES["/tags/"] + 3
