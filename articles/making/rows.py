"""What is written for the articles of a made-up publication, as the verbs would write it."""

from dataclasses import asdict, dataclass
from functools import lru_cache

from articles import audit, directory, references, search, similar
from articles.models import (
    Article,
    ArticleTag,
    AuditEntry,
    Byline,
    Name,
    Reference,
    Revision,
    Section,
)
from articles.publishing import prepared
from articles.publishing.release import fill, indexed_beside, indexed_words, name_rows
from articles.rendering import structure

# In the order in which they are written.
MODELS = (Article, Revision, Byline, ArticleTag, Reference, Section, Name, AuditEntry)


@dataclass
class Batch:
    """Unsaved rows by model, terms by article, and what the search is to know."""

    rows: dict
    terms: dict
    entries: list


def made(plan, numbers):
    """The Batch for some articles of a plan. Asks no database."""
    batch = Batch({model: [] for model in MODELS}, {}, [])
    for number in numbers:
        _make(plan, number, batch)
    return batch


def _make(plan, number, batch):
    article, revision = _written(plan, number)
    rows = batch.rows
    rows[AuditEntry].append(audit.entry("created", by=None, article=article))
    date = plan.date(number)
    fill(article, revision, slug=revision.slug, now=date, at=date)
    rows[Article].append(article)
    rows[Revision].append(revision)
    known = _pks(plan)
    citing, sections = references.rows_of_new(
        article, structure(article.body), lambda _named: known
    )
    rows[Reference] += citing
    rows[Section] += sections
    rows[Name] += directory.rows_of_new(article)
    rows[AuditEntry].append(audit.entry("published", by=None, article=article))
    if article.kind != Article.Kind.ARTICLE:
        return
    author_ids = [known["author", uid] for uid in revision.bylines]
    tag_ids = [known["tag name", name] for name in revision.tags]
    bylines, article_tags = name_rows(article, author_ids, tag_ids)
    rows[Byline] += bylines
    rows[ArticleTag] += article_tags
    words = indexed_words(article)
    batch.terms[article.pk] = similar.terms_of(**words)
    entry = search.make_entry(**words, **indexed_beside(article, author_ids, tag_ids))
    batch.entries.append((article.pk, article.first_published_at, entry))


def _written(plan, number):
    """An article that isn't public yet, and its revision."""
    date = plan.date(number)
    article = Article(kind=plan.kind(number), uid=plan.uid(number), touched_at=date)
    words = prepared(article, plan.words_of(number))
    article.pk = number + 1
    revision = Revision(
        pk=number + 1,
        article=article,
        number=1,
        edition=1,
        created_at=date,
        saved_at=date,
        **asdict(words),
    )
    article.latest_revision = revision
    return article, revision


@lru_cache(maxsize=1)
def _pks(plan):
    """(kind, uid) → primary key of everything in a plan, and ("tag name", name) → that of a tag."""
    return {
        **{("article", plan.uid(number)): number + 1 for number in range(plan.total)},
        **{("author", author.uid): author.pk for author in plan.authors},
        **{("tag", tag.uid): tag.pk for tag in plan.tags},
        **{("tag name", tag.name): tag.pk for tag in plan.tags},
    }
