"""What is written is saved while it is written, and no field and no retry stands in the way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.utils import timezone

from articles import presence, publishing, rights
from articles.models import Article, Presence, Revision
from irb_site.uids import new_uid
from tests import html
from tests.factories import change_draft, make_article, make_author, make_image, make_public

pytestmark = pytest.mark.django_db

URL = "/admin/articles/article/autosave/"
SESSION = "/admin/articles/article/session/"


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def make_member(django_user_model, name, role=rights.EDITOR, **names):
    user = django_user_model.objects.create_user(name, password="x", is_staff=True, **names)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def leila(django_user_model):
    return make_member(django_user_model, "leila", first_name="Leila", last_name="Karimi")


def words(article=None, **changes):
    """What the form's script sends."""
    revision = article.revisions.latest() if article else Revision()
    data = {
        "article": article.pk if article else "",
        "based_on": revision.edition if article else "",
        "title": revision.title,
        "standfirst": revision.standfirst,
        "body": revision.body,
        "slug": revision.slug,
        "language": "en",
        "lead_image": "",
        "authors": "[]",
        "tags": "[]",
        "related": "[]",
    }
    return data | changes


def save(client, article=None, *, status=200, **changes):
    response = client.post(URL, words(article, **changes))
    assert response.status_code == status, response.content
    return response.json()


def presence_url(article):
    return f"/admin/articles/article/{article.pk}/presence/"


# Existing articles


def test_autosaves_of_one_sitting_are_one_version(desk):
    article = make_article("Before", body="<p>Start</p>")

    first = save(desk, article, body="<p>One</p>")
    second = save(desk, article, body="<p>One two</p>")

    assert (first["number"], second["number"]) == (2, 2)
    assert second["edition"] == first["edition"] + 1 == 3
    assert article.revisions.latest().body == "<p>One two</p>"
    assert not article.revisions.latest().is_sealed


def test_autosave_of_live_article_changes_nothing_for_readers(desk):
    article = make_public("Live", body="<p>Seen</p>")

    answer = save(desk, article, body="<p>Unseen</p>")

    article.refresh_from_db()
    assert (article.state, article.body) == ("live", "<p>Seen</p>")
    assert answer["state"]["name"] == "changed"


def test_answer_says_what_the_form_needs_to_go_on(desk):
    article = make_article("Before", tags=["A tag"], authors=[make_author()])

    answer = save(
        desk, article, body="<h2>The Sea</h2><p>TK</p><blockquote><h3>Its <em>Bed</em></h3>"
    )

    revision = article.revisions.latest()
    assert answer["pk"] == article.pk
    assert answer["url"] == f"/admin/articles/article/{article.pk}/change/"
    assert answer["presence"] == presence_url(article)
    assert answer["preview"].endswith(f"/preview/{revision.number}/")
    assert answer["edition"] == revision.edition
    assert answer["saved_at"] == timezone.localtime(revision.saved_at).strftime("%H:%M")
    assert answer["headings"] == [
        {"id": "s-the-sea", "text": "The Sea"},
        {"id": "s-its-bed", "text": "Its Bed"},
    ]
    assert answer["problems"] == {}
    assert [(one["key"], one["level"]) for one in answer["findings"]] == [
        ("placeholder", "stop"),
        ("author", "warning"),
        ("tags", "warning"),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 201),
        ("slug", "feed"),
        ("language", "xx"),
        ("lead_image", "a" * 16),
        ("body", '<figure><img data-image="aaaaaaaaaaaaaaaa" alt=""></figure>'),
        ("authors", '[{"value": "nobody"}]'),
        ("authors", "[["),
        ("authors", "[" * 100_000),
        ("tags", '[{"value": "…"}]'),
        ("related", '[{"value": "nonsense"}]'),
        ("corrects", '[{"value": "nonsense"}]'),
        ("relation_note", "x" * 301),
    ],
)
def test_field_that_can_not_be_taken_holds_up_nothing_else(desk, field, value):
    author, cited = make_author(), make_public("Cited")
    article = make_article(
        "Before",
        slug="before",
        body="<p>Start</p>",
        authors=[author],
        tags=["Kept"],
        lead_image_id=make_image().pk,
        related=[{"url": "https://example.org/", "title": "Kept"}],
        relations=[{"kind": "corrects", "article": cited.uid, "section": "", "note": "Kept"}],
    )
    before = article.revisions.latest()

    answer = save(desk, article, **{"standfirst": "New words", field: value})

    after = article.revisions.latest()
    stored = {
        "authors": "bylines",
        "lead_image": "lead_image_id",
        "corrects": "relations",
        "relation_note": "relations",
    }.get(field, field)
    assert list(answer["problems"]) == [field]
    assert answer["problems"][field].endswith((".", ")"))
    assert after.standfirst == "New words"
    assert getattr(after, stored) == getattr(before, stored)


