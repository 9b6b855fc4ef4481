"""An editor at work, in a real browser: what is written is what is stored and what readers get."""

import re

import pytest
from django.urls import reverse

from articles.models import Article, Reference, Revision
from tests.factories import cite, make_article, make_author, make_image, make_public

ADD = "/admin/articles/article/add/"


def change_url(article):
    return reverse("admin:articles_article_change", args=[article.pk])


def open_form(page, url, live_server):
    page.add_init_script(
        "document.addEventListener('editor:ready', (e) => { window.editor = e.detail.editor })"
    )
    page.goto(live_server.url + url)
    page.wait_for_selector(".writing__text")
    return page.locator(".writing__text")


def press(page, name):
    with page.expect_navigation():
        page.click(f".article-form__bar [name={name}]")


@pytest.fixture
def corridor(transactional_db):
    return make_public(
        "The North–South Corridor",
        body="<h2>The Missing Link</h2><p>Railway.</p><h2>Conclusion</h2><p>End.</p>",
        tags=["Railways"],
    )


def test_editor_writes_cites_and_publishes_and_reader_follows(
    signed_in_page, live_server, corridor
):
    page = signed_in_page
    make_author("Marta Lindqvist")
    text = open_form(page, ADD, live_server)

    page.fill("#id_title", "A New Piece")
    page.fill("#id_standfirst", "What it is about.")
    text.click()
    page.keyboard.type("Everything hangs on @missing")
    page.wait_for_selector(".suggestion--section[aria-selected]")
    page.locator(".suggestion--section", has_text="The Missing Link").first.click()
    page.keyboard.type(". The rest is detail.")
    page.fill("#id_authors_input", "marta")
    page.wait_for_selector("#id_authors_input + .suggestions .suggestion[aria-selected=true]")
    page.press("#id_authors_input", "Enter")
    page.fill("#id_tags_input", "Brand New Tag")
    page.wait_for_selector("text=new tag")
    page.press("#id_tags_input", "Enter")
    press(page, "_publish")

    article = Article.objects.get(slug="a-new-piece")
    assert article.state == Article.State.LIVE
    assert article.body == (
        f'<p>Everything hangs on <a data-ref="article:{corridor.uid}#s-the-missing-link">The'
        " Missing Link</a>. The rest is detail.</p>"
    )
    assert [tag.name for tag in article.tags.all()] == ["Brand New Tag"]
    assert [author.name for author in article.authors.all()] == ["Marta Lindqvist"]

    page.goto(live_server.url + article.get_absolute_url())
    page.click(".story__body a")
    assert page.url == f"{live_server.url}{corridor.get_absolute_url()}#s-the-missing-link"
    page.click("#cited-by ~ ul a:has-text('A New Piece')")
    assert page.url == live_server.url + article.get_absolute_url()


def test_text_survives_load_edit_and_save(signed_in_page, live_server, corridor):
    page = signed_in_page
    image = make_image("A plain picture")
    body = (
        "<h2>First Heading</h2>"
        "<p>Some <strong>bold</strong> and <em>slanted</em> words, x<sup>2</sup>.</p>"
        "<ul><li><p>one</p></li><li><p>two</p></li></ul><blockquote><p>Said.</p></blockquote>"
        f"<p>See {cite(corridor, 'the corridor', section='s-the-missing-link')} and"
        ' <a href="https://example.org/">outside</a>.</p>'
        f'<figure><img data-image="{image.uid}" alt="Mine">'
        "<figcaption>A caption</figcaption></figure>"
        "<table><tbody><tr><th><p>H</p></th></tr><tr><td><p>C</p></td></tr></tbody></table>"
        "<h3>Sub</h3><p>Last words</p>"
    )
    article = make_article("Round trip", body=body)
    before = article.latest_revision.body
    text = open_form(page, change_url(article), live_server)

    text.locator("p", has_text="Last words").click()
    page.keyboard.press("End")
    page.keyboard.type(" and more")
    press(page, "_save")

    article.refresh_from_db()
    after = article.latest_revision.body
    assert 'id="s-first-heading"' in before
    assert _same_but_for_spans(after) == _same_but_for_spans(
        before.replace("Last words", "Last words and more")
    )


def _same_but_for_spans(body):
    # The table's cells get the editor's own span attributes, which mean nothing at 1.
    return re.sub(r' (colspan|rowspan)="1"', "", body)


def test_heading_keeps_its_id_when_reworded_and_a_split_makes_a_new_one(
    signed_in_page, live_server, transactional_db
):
    page = signed_in_page
    article = make_article("Sections", body="<h2>Old Words Here</h2><p>Text.</p>")
    text = open_form(page, change_url(article), live_server)

    text.locator("h2").click()
    page.evaluate("editor.commands.insertContentAt(1, 'Very ')")
    # Split where “Very Old Words” ends; keys would race with the browser's own caret.
    page.evaluate("editor.chain().setTextSelection(15).splitBlock().run()")
    press(page, "_save")

    article.refresh_from_db()
    headings = re.findall(r"<h2 id=\"([^\"]*)\">([^<]*)", article.latest_revision.body)
    assert headings[0] == ("s-old-words-here", "Very Old Words")
    assert [anchor for anchor, _words in headings].count("s-old-words-here") == 1


