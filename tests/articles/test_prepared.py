"""Queries that are written once say the same as those that Django writes each time."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from articles.models import Article
from articles.prepared import Prepared
from tests.factories import make_article, make_public

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, 30, 15, 123456, tzinfo=UTC)


def test_prepared_query_answers_for_each_value_as_a_new_one_does():
    made = [
        make_public(title, at=AT.replace(day=day), related=[{"url": "https://a.example/%s?"}])
        for day, title in enumerate(("Plain", "100 %", "It's “here”", "Ünïcödé"), start=1)
    ]
    make_article("A draft")
    columns = ("pk", "title", "first_published_at", "related")

    def written(title, date):
        rows = Article.objects.public().filter(Q(title=title) | Q(first_published_at__gt=date))
        return rows.order_by("pk").values_list(*columns)

    prepared = Prepared(written)

    for article in made:
        values = (article.title, article.first_published_at)
        assert prepared(*values) == list(written(*values))
    assert prepared.first("nothing", AT.replace(year=2027)) is None


def test_prepared_query_takes_collections_of_any_length():
    pks = [make_public().pk for _number in range(9)]
    prepared = Prepared(
        lambda wanted: (
            Article.objects.public().filter(pk__in=wanted).order_by("pk").values_list("pk")
        )
    )

    answers = [prepared(pks[:number]) for number in range(10)]

    assert answers == [[(pk,) for pk in pks[:number]] for number in range(10)]


def test_prepared_query_of_nothing_asks_nothing(django_assert_num_queries):
    prepared = Prepared(lambda pks: Article.objects.filter(pk__in=pks).values_list("pk"))

    with django_assert_num_queries(0):
        assert prepared([]) == []


def test_several_queries_are_asked_as_one_each_with_its_order_and_limit():
    made = [make_public(f"Number {number}") for number in range(4)]
    pks = [article.pk for article in made]
    prepared = Prepared(
        lambda pk: [
            Article.objects.filter(pk__lt=pk).order_by("-pk").values_list("pk", "title")[:1],
            Article.objects.filter(pk__gte=pk).order_by("pk").values_list("pk", "title")[:2],
        ]
    )

    with CaptureQueriesContext(connection) as captured:
        rows = prepared(pks[1])

    assert rows == [(pks[0], "Number 0"), (pks[1], "Number 1"), (pks[2], "Number 2")]
    assert len(captured) == 1


def test_value_that_is_changed_on_its_way_is_refused():
    prepared = Prepared(lambda title: Article.objects.filter(title=title + "!").values_list("pk"))

    with pytest.raises(ValueError, match="is changed on its way"):
        prepared("Title")


def test_constants_are_written_out():
    prepared = Prepared(
        lambda pk: (
            Article.objects.public().filter(pk=pk).exclude(title="50 % of 'it'").values_list("pk")
        )
    )
    article = make_public("50 % of 'it'")

    with CaptureQueriesContext(connection) as captured:
        rows = prepared(article.pk)

    assert rows == []
    assert "'live'" in captured[0]["sql"]
