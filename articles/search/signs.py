"""The tokens of an entry that are no words.

A token that begins with a private-use character can't be typed. Such tokens stand in the place of
words that say nothing, say where in the article a word stands, which words follow one another, and
which tags and authors the article has: by their ids, so that a new name changes no entry.
"""

from itertools import pairwise
from zlib import crc32

# Signs in the place of stop words.
_FIRST_GAP = 0xE100
_GAPS = 256
# What a token begins with that says where a word stands.
IN_TITLE = "\ue001"
IN_HEAD = "\ue002"
RECURRING = "\ue003"
IN_HEADING = "\ue004"
# What a token begins with that says which tag or author the article has, or its month.
TAG = "\ue011"
AUTHOR = "\ue012"
MONTH = "\ue013"
# Tokens of two signs that say which words follow one another.
_PAIR_SIGNS = [chr(0xE200 + number) for number in range(512)]


def with_gaps(row):
    """The tokens of a row, with one of several signs, by the token before it, for each None.

    A phrase is looked up by each of its tokens, and one sign for all gaps would stand hundreds
    of times in every article.
    """
    tokens_in_row = []
    before = ""
    for token in row:
        tokens_in_row.append(token or chr(_FIRST_GAP + crc32(before.encode()) % _GAPS))
        before = token or before
    return tuple(tokens_in_row)


def pairs_in(row):
    """A token for each two words of a row that follow one another, whatever gaps lie between.

    Several pairs share a token, so that there aren't more of them than an index keeps well: with
    four times as many an index takes half as much again.
    """
    words = [token for token in row if not is_gap(token)]
    numbers = {crc32(f"{one} {other}".encode()) for one, other in pairwise(words)}
    size = len(_PAIR_SIGNS)
    return {_PAIR_SIGNS[n // size % size] + _PAIR_SIGNS[n % size] for n in numbers}


def is_gap(token):
    return _FIRST_GAP <= ord(token[0]) < _FIRST_GAP + _GAPS
