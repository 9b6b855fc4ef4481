"""What goes with every answer, and what no request can do: headers, methods, hosts, log-in."""

from copy import deepcopy
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from django.test import Client

from articles import publishing
from tests import addresses, html
from tests.factories import (
    change_draft,
    make_article,
    make_author,
    make_image,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": (
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(),"
        " fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(),"
        " payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy(response):
    return set(response.headers["Content-Security-Policy"].split("; "))


def whole(response):
    """The response once a file has been sent to its end, which closes it."""
    if response.streaming:
        b"".join(response)
    return response


@pytest.fixture(scope="module")
def published(shared_db):
    article = make_public(
        "Written", slug="first", authors=[make_author("Somebody")], tags=["Subject"], at=AT
    )
    change_draft(article, slug="written")
    publishing.publish(article, by=None)
    make_public("About", kind="page", slug="on-us", at=AT)
    make_withdrawn("Withdrawn", slug="withdrawn")
    return article


@pytest.fixture
def publication(published):
    return deepcopy(published)


@pytest.fixture
def picture(publication):
    image = make_image()
    change_draft(publication, lead_image_id=image.pk)
    publishing.publish(publication, by=None)
    return image


def everything_public():
    """All addresses that readers may come upon: answers, redirects, gone and not found."""
    return [
        *addresses.public_paths(),
        "/search/?q=written",
        "/articles/first/",
        "/articles/withdrawn/",
        "/articles/nothing/",
        "/nothing/",
        "/articles",
        "/media/nothing.webp",
    ]


# Every answer.


def test_policy_is_the_same_strict_one_everywhere(client, picture):
    paths = [path for path in everything_public() if not path.startswith("/media/p")]
    paths += ["/admin/login/", "/admin/"]

    policies = {path: policy(client.get(path)) for path in paths}

    assert {path: found for path, found in policies.items() if found != POLICY} == {}
    assert len(policies) == 45


def test_what_django_says_of_an_error_while_one_develops_keeps_its_style(client, settings):
    settings.DEBUG = True

    assert "Content-Security-Policy" not in client.get("/nothing/").headers
    assert policy(client.get("/robots.txt")) == POLICY


def test_policy_of_the_newsroom_is_the_same_strict_one(client, editor):
    article = make_article("Draft")
    client.force_login(editor)

    policies = [policy(client.get(f"/admin/{path}")) for path in (
        "", "articles/article/", "articles/article/add/", f"articles/article/{article.pk}/change/",
        "articles/tag/", "authors/author/add/", "articles/image/add/",
        "articles/sitesettings/1/change/", "auth/user/", "password_change/", "nothing/",
    )]  # fmt: skip

    assert [found ^ POLICY for found in policies] == [set()] * 11


def test_every_answer_carries_the_other_headers(client, picture):
    paths = [*everything_public(), "/admin/login/", "/admin/"]

    found = {
        path: {name: response.headers.get(name) for name in HEADERS}
        for path in paths
        for response in [whole(client.get(path))]
    }

    assert {path: headers for path, headers in found.items() if headers != HEADERS} == {}
    assert len(found) == 46


def test_refused_and_broken_requests_carry_the_headers_too(client, publication):
    responses = [
        client.post("/articles/written/"),
        client.get("/", headers={"host": "evil.example"}),
        client.get("/articles/?page=x"),
    ]

    assert [response.status_code for response in responses] == [405, 400, 404]
    assert [policy(response) for response in responses] == [POLICY] * 3
    assert [{name: response.headers.get(name) for name in HEADERS} for response in responses] == [
        HEADERS
    ] * 3


def test_no_answer_names_what_runs_here(client, picture):
    for path in everything_public():
        response = whole(client.get(path))

        assert {"Server", "X-Powered-By", "X-Runtime", "Via"} & set(response.headers) == set()


@pytest.mark.parametrize("cookie", ["", "0123456789abcdef0123456789abcdef", "nobody", "x" * 5000])
def test_public_answers_know_no_cookie(client, publication, cookie):
    found = {}
    for path in everything_public():
        client.cookies.clear()
        if cookie:
            client.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
        response = whole(client.get(path))
        vary = response.headers.get("Vary", "").lower()
        found[path] = (len(response.cookies), "cookie" in vary)

    assert {path: state for path, state in found.items() if state != (0, False)} == {}
    assert len(found) == 43


def test_public_answer_to_a_signed_in_editor_knows_no_cookie(client, editor, picture):
    client.force_login(editor)

    found = []
    for path in everything_public():
        response = whole(client.get(path))
        found.append((len(response.cookies), response.headers.get("Vary")))

    assert set(found) <= {(0, None), (0, "Accept-Encoding")}


def test_public_page_holds_no_token_of_a_form(client, publication):
    pages = [client.get(path).content.decode() for path in ("/", "/articles/written/", "/search/")]

    assert [page.count("csrf") for page in pages] == [0, 0, 0]


# Methods and hosts.


# With the check of forms as in production: it must not answer before the address does.
@pytest.mark.parametrize("checks", [False, True])
def test_other_methods_are_refused_at_every_address(publication, checks):
    client = Client(enforce_csrf_checks=checks)
    paths = [*addresses.public_paths(), "/media/pictures/ab/any.webp"]

    found = {
        (method, path): (response.status_code, response.headers.get("Allow"), len(response.cookies))
        for method in ("post", "put", "patch", "delete", "options", "trace")
        for path in paths
        for response in [getattr(client, method)(path)]
    }

    assert {what: state for what, state in found.items() if state != (405, "GET, HEAD", 0)} == {}
    assert len(found) == 222


def test_unknown_address_is_not_found_by_any_method(client):
    statuses = [
        getattr(client, method)("/articles/nothing/").status_code
        for method in ("get", "head", "post", "put", "delete")
    ]

    assert statuses == [404, 404, 405, 405, 405]


def test_head_answers_as_get_without_a_body(client, picture):
    for path in everything_public():
        got, headed = whole(client.get(path)), client.head(path)
        body = b"".join(headed) if headed.streaming else headed.content

        assert (headed.status_code, body) == (got.status_code, b"")
        assert headed.headers.get("Location") == got.headers.get("Location")
        assert headed.headers.get("Content-Type") == got.headers.get("Content-Type")


@pytest.mark.parametrize("path", ["/", "/articles/first/", "/articles", "/admin/login/", "/feed/"])
def test_foreign_host_is_refused(client, publication, path):
    hosts = [
        "evil.example", "testserver.evil.example", "testserver@evil.example", "testserver:80/evil",
        "127.0.0.1.evil.example", "", "evil.example:80", "testserver\x00", "[::1", "a" * 300,
    ]  # fmt: skip

    responses = [client.get(path, headers={"host": host}) for host in hosts]

    assert [response.status_code for response in responses] == [400] * 10
    assert [response.headers.get("Location") for response in responses] == [None] * 10
    assert [html.all_words(response, "//h1") for response in responses] == [
        ["This request can’t be understood"]
    ] * 10


def test_forwarded_host_counts_for_nothing(client, publication):
    response = client.get("/articles", headers={"X-Forwarded-Host": "evil.example",
                                                "X-Forwarded-Port": "1"})  # fmt: skip

    assert (response.status_code, response.headers["Location"]) == (301, "/articles/")


def test_log_in_leads_nowhere_else(editor):
    targets = [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\thttps://evil.example",
        "",
    ]

    answers = [
        Client().post(
            "/admin/login/",
            {"username": "editor", "password": "correct horse", "next": target},
        )
        for target in targets
    ]

    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, "/admin/")
    ] * 6


