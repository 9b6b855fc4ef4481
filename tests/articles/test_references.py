"""Cross-references: rows that follow the texts, and what readers may follow of them."""

import pytest

from articles import publishing, references
from articles.models import Article, Reference, Section, Tag
from articles.publishing import Words
from articles.references import find_by_path, resolve, with_internal_links_as_tokens
from articles.rendering import RefToken
from authors.models import Author
from tests.factories import (
    change_draft,
    cite,
    make_article,
    make_author,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

UNKNOWN = "a" * 16


def rows(article, set_):
    """The references of one set, as (kind, position, what they name, what they lead to)."""
    found = Reference.objects.filter(source=article, set=set_).order_by("kind", "position")
    return [
        (
            row.kind,
            row.position,
            str(row),
            row.target_article or row.target_author or row.target_tag,
        )
        for row in found
    ]


def sections(article):
    return {
        row.anchor: (row.state, row.level, row.heading)
        for row in Section.objects.filter(article=article)
    }


def token(thing, section=""):
    return RefToken(thing._meta.model_name, thing.uid, section)


def publish_change(article, **changes):
    change_draft(article, **changes)
    return publishing.publish(article, by=None)


# Rows.


def test_rows_of_a_draft_follow_its_text():
    target, ada = make_public(), make_author("Ada")
    tag = publishing.tag_named("Oil")

    article = make_article(
        body=f"<p>See {cite(target, section='s-x')}, {cite(ada)}, {cite(tag)}, {cite(target)}.</p>",
        related=[{"article": target.uid}, {"url": "https://e.example/", "title": "E"}],
    )

    assert rows(article, "live") == []
    assert rows(article, "draft") == [
        ("inline", 0, f"article:{target.uid}#s-x", target),
        ("inline", 1, f"author:{ada.uid}", ada),
        ("inline", 2, f"tag:{tag.uid}", tag),
        ("inline", 3, f"article:{target.uid}", target),
        ("related", 0, f"article:{target.uid}", target),
    ]


def test_rows_know_their_words_and_sentence():
    target = make_public()

    make_article(body=f"<p>One. For more, see {cite(target, 'the <em>other</em>')} now. Two.</p>")

    row = Reference.objects.get()
    assert (row.words, row.sentence) == ("the other", "For more, see the other now.")


def test_rows_move_from_draft_to_live_with_the_text():
    one, two = make_public(), make_public()
    article = make_article(body=f"<p>{cite(one)}</p>")
    name_one = ("inline", 0, f"article:{one.uid}", one)
    name_two = ("inline", 0, f"article:{two.uid}", two)

    seen = []
    for step in (
        lambda: publishing.publish(article, by=None),
        lambda: change_draft(article, body=f"<p>{cite(two)}</p>"),
        lambda: publishing.publish(article, by=None),
        lambda: publishing.unpublish(article, by=None),
        lambda: publishing.publish(article, by=None),
    ):
        step()
        seen.append((rows(article, "live"), rows(article, "draft")))

    assert seen == [
        ([name_one], []),
        ([name_one], [name_two]),
        ([name_two], []),
        ([], [name_two]),
        ([name_two], []),
    ]


def test_rows_of_the_same_text_are_left_alone():
    article = make_article(body=f"<p>{cite(make_public())}</p>")
    before = set(Reference.objects.values_list("pk", flat=True))

    change_draft(article, title="Another")

    assert set(Reference.objects.values_list("pk", flat=True)) == before


def test_rows_of_a_dangling_reference_find_their_target_when_it_comes():
    citing = make_public(
        body=f'<p><a data-ref="article:{UNKNOWN}">words</a></p>', related=[{"article": UNKNOWN}]
    )
    before = rows(citing, "live")

    target = publishing.create(Words(title="T"), by=None, uid=UNKNOWN)

    assert before == [
        ("inline", 0, f"article:{UNKNOWN}", None),
        ("related", 0, f"article:{UNKNOWN}", None),
    ]
    assert rows(citing, "live") == [
        ("inline", 0, f"article:{UNKNOWN}", target),
        ("related", 0, f"article:{UNKNOWN}", target),
    ]


@pytest.mark.parametrize("model", [Author, Tag])
def test_rows_of_a_dangling_name_find_it_when_it_comes(model):
    kind = model._meta.model_name
    article = make_article(body=f'<p><a data-ref="{kind}:{UNKNOWN}">words</a></p>')

    thing = model(name="Ada", uid=UNKNOWN)
    (publishing.save_author if model is Author else publishing.save_tag)(thing)

    assert rows(article, "draft") == [("inline", 0, f"{kind}:{UNKNOWN}", thing)]


def test_dangling_reference_to_another_kind_stays_dangling():
    article = make_article(body=f'<p><a data-ref="tag:{UNKNOWN}">words</a></p>')

    publishing.create(Words(title="T"), by=None, uid=UNKNOWN)

    assert rows(article, "draft") == [("inline", 0, f"tag:{UNKNOWN}", None)]


@pytest.fixture
def citing_itself(client):
    """The page of an article that refers to itself and to sections of its own."""
    article = make_public(slug="one", body="<h2>A</h2><p>b</p>")
    change_draft(article, body="<h2>Gone</h2>")
    links = " ".join(cite(article, section=section) for section in ("s-a", "s-gone", ""))
    publish_change(article, body=f'<h2 id="s-a">A</h2><p>{links}</p>')
    return client.get("/articles/one/").content.decode()


def test_link_to_a_section_of_its_own_stays_on_the_page(citing_itself):
    words = "the other article"

    shown = citing_itself.partition('<h2 id="s-a">A</h2><p>')[2].partition("</p>")[0]

    assert shown == f'<a href="#s-a">{words}</a> {words} {words}'


def test_article_is_not_cited_by_itself(citing_itself):
    assert citing_itself.partition("Cited by")[1] == ""


# What readers may follow.


def test_reference_to_what_is_not_public_is_plain_words(client):
    draft, gone, ada = make_article("Draft"), make_withdrawn("Gone"), make_author("Ada")
    tag = publishing.tag_named("Oil")
    body = f"<p>{cite(draft, 'A')} {cite(gone, 'B')} {cite(ada, 'C')} {cite(tag, 'D')}</p>"

    make_public(slug="one", body=body, related=[{"article": draft.uid}, {"article": gone.uid}])

    shown = client.get("/articles/one/").content.decode()
    assert "<p>A B C D</p>" in shown
    assert ("Related" in shown, "Gone" in shown) == (False, False)


def test_reference_follows_its_target_through_everything(client):
    target = make_article("Target", slug="a", body="<h2>Part</h2><p>b</p>")
    make_public(slug="citing", body=f"<p>{cite(target, 'W', section='s-part')}</p>")
    seen = []

    for step in (
        lambda: None,
        lambda: publishing.publish(target, by=None),
        lambda: publish_change(target, slug="b"),
        lambda: change_draft(target, slug="c", body="<p>b</p>"),
        lambda: publishing.publish(target, by=None),
        lambda: publishing.unpublish(target, by=None),
        lambda: publishing.publish(target, by=None),
    ):
        step()
        shown = client.get("/articles/citing/").content.decode()
        seen.append(shown.partition('e-content">\n<p>')[2].partition("</p>")[0])

    assert seen == [
        "W",
        '<a href="/articles/a/#s-part">W</a>',
        '<a href="/articles/b/#s-part">W</a>',
        '<a href="/articles/b/#s-part">W</a>',
        '<a href="/articles/c/">W</a>',
        "W",
        '<a href="/articles/c/">W</a>',
    ]


@pytest.mark.parametrize("number", [1, 12])
def test_resolve_asks_four_times_however_many_references(number, django_assert_num_queries):
    tokens = set()
    for count in range(number):
        ada = make_author(f"Author {count}")
        article = make_public(body="<h2>A</h2>", authors=[ada], tags=[f"Tag {count}"])
        tag = Tag.objects.get(name=f"Tag {count}")
        tokens |= {token(article), token(article, "s-a"), token(ada), token(tag)}

    with django_assert_num_queries(4):
        resolved = resolve(tokens)

    assert (len(resolved.addresses), len(resolved.articles)) == (4 * number, number)


def test_resolve_nothing_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        resolved = resolve(set())

    assert (resolved.addresses, resolved.articles) == ({}, {})


def test_resolve_leaves_out_what_is_not_public():
    public = make_public(body="<h2>A</h2>")
    change_draft(public, body="<h2>B</h2>")
    others = [make_article(), make_withdrawn(), make_author("Ada"), publishing.tag_named("Oil")]

    resolved = resolve(
        {token(public, "s-a"), token(public, "s-b"), RefToken("article", UNKNOWN)}
        | {token(other) for other in others}
    )

    assert resolved.addresses == {
        token(public, "s-a"): public.get_absolute_url() + "#s-a",
        token(public, "s-b"): public.get_absolute_url(),
    }


def test_resolve_tells_sections_of_two_articles_apart():
    one, two = make_public(body="<h2>A</h2>"), make_public(body="<h2>B</h2>")

    resolved = resolve({token(one, "s-b"), token(two, "s-a"), token(two, "s-b")})

    assert resolved.addresses == {
        token(one, "s-b"): one.get_absolute_url(),
        token(two, "s-a"): two.get_absolute_url(),
        token(two, "s-b"): two.get_absolute_url() + "#s-b",
    }


def test_names_are_known_as_long_as_they_were_public_once():
    ada = make_author("Ada")
    article = make_public(authors=[ada], tags=["Oil"])
    tag = Tag.objects.get()

    publishing.unpublish(article, by=None)

    assert resolve({token(ada), token(tag)}).addresses == {
        token(ada): "/authors/ada/",
        token(tag): "/tags/oil/",
    }


# Links in a text.


@pytest.fixture(scope="module")
def places(shared_db):
    """Everything that an address of this site can lead to."""
    ada = make_author("Ada")
    article = make_public("Now", slug="now", authors=[ada], tags=["Oil"], body="<h2>Überblick</h2>")
    publishing.add_former_address(article, "/2020/05/before/")
    publish_change(article, slug="überall")
    return {
        "article": article,
        "page": make_public("Imprint", kind="page"),
        "gone": make_withdrawn("Gone"),
        "author": ada,
        "tag": Tag.objects.get(),
    }


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("/articles/überall/", "article"),
        ("/articles/%C3%BCberall/", "article"),
        ("/articles/überall", "article"),
        ("/articles/überall/?utm=1", "article"),
        ("http://testserver/articles/überall/", "article"),
        ("https://testserver/articles/überall/", "article"),
        ("//testserver/articles/überall/", "article"),
        ("HTTP://TestServer/articles/überall/", "article"),
        ("http://testserver:80/articles/überall/", "article"),
        ("/articles/now/", "article"),
        ("/2020/05/before", "article"),
        ("/articles/überall/#s-überblick", "article#s-überblick"),
        ("/articles/überall/#s-%C3%BCberblick", "article#s-überblick"),
        ("/articles/überall/#content", "article"),
        ("/articles/überall/#s-a.b", "article"),
        ("/pages/imprint/", "page"),
        ("/articles/gone/", "gone"),
        ("/authors/ada/", "author"),
        ("/authors/ada/#s-x", "author"),
        ("/tags/oil/", "tag"),
    ],
)
def test_link_to_this_site_becomes_a_reference(href, target, places):
    name, _hash, section = target.partition("#")

    body = with_internal_links_as_tokens(f'<p>a &amp; b <a href="{href}">words</a> c</p>')

    expected = token(places[name], section)
    assert body == f'<p>a &amp; b <a data-ref="{expected}">words</a> c</p>'


