"""The newsroom's list of articles: what its search, filters and orders find, and by what."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from articles import publishing
from articles.admin.article_list import ArticleList, PagesByKey, PickerPages
from articles.models import Article, Tag
from tests import html
from tests.factories import (
    change_draft,
    erase,
    make_article,
    make_author,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/articles/article/"


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def titles(desk, **query):
    """The titles on a page of the list, in its order."""
    response = desk.get(LIST, query)
    assert response.status_code == 200
    return html.all_words(response, "//table[@id='result_list']//th/a")


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(ArticleList, "list_per_page", 2)


@pytest.fixture(params=["all keys", "no keys"])
def keys_at_once(request, monkeypatch):
    """With all primary keys looked for at once, and with those of the page and their number."""
    if request.param == "no keys":
        monkeypatch.setattr(PagesByKey, "AT_ONCE", 0)


def test_search_finds_all_words_in_what_is_public_and_in_what_is_newer():
    make_public("Rasht to Astara", standfirst="A gap in the corridor", slug="the-missing-link")
    reworded = make_public("Oil", standfirst="About tankers", slug="oil")
    change_draft(reworded, title="Crude oil", standfirst="About pipelines", slug="crude")
    make_article("Never public", standfirst="Draft words", slug="draft-address")
    make_withdrawn("Withdrawn", standfirst="Words of before")

    def found(*texts):
        articles = Article.objects.order_by("pk")
        for text in texts:
            articles = articles.worded(text)
        return [article.latest_revision.title for article in articles]

    assert found("ASTARA", "gap", "missing-link") == ["Rasht to Astara"]
    assert found("rasht", "tankers") == []
    for text in ("tanker", "about pipe", "crude", "oil", "crude oil"):
        assert found(text) == ["Crude oil"]
    assert found("draft words") == found("draft-address") == ["Never public"]
    assert found("before") == ["Withdrawn"]
    assert found("100%") == found("_") == []


def test_list_is_searched_by_words_and_by_what_stands_in_quotation_marks(desk):
    make_public("North and south", standfirst="One")
    make_public("South and north", standfirst="Two")
    publishing.trash(make_article("South in the trash"), by=None)
    erase(make_public("South for ever"))

    assert titles(desk, q="south north") == ["South and north", "North and south"]
    assert titles(desk, q='"and south"') == ["North and south"]
    assert titles(desk, q="south two") == ["South and north"]


def test_list_of_an_author_goes_by_the_newest_words(desk):
    ana, ben = make_author("Ana"), make_author("Ben")
    make_public("By Ana", authors=[ana])
    change_draft(make_public("Now by Ben", authors=[ana]), bylines=[ben.uid])
    change_draft(make_public("Now by Ana", authors=[ben]), bylines=[ben.uid, ana.uid])
    make_withdrawn("Withdrawn", authors=[ana])
    make_article("Draft", authors=[ana])
    make_article("Page", authors=[ana], kind=Article.Kind.PAGE)
    publishing.publish(make_article("Live page", authors=[ana], kind="page"), by=None)

    assert sorted(titles(desk, author=ana.uid)) == [
        *("By Ana", "Draft", "Live page", "Now by Ana", "Page", "Withdrawn")
    ]
    assert sorted(titles(desk, author=ben.uid)) == ["Now by Ana", "Now by Ben"]
    assert list(Article.objects.naming([])) == []


def test_list_of_a_kind_has_all_of_that_kind_and_nothing_else(desk):
    for kind in Article.Kind:
        make_article(f"A {kind.value}", kind=kind)

    shown = {kind: titles(desk, kind__exact=kind) for kind in ("article", "page", "series", "x")}

    assert shown == {"article": ["A article"], "page": ["A page"], "series": ["A series"], "x": []}


def test_counts_beside_the_filters_are_those_of_their_lists(desk):
    ana, ben, namesake = make_author("Ana"), make_author("Ben"), make_author("Anna")
    make_public("Oil", authors=[ana, namesake], tags=["Oil", "Petroleum"])
    make_public("Gas", authors=[namesake], tags=["Gas", "Petroleum"])
    change_draft(make_public("Anew", authors=[ana], tags=["Gas"]), bylines=[ben.uid, namesake.uid])
    make_withdrawn("Withdrawn", authors=[ben], tags=["Oil"])
    make_article("Page", authors=[ana], kind=Article.Kind.PAGE)
    publishing.trash(make_article("Trash", authors=[ana]), by=None)
    publishing.merge_author(namesake, ana, by=None)
    publishing.merge_tag(Tag.objects.get(name="Petroleum"), Tag.objects.get(name="Oil"), by=None)

    for narrowed in ({}, {"state": "live"}, {"q": "oil"}):
        page = desk.get(LIST, narrowed | {"_facets": "True"})
        shown = [
            re.fullmatch(r"(.*) \((\d+)\)", words).groups()
            for words in html.all_words(page, "//*[@data-filter-title='author']//li[a]/a")[1:]
        ]
        assert [(name, int(number)) for name, number in shown] == [
            (author.name, len(titles(desk, author=author.uid, **narrowed))) for author in (ana, ben)
        ]
        for tag in Tag.objects.listed():
            number = len(titles(desk, tag=tag.slug, **narrowed))
            assert f"{tag.name} ({number})" in page.content.decode()


@pytest.mark.parametrize(("order", "expected"), [("1", "ABCDE"), ("-1", "EDCBA")])
def test_list_in_order_of_the_titles_goes_by_the_newest_words(
    desk, small_pages, keys_at_once, order, expected
):
    make_public("B")
    change_draft(make_public("A"), title="D")
    make_article("C")
    make_withdrawn("E")
    make_public("A")

    pages = [titles(desk, o=order, p=page) for page in (1, 2, 3)]

    assert pages == [list(expected[:2]), list(expected[2:4]), list(expected[4:])]


def test_pages_of_the_list_show_each_article_once_and_say_how_many_there_are(
    desk, small_pages, keys_at_once
):
    for number in range(5):
        make_public(f"Tagged {number}", tags=["Oil"])
    make_public("Another")

    pages = [titles(desk, tag="oil", p=page) for page in (1, 2, 3)]
    whole = titles(desk, tag="oil", all="")
    response = desk.get(LIST, {"tag": "oil"})
    beyond = desk.get(LIST, {"tag": "oil", "p": 4})

    expected = [f"Tagged {number}" for number in (4, 3, 2, 1, 0)]
    assert pages == [expected[:2], expected[2:4], expected[4:]]
    assert whole == expected
    assert html.words(html.parse(response).xpath("//*[contains(@class, 'paginator')]")[0]).endswith(
        "5 articles Show all"
    )
    assert beyond.status_code == 302


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "query",
    [
        *({"p": 2}, {"q": "words"}, {"q": "words of more"}, {"state": "live"}, {"o": "1"}),
        *({"o": "-1"}, {"o": "2"}, {"o": "5"}, {"kind__exact": "article"}),
        *({"tag": "oil"}, {"author": "ana"}, {"first_published_at__gte": "2020-01-01 00:00Z"}),
    ],
    ids=str,
)
def test_list_is_counted_and_turned_without_reading_the_rows(
    desk, small_pages, keys_at_once, query
):
    author = make_author("Ana")
    if "author" in query:
        query = {"author": author.uid}
    for _ in range(3):
        make_public("Words", standfirst="Some more of words", authors=[author], tags=["Oil"])
    asked = []

    def note(execute, sql, params, many, context):
        if re.match(r'SELECT (COUNT|"articles_article"."id" AS "pk")', sql):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        shown = titles(desk, **query)
    steps = set()
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            steps |= {step for *_place, step in cursor.fetchall() if " articles_article" in step}

    assert shown
    assert steps == {"SCAN articles_article USING COVERING INDEX article_in_newsroom"}


def test_picker_counts_nothing(desk, monkeypatch):
    for pages in (PagesByKey, PickerPages):
        monkeypatch.setattr(pages, "AT_ONCE", 30)
    for number in range(32):
        make_article(f"Oil {number}")
    field = {"app_label": "articles", "model_name": "pick", "field_name": "article", "term": "oil"}

    with CaptureQueriesContext(connection) as asked:
        first = desk.get(reverse("admin:autocomplete"), field).json()
    counted = [query["sql"] for query in asked if "COUNT(" in query["sql"]]
    second = desk.get(reverse("admin:autocomplete"), field | {"page": "2"}).json()

    assert not counted
    assert (len(first["results"]), first["pagination"]["more"]) == (20, True)
    assert (len(second["results"]), second["pagination"]["more"]) == (12, False)
