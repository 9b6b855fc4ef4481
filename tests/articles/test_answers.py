"""What readers get for what they type: one set of expectations for both databases."""

import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from articles import publishing, search, vocabulary
from articles.models import Article, Tag, Word
from articles.search import ranking
from authors.models import Author
from tests import html
from tests.articles.test_search import HOSTILE_QUERIES
from tests.factories import change_draft, erase, make_article, make_author, make_public

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)


def page_of(client, query, **parameters):
    return client.get("/search/", {"q": query, **parameters})


def titles(response):
    return [hit.title for hit in response.context["hits"]]


def ask(client, query, **parameters):
    return titles(page_of(client, query, **parameters))


# Tags and authors are found by their names.


def test_article_is_found_by_names_that_are_nowhere_in_its_text(client):
    make_public("Sea", authors=[make_author("Marta Lindqvist")], tags=["North–South Corridor"])
    publishing.save_tag(Tag.objects.get(), aliases=["INSTC", "Nord-Süd-Korridor"])
    make_public("Land")

    queries = [
        "lindqvist", "marta", "corridor", "corridors", '"north south"', "north-south", "instc",
        "INSTC sea", "nord-sud-korridor", '"marta lindqvist"', "lindq",
    ]  # fmt: skip
    found = {query: ask(client, query, exact="1") for query in queries}

    assert found == {query: ["Sea"] for query in queries}
    assert ask(client, '"south north"', exact="1") == []
    assert ask(client, "lindqvist land", exact="1") == []


def test_names_exclude_what_has_them(client):
    make_public("Sea", body="<p>oil</p>", tags=["Sanctions"])
    make_public("Land", body="<p>oil</p>")

    assert ask(client, "oil -sanctions") == ["Land"]


def test_place_counts_title_standfirst_heading_text_author_tag_in_this_order(client):
    filler = "<p>" + "Some other words stand between. " * 30 + "</p>"
    plain = {"standfirst": "", "body": filler}
    make_public("T", tags=["Caspian"], **plain)
    make_public("A", authors=[make_author("Ann Caspian")], **plain)
    make_public("B", standfirst="", body=f"<p>Caspian.</p>{filler}")
    make_public("H", standfirst="", body=f"<h2>Caspian</h2>{filler}")
    make_public("S", standfirst="Caspian", body=filler)
    make_public("Caspian", **plain)

    assert ask(client, "caspian") == ["Caspian", "S", "H", "B", "A", "T"]


def test_rare_word_counts_more_than_common_one(client):
    filler = "Some other words stand between. " * 20
    for number in range(8):
        make_public(f"Oil {number}", body=f"<p>{filler}</p>")
    make_public("Pipeline", standfirst="", body=f"<p>oil {filler}</p>", at=AT)
    make_public("Oil", standfirst="", body=f"<p>pipeline {filler}</p>", at=AT + timedelta(1))

    assert ask(client, "oil pipeline") == ["Pipeline", "Oil"]


def test_sort_by_date_is_newest_first(client):
    make_public("Caspian", at=AT)
    make_public("Land", body="<p>caspian</p>", at=AT + timedelta(1))

    assert ask(client, "caspian") == ["Caspian", "Land"]
    assert ask(client, "caspian", sort="date") == ["Land", "Caspian"]


# The index follows.


def test_new_name_of_tag_and_author_finds_at_once_and_writes_no_entry(client):
    author = make_author("Former Name")
    make_public("Sea", tags=["Oldword"], authors=[author])
    tag = Tag.objects.get()
    before = dump()

    tag.name = "Newword"
    publishing.save_tag(tag, aliases=["Otherword"])
    author.name = "Present Name"
    publishing.save_author(author)

    for query in ("newword", "otherword", "present"):
        assert ask(client, query, exact="1") == ["Sea"]
    assert dump() == before


