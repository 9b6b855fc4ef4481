"""Names and addresses of things: folding, slugs and the words that may not be slugs. Pure."""

import re
import unicodedata
from itertools import groupby
from operator import itemgetter
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

SLUG_MAX_LENGTH = 120

# Words that an address of ours uses, or is going to use, in the place of a slug.
RESERVED_SLUGS = frozenset(
    [
        "add",
        "admin",
        "all",
        "api",
        "archive",
        "articles",
        "atom",
        "authors",
        "by",
        "drafts",
        "edit",
        "feed",
        "graph",
        "index",
        "json",
        "latest",
        "map",
        "media",
        "new",
        "news",
        "none",
        "page",
        "pages",
        "preview",
        "random",
        "robots",
        "rss",
        "search",
        "series",
        "sitemap",
        "start",
        "start-here",
        "static",
        "tags",
        "tag",
        "trash",
        "without",
        "years",
        "year",
    ]
)

# What Unicode counts as letters or signs and everybody draws as nothing.
_DRAWN_AS_NOTHING = "\u115f\u1160\u2800\u3164\uffa0"
_NOT_A_WORD = re.compile(rf"[\W_{_DRAWN_AS_NOTHING}]+")
# Control characters, format characters such as the space of no width, halves and private ones. Not
# those that no version of Unicode up to this Python's has: they may be letters by now.
_INVISIBLE = frozenset(["Cc", "Cf", "Cs", "Co"])


def is_visible(text):
    """Whether a title or name shows anything: more than blanks, what has no width, and marks with
    nothing to stand on.

    >>> is_visible("«?»"), is_visible("\u200b \u2060"), is_visible(" \u0301")
    (True, False, False)
    """
    return any(
        (kind := unicodedata.category(c)) not in _INVISIBLE
        and kind[0] not in "MZ"
        and c not in _DRAWN_AS_NOTHING
        for c in text
    )


def fold(text):
    """The form in which two names count as the same: case, accents, hyphens and spaces gone.

    >>> fold("North–South Corridor") == fold("north south córridor")
    True
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_A_WORD.sub("", bare)


def by_letter(things, name_of):
    """Things in the order of their folded names, in groups: [(letter, [thing, …]), …].

    The letter is of whatever script the name is in; digits of all scripts stand together, first.

    >>> by_letter(["öl", "Oil", "2025"], str)
    [('0–9', ['2025']), ('O', ['Oil', 'öl'])]
    """
    rows = [(fold(name_of(thing)), thing) for thing in things]
    rows = [("0–9" if key[:1].isdigit() else key[:1].upper(), key, thing) for key, thing in rows]
    rows.sort(key=lambda row: (row[0] != "0–9", row[1]))
    return [
        (letter, [thing for *_order, thing in group])
        for letter, group in groupby(rows, key=itemgetter(0))
    ]


def host_of(address):
    """The host of a web address that readers may be sent to; empty where it is none."""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "") if parts.scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def former_path(path):
    """The form in which the path of a former address is kept and looked up."""
    path = unquote(path)
    return path if path.endswith("/") else f"{path}/"


def make_slug(text, *, fallback):
    """A slug for a title or name; fallback where nothing usable is left of it."""
    slug = slugify(unicodedata.normalize("NFC", text), allow_unicode=True)
    if not slug or slug in RESERVED_SLUGS or slug.isdigit():
        slug = f"{fallback}-{slug}" if slug else fallback
    return shorten_slug(slug)


def shorten_slug(slug, length=SLUG_MAX_LENGTH):
    """The slug cut to length at a hyphen where there is one."""
    if len(slug) <= length:
        return slug
    cut = slug[:length]
    return (cut.rpartition("-")[0] or cut).strip("-")


def free_slug(wanted, is_taken):
    """The wanted slug, or the first of wanted-2, wanted-3 … that is_taken(slug) denies."""
    slug, number = wanted, 1
    while is_taken(slug):
        number += 1
        slug = f"{shorten_slug(wanted, SLUG_MAX_LENGTH - 8)}-{number}"
    return slug


def validate_slug(value):
    """Refuses what can't stand in an address, with a sentence for the editor."""
    if not re.fullmatch(r"\w+(?:-\w+)*", value) or value != value.lower():
        raise ValidationError(
            _("Write an address in small letters, digits and single hyphens: “%(example)s”."),
            params={"example": make_slug(value, fallback="an-example")},
            code="invalid",
        )
    if value in RESERVED_SLUGS:
        raise ValidationError(
            _("“%(slug)s” is used by the site itself. Choose another address."),
            params={"slug": value},
            code="reserved",
        )
    if value.isdigit():
        raise ValidationError(
            _("An address can't be a number alone, since years stand there. Add a word to it."),
            code="reserved",
        )
