"""What machines are told of a page: JSON-LD and the page's head."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from articles import publishing
from articles.content_version import raise_version
from articles.models import SiteSettings
from tests import html
from tests.factories import change_draft, make_author, make_image, make_public

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
SITE = "https://news.example.org"


@pytest.fixture(autouse=True)
def site_url(settings):
    settings.SITE_URL = SITE


def data_of(response):
    """Type → structured data of a page."""
    texts = html.parse(response).xpath("//script[@type='application/ld+json']/text()")
    return {item["@type"]: item for item in map(json.loads, texts)}


def head(response, name):
    values = html.parse(response).xpath(f"//meta[@name='{name}' or @property='{name}']/@content")
    return [str(value) for value in values]


def canonical(response):
    return html.parse(response).xpath("//link[@rel='canonical']/@href")


def test_article_says_who_when_and_where(client, settings):
    settings.TIME_ZONE = "Asia/Tehran"
    author = make_author("Somebody", role="Analyst", short_bio="Writes.",
                         links=[{"label": "x", "url": "https://example.com/me"}])  # fmt: skip
    image = make_image("A sea")
    article = make_public("The “Sea”", slug="sea", authors=[author], tags=["One", "Two"], at=AT,
                          standfirst="What it is.", lead_image_id=image.pk)  # fmt: skip
    change_draft(article, language="de")
    publishing.publish(article, by=None, updated_at=AT + timedelta(days=2))

    page = client.get("/articles/sea/")

    assert data_of(page)["Article"] == {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": "The “Sea”",
        "description": "What it is.",
        "image": [f"{SITE}{image.url}"],
        "datePublished": "2026-03-05T12:00:00+00:00",
        "dateModified": "2026-03-07T12:00:00+00:00",
        "author": [
            {
                "@type": "Person",
                "name": "Somebody",
                "url": f"{SITE}/authors/somebody/",
                "jobTitle": "Analyst",
                "description": "Writes.",
                "sameAs": ["https://example.com/me"],
            }
        ],
        "publisher": {
            "@type": "NewsMediaOrganization",
            "name": "Iran Russland Beziehung",
            "url": f"{SITE}/",
            "logo": {"@type": "ImageObject", "url": f"{SITE}/static/img/mark.png"},
        },
        "mainEntityOfPage": {"@type": "WebPage", "@id": f"{SITE}/articles/sea/"},
        "inLanguage": "de",
        "isAccessibleForFree": True,
        "keywords": ["One", "Two"],
    }
    assert html.all_words(page, "//h1") == ["The “Sea”"]


@pytest.mark.parametrize(
    "title",
    [
        "</script><script>alert(1)</script>",
        "<!-- <script> ]]>",
        "Quotes \" ' \\ and & &amp; &lt;",
        "Line\u2028 and \u2029 ends",
        "\\u003c/script",
    ],
)
def test_hostile_title_stays_a_title(client, title):
    author = make_author(title, slug="somebody", role=title, short_bio=title)
    make_public(title, slug="hostile", standfirst=title, tags=[f"{title} x"], authors=[author])
    shown = " ".join(title.split())

    page = client.get("/articles/hostile/")
    person = client.get("/authors/somebody/")

    assert data_of(page)["Article"]["headline"] == shown
    assert data_of(page)["Article"]["author"][0]["name"] == shown
    assert data_of(person)["ProfilePage"]["mainEntity"]["name"] == shown
    assert len(re.findall(rb"<script", page.content)) == 3
    assert len(re.findall(rb"<script", person.content)) == 3


def test_corrected_part_of_a_series_says_both(client):
    older = make_public("Older", slug="older", at=AT)
    mistake = {"kind": "corrects", "article": older.uid, "note": "It was 12."}
    make_public("Mistake", slug="mistake", relations=[mistake], at=AT + timedelta(1))
    make_public("Update", relations=[{"kind": "updates", "article": older.uid}])
    make_public("Letters", kind="series", slug="letters", standfirst="What it is.",
                relations=[{"kind": "series", "article": older.uid}])  # fmt: skip

    data = data_of(client.get("/articles/older/"))["Article"]
    series = data_of(client.get("/series/letters/"))

    assert data["correction"] == [
        {
            "@type": "CorrectionComment",
            "text": "It was 12.",
            "datePublished": "2026-03-06T12:00:00+00:00",
            "url": f"{SITE}/articles/mistake/",
        }
    ]
    assert data["isPartOf"] == [
        {"@type": "CreativeWorkSeries", "name": "Letters", "url": f"{SITE}/series/letters/"}
    ]
    assert series["CreativeWorkSeries"]["description"] == "What it is."
    assert series["CreativeWorkSeries"]["hasPart"] == [
        {
            "@type": "Article",
            "headline": "Older",
            "url": f"{SITE}/articles/older/",
            "position": 1,
        }
    ]
    assert [item["name"] for item in series["BreadcrumbList"]["itemListElement"]] == [
        "Home",
        "Series",
        "Letters",
    ]


def test_article_without_author_is_by_the_publication(client):
    make_public("Anonymous")

    authors = data_of(client.get("/articles/anonymous/"))["Article"]["author"]

    assert [author["name"] for author in authors] == ["Iran Russland Beziehung"]


def test_breadcrumbs_are_those_of_the_page(client):
    make_public("Written", tags=["Subject"], authors=[make_author("Somebody")], at=AT)

    trails = {}
    for address in ("/articles/written/", "/tags/subject/", "/authors/somebody/",
                    "/articles/2026/03/"):  # fmt: skip
        page = client.get(address)
        items = data_of(page)["BreadcrumbList"]["itemListElement"]
        trails[address] = [item["name"] for item in items]
        assert trails[address] == html.all_words(page, html.by_class("breadcrumbs__list") + "/li")
        assert [item["position"] for item in items] == list(range(1, len(items) + 1))
        assert items[-1]["item"] == f"{SITE}{address}"

    assert trails == {
        "/articles/written/": ["Home", "Articles", "Written"],
        "/tags/subject/": ["Home", "Tags", "Subject"],
        "/authors/somebody/": ["Home", "Authors", "Somebody"],
        "/articles/2026/03/": ["Home", "Archive", "2026", "March 2026"],
    }


def test_author_page_is_a_profile(client):
    make_public("Written", authors=[make_author("Somebody", role="Analyst")])

    data = data_of(client.get("/authors/somebody/"))["ProfilePage"]

    assert (data["url"], data["mainEntity"]) == (
        f"{SITE}/authors/somebody/",
        {
            "@type": "Person",
            "name": "Somebody",
            "url": f"{SITE}/authors/somebody/",
            "jobTitle": "Analyst",
        },
    )


def test_home_is_the_web_site(client):
    data = data_of(client.get("/"))["WebSite"]

    assert data["url"] == f"{SITE}/"
    assert data["potentialAction"]["target"]["urlTemplate"] == (
        f"{SITE}/search/?q={{search_term_string}}"
    )


def test_nothing_is_made_of_the_host_that_was_asked(client, settings):
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    make_public("Written", tags=["Subject"], authors=[make_author("Somebody")], at=AT)
    addresses = ("/", "/articles/", "/articles/written/", "/tags/", "/tags/subject/", "/authors/",
                 "/authors/somebody/", "/search/")  # fmt: skip

    pages = {address: client.get(address, headers={"host": "localhost"}) for address in addresses}
    others = [
        client.get(address, headers={"host": "localhost"}).content.count(b"localhost")
        for address in ("/feed/", "/feed/atom/", "/feed/json/", "/sitemap.xml", "/robots.txt",
                        "/sitemap-lists.xml", "/.well-known/security.txt")
    ]  # fmt: skip

    assert {address: canonical(page) for address, page in pages.items()} == {
        address: [SITE + address] for address in addresses
    }
    assert [page.content.count(b"localhost") for page in pages.values()] == [0] * 8
    assert others == [0] * 7


def test_forwarded_host_changes_nothing(client):
    make_public("Written")

    plain = client.get("/articles/written/").content
    forged = client.get(
        "/articles/written/",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
                 "Forwarded": "host=evil.example"},
    ).content  # fmt: skip

    assert forged == plain


def test_head_is_complete(client):
    image = make_image("A sea")
    make_public("Written", slug="written", standfirst="What it is.", lead_image_id=image.pk,
                authors=[make_author("Somebody")], tags=["One"], at=AT)  # fmt: skip

    page = client.get("/articles/written/")

    found = {
        name: head(page, name)
        for name in (
            "description", "author", "robots", "og:type", "og:url", "og:title", "og:description",
            "og:image", "og:image:width", "og:image:alt", "article:published_time", "article:tag",
            "twitter:card", "twitter:title",
        )
    }  # fmt: skip
    assert found == {
        "description": ["What it is."],
        "author": ["Somebody"],
        "robots": ["max-image-preview:large"],
        "og:type": ["article"],
        "og:url": [f"{SITE}/articles/written/"],
        "og:title": ["Written"],
        "og:description": ["What it is."],
        "og:image": [f"{SITE}{image.url}"],
        "og:image:width": ["400"],
        "og:image:alt": ["A sea"],
        "article:published_time": ["2026-03-05T12:00:00+00:00"],
        "article:tag": ["One"],
        "twitter:card": ["summary_large_image"],
        "twitter:title": ["Written"],
    }


def test_every_page_has_its_own_title_and_description(client):
    author = make_author("Somebody")
    for number in range(21):
        make_public(f"Number {number}", standfirst=f"On {number}.", tags=["Subject"],
                    authors=[author], at=AT)  # fmt: skip
    SiteSettings.objects.create(pk=1, name="Herald", description="What we do.")
    raise_version()
    addresses = ("/", "/articles/", "/articles/?page=2", "/articles/number-1/", "/tags/",
                 "/tags/subject/", "/tags/subject/?page=2", "/authors/", "/authors/somebody/",
                 "/authors/somebody/?page=2", "/articles/2026/", "/articles/2026/03/")  # fmt: skip

    pages = [client.get(address) for address in addresses]

    titles = {title for page in pages for title in html.all_words(page, "//title")}
    descriptions = {text for page in pages for text in head(page, "description") if text}
    assert len(titles) == 12
    assert len(descriptions) == 12


def test_long_text_is_a_short_description(client):
    make_public("Long", standfirst="", body=f"<p>{'word ' * 200}</p>")

    description = head(client.get("/articles/long/"), "description")[0]

    assert len(description) <= 200
    assert description[-5:] == "word…"
