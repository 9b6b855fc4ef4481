"""A review in a real browser: comments on passages, a draft that goes to and fro, and out."""

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from articles import publishing, rights
from articles.models import Article, Comment
from tests.factories import change_draft, make_article

BODY = (
    "<p>It is a plan.</p><h2>The Numbers</h2><p>Moscow lent a <strong>great deal</strong> for it,"
    " and it is a plan.</p><h2>Conclusion</h2><p>It is a plan.</p>"
)
SELECT = """(words) => {
    const { editor } = window
    let at = -1
    editor.state.doc.descendants((node, position) => {
        if (node.isText && node.text.includes(words)) at = position + node.text.lastIndexOf(words)
    })
    editor.chain().focus().setTextSelection({ from: at, to: at + words.length }).run()
}"""
SELECTED = """() => {
    const { doc, selection } = window.editor.state
    return doc.textBetween(selection.from, selection.to)
}"""


@pytest.fixture
def people(transactional_db, django_user_model):
    users = {}
    for name, role in (("marta", rights.CONTRIBUTOR), ("leila", rights.EDITOR)):
        users[name] = django_user_model.objects.create_user(
            name, f"{name}@example.org", first_name=name.capitalize(), is_staff=True
        )
        users[name].groups.add(Group.objects.get(name=role))
    return users


@pytest.fixture
def page(page):
    page.add_init_script(
        "document.addEventListener('editor:ready', (e) => { window.editor = e.detail.editor })"
    )
    return page


def become(page, user, live_server):
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    # Nobody else's scripts go on under the new name.
    page.goto("about:blank")
    page.context.clear_cookies()
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def open_form(page, article, live_server, fragment=""):
    url = reverse("admin:articles_article_change", args=[article.pk])
    page.goto(f"{live_server.url}{url}{fragment}")
    page.wait_for_selector("[data-comments][data-ready]", state="attached")
    return page.locator("[data-comments]")


def press(page, button):
    with page.expect_navigation():
        button.click()


def select(page, words):
    page.evaluate(SELECT, words)
    # The library gives the focus a moment later.
    page.locator(".writing__text:focus").wait_for()


def comment_on(page, words, text):
    select(page, words)
    page.keyboard.press("Control+Alt+m")
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    page.locator("mark.remark-mark--active").first.wait_for()


def marked(page):
    return page.locator("mark.remark-mark").all_inner_texts()


def test_a_draft_goes_to_and_fro_and_out(page, live_server, people):
    article = make_article("The Corridor", by=people["marta"], body=BODY)
    become(page, people["marta"], live_server)
    open_form(page, article, live_server)
    press(page, page.locator("[name=_submit]"))

    become(page, people["leila"], live_server)
    page.goto(f"{live_server.url}/admin/")
    press(page, page.get_by_role("link", name="Marta handed in “The Corridor”"))
    page.wait_for_selector("[data-comments][data-ready]")
    comment_on(page, "great deal", "How much?")
    page.fill("#review-comment", "Say how much it was.")
    press(page, page.get_by_role("button", name="Send back"))

    become(page, people["marta"], live_server)
    page.goto(f"{live_server.url}/admin/")
    press(page, page.get_by_role("link", name="Leila commented on “The Corridor”"))
    page.wait_for_selector("[data-comments][data-ready]")
    remark = page.locator("[data-remark]")
    assert "Say how much it was." in page.locator("#review").inner_text()
    assert marked(page) == ["great deal"]
    remark.get_by_role("button", name="Answer").click()
    page.keyboard.type("1.3 billion.\nIn euros.")
    remark.get_by_role("button", name="Send").click()
    remark.locator("ul.remark__answers li").wait_for()
    assert (
        remark.locator("ul.remark__answers .remark__text").inner_text() == "1.3 billion.\nIn euros."
    )
    press(page, page.locator("[name=_submit]"))

    become(page, people["leila"], live_server)
    open_form(page, article, live_server)
    press(page, page.get_by_role("button", name="Approve"))
    assert page.locator("#review .state").inner_text() == "approved"
    press(page, page.locator(".article-form__bar [name=_publish]"))

    article.refresh_from_db()
    assert article.state == Article.State.LIVE
    assert article.body == make_article("Twin", body=BODY).latest_revision.body
    call_command("worker", once=True)
    mails = [(message.to[0], message.subject.partition("] ")[2]) for message in mail.outbox]
    assert sorted(mails) == [
        ("leila@example.org", "Marta commented on “The Corridor”"),
        ("leila@example.org", "Marta handed in “The Corridor”"),
        ("leila@example.org", "Marta handed in “The Corridor”"),
        ("marta@example.org", "Leila approved “The Corridor”"),
        ("marta@example.org", "Leila commented on “The Corridor”"),
        ("marta@example.org", "Leila sent back “The Corridor”"),
        ("marta@example.org", "“The Corridor” is published"),
    ]  # fmt: skip


