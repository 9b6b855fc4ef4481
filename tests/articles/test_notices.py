"""Corrections and updates announce themselves on the older article; lost fragments land."""

from datetime import UTC, datetime, timedelta

import pytest

from articles import publishing
from articles.models import Article
from articles.pages import preview_page
from articles.references import token_of
from tests import html
from tests.factories import change_draft, make_article, make_public

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
LIST = html.by_class("notices__list") + "/li"


def says(kind, target, note="", section=""):
    return {"kind": kind, "article": target.uid, "note": note, "section": section}


@pytest.fixture
def older():
    return make_public("The Older", slug="older", body="<h2>The port</h2><p>x</p>", at=AT)


def notices(client, path="/articles/older/"):
    return html.all_words(client.get(path), LIST)


def hrefs(response, xpath):
    return [str(value) for value in html.parse(response).xpath(xpath + "/@href")]


def test_correction_and_update_are_announced_on_the_older_article(client, older):
    make_public("New Figures", relations=[says("updates", older, "Figures of May.")],
                at=AT + timedelta(days=70))  # fmt: skip
    make_public("A Mistake", relations=[says("corrects", older, "It was 12.", "s-the-port")],
                at=AT + timedelta(days=61))  # fmt: skip

    page = client.get("/articles/older/")

    assert html.all_words(page, LIST) == [
        "Correction, 5 May 2026: It was 12. Read “A Mistake”. It concerns “The port”.",
        "Update, 14 May 2026: Figures of May. Read “New Figures”.",
    ]
    assert hrefs(page, LIST + "//a") == [
        "/articles/a-mistake/",
        "#s-the-port",
        "/articles/new-figures/",
    ]


def test_two_places_corrected_by_one_article_are_two_notices(client, older):
    make_public("A Mistake", at=AT, relations=[
        says("corrects", older, "First.", "s-the-port"), says("corrects", older, "Second."),
    ])  # fmt: skip

    assert [notice.partition(": ")[2] for notice in notices(client)] == [
        "First. Read “A Mistake”. It concerns “The port”.",
        "Second. Read “A Mistake”.",
    ]


def test_announcement_comes_and_goes_with_the_newer_article(client, older):
    newer = make_article("A Mistake", relations=[says("corrects", older, "It was 12.")])

    counts = [len(notices(client))]
    publishing.publish(newer, by=None)
    counts.append(len(notices(client)))
    change_draft(newer, relations=[])
    counts.append(len(notices(client)))
    publishing.publish(newer, by=None)
    counts.append(len(notices(client)))

    assert counts == [0, 1, 1, 0]


def test_what_was_hidden_by_other_hands_announces_nothing(client, older):
    newer = make_public("A Mistake", relations=[says("corrects", older)])
    Article.objects.filter(pk=newer.pk).update(state="withdrawn")

    assert notices(client) == []
    assert "Mistake" not in client.get("/feed/json/").content.decode()


def test_ten_are_shown_and_the_rest_is_one_click_away(client, older):
    for number in range(12):
        make_public(f"Update {number:02d}", relations=[says("updates", older)],
                    at=AT + timedelta(days=number))  # fmt: skip

    page = client.get("/articles/older/")

    assert [words[-12:] for words in html.all_words(page, LIST)] == [
        f"“Update {number:02d}”." for number in range(11, 1, -1)
    ]
    assert hrefs(page, html.by_class("notices__line") + "/a") == ["/articles/older/cited-by/"]


def test_newer_article_says_what_it_speaks_of(client, older):
    newer = make_public("Newer", slug="newer", relations=[says("updates", older)])
    line = html.by_class("notices__earlier")

    page = client.get("/articles/newer/")
    publishing.unpublish(older, by=None)

    assert html.all_words(page, line) == ["Updates “The Older” of 5 March 2026"]
    assert hrefs(page, line + "/a") == ["/articles/older/"]
    assert html.all_words(client.get("/articles/newer/"), line) == []
    assert newer.relations[0]["article"] == older.uid