def test_renaming_costs_the_same_however_many_articles_carry_it():
    costs = []
    for number in (1, 12):
        name = f"Subject {number}"
        for _ in range(number):
            make_public(tags=[name])
        tag = Tag.objects.get(name=name)
        tag.name = f"Matter {number}"
        with CaptureQueriesContext(connection) as captured:
            publishing.save_tag(tag)
        costs.append(len(captured))

    assert costs[0] == costs[1]


def test_index_follows_tags_authors_and_headings_of_what_is_published(client):
    article = make_public("Sea", tags=["Water"], authors=[make_author("Ann Old")])
    change_draft(
        article, tags=["Fire"], bylines=[make_author("Bob New").uid], body="<h2>Heat</h2><p>x</p>"
    )

    assert ask(client, "fire", exact="1") == []
    publishing.publish(article, by=None)

    found = {query: ask(client, query, exact="1") for query in ("water", "old", "fire", "new")}
    assert found == {"water": [], "old": [], "fire": ["Sea"], "new": ["Sea"]}
    publishing.unpublish(article, by=None)
    assert [ask(client, query) for query in ("fire", "new", "heat", "sea")] == [[]] * 4


def dump():
    with connection.cursor() as cursor:
        cursor.execute("SELECT article_id, sort_key, names, weights FROM articles_search")
        rows = sorted(cursor.fetchall())
        cursor.execute("SELECT article_id, word FROM articles_word")
        return rows, sorted(cursor.fetchall())


def test_rebuild_changes_nothing_on_a_healthy_database():
    texts = ["crude oil", "crude gas", "oil and sanctions", "crude oil again", "crude"]
    made = [
        make_public(text.title(), body=f"<h2>On it</h2><p>{text}</p>", tags=[text])
        for text in texts
    ]
    publishing.unpublish(made[0], by=None)
    erase(made[1])
    before = dump()

    call_command("rebuild_search_index", verbosity=0)

    assert dump() == before
    assert len(before[0]) == 3


def test_rebuild_mends_what_is_wrong_and_an_index_of_before(client):
    make_public("Sea", tags=["Water"], authors=[make_author("Ann")], body="<p>caspian</p>")
    gone = make_public("Land", body="<p>steppe</p>")
    right = dump()
    Word.objects.all().delete()
    vocabulary.enter({gone.pk: {"zqwrong"}}, lambda word: None)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE articles_search SET names = '', weights = ''")
    assert search.is_outdated()

    call_command("rebuild_search_index", verbosity=0)

    assert dump()[0] == right[0]
    assert {word for _article, word in dump()[1]} == {word for _article, word in right[1]}
    assert not search.is_outdated()


# The words of all articles.


def words():
    return set(Word.objects.values_list("word", flat=True))


@pytest.mark.parametrize("read", [1, 7, 30, 10_000])
def test_words_that_begin_alike_are_all_found_the_shortest_first(monkeypatch, read):
    monkeypatch.setattr(vocabulary, "BEGUN_READ", read)
    chance = random.Random(read)
    letters = ["a", "b", "é", "я", "\U0001d7d8", "z"]
    words = {"".join(chance.choices(letters, k=chance.randint(3, 7))) for _number in range(800)}
    articles = [make_article(f"Number {number}") for number in range(3)]
    vocabulary.enter({one.pk: words for one in articles}, lambda word: None)

    for start in ["ab", "aя", "éz", "zzz", "abab", "qq", *sorted(words)[:20]]:
        expected = [word for word in words if word.startswith(start) and word != start]
        expected.sort(key=lambda word: (len(word), word))
        assert vocabulary.beginning_with(start) == expected[: vocabulary.BEGUN_MAX], start


def test_vocabulary_has_the_words_of_public_articles_and_no_others():
    kept = make_public("Oil", standfirst="", body="<p>crude</p>")
    gone = make_public("Gas", standfirst="", body="<p>crude tanker</p>")
    make_article("Secret", body="<p>hidden</p>")
    assert words() == {"oil", "crude", "gas", "tanker"}

    publishing.unpublish(gone, by=None)
    assert words() == {"oil", "crude"}

    change_draft(kept, body="<p>sweet</p>")
    publishing.publish(kept, by=None)
    assert words() == {"oil", "sweet"}