def test_passages_are_found_again_wherever_they_go_and_the_text_stays_as_it_is(
    page, live_server, people
):
    article = make_article("The Corridor", by=people["leila"], body=BODY)
    before = article.latest_revision
    become(page, people["leila"], live_server)
    panel = open_form(page, article, live_server)

    # Of three places with the same words, the last one is meant.
    comment_on(page, "It is a plan", "Whose?")
    comment_on(page, "Moscow lent", "When?")
    remark = Comment.objects.get(text="Whose?")
    assert (remark.quote, remark.section) == ("It is a plan", "s-conclusion")
    assert remark.before.endswith("great deal for it, and it is a plan. Conclusion")
    assert page.evaluate("editor.getHTML() === document.querySelector('[name=body]').value")
    after = Article.objects.select_related("latest_revision").get(pk=article.pk).latest_revision
    assert (after.pk, after.edition, after.body) == (before.pk, before.edition, before.body)

    # In the order of the text, not of the time; and led to by their words.
    quotes = panel.locator("[data-open] [data-action=find]")
    assert [text.split(":")[1].strip() for text in quotes.all_text_contents()] == [
        "Moscow lent", "It is a plan"
    ]  # fmt: skip
    quotes.last.click()
    assert page.evaluate(SELECTED) == "It is a plan"
    assert page.evaluate("window.editor.state.selection.from") > page.evaluate(
        "window.editor.state.doc.content.size / 2"
    )

    # Words before it, another heading, a new version: the passage is still the same one.
    change_draft(
        article,
        body="<h2>Conclusion</h2><p>It is a plan.</p><p>In short: it is a plan.</p>"
        "<h2>The Numbers</h2><p>Yes. Moscow <em>lent</em> much. It is a plan.</p>",
        by=people["leila"],
    )
    open_form(page, article, live_server)
    assert marked(page) == ["It is a plan", "Moscow ", "lent"]

    # Gone words leave the comment, and come back to it.
    select(page, "lent")
    page.keyboard.type("gave")
    gone = panel.locator("[data-gone]:not([hidden])")
    gone.wait_for()
    assert gone.inner_text() == "These words aren't in the text any more."
    assert panel.locator("[data-open] > li").last.inner_text().startswith("Show in the text")
    page.keyboard.press("Control+z")
    gone.wait_for(state="detached")
    assert marked(page) == ["It is a plan", "Moscow ", "lent"]


def test_two_people_see_each_others_comments_and_lose_none_of_what_they_write(
    page, live_server, people, page_problems
):
    article = make_article("The Corridor", by=people["marta"], body=BODY)
    first = publishing.comment(article, "Which?", by=people["leila"], quote="great deal")
    become(page, people["marta"], live_server)
    panel = open_form(page, article, live_server, f"#comment-{first.pk}")
    assert panel.locator(".remark--active").get_attribute("data-remark") == str(first.pk)
    panel.get_by_role("button", name="Answer").click()
    page.keyboard.type("Half an ans")

    publishing.comment(article, "And this <b>?", by=people["leila"], quote="It is a plan.")
    publishing.comment(article, "This one", by=people["leila"], parent=first)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panel.locator("text=And this <b>?").wait_for()
    # The answer is where it was, with the cursor in it.
    page.keyboard.type("wer")
    assert panel.locator("textarea").input_value() == "Half an answer"
    assert panel.locator("summary [data-count]").first.inner_text() == "2"
    assert panel.locator("[data-status]").inner_text() == "There are new comments."

    # What is refused stays in the field, with a sentence.
    publishing.trash(article, by=people["leila"])
    page.keyboard.press("Control+Enter")
    panel.locator(".remark__message:not(:empty)").wait_for()
    assert "in the trash" in panel.locator(".remark__message").inner_text()
    assert panel.locator("textarea").input_value() == "Half an answer"
    assert ["400 (Bad Request)" in problem for problem in page_problems] == [True]
    page_problems.clear()
    publishing.untrash(article, by=people["leila"])
    page.keyboard.press("Control+Enter")
    panel.locator("text=Half an answer").wait_for()
    assert Comment.objects.filter(text="Half an answer", parent=first).count() == 1


def test_comments_need_no_mouse(page, live_server, people):
    article = make_article("The Corridor", by=people["marta"], body=BODY)
    become(page, people["leila"], live_server)
    panel = open_form(page, article, live_server)

    # Nothing selected: on the article.
    page.keyboard.press("Control+Alt+m")
    page.keyboard.type("On all of it, @ma")
    page.locator(".suggestion[aria-selected=true]").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    panel.locator("[data-remark]").wait_for()
    assert Comment.objects.get().text == "On all of it, @marta"
    assert page.evaluate("document.activeElement.dataset.remark") == str(Comment.objects.get().pk)

    # Words selected: a field beside them; Escape leads back to the text.
    comment_on(page, "great deal", "How much?")
    assert page.evaluate("document.activeElement.classList.contains('writing__text')")
    bubble = page.locator(".remark-bubble")
    bubble.get_by_text("How much?").wait_for()
    page.keyboard.press("Escape")
    assert bubble.is_hidden()
    # The cursor in words with a comment: the shortcut leads to it, and its button back.
    page.keyboard.press("Control+Alt+m")
    own = Comment.objects.get(text="How much?")
    assert page.evaluate("document.activeElement.dataset.remark") == str(own.pk)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".writing__text:focus").wait_for()
    assert page.evaluate(SELECTED) == "great deal"

    panel.get_by_role("button", name="Resolve").last.press("Enter")
    page.locator("mark.remark-mark").wait_for(state="detached")
    assert "The comment is resolved." in panel.locator("[data-status]").inner_text()
    panel.locator("[data-settled] > summary").press("Enter")
    panel.get_by_role("button", name="Open again").press("Enter")
    page.locator("mark.remark-mark").wait_for()


