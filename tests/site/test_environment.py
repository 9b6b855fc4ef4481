import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, transaction
from django.db.utils import load_backend
from psycopg.errors import ConnectionTimeout

from irb_site import environment


def read_database(value, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", value)
    return environment.database("DATABASE_URL", default_path=tmp_path / "db.sqlite3")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("yes", True), ("1", True), ("ON", True), ("no", False), ("0", False), ("", False)],
)
def test_flag_reads_both_answers(monkeypatch, value, expected):
    monkeypatch.setenv("DEBUG", value)

    assert environment.flag("DEBUG") is expected


@pytest.mark.parametrize("value", ["maybe", "2", "-"])
def test_flag_refuses_anything_else(monkeypatch, value):
    monkeypatch.setenv("DEBUG", value)

    with pytest.raises(ImproperlyConfigured, match=r"^DEBUG must be yes or no"):
        environment.flag("DEBUG")


def test_words_are_separated_by_commas_or_blanks(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example c.example")

    assert environment.words("ALLOWED_HOSTS") == ["a.example", "b.example", "c.example"]


def test_relative_folder_starts_at_the_project(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "somewhere")

    assert environment.folder("DATA_DIR", "var") == environment.PROJECT / "somewhere"


@pytest.mark.parametrize("value", ["Mars/Olympus", "Europe", "../etc/passwd", "/etc/passwd"])
def test_time_zone_refuses_unknown_names(monkeypatch, value):
    monkeypatch.setenv("TIME_ZONE", value)

    with pytest.raises(ImproperlyConfigured, match=r"^TIME_ZONE must be the name of a time zone"):
        environment.time_zone("TIME_ZONE", "UTC")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://www.example.org/", "https://www.example.org"),
        ("HTTPS://WWW.Example.org:443", "https://www.example.org"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_site_url_is_written_as_browsers_write_it(monkeypatch, value, expected):
    monkeypatch.setenv("SITE_URL", value)

    assert environment.site_url("SITE_URL", "http://localhost") == expected


@pytest.mark.parametrize(
    "value",
    [
        "www.example.org",
        "ftp://www.example.org",
        "https://",
        "https://www.example.org/news",
        "https://www.example.org/?a=b",
        "https://www.example.org/#a",
        "https://me:secret@www.example.org",
        "https://www.example.org:80000",
        "https://a b.example.org",
        "https://[::1",
    ],
)
def test_site_url_refuses_what_is_no_root(monkeypatch, value):
    monkeypatch.setenv("SITE_URL", value)

    with pytest.raises(ImproperlyConfigured, match=r"^SITE_URL must be the address"):
        environment.site_url("SITE_URL", "http://localhost")


def test_database_is_a_file_in_a_new_private_folder_by_default(monkeypatch, tmp_path):
    config = read_database("", monkeypatch, tmp_path / "data")

    assert config["NAME"] == tmp_path / "data" / "db.sqlite3"
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_relative_database_file_starts_at_the_project(monkeypatch, tmp_path):
    config = read_database("sqlite:///db.sqlite3", monkeypatch, tmp_path)

    assert config["NAME"] == environment.PROJECT / "db.sqlite3"


@pytest.mark.parametrize(
    "value",
    [
        "mysql://a:b@c/d",
        "postgresql://a:b@c",
        "sqlite://:memory:",
        "nonsense",
        "postgresql://a:b@c:port/d",
    ],
)
def test_database_refuses_what_it_cannot_use_without_telling_the_password(
    monkeypatch, tmp_path, value
):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL ") as refusal:
        read_database(value, monkeypatch, tmp_path)

    assert "a:b" not in str(refusal.value)


def test_database_folder_that_cannot_be_made_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ImproperlyConfigured, match=r"can't be made .*DATA_DIR"):
        read_database("", monkeypatch, tmp_path / "file")


def test_silent_postgresql_server_is_given_up_after_seconds(monkeypatch, tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/publication"
        config = read_database(f"{address}?connect_timeout=2", monkeypatch, tmp_path)
        del config["OPTIONS"]["pool"]
        settings = connections.configure_settings({"default": config})["default"]

        with pytest.raises(ConnectionTimeout):
            load_backend(config["ENGINE"]).DatabaseWrapper(settings).connect()

    usual = read_database(address, monkeypatch, tmp_path)
    assert usual["OPTIONS"]["connect_timeout"] == 3


@pytest.mark.sqlite_only
@pytest.mark.django_db
def test_sqlite_keeps_a_journal_that_readers_do_not_wait_for():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")

        assert cursor.fetchone() == ("wal",)


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_sqlite_begins_transactions_as_writers():
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other,
        transaction.atomic(),
        pytest.raises(sqlite3.OperationalError, match="database is locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_secret_key_is_made_once_and_private(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY")
    path = tmp_path / "data" / "secret_key"

    first = environment.secret_key("SECRET_KEY", keep_in=path)

    assert len(first) == 64
    assert environment.secret_key("SECRET_KEY", keep_in=path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_secret_key_of_a_faster_process_counts(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY")
    path = tmp_path / "secret_key"
    path.write_text("k" * 64)
    # As if the file had appeared just after it was looked for.
    monkeypatch.setattr(environment.Path, "exists", lambda self: False)

    assert environment.secret_key("SECRET_KEY", keep_in=path) == "k" * 64


def test_secret_key_must_be_given_for_a_server_database(monkeypatch):
    monkeypatch.delenv("SECRET_KEY")

    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is not set"):
        environment.secret_key("SECRET_KEY", keep_in=None)


def test_short_secret_key_is_refused(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "short")

    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is too short"):
        environment.secret_key("SECRET_KEY", keep_in=None)


def test_damaged_secret_key_file_is_refused(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY")
    (tmp_path / "secret_key").touch()

    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY .* is damaged"):
        environment.secret_key("SECRET_KEY", keep_in=tmp_path / "secret_key")


def test_manage_py_says_one_sentence_about_a_wrong_value(tmp_path):
    result = subprocess.run(
        [sys.executable, environment.PROJECT / "manage.py", "check"],
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "irb_site.settings", "DATA_DIR": str(tmp_path), "DEBUG": "?"},
        capture_output=True,
        text=True,
    )

    assert result.returncode == 1
    assert result.stderr == "The settings are wrong: DEBUG must be yes or no; it is '?'.\n"


# Mail


def read_mail_server(value, monkeypatch):
    monkeypatch.setenv("EMAIL_URL", value)
    return environment.mail_server("EMAIL_URL")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("smtp://a:b@mail.example.org", ("mail.example.org", 587, "a", "b", True, False)),
        ("smtp://a%40x:p%2F%25@m.example:2525", ("m.example", 2525, "a@x", "p/%", True, False)),
        ("smtps://a:b@mail.example.org", ("mail.example.org", 465, "a", "b", False, True)),
        ("smtp://relay.example?starttls=no", ("relay.example", 25, "", "", False, False)),
        ("smtp://relay.example?starttls=yes", ("relay.example", 587, "", "", True, False)),
        ("smtp://localhost", ("localhost", 25, "", "", False, False)),
        ("smtp://[::1]:1025/", ("::1", 1025, "", "", False, False)),
    ],
)
def test_mail_server_is_read_and_passwords_travel_encrypted(monkeypatch, value, expected):
    server = read_mail_server(value, monkeypatch)

    assert server.backend == "django.core.mail.backends.smtp.EmailBackend"
    found = (server.host, server.port, server.user, server.password)
    assert (*found, server.use_tls, server.use_ssl) == expected


@pytest.mark.parametrize("value", ["", "console:"])
def test_mail_is_printed_unless_a_server_is_named(monkeypatch, value):
    server = read_mail_server(value, monkeypatch)

    assert server.backend == "django.core.mail.backends.console.EmailBackend"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("mail.example.org", "EMAIL_URL can't be read"),
        ("http://a:secret@mail.example.org", "EMAIL_URL can't be read"),
        ("smtp://a:secret@", "EMAIL_URL can't be read"),
        ("smtp://a@mail.example.org", "EMAIL_URL can't be read"),
        ("smtp://a:secret@mail.example.org:mail", "EMAIL_URL can't be read"),
        ("smtp://a:secret@mail.example.org/inbox", "EMAIL_URL can't be read"),
        ("smtp://a:secret@mail.example.org#x", "EMAIL_URL can't be read"),
        ("smtp://a:secret%0A@mail.example.org", "EMAIL_URL can't be read"),
        ("smtp://a:%FF@mail.example.org", "EMAIL_URL can't be read"),
        ("smtp://a:secret@mail.example.org?tls=1", "EMAIL_URL knows one option"),
        ("smtps://a:secret@mail.example.org?starttls=no", "EMAIL_URL knows one option"),
        ("smtp://a:secret@mail.example.org?starttls=no", "EMAIL_URL would send its password"),
    ],
)
def test_mail_server_that_cannot_be_used_is_named_without_its_password(
    monkeypatch, value, sentence
):
    with pytest.raises(ImproperlyConfigured) as refused:
        read_mail_server(value, monkeypatch)

    assert str(refused.value).startswith(sentence)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "site", "expected"),
    [
        ("", "https://www.example.org", "newsroom@example.org"),
        ("", "http://127.0.0.1:8000", "newsroom@localhost"),
        ("", "http://[::1]:8000", "newsroom@localhost"),
        ("desk@example.org", "https://x.org", "desk@example.org"),
        ("The Desk <desk@example.org>", "https://x.org", "The Desk <desk@example.org>"),
    ],
)
def test_mail_comes_from_the_newsroom(monkeypatch, value, site, expected):
    monkeypatch.setenv("EMAIL_FROM", value)

    assert environment.mail_sender("EMAIL_FROM", site=site) == expected


@pytest.mark.parametrize(
    "value", ["desk", "desk@", "Desk <desk@example.org", "a@b.c\nBcc: x@y.z", "a@b.c, x@y.z"]
)
def test_sender_that_is_no_address_is_refused(monkeypatch, value):
    monkeypatch.setenv("EMAIL_FROM", value)

    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_FROM must be an address"):
        environment.mail_sender("EMAIL_FROM", site="https://x.org")
