"""Long lists: every page holds what it should, wherever it begins."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from articles import lists, publishing
from articles.models import Article
from articles.periods import ALWAYS, Period
from articles.site import one_request
from authors.models import Author
from tests.factories import change_draft, make_author, make_public

pytestmark = pytest.mark.django_db

START = datetime(2025, 11, 29, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def fifty(shared_db):
    """Articles of which some are of one time."""
    author = make_author("Ada")
    return [
        make_public(
            at=START + timedelta(hours=13 * (number // 2)), authors=[author], tags=["Ports"]
        )
        for number in range(50)
    ]


@pytest.fixture
def shelved(fifty, monkeypatch):
    """Fifty articles, in lists with a milestone after every seven."""
    monkeypatch.setattr(lists, "MILESTONE_EVERY", 7)
    return deepcopy(fifty)


def all_pages(page):
    with one_request(reads=True):
        return [pk for offset in range(0, 60, 20) for pk in page(offset)]


def test_pages_of_every_list_hold_everything_once_and_in_order(shelved):
    newest_first = list(Article.objects.newest_first().values_list("pk", flat=True))
    author, period = shelved[0].authors.get(), ALWAYS

    assert all_pages(lambda offset: lists.by(author.pk, offset)) == newest_first
    assert all_pages(lambda offset: lists.archived(period, offset)) == newest_first


def test_pages_of_an_author_hold_what_merged_ones_have_written_once_and_in_order(shelved):
    ada, others = Author.objects.get(), [make_author("Grace"), make_author("Mary")]
    for number, article in enumerate(shelved[::3]):
        bylines = [[others[0]], [others[1], ada], [others[1], others[0]]][number % 3]
        change_draft(article, bylines=[one.uid for one in bylines])
        publishing.publish(article, by=None)
    for other in others:
        publishing.merge_author(other, ada, by=None)

    newest_first = list(Article.objects.newest_first().values_list("pk", flat=True))
    assert all_pages(lambda offset: lists.by(ada.pk, offset)) == newest_first


def test_every_place_of_a_list_is_found_in_any_order(shelved):
    newest_first = list(Article.objects.newest_first().values_list("pk", flat=True))
    author = Author.objects.get()

    with one_request(reads=True):
        found = {offset: lists.by(author.pk, offset)[:1] for offset in (49, 0, 13, 14, 6, 7, 48)}

    assert found == {offset: [newest_first[offset]] for offset in found}
    with one_request(reads=True):
        assert lists.by(author.pk, 50) == lists.by(author.pk, 500) == []


def test_deep_pages_follow_what_is_published_and_withdrawn(shelved):
    author = Author.objects.get()

    def deep():
        with one_request(reads=True):
            return lists.by(author.pk, 40)

    before = deep()
    newer = make_public(at=START + timedelta(days=60), authors=[author])
    moved = deep()
    publishing.unpublish(newer, by=None)

    assert len(before) == 10
    assert moved[1:] == before
    assert deep() == before


def test_deep_page_takes_as_many_queries_as_the_first(client, shelved, django_assert_num_queries):
    for path in ("/tags/ports/", "/authors/ada/"):
        for page in (1, 3):
            client.get(f"{path}?page={page}")

    for path, page, queries in (
        ("/tags/ports/", 1, 5), ("/tags/ports/", 3, 4),
        ("/authors/ada/", 1, 6), ("/authors/ada/", 3, 5),
    ):  # fmt: skip
        with django_assert_num_queries(queries):
            assert client.get(f"{path}?page={page}").status_code == 200


def test_archive_of_a_month_ends_with_the_month(client, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    last = make_public("Last", at=datetime(2025, 11, 30, 22, 59, 59, tzinfo=UTC))
    first = make_public("First", at=datetime(2025, 11, 30, 23, 0, 0, tzinfo=UTC))
    make_public("Old", at=datetime(2023, 1, 5, tzinfo=UTC))

    with one_request(reads=True):
        counts = lists.counts_by_month()
        months = [lists.archived(Period.of(2025, month)) for month in (10, 11, 12)]
        years = [len(lists.archived(Period.of(year))) for year in (2023, 2024, 2025)]

    assert counts == [(2025, 12, 1), (2025, 11, 1), (2023, 1, 1)]
    assert months == [[], [last.pk], [first.pk]]
    assert years == [1, 0, 2]


def test_months_are_counted_anew_after_a_change():
    make_public(at=START)
    with one_request(reads=True):
        before = lists.counts_by_month()
    make_public(at=START)
    with one_request(reads=True):
        after = lists.counts_by_month()

    assert (before, after) == ([(2025, 11, 1)], [(2025, 11, 2)])
