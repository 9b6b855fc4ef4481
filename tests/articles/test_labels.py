"""Names that every process remembers are never older than what was committed."""

import pytest
from django.db import connection, transaction

from articles import labels, publishing
from articles.models import Image, Tag
from articles.site import one_request
from authors.models import Author
from tests.factories import cite, make_author, make_image, make_public

pytestmark = pytest.mark.django_db


def settle():
    """What PostgreSQL leaves for the end of a transaction, which in a test never comes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


PAGES = ("/", "/articles/", "/articles/named/", "/authors/ada/", "/tags/ports/", "/feed/")


@pytest.fixture
def named():
    author = make_author("Ada", photo=make_image("Ada's face"))
    make_public("Named", authors=[author], tags=["Ports"], body=f"<p>By {cite(author)}.</p>")
    return author


def test_renamed_author_and_tag_have_their_new_names_everywhere_at_once(client, named):
    for path in PAGES:
        client.get(path)
    tag = Tag.objects.get(name="Ports")

    named.name, tag.name = "Grace", "Harbours"
    publishing.save_author(named)
    publishing.save_tag(tag)

    for path in PAGES:
        page = client.get(path).content.decode()
        assert (path, "Ada<" in page, ">Ports<" in page) == (path, False, False)
        assert ("Grace" in page, "Harbours" in page) != (False, False)


@pytest.mark.parametrize(
    ("model", "change", "path", "words"),
    [
        (Author, {"name": "Grace"}, "/articles/named/", "Grace"),
        (Author, {"slug": "grace"}, "/articles/named/", "/authors/grace/"),
        (Tag, {"name": "Harbours"}, "/articles/named/", "Harbours"),
        (Image, {"file": "pictures/aa/other.webp"}, "/articles/named/", "pictures/aa/other"),
    ],
)
def test_raw_change_of_what_is_remembered_shows_at_once(client, named, model, change, path, words):
    assert words not in client.get(path).content.decode()

    model.objects.update(**change)
    settle()

    assert words in client.get(path).content.decode()


def test_author_that_a_raw_change_merges_is_named_as_the_other_at_once(client, named):
    grace = make_author("Grace")
    assert "Ada" in client.get("/articles/named/").content.decode()

    Author.objects.filter(pk=named.pk).update(merged_into=grace, merged_with=grace)
    settle()

    page = client.get("/articles/named/").content.decode()
    assert ("Ada" in page, "Grace" in page, "/authors/grace/" in page) == (False, True, True)


def test_author_who_isnt_known_any_more_is_no_link(client, named):
    other = make_public("Other", body=f"<p>By {cite(named, 'her')}.</p>")
    path = other.get_absolute_url()
    assert '<a href="/authors/ada/">her</a>' in client.get(path).content.decode()

    Author.objects.update(first_public_at=None)
    settle()

    assert "<p>By her.</p>" in client.get(path).content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_remembered(named):
    class Undone(Exception):
        pass

    def rename_in_vain():
        with one_request(reads=False), transaction.atomic():
            Author.objects.filter(pk=named.pk).update(name="Never")
            assert labels.authors([named.pk])[named.pk].name == "Never"
            raise Undone

    with pytest.raises(Undone):
        rename_in_vain()

    with one_request(reads=True):
        assert labels.authors([named.pk])[named.pk].name == "Ada"


def test_names_are_looked_up_once_for_each_version(named, django_assert_num_queries):
    with one_request(reads=True):
        labels.authors([named.pk])

    # The version is asked for, and the author is not.
    with one_request(reads=True), django_assert_num_queries(1):
        again = labels.authors([named.pk])

    assert again[named.pk].name == "Ada"
