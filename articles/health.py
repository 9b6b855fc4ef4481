"""What is wrong with the publication's links, or could be better: the findings of the desk.

Nothing is scanned and nothing is stored. A finding is a question to the rows that follow every
text (articles.references), asked when the desk is opened: it is there as long as its cause is.
What an editor has put off, with a reason, is left out until it is due again.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.db import connection, models
from django.db.models import Count, Exists, Max, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles import missing, publishing, references
from articles.models import Article, Forward, MissingPath, Reference, Section, Snooze, Tag
from articles.prepared import Prepared, instance
from articles.rendering import RefToken
from authors.models import Author

PER_PAGE = 25
# Beyond this many, it makes no difference how many there are.
COUNTED_MAX = 1000
# Beyond so many articles it takes a tenth of a second to count all kinds, on PostgreSQL four.
MANY, MINUTE = 50_000, 60
_counted = {}


class Kind(models.TextChoices):
    DANGLING = "dangling", _("Lead nowhere")
    SECTION = "section", _("Section gone")
    DETOUR = "detour", _("Detours")
    DRAFT = "draft", _("Not public yet")
    ORPHAN = "orphan", _("Cited by nobody")
    DEAD_END = "dead-end", _("Cite nobody")
    PATH = "path", _("Paths not found")


# Findings about a citation: one for each source and target.
CITATIONS = (Kind.DANGLING, Kind.SECTION, Kind.DETOUR, Kind.DRAFT)
_OF_PATH = tuple(field.attname for field in MissingPath._meta.concrete_fields)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. key is permanent: it names what the finding is about.

    article: whose text it is, or which article lacks something. Of a citation: reference, one
    of the rows that say so; in_live and in_draft, where they stand; section, the cited one if
    it is known; leads_to, the token and the target to which readers are led on. Of a path:
    path and guess, what it may have meant.
    """

    kind: Kind
    key: str
    article: Article | None = None
    reference: Reference | None = None
    in_live: bool = False
    in_draft: bool = False
    section: Section | None = None
    leads_to: tuple[RefToken, object] | None = None
    path: MissingPath | None = None
    guess: object = None

    @property
    def token(self):
        reference = self.reference
        return RefToken(reference.target_kind, reference.target_uid, reference.section)


# Asking.


def counts():
    """kind → how many findings there are, counted to COUNTED_MAX + 1 at most."""
    now = timezone.now()
    return {kind: len(_keys(kind, COUNTED_MAX + 1)(now)) for kind in Kind}


def recent_counts():
    """As counts; where there are more than MANY articles, as they were a minute ago at most."""
    newest = Article.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    if newest <= MANY:
        return counts()
    known, until = _counted.get(connection.alias, (None, 0))
    if time.monotonic() >= until:
        known = counts()
        _counted[connection.alias] = known, time.monotonic() + MINUTE
    return known


def findings(kind, *, page=1):
    """The findings of a page, and whether there are more: the newest, or most asked for, first."""
    rows = _some(kind, PER_PAGE + 1)(timezone.now(), offset=(page - 1) * PER_PAGE)
    return _described(kind, rows[:PER_PAGE]), len(rows) > PER_PAGE


def find(kind, key):
    """The finding of a key, put off or not; None where there is none (any more)."""
    found = _described(kind, list(_as_rows(kind, _keyed(kind).filter(key=key))[:1]))
    return found[0] if found else None


# Written out: with their constants as parameters, SQLite reads the rows of what an index has whole.


@cache
def _some(kind, number):
    return Prepared(lambda now: _as_rows(kind, _rows(kind, now))[:number])


@cache
def _keys(kind, number):
    def keys(now):
        rows = _rows(kind, now)
        # Articles in their order: it has an index, and without it SQLite would take another.
        rows = rows.order_by().values_list("key") if kind in CITATIONS else rows.values_list("pk")
        return rows[:number]

    return Prepared(keys)


def _as_rows(kind, rows):
    """In the columns of which _described makes findings."""
    if kind == Kind.PATH:
        columns = _OF_PATH
    else:
        columns = ("newest", "in_live", "in_draft") if kind in CITATIONS else ("pk",)
    return rows.values_list("key", *columns)


def _rows(kind, now):
    put_off = _put_off(now).filter(kind=kind).values("key")
    if kind in _ARTICLES:
        # By their primary keys, which every index has: their uids stand in the rows.
        put_off = Article.objects.filter(uid__in=put_off).order_by().values("pk")
        return _keyed(kind).exclude(pk__in=put_off)
    return _keyed(kind).exclude(key__in=put_off)


