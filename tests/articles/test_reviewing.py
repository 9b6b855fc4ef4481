"""Handing in, deciding, commenting and assigning: the views, and who may use them."""

import json
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from articles import publishing, rights
from articles.admin import reviewing
from articles.models import Article, AuditEntry, Comment, Notification, Submission
from articles.state_words import describe_state, with_decisions
from tests import html
from tests.factories import change_draft, make_article

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(django_user_model):
    users = {}
    for name, role in (
        *(("marta", rights.CONTRIBUTOR), ("other", rights.CONTRIBUTOR)),
        *(("leila", rights.EDITOR), ("pavel", rights.PUBLISHER)),
    ):
        users[name] = django_user_model.objects.create_user(
            name, f"{name}@example.org", first_name=name.capitalize(), is_staff=True
        )
        users[name].groups.add(Group.objects.get(name=role))
    return users


@pytest.fixture
def article(people):
    return make_article("The Corridor", by=people["marta"], body="<p>It is a plan.</p>")


@pytest.fixture
def handed_in(article, people):
    publishing.submit(article, by=people["marta"], note="Look at the numbers")
    return Article.objects.get(pk=article.pk)


def url(name, article, *more):
    return reverse(f"admin:articles_article_{name}", args=[article.pk, *more])


def fresh(article):
    return Article.objects.select_related("submission", "latest_revision").get(pk=article.pk)


def words(response, xpath):
    return " ".join(html.all_words(response, xpath))


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def decide(client, user, article, do, comment="", **more):
    client.force_login(user)
    data = {"do": do, "comment": comment, "submission": article.submission_id or ""} | more
    return client.post(url("review", article), data, follow=True)


def say(client, user, article, text="A remark", **more):
    client.force_login(user)
    return client.post(url("comments", article), {"text": text} | more)


# Who may


def act(client, user, article, do, *, remark, task):
    """The status of the answer to an act of the review."""
    client.force_login(user)
    posts = {
        "comment": ("comments", [], {"text": "A remark"}),
        "answer": ("comments", [], {"text": "An answer", "parent": remark.pk}),
        "resolve": ("settle", [remark.pk], {"do": "resolve"}),
        "assign": ("assign", [], {"to": task.by.pk}),
        "finish": ("finish", [task.pk], {}),
    }
    if do in ("comments", "people"):
        return client.get(url(do, article)).status_code
    if do in posts:
        name, more, data = posts[do]
        return client.post(url(name, article, *more), data, follow=True).status_code
    return decide(client, user, article, do, "Why").status_code


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("approve", [403, 403, 200, 200]),
        ("send_back", [403, 403, 200, 200]),
        ("take_back", [200, 403, 200, 200]),
        ("comment", [200, 403, 200, 200]),
        ("answer", [200, 403, 200, 200]),
        ("resolve", [200, 403, 200, 200]),
        ("comments", [200, 403, 200, 200]),
        ("people", [200, 403, 200, 200]),
        ("assign", [403, 403, 200, 200]),
        ("finish", [403, 403, 200, 200]),
    ],
)
def test_each_act_is_open_to_its_roles_and_closed_to_the_others(
    client, people, article, do, expected
):
    """marta wrote the article; other is a contributor who has nothing to do with it."""
    found = []
    for name in ("marta", "other", "leila", "pavel"):
        publishing.submit(article, by=None)
        remark = publishing.comment(article, "First", by=people["leila"])
        task = publishing.assign(article, people["pavel"], by=people["leila"])
        before = AuditEntry.objects.count()
        found.append(act(client, people[name], fresh(article), do, remark=remark, task=task))
        # What is refused leaves no trace.
        reads = do in ("comments", "people")
        assert (AuditEntry.objects.count() > before) == (found[-1] == 200 and not reads)

    assert found == expected


def test_strangers_are_asked_to_log_in_and_what_is_deleted_is_gone(client, people, article):
    paths = [url("review", article), url("comments", article), url("people", article)]
    anonymous = {client.post(path).status_code for path in paths}
    client.force_login(people["leila"])
    elsewhere = [path.replace(f"/{article.pk}/", "/999999/") for path in paths]
    huge = paths[1].replace(f"/{article.pk}/", f"/{'9' * 30}/")

    assert anonymous == {302}
    assert [client.post(path).status_code for path in elsewhere[:2]] == [404, 404]
    assert client.get(huge).status_code == 404
    assert client.get(paths[0]).status_code == 405


