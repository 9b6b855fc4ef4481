"""The readers' search: one set of expectations for both databases."""

import random
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.safestring import SafeString

from articles import guards, search
from articles.models import Article, Revision
from articles.search import keys, passages, ranking, recent, writing
from articles.search.asking import Alternative
from articles.search.signs import MONTH, TAG
from tests.factories import erase, make_public

FIRST_DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)

HOSTILE_QUERIES = [
    "",
    " \t\n",
    '"',
    '""',
    '"""',
    '" "',
    "'",
    "''",
    "';DROP TABLE articles_article;--",
    "\x00",
    "run\x00ning",
    "*",
    "* *",
    "run*",
    "-",
    "--",
    '-"',
    '-""',
    "- -run",
    "-run",
    '-"the run"',
    "AND",
    "OR NOT NEAR",
    "NEAR(run oil, 5)",
    "title:run",
    "sequence : run",
    "{sequence loose} : run",
    "^run",
    "(((",
    "run)",
    "run & | ! <->",
    "run:*",
    "run:A",
    "%s %(x)s %%",
    "\\",
    "run\\",
    "$$run$$",
    "the",
    "the of and",
    '"the of"',
    "und",
    "a-z",
    "-–—",
    "x" * 100_000,
    "run " * 5_000,
    '"' * 5_000,
    "-" * 5_000,
    "ﷺ" * 300,
    "½ № ² ㎏",
    "\ue000",
    "\ue001run",
    "\ud800",
    "🎉 👩‍👩‍👧",
    "\u200f\u202e\ufeff",
    "a\u0301" * 90,
    "中文搜索",
    "हिन्दी",
    "…",
    "<script>alert(1)</script>",
    "?q=run&page=2",
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def publish():
    """A function that makes a live article and indexes it, each a day newer than the last."""
    made = []

    def publish(title="Untitled", text="", *, standfirst="", language="en", published_at=None):
        at = published_at or FIRST_DAY + timedelta(days=len(made))
        article = Article.objects.create(touched_at=timezone.now())
        revision = Revision.objects.create(
            article=article, number=1, edition=1, title=title, created_at=at, saved_at=at
        )
        article.state = Article.State.LIVE
        article.language = language
        article.slug = f"article-{article.pk}"
        article.title = title
        article.standfirst = standfirst
        article.body = f"<p>{text}</p>" if text else ""
        article.live_revision = article.latest_revision = revision
        article.first_published_at = article.updated_at = at
        article.save()
        search.index(article, language=language, title=title, standfirst=standfirst, text=text)
        made.append(article)
        return article

    return publish


def found(query):
    return search.find(query).ids


# What counts as the same word.


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("run", "They were running.", "en"),
        ("running", "A long run.", "en"),
        ("sanction", "New sanctions", "en"),
        ("haus", "Viele Häuser", "de"),
        ("haus", "Das Dach des Hauses", "de"),
        ("Häuser", "Ein Haus", "de"),
        ("laufer", "Eine Läuferin", "de"),
        ("strasse", "Die Straße", "de"),
        ("Straße", "Die Strasse", "de"),
        ("cafe", "In a Café", "en"),
        ("CAFÉ", "in a cafe\u0301", "en"),
        ("gdansk", "the port of Gdańsk", "en"),
        ("lodz", "from Łódź", "en"),
        ("iran", "Iran’s share", "en"),
        ("Iran's", "the share of Iran", "en"),
        ("north-south", "the North–South Corridor", "en"),
        ("north-south", "the northsouth line", "en"),
        ("north-south", "a north south line", "en"),
        ("email", "by e-mail", "en"),
        ("e-mail", "by email", "en"),
        ("S-300", "the S-300 saga", "en"),
        ("s300", "the S‑300 saga", "en"),
        ("follow-up", "a follow-up visit", "en"),
        ("иран", "Россия и Иран", "ru"),
        ("ЁЛКА", "елка", "ru"),
        ("تحریم", "تحریم‌ها و نفت", "fa"),
        ("كيش", "جزیره کیش", "fa"),
        ("1402", "در سال ۱۴۰۲", "fa"),
        ("universi", "Two universities", "en"),
    ],
)
def test_find_sees_through_spelling_and_endings(publish, query, text, language):
    article = publish("Here", text, language=language)
    publish("There", "Nothing of the kind.")

    assert found(query) == [article.pk]


