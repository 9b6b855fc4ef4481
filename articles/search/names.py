"""Tags and authors by what they are called: a word of a query may be a part of a name."""

from django.db.models import Value

from articles import labels
from articles.models import Name
from articles.prepared import Prepared
from articles.search.asking import QUERY_MAX_WORDS, Alternative
from articles.search.signs import AUTHOR, TAG
from articles.site import shelf
from articles.text_analysis import STOP_WORDS, stems

# How many tags, and how many authors, may be meant by one word.
NAMED_MAX = 30
KINDS = (("tag", TAG), ("author", AUTHOR))
_SIGNS = dict(KINDS)


class Names:
    """The names of tags and authors in which some words occur.

    A word that is part of a name finds the articles of whatever has that name, so that they
    need not be written anew when the name is.
    """

    def __init__(self, words, *, stop_words_too=False):
        self.rows = []
        self._forms = {}
        words = [word for word in dict.fromkeys(words) if stop_words_too or word not in STOP_WORDS]
        words = words[:QUERY_MAX_WORDS]
        if not words:
            return
        # Endings differ; what is found by a beginning is compared by its stems.
        begun = {min(stems(word), key=len)[: max(2, len(word) - 2)] for word in words}
        found = _with_beginnings(begun)
        groups = labels.groups() if found else {}
        for (kind, pk), name in found:
            sign = _SIGNS[kind]
            self.rows += [(f"{sign}{one}", name) for one in groups.get((kind, pk), (pk,))]

    def __call__(self, row, *, begun=False):
        """Alternatives for the names that have a row of words, or a word that begins so."""
        found = dict.fromkeys(
            token
            for token, name in self.rows
            if (any(word.startswith(row[0]) for word in name) if begun else self._has(name, row))
        )
        return tuple(Alternative((token,)) for token in list(found)[:NAMED_MAX])

    def beginning_with(self, words):
        """The tokens of the names that have all of some words, the last perhaps unfinished."""
        *finished, last = words
        return list(
            dict.fromkeys(
                token
                for token, name in self.rows
                if any(word.startswith(last) for word in name)
                and all(self._has(name, (word,)) for word in finished)
            )
        )

    def _has(self, name, row):
        wanted = [self._forms_of(word) for word in row]
        return any(
            all(
                not forms.isdisjoint(self._forms_of(word))
                for forms, word in zip(wanted, name[start:], strict=False)
            )
            for start in range(len(name) - len(row) + 1)
        )

    def _forms_of(self, word):
        if word not in self._forms:
            self._forms[word] = frozenset(stems(word))
        return self._forms[word]


def _with_beginnings(beginnings):
    """((kind, primary key), words) of the names that have a word with one of some beginnings."""
    names = _all_names()
    places = set()
    for beginning in beginnings:
        place = names.find(f" {beginning}")
        while place >= 0:
            places.add(names.rfind("\n", 0, place) + 1)
            place = names.find(f" {beginning}", names.find("\n", place))
    lines = (names[place : names.find("\n", place)].split() for place in sorted(places))
    return [((kind, int(pk)), words) for kind, pk, *words in lines]


_names = Prepared(
    lambda: [
        Name.objects.filter(**{f"{kind}__isnull": False})
        .order_by()
        .values_list(Value(kind), kind, "words")
        for kind, _sign in KINDS
    ]
)


def _all_names():
    """A line for each name of a tag or an author, with its kind, its primary key and its words.

    One text that is looked through is much faster than the database, which has no index for it.
    """
    remembered = shelf("names of the search")
    if "lines" not in remembered:
        remembered["lines"] = "".join(
            f"{kind}\t{pk}{words}\n" for kind, pk, words in sorted(_names())
        )
    return remembered["lines"]


def words_of_names(limit):
    """The words of so many names of tags and authors, as one text."""
    lines = _all_names().split("\n", limit)[:limit]
    return " ".join(word for line in lines for word in line.split()[2:])


def named_ids(tokens):
    """The ids of tags and those of authors in some tokens of Names; of what is merged, that of the
    one that stands for it."""
    return tuple(labels.standing(kind, ids_of(sign, tokens)) for kind, sign in KINDS)


def ids_of(sign, tokens):
    return [int(token[1:]) for token in tokens if token[0] == sign]
