import errno
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from articles import content_version
from irb_site.processes import end_with_parent

logger = logging.getLogger(__name__)

ANSWER_TIMEOUT = 2
RESTART_PAUSE = 1
# What requests get to finish. Granian has a limit of its own, which is left unset: two of its
# threads wait for each process, and the slower one then says that it had to be killed.
STOP_TIMEOUT = 5
# What a server that listens on every address is asked at.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Command(BaseCommand):
    help = (
        "Runs the web server and one worker, and stops both on SIGTERM or Ctrl+C. A worker that"
        " ends is started again; when the web server ends, the command does, with status 1."
    )

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", default="8000")
        parser.add_argument("--workers", type=int, default=2, help="processes of the web server")
        parser.add_argument(
            "--prepare", action="store_true", help="run the command `prepare` before"
        )

    def handle(self, *, host, port, workers, prepare, **options):
        address, port = self.free_address(host, port)
        if prepare:
            try:
                call_command("prepare", stdout=self.stdout)
            except KeyboardInterrupt:
                raise CommandError(
                    "Stopped before everything was prepared; the next start goes on from here.",
                    returncode=130,
                ) from None
        # What is kept was made by the code and under the settings of an earlier start.
        content_version.page_store().clear()
        # The processes read their settings anew, and with them the address of the site.
        os.environ.setdefault("SITE_URL", f"http://{_in_url(host)}:{port}")
        self.supervise(address, port, workers)

    def free_address(self, host, port):
        """The numeric address and port to listen on, or a CommandError when that can't be.

        The web server itself shares its port with whoever else asks for it, so two
        publications would answer by turns: looking first is what keeps them apart.
        """
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise CommandError(f"PORT must be a number from 1 to 65535; it is {port!r}.")
        port = int(port)
        try:
            family, kind, _, _, place = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = (
                    f"Port {port} of {host} is taken; choose another: PORT={port + 1} make serve"
                )
            elif error.errno == errno.EACCES:
                reason = (
                    f"Port {port} is for root only; choose one above 1023: PORT=8000 make serve"
                )
            else:
                reason = (
                    f"HOST must be an address of this machine; {host!r} isn't: {error.strerror}"
                )
            raise CommandError(reason) from None
        return place[0], port

    def supervise(self, address, port, workers):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        manage = settings.BASE_DIR / "manage.py"
        web = Child("-m", "irb_site.web_server", address, port, workers)
        worker = Child(manage, "worker", "--parent", os.getpid())
        children = [web, worker]
        announced = False
        try:
            for child in children:
                child.start()
            while not stop.wait(0.2):
                if not web.is_running():
                    raise CommandError(
                        f"The web server ended by itself (status {web.process.returncode})."
                    )
                if not worker.is_running():
                    logger.error(
                        "The worker ended (status %s); starting it again.",
                        worker.process.returncode,
                    )
                    if not stop.wait(RESTART_PAUSE):
                        worker.start()
                if not announced and answers(address, port):
                    announced = True
                    self.announce(address, port)
        finally:
            # A second Ctrl+C must not cut the clean end short.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            stop_all(children)
        self.stdout.write("Stopped.")

    def announce(self, address, port):
        here = f"http://{_in_url(address)}:{port}"
        public = os.environ["SITE_URL"]
        self.stdout.write(
            f"The publication answers at {here}/ and its editors at {here}/admin/"
            + ("" if public == here else f" (SITE_URL: {public})")
            + ". Ctrl+C stops it."
        )
        self.stdout.flush()


class Child:
    """A Python process that is told to end when this one ends, however that happens."""

    def __init__(self, *arguments):
        self.command = [sys.executable, *map(str, arguments)]
        self.process = None

    def start(self):
        # A session of its own, so that Ctrl+C in a terminal reaches the supervisor alone.
        self.process = subprocess.Popen(
            self.command,
            cwd=settings.BASE_DIR,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid()),
        )

    def is_running(self):
        return self.process is not None and self.process.poll() is None


def stop_all(children):
    """End the children politely, and after STOP_TIMEOUT with everything they started."""
    started = [child.process for child in children if child.process]
    for process in started:
        process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT
    for process in started:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(address, port):
    """Whether the site says that it is well, under the name that it is known by."""
    name = urlsplit(os.environ["SITE_URL"]).netloc
    connection = http.client.HTTPConnection(
        LOOPBACK.get(address, address), port, timeout=ANSWER_TIMEOUT
    )
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _in_url(host):
    """How an address is written in a URL that somebody can open."""
    host = LOOPBACK.get(host, host)
    return f"[{host}]" if ":" in host else host