@pytest.mark.parametrize("query", ["S-300", "A-10"])
def test_find_takes_the_letter_of_a_compound_seriously(publish, query):
    publish("Here", "about 300 tanks and 10 aircraft")

    assert found(query) == []


# The language of queries.


def test_find_wants_all_words(publish):
    both = publish("Here", "Oil flows through the pipeline.")
    publish("There", "Oil")

    assert found("pipeline oil") == [both.pk]


def test_find_wants_all_words_wherever_they_stand(publish):
    article = publish("Oil", "flows", standfirst="through a pipeline")

    assert found("oil pipeline flow") == [article.pk]


def test_find_passes_over_stop_words(publish):
    article = publish("Here", "War came.")

    assert found("the war") == [article.pk]


def test_find_wants_a_phrase_in_one_piece(publish):
    article = publish("Here", "a new nuclear deal")
    publish("There", "a deal on nuclear fuel")

    assert found('"nuclear deals"') == [article.pk]
    assert found("“nuclear deals”") == [article.pk]
    assert found('"nuclear deals') == [article.pk]


def test_find_counts_stop_words_within_a_phrase(publish):
    article = publish("Here", "the rule of law")
    publish("There", "a rule, a big law, a rule law, rule makes law")

    assert found('"the rule of law"') == [article.pk]


PHRASES = (
    "The Persian Gulf and the Gulf of Oman, S-300 batteries of the army, and a note on it: "
    "wheat wheat wheat, by rail of by sea. Über die Straße von Hormus und das Kaspische Meer. "
) * 2