def test_word_outlives_the_articles_that_stood_for_it():
    made = [make_public(f"Oil {n}", standfirst="", body="<p>crude</p>") for n in range(6)]
    assert Word.objects.filter(word="crude").count() == vocabulary.WITNESSES

    for article in made[:5]:
        publishing.unpublish(article, by=None)
        assert words() == {"oil", "crude"}

    publishing.unpublish(made[5], by=None)
    assert words() == set()


def test_no_other_form_stands_for_a_word():
    made = [make_public("A", standfirst="", body="<p>run</p>")]
    made += [make_public("A", standfirst="", body="<p>running</p>")]

    publishing.unpublish(made[0], by=None)

    assert words() == {"running"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pipline", "pipeline"), ("pipelline", "pipeline"), ("pipekine", "pipeline"),
        ("pipleine", "pipeline"), ("ipeline", "pipeline"), ("pipelin", "pipeline"),
        ("pipekinr", "pipeline"), ("iarn", "iran"), ("rian", "iran"),
        ("kaspische", "caspische"), ("gdanks", "gdansk"), ("тегеарн", "тегеран"),
        ("sanctons", "sanctions"),
    ],
)  # fmt: skip
def test_slip_is_mended(typed, meant):
    make_public("A", body="<p>pipeline iran caspische Gdańsk Тегеран sanctions</p>", language="de")

    assert vocabulary.meant_by(typed)[0] == meant


@pytest.mark.parametrize(
    "typed", ["ab", "i", "12345", "s-300", "", "zzzzzzz", "x" * 31, "piepliners"]
)
def test_nothing_is_meant_by_what_is_too_far_from_everything(typed):
    make_public("A", body="<p>pipeline abc 12346 xyz</p>")

    assert vocabulary.meant_by(typed) == []


def test_slip_in_a_query_finds_what_was_meant_and_says_so(client):
    make_public("Sea", body="<p>the caspian pipeline</p>")
    make_public("Land", body="<p>the caspian steppe</p>")

    page = page_of(client, "caspain pipline")

    assert titles(page) == ["Sea"]
    assert html.all_words(page, html.by_class("mended")) == [
        "Nothing was found for “caspain pipline”. These are the articles with caspian pipeline."
        " Search for exactly “caspain pipline”"
    ]
    exactly = client.get(page.context["exact_url"])
    assert page.context["exact_url"] == "/search/?q=caspain+pipline&exact=1"
    assert titles(exactly) == []


def test_word_that_is_meant_fits_the_others(client):
    for number in range(4):
        make_public(f"Cost {number}", body="<p>coast</p>")
    make_public("Sea", body="<p>boast of the tanker</p>")

    page = page_of(client, "moast tanker")

    assert page.context["answer"].words == "boast tanker"
    assert titles(page) == ["Sea"]


def test_slip_in_a_name_is_mended(client):
    make_public("Sea", authors=[make_author("Marta Lindqvist")])

    assert ask(client, "lindqivst") == ["Sea"]


def test_word_that_says_something_is_meant_before_one_that_does_not(client):
    make_public("Sea", body="<p>iran and the tanker</p>")

    assert page_of(client, "irn tanker").context["answer"].words == "iran tanker"


def test_slip_in_a_word_that_says_nothing_is_passed_over(client):
    make_public("Sea", body="<p>the tanker</p>")

    assert ask(client, "teh tanker") == ["Sea"]


def test_few_finds_offer_a_more_usual_word(client):
    make_public("Odd", body="<p>sanctons</p>")
    for number in range(6):
        make_public(f"Usual {number}", body="<p>sanctions</p>")

    page = page_of(client, "sanctons")

    assert titles(page) == ["Odd"]
    assert html.all_words(page, html.by_class("mended")) == ["Did you mean sanctions?"]
    assert page.context["perhaps_url"] == "/search/?q=sanctions"
    assert page_of(client, "sanctons", exact="1").context["answer"].perhaps == ""


