"""Words as the search sees them: folding, splitting and stemming. Pure.

What is indexed, what is asked for and what is highlighted all pass through here, so that
both databases and the snippets agree about what counts as the same word.
"""

import re
import string
import threading
import unicodedata
from functools import lru_cache
from itertools import chain

import Stemmer

# Snowball's name for the languages that have word endings taken off. Every stemmer is also
# applied to every word of a query, since nobody says in which language they are asking.
STEMMED_LANGUAGES = {"en": "english", "de": "german"}

# A run of letters longer than this is no word; the databases limit the length of an entry.
WORD_MAX_LENGTH = 60

# Words that say nothing about a text's subject, English and German in one set, folded. What
# means something in the other language (war, man, hat, will) stays out of it.
_FUNCTION_WORDS = (
    "a about after again all also am an and any are as at be because been before being below"
    " between both but by can could did do does doing down during each few for from further had"
    " has have having he her here hers him his how i if in into is it its itself just me more"
    " most my no nor not now of off on once only or other our out over own same she should so"
    " some such than that the their theirs them then there these they this those through to"
    " too under until up very was we were what when where which while who whom why with would"
    " you your"
    " aber als alle allem allen aller alles andere anderen auch auf aus bei beim bis da damit"
    " dann das dass dem den denn der des dessen deren die dies diese diesem diesen dieser dieses"
    " doch dort du durch ein eine einem einen einer eines er es etwas euch euer fur gegen haben"
    " hatte hatten hier hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im indem ins ist"
    " jede jedem jeden jeder jedes jetzt kann kein keine keinem keinen keiner mein meine mich"
    " mir mit muss nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen"
    " seiner seit sich sie sind sondern uber um und uns unser unter viel vom von vor wahrend"
    " weil welche welchem welchen welcher wenn werde werden wie wieder wir wird wo wurde wurden"
    " zu zum zur zwar zwischen"
)
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())

# Letters that Unicode doesn't take apart, though readers type them without the stroke; the
# Arabic forms of the two Persian letters that keyboards confuse; a filler; native digits.
_PLAIN_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ħ": "h",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
        "ي": "ی",
        "ى": "ی",
        "ك": "ک",
        "ـ": None,
        "\N{SOFT HYPHEN}": None,
    }
    | {chr(zero + digit): str(digit) for zero in (0x0660, 0x06F0) for digit in range(10)}
)

_LETTER = r"[^\W_]"
# Marks that stand on a letter, and the soft hyphen: part of the word they stand in.
_MARKS = (
    "\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
)
_INSIDE = rf"(?:{_LETTER}|[{_MARKS}])"
_LETTERS = rf"{_LETTER}{_INSIDE}*"
_WORD = re.compile(rf"{_LETTERS}(?:['’ʼ][sS](?!{_LETTER}))?")
_POSSESSIVE = re.compile(r"['’ʼ][sS]$")
_COMPOUND = re.compile(rf"{_WORD.pattern}(?:[-‐‑]{_WORD.pattern})*")
_FOLDED_WORD = re.compile(rf"{_LETTER}+")

_stemmers = threading.local()


def fold_text(text):
    """The text without case, accents and differences of encoding; its words stay apart.

    >>> fold_text("Größe, Café, GDAŃSK")
    'grosse, cafe, gdansk'
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return bare.translate(_PLAIN_LETTERS)


def words_beginning(text, letters):
    """Yields a match for each word of a text that could begin with one of some folded letters.

    Which these are is asked of most texts at once, so what needs folding is left to the caller.
    """
    return _beginning("".join(sorted(letters))).finditer(text)


@lru_cache(maxsize=1000)
def _beginning(letters):
    others = set(string.ascii_letters + string.digits).difference(letters, letters.upper())
    # First of all the letter: the engine finds it quickly, and looks back from there.
    first = rf"[^\W_{''.join(sorted(others))}]"
    return re.compile(
        rf"{first}(?<!{_INSIDE}{first})(?<!{_LETTER}['’ʼ][sS]){_INSIDE}*"
        rf"(?:['’ʼ][sS](?!{_LETTER}))?"
    )


def tokens(text):
    """The folded words of the text in order. "Iran's" is the word "iran".

    >>> tokens("Iran's North–South Corridor")
    ['iran', 'north', 'south', 'corridor']
    """
    return list(chain.from_iterable(map(_tokens_of, _WORD.findall(text))))


def placed_tokens(text):
    """Yields each folded word of the text with where it begins and ends; a possessive 's is
    no part of it.

    >>> list(placed_tokens("Iran's trade"))
    [('iran', 0, 4), ('trade', 7, 12)]
    """
    for match in _WORD.finditer(text):
        word = match[0]
        end = match.end() - len(word) + len(_POSSESSIVE.sub("", word))
        for token in _tokens_of(word):
            yield token, match.start(), end


def compounds(text):
    """Gives each word's tokens, those of words joined by hyphens together.

    >>> list(compounds("the S-300 saga"))
    [('the',), ('s', '300'), ('saga',)]
    """
    return filter(None, map(_parts_of, _COMPOUND.findall(text)))


def join_compound(parts):
    """The tokens of a compound written as one word: "s300"."""
    return "".join(parts)[:WORD_MAX_LENGTH]


@lru_cache(maxsize=50_000)
def stem(word, language):
    """The folded word without its endings; the word itself in a language without a stemmer."""
    name = STEMMED_LANGUAGES.get(language)
    if name is None:
        return word
    stemmer = getattr(_stemmers, name, None)
    if stemmer is None:
        # A stemmer must not be shared by threads. Its own cache would repeat the one here.
        stemmer = Stemmer.Stemmer(name, 0)
        setattr(_stemmers, name, stemmer)
    return stemmer.stemWord(word)


@lru_cache(maxsize=50_000)
def stems(word):
    """Every form under which a folded word may be indexed: its stems and itself, each once."""
    return tuple(dict.fromkeys([*(stem(word, lang) for lang in STEMMED_LANGUAGES), word]))


@lru_cache(maxsize=50_000)
def forms(spelling):
    """Every token that finds a word written like this; none for a stop word."""
    return frozenset(
        form for word in _tokens_of(spelling) if word not in STOP_WORDS for form in stems(word)
    )


@lru_cache(maxsize=50_000)
def _parts_of(compound):
    return tuple(tokens(compound))


@lru_cache(maxsize=50_000)
def _tokens_of(word):
    folded = fold_text(_POSSESSIVE.sub("", word))
    return tuple(part[:WORD_MAX_LENGTH] for part in _FOLDED_WORD.findall(folded))
