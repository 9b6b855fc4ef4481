"""Nothing that isn't public shows anywhere that readers can look."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from articles import publishing
from articles.content_version import raise_version
from articles.models import Article, Image, MenuItem, Pick, Tag
from articles.publishing import Words
from authors.models import Author
from tests import addresses, html
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

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
FIELDS = ("title", "standfirst", "body", "heading", "tag", "author", "alt", "caption", "slug")
HIDDEN = ("draft", "changed", "replanned", "scheduled", "withdrawn", "pagedraft", "pagegone")
SHARED_TAG, SHARED_AUTHOR = "Common Subject", "Common Author"


def canary(kind, field):
    """A word that stands nowhere else."""
    return f"zq{kind}{field}"


def hidden_image(**words):
    """A picture's row alone: nobody may come as far as its file."""
    image = Image(width=800, height=600, **words)
    image.file.name = f"pictures/{image.uid[:2]}/{image.uid}-0123456789ab.webp"
    image.save()
    return image


def hidden_words(kind, *, cited, author):
    """Everything an editor can write, each with its canary, on top of what is shared."""
    own_author = make_author(f"{canary(kind, 'author')} Person")
    image = hidden_image(alt=canary(kind, "alt"), caption=canary(kind, "caption"))
    return {
        "title": f"{canary(kind, 'title')} everywhere",
        "standfirst": f"{canary(kind, 'standfirst')} everywhere",
        "body": (
            f"<h2>{canary(kind, 'heading')}</h2>"
            f"<p>{canary(kind, 'body')} everywhere, see {cite(cited, 'the open text')}.</p>"
        ),
        "slug": canary(kind, "slug"),
        "tags": [f"{canary(kind, 'tag')} subject", SHARED_TAG],
        "authors": [own_author, author],
        "lead_image_id": image.pk,
        "related": [
            {"article": cited.uid},
            {"url": f"https://{canary(kind, 'host')}.example/", "title": canary(kind, "link")},
        ],
    }


def draft_words(words):
    return {"bylines": [author.uid for author in words["authors"]]} | {
        name: value for name, value in words.items() if name != "authors"
    }


@pytest.fixture(scope="module")
def newsroom(shared_db):
    """Two public articles and a public page, and beside them everything that can be hidden."""
    author = make_author(SHARED_AUTHOR)
    opened = make_public(
        "Open Water", body="<p>Open words everywhere.</p>", tags=[SHARED_TAG], authors=[author],
        lead_image_id=make_image("A quiet sea").pk, at=AT,
    )  # fmt: skip
    page = make_public("About Us", kind="page", at=AT, body="<p>About words.</p>")
    changed = make_public("Second Piece", body="<p>Steady everywhere.</p>", at=AT + timedelta(1))
    replanned = make_public("Third Piece", body="<p>Settled everywhere.</p>", at=AT + timedelta(2))

    hidden = {kind: hidden_words(kind, cited=opened, author=author) for kind in HIDDEN}
    rows = {
        "draft": make_article(**hidden["draft"]),
        "scheduled": make_scheduled(**hidden["scheduled"]),
        "withdrawn": make_withdrawn(at=AT + timedelta(3), **hidden["withdrawn"]),
        "pagedraft": make_article(kind="page", **hidden["pagedraft"]),
        "pagegone": make_withdrawn(kind="page", at=AT, **hidden["pagegone"]),
        "changed": changed,
        "replanned": replanned,
    }
    change_draft(changed, **draft_words(hidden["changed"]))
    change_draft(replanned, **draft_words(hidden["replanned"]))
    publishing.schedule(replanned, due_at=timezone.now() + timedelta(days=1), by=None)
    publishing.save_tag(Tag(name="zqunusedtag subject"))

    # A public text that cites and recommends all of it, and a home page that asks for it.
    targets = [rows[kind] for kind in ("draft", "scheduled", "withdrawn", "pagedraft", "pagegone")]
    targets.append(Author.objects.get(name__startswith="zqdraft"))
    targets.append(Tag.objects.get(name__startswith="zqunused"))
    change_draft(
        opened,
        body="<p>Open words everywhere.</p>"
        + "".join(f"<p>More in {cite(target, 'another place')}.</p>" for target in targets),
        related=[{"article": row.uid} for row in targets[:5]],
    )
    publishing.publish(opened, by=None, minor=True)
    for place in (Pick.Place.HOME_LEAD, Pick.Place.HOME_ROW, Pick.Place.START_HERE):
        for position, row in enumerate(targets[:5]):
            Pick.objects.create(place=place, article=row, position=position)
    shared = Tag.objects.get(name=SHARED_TAG)
    for row in targets[:5]:
        Pick.objects.create(place=Pick.Place.TAG_TOP, tag=shared, article=row)
    for place in MenuItem.Place.values:
        for row in targets[:5]:
            MenuItem.objects.create(place=place, label=f"zqmenu{row.pk}entry", article=row)
        MenuItem.objects.create(place=place, label="zqmenutagentry", tag=targets[6])
    raise_version()
    return {"opened": opened, "page": page, "targets": targets}