def test_without_all_words_those_with_most_are_shown(client):
    make_public("Two", body="<p>tanker caspian</p>", at=AT)
    make_public("One", body="<p>tanker</p>", at=AT + timedelta(1))

    page = page_of(client, "tanker caspian zebra")

    assert titles(page) == ["Two"]
    assert html.all_words(page, html.by_class("mended")) == [
        "No article has all the words of “tanker caspian zebra”. These have most of them."
    ]


def test_excluded_stays_excluded_whatever_is_mended(client):
    make_public("Sea", body="<p>pipeline oil</p>")
    make_public("Land", body="<p>pipeline</p>")

    assert ask(client, "pipline -oil") == ["Land"]


# Tags that are merged count as one.


@pytest.fixture(scope="module")
def fuels(shared_db):
    """Oil, Crude and Tar on articles that don't say so; Crude is also called Rohöl."""
    make_public("Both", body="<p>tanker</p>", tags=["Oil", "Crude"])
    make_public("Old", body="<p>tanker</p>", tags=["Crude", "Ports"])
    make_public("New", body="<p>tanker</p>", tags=["Oil"])
    make_public("Black", body="<p>tanker</p>", tags=["Tar"])
    make_public("Neither", body="<p>tanker</p>", tags=["Ports"])
    publishing.save_tag(tag_called("Crude"), aliases=["Rohöl"])
    publishing.save_tag(tag_called("Oil"), aliases=["Petroleum"])


def tag_called(name):
    return Tag.objects.get(name=name)


def merge(one, into):
    return publishing.merge_tag(tag_called(one), tag_called(into), by=None)


FUEL_QUERIES = (
    "oil", "crude", "rohöl", "rohol", "petroleum", "petrol", "tanker oil", "tanker rohöl",
    "crude petroleum", "tanker -oil", "tanker -crude", "tanker -rohöl", "crud", "tar", '"rohöl"',
)  # fmt: skip


def everything_found(client):
    """For many queries: what is found, and how it can be narrowed down."""
    found = {}
    for query in FUEL_QUERIES:
        page = page_of(client, query)
        named = [one.url for one in page.context["answer"].named]
        found[query] = titles(page), narrowing(page), named
    for slug in ("oil", "crude", "tar"):
        found[slug, "chosen"] = ask(client, "tanker", tag=slug)
        suggested = client.get("/search/suggest/", {"q": slug}).json()["suggestions"]
        found[slug, "suggested"] = [one["url"] for one in suggested]
    return found


def test_article_of_a_merged_tag_is_found_by_the_names_of_either(client, fuels):
    merge("Crude", "Oil")

    for query in ("oil", "crude", "rohöl", "rohol", "petroleum", "petrol", "crud", "tanker rohöl"):
        assert sorted(ask(client, query, exact="1")) == ["Both", "New", "Old"], query
    assert sorted(ask(client, "crude petroleum", exact="1")) == ["Both", "New", "Old"]
    for query in ("tanker -oil", "tanker -crude", "tanker -rohöl", "tanker -petroleum"):
        assert ask(client, query, exact="1") == ["Neither", "Black"], query


def test_merged_tags_are_one_choice_that_counts_each_article_once(client, fuels):
    merge("Crude", "Oil")

    page = page_of(client, "tanker")

    assert narrowing(page)["tag"] == [
        ("Oil", 3, "/search/?q=tanker&tag=oil"),
        ("Ports", 2, "/search/?q=tanker&tag=ports"),
        ("Tar", 1, "/search/?q=tanker&tag=tar"),
    ]
    for query in ("crude", "rohöl", "oil"):
        named = page_of(client, query).context["answer"].named
        assert [one.url for one in named] == ["/tags/oil/"]
        suggested = client.get("/search/suggest/", {"q": query}).json()["suggestions"]
        assert [one["url"] for one in suggested] == ["/tags/oil/"]


