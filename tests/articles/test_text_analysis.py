import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.text_analysis import (
    STOP_WORDS,
    beginning_of,
    compounds,
    fold_text,
    forms,
    stem,
    stems,
    tokens,
    words_beginning,
    words_in,
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


def words(text, beginnings):
    found = words_beginning(text, frozenset(beginnings))
    return [(match.start(), match[0]) for match in found]


ASCII = " and so on" * 20


def test_words_beginning_are_words_as_written():
    text = f"Über Cafe\u0301s, Uebel: Iran’s Iranian IRON trade Öl Undo 10{ASCII}"

    assert words(text, {"ub"}) == [(0, "Über"), (13, "Uebel"), (46, "Öl")]
    assert words(text, {"10"}) == [(0, "Über"), (46, "Öl"), (54, "10")]
    assert words(text, {"cafe", "ira"}) == [
        (0, "Über"), (5, "Cafe\u0301s"), (20, "Iran’s"), (27, "Iranian"), (46, "Öl"),
    ]  # fmt: skip


def test_words_beginning_are_whole_words():
    assert words("Iran's xiran a_iran S-300's s", {"i"}) == [(0, "Iran's"), (15, "iran")]
    assert words("Iran's, it's S-300's s", {"s"}) == [(13, "S"), (21, "s")]
    assert words(f"D'Souza’s cafe\u0301’s{ASCII}", {"souz"}) == [(2, "Souza’s")]


_SPELLINGS = (
    *("a", "b", "e", "i", "n", "o", "u", "A", "E", "U", "ü", "Ä", "ß", "é", "e\u0301", "ae", "oe"),
    *("ue", "ing", "ies", "s", " ", " ", "-", "?", "’", "’s ", "'s ", "_", "7", "\N{SOFT HYPHEN}"),
    *("и", "й", "İ", "ı"),
)
_PIECES = st.sampled_from(_SPELLINGS)


@given(st.lists(_PIECES, max_size=40).map("".join), st.sampled_from(["", ASCII]), st.data())
def test_every_word_that_a_form_finds_is_among_those_with_its_beginning(text, rest, data):
    text += rest
    every = [(match.start(), match[0]) for match in words_in(text)]
    form = data.draw(st.sampled_from([f for _start, word in every for f in forms(word)] or ["a"]))

    found = words(text, {beginning_of(form)})

    assert set(found) <= set(every)
    assert [word for word in every if form in forms(word[1])] == [
        word for word in found if form in forms(word[1])
    ]


@given(
    st.text("abdeghilnorstuyz", min_size=1, max_size=12),
    st.sampled_from(
        ["", "ies", "ying", "yings", "ization", "bility", "ational", "lich", "erinnen"]
    ),
)
def test_no_stemmer_changes_how_a_word_begins(word, ending):
    word += ending

    for form in stems(word):
        assert words(word, {beginning_of(form)}) == [(0, word)], form


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
