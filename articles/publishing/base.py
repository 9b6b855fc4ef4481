"""What every verb begins with: refusals, rights, the lock, and the words it is given."""

import secrets
from dataclasses import asdict, dataclass, field, fields
from functools import wraps

from django.db import OperationalError, connection, transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from articles import references, rights
from articles.models import Article, Reference
from articles.names import fold
from articles.rendering import clean, plain_line, with_section_ids

NOTE_LENGTH = 300
# A series has parts; an article stands to others as their update or correction; a page doesn't.
_RELATIONS_OF = {
    Article.Kind.ARTICLE: {Reference.Kind.UPDATES, Reference.Kind.CORRECTS},
    Article.Kind.PAGE: set(),
    Article.Kind.SERIES: {Reference.Kind.SERIES},
}


class PublishingError(Exception):
    """A verb's refusal. str() is a sentence for the editor."""


class NotAllowed(PublishingError):
    """The user has no right to do this."""


class Conflict(PublishingError):
    """Somebody else saved a newer revision since the words at hand were opened.

    latest: that revision. base: the one from which the words started, if it is still there as it
    was. is_unchanged: the words at hand are those of base, so there is nothing to lose.
    """

    def __init__(self, sentence, *, latest, base, is_unchanged):
        super().__init__(sentence)
        self.latest, self.base, self.is_unchanged = latest, base, is_unchanged


@dataclass(frozen=True, kw_only=True)
class Words:
    """Everything an editor can change about an article; see articles.models.Revision.

    bylines are author uids in order, tags are names. related and relations are lists of dicts.
    """

    title: str = ""
    slug: str = ""
    language: str = "en"
    standfirst: str = ""
    body: str = ""
    lead_image_id: int | None = None
    bylines: list = field(default_factory=list)
    tags: list = field(default_factory=list)
    related: list = field(default_factory=list)
    relations: list = field(default_factory=list)

    @classmethod
    def of(cls, revision):
        return cls(**{item.name: getattr(revision, item.name) for item in fields(cls)})


def require(is_allowed, sentence):
    if not is_allowed:
        raise NotAllowed(sentence)


def require_change(by, article):
    require(rights.may_change(by, article), _("You may not change this article. Ask an editor."))


ATTEMPTS = 8
# PostgreSQL's names for two transactions that waited for each other.
_IN_EACH_OTHERS_WAY = {"40P01", "40001"}


def in_one_transaction(function):
    """Makes a function one transaction, which is tried again if another one was in its way.

    Texts cite one another, and a reference is checked against its target when it is written: so
    two verbs can wait for each other on PostgreSQL, whichever order they lock in.
    """

    @wraps(function)
    def run(*args, **kwargs):
        attempts = 1 if connection.in_atomic_block else ATTEMPTS
        for attempt in range(attempts):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                state = getattr(error.__cause__, "sqlstate", "")
                if state not in _IN_EACH_OTHERS_WAY or attempt == attempts - 1:
                    raise
        raise AssertionError("unreachable")

    return run


def lock(article):
    """The article as it is now, held until the transaction ends (SQLite holds all of it).

    Others may still refer to it meanwhile: its key doesn't change.
    """
    return Article.objects.select_for_update(of=("self",), no_key=True).get(pk=article.pk)


def lock_all(pks):
    """The articles of some primary keys, all held, in the one order that can't end in a circle."""
    articles = Article.objects.select_for_update(of=("self",), no_key=True)
    locked = list(articles.filter(pk__in=pks).order_by("pk"))
    # Not in the same query: PostgreSQL would join what was there before it had to wait.
    prefetch_related_objects(locked, "latest_revision")
    return {article.pk: article for article in locked}


def refuse_trashed(article):
    """Refuses to change what is in the trash, or is no more than its addresses."""
    if article.state == Article.State.TRASHED:
        raise PublishingError(_("This article is in the trash. Take it out first."))
    if article.state == Article.State.DELETED:
        raise PublishingError(_("This article has been deleted. Write a new one instead."))


def prepared(article, words):
    """The words in the form in which they are stored."""
    body = references.with_internal_links_as_tokens(clean(words.body), own_uid=article.uid)
    anchors = set(article.sections.values_list("anchor", flat=True)) if article.pk else set()
    values = asdict(words) | {
        "title": plain_line(words.title),
        "standfirst": plain_line(words.standfirst),
        "body": with_section_ids(body, known=anchors, taken=anchors),
        "bylines": list(dict.fromkeys(words.bylines)),
        "tags": _distinct_names(words.tags),
        "related": _related(article, words.related),
        "relations": _relations(article, words.relations),
    }
    return Words(**values)


def _related(article, items):
    kept = [references.with_token(item) for item in items]
    return [item for item in kept if item and item.get("article") != article.uid]


def _relations(article, items):
    """What the article is to others, each once."""
    kept = {}
    for item in items:
        kind, uid, section = item["kind"], item["article"], item.get("section", "")
        if kind not in _RELATIONS_OF[article.kind] or uid == article.uid:
            continue
        kept.setdefault(
            (kind, uid, section),
            {
                "kind": kind,
                "article": uid,
                "section": section,
                "note": plain_line(item.get("note", ""))[:NOTE_LENGTH],
            },
        )
    return list(kept.values())


def _distinct_names(names):
    by_key = {}
    for name in names:
        name = plain_line(name)
        if fold(name):
            by_key.setdefault(fold(name), name)
    return list(by_key.values())


def new_edition():
    """A number for the articles of a tag or author as they are from now on (articles.tag_sets).

    Drawn by lot, so that it never comes back for another set: not even after a restored backup, of
    which the processes that remember it know nothing.
    """
    return secrets.randbits(62)
