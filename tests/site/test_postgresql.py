"""What the server keeps for a connection, and what becomes of it."""

from contextlib import closing, contextmanager

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import ConnectionHandler

from irb_site import environment
from irb_site.postgresql import base

pytestmark = [pytest.mark.postgresql_only, pytest.mark.django_db(transaction=True)]

QUESTION = "SELECT word FROM scratch WHERE number = %s AND word <> '100 %%'"


@pytest.fixture
def scratch():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE scratch (number bigint, word varchar(10))")
        cursor.execute("INSERT INTO scratch VALUES (1, 'one'), (10000000000, 'many')")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE scratch")


def asked(number, database=connection):
    with database.planned_cursor() as cursor:
        cursor.execute(QUESTION, [number])
        return cursor.fetchall()


def kept_plans(database=connection):
    with database.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


@contextmanager
def pooled(monkeypatch, *, options=""):
    """The test's database as production uses it."""
    own = connection.settings_dict
    host = own["HOST"].replace("/", "%2F")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{own['USER']}@{host}/{own['NAME']}{options}")
    config = environment.database("DATABASE_URL", default_path="none")
    database = ConnectionHandler({"default": config})["default"]
    try:
        yield database
    finally:
        database.close()
        database.close_pool()


def pid_of(database):
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def pids_of_requests(database):
    """The server's processes that answered some requests, one after the other."""
    pids = []
    for _request in range(10):
        pids.append(pid_of(database))
        asked(1, database)
        database.close()
    return pids


def end(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        assert cursor.fetchone() == (True,)


def test_numbers_of_all_sizes_share_one_plan(scratch):
    answers = [asked(number) for number in (1, 100_000, 10**10)]

    assert answers == [[("one",)], [], [("many",)]]
    assert kept_plans() == [QUESTION.replace("%s", "$1").replace("%%", "%")]


def test_plan_is_made_anew_when_a_column_has_become_another(scratch):
    asked(1)
    with closing(psycopg.connect(**psycopg_options())) as other:
        other.execute("ALTER TABLE scratch ALTER word TYPE varchar(20)")
        other.commit()

    assert asked(1) == [("one",)]
    assert asked(10**10) == [("many",)]


def psycopg_options():
    own = connection.settings_dict
    return {"host": own["HOST"], "user": own["USER"], "dbname": own["NAME"]}


def test_plan_is_made_anew_when_somebody_has_dropped_it(scratch):
    asked(1)
    # Past psycopg, which would notice.
    connection.connection.pgconn.exec_(b"DEALLOCATE ALL")

    assert asked(1) == [("one",)]


def test_plan_outlives_a_rollback(scratch):
    asked(1)
    with transaction.atomic():
        asked(1)
        transaction.set_rollback(True)

    assert asked(1) == [("one",)]


def test_mistake_in_a_query_is_told_and_nothing_else_suffers(scratch):
    with pytest.raises(Exception, match="invalid input syntax"):
        asked("many")

    assert asked(1) == [("one",)]


def test_no_plan_is_kept_where_a_pooler_would_lose_it(scratch, monkeypatch):
    with pooled(monkeypatch, options="?prepare=no") as database:
        assert asked(1, database) == asked(1, database) == [("one",)]
        assert kept_plans(database) == []


def test_connections_come_from_a_pool_and_are_used_again(scratch, monkeypatch):
    with pooled(monkeypatch) as database:
        assert len(set(pids_of_requests(database))) <= database.pool.max_size == 4


@pytest.mark.parametrize("seconds_trusted", [0, 1000])
def test_connection_that_the_server_has_ended_is_replaced(scratch, monkeypatch, seconds_trusted):
    monkeypatch.setattr(base, "SECONDS_TRUSTED", seconds_trusted)
    with pooled(monkeypatch) as database:
        before = set(pids_of_requests(database))
        for pid in before:
            end(pid)

        assert asked(1, database) == [("one",)]
        assert before.isdisjoint(pids_of_requests(database))


def test_each_connection_has_plans_of_its_own(scratch, monkeypatch):
    with pooled(monkeypatch) as one, pooled(monkeypatch) as other:
        asked(1, one)
        asked(10**10, other)
        asked(1, other)

        assert [asked(1, one), asked(10**10, other)] == [[("one",)], [("many",)]]
        assert pid_of(one) != pid_of(other)