def test_page_is_corrected_like_an_article(client):
    about = make_public("About", kind="page", slug="on-us", at=AT)
    make_public("A Mistake", relations=[says("corrects", about, "We are three.")], at=AT)

    assert notices(client, "/pages/on-us/") == [
        "Correction, 5 March 2026: We are three. Read “A Mistake”."
    ]


def test_feeds_say_it_before_the_text(client, older):
    make_public("A Mistake", slug="mistake", at=AT + timedelta(days=1),
                relations=[says("corrects", older, "It was <12>.", "s-the-port")])  # fmt: skip

    newer, old = client.get("/feed/json/").json()["items"]

    site = "http://testserver/articles"
    assert old["content_html"].startswith("<p><strong>Correction</strong>, ")
    assert "It was &lt;12&gt;." in old["content_html"]
    assert f'<a href="{site}/mistake/">A Mistake</a>' in old["content_html"]
    assert f'<a href="{site}/older/#s-the-port">The port</a>' in old["content_html"]
    assert newer["content_html"].startswith(f'<p>Corrects “<a href="{site}/older/')
    for path in ("/feed/", "/feed/atom/"):
        assert b"It was &amp;lt;12&amp;gt;." in client.get(path).content


def test_preview_shows_what_the_draft_says(older):
    newer = make_article("Newer", relations=[says("corrects", older)])

    page = preview_page(newer, newer.latest_revision, state_note="")

    assert [(one.kind, one.title, one.url) for one in page.earlier] == [
        ("corrects", "The Older", "/articles/older/")
    ]


def landings(client, path="/articles/older/"):
    page = client.get(path)
    return {
        element.get("id"): html.words(element)
        for element in html.parse(page).xpath(html.by_class("landing"))
    }


def test_fragment_that_was_public_lands_with_a_note(client, older):
    assert landings(client) == {}
    change_draft(older, body="<h2>The sea</h2><p>x</p>")
    assert landings(client) == {}
    publishing.publish(older, by=None)

    assert landings(client) == {
        "s-the-port": "The section you are looking for is no longer part of this article."
    }


def test_fragment_of_a_section_that_moved_leads_there(client, older):
    other = make_public("The Other", slug="other", body="<p>x</p>")
    publishing.move_section(older, "s-the-port", other, by=None)
    for article in (older, other):
        publishing.publish(article, by=None)

    page = client.get("/articles/older/")

    assert landings(client) == {
        "s-the-port": "The section you are looking for is now in “The Other”."
    }
    assert hrefs(page, html.by_class("landing") + "/a") == ["/articles/other/#s-the-port"]


def test_fragment_of_a_section_that_comes_back_is_its_own_again(client, older):
    body = older.body
    change_draft(older, body="<p>x</p>")
    publishing.publish(older, by=None)
    before = landings(client)
    revision = change_draft(older, body=body)
    preview = preview_page(Article.objects.get(pk=older.pk), revision, state_note="")
    publishing.publish(older, by=None)

    assert (list(before), preview.landings, landings(client)) == (["s-the-port"], [], {})
    assert html.inspect(client.get("/articles/older/"))[0] == []


def test_section_that_was_never_public_has_no_landing(client, older):
    change_draft(older, body=older.body + "<h2>Secret plan</h2><p>y</p>")
    change_draft(older, body="<p>x</p>")
    publishing.publish(older, by=None)

    assert list(landings(client)) == ["s-the-port"]


def test_correction_of_what_was_merged_into_it_speaks_of_nobody(client, older):
    newer = make_public("Newer", slug="newer", relations=[says("corrects", older)])
    publishing.unpublish(older, by=None, lead_to=token_of(newer))

    page = client.get("/articles/newer/")

    assert html.all_words(page, html.by_class("notices__earlier")) == []
