import doctest

import pytest

from articles import publishing, tag_order
from articles.models import Tag
from tests.factories import make_public


def test_examples_hold():
    assert doctest.testmod(tag_order).failed == 0


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("Sanction", "Sanctions", tag_order.INFLECTED),
        ("Energy policy", "Energy policies", tag_order.INFLECTED),
        ("Hafen", "Häfen", tag_order.WRITTEN),
        ("Oel", "Öl", tag_order.WRITTEN),
        ("Tegeran", "Тегеран", tag_order.WRITTEN),
        ("Azerbaijan", "Azerbaidjan", tag_order.SPELLED),
        ("Caspian", "Caspain", tag_order.SPELLED),
        ("Kazakhstan", "Kazahkstan", tag_order.SPELLED),
        ("Caspian", "Caspian Sea", tag_order.BEGINS),
    ],
)
def test_tags_that_may_be_one_are_found_with_the_reason(one, other, reason):
    assert tag_order._pairs([(1, one), (2, other)]) == {(1, 2): reason}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Iran", "Iraq"),
        ("Resolution 2231", "Resolution 2131"),
        ("S-300", "S-400"),
        ("Niger", "Nigeria"),
        ("Oil", "Oil price"),
        ("Austria", "Australia"),
        ("Sea", "See also"),
    ],
)
def test_tags_that_are_two_things_are_not(one, other):
    assert tag_order._pairs([(1, one), (2, other)]) == {}


def test_many_tags_are_compared_without_comparing_each_with_each(monkeypatch):
    compared = []
    distance = tag_order._distance
    monkeypatch.setattr(tag_order, "_distance", lambda *of: compared.append(of) or distance(*of))
    letters = "bcdfghjklm"
    named = [
        (number, "".join(letters[int(digit)] * 2 for digit in f"{number:04}"))
        for number in range(0, 10_000, 7)
    ]

    tag_order._pairs(named)

    assert len(compared) < 5 * len(named)


@pytest.mark.django_db
def test_names_of_merged_tags_and_aliases_speak_for_the_tag_that_stands():
    make_public(tags=["Persian Gulf"])
    publishing.save_tag(Tag(name="The Gulf"), aliases=["Persian Gulfs"])
    publishing.merge_tag(
        publishing.tag_named("Gulf states"), Tag.objects.get(name="The Gulf"), by=None
    )

    found = tag_order.alike()

    assert [(pair.tag.name, pair.into.name) for pair in found] == [("The Gulf", "Persian Gulf")]
