"""What is shown of a text: the passage with what was looked for. Pure."""

import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from django.utils.safestring import mark_safe

from articles.search.entries import TEXT_MAX_LENGTH
from articles.search.signs import is_gap
from articles.text_analysis import forms, stems, tokens, words_beginning

# A line that doesn't end as sentences do.
_END_OF_HEADING = re.compile(r"(?<![.!?:;,…”’»\"')\]])\n")
# So much of a text is looked through at a time, since what is sought is often near its beginning.
_LOOKED_THROUGH = 1000


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text as safe HTML, with <mark> around what was found; at is where the first
    of it stands in the text, None where nothing was found."""

    html: str
    at: int | None = None


def best_passage(text, terms, *, length=240):
    """The Passage with most of the terms of a plain text of lines, its words apart by one blank.

    About length characters, cut between words. Without a hit it is the beginning.
    """
    lines = text[:TEXT_MAX_LENGTH]
    text = lines.replace("\n", " ")
    found = _found(text, terms, length)
    start, end = _passage(text, found, length)
    pieces = ["… " if start else ""]
    position = start
    at = None
    for hit_start, hit_end, _ in found:
        if hit_start >= start and hit_end <= end:
            at = hit_start if at is None else at
            pieces += [_in_one_line(lines[position:hit_start]), "<mark>"]
            pieces += [escape(text[hit_start:hit_end]), "</mark>"]
            position = hit_end
    pieces += [_in_one_line(lines[position:end]), " …" if end < len(text) else ""]
    # Everything of the text has been escaped above, piece by piece.
    return Passage(mark_safe("".join(pieces)), at)


def _in_one_line(lines):
    """A part of a text, with a mark where a heading would run into what follows it."""
    return escape(_END_OF_HEADING.sub(" · ", lines).replace("\n", " "))


def section_at(text, sections, at):
    """Which of some sections, in their order, holds a place of a plain text; None before the first.

    sections: (anchor, heading) of each. A heading is a line of the text, and a very long one is
    the beginning of a line.
    """
    lines = f"\n{text}\n"
    holding, begin = None, 0
    for section in sections:
        place = lines.find(f"\n{section[1]}\n", begin)
        if place < 0:
            place = lines.find(f"\n{section[1]}", begin)
        if place < 0 or place > at:
            break
        holding, begin = section, place + 1
    return holding


def are_all_in(text, query):
    """Whether a text has something of every clause of a Query."""
    found = set().union(*map(stems, tokens(text)))
    return all(
        any(
            any(one.startswith(a.tokens[0]) for one in found)
            if a.is_prefix
            else found.issuperset(token for token in a.tokens if not is_gap(token))
            for a in clause
        )
        for clause in (*query.wanted[:-1], query.unfinished or query.wanted[-1])
    )


@lru_cache(maxsize=50_000)
def _matched_term(spelling, terms):
    written = forms(spelling)
    if not terms.words.isdisjoint(written):
        return min(terms.words & written)
    if terms.prefix:
        for form in written:
            if form.startswith(terms.prefix):
                return terms.prefix
    return None


def _found(text, terms, length):
    """Where the terms stand: begin, end, term. What comes after a passage with enough of them is
    left out.
    """
    found, near = [], deque()
    begin, until = 0, len(text)
    while begin < until:
        end = text.find(" ", begin + _LOOKED_THROUGH)
        end = end if end >= 0 else len(text)
        for match in words_beginning(text, terms.beginnings, begin, end):
            at, after = match.span()
            if at > until:
                break
            term = _matched_term(match[0], terms)
            if not term:
                continue
            found.append((at, after, term))
            near.append(found[-1])
            while near and near[0][0] + length * 3 // 4 < after:
                near.popleft()
            if until == len(text) and len({term for _, _, term in near}) >= terms.enough > 0:
                until = min(near[0][0] + length, until)
        begin = end
    return found


def _passage(text, found, length):
    if len(text) <= length:
        return 0, len(text)
    start, most = 0, 0
    for number, (hit_start, _, _) in enumerate(found):
        near = set()
        for _, hit_end, matched in found[number:]:
            if hit_end > hit_start + length * 3 // 4:
                break
            near.add(matched)
        if len(near) > most:
            start, most = hit_start, len(near)
    # Some words before the first hit, and whole words at both ends.
    start = min(max(0, start - length // 4), len(text) - length)
    if start > 0:
        start = text.find(" ", start, start + length // 4) + 1 or start
    end = start + length
    if end < len(text):
        end = max(text.rfind(" ", start + length * 3 // 4, end + 1), 0) or end
    return start, end
