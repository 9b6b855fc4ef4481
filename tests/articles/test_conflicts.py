"""Two people save one article: each sees what differs, and no word of either is lost."""

import json

import pytest
from django.contrib.auth.models import Group

from articles import publishing, rights
from articles.models import Article
from articles.publishing import Words
from tests import html
from tests.factories import change_draft, make_article, make_author, make_image, make_public

pytestmark = pytest.mark.django_db

BODY = '<h2 id="s-the-sea">The Sea</h2><p>One.</p><p>Two.</p><p>Three.</p>'


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def leila(django_user_model):
    user = django_user_model.objects.create_user("leila", first_name="Leila", is_staff=True)
    user.groups.add(Group.objects.get(name=rights.EDITOR))
    return user


def url(article):
    return f"/admin/articles/article/{article.pk}/change/"


def fields(response, name=""):
    """What the form of a page would send with one of its buttons."""
    form = html.parse(response).xpath("//form[@data-article-form or contains(@class, 'conflict')]")
    # A browser leaves out the line break with which a text area begins.
    values = {key: (value or "").removeprefix("\n") for key, value in form[0].form_values()}
    return values | ({name: ""} if name else {})


def open_form(client, article):
    return fields(client.get(url(article)))


def chosen(response, choice="chosen", **choices):
    return fields(response) | {"_settle": choice} | choices


def asked(response):
    """What is asked on a page of differences, and what is chosen there already."""
    data = fields(response)
    return {name[5:]: value for name, value in data.items() if name.startswith("take-")}


def latest(article):
    return article.revisions.latest()


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def test_conflict_shows_what_differs_and_saves_nothing(desk, leila):
    article = make_article("Ours", body=BODY, standfirst="A standfirst.")
    mine = open_form(desk, article)
    change_draft(article, by=leila, title="Hers", body=BODY.replace("Two.", "Two, she says."))

    response = desk.post(
        url(article),
        mine | {"standfirst": "My own.", "body": BODY.replace("Two", "2"), "_save": ""},
    )

    assert response.status_code == 409
    assert "no-store" in response.headers["Cache-Control"]
    assert latest(article).title == "Hers"
    assert article.revisions.count() == 2
    assert html.all_words(response, "//h1") == ["Two versions of “Hers”"]
    assert "Leila saved this article at" in html.all_words(response, "//form[@class='conflict']")[0]
    assert html.all_words(response, "//legend") == [
        "Title: Leila changed this",
        "Standfirst: you changed this",
        "Text: both of you changed this",
    ]
    assert html.all_words(response, "//fieldset//ins") == [
        "Hers",
        "My own.",
        "Two, she says.",
        "2.",
    ]
    assert html.all_words(response, "//fieldset//del") == ["Ours", "A standfirst.", "Two.", "Two."]
    assert html.all_words(response, html.by_class("conflict__same")) == [
        "2 paragraphs are the same."
    ]
    assert asked(response) == {"title": "theirs", "standfirst": "yours", "text-1": "both"}


def test_what_is_proposed_holds_all_of_both(desk, leila):
    article = make_article("Ours", body=BODY, tags=["Sea", "Gone"], authors=[make_author("Ada")])
    new = make_author("Bo")
    mine = open_form(desk, article) | {
        "title": "Mine",
        "tags": json.dumps([{"value": "Sea"}, {"value": "Rail"}]),
        "authors": json.dumps([*_items(article, "bylines"), {"value": new.uid}]),
        "body": BODY.replace("One.", "One, I say.").replace("Two.", "2."),
        "note": "My note",
        "_save": "",
    }
    change_draft(
        article,
        by=leila,
        slug="hers",
        tags=["Sea", "Gone", "Iran"],
        body=BODY.replace("Two.", "Two!") + "<p>Four.</p>",
    )
    page = desk.post(url(article), mine)

    response = desk.post(url(article), chosen(page), follow=True)

    assert response.redirect_chain == [(url(article), 302)]
    assert messages_of(response) == ["Both versions are one draft now. Read it once more."]
    saved = latest(article)
    assert (saved.title, saved.slug, saved.note) == ("Mine", "hers", "My note")
    assert saved.tags == ["Sea", "Rail", "Iran"]
    assert saved.bylines[1:] == [new.uid]
    assert saved.body == (
        '<h2 id="s-the-sea">The Sea</h2><p>One, I say.</p><p>Two!</p><p>2.</p><p>Three.</p>'
        "<p>Four.</p>"
    )
    assert article.revisions.count() == 3