@pytest.mark.parametrize(
    "href",
    ["/", "/articles/", "/articles/unknown/", "/articles/2026/", "/search/?q=x", "/admin/",
     "/media/x", "now", "../now/", "?page=2", "#", "#top", "#s-x", "http://testserver",
     "http://testserver/nothing/", "/articles/%00/", "/articles/a%00b/", "/%ff/", "http://[",
     "/" + "a" * 5000],
)  # fmt: skip
def test_link_to_nothing_known_leaves_its_words(href, places):
    body = with_internal_links_as_tokens(f'<p>a <a href="{href}">words</a> b</p>')

    assert body == "<p>a words b</p>"


@pytest.mark.parametrize(
    "href",
    ["https://e.example/articles/now/", "http://testserver.example/", "mailto:a@e.example",
     "https://e.example/?u=http://testserver/", "//e.example/x"],
)  # fmt: skip
def test_link_to_another_site_stays(href, places):
    body = f'<p>a &lt; <a href="{href}">words</a> b</p>'

    assert with_internal_links_as_tokens(body) == body


def test_link_within_the_text_itself():
    body = '<p><a href="#s-part">words</a></p>'

    assert with_internal_links_as_tokens(body, own_uid=UNKNOWN) == (
        f'<p><a data-ref="article:{UNKNOWN}#s-part">words</a></p>'
    )


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_link_that_runs_script_is_not_stored(href):
    article = make_article(body=f'<p><a href="{href}">words</a></p>')

    assert article.latest_revision.body == "<p>words</p>"


