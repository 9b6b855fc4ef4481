"""Previews in a real browser: beside the form while words are written, and by a link."""

from datetime import timedelta

import pytest
from django.utils import timezone

from articles import publishing
from articles.models import Article, PreviewLink
from tests.browser.test_pages import problems_of
from tests.browser.test_writing import ADD, change_url, open_form
from tests.factories import cite, make_article, make_image, make_public

WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


@pytest.fixture
def article(transactional_db):
    text = "<p>" + "Many words stand here. " * 60 + "</p>"
    target = make_public("The target")
    image = make_image(width=1300, height=800)
    return make_public(
        "The harbour",
        lead_image_id=image.pk,
        body=f"<p>See {cite(target)}.</p><h2>The quay</h2>{text}<h2>The crane</h2>{text}"
        f"<h2>The end</h2>{text}",
    )


def shown(page):
    """The page within the pane."""
    return page.frame_locator("[data-frame]")


def background(page):
    return shown(page).locator("body").evaluate("body => getComputedStyle(body).backgroundColor")


# Without a scheme of its own, as everywhere else in the world.
@pytest.mark.browser_context_args(color_scheme="null")
def test_pane_follows_the_writing_at_every_width_and_in_both_schemes(
    signed_in_page, live_server, article
):
    page = signed_in_page
    page.set_viewport_size({"width": 1280, "height": 800})
    text = open_form(page, change_url(article), live_server)

    page.click("[name=_preview]")
    shown(page).locator("h1", has_text="The harbour").wait_for()
    widths = {}
    for label in ("Phone", "Tablet", "Desktop"):
        page.get_by_role("button", name=label).click()
        widths[label] = shown(page).locator("html").evaluate("() => innerWidth")
    page.get_by_role("button", name="Dark").click()
    dark = background(page)
    page.get_by_role("button", name="Light").click()
    light = background(page)
    stage = page.locator("[data-stage]").bounding_box()
    frame = page.locator("[data-frame]").bounding_box()
    shown(page).locator("html").evaluate("() => scrollTo(0, 900)")
    text.locator("p").first.click()
    page.keyboard.type("Fresh words. ")
    shown(page).locator("p", has_text="Fresh words.").wait_for()

    assert widths == {"Phone": 360, "Tablet": 768, "Desktop": 1280}
    assert (light, dark) == ("rgb(251, 248, 242)", "rgb(18, 23, 31)")
    assert frame["width"] <= stage["width"]
    assert shown(page).locator("html").evaluate("() => scrollY") == 900
    assert shown(page).locator("img").first.evaluate("image => image.naturalWidth") > 0
    assert Article.objects.get(pk=article.pk).title == "The harbour"


def test_links_of_the_pane_leave_the_newsroom_where_it_is(
    signed_in_page, live_server, article, page_problems
):
    page = signed_in_page
    page.set_viewport_size({"width": 1280, "height": 800})
    open_form(page, change_url(article), live_server)
    page.click("[name=_preview]")
    place = page.url

    shown(page).locator(".toc--folded summary").click()
    shown(page).locator(".toc--folded a", has_text="The crane").click()
    at = shown(page).locator("#s-the-crane").evaluate("h => h.getBoundingClientRect().top")
    with page.context.expect_page() as opened:
        shown(page).locator(".story__body a").first.click()
    opened.value.wait_for_load_state()

    assert -5 <= at < 300
    assert opened.value.inner_text("h1") == "The target"
    assert page.url == place
    assert shown(page).locator("h1").inner_text() == "The harbour"
    page.get_by_role("button", name="Close").click()
    assert page.locator("[data-live-preview]").is_hidden()
    assert page.evaluate("document.activeElement.name") == "_preview"
    # The clicks of the test itself run scripts in the frame, where none may run.
    page_problems[:] = [one for one in page_problems if "Blocked script" not in one]


def test_pane_of_a_new_article_survives_a_lost_connection(
    signed_in_page, live_server, transactional_db, page_problems
):
    page = signed_in_page
    open_form(page, ADD, live_server)
    page.click("[name=_preview]")

    # Sent away by somebody between, as when the session has ended.
    page.route("**/live-preview/", lambda route: route.abort())
    page.fill("#id_title", "Typed in vain")
    page.locator(".live-preview__status", has_text="can't be refreshed").wait_for()
    page.unroute("**/live-preview/")
    page.fill("#id_title", "Typed again")
    shown(page).locator("h1", has_text="Typed again").wait_for()

    assert page.inner_text(".live-preview__status") == ""
    page.keyboard.press("Escape")
    page_problems[:] = [problem for problem in page_problems if "ERR_FAILED" not in problem]


def test_link_is_made_copied_opened_and_revoked(
    signed_in_page, live_server, article, browser, page_problems
):
    page = signed_in_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_form(page, change_url(article), live_server)
    page.fill("#id_title", "Unsaved title")

    page.locator("#sharing summary").click()
    page.fill("#share-label", "The minister")
    page.press("#share-label", "Enter")
    page.locator(".share__link", has_text="The minister").wait_for()
    page.locator(".share__link").get_by_role("button", name="Copy").click()
    page.locator("#sharing [data-status]", has_text="copied").wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    stranger = browser.new_page()
    seen = [stranger.goto(address).status, "Preview" in stranger.inner_text("main")]
    page.get_by_role("button", name="Revoke").click()
    page.locator("#sharing [data-status]", has_text="leads nowhere").wait_for()
    ended = stranger.goto(address).status
    stranger.close()

    assert (seen, ended) == ([200, True], 404)
    assert page.locator(".share__link").count() == 0
    # The form itself went nowhere.
    assert page.input_value("#id_title") == "Unsaved title"
    assert PreviewLink.objects.get().label == "The minister"


def test_desk_of_plans_and_previews_is_for_everybody(
    signed_in_page, live_server, article, editor, page_problems
):
    page, found = signed_in_page, []
    soon = timezone.now() + timedelta(days=1)
    failed = make_article("Failed in time")
    plan = publishing.schedule(failed, due_at=soon, by=editor)
    plan.outcome, plan.message, plan.finished_at = "failed", "Odd.", timezone.now()
    plan.save()
    publishing.schedule(article, due_at=soon, by=editor, action="unpublish")
    open_bundle, waiting = (
        publishing.save_bundle(None, name=name, articles=[make_article("TK"), article], by=editor)
        for name in ("Open", "Waiting")
    )
    publishing.save_bundle(waiting, name="Waiting", articles=[make_article("Member")], by=editor)
    publishing.schedule_bundle(waiting, due_at=soon, by=editor)
    publishing.share(article, by=editor, label="The minister")
    thrown = make_public("Thrown away", tags=["Ports"])
    publishing.trash(thrown, by=editor)
    bundles = "/admin/articles/bundle/"
    for path in (
        "/admin/articles/article/schedule/",
        f"{bundles}{open_bundle.pk}/change/",
        change_url(failed),
        change_url(thrown),
    ):
        page.goto(live_server.url + path)
        found += problems_of(page, path, page_problems, standards=WCAG)

    assert found == [], "\n".join(map(str, found))


def test_pane_is_for_everybody(signed_in_page, live_server, article, page_problems):
    page = signed_in_page
    open_form(page, change_url(article), live_server)
    page.locator("#sharing summary").click()
    page.click("[name=_preview]")
    shown(page).locator("h1").wait_for()

    # What the frame holds is a readers' page, which is looked at elsewhere.
    page.locator("[data-frame]").evaluate("frame => frame.remove()")
    found = problems_of(page, "pane", page_problems, standards=WCAG)

    assert found == [], "\n".join(map(str, found))
