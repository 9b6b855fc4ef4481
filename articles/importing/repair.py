"""Repairs UTF-8 text that was once read through a wrong byte table ("stΓΆrfaktor"). Pure.

Tables of the Latin family are left to ftfy. It doesn't know text in which ISO-8859-7 and
Windows-1253 are mixed, nor a single damaged sign beside much good text, so the Greek tables are
tried here. Whatever could also be meant as it stands is left as it stands.
"""

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product

import ftfy

_ONLY_MOJIBAKE = ftfy.TextFixerConfig(
    unescape_html=False,
    uncurl_quotes=False,
    fix_c1_controls=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    remove_terminal_escapes=False,
    normalization=None,
)

# Damage may be piled up: text that was misread twice needs two rounds.
_MAX_ROUNDS = 6

_CODE = re.compile(
    r"<(pre|code|kbd|samp|script|style)\b[^>]*>.*?</\1\s*>"
    r"|^(```|~~~).*?(?:^\2|\Z)"
    r"|`[^`\n]+`",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One repaired word or sign; position is where `before` began in the text given."""

    before: str
    after: str
    position: int


def repair(text):
    """The text with damaged letters put right, and the list of changes in their order.

    Good text comes back as it is, in whatever language; so does everything inside code (HTML
    code elements, Markdown fences and backticks). Repairing the result again changes nothing.
    """
    if text.isascii():
        return text, []
    tracked = _TrackedText(text)
    for _round in range(_MAX_ROUNDS):
        edits = _edits(tracked.current)
        if not edits:
            break
        tracked.apply(edits)
    return tracked.current, tracked.changes()


def _edits(text):
    """Non-overlapping (start, end, replacement) in the order of the text, code left out."""
    edits = []
    position = 0
    for code in _CODE.finditer(text):
        edits += _edits_of_stretch(text, position, code.start())
        position = code.end()
    return edits + _edits_of_stretch(text, position, len(text))


def _edits_of_stretch(text, start, end):
    if text.isascii():
        return []
    greek = _greek_edits(text, start, end)
    if greek:
        # ftfy judges by the words around, which are better judged once these are right.
        return greek
    edits = []
    for line in re.finditer(r"[^\n]+", text[start:end]):
        words = line.group()
        if words.isascii():
            continue
        fixed = ftfy.fix_encoding(words, _ONLY_MOJIBAKE)
        if fixed != words:
            edits += _differences(words, fixed, start + line.start())
    return edits


def _differences(before, after, offset):
    old, new = _words(before), _words(after)
    starts = [offset]
    for word in old:
        starts.append(starts[-1] + len(word))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (starts[i1], starts[i2], "".join(new[j1:j2]))
        for kind, i1, i2, j1, j2 in matcher.get_opcodes()
        if kind != "equal"
    ]


def _words(text):
    return re.findall(r"\s|[^\s]+", text)


class _TrackedText:
    """A text under repair that still knows where each of its characters came from."""

    def __init__(self, text):
        self.original = self.current = text
        self._origins = range(len(text) + 1)
        self._is_new = bytes(len(text))

    def apply(self, edits):
        pieces, origins, is_new = [], [], bytearray()
        position = 0
        for start, end, replacement in edits:
            pieces += (self.current[position:start], replacement)
            origins += self._origins[position:start]
            origins += [self._origins[start]] * len(replacement)
            is_new += self._is_new[position:start] + b"\1" * len(replacement)
            position = end
        pieces.append(self.current[position:])
        origins += self._origins[position:]
        is_new += self._is_new[position:]
        self.current, self._origins, self._is_new = "".join(pieces), origins, bytes(is_new)

    def changes(self):
        """The changes, each widened to the whole word in which it lies."""
        changes = []
        end = 0
        while (start := self._is_new.find(1, end)) >= 0:
            while start > end and self._belongs(start - 1, start):
                start -= 1
            end = self._is_new.find(1, start) + 1
            while end < len(self.current) and (self._is_new[end] or self._belongs(end, end - 1)):
                end += 1
            origin, origin_end = self._origins[start], self._origins[end]
            before, after = self.original[origin:origin_end], self.current[start:end]
            if before != after:
                changes.append(Change(before, after, origin))
        return changes

    def _belongs(self, outer, inner):
        return self.current[outer].isalnum() and self.current[inner].isalnum()


# What follows tries the Greek tables.


def _bytes_by_character():
    table = {}
    for byte in range(0x80, 0x100):
        for encoding in ("iso8859-7", "cp1253"):
            try:
                character = bytes([byte]).decode(encoding)
            except UnicodeDecodeError:
                # A byte without a letter mostly survives as the control sign of that number.
                character = chr(byte)
            table.setdefault(character, set()).add(byte)
    return table


_BYTES = _bytes_by_character()


def _any_of(first, last):
    characters = (c for c, numbers in _BYTES.items() if any(first <= n <= last for n in numbers))
    return "[" + "".join(re.escape(c) for c in sorted(characters)) + "]"


_FOLLOWING = _any_of(0x80, 0xBF)
_SEQUENCE = re.compile(
    f"{_any_of(0xF0, 0xF4)}{_FOLLOWING}{{3}}"
    f"|{_any_of(0xE0, 0xEF)}{_FOLLOWING}{{2}}"
    f"|{_any_of(0xC2, 0xDF)}{_FOLLOWING}"
)
_RUN = re.compile(f"(?:{_SEQUENCE.pattern})+")

# Signs of prose that only UTF-8 of two or three bytes can write.
_SIGNS = frozenset("–—‘’‚“”„†‡•…‰′″‹›€™←↑→↓↔⇒−≈≠≤≥∞√№°§©®£±½")

# After a Greek letter these also stand in good text: “Γ”, Γ’s, Γ–convergence, Γ², «Β».
_COMMON_AFTER_LETTERS = frozenset("‘’“”–—…•€·°±²³½«»\u00a0\u00ad")
_OPENING_QUOTES = tuple("«“„‘")

# Where the two tables give two letters (ö or â), the one that is likelier in names comes first.
_LIKELY_LETTERS = "äöüßéáèàçñóíúâêîôûãõ"

_LETTERS_FOR_CERTAINTY = 3


def _greek_edits(text, start, end):
    """Edits for runs that are damage for certain, and, beside such, for those that may be."""
    certain, possible = [], []
    for run in _RUN.finditer(text, start, end):
        before, after = text[max(run.start() - 1, 0) : run.start()], text[run.end() : run.end() + 1]
        if _script(before) == "GREEK" or _script(after) == "GREEK":
            continue
        letters = _decoded_letters(run.group())
        if letters:
            certain.append((run.start(), run.end(), letters))
            continue
        for sequence in _SEQUENCE.finditer(run.group()):
            span = run.start() + sequence.start(), run.start() + sequence.end()
            judged = _judge(text, *span)
            if judged:
                character, is_certain = judged
                (certain if is_certain else possible).append((*span, character))
    return sorted(certain + possible) if certain else []


def _readings(sequence):
    """All single characters that the sequence can stand for, mixing the tables as needed."""
    characters = set()
    for numbers in product(*(_BYTES[c] for c in sequence)):
        try:
            character = bytes(numbers).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if len(character) == 1:
            characters.add(character)
    return characters


def _decoded_letters(run):
    """The run read as several letters of one script, or "" if it can't be."""
    decoded = []
    for sequence in _SEQUENCE.finditer(run):
        letters = [c for c in _readings(sequence.group()) if c.isalpha()]
        if len(letters) != 1:
            return ""
        decoded += letters
    scripts = {_script(c) for c in decoded}
    if len(decoded) < _LETTERS_FOR_CERTAINTY or len(scripts) != 1:
        return ""
    return "".join(decoded)


def _judge(text, start, end):
    """(character, whether it is certain) for one damaged sequence, or None to leave it."""
    sequence = text[start:end]
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    is_doubtful = not _COMMON_AFTER_LETTERS.isdisjoint(sequence)
    if is_doubtful and (before in _OPENING_QUOTES or re.match(r"[‘’]s\b", text[end - 1 : end + 2])):
        return None
    readings = _readings(sequence)
    letters = [c for c in readings if _script(c) == "LATIN" and _fits(c, before, after)]
    if len(letters) > 1:
        letters = sorted((c for c in letters if c in _LIKELY_LETTERS), key=_LIKELY_LETTERS.index)
    if letters:
        return letters[0], not is_doubtful
    signs = [c for c in readings if c in _SIGNS]
    if len(signs) != 1:
        return None
    # Two odd signs after one letter ("β†’") don't come about by themselves, nor does "Β°".
    return signs[0], len(sequence) > 2 or signs[0] in "°§©®£"


def _fits(letter, before, after):
    """Whether a Latin letter could stand between its neighbours."""
    beside = [c for c in (before, after) if c and _script(c) == "LATIN"]
    is_capital_inside = letter.isupper() and before.islower()
    return bool(beside) and not is_capital_inside


def _script(character):
    """LATIN, GREEK, CYRILLIC … for a letter, else nothing."""
    if not character.isalpha():
        return ""
    return unicodedata.name(character, "").partition(" ")[0]
