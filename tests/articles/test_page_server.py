"""Pages that are stored whole: the same as those that are made anew, never older, never private."""

import os
import time
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import content_version, missing, page_server, pages, previews, publishing, views
from articles.models import Article, ContentVersion, MissingPath
from articles.page_server import PageServer
from irb_site import page_store
from tests import addresses
from tests.factories import (
    change_draft,
    cite,
    make_article,
    make_author,
    make_image,
    make_public,
    make_scheduled,
    make_withdrawn,
)
from tests.wsgi import ask

CODINGS = ("identity", "gzip", "br", "zstd")


@pytest.fixture
def server(settings, tmp_path, monkeypatch):
    # A test's own transaction would go together with its connection.
    monkeypatch.setattr(page_server, "close_old_connections", lambda: None)
    settings.PAGE_STORE = tmp_path / "pages"
    return PageServer()


def another_process():
    return PageServer()


def queries(function, *arguments, **options):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = function(*arguments, **options)
    return answer, len(captured)


def names(server):
    """What is stored of the version that is current: pages by coding, and other answers."""
    folder = server.store.folder / "versions" / content_version.current()
    found = {"pages": [], "answers": []}
    for path in folder.glob("*/**/*"):
        kind = "answers" if path.is_relative_to(folder / "answers") else "pages"
        if path.is_file():
            found[kind].append(str(path.relative_to(folder)))
    return {kind: sorted(files) for kind, files in found.items()}


@pytest.fixture(scope="module")
def site(shared_db):
    """One of everything that has an address."""
    ada, image = make_author("Ada", short_bio="Writes."), make_image()
    sea = make_public("Sea", authors=[ada], tags=["Water"], lead_image_id=image.pk)
    make_public(
        "River", authors=[ada], tags=["Water"], body=f"<h2>Mouth</h2><p>To the {cite(sea)}.</p>"
    )
    make_public("About", kind=Article.Kind.PAGE, slug="about")
    make_public(
        "Waters",
        kind=Article.Kind.SERIES,
        relations=[{"kind": "series", "article": sea.uid, "section": "", "note": ""}],
    )
    return sea


# The same as what is made anew


def test_every_page_is_byte_for_byte_what_django_makes_in_every_coding_and_from_everywhere(
    site, server
):
    paths = [path for path in addresses.public_paths() if not path.startswith("/media/")]
    paths += ["/nothing/", "/tags", "/search/?q=river", "/search/?q=river&page=1"]
    other = another_process()

    for path in paths:
        plain = Client().get(path)
        for coding in CODINGS:
            made = ask(server, path, accept_encoding=coding)
            if made.headers.get("ETag", "").startswith("W/"):
                # As long as in another coding, in the same second: it is stored in the next one.
                time.sleep(1)
                made = ask(server, path, accept_encoding=coding)
            remembered = ask(server, path, accept_encoding=coding)
            stored = ask(other, path, accept_encoding=coding)

            assert made.content == plain.content, (path, coding)
            assert made.status == plain.status_code
            for again in (remembered, stored):
                assert (again.status, again.body) == (made.status, made.body), (path, coding)
                assert again.headers == made.headers, (path, coding)
            shared = {"Content-Length", "Content-Encoding", "ETag", "Last-Modified", "Vary"}
            assert {name: value for name, value in made.headers.items() if name not in shared} == {
                name: value for name, value in plain.headers.items() if name not in shared
            }, (path, coding)
    assert len(paths) > 30


def test_page_that_is_too_short_to_be_compressed_says_so_wherever_it_comes_from(
    transactional_db, server
):
    for path in ("/sitemap-articles-1.xml", "/sitemap-subjects.xml"):
        plain = Client().get(path)
        for place in (server, server, another_process()):
            answer = ask(place, path, accept_encoding="gzip")
            assert (answer.status, answer.body) == (200, plain.content), path
            assert "Content-Encoding" not in answer.headers, path


