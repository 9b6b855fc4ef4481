"""Series: a page that introduces its parts, and parts that know their place."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles import publishing
from articles.models import Article
from articles.pages import preview_page
from tests import html
from tests.factories import change_draft, make_article, make_public

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
STEPS = html.by_class("series-steps")


def make_series(title, *parts, publish=True, **words):
    relations = [{"kind": "series", "article": part.uid} for part in parts]
    make = make_public if publish else make_article
    return make(title, kind="series", relations=relations, **words)


def place(client, article):
    """What a part says of its place: in words, and what stands before and after it."""
    page = client.get(article.get_absolute_url())
    return (
        html.all_words(page, html.by_class("series-place")),
        html.all_words(page, html.by_class("series-steps__title")),
    )


def parts_of(client, path):
    return html.all_words(client.get(path), "//section[@aria-labelledby='parts']//h3")


@pytest.fixture
def parts():
    return [make_public(name, at=AT + timedelta(hours=n)) for n, name in enumerate("CAB")]


def test_parts_stand_in_the_order_of_the_series(client, parts):
    make_series("Three Letters", *parts, slug="letters", body="<p>An introduction.</p>", at=AT)

    page = client.get("/series/letters/")

    assert parts_of(client, "/series/letters/") == ["C", "A", "B"]
    assert html.all_words(page, html.by_class("series__body")) == ["An introduction."]
    assert html.inspect(page)[0] == []
    assert [place(client, part) for part in parts] == [
        (["Part 1 of 3 in the series Three Letters"], ["A"]),
        (["Part 2 of 3 in the series Three Letters"], ["C", "B"]),
        (["Part 3 of 3 in the series Three Letters"], ["A"]),
    ]


def test_part_that_is_not_public_is_passed_over(client, parts):
    draft = make_article("D")
    make_series("Letters", parts[0], draft, parts[1], slug="letters")
    publishing.unpublish(parts[2], by=None)

    before = place(client, parts[0])
    publishing.publish(draft, by=None)

    assert before == (["Part 1 of 2 in the series Letters"], ["A"])
    assert place(client, parts[0]) == (["Part 1 of 3 in the series Letters"], ["D"])
    assert parts_of(client, "/series/letters/") == ["C", "D", "A"]


def test_series_that_is_not_public_shows_nowhere(client, parts):
    series = make_series("Letters", *parts, slug="letters", publish=False)
    nowhere = ([], [])

    before = place(client, parts[0])
    publishing.publish(series, by=None)
    change_draft(series, relations=[])
    shown = place(client, parts[0])
    Article.objects.filter(pk=series.pk).update(state="withdrawn")

    assert (before, place(client, parts[0])) == (nowhere, nowhere)
    assert shown == (["Part 1 of 3 in the series Letters"], ["A"])
    assert client.get("/series/letters/").status_code == 410


def test_article_in_several_series_shows_the_three_newest(client, parts):
    for number in range(4):
        make_series(f"Series {number}", *parts, at=AT + timedelta(days=number))

    assert place(client, parts[0])[0] == [
        f"Part 1 of 3 in the series Series {number}" for number in (3, 2, 1)
    ]


def test_list_of_series_has_those_with_a_public_part(client, parts):
    make_series("Old", parts[0], slug="old", at=AT, standfirst="What it is.")
    make_series("Recent", *parts, slug="recent", at=AT + timedelta(days=1))
    make_series("Empty", make_article("Draft"))
    make_series("Draft Series", *parts, publish=False)

    page = client.get("/series/")

    assert html.all_words(page, html.by_class("river-item__title")) == ["Recent", "Old"]
    assert html.all_words(page, html.by_class("byline")) == ["3 parts", "1 part"]
    assert client.get("/series/?page=2").status_code == 404
    assert "/series/" in [link.get("href") for link in html.parse(client.get("/")).iter("a")]


def test_without_series_nothing_leads_to_their_list(client):
    make_series("Empty", make_article("Draft"), slug="empty")
    page = client.get("/series/")

    assert page.status_code == 200
    assert html.all_words(page, html.by_class("empty")) == ["There is no series yet."]
    assert html.parse(page).xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert b"/series/" not in client.get("/").content
    assert b"/series/</loc>" not in client.get("/sitemap-lists.xml").content
    assert client.get("/series/empty/").status_code == 200


def test_series_stands_in_no_article_list_and_no_feed(client, parts):
    make_series("Zqletters", *parts, slug="zqletters", tags=["Sea"], body="<p>zqword</p>")

    for path in ("/", "/articles/", "/tags/", "/search/?q=zqword", "/feed/", "/feed/json/"):
        assert b"letters" not in client.get(path).content, path
    assert client.get("/articles/zqletters/").status_code == 404


def test_sitemap_knows_series_and_their_list(client, parts):
    make_series("Letters", *parts, slug="letters")

    assert b"<loc>http://testserver/series/letters/</loc>" in (
        client.get("/sitemap-articles-1.xml").content
    )
    assert b"<loc>http://testserver/series/</loc>" in client.get("/sitemap-lists.xml").content


def test_preview_counts_the_draft_where_it_would_stand(parts):
    draft = make_article("D")
    series = make_series("Letters", parts[0], draft, parts[1])
    revision = change_draft(series, relations=[{"kind": "series", "article": parts[2].uid}])

    part = preview_page(draft, draft.latest_revision, state_note="").series[0]
    page = preview_page(Article.objects.get(pk=series.pk), revision, state_note="")

    assert (part.number, part.count, part.previous.title, part.next.title) == (2, 3, "C", "A")
    assert [card.title for card in page.parts] == ["B"]


def test_pages_ask_as_often_for_thirty_parts_as_for_two(client, parts):
    make_series("Letters", *parts[:2], slug="letters")
    series = Article.objects.get(slug="letters")

    def asked(path):
        client.get("/")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    before = [asked("/series/letters/"), asked("/articles/a/"), asked("/series/")]
    more = [*parts, *(make_public(f"Part {number}") for number in range(27))]
    change_draft(series, relations=[{"kind": "series", "article": part.uid} for part in more])
    publishing.publish(series, by=None)

    assert [asked("/series/letters/"), asked("/articles/a/"), asked("/series/")] == before
    assert before[2] == 3
