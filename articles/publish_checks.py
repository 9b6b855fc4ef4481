"""What is looked at before an article goes out: each check is off, a warning or a stop.

The newsroom sets the levels (articles.models.PublishCheck). The same findings stand beside the
form while words are written, and decide whether articles.publishing.publish goes ahead.
"""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles import references
from articles.models import Article, Image, PublishCheck, Section, Tag, address_of
from articles.prepared import Prepared
from articles.rendering import related_token, structure
from authors.models import Author

Level = PublishCheck.Level

# In the order in which they are shown: key → what it looks at, and how strictly by default.
CHECKS = {
    "placeholder": (gettext_lazy("TK markers, where something is still to come"), Level.STOP),
    "dangling": (gettext_lazy("References that lead nowhere"), Level.WARNING),
    "alt_text": (gettext_lazy("Pictures without a description"), Level.WARNING),
    "standfirst": (gettext_lazy("A missing standfirst"), Level.WARNING),
    "author": (gettext_lazy("A missing author"), Level.WARNING),
    "tags": (gettext_lazy("Missing tags"), Level.WARNING),
}
# The markers of the trade: TK, TKTK, also within square brackets; not the letters in a longer word.
_PLACEHOLDER = re.compile(r"(?<![\w-])(?:TK)+(?![\w-])")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. level: "warning" or "stop"; sentence: what to do, for the editor."""

    key: str
    level: str
    sentence: str

    @property
    def is_stop(self):
        return self.level == Level.STOP


def levels():
    """Key → level of every check, as the newsroom has set it."""
    chosen = dict(PublishCheck.objects.values_list("key", "level"))
    return {key: chosen.get(key, default) for key, (_words, default) in CHECKS.items()}


def findings(article, words, *, going_out=()):
    """What the checks find in some words (a Revision or Words) of an article: stops first.

    going_out: articles that go out together with it, so that it may cite them.
    """
    return _findings_of([(article, words)], going_out)[0]


def findings_together(drafts):
    """The findings of several (article, words) that go out together: a list for each of them."""
    return _findings_of(drafts, [article for article, _words in drafts])


def _findings_of(drafts, going_out):
    active = {key: level for key, level in levels().items() if level != Level.OFF}
    drafts = [_Draft(article, words) for article, words in drafts]
    known = _Known()
    if "dangling" in active:
        cited = {token for draft in drafts for token in draft.foreign}
        known.lost = _leading_nowhere(cited, {article.uid for article in going_out})
    if "alt_text" in active and (leads := {draft.words.lead_image_id for draft in drafts} - {None}):
        found = Image.objects.filter(pk__in=leads, alt="")
        known.undescribed = set(found.values_list("pk", flat=True))
    return [_findings(draft, active, known) for draft in drafts]


class _Draft:
    """Some words of an article, and what they cite."""

    def __init__(self, article, words):
        self.article, self.words, self.content = article, words, structure(words.body)
        self.cited = {reference.token: reference.words for reference in self.content.references}
        for item in words.related:
            if token := related_token(item):
                self.cited.setdefault(token, _("a related link"))
        self.own = {
            token for token in self.cited if token.kind == "article" and token.uid == article.uid
        }
        self.foreign = set(self.cited) - self.own


@dataclass
class _Known:
    """What was asked of the database: tokens that lead nowhere, lead pictures without words."""

    lost: set = field(default_factory=set)
    undescribed: set = field(default_factory=set)


def _findings(draft, active, known):
    found = [
        Finding(key, active[key], sentence)
        for key in CHECKS
        if key in active and (sentence := _FINDERS[key](draft, known))
    ]
    return sorted(found, key=lambda finding: not finding.is_stop)


def ensure_rows(using="default", **_kwargs):
    """Receiver of post_migrate: every check has a row, which the newsroom can change."""
    rows = [PublishCheck(key=key, level=level) for key, (_words, level) in CHECKS.items()]
    PublishCheck.objects.using(using).bulk_create(rows, ignore_conflicts=True)


def _placeholder(draft, _known):
    texts = (draft.words.title, draft.words.standfirst, draft.content.text)
    count = sum(len(_PLACEHOLDER.findall(text)) for text in texts)
    if not count:
        return ""
    return ngettext(
        "Fill in the TK that is still in the text.",
        "Fill in the %(n)d TKs that are still in the text.",
        count,
    ) % {"n": count}


def _dangling(draft, known):
    anchors = {heading.anchor for heading in draft.content.headings}
    lost = {token for token in draft.own if token.section and token.section not in anchors}
    lost |= draft.foreign & known.lost
    if not lost:
        return ""
    return _("These references lead nowhere: %(words)s. Cite something else, or take them out.") % {
        "words": ", ".join(sorted(f"“{draft.cited[token]}”" for token in lost)[:5])
    }


_articles = Prepared(
    lambda uids: (
        Article.objects.filter(uid__in=uids).order_by().values_list("uid", "state", "kind", "slug")
    )
)
_sections = Prepared(
    lambda uids: (
        Section.objects.filter(article__uid__in=uids)
        .exclude(state=Section.State.RETIRED)
        .order_by()
        .values_list("article__uid", "anchor")
    )
)


def _leading_nowhere(tokens, going_out):
    """The tokens whose target isn't there, nor anything to which it leads on.

    What was never public yet isn't among them: its words become a link when it goes out. Nor is
    what goes out now. going_out: the permanent ids of such articles.
    """
    if not tokens:
        return set()
    lost = set()
    for kind, model in (("author", Author), ("tag", Tag)):
        uids = {token.uid for token in tokens if token.kind == kind}
        known = model.objects.filter(uid__in=uids).values_list("uid", flat=True)
        gone = uids - set(known) if uids else uids
        lost |= {token for token in tokens if token.kind == kind and token.uid in gone}
    cited = {token for token in tokens if token.kind == "article"}
    if not cited:
        return lost
    addresses = references.resolve(cited).addresses
    uids = sorted({token.uid for token in cited})
    articles = {uid: (state, address_of(kind, slug)) for uid, state, kind, slug in _articles(uids)}
    places = set(_sections(uids))
    for token in cited:
        state, own_address = articles.get(token.uid, (None, None))
        has_place = not token.section or (token.uid, token.section) in places
        is_going_out = token.uid in going_out
        if state == Article.State.DRAFT or (state == Article.State.WITHDRAWN and is_going_out):
            leads = has_place
        else:
            address = addresses.get(token)
            leads = address is not None and (has_place or address != own_address)
        if not leads:
            lost.add(token)
    return lost


def _alt_text(draft, known):
    count = draft.content.pictures_without_alt
    count += draft.words.lead_image_id in known.undescribed
    if not count:
        return ""
    return ngettext(
        "Describe the picture that has no description yet.",
        "Describe the %(n)d pictures that have no description yet.",
        count,
    ) % {"n": count}


def _standfirst(draft, _known):
    if draft.article.kind == Article.Kind.PAGE or draft.words.standfirst:
        return ""
    return _("Write a standfirst: one or two sentences under the title.")


def _author(draft, _known):
    if draft.article.kind != Article.Kind.ARTICLE or draft.words.bylines:
        return ""
    return _("Say who wrote it: add an author.")


def _tags(draft, _known):
    if draft.article.kind != Article.Kind.ARTICLE or draft.words.tags:
        return ""
    return _("Add a tag, so that readers find it.")


_FINDERS = {
    "placeholder": _placeholder,
    "dangling": _dangling,
    "alt_text": _alt_text,
    "standfirst": _standfirst,
    "author": _author,
    "tags": _tags,
}
