"""Paths that readers asked for and that were not found, and what each of them may have meant.

A path is noted in the memory of the process; a thread of the web server writes what was noted
every few seconds, so no reader waits for it. What can't be written is forgotten: the log is a
help, not a record. Nothing about the reader is kept. What only robots ask for isn't noted at
all, so that their thousands of guesses can't push out what people meant.
"""

import atexit
import logging
import re
import threading
import time
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.db.models import CharField, Exists, F, Func, OuterRef, Q
from django.db.models.functions import Left, Substr
from django.urls import reverse
from django.utils import timezone

from articles import references
from articles.directory import folded, head
from articles.models import Article, MissingPath, Name, Redirect, Tag
from articles.names import former_path
from articles.text_analysis import STEMMED_LANGUAGES, STOP_WORDS, stem
from authors.models import Author

logger = logging.getLogger(__name__)

PATHS_IN_MEMORY = 500
ROWS_MAX = 2000
SECONDS_BETWEEN_WRITES = 2
LENGTH_MAX = MissingPath._meta.get_field("path").max_length

# Files that somebody may have linked to; any other ending is a robot's guess.
_ENDINGS = {"htm", "html", "pdf"}
_ENDING = re.compile(r"\.([^./]{1,8})/?$")
_ROBOTS = re.compile(r"/(?:\.|wp-|cgi-bin/|xmlrpc|phpmyadmin)", re.IGNORECASE)

# The pages of objects: at their paths, something else could answer.
_ROUTES = {
    "articles:detail": lambda: Article.objects.articles().exclude(state=Article.State.DRAFT),
    "articles:page": lambda: Article.objects.pages().exclude(state=Article.State.DRAFT),
    "articles:series_detail": lambda: Article.objects.series().exclude(state=Article.State.DRAFT),
    "articles:tag": lambda: Tag.objects.all(),
    "authors:detail": lambda: Author.objects.all(),
}


# Noting.


@dataclass(slots=True)
class _Noted:
    hits: int
    first: datetime
    last: datetime
    referrer: str


_noted = {}
_lock = threading.Lock()
_something_noted = threading.Event()
_writer = None
_writes_in_background = False


def is_missed(request):
    """Whether a request that found nothing may have meant something that could be there."""
    match = request.resolver_match
    # A page of ours that lacks something else: no other object could answer there.
    is_elsewhere = match is not None and match.view_name not in _ROUTES
    return not is_elsewhere and _is_worth_noting(former_path(request.path_info))


def note(path, referrer=""):
    """Remembers that somebody missed a path, and where he came from. Costs no query."""
    path, now, referrer = former_path(path), timezone.now(), _referrer(referrer)
    with _lock:
        noted = _noted.get(path)
        if noted is not None:
            noted.hits += 1
            noted.last = now
            noted.referrer = referrer or noted.referrer
        elif len(_noted) < PATHS_IN_MEMORY:
            _noted[path] = _Noted(1, now, now, referrer)
    if _writes_in_background:
        _start_writer()
        _something_noted.set()


def _is_worth_noting(path):
    if len(path) > LENGTH_MAX or not path.startswith("/") or path.startswith("//"):
        return False
    if path.startswith((reverse("admin:index"), settings.STATIC_URL, settings.MEDIA_URL)):
        return False
    if _ROBOTS.search(path) or not _is_plain(path):
        return False
    ending = _ENDING.search(path)
    return ending is None or ending[1].lower() in _ENDINGS or not ending[1].isalnum()


def _is_plain(text):
    """Whether a text can be shown: no control character, line break or half of a character."""
    return not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text)


def _referrer(address):
    """Host and path of the page that linked here; never its query, which may say who it was."""
    try:
        parts = urlsplit(address[:2000])
        host = parts.hostname or ""
    except ValueError:
        return ""
    referrer = f"{host}{parts.path}"[: MissingPath._meta.get_field("referrer").max_length]
    return referrer if host and parts.scheme in {"http", "https"} and _is_plain(referrer) else ""


# Writing.


