"""The verbs: what each does, what it refuses, and what readers see of it."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Permission
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models import ProtectedError, RestrictedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import publishing, search
from articles.content_version import current
from articles.models import (
    Article,
    ArticleTag,
    Byline,
    Redirect,
    Reference,
    Revision,
    Schedule,
    Tag,
    TagAlias,
)
from articles.publishing import Conflict, NotAllowed, PublishingError, Words, base, schedules
from authors.models import Author
from tests.factories import (
    EPOCH,
    change_draft,
    cite,
    erase,
    make_article,
    make_author,
    make_image,
    make_public,
    make_scheduled,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

PENDING, DONE = Schedule.Outcome.PENDING, Schedule.Outcome.DONE
FAILED, CANCELLED = Schedule.Outcome.FAILED, Schedule.Outcome.CANCELLED


@pytest.fixture
def contributor(django_user_model):
    """Writes and changes articles, and publishes none."""
    user = django_user_model.objects.create_user("contributor", first_name="Cora")
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_article", "change_article"])
    )
    return user


@pytest.fixture
def stranger(django_user_model):
    return django_user_model.objects.create_user("stranger")


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def later(**more):
    return timezone.now() + timedelta(**(more or {"hours": 1}))


def redirects():
    return sorted(
        (row.path, row.article or row.author or row.tag) for row in Redirect.objects.all()
    )


def counts():
    """What authors and tags say of themselves, by name."""
    rows = [*Author.objects.all(), *Tag.objects.all()]
    return {row.name: row.article_count for row in rows}


def recount():
    public = Article.objects.public().articles()
    return {
        author.name: public.filter(bylines__author=author).count()
        for author in Author.objects.all()
    } | {tag.name: public.filter(article_tags__tag=tag).count() for tag in Tag.objects.all()}


def outcomes(article):
    return [
        (row.action, row.outcome, row.message)
        for row in Schedule.objects.filter(article=article).order_by("pk")
    ]


def status(client, path):
    return client.get(path).status_code


def readers_see(client, *paths):
    """Everything a reader gets at these paths and at those that list anything."""
    paths = (
        "/", "/articles/", "/authors/", "/tags/", "/feed/", "/feed/atom/", "/feed/json/",
        "/sitemap.xml", "/sitemap-lists.xml", "/sitemap-subjects.xml", "/sitemap-articles-1.xml",
        "/search/?q=lantern", "/search/?q=harbour", *paths,
    )  # fmt: skip
    responses = {path: client.get(path) for path in paths}
    return {path: (reply.status_code, reply.content) for path, reply in responses.items()}


# Writing.


def test_create_makes_a_draft(contributor):
    version = current()

    article = publishing.create(
        Words(title="  A   title ", standfirst=" a\n b ", body="words", tags=["Oil ", "oil", "–"]),
        by=contributor,
        note="first",
    )

    article = fresh(article)
    revision = article.latest_revision
    assert (article.state, article.slug, article.title, article.body) == ("draft", None, "", "")
    assert (article.live_revision, article.first_published_at) == (None, None)
    assert (revision.number, revision.title, revision.standfirst) == (1, "A title", "a b")
    assert (revision.body, revision.tags, revision.note) == ("<p>words</p>", ["Oil"], "first")
    assert (revision.by, article.created_by) == (contributor, contributor)
    assert (Tag.objects.count(), current()) == (0, version)


def test_create_by_a_stranger_is_refused(stranger):
    with pytest.raises(NotAllowed) as refusal:
        publishing.create(Words(title="A"), by=stranger)

    assert str(refusal.value) == "You may not write new articles. Ask an editor."
    assert Article.objects.count() == 0


def test_create_leaves_an_article_out_of_its_own_related_links():
    other = make_article()

    article = publishing.create(
        Words(related=[{"article": "a" * 16}, {"article": other.uid}]), by=None, uid="a" * 16
    )

    assert article.latest_revision.related == [{"article": other.uid}]


def test_save_draft_makes_a_revision(contributor):
    article = make_article("Old", by=contributor)

    revision = change_draft(article, by=contributor, title="New")

    article = fresh(article)
    assert (revision.number, revision.title, revision.by) == (2, "New", contributor)
    assert article.latest_revision == revision
    assert [row.title for row in article.revisions.all()] == ["New", "Old"]


def test_save_draft_of_the_same_words_makes_no_revision():
    article = make_article(body="<h2>A</h2><p>b</p>", tags=["Oil"])
    touched = article.touched_at

    revision = change_draft(article)

    assert revision == article.latest_revision
    assert (fresh(article).touched_at, Revision.objects.count()) == (touched, 1)


def test_save_draft_after_somebody_else_saved_is_a_conflict(contributor, editor, settings):
    settings.TIME_ZONE = "UTC"
    article = make_article("One", by=editor)
    change_draft(article, by=contributor, title="Two")
    saved_at = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    Revision.objects.filter(number=2).update(saved_at=saved_at)

    with pytest.raises(Conflict) as refusal:
        change_draft(article, by=editor, title="Three", based_on=1)

    assert str(refusal.value) == (
        "Cora saved this article at 09:05, after you opened it. Your words are still here."
    )
    assert [row.title for row in article.revisions.all()] == ["Two", "One"]


def test_save_draft_after_a_conflict_keeps_both(contributor):
    article = make_article("One")
    change_draft(article, title="Two")

    change_draft(article, title="Three", based_on=2)
    change_draft(article, title="Four")

    assert [row.title for row in article.revisions.all()] == ["Four", "Three", "Two", "One"]


def test_save_draft_by_a_stranger_is_refused(stranger):
    article = make_article("One")

    with pytest.raises(NotAllowed) as refusal:
        change_draft(article, by=stranger, title="Two")

    assert str(refusal.value) == "You may not change this article. Ask an editor."
    assert fresh(article).latest_revision.title == "One"


@pytest.mark.parametrize("verb", ["save_draft", "publish", "schedule", "restore"])
def test_nothing_is_done_to_an_article_in_the_trash(verb):
    article = make_article()
    Article.objects.update(state="trashed")
    verbs = {
        "save_draft": lambda: publishing.save_draft(article, Words(title="B"), by=None),
        "publish": lambda: publishing.publish(article, by=None),
        "schedule": lambda: publishing.schedule(article, due_at=later(), by=None),
        "restore": lambda: publishing.restore(article, article.latest_revision, by=None),
    }

    with pytest.raises(PublishingError) as refusal:
        verbs[verb]()

    assert str(refusal.value) == "This article is in the trash. Take it out first."


def test_draft_of_a_live_article_changes_nothing_that_readers_see(client):
    ada, eve = make_author("Ada"), make_author("Eve")
    other, third = make_public("Other"), make_public("Third")
    article = make_public(
        "Harbour lights", standfirst="Old standfirst", authors=[ada], tags=["Oil"], language="en",
        body=f"<h2>Old heading</h2><p>Of the harbour. See {cite(other)}.</p>", slug="lights",
        lead_image_id=make_image().pk, related=[{"article": other.uid}],
    )  # fmt: skip
    citing = make_public(body=f"<p>{cite(article, section='s-old-heading')}</p>")
    pages = [
        "/articles/lights/", "/articles/lanterns/", "/tags/oil/", "/tags/gas/", "/authors/ada/",
        "/authors/eve/", "/tags/oil/feed/", "/authors/ada/feed/json/",
        *(row.get_absolute_url() for row in (other, third, citing)),
    ]  # fmt: skip
    before, version = readers_see(client, *pages), current()

    change_draft(
        article, title="Lanterns", standfirst="New standfirst", slug="lanterns", tags=["Gas"],
        bylines=[eve.uid], body=f"<h2>New</h2><p>Lantern. See {cite(third)}.</p>", language="de",
        lead_image_id=make_image().pk, related=[{"article": third.uid}],
    )  # fmt: skip

    assert readers_see(client, *pages) == before
    assert [before[page][0] for page in pages[:6]] == [200, 404, 200, 404, 200, 404]
    assert (current(), redirects(), counts()) == (version, [], {"Ada": 1, "Eve": 0, "Oil": 1})
    assert (search.find("lantern").ids, search.find("harbour").ids) == ([], [article.pk])


def test_draft_of_a_withdrawn_article_changes_nothing_that_readers_see(client):
    make_public()
    article = make_withdrawn("Harbour", slug="harbour")
    before = readers_see(client, "/articles/harbour/", "/articles/lantern/")

    change_draft(article, title="Lantern", slug="lantern", body="<p>Lantern</p>")

    assert readers_see(client, "/articles/harbour/", "/articles/lantern/") == before


def test_restore_makes_an_older_revision_the_newest_draft(contributor, client):
    article = make_public("One", slug="one", tags=["Oil"], body="<h2>A</h2><p>b</p>")
    first = article.live_revision
    change_draft(article, title="Two", tags=[], body="<p>c</p>")

    revision = publishing.restore(article, first, by=contributor)

    assert (revision.number, revision.note) == (3, "Restored from version 1")
    assert Words.of(revision) == Words.of(first)
    assert fresh(article).live_revision == first


def test_restore_of_a_deleted_section_gives_it_its_id_back():
    article = make_public(body="<h2>A</h2><p>b</p>")
    first = article.live_revision
    change_draft(article, body="<p>b</p>")
    publishing.publish(article, by=None)

    publishing.restore(article, first, by=None)
    publishing.publish(article, by=None)

    assert fresh(article).body == '<h2 id="s-a">A</h2><p>b</p>'


def test_restore_by_a_stranger_is_refused(stranger):
    article = make_article()

    with pytest.raises(NotAllowed):
        publishing.restore(article, article.latest_revision, by=stranger)


def test_restore_of_another_articles_revision_is_an_error():
    with pytest.raises(ValueError, match="is not of article"):
        publishing.restore(make_article(), make_article().latest_revision, by=None)


# Publishing.


def test_text_that_stays_as_it_is_is_not_stored_once_more():
    """A database packs long texts, whether they are new to it or not."""
    article = make_public("A title", body="<p>Of a harbour.</p>")
    change_draft(article, standfirst="Why")

    with CaptureQueriesContext(connection) as asked:
        publishing.publish(article, by=None)

    writes = [one["sql"] for one in asked if one["sql"].startswith('UPDATE "articles_article" SET')]
    (written,) = [sql for sql in writes if '"standfirst"' in sql]
    assert '"body"' not in written
    assert fresh(article).standfirst == "Why"
    assert fresh(article).body == "<p>Of a harbour.</p>"


def test_publish_shows_everything(editor, client):
    ada, eve = make_author("Ada"), make_author("Eve")
    image, other = make_image(), make_public()
    article = make_article(
        "A title", standfirst="Why", body="<p>Of a harbour.</p>", authors=[eve, ada], by=editor,
        tags=["Oil", "Gas"], language="de", lead_image_id=image.pk, slug="a-slug",
        related=[{"article": other.uid}],
    )  # fmt: skip
    version, before = current(), timezone.now()

    publishing.publish(article, by=editor)

    article = fresh(article)
    assert (article.state, article.slug, article.title) == ("live", "a-slug", "A title")
    assert (article.standfirst, article.language) == ("Why", "de")
    assert (article.body, article.lead_image) == ("<p>Of a harbour.</p>", image)
    assert (article.related, article.reading_minutes) == ([{"article": other.uid}], 1)
    assert article.live_revision == article.latest_revision
    assert before <= article.first_published_at <= timezone.now()
    assert article.updated_at == article.first_published_at
    assert [row.author.name for row in article.bylines.all()] == ["Eve", "Ada"]
    assert [row.tag.name for row in article.article_tags.all()] == ["Oil", "Gas"]
    assert counts() == {"Ada": 1, "Eve": 1, "Oil": 1, "Gas": 1}
    assert search.find("harbour").ids == [article.pk]
    assert status(client, "/articles/a-slug/") == 200
    assert current() != version


@pytest.mark.parametrize("verb", ["publish", "unpublish", "schedule", "cancel_schedules"])
@pytest.mark.parametrize("who", ["contributor", "stranger"])
def test_only_who_may_publish_does(verb, who, request):
    user = request.getfixturevalue(who)
    article = make_public("One")
    change_draft(article, title="Two")
    publishing.schedule(article, due_at=later(), by=None)
    sentences = {
        "publish": "You may not publish. Ask an editor to do it.",
        "unpublish": "You may not unpublish. Ask an editor to do it.",
        "schedule": "You may not schedule. Ask an editor to do it.",
        "cancel_schedules": "You may not change schedules. Ask an editor.",
    }
    arguments = {"due_at": later(days=2)} if verb == "schedule" else {}

    with pytest.raises(NotAllowed) as refusal:
        getattr(publishing, verb)(article, by=user, **arguments)

    assert str(refusal.value) == sentences[verb]
    assert (fresh(article).state, fresh(article).title) == ("live", "One")
    assert outcomes(article) == [("publish", PENDING, "")]


@pytest.mark.parametrize("title", ["", " ", "\u200b\u2060", "\u00ad", "\u0301", "\ue000", "\u3164"])
def test_nothing_goes_out_without_a_title_that_shows(title):
    article = make_article()
    Revision.objects.update(title=title)

    refused = []
    for verb in (
        partial(publishing.publish, article),
        partial(publishing.schedule, article, due_at=later()),
        partial(publishing.submit, article),
    ):
        with pytest.raises(PublishingError) as refusal:
            verb(by=None)
        refused.append(str(refusal.value))

    assert refused == [
        "Give the article a title before you publish it.",
        "Give the article a title before you schedule it.",
        "Give the article a title before you submit it.",
    ]
    assert fresh(article).state == "draft"


@pytest.mark.parametrize("title", ["?", "3", "☂", "م", "\u200bSea", "é"])
def test_short_title_that_shows_goes_out(title):
    assert make_public(title).title == title


def test_publish_without_a_revision_is_refused():
    article = Article.objects.create(touched_at=timezone.now())

    with pytest.raises(PublishingError) as refusal:
        publishing.publish(article, by=None)

    assert str(refusal.value) == "There is nothing to publish yet. Save a draft first."


def test_publish_of_another_articles_revision_is_an_error():
    with pytest.raises(ValueError, match="is not of article"):
        publishing.publish(make_article(), make_article().latest_revision, by=None)


def test_publish_at_a_time_to_come_is_an_error():
    with pytest.raises(ValueError, match="is scheduled, not published"):
        publishing.publish(make_article(), by=None, at=later())


def test_publish_of_an_older_revision_leaves_the_newer_draft():
    article = make_article("One", slug="s", body="<h2>One</h2>")
    first = article.latest_revision
    second = change_draft(article, title="Two", body="<h2>Two</h2>")

    publishing.publish(article, first, by=None)

    article = fresh(article)
    assert (article.title, article.live_revision) == ("One", first)
    assert (article.latest_revision, article.has_newer_draft) == (second, True)


def test_publish_seals_the_revision():
    article = make_article()
    Revision.objects.update(is_sealed=False)

    publishing.publish(article, by=None)

    assert fresh(article.latest_revision).is_sealed


def test_publish_again_moves_only_the_date_of_change():
    article = make_public(at=EPOCH)
    change_draft(article, title="Two")
    before = timezone.now()

    publishing.publish(article, by=None)

    article = fresh(article)
    assert article.first_published_at == EPOCH
    assert before <= article.updated_at <= timezone.now()


def test_publishing_once_more_what_readers_see_leaves_the_date_alone():
    article = make_public(at=EPOCH)

    publishing.publish(article, by=None)
    publishing.unpublish(article, by=None)
    publishing.publish(article, by=None)

    assert fresh(article).updated_at == EPOCH


def test_publish_of_a_minor_change_leaves_the_date_alone():
    article = make_public(at=EPOCH)
    change_draft(article, title="Two")

    publishing.publish(article, by=None, minor=True)

    article = fresh(article)
    assert (article.title, article.updated_at) == ("Two", EPOCH)


def test_publish_with_given_dates():
    article = make_article()
    changed = EPOCH + timedelta(days=3)

    publishing.publish(article, by=None, at=EPOCH, updated_at=changed)
    publishing.publish(article, by=None, updated_at=EPOCH - timedelta(days=1))

    article = fresh(article)
    assert (article.first_published_at, article.updated_at) == (EPOCH, EPOCH)


def test_publish_after_unpublish_keeps_the_first_date():
    article = make_public(at=EPOCH, tags=["Oil"], authors=[make_author("Ada")])
    publishing.unpublish(article, by=None)

    publishing.publish(article, by=None)

    assert fresh(article).first_published_at == EPOCH
    assert set(Byline.objects.values_list("published_at", flat=True)) == {EPOCH}
    assert set(ArticleTag.objects.values_list("published_at", flat=True)) == {EPOCH}


def test_publish_leaves_out_an_author_that_is_not_there():
    ada = make_author("Ada")
    article = make_article()
    change_draft(article, bylines=["a" * 16, ada.uid, ada.uid])

    publishing.publish(article, by=None)

    assert [(row.position, row.author) for row in article.bylines.all()] == [(0, ada)]


def test_page_stands_in_no_list(client):
    ada = make_author("Ada")
    page = make_public("Harbour", kind="page", authors=[ada], tags=["Oil"], slug="imprint")

    listed = [
        path
        for path, (_status, content) in readers_see(client).items()
        if b"/pages/imprint/" in content
    ]

    assert (status(client, "/pages/imprint/"), status(client, "/articles/imprint/")) == (200, 404)
    assert listed == ["/sitemap-articles-1.xml"]
    assert (counts()["Ada"], search.find("harbour").ids) == (0, [])
    assert fresh(page).bylines.count() == 0


# Addresses.


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Gas and Oil: a Study", "gas-and-oil-a-study"),
        ("Über die Öfen", "über-die-öfen"),
        ("Газ", "газ"),
        ("2026", "article-2026"),
        ("Feed", "article-feed"),
        ("…!", "article"),
        ("İstanbul", "istanbul"),
        ("word " * 40, "-".join(["word"] * 24)),
    ],
)
def test_publish_makes_an_address_of_the_title(title, slug, client):
    article = make_public(title)

    assert article.slug == slug
    assert status(client, article.get_absolute_url()) == 200


def test_publish_makes_another_address_where_the_first_is_taken(client):
    first = make_public("Oil")
    moved = make_public("Gas")
    change_draft(moved, slug="moved")
    publishing.publish(moved, by=None)

    assert (first.slug, make_public("Oil").slug, make_public("Oil").slug) == (
        "oil",
        "oil-2",
        "oil-3",
    )
    assert make_public("Gas").slug == "gas-2"
    assert make_public("Oil", kind="page").slug == "oil"


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [
        (
            "Upper Case",
            "Write an address in small letters, digits and single hyphens: “upper-case”.",
        ),
        ("a/b", "Write an address in small letters, digits and single hyphens: “ab”."),
        ("-a", "Write an address in small letters, digits and single hyphens: “a”."),
        ("?", "Write an address in small letters, digits and single hyphens: “an-example”."),
        ("feed", "“feed” is used by the site itself. Choose another address."),
        ("without", "“without” is used by the site itself. Choose another address."),
        ("2026", "An address can't be a number alone, since years stand there. Add a word to it."),
    ],
)
@pytest.mark.parametrize("kind", ["article", "author", "tag"])
def test_address_that_no_reader_could_use_is_refused(kind, slug, sentence):
    verbs = {
        "article": lambda: publishing.publish(make_article(slug=slug), by=None),
        "author": lambda: make_author("Ada", slug=slug),
        "tag": lambda: publishing.save_tag(Tag(name="Oil", slug=slug)),
    }

    with pytest.raises(PublishingError) as refusal:
        verbs[kind]()

    assert str(refusal.value) == sentence
    assert (Article.objects.public().count(), Author.objects.count(), Tag.objects.count()) == (
        0,
        0,
        0,
    )


def test_address_of_another_article_is_refused():
    make_withdrawn("First", slug="one")
    article = make_public("Second", slug="two")
    change_draft(article, slug="one")

    with pytest.raises(PublishingError) as refusal:
        publishing.publish(article, by=None)

    assert str(refusal.value) == "The address “one” belongs to “First”. Choose another."
    assert fresh(article).slug == "two"


def test_former_address_of_another_article_is_refused():
    moved = make_public("First", slug="one")
    change_draft(moved, slug="uno")
    publishing.publish(moved, by=None)

    with pytest.raises(PublishingError) as refusal:
        make_public("Second", slug="one")

    assert str(refusal.value) == (
        "The address /articles/one/ is a former address of “First”. Choose another."
    )


def test_address_that_was_given_up_is_refused():
    Redirect.objects.create(path="/articles/one/", is_gone=True)

    with pytest.raises(PublishingError) as refusal:
        make_public(slug="one")

    assert str(refusal.value) == (
        "The address /articles/one/ was given up on purpose and can't be used again."
    )
    assert make_public("One").slug == "one-2"


@pytest.mark.parametrize(
    ("slugs", "former"),
    [
        (["a", "b"], ["a"]),
        (["a", "b", "a"], ["b"]),
        (["a", "b", "c"], ["a", "b"]),
        (["a", "b", "c", "a"], ["b", "c"]),
        (["a", "b", "a", "b"], ["a"]),
        (["über", "b"], ["über"]),
        (["اب", "über"], ["اب"]),
        (["б" * 120, "b"], ["б" * 120]),
    ],
)
def test_former_addresses_of_an_article_lead_to_it_at_once(slugs, former, client):
    article = make_public(slug=slugs[0])

    for slug in slugs[1:]:
        change_draft(article, slug=slug)
        publishing.publish(article, by=None)

    article = fresh(article)
    replies = [client.get(article.address_for(slug)) for slug in former]
    assert [(reply.status_code, reply.get("Location")) for reply in replies] == [
        (301, article.get_absolute_url())
    ] * len(former)
    assert status(client, article.get_absolute_url()) == 200
    assert Redirect.objects.count() == len(former)


@pytest.mark.parametrize(("first", "second"), [("one", "two"), ("müller", "meier")])
@pytest.mark.parametrize("kind", ["author", "tag"])
def test_former_addresses_of_an_author_or_tag_lead_to_it_at_once(kind, first, second, client):
    thing = make_author("A", slug=first) if kind == "author" else publishing.tag_named("A")
    save = publishing.save_author if kind == "author" else publishing.save_tag
    thing.slug = first
    save(thing)
    former = thing.get_absolute_url()
    make_public(authors=[thing] if kind == "author" else [], tags=["A"] if kind == "tag" else [])

    thing = fresh(thing)
    thing.slug = second
    save(thing)

    replies = [client.get(former + rest) for rest in ("", "feed/", "feed/atom/")]
    assert [(reply.status_code, reply.get("Location")) for reply in replies] == [
        (301, thing.get_absolute_url() + rest) for rest in ("", "feed/", "feed/atom/")
    ]
    assert status(client, thing.get_absolute_url()) == 200


def test_former_addresses_of_what_is_not_public(client):
    article = make_public(slug="one")
    change_draft(article, slug="two")
    publishing.publish(article, by=None)
    ada = make_author("Ada")
    ada.slug = "ada-2"
    publishing.save_author(ada)

    publishing.unpublish(article, by=None)

    assert (status(client, "/articles/one/"), status(client, "/articles/two/")) == (410, 410)
    assert (status(client, "/authors/ada/"), status(client, "/authors/ada-2/")) == (404, 404)


@pytest.mark.parametrize("path", ["/my-old-post/", "/2020/05/my-old-post/", "/a/b/c/d/", "/блог/"])
def test_former_address_elsewhere_leads_to_the_article(path, client):
    article = make_public(slug="one")

    added = publishing.add_former_address(article, path.rstrip("/"))

    reply = client.get(path)
    assert (added, reply.status_code, reply.get("Location")) == (True, 301, "/articles/one/")


def test_former_address_elsewhere_is_added_once():
    article = make_public(slug="one")

    added = [publishing.add_former_address(article, "/old/post/") for _time in range(2)]

    assert (added, redirects()) == ([True, True], [("/old/post/", article)])


@pytest.mark.parametrize("path", ["/", "/articles/one/", "/articles/one", "/" + "a" * 400])
def test_former_address_that_needs_no_redirect(path):
    article = make_public(slug="one")

    assert publishing.add_former_address(article, path)
    assert redirects() == []


def test_former_address_of_another_article_is_not_added():
    first, second = make_public("First"), make_public("Second")
    publishing.add_former_address(first, "/old/post/")

    assert not publishing.add_former_address(second, "/old/post/")
    assert redirects() == [("/old/post/", first)]


@pytest.mark.parametrize("kind", ["article", "author", "tag"])
def test_former_address_that_is_the_address_of_something_else_is_not_added(kind):
    article = make_public("First")
    ada = make_author("Ada")
    others = {
        "article": make_public("Second", authors=[ada], tags=["Oil"]),
        "author": ada,
        "tag": publishing.tag_named("Oil"),
    }

    added = publishing.add_former_address(article, others[kind].get_absolute_url())

    assert (added, redirects()) == (False, [])


def test_first_address_that_was_a_former_one_leaves_no_redirect():
    article = make_article(slug="one")
    publishing.add_former_address(article, "/articles/one/")

    publishing.publish(article, by=None)

    assert (fresh(article).slug, redirects()) == ("one", [])


# Unpublishing.


def test_unpublish_takes_everything_away(client):
    article = make_public(
        "Harbour", standfirst="Of ships", slug="one", authors=[make_author("Ada")], tags=["Oil"]
    )
    version = current()

    publishing.unpublish(article, by=None)

    gone = client.get("/articles/one/")
    seen = readers_see(client, "/authors/ada/", "/tags/oil/", "/tags/oil/feed/")
    assert (gone.status_code, b"Harbour" in gone.content) == (410, False)
    assert [path for path, (_status, content) in seen.items() if b"Of ships" in content] == []
    assert [path for path, (code, _content) in seen.items() if code != 200] == []
    assert (counts(), search.find("harbour").ids) == ({"Ada": 0, "Oil": 0}, [])
    assert fresh(article).state == "withdrawn"
    assert current() != version


@pytest.mark.parametrize("make", [make_article, make_withdrawn, make_scheduled])
def test_unpublish_of_what_is_not_live_is_refused(make):
    article = make("Title")

    with pytest.raises(PublishingError) as refusal:
        publishing.unpublish(article, by=None)

    assert str(refusal.value) == "“Title” isn't live."


def test_unpublish_keeps_the_day_when_names_became_public(client):
    ada = make_author("Ada")
    article = make_public(authors=[ada], tags=["Oil"])
    before = fresh(ada).first_public_at, Tag.objects.get().first_public_at

    publishing.unpublish(article, by=None)
    publishing.publish(article, by=None)
    publishing.unpublish(article, by=None)

    assert (fresh(ada).first_public_at, Tag.objects.get().first_public_at) == before
    assert None not in before


# At a time.


def test_schedule_publishes_what_was_scheduled(client):
    article = make_scheduled("One", slug="one", tags=["Oil"], authors=[make_author("Ada")])
    change_draft(article, title="Two", slug="two", tags=["Gas"], bylines=[], body="<p>Lantern</p>")

    done = publishing.carry_out_due(now=later(days=2))

    article = fresh(article)
    assert (done, article.state, article.title, article.slug) == (1, "live", "One", "one")
    assert (article.latest_revision.title, article.has_newer_draft) == ("Two", True)
    assert (counts(), search.find("lantern").ids) == ({"Ada": 1, "Oil": 1}, [])
    assert outcomes(article) == [("publish", DONE, "")]


def test_schedule_shows_readers_nothing_before_its_time(client):
    make_public()
    version, before = current(), readers_see(client, "/articles/one/")

    article = make_scheduled("Harbour", slug="one", due_at=later(hours=1))
    done = publishing.carry_out_due(now=later(minutes=59))

    assert (done, fresh(article).state) == (0, "draft")
    assert (current(), readers_see(client, "/articles/one/")) == (version, before)


def test_schedule_again_replaces_the_earlier_plan():
    article = make_scheduled("One")
    change_draft(article, title="Two")

    publishing.schedule(article, due_at=later(days=3), by=None)
    publishing.carry_out_due(now=later(days=9))

    assert fresh(article).title == "Two"
    assert outcomes(article) == [("publish", CANCELLED, "Called off."), ("publish", DONE, "")]


def test_schedule_of_publishing_and_of_unpublishing_go_together():
    article = make_scheduled("One", due_at=later(hours=1))
    with pytest.raises(PublishingError) as refusal:
        publishing.schedule(article, due_at=later(hours=2), by=None, action="unpublish")
    publishing.publish(article, by=None)
    publishing.schedule(article, due_at=later(hours=2), by=None, action="unpublish")

    done = publishing.carry_out_due(now=later(hours=3))

    assert str(refusal.value) == "“One” isn't live."
    assert (done, fresh(article).state) == (1, "withdrawn")
    assert outcomes(article) == [
        ("publish", CANCELLED, "Published by hand before."),
        ("unpublish", DONE, ""),
    ]


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(seconds=1), timedelta(days=1)])
def test_schedule_for_a_time_gone_by_is_refused(ago):
    article = make_article()

    with pytest.raises(PublishingError) as refusal:
        publishing.schedule(article, due_at=timezone.now() - ago, by=None)

    assert str(refusal.value) == "Choose a time that lies in the future."


def test_schedule_under_a_taken_address_is_refused():
    make_public("First", slug="one")
    article = make_article(slug="one")

    with pytest.raises(PublishingError) as refusal:
        publishing.schedule(article, due_at=later(), by=None)

    assert str(refusal.value) == "The address “one” belongs to “First”. Choose another."
    assert Schedule.objects.count() == 0


def test_schedule_of_another_articles_revision_is_an_error():
    article, other = make_article(), make_article()

    with pytest.raises(ValueError, match="is not of article"):
        publishing.schedule(article, due_at=later(), by=None, revision=other.latest_revision)


def test_schedule_seals_its_revision():
    article = make_article()
    Revision.objects.update(is_sealed=False)

    publishing.schedule(article, due_at=later(), by=None)

    assert fresh(article.latest_revision).is_sealed


def test_cancel_schedules_calls_off_one_kind(editor):
    article = make_public()
    publishing.schedule(article, due_at=later(), by=editor)
    publishing.schedule(article, due_at=later(), by=editor, action="unpublish")

    number = publishing.cancel_schedules(article, by=editor)

    assert number == 1
    assert outcomes(article) == [("publish", CANCELLED, "Called off."), ("unpublish", PENDING, "")]


def test_carry_out_due_keeps_a_refusal_with_its_schedule():
    article = make_scheduled("One", slug="one")
    make_public("Other", slug="one")
    version = current()

    done = publishing.carry_out_due(now=later(days=2))

    assert (done, fresh(article).state, current()) == (0, "draft", version)
    assert outcomes(article) == [
        ("publish", FAILED, "The address “one” belongs to “Other”. Choose another.")
    ]
    assert publishing.carry_out_due(now=later(days=2)) == 0


def test_carry_out_due_of_an_article_in_the_trash():
    article = make_scheduled()
    Article.objects.update(state="trashed")

    publishing.carry_out_due(now=later(days=2))

    assert outcomes(article) == [
        ("publish", FAILED, "This article is in the trash. Take it out first.")
    ]


def test_carry_out_due_after_its_planner_has_left(editor):
    article = make_scheduled(by=editor)
    editor.delete()

    publishing.carry_out_due(now=later(days=2))

    assert fresh(article).state == "live"


def test_carry_out_due_in_order_of_time():
    first, second = make_article("Same"), make_article("Same")
    publishing.schedule(second, due_at=later(hours=1), by=None)
    publishing.schedule(first, due_at=later(hours=2), by=None)

    publishing.carry_out_due(now=later(hours=3))

    assert (fresh(second).slug, fresh(first).slug) == ("same", "same-2")


def test_carry_out_due_goes_on_after_a_failure(monkeypatch):
    first = make_scheduled("First", due_at=later(hours=1))
    second = make_scheduled("Second", due_at=later(hours=2))
    fail_for(monkeypatch, first, RuntimeError("fault"))

    done = publishing.carry_out_due(now=later(hours=3))

    assert (done, fresh(first).state, fresh(second).state) == (1, "draft", "live")
    assert outcomes(first) == [
        ("publish", FAILED, "Something went wrong. The server's log has the details.")
    ]


@pytest.mark.parametrize("error", [IntegrityError, DataError])
def test_carry_out_due_is_not_held_up_by_words_that_the_database_refuses(monkeypatch, error):
    first = make_scheduled("First", due_at=later(hours=1))
    second = make_scheduled("Second", due_at=later(hours=2))
    fail_for(monkeypatch, first, error("fault"))

    for _round in range(2):
        try:
            publishing.carry_out_due(now=later(hours=3))
        except error:
            pass

    assert (fresh(first).state, fresh(second).state) == ("draft", "live")


def test_carry_out_due_waits_while_the_database_is_away(monkeypatch):
    article = make_scheduled()
    fail_for(monkeypatch, article, OperationalError("gone"))

    with pytest.raises(OperationalError):
        publishing.carry_out_due(now=later(days=2))
    monkeypatch.undo()

    assert outcomes(article) == [("publish", PENDING, "")]
    assert publishing.carry_out_due(now=later(days=2)) == 1


def fail_for(monkeypatch, article, error):
    index = search.index

    def failing(entered, **words):
        if entered == article:
            raise error
        return index(entered, **words)

    monkeypatch.setattr(search, "index", failing)


def test_schedule_that_another_worker_has_claimed_is_left_alone(monkeypatch):
    article = make_scheduled("One")
    carry_out = schedules._carry_out
    other_worker = []

    def after_another_worker(pk):
        other_worker.append(carry_out(pk))
        change_draft(article, title="Two")
        publishing.publish(article, by=None)
        return carry_out(pk)

    monkeypatch.setattr(schedules, "_carry_out", after_another_worker)
    done = publishing.carry_out_due(now=later(days=2))

    assert (other_worker, done, fresh(article).title) == ([1], 0, "Two")


def in_threads(*functions):
    """What each function gave back or raised, run at the same time."""
    results = [None] * len(functions)

    def run(number, function):
        try:
            results[number] = function()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(number, function))
        for number, function in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_do_everything_once():
    ada = make_author("Ada")
    for number in range(4):
        make_scheduled(f"Title {number}", authors=[ada], tags=["Oil"])

    done = in_threads(*[lambda: publishing.carry_out_due(now=later(days=2))] * 3)

    assert sum(done) == 4
    assert (counts(), counts() == recount()) == ({"Ada": 4, "Oil": 4}, True)
    assert Schedule.objects.filter(outcome=DONE).count() == 4


@pytest.mark.django_db(transaction=True)
def test_editors_at_the_same_time_lose_no_count():
    ada = make_author("Ada")
    articles = [make_article(authors=[ada], tags=["Oil", "Gas"]) for _number in range(4)]

    done = in_threads(*[partial(publishing.publish, article, by=None) for article in articles])

    assert done == articles
    assert counts() == recount()
    assert counts()["Ada"] == Article.objects.public().count() == 4


@pytest.mark.django_db(transaction=True)
def test_editors_at_the_same_time_get_addresses_of_their_own():
    articles = [make_article("Same") for _number in range(3)]

    done = in_threads(*[partial(publishing.publish, article, by=None) for article in articles])

    assert done == articles
    assert sorted(Article.objects.values_list("slug", flat=True)) == ["same", "same-2", "same-3"]


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_editor_and_worker_on_one_article_do_not_block_each_other():
    article = make_scheduled("One")
    done = []
    worker = threading.Thread(
        target=lambda: done.extend(in_threads(lambda: publishing.carry_out_due(now=later(days=2))))
    )

    with transaction.atomic():
        base.lock(article)
        worker.start()
        wait_until_somebody_waits()
        publishing.publish(article, by=None)
    worker.join(30)

    assert done == [0]
    assert fresh(article).state == "live"
    assert outcomes(article) == [("publish", CANCELLED, "Published by hand before.")]


def wait_until_somebody_waits():
    for _time in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("Nobody waits.")


# Authors and tags.


def test_save_author_goes_live_at_once(client):
    ada = make_author("Ada")
    make_public(authors=[ada], slug="one")
    version = current()

    ada = fresh(ada)
    ada.name, ada.role = "Ada Lovelace", "Analyst"
    publishing.save_author(ada)

    shown = client.get("/articles/one/").content.decode()
    assert ("Ada Lovelace" in shown, "Analyst" in shown, ada.slug) == (True, True, "ada")
    assert current() != version


def test_save_author_that_was_opened_before_a_publish_keeps_the_counts(client):
    opened = make_author("Ada")
    make_public(authors=[opened])

    opened.role = "Analyst"
    publishing.save_author(opened)

    assert counts() == recount() == {"Ada": 1}
    assert (fresh(opened).role, status(client, "/authors/ada/")) == ("Analyst", 200)


def test_save_tag_that_was_opened_before_a_publish_keeps_the_counts(client):
    opened = publishing.tag_named("Oil")
    make_public(tags=["Oil"])

    opened.description = "Black"
    publishing.save_tag(opened)

    assert counts() == recount() == {"Oil": 1}
    assert (fresh(opened).description, status(client, "/tags/oil/")) == ("Black", 200)


@pytest.mark.parametrize("name", ["\x01", "\u200b\u2060", "\u0301", "\u3164"])
def test_save_author_under_a_name_of_which_nothing_shows_is_refused(name):
    author = make_author("Ada")
    author.name = name

    with pytest.raises(PublishingError) as refusal:
        publishing.save_author(author)

    assert str(refusal.value) == "Give it a name: of this one there is nothing to see."


def test_save_author_under_a_taken_address_is_refused():
    make_author("Ada")

    with pytest.raises(PublishingError) as refusal:
        make_author("Eve", slug="ada")

    assert str(refusal.value) == "The address “ada” belongs to “Ada”. Choose another."
    assert make_author("Ada").slug == "ada-2"


def test_save_author_under_a_former_address_of_another_is_refused():
    ada = make_author("Ada")
    ada.slug = "countess"
    publishing.save_author(ada)

    with pytest.raises(PublishingError) as refusal:
        make_author("Eve", slug="ada")

    assert str(refusal.value) == (
        "The address /authors/ada/ is a former address of “Ada”. Choose another."
    )
    assert make_author("Ada").slug == "ada-2"


@pytest.mark.parametrize(
    "name",
    ["North-South Corridor", "north south corridor", "NORTH–SOUTH  CORRIDOR",
     "Nórth Söuth Cörridor",
     "NorthSouthCorridor", "north_south.corridor!"],
)  # fmt: skip
def test_tag_named_finds_a_tag_however_it_is_written(name):
    tag = publishing.tag_named("North–South Corridor")

    assert publishing.tag_named(name) == tag
    assert Tag.objects.count() == TagAlias.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Oil", "oil"), ("Ölpreis", "ölpreis"), ("2026", "tag-2026"), ("Feed", "tag-feed"),
     ("Tag", "tag-tag"), ("С-400", "с-400"), ("نفت", "نفت"), ("x²", "x2")],
)  # fmt: skip
def test_tag_named_makes_a_tag(name, slug, client):
    article = make_public(tags=[name])

    tag = Tag.objects.get()
    assert (tag.name, tag.slug, tag.article_count) == (name, slug, 1)
    assert [alias.name for alias in tag.aliases.all()] == [name]
    assert status(client, tag.get_absolute_url()) == 200
    assert [row.tag for row in article.article_tags.all()] == [tag]


@pytest.mark.parametrize("name", ["x" * 120, "word " * 30, "ß" * 100, "ﷺ" * 20, "é" * 101])
def test_tag_named_with_a_long_name_is_one_tag(name):
    first, again = make_public(tags=[name]), make_public(tags=[name])

    assert [row.tag for row in first.article_tags.all()] == [
        row.tag for row in again.article_tags.all()
    ]
    assert Tag.objects.count() == 1


@pytest.mark.parametrize("name", ["", " ", "–", "…", "🙂", "\u200b", "\u3164"])
def test_tag_named_nothing_is_an_error(name):
    with pytest.raises(ValueError, match="holds no letter or digit"):
        publishing.tag_named(name)


def test_tags_of_a_draft_are_made_when_it_is_published():
    article = make_article(tags=["Oil", "OIL", "–", "Gas"])
    assert Tag.objects.count() == 0

    publishing.publish(article, by=None)

    assert [row.tag.name for row in article.article_tags.all()] == ["Oil", "Gas"]


def test_save_tag_keeps_former_names(client):
    article = make_public(tags=["Oil"])
    tag = Tag.objects.get()

    tag.name = "Petroleum"
    publishing.save_tag(tag, aliases=["Crude"])
    change_draft(article, tags=["OIL", "crude", "Petroleum"])
    publishing.publish(article, by=None)

    assert sorted(tag.aliases.values_list("name", flat=True)) == ["Crude", "Oil", "Petroleum"]
    assert (Tag.objects.get(), tag.slug) == (tag, "oil")
    assert counts() == recount() == {"Petroleum": 1}


def test_save_tag_takes_aliases_away_or_leaves_them_alone():
    tag = publishing.save_tag(Tag(name="Oil"), aliases=["Crude", "Petrol"])

    publishing.save_tag(tag)
    kept = sorted(tag.aliases.values_list("name", flat=True))
    publishing.save_tag(tag, aliases=["Petrol", "oil"])

    assert kept == ["Crude", "Oil", "Petrol"]
    assert sorted(tag.aliases.values_list("name", flat=True)) == ["Oil", "Petrol"]


def test_save_tag_under_another_spelling_of_its_name():
    tag = publishing.save_tag(Tag(name="north south"))

    tag.name = "North–South"
    publishing.save_tag(tag, aliases=[])

    assert list(tag.aliases.values_list("name", flat=True)) == ["North–South"]


@pytest.mark.parametrize(
    ("name", "aliases", "sentence"),
    [
        ("OIL", [], "“OIL” already leads to the tag “Oil”."),
        ("Crude", [], "“Crude” already leads to the tag “Oil”."),
        ("Gas", ["cru-de"], "“cru-de” already leads to the tag “Oil”."),
        ("Gas", ["–"], "“–” holds no letter or digit. Give it a name."),
        ("…", [], "“…” holds no letter or digit. Give it a name."),
    ],
)
def test_save_tag_under_a_taken_name_is_refused(name, aliases, sentence):
    publishing.save_tag(Tag(name="Oil"), aliases=["Crude"])

    with pytest.raises(PublishingError) as refusal:
        publishing.save_tag(Tag(name=name), aliases=aliases)

    assert str(refusal.value) == sentence
    assert Tag.objects.count() == 1


def test_two_names_of_one_tag_count_once():
    publishing.save_tag(Tag(name="Oil"), aliases=["Crude"])

    make_public(tags=["Oil", "Crude"])

    assert counts() == recount() == {"Oil": 1}


def test_counts_are_right_after_any_change_of_names():
    ada, eve = make_author("Ada"), make_author("Eve")
    article = make_public(authors=[ada], tags=["Oil", "Gas"])
    make_public(authors=[ada, eve], tags=["Gas"])
    seen = []

    for bylines, tags in (([eve], ["Gas"]), ([], []), ([eve, ada], ["Oil"]), ([ada], ["Oil"])):
        change_draft(article, bylines=[author.uid for author in bylines], tags=tags)
        publishing.publish(article, by=None)
        seen.append((counts(), counts() == recount()))
    publishing.unpublish(article, by=None)

    assert seen == [
        ({"Ada": 1, "Eve": 2, "Oil": 0, "Gas": 2}, True),
        ({"Ada": 1, "Eve": 1, "Oil": 0, "Gas": 1}, True),
        ({"Ada": 2, "Eve": 2, "Oil": 1, "Gas": 1}, True),
        ({"Ada": 2, "Eve": 1, "Oil": 1, "Gas": 1}, True),
    ]
    assert counts() == recount() == {"Ada": 1, "Eve": 1, "Oil": 0, "Gas": 1}


# What comes out is safe and whole.


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//evil.example"]
)
def test_related_address_that_runs_script_never_reaches_readers(address, client):
    article = make_article(slug="one", related=[{"url": address, "title": "words"}])
    try:
        publishing.publish(article, by=None)
    except PublishingError:
        return

    shown = client.get("/articles/one/").content.decode()

    assert f'href="{address}"' not in shown


def test_related_address_of_this_site_is_a_reference(client):
    target = make_withdrawn("Target", slug="target")

    make_public(slug="one", related=[{"url": f"http://testserver{target.get_absolute_url()}"}])

    assert b"/articles/target/" not in client.get("/articles/one/").content


@pytest.mark.parametrize("field", ["title", "standfirst", "body"])
@pytest.mark.parametrize("character", ["\x02", "\x1f", "\ufffe"])
def test_control_characters_break_no_page(field, character, client):
    words = {"title": "A title", "standfirst": "Why", "body": "<p>one two</p>"}
    words[field] = words[field].replace(" ", f" {character}") + character

    make_public(**words, slug="one")

    seen = readers_see(client, "/articles/one/")
    assert [path for path, (code, _content) in seen.items() if code != 200] == []


# The content version.


def test_version_is_raised_by_what_readers_can_see():
    article = make_article(tags=["Oil"])
    other = make_article()
    ada, oil = make_author("Ada"), publishing.tag_named("Oil")
    verbs = [
        lambda: publishing.create(Words(title="x"), by=None),
        lambda: change_draft(article, title="Two"),
        lambda: publishing.publish(article, by=None),
        lambda: change_draft(article, title="Three"),
        lambda: publishing.restore(article, article.latest_revision, by=None),
        lambda: publishing.schedule(other, due_at=later(), by=None),
        lambda: publishing.cancel_schedules(other, by=None),
        lambda: publishing.schedule(other, due_at=later(), by=None),
        lambda: publishing.carry_out_due(now=timezone.now()),
        lambda: publishing.carry_out_due(now=later(days=1)),
        lambda: publishing.unpublish(article, by=None),
        lambda: publishing.save_author(ada),
        lambda: publishing.save_tag(oil),
    ]
    raised = []

    for verb in verbs:
        version = current()
        verb()
        raised.append(current() != version)

    assert raised == [
        False, False, True, False, False, False, False, False, False, True, True, True, True,
    ]  # fmt: skip


# What the database itself refuses.


@pytest.mark.parametrize(
    "values",
    [
        {"title": ""},
        {"slug": ""},
        {"slug": None},
        {"live_revision": None},
        {"first_published_at": None},
        {"updated_at": None},
    ],
)
def test_database_refuses_a_live_article_that_is_incomplete(values):
    article = make_public()

    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=article.pk).update(**values)

    assert status_of_row(article) == "live"


def test_database_refuses_to_make_a_draft_live():
    article = make_article()

    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=article.pk).update(state="live")

    assert status_of_row(article) == "draft"


def status_of_row(article):
    return Article.objects.values_list("state", flat=True).get(pk=article.pk)


def test_database_refuses_one_address_for_two():
    first, second = make_public(), make_public()

    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=second.pk).update(slug=first.slug)


def test_database_refuses_a_name_that_leads_to_two_tags():
    publishing.tag_named("Oil")
    gas = publishing.tag_named("Gas")

    with pytest.raises(IntegrityError), transaction.atomic():
        TagAlias.objects.create(tag=gas, name="oil", key="oil")
    with pytest.raises(IntegrityError), transaction.atomic():
        TagAlias.objects.create(tag=gas, name="–", key="")


def test_database_refuses_a_second_plan_for_the_same():
    article = make_scheduled()
    row = Schedule.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Schedule.objects.create(
            article=article, action="publish", revision=row.revision, due_at=row.due_at
        )


@pytest.mark.parametrize(
    "targets",
    [{}, {"article": True, "tag": True}, {"article": True, "is_gone": True}, {"path": "relative/"}],
)
def test_database_refuses_a_redirect_that_leads_nowhere_or_to_two(targets):
    article, tag = make_public(), publishing.tag_named("Oil")
    values = {
        "path": targets.get("path", "/old/"),
        "article": article if targets.get("article") or "path" in targets else None,
        "tag": tag if targets.get("tag") else None,
        "is_gone": targets.get("is_gone", False),
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        Redirect.objects.create(**values)


def test_deleting_what_is_named_or_cited_is_refused():
    ada, target = make_author("Ada"), make_article()
    person, subject = make_author("Cited"), publishing.tag_named("Cited")
    article = make_public(
        authors=[ada], tags=["Oil"],
        body=f"<p>{cite(target)} {cite(person)} {cite(subject)}</p>",
    )  # fmt: skip

    for row in (ada, Tag.objects.get(name="Oil"), target, person, subject):
        with pytest.raises(ProtectedError), transaction.atomic():
            row.delete()
    with pytest.raises(RestrictedError), transaction.atomic():
        article.live_revision.delete()

    assert Reference.objects.count() == 3


def test_deleting_what_a_draft_cites_is_refused():
    target = make_article()
    make_article(body=f"<p>{cite(target)}</p>")

    with pytest.raises(ProtectedError), transaction.atomic():
        target.delete()


def test_revision_that_is_planned_is_protected():
    article = make_scheduled()
    planned = article.latest_revision
    change_draft(article, title="Two")

    with pytest.raises(RestrictedError), transaction.atomic():
        planned.delete()


def test_article_that_cites_itself_can_be_deleted():
    article = make_article(body="<h2>A</h2><p>b</p>")
    change_draft(article, body=f'<h2 id="s-a">A</h2><p>{cite(article, section="s-a")}</p>')

    erase(article)

    assert (fresh(article).state, Revision.objects.count()) == ("deleted", 0)