# Decisions


def test_approved_sent_back_and_taken_back_is_shown_with_its_words(client, people, handed_in):
    approved = decide(client, people["leila"], handed_in, "approve")
    assert fresh(handed_in).submission.outcome == Submission.Outcome.APPROVED
    sent = decide(client, people["leila"], handed_in, "send_back", "The sum is wrong.\r\nAdd it up")

    assert messages_of(approved) == ["It is approved. The Publish button shows it to readers."]
    assert messages_of(sent) == ["It is sent back, with your comment."]
    assert fresh(handed_in).submission is None
    submission = Submission.objects.get()
    assert (submission.outcome, submission.decided_by) == ("sent_back", people["leila"])
    assert submission.comment == "The sum is wrong.\nAdd it up"
    shown = words(sent, '//*[@id="review"]')
    assert "Sent back by Leila just nowThe sum is wrong.Add it up" in shown
    assert shown.count("The sum is wrong.") == 1

    publishing.submit(handed_in, by=people["marta"])
    back = decide(client, people["marta"], fresh(handed_in), "take_back")
    assert messages_of(back) == ["It isn't handed in any more: you can go on writing."]
    assert fresh(handed_in).submission is None


@pytest.mark.parametrize(
    ("do", "comment", "sentence"),
    [
        ("send_back", " \n ", "Say in a comment what is to be done before it can go out."),
        ("send_back", "x" * 5001, "A comment has at most 5000 characters. Make two of it."),
        ("explode", "", "Choose whether to approve it or to send it back."),
        ("", "", "Choose whether to approve it or to send it back."),
    ],
)
def test_decision_that_cannot_be_taken_says_why(client, people, handed_in, do, comment, sentence):
    response = decide(client, people["leila"], handed_in, do, comment)

    assert messages_of(response)[0] == sentence
    assert fresh(handed_in).submission.outcome == Submission.Outcome.WAITING


@pytest.mark.parametrize("given", ["", "x", "9" * 40, "-1", "\x00", "٣"])
def test_odd_numbers_of_what_was_looked_at_do_no_harm(client, people, handed_in, given):
    response = decide(client, people["leila"], handed_in, "approve", submission=given)

    assert response.status_code == 200
    assert len(messages_of(response)) == 1


def test_what_was_handed_in_anew_meanwhile_is_not_decided_unseen(client, people, handed_in):
    change_draft(handed_in, by=people["marta"], body="<p>Another one.</p>")
    publishing.submit(handed_in, by=people["marta"])

    response = decide(client, people["leila"], handed_in, "approve", "Fine by me <b>")

    assert messages_of(response) == [
        "It was handed in anew after you opened this page. Look at the newer version first.",
        "Your comment, which was not sent: “Fine by me &lt;b&gt;”",
    ]
    assert fresh(handed_in).submission.outcome == Submission.Outcome.WAITING


def test_editor_sees_what_was_handed_in_and_that_the_draft_has_gone_on(client, people, handed_in):
    client.force_login(people["leila"])
    before = words(client.get(url("change", handed_in)), '//*[@id="review"]')
    change_draft(handed_in, by=people["marta"], body="<p>Another one.</p>")
    after = words(client.get(url("change", handed_in)), '//*[@id="review"]')

    assert "Version 1 was handed in by Marta, just now." in before
    assert "Look at the numbers" in before
    assert "The draft has gone on" not in before
    assert "the newest is version 2" in after


def test_note_on_the_version_goes_with_what_is_handed_in(client, people, article):
    client.force_login(people["marta"])
    revision = article.latest_revision
    data = {"title": revision.title, "body": revision.body, "language": "en", "_submit": "",
            "authors": "[]", "tags": "[]", "related": "[]", "note": "Please be quick",
            "standfirst": revision.standfirst}  # fmt: skip

    client.post(url("change", article), data)

    assert Submission.objects.get().note == "Please be quick"


def test_state_says_who_sent_the_newest_draft_back_until_it_goes_on(people, handed_in):
    publishing.send_back(handed_in, by=people["leila"], comment="Shorter")
    sent_back = describe_state(with_decisions(fresh(handed_in)))
    unloaded = describe_state(fresh(handed_in))
    publishing.submit(handed_in, by=people["marta"])
    publishing.take_back(handed_in, by=people["marta"])
    taken_back = describe_state(with_decisions(fresh(handed_in)))
    publishing.submit(handed_in, by=people["marta"])
    publishing.send_back(handed_in, by=people["leila"], comment="Shorter")
    change_draft(handed_in, by=people["marta"], body="<p>Short.</p>")
    gone_on = describe_state(with_decisions(fresh(handed_in)))

    assert sent_back == "Draft, never public; saved just now; sent back by Leila just now"
    assert unloaded == taken_back == gone_on == "Draft, never public; saved just now"


