import pytest

from articles.text_analysis import (
    STOP_WORDS,
    compounds,
    fold_text,
    forms,
    stem,
    stems,
    tokens,
    words_beginning,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Größe", "grosse"),
        ("STRASSE", "strasse"),
        ("Café", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("Gdańsk", "gdansk"),
        ("Łódź", "lodz"),
        ("Tromsø", "tromso"),
        ("İstanbul", "istanbul"),
        ("ＧＡＳ", "gas"),
        ("Ёлка", "елка"),
        ("كيش", "کیش"),
        ("۱۴۰۲", "1402"),
    ],
)
def test_fold_text_makes_one_form_of_spellings(written, folded):
    assert fold_text(written) == folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  …  — !", []),
        ("Iran's oil", ["iran", "oil"]),
        ("Iran’s oil", ["iran", "oil"]),
        ("l’Iran", ["l", "iran"]),
        ("North–South", ["north", "south"]),
        ("snake_case", ["snake", "case"]),
        ("Außen\N{SOFT HYPHEN}politik", ["aussenpolitik"]),
        ("1½", ["11", "2"]),
        ("می‌خواهم", ["می", "خواهم"]),
        ("تَهران", ["تهران"]),
        ("Россия и Иран", ["россия", "и", "иран"]),
    ],
)
def test_tokens_splits_into_folded_words(text, expected):
    assert tokens(text) == expected


def test_tokens_shortens_what_is_no_word():
    assert tokens("x" * 5000) == ["x" * 60]


def words(text, letters):
    return [(match.start(), match[0]) for match in words_beginning(text, letters)]


def test_words_beginning_are_words_as_written():
    text = "Über Cafe\u0301s, Über: Iran’s Iranian trade Öl Undo 10"

    # A letter that has to be folded may become any.
    always = [(0, "Über"), (13, "Über"), (40, "Öl")]
    assert words(text, {"u"}) == [*always, (43, "Undo")]
    assert words(text, {"1"}) == [*always, (48, "10")]
    assert words(text, {"c", "i"}) == sorted(
        [*always, (5, "Cafe\u0301s"), (19, "Iran’s"), (26, "Iranian")]
    )


def test_words_beginning_are_whole_words():
    assert words("Iran's xiran a_iran S-300's s", {"i"}) == [(0, "Iran's"), (15, "iran")]
    assert words("Iran's, it's S-300's s", {"s"}) == [(13, "S"), (21, "s")]


def test_forms_are_all_that_finds_a_spelling():
    assert forms("Running") == {"run", "running"}
    assert forms("Läuferin") == {"lauf", "lauferin"}
    assert forms("The") == frozenset()


def test_compounds_keep_words_with_hyphens_together():
    assert list(compounds("The S-300 — state‑owned - gas")) == [
        ("the",),
        ("s", "300"),
        ("state", "owned"),
        ("gas",),
    ]


def test_stem_depends_on_the_language():
    assert stem("hauser", "de") == "haus"
    assert stem("hauser", "en") == "hauser"
    assert stem("hauser", "ru") == "hauser"


def test_stems_are_all_forms_once():
    assert stems("running") == ("run", "running")
    assert stems("iran") == ("iran",)


def test_stop_words_are_folded():
    assert {fold_text(word) for word in STOP_WORDS} == STOP_WORDS


def test_stop_words_leave_out_what_the_other_language_means():
    assert STOP_WORDS.isdisjoint({"war", "man", "hat", "will", "us"})
