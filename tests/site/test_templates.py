"""Markup: whole pages as readers and editors get them, and a sweep through every template."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from articles.content_version import raise_version
from articles.models import MenuItem, Pick, SiteSettings, Tag
from tests import addresses, html
from tests.factories import cite, make_article, make_author, make_image, make_public, make_withdrawn

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
FOLDER = settings.BASE_DIR / "templates"
TEMPLATES = sorted(path for path in FOLDER.rglob("*") if path.suffix in {".html", ".xml"})
# What a strict policy forbids, and what would ask another host for something.
FORBIDDEN = {
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "another host": re.compile(r"(?:src|action|srcset)=[\"'](?:https?:)?//", re.IGNORECASE),
    "unescaped output": re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off"),
    "a picture without alt": re.compile(r"<img\b(?![^>]*\balt=)", re.IGNORECASE),
}


def publication():
    """Everything that a page can show, hostile where it can be."""
    hostile = "<b>\"'&</b> ]]> --> {{ x }}"
    SiteSettings.objects.create(
        pk=1, name=f"The {hostile}", tagline=hostile, description=hostile, footer=hostile,
        corrections_email="errors@example.org", logo=make_image(hostile),
    )  # fmt: skip
    author = make_author(
        hostile, slug="somebody", role=hostile, short_bio=hostile, long_bio=hostile,
        links=[{"label": hostile, "url": "https://example.org/?a=1&b='\""}],
    )  # fmt: skip
    second = make_author("Second", photo=make_image("Portrait"))
    target = make_public("Target", language="fa", at=AT)
    image = make_image("A sea", caption=hostile, credit=hostile)
    body = (
        f"<p>A {cite(target, 'reference')}.</p><h2>One {{{{ x }}}}</h2><p>x</p><h3>Two</h3>"
        f"<ul><li>a</li></ul><h4>Three</h4><table><tr><td>1</td></tr></table>"
        f'<figure><img data-image="{image.uid}" alt=""><figcaption>y</figcaption></figure>'
        "<h2>One {{ x }}</h2><blockquote><p>z</p></blockquote><pre><code>&lt;a&gt;</code></pre>"
    )
    rows = [
        make_public(
            f"{hostile} {number}", slug=f"number-{number}", standfirst=hostile, body=body,
            authors=[author, second], tags=[f"{hostile} t", "Second"], lead_image_id=image.pk,
            related=[{"article": target.uid}, {"url": "https://example.org/?a=1&b=2"}],
            at=AT + timedelta(days=number),
        )
        for number in range(21)
    ]  # fmt: skip
    page = make_public("About", kind="page", slug="on-us", body=body, lead_image_id=image.pk, at=AT)
    make_withdrawn("Gone", slug="gone")
    for place in (Pick.Place.HOME_LEAD, Pick.Place.HOME_ROW, Pick.Place.START_HERE):
        Pick.objects.create(place=place, article=rows[0])
        Pick.objects.create(place=place, article=rows[1])
    tag = Tag.objects.get(slug="second")
    Pick.objects.create(place=Pick.Place.TAG_TOP, tag=tag, article=rows[2])
    for place in MenuItem.Place.values:
        MenuItem.objects.create(place=place, label=hostile, article=page)
        MenuItem.objects.create(place=place, label="Out", address="https://example.org/?a&b='")
    raise_version()


MORE = [
    "/articles/?page=2",
    "/tags/second/?page=2",
    "/authors/somebody/?page=2",
    "/search/?q=reference",
    "/search/?q=reference&page=2",
    "/search/?q=%3Cb%3E%22%27",
    "/nothing/",
    "/articles/gone/",
]


@pytest.mark.django_db
def test_page_is_in_order_whatever_it_holds(client):
    publication()
    paths = [path for path in addresses.public_paths() if not path.startswith("/media/")] + MORE

    faults, seen = {}, []
    for path in paths:
        response = client.get(path)
        if response.headers["Content-Type"] == "text/html; charset=utf-8" and response.content:
            faults[path] = html.inspect(response)[0]
            seen.append(path)

    assert {path: found for path, found in faults.items() if found} == {}
    assert len(seen) == 99


@pytest.mark.django_db
def test_page_of_an_empty_publication_is_in_order(client):
    paths = ["/", "/articles/", "/tags/", "/authors/", "/search/", "/search/?q=x", "/nothing/"]

    faults = {path: html.inspect(client.get(path))[0] for path in paths}

    assert faults == {path: [] for path in paths}


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["<h3>Deep</h3><p>x</p>", "<h2>a</h2><h4>b</h4>"])
def test_headings_of_a_text_skip_no_level(client, body):
    make_public("Written", body=body)

    assert html.inspect(client.get("/articles/written/"))[0] == []


@pytest.mark.django_db
def test_picture_in_a_text_takes_its_own_words_or_those_of_the_picture(client):
    image = make_image("From the picture")
    make_public(
        "Written",
        body=f'<figure><img data-image="{image.uid}" alt=""></figure>'
        f'<figure><img data-image="{image.uid}" alt="Its &quot;own&quot; &lt;b&gt;"></figure>',
    )

    images = html.inspect(client.get("/articles/written/"))[2]

    assert [image["alt"] for image in images] == ["From the picture", 'Its "own" <b>']


@pytest.mark.django_db
def test_newsroom_has_one_heading_and_nothing_inline(client, editor):
    article = make_article("Draft")
    public = make_public("Written", tags=["Subject"])
    login = client.get("/admin/login/")
    client.force_login(editor)

    pages = {"login": login} | {
        path: client.get(f"/admin/{path}")
        for path in ("", "articles/article/", "articles/article/add/",
                     f"articles/article/{article.pk}/change/",
                     f"articles/article/{public.pk}/change/",
                     "articles/tag/", "authors/author/add/", "articles/image/")
    }  # fmt: skip

    faults = {
        path: [
            fault
            for fault in html.inspect(page)[0]
            if fault.startswith(("an inline", "style", "on")) or fault.endswith("h1")
        ]
        for path, page in pages.items()
    }
    assert {page.status_code for page in pages.values()} == {200}
    assert faults == {path: [] for path in pages}


def test_templates_hold_nothing_that_the_policy_forbids():
    faults = []
    for path in TEMPLATES:
        # A tag of a template may stand in the middle of an element.
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(encoding="utf-8"))
        faults += [(path.name, fault) for fault, found in FORBIDDEN.items() if found.search(text)]
        if FORBIDDEN["unescaped output"].search(path.read_text(encoding="utf-8")):
            faults.append((path.name, "unescaped output"))

    assert faults == []
    assert len(TEMPLATES) >= 84


def test_sweep_finds_what_it_looks_for():
    bad = {
        "an inline handler": '<a class="x" onclick="y()">',
        "an inline style": '<p style="color: red">',
        "an inline script": "<script>x()</script>",
        "a script address": '<a href="javascript:x()">',
        "another host": '<script src="//example.org/x.js">',
        "unescaped output": "{{ page.body|safe }}",
        "a picture without alt": '<img src="/x.png">',
    }

    assert [name for name in FORBIDDEN if FORBIDDEN[name].search(bad[name])] == list(FORBIDDEN)