@pytest.mark.parametrize("language", ["en", "de", "fa"])
def test_every_row_of_words_of_a_text_is_a_phrase_that_finds_it(publish, language):
    article = publish("Wheat by rail", PHRASES, standfirst="Rail of wheat", language=language)
    words = PHRASES.split()

    rows = [" ".join(words[at : at + n]) for at in range(len(words) // 2 + 1) for n in (2, 3, 5)]
    meant = [row for row in rows if search.parse(f'"{row}"').wanted]

    assert [row for row in meant if found(f'"{row}"') != [article.pk]] == []
    assert len(meant) > 90


@pytest.mark.postgresql_only
def test_phrase_is_found_however_many_newer_articles_have_its_words(publish):
    old = publish("Old", "alpha beta")
    newer = publish("Newer", "beta alpha")
    with connection.cursor() as cursor:
        # Entries of articles that there aren't: many articles would take minutes.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO articles_search (article_id, sort_key, tokens, names, weights)"
            " SELECT article_id + n, sort_key + n, tokens, names, weights"
            " FROM articles_search, generate_series(1, 10000) AS n WHERE article_id = %s",
            [newer.pk],
        )

    assert found('"alpha beta"') == [old.pk]
    assert search.find("alpha beta").is_capped


def test_find_joins_no_phrase_of_title_and_text(publish):
    publish("The nuclear", "deal")

    assert found('"nuclear deal"') == []


def test_find_makes_no_phrase_of_forms(publish):
    # Side by side in the alphabet, but not in the text.
    publish("Here", "walking before running")

    assert found('"running walking"') == []


def test_find_leaves_out_excluded_words(publish):
    article = publish("Oil")
    publish("Oil and gas")

    assert found("oil -gas") == [article.pk]
    assert found("-gas oil") == [article.pk]
    assert found("oil -gases") == [article.pk]


def test_find_leaves_out_excluded_phrases(publish):
    article = publish("Oil", "gas and crude")
    publish("Oil", "crude gas")

    assert found('oil -"crude gas"') == [article.pk]


def test_find_doesnt_exclude_by_a_beginning(publish):
    article = publish("Oil and gasoline")

    assert found("oil -gas") == [article.pk]


def test_find_takes_the_last_word_for_a_beginning(publish):
    article = publish("Transcaucasia")

    assert found("transc") == [article.pk]
    assert found("tr") == []
    assert found("transc caucasus") == []
    assert found('"transc"') == []


def test_find_takes_no_stop_word_for_what_was_begun(publish):
    publish("Here", "where they were")

    assert found("wher") == []


def test_find_ignores_what_is_beyond_the_limits(publish):
    article = publish("Oil", "gas")

    assert found("oil " * 12 + "coal") == [article.pk]
    assert found("oil" + " " * 200 + "coal") == [article.pk]


@pytest.mark.parametrize("query", ["", "the of", "-gas", '-"crude oil"', "-gas the", '""'])
def test_find_finds_nothing_without_a_word_to_look_for(publish, query):
    publish("The oil of the field")

    assert search.find(query) == search.Hits([], 0, False, search.Terms())


@pytest.mark.parametrize("query", HOSTILE_QUERIES)
def test_find_survives(publish, query):
    publish("Oil", "They were running after the oil.")

    hits = search.find(query)

    assert hits.total == len(hits.ids)
    assert search.best_passage("They were running.", hits.terms).html.startswith(("They", "<mark>"))


@pytest.mark.parametrize("text", [query for query in HOSTILE_QUERIES if "\x00" not in query])
def test_index_survives(publish, text):
    # A lone half of a surrogate pair can't be stored in an article either.
    article = publish("Oil")

    search.index(article, language="de", title="Oil " + text, standfirst=text, text=text)

    assert found("oil") == [article.pk]


# Order and paging.


def test_find_ranks_title_before_standfirst_before_recurring_before_mention(publish):
    filler = "Some other words stand between. " * 20
    title = publish("The Caspian", filler)
    standfirst = publish("A", filler, standfirst="On the Caspian")
    recurring = publish("A", "Caspian gas, Caspian oil, Caspian law. " * 3 + filler)
    mention = publish("A", f"The Caspian once. {filler}")

    assert found("caspian") == [title.pk, standfirst.pk, recurring.pk, mention.pk]


def test_find_ranks_by_all_words(publish):
    one_in_title = publish("Caspian", "law")
    both_in_title = publish("Caspian law", published_at=FIRST_DAY - timedelta(days=1))
    both_in_head = publish("Caspian", standfirst="law", published_at=FIRST_DAY)

    assert found("law caspian") == [both_in_title.pk, both_in_head.pk, one_in_title.pk]


@pytest.mark.parametrize("query", ["casp", '"caspian law"', "caspian-law", '"the caspian law"'])
def test_find_ranks_beginnings_and_phrases_too(publish, query):
    in_title = publish("The Caspian-Law")
    in_text = publish("A", "The Caspian-Law")

    assert found(query) == [in_title.pk, in_text.pk]


def test_find_shows_the_newest_first(publish):
    middle = publish("Oil", published_at=FIRST_DAY)
    newest = publish("Oil", published_at=FIRST_DAY + timedelta(minutes=1))
    oldest = publish("Oil", published_at=datetime(1969, 5, 1, tzinfo=UTC))
    later_id = publish("Oil", published_at=FIRST_DAY)

    assert found("oil") == [newest.pk, later_id.pk, middle.pk, oldest.pk]


def test_find_gives_pages(publish):
    in_text = [publish("A", "oil").pk for _ in range(4)]
    in_title = [publish("Oil").pk for _ in range(3)]
    ranked = in_title[::-1] + in_text[::-1]

    pages = [search.find("oil", offset=offset, limit=2) for offset in (0, 2, 4, 6, 8, 1000)]

    assert [page.ids for page in pages] == [
        ranked[0:2],
        ranked[2:4],
        ranked[4:6],
        ranked[6:7],
        [],
        [],
    ]
    assert {(page.total, page.is_capped) for page in pages} == {(7, False)}


def test_find_counts_without_a_page(publish):
    publish("Oil")

    hits = search.find("oil", offset=-5, limit=0)

    assert (hits.ids, hits.total) == ([], 1)


def test_find_caps_what_it_counts_but_not_the_titles(publish, monkeypatch):
    monkeypatch.setattr(ranking, "MATCHES_MAX", 3)
    old_title = publish("Oil")
    in_text = [publish("A", "oil").pk for _ in range(3)]

    hits = search.find("oil")

    assert hits.ids == [old_title.pk, in_text[2], in_text[1]]
    assert (hits.total, hits.is_capped) == (3, True)


def test_find_is_not_capped_at_the_limit(publish, monkeypatch):
    monkeypatch.setattr(ranking, "MATCHES_MAX", 3)
    for _ in range(3):
        publish("Oil")

    hits = search.find("oil")

    assert (hits.total, hits.is_capped) == (3, False)


def many_words(number, times=1):
    """A text of so many words, each so often."""
    return " ".join(f"filler{n}" for n in range(number) for _ in range(times))


def test_heaviest_words_follow_what_is_written_and_taken_away(publish):
    changed, removed, erased = (publish(word) for word in ("Oil", "Gas", "Coal"))
    before = heaviest()

    for tags in ([], [7]):
        search.index(changed, language="en", title="Steel", standfirst="", text="", tag_ids=tags)
    search.remove(removed.pk)
    erase(erased)

    assert [words.split() for words in before.values()] == [["oil"], ["gas"], ["coal"]]
    assert {pk: words.split() for pk, words in heaviest().items()} == {
        changed.pk: ["steel", f"{TAG}7"]
    }


def test_find_ranks_by_words_that_are_not_among_the_heaviest(publish):
    # The same words in one text of many others, in one of many that weigh more, and in a title.
    twice = publish("A", f"oil law, oil law {many_words(300)}")
    once = publish("A", f"oil law {many_words(300, times=2)}")
    named = publish("Oil", f"law {many_words(300, times=2)}")
    unnamed = publish("B", f"law oil {many_words(300, times=3)}")

    order = {query: found(query) for query in ("oil", "law", "oil law", '"oil law"')}

    lines = heaviest()
    assert [pk for pk in lines if " oil " in lines[pk]] == [twice.pk, named.pk]
    assert order == {
        "oil": [named.pk, twice.pk, once.pk, unnamed.pk],
        "law": [twice.pk, named.pk, once.pk, unnamed.pk],
        "oil law": [named.pk, twice.pk, once.pk, unnamed.pk],
        '"oil law"': [twice.pk, once.pk],
    }


@pytest.mark.parametrize(("query", "number"), [("oil", 3), ("oil gas", 5), ('"oil gas"', 2)])
def test_find_asks_a_fixed_number_of_questions(publish, django_assert_num_queries, query, number):
    for _ in range(3):
        publish("A", "oil gas")
    search.find(query)

    with django_assert_num_queries(number):
        search.find(query)


def test_find_asks_for_places_only_when_there_is_too_much_to_weigh(
    publish, django_assert_num_queries, monkeypatch
):
    monkeypatch.setattr(ranking, "RANKED_MAX", 2)
    for _ in range(3):
        publish("Oil")
    search.find("oil")

    with django_assert_num_queries({"sqlite": 5, "postgresql": 4}[connection.vendor]):
        search.find("oil")


@pytest.mark.parametrize(
    ("recent_min", "step_min"), [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (4, 3), (4000, 2000)]
)
def test_find_finds_the_same_whatever_counts_as_recent(publish, monkeypatch, recent_min, step_min):
    monkeypatch.setattr(recent, "RECENT_MIN", recent_min)
    monkeypatch.setattr(recent, "STEP_MIN", step_min)
    monkeypatch.setattr(recent, "_recent_remembered", {})
    days = [datetime(2024, 3, 1, tzinfo=UTC), datetime(2026, 1, 31, 23, 59, tzinfo=UTC)]
    days += [datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)]
    made = [publish("Oil", "oil and a crude tanker", published_at=day).pk for day in days]

    for query in ("oil", "oil crude", '"crude tanker"', "oil -gas", "tank", 'oil -"crude gas"'):
        assert found(query) == made[::-1], query
        limited = search.find_by_title(search.parse("oil"), 2)
        assert limited == made[:1:-1]
    for year, expected in ((2024, made[:1]), (2026, made[:0:-1]), (2025, [])):
        dates = (datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
        for query in ("oil", '"crude tanker"', "oil -gas"):
            found_by_date = search.find_all(search.parse(query), search.Filters(dates=dates))
            assert found_by_date.article_ids() == expected


_PARTS = ["oil", "gas", "coal", '"oil gas"', '"gas coal"', "-coal", '-"coal oil"', "-oil"]
_TAGS_OF_WORDS = {"oil": 1, "gas": 2}


def _names_of(_words):
    def named(row, *, begun=False):
        tag = _TAGS_OF_WORDS.get(row[0]) if len(row) == 1 else None
        return (Alternative((f"{TAG}{tag}",)),) if tag else ()

    return named


def _has(part, words, tags):
    row = part.strip('-"').split()
    places = range(len(words))
    is_there = any(words[place : place + len(row)] == row for place in places)
    is_there |= len(row) == 1 and _TAGS_OF_WORDS.get(row[0]) in tags
    return is_there != part.startswith("-")


@pytest.mark.parametrize("seed", range(3))
def test_find_finds_what_has_the_words_or_is_called_so(publish, monkeypatch, seed):
    chance = random.Random(seed)
    monkeypatch.setattr(recent, "RECENT_MIN", 12)
    monkeypatch.setattr(recent, "STEP_MIN", 5)
    monkeypatch.setattr(recent, "_recent_remembered", {})
    monkeypatch.setattr(ranking, "RANKED_MAX", 4)
    made = {}
    for number in range(24):
        words = chance.choices(["oil", "gas", "coal", "sand"], k=4)
        tags = chance.sample([1, 2, 3], chance.randrange(3))
        at = FIRST_DAY + timedelta(days=20 * number)
        article = publish("Untitled", published_at=at)
        search.index(
            article, language="en", title=words[0], standfirst="", text=" ".join(words[1:]),
            tag_ids=tags,
        )  # fmt: skip
        made[article.pk] = (at.year, [words[0], "", "", *words[1:]], tags)

    for _round in range(60):
        parts = chance.sample(_PARTS, chance.randrange(1, 4))
        year, tag = chance.choice([None, 2026, 2027]), chance.choice([None, None, 3])
        query = search.parse(" ".join(parts), _names_of)
        dates = year and tuple(datetime(one, 1, 1, tzinfo=UTC) for one in (year, year + 1))
        filters = search.Filters(tag_ids=(tag,) if tag else (), dates=dates)
        expected = [
            pk
            for pk, (of_year, words, tags) in reversed(made.items())
            if query.wanted
            and year in (None, of_year)
            and (tag is None or tag in tags)
            and all(_has(part, words, tags) for part in parts)
        ]

        newest = search.find_all(query, filters, by_date=True)
        best = search.find_all(query, filters)

        assert newest.article_ids() == expected, (parts, year, tag)
        assert sorted(best.article_ids()) == sorted(expected), (parts, year, tag)


# What is in the index.


def test_index_replaces(publish):
    article = publish("Oil", "pipeline")

    search.index(article, language="en", title="Gas", standfirst="", text="tanker")

    assert found("oil") == []
    assert found("pipeline") == []
    assert found("gas tanker") == [article.pk]


def test_index_replaces_after_a_change_of_date(publish):
    older = publish("Oil")
    newer = publish("Oil")
    older.first_published_at = FIRST_DAY + timedelta(days=9)
    older.save()

    search.index(older, language="en", title="Oil", standfirst="", text="")

    assert found("oil") == [older.pk, newer.pk]


def test_index_refuses_what_was_never_published():
    article = Article.objects.create(touched_at=timezone.now())

    with pytest.raises(ValueError, match="never published"):
        search.index(article, language="en", title="Oil", standfirst="", text="")


def test_index_belongs_to_the_transaction(publish):
    article = publish("Oil")

    def fail():
        with transaction.atomic():
            search.index(article, language="en", title="Gas", standfirst="", text="")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert found("oil") == [article.pk]
    assert found("gas") == []


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"word{number}" for number in range(60_000)),
        " ".join("한글" + chr(0xAC00 + number % 11000) * 20 for number in range(5_000)),
        " ".join(f"{number:x}" for number in random.Random(1).choices(range(256), k=40_000)),
        "oil " * 50_000,
        "ﷺ" * 100_000,
        "x" * 2_000_000,
    ],
    ids=["many words", "wide letters", "short words", "one word", "letters that grow", "no space"],
)
def test_index_cuts_what_is_too_long(publish, text):
    article = publish("Tanker", text, standfirst="At sea")

    assert found("tanker sea") == [article.pk]


