"""Who did what, when: each act is written down once, refusals aren't, and it is kept."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles import audit, guards, publishing, rights
from articles.models import Article, AuditEntry, Bundle, MenuItem, Pick, PublishCheck, Schedule, Tag
from articles.publishing import NotAllowed, PublishingError, Words
from articles.rendering import RefToken
from tests import html
from tests.factories import (
    change_draft,
    cite,
    erase,
    make_article,
    make_author,
    make_image,
    make_public,
    make_scheduled,
    picture_file,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/articles/auditentry/"


@pytest.fixture
def leila():
    user = get_user_model().objects.create_user(
        "leila", first_name="Leila", last_name="Haddad", is_staff=True
    )
    user.groups.add(Group.objects.get(name=rights.PUBLISHER))
    return user


@pytest.fixture
def desk(client, leila):
    client.force_login(leila)
    return client


def fresh(article):
    return Article.objects.get(pk=article.pk)


def written(since=0):
    """What the audit says, in the order in which it was written: (act, by whom, what)."""
    entries = AuditEntry.objects.filter(pk__gt=since).order_by("pk")
    return [(one.act, one.by_name, one.object_name) for one in entries]


def newest():
    return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


# Verbs


class World:
    """What the verbs act on, made when it is asked for."""

    def __init__(self, by):
        self.by = by
        self.soon = timezone.now() + timedelta(days=1)

    @property
    def draft(self):
        return make_article("Quay", slug="quay", by=self.by)

    @property
    def public(self):
        body = "<h2>Depth</h2><p>Three metres.</p>"
        return make_public("Quay", slug="quay", by=self.by, body=body)

    @property
    def other(self):
        return make_public("Harbour", slug="harbour", by=self.by)

    @property
    def scheduled(self):
        return make_scheduled("Quay", by=self.by)

    @property
    def submitted(self):
        return publishing.submit(self.draft, by=self.by)

    @property
    def trashed(self):
        return publishing.trash(self.draft, by=self.by)

    @property
    def commented(self):
        return publishing.comment(self.draft, "Why?", by=self.by)

    @property
    def resolved(self):
        remark = self.commented
        publishing.resolve(remark, by=self.by)
        return remark

    @property
    def failed(self):
        article = self.scheduled
        article.schedules.update(outcome="failed", finished_at=timezone.now())
        return article.schedules.get()

    @property
    def shared(self):
        return publishing.share(self.draft, by=self.by)

    @property
    def assigned(self):
        return publishing.assign(self.draft, self.by, by=self.by)

    @property
    def bundle(self):
        articles = [self.draft, make_article("Harbour", by=self.by)]
        return publishing.save_bundle(None, name="Ports", articles=articles, by=self.by)

    @property
    def scheduled_bundle(self):
        return publishing.schedule_bundle(self.bundle, due_at=self.soon, by=self.by)

    @property
    def oil(self):
        return publishing.tag_named("Oil")

    @property
    def gas(self):
        return publishing.tag_named("Gas")

    @property
    def tagged(self):
        return make_public("Rig", by=self.by, tags=["Oil"])

    @property
    def merged_tag(self):
        return publishing.merge_tag(self.oil, self.gas, by=self.by)

    @property
    def retagged(self):
        return publishing.tag_articles([self.draft], add=["Gas"], by=self.by)

    def renamed(self, tag):
        tag.name = "Crude"
        return tag

    @property
    def cited(self):
        """An article, and another one in public that cites it and its section."""
        article = self.public
        body = f"<p>{cite(article)} and {cite(article, section='s-depth')}</p>"
        make_public("Source", slug="source", by=self.by, body=body)
        return article

    def to(self, article):
        return RefToken("article", article.uid)


# Verb → what it is done to, how, and what is written down of it.
VERBS = {
    "create": (None, lambda w, _x: publishing.create(Words(title="Quay"), by=w.by),
               [("created", "Quay")]),
    "save_draft": ("draft", lambda w, x: publishing.save_draft(x, Words(title="Pier"), by=w.by),
                   [("saved", "Pier")]),
    "autosave": ("draft",
                 lambda w, x: publishing.autosave(x, Words(title="Pier"), by=w.by, based_on=1),
                 [("autosaved", "Pier")]),
    "restore": ("draft", lambda w, x: publishing.restore(x, x.latest_revision, by=w.by),
                [("restored", "Quay")]),
    "name_revision": ("draft",
                      lambda w, x: publishing.name_revision(x, x.latest_revision, "A", by=w.by),
                      [("named", "Quay")]),
    "publish": ("draft", lambda w, x: publishing.publish(x, by=w.by), [("published", "Quay")]),
    "unpublish": ("public", lambda w, x: publishing.unpublish(x, by=w.by),
                  [("unpublished", "Quay")]),
    "trash": ("draft", lambda w, x: publishing.trash(x, by=w.by), [("trashed", "Quay")]),
    "untrash": ("trashed", lambda w, x: publishing.untrash(x, by=w.by), [("untrashed", "Quay")]),
    "delete": ("trashed", lambda w, x: publishing.delete(x, by=w.by), [("deleted", "Quay")]),
    "merge": ("public", lambda w, x: publishing.merge(x, w.other, by=w.by),
              [("created", "Harbour"), ("published", "Harbour"), ("merged", "Quay")]),
    "merge, changing texts": (
        "cited", lambda w, x: publishing.merge(x, w.other, by=w.by, retarget=True),
        [("created", "Harbour"), ("published", "Harbour"), ("retargeted", "Source"),
         ("merged", "Quay")]),
    "schedule": ("draft", lambda w, x: publishing.schedule(x, due_at=w.soon, by=w.by),
                 [("scheduled", "Quay")]),
    "cancel_schedules": ("scheduled", lambda w, x: publishing.cancel_schedules(x, by=w.by),
                         [("unscheduled", "Quay")]),
    "submit": ("draft", lambda w, x: publishing.submit(x, by=w.by), [("submitted", "Quay")]),
    "approve": ("submitted", lambda w, x: publishing.approve(x, by=w.by), [("approved", "Quay")]),
    "send_back": ("submitted", lambda w, x: publishing.send_back(x, by=w.by, comment="Shorter"),
                  [("sent_back", "Quay")]),
    "take_back": ("submitted", lambda w, x: publishing.take_back(x, by=w.by),
                  [("taken_back", "Quay")]),
    "comment": ("draft", lambda w, x: publishing.comment(x, "Why?", by=w.by),
                [("commented", "Quay")]),
    "edit_comment": (
        "commented", lambda w, x: publishing.edit_comment(x, "Why not?", by=w.by),
        [("comment_edited", "Quay")]),
    "delete_comment": (
        "commented", lambda w, x: publishing.delete_comment(x, by=w.by),
        [("comment_deleted", "Quay")]),
    "dismiss": ("failed", lambda w, x: publishing.dismiss(x, by=w.by), [("dismissed", "Quay")]),
    "resolve": ("commented", lambda w, x: publishing.resolve(x, by=w.by), [("resolved", "Quay")]),
    "reopen": ("resolved", lambda w, x: publishing.reopen(x, by=w.by), [("reopened", "Quay")]),
    "assign": ("draft", lambda w, x: publishing.assign(x, w.by, by=w.by), [("assigned", "Quay")]),
    "finish": ("assigned", lambda w, x: publishing.finish(x, by=w.by), [("finished", "Quay")]),
    "share": ("draft", lambda w, x: publishing.share(x, by=w.by), [("shared", "Quay")]),
    "unshare": ("shared", lambda w, x: publishing.unshare(x, by=w.by), [("unshared", "Quay")]),
    "save_bundle": ("draft",
                    lambda w, x: publishing.save_bundle(None, name="Ports", articles=[x], by=w.by),
                    [("added", "Ports")]),
    "save_bundle again": (
        "bundle", lambda w, x: publishing.save_bundle(x, name="Sea", articles=[], by=w.by),
        [("changed", "Sea")]),
    "publish_bundle": ("bundle", lambda w, x: publishing.publish_bundle(x, by=w.by),
                       [("published", "Quay"), ("published", "Harbour"), ("published", "Ports")]),
    "schedule_bundle": (
        "bundle", lambda w, x: publishing.schedule_bundle(x, due_at=w.soon, by=w.by),
        [("scheduled", "Quay"), ("scheduled", "Harbour"), ("scheduled", "Ports")]),
    "cancel_bundle": (
        "scheduled_bundle", lambda w, x: publishing.cancel_bundle(x, by=w.by),
        [("unscheduled", "Quay"), ("unscheduled", "Harbour"), ("unscheduled", "Ports")]),
    "discard_bundle": ("bundle", lambda w, x: publishing.discard_bundle(x, by=w.by),
                       [("removed", "Ports")]),
    "forward_section": (
        "public",
        lambda w, x: publishing.forward_section(x, "s-depth", w.to(w.other), by=w.by),
        [("created", "Harbour"), ("published", "Harbour"), ("section_led", "Quay")]),
    "save_merged": (
        "draft",
        lambda w, x: publishing.save_merged(
            x, Words(title="Pier"), by=w.by, based_on=1, own=Words(title="Mine")),
        [("saved", "Mine"), ("saved", "Pier")]),
    "save_tag": ("oil", lambda w, x: publishing.save_tag(w.renamed(x), by=w.by),
                 [("changed", "Crude")]),
    "retire_tag": ("oil", lambda w, x: publishing.retire_tag(x, by=w.by), [("changed", "Oil")]),
    "merge_tag": ("oil", lambda w, x: publishing.merge_tag(x, w.gas, by=w.by),
                  [("merged", "Oil")]),
    "undo_change": ("merged_tag", lambda w, x: publishing.undo_change(x, by=w.by),
                    [("undone", "Oil")]),
    "split_tag": ("oil", lambda w, x: publishing.split_tag(x, [w.tagged], "Gas", by=w.by),
                  [("created", "Rig"), ("published", "Rig"), ("retagged", "Rig"),
                   ("split", "Oil")]),
    "tag_articles": ("draft", lambda w, x: publishing.tag_articles([x], add=["Gas"], by=w.by),
                     [("retagged", "Quay"), ("tagged", "Gas")]),
    "undo_retagging": ("retagged", lambda w, x: publishing.undo_retagging(x, by=w.by),
                       [("retagged", "Quay"), ("undone", "Gas")]),
    "retarget": ("cited",
                 lambda w, x: publishing.retarget(
                     Article.objects.get(slug="source"), lambda _token: None, by=w.by),
                 [("retargeted", "Source")]),
    "retarget_section": (
        "cited", lambda w, x: publishing.retarget_section(x, "s-depth", w.to(x), by=w.by),
        [("retargeted", "Source")]),
    "unpublish, changing texts": (
        "cited", lambda w, x: publishing.unpublish(x, by=w.by, retarget_to=w.to(w.other)),
        [("created", "Harbour"), ("published", "Harbour"), ("retargeted", "Source"),
         ("unpublished", "Quay")]),
    "move_section": (
        "public", lambda w, x: publishing.move_section(x, "s-depth", w.other, by=w.by),
        [("created", "Harbour"), ("published", "Harbour"), ("saved", "Harbour"),
         ("saved", "Quay"), ("section_moved", "Quay")]),
    "lead_path": ("public", lambda w, x: publishing.lead_path("/old/", x, by=w.by),
                  [("path_led", "/old/")]),
    "give_up_path": (None, lambda w, _x: publishing.give_up_path("/old/", by=w.by),
                     [("path_given_up", "/old/")]),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_verb_is_written_down_once(leila, verb):
    world = World(leila)
    prepared, do, expected = VERBS[verb]
    thing = getattr(world, prepared) if prepared else None
    since = newest()

    do(world, thing)

    assert written(since) == [(act, "Leila Haddad", name) for act, name in expected]


@pytest.mark.parametrize(
    "verb", [verb for verb, (_thing, _do, expected) in VERBS.items() if len(expected) == 1]
)
def test_refused_verb_is_not_written_down(leila, verb):
    world = World(leila)
    prepared, do, _expected = VERBS[verb]
    thing = getattr(world, prepared) if prepared else None
    since = newest()
    world.by = get_user_model().objects.create_user("stranger", is_staff=True)

    with pytest.raises(NotAllowed):
        do(world, thing)

    assert written(since) == []


def test_every_act_has_a_verb_that_is_tried_here():
    tried = {act for _thing, _do, expected in VERBS.values() for act, _name in expected}
    # A schedule that fails has its own test.
    assert set(audit.ACTS) - tried == {"failed"}


def test_verb_that_fails_half_way_is_not_written_down(leila):
    world = World(leila)
    bundle = world.bundle
    PublishCheck.objects.update_or_create(key="no_author", defaults={"level": "stop"})
    Article.objects.filter(bundles=bundle).last().revisions.update(title="")
    since = newest()

    with pytest.raises(PublishingError):
        publishing.publish_bundle(bundle, by=leila)

    assert written(since) == []


def test_autosaves_of_one_sitting_are_written_down_once(leila):
    article = make_article("Quay", by=leila)
    since = newest()
    for title in ("Quay 1", "Quay 2", "Quay 3"):
        article = fresh(article)
        words, edition = Words(title=title), article.latest_revision.edition
        publishing.autosave(article, words, by=leila, based_on=edition)

    assert [act for act, _by, _name in written(since)] == ["autosaved"]


def test_saving_what_was_autosaved_is_written_down(leila):
    article = make_article("Quay", by=leila)
    words = Words(title="Pier")
    publishing.autosave(article, words, by=leila, based_on=1)
    since = newest()

    for _time in range(2):
        publishing.save_draft(fresh(article), words, by=leila, based_on=2)

    # The second time nothing was left to save.
    assert written(since) == [("saved", "Leila Haddad", "Pier")]


def test_what_the_worker_does_is_done_by_the_publication(leila):
    article = make_scheduled("Quay", by=leila)
    failing = make_scheduled("Pier", by=leila, slug="taken")
    make_public("Other", slug="taken")
    Schedule.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    since = newest()

    publishing.carry_out_due(now=timezone.now())

    assert written(since) == [("published", "", "Quay"), ("failed", "", "Pier")]
    assert {str(audit.who_of(one)) for one in AuditEntry.objects.filter(pk__gt=since)} == {
        "The publication"
    }
    assert fresh(article).state == "live"
    assert fresh(failing).state == "draft"


# Kept


def test_audit_outlives_article_and_user(leila):
    article = make_public("Quay", by=leila)
    erase(article)
    leila.delete()

    entries = AuditEntry.objects.filter(article=article).order_by("pk")
    said = [(one.act, one.by, one.by_name, one.object_name) for one in entries]
    assert said == [
        ("created", None, "Leila Haddad", "Quay"),
        ("published", None, "Leila Haddad", "Quay"),
        ("trashed", None, "", "Quay"),
        ("deleted", None, "", "Quay"),
    ]


def test_user_who_is_gone_is_not_the_publication(desk, leila, editor):
    make_article("Quay", by=leila)
    make_article("Pier", by=None)
    leila.delete()
    desk.force_login(editor)

    said = html.all_words(desk.get(LIST), "//td[contains(@class, 'field-who')]")
    only = html.all_words(desk.get(f"{LIST}?person=publication"), "//td[@class='field-thing']")

    assert said == ["The publication", "Leila Haddad"]
    assert only == ["Pier"]


CHANGES = {
    "delete": lambda one, _user: AuditEntry.objects.filter(pk=one.pk)._raw_delete("default"),
    "delete all": lambda one, _user: AuditEntry.objects.all().delete(),
    "other words": lambda one, _user: AuditEntry.objects.update(object_name="Other"),
    "other name": lambda one, _user: AuditEntry.objects.update(by_name="Other"),
    "other time": lambda one, _user: AuditEntry.objects.update(at=timezone.now()),
    "other article": lambda one, _user: AuditEntry.objects.update(article=None),
    "other user": lambda one, user: AuditEntry.objects.update(by=user),
}


@pytest.mark.parametrize("way", CHANGES)
def test_database_changes_no_entry(leila, editor, way):
    make_article("Quay", by=leila)
    entry = AuditEntry.objects.get()

    with (
        pytest.raises((IntegrityError, ProtectedError), match="The audit is kept"),
        transaction.atomic(),
    ):
        CHANGES[way](entry, editor)

    again = AuditEntry.objects.get()
    assert [getattr(again, field.attname) for field in AuditEntry._meta.concrete_fields] == [
        getattr(entry, field.attname) for field in AuditEntry._meta.concrete_fields
    ]


def test_guard_of_the_audit_comes_back(leila):
    make_article("Quay", by=leila)
    name = "articles_auditentry_unchanged"
    on = "" if connection.vendor == "sqlite" else " ON articles_auditentry"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")

    guards.install()

    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.update(act="other")


# What is edited in the admin without a verb


def data_of(form, **changes):
    """What the browser would send for the form of a page."""
    data = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if hasattr(field.widget, "widgets"):
            continue
        data[name] = "" if value is None or value is False else value
    return data | changes


def saved(desk, url, **changes):
    page = desk.get(url)
    response = desk.post(url, data_of(page.context["adminform"].form, **changes))
    assert response.status_code == 302, response.context["errors"]


def admin_url(thing, what="change"):
    meta = thing._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{what}", args=[thing.pk])


def test_tag_is_written_down_when_it_is_added_and_changed(desk):
    saved(desk, "/admin/articles/tag/add/", name="Ports")
    tag = Tag.objects.get()
    saved(desk, admin_url(tag))
    saved(desk, admin_url(tag), name="Harbours", description="Where ships are.")

    assert written() == [
        ("added", "Leila Haddad", "Ports"),
        ("changed", "Leila Haddad", "Harbours"),
    ]
    entry = AuditEntry.objects.get(act="changed")
    assert (entry.object_kind, entry.object_id) == ("tag", tag.uid)
    assert entry.detail == "Name: “Ports” → “Harbours”; Description"


def test_refused_change_of_a_tag_is_not_written_down(desk):
    publishing.save_tag(Tag(name="Sea"))
    since = newest()
    response = desk.post("/admin/articles/tag/add/", {"name": "Sea"})
    assert response.status_code == 200
    assert written(since) == []


def test_author_picture_and_settings_are_written_down(desk):
    author, image = make_author("Ada"), make_image("Cranes")
    saved(desk, admin_url(author), role="Editor-at-large")
    saved(desk, admin_url(image), alt="Two cranes")
    desk.get("/admin/articles/sitesettings/")
    saved(desk, "/admin/articles/sitesettings/1/change/", tagline="Of seas")

    kinds = AuditEntry.objects.order_by("pk").values_list("act", "object_kind", "detail")
    assert list(kinds) == [
        ("changed", "author", "Changed Role."),
        ("changed", "image", "Changed Alternative text."),
        ("changed", "sitesettings", "Changed Tagline."),
    ]


def test_picture_added_while_writing_is_written_down(desk):
    upload = {"file": picture_file(), "alt": "Cranes"}
    assert desk.post("/admin/articles/article/pictures/upload/", upload).status_code == 200
    [entry] = AuditEntry.objects.all()
    assert (entry.act, entry.object_kind, entry.by_name) == ("added", "image", "Leila Haddad")


def test_menu_and_picks_are_written_down_when_they_go(desk):
    article = make_public("Quay")
    item = MenuItem.objects.create(place="header", label="Quay", article=article)
    pick = Pick.objects.create(place="home_row", article=article)
    since = newest()

    desk.post(admin_url(item, "delete"), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [pick.pk], "post": "yes"}
    desk.post("/admin/articles/pick/", chosen)

    assert not Pick.objects.exists()
    assert [(act, by) for act, by, _name in written(since)] == [("removed", "Leila Haddad")] * 2
    assert [one.object_kind for one in AuditEntry.objects.filter(act="removed").order_by("pk")] == [
        *("menuitem", "pick"),
    ]


def test_check_changed_in_its_list_is_written_down(desk):
    page = desk.get("/admin/articles/publishcheck/")
    formset = page.context["cl"].formset
    data = {
        f"{formset.prefix}-TOTAL_FORMS": len(formset.forms),
        f"{formset.prefix}-INITIAL_FORMS": len(formset.forms),
        "_save": "",
    }
    for form in formset.forms:
        data |= {
            f"{form.prefix}-key": form.instance.pk,
            f"{form.prefix}-level": form["level"].value(),
        }
    changed = formset.forms[0]
    data[f"{changed.prefix}-level"] = "stop" if changed["level"].value() != "stop" else "off"
    desk.post("/admin/articles/publishcheck/", data)

    [entry] = AuditEntry.objects.all()
    assert (entry.act, entry.object_kind) == ("changed", "publishcheck")
    assert entry.object_id == changed.instance.pk


def test_account_is_written_down_without_its_password(desk):
    password = "long and odd words"
    desk.post(
        "/admin/auth/user/add/",
        {"username": "ada", "role": "Editor", "usable_password": "true",
         "password1": password, "password2": password},
    )  # fmt: skip
    ada = get_user_model().objects.get(username="ada")
    saved(desk, admin_url(ada), role="Contributor")

    assert written() == [("added", "Leila Haddad", "ada"), ("changed", "Leila Haddad", "ada")]
    details = " ".join(AuditEntry.objects.values_list("detail", flat=True))
    assert "Role" in details
    assert password not in details


def test_nothing_is_written_elsewhere(desk):
    saved(desk, "/admin/articles/tag/add/", name="Ports")
    assert not LogEntry.objects.exists()


# The page


@pytest.mark.parametrize(
    ("role", "status"),
    [("Contributor", 403), ("Editor", 200), ("Publisher", 200), ("", 403), (None, 302)],
)
def test_audit_is_for_editors(client, django_user_model, role, status):
    if role is not None:
        user = django_user_model.objects.create_user("somebody", is_staff=True)
        if role:
            user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
    assert client.get(LIST).status_code == status
    link = LIST.encode() in client.get("/admin/", follow=True).content
    assert link == (status == 200)


def test_audit_is_only_read(desk, leila):
    make_article("Quay", by=leila)
    entry = AuditEntry.objects.get()
    answers = [
        desk.get(f"{LIST}add/"),
        desk.post(admin_url(entry), {"act": "published"}),
        desk.post(admin_url(entry, "delete"), {"post": "yes"}),
        desk.post(LIST, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "y"}),
    ]
    assert [answer.status_code for answer in answers[:3]] == [403] * 3
    assert AuditEntry.objects.get().act == "created"


def things(desk, query=""):
    return html.all_words(desk.get(LIST + query), "//td[@class='field-thing']")


def test_audit_is_narrowed_down(desk, leila, editor):
    make_article("Quay", by=leila)
    pier = make_article("Pier", by=editor)
    publishing.publish(pier, by=editor)
    saved(desk, "/admin/articles/tag/add/", name="Ports")

    assert things(desk) == ["Ports", "Pier", "Pier", "Quay"]
    assert things(desk, f"?person={leila.pk}") == ["Ports", "Quay"]
    assert things(desk, "?act=published") == ["Pier"]
    assert things(desk, "?kind=tag") == ["Ports"]
    assert things(desk, "?q=pier") == ["Pier", "Pier"]
    assert things(desk, "?q=Leila") == ["Ports", "Quay"]
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    assert things(desk, f"?at__gte={tomorrow}+00:00:00%2B00:00") == []


@pytest.mark.parametrize(
    "query",
    ["person=x", "person=99999999999999999999", "act=x", "kind=x", "at__gte=x", "q=%00", "p=99999",
     "o=9", "q=" + "x" * 5000, "unknown=1"],
)  # fmt: skip
def test_odd_question_to_the_audit_gets_a_page(desk, query):
    assert desk.get(f"{LIST}?{query}", follow=True).status_code == 200


def test_entry_leads_to_its_thing_while_that_is_there(desk, leila):
    gone, article = make_article("Gone", by=leila), make_article("Quay", by=leila)
    saved(desk, "/admin/articles/tag/add/", name="Ports")
    pick = Pick.objects.create(place="home_row", article=make_public("Pier", by=leila))
    desk.post(admin_url(pick, "delete"), {"post": "yes"})
    erase(gone)
    bundle = publishing.save_bundle(None, name="Together", articles=[], by=leila)

    page = html.parse(desk.get(LIST))

    links = {}
    for cell in page.xpath("//td[@class='field-thing']"):
        links[html.words(cell)] = next(iter(cell.xpath("./a/@href")), None)
    assert links["Quay"] == reverse("admin:articles_article_history", args=[article.pk])
    assert links["Ports"] == admin_url(Tag.objects.get())
    assert links["Gone"] is None
    assert links[str(pick)] is None
    assert "Together" in links
    assert Bundle.objects.get() == bundle


@pytest.mark.parametrize("count", [1, 20])
def test_audit_asks_the_same_however_long_it_is(desk, leila, count):
    for number in range(count):
        make_article(f"Quay {number}", by=leila)
        audit.record("added", by=leila, thing=publishing.tag_named(f"Tag {number}"))
        audit.record("changed", by=leila, thing=make_author(f"Author {number}"))
        audit.record("changed", by=leila, thing=leila)
    desk.get(LIST)

    with CaptureQueriesContext(connection) as queries:
        desk.get(LIST)

    sql = [one["sql"] for one in queries]
    # Session, user, rights, publication; two counts; people; entries; tags, authors, users.
    assert len(queries) == 11, "\n".join(sql)
    assert not any('"body"' in one for one in sql)


def test_change_of_references_is_found_in_the_history_of_its_article(leila):
    world = World(leila)
    target = world.cited
    publishing.unpublish(target, by=leila, retarget_to=world.to(world.other))

    source = Article.objects.get(slug="source")
    acts = source.audit_entries.order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["created", "published", "retargeted"]
    assert change_draft(source, by=leila, title="Other").number == 3
