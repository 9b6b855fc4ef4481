"""References as readers meet them in a real browser: landings, series, diagrams."""

import pytest

from articles import publishing
from articles.models import SiteSettings, Tag
from tests.browser.test_pages import problems_of
from tests.factories import change_draft, cite, make_author, make_public

LONG = "WWW and the Donaudampfschifffahrtsgesellschaft: Ten MAMMOTH Questions on the Caspian"


@pytest.fixture
def older(transactional_db):
    SiteSettings.objects.create(pk=1, name="The Publication", corrections_email="c@example.org")
    text = "<p>" + "Many words stand here. " * 80 + "</p>"
    older = make_public(
        "The older", slug="older", tags=["Sea", "Ports"], body=f"<h2>The port</h2>{text}" * 3
    )
    author = make_author("Marta Lindqvist")
    make_public("Own", authors=[author], tags=["Sea"])
    sea = Tag.objects.get(name="Sea")
    for title, language in ((LONG, "en"), ("دریای خزر و راه‌های آن " * 4, "fa"), ("x", "de")):
        make_public(
            title, language=language, tags=["Sea", "Ports"], related=[{"article": older.uid}],
            body=f"<p>See {cite(older, section='s-the-port')}, {cite(sea)}, {cite(author)}.</p>",
            relations=[{"kind": kind, "article": older.uid, "section": "s-the-port", "note": "So."}
                       for kind in ("corrects", "updates")],
        )  # fmt: skip
    others = [make_public(f"{LONG} {n}", tags=["Sea"]) for n in range(9)]
    change_draft(older, related=[{"article": one.uid} for one in others])
    older = publishing.publish(older, by=None)
    make_public(
        "Some parts", kind="series", slug="some-parts", body="<p>Words.</p>",
        relations=[{"kind": "series", "article": one.uid} for one in (others[0], older, others[1])],
    )  # fmt: skip
    return older


def test_pages_of_references_are_for_everybody(page, live_server, older, page_problems):
    found = []
    for path in (
        "/articles/older/",
        "/articles/older/cited-by/",
        "/articles/older/connections/",
        "/tags/sea/",
        "/authors/marta-lindqvist/",
        "/series/some-parts/",
    ):
        page.goto(live_server.url + path)
        found += problems_of(page, path, page_problems)

    assert found == [], "\n".join(map(str, found))


def test_lost_fragment_lands_at_the_top_with_a_note(browser, live_server, older):
    other = make_public("The other", slug="other", body="<p>x</p>")
    publishing.move_section(older, "s-the-port-2", other, by=None)
    for article in (older, other):
        publishing.publish(article, by=None)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 800, "height": 500})
    page = context.new_page()
    note = page.locator("#s-the-port-2")

    page.goto(live_server.url + "/articles/older/")
    hidden_at_first = note.is_hidden()
    page.goto(live_server.url + "/articles/older/#s-the-port-2")

    box = note.bounding_box()
    title = page.locator("h1").bounding_box()
    assert hidden_at_first
    assert 0 < box["y"] < 60
    assert box["y"] < title["y"] < 250
    note.get_by_role("link").click()
    assert page.url == live_server.url + "/articles/other/#s-the-port"
    # A section that is where it was is still found where it is.
    page.goto(live_server.url + "/articles/older/#s-the-port-3")
    assert page.locator("h2#s-the-port-3").bounding_box()["y"] < 60
    context.close()


def test_landing_from_another_page_scrolls_too(page, live_server, older):
    change_draft(older, body="<p>" + "New words. " * 900 + "</p>")
    publishing.publish(older, by=None)
    page.set_viewport_size({"width": 360, "height": 500})
    page.goto(live_server.url + "/articles/older/")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")

    # Within one document too, as from a link in somebody's mail to the open tab.
    page.evaluate("location.hash = '#s-the-port'")

    assert page.locator("#s-the-port").is_visible()
    assert 0 <= page.locator("#s-the-port").bounding_box()["y"] < 60


@pytest.mark.parametrize(("width", "name"), [(360, "narrow"), (1280, "wide")])
def test_diagram_fits_and_its_labels_stay_in_their_boxes(page, live_server, older, width, name):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(live_server.url + "/articles/older/connections/")

    shown = [element.get_attribute("class") for element in page.locator(".diagram").all()
             if element.is_visible()]  # fmt: skip
    spilling = page.locator(f".diagram--{name} .diagram__node").evaluate_all(
        """nodes => nodes.filter(node => {
            const box = node.querySelector('rect').getBoundingClientRect();
            const text = node.querySelector('text').getBoundingClientRect();
            return text.left < box.left || text.right > box.right
                || text.top < box.top || text.bottom > box.bottom;
        }).map(node => node.textContent)"""
    )
    assert shown == [f"diagram diagram--{name}"]
    assert spilling == []


def test_keyboard_meets_each_connection_once(page, live_server, older):
    page.goto(live_server.url + "/articles/older/connections/")

    inside = page.locator("main a").evaluate_all(
        "links => links.filter(a => a.tabIndex >= 0 && a.closest('svg')).length"
    )
    listed = page.locator(".connections__name").count()
    drawn = page.locator(".diagram--wide > path").count()
    assert (inside, listed) == (0, drawn)
    page.locator(".diagram--wide .diagram__node").nth(1).click()
    assert page.url != live_server.url + "/articles/older/connections/"
