"""Tags that may be one: what an editor should look at to keep the tags in order.

Two tags are alike when their names differ in a letter or an ending, in the script or the way an
umlaut is written, or when one begins with the other. Nothing is merged by itself.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from anyascii import anyascii
from django.utils.translation import gettext_lazy as _

from articles.models import Snooze, Tag, TagAlias
from articles.text_analysis import STEMMED_LANGUAGES, stem, tokens

SPELLED, INFLECTED, WRITTEN, BEGINS = "spelled", "inflected", "written", "begins"
# In the order in which they are listed, the surest first.
REASONS = {
    WRITTEN: _("the same in another script or spelling"),
    INFLECTED: _("singular and plural, or another ending"),
    SPELLED: _("a letter or two apart"),
    BEGINS: _("one name begins with the other"),
}
# Shorter names differ by a letter because they mean something else: Iran, Iraq.
ONE_LETTER_MIN, TWO_LETTERS_MIN = 6, 11
BEGINNING_MIN = 5
NAMES_MAX = 10_000
# Kind of the snooze of two tags that are not one.
APART = "tags_apart"


@dataclass(frozen=True, slots=True)
class Alike:
    """Two tags that may be one; the one that is used more is the one to keep."""

    tag: Tag
    into: Tag
    reason: str

    @property
    def words(self):
        return REASONS[self.reason]

    @property
    def key(self):
        return apart_key(self.tag, self.into)


def apart_key(one, other):
    return "-".join(sorted([one.uid, other.uid]))


def alike():
    """Pairs of tags that may be one, the surest first; without those that an editor set apart."""
    tags = {tag.pk: tag for tag in Tag.objects.standing()}
    names = TagAlias.objects.values_list("tag_id", "tag__merged_into_id", "name")
    named = [(into or pk, name) for pk, into, name in names[:NAMES_MAX]]
    apart = set(Snooze.objects.filter(kind=APART).values_list("key", flat=True))
    found = []
    for (one, other), reason in _pairs(named).items():
        into, tag = sorted((tags[one], tags[other]), key=lambda tag: (-tag.article_count, tag.pk))
        if apart_key(tag, into) not in apart:
            found.append(Alike(tag, into, reason))
    order = list(REASONS)
    found.sort(key=lambda pair: (order.index(pair.reason), -pair.into.article_count, pair.tag.name))
    return found


def unused():
    """Tags that no public article carries."""
    return Tag.objects.choosable().filter(article_count=0).order_by("name")


def used_once():
    """Tags that one public article carries."""
    return Tag.objects.choosable().filter(article_count=1).order_by("name")


def _pairs(named):
    """(tag, tag) → the surest reason why two of some named things may be one. Pure."""
    found = {}
    for reason, pairs in (
        (WRITTEN, _sharing(named, _written)),
        (INFLECTED, _sharing(named, _inflected)),
        (SPELLED, _spelled(named)),
        (BEGINS, _beginning(named)),
    ):
        for one, other in pairs:
            if one != other:
                found.setdefault((min(one, other), max(one, other)), reason)
    return found


def _sharing(named, forms_of):
    """Pairs of what has a form in common."""
    groups = defaultdict(set)
    for thing, name in named:
        for form in forms_of(name):
            groups[form].add(thing)
    for group in groups.values():
        yield from combinations(sorted(group), 2)


def _written(name):
    """The name in plain Latin letters, as far as possible the same however it is written.

    >>> _written("Öl") == _written("Oel"), _written("Тегеран")
    (True, {'tegeran'})
    """
    plain = "".join(tokens(anyascii(name)))
    for pair, letter in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"), ("kh", "h")):
        plain = plain.replace(pair, letter)
    return {plain} - {""}


def _inflected(name):
    """The name with every word without its ending, in each language."""
    words = tokens(name)
    return {tuple(stem(word, language) for word in words) for language in STEMMED_LANGUAGES}


def _spelled(named):
    """Pairs whose names are a letter apart, or two if they are long; numbers are never alike."""
    groups, keys = defaultdict(set), {}
    for number, (thing, name) in enumerate(named):
        key = "".join(tokens(name))
        if len(key) < ONE_LETTER_MIN or any(c.isdigit() for c in key):
            continue
        keys[number] = (thing, key)
        for shorter in _without_letters(key, 2 if len(key) >= TWO_LETTERS_MIN else 1):
            groups[shorter].add(number)
    for group in groups.values():
        for one, other in combinations(sorted(group), 2):
            (thing, key), (other_thing, other_key) = keys[one], keys[other]
            allowed = 2 if min(len(key), len(other_key)) >= TWO_LETTERS_MIN else 1
            if thing != other_thing and _distance(key, other_key) <= allowed:
                yield thing, other_thing


def _without_letters(key, number):
    forms = {key}
    for _round in range(number):
        forms |= {form[:at] + form[at + 1 :] for form in forms for at in range(len(form))}
    return forms


def _distance(one, other):
    """How many letters must be added, taken away, changed or swapped with their neighbour.

    >>> _distance("sanctions", "sanktion")
    2
    """
    before, row = [], list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]


def _beginning(named):
    """Pairs of which the words of one begin with those of the other."""
    wholes = defaultdict(set)
    for thing, name in named:
        wholes[tuple(tokens(name))].add(thing)
    for words, things in wholes.items():
        for length in range(1, len(words)):
            start = words[:length]
            if len("".join(start)) >= BEGINNING_MIN:
                for other in wholes.get(start, ()):
                    yield from ((thing, other) for thing in things)