def test_state_says_when_the_draft_has_gone_on_since_it_was_approved(people, handed_in):
    publishing.approve(handed_in, by=people["leila"])
    approved = describe_state(fresh(handed_in))
    change_draft(handed_in, by=people["marta"], body="<p>Short.</p>")
    gone_on = describe_state(fresh(handed_in))

    assert approved.endswith("; approved, ready to go out")
    assert gone_on.endswith("; a version before this one was approved")


# Comments


def shown_remarks(response):
    return json.loads(response.content)["html"]


def test_comment_on_a_passage_leaves_the_text_as_it_is(client, people, article):
    before = Article.objects.filter(pk=article.pk).values().get()
    body, edition = article.latest_revision.body, article.latest_revision.edition

    response = say(
        client, people["leila"], article, "Which plan?\r\nHere", section="s-x", quote="a  plan",
        before="It is ",
    )  # fmt: skip

    assert response.status_code == 200
    remark = Comment.objects.get()
    assert (remark.text, remark.quote, remark.section) == ("Which plan?\nHere", "a plan", "s-x")
    assert remark.before == "It is"
    after = fresh(article)
    assert (after.latest_revision.body, after.latest_revision.edition) == (body, edition)
    assert Article.objects.filter(pk=article.pk).values().get() == before
    assert after.revisions.count() == 1


def test_what_is_written_is_shown_as_it_was_written(client, people, article):
    text = "<script>alert(1)</script> & “quotes”\nsecond line"
    response = say(client, people["leila"], article, text, quote='"><img src=x>')

    shown = shown_remarks(response)
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; “quotes”<br>second line" in shown
    assert 'data-quote="&quot;&gt;&lt;img src=x&gt;"' in shown
    assert shown.strip() in client.get(url("change", article)).content.decode()


def test_answers_resolving_and_reopening(client, people, article):
    first = publishing.comment(article, "First", by=people["leila"], quote="a plan")
    answered = say(client, people["marta"], article, "Second", parent=first.pk, quote="It")
    answer = Comment.objects.get(text="Second")
    # An answer to an answer is one to the remark.
    say(client, people["leila"], article, "Third", parent=answer.pk)
    settle = url("settle", article, first.pk)
    resolved = client.post(settle, {"do": "resolve"})
    again = client.post(settle, {"do": "resolve"})

    assert json.loads(answered.content)["added"] == first.pk
    assert (answer.parent, answer.quote) == (first, "")
    assert Comment.objects.get(text="Third").parent == first
    assert json.loads(resolved.content)["open"] == 0
    assert "Resolved by Leila just now" in shown_remarks(again)
    assert AuditEntry.objects.filter(act="resolved").count() == 1

    client.post(settle, {"do": "reopen"})
    assert Comment.objects.get(pk=first.pk).resolved_at is None
    client.post(settle, {"do": "resolve"})
    say(client, people["marta"], article, "Fourth", parent=first.pk)
    assert Comment.objects.get(pk=first.pk).resolved_at is None


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        ({"text": ""}, 400, "Write a comment first."),
        ({"text": "\x00 \x1b"}, 400, "Write a comment first."),
        ({"text": "x" * 100_000}, 400, "A comment has at most 5000 characters. Make two of it."),
        ({"text": "x", "parent": "999"}, 404, "The comment that you answer isn't here any more."),
        (
            {"text": "x", "parent": "9" * 50},
            404,
            "The comment that you answer isn't here any more.",
        ),
        ({"text": "x", "parent": "\x00"}, 404, "The comment that you answer isn't here any more."),
    ],
)
def test_comment_that_cannot_be_kept_says_why(client, people, article, data, status, sentence):
    response = say(client, people["leila"], article, **data)

    assert (response.status_code, response.json()) == (status, {"error": sentence})
    assert not Comment.objects.exists()
    assert "no-store" in response.headers["Cache-Control"]


