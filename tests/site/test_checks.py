import os
import subprocess
import sys

import pytest

from irb_site import checks
from irb_site.environment import PROJECT


def ids(found):
    return [message.id for message in found]


@pytest.fixture(autouse=True)
def fitting_settings(settings, tmp_path):
    settings.IS_EMBEDDED = False
    settings.STATIC_ROOT = tmp_path / "static"
    settings.SITE_URL = "https://www.example.org"
    settings.ALLOWED_HOSTS = ["www.example.org"]
    settings.IS_HTTPS = True


def test_fitting_settings_pass():
    assert checks.folders_can_be_used(None) == []
    assert checks.address_fits(None) == []
    assert checks.address_is_protected(None) == []


def test_mistakes_stop_every_command(tmp_path):
    result = subprocess.run(
        [sys.executable, PROJECT / "manage.py", "check"],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "irb_site.settings",
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": "",
            "ALLOWED_HOSTS": "www.example.org",
        },
        capture_output=True,
        text=True,
    )

    assert result.returncode == 1
    assert "(irb.E004)" in result.stderr


def test_picture_folder_that_cannot_be_written_is_an_error(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / "media"

    assert ids(checks.folders_can_be_used(None)) == ["irb.E001"]


def test_database_folder_that_cannot_be_written_is_an_error(settings, tmp_path, monkeypatch):
    settings.IS_EMBEDDED = True
    monkeypatch.setattr(checks, "_is_writable", lambda folder: folder != tmp_path)
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", tmp_path / "db.sqlite3")

    assert ids(checks.folders_can_be_used(None)) == ["irb.E002"]


def test_page_store_that_cannot_be_written_is_an_error(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.PAGE_STORE = tmp_path / "file" / "pages"

    assert ids(checks.folders_can_be_used(None)) == ["irb.E006"]


def test_pictures_among_public_files_are_an_error(settings):
    settings.MEDIA_ROOT = settings.STATIC_ROOT / "media"

    assert ids(checks.folders_can_be_used(None)) == ["irb.E003"]


@pytest.mark.parametrize("address", ["https://news.example.org", "https://[2001:db8::1]:8443"])
def test_site_that_refuses_its_own_address_is_an_error(settings, address):
    settings.SITE_URL = address

    assert ids(checks.address_fits(None)) == ["irb.E004"]


def test_debugging_in_public_is_an_error(settings):
    settings.DEBUG = True

    assert ids(checks.address_fits(None)) == ["irb.E005"]


def test_log_in_over_plain_http_is_warned_of(settings):
    settings.SITE_URL = "http://www.example.org"
    settings.IS_HTTPS = False

    assert ids(checks.address_is_protected(None)) == ["irb.W001"]


def test_every_host_allowed_is_warned_of(settings):
    settings.ALLOWED_HOSTS = ["*"]

    assert ids(checks.address_is_protected(None)) == ["irb.W002"]


def test_mail_that_is_only_printed_beside_a_database_server_is_warned_of(settings):
    settings.IS_EMBEDDED = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    printed = ids(checks.mail_leaves(None))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    sent = ids(checks.mail_leaves(None))

    assert (printed, sent) == (["irb.W003"], [])
