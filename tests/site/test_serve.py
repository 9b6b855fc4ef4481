import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from articles import publishing
from articles.models import AuditEntry, Schedule
from irb_site.web_server import SECONDS_TO_SEND_A_HEAD, allow_open_files
from tests.factories import make_article, make_public, make_scheduled
from tests.service import (
    PATIENCE,
    Service,
    database_url,
    kill,
    name_static_files,
    wait_for,
)

SITEMAP = "/sitemap-articles-1.xml"


@pytest.fixture
def serve(transactional_db, tmp_path):
    started = []

    def start(**options):
        started.append(Service(tmp_path, **options))
        return started[-1]

    yield start
    for service in started:
        service.clean_up()


def test_serve_answers_and_stops_cleanly(serve):
    service = serve()
    service.wait_until_it_answers()
    assert service.get("/healthz") == 200

    asked = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    service.wait_until_all_are_gone()

    assert service.process.returncode == 0
    assert time.monotonic() - asked < 6
    assert service.text() == (
        f"The publication answers at http://127.0.0.1:{service.port}/ and its editors at"
        f" http://127.0.0.1:{service.port}/admin/. Ctrl+C stops it.\nStopped.\n"
    )


def test_what_a_client_does_wrong_is_one_line_of_the_log(serve):
    service = serve()
    service.wait_until_it_answers()

    assert service.get("/", host="evil.example") == 400

    wait_for(lambda: "evil.example" in service.text(), "a line of the log")
    said = service.text().splitlines()
    assert len(said) == 2
    assert re.search("ERROR django.security.DisallowedHost: Invalid HTTP_HOST header: ", said[1])


# What the web server's processes share, and whether anything is left that can't be.
LOADED = """
import gc, threading
from django.db import connection
from irb_site import web_server
web_server.load()
from articles import site
from django.template import engines
(templates,) = engines["django"].engine.template_loaders
print(
    gc.get_freeze_count() > 50_000,
    {"articles/home.html", "articles/article_detail.html"} <= {*templates.get_template_cache},
    len(site._kept["sets of each tag"]),
    threading.active_count(),
    connection.connection,
    getattr(connection, "_connection_pools", {}),
)
"""


@pytest.mark.django_db(transaction=True)
def test_web_server_loads_what_its_processes_can_share(tmp_path):
    make_public(tags=["Ports", "Rail"])
    name_static_files(tmp_path / "static")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "irb_site.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url(),
    }

    ran = subprocess.run(
        [sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True
    )

    assert ran.stdout == "True True 2 1 None {}\n"


@pytest.mark.sqlite_only
def test_serve_carries_out_schedules_in_time_and_once_whatever_was_killed_before(serve):
    lost, planned = make_scheduled("Lost"), make_article("Planned", slug="planned")
    before = serve()
    before.wait_until_it_answers()
    Schedule.objects.filter(article=lost).update(due_at=timezone.now() + timedelta(seconds=1))
    kill(before.members())
    before.wait_until_all_are_gone()

    service = serve()
    # One more machine with a worker of its own.
    other = serve()
    for one in (service, other):
        one.wait_until_it_answers()

    def is_public(article):
        return f"/{article.latest_revision.title.lower()}/" in service.read(SITEMAP)[1]

    wait_for(lambda: is_public(lost), "what was due while nothing ran")
    for action, is_to_be_public in (("publish", True), ("unpublish", False)):
        due_at = timezone.now() + timedelta(seconds=1)
        publishing.schedule(planned, due_at=due_at, by=None, action=action)
        wait_for(lambda wanted=is_to_be_public: is_public(planned) == wanted, action)
        assert due_at <= timezone.now() <= due_at + timedelta(seconds=2)

    acts = AuditEntry.objects.filter(act__in=["published", "unpublished"]).order_by("pk")
    assert list(acts.values_list("article", "act")) == [
        (lost.pk, "published"),
        (planned.pk, "published"),
        (planned.pk, "unpublished"),
    ]


@pytest.mark.sqlite_only
def test_serve_answers_however_many_others_do_nothing_or_never_read(serve):
    make_public("Sea", slug="sea", body="<p>The sea.</p>" * 5000)
    service = serve()
    service.wait_until_it_answers()
    allow_open_files(4000)
    host = f"Host: 127.0.0.1:{service.port}\r\n".encode()
    request = b"GET /articles/sea/ HTTP/1.1\r\n" + host
    # Silent ones, those that stop in the middle of their head, and those that don't read.
    habits = [b""] * 700 + [request] * 700 + [(request + b"\r\n") * 20] * 600

    with ExitStack() as stack:
        for sent in habits:
            peer = stack.enter_context(socket.socket())
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            peer.connect(("127.0.0.1", service.port))
            peer.sendall(sent)

        # Before those that are slow are shut out.
        answers = [
            service.get(path, timeout=SECONDS_TO_SEND_A_HEAD)
            for path in ("/", "/articles/sea/?x=1", "/articles/sea/", "/admin/login/") * 2
        ]

    assert answers == [200] * 8


@pytest.mark.sqlite_only
def test_serve_starts_a_lost_worker_again_and_ends_with_its_web_server(serve):
    service = serve()
    service.wait_until_it_answers()
    lost = service.member("worker")

    lost.kill()

    wait_for(lambda: len(service.members() - {lost}) == 5, "a new worker")
    assert service.get("/healthz") == 200
    assert re.search(
        r"ERROR .*: The worker ended \(status -9\); starting it again\.", service.text()
    )

    service.member("web server").kill()
    service.wait_until_all_are_gone()

    assert service.process.returncode == 1
    assert "The web server ended by itself (status -9)." in service.text()


# As of some supervisors, which don't want to hear of their processes.
IGNORING_ITS_CHILDREN = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.sqlite_only
def test_serve_hears_of_its_processes_whoever_started_it(serve):
    service = serve(starter=(sys.executable, "-c", IGNORING_ITS_CHILDREN))
    service.wait_until_it_answers()
    lost = service.member("worker")

    lost.kill()

    wait_for(lambda: len(service.members() - {lost}) == 5, "a new worker")
    service.member("web server").kill()
    service.wait_until_all_are_gone()
    assert service.process.returncode == 1


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("seconds", [0, 0.1, 0.3])
@pytest.mark.sqlite_only
def test_serve_that_is_stopped_while_it_starts_leaves_nothing_behind(serve, stop, seconds):
    service = serve()
    service.family = wait_for(lambda: len(service.members()) > 1 and service.members(), "a child")
    time.sleep(seconds)
    service.family |= service.members()

    asked = time.monotonic()
    service.process.send_signal(stop)
    service.wait_until_all_are_gone()

    assert service.process.returncode == 0
    assert time.monotonic() - asked < 4
    assert service.text().endswith("Stopped.\n")


@pytest.mark.postgresql_only
def test_serve_that_is_stopped_answers_what_was_asked_before(serve):
    make_public("Sea", slug="sea")
    service = serve()
    service.wait_until_it_answers()

    with ThreadPoolExecutor() as readers:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE articles_article IN ACCESS EXCLUSIVE MODE")
            asked = readers.submit(service.get, "/articles/sea/?x=1")
            wait_for(lambda: is_waited_for(cursor, "articles_article"), "the request")
            service.process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert not asked.done()
        assert asked.result(PATIENCE) == 200
    service.wait_until_all_are_gone()
    assert service.process.returncode == 0


def is_waited_for(cursor, table):
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass)",
        [table],
    )
    return cursor.fetchone()[0]


