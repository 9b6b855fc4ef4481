import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.importing.repair import Change, repair

GOOD_TEXTS = [
    "Η Γ συνάρτηση «Β» και η Γ’ τάξη. Ή όχι; Α· Β· Γ·",
    "the “Γ” function, Γ–convergence, Γ’s value, β-blocker, β–decay, α…ω, Γ² k, xΓ²y, ‘α’”",
    "Привет, мир – «да», Ёлка",
    "ایران و روسیه همسایه می‌باشند؛ «گفت‌وگو»",
    "À côté, déjà vu — «œuvre» naïve, Noël ; ça",
    "Größe, Übermaß „Zitat“, Störfaktor → mehr",
    "Łódź, żółć, gęślą jaźń",
    "日本語テキスト。中文「引用」。",
    "😀👍🏽 20 °C ± 2 % §5 ©",
    "São Paulo, MÃE, Ångström",
]
WORDS = " ".join(GOOD_TEXTS).split()
GERMAN_WORDS = ["Störung", "für", "größer", "während", "Überfluss", "schön", "Straße", "müde"]


def misread(text, encoding):
    """The text as a reader with the wrong table sees it; bytes without a letter stay controls."""
    characters = []
    for byte in text.encode():
        try:
            characters.append(bytes([byte]).decode(encoding))
        except UnicodeDecodeError:
            characters.append(chr(byte))
    return "".join(characters)


@pytest.mark.parametrize("text", GOOD_TEXTS)
def test_repair_good_text(text):
    assert repair(text) == (text, [])


def test_repair_mixed_greek_tables():
    text, changes = repair("als „stΓΆrfaktor“ gilt. Mehr β†’")

    assert text == "als „störfaktor“ gilt. Mehr →"
    assert changes == [Change("stΓΆrfaktor", "störfaktor", 5), Change("β†’", "→", 29)]


def test_repair_text_misread_twice():
    text, changes = repair("GrÃ¶ÃŸe und schÃƒÂ¶n")

    assert text == "Größe und schön"
    assert changes == [Change("GrÃ¶ÃŸe", "Größe", 0), Change("schÃƒÂ¶n", "schön", 12)]


@pytest.mark.parametrize(
    "code", ["`stΓΆr`", "<code>stΓΆr</code>", '<pre class="x">stΓΆr</pre>', "```\nstΓΆr\n```"]
)
def test_repair_code(code):
    assert repair(f"{code}\nstΓΆr") == (f"{code}\nstör", [Change("stΓΆr", "stör", len(code) + 1)])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_repair_leaves_words_of_many_scripts(text):
    assert repair(text) == (text, [])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([*GERMAN_WORDS, "Iran", "und", "Moskau"]), min_size=1, max_size=20),
    st.sampled_from(["iso8859-7", "cp1253", "latin-1", "cp1252"]),
)
def test_repair_undoes_misreading(words, encoding):
    # One certain word, as a text that is damaged throughout has it.
    text = " ".join([*words, "müde"])

    repaired, changes = repair(misread(text, encoding))

    assert repaired == text
    assert [c.after for c in changes] == [w for w in text.split() if not w.isascii()]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet="aZ ΓΆβ†’€Ã¶ŸÂ–“”Ξ±Ρ\x81\n`<>code/é", max_size=40))
def test_repair_is_settled_after_one_run(text):
    once, changes = repair(text)

    assert repair(once) == (once, [])
    assert all(text[c.position :].startswith(c.before) for c in changes)