def test_stored_page_costs_no_query_and_says_what_a_cache_needs(site, server):
    ask(server, "/articles/sea/", accept_encoding="gzip")

    answer, count = queries(
        ask, another_process(), "/articles/sea/", accept_encoding="gzip, deflate"
    )

    # The version, which it would not ask for if no transaction were open.
    assert count == 1
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"] == (
        "public, max-age=0, s-maxage=10, stale-while-revalidate=60"
    )
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Content-Length"] == str(len(answer.body))


def test_what_is_up_is_sent_without_any_question(transactional_db, server):
    make_public("Sea", slug="sea")
    ask(server, "/articles/sea/")
    assert server.store.shown() == content_version.current()

    for one in (server, another_process()):
        one._look_again_at = float("inf")
        answer, count = queries(ask, one, "/articles/sea/")

        assert (answer.status, count) == (200, 0)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("zstd;q=0, gzip;q=0", None),
        ("compress", None),
        ("*", None),
        ("", None),
        ("gzip" * 1000, None),
    ],
)
def test_reader_gets_the_best_coding_that_he_knows(site, server, accepted, coding):
    for _again in range(2):
        answer = ask(server, "/articles/sea/", accept_encoding=accepted)

        assert answer.headers.get("Content-Encoding") == coding
        assert "Sea" in answer


# What the reader has already


