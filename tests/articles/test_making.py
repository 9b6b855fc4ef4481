"""A made-up publication holds what the verbs would have written, and nothing else."""

import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime

import psutil
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.core.management.color import no_style
from django.db import connection, transaction

from articles import directory, making, publishing, references, search, similar
from articles.content_version import current
from articles.models import Article, ContentVersion, Image, Pick, Reference, Section, Tag
from authors.models import Author
from irb_site.environment import PROJECT
from tests.factories import make_public
from tests.service import database_url

pytestmark = pytest.mark.django_db

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
# What says when something was written, and which row of its table it became.
_PASSING = {"id", "at", "created_at", "saved_at", "touched_at", "first_public_at"}
_SIZE = {"words": 300, "tags": 20, "authors": 6, "until": UNTIL}


# Drawn by lot.
_EDITIONS = {(Tag, "edition"), (Author, "edition")}


def rows_of(model):
    """Every row of a model, without times and its own key; rows that it names keep theirs."""
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if field.name not in _PASSING and (model, field.name) not in _EDITIONS
    ]
    return sorted(map(repr, model.objects.order_by().values_list(*names)))


def dump(*, without=frozenset({ContentVersion})):
    tables = {
        model.__name__: rows_of(model)
        for app in ("articles", "authors")
        for model in apps.get_app_config(app).get_models()
        if model not in without
    }
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table.startswith("articles_search") and table.count("_") in (1, 2):
                cursor.execute(f"SELECT * FROM {table}")
                tables[table] = sorted(map(repr, cursor.fetchall()))
    return tables


def index_names():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
            if connection.vendor == "sqlite"
            else "SELECT indexname, indexdef FROM pg_indexes"
        )
        return sorted(map(str, cursor.fetchall()))


@contextmanager
def taken_back():
    """Within it the publication is empty and counts its rows from 1; afterwards it is as before."""
    with transaction.atomic():
        models = [
            m for app in ("articles", "authors") for m in apps.get_app_config(app).get_models()
        ]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
        yield
        transaction.set_rollback(True)


def publish_by_the_verbs(plan):
    for number in range(plan.total):
        article = publishing.create(
            plan.words_of(number), by=None, kind=plan.kind(number), uid=plan.uid(number)
        )
        assert article.pk == number + 1
        publishing.publish(article, by=None, at=plan.date(number))


def test_rows_are_those_that_the_verbs_write_of_the_same_words():
    with taken_back():
        making.make(60, **_SIZE)
        made = dump(without={ContentVersion, Pick})

    with taken_back():
        publish_by_the_verbs(making.begin(60, **_SIZE))
        written = dump(without={ContentVersion, Pick})

    assert written == made


def test_rebuilding_finds_nothing_to_put_right():
    making.make(60, pictures=2, **_SIZE)
    before = dump()

    changed = (references.rebuild(), directory.rebuild(), similar.rebuild())
    indexed = search.rebuild()

    assert (changed, indexed) == ((0, 0, (0, 0)), (60, 0))
    assert dump() == before


def test_it_has_everything_that_a_publication_has():
    making.make(80, pictures=2, **_SIZE)

    kinds = Article.objects.public().order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == ["article"] * 80 + ["page"] * 3 + ["series"]
    assert Article.objects.filter(language="de").count() == 16
    assert set(Reference.objects.values_list("kind", flat=True)) == {
        *("inline", "related", "series"),
        *Reference.objects.filter(kind__in=["updates", "corrects"]).values_list("kind", flat=True),
    }
    assert Reference.objects.filter(kind__in=["updates", "corrects"]).count() == 2
    assert not Reference.objects.filter(target_kind="article", target_article=None).exists()
    sections = Section.objects.values_list("article__uid", "anchor")
    cited = Reference.objects.exclude(section="").values_list("target_uid", "section")
    assert cited
    assert set(cited) <= set(sections)
    dates = Article.objects.articles().values_list("first_published_at", flat=True)
    assert len({date.year for date in dates}) == 10
    assert max(dates) <= UNTIL
    assert Article.objects.exclude(lead_image=None).exists()
    assert Image.objects.count() == 2
    used = Tag.objects.listed().order_by("-article_count").values_list("article_count", flat=True)
    assert used[0] > 4 * used[len(used) // 2]
    assert Author.objects.listed().count() > 3


def test_an_article_says_as_much_as_was_asked_for():
    making.make(5, words=1000, tags=10, authors=3, until=UNTIL)

    text = Article.objects.articles().latest("first_published_at").body

    assert 1000 <= len(text.split()) < 1100
    assert text.count("<h2 id=") + text.count("<h3 id=") == 5


def test_the_same_seed_makes_the_same_texts_and_another_one_others():
    texts = []
    for seed in (3, 3, 4):
        with taken_back():
            making.make(5, seed=seed, **_SIZE)
            texts.append(list(Article.objects.order_by("pk").values_list("title", "body")))

    assert texts[0] == texts[1]
    assert set(texts[0]).isdisjoint(texts[2][:5])


def test_it_is_refused_where_there_is_an_article():
    make_public("Here first")

    with pytest.raises(CommandError, match="only be made up in an empty database"):
        call_command("make_publication", articles=5, processes=1)

    assert list(Article.objects.values_list("title", flat=True)) == ["Here first"]


def test_it_leaves_all_indexes_and_raises_the_version():
    indexes, version = index_names(), current()

    making.make(5, **_SIZE)

    assert index_names() == indexes
    assert current() != version


def test_what_is_looked_up_while_it_writes_keeps_its_index():
    """Else each article would take longer than the one before it."""
    seen = []

    making.make(5, progress=lambda done: seen.extend(index_names()), **_SIZE)

    assert any("word_once" in one for one in seen)
    assert not any("word_by_start" in one for one in seen)


def test_what_is_written_later_gets_keys_of_its_own():
    making.make(5, **_SIZE)

    later = make_public("Written later", tags=["A new tag"])

    assert later.pk > 5
    assert references.rebuild() == 0


def test_a_failure_half_way_leaves_nothing(monkeypatch):
    indexes, steps = index_names(), []

    def fail(done):
        steps.append(done)
        if len(steps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(making, "BATCH_SIZE", 10)
    with pytest.raises(KeyboardInterrupt):
        making.make(30, progress=fail, **_SIZE)

    assert steps == [10, 20]
    assert not Article.objects.exists()
    assert not Tag.objects.exists()
    assert index_names() == indexes


def test_several_processes_make_the_same_as_one(monkeypatch):
    monkeypatch.setattr(making, "BATCH_SIZE", 3)
    made = []
    for processes in (1, 2):
        with taken_back():
            making.make(20, processes=processes, **_SIZE)
            made.append(dump())

    assert made[0] == made[1]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a lost parent")
@pytest.mark.django_db(transaction=True)
def test_killing_it_leaves_no_process_behind():
    command = [
        sys.executable,
        "manage.py",
        "make_publication",
        "--articles=2000",
        "--words=50",
        "--tags=3",
        "--authors=2",
    ]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "irb_site.settings",
        "DATABASE_URL": database_url(),
    }
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE) as parent:
        assert parent.stderr.readline() == "200 of 2000 …\n".encode()
        children = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()

    psutil.wait_procs(children, timeout=30)

    assert len(children) >= 2
    assert not any(child.is_running() for child in children)
    assert not Article.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_it_made(capsys):
    call_command("make_publication", articles=5, words=100, tags=3, authors=2, processes=1)

    printed = capsys.readouterr()
    assert printed.out.startswith("5 articles, 3 tags, 2 authors, 1 series, made in ")
    assert printed.err == "5 of 5 …\n"
