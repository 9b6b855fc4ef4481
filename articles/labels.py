"""Authors and tags as pages name them: few, on every page, and remembered by each process.

They are looked up by primary key, once under each content version (articles.site), which
every change of theirs raises; so a renamed one costs nothing for each article that names it. One
that is merged into another is named as that one.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Value, When
from django.utils.html import format_html

from articles.models import Image, Tag
from articles.prepared import Prepared, instance
from articles.site import shelf
from authors.models import Author

# More than any newsroom has, but no process grows without end.
REMEMBERED_MAX = 20_000


@dataclass(frozen=True, slots=True)
class TagLabel:
    uid: str
    name: str
    # Empty for a tag that only a draft names so far.
    url: str = ""
    first_public_at: datetime | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class AuthorLabel:
    uid: str
    name: str
    url: str
    first_public_at: datetime | None
    link: str
    role: str
    short_bio: str
    links: list
    photo: Image | None

    def get_absolute_url(self):
        return self.url

    @property
    def initial(self):
        return self.name[:1].upper()


def _standing(*names):
    """Columns of what an author or tag leads to: itself, or what it is merged into."""
    return [
        Case(When(merged_into=None, then=name), default=f"merged_into__{name}") for name in names
    ]


_OF_TAGS = ("pk", "uid", *_standing("uid", "slug", "name", "first_public_at"))
_OF_AUTHORS = (*_OF_TAGS, *_standing("role", "short_bio", "links", "photo__file"))
_tags_by_pk = Prepared(lambda pks: Tag.objects.filter(pk__in=pks).values_list(*_OF_TAGS))
_tags_by_uid = Prepared(lambda uids: Tag.objects.filter(uid__in=uids).values_list(*_OF_TAGS))
_authors_by_pk = Prepared(lambda pks: Author.objects.filter(pk__in=pks).values_list(*_OF_AUTHORS))
_authors_by_uid = Prepared(
    lambda uids: Author.objects.filter(uid__in=uids).values_list(*_OF_AUTHORS)
)


_OF_TAG_PAGE = (
    *("id", "name", "slug", "uid", "description", "image_id", "article_count", "first_public_at"),
)
_OF_AUTHOR_PAGE = (
    *("id", "uid", "name", "slug", "role", "short_bio", "long_bio", "photo_id", "links"),
    *("article_count", "first_public_at"),
)
_OF_PHOTO = ("id", "uid", "file", "width", "height", "alt")
_OF_PICTURE = (*_OF_PHOTO, "caption", "credit")
_tag_by_slug = Prepared(
    lambda slug: (
        Tag.objects.known()
        .filter(slug=slug)
        .order_by()
        .values_list(*_OF_TAG_PAGE, *(f"image__{name}" for name in _OF_PICTURE))
    )
)
_author_by_slug = Prepared(
    lambda slug: (
        Author.objects.known()
        .filter(slug=slug)
        .order_by()
        .values_list(*_OF_AUTHOR_PAGE, *(f"photo__{name}" for name in _OF_PHOTO))
    )
)


def known_tag(slug):
    """The tag of an address, with what its page shows of itself; None where none answers."""
    row = _tag_by_slug.first(slug)
    if row is None:
        return None
    tag = instance(Tag, _OF_TAG_PAGE, row[: len(_OF_TAG_PAGE)])
    if tag.image_id:
        tag.image = instance(Image, _OF_PICTURE, row[len(_OF_TAG_PAGE) :])
    return tag


def known_author(slug):
    """The author of an address, as above."""
    row = _author_by_slug.first(slug)
    if row is None:
        return None
    author = instance(Author, _OF_AUTHOR_PAGE, row[: len(_OF_AUTHOR_PAGE)])
    if author.photo_id:
        author.photo = instance(Image, _OF_PHOTO, row[len(_OF_AUTHOR_PAGE) :])
    return author


_merged = Prepared(
    lambda: [
        model.objects.filter(merged_into__isnull=False)
        .order_by()
        .values_list(Value(model._meta.model_name), "merged_into", "pk")
        for model in (Author, Tag)
    ]
)


def groups():
    """(kind, primary key) → the primary keys of all authors or tags that count as one, where these
    are several: first that of the one that stands for them, then those merged into it.

    kind: "author" or "tag". One query at most.
    """
    remembered = shelf("groups")
    if "all" not in remembered:
        remembered["all"] = _groups()
    return remembered["all"]


def group(kind, pk):
    """The primary keys of all that count as the same as an author or tag, as above."""
    return groups().get((kind, pk), (pk,))


def standing(kind, pks):
    """Those of some authors or tags that stand for all of them, each once. One query at most."""
    known = groups()
    return list(dict.fromkeys(known.get((kind, pk), (pk,))[0] for pk in pks))


def _groups():
    found = {}
    for kind, into, pk in sorted(_merged()):
        found.setdefault((kind, into), [into]).append(pk)
    return {(kind, pk): tuple(pks) for (kind, _into), pks in found.items() for pk in pks}


def tags(pks):
    """Primary key → TagLabel. One query at most, for those not remembered."""
    return _named("tags", pks, _tags_by_pk, _tag)


def tags_of(uids):
    """uid → TagLabel, as above."""
    return _named("tags by uid", uids, _tags_by_uid, _tag, key=1)


def authors(pks):
    """Primary key → AuthorLabel. One query at most, for those not remembered."""
    return _named("authors", pks, _authors_by_pk, _author)


def authors_of(uids):
    """uid → AuthorLabel, as above."""
    return _named("authors by uid", uids, _authors_by_uid, _author, key=1)


def _named(name, wanted, look_up, make, key=0):
    remembered = shelf(name)
    found, missing = {}, set()
    for one in wanted:
        label = found[one] = remembered.get(one)
        if label is None:
            missing.add(one)
    if missing:
        made = {row[key]: make(*row) for row in look_up(sorted(missing))}
        if len(remembered) < REMEMBERED_MAX:
            remembered |= made
        found |= made
    return {one: label for one, label in found.items() if label is not None}


def each_once(named):
    """Labels in their order; two authors or tags are one where one is merged into the other."""
    return list({label.uid or label.name: label for label in named}.values())


def _tag(_pk, _own_uid, uid, slug, name, first_public_at):
    url = Tag(slug=slug).get_absolute_url()
    return TagLabel(uid, name, url, first_public_at, _link(url, name))


def _author(_pk, _own_uid, uid, slug, name, first_public_at, role, short_bio, links, photo):
    url = Author(slug=slug).get_absolute_url()
    photo = Image(file=photo) if photo else None
    link = _link(url, name)
    return AuthorLabel(uid, name, url, first_public_at, link, role, short_bio, links, photo)


def _link(url, name):
    return format_html('<a href="{}">{}</a>', url, name)