def test_odd_values_are_cut_to_what_can_be_kept(client, people, article):
    response = say(
        client, people["leila"], article, "a\x00b\x1b", section="s\x00" * 200,
        quote="q\x00 " * 400, before="\x00b" * 400,
    )  # fmt: skip

    assert response.status_code == 200
    remark = Comment.objects.get()
    assert (remark.text, set(remark.section)) == ("ab", {"s"})
    assert (len(remark.section), len(remark.quote), len(remark.before)) == (80, 499, 100)


@pytest.mark.parametrize("do", ["", "destroy"])
def test_settling_needs_a_remark_and_an_answer_that_is_known(client, people, article, do):
    remark = publishing.comment(article, "First", by=people["leila"])
    answer = publishing.comment(article, "Second", by=people["leila"], parent=remark)
    elsewhere = make_article("Elsewhere")
    client.force_login(people["leila"])

    responses = [
        client.post(url("settle", article, remark.pk), {"do": do}),
        client.post(url("settle", article, answer.pk), {"do": "resolve"}),
        client.post(url("settle", elsewhere, remark.pk), {"do": "resolve"}),
        client.post(url("settle", article, 10**25), {"do": "resolve"}),
    ]

    assert [response.status_code for response in responses] == [400, 404, 404, 404]
    assert all(response.json()["error"] for response in responses)


def test_nothing_is_said_about_what_is_in_the_trash(client, people, article):
    publishing.trash(article, by=people["leila"])

    response = say(client, people["leila"], article)
    page = client.get(url("change", article))

    assert response.status_code == 400
    assert response.json()["error"] == "This article is in the trash. Take it out first."
    assert html.all_words(page, '//*[@data-action="on-article"]') == []


def test_colleagues_who_see_the_article_are_offered_by_their_names(client, people, article):
    client.force_login(people["marta"])

    def offered(query):
        answer = client.get(url("people", article), {"q": query}).json()
        return [one["value"] for one in answer["results"]]

    found = {
        query: offered(query) for query in ("", "LE", "Pavel", "other", "x" * 500, "\x00", "%")
    }

    assert found == {
        "": ["leila", "pavel"], "LE": ["leila"], "Pavel": ["pavel"], "other": [],
        "x" * 500: [], "\x00": ["leila", "pavel"], "%": [],
    }  # fmt: skip


@pytest.mark.parametrize("number", [1, 3])
def test_list_of_remarks_takes_the_same_queries_whatever_it_holds(
    client, people, article, number, django_assert_num_queries
):
    for _ in range(number):
        remark = publishing.comment(article, "First", by=people["marta"])
        publishing.comment(article, "Second", by=people["pavel"], parent=remark)
        settled = publishing.comment(article, "Third", by=people["pavel"])
        publishing.resolve(settled, by=people["marta"])
    client.force_login(people["leila"])

    # Session, user, groups' and own rights, the article, the remarks.
    with django_assert_num_queries(6):
        client.get(url("comments", article))


@pytest.mark.parametrize("number", [1, 3])
def test_rail_takes_the_same_queries_however_much_was_reviewed(
    rf, people, article, number, django_assert_num_queries
):
    for count in range(number):
        publishing.submit(article, by=people["marta"])
        publishing.send_back(article, by=people["leila"], comment="Shorter")
        publishing.comment(article, "First", by=people["pavel"])
        publishing.assign(article, list(people.values())[count], by=people["leila"])
    request, article = rf.get("/"), fresh(article)
    request.user = people["leila"]
    request.user.has_perm("articles.publish_article")

    # Unread news (looked for, marked as read), submissions, tasks, remarks; whom to give a task.
    with django_assert_num_queries(6):
        shown = reviewing.for_form(request, article)
        list(shown["task_form"]["to"])
    assert len(shown["past_decisions"]) == len(shown["open_remarks"]) == len(shown["tasks"])


# Tasks


