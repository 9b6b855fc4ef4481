"""The publication as it is run: `manage.py serve` in processes of its own."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from urllib.parse import quote

import psutil
from django.contrib.staticfiles.finders import get_finders
from django.db import connection

from irb_site.environment import PROJECT

# Nothing waits for so long unless it fails.
PATIENCE = 60


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
    """`manage.py serve` in a process of its own, on the database of the test.

    environment: what processes of the same publication need, with the variables given here.
    options: of the command, and starter: what it is started by.
    """

    def __init__(self, folder, host="127.0.0.1", port=None, options=(), starter=(), **variables):
        self.host = host
        self.port = port or free_port(host)
        # Several may run in one folder.
        self.output = folder / f"output-{self.port}"
        name_static_files(folder / "static")
        self.environment = {
            name: value for name, value in os.environ.items() if name != "TEST_FOLDER"
        }
        self.environment |= {
            "DJANGO_SETTINGS_MODULE": "irb_site.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url(),
            "PYTHONUNBUFFERED": "1",
            "SITE_URL": f"http://{f'[{host}]' if ':' in host else host}:{self.port}",
            **variables,
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(*starter, sys.executable, "manage.py", "serve"),
                    *("--host", host, "--port", str(self.port), *options),
                ],
                cwd=PROJECT,
                env=self.environment,
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

    def member(self, name):
        children = psutil.Process(self.process.pid).children()
        return next(process for process in children if process.name() == name)

    def get(self, path, **options):
        return self.read(path, **options)[0]

    def read(self, path, *, host=None, timeout=PATIENCE):
        """The status and the text of an answer."""
        peer = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            peer.request("GET", path, headers={"Host": host} if host else {})
            answer = peer.getresponse()
            return answer.status, answer.read().decode()
        finally:
            peer.close()

    def wait_until_all_are_gone(self):
        self.process.wait(PATIENCE)
        wait_for(lambda: not any(map(_is_alive, self.family)), "the processes to end")

    def clean_up(self):
        kill(self.family | self.members())
        self.process.wait()


def kill(processes):
    """Kills processes in this order; some may end with others before it is their turn."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def name_static_files(folder):
    """Writes what pages need in order to link to static files, without collecting these."""
    folder.mkdir(exist_ok=True)
    names = [name for finder in get_finders() for name, _storage in finder.list([])]
    manifest = {"version": "1.1", "hash": "", "paths": {name: name for name in names}}
    (folder / "staticfiles.json").write_text(json.dumps(manifest))


def database_url():
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"postgresql://postgres@{quote(connection.settings_dict['HOST'], safe='')}/{name}"
