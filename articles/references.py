"""Cross-references: rows that follow the texts, and addresses put in when a page is rendered.

Whoever saves a text calls `follow_texts` in the same transaction. Whoever shows a text calls
`resolve`, which knows what readers may follow at this moment.
"""

import html
import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import Resolver404
from django.urls import resolve as resolve_path

from articles import labels
from articles.directory import folded
from articles.models import Article, Forward, Redirect, Reference, Section, Tag
from articles.names import former_path, host_of
from articles.prepared import Prepared, instance
from articles.rendering import (
    RefToken,
    Structure,
    is_anchor,
    related_item,
    related_token,
    structure,
)
from authors.models import Author

BATCH_SIZE = 200
_MODELS = {"article": Article, "author": Author, "tag": Tag}


def follow_texts(article):
    """Makes the reference and section rows of an article equal to what it says.

    That is its live text, if it has one, and its newest draft, if it is newer. Returns whether
    anything had to be changed. Call it in the transaction that saves a text.
    """
    is_live = article.state == Article.State.LIVE
    draft = article.latest_revision if article.has_newer_draft or not is_live else None
    live = _Text.of(article) if is_live else None
    draft = _Text.of(draft) if draft else None
    working_title = (article.latest_revision.title if article.latest_revision else "") or (
        article.title
    )
    return any(
        [
            _follow_references(article, {Reference.Set.LIVE: live, Reference.Set.DRAFT: draft}),
            _follow_sections(article, live, draft, title=working_title),
        ]
    )


def rebuild(progress=None):
    """Follows the texts of all articles again; returns how many had wrong rows: none, if healthy.

    A batch is one transaction that locks its articles. progress is called with the number of
    articles done so far.
    """
    done, last_id, wrong = 0, 0, 0
    while True:
        with transaction.atomic():
            batch = list(
                Article.objects.select_for_update()
                # Not joined: PostgreSQL would give what was there before it had to wait.
                .prefetch_related("latest_revision")
                .filter(pk__gt=last_id)
                .order_by("pk")[:BATCH_SIZE]
            )
            wrong += sum(follow_texts(article) for article in batch)
        if not batch:
            return wrong
        done, last_id = done + len(batch), batch[-1].pk
        if progress:
            progress(done)


def rows_of_new(article, content, pk_of):
    """The reference and section rows of an article that has just been made and is live, unsaved.

    For articles that are made by the thousand: asks no database. content: the structure of its
    text. pk_of: gives of some (kind, uid) the primary keys of those that exist.
    """
    text = _Text(content, article.related, article.relations)
    references = _rows(article, Reference.Set.LIVE, text, pk_of)
    _changed, sections = _section_rows(article, {}, text, None, title=article.title)
    return references, sections


@dataclass(frozen=True, slots=True)
class _Text:
    structure: Structure
    related: list
    relations: list

    @classmethod
    def of(cls, words):
        """words: an article or a revision."""
        return cls(structure(words.body), words.related, words.relations)


def _follow_references(article, texts):
    """texts: set → what its rows are to say, or None."""
    existing = {set_: [] for set_ in texts}
    for row in Reference.objects.filter(source=article).order_by():
        existing[row.set].append(row)
    is_changed = False
    # Both texts name much the same.
    pk_of = _Existing()
    for set_, text in texts.items():
        rows = _rows(article, set_, text, pk_of) if text else []
        if sorted(map(_content, existing[set_])) != sorted(map(_content, rows)):
            if existing[set_]:
                Reference.objects.filter(source=article, set=set_).delete()
            Reference.objects.bulk_create(rows)
            is_changed = True
    return is_changed


def _rows(article, set_, text, pk_of):
    rows = []
    for reference in text.structure.references:
        if (reference.token.kind, reference.token.uid) == ("article", article.uid):
            # A link within the text cites nobody.
            continue
        rows.append(
            _row(
                Reference.Kind.INLINE,
                reference.token,
                words=reference.words[:300],
                words_at=reference.at,
                sentence=reference.sentence,
            )
        )
    for item in text.related:
        if token := related_token(item):
            rows.append(_row(Reference.Kind.RELATED, token))
    for item in text.relations:
        token = RefToken("article", item["article"], item.get("section", ""))
        rows.append(_row(item["kind"], token, sentence=item.get("note", "")))
    targets = pk_of({(row.target_kind, row.target_uid) for row in rows})
    positions, seen = Counter(), set()
    for row in rows:
        row.source, row.set = article, set_
        row.position = positions[row.kind]
        positions[row.kind] += 1
        target = (row.kind, row.target_kind, row.target_uid)
        row.is_first = target not in seen
        seen.add(target)
        if set_ == Reference.Set.LIVE:
            row.published_at = article.first_published_at
        setattr(row, f"target_{row.target_kind}_id", targets.get(target[1:]))
    return rows