# To put such a question together takes as long as to ask it, so that is done once: it has nothing
# in it that changes. Whoever asks narrows it, and so asks with a copy.
@cache
def _keyed(kind):
    """The rows of a kind with their `key`, in the order of the desk.

    Of citations: one for each source and target.
    """
    if kind == Kind.PATH:
        return missing.unanswered().annotate(key=models.F("path"))
    if kind in CITATIONS:
        return (
            _CITATIONS[kind]()
            .annotate(
                key=Concat(
                    "source__uid", Value(":"), "target_kind", Value(":"), "target_uid",
                    Value("#"), "section", output_field=models.CharField(),
                )
            )
            .values("key")
            .annotate(
                newest=Max("pk"),
                in_live=Count("pk", filter=Q(set=Reference.Set.LIVE)),
                in_draft=Count("pk", filter=Q(set=Reference.Set.DRAFT)),
            )
            .order_by("-newest")
        )  # fmt: skip
    return _ARTICLES[kind]().annotate(key=models.F("uid")).newest_first()


_WORKED_ON = [Article.State.DRAFT, Article.State.LIVE]


def _dangling():
    """The target never was here, or was taken away without leading on.

    In the live text and in the draft; not of sources that are taken away themselves.
    """
    away = Article.objects.in_states(
        Article.State.WITHDRAWN, Article.State.TRASHED, Article.State.DELETED
    )
    nowhere = Reference.objects.filter(
        target_article__isnull=True, target_author__isnull=True, target_tag__isnull=True
    )
    taken_away = Reference.objects.filter(~_leads_on(), target_article__in=away)
    return _any_of(nowhere, taken_away).filter(source__state__in=_WORKED_ON)


def _section_gone():
    """Readers of the live text come to the top of the target, not to the section that is meant."""
    of_section = Section.objects.filter(
        article=OuterRef("target_article"), anchor=OuterRef("section")
    )
    hidden = Section.objects.exclude(state=Section.State.LIVE)
    is_public = Exists(Article.objects.public().filter(pk=OuterRef("target_article")))
    # In the words of their index.
    citing = _live().exclude(section="")
    return _any_of(
        # The rarest condition first: SQLite asks them in this order.
        citing.filter(~Exists(of_section), is_public),
        citing.filter(
            Exists(of_section.exclude(state=Section.State.LIVE)),
            is_public,
            ~_section_leads_on(),
            target_article__in=hidden.values("article"),
        ),
    )


def _detour():
    """Readers come to another place than the text says, by a forward."""
    led_on = _worked_on().filter(target_article__in=Forward.objects.values("article"))
    is_public = Exists(Article.objects.public().filter(pk=OuterRef("target_article")))
    moved = Q(section__gt="") & ~_is_live_section() & _section_leads_on()
    return led_on.filter((is_public & moved) | (~is_public & _leads_on()))


def _to_drafts():
    """Readers of the live text see plain words, since the target has never been public."""
    drafts = Article.objects.in_states(Article.State.DRAFT)
    return _any_of(
        _live().filter(~_leads_on(), target_article__in=drafts),
        _live().naming("author", Author.objects.exclude(pk__in=Author.objects.reachable())),
        _live().naming("tag", Tag.objects.exclude(pk__in=Tag.objects.reachable())),
    )


def _orphans():
    citing = _live().filter(target_article=OuterRef("pk"))
    return Article.objects.public().articles().exclude(Exists(citing))


def _dead_ends():
    cited = _live().filter(source=OuterRef("pk"))
    return Article.objects.public().articles().exclude(Exists(cited))


_CITATIONS = {
    Kind.DANGLING: _dangling,
    Kind.SECTION: _section_gone,
    Kind.DETOUR: _detour,
    Kind.DRAFT: _to_drafts,
}
_ARTICLES = {Kind.ORPHAN: _orphans, Kind.DEAD_END: _dead_ends}


def _live():
    return Reference.objects.filter(set=Reference.Set.LIVE)


def _worked_on():
    return Reference.objects.filter(source__state__in=_WORKED_ON)


def _any_of(first, *others):
    """References found in several ways; each has an index of its own, which an OR wouldn't use."""
    pks = first.order_by().values("pk")
    if others:
        pks = pks.union(*(found.order_by().values("pk") for found in others), all=True)
    return Reference.objects.filter(pk__in=pks)


def _public_forwards():
    return Forward.objects.filter(
        Exists(Article.objects.public().filter(pk=OuterRef("target_article")))
        | Exists(Author.objects.reachable().filter(pk=OuterRef("target_author")))
        | Exists(Tag.objects.reachable().filter(pk=OuterRef("target_tag")))
    )


def _leads_on():
    """Of a target that isn't public: its section, or all of it, leads to something public."""
    forwards = _public_forwards().filter(article=OuterRef("target_article"))
    return Exists(forwards.filter(Q(section="") | Q(section=OuterRef("section"))))


def _section_leads_on():
    return Exists(
        _public_forwards().filter(article=OuterRef("target_article"), section=OuterRef("section"))
    )


def _is_live_section():
    return Exists(
        Section.objects.filter(
            article=OuterRef("target_article"),
            anchor=OuterRef("section"),
            state=Section.State.LIVE,
        )
    )


