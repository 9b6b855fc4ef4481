"""Processes that end together with the one that started them, or were copied from it."""

import ctypes
import gc
import os
import signal
import sys
import threading
from contextlib import contextmanager
from queue import SimpleQueue

import django
from django.db import connections

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(parent_pid):
    """Have this process sent SIGTERM when its parent ends, however that happens.

    Only Linux can promise that. Everywhere, a process whose parent is gone already
    ends here.
    """
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:
        os._exit(1)


def name_this_process(name):
    """What tools such as top call it: at most 15 letters, and only on Linux."""
    if _libc:
        _libc.prctl(PR_SET_NAME, name.encode())


def begin_beside(parent_pid):
    """What a process runs first that helps its parent with the publication's work."""
    end_with_parent(parent_pid)
    django.setup()


def stop_as_usual():
    """Lets signals to stop end this process: a copy begins with the handlers of its original."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def stop_signals():
    """What gets an item with each signal to stop.

    A queue and no Event: a handler that sets one waits for itself for ever when it interrupts
    whoever is about to wait for the Event.
    """
    heard = SimpleQueue()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _frame: heard.put(number))
    return heard


@contextmanager
def until_stopped():
    """An Event for any number of threads, set when this process is told to stop."""
    heard, stop = stop_signals(), threading.Event()
    listener = threading.Thread(target=lambda: (heard.get(), stop.set()))
    listener.start()
    try:
        yield stop
    finally:
        heard.put(None)
        listener.join()


def make_ready_to_be_copied():
    """Closes what leads to the database, with PostgreSQL's pool and its threads: copies can't
    share them. The rest they do, as long as nobody writes to it.
    """
    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()
    # Whoever looks for garbage among what is always needed writes to all of it.
    gc.collect()
    gc.freeze()
