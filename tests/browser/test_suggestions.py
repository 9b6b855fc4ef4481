"""Suggestions in the article form, in a real browser: seen, cited, dismissed, applied."""

import pytest
from django.urls import reverse

from articles.models import Article
from articles.rendering import structure
from tests.factories import cite, make_article, make_public

CORRIDOR = "The North–South Corridor"
ON_GRAIN = "Grain and wheat, grain and wheat, harvest upon harvest. "


def open_form(page, article, live_server):
    page.goto(live_server.url + reverse("admin:articles_article_change", args=[article.pk]))
    page.wait_for_selector(".writing__text")
    return page.locator("[data-suggestions]")


def save(page):
    with page.expect_navigation():
        page.click(".article-form__bar [name=_save]")


@pytest.fixture
def corridor(transactional_db):
    return make_public(CORRIDOR, standfirst="")


def test_citing_turns_exactly_the_words_that_are_shown_into_a_reference(
    signed_in_page, live_server, corridor
):
    page = signed_in_page
    longer = make_public(f"{CORRIDOR} Treaty", standfirst="")
    text = (
        f"<h2>{CORRIDOR}</h2><p>On <code>{CORRIDOR}</code> and {cite(longer, CORRIDOR)}.</p>"
        f"<p>Now the {CORRIDOR} Treaty. 𝐀 word on <em>the north–south</em> corridor"
        "'s cost.</p>"
    )
    article = make_article("New", body=text, standfirst="")
    suggestions = open_form(page, article, live_server)

    item = suggestions.locator("li", has_text="the north–south corridor")
    assert item.locator("mark").inner_text() == "the north–south corridor"
    item.get_by_role("button", name=f"Cite {CORRIDOR}").click()

    reference = page.locator(".writing__text p:last-child a[data-ref]")
    assert reference.get_attribute("data-ref") == f"article:{corridor.uid}"
    assert item.count() == 0
    assert "cites" in suggestions.locator("[data-status]").inner_text()
    save(page)
    article.refresh_from_db()
    assert [
        (found.token.uid, found.words)
        for found in structure(article.latest_revision.body).references
    ] == [(longer.uid, CORRIDOR), (corridor.uid, "the north–south corridor")]


def test_it_asks_again_when_the_text_has_changed_and_what_is_dismissed_stays_away(
    signed_in_page, live_server, corridor
):
    page = signed_in_page
    make_public("A Matter of Grain", standfirst="")
    suggestions = open_form(page, make_article("New", body="<p>Start.</p>"), live_server)

    page.locator(".writing__text p").click()
    page.keyboard.type(f" {CORRIDOR} opens.")
    suggestions.get_by_role("button", name=f"Dismiss {CORRIDOR}").press("Enter")
    assert suggestions.locator("li").count() == 0
    page.locator(".writing__text p").click()
    page.keyboard.press("End")
    page.keyboard.type(" It is a matter of grain.")
    suggestions.get_by_role("button", name="Cite A Matter of Grain").wait_for()

    assert suggestions.locator("li").count() == 1
    assert suggestions.locator("[data-count]").inner_text() == "1"


def test_a_similar_article_becomes_a_related_link(signed_in_page, live_server, transactional_db):
    page = signed_in_page
    other = make_public("Of Harvests", body=f"<p>{ON_GRAIN * 3}</p>", standfirst="")
    article = make_article("New", body=f"<p>{ON_GRAIN * 3}</p>", standfirst="")
    suggestions = open_form(page, article, live_server)

    suggestions.get_by_role("button", name="Add to related links: Of Harvests").click()

    page.locator(".chip", has_text="Of Harvests").wait_for()
    assert suggestions.locator("li").count() == 0
    save(page)
    article.refresh_from_db()
    assert article.latest_revision.related == [{"article": other.uid}]


def test_an_older_article_cites_a_new_one_as_a_draft_at_one_click(
    signed_in_page, live_server, corridor
):
    page = signed_in_page
    older = make_public("Older", body=f"<p>On {CORRIDOR}.</p>", standfirst="")
    open_form(page, corridor, live_server)

    part = page.locator("[data-could-cite]")
    part.locator("summary").click()
    part.get_by_role("button", name="Apply as a draft: let Older cite this article").click()

    link = part.get_by_role("link", name="Open the draft of Older")
    link.wait_for()
    assert link.get_attribute("href") == reverse("admin:articles_article_change", args=[older.pk])
    assert "Saved as a draft" in part.locator("[data-status]").inner_text()
    older = Article.objects.select_related("latest_revision").get(pk=older.pk)
    assert older.has_newer_draft
    (reference,) = structure(older.latest_revision.body).references
    assert (reference.token.uid, reference.words) == (corridor.uid, CORRIDOR)
    assert structure(older.body).references == ()
