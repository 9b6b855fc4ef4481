"""Writing what can be found: as it is published, and all of it anew."""

from django.db import connection, transaction

from articles import typesetting, vocabulary
from articles.models import Article
from articles.search.asking import Alternative
from articles.search.engines import engine
from articles.search.entries import make_entry
from articles.search.keys import articles_of, key_of

BATCH_SIZE = 200


def index(article, **words):
    """Write or replace what the search knows of an article, in the caller's transaction.

    words: as make_entry. The article must say when it was first published, or ValueError is
    raised: results are ordered by it.
    """
    if article.first_published_at is None:
        raise ValueError(f"Article {article.pk} was never published, so it can't be searched for.")
    store([(article.pk, article.first_published_at, make_entry(**words))])


def store(entries, *, witnesses=vocabulary.WITNESSES):
    """Write or replace some (article id, date of first publication, Entry), in the caller's
    transaction. Returns how many words of the vocabulary that added or took away."""
    with transaction.atomic(savepoint=False):
        for article_id, published_at, entry in entries:
            engine().write(article_id, key_of(article_id, published_at), entry)
        words = {article_id: entry.words for article_id, _date, entry in entries}
        return vocabulary.enter(words, _other_with, witnesses=witnesses)


def remove(article_id):
    """Make an article impossible to find, in the caller's transaction; twice is no error."""
    with transaction.atomic(savepoint=False):
        engine().remove(article_id)
        vocabulary.enter({article_id: frozenset()}, _other_with)


def _other_with(word):
    """The id of a public article that has a word, or None."""
    found = engine().newest([(Alternative((word,)),)], [], 5)
    rows = Article.objects.filter(pk__in=articles_of(found))
    for article in rows.only("title", "standfirst", "body", "text").order_by("-pk"):
        text = typesetting.text_of(article)
        if word in vocabulary.words_of(article.title, article.standfirst, text):
            return article.pk
    return None


def rebuild(progress=None):
    """Index every public article again, and remove what is none. Returns the two numbers.

    progress is called with the number of articles done so far. A batch is one transaction
    that locks its articles, so nothing that is published meanwhile is overwritten.
    """
    public = Article.objects.public().articles()
    done, last_id = 0, 0
    while True:
        with transaction.atomic():
            batch = list(
                public.filter(pk__gt=last_id)
                .order_by("pk")
                .select_for_update()
                .prefetch_related("article_tags", "bylines")[:BATCH_SIZE]
            )
            # One witness will do: on a healthy database, all words have one.
            store(
                [(one.pk, one.first_published_at, _entry_of(one)) for one in batch],
                witnesses=1,
            )
        if not batch:
            break
        done, last_id = done + len(batch), batch[-1].pk
        if progress:
            progress(done)
    removed = 0
    for article_id in sorted(_indexed_ids().difference(public.values_list("pk", flat=True))):
        with transaction.atomic():
            # It may have been published a moment ago.
            Article.objects.select_for_update().filter(pk=article_id).first()
            if not public.filter(pk=article_id).exists():
                remove(article_id)
                removed += 1
    tidy()
    return done, removed


def _entry_of(article):
    return make_entry(
        language=article.language,
        title=article.title,
        standfirst=article.standfirst,
        text=typesetting.text_of(article),
        headings=[heading.text for heading in typesetting.typeset_of(article).headings],
        tag_ids=[row.tag_id for row in article.article_tags.all()],
        author_ids=[row.author_id for row in article.bylines.all()],
    )


def tidy():
    """Put the index in order after very much of it was written."""
    engine().tidy()


def sort_in():
    """Let the database sort in what was written of late. It is found at once; until then, every
    search reads all of it."""
    engine().sort_in()


def is_outdated():
    """Whether the index was made by an older version of the publication, which knew less."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM articles_search WHERE weights = '')")
        return bool(cursor.fetchone()[0])


def _indexed_ids():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT article_id FROM articles_search UNION SELECT article_id FROM articles_word"
        )
        return {article_id for (article_id,) in cursor.fetchall()}
