"""nginx in front: it sends what is stored by itself, exactly as the publication would, and asks
for everything else. And a cache that others run between us and our readers."""

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from articles import content_version, images, publishing
from articles.page_server import PageServer
from articles.previews import path_of
from tests import addresses, nginx
from tests.factories import (
    change_draft,
    make_article,
    make_author,
    make_image,
    make_public,
)
from tests.service import PATIENCE, Service, free_port, wait_for
from tests.wsgi import ask

pytestmark = pytest.mark.sqlite_only

# What each server says of itself.
OF_THE_SERVER = {"server", "date", "connection", "accept-ranges"}


class Upstream(ThreadingHTTPServer):
    """Stands where the publication would be asked, and remembers what it was asked."""

    def __init__(self):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                # As it was written: the path itself has been mended by now.
                path = self.requestline.split()[1]
                asked.append((self.command, path, self.headers["Host"]))
                self.send_response(200)
                self.send_header("X-Upstream", "asked")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def upstream():
    server = Upstream()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def front(transactional_db, settings, tmp_path, upstream):
    """nginx over the store of a server in this process."""
    settings.PAGE_STORE = tmp_path / "pages"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.ALLOWED_HOSTS = ["testserver", ".example.org"]
    server = PageServer()
    include = nginx.include_for(f"http://127.0.0.1:{upstream.server_port}")
    with nginx.running(tmp_path / "nginx", server=include) as port:
        yield Front(server, port, upstream)


class Front:
    def __init__(self, server, port, upstream):
        self.server, self.port, self.upstream = server, port, upstream

    def get(self, path, *, method="GET", body=None, host="testserver", **headers):
        """Status, headers and body, as they come over the wire, and whether nginx was alone."""
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        before = len(self.upstream.asked)
        try:
            peer.request(
                method, quote(path, safe="/?=&%"), body=body, headers={"Host": host, **headers}
            )
            answer = peer.getresponse()
            content = answer.read()
        finally:
            peer.close()
        is_alone = len(self.upstream.asked) == before
        return answer.status, dict(answer.getheaders()), content, is_alone


def said(headers):
    return {
        name.lower(): set(value.split("; ")) if name.lower().endswith("policy") else value
        for name, value in dict(headers).items()
        if name.lower() not in OF_THE_SERVER
    }


def test_nginx_sends_every_stored_page_as_the_publication_does_without_asking(front):
    sea = make_public("Sea", authors=[make_author("Ada")], tags=["Water", "Каспий"])
    make_public("River", lead_image_id=make_image().pk)
    ask(front.server, "/")
    stored = 0
    for path in addresses.public_paths():
        for coding in ("identity", "gzip", "br", "zstd"):
            expected = ask(front.server, path, accept_encoding=coding)
            if expected.status != 200 or "max-age=0" not in expected.headers["Cache-Control"]:
                continue
            status, headers, body, is_alone = front.get(path, Accept_Encoding=coding)

            if "/without/" in path:
                # Too many, and each asked for too seldom, to be stored.
                assert not is_alone, (path, coding)
                continue
            if not is_alone:
                # As large in another coding by chance, it isn't stored in the same second.
                time.sleep(1)
                expected = ask(front.server, path, accept_encoding=coding)
                status, headers, body, is_alone = front.get(path, Accept_Encoding=coding)
            assert is_alone, (path, coding)
            assert (status, body) == (200, expected.body)
            assert said(headers) == said(expected.headers), (path, coding)
            status, headers, body, is_alone = front.get(
                path, Accept_Encoding=coding, If_None_Match=expected.headers["ETag"]
            )
            assert (status, body, is_alone) == (304, b"", True)
            again = ask(
                front.server, path, accept_encoding=coding, if_none_match=expected.headers["ETag"]
            )
            assert said(again.headers).items() <= said(headers).items()
            stored += 1
    assert stored > 80
    assert sea.get_absolute_url() in addresses.public_paths()


