"""What SQLite knows of its tables: a publication that has grown is read by the right indexes."""

import sqlite3

import pytest
from django.db import connection

from articles import lists
from articles.management.commands import prepare
from articles.models import Article, Pick
from articles.site import one_request
from irb_site import statistics
from tests.factories import change_draft, make_public

NEWEST = Article.objects.public().articles().newest_first()[:20]


def copies(article, number):
    """Rows of as many public articles with the same words."""
    names = [
        *("kind", "state", "title", "language", "touched_at", "first_published_at", "updated_at"),
        *("live_revision_id", "latest_revision_id"),
    ]
    values = {name: getattr(article, name) for name in names}
    Article.objects.bulk_create(
        Article(slug=f"copy-{number}", **values) for number in range(number)
    )


@pytest.fixture
def nothing_counted(transactional_db):
    """Counts outlast the rows: other tests shall find none either."""
    forget()
    yield
    forget()


def forget():
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS sqlite_stat1")


@pytest.mark.sqlite_only
def test_lists_of_a_grown_publication_are_read_by_date_on_every_connection(
    nothing_counted,
):
    copies(make_public("First"), 2500)
    with connection.cursor() as cursor:
        # The very first counts are noticed anyway, since a table is made for them.
        cursor.execute("ANALYZE articles_revision")
    sql, parameters = NEWEST.query.sql_with_params()
    sql = f"EXPLAIN QUERY PLAN {sql.replace('%s', '?')}"
    other = sqlite3.connect(connection.settings_dict["NAME"])
    before = other.execute(sql, parameters).fetchall()

    refreshed = statistics.refresh()

    # Whoever reads learns of it; to explain is not to read, and the same words aren't read anew.
    other.execute("SELECT COUNT(*) FROM articles_article").fetchone()
    after = other.execute(f"{sql} ", parameters).fetchall()
    other.close()
    assert "articles_article" in refreshed
    assert "article_public_by_date" not in str(before)
    assert "article_public_by_date" in str(after)
    assert "article_public_by_date" in NEWEST.explain()


@pytest.mark.sqlite_only
def test_ends_of_a_grown_publication_are_found_without_sorting_it(nothing_counted):
    copies(make_public("First"), 2500)
    # Of several kinds, SQLite takes each for a part of all.
    make_public("Imprint", kind=Article.Kind.PAGE)
    make_public("Series", kind=Article.Kind.SERIES)
    statistics.refresh()
    asked = []

    def note(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with one_request(reads=True), connection.execute_wrapper(note):
        lists.newest(1)
        lists.counts_by_month()

    with connection.cursor() as cursor:
        steps = []
        for sql, params in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            steps += [step for *_place, step in cursor.fetchall() if "articles_article" in step]
    assert len(steps) >= 3
    assert {step for step in steps if "article_public_by_date" not in step} == set()


def test_rows_are_counted_again_when_there_are_twice_as_many(nothing_counted):
    article = make_public("First")
    few = statistics.refresh()
    copies(article, 300)
    many = statistics.refresh()
    again = statistics.refresh()

    counted = connection.vendor == "sqlite"
    assert ("articles_article" in few) == counted
    assert (many, again) == (["articles_article"] if counted else [], [])


@pytest.mark.sqlite_only
@pytest.mark.parametrize("condition", ["", " WHERE title = 'First'"], ids=["of all", "of some"])
def test_rows_are_counted_again_when_there_is_a_new_index(nothing_counted, condition):
    copies(make_public("First"), 300)
    statistics.refresh()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX of_a_test ON articles_article (created_at){condition}")

    try:
        refreshed, again = statistics.refresh(), statistics.refresh()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX of_a_test")

    assert (refreshed, again) == (["articles_article"], [])


@pytest.mark.sqlite_only
def test_index_in_which_nothing_is_does_not_let_rows_be_counted_for_ever(nothing_counted):
    article = make_public("First")
    copies(article, 300)
    first = statistics.refresh()
    nothing = statistics.refresh()
    change_draft(article, title="Changed")
    something = statistics.refresh()
    again = statistics.refresh()

    assert "articles_article" in first
    assert "articles_article" in something
    assert (nothing, again) == ([], [])


@pytest.mark.sqlite_only
def test_list_that_joins_articles_to_something_few_begins_with_the_few(nothing_counted):
    copies(make_public("First"), 300)
    Pick.objects.bulk_create(
        Pick(article=one, place=Pick.Place.HOME_ROW) for one in Article.objects.all()[:5]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE articles_article")
    picks = Pick.objects.select_related("article").order_by("place", "position", "pk")
    before = picks.explain()

    statistics.refresh()

    # The same words aren't read anew.
    after = picks.reverse().explain()
    assert ["SCAN articles_article" in plan for plan in (before, after)] == [True, False]


@pytest.mark.sqlite_only
def test_prepare_counts_what_it_has_migrated(nothing_counted):
    make_public("Counted")

    prepare.Command().migrate()

    assert statistics.refresh() == []
