"""Articles as lists show them: a headline with what stands around it, and nothing more."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Value

from articles import labels, wording
from articles.models import Article, ArticleTag, Byline, Image, address_of
from articles.prepared import Prepared, instance


@dataclass(slots=True, eq=False)
class Card:
    pk: int
    uid: str
    url: str
    title: str
    language: str
    standfirst: str
    reading_minutes: int
    published_at: datetime
    lead_image_id: int | None
    authors: list
    tags: list
    lead_image: Image | None = None
    # The passage that a search found, and the heading of the section that holds it.
    snippet: str = ""
    section: str = ""

    @property
    def tag(self):
        """The first, which stands above the headline."""
        return self.tags[0] if self.tags else None

    @property
    def byline(self):
        return wording.in_words([author.link for author in self.authors])

    @property
    def language_attributes(self):
        return wording.language_attributes(self.language)

    @property
    def reading_time(self):
        return wording.reading_time(self.reading_minutes) if self.reading_minutes else ""

    @property
    def date(self):
        return wording.when(self.published_at, "j F Y")


CARD_COLUMNS = (
    *("pk", "uid", "kind", "slug", "title", "language", "standfirst", "reading_minutes"),
    *("first_published_at", "lead_image_id"),
)
_by_pk = Prepared(
    lambda pks: (
        Article.objects.public().articles().filter(pk__in=pks).order_by().values_list(*CARD_COLUMNS)
    )
)
_by_uid = Prepared(
    lambda uids: Article.objects.public().filter(uid__in=uids).order_by().values_list(*CARD_COLUMNS)
)


def cards(pks):
    """Primary key → Card, of those that are public articles. Three queries at most."""
    return {card.pk: card for card in cards_of_rows(_by_pk(pks))}


def cards_in_order(pks):
    """The cards of those that are public articles, in the order of their primary keys."""
    found = cards(pks)
    return [found[pk] for pk in pks if pk in found]


def cards_of_uids(uids):
    """uid → Card, of all kinds that are public. Three queries at most."""
    return {card.uid: card for card in cards_of_rows(_by_uid(uids))}


def cards_of_rows(rows):
    """The cards of rows of CARD_COLUMNS, in their order. Three queries at most."""
    names = names_of([row[0] for row in rows])
    return [
        Card(
            pk=pk,
            uid=uid,
            url=address_of(kind, slug),
            title=title,
            language=language,
            standfirst=standfirst,
            reading_minutes=minutes,
            published_at=date,
            lead_image_id=image,
            authors=names[pk][0],
            tags=names[pk][1],
        )
        for pk, uid, kind, slug, title, language, standfirst, minutes, date, image in rows
    ]


_named = Prepared(
    lambda pks: [
        model.objects.filter(**{f"{of}__in": pks})
        .order_by()
        .values_list(Value(name), of, f"{name}_id", "position")
        for model, of, name in (
            (Byline, "article_id", "author"),
            (ArticleTag, "content_object_id", "tag"),
        )
    ]
)


def names_of(pks):
    """Primary key of an article → its authors and its tags as labels, in order.

    Three queries at most, one where all of them are remembered.
    """
    found = {pk: {"author": [], "tag": []} for pk in pks}
    for name, article, pk, position in _named(pks):
        found[article][name].append((position, pk))
    known = {
        name: look_up({pk for of in found.values() for _position, pk in of[name]})
        for name, look_up in (("author", labels.authors), ("tag", labels.tags))
    }
    return {
        pk: tuple(
            labels.each_once(known[name][one] for _position, one in sorted(of[name]))
            for name in ("author", "tag")
        )
        for pk, of in found.items()
    }


_PICTURE = ("id", "uid", "file", "width", "height", "alt", "caption", "credit")
_pictures = Prepared(lambda pks: Image.objects.filter(pk__in=pks).order_by().values_list(*_PICTURE))


def add_pictures(shown):
    """Gives some cards their pictures. One query."""
    pks = {card.lead_image_id for card in shown if card.lead_image_id}
    found = {row[0]: instance(Image, _PICTURE, row) for row in _pictures(pks)}
    for card in shown:
        card.lead_image = found.get(card.lead_image_id)
