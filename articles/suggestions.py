"""What an editor may want to cite, and what might cite an article that has just come out.

Everything here is for editors: nothing is shown to readers, and a suggestion changes a text
only when an editor applies it, as a draft. No target is suggested to itself, twice, or where
it is cited already.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from articles import directory, labels, publishing, rights, search
from articles.mentions import Named, Text, is_weak, link_mention
from articles.models import Article, Name, Reference, Tag
from articles.publishing import PublishingError, Words
from articles.rendering import RefToken, clean, structure
from articles.similar import similar_to
from articles.text_analysis import tokens
from authors.models import Author

COULD_CITE_MAX = 12
# What is looked at to find them: names of the article, and texts that have a name.
NAMES_MAX, CANDIDATES_MAX = 4, 24
HEADS_AT_ONCE, NAMES_AT_ONCE = 1000, 2000
# Editors see drafts, so that two texts can be written at once; readers get plain words.
_CITABLE_STATES = (Article.State.LIVE, Article.State.DRAFT)
_CITABLE_KINDS = (Article.Kind.ARTICLE, Article.Kind.SERIES)
_KINDS = ("article", "author", "tag")


@dataclass(frozen=True, slots=True)
class MentionedTarget:
    """Something that a text names and doesn't cite; before stands in the sentence before words."""

    kind: str
    target: object
    words: str
    sentence: str
    before: str

    @property
    def ref(self):
        return str(RefToken(self.kind, self.target.uid))


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What the text at hand could cite: targets that it names, and articles like it."""

    mentions: list[MentionedTarget]
    similar: list[Article]


@dataclass(frozen=True, slots=True)
class CouldCite:
    """A public article that could cite another: how is "mention" (by words that its newest text
    has already) or "related" (as a related link)."""

    source: Article
    how: str
    words: str = ""
    sentence: str = ""
    before: str = ""


# A few that fit say more than many.
SIMILAR_MAX = 5


def while_writing(article, *, title, standfirst, body, related=(), language="", limit=8, user=None):
    """Suggestions for a text as it stands in the form, saved or not; article is None if it is new.

    body is HTML of whatever origin, related holds the uids of the related articles. user: whoever
    writes; drafts that they may not see are neither suggested nor named. Articles come first
    among the mentions. The number of queries doesn't depend on how much there is.
    """
    body = clean(body)
    content = structure(body)
    own = {("article", article.uid)} if article else set()
    cited = {(ref.token.kind, ref.token.uid) for ref in content.references}
    for kind, labels_of in (("author", labels.authors_of), ("tag", labels.tags_of)):
        # Whoever cites what is merged cites what it leads to.
        found = labels_of([uid for cited_kind, uid in cited if cited_kind == kind])
        cited |= {(kind, label.uid) for label in found.values()}
    mentions = _mentions(Text(body), without=own | cited, user=user)
    mentions = sorted(mentions, key=lambda mention: mention.kind != "article")[:limit]
    unwanted = {uid for kind, uid in own | cited if kind == "article"}
    unwanted |= {*related, *(m.target.uid for m in mentions if m.kind == "article")}
    ids = similar_to(
        language=language or (article.language if article else "en"),
        title=title,
        standfirst=standfirst,
        text=content.text,
        exclude=Article.objects.filter(uid__in=unwanted).values_list("pk", flat=True),
        limit=min(limit, SIMILAR_MAX),
    )
    return Suggestions(mentions, list(_public(ids, user).values()))


def _mentions(text, *, without, user):
    """What a text names, in reading order, except for some (kind, uid).

    What is left out still counts while the text is read: a shorter name in it isn't meant.
    """
    names = _names_in(text, user)
    targets = _targets(names, user)
    found = text.mentions(named for named in names if (named.kind, named.target) in targets)
    suggested = [
        MentionedTarget(
            mention.named.kind,
            targets[mention.named.kind, mention.named.target],
            mention.words,
            mention.sentence,
            mention.before,
        )
        for mention in found
    ]
    return [item for item in suggested if (item.kind, item.target.uid) not in without]


def _names_in(text, user):
    heads = sorted({directory.head(row) for row in text.heads()})
    names = []
    for start in range(0, len(heads), HEADS_AT_ONCE):
        known = directory.known_names(user)
        rows = Name.objects.filter(known, head__in=heads[start : start + HEADS_AT_ONCE])
        rows = rows.order_by("head", "pk").values_list(
            *("name", "words", "article_id"),
            *(Coalesce("author__merged_into_id", "author_id"), "tag_id"),
        )
        for name, words, *keys in rows[:NAMES_AT_ONCE]:
            if text.may_mention(words):
                kind, key = next(pair for pair in zip(_KINDS, keys, strict=True) if pair[1])
                names.append(Named(kind, key, name))
    return names


def _targets(names, user):
    """(kind, primary key) → what some names lead to, if it may be cited by new texts."""
    keys = defaultdict(set)
    for named in names:
        keys[named.kind].add(named.target)
    articles = Article.objects.filter(
        pk__in=keys["article"],
        state__in=_CITABLE_STATES,
        kind__in=_CITABLE_KINDS,
    )
    articles = (
        rights.with_is_seen(user, articles)
        .select_related("latest_revision")
        .only(*_SHOWN, "latest_revision__title")
    )
    found = {("article", article.pk): article for article in articles}
    for kind, model in (("author", Author), ("tag", Tag)):
        if keys[kind]:
            rows = model.objects.choosable().filter(pk__in=keys[kind])
            found |= {(kind, row.pk): row for row in rows}
    return found


_SHOWN = ("uid", "kind", "state", "title", "first_published_at", "latest_revision")


def _public(ids, user):
    """id → public article, in the order of the ids, with its newest title (see shown_title)."""
    articles = Article.objects.public().articles().filter(pk__in=ids)
    found = (
        rights.with_is_seen(user, articles)
        .select_related("latest_revision")
        .only(*_SHOWN, "latest_revision__title")
        .in_bulk()
    )
    return {pk: found[pk] for pk in ids if pk in found}


# Once an article is out: who could cite it.


def could_cite(article, user=None):
    """Public articles that could cite a live one: first those that name it in their newest text,
    then those that are about the same. None that cites it already, live or in its newest draft,
    nor one whose drafts the user may not see.
    """
    if article.state != Article.State.LIVE:
        return []
    found = _naming(article, user)[:COULD_CITE_MAX]
    room = COULD_CITE_MAX - len(found)
    ids = similar_to(
        language=article.language,
        title=article.title,
        standfirst=article.standfirst,
        text=structure(article.body).text,
        exclude=[article.pk, *(item.source.pk for item in found)],
        limit=room + CANDIDATES_MAX if room else 0,
    )
    citing = _citing(article, ids)
    others = _seen(_public([pk for pk in ids if pk not in citing], user))
    return found + [CouldCite(source, "related") for source in others.values()][:room]


def _seen(articles):
    return {pk: article for pk, article in articles.items() if article.is_seen}


def _naming(article, user):
    names = _titles(article)
    ids = {}
    for named in names:
        phrase = " ".join(tokens(named.name)[: search.QUERY_MAX_WORDS])
        found = search.find(f'"{phrase}"', limit=CANDIDATES_MAX)
        ids |= dict.fromkeys(found.ids)
    ids.pop(article.pk, None)
    citing = _citing(article, ids)
    wanted = [pk for pk in ids if pk not in citing]
    bodies = dict(Article.objects.filter(pk__in=wanted).values_list("pk", "latest_revision__body"))
    result = []
    for pk, source in _seen(_public(wanted, user)).items():
        for mention in Text(bodies[pk]).mentions(names):
            result.append(
                CouldCite(source, "mention", mention.words, mention.sentence, mention.before)
            )
    return result


def _titles(article):
    """The names by which texts may mention an article, today's first."""
    rows = Name.objects.filter(article=article).order_by("-is_current", "-pk")[:NAMES_MAX]
    named = [Named("article", article.pk, row.name) for row in rows]
    return [item for item in named if not is_weak(item.kind, tokens(item.name))]


