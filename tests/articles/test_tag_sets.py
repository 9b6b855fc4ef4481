"""The sets in memory are those of the database: under every version, in every process."""

import os
import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from articles import publishing, tag_sets
from articles.content_version import raise_version
from articles.models import Article, ArticleTag, Tag
from articles.page_server import PageServer
from articles.paging import PER_PAGE
from articles.prepared import Prepared
from articles.site import one_request
from authors.models import Author
from irb_site.environment import PROJECT
from tests.factories import change_draft, make_author, make_public
from tests.service import database_url

pytestmark = pytest.mark.django_db

START = datetime(2025, 11, 29, 12, tzinfo=UTC)
NAMES = ("Ports", "Rail", "Oil", "Wheat", "Treaties")


def now():
    """The sets as a request that reads has them."""
    with one_request(reads=True):
        return tag_sets.current()


def of_tag(sets, name):
    return set(sets.by_slug[name.lower()].articles)


def difference():
    """Where the sets in memory and the database say different things."""
    sets = now()
    public = Article.objects.public().articles()
    wrong = [
        tag.name
        for tag in Tag.objects.known()
        if set(sets.by_pk[tag.pk].articles) != {row.pk for row in public.filter(tags=tag)}
    ]
    wrong += [
        author.name
        for author in Author.objects.known()
        if set(sets.authors[author.pk]) != {row.pk for row in public.filter(bylines__author=author)}
    ]
    for subject in sets.subjects:
        selection = sets.selection([subject])
        in_order = list(public.filter(tags=subject.pk).newest_first().values_list("pk", flat=True))
        pages = [selection.page(offset) for offset in range(0, len(in_order) + 1, PER_PAGE)]
        if [pk for page in pages for pk in page] != in_order:
            wrong.append((subject.name, "order"))
        dates = public.filter(tags=subject.pk).values_list("first_published_at", flat=True)
        months = Counter((day.year, day.month) for day in map(timezone.localtime, dates))
        if {(year, month): n for year, month, n in selection.by_month} != months:
            wrong.append((subject.name, "months"))
    return wrong


@pytest.mark.parametrize("seed", range(6))
def test_sets_are_those_of_the_database_whatever_editors_do(seed):
    chance = random.Random(seed)
    authors = [make_author(name) for name in ("Ada", "Grace", "Mary")]

    for _act in range(25):
        articles = list(Article.objects.order_by("pk"))
        act = chance.choice(["new", "new", "retag", "take away", "bring back", "retitle"])
        words = {
            "tags": chance.sample(NAMES, chance.randint(0, 4)),
            "authors": chance.sample(authors, chance.randint(0, 2)),
        }
        article = chance.choice(articles) if articles else None
        if act == "new" or article is None:
            make_public(at=START + timedelta(hours=chance.randrange(2000)), **words)
        elif act == "retag":
            change_draft(article, tags=words["tags"], bylines=[one.uid for one in words["authors"]])
            publishing.publish(article, by=None)
        elif act == "retitle":
            change_draft(article, title=f"Title {chance.random()}")
            publishing.publish(article, by=None)
        elif act == "take away" and article.state == "live":
            publishing.unpublish(article, by=None)
        elif act == "bring back" and article.state == "withdrawn":
            publishing.publish(article, by=None)
        if chance.random() < 0.7:
            assert difference() == []

    assert difference() == []


