"""Cross-references: rows that follow the texts, and addresses put in when a page is rendered.

Whoever saves a text calls `follow` in the same transaction. Whoever shows a text calls
`resolve`, which knows what readers may follow at this moment.
"""

import html
import re
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.urls import Resolver404
from django.urls import resolve as resolve_path

from articles.models import Article, Redirect, Reference, Section, Tag
from articles.names import former_path, host_of
from articles.rendering import RefToken, is_anchor, structure
from authors.models import Author

_MODELS = {"article": Article, "author": Author, "tag": Tag}


def follow(article, set_, *, body, related):
    """Makes the reference rows of one set equal to a text and its related links.

    body: a stored body, or None when the set is to be empty. related: as in a revision.
    """
    wanted = []
    if body is not None:
        position = 0
        for reference in structure(body).references:
            if (reference.token.kind, reference.token.uid) == ("article", article.uid):
                # A link within the text cites nobody.
                continue
            wanted.append((Reference.Kind.INLINE, position, reference))
            position += 1
        for position, item in enumerate(related):
            if uid := item.get("article"):
                token = RefToken("article", uid)
                wanted.append((Reference.Kind.RELATED, position, token))
    targets = _existing({_token(item) for _kind, _position, item in wanted})
    rows = []
    for kind, position, item in wanted:
        token = _token(item)
        rows.append(
            Reference(
                source=article,
                set=set_,
                kind=kind,
                position=position,
                words=getattr(item, "words", "")[:300],
                words_at=getattr(item, "at", 0),
                sentence=getattr(item, "sentence", ""),
                target_kind=token.kind,
                target_uid=token.uid,
                section=token.section,
                **{f"target_{token.kind}_id": targets.get((token.kind, token.uid))},
            )
        )
    existing = list(Reference.objects.filter(source=article, set=set_))
    if sorted(map(_content, existing)) != sorted(map(_content, rows)):
        Reference.objects.filter(source=article, set=set_).delete()
        Reference.objects.bulk_create(rows)
        return True
    return False


def _token(item):
    return item if isinstance(item, RefToken) else item.token


def _content(row):
    return (
        row.kind,
        row.position,
        row.words,
        row.words_at,
        row.sentence,
        row.target_kind,
        row.target_uid,
        row.section,
        row.target_article_id or 0,
        row.target_author_id or 0,
        row.target_tag_id or 0,
    )


def _existing(tokens):
    found = {}
    for kind, model in _MODELS.items():
        uids = {token.uid for token in tokens if token.kind == kind}
        if uids:
            for uid, pk in model.objects.filter(uid__in=uids).values_list("uid", "pk"):
                found[kind, uid] = pk
    return found


def adopt_dangling(target, kind):
    """Ties references that named this uid before the object existed to it."""
    Reference.objects.filter(
        target_uid=target.uid, target_kind=kind, **{f"target_{kind}__isnull": True}
    ).update(**{f"target_{kind}": target})


def follow_sections(article, *, live_body, draft_body):
    """Makes the section rows of an article equal to its live text and its newest draft.

    live_body is None while the article isn't live, draft_body where no newer draft exists.
    A row is never deleted: a section that is gone is retired, and its id stays taken.
    """
    wanted = {}
    for state, body in ((Section.State.DRAFT, draft_body), (Section.State.LIVE, live_body)):
        for position, heading in enumerate(structure(body).headings if body else ()):
            wanted[heading.anchor] = (state, position, heading)
    rows = {section.anchor: section for section in Section.objects.filter(article=article)}
    changed, added = [], []
    for anchor, (state, position, heading) in wanted.items():
        values = {
            "heading": heading.text[:300],
            "level": heading.level,
            "position": position,
            "state": state,
        }
        row = rows.get(anchor)
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
    Section.objects.bulk_create(added)
    Section.objects.bulk_update(changed, ["heading", "level", "position", "state"])
    return bool(added or changed)


class Resolved:
    """What readers may follow at this moment, of the references of one page.

    addresses: RefToken → path (with the fragment while the section is in the live text).
    articles: uid → what a related link shows of a public article.
    """

    def __init__(self):
        self.addresses = {}
        self.articles = {}


def resolve(tokens):
    """Looks up the public targets of the tokens: at most four queries, however many they are."""
    resolved = Resolved()
    by_kind = {kind: {} for kind in _MODELS}
    for token in tokens:
        by_kind[token.kind].setdefault(token.uid, set()).add(token)
    if by_kind["article"]:
        articles = Article.objects.public().filter(uid__in=by_kind["article"])
        for article in articles.only(
            "uid",
            "kind",
            "slug",
            "language",
            "title",
            "standfirst",
            "first_published_at",
            "reading_minutes",
        ):
            resolved.articles[article.uid] = article
            for token in by_kind["article"][article.uid]:
                resolved.addresses[token] = article.get_absolute_url()
        _add_fragments(resolved)
    for kind, model in (("author", Author), ("tag", Tag)):
        if by_kind[kind]:
            for target in model.objects.known().filter(uid__in=by_kind[kind]).only("uid", "slug"):
                for token in by_kind[kind][target.uid]:
                    resolved.addresses[token] = target.get_absolute_url()
    return resolved


def _add_fragments(resolved):
    cited = {token for token in resolved.addresses if token.section}
    if not cited:
        return
    live = set(
        Section.objects.filter(
            article__uid__in={token.uid for token in cited},
            anchor__in={token.section for token in cited},
            state=Section.State.LIVE,
        ).values_list("article__uid", "anchor")
    )
    for token in cited:
        if (token.uid, token.section) in live:
            resolved.addresses[token] += f"#{token.section}"


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
    slug = match.kwargs.get("slug")
    finders = {
        "articles:detail": lambda: Article.objects.articles().filter(slug=slug),
        "articles:page": lambda: Article.objects.pages().filter(slug=slug),
        "articles:tag": lambda: Tag.objects.filter(slug=slug),
        "authors:detail": lambda: Author.objects.filter(slug=slug),
    }
    finder = finders.get(match.view_name)
    return finder().first() if finder else None


_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)


def with_internal_links_as_tokens(body, *, own_uid=""):
    """A cleaned body with links to this site turned into references.

    A text never keeps an address of this site, since addresses change: a link to an article,
    author or tag becomes a token, one to something unknown leaves its words behind.
    """

    def replace(match):
        try:
            parts = urlsplit(html.unescape(match[1]))
            is_own = parts.scheme in {"", "http", "https"} and _is_this_site(parts)
        except ValueError:
            return match[2]
        if not is_own:
            return match[0]
        token = _token_for(parts, own_uid)
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


def related_item(item):
    """A related link as it is kept: an address of this site names its article instead.

    None where it leads nowhere that a reader may be sent to.
    """
    if "article" in item:
        return item
    if not host_of(item.get("url", "")):
        return None
    try:
        parts = urlsplit(item["url"])
        if not _is_this_site(parts):
            return item
    except ValueError:
        # A port that is none.
        return None
    target = find_by_path(parts.path or "/")
    return {"article": target.uid} if isinstance(target, Article) else None


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
