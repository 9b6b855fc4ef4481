"""Bodies made ready for readers: written when they are published, put right by a rebuild."""

from django.db import transaction

from articles.models import Article
from articles.rendering import typeset, typeset_from

BATCH_SIZE = 200


def follow_body(article):
    """Sets the columns that are made of the body. The caller saves them together with it."""
    made = typeset(article.body)
    article.typeset, article.text = made.stored(), made.text
    article.reading_minutes = made.reading_minutes


def typeset_of(words):
    """The Typeset of an article or a revision; made on the spot where none is stored."""
    return typeset_from(getattr(words, "typeset", None)) or typeset(words.body)


def text_of(article):
    """The plain text of an article; made on the spot where none is stored."""
    return typeset(article.body).text if article.text is None else article.text


def texts_of(pks):
    """Primary key → plain text, of some public articles of which none is stored. One query."""
    wanted = Article.objects.public().filter(pk__in=pks) if pks else ()
    return {one.pk: text_of(one) for one in wanted}


def rebuild(progress=None):
    """Follows the bodies of all articles that have one again; returns how many were wrong.

    A batch is one transaction that locks its articles. progress is called with the number of
    articles done so far.
    """
    done, last_id, wrong = 0, 0, 0
    columns = ("typeset", "text", "reading_minutes")
    while True:
        with transaction.atomic():
            batch = list(
                Article.objects.select_for_update(no_key=True)
                .filter(pk__gt=last_id, live_revision__isnull=False)
                .only("body", *columns)
                .order_by("pk")[:BATCH_SIZE]
            )
            changed = []
            for article in batch:
                before = [getattr(article, name) for name in columns]
                follow_body(article)
                if before != [getattr(article, name) for name in columns]:
                    changed.append(article)
            Article.objects.bulk_update(changed, columns)
        if not batch:
            return wrong
        done, last_id, wrong = done + len(batch), batch[-1].pk, wrong + len(changed)
        if progress:
            progress(done)