def test_remove_takes_an_article_out(publish):
    gone, left = publish("Oil"), publish("Oil")

    search.remove(gone.pk)
    search.remove(gone.pk)

    assert found("oil") == [left.pk]


def test_deletion_takes_an_article_out(publish):
    gone, left = publish("Oil"), publish("Oil")

    erase(gone)

    assert found("oil") == [left.pk]
    assert index_size() == 1


@pytest.mark.django_db(transaction=True)
def test_flush_empties_the_index(publish):
    publish("Oil")

    call_command("flush", interactive=False, verbosity=0)

    assert found("oil") == []
    assert index_size() == 0


def index_size():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM articles_search")
        return cursor.fetchone()[0]


# Building it again.


QUESTIONS = ["oil", "gas", '"crude oil"', "oil -gas", "casp", "the"]


def test_rebuild_changes_no_result(publish, capsys):
    publish("Oil & gas", "crude oil", standfirst="A “standfirst”")
    publish("Gas", "Caspian Oil")
    before = [search.find(question) for question in QUESTIONS]

    call_command("rebuild_search_index")

    assert [search.find(question) for question in QUESTIONS] == before
    assert [len(hits.ids) for hits in before] == [2, 2, 1, 0, 1, 0]
    assert capsys.readouterr().out == "2 articles indexed, 0 removed.\n"


