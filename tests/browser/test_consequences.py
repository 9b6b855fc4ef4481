"""Taking away and moving, in a real browser: shown first, then done, and nothing gets lost."""

import pytest
from django.urls import reverse

from articles import publishing
from articles.models import Article, MenuItem, Pick
from tests.browser.test_pages import problems_of
from tests.browser.test_writing import change_url, open_form, press
from tests.factories import change_draft, cite, make_article, make_public

LONG = "WWW and the Donaudampfschifffahrtsgesellschaft: Ten MAMMOTH Questions on the Caspian"
WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


@pytest.fixture
def harbour(transactional_db):
    text = "<p>" + "Many words stand here. " * 60 + "</p>"
    harbour = make_public(
        "The harbour",
        slug="harbour",
        body=f"<p>Start.</p><h2>The quay</h2>{text}<h2>The crane</h2>{text}",
    )
    make_public("The new port", slug="port", body=f"<h2>The new quay</h2>{text}")
    make_public(
        "Source",
        slug="source",
        body=f"<p>See {cite(harbour, 'the quay', section='s-the-quay')} for more.</p>",
    )
    return harbour


def choose(page, field, words, suggestion):
    """Picks a suggestion in a search field."""
    page.fill(f"#id_{field}_input", words)
    found = page.locator(f"#id_{field}_input + .suggestions .suggestion")
    found.filter(has_text=suggestion).first.click()
    page.locator(".chip__label", has_text=suggestion).wait_for()


def confirm(page):
    with page.expect_navigation():
        page.click(".consequence__buttons button")


def test_editor_unpublishes_and_leads_readers_to_another_place(
    signed_in_page, live_server, harbour
):
    page = signed_in_page
    open_form(page, change_url(harbour), live_server)

    press(page, "_unpublish")
    shown = page.inner_text(".affected")
    page.check("input[name=how][value=lead]")
    choose(page, "target", "new quay", "The new quay")
    confirm(page)

    assert "Source" in shown
    assert "See the quay for more." in shown
    assert Article.objects.get(pk=harbour.pk).state == "withdrawn"
    page.goto(live_server.url + "/articles/source/")
    page.click(".story__body a")
    assert page.url == live_server.url + "/articles/port/#s-the-new-quay"
    page.goto(live_server.url + "/articles/harbour/")
    assert page.url == live_server.url + "/articles/port/#s-the-new-quay"


def test_editor_removes_a_section_that_is_cited_and_names_its_new_place(
    signed_in_page, live_server, harbour
):
    page = signed_in_page
    change_draft(harbour, body="<p>Start.</p>" + "<p>Only this. </p>" * 30)
    open_form(page, change_url(harbour), live_server)

    press(page, "_publish")
    asked, shown = page.inner_text("h2"), page.inner_text(".affected")
    page.check("input[name=s-the-quay-how][value=lead]")
    choose(page, "s-the-quay-target", "new quay", "The new quay")
    confirm(page)

    assert "The quay" in asked
    assert "Source" in shown
    page.goto(live_server.url + "/articles/harbour/")
    note = page.locator("#s-the-quay")
    assert note.is_hidden()
    page.goto(live_server.url + "/articles/harbour/#s-the-quay")
    assert 0 <= note.bounding_box()["y"] < 800
    note.get_by_role("link").click()
    assert page.url == live_server.url + "/articles/port/#s-the-new-quay"


def test_editor_moves_a_section(signed_in_page, live_server, harbour):
    page = signed_in_page
    open_form(page, change_url(harbour), live_server)

    page.locator("summary", has_text="2 sections").click()
    with page.expect_navigation():
        page.get_by_role("link", name="Move “The quay” to another article").click()
    choose(page, "target", "port", "The new port")
    confirm(page)

    assert "Publish that one first" in page.inner_text(".messagelist")
    for slug in ("port", "harbour"):
        publishing.publish(Article.objects.get(slug=slug), by=None)
    page.goto(live_server.url + "/articles/source/")
    page.click(".story__body a")
    assert page.url == live_server.url + "/articles/port/#s-the-quay"


def test_pages_before_something_is_taken_away_are_for_everybody(
    signed_in_page, live_server, harbour, page_problems
):
    page, found = signed_in_page, []
    for number in range(4):
        make_public(f"{LONG} {number}", body=f"<p>{LONG}: {cite(harbour)}.</p>" * 2)
        make_article(f"Draft {number}", related=[{"article": harbour.uid}])
    MenuItem.objects.create(place="header", label="The harbour", article=harbour)
    Pick.objects.create(place="home_lead", article=harbour)
    secret = make_article("The Secret Plan")
    change_draft(harbour, body=f"<p>More in {cite(secret, 'The Secret Plan')}.</p>")
    moving = make_public("Moving", body=f"<h2>{LONG}</h2><p>x</p>")
    port = Article.objects.get(slug="port")
    removal = f"{reverse('admin:articles_article_remove')}?ids={harbour.pk}"
    for path in (
        f"{removal}&do=unpublish",
        f"{removal},{port.pk}&do=delete",
        f"{removal}&do=merge",
        reverse("admin:articles_article_check", args=[harbour.pk]),
        reverse("admin:articles_article_move", args=[moving.pk, moving.sections.get().anchor]),
    ):
        page.goto(live_server.url + path)
        page.locator(".picker, [data-picker]").first.wait_for()
        found += problems_of(page, path, page_problems, standards=WCAG)

    assert found == [], "\n".join(map(str, found))