@pytest.mark.sqlite_only
def test_preparation_that_fails_or_is_stopped_says_so_once_and_nothing_is_served(serve, tmp_path):
    (tmp_path / "taken").write_text("no folder")
    failing = serve(options=["--prepare"], STATIC_ROOT=str(tmp_path / "taken" / "static"))
    failing.process.wait(PATIENCE)
    stopped = serve(options=["--prepare"], STATIC_ROOT=str(tmp_path / "new"))
    wait_for(lambda: "Collecting" in stopped.text(), "the preparation")

    stopped.process.send_signal(signal.SIGINT)
    stopped.process.wait(PATIENCE)

    ended = serve(options=["--prepare"], STATIC_ROOT=str(tmp_path / "newer"))
    wait_for(lambda: "Collecting" in ended.text(), "the preparation")
    ended.member("preparation").kill()
    ended.process.wait(PATIENCE)

    assert failing.process.returncode == 1
    assert "Traceback" not in failing.text()
    assert re.search(
        r"CommandError: \S+ can't be written to \(Not a directory\); set .*\n$", failing.text()
    )
    assert ended.process.returncode == 1
    assert ended.text().endswith("CommandError: The preparation was ended (status -9).\n")
    assert stopped.process.returncode == 130
    assert "Traceback" not in stopped.text()
    assert stopped.text().endswith(
        "CommandError: Stopped before everything was prepared; the next start goes on from here.\n"
    )


@pytest.mark.sqlite_only
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a lost parent")
@pytest.mark.parametrize("together_with", [[], ["web server"]])
def test_serve_that_is_killed_leaves_nothing_behind(serve, together_with):
    service = serve()
    service.wait_until_it_answers()
    others = [service.member(name) for name in together_with]

    kill((*others, service.process))

    service.wait_until_all_are_gone()


@pytest.mark.sqlite_only
def test_serve_refuses_a_port_that_is_taken(serve):
    with socket.socket() as other:
        # As the web server does it: two that share a port would answer by turns.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        service = serve(port=port)
        service.process.wait(PATIENCE)

    assert service.process.returncode == 1
    assert service.text() == (
        f"CommandError: Port {port} of 127.0.0.1 is taken;"
        f" choose another: PORT={port + 1} make serve\n"
    )


@pytest.mark.sqlite_only
def test_empty_address_of_the_site_is_none(serve):
    service = serve(SITE_URL="")

    service.wait_until_it_answers()

    assert f"The publication answers at http://127.0.0.1:{service.port}/" in service.text()
    assert "DisallowedHost" not in service.text()


@pytest.mark.sqlite_only
@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_serve_listens_on_ipv6(serve):
    service = serve(host="::1")
    service.wait_until_it_answers()

    assert service.get("/healthz") == 200
    assert f"http://[::1]:{service.port}/" in service.text()


@pytest.mark.sqlite_only
def test_serve_refuses_an_address_of_another_machine(serve):
    service = serve(host="192.0.2.1", port=8000)
    service.process.wait(PATIENCE)

    assert service.process.returncode == 1
    assert service.text().startswith("CommandError: HOST must be an address of this machine; ")