def canaries(newsroom):
    found = {canary(kind, field) for kind in HIDDEN for field in (*FIELDS, "host", "link")}
    found |= {"zqunusedtag", "zqmenu"}
    found |= {target.uid for target in newsroom["targets"]}
    for kind in HIDDEN:
        words = Article.objects.filter(latest_revision__slug=canary(kind, "slug")).get()
        found.add(words.latest_revision.lead_image.uid)
    # In small letters, since everything is looked through in small letters.
    return {word.lower() for word in found}


def leaked(response, words):
    """The canaries in what a reader gets: body, and headers too."""
    body = b"".join(response) if response.streaming else response.content
    text = body.decode(errors="replace") + repr(sorted(response.headers.items()))
    text = text.lower()
    return sorted(word for word in words if word in text)


# What was public once answers under its own name; nothing else of it may show.
def own_names(path):
    kinds = {"tags": "tag", "authors": "author"}
    field = kinds.get(path.split("/")[1])
    return {canary("withdrawn", field)} if field and canary("withdrawn", field) in path else set()


def asked_for(newsroom):
    """All paths of the URLconf, for everything public and everything hidden."""
    tags = set(Tag.objects.values_list("slug", flat=True))
    tags |= {f"{canary(kind, 'tag')}-subject" for kind in HIDDEN}
    slugs = [canary(kind, "slug") for kind in HIDDEN]
    return addresses.paths(
        articles=["open-water", "second-piece", "third-piece", "about-us", *slugs],
        pages=["about-us", "open-water", *slugs],
        tags=sorted(tags),
        authors=list(Author.objects.values_list("slug", flat=True)),
        months=[(2025, 12), (2026, 2), (2026, 3), (2026, 4), (timezone.now().year, 12)],
        files=[
            newsroom["opened"].lead_image.file.name,
            "pictures/",
            f"pictures/{newsroom['targets'][0].uid[:2]}/",
        ],
    )


def searches():
    """Words of the hidden texts, whole and begun, alone and beside a public word."""
    words = [canary(kind, field) for kind in HIDDEN for field in (*FIELDS, "link")]
    begun = [f"zq{kind}" for kind in HIDDEN]
    return [*words, *begun, "zq", *(f"everywhere {word[:9]}" for word in begun)]


def test_hidden_words_show_at_no_address(client, newsroom):
    words = canaries(newsroom)
    paths = asked_for(newsroom)

    found, seen = [], {}
    for path in paths:
        client.cookies.clear()
        responses = {"get": client.get(path), "head": client.head(path, {"page": "1"})}
        client.cookies["sessionid"] = "0123456789abcdef0123456789abcdef"
        responses["page 2"] = client.get(path, {"page": "2"})
        for kind, response in responses.items():
            leaks = leaked(response, words - own_names(path))
            found += [(path, kind, word) for word in leaks]
            seen[path, kind] = response.status_code

    assert found == []
    assert len(paths) == 253
    assert len(seen) == 759
    assert sorted(set(seen.values())) == [200, 301, 404, 410]


