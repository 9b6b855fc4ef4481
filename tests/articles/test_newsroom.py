"""The start page: what is on whose desk, and nothing that they may not see."""

import re
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.utils import timezone

from articles import newsroom, notifications, publishing, rights
from articles.models import Notification, Schedule
from tests import html
from tests.factories import change_draft, make_article, make_public, make_scheduled, make_withdrawn

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(django_user_model):
    users = {}
    for name, role in (
        *(("marta", rights.CONTRIBUTOR), ("leila", rights.EDITOR), ("pavel", rights.PUBLISHER)),
    ):
        users[name] = django_user_model.objects.create_user(
            name, first_name=name.capitalize(), is_staff=True
        )
        users[name].groups.add(Group.objects.get(name=role))
    return users


def desk_of(client, user):
    """Title → titles of the articles in each list of somebody's start page."""
    client.force_login(user)
    response = client.get("/admin/")
    assert response.status_code == 200
    lists = {
        found["title"]: [item["title"] for item in found["items"]]
        for found in response.context.get("worklists") or []
    }
    return response, lists


def test_contributor_finds_their_own_work_and_nothing_of_others(client, people):
    marta, leila = people["marta"], people["leila"]
    make_article("Mine", by=marta)
    handed_in = make_article("Mine, handed in", by=marta)
    publishing.submit(handed_in, by=marta)
    sent_back = make_article("Mine, sent back", by=marta)
    publishing.submit(sent_back, by=marta)
    publishing.send_back(sent_back, by=leila, comment="Add the sturgeon.")
    assigned = make_article("Assigned", by=leila)
    publishing.assign(assigned, marta, by=leila, task="Read it", due_on=date(2020, 1, 1))
    make_scheduled("Mine, scheduled", by=None)
    own_plan = make_article("Mine, planned", by=marta)
    publishing.schedule(own_plan, due_at=timezone.now() + timedelta(days=1), by=leila)
    secret = [make_article("Secret draft", by=leila), make_withdrawn("Secret withdrawn")]
    publishing.submit(secret[0], by=leila)
    publishing.trash(make_article("Secret trash"), by=leila)
    # What somebody wrote in is theirs for as long as their task.
    done = make_article("No longer theirs", by=leila)
    task = publishing.assign(done, marta, by=leila)
    change_draft(done, by=marta, body="<p>Done.</p>")
    publishing.finish(task, by=marta)
    live = make_public("Live", by=leila)
    change_draft(live, title="Secret title")

    response, lists = desk_of(client, marta)

    assert lists == {
        "My drafts": ["Mine, planned", "Mine, sent back", "Mine, handed in", "Mine"],
        "Back from the editors": ["Mine, sent back"],
        "Recently published": ["Live"],
        "Scheduled": ["Mine, planned"],
    }
    shown = response.content.decode()
    assert "Secret" not in shown
    assert "Sent back by Leila just now: Add the sturgeon." in shown
    assert 'href="/articles/live/"' in shown
    assert [task.article for task in response.context["tasks"]] == [assigned]
    assert "until 1 January 2020 – late" in shown
    assert "link_health" not in response.context
    assert "in the trash" not in shown
    assert response.context["new_kinds"] == ["article"]


def test_editor_finds_what_waits_for_them(client, people):
    marta, leila = people["marta"], people["leila"]
    approved = make_article("Approved", by=marta)
    publishing.submit(approved, by=marta)
    publishing.approve(approved, by=leila)
    waiting = make_article("Waiting", by=marta)
    publishing.submit(waiting, by=marta)
    make_article("Own", by=leila)
    make_article("Begun", by=marta)
    publishing.trash(make_article("Thrown away"), by=leila)

    response, lists = desk_of(client, leila)

    assert {title: lists[title] for title in ("Handed in", "My drafts", "Drafts of others")} == {
        "Handed in": ["Waiting", "Approved"],
        "My drafts": ["Own"],
        "Drafts of others": ["Begun", "Waiting", "Approved"],
    }
    assert "Back from the editors" not in lists
    assert "1 article in the trash" in response.content.decode()
    assert response.context["new_kinds"] == ["article", "page", "series"]


def test_what_came_back_stays_until_it_is_handed_in_again_or_out(client, people):
    marta, leila = people["marta"], people["leila"]
    article = make_article("Mine", by=marta)
    publishing.submit(article, by=marta)
    publishing.send_back(article, by=leila, comment="Shorter")
    change_draft(article, by=marta, body="<p>Short.</p>")
    assert desk_of(client, marta)[1]["Back from the editors"] == ["Mine"]

    publishing.submit(article, by=marta)
    assert desk_of(client, marta)[1]["Back from the editors"] == []

    publishing.send_back(article, by=leila, comment="Shorter still")
    change_draft(article, by=leila, body="<p>S.</p>")
    publishing.publish(article, by=leila)
    # What is written next wasn't sent back.
    change_draft(article, by=marta, body="<p>S. And more.</p>")
    assert desk_of(client, marta)[1]["Back from the editors"] == []


