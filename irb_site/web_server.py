"""The web server as a process of its own: granian with the options that this site needs."""

import gc
import multiprocessing
import os
import resource
from importlib import import_module

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from irb_site.processes import (
    end_with_parent,
    make_ready_to_be_copied,
    name_this_process,
    stop_as_usual,
)

# Two requests at a time in each process: more threads only wait for one another.
THREADS_PER_PROCESS = 2
# Open at a time in each process. Those that wait, or send slowly, cost memory and no thread.
CONNECTIONS_PER_PROCESS = 4096
SECONDS_TO_SEND_A_HEAD = 10
# How many new objects are looked through for garbage at a time, and how many of such looks until
# older ones are, too. A page makes thousands that are gone when it is sent, and Python's own 700
# would have each of them looked at several times.
GARBAGE_THRESHOLDS = 20_000, 50, 100


def load():
    """Loads what granian's processes, which are copies of this one, share of its memory: the code,
    and what is known of the articles. Leaves no connection and no thread, which can't be shared.
    """
    import_module("irb_site.wsgi")
    make_ready_to_be_copied()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def application_of_process():
    """What each of granian's processes runs first. It must not outlive granian itself."""
    end_with_parent(multiprocessing.parent_process().pid)
    name_this_process("web process")
    from irb_site.wsgi import application

    return application


def allow_open_files(wanted):
    """Lets this process and those it starts open so many files, as far as the system does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(address, port, processes):
    """Answers until it is told to stop, in so many processes."""
    allow_open_files(CONNECTIONS_PER_PROCESS + 1024)
    load()
    # With granian's own handlers, its processes wouldn't hear a stop while they begin.
    os.register_at_fork(after_in_child=stop_as_usual)
    server = Granian(
        "irb_site.wsgi:application",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=processes,
        blocking_threads=THREADS_PER_PROCESS,
        backlog=CONNECTIONS_PER_PROCESS,
        backpressure=CONNECTIONS_PER_PROCESS,
        http1_settings=HTTP1Settings(header_read_timeout=SECONDS_TO_SEND_A_HEAD * 1000),
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )
    server.serve(target_loader=application_of_process, wrap_loader=False)
