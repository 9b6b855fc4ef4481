"""The log of paths that were not found: small, harmless to readers, and forgetful of them."""

import threading

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import missing, publishing
from articles.models import MissingPath, Tag
from tests.factories import change_draft, make_article, make_author, make_public, make_withdrawn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_noted():
    missing.forget()
    yield
    missing.forget()


def noted():
    """What has been noted since, written down: path → how often."""
    missing.flush()
    return dict(MissingPath.objects.values_list("path", "hits"))


def ask(client, *paths, **headers):
    return [client.get(path, **headers).status_code for path in paths]


# What is noted


def test_path_that_was_not_found_is_noted_once_and_counted(client):
    ask(client, "/old/page/", "/old/page/", "/old/page", "/articles/nothing/")

    assert noted() == {"/old/page/": 3, "/articles/nothing/": 1}


def test_hits_of_several_writes_add_up(client):
    ask(client, "/old/")
    first = timezone.now()
    assert noted() == {"/old/": 1}

    client.head("/old/")

    assert noted() == {"/old/": 2}
    row = MissingPath.objects.get()
    assert row.first_seen_at < first < row.last_seen_at


def test_what_answers_is_not_noted(client):
    article = make_public("Here", slug="first")
    change_draft(article, slug="second")
    publishing.publish(article, by=None)
    make_withdrawn("Gone", slug="gone")

    statuses = ask(client, "/", "/articles/second/", "/articles/first/", "/articles/gone/",
                   "/articles/second", "/articles/nothing", "/tags")  # fmt: skip

    # The missing slash is mended first, so its path is not yet one that wasn't found.
    assert statuses == [200, 200, 301, 410, 301, 301, 301]
    assert noted() == {}


def test_only_reading_is_noted(client):
    for method in (client.post, client.put, client.delete, client.options):
        method("/old/")

    assert noted() == {}


@pytest.mark.parametrize(
    "path",
    [
        "/admin/nothing/",
        "/static/nothing.css",
        "/media/nothing.webp",
        "/wp-login.php",
        "/blog/wp-admin/setup-config.php",
        "/.env",
        "/.git/config",
        "/a/.well-known/traffic-advice",
        "/xmlrpc.php",
        "/phpmyadmin/index",
        "/backup.zip",
        "/apple-touch-icon.png",
        "/%2F/host.example/",
        "/" + "x" * 10_000,
        "/" + "%41" * 400,
        "/a%00b/",
        "/a%250ab/",
        "/a%0d%0aSet-Cookie:x/",
        "/a%E2%80%A8b/",
        "/articles/?page=99",
        "/articles/1999/",
        "/tags/nothing/feed/",
        "/articles/nothing/cited-by/",
    ],
)
def test_what_no_editor_could_mend_is_not_noted(client, path):
    assert client.get(path).status_code in {301, 302, 404}

    assert noted() == {}


def test_path_that_a_browser_would_take_for_a_host_is_not_noted(client):
    assert client.get("/", PATH_INFO="//host.example/path/").status_code == 404

    assert noted() == {}


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/old.html", "/old.html/"),
        ("/OLD/Page.HTM", "/OLD/Page.HTM/"),
        ("/reports/2019.pdf", "/reports/2019.pdf/"),
        ("/%F0%9F%9A%82/", "/🚂/"),
        ("/%D9%85%D9%82%D8%A7%D9%84%D9%87/", "/مقاله/"),
        ("/a%20b%3Fc/", "/a b?c/"),
        ("/%FF%FE/", "/\ufffd\ufffd/"),
        ("/<script>alert(1)</script>/", "/<script>alert(1)</script>/"),
        ("/old/?utm=1&token=secret", "/old/"),
        ("/version-2.0-is-out/", "/version-2.0-is-out/"),
    ],
)
def test_odd_but_honest_paths_are_noted_readably(client, path, kept):
    assert client.get(path).status_code == 404

    assert noted() == {kept: 1}


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        ("https://user:word@Blog.example:8443/post/?reader=7#x", "blog.example/post/"),
        ("http://blog.example", "blog.example"),
        ("javascript:alert(1)", ""),
        ("https://[broken", ""),
        ("https://blog.example/\x00\x1b[31m", ""),
        ("https://blog.example/" + "x" * 5000, "blog.example/" + "x" * 287),
        ("", ""),
    ],
)
def test_of_the_referrer_host_and_path_are_kept(client, referrer, kept):
    client.get("/old/", headers={"referer": referrer})

    missing.flush()
    assert MissingPath.objects.get().referrer == kept


def test_reader_without_a_referrer_leaves_the_last_one(client):
    client.get("/old/", headers={"referer": "https://blog.example/"})
    client.get("/old/")
    missing.flush()
    client.get("/old/")
    missing.flush()

    assert MissingPath.objects.get().referrer == "blog.example/"


# That it harms nobody


def test_noting_asks_the_database_nothing_and_changes_no_answer(client, monkeypatch):
    client.get("/old/")
    with CaptureQueriesContext(connection) as with_log:
        response = client.get("/old/")
    monkeypatch.setattr(missing, "note", lambda path, referrer: None)
    with CaptureQueriesContext(connection) as without_log:
        same = client.get("/old/")

    assert len(with_log) == len(without_log)
    assert (response.content, response.items(), response.cookies) == (
        same.content,
        same.items(),
        same.cookies,
    )
    assert not response.cookies


def test_nothing_runs_in_the_background_unless_asked(client, monkeypatch):
    # An earlier test of this process may have loaded the web server's application, which asks.
    monkeypatch.setattr(missing, "_writes_in_background", False)
    before = set(threading.enumerate())

    client.get("/old/")

    assert set(threading.enumerate()) <= before
    assert not MissingPath.objects.exists()