def test_rebuild_repairs(publish, monkeypatch):
    monkeypatch.setattr(writing, "BATCH_SIZE", 2)
    missing, wrong, withdrawn, page, fine = (publish("Oil", "crude") for _ in range(5))
    search.remove(missing.pk)
    search.index(wrong, language="en", title="Gas", standfirst="", text="")
    Article.objects.filter(pk=withdrawn.pk).update(state=Article.State.WITHDRAWN)
    Article.objects.filter(pk=page.pk).update(kind=Article.Kind.PAGE)
    steps = []

    counts = search.rebuild(steps.append)

    assert counts == (3, 2)
    assert steps == [2, 3]
    assert found("oil crude") == [fine.pk, wrong.pk, missing.pk]
    assert found("gas") == []


# Snippets.


def marked(text, query, **options):
    return search.best_passage(text, search.parse(query).terms, **options).html


def test_snippet_marks_what_was_found():
    assert marked("The Läuferin ran; Iran’s cafés.", "laufer iran cafe") == (
        "The <mark>Läuferin</mark> ran; <mark>Iran’s</mark> <mark>cafés</mark>."
    )


def test_snippet_marks_beginnings_and_not_excluded_words():
    assert marked("Caspian oil, gas", "-gas casp") == "<mark>Caspian</mark> oil, gas"