def test_invisible_and_half_characters_are_dropped(desk):
    article = make_article("Before")

    answer = save(
        desk,
        article,
        tags='[{"value": "Rail\\u0000ways"}, {"value": "\\ud800Sea"}]',
        body="<p>a\x00b</p>",
        title="\x00 The\x00 Sea\x1b",
        standfirst="Of\x00 ships",
        slug="the-\x00sea",
        note="\x00",
    )

    after = article.revisions.latest()
    assert answer["problems"] == {}
    assert (after.title, after.standfirst) == ("The Sea", "Of ships")
    assert (after.body, after.slug) == ("<p>ab</p>", "the-sea")
    assert after.tags == ["Railways", "Sea"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"article": "9" * 30}, 404),
        ({"article": "x"}, 404),
        ({"article": "", "uid": "no uid"}, 400),
        ({"article": "", "uid": new_uid(), "kind": "poem"}, 400),
        ({"based_on": "9" * 30}, 400),
        ({"based_on": "-1"}, 400),
        ({"based_on": "\x00"}, 400),
    ],
)
def test_form_that_can_not_be_saved_is_told_so(desk, changes, status):
    response = desk.post(URL, words(make_article("Before")) | changes)

    assert response.status_code == status
    assert "eload the page" in response.json()["error"]
    assert Revision.objects.count() == 1


def test_trashed_article_is_not_saved(desk, editor):
    article = make_article("Before")
    publishing.trash(article, by=None)

    answer = save(desk, article, status=422, title="After")

    assert answer["error"] == "This article is in the trash. Take it out first."


def test_only_who_may_change_it_saves(client, django_user_model):
    article = make_article("Before")
    client.force_login(make_member(django_user_model, "guest", rights.CONTRIBUTOR))

    answer = save(client, article, status=403, title="After")

    assert answer["error"] == "You may not do this. Ask an editor."
    assert article.revisions.latest().title == "Before"


def test_who_is_signed_out_gets_no_answer_that_looks_like_one(client):
    response = client.post(URL, words(make_article("Before"), title="After"))

    assert response.status_code == 302
    assert client.get(URL).status_code == 302
    assert client.get(SESSION).json() == {"user": None}


def test_addresses_take_one_method_each_and_are_not_stored(desk, editor):
    article = make_article("Before")

    assert desk.get(URL).status_code == 405
    assert desk.get(presence_url(article)).status_code == 405
    assert desk.post(SESSION).status_code == 405
    answer = desk.get(SESSION)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert (answer.json()["user"], answer.json()["name"]) == (editor.pk, "editor")
    assert len(answer.json()["csrf"]) == 64


# New articles


def test_new_article_begins_once_however_often_it_is_sent(desk, editor):
    uid = new_uid()

    first = save(desk, uid=uid, title="New", body="<h2>The Sea</h2>")
    # The answer was lost: the form sends the same again, and then goes on.
    again = save(desk, uid=uid, title="New", body="<h2>The Sea</h2>")
    later = save(desk, uid=uid, title="Newer", body="<h2>The Sea</h2><h2>The Sea</h2>")

    article = Article.objects.get()
    assert (article.uid, article.created_by, article.pk) == (uid, editor, first["pk"])
    assert (again["edition"], article.revisions.count()) == (first["edition"], 2)
    assert later["headings"] == [
        {"id": "s-the-sea", "text": "The Sea"},
        {"id": "s-the-sea-2", "text": "The Sea"},
    ]


def test_new_article_that_begins_twice_at_once_begins_once(desk, monkeypatch):
    uid = new_uid()
    create = publishing.create

    def create_as_the_other_does(*args, **kwargs):
        create(*args, **kwargs)
        raise IntegrityError("the other request was faster")

    monkeypatch.setattr(publishing, "create", create_as_the_other_does)

    answer = save(desk, uid=uid, title="New")

    assert Article.objects.get().pk == answer["pk"]


def test_new_series_is_a_series(desk):
    answer = save(desk, uid=new_uid(), kind="series", title="New")

    assert Article.objects.get(pk=answer["pk"]).kind == "series"


def test_new_article_needs_no_word_that_is_right(desk):
    answer = save(desk, uid=new_uid(), title="x" * 201, slug="feed", language="")

    assert sorted(answer["problems"]) == ["language", "slug", "title"]
    assert Article.objects.get(pk=answer["pk"]).latest_revision.title == ""


def test_contributor_begins_articles_and_no_pages(client, django_user_model):
    client.force_login(make_member(django_user_model, "guest", rights.CONTRIBUTOR))

    save(client, uid=new_uid(), title="Mine")
    save(client, uid=new_uid(), kind="page", title="Everybody's", status=403)

    assert [article.latest_revision.title for article in Article.objects.all()] == ["Mine"]