def test_best_coding_is_sent(front):
    make_public("Sea", slug="sea")
    for coding in ("identity", "gzip", "br", "zstd"):
        ask(front.server, "/articles/sea/", accept_encoding=coding)

    for accepted, coding in (
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("deflate, gzip", "gzip"),
        ("deflate", None),
    ):
        _status, headers, _body, is_alone = front.get("/articles/sea/", Accept_Encoding=accepted)
        assert (headers.get("Content-Encoding"), is_alone) == (coding, True)
    # Weights are for the publication to weigh.
    assert not front.get("/articles/sea/", Accept_Encoding="zstd;q=0, gzip")[3]


def test_everything_else_is_asked_for_as_it_was(front):
    make_public("Sea", slug="sea")
    ask(front.server, "/articles/sea/")
    ask(front.server, "/tags")
    # What a path must not be read as.
    version = front.server.store.shown()
    assert front.server.store.write(version, b"identity/articles/=page=2", b"Page two")
    requests = [
        ("GET", "/articles/river/", "testserver"),
        ("GET", "/tags", "testserver"),
        ("GET", "/articles/sea/?utm_source=x", "testserver"),
        ("GET", "/articles/sea/?page=2", "testserver"),
        ("GET", "/search/?q=%D0%BC%D0%BE%D1%80%D0%B5&page=2", "testserver"),
        ("GET", "//articles/sea/", "testserver"),
        ("GET", "/articles//sea/", "testserver"),
        ("GET", "/articles/x/%2e%2e/sea/", "testserver"),
        ("GET", "/articles/sea%2f", "testserver"),
        ("GET", "/articles/sea/=", "testserver"),
        ("GET", "/articles/%3Dpage?2", "testserver"),
        ("GET", "/articles/sea/?.gzip", "testserver"),
        ("GET", "/articles/sea/?/../../gzip/articles/sea/=", "testserver"),
        ("GET", "/gzip/articles/sea/=", "testserver"),
        ("GET", "/articles/sea/?=/../../../../nginx/nginx.conf", "testserver"),
        ("POST", "/articles/sea/", "testserver"),
        ("PUT", "/articles/sea/", "testserver"),
        ("DELETE", "/articles/sea/", "testserver"),
        ("GET", "/articles/sea/", "evil.example"),
        ("POST", "/admin/login/", "testserver"),
        ("GET", "/admin/articles/article/?page=2", "testserver"),
        ("GET", "/healthz", "testserver"),
        ("GET", "/media/pictures/ab/nothing.webp", "testserver"),
        ("GET", "/live/identity/articles/sea/=", "testserver"),
        ("GET", "/versions/", "testserver"),
        ("GET", "/lock", "testserver"),
    ]

    for method, path, host in requests:
        front.get(path, method=method, host=host)

    assert front.upstream.asked == requests
    assert front.get("/articles/sea/", host="www.example.org:8080")[3]


def test_nothing_is_sent_while_a_version_is_being_raised_and_nothing_old_after(front):
    article = make_public("Sea", slug="sea")
    ask(front.server, "/articles/sea/")
    assert front.get("/articles/sea/")[3]

    hold = content_version.page_store().take_down()
    assert not front.get("/articles/sea/")[3]
    hold.release()
    change_draft(article, title="Later words")
    publishing.publish(article, by=None)

    assert not front.get("/articles/sea/")[3]
    # Not in the second in which the page had other words: their validators would be the same.
    wait_for(lambda: ask(front.server, "/articles/sea/") and front.get("/articles/sea/")[3], "it")
    assert b"Later words" in front.get("/articles/sea/")[2]


