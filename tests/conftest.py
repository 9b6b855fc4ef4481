"""What every test may rely on: a clean slate, no network, two databases, a browser.

Environment: TEST_DATABASE (sqlite, postgresql), SOAK=1 (run what takes long, with
SOAK_EXAMPLES examples for each property), CHROMIUM (another browser), CI=true (fail
where something is missing instead of skipping).
"""

import gc
import ipaddress
import os
import shutil
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import override_settings

SOAK = os.environ.get("SOAK") == "1"
CI = os.environ.get("CI") == "true"
# The shell is the same browser without windows, so it needs less; it comes first.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Suggestions of the address bar, which nobody sees here, are pages of their own in each window
# and cost more than the pages that are tested. Playwright switches off the rest of these, but
# the last list is the only one that counts.
CHROMIUM_WITHOUT = [
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
]
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join(CHROMIUM_WITHOUT)}",
]

# Milliseconds. Nothing waits for so long unless it fails.
BROWSER_PATIENCE = 60_000

# Playwright keeps an event loop in the main thread once it has run; Django would then
# refuse the database to every later test.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

hypothesis.settings.register_profile(
    "fixed", derandomize=True, max_examples=25, deadline=None, database=None
)
hypothesis.settings.register_profile(
    "soak",
    max_examples=int(os.environ.get("SOAK_EXAMPLES") or 2000),
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("soak" if SOAK else "fixed")


# The run as a whole.


def pytest_configure(config):
    for line in (
        "sqlite_only: says something about SQLite alone",
        "postgresql_only: says something about PostgreSQL alone",
        "browser: needs Chromium; added to tests that use a page; runs with SQLite only",
        "soak: takes long; runs with SOAK=1 only",
    ):
        config.addinivalue_line("markers", line)
    config.addinivalue_line("filterwarnings", "error")
    # Tests make many objects that live for a moment: to look for garbage so often costs time.
    gc.set_threshold(50_000, 20, 20)
    _refuse_other_machines()
    is_xdist_worker = hasattr(config, "workerinput")
    if not is_xdist_worker:
        from tests import migrated, postgres

        run = ExitStack()
        config.add_cleanup(run.close)
        if django_settings.TEST_DATABASE == "postgresql":
            run.enter_context(postgres.running(Path(os.environ["TEST_POSTGRES_FOLDER"])))
        run.enter_context(migrated.being_made())


def pytest_report_header():
    return f"database: {django_settings.TEST_DATABASE}" + (", soak" if SOAK else "")


def pytest_terminal_summary(terminalreporter):
    """Says how much was tried, where tests counted it by record_property("number of …")."""
    totals = Counter()
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, number in report.user_properties:
            if name.startswith("number of "):
                totals[name] += number
    for name, number in totals.items():
        terminalreporter.write_line(f"{name}: {number}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    engine = django_settings.TEST_DATABASE
    other = "postgresql_only" if engine == "sqlite" else "sqlite_only"
    browser_asked_for = "browser" in config.getoption("markexpr", "")
    kept, left_out = [], []
    for item in items:
        if "page" in item.fixturenames or "browser" in item.fixturenames:
            item.add_marker("browser")
        if "shared_db" in item.fixturenames:
            # What a test changes is taken back in any case.
            item.add_marker("django_db")
        leave_out = (
            item.get_closest_marker(other)
            # What asks no database is the same with both.
            or (engine != "sqlite" and not _concerns(item, engine))
            or (item.get_closest_marker("soak") and not SOAK)
            or (item.get_closest_marker("browser") and engine != "sqlite" and not browser_asked_for)
        )
        (left_out if leave_out else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    # The longest first, so that no process is left with them when the others have nothing to do;
    # and those that share rows one after another.
    firsts = {}
    for number, item in enumerate(kept):
        firsts.setdefault(_company(item), number)
    items[:] = sorted(
        kept,
        key=lambda item: (
            {"site", "browser"}.isdisjoint(item.path.parts),
            firsts[_company(item)],
        ),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Takes back shared rows as soon as a test comes that doesn't share just these."""
    result = yield
    if "shared_db" in item.fixturenames and nextitem and _company(item) != _company(nextitem):
        item._fixtureinfo.name2fixturedefs["shared_db"][-1].finish(item._request)
    return result


def _company(item):
    """What the tests that share rows with this one have in common; else the test itself."""
    if "shared_db" not in item.fixturenames:
        return item
    known = item._fixtureinfo.name2fixturedefs
    shared = {name for name, (*_others, last) in known.items() if last.scope == "module"}
    return item.path, frozenset(shared)


def _concerns(item, engine):
    fixtures = {"db", "transactional_db", "live_server"}
    return (
        item.get_closest_marker(f"{engine}_only")
        or item.get_closest_marker("django_db")
        or not fixtures.isdisjoint(item.fixturenames)
    )


def _refuse_other_machines():
    """Make every connection of this process to another machine an error."""
    connect = socket.socket.connect

    def connect_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"A test tried to reach {host}.")
        return connect(self, address)

    socket.socket.connect = connect_here


@pytest.fixture(scope="session")
def django_db_keepdb():
    """What is there already is the copy of what has been migrated; it goes with its folder."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    from tests import migrated

    migrated.copy()


@pytest.fixture(scope="session", autouse=True)
def flush_past_the_guards():
    """Lets Django empty the tables between tests, which the publication's triggers refuse."""
    empty = {"sqlite": _emptying_in_sqlite, "postgresql": _emptying_in_postgresql}
    operations = type(connection.ops)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", empty[connection.vendor](operations.sql_flush))
        yield


# What the models alone determine. To write it again would take longer than many a test.
_LEFT_ALONE = {"django_migrations", "django_content_type", "auth_permission"}


def _emptying_in_sqlite(original):
    def sql_flush(self, style, tables, **kwargs):
        statements = original(self, style, [*{*tables} - _LEFT_ALONE], **kwargs)
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master"
                " WHERE type = 'trigger' AND name LIKE '%\\_kept' ESCAPE '\\'"
            )
            triggers = cursor.fetchall()
        drop = [f"DROP TRIGGER {name}" for name, _sql in triggers]
        return [*drop, *statements, *(sql for _name, sql in triggers)]

    return sql_flush


def _emptying_in_postgresql(_original):
    """Without TRUNCATE, which makes new files for every table and so takes longer than a test."""

    def sql_flush(self, *args, **kwargs):
        # No trigger does its work meanwhile, so what they keep in step is emptied as well.
        tables = {*self.connection.introspection.table_names()} - _LEFT_ALONE
        role = "SET LOCAL session_replication_role = replica"
        return [role, *(f"DELETE FROM {self.quote_name(table)}" for table in sorted(tables))]

    return sql_flush


@pytest.fixture(scope="session", autouse=True)
def pictures_in_a_hurry():
    """Nobody looks at how small the files of pictures are made."""
    from articles import images

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "EFFORT", 0)
        yield


@pytest.fixture(scope="module")
def shared_db(django_db_setup, django_db_blocker, tmp_path_factory):
    """The database for fixtures of a module, whose rows several tests look at.

    Tests that ask for the same of them run one after another, and what was written for them goes
    after the last one. What a test changes goes after that test; so let it change no object that
    the next one gets, but one that it has read itself.
    """
    pictures = override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media"))
    with django_db_blocker.unblock(), pictures, transaction.atomic():
        yield
        transaction.set_rollback(True)


# Every test.


@pytest.fixture(autouse=True)
def clean_slate(settings, tmp_path):
    """Nothing that an earlier test left in this process or on disk."""
    from articles import missing, site

    cache.clear()
    site.forget()
    missing.forget()
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def editor(django_user_model):
    return django_user_model.objects.create_superuser("editor", password="correct horse")


# Browser tests.


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        missing = pytest.fail if CI else pytest.skip
        missing("No Chromium was found: install it, or name it in CHROMIUM.")
    return browser_type_launch_args | {"executable_path": path, "args": CHROMIUM_OPTIONS}


@pytest.fixture(scope="session")
def base_url(live_server):
    return live_server.url


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return browser_context_args | {
        "locale": "en-GB",
        "timezone_id": "UTC",
        "reduced_motion": "reduce",
    }


@pytest.fixture
def page_problems():
    """What went wrong in the browser. A test that expects some takes them out."""
    return []


@pytest.fixture(scope="session")
def patient_expectations():
    """A page of a busy machine gets as long as it needs; what never comes still fails."""
    from playwright.sync_api import expect

    expect.set_options(timeout=BROWSER_PATIENCE)


@pytest.fixture
def context(context, live_server, settings, page_problems, patient_expectations):
    """A browser context in which console errors and requests to other hosts fail the test."""
    context.set_default_timeout(BROWSER_PATIENCE)
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    host = urlsplit(live_server.url).netloc

    def note_message(message):
        if message.type == "error":
            page_problems.append(f"console: {message.text} ({message.location['url']})")

    def note_request(request):
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != host:
            page_problems.append(f"request to another host: {request.url}")

    context.on("console", note_message)
    context.on("weberror", lambda event: page_problems.append(f"script: {event.error}"))
    context.on("request", note_request)
    yield context
    assert page_problems == []


@pytest.fixture
def signed_in_page(page, client, editor, live_server):
    """A page whose visitor is the editor."""
    client.force_login(editor)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return page
