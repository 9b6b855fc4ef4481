"""The link-health desk in a real browser: by keyboard, without script, on a phone."""

import pytest
from django.conf import settings
from django.utils import timezone

from articles import health, publishing, references
from articles.health import Kind
from articles.models import MissingPath, Redirect
from tests.factories import cite, make_article, make_public

DESK = "/admin/health/"


@pytest.fixture
def faults(transactional_db):
    """A publication with something to do in every part of the desk; what all of it leads to."""
    end = make_public("The North–South Corridor", slug="corridor")
    gone, moved = make_public("Gone for Good"), make_public("Moved Elsewhere")
    draft = make_article("Not Yet Finished")
    long_word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 2
    make_public(
        f"A Source with a {long_word}",
        body=f"<p>The first is {cite(gone, 'this')}, and the second {cite(moved, 'that')}; the"
        f" third {cite(draft, long_word)} and {cite(end, 'a part', section='s-nothing')}.</p>",
    )
    publishing.unpublish(gone, by=None)
    publishing.unpublish(moved, by=None, lead_to=references.token_of(end))
    now = timezone.now()
    for path in ("/2019/05/north-south-corridor.html/", "/" + "unbroken" * 30 + "/"):
        MissingPath.objects.create(path=path, hits=3, first_seen_at=now, last_seen_at=now)
    health.snooze("dead-end", end.uid, reason="A short notice", period="month", by=None)
    return end


def open_part(page, live_server, kind):
    page.goto(f"{live_server.url}{DESK}?kind={kind}")
    page.wait_for_load_state("networkidle")


def tab_to(page, name):
    """Presses Tab until the focus is on what has these words."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if name in (page.evaluate("document.activeElement.textContent") or ""):
            return
    raise AssertionError(f"{name} can't be reached by keyboard.")


def test_citation_is_pointed_elsewhere_by_keyboard(signed_in_page, live_server, faults):
    page = signed_in_page
    open_part(page, live_server, "dangling")

    tab_to(page, "Choose another target")
    page.keyboard.press("Enter")
    page.wait_for_selector("#target-1_input")
    page.keyboard.press("Tab")
    page.keyboard.type("corridor")
    page.wait_for_selector(".suggestion[aria-selected=true]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip__label:has-text('Corridor')")
    tab_to(page, "Cite this instead")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert (
        page.text_content(".messagelist").strip().endswith("cites “The North–South Corridor” now.")
    )
    assert page.is_visible("text=Every reference has a target.")


def test_finding_is_snoozed_and_woken_by_keyboard(signed_in_page, live_server, faults):
    page = signed_in_page
    open_part(page, live_server, "draft")

    tab_to(page, "Snooze")
    tab_to(page, "Snooze")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Comes out on Monday")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert health.counts()[Kind.DRAFT] == 0

    open_part(page, live_server, "snoozed")
    tab_to(page, "Wake up")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert health.counts()[Kind.DRAFT] == 1


def test_missed_path_is_led_to_its_target_without_script(
    browser, client, editor, live_server, faults
):
    client.force_login(editor)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}{DESK}?kind=path")
    assert page.locator("[data-needs-script]").first.is_hidden()

    page.click("button:has-text('Lead to “The North–South Corridor”')")
    assert "leads to “The North–South Corridor” now" in page.text_content(".messagelist")
    page.click("summary:has-text('Choose where it leads')")
    page.fill("[name=address]", "/articles/corridor/")
    page.click("button:has-text('Lead there')")

    assert page.is_visible("text=Nobody asked for anything in vain.")
    assert set(Redirect.objects.values_list("article", flat=True)) == {faults.pk}
    context.close()


def test_desk_fits_a_phone(signed_in_page, live_server, faults):
    page = signed_in_page
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")

    for kind in [*Kind.values, "snoozed"]:
        open_part(page, live_server, kind)
        for summary in page.locator(".finding summary").all():
            summary.click()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert (kind, width) == (kind, 360)
        small = page.evaluate(
            """[...document.querySelectorAll(".health a, .health button, .health summary")]
            .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 24)
            .map((node) => node.textContent)"""
        )
        assert (kind, small) == (kind, [])