@pytest.mark.parametrize("href", ["/articles/%00/", "http://testserver/tags/%00/", "#s-%00"])
def test_link_with_a_null_character_is_no_obstacle(href):
    article = make_article(body=f'<p><a href="{href}">words</a></p>')

    assert article.latest_revision.body == "<p>words</p>"


def test_links_of_a_saved_text_become_references():
    target = make_public("Target", slug="target")

    article = make_public(body='<p><a href="http://testserver/articles/target/">words</a></p>')

    assert article.body == f'<p><a data-ref="article:{target.uid}">words</a></p>'
    assert rows(article, "live") == [("inline", 0, f"article:{target.uid}", target)]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/articles/now/", "article"), ("/articles/now", "article"), ("/tags/oil/", "tag"),
     ("/authors/ada/", "author"), ("/2020/05/before/", "article"), ("/pages/imprint/", "page")],
)  # fmt: skip
def test_find_by_path(path, name, places):
    assert find_by_path(path) == places[name]


@pytest.mark.parametrize("path", ["/articles/now/feed/", "/articles/none/", "/tags/", "/x/", ""])
def test_find_by_path_of_nothing(path, places):
    assert find_by_path(path) is None


# Sections.


def test_sections_through_the_life_of_an_article():
    article = make_article(body="<h2>One</h2><h3>Two</h3>")
    seen = [sections(article)]

    publishing.publish(article, by=None)
    seen.append(sections(article))
    change_draft(article, body='<h2 id="s-one">First</h2><h4>Three</h4>')
    seen.append(sections(article))
    publishing.publish(article, by=None)
    seen.append(sections(article))
    publishing.unpublish(article, by=None)
    seen.append(sections(article))

    assert seen == [
        {"s-one": ("draft", 2, "One"), "s-two": ("draft", 3, "Two")},
        {"s-one": ("live", 2, "One"), "s-two": ("live", 3, "Two")},
        {
            "s-one": ("live", 2, "One"),
            "s-two": ("live", 3, "Two"),
            "s-three": ("draft", 3, "Three"),
        },
        {
            "s-one": ("live", 2, "First"),
            "s-two": ("retired", 3, "Two"),
            "s-three": ("live", 3, "Three"),
        },
        {
            "s-one": ("draft", 2, "First"),
            "s-two": ("retired", 3, "Two"),
            "s-three": ("draft", 3, "Three"),
        },
    ]