# Pictures.


def test_picture_is_served_closed_off_and_for_ever(client, picture):
    response = client.get(picture.url)

    body = b"".join(response)
    assert response.status_code == 200
    assert {
        name: response.headers[name]
        for name in ("Content-Type", "Cache-Control", "Content-Security-Policy",
                     "X-Content-Type-Options")
    } == {
        "Content-Type": "image/webp",
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    assert (body[:4], body[8:12], len(body)) == (b"RIFF", b"WEBP", int(response["Content-Length"]))


def test_every_rendition_of_a_picture_is_served(client):
    image = make_image(width=1700, height=900)
    urls = [part.split()[0] for part in image.srcset.split(", ")]
    urls += [image.src, image.card_src, image.square_src]

    statuses = [whole(client.get(url)).status_code for url in urls]

    assert statuses == [200] * 7


@pytest.mark.parametrize(
    "name",
    [
        "secret.txt", "pictures/ab/secret.webp", "pictures/secret.webp", "../settings.py",
        "..%2f..%2fmanage.py", "%2e%2e/manage.py", "pictures/../secret.txt", "/etc/passwd",
        "pictures//etc/passwd", "pictures/ab/", "pictures", "", ".", "..", "pictures/ab/\x00.webp",
        "....//....//etc/passwd", "..\\..\\manage.py", "C:/windows/win.ini", "file:///etc/passwd",
        "%252e%252e/manage.py", "pictures/ab/abcdefghijklmnop-0123456789ab.webp",
        "pictures/ab/abcdefghijklmnop-0123456789ab.webp\n",
        "pictures/ab/abcdefghijklmnop-0123456789ab.svg", "a" * 5000,
    ],
)  # fmt: skip
def test_media_serves_nothing_but_pictures(client, settings, name):
    folder = settings.MEDIA_ROOT / "pictures" / "ab"
    folder.mkdir(parents=True)
    (settings.MEDIA_ROOT / "secret.txt").write_text("zqsecret")
    (folder / "secret.webp").write_text("zqsecret")
    (folder / "abcdefghijklmnop-0123456789ab.svg").write_text("zqsecret")

    statuses = [client.get(f"/media/{name}").status_code,
                client.get("/", PATH_INFO=f"/media/{name}").status_code]  # fmt: skip

    assert statuses == [404, 404]


# The newsroom.


def test_admin_is_stored_nowhere_and_indexed_nowhere(client, editor):
    login = client.get("/admin/login/")
    client.force_login(editor)

    pages = [login, *(client.get(f"/admin/{path}") for path in (
        "", "articles/article/", "articles/article/add/", "articles/sitesettings/1/change/",
    ))]  # fmt: skip

    assert [sorted(page.headers["Cache-Control"].split(", ")) for page in pages] == [
        ["max-age=0", "must-revalidate", "no-cache", "no-store", "private"]
    ] * 5
    assert [
        html.parse(page).xpath("//meta[@name='robots']/@content")[:1]
        for page in pages
        if page.status_code == 200
    ] == [["noindex"]] * 4


def test_cookies_of_the_newsroom_are_closed_off(client, editor):
    client.get("/admin/login/")
    response = client.post("/admin/login/", {"username": "editor", "password": "correct horse"})

    cookies = {
        name: (bool(cookie["httponly"]), cookie["samesite"])
        for name, cookie in response.cookies.items()
    }
    assert cookies == {"csrftoken": (True, "Lax"), "sessionid": (True, "Lax")}


def log_in(client, name, password="wrong", **headers):
    return client.post("/admin/login/", {"username": name, "password": password}, headers=headers)


def test_name_is_locked_after_six_wrong_passwords(client, editor):
    statuses = [log_in(client, "editor").status_code for _ in range(6)]

    right = log_in(client, "editor", "correct horse")

    assert statuses == [200, 200, 200, 200, 200, 429]
    assert right.status_code == 429
    assert html.all_words(right, "//h1") == ["Log-in is paused for this name"]
    assert client.get("/admin/").status_code == 302


def test_locked_name_is_told_when_to_come_back(client, editor):
    for _ in range(6):
        response = log_in(client, "editor")

    assert response.status_code == 429
    assert response.headers.get("Retry-After") == "900"


def test_lock_does_not_go_by_address_or_browser(client, editor):
    for number in range(6):
        log_in(
            Client(REMOTE_ADDR=f"203.0.113.{number}"), "editor",
            **{"X-Forwarded-For": f"198.51.100.{number}", "User-Agent": f"Browser {number}"},
        )  # fmt: skip

    forged = [
        log_in(Client(), "editor", "correct horse", **{name: "192.0.2.1"}).status_code
        for name in ("X-Forwarded-For", "X-Real-Ip", "Client-Ip", "Forwarded", "X-Client-Ip")
    ]

    assert forged == [429] * 5


def test_lock_is_on_one_name_alone(client, editor, django_user_model):
    django_user_model.objects.create_superuser("other", password="correct horse")
    for _ in range(6):
        log_in(client, "editor")

    assert log_in(client, "other", "correct horse").status_code == 302


@pytest.mark.parametrize("written", [" editor", "editor ", "ｅditor"])
def test_other_spelling_of_a_name_lifts_no_lock(client, editor, written):
    for _ in range(6):
        log_in(client, written)

    assert log_in(client, "editor", "correct horse").status_code == 429


def test_name_without_account_is_locked_alike(client):
    statuses = [log_in(client, "nobody").status_code for _ in range(6)]

    assert statuses == [200, 200, 200, 200, 200, 429]


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("edi\x00tor", {}),
        ("e" * 150, {}),
        ("e" * 256, {}),
        ("e" * 5000, {}),
        ("editor", {"User-Agent": "x" * 5000}),
        ("editor", {"Accept": "x" * 5000}),
        ("editor", {"X-Forwarded-For": "no address, at all"}),
        ("editor", {"X-Forwarded-For": "\x00" * 300}),
    ],
)
def test_hostile_log_in_is_only_a_wrong_one(client, editor, name, headers):
    statuses = [log_in(client, name, **headers).status_code for _ in range(2)]

    assert statuses == [200, 200]


