"""Tags and authors by what they are called: a word of a query may be a part of a name."""

from articles import labels
from articles.search.asking import QUERY_MAX_WORDS, Alternative
from articles.search.engines import engine
from articles.search.signs import AUTHOR, TAG
from articles.text_analysis import STOP_WORDS, stems

# How many tags, and how many authors, may be meant by one word.
NAMED_MAX = 30
KINDS = (("tag", TAG), ("author", AUTHOR))


class Names:
    """The names of tags and authors in which some words occur. One query.

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
        begun = sorted({min(stems(word), key=len)[: max(2, len(word) - 2)] for word in words})
        either = " OR ".join(["words LIKE %s"] * len(begun))
        patterns = [f"% {beginning}%" for beginning in begun]
        with engine().cursor() as cursor:
            cursor.execute(
                f"SELECT tag_id, NULL, words FROM articles_name"
                f" WHERE tag_id IS NOT NULL AND ({either})"
                f" UNION SELECT NULL, author_id, words FROM articles_name"
                f" WHERE author_id IS NOT NULL AND ({either}) ORDER BY 1, 2",
                patterns * 2,
            )
            found = cursor.fetchall()
        groups = labels.groups() if found else {}
        for tag_id, author_id, name in found:
            kind, sign, own = ("tag", TAG, tag_id) if tag_id else ("author", AUTHOR, author_id)
            name = name.split()
            self.rows += [(f"{sign}{pk}", name) for pk in groups.get((kind, own), (own,))]

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


def named_ids(tokens):
    """The ids of tags and those of authors in some tokens of Names; of what is merged, that of the
    one that stands for it."""
    return tuple(labels.standing(kind, ids_of(sign, tokens)) for kind, sign in KINDS)


def ids_of(sign, tokens):
    return [int(token[1:]) for token in tokens if token[0] == sign]
