from datetime import UTC, datetime
from pathlib import Path

import pytest

from articles.importing.documents import ImportedArticle, ImportedAuthor, ImportedTag, Problem
from articles.importing.readers import read
from articles.importing.readers.wordpress_content import convert, plain_text

DATA = Path(__file__).parents[2] / "data" / "import"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def articles_of(name):
    items = read(DATA / name, now=NOW)
    return {i.source_id: i for i in items if isinstance(i, ImportedArticle)}


def html(content):
    return convert(content, lambda address: address).html


def test_export_people_and_tags():
    items = list(read(DATA / "export.xml", now=NOW))

    assert items[1:4] == [
        ImportedAuthor(name="Mina Farsi", slug="mina-farsi"),
        ImportedAuthor(name="guest", slug="guest"),
        ImportedTag(name="Ports", slug="ports", description="Where ships rest."),
    ]


def test_export_published_post():
    assert articles_of("export.xml")["11"] == ImportedArticle(
        source="https://rivers.example",
        source_id="11",
        where="item 11 (line 13) “Locks & Gates”",
        title="Locks & Gates",
        body=(DATA / "locks.html").read_text(encoding="utf-8"),
        slug="locks",
        standfirst="A short text.",
        published_at=datetime(2024, 5, 1, 10, tzinfo=UTC),
        updated_at=datetime(2024, 5, 2, 10, tzinfo=UTC),
        authors=("Mina Farsi",),
        tags=("Ports",),
        old_paths=("/2024/05/locks/",),
    )


def test_export_states():
    articles = articles_of("export.xml").values()

    assert [(a.source_id, a.kind, a.status, a.published_at, a.old_paths) for a in articles] == [
        ("11", "article", "published", datetime(2024, 5, 1, 10, tzinfo=UTC), ("/2024/05/locks/",)),
        ("12", "page", "published", datetime(2024, 5, 1, 10, tzinfo=UTC), ("/about/",)),
        ("13", "article", "published", datetime(2030, 1, 1, 10, tzinfo=UTC), ()),
        ("14", "article", "draft", datetime(2024, 6, 1, 10, tzinfo=UTC), ()),
        ("15", "article", "draft", datetime(2024, 5, 1, 10, tzinfo=UTC), ()),
    ]


def test_export_problems():
    problems = [i for i in read(DATA / "export.xml", now=NOW) if isinstance(i, Problem)]

    assert [(p.why, p.fatal) for p in problems] == [
        ("Not taken over: 1 × comment, 1 × nav_menu_item, 1 × post (trash).", False),
        ("Left out: 1 picture and 1 gallery.", False),
        ("It is private, so it is imported as a draft.", False),
        ("It has no title; it is a draft called “Words without a headline.”.", False),
        ("Another item has the same id.", True),
        ("It is protected by a password, so it is imported as a draft.", False),
    ]


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("damaged-export.xml", ["First", "Third"]),
        ("unclosed-item.xml", ["Second", "Third", "First"]),
    ],
)
def test_damaged_export_keeps_sound_items(name, titles):
    assert [a.title for a in articles_of(name).values()] == titles


def test_export_with_entities_of_its_own(tmp_path):
    path = tmp_path / "trap.xml"
    path.write_text('<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]><rss>&a;</rss>')

    (problem,) = read(path, now=NOW)

    assert problem.fatal


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("one\r\ntwo\r\n\r\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>\n"),
        ("<em>a\n\nb</em> c", "<p><em>a</em></p>\n<p><em>b</em> c</p>\n"),
        (
            "a\n<ul>\n<li>b\n</li>\n<li></li>\n</ul>\nc",
            "<p>a</p>\n<ul><li>b</li>\n</ul>\n<p>c</p>\n",
        ),
        ("a<br />\nb", "<p>a<br>\nb</p>\n"),
        ("a<!--more-->b", "<p>a</p>\n<p>b</p>\n"),
        ("a <!-- b", "<p>a &lt;!-- b</p>\n"),
        ("[sic] [emphasis added] [[gallery]]", "<p>[sic] [emphasis added] [gallery]</p>\n"),
        ('[box a="1"]in[/box] [x_y] [hr /]out', "<p>in  out</p>\n"),
        ("<pre>[gallery]\n\nb</pre>", "<pre>[gallery]\n\nb</pre>\n"),
        ("<code>a\nb</code>", "<pre><code>a\nb</code></pre>\n"),
        ("[caption caption='Old']<img src='x'>[/caption]", "<p>Old</p>\n"),
        ("<a href='https://e.org/x.jpg'><img src='x'></a>", ""),
        ("<a href='/x'><h2>T\nU</h2></a>", '<h2><a href="/x">T U</a></h2>\n'),
        ("<h1 id='top'>T</h1><h6>U</h6>", '<h2 id="top">T</h2>\n<h4>U</h4>\n'),
        ("<script>x</script><form>y<input></form><p onclick='z'>t</p>", "<p>t</p>\n"),
        (
            "a<iframe src='//e.org/v'/>b",
            '<p>a</p>\n<p><a href="https://e.org/v">https://e.org/v</a></p>\n<p>b</p>\n',
        ),
        (
            "<video><source src='https://e.org/1'><source src='https://e.org/2'></video>",
            '<p><a href="https://e.org/1">https://e.org/1</a></p>\n',
        ),
        ("<a href='javascript:x'>a</a>", "<p>a</p>\n"),
        (
            "<table><caption>C</caption><tr><td>a</td><td></td></tr></table>",
            "<p>C</p>\n<table><tbody><tr><td>a</td>\n<td></td>\n</tr>\n</tbody>\n</table>\n",
        ),
        (
            "<b>a</b> <i>b</i> <q>c</q> <u>d</u>",
            "<p><strong>a</strong> <em>b</em> “c” <u>d</u></p>\n",
        ),
        ("<ul>a<li>b</ul><li>c", "<ul><li>a</li>\n<li>b</li>\n</ul>\n<p>c</p>\n"),
        ("<div>" * 50000 + "a\n\nb", "<p>a</p>\n<p>b</p>\n"),
        ("<b>" * 1000 + "a", "<p><strong>a</strong></p>\n"),
        ("<!-- wp:paragraph -->\n<p>a\nb</p>\n<!-- /wp:paragraph -->", "<p>a\nb</p>\n"),
        ("&amp;lt; &nbsp;", "<p>&amp;lt;</p>\n"),
    ],
)
def test_content(content, body):
    assert html(content) == body


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Title <em>With</em> <b>Mark<sup>up</sup></b>", "Title With Markup"),
        ("a < b &amp; c", "a < b & c"),
        ("&lt;b&gt;", "<b>"),
        ("a\x07\n b", "a b"),
    ],
)
def test_plain_text(markup, text):
    assert plain_text(markup) == text