@pytest.mark.parametrize("slug", ["oil", "crude", "Rohöl", "petroleum"])
def test_choice_of_a_merged_tag_is_that_of_the_other(client, fuels, slug):
    merge("Crude", "Oil")

    page = page_of(client, "tanker", tag=slug)

    assert titles(page) == ["New", "Old", "Both"]
    assert [one["label"] for one in page.context["chosen"]] == ["Oil"]
    assert "tag" not in narrowing(page)
    assert page.context["orders"][1]["url"] == "/search/?q=tanker&tag=oil&sort=date"


def test_merge_of_a_merge_counts_as_one_too_and_its_undo_brings_back_what_was_found(client, fuels):
    before = everything_found(client)

    first = merge("Crude", "Oil")
    second = merge("Oil", "Tar")
    assert sorted(ask(client, "rohöl")) == ["Black", "Both", "New", "Old"]
    assert ask(client, "tanker -petroleum") == ["Neither"]
    assert narrowing(page_of(client, "tanker"))["tag"][0][:2] == ("Tar", 4)
    search.rebuild()
    publishing.undo_change(second, by=None)
    publishing.undo_change(first, by=None)

    assert everything_found(client) == before


# Narrowing down.


@pytest.fixture(scope="module")
def fleet(shared_db):
    ann, bob = make_author("Ann"), make_author("Bob")
    make_public("One", body="<p>tanker</p>", tags=["Water", "Oil"], authors=[ann], at=AT)
    make_public(
        "Two", body="<p>tanker</p>", tags=["Water"], authors=[ann, bob], at=AT - timedelta(365)
    )
    make_public("Three", body="<p>tanker</p>", authors=[bob], at=AT - timedelta(730))
    make_public("Other", body="<p>wheat</p>", tags=["Water"], authors=[ann], at=AT)


def narrowing(page):
    return {
        group["name"]: [(one["label"], one["count"], one["url"]) for one in group["choices"]]
        for group in page.context["narrowing"]
    }


def test_choices_say_how_many_they_would_leave(client, fleet):
    page = page_of(client, "tanker")

    assert narrowing(page) == {
        "tag": [
            ("Water", 2, "/search/?q=tanker&tag=water"),
            ("Oil", 1, "/search/?q=tanker&tag=oil"),
        ],
        "author": [
            ("Ann", 2, "/search/?q=tanker&author=ann"),
            ("Bob", 2, "/search/?q=tanker&author=bob"),
        ],
        "year": [
            ("2026", 1, "/search/?q=tanker&year=2026"),
            ("2025", 1, "/search/?q=tanker&year=2025"),
            ("2024", 1, "/search/?q=tanker&year=2024"),
        ],
    }


def test_choice_stands_in_its_place_among_what_was_chosen(client, fleet):
    page = page_of(client, "tanker", author="ann", sort="date", exact="1")

    assert narrowing(page)["tag"] == [
        ("Oil", 1, "/search/?q=tanker&tag=oil&author=ann&sort=date&exact=1")
    ]
    assert (
        narrowing(page)["year"][0][2] == "/search/?q=tanker&author=ann&year=2026&sort=date&exact=1"
    )


def test_choices_are_shown_as_the_words_that_they_are(client):
    make_public("One", body="<p>tanker</p>", tags=["Oil & <b>gas</b>"])
    make_public("Two", body="<p>tanker</p>")

    html = page_of(client, "tanker").content.decode()

    (choice,) = re.findall('<li class="narrow__item">.*?</li>', html)
    assert choice == (
        '<li class="narrow__item"><a class="narrow__link"'
        ' href="/search/?q=tanker&amp;tag=oil-bgasb">Oil &amp; &lt;b&gt;gas&lt;/b&gt;</a>'
        ' <span class="narrow__count">1</span></li>'
    )


