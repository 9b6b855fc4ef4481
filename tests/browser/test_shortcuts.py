"""Everything that is done often has a key, and a sheet says which."""

from django.urls import reverse

from articles.models import Article
from tests.factories import make_article


def open_form(page, article, live_server):
    page.goto(live_server.url + reverse("admin:articles_article_change", args=[article.pk]))
    page.wait_for_selector(".writing__text")


def test_article_is_written_saved_and_published_by_keys_alone(
    signed_in_page, live_server, transactional_db
):
    page = signed_in_page
    article = make_article("By Keys", body="<p>Words.</p>")
    open_form(page, article, live_server)

    page.focus("#id_title")
    page.keyboard.press("End")
    page.keyboard.type(" Alone")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    article.refresh_from_db()
    assert article.latest_revision.title == "By Keys Alone"
    assert article.latest_revision.is_sealed

    page.wait_for_selector(".writing__text")
    page.focus(".writing__text")
    with page.expect_navigation():
        page.keyboard.press("Control+Shift+Enter")
    article.refresh_from_db()
    assert article.state == Article.State.LIVE


def test_keys_cite_search_and_show_the_sheet_without_typing_anything(
    signed_in_page, live_server, transactional_db
):
    page = signed_in_page
    make_article("Corridor of Glass")
    open_form(page, make_article("Here", body="<p>Words</p>"), live_server)
    text = page.locator(".writing__text")

    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Shift+K")
    page.keyboard.type("glass")
    page.wait_for_selector(".suggestion[aria-selected=true] >> text=Corridor of Glass")
    page.keyboard.press("Enter")
    assert text.inner_text().strip().endswith("Corridor of Glass")

    # In the text, the keys of one sign are signs.
    page.keyboard.type(" really?/")
    assert text.inner_text().strip().endswith("really?/")
    assert page.locator("dialog[open]").count() == 0

    page.keyboard.press("Control+/")
    page.wait_for_selector("dialog[open] >> text=Keyboard shortcuts")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.closest('.writing__text') !== null")

    page.keyboard.press("Control+Alt+f")
    assert page.evaluate("document.activeElement.id") == "newsroom-search"


def test_keys_of_one_sign_can_be_turned_off(signed_in_page, live_server, transactional_db):
    page = signed_in_page
    page.goto(live_server.url + reverse("admin:index"))

    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "newsroom-search"
    page.locator("h1").click()
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.uncheck("#shortcuts-single")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.keyboard.press("/")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.id") != "newsroom-search"
