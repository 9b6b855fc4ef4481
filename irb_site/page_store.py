"""Whole pages kept as files, one folder for each content version. Knows no database.

    FOLDER/live                        a link to the folder of the version that is shown now
    FOLDER/versions/VERSION/CODING/PATH=QUERY
                                       what answers with 200 and is nobody's own, as it is sent
    FOLDER/versions/VERSION/answers/   bounded in number: redirects, what isn't there, searches
    FOLDER/lock

What `live` leads to may be sent without asking anybody: by every process of this machine and by
a web server in front. That is safe because of one rule. Who raises the version takes `live` down
*before* the commit and holds the lock, shared, until the transaction has ended, however it
ends; who puts `live` up holds the lock alone while he asks the database which version it has.
So while `live` is there, no transaction of this machine has committed a newer version. A process
that dies lets go of the lock, and leaves `live` down at worst, which costs time and no truth.

A file is never changed, and its validators (time of change in whole seconds, and size, as nginx
makes ETags of them) never stand for two different contents of one page.
"""

import fcntl
import logging
import os
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

# Of each version: redirects, addresses that lead nowhere, searches.
ANSWERS_MAX = 2000
# How long the pages of a version stay after it was followed by another one. The version before
# the newest stays as long as that: what hasn't changed since keeps its validators.
SECONDS_KEPT = 5
SECONDS_BETWEEN_COMPLAINTS = 60


@dataclass(frozen=True, slots=True)
class StoredFile:
    content: bytes
    # Unix time, whole seconds.
    changed_at: int


class Hold:
    """As long as one of these lives, nobody puts `live` up."""

    __slots__ = ("__weakref__", "_descriptor")

    def __init__(self, path):
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    @property
    def is_held(self):
        return self._descriptor is not None

    def release(self):
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self):
        # A transaction that is rolled back forgets what it would have called after its commit,
        # and with it the last reference to its hold.
        self.release()


class PageStore:
    """The store in one folder.

    max_size: how many bytes the pages of one version may take. 0: nothing is stored, but what
    others may have put up is still taken down.
    """

    def __init__(self, folder, *, max_size):
        self.folder = Path(folder)
        self.max_size = max_size
        self._live = os.fspath(self.folder / "live")
        self._lock = self.folder / "lock"
        self._versions = self.folder / "versions"
        self._silent_until = 0

    # Which version is shown.

    def shown(self):
        """The version whose pages may be sent without asking; None if it has to be asked for."""
        try:
            return os.readlink(self._live).rpartition("/")[2]
        except OSError:
            return None

    def take_down(self):
        """Makes everybody ask, and keeps it so until the returned Hold is released or gone.

        It is on the disk when this returns: after a power cut `live` is down, too.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        hold = Hold(self._lock)
        self._remove_link()
        return hold

    def put_up(self, read_version):
        """Shows the version that read_version() returns, and returns it.

        None where somebody is about to raise the version: whoever needs it must ask himself.
        """
        with self._alone() as is_alone:
            if not is_alone:
                return None
            version = read_version()
            if self.max_size and version != self.shown():
                self._remove_link()
                (self._versions / version).mkdir(parents=True, exist_ok=True)
                os.symlink(f"versions/{version}", self._live)
            return version

    @contextmanager
    def _alone(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _remove_link(self):
        try:
            # From now on it is a former version, and is kept for a while.
            with suppress(OSError):
                os.utime(self._live)
            os.unlink(self._live)
        except FileNotFoundError:
            return
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # Files. A name is bytes: CODING/PATH=QUERY or answers/….

    def read(self, version, name):
        """The StoredFile of this name; None if there is none."""
        try:
            descriptor = os.open(self._path(version, name), os.O_RDONLY)
        except (OSError, ValueError):
            return None
        try:
            status = os.fstat(descriptor)
            content = os.read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
        return StoredFile(content, int(status.st_mtime))

    def write(self, version, name, content):
        """Stores what was rendered while the version was this one, and returns the StoredFile.

        Where somebody else has stored it meanwhile, that is what is returned. None where it
        can't be stored: no room left, or in this very second the page had other contents, or has
        as long ones in another coding.
        """
        try:
            return self._write(version, name, content)
        except FileNotFoundError:
            # The version, or the whole store, has been removed meanwhile.
            return None
        except OSError as error:
            if time.monotonic() > self._silent_until:
                self._silent_until = time.monotonic() + SECONDS_BETWEEN_COMPLAINTS
                logger.warning("Pages can't be kept in %s: %s", self.folder, error)
            return None

    def _write(self, version, name, content):
        folder = self._versions / version
        folder.mkdir(parents=True, exist_ok=True)
        if not self._has_room(folder, name, len(content)):
            return None
        path = self._path(version, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        second = int(time.time())
        for other in os.listdir(self._versions):
            if other == version:
                continue
            found = self.read(other, name)
            if found and found.content == content:
                return self._linked(self._path(other, name), version, name)
            if found and found.changed_at >= second:
                return None
        temporary = b"%s~%d-%d" % (path, os.getpid(), time.monotonic_ns())
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            os.utime(temporary, (second, second))
            return self._linked(temporary, version, name)
        finally:
            os.unlink(temporary)

    def _linked(self, source, version, name):
        """Gives a file its place, unless it would pass for the same page in another coding."""
        path = self._path(version, name)
        try:
            os.link(source, path)
        except FileExistsError:
            return self.read(version, name)
        own = os.stat(path)
        coding, _slash, rest = name.partition(b"/")
        for other in os.listdir(os.fsencode(self._versions / version)):
            if other == coding:
                continue
            with suppress(OSError):
                found = os.stat(self._path(version, b"%s/%s" % (other, rest)))
                if (found.st_mtime, found.st_size) == (own.st_mtime, own.st_size):
                    os.unlink(path)
                    return None
        return self.read(version, name)

    def _path(self, version, name):
        return b"%s/%s/%s" % (os.fsencode(self._versions), version.encode(), name)

    def _has_room(self, folder, name, size):
        """Whether there is, and if so, takes it. The size of a file is the sum of what was taken.

        All processes append to it, so they need no lock: pages one byte for each kilobyte,
        answers one byte for each of them.
        """
        is_page = not name.startswith(b"answers/")
        taken = -(-size // 1024) if is_page else 1
        limit = self.max_size // 1024 if is_page else min(ANSWERS_MAX, self.max_size)
        sum_file = folder / ("size-of-pages" if is_page else "number-of-answers")
        descriptor = os.open(sum_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            if os.fstat(descriptor).st_size + taken > limit:
                return False
            os.write(descriptor, b"." * taken)
            return True
        finally:
            os.close(descriptor)

    # Order.

    def tidy(self):
        """Removes former versions, all but the last one and those of the last few seconds."""
        shown = self.shown()
        if shown is None:
            return
        former = sorted(set(self._names()) - {shown}, key=_number)
        for name in former[:-1]:
            with suppress(FileNotFoundError):
                if time.time() - (self._versions / name).stat().st_mtime > SECONDS_KEPT:
                    shutil.rmtree(self._versions / name, ignore_errors=True)

    def clear(self):
        """Removes everything: what was rendered by other code or under other settings."""
        hold = self.take_down()
        for name in self._names():
            shutil.rmtree(self._versions / name, ignore_errors=True)
        hold.release()

    def _names(self):
        try:
            return os.listdir(self._versions)
        except FileNotFoundError:
            return []


def _number(version):
    digits = version.partition("-")[0]
    return int(digits) if digits.isdecimal() else 0
