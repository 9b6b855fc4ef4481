"""Two versions of one text: nothing of either is lost, and what is proposed is what was meant."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.merging import (
    BOTH,
    SAME,
    THEIRS,
    YOURS,
    Chunk,
    _woven,
    blocks,
    differences,
    essence,
    merge,
)
from articles.merging import words_of as words
from articles.rendering import clean

texts = st.lists(st.sampled_from("abcdefg"), max_size=12)


@st.composite
def three_versions(draw):
    """A text and two that were made of it: items of it taken out, put in, and moved."""
    base = draw(texts)
    sides = []
    for letters in ("ABC", "XYZ"):
        side = list(base)
        for _number in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(side)))
            length = draw(st.integers(0, 2))
            side[at : at + length] = draw(st.lists(st.sampled_from(letters), max_size=2))
        sides.append(side)
    return base, *sides


def whole(chunks, choice=None):
    return [item for chunk in chunks for item in chunk.taken(choice or chunk.proposal)]


@given(three_versions() | st.tuples(st.none() | texts, texts, texts))
def test_all_of_one_side_is_that_side(versions):
    base, theirs, yours = versions

    chunks = merge(base, theirs, yours)

    assert whole(chunks, THEIRS) == theirs
    assert whole(chunks, YOURS) == yours
    if base is not None:
        assert [item for chunk in chunks for item in chunk.base] == base


@given(three_versions())
def test_change_of_one_side_is_proposed(versions):
    base, theirs, yours = versions

    assert whole(merge(base, theirs, base)) == theirs
    assert whole(merge(base, base, yours)) == yours
    assert whole(merge(base, theirs, theirs)) == theirs


@given(three_versions())
def test_both_and_the_proposal_lose_nothing_that_was_written(versions):
    base, theirs, yours = versions
    chunks = merge(base, theirs, yours)

    for side in (theirs, yours):
        assert not Counter(side) - Counter(whole(chunks, BOTH))
        written = Counter(side) - Counter(base)
        assert not written - Counter(whole(chunks))
    without_base = merge(None, theirs, yours)
    assert not (Counter(theirs) | Counter(yours)) - Counter(whole(without_base))


@given(three_versions())
def test_sides_can_be_exchanged(versions):
    base, theirs, yours = versions
    other = {SAME: SAME, BOTH: BOTH, THEIRS: YOURS, YOURS: THEIRS}

    one_way, other_way = merge(base, theirs, yours), merge(base, yours, theirs)

    assert [chunk.who for chunk in one_way] == [other[chunk.who] for chunk in other_way]


@pytest.mark.parametrize(
    ("base", "theirs", "yours", "merged"),
    [
        # Neighbouring paragraphs are no conflict.
        ("ab", "Ab", "aX", "AX"),
        # Both reworded one, and one of them its neighbours, too.
        ("abc", "aBc", "XYZ", "XBYZ"),
        # Both wrote at the end.
        ("a", "aA", "aX", "aAX"),
        # Both wrote the same.
        ("ab", "aB", "aB", "aB"),
        # The same paragraph, each in another way: both are kept.
        ("abc", "aBc", "aXc", "aBXc"),
        # Taken out there and reworded here: what is written stays.
        ("abc", "ac", "aXc", "aXc"),
        # Put in beside what the other one reworded.
        ("ab", "aAb", "aX", "aAX"),
        # Put in within what the other one took out.
        ("abcd", "abAcd", "ad", "abAcd"),
        ("", "A", "X", "AX"),
    ],
)
def test_proposal(base, theirs, yours, merged):
    assert "".join(whole(merge(base, theirs, yours))) == merged


@pytest.mark.parametrize(
    ("base", "theirs", "yours", "woven"),
    [
        ("<p>One two.</p>", "<p>1 two.</p>", "<p>One two. Three.</p>", "<p>1 two. Three.</p>"),
        ("<p>One</p>", "<h2>One</h2>", "<p>One two</p>", "<h2>One two</h2>"),
        ("<p>One two.</p>", "<p><em>One</em> two.</p>", "<p>One 2.</p>", "<p><em>One</em> 2.</p>"),
        # The same word, each in another way.
        ("<p>One two.</p>", "<p>1 two.</p>", "<p>I two.</p>", None),
        # Elements that would overlap.
        ("<p>a b c</p>", "<p><em>a b </em>c</p>", "<p>a <s>b c</s></p>", None),
    ],
)
def test_changes_within_one_paragraph_are_woven_together(base, theirs, yours, woven):
    (chunk,) = merge([base], [theirs], [yours])

    assert chunk.woven == woven
    assert chunk.taken(BOTH) == ((woven,) if woven else (theirs, yours))


pieces = st.lists(st.sampled_from(["a ", "b ", "c ", "<em>", "</em>", "<br>", "< "]), max_size=9)


@given(pieces, pieces, pieces)
def test_what_is_woven_holds_the_new_words_of_both(base, theirs, yours):
    base, theirs, yours = ("".join(["x ", *words, "y"]) for words in (base, theirs, yours))

    woven = _woven(base, theirs, yours)

    if woven is not None:
        for side in (theirs, yours):
            new = Counter(_letters(side)) - Counter(_letters(base))
            assert not new - Counter(_letters(woven))


def _letters(text):
    return [letter for letter in re.sub(r"</?\w+>", "", text) if letter.isalpha()]


def test_heading_that_both_have_put_in_is_there_once():
    base = ["<p>a</p>"]
    theirs = [*base, '<h2 id="s-new">New</h2>', "<p>Theirs</p>"]
    yours = [*base, '<h2 id="s-new-2">New</h2>', "<p>Yours</p>"]

    chunks = merge(base, theirs, yours, key=essence)

    assert whole(chunks) == [*theirs, "<p>Yours</p>"]


@given(three_versions())
def test_nothing_is_doubled_that_is_the_same_to_readers(versions):
    base, theirs, yours = (
        [f'<h2 id="s-{number}-{side}">{letter.lower()}</h2>' for number, letter in enumerate(text)]
        for side, text in enumerate(versions)
    )

    for chunk in merge(base, theirs, yours, key=essence):
        taken = Counter(map(essence, chunk.taken(BOTH)))
        sides = Counter(map(essence, chunk.theirs)) | Counter(map(essence, chunk.yours))
        assert chunk.woven is not None or taken == sides


def test_both_hold_what_one_says_twice():
    chunk = Chunk(None, ("a", "b"), ("a", "c", "a"), BOTH)

    assert chunk.taken(BOTH) == ("a", "b", "c", "a")
    with pytest.raises(ValueError, match="no choice"):
        chunk.taken(SAME)


def test_what_is_left_as_it_was_is_one_chunk():
    chunks = merge(list("abcde"), list("abcdE"), list("Abcde"))

    assert [(chunk.who, "".join(chunk.base)) for chunk in chunks] == [
        (YOURS, "a"),
        (SAME, "bcd"),
        (THEIRS, "e"),
    ]


@given(st.text(alphabet='<>/pbr h2"=a&; \n', max_size=60))
def test_blocks_are_the_body(text):
    assert "".join(blocks(text)) == text
    assert "".join(blocks(clean(text))) == clean(text)


def test_blocks_are_what_stands_at_the_top():
    body = clean(
        '<h2>One</h2><p>A <em>b</em><br>c <a href="https://x.example/?a>b">d</a></p><hr>'
        "<ul><li><p>e</p><ul><li>f</li></ul></li></ul><blockquote><p>g</p><p>h</p></blockquote>"
        '<figure><img data-image="aaaaaaaaaaaaaaaa" alt="a > b"><figcaption>i</figcaption></figure>'
        "<table><tr><td>j</td><td>k</td></tr></table>"
    )

    found = blocks(body)

    assert [block[: block.index(">")].split()[0] for block in found] == [
        "<h2",
        "<p",
        "<hr",
        "<ul",
        "<blockquote",
        "<figure",
        "<table",
    ]
    assert [words(block) for block in found] == [
        "One",
        "A b\nc d",
        "―――",
        "• e\n• f",
        "g\nh",
        "[picture: a > b] i",
        "j | k",
    ]


def test_what_the_writing_surface_adds_makes_no_difference():
    plain = "<table><tbody><tr><td>a</td></tr></tbody></table><ul><li>b</li></ul>"
    edited = (
        '<table><tbody><tr><td colspan="1" rowspan="1"><p>a</p></td></tr></tbody></table>'
        "<ul><li><p>b</p></li></ul>"
    )

    assert essence(edited) == essence(plain)
    assert essence('<h2 id="s-a">A</h2>') == essence("<h2>A</h2>") != essence("<h3>A</h3>")
    assert essence(plain.replace("a<", "c<")) != essence(plain)
    assert [chunk.who for chunk in merge([plain], [plain], [edited], key=essence)] == [SAME]


def test_differences_are_words():
    assert differences("The sea is deep.", "The sea is very deep.") == [
        ("equal", "The sea is "),
        ("inserted", "very "),
        ("equal", "deep."),
    ]
    assert differences("The end of it.", "The end") == [
        ("equal", "The end "),
        ("deleted", "of it."),
    ]
    assert differences("", "New") == [("inserted", "New")]
    assert differences("Same", "Same") == [("equal", "Same")]


@given(st.text(alphabet="ab \n", max_size=30), st.text(alphabet="ab \n", max_size=30))
def test_differences_hold_all_words(before, after):
    parts = differences(before, after)

    assert "".join(part for kind, part in parts if kind != "deleted").split() == after.split()
    assert "".join(part for kind, part in parts if kind != "inserted").split() == before.split()


def test_long_texts_are_compared_as_a_whole():
    before, after = "a " * 5000, "a " * 5000 + "b"

    assert differences(before, after) == [("deleted", before), ("inserted", after)]
    assert differences(before, before) == [("equal", before)]