def test_no_choice_is_a_dead_end_and_each_leaves_what_it_says(client, fleet):
    to_do, seen = ["/search/?q=tanker", "/search/?q=tanker&sort=date"], set()
    while to_do:
        url = to_do.pop()
        if url in seen:
            continue
        seen.add(url)
        page = client.get(url)
        assert titles(page), url
        for choices in narrowing(page).values():
            for _label, count, next_url in choices:
                assert len(titles(client.get(next_url))) == count, next_url
                to_do.append(next_url)

    # One order of parameters, whichever way leads there.
    assert len(seen) == 32


def test_choices_that_were_made_can_be_taken_back(client, fleet):
    page = page_of(client, "tanker", author="bob", tag="water", year="2025", sort="date")

    assert titles(page) == ["Two"]
    assert [(one["label"], one["url"]) for one in page.context["chosen"]] == [
        ("Water", "/search/?q=tanker&author=bob&year=2025&sort=date"),
        ("Bob", "/search/?q=tanker&tag=water&year=2025&sort=date"),
        ("2025", "/search/?q=tanker&tag=water&author=bob&sort=date"),
    ]


def test_search_in_a_choice_isnt_cut_off_before_it(client, fleet, monkeypatch):
    monkeypatch.setattr(ranking, "MATCHES_MAX", 1)
    monkeypatch.setattr(ranking, "RANKED_MAX", 1)

    assert ask(client, "tanker", year="2024") == ["Three"]
    assert ask(client, "tanker", tag="oil") == ["One"]


def test_what_no_keyboard_types_is_left_out_of_what_was_asked(client):
    page = client.get("/search/", {"q": "\x00\x01har\x7fbour\x9f Иран\u200cها"})

    (field,) = html.parse(page).xpath("//main//input[@name='q']")
    assert field.get("value") == "har bour Иран\u200cها"


@pytest.mark.parametrize(
    "parameters",
    [
        {"tag": "nothing"}, {"author": "nothing"}, {"year": "26"}, {"year": "0000"},
        {"year": "9999"}, {"year": "²⁰²⁶"}, {"tag": "\x00"}, {"sort": "size"}, {"exact": "yes"},
    ],
)  # fmt: skip
def test_choice_that_means_nothing_is_left_out(client, fleet, parameters):
    page = page_of(client, "tanker", **parameters)

    assert titles(page) == ["One", "Two", "Three"]
    assert page.context["chosen"] == []


def test_year_is_that_of_the_publication(client, settings):
    settings.TIME_ZONE = "Asia/Tehran"
    make_public("New Year", body="<p>tanker</p>", at=datetime(2025, 12, 31, 21, tzinfo=UTC))
    make_public("Old Year", body="<p>tanker</p>", at=datetime(2025, 12, 31, 20, tzinfo=UTC))

    assert ask(client, "tanker", year="2026") == ["New Year"]
    assert ask(client, "tanker", year="2025") == ["Old Year"]
    counts = [(label, n) for label, n, _url in narrowing(page_of(client, "tanker"))["year"]]
    assert counts == [("2026", 1), ("2025", 1)]


def test_next_page_keeps_what_was_chosen(client, monkeypatch):
    monkeypatch.setattr("articles.search_views.PER_PAGE", 1)
    monkeypatch.setattr("articles.paging.PER_PAGE", 1)
    for n in range(3):
        make_public(f"Sea {n}", tags=["Water"])

    page = page_of(client, "sea", sort="date", tag="water", page="2")

    assert page.context["pager"].next_url == "/search/?q=sea&tag=water&sort=date&page=3"
    assert page.context["pager"].previous_url == "/search/?q=sea&tag=water&sort=date"


def test_page_of_the_name_that_was_typed_is_named(client, fleet):
    page = page_of(client, "water")

    assert [one.url for one in page.context["answer"].named] == ["/tags/water/"]
    assert page_of(client, "water tanker").context["answer"].named == []


