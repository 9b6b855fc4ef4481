"""A verb that fails at any point leaves all of it or nothing: never half."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from articles import directory, publishing, references, search, similar, typesetting
from articles.content_version import current
from articles.models import Article, AuditEntry, Schedule, Tag, TagChange
from articles.publishing import Words, release
from authors.models import Author
from tests.conftest import SOAK
from tests.factories import (
    EPOCH,
    change_draft,
    cite,
    make_article,
    make_author,
    make_public,
)

pytestmark = pytest.mark.django_db

_BODY = "<h2>One</h2><p>See {}.</p>"


class Crash(BaseException):
    """What no `except Exception` on the way can take for a refusal."""


class CrashAfterWrite:
    """Counts the writes, and fails after one of them: the first is number 1, 0 is none."""

    def __init__(self, fatal=0):
        self.fatal = fatal
        self.writes = 0

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.lstrip().split(None, 1)[0].upper() in {"INSERT", "UPDATE", "DELETE"}:
            self.writes += 1
            if self.writes == self.fatal:
                raise Crash
        return result


def dump():
    """Every row of every table of the publication, the search index included."""
    tables = {
        model._meta.db_table: sorted(map(repr, model.objects.values_list()))
        for app in ("articles", "authors")
        for model in apps.get_app_config(app).get_models()
    }
    with connection.cursor() as cursor:
        names = [
            name
            for name in connection.introspection.table_names(cursor)
            if name.startswith("articles_search")
        ]
        for name in names:
            cursor.execute(f'SELECT * FROM "{name}"')
            tables[name] = sorted(map(repr, cursor.fetchall()))
    return tables


@pytest.fixture
def newsroom():
    """A live article with everything, another under way, and something to cite."""
    ada, target = make_author("Ada"), make_public("Target")
    live = make_public(
        "Live", slug="live", authors=[ada], tags=["Oil"], body=_BODY.format(cite(target))
    )
    change_draft(
        live, title="Newer", slug="newer", tags=["Gas"], bylines=[make_author("Eve").uid],
        body=f"<h2>Two</h2><p>{cite(ada)}</p>", related=[{"article": target.uid}],
    )  # fmt: skip
    draft = make_article("Draft", authors=[ada], tags=["Oil", "New"], body=_BODY.format(cite(live)))
    publishing.schedule(draft, due_at=timezone.now() + timedelta(days=1), by=None)
    sea = publishing.save_tag(Tag(name="Sea"), aliases=["Water"])
    sea.name, sea.slug = "Seas", "seas"
    publishing.save_tag(sea)
    return {
        "live": live,
        "draft": draft,
        "target": target,
        "rename": TagChange.objects.get(),
        "retagging": publishing.tag_articles([target], add=["Law"], by=None),
        "merge": publishing.merge_tag(publishing.tag_named("Law"), sea, by=None),
        "merged": publishing.merge_author(make_author("A. L."), ada, by=None),
    }


@pytest.fixture
def desk(newsroom, editor):
    """The same newsroom with everything that colleagues ask and say of a draft under way."""
    live, target = newsroom["live"], newsroom["target"]
    publishing.cancel_schedules(newsroom["draft"], by=editor)
    publishing.submit(live, by=editor, note="Please look")
    remark = publishing.comment(live, "Really?", by=editor, quote="See")
    publishing.comment(live, "Yes", by=None, parent=remark)
    two = [live, newsroom["draft"]]
    later = {"due_at": timezone.now() + timedelta(days=2), "by": editor}
    planned = publishing.save_bundle(None, name="Planned", articles=[live, target], by=editor)
    publishing.schedule_bundle(planned, **later)
    trashed = make_public("Trashed", tags=["Oil"], related=[])
    publishing.schedule(trashed, action="unpublish", **later)
    trashed = publishing.trash(trashed, by=editor)
    failed = Schedule.objects.create(
        article=target, action="unpublish", due_at=EPOCH, outcome="failed", finished_at=EPOCH
    )
    return newsroom | {
        "editor": editor,
        "new": get_user_model().objects.create_user("new", email="a@b.example", is_staff=True),
        "remark": remark,
        "task": publishing.assign(target, editor, by=None, task="Check"),
        "link": publishing.share(live, by=editor),
        "bundle": publishing.save_bundle(None, name="Both", articles=two, by=editor),
        "planned": planned,
        "later": later,
        "trashed": trashed,
        "failed": failed,
        "sitting": publishing.autosave(target, Words(title="Half a ti"), by=editor, based_on=None),
    }


def renamed(model, name):
    row = model.objects.get(name=name)
    row.name, row.slug = "Renamed", "renamed"
    return row


VERBS = {
    "create": lambda rows: publishing.create(
        Words(title="A", body=_BODY.format(cite(rows["live"]))), by=None
    ),
    "save_draft": lambda rows: change_draft(
        rows["live"], title="Third", body=_BODY.format(cite(rows["draft"]))
    ),
    "publish": lambda rows: publishing.publish(rows["draft"], by=None),
    "publish again": lambda rows: publishing.publish(rows["live"], by=None),
    "unpublish": lambda rows: publishing.unpublish(rows["live"], by=None),
    "schedule": lambda rows: publishing.schedule(
        rows["draft"], due_at=timezone.now() + timedelta(days=2), by=None
    ),
    "restore": lambda rows: publishing.restore(
        rows["live"], rows["live"].revisions.get(number=1), by=None
    ),
    "save_author": lambda rows: publishing.save_author(renamed(Author, "Ada")),
    "merge_author": lambda rows: publishing.merge_author(
        Author.objects.get(name="Ada"), Author.objects.get(name="Eve"), by=None
    ),
    "unmerge_author": lambda rows: publishing.unmerge_author(rows["merged"], by=None),
    "save_tag": lambda rows: publishing.save_tag(renamed(Tag, "Oil"), aliases=["Crude"]),
    "merge_tag": lambda rows: publishing.merge_tag(
        Tag.objects.get(name="Oil"), Tag.objects.get(name="Seas"), by=None
    ),
    "undo_change": lambda rows: publishing.undo_change(rows["merge"], by=None),
    "undo_change of names": lambda rows: publishing.undo_change(rows["rename"], by=None),
    "split_tag": lambda rows: publishing.split_tag(
        Tag.objects.get(name="Oil"), [rows["live"], rows["draft"]], "Crude", by=None
    ),
    "undo_retagging": lambda rows: publishing.undo_retagging(rows["retagging"], by=None),
    "carry_out_due": lambda rows: publishing.carry_out_due(now=timezone.now() + timedelta(days=3)),
}
DESK_VERBS = {
    "autosave": lambda rows: publishing.autosave(
        rows["live"], Words(title="Thir", body=_BODY), by=rows["editor"], based_on=None
    ),
    "autosave again": lambda rows: publishing.autosave(
        rows["target"], Words(title="Half a title"), by=rows["editor"],
        based_on=rows["sitting"].edition,
    ),
    "name_revision": lambda rows: publishing.name_revision(
        rows["target"], rows["sitting"], "Half", by=rows["editor"]
    ),
    "submit": lambda rows: publishing.submit(rows["live"], by=rows["editor"], note="Again"),
    "approve": lambda rows: publishing.approve(rows["live"], by=rows["editor"]),
    "send_back": lambda rows: publishing.send_back(rows["live"], by=None, comment="Shorter"),
    "take_back": lambda rows: publishing.take_back(rows["live"], by=rows["editor"]),
    "publish what was handed in": lambda rows: publishing.publish(rows["live"], by=rows["editor"]),
    "comment": lambda rows: publishing.comment(
        rows["live"], "Still?", by=None, parent=rows["remark"]
    ),
    "edit_comment": lambda rows: publishing.edit_comment(
        rows["remark"], "Really, @new?", by=rows["editor"]
    ),
    "delete_comment": lambda rows: publishing.delete_comment(rows["remark"], by=rows["editor"]),
    "dismiss": lambda rows: publishing.dismiss(rows["failed"], by=rows["editor"]),
    "resolve": lambda rows: publishing.resolve(rows["remark"], by=rows["editor"]),
    "assign": lambda rows: publishing.assign(rows["live"], rows["new"], by=rows["editor"]),
    "finish": lambda rows: publishing.finish(rows["task"], by=None),
    "share": lambda rows: publishing.share(rows["live"], by=rows["editor"]),
    "unshare": lambda rows: publishing.unshare(rows["link"], by=rows["editor"]),
    "save_bundle": lambda rows: publishing.save_bundle(
        rows["bundle"], name="One", articles=[rows["live"]], by=rows["editor"]
    ),
    "publish_bundle": lambda rows: publishing.publish_bundle(rows["bundle"], by=rows["editor"]),
    "schedule_bundle": lambda rows: publishing.schedule_bundle(rows["bundle"], **rows["later"]),
    "cancel_bundle": lambda rows: publishing.cancel_bundle(rows["planned"], by=rows["editor"]),
    "discard_bundle": lambda rows: publishing.discard_bundle(rows["planned"], by=rows["editor"]),
    "carry out a bundle": lambda rows: publishing.carry_out_due(
        now=timezone.now() + timedelta(days=3)
    ),
    "trash": lambda rows: publishing.trash(rows["live"], by=rows["editor"]),
    "untrash": lambda rows: publishing.untrash(rows["trashed"], by=rows["editor"]),
    "untrash as it was": lambda rows: publishing.untrash(
        rows["trashed"], by=rows["editor"], as_it_was=True
    ),
    "delete": lambda rows: publishing.delete(rows["trashed"], by=rows["editor"]),
}  # fmt: skip


def verbs_that_leave_something(verbs, rows):
    """The names of those verbs that a crash leaves half done, or that change nothing.

    Each is tried with the rows as they are: it crashes after its first write, its last and one
    between; in a soak, after each. Whatever is written outside of the one transaction is still
    there after the last write.
    """
    before = dump()
    return [name for name, verb in verbs.items() if _leaves_something(verb, rows, before)]


def _leaves_something(verb, rows, before):
    counter = CrashAfterWrite()
    with transaction.atomic():
        with connection.execute_wrapper(counter):
            verb(deepcopy(rows))
        is_changed = dump() != before
        transaction.set_rollback(True)
    last = counter.writes
    if last < 2 or not is_changed:
        return True
    for fatal in range(1, last + 1) if SOAK else sorted({1, (last + 1) // 2, last}):
        with transaction.atomic():
            with pytest.raises(Crash), connection.execute_wrapper(CrashAfterWrite(fatal)):
                verb(deepcopy(rows))
            is_left = dump() != before
            # For the verbs that follow.
            transaction.set_rollback(True)
        if is_left:
            return True
    return False


def test_verb_that_crashes_after_any_write_leaves_nothing(newsroom):
    assert verbs_that_leave_something(VERBS, newsroom) == []


def test_verb_of_the_desk_that_crashes_after_any_write_leaves_nothing(desk):
    assert verbs_that_leave_something(DESK_VERBS, desk) == []


def test_verb_that_is_no_single_transaction_is_found_out(newsroom):
    def two(rows):
        publishing.publish(rows["draft"], by=None)
        publishing.publish(rows["live"], by=None)

    found = verbs_that_leave_something({"two": two, "none": lambda rows: None}, newsroom)

    assert found == ["two", "none"]


STEPS = [
    (search, "index"),
    (references, "follow_texts"),
    (directory, "enter_article"),
    (similar, "enter"),
    (typesetting, "typeset"),
    (release, "tags_named"),
    (release, "write_names"),
    (release, "_count"),
    (release, "leave_redirect"),
    (release, "raise_version"),
]


@pytest.mark.parametrize(("module", "step"), STEPS, ids=[step for _module, step in STEPS])
def test_publish_that_fails_in_any_step_leaves_nothing(module, step, newsroom, monkeypatch):
    before = dump()

    def fail(*args, **kwargs):
        raise RuntimeError(step)

    monkeypatch.setattr(module, step, fail)
    with pytest.raises(RuntimeError, match=step):
        publishing.publish(newsroom["live"], by=None)

    assert dump() == before


def test_publish_after_one_that_failed_is_whole(newsroom, monkeypatch, client):
    monkeypatch.setattr(release, "raise_version", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publishing.publish(newsroom["live"], by=None)
    monkeypatch.undo()

    publishing.publish(newsroom["live"], by=None)

    reply = client.get("/articles/live/")
    assert (reply.status_code, reply["Location"]) == (301, "/articles/newer/")
    assert search.find("newer").ids == [newsroom["live"].pk]


def test_schedule_that_fails_leaves_nothing_but_its_outcome(newsroom, monkeypatch):
    before, version = dump(), current()
    monkeypatch.setattr(release, "raise_version", lambda: 1 / 0)

    publishing.carry_out_due(now=timezone.now() + timedelta(days=3))

    after = dump()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {Schedule._meta.db_table, AuditEntry._meta.db_table}
    assert [row.outcome for row in Schedule.objects.all()] == [Schedule.Outcome.FAILED]
    assert (current(), Article.objects.get(pk=newsroom["draft"].pk).state) == (version, "draft")
