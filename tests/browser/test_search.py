"""Suggestions while somebody types into the readers' search, by keys and by pointer."""

import pytest
from playwright.sync_api import expect

from tests.factories import make_public


@pytest.fixture
def field(page, live_server, transactional_db):
    """The search field of a page's head, in a publication with two articles to suggest."""
    make_public("The Caspian Question", body="<h2>The Caspian port</h2><p>Text.</p>")
    make_public("Caspian Oil")
    page.goto(live_server.url + "/tags/")
    return page.get_by_role("combobox", name="Search the articles")


def options(page):
    return page.get_by_role("option")


def test_suggestions_are_chosen_by_keys(page, field):
    field.press_sequentially("caspian")
    expect(options(page)).to_have_count(3)
    expect(field).to_have_attribute("aria-expanded", "true")

    field.press("ArrowDown")
    field.press("ArrowDown")

    chosen = options(page).nth(1)
    expect(chosen).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert field.input_value() == "caspian"
    field.press("Enter")
    page.wait_for_url("**/articles/the-caspian-question/")


def test_section_is_chosen_by_pointer(page, field):
    field.press_sequentially("port")

    options(page).filter(has_text="The Caspian port").click()

    page.wait_for_url("**/articles/the-caspian-question/#s-the-caspian-port")


def test_escape_and_leaving_put_suggestions_away(page, field):
    field.press_sequentially("caspian")
    expect(options(page)).to_have_count(3)

    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(options(page)).to_have_count(0)
    assert field.input_value() == "caspian"

    field.press("ArrowDown")
    expect(options(page)).to_have_count(3)
    field.press("Tab")
    expect(options(page)).to_have_count(0)


def test_enter_without_a_choice_searches_for_what_was_typed(page, field):
    field.press_sequentially("caspian")
    expect(options(page)).to_have_count(3)

    field.press("Enter")

    page.wait_for_url("**/search/?q=caspian")
    expect(page.locator(".river-item")).to_have_count(2)


def test_nothing_to_suggest_shows_no_list(page, field):
    with page.expect_response("**/search/suggest/?q=zq"):
        field.press_sequentially("zq")

    expect(field).to_have_attribute("aria-expanded", "false")
    expect(options(page)).to_have_count(0)