def _row(kind, token, **fields):
    return Reference(
        kind=kind, target_kind=token.kind, target_uid=token.uid, section=token.section, **fields
    )


def _content(row):
    return (
        row.kind,
        row.position,
        row.words,
        row.words_at,
        row.sentence,
        str(row.published_at),
        row.is_first,
        row.target_kind,
        row.target_uid,
        row.section,
        row.target_article_id or 0,
        row.target_author_id or 0,
        row.target_tag_id or 0,
    )


_pks_of = {
    kind: Prepared(
        lambda uids, model=model: (
            model.objects.filter(uid__in=uids).order_by().values_list("uid", "pk")
        )
    )
    for kind, model in _MODELS.items()
}


class _Existing:
    """(kind, uid) → primary key, of those named that exist. Asks once for each name."""

    def __init__(self):
        self._asked, self._found = set(), {}

    def __call__(self, named):
        for kind in _MODELS:
            new = sorted(uid for other, uid in named - self._asked if other == kind)
            self._found |= {(kind, uid): pk for uid, pk in _pks_of[kind](new)}
        self._asked |= named
        return self._found


def adopt_dangling(target, kind):
    """Ties references that named this uid before the object existed to it."""
    Reference.objects.filter(
        target_uid=target.uid, target_kind=kind, **{f"target_{kind}__isnull": True}
    ).update(**{f"target_{kind}": target})


def _follow_sections(article, live, draft, *, title):
    rows = {section.anchor: section for section in Section.objects.filter(article=article)}
    changed, added = _section_rows(article, rows, live, draft, title=title)
    Section.objects.bulk_create(added)
    # A title is in the words of all sections: bulk_update would write a case for each of them.
    Section.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["article", "anchor"],
        update_fields=["heading", "level", "position", "state", "was_public", "words"],
    )
    return bool(added or changed)