def test_id_of_somebody_elses_article_is_refused(desk, leila):
    article = make_article("Theirs", by=leila)

    save(desk, uid=article.uid, title="Mine", status=403)

    assert article.revisions.latest().title == "Theirs"


def test_form_of_a_new_article_that_was_autosaved_saves_that_one(desk):
    uid = new_uid()
    save(desk, uid=uid, title="New")

    response = desk.post("/admin/articles/article/add/", words(uid=uid, title="Newer", _save=""))

    article = Article.objects.get()
    assert response.url == f"/admin/articles/article/{article.pk}/change/"
    assert article.latest_revision.title == "Newer"


def test_form_of_a_new_article_overwrites_nobody_who_went_on_with_it(desk, leila):
    uid = new_uid()
    save(desk, uid=uid, title="New")
    article = Article.objects.get()
    change_draft(article, by=leila, title="Theirs")

    response = desk.post("/admin/articles/article/add/", words(uid=uid, title="Mine", _save=""))
    save(desk, uid=uid, title="Mine", status=409)

    assert response.status_code == 409
    assert article.revisions.latest().title == "Theirs"


# Others


def test_autosave_overwrites_no_colleague(desk, leila):
    article = make_article("Before", body="<p>Start</p>")
    mine = words(article, body="<p>Mine</p>")
    change_draft(article, by=leila, body="<p>Theirs</p>")

    response = desk.post(URL, mine)

    assert response.status_code == 409
    assert response.json()["error"].startswith("Leila Karimi saved this article at ")
    assert response.json()["edition"] == 2
    assert article.revisions.latest().body == "<p>Theirs</p>"


def test_own_second_window_is_no_conflict_and_loses_nothing(desk):
    article = make_article("Before", body="<p>Start</p>")
    first, second = words(article, body="<p>One</p>"), words(article, body="<p>Two</p>")

    answers = [desk.post(URL, data) for data in (first, second)]

    assert [answer.status_code for answer in answers] == [200, 200]
    bodies = list(article.revisions.order_by("number").values_list("body", flat=True))
    assert bodies == ["<p>Start</p>", "<p>One</p>", "<p>Two</p>"]


def test_what_a_colleague_began_from_is_kept(desk, client, leila, editor):
    article = make_article("Before", by=editor, body="<p>Start</p>")
    save(desk, article, body="<p>Half a</p>")

    client.force_login(leila)
    page = client.get(f"/admin/articles/article/{article.pk}/change/")
    client.force_login(editor)
    save(desk, article, body="<p>Half a sentence.</p>")

    edition = int(page.context["form"]["based_on"].value())
    assert article.revisions.get(edition=edition).body == "<p>Half a</p>"
    assert article.revisions.latest().body == "<p>Half a sentence.</p>"


def test_looking_at_ones_own_draft_again_keeps_nothing(desk):
    article = make_article("Before")
    save(desk, article, title="One")
    desk.get(f"/admin/articles/article/{article.pk}/change/")

    save(desk, article, title="Two")

    assert article.revisions.count() == 2


def at_work(client, article, **data):
    response = client.post(presence_url(article), data)
    assert response.status_code == 200
    return response.json()


def test_presence_says_who_is_at_it(desk, leila, django_user_model):
    article = make_article("Ours")
    now = timezone.now()
    omid = make_member(django_user_model, "omid")
    presence.enter(article, leila, now=now, has_written=True)
    presence.enter(article, omid, now=now - timedelta(minutes=1))

    others = at_work(desk, article)["others"]

    assert others == [
        {"name": "Leila Karimi", "words": "Leila Karimi is editing this now."},
        {"name": "omid", "words": "omid has this open."},
    ]


@pytest.mark.parametrize(
    ("wrote", "seen", "words"),
    [
        (2, 0, "Leila Karimi is editing this, 2 minutes ago."),
        (29, 29, "Leila Karimi is editing this, 29 minutes ago."),
        (31, 1, "Leila Karimi has this open."),
        (None, 5, "Leila Karimi had this open 5 minutes ago."),
        (None, 31, None),
        (31, 31, None),
    ],
)
def test_presence_fades(desk, leila, wrote, seen, words):
    article, now = make_article("Ours"), timezone.now()
    minute = timedelta(minutes=1)
    if wrote is not None:
        presence.enter(article, leila, now=now - wrote * minute, has_written=True)
    presence.enter(article, leila, now=now - seen * minute)

    others = at_work(desk, article)["others"]

    assert [other["words"] for other in others] == ([words] if words else [])


