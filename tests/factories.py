"""Things to test with: dull and valid, a draft unless said otherwise, made by the verbs."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count

import PIL.Image
from django.utils import timezone

from articles import images, publishing
from articles.models import Article
from articles.publishing import Words
from authors.models import Author

_numbers = count(1)
# Far enough back that nothing made in a test lies in the future.
EPOCH = datetime(2026, 1, 1, 8, tzinfo=UTC)


def make_author(name="", **fields):
    return publishing.save_author(Author(name=name or f"Author {next(_numbers)}", **fields))


def make_article(title="", *, by=None, kind=Article.Kind.ARTICLE, authors=(), tags=(), **words):
    """A draft. authors are Author rows, tags are names; the rest as in Words."""
    words.setdefault("body", "<p>A paragraph of text.</p>")
    words.setdefault("standfirst", "A standfirst.")
    article = publishing.create(
        Words(
            title=title or f"Article {next(_numbers)}",
            bylines=[author.uid for author in authors],
            tags=list(tags),
            **words,
        ),
        by=by,
        kind=kind,
    )
    return Article.objects.get(pk=article.pk)


def make_public(title="", *, at=None, by=None, **words):
    """An article that readers see, published a day after the one before unless `at` says when."""
    article = make_article(title, by=by, **words)
    publishing.publish(article, by=by, at=at or EPOCH + timedelta(hours=next(_numbers)))
    return Article.objects.get(pk=article.pk)


def make_scheduled(title="", *, due_at=None, by=None, **words):
    article = make_article(title, by=by, **words)
    publishing.schedule(article, due_at=due_at or timezone.now() + timedelta(days=1), by=by)
    return Article.objects.get(pk=article.pk)


def make_withdrawn(title="", *, by=None, **words):
    article = make_public(title, by=by, **words)
    publishing.unpublish(article, by=by)
    return Article.objects.get(pk=article.pk)


def erase(article, **options):
    """Throws an article away for good, by way of the trash."""
    publishing.trash(article, by=None)
    publishing.delete(article, by=None, **options)


def change_draft(article, *, by=None, based_on=None, **changes):
    """Saves a newer draft in which some words differ; returns the revision."""
    article = Article.objects.select_related("latest_revision").get(pk=article.pk)
    words = Words.of(article.latest_revision)
    values = {name: getattr(words, name) for name in Words.__dataclass_fields__} | changes
    return publishing.save_draft(article, Words(**values), by=by, based_on=based_on)


def cite(target, words="the other article", *, section=""):
    """The HTML of a reference to an article, author or tag."""
    kind = target._meta.model_name
    fragment = f"#{section}" if section else ""
    return f'<a data-ref="{kind}:{target.uid}{fragment}">{words}</a>'


def picture_file(width=1600, height=900, colour="navy", kind="PNG"):
    """A picture as a file ready to be read."""
    file = BytesIO()
    PIL.Image.new("RGB", (width, height), colour).save(file, kind)
    file.seek(0)
    file.name = f"picture.{kind.lower()}"
    return file


def make_image(alt="A plain picture", **fields):
    file = picture_file(fields.pop("width", 400), fields.pop("height", 300))
    return images.add_image(file, name=file.name, alt=alt, **fields)