@pytest.mark.parametrize("path", ["/admin/login/?" + "x" * 5000, "/admin/login/?next=" + "é" * 300])
def test_log_in_at_a_long_address_is_only_a_wrong_one(client, editor, path):
    response = client.post(path, {"username": "editor", "password": "wrong"})

    assert response.status_code == 200


# Hostile requests.

VALUES = [
    "\x00", "a\x00b", "%00", "%", "%zz", "%ff", "%C0%AE%C0%AE", "%ED%A0%80", "%F4%90%80%80",
    "..", "....//", "%2e%2e%2f", "//evil.example", "\\\\evil.example", "' OR 1=1 --",
    "<script>alert(1)</script>", "{%", "\r\nX-Evil: 1", "\u202e", "\uffff", "\U0001f4a9", "İ", "ﬀ",
    "ж" * 300, "a" * 9000, "-1", "1e309", "9" * 400, "a[]=1", "*", '-"', "NEAR(", "a:b", "\x1b[0m",
    " ", "#", "&",
]  # fmt: skip
PLACES = [
    "/{}", "/articles/{}/", "/articles/{}", "/articles/2026/{}/", "/tags/{}/feed/", "/authors/{}/",
    "/media/{}", "/sitemap-{}.xml", "/admin/{}", "/static/{}",
]  # fmt: skip
QUERIES = [
    "/search/?q={}", "/search/?q=water&page={}", "/search/suggest/?q={}",
    "/search/?q=water&tag={}&author={}&year={}&sort={}&exact={}",
    "/tags/subject/?page={}", "/articles/written/?{}",
    "/?{}={}", "/articles/first/?{}", "/admin/login/?next={}",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_hostile_path_is_never_an_error(client, publication, place):
    client.raise_request_exception = False

    statuses, reflected = {}, []
    for value in VALUES:
        # As servers hand it over: decoded once, its bytes as letters of Latin-1.
        response = client.get("/", PATH_INFO=place.format(value).encode().decode("latin-1"))
        statuses[value] = whole(response).status_code
        if not response.streaming and b"<script>alert" in response.content:
            reflected.append(value)
        if response.headers.get("Location", "/").startswith(("//", "http", "\\")):
            reflected.append(value)

    assert {value: status for value, status in statuses.items() if status >= 500} == {}
    assert reflected == []
    assert len(statuses) == 37


@pytest.mark.parametrize("place", QUERIES)
def test_hostile_parameter_is_never_an_error(client, publication, place):
    client.raise_request_exception = False

    statuses, reflected = {}, []
    for value in VALUES:
        path, _mark, query = place.replace("{}", value).partition("?")
        response = client.get(path, QUERY_STRING=query.encode().decode("latin-1"))
        statuses[value] = whole(response).status_code
        if b"<script>alert" in response.content:
            reflected.append(value)
        if response.headers.get("Location", "").startswith(("//", "http", "\\")):
            reflected.append(value)

    assert {value: status for value, status in statuses.items() if status >= 500} == {}
    assert reflected == []
    assert len(statuses) == 37


HOSTILE_HEADERS = [
    {"Cookie": "sessionid=\x00; csrftoken=\x00"},
    {"Cookie": "=;=;;sessionid"},
    {"Cookie": "sessionid=" + "a" * 9000},
    {"Cookie": "messages=broken"},
    {"If-None-Match": '"' * 300},
    {"If-Modified-Since": "yesterday"},
    {"If-Modified-Since": "Thu, 99 Foo 99999 99:99:99 GMT"},
    {"Accept-Encoding": "gzip;q=x, br;q=-1, *;q=9"},
    {"Accept-Language": "xx-" * 500},
    {"Accept": "\x00"},
    {"Range": "bytes=9999-1"},
    {"Content-Length": "-1"},
    {"Content-Length": "abc"},
    {"Content-Type": "multipart/form-data; boundary=" + "x" * 500},
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-Original-Url": "/admin/"},
    {"Referer": "\x00"},
]


@pytest.mark.parametrize("path", ["/", "/articles/written/", "/feed/", "/search/?q=a"])
def test_hostile_header_changes_nothing(client, publication, path):
    client.raise_request_exception = False

    statuses = [client.get(path, headers=headers).status_code for headers in HOSTILE_HEADERS]

    assert statuses == [200] * 17