def test_snippet_marks_no_stop_words():
    assert marked("The rule of the law", '"rule of law"') == (
        "The <mark>rule</mark> of the <mark>law</mark>"
    )


def test_snippet_is_escaped():
    excerpt = marked("a <script>alert('x')</script> & <b>oil</b>", "script oil")

    assert isinstance(excerpt, SafeString)
    assert excerpt == (
        "a &lt;<mark>script</mark>&gt;alert(&#x27;x&#x27;)&lt;/<mark>script</mark>&gt;"
        " &amp; &lt;b&gt;<mark>oil</mark>&lt;/b&gt;"
    )


def test_snippet_is_the_passage_with_most_words():
    filler = "Nothing to be seen here. " * 40
    text = f"{filler}Only oil. {filler}Crude oil and gas. {filler}"

    excerpt = marked(text, "oil gas crude", length=100)

    assert "<mark>Crude</mark> <mark>oil</mark> and <mark>gas</mark>." in excerpt
    assert excerpt.startswith("… ")
    assert excerpt.endswith(" …")
    assert len(excerpt) < 100 + len("… " + " …") + 3 * len("<mark></mark>")


def test_snippet_cuts_between_words():
    text = " ".join(f"word{number}" for number in range(500))

    for number in (0, 7, 250, 480, 499):
        excerpt = marked(text, f"word{number}", length=80)

        bare = excerpt.replace("<mark>", "").replace("</mark>", "")
        assert f"<mark>word{number}</mark>" in excerpt
        assert set(bare.split()) - {"…"} <= set(text.split())


