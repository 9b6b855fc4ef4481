"""Which of the articles that were found come first.

The engine gives the newest matches, and of those that are too many to weigh, the newest with all
words in the title, then in title and standfirst, then in these and the headings, then those that
keep coming back to them. The best RANKED_MAX by this are weighed here: for each word, where the
article has it and how often (kept with the entry), and how few articles have it at all. The rest
follows by date.
"""

import math
from itertools import islice

from articles.search.asking import Alternative, is_name
from articles.search.engines import engine
from articles.search.entries import HEAVIEST, WEIGHT_STEPS, weights_by_word
from articles.search.keys import articles_of
from articles.search.recent import recent_articles
from articles.search.signs import AUTHOR, IN_HEAD, IN_HEADING, IN_TITLE, RECURRING, is_gap

# More matches than this are "1,000+": neither counted nor ranked beyond the newest.
MATCHES_MAX = 1000
# So many of them are weighed word by word.
RANKED_MAX = 100
# From the best places of a word to the worst that are still better than anywhere.
_PLACES = ((IN_TITLE,), (IN_HEAD,), (IN_HEAD, IN_HEADING), (RECURRING,))
# What a word weighs that is a part of such a name: less than what a text can give.
_AUTHOR_WEIGHT, _TAG_WEIGHT = 0.8, 0.6
# What an article's own row says for its weight: queries that want the condition for it.
_HEAVIEST = "SELECT article_id, words, names FROM articles_search_heaviest WHERE article_id"
_ALL_WEIGHTS = "SELECT article_id, weights FROM articles_search WHERE article_id"


def better_places(wanted):
    """The clauses that are wanted with the words in the best places, then in others, and so on."""
    return [[c for clause in wanted for c in in_places(clause, places)] for places in _PLACES]


def best_of(wanted, weighed, keys, placed):
    """The keys of the best of all that was found, in the order of their rank: of the newest, whose
    keys are given, and of those with the words in the best places that are left out of them.

    weighed: the clauses that are wanted, with beginnings of words as such.
    """
    chosen = keys
    if len(keys) > weighed_max():
        chosen = dict.fromkeys(placed)
        if len(chosen) < RANKED_MAX:
            chosen |= dict.fromkeys(keys)
        chosen = sorted(islice(chosen, RANKED_MAX), reverse=True)
    return by_weight(wanted, weighed, chosen)


def weighed_max():
    """Up to how many matches are all weighed."""
    return min(RANKED_MAX, MATCHES_MAX)


def by_weight(wanted, weighed, keys):
    """Some keys, the newest first, in the order of what the words weigh in their articles. Three
    queries at most."""
    if not keys:
        return []
    rarity = [1]
    if len(wanted) > 1:
        recent = recent_articles(counted=True)
        counts = engine().counts(wanted, recent)
        rarity = [math.log(1 + recent.articles / (count + 0.5)) for count in counts]
    weighers = list(zip(rarity, map(_weigher, weighed), strict=True))
    ids = articles_of(keys)
    # Most can be told by the heaviest words, which are few.
    known = {pk: (words, names) for pk, words, names in engine().rows(_HEAVIEST, ids)}
    scores = {pk: _score(weighers, *known.get(pk, ("", "")), are_all=False) for pk in ids}
    unsure = [pk for pk, score in scores.items() if score is None]
    for pk, weights in engine().rows(_ALL_WEIGHTS, unsure) if unsure else ():
        scores[pk] = _score(weighers, weights, known.get(pk, ("", ""))[1], are_all=True)
    order = {key: scores[pk] or 0 for key, pk in zip(keys, ids, strict=True)}
    # Sorting keeps the order of equals.
    return sorted(keys, key=order.get, reverse=True)


def _score(weighers, weights, names, *, are_all):
    """What all of some weighers, each with its factor, find together in an article; None where
    they can't tell, since the weights are the first of its lines and not all."""
    total = 0
    for factor, weight_in in weighers:
        weight = weight_in(weights, names, are_all)
        if weight is None:
            return None
        total += factor * weight
    return total


def _weigher(clause):
    """A function that says what a clause weighs in an article, 0 where it isn't fulfilled by a
    word or a name. Its arguments, weights and names, are as in Entry; if the weights are the first
    lines and not all, it gives None where none of its words is in them.
    """
    named = [
        (f" {token} ", _AUTHOR_WEIGHT if token[0] == AUTHOR else _TAG_WEIGHT)
        for token in (alternative.tokens[0] for alternative in clause if is_name(alternative))
    ]
    rows = [
        [f" {token}" if alternative.is_prefix else f" {token} " for token in alternative.tokens
         if not is_gap(token)]
        for alternative in clause
        if not is_name(alternative)
    ]  # fmt: skip

    def weight_in(weights, names, are_all):
        heaviest = 0
        for row in rows:
            # A row of words weighs what its lightest one does.
            lightest = HEAVIEST
            for token in row:
                place = weights.find(token)
                own = HEAVIEST - weights.count("\n", 0, place) if place >= 0 else 0
                lightest = min(lightest, own)
            heaviest = max(heaviest, lightest)
        if rows and not heaviest and not are_all:
            return None
        if named:
            names = f" {names} "
            heaviest += WEIGHT_STEPS * max(
                (weight for token, weight in named if token in names), default=0
            )
        return heaviest

    return weight_in


def weights_of(article_ids):
    """Article id → (word → what it weighs in it), of those that can be found. One query."""
    rows = engine().rows(_ALL_WEIGHTS, article_ids) if article_ids else ()
    return {pk: weights_by_word(weights) for pk, weights in rows if weights}


def in_places(clause, places):
    """Yields what the clause becomes if its words must stand in one of some places."""
    rows = [alternative.tokens for alternative in clause if len(alternative.tokens) > 1]
    single = tuple(
        Alternative((place + alternative.tokens[0],))
        for alternative in clause
        if len(alternative.tokens) == 1 and not is_name(alternative)
        for place in places
    )
    if not rows:
        yield single
        return
    # Anywhere in a row, and each of the words in the place.
    yield clause
    for column in zip(*rows, strict=True):
        if not is_gap(column[0]):
            forms_in_places = [place + form for form in dict.fromkeys(column) for place in places]
            yield (*(Alternative((form,)) for form in forms_in_places), *single)