# Where a hit leads.


def test_hit_lands_on_the_section_that_has_it(client):
    filler = "<p>" + "Some other words stand between. " * 30 + "</p>"
    make_public(
        "Sea",
        body=f"<p>Begins with wheat.</p>{filler}<h2>Trade</h2>{filler}<p>A tanker.</p>"
        f"<h2>Trade winds</h2>{filler}<p>A tugboat.</p>",
    )

    urls = {
        query: page_of(client, query).context["hits"][0].url
        for query in ("wheat", "tanker", "tugboat", "sea", "sea tanker")
    }

    assert urls == {
        "wheat": "/articles/sea/",
        "tanker": "/articles/sea/#s-trade",
        "tugboat": "/articles/sea/#s-trade-winds",
        "sea": "/articles/sea/",
        "sea tanker": "/articles/sea/#s-trade",
    }


# Kindly.


@pytest.mark.parametrize(
    ("query", "beginning"),
    [
        ("", "Type a few words."),
        ("   ", "Type a few words."),
        ("the of and", "These words stand in every text"),
        ("?!…", "These words stand in every text"),
        ("-oil", "You said only what you don't want."),
        ("zebra", "Nothing was found for “zebra”."),
    ],
)
def test_what_finds_nothing_is_answered_kindly(client, query, beginning):
    make_public("Sea", body="<p>oil</p>")

    page = page_of(client, query)

    assert page.status_code == 200
    assert page.context["message"].startswith(beginning)
    assert "/tags/" in html.parse(page).xpath("//ul[@class='ways-on']//a/@href")


def test_sentences_of_what_finds_nothing_point_at_what_is_there(client):
    make_public("Sea", body="<p>oil</p>", tags=["Ships"])

    alone, narrowed = page_of(client, "zebra"), page_of(client, "zebra", tag="ships")

    (said,) = html.parse(alone).xpath("//p[@class='empty']")
    assert said.text.endswith("or look through all tags.")
    assert said.xpath("following::ul[@class='ways-on']//a[.='Tags']/@href") == ["/tags/"]
    (said,) = html.parse(narrowed).xpath("//p[@class='empty']")
    assert said.text.endswith("Try it without a choice above.")
    assert said.xpath("preceding::ul[@class='chosen']//a/@href") == ["/search/?q=zebra"]


@pytest.mark.parametrize("query", HOSTILE_QUERIES)
def test_anything_is_answered(client, query):
    make_public("Oil", body="<p>They were running after the oil.</p>", tags=["Oil"])
    query = query.encode("utf-8", "replace").decode()

    with CaptureQueriesContext(connection) as captured:
        statuses = [
            client.get(path, {"q": query}).status_code for path in ("/search/", "/search/suggest/")
        ]

    assert statuses == [200, 200]
    assert len(captured) < 120


class AnyInput(TestCase):
    @given(st.text(max_size=60), st.text(max_size=12), st.text(max_size=6))
    @settings(max_examples=40)
    def test_no_input_fails(self, query, slug, other):
        if not Article.objects.exists():
            make_public("Oil", body="<h2>Crude oil</h2><p>Pipelines of oil.</p>", tags=["Oil"])
        query = query.encode("utf-8", "replace").decode()
        parameters = {"q": query, "tag": slug, "author": other, "year": other, "sort": other}
        parameters = {
            name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()
        }

        for path in ("/search/", "/search/suggest/"):
            assert self.client.get(path, parameters).status_code == 200


# While somebody types.


def suggested(client, query):
    response = client.get("/search/suggest/", {"q": query})
    return [(one["kind"], one["label"]) for one in response.json()["suggestions"]]


