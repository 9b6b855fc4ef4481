"""Plans in the newsroom: made beside the form, listed by day, called off, taken up when failed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from articles import agenda, publishing, rights
from articles.forms import ScheduleForm
from articles.models import Article, AuditEntry, Schedule
from tests import html
from tests.articles.test_admin import form_of
from tests.factories import change_draft, cite, make_article, make_public, make_scheduled

pytestmark = pytest.mark.django_db

LIST = "/admin/articles/article/"
AGENDA = f"{LIST}schedule/"
PUBLISH, UNPUBLISH = Schedule.Action.PUBLISH, Schedule.Action.UNPUBLISH


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def make_member(django_user_model, role):
    user = django_user_model.objects.create_user(role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def url(article):
    return f"{LIST}{article.pk}/change/"


def form(article, **changes):
    """What the form sends with one of its buttons."""
    return form_of(article, based_on=article.revisions.latest().edition, **changes)


def at(moment):
    local = timezone.localtime(moment)
    return {"due_at_0": f"{local:%Y-%m-%d}", "due_at_1": f"{local:%H:%M}"}


def in_days(days):
    return timezone.now() + timedelta(days=days)


def said(response):
    return [str(message) for message in response.context["messages"]]


def plans(response):
    """What the rail says is planned."""
    return html.all_words(response, "//*[@id='later']//li[contains(@class, 'plan')]/p[1]")


def pending(article):
    rows = article.schedules.filter(outcome="pending").order_by("action")
    return [(row.action, row.revision and row.revision.number) for row in rows]


def fail(article, message="Something was missing.", action=PUBLISH, **options):
    """A plan that the worker could not carry out."""
    plan = publishing.schedule(article, due_at=in_days(1), by=None, action=action, **options)
    Schedule.objects.filter(pk=plan.pk).update(
        outcome="failed", message=message, finished_at=timezone.now()
    )
    return plan


# Beside the form


def test_draft_of_a_live_article_is_published_and_the_article_unpublished_later(desk):
    article = make_public("Live")
    change_draft(article, title="Next")

    desk.post(url(article), form(article, _schedule="", **at(in_days(1))))
    reply = desk.post(url(article), form(article, _schedule_unpublish="", **at(in_days(2))),
                      follow=True)  # fmt: skip

    assert said(reply)[1:] == ["“Next” will be unpublished at the time you chose."]
    assert pending(article) == [("publish", 2), ("unpublish", None)]
    assert [words.split(" on ")[0] for words in plans(reply)] == [
        "Version 2 is published", "Unpublished"
    ]  # fmt: skip
    assert "planned by editor" in plans(reply)[0]
    assert Article.objects.get(pk=article.pk).title == "Live"


def test_each_plan_is_called_off_by_itself(desk):
    article = make_public("Live")
    for action in (PUBLISH, UNPUBLISH):
        publishing.schedule(article, due_at=in_days(1), by=None, action=action)

    reply = desk.post(url(article), form(article, _cancel_schedule="unpublish"), follow=True)

    assert said(reply) == ["The schedule of “Live” is called off."]
    assert pending(article) == [("publish", 1)]
    again = desk.post(url(article), form(article, _cancel_schedule="unpublish"), follow=True)
    assert said(again) == ["Nothing is scheduled for “Live” any more."]
    assert desk.post(url(article), form(article, _cancel_schedule="burn")).status_code == 404


def test_only_what_is_live_can_be_unpublished_later(desk):
    article = make_article("Draft")

    reply = desk.post(
        url(article), form(article, _schedule_unpublish="", **at(in_days(1))), follow=True
    )

    assert b"_schedule_unpublish" not in desk.get(url(article)).content
    assert said(reply)[-1].endswith("isn't live.")
    assert pending(article) == []


def test_time_zone_of_the_newsroom_is_named_and_counts(desk, settings):
    settings.TIME_ZONE = "Asia/Tehran"
    article = make_article()

    page = desk.get(url(article))
    day = f"{timezone.localtime().year + 1}-01-10"
    desk.post(url(article), form(article, _schedule="", due_at_0=day, due_at_1="10:00"))

    assert "Time zone: Asia/Tehran." in page.content.decode()
    due_at = Schedule.objects.get().due_at
    assert (due_at.astimezone(UTC).hour, due_at.astimezone(UTC).minute) == (6, 30)


@pytest.mark.parametrize(
    ("day", "time", "sentence"),
    [
        ("2028-03-26", "02:30", "The clocks skip this time on that day. Choose another one."),
        ("2028-10-29", "02:30", "The clocks show this time twice on that day. Choose another one."),
        ("9999-12-31", "23:59", "Choose a time within the next ten years."),
        ("2024-03-05", "12:00", "Choose a time that lies in the future."),
        ("", "", "Give a date and a time."),
        ("2028-01-01", "", "Give a date and a time."),
        ("", "10:00", "Give a date and a time."),
        ("2028-13-01", "10:00", "Give a date and a time."),
        ("2028-01-01", "25:00", "Give a date and a time."),
        ("\x00", "10:00\x00", "Give a date and a time."),
        ("9" * 5000, "1" * 5000, "Give a date and a time."),
    ],
)
def test_time_that_is_none_is_refused_with_a_sentence(day, time, sentence):
    with timezone.override(ZoneInfo("Europe/Berlin")):
        form = ScheduleForm({"due_at_0": day, "due_at_1": time})

        assert form.errors == {"due_at": [sentence]}


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2028-99-01", "Give a date and a time."),
        ("2024-03-05", "Choose a time that lies in the future."),
    ],
)
def test_wrong_time_saves_nothing_and_keeps_what_was_typed(desk, day, sentence):
    article = make_article("Before")

    for button in ("_schedule", "_schedule_unpublish"):
        data = form(article, title="Typed", due_at_0=day, due_at_1="10:00")
        reply = desk.post(url(article), data | {button: ""})

        assert reply.status_code == 422
        (later,) = html.parse(reply).xpath("//details[@id='later' and @open]")
        assert later.xpath(".//ul[@class='errorlist']/li/text()") == [sentence]
        assert later.xpath(".//input[@name='due_at_0' or @name='due_at_1']/@value") == [
            day,
            "10:00",
        ]
        assert 'value="Typed"' in reply.content.decode()
    assert article.revisions.count() == 1
    assert pending(article) == []


# What went wrong


def test_failed_plan_is_shown_and_can_be_tried_again(desk):
    article = make_article("Planned")
    plan = fail(article)
    change_draft(article, title="Later draft")

    shown = desk.get(url(article)).content.decode()
    reply = desk.post(url(article), form(article, _try_again=plan.pk), follow=True)

    assert "Not carried out: Something was missing." in shown
    assert "Version 1 was to be published on" in shown
    assert said(reply) == ["“Planned” is live."]
    assert Article.objects.get(pk=article.pk).title == "Planned"
    assert "Not carried out" not in desk.get(url(article)).content.decode()


def test_refusal_of_another_try_says_why(desk):
    article = make_article("Planned")
    plan = fail(article)
    article.revisions.update(title="TK")

    reply = desk.post(url(article), form(article, _try_again=plan.pk, title="New"), follow=True)

    assert said(reply)[-1].startswith("This can't go out yet. Fill in the TK")
    assert Article.objects.get(pk=article.pk).state == "draft"


def test_failed_unpublishing_is_asked_about(desk):
    article = make_public()
    plan = fail(article, action=UNPUBLISH)

    reply = desk.post(url(article), form(article, _try_again=plan.pk))

    assert reply["Location"] == f"{LIST}remove/?do=unpublish&ids={article.pk}"


def test_another_try_of_an_older_version_says_which_it_is(desk):
    article, other = make_article("Planned", slug="clash"), make_article("Other", slug="clash")
    plan = fail(article)
    publishing.publish(other, by=None)
    change_draft(article, slug="free")

    reply = desk.post(url(article), form(article, _try_again=plan.pk), follow=True)

    assert said(reply)[-1] == (
        "The address “clash” belongs to “Other”. Choose another. This is what version 1 says, which"
        " was planned. To publish the newest version, press Publish."
    )
    desk.post(url(article), form(article, _publish=""))
    assert Article.objects.get(pk=article.pk).slug == "free"


@pytest.mark.parametrize("is_newest", [True, False])
def test_another_try_asks_about_sections_that_others_cite(desk, is_newest):
    article = make_public("Cited", body='<h2 id="s-quay">Quay</h2><p>Text.</p>')
    make_public("Citing", body=f"<p>See {cite(article, 'it', section='s-quay')}.</p>")
    change_draft(article, body="<p>Nothing.</p>")
    plan = fail(article)
    if not is_newest:
        change_draft(article, title="Newer")

    reply = desk.post(url(article), form(article, _try_again=plan.pk))

    if is_newest:
        assert reply["Location"] == f"{LIST}{article.pk}/publish/"
    else:
        assert said(desk.get(reply["Location"]))[-1] == (
            "Version 2 leaves out what others cite, or names what isn't public. Publish the newest"
            " version instead."
        )
    assert "Quay" in Article.objects.get(pk=article.pk).body


def test_who_plans_to_unpublish_hears_who_cites_it(desk):
    article = make_public("Cited")
    for title in ("One", "Two"):
        make_public(title, body=f"<p>See {cite(article, 'it')}.</p>")

    reply = desk.post(
        url(article), form(article, _schedule_unpublish="", **at(in_days(2))), follow=True
    )

    assert said(reply)[0] == (
        "It is cited by: One; Two. From then on they say its words as plain text, and its address"
        " says that it is gone. To lead readers elsewhere, unpublish it by hand."
    )


def test_who_plans_to_unpublish_hears_that_more_cite_it_than_are_named(desk, monkeypatch):
    monkeypatch.setattr("articles.admin.article.TITLES_NAMED", 2)
    article = make_public("Cited")
    for title in ("One", "Two", "Three"):
        make_public(title, body=f"<p>See {cite(article, 'it')}.</p>")

    reply = desk.post(
        url(article), form(article, _schedule_unpublish="", **at(in_days(2))), follow=True
    )

    named = said(reply)[0].partition(". From then on")[0].removeprefix("It is cited by: ")
    *titles, last = named.split("; ")
    assert last == "…"
    assert len(titles) == 2
    assert {*titles} < {"One", "Two", "Three"}


@pytest.mark.parametrize("value", ["", "0", "abc", "\x00", "9" * 40])
def test_another_try_of_nothing_does_nothing(desk, value):
    article, other = make_article("One"), make_article("Other")
    plan = fail(other)
    fail(article)

    for number in (value, plan.pk):
        reply = desk.post(url(article), form(article, _try_again=number), follow=True)

        assert said(reply) == ["This has been seen to in the meantime."]
    assert set(Article.objects.values_list("state", flat=True)) == {"draft"}


def test_failure_is_settled_by_what_is_done_about_it():
    done = {
        "planned anew": lambda one: publishing.schedule(one, due_at=in_days(2), by=None),
        "published": lambda one: publishing.publish(one, by=None),
        "trashed": lambda one: publishing.trash(one, by=None),
        "long ago": lambda one: one.schedules.update(finished_at=in_days(-15)),
        "nothing": lambda one: None,
        "another draft": lambda one: change_draft(one, title="New"),
        "unpublishing planned": lambda one: None,
    }
    articles = {way: make_article(way) for way in done}

    for way, article in articles.items():
        fail(article)
        done[way](article)

    left = agenda.unsettled(Article.objects.all())
    assert {plan.article.latest_revision.title for plan in left} == {
        "nothing", "New", "unpublishing planned"
    }  # fmt: skip


def test_overdue_plan_is_shown_as_one(desk):
    late, soon = make_scheduled("Late"), make_scheduled("Soon")
    late.schedules.update(due_at=timezone.now() - timedelta(minutes=2))
    soon.schedules.update(due_at=timezone.now() - timedelta(seconds=30))

    assert "is the worker running?" in desk.get(url(late)).content.decode()
    assert "is the worker running?" not in desk.get(url(soon)).content.decode()
    page = desk.get(AGENDA)
    wrong = "//*[@aria-labelledby='agenda-wrong']//a[@class='plan__title']"
    assert html.all_words(page, wrong) == ["Late"]


# All of it by day


def test_agenda_lists_what_is_to_come_by_day_of_the_newsroom(desk, settings):
    settings.TIME_ZONE = "Asia/Tehran"
    year = timezone.now().year + 1
    # Half past eight in the evening in London is the next day in Tehran.
    make_scheduled("Evening", due_at=datetime(year, 1, 10, 20, 45, tzinfo=UTC))
    make_scheduled("Morning", due_at=datetime(year, 1, 11, 5, tzinfo=UTC))
    make_scheduled("Before", due_at=datetime(year, 1, 10, 5, tzinfo=UTC))

    page = desk.get(AGENDA)

    days = html.parse(page).xpath("//section[time or h2/time]")
    assert [
        (day.xpath(".//time/@datetime")[0], [html.words(a) for a in day.xpath(".//a[@class]")])
        for day in days
    ] == [(f"{year}-01-10", ["Before"]), (f"{year}-01-11", ["Evening", "Morning"])]
    assert "Asia/Tehran" in page.content.decode()


def test_agenda_shows_failures_first(desk):
    fail(make_article("Failed"), message="<b>Odd</b>")
    make_scheduled("Coming")

    page = desk.get(AGENDA)

    assert html.all_words(page, "//a[@class='plan__title']") == ["Failed", "Coming"]
    assert "Not carried out: &lt;b&gt;Odd&lt;/b&gt;" in page.content.decode()


def test_empty_agenda_says_so(desk):
    assert "Nothing is scheduled." in desk.get(AGENDA).content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_agenda_takes_the_same_queries(desk, editor, django_assert_num_queries, number):
    for item in range(number):
        make_scheduled(f"Coming {item}", by=editor)
        fail(make_article(f"Failed {item}"))
    bundle = publishing.save_bundle(
        None, name="B", articles=[make_article() for _item in range(number)], by=editor
    )
    publishing.schedule_bundle(bundle, due_at=in_days(3), by=editor)
    desk.get(AGENDA)

    with django_assert_num_queries(5):
        page = desk.get(AGENDA)

    assert len(html.all_words(page, "//a[@class='plan__title']")) == 3 * number


def test_plan_is_called_off_on_the_agenda(desk):
    article = make_scheduled("Planned")

    reply = desk.post(f"{LIST}{article.pk}/call-off/", {"action": "publish"}, follow=True)

    assert reply.redirect_chain == [(AGENDA, 302)]
    assert said(reply) == ["The schedule of “Planned” is called off."]
    assert pending(article) == []
    for action in ("", "burn", "\x00", "x" * 100_000):
        data = {"action": action}
        assert desk.post(f"{LIST}{article.pk}/call-off/", data).status_code == 404
    assert desk.get(f"{LIST}{article.pk}/call-off/").status_code == 405
    assert desk.post(AGENDA).status_code == 405


def test_agenda_shows_each_their_own(client, django_user_model):
    contributor = make_member(django_user_model, rights.CONTRIBUTOR)
    own, foreign = make_scheduled("Own"), make_scheduled("Foreign")
    Article.objects.filter(pk=own.pk).update(created_by=contributor)

    def seen():
        page = client.get(AGENDA)
        status, titles = page.status_code, []
        if status == 200:
            titles = html.all_words(page, "//a[@class='plan__title']")
        calls = [
            client.post(f"{LIST}{one.pk}/call-off/", {"action": "unpublish"}).status_code
            for one in (own, foreign)
        ]
        return status, titles, calls, b"/call-off/" in page.content

    assert seen() == (302, [], [302, 302], False)
    client.force_login(contributor)
    assert seen() == (200, ["Own"], [403, 403], False)
    client.force_login(make_member(django_user_model, rights.EDITOR))
    assert seen() == (200, ["Own", "Foreign"], [302, 302], True)
    client.force_login(django_user_model.objects.create_user("nobody", is_staff=True))
    assert seen() == (403, [], [403, 403], False)


def test_contributor_sees_the_plan_and_cannot_change_it(client, django_user_model):
    contributor = make_member(django_user_model, rights.CONTRIBUTOR)
    article = make_scheduled("Own")
    Article.objects.filter(pk=article.pk).update(created_by=contributor)
    client.force_login(contributor)

    page = client.get(url(article))
    reply = client.post(url(article), form(article, _cancel_schedule="publish"), follow=True)

    assert len(plans(page)) == 1
    assert b"_cancel_schedule" not in page.content
    assert b"due_at_0" not in page.content
    assert said(reply)[-1] == "You may not change schedules. Ask an editor."
    assert pending(article) == [("publish", 1)]


# What failed and was seen to


def failed(title="Planned", **words):
    """A plan that can't be carried out."""
    article = make_article(title, slug="taken", **words)
    publishing.schedule(article, due_at=in_days(1), by=None)
    make_public("In its way", slug="taken")
    publishing.carry_out_due(now=in_days(2))
    return Schedule.objects.get(article=article, outcome="failed")


