import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import quote

import psutil
import pytest
from django.db import connection

from irb_site.environment import PROJECT

PATIENCE = 30


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"Waited {PATIENCE} s in vain: {what}")


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Service:
    """`manage.py serve` in a process of its own, on the database of the test."""

    def __init__(self, folder, host="127.0.0.1", port=None):
        self.host = host
        self.port = port or free_port(host)
        self.output = folder / "output"
        (folder / "static").mkdir()
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("SITE_URL", "TEST_FOLDER")
        }
        environment |= {
            "DJANGO_SETTINGS_MODULE": "irb_site.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url(),
            "PYTHONUNBUFFERED": "1",
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--host", host, "--port", str(self.port)],
                cwd=PROJECT,
                env=environment,
                stdout=output,
                stderr=output,
            )
        self.family = set()

    def text(self):
        return self.output.read_text()

    def wait_until_it_answers(self):
        wait_for(lambda: "The publication answers at" in self.text() or self.ended(), "an answer")
        assert not self.ended(), self.text()
        # The supervisor, the web server with its two processes, and the worker.
        self.family = wait_for(lambda: len(self.members()) == 5 and self.members(), "5 processes")

    def ended(self):
        return self.process.poll() is not None

    def members(self):
        try:
            supervisor = psutil.Process(self.process.pid)
            return {supervisor, *supervisor.children(recursive=True)}
        except psutil.NoSuchProcess:
            return set()

    def member(self, words):
        return next(
            process
            for process in psutil.Process(self.process.pid).children()
            if words in " ".join(process.cmdline())
        )

    def get(self, path):
        peer = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            peer.request("GET", path)
            return peer.getresponse().status
        finally:
            peer.close()

    def wait_until_all_are_gone(self):
        self.process.wait(PATIENCE)
        wait_for(
            lambda: (
                not any(
                    process.is_running() and process.status() != psutil.STATUS_ZOMBIE
                    for process in self.family
                )
            ),
            "the processes to end",
        )

    def clean_up(self):
        for process in self.family | self.members():
            if process.is_running():
                process.kill()
        self.process.wait()


def database_url():
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"postgresql://postgres@{quote(connection.settings_dict['HOST'], safe='')}/{name}"


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


@pytest.mark.sqlite_only
def test_serve_starts_a_lost_worker_again(serve):
    service = serve()
    service.wait_until_it_answers()
    lost = service.member("manage.py worker")

    lost.kill()

    wait_for(lambda: len(service.members() - {lost}) == 5, "a new worker")
    assert service.get("/healthz") == 200
    assert re.search(
        r"ERROR .*: The worker ended \(status -9\); starting it again\.", service.text()
    )


@pytest.mark.sqlite_only
def test_serve_ends_with_its_web_server(serve):
    service = serve()
    service.wait_until_it_answers()

    service.member("irb_site.web_server").kill()
    service.wait_until_all_are_gone()

    assert service.process.returncode == 1
    assert "The web server ended by itself (status -9)." in service.text()


@pytest.mark.sqlite_only
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a lost parent")
@pytest.mark.parametrize("together_with", [[], ["irb_site.web_server"]])
def test_serve_that_is_killed_leaves_nothing_behind(serve, together_with):
    service = serve()
    service.wait_until_it_answers()
    others = [service.member(words) for words in together_with]

    for process in (*others, service.process):
        process.kill()

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
