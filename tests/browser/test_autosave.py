"""Nobody loses a word: it is saved while it is written, alone and together, whatever happens."""

import re
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from articles.models import Article
from tests.factories import make_article, make_public

ADD = "/admin/articles/article/add/"
TOO_MUCH = "Not saved: this is more than can be saved at once. Make two articles of it."
NO_COPY = "Leave this page open: this browser can't keep a copy of your words."
IS_IN_SIGHT = """node => {
    const { x, y, width, height } = node.getBoundingClientRect()
    return node.contains(document.elementFromPoint(x + width / 2, y + height / 2))
}"""
pytestmark = pytest.mark.usefixtures("transactional_db")


def change_url(article):
    return reverse("admin:articles_article_change", args=[article.pk])


def sign_in(context, user, live_server):
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def open_form(page, url, live_server):
    page.goto(live_server.url + url)
    page.wait_for_selector(".writing__text")
    return page.locator(".writing__text")


def write_at_end(page, words):
    page.locator(".writing__text > :last-child").click()
    page.keyboard.press("End")
    page.keyboard.type(words)


@contextmanager
def saved(page):
    """Waits until what is written here is saved."""
    with page.expect_response(
        lambda response: response.url.endswith("/autosave/") and response.status == 200
    ):
        yield
    expect(page.locator("[data-save-status]")).to_have_text(re.compile(r"^Saved at \d\d:\d\d$"))


def latest(article):
    return article.revisions.latest()


@pytest.fixture
def leila(django_user_model):
    return django_user_model.objects.create_superuser("leila", password="salam", first_name="Leila")


@pytest.fixture
def her_page(browser, browser_context_args, leila, live_server):
    """A page of another browser, in which Leila is signed in."""
    context = browser.new_context(**browser_context_args)
    sign_in(context, leila, live_server)
    yield context.new_page()
    context.close()


def test_new_article_is_saved_while_it_is_written(signed_in_page, live_server):
    page = signed_in_page
    page.add_init_script(
        "document.addEventListener('editor:ready', (e) => { window.editor = e.detail.editor })"
    )
    text = open_form(page, ADD, live_server)

    page.fill("#id_title", "A New Piece")
    page.fill("#id_slug", "feed")
    text.click()
    page.evaluate("editor.commands.setContent('<h2>The Sea</h2><p>Words</p>')")
    write_at_end(page, " TK")
    expect(page.locator("[data-save-status]")).to_contain_text("but for what is marked")

    article = Article.objects.get()
    assert page.url == live_server.url + change_url(article)
    assert latest(article).title == "A New Piece"
    assert latest(article).body == '<h2 id="s-the-sea">The Sea</h2><p>Words TK</p>'
    assert page.locator(".writing__text h2").get_attribute("id") == "s-the-sea"
    expect(page.locator(".field--slug .errorlist")).to_contain_text("used by the site itself")
    expect(page.locator(".check--stop")).to_have_text(
        "Stops publishing: Fill in the TK that is still in the text."
    )
    expect(page.locator(".article-form__state")).to_contain_text("Draft, never public")

    # The caret has stayed where it was, undoing goes on, and it is still one version.
    with saved(page):
        page.fill("#id_slug", "a-new-piece")
        text.focus()
        page.keyboard.press("Control+z")
    assert article.revisions.count() == 1
    assert latest(article).slug == "a-new-piece"
    assert "TK" not in latest(article).body
    assert (
        page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('words:'))") == []
    )

    with page.expect_navigation():
        page.keyboard.press("Control+s")
    assert Article.objects.count() == 1
    assert latest(article).is_sealed


def test_new_article_has_all_its_parts_once_it_is_saved(signed_in_page, live_server):
    page = signed_in_page
    open_form(page, ADD, live_server)
    parts = ["review", "tasks", "comments", "cited-by", "versions", "sharing"]
    assert not any(page.locator(f"#{part}").count() for part in parts)

    with saved(page):
        page.fill("#id_title", "The Corridor")
        write_at_end(page, "It is a plan.")
    page.locator("[data-comments][data-ready]").wait_for()

    assert [page.locator(f"#{part}").count() for part in parts] == [1] * len(parts)
    order = page.eval_on_selector_all(".rail-part[id]", "parts => parts.map((part) => part.id)")
    page.reload()
    page.wait_for_selector("[data-comments][data-ready]", state="attached")
    assert order == page.eval_on_selector_all(
        ".rail-part[id]", "parts => parts.map((part) => part.id)"
    )