def test_task_is_given_shown_and_ticked_off(client, people, article):
    client.force_login(people["leila"])
    given = {"to": people["other"].pk, "task": "Check the\nfigures", "due_on": "2020-02-29"}
    assigned = client.post(url("assign", article), given, follow=True)

    assert messages_of(assigned) == ["Other is told about it."]
    task = article.assignments.get()
    assert (task.to, task.task, task.due_on) == (
        people["other"], "Check the figures", date(2020, 2, 29)
    )  # fmt: skip
    shown = words(assigned, '//*[@id="tasks"]//li')
    assert shown.startswith("Other: Check the figures until 29 February 2020 – late")

    # Who has the task may open the article, until it is done.
    client.force_login(people["other"])
    assert client.get(url("change", article)).status_code == 200
    done = client.post(url("finish", article, task.pk), follow=True)
    assert done.redirect_chain == [(reverse("admin:index"), 302)]
    assert messages_of(done) == ["The task is done."]
    assert client.get(url("change", article)).status_code == 403
    assert client.post(url("finish", article, task.pk)).status_code == 403


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Choose who is to do it."),
        ({"to": "9" * 40}, "Choose somebody who has an open account here."),
        ({"to": "\x00"}, "Null characters are not allowed."),
        ({"task": "x" * 201}, "Say in at most 200 characters what to do."),
        ({"due_on": "tomorrow"}, "Give the day like 2026-12-31, or leave it out."),
        ({"due_on": "99999-01-01"}, "Give the day like 2026-12-31, or leave it out."),
    ],
)
def test_task_that_cannot_be_given_says_why(client, people, article, given, sentence):
    if given and "to" not in given:
        given = given | {"to": people["other"].pk}
    client.force_login(people["leila"])

    response = client.post(url("assign", article), given, follow=True)

    assert messages_of(response) == [sentence]
    assert not article.assignments.exists()


def test_tasks_are_for_open_accounts_and_pages_not_for_contributors(client, people, article):
    people["other"].is_active = False
    people["other"].save()
    page = make_article("About", kind="page")
    client.force_login(people["leila"])

    closed = client.post(url("assign", article), {"to": people["other"].pk}, follow=True)
    no_article = client.post(url("assign", page), {"to": people["marta"].pk}, follow=True)

    assert messages_of(closed) == ["Choose somebody who has an open account here."]
    assert messages_of(no_article) == ["Marta may work on articles only."]


def test_opening_the_form_is_having_seen_the_news_of_it(client, people, handed_in):
    other = make_article("Another", by=people["marta"])
    Notification.objects.create(
        to=people["leila"], article=other, subject="x", created_at=timezone.now(),
        mail_due_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    client.force_login(people["leila"])

    client.get(url("change", handed_in))

    unread = Notification.objects.filter(to=people["leila"], read_at=None)
    assert [one.article for one in unread] == [other]
    assert Notification.objects.filter(to=people["pavel"], read_at=None).count() == 1


# A comment's writer changes it


def settle(client, article, remark, **data):
    return client.post(url("settle", article, remark.pk), data)


def test_writer_edits_a_comment_and_it_says_so(client, people, article):
    remark = publishing.comment(article, "Frist", by=people["marta"], quote="plan")
    client.force_login(people["marta"])

    response = settle(client, article, remark, do="edit", text=" First \r\nthen second ")

    shown = response.json()["html"]
    remark.refresh_from_db()
    assert (remark.text, remark.quote) == ("First \nthen second", "plan")
    assert remark.edited_at is not None
    assert "First <br>then second" in shown
    assert ">edited<" in shown
    entry = AuditEntry.objects.order_by("-pk").first()
    assert (entry.act, entry.by, entry.detail) == (
        "comment_edited", people["marta"], "First \nthen second",
    )  # fmt: skip


def test_edited_comment_reads_so_in_the_news_and_tells_who_is_named_now(people, article):
    leila, pavel = people["leila"], people["pavel"]
    remark = publishing.comment(article, "See @leila", by=people["marta"])

    publishing.edit_comment(remark, "See @leila and @pavel", by=people["marta"])
    publishing.edit_comment(remark, "See @leila and @pavel", by=people["marta"])

    told = Notification.objects.order_by("pk").values_list("to__username", "text")
    assert list(told) == [
        ("leila", "See @leila and @pavel"), ("pavel", "See @leila and @pavel"),
    ]  # fmt: skip
    assert leila.notifications.get().path == pavel.notifications.get().path
    assert AuditEntry.objects.filter(act="comment_edited").count() == 1


def test_comment_that_nobody_answered_is_deleted_with_its_news(client, people, article):
    remark = publishing.comment(article, "Never mind @leila", by=people["marta"], quote="plan")
    client.force_login(people["marta"])

    response = settle(client, article, remark, do="delete")

    assert response.json()["open"] == 0
    assert not Comment.objects.exists()
    assert not Notification.objects.exists()
    entry = AuditEntry.objects.order_by("-pk").first()
    assert (entry.act, entry.by, entry.detail) == ("comment_deleted", people["marta"], "")


def test_deleted_comment_with_answers_stays_without_its_words(client, people, article):
    remark = publishing.comment(article, "Whose?", by=people["leila"], quote="plan")
    answer = publishing.comment(article, "Ours.", by=people["marta"], parent=remark)
    client.force_login(people["leila"])

    shown = settle(client, article, remark, do="delete").json()["html"]

    assert "Whose?" not in shown
    assert "<em>deleted</em>" in shown
    assert "Ours." in shown
    remark.refresh_from_db()
    assert (remark.text, remark.quote) == ("", "plan")
    # There is nothing left to change, and still a talk to resolve.
    assert settle(client, article, remark, do="edit", text="Again").status_code == 400
    assert settle(client, article, remark, do="resolve").status_code == 200
    assert settle(client, article, remark, do="reopen").status_code == 200
    # It goes with its last answer.
    publishing.delete_comment(answer, by=people["marta"])
    assert not Comment.objects.exists()


def test_answers_are_edited_and_deleted_by_their_writer(client, people, article):
    remark = publishing.comment(article, "Whose?", by=people["leila"])
    answer = publishing.comment(article, "Uors.", by=people["marta"], parent=remark)
    client.force_login(people["marta"])

    assert settle(client, article, answer, do="edit", text="Ours.").json()["added"] == remark.pk
    answer.refresh_from_db()
    assert answer.text == "Ours."
    assert settle(client, article, answer, do="resolve").status_code == 404
    settle(client, article, answer, do="delete")
    assert list(Comment.objects.all()) == [remark]


@pytest.mark.parametrize("do", ["edit", "delete"])
@pytest.mark.parametrize("name", ["leila", "pavel", "other"])
def test_nobody_changes_what_another_person_said(client, people, article, name, do):
    remark = publishing.comment(article, "Mine", by=people["marta"])
    client.force_login(people[name])

    assert settle(client, article, remark, do=do, text="Theirs").status_code == 403

    assert list(Comment.objects.values_list("text", "edited_at")) == [("Mine", None)]


def test_own_comment_stays_as_it_is_where_the_article_is_not_seen_or_in_the_trash(
    client, people, article
):
    task = publishing.assign(article, people["other"], by=people["leila"])
    remark = publishing.comment(article, "Mine", by=people["other"])
    publishing.finish(task, by=people["other"])
    own = publishing.comment(article, "Hers", by=people["marta"])
    publishing.trash(article, by=people["marta"])

    with pytest.raises(publishing.NotAllowed):
        publishing.edit_comment(remark, "Theirs", by=people["other"])
    client.force_login(people["marta"])
    assert settle(client, article, own, do="delete").status_code == 400

    assert sorted(Comment.objects.values_list("text", flat=True)) == ["Hers", "Mine"]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 5001, None])
