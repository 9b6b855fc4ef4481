"""What goes past the verbs: the database deletes nothing, and a raw change leads nobody astray."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError, RestrictedError

from articles import guards, publishing
from articles.audit import record
from articles.content_version import current
from articles.models import Article, AuditEntry, Image, MenuItem, Pick, SiteSettings, Tag
from articles.rendering import RefToken
from authors.models import Author
from tests import addresses
from tests.factories import cite, make_article, make_author, make_image, make_public

pytestmark = pytest.mark.django_db

REFUSED = (IntegrityError, ProtectedError, RestrictedError)


def execute(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.fixture
def bare():
    """One of each kind, with nothing beside it that would keep it alive."""
    article = make_article("Draft")
    Article.objects.filter(pk=article.pk).update(latest_revision=None)
    article.revisions.all().delete()
    return {
        "articles_article": Article.objects.get(),
        "articles_tag": publishing.tag_named("Ports"),
        "authors_author": make_author("Ada"),
    }


# Deleting


@pytest.mark.parametrize("table", ["articles_article", "articles_tag", "authors_author"])
def test_nothing_that_texts_name_can_be_deleted(bare, table):
    row = bare[table]
    rows = type(row).objects.filter(pk=row.pk)
    ways = [
        row.delete,
        rows.delete,
        lambda: rows._raw_delete(rows.db),
        lambda: execute(f"DELETE FROM {table} WHERE id = %s", row.pk),
        lambda: execute(f"DELETE FROM {table}"),
    ]

    for way in ways:
        with pytest.raises(REFUSED), transaction.atomic():
            way()

    assert rows.exists()


def test_refusal_says_what_to_do_instead(bare):
    with pytest.raises(IntegrityError, match="Articles are taken away by"), transaction.atomic():
        execute("DELETE FROM articles_article")


def test_refused_delete_takes_nothing_along():
    article = make_public("Target", authors=[make_author("Ada")], tags=["Ports"])
    source = make_public("Source", body=f"<p>{cite(article)}</p>")
    before = [model.objects.count() for model in (Article, Author, Tag)]

    for rows in (Article.objects.all(), Tag.objects.all(), Author.objects.all()):
        with pytest.raises(REFUSED), transaction.atomic():
            rows.delete()

    assert [model.objects.count() for model in (Article, Author, Tag)] == before
    assert article.bylines.count() == article.article_tags.count() == 1
    assert source.references.count() == 1


def test_words_of_the_audit_go_with_a_deleted_article_and_are_kept_of_every_other():
    kept = publishing.submit(make_article("Kept"), by=None, note="What I think")
    gone = publishing.submit(make_article("Gone"), by=None, note="What I think")
    tag = publishing.save_tag(Tag(name="Ports"))
    record("changed", by=None, thing=tag, detail="Its name")
    record("deleted", by=None, article=gone)

    for rows in (AuditEntry.objects.filter(article=kept), AuditEntry.objects.filter(article=None)):
        for words in ("", "Something else"):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(detail=words)
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.filter(article=gone).update(detail="Something else")
    AuditEntry.objects.filter(article=gone).update(detail="")

    details = set(AuditEntry.objects.values_list("object_name", "detail"))
    assert {("Kept", "What I think"), ("Gone", ""), ("Ports", "Its name")} <= details
    assert ("Gone", "What I think") not in details


def test_article_outlives_its_user_and_keeps_its_picture():
    user = get_user_model().objects.create_user("somebody")
    image = make_image()
    author = Author.objects.get(pk=make_author("Ada", user=user, photo=image).pk)
    article = make_public("One", by=None, authors=[author], lead_image_id=image.pk)
    Article.objects.filter(pk=article.pk).update(created_by=user)
    article.revisions.update(by=user)

    user.delete()
    with pytest.raises(ProtectedError):
        image.delete()

    article.refresh_from_db()
    assert (article.created_by, article.lead_image) == (None, image)
    assert Author.objects.get().user is None
    assert Image.objects.exists()


@pytest.mark.parametrize("model", ["articles/article", "articles/tag", "authors/author"])
def test_admin_has_no_deletion_of_its_own(client, editor, model):
    make_public("One", authors=[make_author("Ada")], tags=["Ports"])
    client.force_login(editor)
    url = f"/admin/{model}/"
    pk = {"articles/article": Article, "articles/tag": Tag}.get(model, Author).objects.get().pk

    listed = client.get(url)
    forged = {"action": "delete_selected", "_selected_action": [pk], "post": "yes", "index": 0}
    client.post(url, forged)
    single = client.post(f"{url}{pk}/delete/", {"post": "yes"})

    assert b"delete_selected" not in listed.content
    assert single.status_code == 403
    assert [Article.objects.count(), Tag.objects.count(), Author.objects.count()] == [1, 1, 1]
    assert not LogEntry.objects.filter(action_flag=3).exists()


def test_guards_survive_being_installed_again(bare):
    guards.install()

    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.all().delete()


def test_guards_that_were_lost_come_back(bare):
    drop = "DROP TRIGGER articles_tag_kept"
    execute(drop if connection.vendor == "sqlite" else f"{drop} ON articles_tag")

    guards.install()

    with pytest.raises(IntegrityError), transaction.atomic():
        execute("DELETE FROM articles_tag")


# Changing past the verbs


@pytest.fixture
def everywhere():
    """An article to which everything leads that can lead to an article."""
    SiteSettings.objects.create(pk=1, name="The Publication")
    ada = make_author("Ada")
    shared = {"authors": [ada], "tags": ["Ports", "Sea"]}
    target = make_public(
        "Qxtargetxq", slug="qxtarget", body="<h2>The quay</h2><p>Lantern.</p>", **shared
    )
    make_public(
        "Source",
        slug="source",
        body=f"<p>{cite(target)} {cite(target, section='s-the-quay')}</p>",
        related=[{"article": target.uid}],
        **shared,
    )
    make_public(
        "Update", slug="update", relations=[{"kind": "updates", "article": target.uid}], **shared
    )
    make_public("Cited by it", slug="cited", **shared)
    make_public(
        "Series", kind="series", slug="some-parts",
        relations=[
            {"kind": "series", "article": one.uid} for one in Article.objects.articles()
        ],
    )  # fmt: skip
    former = make_public("Former", slug="former")
    publishing.unpublish(former, by=None, lead_to=RefToken("article", target.uid))
    MenuItem.objects.create(place="header", label="Menu", article=target)
    MenuItem.objects.create(place="footer", label="Footer", article=target)
    for place in ("home_lead", "home_row", "start_here"):
        Pick.objects.create(place=place, article=target)
    Pick.objects.create(place="tag_top", article=target, tag=Tag.objects.get(name="Ports"))
    return target


def pages_that_name(client, words):
    """The public pages, feeds and lists on which some words stand."""
    paths = [*addresses.public_paths(), "/search/?q=lantern", "/articles/source/connections/"]
    return {path for path in paths if words in client.get(path).content.decode(errors="replace")}


RAW = {
    "queryset": lambda pk, state: Article.objects.filter(pk=pk).update(state=state),
    "sql": lambda pk, state: execute(
        "UPDATE articles_article SET state = %s WHERE id = %s", state, pk
    ),
}


@pytest.mark.parametrize(
    ("way", "state", "status"),
    [("queryset", "withdrawn", 410), ("sql", "withdrawn", 410), ("sql", "draft", 404)],
)
@pytest.mark.django_db(transaction=True)
def test_raw_change_of_state_leaves_no_link_anywhere(client, everywhere, way, state, status):
    address, version = everywhere.get_absolute_url(), current()
    named_before = pages_that_name(client, address)

    RAW[way](everywhere.pk, state)

    assert len(named_before) > 15
    assert pages_that_name(client, address) == set()
    assert pages_that_name(client, "Qxtargetxq") == set()
    assert client.get(address).status_code == status
    assert client.get("/articles/former/").status_code == 410
    assert current() != version


@pytest.mark.django_db(transaction=True)
def test_raw_change_back_brings_everything_back(client, everywhere):
    address = "/articles/qxtarget/"
    before = pages_that_name(client, address)

    RAW["sql"](everywhere.pk, "withdrawn")
    between = pages_that_name(client, address)
    RAW["sql"](everywhere.pk, "live")

    assert between == set()
    assert pages_that_name(client, address) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "New"}, {"body": "<p>New</p>"}, {"slug": "anew"}, {"standfirst": "New"},
        {"kind": "page"}, {"related": [{"url": "https://example.org/", "title": "x"}]},
        {"language": "de"},
    ],
)  # fmt: skip
@pytest.mark.django_db(transaction=True)
def test_raw_change_of_what_readers_see_raises_the_version(changes):
    article = make_public("One")
    version = current()

    Article.objects.filter(pk=article.pk).update(**changes)

    assert current() != version


@pytest.mark.django_db(transaction=True)
def test_raw_change_that_is_taken_back_changes_no_version():
    article = make_public("One")
    version = current()

    with transaction.atomic():
        Article.objects.filter(pk=article.pk).update(state="withdrawn")
        transaction.set_rollback(True)

    assert current() == version


@pytest.mark.django_db(transaction=True)
def test_what_readers_do_not_see_raises_no_version():
    article = make_article("One")
    version = current()

    article.save()
    Article.objects.filter(pk=article.pk).update(touched_at=article.created_at)

    assert current() == version


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_version_of_a_raw_change_is_raised_at_the_end_of_its_transaction():
    article = make_public("One")

    with transaction.atomic():
        version = current()
        Article.objects.filter(pk=article.pk).update(state="withdrawn")
        assert current() == version

    assert current() != version