def _items(article, name):
    return [{"value": uid} for uid in getattr(latest(article), name)]


@pytest.mark.parametrize(
    ("choice", "title", "body"),
    [
        ("yours", "Mine", "<p>One.</p><p>Mine.</p>"),
        ("theirs", "Hers", "<p>Hers.</p><p>Two.</p>"),
        ("chosen", "Mine", "<p>Hers.</p><p>Mine.</p>"),
        ("nonsense", "Mine", "<p>Hers.</p><p>Mine.</p>"),
    ],
)
def test_all_of_one_side_or_what_is_chosen(desk, leila, choice, title, body):
    article = make_article("Ours", body="<p>One.</p><p>Two.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, title="Hers", body="<p>Hers.</p><p>Two.</p>")
    page = desk.post(
        url(article), mine | {"title": "Mine", "body": "<p>One.</p><p>Mine.</p>", "_save": ""}
    )

    desk.post(url(article), chosen(page, choice))

    assert (latest(article).title, latest(article).body) == (title, body)


def test_what_was_not_taken_of_yours_is_kept_as_a_version(desk, leila, editor):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, body="<p>Hers.</p>")
    page = desk.post(url(article), mine | {"body": "<p>Mine.</p>", "_save": ""})

    response = desk.post(url(article), chosen(page, **{"take-text-0": "theirs"}), follow=True)

    assert [(one.body, one.by) for one in article.revisions.order_by("number")] == [
        ("<p>One.</p>", None),
        ("<p>Hers.</p>", leila),
        ("<p>Mine.</p>", editor),
        ("<p>Hers.</p>", editor),
    ]
    assert messages_of(response) == [
        "Your choice is the newest draft now. All of your own words are kept among the versions,"
        " as the one before it."
    ]


def test_third_save_shows_what_differs_again(desk, leila):
    article = make_article("Ours", body=BODY)
    mine = open_form(desk, article) | {"body": BODY.replace("One", "1"), "_save": ""}
    change_draft(article, by=leila, body=BODY.replace("Two", "2"))
    page = desk.post(url(article), mine)
    change_draft(article, by=leila, body=BODY.replace("Two", "2").replace("Three", "3"))

    again = desk.post(url(article), chosen(page))
    desk.post(url(article), chosen(again))

    assert again.status_code == 409
    assert asked(again) == {"text-1": "yours", "text-2": "theirs", "text-3": "theirs"}
    assert latest(article).body == ('<h2 id="s-the-sea">The Sea</h2><p>1.</p><p>2.</p><p>3.</p>')


def test_version_that_is_shown_is_not_overwritten_meanwhile(desk, leila):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article)
    article.refresh_from_db()
    hers = publishing.autosave(article, Words(body="<p>She</p>"), by=leila, based_on=1)

    desk.post(url(article), mine | {"body": "<p>Mine.</p>", "_save": ""})
    publishing.autosave(article, Words(body="<p>She writes.</p>"), by=leila, based_on=hers.edition)

    bodies = list(article.revisions.order_by("number").values_list("body", flat=True))
    assert bodies == ["<p>One.</p>", "<p>She</p>", "<p>She writes.</p>"]


@pytest.mark.parametrize("button", ["_publish", "_submit", "_save"])
def test_pressed_button_waits_until_there_is_one_version(desk, leila, button):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, body="<p>Hers.</p>")
    page = desk.post(url(article), mine | {"body": "<p>Mine.</p>", button: ""})

    response = desk.post(url(article), chosen(page), follow=True)

    waits = button != "_save"
    article.refresh_from_db()
    assert (article.state, article.submission) == ("draft", None)
    assert ("Nothing else was done yet." in page.content.decode()) == waits
    assert len(messages_of(response)) == 1 + waits


def test_who_changed_nothing_gets_the_newer_version(desk, leila):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, body="<p>Hers.</p>")

    saved = desk.post(url(article), mine | {"_save": ""}, follow=True)
    published = desk.post(url(article), mine | {"_publish": ""}, follow=True)

    article.refresh_from_db()
    assert (article.state, article.revisions.count()) == ("draft", 2)
    assert messages_of(saved)[0].startswith("Leila saved a newer version at ")
    assert messages_of(saved)[0].endswith("You had changed nothing, so here it is.")
    assert messages_of(published)[0].endswith("then press the button again.")