def test_failed_plan_is_dismissed_from_the_desk(desk, editor):
    plan = failed()
    dismissal = f"{LIST}{plan.article_id}/dismiss/{plan.pk}/"
    assert html.parse(desk.get("/admin/")).xpath(f"//form[@action='{dismissal}']//button")

    reply = desk.post(dismissal, {"next": "desk"}, follow=True)

    assert reply.redirect_chain == [("/admin/", 302)]
    assert said(reply) == ["It isn't shown among what went wrong any more."]
    for page in ("/admin/", AGENDA, url(plan.article)):
        assert "Dismiss" not in desk.get(page).content.decode()
    entry = AuditEntry.objects.order_by("-pk").first()
    assert (entry.act, entry.by, entry.article) == ("dismissed", editor, plan.article)
    # Twice is once.
    desk.post(dismissal)
    assert AuditEntry.objects.filter(act="dismissed").count() == 1


def test_failed_plan_is_dismissed_beside_the_form_and_the_words_are_saved(desk):
    plan = failed()

    reply = desk.post(
        url(plan.article), form(plan.article, title="Written on", _dismiss=plan.pk), follow=True
    )

    assert reply.redirect_chain[-1] == (f"{url(plan.article)}#later", 302)
    assert plan.article.revisions.latest().title == "Written on"
    assert agenda.unsettled([plan.article]).count() == 0


