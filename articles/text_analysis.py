"""Words as the search sees them: folding, splitting and stemming. Pure.

What is indexed, what is asked for and what is highlighted all pass through here, so that
both databases and the snippets agree about what counts as the same word.
"""

import re
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
_REST = rf"{_LETTER}*(?:[{_MARKS}]+{_LETTER}*)*(?:['’ʼ][sS](?!{_LETTER}))?"
_WORD = re.compile(f"{_LETTER}{_REST}")
_POSSESSIVE = re.compile(r"['’ʼ][sS]$")
_COMPOUND = re.compile(rf"{_WORD.pattern}(?:[-‐‑]{_WORD.pattern})*")
_FOLDED_WORD = re.compile(rf"{_LETTER}+")
_MARK = re.compile(rf"[{_MARKS}]")
# The same as _WORD, wherever one looks: not in the middle, nor at the s of a possessive.
_WORD_BEGINNING = re.compile(rf"(?<!{_INSIDE}){_LETTER}(?<!{_INSIDE}['’ʼ][sS](?!{_LETTER})){_REST}")
# What Python puts in the place of a letter that ASCII doesn't have. Where more than one in so many
# is such a letter, a text is looked through word by word.
_FOREIGN = b"?"
_FOREIGN_MANY = 20

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


def beginning_of(form):
    """How every word begins that a stemmer may have made into a form, but for what German leaves
    out: muenchen has the stem munch, as münchen has.

    >>> beginning_of("possibl"), beginning_of("munch"), beginning_of("die")
    ('possib', 'munc', 'd')
    """
    # Possibility ends in another letter, and dying in two.
    return (form[:-2] if form.endswith("ie") else form[:-1]) or form[:1]


def words_in(text):
    """Yields a match for each word of a text, as it is written there."""
    return _WORD_BEGINNING.finditer(text)


def words_beginning(text, beginnings, begin=0, end=None):
    """Yields a match for each word of a text, or of a part of it that ends between words, that
    could begin with one of some folded beginnings.

    Which these are is asked of most texts at once, so what needs folding is left to the caller.
    """
    end = len(text) if end is None else end
    # Letter by letter as long as this part of the text, and quick to be looked through.
    plain = text[begin:end].encode("ascii", "replace").lower()
    foreign = len(plain) - len(plain.replace(_FOREIGN, b""))
    if foreign * _FOREIGN_MANY > len(plain):
        yield from _WORD_BEGINNING.finditer(text, begin, end)
        return
    marks, letters = _marks(beginnings)
    places = {mark: place for mark in marks if (place := plain.find(mark)) >= 0}
    known = 0
    while places:
        mark = min(places, key=places.get)
        place = places[mark]
        start = place
        if mark == _FOREIGN:
            start = _beginning_before(text, begin + place, begin + known) - begin
        if start >= known and (start == place or plain[start] in letters):
            match = _WORD_BEGINNING.match(text, begin + start)
            if match:
                yield match
                known = match.end() - begin
        places[mark] = plain.find(mark, max(place + 1, known))
        if places[mark] < 0:
            del places[mark]


def _beginning_before(text, place, lowest):
    """Where the word begins that has a letter at a place; before the lowest place where none is."""
    if not _is_inside(text[place]):
        return lowest - 1
    while place > lowest and _is_inside(text[place - 1]):
        place -= 1
    return place


@lru_cache(maxsize=1000)
def _marks(beginnings):
    """What to look for in a text whose letters beyond ASCII are _FOREIGN, to find some beginnings
    of words; and the letters with which these begin."""
    marks = set()
    for beginning in filter(str.isascii, beginnings):
        vowel, second = (*(m.end() for m in re.finditer("[aou]", beginning)), None, None)[:2]
        marks.add(beginning[:second])
        # An umlaut may be written so; its stem is that of the bare vowel.
        if vowel and vowel < len(beginning):
            marks.add(f"{beginning[:vowel]}e{beginning[vowel:second]}")
    marks = {one.encode() for one in marks if not one.startswith(tuple(marks - {one}))}
    return (*sorted(marks), _FOREIGN), {ord(one[0]) for one in beginnings}


def _is_inside(letter):
    """Whether a character is a part of the word that goes on with it."""
    return letter.isalnum() or (not letter.isascii() and bool(_MARK.match(letter)))


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
