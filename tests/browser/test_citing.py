"""Citing in a real browser: what is typed, pasted and picked becomes a reference that can't rot."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from articles import publishing
from articles.models import Article
from tests.factories import change_draft, make_article, make_author, make_public

LINK = "/articles/the-corridor/#s-the-missing-link"


@pytest.fixture
def corridor(transactional_db):
    return make_public("The Corridor", body="<h2>The Missing Link</h2><p>Railway.</p>")


@pytest.fixture
def text(signed_in_page, live_server, transactional_db):
    """The writing surface of a draft with one paragraph, the caret at its end."""
    article = make_article("Being written", body="<p>Start</p>")
    page = signed_in_page
    page.add_init_script(
        "document.addEventListener('editor:ready', (e) => { window.editor = e.detail.editor })"
    )
    page.goto(live_server.url + reverse("admin:articles_article_change", args=[article.pk]))
    text = page.locator(".writing__text")
    text.click()
    # By keys, the surface would learn of the caret's place a moment later. It takes the focus with
    # the next frame, which must not be in the middle of what is typed elsewhere.
    page.evaluate(
        """() => new Promise((done) => {
            editor.commands.focus('end')
            requestAnimationFrame(() => requestAnimationFrame(done))
        })"""
    )
    return text


def paste(text, plain="", html=""):
    text.evaluate(
        """(surface, [plain, html]) => {
            const data = new DataTransfer()
            if (plain) data.setData("text/plain", plain)
            if (html) data.setData("text/html", html)
            surface.dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}))
        }""",
        [plain, html],
    )


def select_start(page):
    # By keys, the surface would learn of the selection a moment later.
    page.evaluate("editor.commands.setTextSelection({from: 1, to: 6})")


def saved_body(page):
    with page.expect_navigation():
        page.click(".article-form__bar [name=_save]")
    return Article.objects.get(latest_revision__title="Being written").latest_revision.body


def reference(target, words, section=""):
    fragment = f"#{section}" if section else ""
    return f'<a data-ref="{target._meta.model_name}:{target.uid}{fragment}">{words}</a>'


# Typing


@pytest.mark.parametrize("is_absolute", [False, True])
def test_typed_address_becomes_a_reference_and_one_undo_gives_it_back(
    page, live_server, corridor, text, is_absolute
):
    address = (live_server.url if is_absolute else "") + "/articles/the-corridor/"

    page.keyboard.type(f" see {address}, ")
    expect(text.locator("a[data-ref]")).to_have_text("The Corridor")
    assert text.inner_text().strip() == "Start see The Corridor,"
    page.keyboard.press("Control+z")
    expect(text.locator("a[data-ref]")).to_have_count(0)
    assert text.inner_text().strip() == f"Start see {address},"
    page.keyboard.press("Control+Shift+z")
    page.keyboard.type("and on")

    assert saved_body(page) == f"<p>Start see {reference(corridor, 'The Corridor')}, and on</p>"


def test_address_finished_by_enter_names_the_section(page, corridor, text):
    page.keyboard.press("Enter")
    page.keyboard.type(LINK)
    page.keyboard.press("Enter")
    expect(text.locator("a[data-ref]")).to_have_text("The Missing Link")
    page.keyboard.type("After")

    assert saved_body(page) == (
        f"<p>Start</p><p>{reference(corridor, 'The Missing Link', 's-the-missing-link')}</p>"
        "<p>After</p>"
    )


def test_former_address_becomes_a_reference_to_where_it_leads_now(page, corridor, text):
    change_draft(corridor, title="Renamed", slug="renamed")
    publishing.publish(corridor, by=None)

    page.keyboard.type(" /articles/the-corridor/ ")
    expect(text.locator("a[data-ref]")).to_have_text("Renamed")

    assert saved_body(page) == f"<p>Start {reference(corridor, 'Renamed')} </p>"


def test_address_that_leads_nowhere_and_path_like_words_stay_as_they_are(page, corridor, text):
    for words in (" /articles/nothing/ ", "and/or /etc/passwd "):
        with page.expect_response(re.compile("lookup")):
            page.keyboard.type(words)
    page.keyboard.type("https://example.org/x ")

    assert saved_body(page) == (
        "<p>Start /articles/nothing/ and/or /etc/passwd https://example.org/x </p>"
    )


def test_words_written_while_the_answer_is_awaited_are_kept(page, corridor, text):
    held = []
    page.route(re.compile(r"lookup/\?.*q=%2Farticles"), lambda route: held.append(route))
    page.keyboard.type(" /articles/the-corridor/ more")
    while not held:
        page.wait_for_timeout(20)
    page.keyboard.press("Control+Home")
    page.keyboard.type("Before ")
    held[0].continue_()
    expect(text.locator("a[data-ref]")).to_have_text("The Corridor")
    page.keyboard.type("it ")

    assert saved_body(page) == (
        f"<p>Before it Start {reference(corridor, 'The Corridor')} more</p>"
    )


# Pasting


@pytest.mark.parametrize("is_absolute", [False, True])
def test_pasted_address_becomes_a_reference(page, live_server, corridor, text, is_absolute):
    page.keyboard.type(" see ")
    paste(text, (live_server.url if is_absolute else "") + LINK)
    expect(text.locator("a[data-ref]")).to_have_text("The Missing Link")

    assert saved_body(page) == (
        f"<p>Start see {reference(corridor, 'The Missing Link', 's-the-missing-link')}</p>"
    )


@pytest.mark.parametrize("is_absolute", [False, True])
def test_address_pasted_over_words_makes_these_words_the_reference(
    page, live_server, corridor, text, is_absolute
):
    select_start(page)
    paste(text, (live_server.url if is_absolute else "") + "/articles/the-corridor/")
    expect(text.locator("a[data-ref]")).to_have_text("Start")
    page.keyboard.press("Control+z")
    expect(text.locator("a")).to_have_count(0)
    page.keyboard.press("Control+Shift+z")

    assert saved_body(page) == f"<p>{reference(corridor, 'Start')}</p>"


def test_other_addresses_pasted_over_words_do_what_they_always_did(page, live_server, text):
    select_start(page)
    paste(text, "https://example.org/x")
    expect(text.locator("a")).to_have_attribute("href", "https://example.org/x")
    select_start(page)
    paste(text, f"{live_server.url}/articles/nothing/")
    expect(page.locator(".writing__status")).to_contain_text("no article, author or tag at")
    paste(text, "/nothing/")
    expect(text).to_have_text("/nothing/")


def test_links_of_a_pasted_text_become_references_and_keep_their_words(
    page, live_server, corridor, text
):
    author = make_author("Marta Lindqvist")
    page.keyboard.press("Enter")
    paste(
        text,
        html=f'<p>Read <a href="{live_server.url}{LINK}">about the <b>gap</b></a> by'
        f' <a href="{author.get_absolute_url()}">her</a>, not'
        ' <a href="https://example.org/">that</a>, and'
        f" {live_server.url}/articles/the-corridor/.</p>",
    )
    expect(text.locator("a[data-ref]")).to_have_count(3)

    assert saved_body(page) == (
        "<p>Start</p><p>Read "
        + reference(corridor, "about the <strong>gap</strong>", "s-the-missing-link")
        + f' by {reference(author, "her")}, not <a href="https://example.org/">that</a>, and'
        f" {reference(corridor, 'The Corridor')}.</p>"
    )


# Dialog and pickers


def test_link_dialog_makes_a_reference_of_an_address_of_this_site(page, corridor, text):
    select_start(page)
    page.keyboard.press("Control+k")
    page.fill("#link-address", "/articles/nothing/")
    page.click("text=Set link")
    expect(page.locator("#link-message")).to_contain_text("would be taken out when you save")
    page.fill("#link-address", "nonsense")
    page.click("text=Set link")
    expect(page.locator("#link-message")).to_contain_text("begins with https://")
    page.fill("#link-address", LINK)
    page.click("text=Set link")
    expect(text.locator("a[data-ref]")).to_have_text("Start")

    assert saved_body(page) == f"<p>{reference(corridor, 'Start', 's-the-missing-link')}</p>"


def test_link_dialog_still_links_elsewhere(page, text):
    page.keyboard.type(" at ")
    page.keyboard.press("Control+k")
    page.fill("#link-address", "https://www.example.org/x")
    page.click("text=Set link")
    expect(page.locator("dialog")).to_have_count(0)

    assert saved_body(page) == (
        '<p>Start at <a href="https://www.example.org/x">example.org/x</a></p>'
    )


def test_related_link_given_by_its_address_is_the_article(page, live_server, corridor, text):
    page.fill("#id_related_input", f"{live_server.url}/articles/the-corridor/")
    page.press("#id_related_input", "Enter")
    expect(page.locator(".field--related .chip__label")).to_have_text("The Corridor")
    page.fill("#id_related_input", f"{live_server.url}/articles/nothing/")
    expect(page.locator(".field--related .suggestion")).to_contain_text("no article, author or tag")
    page.press("#id_related_input", "Enter")
    expect(page.locator(".field--related .chip")).to_have_count(1)
    page.fill("#id_related_input", "")
    saved_body(page)

    article = Article.objects.get(latest_revision__title="Being written")
    assert article.latest_revision.related == [{"article": corridor.uid}]


def test_tag_typed_by_another_name_is_no_new_tag(page, text):
    publishing.save_tag(publishing.tag_named("Nuclear programme"), aliases=["JCPOA"])

    page.fill("#id_tags_input", "jcpoa")

    expect(page.locator(".field--tags .suggestion")).to_have_count(1)
    expect(page.locator(".field--tags .suggestion__facts")).to_contain_text("also “JCPOA”")


def test_suggestion_shows_and_reads_out_state_date_and_path(page, corridor, text):
    page.keyboard.type(" @corridor")
    option = page.locator(".suggestions--floating [role=option]").first
    expect(option).to_have_attribute("aria-selected", "true")
    name = option.get_attribute("aria-label")
    facts = option.locator(".suggestion__fact").all_inner_texts()

    assert re.fullmatch(r"The Corridor, article, live, \d+ \w+ 2026, /articles/the-corridor/", name)
    assert facts == name.split(", ")[1:]
    assert text.get_attribute("aria-activedescendant") == option.get_attribute("id")


def test_address_after_an_at_sign_finds_what_it_leads_to(page, corridor, text):
    page.keyboard.type(f" @{LINK}")
    option = page.locator(".suggestions--floating [role=option]")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("The Missing Link")
    page.keyboard.press("Enter")

    assert saved_body(page) == (
        f"<p>Start {reference(corridor, 'The Missing Link', 's-the-missing-link')}</p>"
    )
