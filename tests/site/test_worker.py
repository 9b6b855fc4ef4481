import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from articles import content_version, notifications, presence, publishing, search
from articles.management.commands import worker
from articles.models import Article, Notification
from irb_site import statistics
from tests.factories import make_article, make_public


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
    monkeypatch.setattr(statistics, "refresh", lambda: [])
    monkeypatch.setattr(worker, "follow_version", lambda: None)
    monkeypatch.setattr(content_version, "follow_calendar", lambda *, now: None)
    monkeypatch.setattr(search, "sort_in", lambda: None)
    monkeypatch.setattr(notifications, "send_due", lambda *, now: 0)
    monkeypatch.setattr(notifications, "forget_old", lambda *, now: None)
    monkeypatch.setattr(presence, "forget_absent", lambda *, now: None)
    return outcomes


def test_once_says_how_much_was_carried_out(rounds, capsys, monkeypatch):
    monkeypatch.setattr(publishing, "carry_out_due", lambda *, now: 3)
    monkeypatch.setattr(notifications, "send_due", lambda *, now: 2)

    call_command("worker", once=True)

    assert capsys.readouterr().out == "3 carried out, 2 mailed\n"


def test_once_does_what_a_worker_does_now_and_then(rounds, monkeypatch):
    rounds += [0, 0]
    done = []
    for place, name in (
        (worker, "follow_version"),
        (content_version, "follow_calendar"),
        (statistics, "refresh"),
        (notifications, "forget_old"),
        (presence, "forget_absent"),
        (search, "sort_in"),
    ):
        monkeypatch.setattr(place, name, lambda name=name, **options: done.append(name))

    call_command("worker", once=True)

    assert sorted(done) == [
        "follow_calendar", "follow_version", "forget_absent", "forget_old", "refresh", "sort_in",
    ]  # fmt: skip


def test_worker_ends_with_all_its_threads_on_a_mistake_of_ours(rounds):
    rounds += [ZeroDivisionError(), 0]
    before = set(threading.enumerate())

    with pytest.raises(ZeroDivisionError):
        call_command("worker")

    assert set(threading.enumerate()) <= before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_worker_ends_on_a_mistake_in_the_thread_that_follows_other_machines(rounds, monkeypatch):
    rounds += [0] * 10_000
    monkeypatch.setattr(worker, "follow_version", lambda: 1 / 0)
    before = set(threading.enumerate())

    call_command("worker")

    assert set(threading.enumerate()) <= before
    assert len(rounds) > 1


def test_other_machines_are_followed_as_soon_as_the_database_is_back(monkeypatch):
    answers = [OperationalError("away")] * 8 + ["1-a"]
    asked = []

    def show_current():
        asked.append(time.monotonic())
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        stop.set()

    stop = threading.Event()
    monkeypatch.setattr(content_version, "show_current", show_current)
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)

    worker.rounds(worker.follow_version, stop, 0.01)

    assert answers == []
    # Not later and later.
    assert asked[-1] - asked[-2] < 1


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


# Mail


def test_mail_server_that_hangs_delays_nothing_and_does_not_keep_the_worker(rounds, monkeypatch):
    hangs, released = threading.Event(), threading.Event()

    def send_due(*, now):
        hangs.set()
        released.wait(5)

    def carry_out_due(*, now):
        # Only what is due once the mail server hangs counts.
        if hangs.wait(5):
            rounds.pop()
        if not rounds:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(notifications, "send_due", send_due)
    monkeypatch.setattr(publishing, "carry_out_due", carry_out_due)
    monkeypatch.setattr(worker, "MAIL_PATIENCE", 0.05)
    rounds[:] = [0] * 5
    begun = time.monotonic()

    call_command("worker")

    released.set()
    assert rounds == []
    assert time.monotonic() - begun < 5


def test_mail_goes_on_whatever_went_wrong_with_it_before(rounds, monkeypatch, caplog):
    asked = []

    def send_due(*, now):
        asked.append(now)
        if len(asked) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        elif len(asked) == 1:
            raise UnicodeError("no such host")
        elif len(asked) == 2:
            raise OperationalError("gone")

    begun = time.monotonic()

    def carry_out_due(*, now):
        if time.monotonic() - begun > 5:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(notifications, "send_due", send_due)
    monkeypatch.setattr(publishing, "carry_out_due", carry_out_due)

    call_command("worker")

    # It may be asked once more before the worker has heard that it is to stop.
    assert len(asked) >= 3
    assert [record.msg.split(" (")[0] for record in caplog.records] == [
        "Sending mail failed",
        "The database failed",
    ]


@pytest.mark.django_db
def test_one_round_publishes_what_is_due_and_mails_who_planned_it(editor, capsys):
    editor.email = "editor@example.org"
    editor.save()
    article = make_article("The Corridor")
    now = timezone.now()
    publishing.schedule(article, due_at=now + timedelta(minutes=1), by=editor)
    article.schedules.update(due_at=now - timedelta(seconds=1))

    call_command("worker", once=True)
    call_command("worker", once=True)

    assert capsys.readouterr().out == "1 carried out, 1 mailed\n0 carried out, 0 mailed\n"
    assert Article.objects.get().state == Article.State.LIVE
    assert [message.to for message in mail.outbox] == [["editor@example.org"]]
    assert Notification.objects.get().mail == Notification.Mail.SENT


@pytest.mark.postgresql_only
@pytest.mark.django_db
@pytest.mark.parametrize("work", [worker.Duties(), lambda: call_command("worker", once=True)])
def test_what_is_published_is_found_at_once_and_sorted_in_by_the_worker(work):
    search.sort_in()
    article = make_public("Steel")

    found = search.find("steel").ids
    work()

    assert found == search.find("steel").ids == [article.pk]
    assert pages_waiting() == 0


def pages_waiting():
    """Pages of search entries that wait to be sorted in: this sorts them in, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('articles_search_tokens')")
        return cursor.fetchone()[0]