def _citing(article, ids):
    """Those of some articles that cite the article, in the live text or in the newest draft."""
    rows = Reference.objects.filter(target_article=article, source__in=list(ids))
    return set(rows.values_list("source", flat=True))


@transaction.atomic
def apply_citation(target, source, *, how, by):
    """Lets the newest draft of source cite target; readers see nothing of it until somebody
    publishes the draft.

    how: "mention" turns the first words that name the target into a reference, "related" adds a
    related link. Returns whether anything was changed: nothing where the source cites the target
    already. Raises PublishingError.
    """
    if how not in {"mention", "related"}:
        raise ValueError(f"{how!r} is no way to cite")
    source = Article.objects.select_for_update(of=("self",)).get(pk=source.pk)
    target = Article.objects.get(pk=target.pk)
    if source == target:
        raise PublishingError(_("An article doesn't cite itself."))
    for article in (target, source):
        if article.state != Article.State.LIVE:
            raise PublishingError(_("“%(title)s” isn't live any more.") % {"title": article})
    if _citing(target, [source.pk]):
        return False
    words = Words.of(source.latest_revision)
    if how == "related":
        words = replace(words, related=[*words.related, {"article": target.uid}])
    else:
        body = link_mention(words.body, str(RefToken("article", target.uid)), _titles(target))
        if body is None:
            raise PublishingError(
                _("The newest text of “%(source)s” doesn't mention “%(target)s” any more.")
                % {"source": source, "target": target}
            )
        words = replace(words, body=body)
    note = _("Cites “%(title)s”") % {"title": target}
    publishing.save_draft(source, words, by=by, note=note[:200])
    return True