def test_memory_holds_so_many_paths_and_goes_on_counting_them(client):
    for number in range(missing.PATHS_IN_MEMORY + 5):
        missing.note(f"/old-{number}/")
    missing.note("/old-0/")

    written = noted()

    assert len(written) == missing.PATHS_IN_MEMORY
    assert written["/old-0/"] == 2


def test_table_holds_so_many_rows_and_loses_the_least_asked_for(client, monkeypatch):
    monkeypatch.setattr(missing, "ROWS_MAX", 2)
    for path in ("/often/", "/often/", "/early/", "/late/"):
        client.get(path)

    assert noted() == {"/often/": 2, "/late/": 1}


def test_failed_write_is_logged_and_the_next_one_works(client, monkeypatch, caplog):
    def fail():
        raise DatabaseError("away")

    # The thread's own part closes the connection, which a test needs.
    monkeypatch.setattr(connection, "close", lambda: None)
    with monkeypatch.context() as broken:
        broken.setattr(missing, "flush", fail)
        missing._write()
    assert "could not be written" in caplog.text

    client.get("/old/")
    assert noted() == {"/old/": 1}


@pytest.mark.django_db(transaction=True)
def test_thread_of_the_web_server_writes_what_was_noted(client, monkeypatch):
    monkeypatch.setattr(missing, "SECONDS_BETWEEN_WRITES", 0)
    monkeypatch.setattr(missing, "_writes_in_background", True)
    written = threading.Event()
    write = missing._write

    def write_and_tell():
        write()
        written.set()

    monkeypatch.setattr(missing, "_write", write_and_tell)
    monkeypatch.setattr(missing.atexit, "register", lambda function: None)

    client.get("/old/")

    assert written.wait(20)
    assert list(MissingPath.objects.values_list("path", "hits")) == [("/old/", 1)]


# What still lacks an answer


def row(path, hits=1):
    now = timezone.now()
    return MissingPath.objects.create(path=path, hits=hits, first_seen_at=now, last_seen_at=now)


def unanswered():
    return {item.path for item in missing.unanswered()}


def test_path_at_which_something_stands_now_is_answered():
    make_public("Here", slug="here", tags=["Subject"], authors=[make_author("Somebody")])
    make_public("Page", kind="page", slug="imprint")
    make_withdrawn("Gone", slug="gone")
    answered = ["/articles/here/", "/pages/imprint/", "/articles/gone/", "/tags/subject/",
                "/authors/somebody/"]  # fmt: skip
    open_ones = ["/articles/imprint/", "/pages/here/", "/Articles/here/", "/articles/here-2/",
                 "/x/", "/articles/"]  # fmt: skip
    for path in answered + open_ones:
        row(path)

    assert unanswered() == set(open_ones)


def test_path_of_a_draft_lacks_an_answer_until_it_is_published():
    draft = make_article("Draft", slug="draft")
    row("/articles/draft/")
    assert unanswered() == {"/articles/draft/"}

    publishing.publish(draft, by=None)

    assert unanswered() == set()


def test_path_that_was_given_up_is_answered():
    row("/old/")
    publishing.give_up_path("/old/", by=None)

    assert unanswered() == set()


# What it may have meant


def test_guess_is_what_has_the_slug_wherever_it_stood():
    article = make_public("A Title", slug="some-words-here")

    paths = ["/some-words-here/", "/2019/05/some-words-here.html/", "/blog/Some-Words-Here-2/"]

    assert missing.guesses(paths) == dict.fromkeys(paths, article)


def test_guess_knows_former_addresses_former_titles_people_and_subjects():
    article = make_public("Pipelines under the Caspian Sea", slug="first-place")
    change_draft(article, slug="second-place", title="Gas under Water")
    publishing.publish(article, by=None)
    author, tag = make_author("Marta Lindqvist"), publishing.save_tag(Tag(name="Caspian Sea"))
    make_public("Other", authors=[author], tags=[tag.name])

    guesses = missing.guesses(
        ["/a/first-place/", "/a/pipelines-under-the-caspian-sea/", "/team/marta-lindqvist/",
         "/category/caspian-sea/"]
    )  # fmt: skip

    assert guesses == {
        "/a/first-place/": article,
        "/a/pipelines-under-the-caspian-sea/": article,
        "/team/marta-lindqvist/": author,
        "/category/caspian-sea/": tag,
    }


def test_guess_survives_a_missing_article_and_another_order():
    article = make_public("The North–South Corridor Revisited")

    paths = ["/north-south-corridor-revisited/", "/x/corridor-north-south-revisited/"]

    assert missing.guesses(paths) == dict.fromkeys(paths, article)


def test_guess_is_never_something_hidden_or_far_from_it():
    make_article("A Secret Draft Title")
    make_withdrawn("A Withdrawn Title Here")
    make_public("Railways of the Caucasus and beyond")

    paths = ["/a-secret-draft-title/", "/a-withdrawn-title-here/", "/railways/", "/", "/---/",
             "/🚂/", "/" + "a-" * 140 + "/", "/2019/"]  # fmt: skip

    assert missing.guesses(paths) == {}


def test_guessing_asks_as_often_for_twenty_paths_as_for_one():
    for number in range(3):
        make_public(f"Number {number} of the Series about Ports")
    paths = [
        f"/old/number-{number % 3}-of-the-series-about-ports-{number}/" for number in range(20)
    ]

    asked = []
    for some in (paths[:1], paths):
        with CaptureQueriesContext(connection) as captured:
            assert len(missing.guesses(some)) == len(some)
        asked.append(len(captured))

    assert asked == [8, 8]