def test_back_to_writing_shows_your_words(desk, leila):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, body="<p>Hers.</p>")
    page = desk.post(
        url(article), mine | {"title": "Mine", "body": "<p>Mine.</p>", "note": "N", "_publish": ""}
    )

    back = desk.post(url(article), fields(page, "_again"))

    form = fields(back)
    assert back.status_code == 200
    assert (form["title"], form["body"], form["note"]) == ("Mine", "<p>Mine.</p>", "N")
    assert form["based_on"] == mine["based_on"]
    assert html.parse(back).xpath("//form[@data-unsaved]")
    assert latest(article).body == "<p>Hers.</p>"


def test_differences_are_shown_when_asked_for(desk, editor, leila):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article) | {"body": "<p>Mine.</p>", "_compare": ""}

    change_draft(article, by=editor, title="From my other window")
    own = desk.post(url(article), mine)
    change_draft(article, by=leila, title="Hers")
    other = desk.post(url(article), mine)

    assert [own.status_code, other.status_code] == [409, 409]
    assert html.all_words(own, "//legend")[0] == "Title: changed in your other window"
    assert html.all_words(other, "//legend")[0] == "Title: Leila changed this"


def test_asking_for_differences_where_there_are_none_saves(desk):
    article = make_article("Ours", body="<p>One.</p>")

    response = desk.post(
        url(article), open_form(desk, article) | {"body": "<p>Mine.</p>", "_compare": ""}
    )

    assert response.status_code == 302
    assert latest(article).body == "<p>Mine.</p>"


def test_without_a_common_beginning_both_are_kept(desk, leila):
    article = make_article("Ours", body="<p>One.</p><p>Two.</p>")
    mine = open_form(desk, article) | {
        "body": "<p>One.</p><p>Mine.</p>",
        "tags": json.dumps([{"value": "Rail"}]),
        "_save": "",
    }
    change_draft(article, by=leila, body="<p>One.</p><p>Hers.</p>", tags=["Sea"])
    article.revisions.filter(edition=1).update(edition=99)

    page = desk.post(url(article), mine)
    desk.post(url(article), chosen(page))

    assert html.all_words(page, "//legend") == ["Text: this differs", "Tags: this differs"]
    assert latest(article).body == "<p>One.</p><p>Hers.</p><p>Mine.</p>"
    assert latest(article).tags == ["Sea", "Rail"]


def test_every_field_is_shown_and_merged(desk, leila):
    images = [make_image(f"Picture {number}") for number in range(2)]
    cited = [make_public(f"Cited {number}") for number in range(2)]
    article = make_article("Ours", language="en", lead_image_id=images[0].pk)
    mine = open_form(desk, article) | {
        "lead_image": images[1].uid,
        "language": "de",
        "related": json.dumps([{"value": "https://example.org/"}]),
        "corrects": json.dumps([{"value": f"article:{cited[0].uid}"}]),
        "relation_note": "Mine.",
        "slug": "mine",
        "_save": "",
    }
    relations = [{"article": one.uid, "kind": "corrects", "section": ""} for one in cited]
    change_draft(
        article,
        by=leila,
        related=[{"article": cited[0].uid}],
        relations=[item | {"note": "Hers."} for item in relations],
        slug="hers",
    )

    page = desk.post(url(article), mine)
    desk.post(url(article), chosen(page))

    assert html.all_words(page, "//legend") == [
        "Address: both of you changed this",
        "Language: you changed this",
        "Lead picture: you changed this",
        "Related links: both of you changed this",
        "What it updates, corrects or has as parts: both of you changed this",
    ]
    assert html.all_words(page, "//fieldset//ins") == [
        *("hers", "mine", "German", "1", "Cited 0", "https://example.org/"),
        *("Corrects: Cited 0", "Corrects: Cited 1", "Notice: Hers."),
        *("Corrects: Cited 0", "Notice: Mine."),
    ]
    saved = latest(article)
    assert (saved.slug, saved.language, saved.lead_image) == ("mine", "de", images[1])
    assert saved.related == [
        {"article": cited[0].uid},
        {"url": "https://example.org/", "title": ""},
    ]
    assert saved.relations == [
        relations[0] | {"note": "Hers. Mine."},
        relations[1] | {"note": "Hers."},
    ]


def test_what_a_form_does_not_show_is_no_change(desk, leila):
    cited = [make_public(f"Cited {number}") for number in range(2)]
    link = {"url": "https://example.org/", "title": "An old title"}
    notes = [
        {"kind": "updates", "article": one.uid, "section": "", "note": f"Note {number}"}
        for number, one in enumerate(cited)
    ]
    article = make_article("Ours", related=[link], relations=notes)
    mine = open_form(desk, article)
    change_draft(article, by=leila, related=[], relations=notes[1:])

    page = desk.post(url(article), mine | {"title": "Mine", "_save": ""})

    assert asked(page) == {"title": "yours", "related": "theirs", "relations": "theirs"}


