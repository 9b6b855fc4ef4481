import io

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from articles.management.commands import prepare
from authors.models import Author
from tests.factories import make_public

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def calls(monkeypatch, settings, tmp_path):
    """The commands that `prepare` called. The demo publication is replaced by one author."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_DIRS = [tmp_path / "sources"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "site.css").write_text("p { color: red }")
    called = []

    def call(name, **options):
        called.append(name)
        if name == "load_demo":
            # May be repeated, as the demo itself.
            Author.objects.get_or_create(name="Demo", slug="demo")
        elif name == "collectstatic":
            settings.STATIC_ROOT.mkdir(exist_ok=True)

    monkeypatch.setattr(prepare, "call_command", call)
    return called


def run():
    output = io.StringIO()
    call_command("prepare", stdout=output)
    return output.getvalue()


def test_empty_database_gets_the_demo_and_an_editor_whose_password_is_shown(calls, rf):
    output = run()

    assert calls == ["migrate", "collectstatic", "load_demo"]
    editor = User.objects.get()
    password = output.split("password   ")[1].split()[0]
    assert (editor.username, editor.is_active, editor.is_superuser) == ("editor", True, True)
    assert authenticate(rf.post("/"), username="editor", password=password) == editor


def test_second_run_changes_nothing_and_shows_nothing(calls):
    run()
    before = User.objects.values().get()
    calls.clear()

    assert run() == ""

    assert calls == ["migrate"]
    assert User.objects.values().get() == before


def test_run_after_an_interrupted_one_finishes_it(calls, monkeypatch):
    call = prepare.call_command

    def interrupted(name, **options):
        call(name, **options)
        if name == "load_demo":
            raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "call_command", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert User.objects.get().is_active is False
    monkeypatch.setattr(prepare, "call_command", call)

    output = run()

    assert "password   " in output
    assert User.objects.get().is_active is True
    assert Author.objects.count() == 1


def test_database_with_a_user_is_left_alone(calls):
    User.objects.create_user("somebody")

    run()

    assert "load_demo" not in calls
    assert User.objects.count() == 1


def test_database_with_an_author_is_left_alone(calls):
    Author.objects.create(name="Somebody", slug="somebody")

    run()

    assert "load_demo" not in calls
    assert User.objects.count() == 0


def test_editor_who_was_shut_out_stays_so(calls):
    User.objects.create_user("editor", password="a b c d e f", is_active=False)

    run()

    assert calls == ["migrate", "collectstatic"]
    assert User.objects.get().is_active is False


def test_index_of_an_older_version_is_made_anew(calls):
    make_public("Sea")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE articles_search SET weights = ''")

    run()

    assert calls == ["migrate", "rebuild_search_index", "collectstatic"]
    call_command("rebuild_search_index")
    calls.clear()
    run()
    assert calls == ["migrate"]


def test_changed_static_file_is_collected_again(calls, tmp_path):
    run()
    calls.clear()
    (tmp_path / "sources" / "site.css").write_text("p { color: green }")

    run()

    assert calls == ["migrate", "collectstatic"]


def test_database_that_fails_is_one_sentence(calls, monkeypatch):
    def fail(name, **options):
        raise OperationalError("no such host")

    monkeypatch.setattr(prepare, "call_command", fail)

    with pytest.raises(CommandError, match=r"^The database can't be used \(no such host\)"):
        run()
