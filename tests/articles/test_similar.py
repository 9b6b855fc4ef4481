"""Articles like a text: by the words it keeps coming back to, the rare ones first."""

import pytest

from articles import similar
from articles.models import Term
from articles.rendering import structure
from tests.factories import make_article, make_public

pytestmark = pytest.mark.django_db

GRAIN = "Grain crosses the Caspian. Grain and wheat go by ship; wheat is dear. " * 3
STEEL = "Steel and furnaces of Isfahan. Steel needs furnaces, and furnaces need coal. " * 3
FILLER = "Nothing of note happened, and nobody said anything about it at all today."


def enter(article, **words):
    similar.enter(article.pk, **({"language": "en", "standfirst": "", "title": ""} | words))


def like(text, **words):
    words = {"language": "en", "title": "", "standfirst": ""} | words
    return similar.similar_to(text=text, **words)


@pytest.fixture
def on_grain():
    article = make_public("Ships and harvests", body=f"<p>{GRAIN}</p>")
    enter(article, title=article.title, text=GRAIN)
    return article


@pytest.fixture
def on_steel():
    article = make_public("Smelters", body=f"<p>{STEEL}</p>")
    enter(article, title=article.title, text=STEEL)
    return article


def test_the_article_with_the_same_words_is_found_and_others_are_not(on_grain, on_steel):
    assert like("The wheat harvest: wheat, grain and more grain.") == [on_grain.pk]
    assert like("A furnace, two furnaces, steel and steels.") == [on_steel.pk]
    assert like("Opera, ballet, opera, ballet.") == []
    assert like("") == []


def test_what_is_excluded_is_not_found_and_the_limit_holds(on_grain, on_steel):
    both = f"{GRAIN} {STEEL}"

    assert set(like(both)) == {on_grain.pk, on_steel.pk}
    assert like(both, exclude=[on_grain.pk]) == [on_steel.pk]
    assert len(like(both, limit=1)) == 1
    assert like(both, limit=0) == []


def test_a_rare_word_says_more_than_a_common_one():
    rare, *crowd = [make_article(f"Crowd {number}") for number in range(5)]
    Term.objects.bulk_create(
        Term(article=article, term=term, weight=100)
        for article in (rare, *crowd)
        for term in (("rye", "oat") if article == rare else ("camel", "desert"))
    )

    found = like("Camel, desert, rye, oat. Camel, desert, rye, oat.")

    assert found[0] == rare.pk
    assert set(found[1:]) == {article.pk for article in crowd}


def test_article_whose_title_the_text_mentions_only_once_is_found(on_grain, on_steel):
    treaty = make_public("Gulistan", body="<p>A border, a treaty, a border.</p>")

    assert like(f"{GRAIN} So it was at Gulistan, too.") == [on_grain.pk, treaty.pk]


def test_of_what_shares_the_main_words_the_one_with_more_of_the_others_is_nearer():
    text = f"<p>{GRAIN}</p>"
    near = make_public("Near", body=f"{text}<p>A pilot, a lock and a lighthouse.</p>")
    far = make_public("Far", body=f"{text}<p>A singer, a stage and a curtain.</p>")

    assert like(f"{GRAIN} The pilot saw the lighthouse.") == [near.pk, far.pk]
    assert like(f"{GRAIN} The singer left the stage.") == [far.pk, near.pk]


def test_a_word_of_most_articles_counts_only_where_nothing_else_does(on_grain):
    crowd = [make_public(f"Crowd {number}", body="<p>Words.</p>") for number in range(8)]
    Term.objects.exclude(article=on_grain).delete()
    Term.objects.bulk_create(
        Term(article=article, term=term, weight=100)
        for article in crowd
        for term in ("sanction", "sanctioned")
    )
    common = "sanctions sanctions sanctioned sanctioned"

    assert like(f"{common} wheat wheat grain grain") == [on_grain.pk]
    Term.objects.filter(article=on_grain).delete()
    assert set(like(f"sanction sanction {common} sanctioneds")) <= {a.pk for a in crowd}
    assert like("sanction sanction") != []


def test_title_and_standfirst_count_several_times():
    in_text = similar.terms_of(language="en", title="", standfirst="", text=f"Wheat. {FILLER}")
    in_head = similar.terms_of(language="en", title="Wheat", standfirst="Barley", text=FILLER)

    assert "wheat" not in in_text
    assert list(in_head)[:2] == ["wheat", "barley"]
    assert in_head["wheat"] > in_head["barley"]


def test_stop_words_and_numbers_are_no_terms_and_there_are_thirty_at_most():
    text = " ".join(f"the 2024 word{'abcdefgh'[n % 8]}{'ijklm'[n % 5]}" for n in range(200))

    terms = similar.terms_of(language="en", title="", standfirst="", text=text)

    assert len(terms) == 30
    assert not {"the", "2024"} & terms.keys()
    assert all(1 <= weight <= 1000 for weight in terms.values())


def test_entering_again_changes_only_what_differs(on_grain):
    before = dict(on_grain.terms.values_list("term", "pk"))

    again = {"language": "en", "title": on_grain.title, "standfirst": "", "text": GRAIN}
    assert similar.enter(on_grain.pk, **again) is False
    assert dict(on_grain.terms.values_list("term", "pk")) == before

    assert similar.enter(on_grain.pk, **again | {"text": f"{GRAIN} Barley, barley."}) is True
    after = dict(on_grain.terms.values_list("term", "pk"))
    assert after.keys() - before.keys() == {"barley"}
    assert after["grain"] == before["grain"]


def test_what_is_removed_is_similar_to_nothing(on_grain):
    similar.remove(on_grain.pk)
    similar.remove(on_grain.pk)

    assert like(GRAIN) == []


def test_rebuild_puts_right_what_is_wrong_and_then_changes_nothing(on_grain, on_steel):
    draft = make_article("A draft", body=f"<p>{GRAIN}</p>")
    similar.rebuild()
    right = set(Term.objects.values_list("article", "term", "weight"))
    assert {pk for pk, _term, _weight in right} == {on_grain.pk, on_steel.pk}
    rows = set(Term.objects.values_list("pk", flat=True))
    looked_at = []

    assert similar.rebuild(looked_at.append) == (0, 0)
    assert looked_at == [2]
    assert set(Term.objects.values_list("pk", flat=True)) == rows

    Term.objects.filter(article=on_grain, term="grain").delete()
    Term.objects.filter(article=on_steel, term="steel").update(weight=7)
    Term.objects.create(article=on_steel, term="opera", weight=9)
    Term.objects.create(article=draft, term="grain", weight=9)
    assert similar.rebuild() == (2, 1)
    assert set(Term.objects.values_list("article", "term", "weight")) == right


def test_rebuild_knows_of_a_text_what_entering_it_knows(on_grain):
    similar.enter(
        on_grain.pk,
        language=on_grain.language,
        title=on_grain.title,
        standfirst=on_grain.standfirst,
        text=structure(on_grain.body).text,
    )

    assert similar.rebuild() == (0, 0)


def test_the_number_of_queries_does_not_grow(on_grain, django_assert_num_queries):
    for number in range(3):
        enter(make_public(f"More {number}"), text=GRAIN)

    with django_assert_num_queries(5):
        assert len(like(f"{GRAIN} Opera.", exclude=[on_grain.pk])) == 3
