"""A verb that fails at any point leaves all of it or nothing: never half."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from articles import directory, publishing, references, search, similar
from articles.content_version import current
from articles.models import Article, Schedule, Tag
from articles.publishing import Words, release
from authors.models import Author
from tests.factories import (
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
    """Lets a number of writes through and fails after the next."""

    def __init__(self, writes_left):
        self.writes_left = writes_left
        self.happened = False

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.lstrip().split(None, 1)[0].upper() in {"INSERT", "UPDATE", "DELETE"}:
            if self.writes_left == 0:
                self.happened = True
                raise Crash
            self.writes_left -= 1
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
    return {"live": live, "draft": draft, "target": target}


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
    "save_tag": lambda rows: publishing.save_tag(renamed(Tag, "Oil"), aliases=["Crude"]),
    "carry_out_due": lambda rows: publishing.carry_out_due(now=timezone.now() + timedelta(days=3)),
}


def leaves_nothing_wherever_it_crashes(verb):
    """Crashes a verb after its first write, its second and so on, until it comes through."""
    before, writes = dump(), 0
    while True:
        crash = CrashAfterWrite(writes)
        try:
            with connection.execute_wrapper(crash):
                verb()
        except Crash:
            pass
        if not crash.happened:
            return writes >= 2 and dump() != before
        writes += 1
        if dump() != before:
            return False


@pytest.mark.parametrize("verb", VERBS)
def test_verb_that_crashes_after_any_write_leaves_nothing(verb, newsroom):
    assert leaves_nothing_wherever_it_crashes(lambda: VERBS[verb](newsroom))


STEPS = [
    (search, "index"),
    (references, "follow_texts"),
    (directory, "enter_article"),
    (similar, "enter"),
    (release, "structure"),
    (release, "tag_named"),
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

    after, schedules = dump(), Schedule._meta.db_table
    assert {name for name in after if after[name] != before[name]} == {schedules}
    assert [row.outcome for row in Schedule.objects.all()] == [Schedule.Outcome.FAILED]
    assert (current(), Article.objects.get(pk=newsroom["draft"].pk).state) == (version, "draft")
