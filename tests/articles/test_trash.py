"""The trash in the newsroom: in, undone, put back, shown again, emptied for good."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from articles import publishing, references, rights
from articles.models import Article, AuditEntry, Schedule
from tests import html
from tests.articles.test_consequences import chosen
from tests.articles.test_schedules_admin import form
from tests.factories import (
    change_draft,
    cite,
    erase,
    make_article,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/articles/article/"
TRASH = f"{LIST}?state=trashed"
UNTRASH = f"{LIST}untrash/"


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


def removal(do, *articles):
    return f"{LIST}remove/?do={do}&ids={','.join(str(article.pk) for article in articles)}"


def state(article):
    return Article.objects.get(pk=article.pk).state


def said(response):
    return html.all_words(response, "//ul[@class='messagelist']/li")


def undo_of(response):
    """What the Undo button of a message sends, and where."""
    (undo,) = html.parse(response).xpath("//form[@class='undo']")
    (button,) = undo.xpath(".//button")
    data = {field.get("name"): field.get("value") for field in undo.xpath(".//input")}
    return undo.get("action"), data | {button.get("name"): ""}


def listed(response):
    return html.all_words(response, "//th[contains(@class, 'field-title_words')]")


def trashed(article):
    publishing.trash(article, by=None)
    return article


# In


def test_draft_that_nobody_cites_goes_at_once_and_comes_back_by_undo(desk):
    article = make_article("A <b>note</b> to self")

    reply = desk.post(url(article), form(article, title="A <i>note</i>", _trash=""), follow=True)
    in_trash = state(article)
    action, data = undo_of(reply)
    back = desk.post(action, data, follow=True)

    assert in_trash == "trashed"
    assert reply.redirect_chain[-1][0] == LIST
    assert said(reply) == ["“A <i>note</i>” is in the trash. Undo"]
    assert "<i>note" not in reply.content.decode()
    assert said(back) == ["“A <i>note</i>” is out of the trash, as a draft."]
    assert back.redirect_chain[-1][0] == url(article)
    assert state(article) == "draft"
    # The words of the form are kept, as with every button.
    assert article.revisions.latest().title == "A <i>note</i>"


def test_undo_works_with_the_check_of_forms(editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    article = make_article()
    page = html.parse(client.get(removal("trash", article)))
    token = page.xpath("//form[@class='consequence']/input[@name='csrfmiddlewaretoken']/@value")[0]
    reply = client.post(
        removal("trash", article), {"how": "plain", "csrfmiddlewaretoken": token}, follow=True
    )

    action, data = undo_of(reply)

    assert client.post(action, data | {"csrfmiddlewaretoken": ""}).status_code == 403
    assert client.post(action, data).status_code == 302
    assert state(article) == "draft"


def test_what_somebody_would_miss_is_asked_about_first(desk):
    cited, public = make_article("Cited draft"), make_public("Public")
    make_article(body=f"<p>{cite(cited)}</p>")

    for article in (cited, public, make_withdrawn()):
        reply = desk.post(url(article), form(article, _trash=""))

        assert reply["Location"] == removal("trash", article)
        assert state(article) != "trashed"


def test_public_article_leaves_readers_and_comes_back_by_undo(desk):
    article = make_public("Public", slug="public")
    source = make_public(body=f"<p>See {cite(article, 'it')}.</p>")

    reply = desk.post(removal("trash", article), {"how": "plain"}, follow=True)
    gone = desk.get("/articles/public/").status_code
    action, data = undo_of(reply)
    back = desk.post(action, data, follow=True)

    assert gone == 410
    assert said(back) == ["“Public” is out of the trash; readers see it again."]
    assert desk.get("/articles/public/").status_code == 200
    assert 'href="/articles/public/"' in desk.get(source.get_absolute_url()).content.decode()


def test_undo_takes_back_where_readers_were_led(desk):
    article, other = make_public("Public", slug="public"), make_public("Other")
    source = make_public(body=f"<p>See {cite(article, 'it')}.</p>")

    reply = desk.post(
        removal("trash", article), {"how": "lead", "target": chosen(other)}, follow=True
    )
    led = desk.get("/articles/public/")["Location"]
    desk.post(*undo_of(reply))

    assert led == other.get_absolute_url()
    assert desk.get("/articles/public/").status_code == 200
    assert 'href="/articles/public/"' in desk.get(source.get_absolute_url()).content.decode()


def test_undo_leaves_a_newer_draft_a_draft(desk):
    article = make_public("Public", slug="public")
    change_draft(article, title="Newer draft")

    reply = desk.post(removal("trash", article), {"how": "plain"}, follow=True)
    desk.post(*undo_of(reply))

    assert html.all_words(desk.get("/articles/public/"), "//h1") == ["Public"]
    assert article.revisions.latest().title == "Newer draft"


def test_no_undo_is_offered_for_what_cannot_be_undone(desk):
    article, other = make_public(), make_public()
    make_public(body=f"<p>{cite(article)}</p>")

    reply = desk.post(
        removal("trash", article), {"how": "retarget", "target": chosen(other)}, follow=True
    )

    assert state(article) == "trashed"
    assert html.parse(reply).xpath("//form[@class='undo']") == []


# In the trash


def test_form_is_to_be_read_and_says_who_and_when(desk, editor):
    article = make_article("Thrown away")
    publishing.trash(article, by=editor)

    page = desk.get(url(article))
    reply = desk.post(url(article), form(article, title="Changed", _save=""))

    (banner,) = html.all_words(page, "//*[@class='in-trash']")
    date = f"{timezone.localtime():%Y}"
    assert banner.startswith("This article is in the trash. Since ")
    assert date in banner
    assert ", editor." in banner
    fields = html.parse(page).xpath("//form[@data-article-form]//*[@name='title' or @name='body']")
    assert [field.get("disabled") is not None for field in fields] == [True, True]
    buttons = html.parse(page).xpath("//form[@data-article-form]//button/@name")
    assert {"_save", "_publish", "_trash", "_preview"} & set(buttons) == set()
    assert reply.status_code == 403
    assert article.revisions.count() == 1


def test_put_back_hidden_or_shown(desk):
    hidden, shown = trashed(make_public("Hidden")), trashed(make_public("Shown"))
    withdrawn, draft = trashed(make_withdrawn("Withdrawn")), trashed(make_article("Draft"))
    ways = "//*[@class='in-trash']//button/@formaction"

    offered = [len(html.parse(desk.get(url(one))).xpath(ways)) for one in (shown, withdrawn, draft)]
    replies = [
        desk.post(UNTRASH, {"ids": hidden.pk}, follow=True),
        desk.post(html.parse(desk.get(url(shown))).xpath(ways)[1], {"ids": shown.pk}, follow=True),
        desk.post(f"{UNTRASH}?as_it_was", {"ids": withdrawn.pk}, follow=True),
        desk.post(f"{UNTRASH}?as_it_was", {"ids": draft.pk}, follow=True),
    ]

    assert offered == [2, 1, 1]
    assert [said(reply)[0] for reply in replies] == [
        "“Hidden” is out of the trash; readers don't see it.",
        "“Shown” is out of the trash; readers see it again.",
        "“Withdrawn” is out of the trash; readers don't see it.",
        "“Draft” is out of the trash, as a draft.",
    ]
    assert [state(one) for one in (hidden, shown, withdrawn, draft)] == [
        "withdrawn", "live", "withdrawn", "draft"
    ]  # fmt: skip


def test_put_back_of_what_is_not_in_the_trash_is_refused(desk):
    article = make_public("Public")

    reply = desk.post(UNTRASH, {"ids": article.pk}, follow=True)

    assert said(reply) == ["“Public” isn't in the trash."]
    assert state(article) == "live"


def test_put_back_is_all_or_none(desk):
    public = make_public("Public")
    one = trashed(make_article("One"))

    desk.post(UNTRASH, {"ids": f"{one.pk},{public.pk}"})

    assert state(one) == "trashed"


@pytest.mark.parametrize("ids", ["", "0", "abc", "\x00", "9" * 40, ",", "²", "x" * 100_000])
def test_put_back_of_nothing_is_not_found(desk, ids):
    trashed(make_article())

    assert desk.post(UNTRASH, {"ids": ids}).status_code == 404
    assert desk.get(UNTRASH).status_code == 405


def test_list_leads_into_the_trash_and_out_of_it(desk):
    here, there = make_article("Here"), trashed(make_article("There"))

    assert listed(desk.get(LIST)) == ["Here"]
    assert listed(desk.get(TRASH)) == ["There"]
    assert b'href="?state=trashed"' in desk.get(LIST).content
    actions = "//select[@name='action']/option/@value"
    assert html.parse(desk.get(LIST)).xpath(actions) == [
        "", "publish_selected", "retag_selected", "unpublish_selected", "trash_selected"
    ]  # fmt: skip
    assert html.parse(desk.get(TRASH)).xpath(actions) == [
        "", "put_back_selected", "delete_for_good"
    ]  # fmt: skip
    assert (state(here), state(there)) == ("draft", "trashed")


# Many at once


def act(client, address, action, *articles):
    data = {"action": action, "_selected_action": [article.pk for article in articles]}
    return client.post(address, data, follow=True)


def test_drafts_go_together_and_come_back_by_one_undo(desk):
    # What they cite of one another is no reason to ask.
    one = make_article("One")
    two = make_article("Two", body=f"<p>{cite(one)}</p>")

    reply = act(desk, LIST, "trash_selected", one, two)
    gone = [state(one), state(two)]
    back = desk.post(*undo_of(reply), follow=True)

    assert gone == ["trashed", "trashed"]
    assert said(reply) == ["2 articles are in the trash. Undo"]
    assert said(back) == ["2 articles are out of the trash."]
    assert [state(one), state(two)] == ["draft", "draft"]


def test_with_a_public_one_among_them_all_are_asked_about(desk):
    draft, public = make_article("Draft"), make_public("Public")

    reply = act(desk, LIST, "trash_selected", draft, public)

    assert reply.redirect_chain[-1][0].startswith(f"{LIST}remove/?do=trash&ids=")
    assert [state(draft), state(public)] == ["draft", "live"]


def test_selected_are_put_back_and_deleted(desk):
    draft, public = trashed(make_article("Draft")), trashed(make_public("Public"))
    doomed = trashed(make_public("Doomed", slug="doomed"))

    back = act(desk, TRASH, "put_back_selected", draft, public)
    asked = act(desk, TRASH, "delete_for_good", doomed)
    deleted = desk.post(asked.redirect_chain[-1][0], {"how": "plain"}, follow=True)

    assert said(back) == ["2 articles are out of the trash."]
    assert [state(draft), state(public)] == ["draft", "withdrawn"]
    assert said(deleted) == ["“Doomed” is deleted."]
    assert desk.get("/articles/doomed/").status_code == 410


def test_only_what_is_in_the_trash_is_deleted(desk):
    article = make_public("Public")

    reply = desk.post(removal("delete", article), {"how": "plain"})

    assert reply.status_code == 422
    assert html.all_words(reply, "//ul[contains(@class, 'errorlist')]/li") == [
        "“Public” isn't in the trash. Only what is there can be deleted."
    ]
    assert state(article) == "live"


def test_deletion_keeps_where_the_address_leads_unless_told_otherwise(desk):
    first, second, other = make_public(slug="first"), make_public(slug="second"), make_public()
    goal = other.get_absolute_url()
    for article in (first, second):
        desk.post(removal("trash", article), {"how": "lead", "target": chosen(other)})
    third = make_public()

    desk.post(removal("delete", first), {"how": "plain"})
    desk.post(removal("delete", second), {"how": "lead", "target": chosen(third)})

    assert desk.get("/articles/first/")["Location"] == goal
    assert desk.get("/articles/second/")["Location"] == third.get_absolute_url()


# Who may


def test_contributor_throws_away_own_drafts_alone(client, django_user_model):
    contributor = make_member(django_user_model, rights.CONTRIBUTOR)
    own, foreign = make_article("Own", by=contributor), make_article("Foreign")
    public = make_article("Own and public", by=contributor)
    publishing.publish(public, by=None)
    client.force_login(contributor)

    reply = client.post(url(own), form(own, _trash=""), follow=True)
    back = client.post(*undo_of(reply))
    refused = [
        client.post(url(public), form(public, _trash="")).status_code,
        client.get(removal("trash", public)).status_code,
        client.post(removal("trash", public), {"how": "plain"}).status_code,
        client.post(removal("trash", foreign), {"how": "plain"}).status_code,
        client.post(removal("unpublish", public), {"how": "plain"}).status_code,
    ]
    publishing.trash(foreign, by=None)
    publishing.trash(public, by=None)
    refused += [
        client.post(UNTRASH, {"ids": foreign.pk}).status_code,
        client.post(f"{UNTRASH}?as_it_was", {"ids": public.pk}).status_code,
        client.post(removal("delete", public), {"how": "plain"}).status_code,
        client.get(url(foreign)).status_code,
    ]

    assert back.status_code == 302
    assert refused == [403, 403, 403, 404, 403, 404, 403, 403, 403]
    assert [state(one) for one in (own, foreign, public)] == ["draft", "trashed", "trashed"]
    page = client.get(url(public)).content
    assert b"untrash" not in page
    assert b"do=delete" not in page


def test_contributor_learns_no_title_of_other_drafts(client, django_user_model):
    contributor = make_member(django_user_model, rights.CONTRIBUTOR)
    own = make_article("Own", by=contributor)
    make_article("Secret plan", body=f"<p>Secret words {cite(own)}.</p>")
    make_article("Second own", by=contributor, body=f"<p>{cite(own)}</p>")
    client.force_login(contributor)

    page = client.get(removal("trash", own))

    assert html.all_words(page, "//a[@class='affected__title']") == ["Second own"]
    assert "Secret" not in page.content.decode()
    assert re.search(r"<b>2</b>\s+drafts cite it", page.content.decode())
    # Nor may they lead readers anywhere.
    assert html.parse(page).xpath("//input[@name='target']") == []
    assert client.post(removal("trash", own), {"how": "lead"}).status_code == 422
    assert client.post(removal("trash", own), {"how": "plain"}).status_code == 302
    assert state(own) == "trashed"


def test_editor_puts_back_and_publisher_deletes(client, django_user_model):
    public = trashed(make_public("Public"))
    client.force_login(make_member(django_user_model, rights.EDITOR))
    for_editor = client.get(url(public)).content
    deletion = client.post(removal("delete", public), {"how": "plain"}).status_code
    publisher = make_member(django_user_model, rights.PUBLISHER)

    client.post(UNTRASH, {"ids": public.pk})
    put_back = state(public)
    trashed(public)
    client.force_login(publisher)
    for_publisher = client.get(url(public)).content
    client.post(removal("delete", public), {"how": "plain"})

    assert (b"do=delete" in for_editor, deletion, put_back) == (False, 403, "withdrawn")
    assert (b"do=delete" in for_publisher, state(public)) == (True, "deleted")


def test_strangers_are_sent_to_the_log_in(client):
    article = trashed(make_article())

    reply = client.post(UNTRASH, {"ids": article.pk})

    assert reply["Location"].startswith("/admin/login/")
    assert state(article) == "trashed"


def test_deleted_article_is_not_put_back(desk):
    article = make_article()
    erase(article)

    assert desk.post(UNTRASH, {"ids": article.pk}).status_code == 404


# What was scheduled


def in_days(days):
    return timezone.now() + timedelta(days=days)


def pending(*articles):
    """(title, action) of what is planned."""
    plans = Schedule.objects.filter(article__in=articles, outcome="pending").order_by("pk")
    return [(plan.article.latest_revision.title, plan.action) for plan in plans]


def thrown_away(desk, *articles):
    """The answer that offers to undo it."""
    data = {"action": "trash_selected", "_selected_action": [article.pk for article in articles]}
    reply = desk.post(LIST, data, follow=True)
    if not html.parse(reply).xpath("//form[@class='undo']"):
        reply = desk.post(removal("trash", *articles), {"how": "plain"}, follow=True)
    return reply


def test_undo_brings_back_what_was_scheduled(desk, editor):
    draft, live = make_article("Draft"), make_public("Live")
    publishing.schedule(draft, due_at=in_days(1), by=editor)
    publishing.schedule(live, due_at=in_days(2), by=editor, action="unpublish")
    planned = list(Schedule.objects.values("pk", "revision", "due_at", "by", "outcome"))
    reply = thrown_away(desk, draft, live)
    assert pending(draft, live) == []

    reply = desk.post(*undo_of(reply), follow=True)

    assert said(reply) == ["2 articles are out of the trash."]
    assert list(Schedule.objects.values("pk", "revision", "due_at", "by", "outcome")) == planned
    newest = AuditEntry.objects.filter(act="scheduled").order_by("-pk").first()
    assert (newest.by, newest.object_name) == (editor, "Live")
    # Once out of the trash it is done in its time, once.
    assert publishing.carry_out_due(now=in_days(3)) == 2
    assert (state(draft), state(live)) == ("live", "withdrawn")
    assert publishing.carry_out_due(now=in_days(3)) == 0


def test_undo_says_what_has_missed_its_time(desk, editor):
    draft = make_article("Draft")
    publishing.schedule(draft, due_at=in_days(1), by=editor)
    reply = thrown_away(desk, draft)
    Schedule.objects.update(due_at=datetime(2026, 1, 2, 10, tzinfo=UTC))

    reply = desk.post(*undo_of(reply), follow=True)

    assert said(reply) == [
        "“Draft” is out of the trash, as a draft.",
        "Not scheduled any more: “Draft”, publish on 2 January 2026, 10:00.",
    ]
    assert pending(draft) == []
    # It is told once, not each time the article goes there and back.
    reply = thrown_away(desk, draft)
    assert len(said(desk.post(*undo_of(reply), follow=True))) == 1


def test_put_back_as_a_draft_plans_nothing(desk, editor):
    draft = make_article("Draft")
    publishing.schedule(draft, due_at=in_days(1), by=editor)
    thrown_away(desk, draft)

    reply = desk.post(UNTRASH, {"ids": draft.pk}, follow=True)

    assert said(reply) == ["“Draft” is out of the trash, as a draft."]
    assert pending(draft) == []


@pytest.mark.parametrize("together", [True, False])
def test_bundle_comes_back_with_the_last_of_its_articles(desk, editor, together):
    articles = [make_article(title) for title in ("One", "Two", "Three")]
    bundle = publishing.save_bundle(None, name="Together", articles=articles, by=editor)
    publishing.schedule_bundle(bundle, due_at=in_days(1), by=editor)
    if together:
        replies = [thrown_away(desk, *articles[:2])]
    else:
        replies = [thrown_away(desk, article) for article in articles[:2]]
    assert pending(*articles) == []

    for reply in replies:
        assert pending(*articles) == []
        desk.post(*undo_of(reply), follow=True)

    assert pending(*articles) == [("One", "publish"), ("Two", "publish"), ("Three", "publish")]
    assert publishing.carry_out_due(now=in_days(2)) == 3


def test_bundle_that_is_another_one_by_now_does_not_come_back(desk, editor):
    articles = [make_article(title) for title in ("One", "Two", "Three")]
    changes = [
        lambda bundle: publishing.save_bundle(bundle, name="B", articles=articles[1:], by=editor),
        lambda bundle: publishing.discard_bundle(bundle, by=editor),
        lambda bundle: publishing.schedule(articles[2], due_at=in_days(5), by=editor),
        lambda bundle: publishing.publish(articles[1], by=editor),
        lambda bundle: publishing.trash(articles[2], by=editor),
    ]
    for change in changes:
        bundle = publishing.save_bundle(None, name="B", articles=articles, by=editor)
        publishing.schedule_bundle(bundle, due_at=in_days(1), by=editor)
        reply = thrown_away(desk, articles[0])
        change(bundle)
        before = pending(*articles)

        desk.post(*undo_of(reply), follow=True)

        assert pending(*articles) == before
        publishing.cancel_schedules(articles[2], by=editor)


def test_contributor_calls_off_no_plan_by_way_of_the_trash(client, django_user_model):
    member = make_member(django_user_model, rights.CONTRIBUTOR)
    own, other = make_article("Own", by=member), make_article("Other")
    bundle = publishing.save_bundle(None, name="Together", articles=[own, other], by=None)
    publishing.schedule_bundle(bundle, due_at=in_days(1), by=None)
    client.force_login(member)

    listed_reply = client.post(
        LIST, {"action": "trash_selected", "_selected_action": own.pk}, follow=True
    )
    asked_reply = client.post(removal("trash", own), {"how": "plain"})

    words = "“Own” is scheduled. Ask an editor to call that off first."
    assert said(listed_reply) == [words]
    assert words in asked_reply.content.decode()
    assert pending(own, other) == [("Own", "publish"), ("Other", "publish")]


@pytest.mark.parametrize("decision", [None, publishing.approve])
def test_undo_leaves_what_was_handed_in_handed_in(desk, editor, decision):
    draft = make_article("Draft", by=editor)
    publishing.submit(draft, by=editor)
    if decision:
        decision(draft, by=editor)
    before = Article.objects.values("submission", "submission__outcome").get()
    reply = thrown_away(desk, draft)
    assert Article.objects.values_list("submission", flat=True).get() is None

    desk.post(*undo_of(reply))

    assert Article.objects.values("submission", "submission__outcome").get() == before


def test_put_back_as_a_draft_hands_nothing_in(desk, editor):
    draft = make_article("Draft", by=editor)
    publishing.submit(draft, by=editor)
    for how in ({}, {"as_it_was": ""}):
        thrown_away(desk, draft)
        desk.post(UNTRASH, {"ids": draft.pk} | how)
        draft.refresh_from_db()
        assert draft.submission is None


def test_address_of_what_is_away_already_leads_on_from_the_trash_and_out_of_it(desk):
    article, other = make_public("Away"), make_public("Other")
    publishing.unpublish(article, by=None, lead_to=references.token_of(other))
    path, place = article.get_absolute_url(), other.get_absolute_url()
    page = removal("trash", article)

    offered = desk.get(page).content.decode()
    reply = desk.post(page, {"how": "plain"}, follow=True)

    assert "where its address leads already, it leads on" in offered
    assert state(article) == "trashed"
    assert desk.get(path)["Location"] == place
    address, data = undo_of(reply)
    desk.post(address, data)
    assert state(article) == "withdrawn"
    assert desk.get(path)["Location"] == place