def write_in_background():
    """From now on, what is noted is written by a thread. For processes that serve readers."""
    global _writes_in_background
    _writes_in_background = True


def _start_writer():
    # Only with the first path: by then no server forks this process any more.
    global _writer
    with _lock:
        if _writer is None or not _writer.is_alive():
            if _writer is None:
                atexit.register(_write)
            _writer = threading.Thread(target=_keep_writing, name="missing-paths", daemon=True)
            _writer.start()


def _keep_writing():
    while True:
        _something_noted.wait()
        time.sleep(SECONDS_BETWEEN_WRITES)
        _something_noted.clear()
        _write()


def _write():
    try:
        flush()
    except Exception:
        logger.warning("Paths that were not found could not be written down.", exc_info=True)
    finally:
        connection.close()


def flush():
    """Writes what was noted so far, in one transaction, and keeps the table small."""
    with _lock:
        noted = dict(sorted(_noted.items()))
        _noted.clear()
    if not noted:
        return
    with transaction.atomic():
        # Several processes write: rows are made first, then counted up, always in one order.
        MissingPath.objects.bulk_create(
            [
                MissingPath(path=path, hits=0, first_seen_at=item.first, last_seen_at=item.last)
                for path, item in noted.items()
            ],
            ignore_conflicts=True,
        )
        for path, item in noted.items():
            changes = {"hits": F("hits") + item.hits, "last_seen_at": item.last}
            if item.referrer:
                changes["referrer"] = item.referrer
            MissingPath.objects.filter(path=path).update(**changes)
        surplus = MissingPath.objects.count() - ROWS_MAX
        if surplus > 0:
            least = MissingPath.objects.order_by("hits", "last_seen_at")[:surplus]
            MissingPath.objects.filter(pk__in=list(least.values_list("pk", flat=True))).delete()


def forget():
    """Drops what was noted and not written yet. For tests."""
    with _lock:
        _noted.clear()


# Reading.


def unanswered():
    """The noted paths at which nothing answers now: no redirect, and no object of its own."""
    paths = MissingPath.objects.exclude(Exists(Redirect.objects.filter(path=OuterRef("path"))))
    for route, objects in _ROUTES.items():
        before = _before_slug(route)
        slug = _WithoutSlash(Substr(OuterRef("path"), len(before) + 1))
        paths = paths.alias(start=Left("path", len(before))).exclude(
            Q(start=before) & Exists(objects().filter(slug=slug))
        )
    return paths


class _WithoutSlash(Func):
    template = "RTRIM(%(expressions)s, '/')"
    output_field = CharField()


def _before_slug(route):
    return reverse(route, args=["x"]).removesuffix("x/")


# Guessing.

# A guess less like the path than this is worse than none.
LIKENESS_MIN = 0.6
_CANDIDATES_MAX = 1000
# A word that more articles share than this tells them apart no more.
_ARTICLES_OF_TERM = 100
_WORDS_MAX = 8


def guesses(paths):
    """path → the public article, author or tag that its last words most likely meant.

    Paths without a likely target are left out. The number of queries doesn't depend on how
    many there are: slugs of today, former slugs, names that share their first words, and
    the names of articles that keep coming back to the words of the path.
    """
    words = {path: _last_words(path) for path in paths}
    words = {path: text for path, text in words.items() if text.strip()}
    candidates = defaultdict(set)
    for path, target, text in [*_by_slug(words), *_by_name(words), *_by_subject(words)]:
        candidates[path].add((target, text))
    public = _public({target for targets in candidates.values() for target, _text in targets})
    found = {}
    for path in words:
        likely = [
            (_likeness(words[path], text), target)
            for target, text in candidates.get(path, ())
            if target in public
        ]
        if likely:
            likeness, target = max(likely, key=lambda item: (item[0], item[1]))
            if likeness >= LIKENESS_MIN:
                found[path] = public[target]
    return found


def _last_words(path):
    """The folded words of the last segment, without its ending.

    >>> _last_words("/2019/05/North-South-Corridor.html/")
    ' north south corridor '
    """
    return folded(_last_segment(path).replace("-", " ").replace("_", " "))