# Describing.


_SHOWN = ("uid", "kind", "state", "slug", "title", "first_published_at", "latest_revision__title")


def _described(kind, rows):
    if kind == Kind.PATH:
        guesses = missing.guesses([path for path, *_row in rows])
        return [
            Finding(kind, path, path=instance(MissingPath, _OF_PATH, row), guess=guesses.get(path))
            for path, *row in rows
        ]
    if kind not in CITATIONS:
        articles = Article.objects.select_related("latest_revision").only(*_SHOWN)
        articles = articles.in_bulk([pk for _key, pk in rows])
        return [Finding(kind, key, articles[pk]) for key, pk in rows if pk in articles]
    found = _references([newest for _key, newest, *_in in rows])
    sections, forwards = _sections(found.values()), _forwards(found.values())
    described = []
    for key, newest, in_live, in_draft in rows:
        reference = found[newest]
        place = (reference.target_article_id, reference.section)
        forward = forwards.get(place) or forwards.get((reference.target_article_id, ""))
        described.append(
            Finding(
                kind,
                key,
                reference.source,
                reference=reference,
                in_live=in_live > 0,
                in_draft=in_draft > 0,
                section=sections.get(place),
                leads_to=forward if kind == Kind.DETOUR else None,
            )
        )
    return described


def _references(pks):
    return (
        Reference.objects.select_related(
            "source__latest_revision",
            "target_article__latest_revision",
            "target_author",
            "target_tag",
        )
        .only(
            *("set", "kind", "words", "sentence", "words_at", "section"),
            *("target_kind", "target_uid"),
            *(f"{place}__{name}" for place in ("source", "target_article") for name in _SHOWN),
            *("target_author__name", "target_author__uid", "target_author__slug"),
            *("target_tag__name", "target_tag__uid", "target_tag__slug"),
        )
        .in_bulk(pks)
    )


def _sections(found):
    """(pk of the article, anchor) → section, of those that are cited."""
    places = {(row.target_article_id, row.section) for row in found if row.section}
    rows = Section.objects.filter(
        article__in={pk for pk, _anchor in places}, anchor__in={anchor for _pk, anchor in places}
    )
    return {(row.article_id, row.anchor): row for row in rows}


def _forwards(found):
    """(pk of the article, anchor) → the token and the target to which it leads on."""
    rows = list(
        _public_forwards()
        .filter(article__in={row.target_article_id for row in found})
        .select_related("target_article", "target_author", "target_tag")
        .only(
            *("article", "section", "target_section"),
            *(f"target_article__{name}" for name in ("uid", "kind", "state", "slug", "title")),
            *(f"target_{kind}__{name}" for kind in ("author", "tag") for name in ("uid", "name")),
        )
    )
    live = set(
        Section.objects.filter(
            article__in={row.target_article_id for row in rows if row.target_section},
            anchor__in={row.target_section for row in rows},
            state=Section.State.LIVE,
        ).values_list("article", "anchor")
    )
    places = {}
    for row in rows:
        is_live = (row.target_article_id, row.target_section) in live
        token = references.token_of(row.target, row.target_section if is_live else "")
        places[row.article_id, row.section] = (token, row.target)
    return places


# Putting right.


def point_elsewhere(finding, token, *, by):
    """Makes the source of a citation name another target (None: only its words are left), in
    its live text and its draft. Returns whether anything changed."""
    named = finding.token
    return publishing.retarget(
        finding.article, lambda other: token if other == named else other, by=by
    )


def better_token(finding):
    """What one click makes a citation name: where readers are led already, the article instead
    of its section, or nothing, since nothing is what readers get."""
    if finding.kind == Kind.DETOUR:
        return finding.leads_to[0]
    if finding.kind == Kind.SECTION:
        return RefToken("article", finding.reference.target_uid)
    return None


# Putting off.


REASON_MAX = Snooze._meta.get_field("reason").max_length
# How long something can wait: for good is None.
PERIODS = {"week": timedelta(weeks=1), "month": timedelta(days=30), "good": None}


def snooze(kind, key, *, reason, period, by):
    """Leaves a finding out of the lists and counts: until the period is over, or for good."""
    wait = PERIODS[period]
    Snooze.objects.update_or_create(
        kind=kind,
        key=key,
        defaults={
            "reason": reason[:REASON_MAX],
            "until": timezone.now() + wait if wait else None,
            "by": by,
        },
    )


def wake(kind, key):
    """Shows a finding again, if it is still there."""
    Snooze.objects.filter(kind=kind, key=key).delete()


def snoozed():
    """What is put off now, the newest first."""
    return _put_off(timezone.now()).select_related("by").order_by("-created_at", "-pk")


def _put_off(now):
    return Snooze.objects.filter(Q(until__isnull=True) | Q(until__gt=now))