def test_snippet_without_a_hit_is_the_beginning():
    assert search.best_passage("one two three four", search.Terms(), length=9).html == "one two …"
    assert search.best_passage("", search.Terms()).html == ""


def test_snippet_of_one_endless_word():
    assert len(search.best_passage("x" * 5000, search.Terms(), length=100).html) == 102


# The tables.


@pytest.mark.django_db(transaction=True)
def test_index_survives_a_change_of_the_article_table(publish):
    article = publish("Oil")
    old = Article._meta.get_field("title")
    new = models.CharField(max_length=old.max_length + 1, blank=True)
    new.set_attributes_from_name("title")
    new.model = Article

    # SQLite makes the whole table anew for this.
    with connection.schema_editor() as editor:
        editor.alter_field(Article, old, new)
    with connection.schema_editor() as editor:
        editor.alter_field(Article, new, old)

    assert found("oil") == [article.pk]
    erase(article)
    assert index_size() == 0
    # The change has taken the guards away with the table; every migration brings them back.
    guards.install()
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=article.pk).delete()


def test_heading_in_a_passage_is_kept_apart_from_what_follows_it():
    text = "It ended.\nA Blockade\nThe harbour is closed.\nShips wait"

    assert marked(text, "blockade") == (
        "It ended. A <mark>Blockade</mark> · The harbour is closed. Ships wait"
    )


def test_passage_goes_on_to_where_all_words_stand_together():
    text = f"Oil. {'Sand. ' * 100}Steel for oil. {'Sand. ' * 100}Oil. {'x' * 300} Steel."

    passage = search.best_passage(text, search.parse("oil steel").terms, length=60)

    assert "<mark>Steel</mark> for <mark>oil</mark>" in passage.html


@pytest.mark.parametrize("seed", range(20))
def test_passage_is_the_same_however_much_of_the_text_is_looked_through_at_a_time(
    seed, monkeypatch
):
    chance = random.Random(seed)
    words = [*["Sand"] * 20, "oil", "Öl", "steel", "Stähle", "naïve–oil", "x" * 70]
    text = " ".join(chance.choices(words, k=300))
    query = chance.choice(["oil", "öl", "oil steel", "steel gas", "stahl oil ste"])
    terms = search.parse(query).terms

    whole = search.best_passage(text, terms)
    monkeypatch.setattr(passages, "_LOOKED_THROUGH", chance.choice([1, 7, 40, 400]))

    assert search.best_passage(text, terms) == whole