def _section_rows(article, rows, live, draft, *, title):
    """What must be written that the rows, by anchor, follow the texts: those changed, those new.

    None is ever deleted: a section that is gone is retired, and its id stays taken.
    """
    wanted = {}
    for state, text in ((Section.State.DRAFT, draft), (Section.State.LIVE, live)):
        for position, heading in enumerate(text.structure.headings if text else ()):
            wanted[heading.anchor] = (state, position, heading)
    changed, added = [], []
    for anchor, (state, position, heading) in wanted.items():
        row = rows.get(anchor)
        values = {
            "heading": heading.text[:300],
            "level": heading.level,
            "position": position,
            "state": state,
            "was_public": state == Section.State.LIVE or (row is not None and row.was_public),
            "words": folded(f"{heading.text[:300]} {title}"),
        }
        if row is None:
            added.append(Section(article=article, anchor=anchor, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    for anchor, row in rows.items():
        if anchor not in wanted and row.state != Section.State.RETIRED:
            row.state = Section.State.RETIRED
            changed.append(row)
    return changed, added


class Resolved:
    """What readers may follow at this moment, of the references of one page.

    addresses: RefToken → path (with the fragment while the section is in the live text).
    targets: RefToken → what readers get there: an article, or an author or tag by its label.
    headings: RefToken → the heading of the section, where it is in the live text.
    articles: uid → the public article, or the one it leads on to.
    """

    def __init__(self):
        self.addresses = {}
        self.targets = {}
        self.headings = {}
        self.articles = {}


_SHOWN = (
    *("id", "uid", "kind", "state", "language", "slug", "title", "standfirst"),
    *("reading_minutes", "first_published_at"),
)
_public_by_uid = Prepared(
    lambda uids: Article.objects.public().filter(uid__in=uids).order_by().values_list(*_SHOWN)
)


def resolve(tokens):
    """Looks up the public targets of the tokens: at most six queries, however many they are.

    What isn't public any more leads where its forward leads, if that is public.
    """
    resolved = Resolved()
    uids = {kind: {} for kind in _MODELS}
    for token in tokens:
        uids[token.kind].setdefault(token.uid, []).append(token)
    if uids["article"]:
        for row in _public_by_uid(sorted(uids["article"])):
            article = instance(Article, _SHOWN, row)
            address = article.get_absolute_url()
            resolved.articles[article.uid] = article
            for token in uids["article"][article.uid]:
                resolved.addresses[token] = address
                resolved.targets[token] = article
        astray = _add_fragments(
            resolved, {token for same in uids["article"].values() for token in same}
        )
        _follow_forwards(resolved, astray)
    for kind, labels_of in (("author", labels.authors_of), ("tag", labels.tags_of)):
        if uids[kind]:
            for uid, label in labels_of(uids[kind]).items():
                if label.first_public_at is None:
                    continue
                for token in uids[kind][uid]:
                    resolved.addresses[token] = label.url
                    resolved.targets[token] = label
    return resolved


def _add_fragments(resolved, tokens):
    """Adds the fragments of live sections; returns the tokens that found nothing of their own."""
    cited = {token for token in tokens if token.section and token in resolved.addresses}
    live = _live_sections((token.uid, token.section) for token in cited)
    for token in cited:
        if heading := live.get((token.uid, token.section)):
            resolved.addresses[token] += f"#{token.section}"
            resolved.headings[token] = heading
    return {
        token
        for token in tokens
        if token not in resolved.addresses
        or (token.section and (token.uid, token.section) not in live)
    }


def _live_sections(places):
    """Those of some (article uid, anchor) that stand in a live text, with their headings."""
    places = set(places)
    if not places:
        return {}
    uids = sorted({uid for uid, _anchor in places})
    anchors = sorted({anchor for _uid, anchor in places})
    return {
        (uid, anchor): heading
        for uid, anchor, heading in _sections_of(uids, anchors)
        if (uid, anchor) in places
    }


_sections_of = Prepared(
    lambda uids, anchors: (
        Section.objects.filter(article__uid__in=uids, anchor__in=anchors, state=Section.State.LIVE)
        .order_by()
        .values_list("article__uid", "anchor", "heading")
    )
)


def _follow_forwards(resolved, tokens):
    if not tokens:
        return
    forwards = {
        (forward.article.uid, forward.section): forward
        for forward in _public_forwards().filter(article__uid__in={token.uid for token in tokens})
    }
    chosen = {}
    for token in tokens:
        forward = forwards.get((token.uid, token.section))
        if forward is None and token not in resolved.addresses:
            # The section is nowhere in particular, but the article has a successor.
            forward = forwards.get((token.uid, ""))
        if forward is not None:
            chosen[token] = forward
    live = _live_target_sections(chosen.values())
    for token, forward in chosen.items():
        resolved.addresses[token] = _forward_address(forward, live)
        resolved.targets[token] = standing(forward.target)
        if forward.target_article and token.uid not in resolved.articles:
            resolved.articles[token.uid] = forward.target_article


def _public_forwards():
    """Forwards whose target readers may see."""
    deferred = ("body", "related", "relations")
    return (
        Forward.objects.filter(
            Q(target_article__in=Article.objects.public())
            | Q(target_author__in=Author.objects.reachable())
            | Q(target_tag__in=Tag.objects.reachable())
        )
        .select_related(
            *("article", "target_article"),
            *("target_author__merged_into", "target_tag__merged_into"),
        )
        .defer(*(f"{of}__{name}" for of in ("article", "target_article") for name in deferred))
    )


def _live_target_sections(forwards):
    return _live_sections(
        (forward.target_article.uid, forward.target_section)
        for forward in forwards
        if forward.target_section
    )


def _forward_address(forward, live_sections):
    address = standing(forward.target).get_absolute_url()
    section = forward.target_section
    if section and (forward.target_article.uid, section) in live_sections:
        address += f"#{section}"
    return address


def successor_address(pk):
    """Where readers are led who ask for an article that isn't public any more; None: nowhere."""
    forward = _public_forwards().filter(article=pk, section="").first()
    if forward is None:
        return None
    return _forward_address(forward, _live_target_sections([forward]))


@dataclass(frozen=True, slots=True)
class FormerSection:
    """A section that readers knew; address and title say where it is now, or are empty.

    Its heading is not told: it may have been taken away for what it said.
    """

    anchor: str
    address: str = ""
    title: str = ""


def former_sections(article, anchors):
    """The sections that readers could once link to and that are not in the live text now.

    anchors: theirs, in order. At most two queries. Their fragments still stand in bookmarks and
    on other sites.
    """
    if not anchors:
        return []
    forwards = {forward.section: forward for forward in _public_forwards().filter(article=article)}
    live = _live_target_sections(forwards.values())
    return [
        FormerSection(
            anchor,
            _forward_address(forwards[anchor], live),
            str(standing(forwards[anchor].target)),
        )
        if anchor in forwards
        else FormerSection(anchor)
        for anchor in anchors
    ]


_FINDERS = {
    "articles:detail": lambda slug: Article.objects.articles().filter(slug=slug),
    "articles:page": lambda slug: Article.objects.pages().filter(slug=slug),
    "articles:series_detail": lambda slug: Article.objects.series().filter(slug=slug),
    "articles:tag": lambda slug: Tag.objects.filter(slug=slug),
    "authors:detail": lambda slug: Author.objects.filter(slug=slug),
}


def find_by_path(path):
    """The article, author or tag at a path of this site, present or former; None where none is."""
    path = former_path(path)
    if "\x00" in path:
        # PostgreSQL can't even be asked for it.
        return None
    redirect = Redirect.objects.filter(path=path).select_related("article", "author", "tag").first()
    if redirect is not None:
        return redirect.target
    try:
        match = resolve_path(path)
    except Resolver404:
        return None
    finder = _FINDERS.get(match.view_name)
    if finder is None or len(match.kwargs) != 1:
        # Or a combination of tags that leaves some out, which is nothing that has a name.
        return None
    (slug,) = match.kwargs.values()
    return finder(slug).first()


def target_of(token):
    """The article, author or tag that a token names; None where there is none."""
    return _MODELS[token.kind].objects.filter(uid=token.uid).first()


def token_of(target, section=""):
    """The token that names an article, author or tag."""
    return RefToken(target._meta.model_name, target.uid, section)


def is_public(target):
    """Whether readers may follow a reference to this article, author or tag."""
    public = {
        Article: lambda: Article.objects.public(),
        Author: lambda: Author.objects.reachable(),
        Tag: lambda: Tag.objects.reachable(),
    }[type(target)]()
    return public.filter(pk=target.pk).exists()


def standing(target):
    """What an article, author or tag leads to: itself, unless it is merged into another author or
    tag."""
    return getattr(target, "standing", target)


def answers(path):
    """Whether this site has a page of its own at a path, public or gone, or an admin page."""
    try:
        match = resolve_path(path)
    except Resolver404:
        return False
    if match.view_name == "articles:tag":
        slugs = {slug for part in match.kwargs.values() for slug in part.split("+")}
        return Tag.objects.filter(slug__in=slugs).count() == len(slugs)
    if match.view_name in _FINDERS:
        target = _FINDERS[match.view_name](match.kwargs["slug"]).first()
        return target is not None and (not isinstance(target, Article) or target.state != "draft")
    return match.view_name not in {"articles:archive_year", "articles:archive_month"}


_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)


def with_internal_links_as_tokens(body, *, own_uid=""):
    """A cleaned body with links to this site turned into references.

    A text never keeps an address of this site, since addresses change: a link to an article,
    author or tag becomes a token, one to something unknown leaves its words behind.
    """

    def replace(match):
        try:
            is_own, token = token_at(html.unescape(match[1]), own_uid=own_uid)
        except ValueError:
            return match[2]
        if not is_own:
            return match[0]
        return f'<a data-ref="{html.escape(str(token))}">{match[2]}</a>' if token else match[2]

    return _LINK.sub(replace, body)


def _is_this_site(parts):
    if not parts.netloc:
        return True
    own = urlsplit(settings.SITE_URL)
    # Old links may still say http:, or name the usual port.
    usual = {None, 80, 443}
    same_port = parts.port == own.port or (parts.port in usual and own.port in usual)
    return parts.hostname == own.hostname and same_port


def with_token(item):
    """A related link as it is kept: an address of this site names its target instead.

    None where it leads nowhere that a reader may be sent to.
    """
    if related_token(item):
        return item
    if not host_of(item.get("url", "")):
        return None
    try:
        is_own, token = token_at(item["url"])
    except ValueError:
        return None
    if not is_own:
        return item
    return related_item(token) if token else None


def token_at(address, *, own_uid=""):
    """Whether an address is of this site, and the token of what it leads to, or None.

    own_uid: the article in whose text the address stands, which a bare #fragment means.
    Raises ValueError for what can't be read as an address (a port that is none).
    """
    parts = urlsplit(address)
    if parts.scheme not in {"", "http", "https"} or not _is_this_site(parts):
        return False, None
    return True, _token_for(parts, own_uid)


def _token_for(parts, own_uid):
    section = unquote(parts.fragment)
    section = section if is_anchor(section) else ""
    if not parts.path and not parts.netloc:
        return RefToken("article", own_uid, section) if section and own_uid else None
    target = find_by_path(parts.path or "/")
    for kind, model in _MODELS.items():
        if isinstance(target, model):
            return RefToken(kind, target.uid, section if kind == "article" else "")
    return None