def test_suggestions_are_tags_authors_articles_and_sections_by_name(client):
    ann = make_author("Caspia Lindqvist")
    make_public("The Caspian Question", tags=["Caspian Sea"], authors=[ann], at=AT)
    make_public("Caspian Oil", at=AT - timedelta(1), body="<h2>A Caspian port</h2><p>caspian</p>")
    make_public("Wheat", body="<p>caspian</p>", at=AT)

    expected = [
        ("Tag", "Caspian Sea"),
        ("Author", "Caspia Lindqvist"),
        ("Article", "Caspian Oil"),
        ("Article", "The Caspian Question"),
        ("Section", "A Caspian port"),
    ]
    assert suggested(client, "casp") == expected
    assert suggested(client, "caspian qu") == expected[3:4]
    assert suggested(client, "caspian q") == suggested(client, "caspian")
    assert suggested(client, "sea caspian") == expected[:1]
    section = client.get("/search/suggest/", {"q": "caspian port"}).json()["suggestions"][0]
    assert section == {
        "kind": "Section",
        "label": "A Caspian port",
        "detail": "Caspian Oil",
        "url": "/articles/caspian-oil/#s-a-caspian-port",
    }


def test_suggestions_for_a_stop_word_are_what_may_become_of_it(client):
    make_public("Theatre in Tabriz", at=AT)
    make_public("The Caspian Question", tags=["Theology"], authors=[make_author("Thea Lind")])
    make_public("Der Zar und das Theater", at=AT - timedelta(1), language="de")
    make_public("Derbent", at=AT)
    make_public("Wheat of the north", at=AT)

    expected = [
        ("Tag", "Theology"),
        ("Author", "Thea Lind"),
        ("Article", "Theatre in Tabriz"),
        ("Article", "The Caspian Question"),
        ("Article", "Der Zar und das Theater"),
    ]
    assert suggested(client, "the") == suggested(client, "the c") == expected
    assert suggested(client, "the ca") == [("Article", "The Caspian Question")]
    assert suggested(client, "der") == [("Article", "Derbent"), expected[4]]
    assert suggested(client, "of the") == [*expected[:3], expected[4]]


@pytest.mark.parametrize("typed", ["caspain", "caspina", "cspian", "capsi", "caspain quetsion"])
def test_suggestions_mend_slips(client, typed):
    make_public("The Caspian Question")

    assert suggested(client, typed) == [("Article", "The Caspian Question")]


def test_suggestions_are_few_and_may_be_kept_for_a_moment(client):
    for number in range(12):
        make_public(f"Sea {number}", tags=[f"Sea {number}"], body=f"<h2>Sea {number}</h2><p>x</p>")

    response = client.get("/search/suggest/", {"q": "sea"})

    assert len(response.json()["suggestions"]) == 8
    assert set(response.headers["Cache-Control"].split(", ")) == {"max-age=60", "public"}
    assert not response.cookies


def test_suggestions_name_only_what_is_public(client):
    make_article("Sea Draft", tags=["Sea Tag"], authors=[make_author("Sea Author")])
    article = make_public("Sea Gone", tags=["Sea Gone"], body="<h2>Sea section</h2><p>x</p>")
    publishing.unpublish(article, by=None)
    publishing.save_tag(Tag(name="Sea Unused"))
    open_one = make_public("Sea", body="<h2>Sea part</h2><p>x</p>")
    change_draft(open_one, title="Sea New", body="<h2>Sea news</h2><p>x</p>")

    assert suggested(client, "sea") == [("Article", "Sea"), ("Section", "Sea part")]
    assert Author.objects.get().name == "Sea Author"


@pytest.mark.parametrize(("rows", "queries"), [(1, 9), (9, 6)])
def test_suggestions_ask_no_more_for_nine_than_for_one(
    client, rows, queries, django_assert_num_queries
):
    for number in range(rows):
        make_public(
            f"Sea {number}", tags=[f"Sea {number}"], authors=[make_author(f"Sea {number}")],
            body=f"<h2>Sea {number}</h2><p>x</p>",
        )  # fmt: skip
    client.get("/search/suggest/", {"q": "sea"})

    with django_assert_num_queries(queries):
        client.get("/search/suggest/", {"q": "sea 0"})