def test_parts_that_come_late_work_like_the_others(signed_in_page, live_server):
    page = signed_in_page
    open_form(page, ADD, live_server)
    with saved(page):
        page.fill("#id_title", "The Corridor")
        write_at_end(page, "It is a plan.")
    page.locator("[data-comments][data-ready]").wait_for()

    page.get_by_text("Comments", exact=True).click()
    page.get_by_role("button", name="Comment on the article").click()
    page.keyboard.type("Whose?")
    page.keyboard.press("Control+Enter")
    page.locator(".remark__text", has_text="Whose?").wait_for()
    page.get_by_text("Share a preview").click()
    page.get_by_role("button", name="Make a link").click()
    page.locator(".share__link").wait_for()
    # The words go on being saved, and what is typed beside them is none of them.
    with saved(page):
        write_at_end(page, " Of two.")
    page.get_by_text("Tasks", exact=True).click()
    page.select_option("#task_to", label="editor")
    with page.expect_navigation():
        page.get_by_role("button", name="Assign").click()

    article = Article.objects.get()
    assert latest(article).body == "<p>It is a plan. Of two.</p>"
    assert article.comments.get().text == "Whose?"
    assert article.preview_links.count() == 1
    assert article.assignments.count() == 1


def test_two_editors_at_once_lose_nothing(signed_in_page, her_page, live_server, page_problems):
    page = signed_in_page
    article = make_article("Ours", body="<p>One.</p><p>Two.</p>")
    open_form(page, change_url(article), live_server)
    open_form(her_page, change_url(article), live_server)

    her_page.locator(".writing__text p").first.click()
    her_page.keyboard.press("Home")
    with saved(her_page):
        her_page.keyboard.type("Hers. ")
    write_at_end(page, " Mine.")
    expect(page.locator("[data-notices]")).to_contain_text("Leila saved this article at")
    expect(page.locator("[data-save-status]")).to_have_text("Not saved: there is a newer version.")
    # She goes on; what he began from stays.
    with saved(her_page):
        her_page.keyboard.type("More of hers. ")
    with page.expect_navigation():
        page.click("text=See what differs")

    assert page.locator("legend").all_inner_texts() == [
        "Text: Leila changed this",
        "Text: you changed this",
    ]
    with page.expect_navigation():
        page.click("text=Save this draft")
    page.wait_for_selector(".writing__text")
    assert latest(article).body == "<p>Hers. More of hers. One.</p><p>Two. Mine.</p>"
    expect(page.locator("[data-others]")).to_have_text("Leila is editing this now.")
    assert page.locator("[data-notice]").count() == 0

    # Her form hears of it when it is looked at again.
    her_page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    her_page.click("text=Load it")
    expect(her_page.locator(".writing__text")).to_contain_text("Mine.")
    page_problems[:] = [problem for problem in page_problems if "409" not in problem]


def test_words_without_connection_are_offered_back(signed_in_page, live_server, page_problems):
    page = signed_in_page
    article = make_article("Ours", body="<p>One.</p>", tags=["Sea"])
    open_form(page, change_url(article), live_server)

    page.context.set_offline(True)
    write_at_end(page, " Never saved.")
    page.fill("#id_title", "Never saved")
    page.click(".field--tags [data-remove]")
    status = page.locator("[data-save-status]")
    expect(status).to_have_text("Not saved: no connection. Your words are kept in this browser.")
    page.click(".article-form__bar [name=_save]")
    expect(page.locator("[data-notices]")).to_contain_text("so nothing was done")
    page.context.route("**/autosave/", lambda route: route.abort())
    page.context.set_offline(False)
    page.reload()
    page.click("text=Bring them back")
    expect(page.locator(".writing__text")).to_have_text("One. Never saved.")
    assert page.input_value("#id_title") == "Never saved"
    assert page.locator(".field--tags .chip").count() == 0
    page.context.unroute("**/autosave/")
    with saved(page):
        page.evaluate("window.dispatchEvent(new Event('online'))")

    assert latest(article).body == "<p>One. Never saved.</p>"
    assert (latest(article).title, latest(article).tags) == ("Never saved", [])
    page.reload()
    page.wait_for_selector(".writing__text")
    assert page.locator("[data-notice]").count() == 0
    page_problems.clear()


