import os
import shutil
import subprocess
import sys

import pytest

from irb_site.environment import PROJECT

# What is said here doesn't depend on the database.
pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def folder(tmp_path):
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    return tmp_path


def interpreter(path, lines):
    path.write_text("#!/bin/sh\n" + lines)
    path.chmod(0o755)
    return path


def quick_interpreter(folder, pip_status):
    """Stands in for Python, venv and pip, which would take half a minute."""
    return interpreter(
        folder / "quick",
        f"""case "$*" in
        *python_version*) echo 3.11.0;;
        *runs*) echo runs;;
        "-m venv --clear .venv") rm -r .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
        "-m pip"*) exit {pip_status};;
        esac
        """,
    )


def make(folder, *arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def sentences(result):
    return [line for line in result.stderr.splitlines() if not line.startswith("make: ")]


def test_make_alone_lists_the_targets(folder):
    listed = [line.split()[0] for line in make(folder).stdout.splitlines() if line[:2] == "  "]

    assert listed == ["help", "serve", "test", "soak", "lint"]


def test_too_old_interpreter_is_one_sentence(folder):
    old = interpreter(
        folder / "old", 'case "$2" in *version_info*) exit 1;; *) echo 3.9.2;; esac\n'
    )

    result = make(folder, "serve", f"PYTHON={old}")

    assert result.returncode != 0
    assert sentences(result) == [
        f"Python 3.11 or newer is needed, but {old} is Python 3.9.2;"
        " install it, or choose one by PYTHON=/path/to/python3.12."
    ]
    assert not (folder / ".venv").exists()


def test_no_interpreter_is_one_sentence(folder):
    result = make(folder, "serve", "PYTHON=/nowhere/python3")

    assert sentences(result) == [
        "Python 3.11 or newer is needed, but no Python was found at /nowhere/python3;"
        " install it, or choose one by PYTHON=/path/to/python3.12."
    ]


def test_interpreter_without_venv_is_one_sentence(folder):
    bare = interpreter(
        folder / "bare", f'case "$2" in *venv*) exit 1;; *) exec "{sys.executable}" "$@";; esac\n'
    )

    result = make(folder, "serve", f"PYTHON={bare}")

    assert sentences(result) == [
        f"{bare} lacks the venv module; on Debian and Ubuntu: apt install python3-venv."
    ]


def test_folder_that_cannot_be_written_is_one_sentence(folder):
    # Root may write anywhere, but not make a folder where there is a file.
    (folder / ".venv").touch()

    result = make(folder, "serve", f"PYTHON={sys.executable}")

    assert sentences(result) == [
        f"{folder} is read-only for you: copy the project to a folder that you can write to."
    ]


def test_changed_requirements_make_the_virtual_environment_anew(folder):
    stub = quick_interpreter(folder, pip_status=0)
    left_over = folder / ".venv" / "left-over"
    make(folder, ".venv/for-serve", f"PYTHON={stub}")
    left_over.touch()
    assert make(folder, ".venv/for-serve").stdout == "make: '.venv/for-serve' is up to date.\n"
    stamp = (folder / ".venv" / "for-serve").stat().st_mtime
    os.utime(folder / "requirements.txt", (stamp + 5, stamp + 5))

    make(folder, ".venv/for-serve", f"PYTHON={stub}")

    assert not left_over.exists()
    assert (folder / ".venv" / "for-serve").exists()


def test_failed_installation_is_tried_again(folder):
    stub = quick_interpreter(folder, pip_status=1)

    for _ in range(2):
        result = make(folder, ".venv/for-serve", f"PYTHON={stub}")
        assert sentences(result) == ["The requirements could not be installed; pip says why above."]