def test_somebody_who_only_looks_and_somebody_without_rights_get_what_is_theirs(
    client, django_user_model
):
    make_article("Draft")
    make_public("Live")
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_article"))
    stranger = django_user_model.objects.create_user("stranger", is_staff=True)

    looking, lists = desk_of(client, reader)
    assert lists["Drafts of others"] == ["Draft"]
    assert "Handed in" not in lists
    assert looking.context["new_kinds"] == []

    nothing, lists = desk_of(client, stranger)
    assert lists == {}
    assert "Draft" not in html.all_words(nothing, "//a")


def test_failed_and_overdue_schedules_are_seen_by_all_whom_they_concern(client, people):
    failed = make_scheduled("Failed", by=None)
    late = make_article("Late", by=people["marta"])
    publishing.schedule(late, due_at=timezone.now() + timedelta(days=1), by=None)
    past = timezone.now() - timedelta(minutes=5)
    failed.schedules.update(outcome=Schedule.Outcome.FAILED, message="No title.", finished_at=past)
    late.schedules.update(due_at=past)

    editors, lists = desk_of(client, people["leila"])
    assert lists["Needs a look"] == ["Failed", "Late"]
    assert "Not carried out: No title." in editors.content.decode()
    assert "is the worker running?" in editors.content.decode()
    assert desk_of(client, people["marta"])[1]["Needs a look"] == ["Late"]


def test_long_lists_lead_to_the_whole(client, people):
    for number in range(9):
        publishing.submit(make_article(f"A{number}", by=people["marta"]), by=people["marta"])

    response, lists = desk_of(client, people["leila"])

    assert len(lists["Handed in"]) == 8
    assert "/admin/articles/article/?state=submitted" in response.content.decode()


def test_task_is_ticked_off_on_the_desk(client, people):
    article = make_article("Assigned", by=people["leila"])
    task = publishing.assign(article, people["marta"], by=people["leila"])
    client.force_login(people["marta"])

    response = client.post(
        f"/admin/articles/article/{article.pk}/tasks/{task.pk}/done/", {"next": "desk"}, follow=True
    )

    assert response.redirect_chain == [("/admin/", 302)]
    assert response.context["tasks"] == []


def test_news_are_on_the_desk_a_few_once_they_are_read(client, people):
    now = timezone.now()
    for number in range(10):
        Notification.objects.create(
            to=people["leila"], subject=f"News {number}", created_at=now, mail_due_at=now
        )
    unread, _lists = desk_of(client, people["leila"])
    notifications.mark_read(people["leila"])
    read, _lists = desk_of(client, people["leila"])

    assert [len(found.context["news"]) for found in (unread, read)] == [8, 3]
    assert "10 unread" in unread.content.decode()
    assert "unread" not in read.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_desk_takes_the_same_queries_however_much_is_on_it(
    client, people, number, django_assert_num_queries
):
    marta, leila = people["marta"], people["leila"]
    for _ in range(number):
        make_article(by=leila)
        handed_in, sent_back = make_article(by=marta), make_article(by=leila)
        publishing.submit(handed_in, by=marta)
        publishing.submit(sent_back, by=leila)
        publishing.send_back(sent_back, by=leila, comment="Shorter")
        publishing.assign(handed_in, leila, by=None)
        make_scheduled()
        make_public(standfirst="")
    client.force_login(leila)
    client.get("/admin/")

    with django_assert_num_queries(35):
        client.get("/admin/")
    client.force_login(marta)
    with django_assert_num_queries(16):
        client.get("/admin/")


@pytest.mark.sqlite_only
def test_worklists_begin_with_an_index_that_holds_what_they_show(people):
    asked = []

    def explain(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    make_article()
    make_public()
    with connection.execute_wrapper(explain):
        newsroom.worklists(people["leila"])
    steps = []
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            steps += [step for *_place, step in cursor.fetchall()]

    tables = "articles_article|articles_revision|articles_byline|articles_articletag"
    indexes = "article_public_by_date|article_with_draft"
    whole = re.compile(rf"SCAN ({tables})(?! USING INDEX ({indexes}))")
    assert [step for step in steps if whole.match(step)] == []
    assert len(asked) > 10