def test_section_id_of_a_deleted_heading_is_not_used_again():
    article = make_public(body="<h2>One</h2>")
    publish_change(article, body="<p>none</p>")

    publish_change(article, body="<h2>One</h2>")

    assert Article.objects.get(pk=article.pk).body == '<h2 id="s-one-2">One</h2>'
    assert {anchor: row[0] for anchor, row in sections(article).items()} == {
        "s-one": "retired",
        "s-one-2": "live",
    }


def test_section_ids_of_another_article_are_not_taken_over():
    other = make_public(body="<h2>One</h2>")

    article = make_public(body=other.body + '<h2 id="s-else">Two</h2>')

    assert article.body == '<h2 id="s-one">One</h2><h2 id="s-two">Two</h2>'


def test_section_of_a_draft_is_no_place_to_go(client):
    target = make_public(slug="target", body="<h2>One</h2>")
    change_draft(target, body='<h2 id="s-one">One</h2><h2>Two</h2>')

    make_public(slug="citing", body=f"<p>{cite(target, 'W', section='s-two')}</p>")

    shown = client.get("/articles/citing/").content.decode()
    assert '<a href="/articles/target/">W</a>' in shown


def test_follow_twice_changes_nothing():
    target = make_public()
    article = make_public(
        body=f"<h2>A</h2><p>{cite(target)}</p>", related=[{"article": target.uid}]
    )

    assert references.follow_texts(article) is False
