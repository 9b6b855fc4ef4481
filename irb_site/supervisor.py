"""Keeps the web server and one worker running, and ends with them.

`manage.py serve` calls it in a process that has loaded the publication. Both are copies of that
process: they start at once, and what is loaded takes memory once. All that it does itself is wait.
"""

import http.client
import logging
import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from queue import Empty
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command

from irb_site import web_server
from irb_site.processes import (
    STOP_SIGNALS,
    end_with_parent,
    make_ready_to_be_copied,
    name_this_process,
    stop_as_usual,
    stop_signals,
)

logger = logging.getLogger(__name__)

LOOK_INTERVAL = 0.2
ANSWER_TIMEOUT = 2
RESTART_PAUSE = 1
# What requests get to finish. Granian has a limit of its own, which is left unset: two of its
# threads wait for each process, and the slower one then says that it had to be killed.
STOP_TIMEOUT = 5
# Until the site answers nobody waits for anything, and a process of granian's may not hear yet.
EARLY_STOP_TIMEOUT = 1
# What a server that listens on every address is asked at.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}

_copies = multiprocessing.get_context("fork")


def main(address, port, processes):
    heard = stop_signals()
    name_this_process("supervisor")
    web = Child("web server", web_server.main, address, port, processes)
    worker = Child("worker", call_command, "worker", "--parent", os.getpid())
    children = [web, worker]
    announced = False
    make_ready_to_be_copied()
    try:
        for child in children:
            child.start()
        while not is_told_to_stop(heard, LOOK_INTERVAL):
            if not web.is_running():
                sys.exit(f"The web server ended by itself (status {web.status}).")
            if not worker.is_running():
                logger.error("The worker ended (status %s); starting it again.", worker.status)
                if is_told_to_stop(heard, RESTART_PAUSE):
                    break
                worker.start()
            if not announced and answers(address, port):
                announced = True
                announce(address, port)
    finally:
        # A second Ctrl+C must not cut the clean end short.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        stop_all(children, STOP_TIMEOUT if announced else EARLY_STOP_TIMEOUT)
    print("Stopped.")


def is_told_to_stop(heard, seconds):
    """Waits so long for a signal."""
    try:
        heard.get(timeout=seconds)
    except Empty:
        return False
    return True


def announce(address, port):
    here = f"http://{in_url(address)}:{port}"
    print(
        f"The publication answers at {here}/ and its editors at {here}/admin/"
        + ("" if here == settings.SITE_URL else f" (SITE_URL: {settings.SITE_URL})")
        + ". Ctrl+C stops it.",
        flush=True,
    )


class Child:
    """A copy of this process that does one thing, and is told to end when this process ends,
    however that happens.
    """

    def __init__(self, name, work, *arguments):
        self.name = name
        self.arguments = (os.getpid(), name, work, *arguments)
        self.process = None

    def start(self):
        # Whoever started this process may ignore its children's ends, and this one with it.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        process = _copies.Process(target=_work, args=self.arguments, name=self.name)
        # Whoever stops it before it has ways of its own is heard when it has.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            process.start()
            self.process = process
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def is_running(self):
        return self.process is not None and self.process.is_alive()

    @property
    def status(self):
        return self.process.exitcode


def _work(parent, name, work, *arguments):
    # A session of its own, so that Ctrl+C in a terminal reaches the supervisor alone.
    os.setsid()
    stop_as_usual()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    end_with_parent(parent)
    name_this_process(name)
    work(*arguments)


def stop_all(children, timeout=STOP_TIMEOUT):
    """End the children politely, and after so many seconds with everything they started."""
    started = [child.process for child in children if child.process]
    for process in started:
        process.terminate()
    deadline = time.monotonic() + timeout
    for process in started:
        process.join(max(0, deadline - time.monotonic()))
        process.kill()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()


def answers(address, port):
    """Whether the site says that it is well, under the name that it is known by."""
    name = urlsplit(settings.SITE_URL).netloc
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


def in_url(host):
    """How an address is written in a URL that somebody can open."""
    host = LOOPBACK.get(host, host)
    return f"[{host}]" if ":" in host else host
