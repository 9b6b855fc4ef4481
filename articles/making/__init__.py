"""A made-up publication of any size, for trying out and measuring: made quickly, in one piece.

Everything is written that the verbs write, by the functions that the verbs call, but by the
thousand, and nothing else in the project writes so. The tests compare the outcome with what the
verbs make of the same words, and the rebuild commands find nothing to put right.

Within: language → plan (what each article says) → rows (what is written for it) → here.
"""

import io
import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

import PIL.Image
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from articles import images, publishing, search, similar
from articles.content_version import raise_version
from articles.making.plan import Named, Plan, made_uid, people, subjects
from articles.making.rows import MODELS, made
from articles.models import Article, ArticleTag, Byline, Pick, Tag
from articles.publishing import PublishingError
from articles.publishing.base import new_edition
from authors.models import Author
from irb_site.processes import begin_beside

BATCH_SIZE = 200
# Batches that may wait to be written, so that nothing piles up in memory.
WAITING_MAX = 4
_HOME = ((Pick.Place.HOME_LEAD, 1), (Pick.Place.HOME_ROW, 3), (Pick.Place.START_HERE, 3))


def make(articles, *, processes=1, progress=None, **options):
    """Makes so many articles, with pages and series, and returns their Plan: all or nothing.

    processes: how many write texts at the same time, beside this one, which writes to the
    database. progress is called with the number of articles done so far. options: as `begin`.
    Raises PublishingError where there is an article already.
    """
    if Article.objects.exists():
        raise PublishingError(
            "There are articles here already. A publication can only be made up in an empty"
            " database."
        )
    with connection.constraint_checks_disabled(), transaction.atomic():
        plan = begin(articles, **options)
        with _without_indexes([*MODELS, "articles_term", "articles_search", "articles_word"]):
            done = 0
            for batch in _batches(plan, processes):
                _write(batch)
                done += len(batch.rows[Article])
                if progress:
                    progress(min(done, articles))
        _set_sequences()
        _count_names()
        _pick_for_home(plan)
        raise_version()
        connection.check_constraints()
    return plan


def begin(articles, *, words=1000, tags=300, authors=50, pictures=0, seed=1, until=None):
    """Makes authors, tags and pictures by the verbs, and plans so many articles of so many words.

    until: the date of the newest article.
    """
    return Plan(
        articles=articles,
        words=words,
        seed=seed,
        until=until or timezone.now(),
        authors=_make_authors(seed, authors),
        tags=_make_tags(seed, tags),
        images=_make_pictures(pictures),
    )


def tidy():
    """Lets the database learn what it holds now, outside a transaction."""
    search.tidy()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _make_authors(seed, count):
    made_up = [
        publishing.save_author(
            Author(
                uid=made_uid(seed, "author", number),
                name=name,
                role="Analyst",
                short_bio=f"{name} writes about what is made up.",
            )
        )
        for number, name in enumerate(people(seed, count))
    ]
    return tuple(Named(author.pk, author.uid) for author in made_up)


def _make_tags(seed, count):
    made_up = [
        publishing.save_tag(Tag(uid=made_uid(seed, "tag", number), name=name))
        for number, name in enumerate(subjects(seed, count))
    ]
    return tuple(Named(tag.pk, tag.uid, tag.name) for tag in made_up)


def _make_pictures(count):
    made_up = []
    for number in range(count):
        shade = number * 97 % 256
        file = io.BytesIO()
        picture = PIL.Image.linear_gradient("L").resize((1600, 900))
        picture = PIL.Image.merge("RGB", (picture, picture, picture.point([shade] * 256)))
        picture.save(file, "PNG")
        file.seek(0)
        image = images.add_image(file, name=f"gradient-{number}.png", alt="A gradient")
        made_up.append(Named(image.pk, image.uid))
    return tuple(made_up)


def _batches(plan, processes):
    """Yields what is to be written, in order."""
    spans = [
        range(start, min(start + BATCH_SIZE, plan.total))
        for start in range(0, plan.total, BATCH_SIZE)
    ]
    if processes == 1:
        yield from map(partial(made, plan), spans)
        return
    # Processes of their own start, since a copy of this one would share its connection.
    workers = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=begin_beside, initargs=[os.getpid()]
    )
    with workers as pool:
        waiting = deque()
        for span in spans:
            waiting.append(pool.submit(made, plan, span))
            if len(waiting) > processes + WAITING_MAX:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _write(batch):
    for model, rows in batch.rows.items():
        model.objects.bulk_create(rows)
    similar.store(batch.terms)
    search.store(batch.entries)
    if connection.vendor == "postgresql":
        # It would remember every row until the end, to check it then.
        connection.check_constraints()


@contextmanager
def _without_indexes(models):
    """Within it some empty tables have no indexes but those that keep rows from being there twice.

    To make an index of what is there takes much less than to keep it up row by row.
    """
    tables = [model if isinstance(model, str) else model._meta.db_table for model in models]
    marks = ", ".join(["%s"] * len(tables))
    known = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
        f" AND sql NOT LIKE 'CREATE UNIQUE %%' AND tbl_name IN ({marks})"
        if connection.vendor == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
        f" AND indexdef NOT LIKE 'CREATE UNIQUE %%' AND tablename IN ({marks})"
    )
    with connection.cursor() as cursor:
        cursor.execute(known, tables)
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
    yield
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for _name, definition in indexes:
            cursor.execute(definition)


def _set_sequences():
    """Lets new rows be numbered after those that were made with numbers of their own."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), MODELS):
            cursor.execute(statement)


def _count_names():
    now = timezone.now()
    for model, rows, column in ((Author, Byline, "author"), (Tag, ArticleTag, "tag")):
        for pk, number in rows.objects.order_by().values_list(column).annotate(Count("pk")):
            named = model.objects.filter(pk=pk)
            named.update(article_count=number, edition=new_edition())
            named.filter(first_public_at__isnull=True).update(first_public_at=now)


def _pick_for_home(plan):
    numbers = iter(range(plan.articles - 1, -1, -1))
    for place, count in _HOME:
        Pick.objects.bulk_create(
            Pick(place=place, position=position, article_id=number + 1)
            for position, number in zip(range(count), numbers, strict=False)
        )