def test_saving_and_leaving_are_seen_by_others(desk, client, editor, leila):
    article = make_article("Ours")
    save(desk, article, title="Mine")
    now = timezone.now()

    while_writing = presence.others(article, leila, now=now)
    at_work(desk, article, leaving="1")

    assert [other["words"] for other in while_writing] == ["editor is editing this now."]
    assert presence.others(article, leila, now=now) == []
    assert presence.others(article, editor, now=now) == []


def test_presence_names_a_newer_version(desk, editor, leila):
    article = make_article("Ours")

    assert at_work(desk, article, edition="1")["newer"] is None
    change_draft(article, by=leila, title="Theirs")
    newer = at_work(desk, article, edition="1")["newer"]
    assert (newer["edition"], newer["is_own"]) == (2, False)
    assert newer["words"].startswith("Leila Karimi saved a newer version at ")
    assert at_work(desk, article, edition="2")["newer"] is None
    change_draft(article, by=editor, title="Mine")
    newer = at_work(desk, article, edition="9" * 50)["newer"]
    assert newer["is_own"]
    assert newer["words"].startswith("You saved a newer version at ")


def test_presence_is_for_who_may_write(client, django_user_model):
    article = make_article("Ours")
    client.force_login(make_member(django_user_model, "guest", rights.CONTRIBUTOR))

    assert client.post(presence_url(article)).status_code == 403
    assert client.post("/admin/articles/article/999/presence/").status_code == 404
    assert not Presence.objects.exists()


def test_presence_asks_as_much_of_the_database_for_many(
    desk, django_user_model, django_assert_num_queries
):
    article = make_article("Ours")
    at_work(desk, article)
    for number in range(3):
        user = make_member(django_user_model, f"user{number}")
        presence.enter(article, user, now=timezone.now())

        # Session, user, article, update, colleagues.
        with django_assert_num_queries(5):
            others = at_work(desk, article)["others"]
        assert len(others) == number + 1


def test_absent_are_forgotten_after_a_day(leila, editor):
    article, now = make_article("Ours"), timezone.now()
    presence.enter(article, leila, now=now - timedelta(hours=25))
    presence.enter(article, editor, now=now - timedelta(hours=23))

    assert presence.forget_absent(now=now) == 1
    assert [row.user for row in Presence.objects.all()] == [editor]


# The form


def test_form_lists_what_is_to_be_done_before_publishing(desk):
    article = make_article("Ours", body="<p>TK</p>", tags=["A tag"])

    response = desk.get(f"/admin/articles/article/{article.pk}/change/")

    assert html.all_words(response, html.by_class("check")) == [
        "Stops publishing: Fill in the TK that is still in the text.",
        "Warning: Say who wrote it: add an author.",
    ]
    assert html.parse(response).xpath("//*[@class='checks__none']/@hidden")


def test_form_says_when_nothing_is_to_be_done(desk):
    article = make_article("Ours", tags=["A tag"], authors=[make_author()])

    response = desk.get(f"/admin/articles/article/{article.pk}/change/")

    assert html.all_words(response, html.by_class("checks__none")) == ["Ready to publish."]
    assert not html.parse(response).xpath("//*[@class='checks__none']/@hidden")


def test_new_form_lists_what_is_to_be_done(desk):
    response = desk.get("/admin/articles/article/add/")

    assert html.all_words(response, html.by_class("check")) == [
        "Warning: Write a standfirst: one or two sentences under the title.",
        "Warning: Say who wrote it: add an author.",
        "Warning: Add a tag, so that readers find it.",
    ]


def test_field_that_does_not_come_keeps_what_was_saved(desk, editor):
    author, image = make_author("Ada"), make_image()
    article = make_article(
        "Quay", by=editor, body="<p>Many words.</p>", authors=[author], tags=["Oil"], slug="quay",
        lead_image_id=image.pk, related=[{"url": "https://a.example/", "title": ""}],
        relations=[{"kind": "updates", "article": make_public().uid, "section": "", "note": "N"}],
    )  # fmt: skip
    before = publishing.Words.of(article.latest_revision)

    # As an older form sends it, or one that was cut off on the way.
    response = desk.post(URL, {"article": article.pk, "based_on": "1", "title": "Pier"})

    assert response.status_code == 200
    assert publishing.Words.of(article.revisions.latest()) == replace(before, title="Pier")


def test_clock_that_was_put_right_does_not_make_one_sitting_of_many_days(leila):
    article = make_article("Quay", by=leila)
    for title in ("Pier", "Mole"):
        latest = article.revisions.latest()
        publishing.autosave(
            article, publishing.Words(title=title), by=leila, based_on=latest.edition
        )
        article.revisions.update(saved_at=timezone.now() + timedelta(days=400))

    titles = list(article.revisions.order_by("number").values_list("title", flat=True))
    assert titles == ["Quay", "Pier", "Mole"]
