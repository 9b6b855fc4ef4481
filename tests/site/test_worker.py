import os
import signal

import pytest
from django.core.management import call_command
from django.db import OperationalError

from articles import publishing
from articles.management.commands import worker


@pytest.fixture(autouse=True)
def own_signals():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def rounds(monkeypatch):
    """What each round of the worker does: a number or an error; then it stops."""
    outcomes = []

    def carry_out_due(*, now):
        outcome = outcomes.pop(0)
        if not outcomes:
            os.kill(os.getpid(), signal.SIGTERM)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(publishing, "carry_out_due", carry_out_due)
    monkeypatch.setattr(worker, "INTERVAL", 0.01)
    # A test's own transaction would go together with its connection.
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    monkeypatch.setattr(worker, "look_at_statistics", lambda: None)
    return outcomes


def test_once_says_how_much_was_carried_out(rounds, capsys, monkeypatch):
    monkeypatch.setattr(publishing, "carry_out_due", lambda *, now: 3)

    call_command("worker", once=True)

    assert capsys.readouterr().out == "3 carried out\n"


def test_worker_goes_on_until_it_is_told_to_stop(rounds):
    rounds[:] = [0, 1, 0]

    call_command("worker")

    assert rounds == []


def test_worker_outlasts_a_database_that_fails(rounds, caplog):
    rounds[:] = [OperationalError("gone"), OperationalError("gone"), 1]

    call_command("worker")

    assert rounds == []
    assert [record.args[1] for record in caplog.records] == [0.02, 0.04]


def test_worker_stops_without_its_parent(rounds):
    rounds[:] = [0, 0]

    call_command("worker", parent=os.getpid())

    assert rounds == [0, 0]


@pytest.mark.django_db
def test_worker_may_look_at_the_statistics_at_any_time():
    worker.look_at_statistics()
    worker.look_at_statistics()
