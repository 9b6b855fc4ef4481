"""The store of pages by itself: who may show what, and what a file may become."""

import os
import signal
import subprocess
import sys
import time

import pytest

from irb_site import page_store
from irb_site.page_store import ANSWERS_MAX, PageStore

NAME = b"gzip/articles/sea/="


@pytest.fixture
def store(tmp_path):
    return PageStore(tmp_path / "pages", max_size=1024 * 1024)


@pytest.fixture
def clock(monkeypatch):
    """The store's clock, in seconds."""
    now = [1_800_000_000.5]
    monkeypatch.setattr(page_store.time, "time", lambda: now[0])
    return now


def up(version):
    return lambda: version


# Which version is shown


def test_nothing_is_shown_until_somebody_puts_it_up(store):
    assert store.shown() is None

    assert store.put_up(up("1-a")) == "1-a"

    assert store.shown() == "1-a"


def test_nobody_puts_anything_up_while_a_version_is_being_raised(store):
    store.put_up(up("1-a"))

    first, second = store.take_down(), store.take_down()

    assert store.shown() is None
    first.release()
    assert store.put_up(up("1-a")) is None
    assert store.shown() is None
    second.release()
    assert store.put_up(up("2-b")) == "2-b"
    assert store.shown() == "2-b"


def test_forgotten_hold_is_let_go_of(store):
    hold = store.take_down()

    del hold

    assert store.put_up(up("1-a")) == "1-a"


def test_version_is_asked_for_only_while_nobody_can_raise_it(store):
    # Another process, since a lock doesn't keep out the one that holds it.
    take_down = f"""
from irb_site.page_store import PageStore
PageStore({str(store.folder)!r}, max_size=1).take_down()
print("down", flush=True)
"""
    other = []

    def read_version():
        other.append(
            subprocess.Popen([sys.executable, "-c", take_down], stdout=subprocess.PIPE, text=True)
        )
        with pytest.raises(subprocess.TimeoutExpired):
            other[0].wait(1)
        return "1-a"

    store.put_up(read_version)

    # The other one took it down afterwards, with whatever was shown.
    assert other[0].communicate(timeout=30)[0] == "down\n"
    assert store.shown() is None


def test_killed_process_holds_nothing_up(store):
    code = f"""
import time
from irb_site.page_store import PageStore
hold = PageStore({str(store.folder)!r}, max_size=1).take_down()
print("held", flush=True)
time.sleep(60)
"""
    store.put_up(up("1-a"))
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "held\n"
    assert store.shown() is None
    assert store.put_up(up("1-a")) is None

    other.send_signal(signal.SIGKILL)
    other.communicate()

    assert store.put_up(up("2-b")) == "2-b"


def test_store_without_room_shows_nothing_and_takes_down_what_others_put_up(store):
    without = PageStore(store.folder, max_size=0)
    store.put_up(up("1-a"))

    without.take_down().release()

    assert store.shown() is None
    assert without.put_up(up("1-a")) == "1-a"
    assert store.shown() is None
    assert without.write("1-a", NAME, b"words") is None


# Files


def test_what_is_written_is_read_again_under_its_version_only(store):
    written = store.write("1-a", NAME, b"words")

    assert written.content == b"words"
    assert store.read("1-a", NAME) == written
    assert store.read("2-b", NAME) is None
    assert store.read("1-a", b"gzip/articles/=") is None


def test_first_one_to_write_decides(store):
    first = store.write("1-a", NAME, b"words")

    assert store.write("1-a", NAME, b"other words") == first
    assert store.read("1-a", NAME) == first


def test_what_has_not_changed_keeps_its_validators(store, clock):
    first = store.write("1-a", NAME, b"words")
    clock[0] += 60

    second = store.write("2-b", NAME, b"words")

    assert second == first
    assert second.changed_at == 1_800_000_000


def test_two_contents_never_share_their_validators(store, clock):
    store.write("1-a", NAME, b"words")

    assert store.write("2-b", NAME, b"later") is None
    clock[0] += 0.5
    second = store.write("2-b", NAME, b"later")

    assert second.changed_at == 1_800_000_001


def test_codings_of_one_page_never_share_their_validators(store, clock):
    store.write("1-a", NAME, b"words")

    assert store.write("1-a", b"br/articles/sea/=", b"bytes") is None
    assert store.read("1-a", b"br/articles/sea/=") is None
    assert store.write("1-a", b"br/articles/=", b"bytes")
    clock[0] += 1
    assert store.write("1-a", b"br/articles/sea/=", b"bytes").changed_at == 1_800_000_001


def test_clock_that_is_put_back_makes_nobody_see_old_words(store, clock):
    store.write("1-a", NAME, b"words")
    clock[0] -= 3600

    assert store.write("2-b", NAME, b"later") is None


def test_pages_take_no_more_room_than_they_may(store):
    page = b"x" * 100 * 1024
    written = [store.write("1-a", b"gzip/%d" % number, page) for number in range(12)]

    assert [file is not None for file in written] == [True] * 10 + [False] * 2
    # A version has its own.
    assert store.write("2-b", b"gzip/11", page)


def test_other_answers_are_so_many_at_most(store):
    written = [store.write("1-a", b"answers/%d" % n, b"no") for n in range(ANSWERS_MAX + 2)]

    assert [file is not None for file in written].count(True) == ANSWERS_MAX
    assert written[-1] is None
    assert store.write("1-a", NAME, b"words")


def test_disk_that_refuses_costs_no_answer(store, caplog, monkeypatch):
    def refuse(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page_store.os, "link", refuse)

    assert store.write("1-a", NAME, b"words") is None
    assert store.write("1-a", NAME, b"words") is None
    assert [record.getMessage() for record in caplog.records] == [
        f"Pages can't be kept in {store.folder}: [Errno 28] No space left on device"
    ]
    assert not any(
        "~" in name for _folder, _folders, names in os.walk(store.folder) for name in names
    )


# Order


def test_former_versions_go_after_a_moment_except_the_last(store):
    for version in ("1-a", "2-b", "10-c"):
        store.put_up(up(version))
        store.write(version, NAME, version.encode())
    store.put_up(up("11-d"))
    for name in ("1-a", "2-b", "10-c"):
        os.utime(store.folder / "versions" / name, (time.time() - 60,) * 2)

    store.tidy()

    assert sorted(os.listdir(store.folder / "versions")) == ["10-c", "11-d"]


def test_version_that_was_shown_a_moment_ago_stays(store):
    store.put_up(up("1-a"))
    os.utime(store.folder / "versions" / "1-a", (time.time() - 60,) * 2)
    store.put_up(up("2-b"))
    store.put_up(up("3-c"))

    store.tidy()

    assert sorted(os.listdir(store.folder / "versions")) == ["1-a", "2-b", "3-c"]


def test_cleared_store_shows_and_holds_nothing(store):
    store.put_up(up("1-a"))
    store.write("1-a", NAME, b"words")

    store.clear()

    assert store.shown() is None
    assert store.read("1-a", NAME) is None
    # What is still being made somewhere is stored as before.
    assert store.write("1-a", NAME, b"words")
