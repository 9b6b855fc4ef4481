"""The sitemap: every public address once, nothing else, each of them answering."""

from datetime import UTC, datetime, timedelta

import lxml.etree
import pytest

from articles import publishing, sitemaps
from articles.models import Article, Tag, address_of, addresses_of
from tests import html
from tests.factories import (
    change_draft,
    make_article,
    make_author,
    make_public,
    make_scheduled,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
HOST = "http://testserver"


def locations(client, address):
    root = lxml.etree.fromstring(client.get(address).content)
    return [element.text for element in root.iter(f"{NAMESPACE}loc")]


def listed(client):
    """All addresses of all files that the index names."""
    return [
        found.removeprefix(HOST)
        for file in locations(client, "/sitemap.xml")
        for found in locations(client, file.removeprefix(HOST))
    ]


def dates(client, address):
    root = lxml.etree.fromstring(client.get(address).content)
    return {
        entry.findtext(f"{NAMESPACE}loc").removeprefix(HOST): entry.findtext(f"{NAMESPACE}lastmod")
        for entry in root.iter(f"{NAMESPACE}url")
    }


@pytest.fixture
def publication():
    author, hidden = make_author("Somebody"), make_author("Nobody")
    make_public("First", authors=[author], tags=["Subject"], at=datetime(2024, 12, 31, tzinfo=UTC))
    second = make_public("Über das Meer", slug="über-das-meer", tags=["Каспий"], at=AT)
    change_draft(second, slug="not-yet", tags=["Not Yet"])
    make_public("About", kind="page", slug="on-us", tags=["Papers"], at=AT)
    make_article("Draft", authors=[hidden], tags=["Hidden"])
    make_article("Draft Page", kind="page")
    make_scheduled("Scheduled", authors=[hidden], tags=["Hidden"])
    make_withdrawn("Withdrawn", authors=[hidden], tags=["Once"], at=AT - timedelta(days=300))
    moved = make_public("Moved", slug="first-place", at=AT)
    change_draft(moved, slug="second-place")
    publishing.publish(moved, by=None, minor=True)
    publishing.save_tag(Tag(name="Unused"))


def test_sitemap_lists_what_is_public_once_and_nothing_else(client, publication):
    found = listed(client)

    assert sorted(found) == [
        "/",
        "/articles/",
        "/articles/%C3%BCber-das-meer/",
        "/articles/2024/",
        "/articles/2024/12/",
        "/articles/2026/",
        "/articles/2026/03/",
        "/articles/first/",
        "/articles/second-place/",
        "/authors/",
        "/authors/somebody/",
        "/pages/on-us/",
        "/tags/",
        "/tags/%D0%BA%D0%B0%D1%81%D0%BF%D0%B8%D0%B9/",
        "/tags/subject/",
    ]


def test_listed_address_answers_is_canonical_and_may_be_indexed(client, publication):
    pages = {address: client.get(address) for address in listed(client)}

    canonical = {
        address: html.parse(page).xpath("//link[@rel='canonical']/@href")
        for address, page in pages.items()
    }
    robots = {
        str(value)
        for page in pages.values()
        for value in html.parse(page).xpath("//meta[@name='robots']/@content")
    }
    assert {page.status_code for page in pages.values()} == {200}
    assert canonical == {address: [HOST + address] for address in pages}
    assert robots == {"max-image-preview:large"}


def test_sitemap_is_named_by_robots_and_is_xml(client, publication):
    robots = client.get("/robots.txt").content.decode()
    files = [file.removeprefix(HOST) for file in locations(client, "/sitemap.xml")]

    assert robots.splitlines()[-1] == f"Sitemap: {HOST}/sitemap.xml"
    assert [client.get(file).headers["Content-Type"] for file in ["/sitemap.xml", *files]] == [
        "application/xml; charset=utf-8"
    ] * 4


def test_date_of_an_article_is_of_its_last_change(client):
    article = make_public("Article", at=AT)
    change_draft(article, standfirst="Changed.")
    publishing.publish(article, by=None, updated_at=AT + timedelta(days=2))

    assert dates(client, "/sitemap-articles-1.xml") == {
        "/articles/article/": "2026-03-07T12:00:00+00:00"
    }


def test_date_of_a_list_is_of_its_newest_article(client):
    author = make_author("Somebody")
    make_public("Old", authors=[author], tags=["Subject"], at=AT - timedelta(days=40))
    make_public("New", authors=[author], tags=["Subject"], at=AT)

    found = dates(client, "/sitemap-subjects.xml") | dates(client, "/sitemap-lists.xml")

    newest, oldest = "2026-03-05T12:00:00+00:00", "2026-01-24T12:00:00+00:00"
    assert found == {
        "/tags/subject/": newest,
        "/authors/somebody/": newest,
        "/": newest,
        "/articles/": newest,
        "/tags/": newest,
        "/authors/": newest,
        "/articles/2026/03/": newest,
        "/articles/2026/01/": oldest,
        "/articles/2026/": newest,
    }


def test_months_are_of_the_clock_of_the_publication(client, settings):
    settings.TIME_ZONE = "Asia/Tehran"
    make_public("New Year", at=datetime(2025, 12, 31, 21, tzinfo=UTC))

    found = [address for address in listed(client) if address.startswith("/articles/2")]

    assert sorted(found) == ["/articles/2026/", "/articles/2026/01/"]
    assert {client.get(address).status_code for address in listed(client)} == {200}


def test_withdrawn_article_takes_its_lists_along(client):
    article = make_public("Only", tags=["Subject"], authors=[make_author("Somebody")], at=AT)

    before = len(listed(client))
    publishing.unpublish(article, by=None)

    assert before == 9
    assert listed(client) == ["/", "/articles/", "/tags/", "/authors/"]


@pytest.mark.parametrize("kind", ["article", "page"])
def test_no_file_of_the_sitemap_is_empty(client, kind):
    # The protocol's schema wants one address at least.
    make_public("Alone", kind=kind, at=AT)

    files = locations(client, "/sitemap.xml")

    sizes = {file: len(locations(client, file.removeprefix(HOST))) for file in files}
    assert {file for file, size in sizes.items() if not size} == set()


def test_files_hold_every_article_once_whatever_their_dates(client, monkeypatch):
    monkeypatch.setattr(sitemaps, "PER_FILE", 3)
    # Two by two at one moment, so that files end within one, and the newest were written first.
    for number in range(14):
        make_public(f"Number {number}", at=AT - timedelta(days=number // 2))
    publishing.unpublish(Article.objects.get(slug="number-5"), by=None)

    files = [file.removeprefix(HOST) for file in locations(client, "/sitemap.xml")]
    found = [locations(client, file) for file in files if "articles" in file]
    make_public("Fresh", at=AT + timedelta(days=1))
    after = [locations(client, file) for file in files if "articles" in file]

    in_order = Article.objects.public().order_by("first_published_at", "pk")
    expected = [HOST + article.get_absolute_url() for article in in_order.exclude(slug="fresh")]
    assert [address for file in found for address in file] == expected
    assert [len(file) for file in found] == [3, 3, 3, 3, 1]
    # Those who collect files get only the last one anew.
    assert [file for file, once in zip(after, found, strict=True) if file != once] == [after[-1]]
    assert after[-1] == [*found[-1], f"{HOST}/articles/fresh/"]
    assert client.get("/sitemap-articles-6.xml").status_code == 404


@pytest.mark.parametrize(
    "name", ["articles-0", "articles-2", "articles-01", "articles", "articles-x", "lists-1", "-"]
)
def test_file_that_is_not_there_is_not_found(client, name):
    make_public("One")

    assert client.get(f"/sitemap-{name}.xml").status_code == 404


def test_addresses_begin_with_the_address_of_the_site(client, settings):
    settings.SITE_URL = "https://www.example.org"
    make_public("One")

    found = [*locations(client, "/sitemap.xml"), *locations(client, "/sitemap-articles-1.xml")]

    assert {address[:24] for address in found} == {"https://www.example.org/"}


@pytest.mark.parametrize("kind", Article.Kind.values)
def test_addresses_of_many_are_those_of_each(kind):
    slugs = ["x", "rasht-astara", "übergänge", "خزر", "x-x_1"]

    assert addresses_of(kind, slugs) == [address_of(kind, slug) for slug in slugs]