def test_comment_is_not_edited_into_nothing_or_too_much(client, people, article, text):
    remark = publishing.comment(article, "Mine", by=people["marta"])
    client.force_login(people["marta"])

    data = {"do": "edit"} | ({} if text is None else {"text": text})
    response = settle(client, article, remark, **data)

    assert response.status_code == 400
    assert "error" in response.json()
    remark.refresh_from_db()
    assert remark.text == "Mine"


def test_buttons_to_change_a_comment_are_its_writers(client, people, article):
    remark = publishing.comment(article, "Mine", by=people["marta"])
    publishing.comment(article, "Theirs", by=people["leila"], parent=remark)
    for name in ("marta", "leila"):
        client.force_login(people[name])
        page = client.get(url("change", article)).content.decode()
        assert page.count('data-action="edit"') == page.count('data-action="delete"') == 1


def test_answer_to_a_comment_that_is_gone_is_refused_with_its_words_kept(people, article):
    remark = publishing.comment(article, "Mine", by=people["marta"])
    publishing.delete_comment(Comment.objects.get(pk=remark.pk), by=people["marta"])

    for verb in (
        lambda: publishing.comment(article, "Well", by=people["leila"], parent=remark),
        lambda: publishing.resolve(remark, by=people["leila"]),
        lambda: publishing.delete_comment(remark, by=people["marta"]),
    ):
        with pytest.raises(publishing.PublishingError, match="isn't here any more"):
            verb()


def test_names_are_found_whatever_their_case(people, article, django_user_model):
    django_user_model.objects.create_superuser("Ömer.K", is_staff=True)

    publishing.comment(article, "@LEILA, and @ömer.k. Not @leilas.", by=people["marta"])

    assert set(Notification.objects.values_list("to__username", flat=True)) == {"leila", "Ömer.K"}