def test_failed_bundle_is_dismissed_as_one(desk, editor):
    articles = [make_article("One"), make_article("Two", slug="taken")]
    bundle = publishing.save_bundle(None, name="Together", articles=articles, by=editor)
    publishing.schedule_bundle(bundle, due_at=in_days(1), by=editor)
    make_public("In its way", slug="taken")
    publishing.carry_out_due(now=in_days(2))
    plan = Schedule.objects.get(article=articles[0])

    desk.post(f"{LIST}{articles[0].pk}/dismiss/{plan.pk}/")

    assert agenda.unsettled(articles).count() == 0
    dismissed = AuditEntry.objects.filter(act="dismissed").order_by("pk")
    assert [entry.object_name for entry in dismissed] == ["One", "Two"]


def test_plan_is_dismissed_by_those_who_schedule_and_only_when_it_failed(client, django_user_model):
    contributor = make_member(django_user_model, rights.CONTRIBUTOR)
    plan = failed(by=contributor)
    waiting = Schedule.objects.get(article=make_scheduled("Waiting", by=None))
    client.force_login(contributor)
    assert "Dismiss" not in client.get(AGENDA).content.decode()
    assert client.post(f"{LIST}{plan.article_id}/dismiss/{plan.pk}/").status_code == 403
    with pytest.raises(publishing.NotAllowed):
        publishing.dismiss(plan, by=contributor)

    client.force_login(make_member(django_user_model, rights.EDITOR))
    assert client.post(f"{LIST}{plan.article_id}/dismiss/{waiting.pk}/").status_code == 404
    assert client.post(f"{LIST}{waiting.article_id}/dismiss/{waiting.pk}/").status_code == 302

    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.dismissed_at) == ("pending", None)
    assert agenda.unsettled([plan.article]).count() == 1


def test_list_of_plans_and_the_desk_name_drafts_by_their_titles(desk, editor):
    make_scheduled("The Sea")
    unnamed = make_article("\u200b")
    publishing.assign(unnamed, editor, task="Give it a title.", by=editor)

    plans = desk.get("/admin/articles/schedule/").content.decode()
    start = html.parse(desk.get("/admin/"))

    assert "The Sea" in plans
    [task] = start.xpath(f"//li[@class='desk__task']//a[contains(@href, '/{unnamed.pk}/')]")
    assert html.words(task) == "Untitled"
    names = AuditEntry.objects.filter(article=unnamed).values_list("object_name", flat=True)
    assert set(names) == {""}
