"""The trash in a real browser: in by two clicks, out by one, and nothing of it can be changed."""

from articles import publishing
from articles.models import Article
from tests.browser.test_writing import change_url, open_form
from tests.factories import make_article, make_public


def state(article):
    return Article.objects.get(pk=article.pk).state


def test_draft_is_thrown_away_and_comes_back_by_undo(signed_in_page, live_server, transactional_db):
    page = signed_in_page
    article = make_article("A note")
    open_form(page, change_url(article), live_server)

    page.locator("summary", has_text="throw away").click()
    with page.expect_navigation():
        page.click("[name=_trash]")
    said = page.inner_text(".messagelist")
    in_trash = state(article)
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()

    assert "“A note” is in the trash." in said
    assert in_trash == "trashed"
    assert page.input_value("#id_title") == "A note"
    assert state(article) == "draft"


def test_what_is_in_the_trash_is_read_and_shown_again(
    signed_in_page, live_server, transactional_db
):
    page = signed_in_page
    article = make_public("The harbour", body="<p>Words to read.</p>", tags=["Ports"])
    publishing.trash(article, by=None)
    text = open_form(page, change_url(article), live_server)

    shown = text.inner_text()
    editable = text.get_attribute("contenteditable")
    controls = page.locator(".picker__field, .chip__button, .tools").locator("visible=true").count()
    with page.expect_navigation():
        page.get_by_role("button", name="Put back and show to readers again").click()

    assert (shown, editable) == ("Words to read.", "false")
    assert (controls, state(article)) == (0, "live")
    page.goto(live_server.url + article.get_absolute_url())
    assert page.inner_text("h1") == "The harbour"
