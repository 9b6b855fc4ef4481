"""Processes that end together with the one that started them."""

import ctypes
import os
import signal
import sys

import django

PR_SET_PDEATHSIG = 1
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


def begin_beside(parent_pid):
    """What a process runs first that helps its parent with the publication's work."""
    end_with_parent(parent_pid)
    django.setup()