@pytest.mark.parametrize("loaded_at_once", [1, 256])
def test_moments_are_exact_to_the_microsecond_and_of_any_age(monkeypatch, loaded_at_once):
    monkeypatch.setattr(tag_sets, "LOADED_AT_ONCE", loaded_at_once)
    monkeypatch.setattr(tag_sets, "MOMENTS_AT_ONCE", 2)
    # Written anew, for so few at a time.
    monkeypatch.setattr(tag_sets, "_moments_before", Prepared(tag_sets._moments_before._make))
    dates = [
        START,
        START,
        START,
        START + timedelta(microseconds=1),
        START + timedelta(microseconds=100_000),
        START + timedelta(microseconds=999_999),
        START + timedelta(seconds=1),
        datetime(1907, 8, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ]
    articles = {make_public(at=date, tags=["Ports"]).pk: date for date in dates}

    months = now().months.newest_first

    assert difference() == []
    assert [
        (tag_sets.EPOCH + timedelta(microseconds=moment), pk)
        for month in months
        for moment, pk in zip(month.moments, month.newest_first, strict=True)
    ] == sorted(((date, pk) for pk, date in articles.items()), reverse=True)


def test_month_is_one_of_the_publication_s_own_time_zone(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    make_public(at=datetime(2025, 11, 30, 22, 59, tzinfo=UTC), tags=["Ports"])
    make_public(at=datetime(2025, 11, 30, 23, 0, tzinfo=UTC), tags=["Ports"])

    sets = now()

    assert sets.selection([sets.by_slug["ports"]]).by_month == [(2025, 12, 1), (2025, 11, 1)]


def test_articles_of_one_moment_stand_in_the_order_of_their_keys():
    articles = [make_public(at=START, tags=["Ports"]) for _number in range(3)]

    sets = now()

    keys = [article.pk for article in reversed(articles)]
    assert sets.selection([sets.by_slug["ports"]]).page() == keys


# Whether a process knows the articles of tags before anybody asks for them.
STARTED = """
from irb_site.wsgi import application
from articles import site
print([len(sets) for name, sets in site._kept.items() if name == "sets of each tag"])
"""


@pytest.mark.django_db(transaction=True)
def test_process_loads_the_sets_before_it_answers(tmp_path):
    make_public(tags=["Ports", "Rail"])
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "irb_site.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url(),
    }

    command = [sys.executable, "-c", STARTED]
    printed = subprocess.run(
        command, cwd=PROJECT, env=environment, check=True, capture_output=True, text=True
    )

    assert printed.stdout == "[2]\n"


def test_process_starts_without_a_database_that_can_be_asked():
    def refuse(*args):
        raise OperationalError("the database is starting up")

    with connection.execute_wrapper(refuse), pytest.raises(OperationalError):
        now()
    with connection.execute_wrapper(refuse):
        PageServer().get_ready()


def test_only_what_has_changed_is_loaded_anew(django_assert_num_queries):
    for tags in (["Ports"], ["Ports", "Rail"], ["Oil"]):
        make_public(at=START, tags=tags, authors=[make_author()])
    before = now()
    article = make_public(at=START + timedelta(1), tags=["Rail"])

    # The version, the site's own words and its menus, editions (2), and of what is new: one set
    # and one date.
    with django_assert_num_queries(7):
        after = now()
    with django_assert_num_queries(1):
        assert now() is after

    assert of_tag(after, "Rail") == of_tag(before, "Rail") | {article.pk}
    same = [name for name in ("ports", "oil")
            if after.by_slug[name].articles is before.by_slug[name].articles]  # fmt: skip
    assert same == ["ports", "oil"]


def editions():
    tags = Tag.objects.order_by("pk").values_list("edition", flat=True)
    return [*tags, *Author.objects.values_list("edition", flat=True)]


def test_edition_is_another_one_only_when_the_articles_are_others():
    article = make_public(at=START, tags=["Ports", "Rail"], authors=[make_author("Ada")])
    first = editions()

    change_draft(article, title="Another title", tags=["Rail", "Ports"])
    publishing.publish(article, by=None)
    retitled = editions()
    change_draft(article, tags=["Rail"])
    publishing.publish(article, by=None)
    retagged = editions()

    assert retitled == first
    assert [one == other for one, other in zip(first, retagged, strict=True)] == [False, True, True]


def test_form_that_was_opened_before_brings_no_edition_back():
    make_public(at=START, tags=["Ports"], authors=[make_author("Ada")])
    tag, author = Tag.objects.get(), Author.objects.get()
    make_public(at=START, tags=["Ports"], authors=[author])
    after = editions()

    tag.description = author.role = "Later words"
    publishing.save_tag(tag)
    publishing.save_author(author)

    assert editions() == after
    assert after[0] != tag.edition
    assert after[1] != author.edition


def test_what_a_transaction_saw_before_it_was_undone_is_forgotten():
    article = make_public(at=START, tags=["Ports"])
    before = of_tag(now(), "Ports")

    with transaction.atomic():
        make_public(at=START, tags=["Ports"])
        during = of_tag(tag_sets.current(), "Ports")
        transaction.set_rollback(True)

    assert (before, len(during)) == ({article.pk}, 2)
    assert of_tag(now(), "Ports") == before


def test_hand_at_the_database_that_changes_a_count_is_noticed():
    first = make_public(at=START, tags=["Ports"])
    second = make_public(at=START)
    now()

    ArticleTag.objects.create(
        content_object=second, tag=Tag.objects.get(), published_at=second.first_published_at
    )
    Tag.objects.update(article_count=2)
    raise_version()

    assert of_tag(now(), "Ports") == {first.pk, second.pk}


def test_many_new_tags_are_loaded_at_once(monkeypatch):
    monkeypatch.setattr(tag_sets, "LOADED_AT_ONCE", 2)
    for name in NAMES:
        make_public(at=START, tags=[name, "Ports"])

    assert difference() == []


def test_nothing_published_makes_empty_sets():
    sets = now()

    assert (sets.subjects, sets.authors, sets.months.newest_first) == ([], {}, [])
