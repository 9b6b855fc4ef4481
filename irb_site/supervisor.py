"""Keeps the web server and one worker running, and ends with them.

`manage.py serve` becomes `python -m irb_site.supervisor ADDRESS PORT PROCESSES`, in the folder of
the project. Loads nothing of the publication: all that it does is wait.
"""

import http.client
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from irb_site.processes import end_with_parent

logger = logging.getLogger("irb_site.supervisor")

ANSWER_TIMEOUT = 2
RESTART_PAUSE = 1
# What requests get to finish. Granian has a limit of its own, which is left unset: two of its
# threads wait for each process, and the slower one then says that it had to be killed.
STOP_TIMEOUT = 5
# What a server that listens on every address is asked at.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def main(address, port, processes):
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    web = Child("-m", "irb_site.web_server", address, port, processes)
    worker = Child("manage.py", "worker", "--parent", os.getpid())
    children = [web, worker]
    announced = False
    try:
        for child in children:
            child.start()
        while not stop.wait(0.2):
            if not web.is_running():
                sys.exit(f"The web server ended by itself (status {web.process.returncode}).")
            if not worker.is_running():
                status = worker.process.returncode
                logger.error("The worker ended (status %s); starting it again.", status)
                if not stop.wait(RESTART_PAUSE):
                    worker.start()
            if not announced and answers(address, port):
                announced = True
                announce(address, port)
    finally:
        # A second Ctrl+C must not cut the clean end short.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        stop_all(children)
    print("Stopped.")


def announce(address, port):
    here = f"http://{in_url(address)}:{port}"
    public = os.environ["SITE_URL"]
    print(
        f"The publication answers at {here}/ and its editors at {here}/admin/"
        + ("" if public == here else f" (SITE_URL: {public})")
        + ". Ctrl+C stops it.",
        flush=True,
    )


class Child:
    """A Python process that is told to end when this one ends, however that happens."""

    def __init__(self, *arguments):
        self.command = [sys.executable, *map(str, arguments)]
        self.process = None

    def start(self):
        # A session of its own, so that Ctrl+C in a terminal reaches the supervisor alone.
        self.process = subprocess.Popen(
            self.command,
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


def in_url(host):
    """How an address is written in a URL that somebody can open."""
    host = LOOPBACK.get(host, host)
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    # As the settings have it.
    logging.basicConfig(format="{asctime} {levelname} {name}: {message}", style="{")
    main(*sys.argv[1:])