# Quote, section and words before → what is found, with its neighbours.
PLACES = [
    (["a plan", "", ""], "one: |a plan| two"),
    (["a plan", "s-two", ""], "three: |a plan| four"),
    # The words before count for more than the section, once there are enough of them.
    (
        ["a plan", "s-one", "and this, in the second one, is what stands before: three:"],
        "three: |a plan| four",
    ),
    (["no plan", "", ""], None),
    # Reworded in the middle, or torn apart.
    (
        ["the treaty of 1921 is often quoted, seldom read", "", ""],
        "four |the treaty of 1920 is often quoted, and seldom read| end",
    ),
    (["the treaty of 1921 is never quoted nor even mentioned", "", ""], None),
]


def test_own_comment_is_edited_and_deleted_without_a_mouse(
    page, live_server, people, page_problems
):
    marta = people["marta"]
    article = make_article("The Corridor", by=marta, body=BODY)
    first = publishing.comment(article, "Wich?", by=marta, quote="great deal")
    answer = publishing.comment(article, "This.", by=marta, parent=first)
    publishing.comment(article, "Theirs", by=people["leila"])
    become(page, marta, live_server)
    panel = open_form(page, article, live_server, f"#comment-{first.pk}")
    own = panel.locator(f"#comment-{first.pk}")

    # Escape leaves what is unchanged; the focus goes back to the button.
    own.locator("> [data-own] [data-action=edit]").press("Enter")
    assert own.locator("textarea").input_value() == "Wich?"
    page.keyboard.press("Escape")
    assert own.locator("textarea").count() == 0
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    # The list of names, which opens here, leaves Ctrl+Enter to the comment.
    page.keyboard.type("Which? @le")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Control+Enter")
    own.get_by_text("edited").wait_for()
    assert own.locator("> .remark__text").inner_text() == "Which? @le"
    assert panel.locator("[data-status]").inner_text() == "Your comment is changed."
    assert panel.get_by_role("button", name="Edit your comment").count() == 2

    # More than a comment holds is refused with a sentence, and not a word of it is lost.
    own.locator("> [data-own] [data-action=edit]").press("Enter")
    own.locator("textarea").fill("long " * 1001)
    page.keyboard.press("Control+Enter")
    own.get_by_text("A comment has at most 5000 characters. Make two of it.").wait_for()
    assert [problem for problem in page_problems if "400" not in problem] == []
    page_problems.clear()
    assert own.locator("textarea").input_value() == "long " * 1001
    own.locator("textarea").fill("Which? @le")
    page.keyboard.press("Escape")

    # In the text there is nothing to change it with.
    select(page, "great deal")
    page.locator(".remark-bubble__thread").wait_for()
    assert page.locator(".remark-bubble [data-own]").count() == 0

    page.once("dialog", lambda dialog: dialog.dismiss())
    own.locator("> [data-own] [data-action=delete]").press("Enter")
    assert Comment.objects.filter(deleted_at=None).count() == 3
    page.on("dialog", lambda dialog: dialog.accept())
    own.locator("> [data-own] [data-action=delete]").press("Enter")
    own.locator("> .remark__text", has_text="deleted").wait_for()
    assert page.evaluate("document.activeElement.id") == f"comment-{first.pk}"
    own.locator("[data-action=delete]").press("Enter")
    own.wait_for(state="detached")
    assert not Comment.objects.filter(pk__in=[first.pk, answer.pk]).exists()
    assert panel.locator("[data-remark]").count() == 1


def test_quoted_words_are_found_at_the_place_that_is_meant(page, live_server, transactional_db):
    page.goto(f"{live_server.url}/admin/login/")

    found = page.evaluate(
        """async (questions) => {
            const { placeOf } = await import("/static/js/admin/comments.js")
            const text = "one: a plan two and this, in the second one, is what stands before:"
                + " three: a plan four the treaty of 1920 is often quoted, and seldom read end"
            const sections = [{ id: "", from: 0 }, { id: "s-two", from: text.indexOf("three") }]
            return questions.map(([quote, section, before]) => {
                const place = placeOf({ text, sections }, { quote, section, before })
                if (!place) return null
                const [left, right] = [text.slice(0, place.from), text.slice(place.to)]
                const words = text.slice(place.from, place.to)
                return `${left.split(" ").at(-2)} |${words}| ${right.split(" ")[1]}`
            })
        }""",
        [question for question, _expected in PLACES],
    )

    assert found == [expected for _question, expected in PLACES]
