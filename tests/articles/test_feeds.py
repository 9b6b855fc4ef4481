"""Feeds: valid, whole, under permanent names, and never older or newer than the pages."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import lxml.etree
import lxml.html
import pytest
import time_machine

from articles import publishing
from articles.models import Tag
from tests.factories import (
    change_draft,
    cite,
    make_article,
    make_author,
    make_image,
    make_public,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
OF_SITE = ("/feed/", "/feed/atom/", "/feed/json/")
PLACES = ("/", "/tags/subject/", "/authors/somebody/")
ALL = [f"{place}feed/{ending}" for place in PLACES for ending in ("", "atom/", "json/")]


def read(response):
    """Entries of a feed in any format, as dictionaries in one form."""
    if response.headers["Content-Type"].startswith("application/feed+json"):
        return [
            {
                "id": item["id"],
                "url": item["url"],
                "title": item["title"],
                "body": item["content_html"],
                "summary": item.get("summary"),
                "published": datetime.fromisoformat(item["date_published"]),
                "authors": [author["name"] for author in item.get("authors", [])],
                "tags": item.get("tags", []),
            }
            for item in json.loads(response.content)["items"]
        ]
    root = lxml.etree.fromstring(response.content)
    if root.tag == "rss":
        return [
            {
                "id": item.findtext("guid"),
                "url": item.findtext("link"),
                "title": item.findtext("title"),
                "body": item.findtext(CONTENT),
                "summary": item.findtext("description"),
                "published": parsedate_to_datetime(item.findtext("pubDate")),
                "authors": [element.text for element in item.findall(CREATOR)],
                "tags": [element.text for element in item.findall("category")],
            }
            for item in root.iter("item")
        ]
    return [
        {
            "id": entry.findtext(f"{ATOM}id"),
            "url": entry.find(f"{ATOM}link").get("href"),
            "title": entry.findtext(f"{ATOM}title"),
            "body": entry.findtext(f"{ATOM}content"),
            "summary": entry.findtext(f"{ATOM}summary"),
            "published": datetime.fromisoformat(entry.findtext(f"{ATOM}published")),
            "authors": [
                author.findtext(f"{ATOM}name") for author in entry.findall(f"{ATOM}author")
            ],
            "tags": [element.get("term") for element in entry.findall(f"{ATOM}category")],
        }
        for entry in root.iter(f"{ATOM}entry")
    ]


@pytest.fixture(scope="module")
def written(shared_db):
    """An author, and an article by this one and another."""
    author = make_author("Somebody")
    target = make_public("Target", at=AT - timedelta(days=1))
    image = make_image("A boat")
    article = make_public(
        "A <Sea> & More", slug="a-sea", authors=[author, make_author("Second")],
        tags=["Subject", "Law & Order"], standfirst="What it is.", at=AT,
        body=f"<h2>Part</h2><p>Whole text, see {cite(target, 'that')}.</p>"
        f'<figure><img data-image="{image.uid}" alt=""></figure>',
    )  # fmt: skip
    return author, article


@pytest.fixture
def author(written):
    return deepcopy(written[0])


@pytest.fixture
def article(written):
    return deepcopy(written[1])


@pytest.mark.parametrize("address", ALL)
def test_feed_carries_the_whole_article(client, article, address):
    entry = read(client.get(address))[0]

    body = lxml.html.fragment_fromstring(entry.pop("body"), create_parent=True)
    assert entry == {
        "id": f"urn:article:{article.uid}",
        "url": "http://testserver/articles/a-sea/",
        "title": "A <Sea> & More",
        "summary": "What it is.",
        "published": AT,
        "authors": ["Somebody", "Second"],
        "tags": ["Subject", "Law & Order"],
    }
    assert " ".join(body.text_content().split()) == "PartWhole text, see that."
    assert body.xpath("//a/@href") == ["http://testserver/articles/target/"]
    assert [source[:31] for source in body.xpath("//img/@src")] == [
        "http://testserver/media/picture"
    ]
    assert body.xpath("//img/@alt") == ["A boat"]
    assert body.xpath("//@data-ref|//@data-image") == []


def test_reference_in_a_feed_is_not_marked_as_leading_outside(client, article):
    body = read(client.get("/feed/json/"))[0]["body"]

    link = lxml.html.fragment_fromstring(body, create_parent=True).xpath("//a")[0]
    assert dict(link.attrib) == {"href": "http://testserver/articles/target/"}


@pytest.mark.parametrize("place", PLACES)
def test_feed_names_itself_and_what_it_is_of(client, article, place):
    rss = lxml.etree.fromstring(client.get(f"{place}feed/").content)[0]
    atom = lxml.etree.fromstring(client.get(f"{place}feed/atom/").content)
    feed = client.get(f"{place}feed/json/").json()

    here = f"http://testserver{place}"
    assert rss.findtext("link") == here
    assert [dict(link.attrib) for link in rss.findall(f"{ATOM}link")] == [
        {"rel": "self", "href": f"{here}feed/"}
    ]
    assert {link.get("rel"): link.get("href") for link in atom.findall(f"{ATOM}link")} == {
        "alternate": here,
        "self": f"{here}feed/atom/",
    }
    assert (feed["version"], feed["home_page_url"], feed["feed_url"]) == (
        "https://jsonfeed.org/version/1.1",
        here,
        f"{here}feed/json/",
    )
    assert rss.findtext("title") == atom.findtext(f"{ATOM}title") == feed["title"]


def test_feed_has_the_media_type_of_its_format(client, article):
    types = [client.get(address).headers["Content-Type"] for address in OF_SITE]

    assert types == [
        "application/rss+xml; charset=utf-8",
        "application/atom+xml; charset=utf-8",
        "application/feed+json; charset=utf-8",
    ]


@pytest.mark.parametrize(("address", "expected"), [(place, f"{place}feed/") for place in PLACES])
def test_page_announces_its_feeds(client, article, address, expected):
    head = lxml.html.document_fromstring(client.get(address).content)

    assert head.xpath("//link[@rel='alternate']/@href") == [
        expected,
        f"{expected}atom/",
        f"{expected}json/",
    ]
    announced = head.xpath("//link[@rel='alternate']/@href")
    assert [client.get(address).status_code for address in announced] == [200, 200, 200]


@pytest.mark.parametrize("address", OF_SITE)
def test_entry_keeps_its_id_over_renames(client, article, address):
    before = [entry["id"] for entry in read(client.get(address))]
    change_draft(article, slug="moved", title="Another Title")
    publishing.publish(article, by=None)

    after = read(client.get(address))

    assert [entry["id"] for entry in after] == before
    assert after[0]["url"] == "http://testserver/articles/moved/"


@pytest.mark.parametrize("kind", ["tag", "author"])
def test_feed_keeps_its_id_over_renames(client, article, author, kind):
    place = {"tag": "tags", "author": "authors"}[kind]
    thing = Tag.objects.get(slug="subject") if kind == "tag" else author
    before = lxml.etree.fromstring(client.get(f"/{place}/{thing.slug}/feed/atom/").content)
    thing.slug = "moved"
    (publishing.save_tag if kind == "tag" else publishing.save_author)(thing)

    after = lxml.etree.fromstring(client.get(f"/{place}/moved/feed/atom/").content)

    assert after.findtext(f"{ATOM}id") == before.findtext(f"{ATOM}id")


def test_dates_are_of_publication_and_last_change(client, article):
    change_draft(article, standfirst="Changed.")
    publishing.publish(article, by=None, updated_at=AT + timedelta(days=3))

    atom = lxml.etree.fromstring(client.get("/feed/atom/").content)
    item = client.get("/feed/json/").json()["items"][0]

    entry = atom.find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}published") == "2026-03-05T12:00:00+00:00"
    assert entry.findtext(f"{ATOM}updated") == "2026-03-08T12:00:00+00:00"
    assert atom.findtext(f"{ATOM}updated") == "2026-03-08T12:00:00+00:00"
    assert item["date_published"] == "2026-03-05T12:00:00+00:00"
    assert item["date_modified"] == "2026-03-08T12:00:00+00:00"


def test_feed_ends_after_twenty_entries_newest_first(client):
    for number in range(22):
        make_public(f"Number {number:02d}", at=AT + timedelta(hours=number))

    found = [[entry["title"] for entry in read(client.get(address))] for address in OF_SITE]

    assert found == [[f"Number {number:02d}" for number in range(21, 1, -1)]] * 3


def test_feed_of_tag_and_author_holds_only_theirs(client, article):
    make_public("Elsewhere", tags=["Other"])

    found = [[entry["title"] for entry in read(client.get(address))] for address in ALL[3:]]

    assert found == [["A <Sea> & More"]] * 6


def test_every_atom_entry_has_an_author(client):
    make_public("Anonymous")

    atom = lxml.etree.fromstring(client.get("/feed/atom/").content)

    # RFC 4287, 4.1.1: the feed's own author stands in where an entry has none.
    named = [bool(entry.findall(f"{ATOM}author")) for entry in atom.iter(f"{ATOM}entry")]
    assert named == [True] or atom.findtext(f"{ATOM}author/{ATOM}name") == "Iran Russland Beziehung"


@pytest.mark.parametrize("sign", ["\x01", "\x0b", "\ufffe"])
@pytest.mark.parametrize("field", ["title", "standfirst", "body", "tag", "author"])
def test_feed_survives_signs_that_xml_forbids(client, sign, field):
    words = {"title": "Title", "standfirst": "Standfirst", "body": "<p>Body</p>"}
    author, tag = "Somebody", "Subject"
    if field in words:
        words[field] = words[field].replace("o", f"o{sign}").replace("i", f"i{sign}")
    author = f"Some{sign}body" if field == "author" else author
    tag = f"Sub{sign}ject" if field == "tag" else tag
    make_public(slug="hostile", authors=[make_author(author)], tags=[tag], **words)

    found = [len(read(client.get(address))) for address in OF_SITE]

    assert found == [1, 1, 1]


# Repeated questions.


@pytest.mark.parametrize("address", ALL)
def test_unchanged_feed_is_not_sent_again(client, article, address):
    first = client.get(address)

    by_tag = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    by_date = client.get(address, headers={"If-Modified-Since": first.headers["Last-Modified"]})

    assert (by_tag.status_code, by_tag.content) == (304, b"")
    assert (by_date.status_code, by_date.content) == (304, b"")


def publish_again(article):
    change_draft(article, title="Changed Title")
    publishing.publish(article, by=None, minor=True)


def rename_author(article):
    author = article.authors.get(name="Somebody")
    author.name = "Somebody Else"
    publishing.save_author(author)


def add_older(article):
    make_public("Older", at=AT - timedelta(days=30))


def move_target(article):
    target = type(article).objects.get(title="Target")
    change_draft(target, slug="moved-target")
    publishing.publish(target, by=None, minor=True)


def withdraw_target(article):
    publishing.unpublish(type(article).objects.get(title="Target"), by=None)


def withdraw(article):
    publishing.unpublish(article, by=None)


CHANGES = [publish_again, rename_author, add_older, move_target, withdraw_target, withdraw]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_feed_is_sent_again_to_who_knows_its_tag(client, article, change):
    known = {address: client.get(address).headers["ETag"] for address in OF_SITE}
    change(article)

    statuses = [
        client.get(address, headers={"If-None-Match": tag}).status_code
        for address, tag in known.items()
    ]

    assert statuses == [200, 200, 200]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_feed_is_sent_again_to_who_knows_its_date(client, article, change):
    known = {address: client.get(address).headers["Last-Modified"] for address in OF_SITE}
    # HTTP dates have seconds: what changes in the same one can't be told apart.
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=5), tick=False):
        change(article)

        statuses = [
            client.get(address, headers={"If-Modified-Since": date}).status_code
            for address, date in known.items()
        ]

    assert statuses == [200, 200, 200]


@pytest.mark.parametrize("address", ALL[3:])
def test_feed_of_an_empty_list_stays_the_same(client, article, address):
    publishing.unpublish(article, by=None)

    first = client.get(address)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5), tick=False):
        second = client.get(address)

    assert read(first) == []
    assert second.content == first.content


@pytest.mark.parametrize("address", OF_SITE)
def test_draft_and_withdrawal_change_the_feed_when_they_should(client, article, address):
    before = client.get(address).content
    change_draft(article, title="Not Yet")
    make_article("Not Yet Either")

    drafted = client.get(address).content
    publishing.unpublish(article, by=None)
    withdrawn = [entry["title"] for entry in read(client.get(address))]

    assert drafted == before
    assert withdrawn == ["Target"]


@pytest.mark.parametrize("ending", ["", "atom/", "json/"])
@pytest.mark.parametrize("kind", ["tags", "authors"])
def test_feed_of_the_unknown_is_not_found(client, kind, ending):
    make_author("Nobody", slug="nobody")
    publishing.save_tag(Tag(name="Nobody"))

    assert client.get(f"/{kind}/nobody/feed/{ending}").status_code == 404