@pytest.mark.parametrize("coding", CODINGS)
def test_reader_who_has_it_is_told_so(site, server, coding):
    first = ask(server, "/articles/sea/", accept_encoding=coding)
    etag, date = first.headers["ETag"], first.headers["Last-Modified"]

    for headers in (
        {"if_none_match": etag},
        {"if_none_match": f'"other", W/{etag}'},
        {"if_none_match": "*"},
        {"if_modified_since": date},
        {"if_none_match": etag, "if_modified_since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        answer = ask(server, "/articles/sea/", accept_encoding=coding, **headers)

        assert (answer.status, answer.body) == (304, b""), headers
        assert answer.headers["ETag"] == etag
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Content-Length" not in answer.headers


def test_reader_who_has_something_else_gets_the_page(site, server):
    first = ask(server, "/articles/sea/", accept_encoding="gzip")

    for headers in (
        {"if_none_match": '"other"'},
        {"if_none_match": '"other"', "if_modified_since": first.headers["Last-Modified"]},
        {"if_modified_since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        # His clock may be wrong by more than lies between two versions.
        {"if_modified_since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"if_none_match": "rubbish"},
    ):
        assert ask(server, "/articles/sea/", accept_encoding="gzip", **headers).status == 200


def test_codings_of_a_page_never_pass_for_one_another(site, server):
    etags = {
        ask(server, "/articles/sea/", accept_encoding=coding).headers["ETag"] for coding in CODINGS
    }

    assert len(etags) == len(CODINGS)


def test_head_is_the_same_without_the_body(site, server):
    for path in ("/articles/sea/", "/nothing/", "/tags"):
        for _again in range(2):
            head = ask(server, path, method="HEAD", accept_encoding="gzip")
            whole = ask(server, path, accept_encoding="gzip")

            assert head.body == b""
            assert (head.status, head.headers) == (whole.status, whole.headers)


# Never older


def act_publish(article):
    change_draft(article, title="Later words")
    publishing.publish(article, by=None)


def act_rename(article):
    change_draft(article, slug="ocean")
    publishing.publish(article, by=None)


def act_rename_author(article):
    author = article.authors.get()
    author.name = "Grace"
    publishing.save_author(author)


ACTS = {
    "publish": act_publish,
    "rename": act_rename,
    "unpublish": lambda article: publishing.unpublish(article, by=None),
    "trash": lambda article: publishing.trash(article, by=None),
    "merge": lambda article: publishing.merge(article, make_public("Ocean"), by=None),
    "author": act_rename_author,
    "schedule": lambda article: (
        publishing.schedule(
            article, due_at=timezone.now() + timedelta(hours=1), by=None, action="unpublish"
        ),
        publishing.carry_out_due(now=timezone.now() + timedelta(hours=2)),
    ),
    "raw": lambda article: Article.objects.filter(pk=article.pk).update(title="By hand"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_after_any_act_every_page_is_new(transactional_db, server, act):
    author = make_author("Ada")
    article = make_public("Sea", slug="sea", authors=[author], tags=["Water"])
    make_public("River", slug="river", body=f"<p>To the {cite(article)}.</p>")
    paths = [path for path in addresses.public_paths() if not path.startswith("/media/")]
    others = [server, another_process()]
    before = {path: ask(server, path).content for path in paths}
    assert server.store.shown() == content_version.current()

    act(article)

    changed = 0
    for one in others:
        # By hand means past the verbs: that is seen within a second.
        one._look_again_at = 0
    for path in paths:
        answers = {ask(one, path).content for one in others}
        assert answers == {Client().get(path).content}, path
        changed += answers != {before[path]}
    assert changed


def test_verb_that_fails_changes_nothing_and_leaves_the_pages_up(transactional_db, server):
    article = make_public("Sea", slug="sea")
    ask(server, "/articles/sea/")
    version = server.store.shown()

    with transaction.atomic():
        act_publish(article)
        assert server.store.shown() is None
        transaction.set_rollback(True)

    assert "Later words" not in ask(server, "/articles/sea/")
    assert server.store.shown() == version


def test_page_that_was_begun_before_is_not_stored(transactional_db, server, monkeypatch):
    article = make_public("Sea", slug="sea")
    live_page = pages.live_page

    def slowly(*arguments):
        page = live_page(*arguments)
        act_publish(article)
        return page

    with monkeypatch.context() as patch:
        patch.setattr(views, "live_page", slowly)
        old = ask(server, "/articles/sea/")

    assert "Later words" not in old
    assert not list(server.store.folder.glob("versions/*/identity/articles"))
    assert "Later words" in ask(server, "/articles/sea/")
    assert names(server)["pages"] == ["identity/articles/sea/="]


def test_page_is_not_shown_while_its_successor_is_being_committed(transactional_db, server):
    article = make_public("Sea", slug="sea")
    ask(server, "/articles/sea/")

    with transaction.atomic():
        act_publish(article)
        # What comes now waits for nobody, and puts nothing up that would be old in a moment.
        assert server.store.put_up(lambda: "1-old") is None
        assert server.store.shown() is None

    assert server.store.shown() == content_version.current()


def test_verbs_of_a_long_import_hold_one_lock(transactional_db, server):
    content_version.current()
    open_before = len(os.listdir("/proc/self/fd"))

    with transaction.atomic():
        for _number in range(30):
            content_version.raise_version()
        open_meanwhile = len(os.listdir("/proc/self/fd"))

    assert open_meanwhile <= open_before + 2
    assert len(os.listdir("/proc/self/fd")) <= open_before + 1
    assert server.store.shown() == content_version.current()


def test_version_that_cannot_be_raised_keeps_nobody_from_showing_pages(transactional_db, server):
    make_public("Sea", slug="sea")

    def fail(execute, sql, *arguments):
        if sql.startswith("UPDATE") and "articles_contentversion" in sql:
            raise DatabaseError("away for a moment")
        return execute(sql, *arguments)

    with pytest.raises(DatabaseError), connection.execute_wrapper(fail), transaction.atomic():
        content_version.raise_version()

    assert server.store.shown() is None
    assert content_version.show_current() == server.store.shown()


def test_part_of_a_transaction_that_is_taken_back_lets_nobody_show_old_pages(
    transactional_db, server
):
    article = make_public("Sea", slug="sea")
    ask(server, "/articles/sea/")

    with transaction.atomic():
        act_publish(article)
        with transaction.atomic():
            content_version.raise_version()
            transaction.set_rollback(True)
        assert server.store.put_up(lambda: "1-old") is None

    assert "Later words" in ask(server, "/articles/sea/")


def test_another_machine_is_followed(transactional_db, server, settings, tmp_path):
    article = make_public("Sea", slug="sea")
    settings.PAGE_STORE = tmp_path / "elsewhere"
    other = another_process()
    assert "Sea" in ask(other, "/articles/sea/")
    settings.PAGE_STORE = tmp_path / "pages"

    act_publish(article)

    assert "Later words" in ask(server, "/articles/sea/")
    other._look_again_at = 0
    settings.PAGE_STORE = tmp_path / "elsewhere"
    assert "Later words" in ask(other, "/articles/sea/")
    assert other.store.shown() == server.store.shown()


def test_unchanged_pages_keep_their_validators_over_versions(transactional_db, server):
    article = make_public("Sea", slug="sea", tags=["Water"])
    make_public("About", kind=Article.Kind.PAGE, slug="about")
    about, sea = (ask(server, path).headers["ETag"] for path in ("/pages/about/", "/articles/sea/"))

    act_publish(article)

    assert ask(server, "/pages/about/", if_none_match=about).status == 304
    assert ask(server, "/articles/sea/", if_none_match=sea).status == 200


def test_pages_are_served_while_the_database_is_away(transactional_db, server, monkeypatch):
    make_public("Sea", slug="sea")
    ask(server, "/articles/sea/")

    def fail():
        raise DatabaseError("away")

    monkeypatch.setattr(content_version, "current", fail)
    server._look_again_at = 0

    assert ask(server, "/articles/sea/").status == 200
    # Where nobody knows what may be shown, Django says what it can.
    server.store.take_down().release()
    assert ask(server, "/articles/sea/").status == 200
    assert server.store.shown() is None


def test_restored_backup_does_not_bring_back_pages_of_another_future(transactional_db, server):
    article = make_public("Sea", slug="sea")
    before = ContentVersion.objects.values().get()
    act_publish(article)
    ask(server, "/articles/sea/")

    ContentVersion.objects.update(**before)
    Article.objects.filter(pk=article.pk).update(title="Restored")

    server._look_again_at = 0
    assert "Restored" in ask(server, "/articles/sea/")


def test_pages_of_the_old_year_are_left_behind(transactional_db, server):
    make_public("Sea", slug="sea")
    new_year = timezone.make_aware(datetime(timezone.localdate().year + 1, 1, 1))

    content_version.follow_calendar(now=new_year - timedelta(seconds=1))
    old = ask(server, "/articles/sea/")
    with time_machine.travel(new_year, tick=False):
        content_version.follow_calendar(now=new_year)
        version = content_version.current()
        new = ask(server, "/articles/sea/")
        content_version.follow_calendar(now=new_year + timedelta(hours=1))

    assert f"© {new_year.year - 1}" in old
    assert f"© {new_year.year}" in new
    assert content_version.current() == version


# Never private, never without end


def test_only_what_everybody_may_see_is_stored(site, server, client, admin_user):
    draft = make_article("Hidden")
    make_scheduled("Planned")
    make_withdrawn("Gone", slug="gone")
    link = publishing.share(draft, by=admin_user)
    client.force_login(admin_user)
    cookie = client.cookies.output(header="").strip()
    paths = [
        "/admin/",
        f"/admin/articles/article/{draft.pk}/change/",
        f"/admin/articles/article/{draft.pk}/preview/",
        previews.path_of(link),
        "/healthz",
        "/robots.txt",
        "/.well-known/security.txt",
        "/articles/gone/",
    ]

    for path in paths:
        for _again in range(2):
            ask(server, path, cookie=cookie)

    stored = names(server)
    assert stored["pages"] == []
    # The one that says that it is gone.
    assert len(stored["answers"]) == 1
    assert "Hidden" not in ask(server, "/articles/")


def test_session_changes_nothing_on_a_public_page(site, server, client, admin_user):
    client.force_login(admin_user)
    cookie = client.cookies.output(header="").strip().removeprefix("Set-Cookie: ")

    signed_in = ask(server, "/articles/sea/", cookie=cookie)

    assert "Set-Cookie" not in signed_in.headers
    assert ask(server, "/articles/sea/").headers == signed_in.headers


@pytest.mark.parametrize(
    "query",
    [
        "utm_source=letter",
        "page=1&x=2",
        "page=02",
        "page=9999999",
        "page=%31",
        "page=1%20",
        "x",
        "q=sea",
        "page=../../../../etc/passwd",
    ],
)
def test_unknown_query_is_answered_and_never_stored(site, server, query):
    answer = ask(server, f"/articles/?{query}")

    assert answer.status in {200, 404}
    assert names(server) == {"pages": [], "answers": []}


def test_number_that_a_page_does_not_know_is_never_stored(site, server):
    for number in range(1, 5):
        assert ask(server, f"/articles/sea/?page={number}").status == 200
    ask(server, "/articles/?page=1")

    assert names(server) == {"pages": ["identity/articles/=page=1"], "answers": []}


def test_paths_without_end_are_bounded(site, server, monkeypatch):
    monkeypatch.setattr(page_store, "ANSWERS_MAX", 5)

    for number in range(9):
        assert ask(server, f"/nothing-{number}/").status == 404
        assert ask(server, f"/search/?q=word{number}").status == 200

    assert len(names(server)["answers"]) == 5


def test_memory_is_bounded(site, server, monkeypatch):
    monkeypatch.setattr("articles.page_server.MEMORY_SIZE", 30_000)

    for number in range(20):
        ask(server, f"/search/?q=word{number}")
        memory = server._memory
        assert 0 < sum(len(answer.content) for answer in memory.answers.values()) <= 30_000
    for number in range(200):
        ask(server, "/", Accept_Encoding=f"gzip, x{number}")
        assert 0 < len(server._memory.by_request) <= 60


def test_page_is_kept_once_however_it_is_asked_for(site, server):
    for number in range(20):
        ask(server, "/", host=f"testserver:{8000 + number}", Accept_Encoding=f"gzip, x{number}")

    known = server._memory.by_request.values()
    assert len(known) == 20
    assert len(set(map(id, known))) == len(server._memory.answers) == 1


def test_store_that_is_full_changes_no_answer(site, server, settings):
    settings.PAGE_STORE_SIZE = 1
    full = PageServer()

    first = ask(full, "/articles/sea/", accept_encoding="gzip")

    assert first.content == ask(server, "/articles/sea/").content
    assert names(full)["pages"] == ["identity/articles/sea/="]
    etag = first.headers["ETag"]
    assert ask(full, "/articles/sea/", accept_encoding="gzip", if_none_match=etag).status == 304


def test_store_can_be_done_without(site, server, settings, tmp_path):
    stored = ask(server, "/articles/sea/")
    settings.PAGE_STORE, settings.PAGE_STORE_SIZE = tmp_path / "none", 0
    without = PageServer()

    answer = ask(without, "/articles/sea/", accept_encoding="gzip")

    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert answer.content == stored.content
    etag = answer.headers["ETag"]
    assert ask(without, "/articles/sea/", if_none_match=etag).status == 304
    assert names(without) == {"pages": [], "answers": []}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_is_answered_from_the_store(site, server, method):
    ask(server, "/articles/sea/")

    assert ask(server, "/articles/sea/", method=method).status == 405


def test_foreign_host_is_refused_though_the_page_is_stored(site, server):
    ask(server, "/articles/sea/")

    for host in ("evil.example", "", "testserver.evil.example", "testserver:x", "a" * 300):
        assert ask(server, "/articles/sea/", host=host).status == 400
    assert ask(server, "/articles/sea/", host="testserver:8000").status == 200


def test_page_is_sent_again_for_just_what_was_asked(transactional_db, server, settings):
    settings.IS_HTTPS = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    server = another_process()
    make_public("Sea")
    securely = {"X_Forwarded_Proto": "https"}

    for _time in range(3):
        assert "Sea" in ask(server, "/", **securely)
    # Nothing is looked up any more.
    server.store.read = None
    assert "Sea" in ask(server, "/", **securely)
    del server.store.read

    assert ask(server, "/").status == 301
    assert ask(server, "/", host="evil.example", **securely).status == 400
    assert ask(server, "/", method="POST", **securely).status == 405
    assert ask(server, "/", Accept_Encoding="br", **securely).headers["Content-Encoding"] == "br"
    for word in ("sails", "oars") * 2:
        assert f"“{word}”" in ask(server, f"/search/?q={word}", **securely)


def test_pages_are_read_as_utf_8_and_forms_that_are_not_are_refused(site, server):
    strange = {"content_type": "text/plain; charset=utf-7"}

    assert "“+2AA-”" in ask(server, "/search/?q=%2B2AA-", **strange)
    assert ask(server, "/admin/login/", method="POST", **strange).status == 415


@pytest.mark.parametrize(
    "path",
    [
        "//articles/sea/",
        "/articles//sea/",
        "/articles/./sea/",
        "/articles/../articles/sea/",
        "/articles/sea/=",
        "/articles/sea/=gzip",
        "/../../../../etc/passwd",
        "/articles/%00/",
        "/articles/%ff/",
        "/articles/" + "x" * 300 + "/",
        "/live/pages/=",
    ],
)
def test_odd_paths_are_what_they_were(site, server, path):
    ask(server, "/articles/sea/", accept_encoding="gzip")
    plain = Client().get(path)

    for _again in range(2):
        answer = ask(server, path)
        assert (answer.status, answer.content) == (plain.status_code, plain.content)
    assert names(server)["pages"] == ["gzip/articles/sea/="]


def test_paths_that_are_missed_are_noted_from_the_store_too(site, server):
    missing.forget()

    for _again in range(3):
        ask(server, "/articles/nothing/", referer="https://example.org/from")

    missing.flush()
    row = MissingPath.objects.get()
    assert (row.path, row.hits, row.referrer) == ("/articles/nothing/", 3, "example.org/from")
    missing.forget()


def test_other_scripts_have_pages_too(db, server):
    article = make_public("Каспий", slug="каспий", tags=["Море"])

    for _again in range(2):
        answer = ask(server, article.get_absolute_url())
        assert "Каспий" in answer
    assert names(server)["pages"] == ["identity/articles/каспий/="]


def test_nobody_is_left_out_of_the_headers_that_keep_readers_safe(site, server):
    expected = {
        name: value
        for name, value in Client().get("/articles/sea/").headers.items()
        if name.startswith(("X-", "Content-Security", "Permissions", "Referrer", "Cross-"))
    }
    assert len(expected) == 7

    for path in ("/articles/sea/", "/nothing/", "/search/?q=sea", "/feed/"):
        first, stored = ask(server, path), ask(another_process(), path)
        again = ask(server, path, if_none_match=first.headers.get("ETag", '"none"'))
        for answer in (first, stored, again):
            assert expected.items() <= answer.headers.items(), path


def test_page_with_a_header_of_its_own_keeps_it(site, server, monkeypatch):
    render = views.render

    def with_header(*arguments, **options):
        response = render(*arguments, **options)
        response.headers["X-Robots-Tag"] = "noarchive"
        return response

    monkeypatch.setattr(views, "render", with_header)

    for one in (server, server, another_process()):
        assert ask(one, "/articles/sea/").headers["X-Robots-Tag"] == "noarchive"
