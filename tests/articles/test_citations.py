"""Who cites what, as readers see it: kinds, order, pages, sections, and public text only."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles import publishing
from articles.models import Article, Tag
from tests import html
from tests.factories import (
    change_draft,
    cite,
    make_article,
    make_author,
    make_public,
    make_scheduled,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)


def hrefs(response, xpath):
    return [str(value) for value in html.parse(response).xpath(xpath + "/@href")]


def cited_titles(client, path):
    return html.all_words(client.get(path), html.by_class("cited__title"))


def groups(response):
    """Heading of each group → the titles in it."""
    return {
        html.words(group.xpath("./h2")[0]): [
            html.words(title) for title in group.xpath(".//h3")
        ]
        for group in html.parse(response).xpath(html.by_class("cited--group"))
    }  # fmt: skip


@pytest.fixture
def target():
    return make_public("Target", body="<h2>The port</h2><p>x</p>", tags=["Sea"], at=AT)


def test_everybody_who_cites_stands_under_the_kind_newest_first(client, target):
    def relation(kind, note=""):
        return [{"kind": kind, "article": target.uid, "section": "s-the-port", "note": note}]

    make_public("Cites first", body=f"<p>In {cite(target)}.</p>", at=AT + timedelta(1))
    make_public("Links", related=[{"article": target.uid}], at=AT + timedelta(2))
    make_public("Corrects", relations=relation("corrects", "Not so."), at=AT + timedelta(3))
    make_public("Cites last", body=f"<p>On {cite(target)}.</p>", at=AT + timedelta(4))
    make_public("Updates", relations=relation("updates", "Later."), at=AT + timedelta(5))
    make_public("A Series", kind="series", relations=relation("series"), at=AT + timedelta(6))

    page = client.get("/articles/target/cited-by/")

    assert groups(page) == {
        "Corrections 1": ["Corrects"],
        "Updates 1": ["Updates"],
        "In the text 2": ["Cites last", "Cites first"],
        "As a related link 1": ["Links"],
        "In a series 1": ["A Series"],
    }
    assert html.all_words(page, html.by_class("cited__sentence")) == [
        "Not so.",
        "Later.",
        "On the other article.",
        "In the other article.",
    ]
    assert (
        html.all_words(page, html.by_class("cited__sentence") + "//mark")
        == ["the other article"] * 2
    )
    assert set(hrefs(page, html.by_class("cited__note") + "//a")) == {
        "/articles/target/#s-the-port"
    }


def test_citations_are_paged_across_the_kinds(client, target):
    for number in range(15):
        make_public(f"Text {number:02d}", body=f"<p>{cite(target)}</p>", at=AT + timedelta(number))
        make_public(
            f"Link {number:02d}", related=[{"article": target.uid}], at=AT + timedelta(number)
        )

    first = client.get("/articles/target/cited-by/")
    second = client.get("/articles/target/cited-by/?page=2")

    texts = [f"Text {number:02d}" for number in range(14, -1, -1)]
    links = [f"Link {number:02d}" for number in range(14, -1, -1)]
    assert groups(first) == {"In the text 15": texts, "As a related link 15": links[:5]}
    assert groups(second) == {"As a related link 15": links[5:]}
    assert client.get("/articles/target/cited-by/?page=3").status_code == 404
    assert [hrefs(page, "//link[@rel='canonical']") for page in (first, second)] == [
        ["http://testserver/articles/target/cited-by/"],
        ["http://testserver/articles/target/cited-by/?page=2"],
    ]


def test_only_public_words_count(client, target):
    body = f"<p>It says so in {cite(target)}.</p>"
    for make in (make_article, make_scheduled, make_withdrawn):
        make(f"Hidden {make.__name__}", body=body, related=[{"article": target.uid}])
    changed = make_public("Changed")
    change_draft(changed, body=body)
    shown = make_public("Shown", body=body)
    overruled = make_public("Overruled", body=body)
    # By other hands than the verbs: the reference rows are still there.
    Article.objects.filter(pk=overruled.pk).update(state="withdrawn")

    found = cited_titles(client, "/articles/target/cited-by/")
    below = cited_titles(client, "/articles/target/")
    publishing.unpublish(shown, by=None)

    assert (found, below) == (["Shown"], ["Shown"])
    assert cited_titles(client, "/articles/target/cited-by/") == []


def test_page_of_what_nobody_cites_says_so_and_is_not_indexed(client, target):
    page = client.get("/articles/target/cited-by/")

    assert page.status_code == 200
    assert html.all_words(page, html.by_class("empty")) == [
        "Nothing that is published cites this yet."
    ]
    assert html.parse(page).xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_page_with_citations_may_be_indexed(client, target):
    make_public("Shown", body=f"<p>{cite(target)}</p>")

    page = client.get("/articles/target/cited-by/")

    assert html.parse(page).xpath("//meta[@name='robots']/@content") == ["max-image-preview:large"]


@pytest.mark.parametrize("below", ["cited-by", "connections"])
def test_pages_below_an_article_end_with_it(client, below):
    make_article("Draft", slug="draft")
    make_withdrawn("Gone", slug="gone")
    successor = make_public("Successor", slug="successor")
    led = make_public("Led", slug="led")
    publishing.unpublish(led, by=None, lead_to=_token(successor))

    answers = {
        slug: client.get(f"/articles/{slug}/{below}/")
        for slug in ("nothing", "draft", "gone", "led")
    }

    assert {slug: answer.status_code for slug, answer in answers.items()} == {
        "nothing": 404,
        "draft": 404,
        "gone": 410,
        "led": 301,
    }
    assert answers["led"].headers["Location"] == "/articles/successor/"


def _token(target):
    from articles.references import token_of

    return token_of(target)


def test_tag_and_author_show_who_mentions_them(client):
    author = make_author("Somebody")
    make_public("Own", authors=[author], tags=["Sea"], at=AT)
    tag = Tag.objects.get(name="Sea")
    for number in range(7):
        make_public(
            f"Text {number}", at=AT + timedelta(days=number),
            body=f"<p>See {cite(author, 'a person')} and {cite(tag, 'a subject')}.</p>",
        )  # fmt: skip
    make_article("Draft", body=f"<p>{cite(tag)} {cite(author)}</p>")
    newest = [f"Text {number}" for number in range(6, -1, -1)]

    assert cited_titles(client, "/tags/sea/") == newest[:5]
    assert cited_titles(client, "/tags/sea/cited-by/") == newest
    assert cited_titles(client, "/authors/somebody/") == newest[:5]
    assert cited_titles(client, "/authors/somebody/cited-by/") == newest
    assert html.all_words(
        client.get("/tags/sea/"), html.by_class("mentions") + "//mark"
    ) == ["a subject"] * 5  # fmt: skip
    assert client.get("/tags/nothing/cited-by/").status_code == 404
    assert client.get("/authors/nobody/cited-by/").status_code == 404


def test_related_links_stand_apart_under_the_article(client, target):
    make_public("Links", related=[{"article": target.uid}])
    make_public("Cites", body=f"<p>{cite(target)}</p>")

    page = client.get("/articles/target/")

    assert html.all_words(page, "//section[@aria-labelledby='cited-by']//h3") == ["Cites"]
    assert html.all_words(page, "//section[@aria-labelledby='recommended-in']//h3") == ["Links"]


def test_page_asks_as_often_for_thirty_citations_as_for_one(client, target):
    def cite_in_every_way(number):
        relations = [
            {"kind": kind, "article": target.uid, "section": "s-the-port"}
            for kind in ("corrects", "updates")
        ]
        make_public(
            f"Text {number}", related=[{"article": target.uid}], relations=relations,
            body=f"<p>{cite(target, section='s-the-port')}</p>",
        )  # fmt: skip

    def asked():
        with CaptureQueriesContext(connection) as captured:
            client.get("/articles/target/cited-by/")
        return len(captured)

    cite_in_every_way(0)
    client.get("/")
    # The publication, the article, the counts, four kinds and the headings.
    assert asked() == 8
    for number in range(1, 5):
        cite_in_every_way(number)

    client.get("/")
    assert asked() == 8


@pytest.mark.parametrize("name", ["article", "tag", "author"])
def test_citations_are_found_along_their_index(target, name):
    from articles import citations

    author = make_author("Somebody")
    make_public("Own", authors=[author])
    cited = {"article": target, "tag": Tag.objects.get(name="Sea"), "author": author}[name]
    make_public("Cites", body=f"<p>{cite(cited)}</p>")
    rows = citations.citing(cited, ["inline"]).order_by(
        "-references__published_at", "-references__source_id"
    )

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
    plan = rows[:10].explain()

    assert f"reference_cites_{name}" in plan
    assert "TEMP B-TREE" not in plan
