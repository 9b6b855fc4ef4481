"""What readers get for what they typed in the search: articles, ways to narrow them down, and
where nothing has all the words, what comes closest.

Slips of the pen are mended only where the words as they were typed find nothing, and never
silently: an Answer says what was looked for instead, and everybody can insist on their words.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from articles import labels, search, tag_sets, vocabulary
from articles.models import Tag
from articles.prepared import Prepared
from articles.search import Filters, Found
from articles.site import shelf
from articles.text_analysis import STOP_WORDS
from authors.models import Author

# Of each kind, so many ways to narrow down are shown.
TAGS_SHOWN, AUTHORS_SHOWN, YEARS_SHOWN = 10, 6, 10
# What is tried for how many words of a query.
MENDED_MAX, MEANT_MAX = 3, 6
# A word of so few articles may be a slip, if nothing has it together with the others.
RARE = 2
NAMES_MAX = 5000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asks for. tag and author are rows, or None."""

    words: str
    tag: Tag | None = None
    author: Author | None = None
    year: int | None = None
    by_date: bool = False
    # Whether the words are meant as they are.
    exactly: bool = False

    @property
    def filters(self):
        dates = None
        if self.year:
            zone = timezone.get_current_timezone()
            dates = tuple(datetime(year, 1, 1, tzinfo=zone) for year in (self.year, self.year + 1))
        return Filters(
            labels.group("tag", self.tag.pk) if self.tag else (),
            labels.group("author", self.author.pk) if self.author else (),
            dates,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to narrow down: a tag, an author or a year, and of how many articles."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Named:
    """A tag or an author that readers find in lists."""

    url: str
    name: str
    article_count: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for what a reader asked.

    words: what was looked for. is_mended: that isn't what was typed. is_partial: nothing has all
    of the words, and these articles have most. perhaps: other words that find more. named: tags
    and authors that are called exactly so.
    """

    words: str
    found: Found
    is_mended: bool = False
    is_partial: bool = False
    perhaps: str = ""
    named: list[Named] = field(default_factory=list)


def answer(asked):
    """The Answer for what a reader asked, in a bounded number of queries."""
    names = RememberedNames()
    find = Finder(asked, names)
    query = find.parsed(asked.words)
    found = find.all(query)
    result = Answer(asked.words, found)
    if not asked.exactly and query.wanted:
        if not found.keys:
            result = _closest(find, asked.words, query) or result
        elif len(found) <= RARE:
            result = replace(result, perhaps=_perhaps(find, asked.words, query, found))
    return replace(result, named=named(names, result.found.query))


class Finder:
    """The search with the filters and the order that a reader chose.

    begun_min: how long the last word is at least, that it may be the beginning of one.
    """

    def __init__(self, asked, names, *, begun_min=search.PREFIX_MIN_LENGTH):
        self.asked, self.names, self.begun_min = asked, names, begun_min

    def parsed(self, words):
        return search.parse(words, self.names, begun_min=self.begun_min)

    def all(self, query):
        return search.find_all(query, self.asked.filters, by_date=self.asked.by_date)

    def most(self, query):
        return search.find_most(query, self.asked.filters, by_date=self.asked.by_date)

    def has(self, clauses):
        return search.has_any(clauses, self.asked.filters)

    def clauses(self, words):
        """word → its clause, of words that are none of those that say nothing."""
        words = [word for word in words if word not in STOP_WORDS]
        named = self.names(words)
        return {word: search.clause_of(word, named) for word in words}


class RememberedNames:
    """search.Names, asked for once for each set of words."""

    def __init__(self):
        self._of = {}

    def __call__(self, words):
        key = tuple(word for word in dict.fromkeys(words) if word not in STOP_WORDS)
        if key not in self._of:
            self._of[key] = search.Names(key)
        return self._of[key]


# Mending.


def _closest(find, words, query):
    """The Answer for words that find nothing as they are; None where nothing comes close."""
    mended = mend(find, words, query)
    if mended:
        query = find.parsed(mended)
        if (found := find.all(query)).keys:
            return Answer(mended, found, is_mended=True)
    found = find.most(query)
    if found.keys:
        return Answer(mended or words, found, is_mended=bool(mended), is_partial=True)
    return None


def _perhaps(find, words, query, found):
    """Other words, a slip away from those typed, that find much more than those do."""
    if len(query.words) > MENDED_MAX:
        return ""
    mended = mend(find, words, query, often=5 * len(found))
    if not mended:
        return ""
    better = search.find_all(find.parsed(mended), find.asked.filters, by_date=True)
    return mended if len(better) >= 5 * len(found) else ""


def mend(find, words, query, *, often=0, beginning=False):
    """What was typed with its misspelt words replaced; "" where none seems to be misspelt.

    often: only words of at least so many articles take the place of another. beginning: the last
    word may be the beginning of what is meant.
    """
    typed = list({word: None for word, _start, _end in query.words})
    # To count what very many articles have is dear.
    usual = vocabulary.usual(typed)
    doubtful = [word for word in typed if word not in usual]
    if not doubtful:
        return ""
    clauses = find.clauses(typed)
    counts = dict(
        zip(doubtful, search.how_often([clauses[word] for word in doubtful]), strict=True)
    )
    rare = [word for word in sorted(doubtful, key=counts.get) if counts[word] <= RARE]
    unknown = [word for word in rare if not counts[word] and not search.has_any([clauses[word]])]
    replaced = {}
    for word in (unknown or rare)[:MENDED_MAX]:
        others = [clauses[other] for other in typed if other not in {*unknown, word}]
        is_begun = beginning and word == typed[-1]
        meant = _meant(find, word, others, often, is_begun, must_fit=word not in unknown)
        if meant:
            replaced[word] = meant
    pieces, position = [], 0
    for word, start, end in query.words:
        if word in replaced:
            pieces += [words[position:start], replaced[word]]
            position = end
    return "".join([*pieces, words[position:]]) if replaced else ""


def _meant(find, word, others, often, is_begun, *, must_fit):
    """The word that takes the place of another: the likeliest that is there together with the
    others, or, where it need not fit them, the likeliest that is there at all."""
    choices = vocabulary.meant_by(
        word, others=_words_of_names(), limit=MEANT_MAX, beginning=is_begun
    )
    clauses = find.clauses(choices)
    counts = dict(zip(clauses, search.how_often(list(clauses.values())), strict=True))
    choices = [one for one in choices if counts.get(one, often) >= often]
    # Of those that are as near, the more usual one.
    near = {one: vocabulary.nearness(word, one, beginning=is_begun) for one in choices}
    choices.sort(key=lambda one: (near[one], -counts.get(one, 0)))
    for one in choices:
        if one in clauses and find.has([clauses[one], *others]):
            return one
    if others and (nothing := [one for one in choices if one in STOP_WORDS]):
        return nothing[0]
    if not must_fit:
        for one in choices:
            if one in clauses and search.has_any([clauses[one]]):
                return one
    return ""


def _words_of_names():
    remembered = shelf("words of names")
    if "words" not in remembered:
        remembered["words"] = vocabulary.words_of(search.words_of_names(NAMES_MAX))
    return remembered["words"]


# Named by what was typed.


def named(names, query, *, limit=3):
    """Tags and authors, in lists now, with a name that is exactly what a Query says."""
    words = [word for word, _start, _end in query.words]
    if not words or query.unwanted:
        return []
    rows = names(words).rows
    tokens = dict.fromkeys(
        token for token, name in rows if [one for one in name if one not in STOP_WORDS] == words
    )
    if not tokens:
        return []
    tags, authors = search.named_ids(tokens)
    sets = tag_sets.current()
    found = []
    for kind, look_up, pks in (("tag", labels.tags, tags), ("author", labels.authors, authors)):
        known = look_up(pks)
        counts = {pk: sets.article_count(kind, pk) for pk in pks if pk in known}
        of_kind = [Named(known[pk].url, known[pk].name, n) for pk, n in counts.items() if n]
        found += sorted(of_kind, key=lambda one: (-one.article_count, one.name))
    return found[:limit]


# Narrowing down.


def choices(found, asked):
    """The tags, the authors and the years of what was found: three lists of Choices, those of
    most articles first, the last year first. Two queries at most, for those not remembered.

    One can be chosen of each kind; and what all have would narrow nothing down.
    """
    if not found.keys:
        return [], [], []
    selection = tag_sets.current().selection_of(found.article_ids())
    total = len(found)
    years = {} if asked.year else search.count_years(found.keys)
    return (
        [] if asked.tag else _tag_choices(selection),
        [] if asked.author else _author_choices(selection),
        [Choice(str(year), str(year), n) for year, n in years.items() if n < total][:YEARS_SHOWN],
    )


def _tag_choices(selection):
    # Sorting keeps the order of names among equals.
    most = sorted(selection.further(), key=lambda found: -found[1])[:TAGS_SHOWN]
    return [Choice(subject.slug, subject.name, count) for subject, count in most]


_author_names = Prepared(
    lambda pks: Author.objects.filter(pk__in=pks).order_by().values_list("pk", "slug", "name")
)


def _author_choices(selection):
    useful = {pk: n for pk, n in selection.writers(AUTHORS_SHOWN + 5) if n < len(selection)}
    # The same few are offered by most searches.
    remembered = shelf("choices of authors")
    missing = [pk for pk in useful if pk not in remembered]
    found = {pk: named for pk, *named in _author_names(missing)}
    if len(remembered) < labels.REMEMBERED_MAX:
        remembered |= found
    named = {pk: remembered.get(pk) or found.get(pk) for pk in useful}
    made = [Choice(*named[pk], count) for pk, count in useful.items() if named[pk]]
    return sorted(made, key=lambda choice: (-choice.count, choice.label))[:AUTHORS_SHOWN]