def test_hidden_words_are_found_by_no_search(client, newsroom):
    words = canaries(newsroom)
    queries = searches()

    found = []
    for query in queries:
        for exact in ("", "1"):
            response = client.get("/search/", {"q": query, "exact": exact})
            # The page repeats what was asked.
            found += [(query, word) for word in leaked(response, words) if word not in query]
            # Without all of the words, the public one of them finds what it finds by itself.
            if exact or "everywhere" not in query:
                found += [(query, hit.title) for hit in response.context["hits"]]

    assert found == []
    assert len(queries) == 85


def test_hidden_words_are_neither_suggested_nor_meant(client, newsroom):
    words = canaries(newsroom)
    # Begun, and with a slip.
    begun = [query[:length] for query in searches() for length in (3, len(query) - 2)]
    slipped = [f"{query[:4]}{query[5:]}" for query in searches()]

    found, perhaps = [], set()
    for query in {*searches(), *begun, *slipped}:
        suggested = client.get("/search/suggest/", {"q": query})
        found += [(query, word) for word in leaked(suggested, words)]
        page = client.get("/search/", {"q": query})
        found += [(query, word) for word in leaked(page, words) if word not in query]
        perhaps.add(page.context["answer"].perhaps)

    assert found == []
    assert not any("zq" in meant for meant in perhaps)


def test_choices_of_a_search_count_and_name_nothing_hidden(client, newsroom):
    page = client.get("/search/", {"q": "everywhere"})

    choices = {
        group["name"]: [(one["label"], one["count"]) for one in group["choices"]]
        for group in page.context["narrowing"]
    }

    assert choices == {"tag": [(SHARED_TAG, 1)], "author": [(SHARED_AUTHOR, 1)]}


def test_hidden_things_answer_as_if_they_did_not_exist(client, newsroom):
    expected = {
        f"/articles/{canary('draft', 'slug')}/": 404,
        f"/articles/{canary('changed', 'slug')}/": 404,
        f"/articles/{canary('replanned', 'slug')}/": 404,
        f"/articles/{canary('scheduled', 'slug')}/": 404,
        f"/articles/{canary('withdrawn', 'slug')}/": 410,
        f"/articles/{canary('pagegone', 'slug')}/": 404,
        f"/pages/{canary('pagedraft', 'slug')}/": 404,
        f"/pages/{canary('pagegone', 'slug')}/": 410,
        f"/pages/{canary('withdrawn', 'slug')}/": 404,
        "/articles/about-us/": 404,
        "/pages/open-water/": 404,
        "/tags/zqunusedtag-subject/": 404,
    }
    for kind in ("draft", "changed", "replanned", "scheduled", "pagedraft", "pagegone"):
        for ending in ("", "feed/", "feed/atom/", "feed/json/"):
            expected[f"/tags/{canary(kind, 'tag')}-subject/{ending}"] = 404
            expected[f"/authors/{canary(kind, 'author')}-person/{ending}"] = 404

    statuses = {path: client.get(path).status_code for path in expected}
    heads = {path: client.head(path).status_code for path in expected}

    assert statuses == expected
    assert heads == expected
    assert len(expected) == 60


def test_hidden_article_looks_like_one_that_never_was(client, newsroom):
    never = client.get("/articles/there-is-nothing-here/")

    drafted = client.get(f"/articles/{canary('draft', 'slug')}/")

    assert drafted.content == never.content
    assert drafted.headers == never.headers


def test_withdrawn_articles_look_alike(client, newsroom):
    article = client.get(f"/articles/{canary('withdrawn', 'slug')}/")
    page = client.get(f"/pages/{canary('pagegone', 'slug')}/")

    assert article.status_code == 410
    assert article.content == page.content


def test_withdrawn_article_is_gone_at_its_former_address_too(client):
    article = make_public("Moved Once", slug="first-place")
    change_draft(article, slug="second-place")
    publishing.publish(article, by=None)
    publishing.unpublish(article, by=None)

    slugs = ("first-place", "second-place")
    statuses = [client.get(f"/articles/{slug}/").status_code for slug in slugs]

    assert statuses == [410, 410]