def test_pictures_and_static_files_are_sent_with_the_publications_headers(front, settings):
    picture = make_image()
    client = Client()
    (settings.STATIC_ROOT / "css").mkdir(parents=True)
    for name in ("site.0123456789ab.css", "site.css"):
        (settings.STATIC_ROOT / "css" / name).write_text("p { margin: 0 }")

    status, headers, body, is_alone = front.get(picture.url)
    expected = client.get(picture.url)
    assert (status, is_alone, body) == (200, True, b"".join(expected))
    named = {*said(expected.headers)} - {"vary", "content-disposition"}
    assert {name: said(headers)[name] for name in named} == {
        name: said(expected.headers)[name] for name in named
    }
    for name, cache in (
        ("site.0123456789ab.css", "max-age=315360000, public, immutable"),
        ("site.css", "max-age=60, public"),
    ):
        status, headers, _body, is_alone = front.get(f"/static/css/{name}")
        assert (status, is_alone) == (200, True)
        assert headers["Cache-Control"] == cache
        assert headers["Content-Type"] == "text/css; charset=utf-8"
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert not front.get("/static/../nginx/nginx.conf")[3]
    assert front.get("/static/nothing.css")[0] == 404


def test_nginx_takes_the_largest_picture_and_not_much_more(front):
    path = "/admin/articles/image/add/"

    taken = front.get(path, method="POST", body=b"x" * images.MAX_BYTES)
    refused = front.get(path, method="POST", Content_Length=str(2 * images.MAX_BYTES))

    assert (taken[0], taken[3]) == (200, False)
    assert (refused[0], refused[3]) == (413, True)


@pytest.mark.parametrize(
    "upstream",
    ["", "https://127.0.0.1", "http://", "http://:80", "http://127.0.0.1/path", "http://localhost",
     "http://web:8000"],
)  # fmt: skip
def test_upstream_that_is_no_address_is_refused(upstream):
    with pytest.raises(CommandError, match=r"--upstream must be an address such as"):
        call_command("nginx_config", upstream=upstream)


CACHE = """
location / {{
    proxy_pass http://127.0.0.1:{port};
    proxy_set_header Host 127.0.0.1:{port};
    proxy_cache pages;
    proxy_cache_revalidate on;
    proxy_cache_background_update on;
    proxy_cache_use_stale updating;
    # nginx sends the end of an answer before it has it in its cache: who asks at once must wait.
    proxy_cache_lock on;
    add_header X-Cache $upstream_cache_status always;
}}
"""


def test_cache_on_the_way_keeps_pages_for_a_moment_and_drafts_never(
    transactional_db, tmp_path, admin_client, settings
):
    settings.PAGE_STORE = tmp_path / "pages"
    article = make_public("Sea", slug="sea")
    draft = make_article("Hidden")
    link = publishing.share(draft, by=None)
    port = free_port()
    service = Service(
        tmp_path,
        port=port,
        PAGE_CACHE_CONTROL="public, max-age=0, s-maxage=2, stale-while-revalidate=1",
    )
    cookie = admin_client.cookies.output(header="", sep=";").strip()
    zone = f"proxy_cache_path {tmp_path}/cache keys_zone=pages:1m;"
    try:
        service.wait_until_it_answers()
        with nginx.running(
            tmp_path / "nginx", server=CACHE.format(port=port), http=zone
        ) as public_port:

            def get(path, **headers):
                peer = http.client.HTTPConnection("127.0.0.1", public_port, timeout=PATIENCE)
                try:
                    peer.request("GET", path, headers=headers)
                    answer = peer.getresponse()
                    return answer.status, answer.headers["X-Cache"], answer.read().decode()
                finally:
                    peer.close()

            assert get("/articles/sea/")[:2] == (200, "MISS")
            assert get("/articles/sea/", Cookie=cookie)[:2] == (200, "HIT")
            for path in (
                "/admin/",
                f"/admin/articles/article/{draft.pk}/change/",
                path_of(link),
                "/healthz",
            ):
                for _again in range(2):
                    status, cached, _body = get(path, Cookie=cookie)
                    assert (status, cached) == (200, "MISS"), path

            change_draft(article, title="Later words")
            publishing.publish(article, by=None)

            wait_for(lambda: "Later words" in get("/articles/sea/")[2], "the cache to turn over")
            time.sleep(0.1)
            assert "Later words" in get("/articles/sea/")[2]
    finally:
        service.clean_up()