def test_paste_from_elsewhere_is_cleaned_and_keeps_no_foreign_ids(
    signed_in_page, live_server, transactional_db
):
    page = signed_in_page
    article = make_article("Pasting", body="<p>Start</p>")
    open_form(page, change_url(article), live_server)

    # A click would race with the paste: the surface learns of the caret a moment later.
    page.evaluate("editor.chain().focus('end').splitBlock().run()")
    page.evaluate(
        """html => {
            const data = new DataTransfer()
            data.setData("text/html", html)
            document.querySelector(".writing__text").dispatchEvent(
                new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}))
        }""",
        '<h2 id="s-foreign" style="color:red" onclick="alert(1)">Pasted Heading</h2>'
        '<p class="MsoNormal"><span style="font-size:20pt">Clean <b>words</b></span></p>'
        '<p class="MsoListParagraph"><span>·&nbsp; </span>first point</p>'
        '<p class="MsoListParagraph"><span>·&nbsp; </span>second point</p>'
        '<b style="font-weight:normal"><p><span style="font-weight:700">From a document</span>'
        "</p></b>"
        "<script>alert(1)</script><img src='x.png' onerror='alert(1)'>",
    )
    press(page, "_save")

    article.refresh_from_db()
    body = article.latest_revision.body
    assert '<h2 id="s-pasted-heading">Pasted Heading</h2>' in body
    assert "<p>Clean <strong>words</strong></p>" in body
    assert "<ul><li><p>first point</p></li><li><p>second point</p></li></ul>" in body
    assert "<p><strong>From a document</strong></p>" in body
    assert re.search(r"style|class|script|onclick|onerror|<img|s-foreign", body) is None


def test_cite_button_gives_selected_words_a_target(signed_in_page, live_server, corridor):
    page = signed_in_page
    article = make_article("Selecting", body="<p>corridor</p>")
    open_form(page, change_url(article), live_server)

    # Keys would race with the click: the surface learns of a selection a moment later.
    page.evaluate("editor.chain().focus().selectAll().run()")
    page.click("button.tool:has-text('@ Cite')")
    page.wait_for_selector(".suggestions--floating .suggestion[aria-selected=true]")
    page.keyboard.press("Enter")
    press(page, "_save")

    article.refresh_from_db()
    assert article.latest_revision.body == (
        f'<p><a data-ref="article:{corridor.uid}">corridor</a></p>'
    )
    assert Reference.objects.get(source=article, set="draft").words == "corridor"


def test_related_links_are_sorted_by_keyboard(signed_in_page, live_server, corridor):
    page = signed_in_page
    other = make_public("Another Piece")
    article = make_article("Related", related=[{"article": corridor.uid}, {"article": other.uid}])
    open_form(page, change_url(article), live_server)

    page.fill("#id_related_input", "https://www.iaea.org/newscenter/focus/iran")
    page.wait_for_selector("text=outside address")
    page.press("#id_related_input", "Enter")
    page.locator(".field--related [data-up]").nth(1).click()
    page.locator(".field--related [data-remove]").nth(2).focus()
    page.keyboard.press("Alt+ArrowUp")
    press(page, "_save")

    article.refresh_from_db()
    assert article.latest_revision.related == [
        {"article": other.uid},
        {"url": "https://www.iaea.org/newscenter/focus/iran", "title": ""},
        {"article": corridor.uid},
    ]


def test_picture_is_uploaded_from_the_text(signed_in_page, live_server, transactional_db, tmp_path):
    page = signed_in_page
    from tests.factories import picture_file

    file = tmp_path / "map.png"
    file.write_bytes(picture_file(1400, 800).read())
    article = make_article("Pictured", body="<p>Before</p>")
    text = open_form(page, change_url(article), live_server)

    text.click()
    page.click("button.tool:has-text('Picture')")
    page.set_input_files("#pictures-file", str(file))
    page.click("text=Upload and use")
    page.wait_for_selector("text=Say what the picture shows")
    page.fill("#pictures-alt", "A map of the sea")
    page.click("text=Upload and use")
    page.wait_for_selector(".writing__text figure img")
    press(page, "_save")

    article.refresh_from_db()
    assert re.search(
        r'<figure><img data-image="[a-z2-7]{16}" alt="A map of the sea">',
        article.latest_revision.body.replace('alt="A map of the sea" data-image', "data-image"),
    )


def test_refused_form_keeps_every_word(signed_in_page, live_server, corridor, page_problems):
    page = signed_in_page
    text = open_form(page, ADD, live_server)

    page.fill("#id_title", "Kept")
    page.fill("#id_slug", "feed")
    text.click()
    page.keyboard.type("Words that must not be lost.")
    page.fill("#id_tags_input", "Railways")
    page.wait_for_selector("#id_tags_input + .suggestions .suggestion[aria-selected=true]")
    page.press("#id_tags_input", "Enter")
    press(page, "_save")
    page.wait_for_selector(".writing__text")

    assert "used by the site itself" in page.inner_text(".field--slug .errorlist")
    assert page.inner_text(".writing__text") == "Words that must not be lost."
    assert page.input_value("#id_title") == "Kept"
    assert page.inner_text(".field--tags .chip__label") == "Railways"
    # It may have been saved while it was written; the button has saved nothing.
    assert not Revision.objects.filter(title="Kept", is_sealed=True).exists()
    page_problems[:] = [problem for problem in page_problems if "422" not in problem]


def test_preview_shows_the_draft_in_the_readers_template(signed_in_page, live_server, corridor):
    page = signed_in_page
    open_form(page, change_url(corridor), live_server)

    page.fill("#id_title", "A Title Only Editors See")
    page.click("[name=_preview]")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="In a new tab").click()
    preview = opened.value
    preview.wait_for_load_state()

    assert preview.inner_text("h1") == "A Title Only Editors See"
    assert "Preview" in preview.inner_text("main")
    page.goto(live_server.url + corridor.get_absolute_url())
    assert page.inner_text("h1") == "The North–South Corridor"