def _last_segment(path):
    segments = path.strip("/").split("/")
    return re.sub(r"\.(?:html?|pdf)$", "", segments[-1], flags=re.IGNORECASE)


def _likeness(wanted, text):
    """How alike two folded texts are, 0 to 1: their words in any order, or their letters."""
    ours, theirs = set(wanted.split()), set(text.split())
    shared = len(ours & theirs) / max(1, len(ours | theirs))
    return max(shared, SequenceMatcher(None, wanted, text, autojunk=False).ratio())


def _by_slug(words):
    """(path, (kind, pk), folded text) of what has its last segment as a slug, or had it once."""
    paths_of = defaultdict(set)
    for path in words:
        segment = _last_segment(path).lower()
        for slug in (segment, re.sub(r"-\d+$", "", segment)):
            paths_of[slug].add(path)
    for kind, objects in (
        # The index of articles' slugs begins with the kind.
        ("article", Article.objects.filter(kind__in=Article.Kind.values)),
        ("author", Author.objects.all()),
        ("tag", Tag.objects.all()),
    ):
        for slug, pk in objects.filter(slug__in=paths_of).values_list("slug", "pk"):
            for path in paths_of[slug]:
                yield path, (kind, pk), words[path]
    former = {f"{_before_slug(route)}{slug}/": slug for route in _ROUTES for slug in paths_of}
    for redirect in Redirect.objects.filter(path__in=former, is_gone=False):
        for path in paths_of[former[redirect.path]]:
            yield path, _key(redirect), words[path]


def _by_name(words):
    """(path, (kind, pk), folded name) of what has a name that shares three words in a row."""
    paths_of = defaultdict(set)
    for path, text in words.items():
        split = text.split()
        for start in range(max(1, min(3, len(split) - 2))):
            paths_of[head(" ".join(split[start:]))].add(path)
    rows = Name.objects.filter(head__in=paths_of).order_by("-is_current", "-pk")
    for row in rows[:_CANDIDATES_MAX]:
        for path in paths_of[row.head]:
            yield path, _key(row), row.words


def _by_subject(words):
    """(path, (kind, pk), folded name) of the articles that are most about the path's words."""
    paths_of = defaultdict(set)
    for path, text in words.items():
        for word in text.split()[:_WORDS_MAX]:
            if word not in STOP_WORDS and not word.isdigit():
                for language in STEMMED_LANGUAGES:
                    paths_of[stem(word, language)].add(path)
    if not paths_of:
        return
    some = (
        "SELECT * FROM (SELECT term, article_id FROM articles_term WHERE term = %s LIMIT %s) AS t{}"
    )
    sql = " UNION ALL ".join(some.format(number) for number in range(len(paths_of)))
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for term in paths_of for value in (term, _ARTICLES_OF_TERM)])
        rows = cursor.fetchall()
    shared = defaultdict(Counter)
    for term, article_id in rows:
        for path in paths_of[term]:
            shared[path][article_id] += 1
    likely = {path: [pk for pk, _n in counts.most_common(5)] for path, counts in shared.items()}
    names = defaultdict(list)
    pks = {pk for some in likely.values() for pk in some}
    for pk, text in Name.objects.filter(article__in=pks).values_list("article", "words"):
        names[pk].append(text)
    for path, pks in likely.items():
        for pk in pks:
            for text in names[pk]:
                yield path, ("article", pk), text


def _key(row):
    kinds = ("article", "author", "tag")
    return next((kind, pk) for kind in kinds if (pk := getattr(row, f"{kind}_id")))


def _public(targets):
    """(kind, pk) → object, of those that readers may see."""
    public = {
        "article": Article.objects.public().only("uid", "kind", "slug", "title"),
        "author": Author.objects.reachable().select_related("merged_into"),
        "tag": Tag.objects.reachable().select_related("merged_into"),
    }
    return {
        (kind, pk): references.standing(target)
        for kind, objects in public.items()
        for pk, target in objects.in_bulk([pk for named, pk in targets if named == kind]).items()
    }
