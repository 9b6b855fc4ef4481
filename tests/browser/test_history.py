"""History, comparison and audit in a real browser: for everybody, by keyboard, on a phone."""

import pytest
from django.urls import reverse

from articles import publishing
from articles.models import Article
from tests.browser.test_pages import problems_of
from tests.factories import change_draft, make_article, make_image, make_public

STANDARDS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
WIDE, NARROW = ("light", 1280), ("dark", 360)


@pytest.fixture
def article(transactional_db, editor):
    """A live article with drafts that differ from it in about everything."""
    image, long_word = make_image("Cranes"), "Donaudampfschifffahrtselektrizitäten" * 3
    same = "".join(f"<p>Paragraph number {number} stays.</p>" for number in range(8))
    article = make_public(
        "Harbour", by=editor, tags=["Ports"],
        body=f'<h2>Sea</h2><p>A cat sat on it, <a href="https://a.org/">so they say</a>.</p>{same}'
        "<ul><li>One</li><li>Two</li></ul><h2>Lake</h2><p>Of lakes, at some length.</p>",
    )  # fmt: skip
    change_draft(
        article, by=editor, title=f"Harbour {long_word}", tags=["Sea"], lead_image_id=image.pk,
        body='<h2 id="s-lake">Lake</h2><p>Of lakes, at some length.</p><h2 id="s-sea">The sea</h2>'
        f'<p>A dog sat on it, <a href="https://b.org/{long_word}">so they say</a>.</p>{same}'
        "<ol><li>One</li><li>Three</li></ol><table><tr><td>3</td><td>metres</td></tr></table>"
        f'<figure><img data-image="{image.uid}" alt="x"><figcaption>New</figcaption></figure>'
        f"<pre>{long_word}</pre>",
    )  # fmt: skip
    draft = change_draft(article, by=editor, standfirst="Another one.")
    publishing.name_revision(article, draft, long_word[:90], by=editor)
    publishing.comment(article, long_word, by=editor)
    return article


def admin_url(name, *args):
    return reverse(f"admin:articles_{name}", args=args)


def tab_to(page, name):
    """Presses Tab until the focus is on what has this name."""
    for _press in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "document.activeElement.ariaLabel || document.activeElement.textContent"
        )
        if name in (focused or ""):
            return
    raise AssertionError(f"{name} can't be reached by keyboard.")


def test_history_comparison_and_audit_are_for_everybody(
    signed_in_page, live_server, article, page_problems
):
    page, found = signed_in_page, []
    pages = {
        admin_url("article_history", article.pk): [NARROW],
        admin_url("article_compare", article.pk) + "?from=live&to=newest": [WIDE, NARROW],
        admin_url("auditentry_changelist"): [NARROW],
    }
    for path, looks in pages.items():
        page.goto(live_server.url + path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        found += problems_of(page, path, page_problems, standards=STANDARDS, looks=looks)

    assert found == [], "\n".join(map(str, found))


def test_versions_are_compared_and_restored_by_keyboard(signed_in_page, live_server, article):
    page = signed_in_page
    page.goto(live_server.url + admin_url("article_history", article.pk))

    # The live and the newest version are chosen; two presses choose the ones before.
    assert page.locator("input[type=radio]:checked").evaluate_all(
        "(all) => all.map((one) => [one.name, one.value])"
    ) == [["to", "3"], ["from", "1"]]
    page.focus("input[name=to]:checked")
    page.keyboard.press("ArrowDown")
    page.focus("#compare button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert set(page.url.partition("?")[2].split("&")) == {"from=1", "to=2"}
    assert page.locator(".compare__text del:visible, .compare__text ins:visible").count() > 3

    tab_to(page, "Restore version 1")
    page.keyboard.press("Enter")
    tab_to(page, "Restore it")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert "Version 1 is the newest draft now" in page.text_content(".messagelist")
    newest = Article.objects.get(pk=article.pk).latest_revision
    assert (newest.number, newest.title) == (4, "Harbour")


def test_version_is_named_by_keyboard(signed_in_page, live_server, editor, transactional_db):
    article = make_article("Quay", by=editor)
    page = signed_in_page
    page.goto(live_server.url + admin_url("article_history", article.pk))

    tab_to(page, "Name version 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Before the legal read")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert page.text_content(".versions__name") == "“Before the legal read”"
    assert article.revisions.get().name == "Before the legal read"