def test_section_of_a_place_is_the_one_whose_heading_is_a_whole_line_above_it():
    sections = [("s-costs", "Costs"), ("s-long", "A long")]
    text = "Costs rise.\nCosts\nOil.\nA long heading\nGas."

    places = {word: search.section_at(text, sections, text.index(word)) for word in text.split()}

    assert {word: section and section[0] for word, section in places.items()} == {
        "Costs": None, "rise.": None, "Oil.": "s-costs",
        "A": "s-long", "long": "s-long", "heading": "s-long", "Gas.": "s-long",
    }  # fmt: skip


def test_word_longer_than_a_passage_is_cut():
    word = "x" * 50

    passage = search.best_passage(f"Sand. {word} Sand.", search.parse(word).terms, length=40)

    assert passage.html == f"Sand. {'x' * 34} …"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11", "2026-11"),
        ("1999-12", "2026-11"),
        ("2024-12", "2026-03"),
        ("1987-01", "2100-12"),
    ],
)
def test_months_between_are_all_months_and_no_others(first, last):
    low, high = (
        keys.key_of(1, datetime.fromisoformat(f"{month}-15T12:00+00:00")) for month in (first, last)
    )
    lowest, highest = (int(keys.month_of(key)[1:]) for key in (low, high))

    parts = [part.strip("'") for part in keys.months_between(low, high).split(" | ")]

    def is_among(month):
        words = f"{MONTH}{month}"
        return any(
            words.startswith(part.removesuffix("':*")) if ":" in part else words == part
            for part in parts
        )

    near = range(lowest - 1000, highest + 1000)
    assert [month for month in near if is_among(month)] == [*range(lowest, highest + 1)]
    assert len(parts) <= 40


MIGRATIONS = [
    import_module(f"articles.migrations.{name}")
    for name in (
        "0003_search_index",
        "0017_search_weights_and_words",
        "0018_phrases_in_all_articles",
        "0021_what_a_search_reads_first",
        "0024_a_search_finds_keys",
        "0026_a_search_asks_once",
        "0027_names_beside_the_heaviest_words",
        "0028_a_search_gives_keys",
    )
]


def migrate_back(number):
    """Takes the last of the search's own migrations back."""
    with connection.schema_editor() as editor:
        for migration in reversed(MIGRATIONS[-number:]):
            migration.drop(None, editor)


def migrate_forth(number):
    with connection.schema_editor() as editor:
        for migration in MIGRATIONS[-number:]:
            migration.create(None, editor)


@pytest.mark.django_db(transaction=True)
def test_migration_can_be_taken_back():
    migrate_back(len(MIGRATIONS))
    tables = connection.introspection.table_names()
    migrate_forth(len(MIGRATIONS))

    assert [name for name in tables if name.startswith("articles_search")] == []
    assert index_size() == 0


def heaviest():
    with connection.cursor() as cursor:
        cursor.execute("SELECT article_id, words, names FROM articles_search_heaviest ORDER BY 1")
        return {pk: f"{words}{names}" for pk, words, names in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_heaviest_words_of_entries_that_were_there_are_known_after_the_migration(publish):
    publish("Oil", "crude and heavy")
    gas = publish("Gas", many_words(500))
    search.index(gas, language="en", title="Gas", standfirst="", text="", tag_ids=[7])
    before = heaviest()

    migrate_back(5)
    migrate_forth(5)

    assert heaviest() == before
    assert len(before) == 2


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("migration", "does"),
    [
        ("0018_phrases_in_all_articles", "create"),
        ("0023_more_pairs_of_words", "mark"),
    ],
)
def test_index_of_an_older_version_is_known_as_such_until_it_is_made_anew(migration, does):
    make_public("Steel", body="<p>Steel for gas.</p>")
    migration = import_module(f"articles.migrations.{migration}")

    with connection.schema_editor() as editor:
        getattr(migration, does)(None, editor)
    was_outdated = search.is_outdated()
    search.rebuild()

    assert (was_outdated, search.is_outdated()) == (True, False)