def test_changes_in_one_paragraph_are_woven_together(desk, leila):
    article = make_article("Ours", body="<p>It is a sea. It is deep.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, body="<p>It is a lake. It is deep.</p>")

    page = desk.post(
        url(article), mine | {"body": "<p>It is a sea. It is very deep.</p>", "_save": ""}
    )
    desk.post(url(article), chosen(page))

    assert html.all_words(page, html.by_class("conflict__both")) == [
        "Both changes in one paragraph It is a sea. lake. It is very deep."
    ]
    assert latest(article).body == "<p>It is a lake. It is very deep.</p>"
    assert article.revisions.count() == 3


def test_formatting_that_differs_is_named(desk, leila):
    article = make_article("Ours", body="<p>One two.</p>")
    mine = open_form(desk, article) | {"body": "<p>One <strong>two</strong>.</p>", "_save": ""}
    change_draft(article, by=leila, body="<p>One <em>two</em>.</p>")

    page = desk.post(url(article), mine)

    assert "links, pictures or formatting differ" in page.content.decode()


def test_words_are_shown_and_not_run(desk, leila):
    article = make_article("Ours", body="<p>One.</p>")
    change = "&lt;script&gt;alert(1)&lt;/script&gt;"
    mine = open_form(desk, article) | {"title": "<script>alert(2)", "body": f"<p>{change}</p>"}
    change_draft(article, by=leila, title="<img src=x>", body=f"<p>{change} too</p>")

    page = desk.post(url(article), mine | {"_save": ""})

    assert page.status_code == 409
    assert html.parse(page).xpath("//form[@class='conflict']//script | //form//img") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"theirs": "9" * 40},
        {"theirs": "x"},
        {"theirs": "77"},
        {"shape": "another"},
        {"shape": "\x00"},
    ],
)
def test_answer_to_another_question_asks_again(desk, leila, changes):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, body="<p>Hers.</p>")
    page = desk.post(url(article), mine | {"body": "<p>Mine.</p>", "_save": ""})

    response = desk.post(url(article), chosen(page) | changes)

    assert response.status_code == 409
    assert latest(article).body == "<p>Hers.</p>"


def test_form_that_has_become_wrong_comes_back_with_its_words(desk, leila):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article)
    change_draft(article, by=leila, body="<p>Hers.</p>")
    page = desk.post(url(article), mine | {"body": "<p>Mine.</p>", "_save": ""})

    response = desk.post(url(article), chosen(page) | {"slug": "feed"})

    assert response.status_code == 422
    assert fields(response)["body"] == "<p>Mine.</p>"


def test_what_the_writing_surface_adds_is_no_change(desk, leila):
    table = "<table><tbody><tr><td>a</td></tr></tbody></table>"
    edited = table.replace("<td>a", '<td colspan="1" rowspan="1"><p>a</p>')
    article = make_article("Ours", body=f"{table}<p>One.</p>")
    mine = open_form(desk, article) | {"body": f"{edited}<p>One.</p><p>Mine.</p>", "_save": ""}
    change_draft(article, by=leila, body=f"{table}<p>Hers.</p>")

    page = desk.post(url(article), mine)

    assert asked(page) == {"text-1": "theirs", "text-2": "yours"}


def test_heading_that_both_have_put_in_is_one(desk, leila):
    article = make_article("Ours", body="<p>One.</p>")
    mine = open_form(desk, article) | {"body": "<h2>Sea</h2><p>One.</p><p>Mine.</p>", "_save": ""}
    change_draft(article, by=leila, body="<h2>Sea</h2><p>One.</p><p>Hers.</p>")

    page = desk.post(url(article), mine)
    desk.post(url(article), chosen(page))

    assert latest(article).body == '<h2 id="s-sea">Sea</h2><p>One.</p><p>Hers.</p><p>Mine.</p>'


def test_only_who_may_change_it_sees_what_differs(client, django_user_model, leila):
    user = django_user_model.objects.create_user("guest", is_staff=True)
    user.groups.add(Group.objects.get(name=rights.CONTRIBUTOR))
    article = make_article("Ours", body="<p>One.</p>", by=leila)
    client.force_login(user)

    response = client.post(url(article), {"title": "Mine", "based_on": "1", "_compare": ""})

    assert response.status_code == 403
    assert Article.objects.get().latest_revision.title == "Ours"