def test_tag_and_author_of_withdrawn_text_answer_but_stand_nowhere(client, newsroom):
    pages = [
        client.get(f"/tags/{canary('withdrawn', 'tag')}-subject/"),
        client.get(f"/authors/{canary('withdrawn', 'author')}-person/"),
    ]

    robots = [html.parse(page).xpath("//meta[@name='robots']/@content") for page in pages]
    counts = [page.context["pager"].total for page in pages]
    cards = [list(page.context["cards"]) for page in pages]

    assert [page.status_code for page in pages] == [200, 200]
    assert robots == [["noindex"], ["noindex"]]
    assert counts == [0, 0]
    assert cards == [[], []]


def test_hidden_articles_are_counted_nowhere(client, newsroom):
    tag = client.get("/tags/common-subject/")
    author = client.get("/authors/common-author/")
    archive = client.get("/articles/")
    month = client.get("/articles/2026/03/")
    search = client.get("/search/", {"q": "everywhere"})
    home = client.get("/")

    assert tag.context["pager"].total == 1
    assert html.all_words(tag, html.by_class("page-head__note")) == ["1 article", "Connections →"]
    assert author.context["pager"].total == 1
    assert html.all_words(author, html.by_class("label__count")) == ["1"]
    assert archive.context["pager"].total == 3
    assert month.context["pager"].total == 3
    assert html.all_words(archive, html.by_class("index__count")) == ["3", "3"]
    assert search.context["total_label"] == "3 articles"
    assert html.all_words(client.get("/tags/"), html.by_class("index__name")) == [SHARED_TAG]
    assert html.all_words(client.get("/tags/"), html.by_class("index__count")) == ["1 article"]
    assert html.all_words(client.get("/authors/"), html.by_class("person__count")) == ["1 article"]
    assert html.all_words(home, html.by_class("index__count")) == ["1 article"]
    assert html.all_words(home, html.by_class("face__name")) == [SHARED_AUTHOR]
    assert [len(client.get(path).json()["items"]) for path in (
        "/feed/json/", "/tags/common-subject/feed/json/", "/authors/common-author/feed/json/",
    )] == [3, 1, 1]  # fmt: skip


def test_hidden_text_is_named_by_no_backlink(client, newsroom):
    page = client.get("/articles/open-water/").context["page"]

    assert page.cited_by == []
    assert page.cited_by_more == 0
    assert page.related == []
    assert [item.title for item in (page.previous, page.next) if item] == ["Second Piece"]


def test_signed_in_editor_sees_on_public_pages_what_everybody_sees(client, editor, newsroom):
    # An empty list's feeds have a test of their own (test_feeds).
    left_out = ("/media/", "/tags/zq", "/authors/zq")
    paths = [path for path in addresses.public_paths() if not path.startswith(left_out)]
    before = {path: client.get(path).content for path in paths}
    client.force_login(editor)

    after = {path: client.get(path).content for path in paths}

    assert len(paths) == 52
    assert after == before


def test_words_of_an_older_version_are_gone_after_the_next(client):
    article = make_public("Kept Title", body="<p>zqformer words.</p>", tags=["Zqformer Tag"])
    change_draft(article, body="<p>New words.</p>", tags=["New Tag"])

    publishing.publish(article, by=None)

    texts = [
        client.get(path).content.decode().lower()
        for path in ("/", "/articles/kept-title/", "/feed/", "/tags/", "/sitemap-subjects.xml")
    ]
    assert [text.count("zqformer") for text in texts] == [0, 0, 0, 0, 0]
    assert client.get("/search/", {"q": "zqformer"}).context["hits"] == []


def test_scheduled_change_goes_out_as_it_was_planned(client):
    article = make_public("Planned", body="<p>First words.</p>")
    planned = change_draft(article, body="<p>Second words.</p>")
    publishing.schedule(article, due_at=timezone.now() + timedelta(seconds=60), by=None)
    change_draft(article, body="<p>zqlater words.</p>")

    publishing.carry_out_due(now=timezone.now() + timedelta(seconds=61))

    text = client.get("/articles/planned/").content.decode()
    assert text.count("Second words.") == 1
    assert text.count("zqlater") == 0
    assert Words.of(planned).body == Article.objects.get(pk=article.pk).body