def test_form_goes_on_after_signing_in_anew(
    signed_in_page, live_server, editor, leila, page_problems
):
    page = signed_in_page
    article = make_public("Ours", body="<p>One.</p>")
    open_form(page, change_url(article), live_server)

    page.context.clear_cookies()
    write_at_end(page, " Two.")
    notice = page.locator("[data-notice=session]")
    expect(notice).to_contain_text("You are logged out.")
    page.click(".article-form__bar [name=_publish]")
    expect(notice).to_be_visible()

    # Somebody else in the same browser saves nothing under their name.
    sign_in(page.context, leila, live_server)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(notice).to_contain_text("Leila is logged in now")
    page.context.clear_cookies()
    with page.expect_popup() as popup:
        notice.get_by_role("link").click()
    other = popup.value
    other.fill("#id_username", "editor")
    other.fill("#id_password", "correct horse")
    with other.expect_navigation():
        other.keyboard.press("Enter")
    other.close()
    with saved(page):
        page.evaluate("window.dispatchEvent(new Event('focus'))")

    assert notice.count() == 0
    assert (latest(article).body, latest(article).by) == ("<p>One. Two.</p>", editor)
    with page.expect_navigation():
        page.click(".article-form__bar [name=_publish]")
    article.refresh_from_db()
    assert article.body == "<p>One. Two.</p>"
    assert [problem for problem in page_problems if "403" not in problem] == []
    page_problems.clear()


def test_own_second_window_is_no_conflict(signed_in_page, live_server):
    page = signed_in_page
    article = make_article("Ours", body="<p>One.</p>")
    open_form(page, change_url(article), live_server)
    second = page.context.new_page()
    open_form(second, change_url(article), live_server)

    with saved(page):
        write_at_end(page, " First.")
    with saved(second):
        write_at_end(second, " Second.")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-notice=newer]")).to_contain_text("in another window")
    with saved(page):
        write_at_end(page, " Again.")
    expect(page.locator("[data-notice]")).to_have_count(0)

    bodies = list(article.revisions.order_by("number").values_list("body", flat=True))
    assert bodies == [
        "<p>One.</p>",
        "<p>One. First.</p>",
        "<p>One. Second.</p>",
        "<p>One. First. Again.</p>",
    ]


def test_more_than_can_be_saved_is_said_and_kept(
    signed_in_page, live_server, settings, page_problems
):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000
    page = signed_in_page
    open_form(page, ADD, live_server)
    with saved(page):
        page.fill("#id_title", "The Corridor")
    status, refused = page.locator("[data-save-status]"), page.locator("[data-notice=refused]")

    page.locator(".writing__text").fill("x" * 30_000)
    expect(status).to_have_text(f"{TOO_MUCH} Your words are kept in this browser.")
    page.click(".article-form__bar [name=_save]")
    expect(refused).to_have_text(f"{TOO_MUCH} Your words are kept in this browser.")
    assert "x" * 30_000 in page.evaluate("JSON.stringify(localStorage)")
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full') } }")
    page.click(".article-form__bar [name=_publish]")
    expect(refused).to_have_text(f"{TOO_MUCH} {NO_COPY}")
    page.mouse.wheel(0, 500)
    page.wait_for_function("scrollY > 200")
    assert refused.evaluate(IS_IN_SIGHT)
    expect(status).to_have_text(f"{TOO_MUCH} {NO_COPY}")
    expect(page.locator(".writing__text")).to_have_text("x" * 30_000)

    with saved(page):
        page.locator(".writing__text").fill("Short.")
    expect(refused).to_have_count(0)
    with page.expect_navigation():
        page.click(".article-form__bar [name=_save]")
    assert latest(Article.objects.get()).body == "<p>Short.</p>"
    # Suggestions may have been asked for meanwhile, with the whole text.
    page_problems[:] = [line for line in page_problems if "/suggest/" not in line]


def test_more_than_what_stands_in_front_takes_is_said_and_kept(
    signed_in_page, live_server, settings, page_problems
):
    page = signed_in_page
    open_form(page, ADD, live_server)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000

    with page.expect_response(lambda response: response.status == 400):
        page.locator(".writing__text").fill("x" * 30_000)
    expect(page.locator("[data-save-status]")).to_contain_text(TOO_MUCH)
    page.click(".article-form__bar [name=_save]")

    expect(page.locator("[data-notice=refused]")).to_contain_text(TOO_MUCH)
    expect(page.locator(".writing__text")).to_have_text("x" * 30_000)
    page_problems[:] = [line for line in page_problems if "400" not in line]


def test_what_is_written_in_other_letters_can_be_saved_like_it_is_while_written(
    signed_in_page, live_server, settings
):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000
    page = signed_in_page
    open_form(page, ADD, live_server)
    with saved(page):
        page.fill("#id_title", "راه‌گذر")
        page.locator(".writing__text").fill("آ" * 5_000)

    with page.expect_navigation():
        page.click(".article-form__bar [name=_save]")

    assert latest(Article.objects.get()).is_sealed
