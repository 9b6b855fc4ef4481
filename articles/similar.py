"""Which public articles are about the same as a text: those that keep coming back to its words.

Each public article is known by the few stems that stand out in it (articles.models.Term). A
stem that few articles share says more than one that many do, and one that more than a fifth
of them have says nothing. The work is bounded: how many articles there are makes no difference.

Who may see what is found is not decided here: publishing enters what it makes public.
"""

import math
from collections import Counter

from django.db import connection, transaction

from articles.models import Article, Term
from articles.rendering import structure
from articles.text_analysis import STOP_WORDS, stem, tokens

TERMS_MAX = 30
# How often a word of the title and of the standfirst counts.
TITLE_TIMES, STANDFIRST_TIMES = 6, 2
# What comes once, and in the text only, isn't what the text is about.
COUNT_MIN = 2
WEIGHT_MAX = 1000
TEXT_MAX_LENGTH = 100_000
BATCH_SIZE = 200

# How many of a text's terms are asked for, and how many articles of each.
ASKED_MAX = 12
ROWS_MAX = 2000
# A term of more articles than this share is common; never one of so few.
COMMON_SHARE = 5
COMMON_MIN = 5
# Sharing a term at all counts as much as this weight; weights beyond the other add nothing.
SHARED_WEIGHT, SHARED_WEIGHT_MAX = 10, 50


def terms_of(*, language, title, standfirst, text):
    """The stems that a text keeps coming back to, each with its weight, the heaviest first.

    text is plain text; stop words and numbers are left out.
    """
    counts, length = Counter(), 0
    for part, times in ((title, TITLE_TIMES), (standfirst, STANDFIRST_TIMES), (text, 1)):
        words = tokens(part[:TEXT_MAX_LENGTH])
        length += len(words)
        for word, number in Counter(words).items():
            if word not in STOP_WORDS and not word.isdigit() and len(word) > 1:
                counts[stem(word, language)] += number * times
    # Equal counts keep the order of reading, so that the same text has the same terms.
    recurring = [(term, count) for term, count in counts.items() if count >= COUNT_MIN]
    recurring.sort(key=lambda found: -found[1])
    return {
        term: max(1, min(WEIGHT_MAX, round(1000 * count / length)))
        for term, count in recurring[:TERMS_MAX]
    }


# Writing.


def enter(article_id, *, language, title, standfirst, text):
    """Write or replace what an article is about, in the caller's transaction.

    Returns whether anything had to be changed.
    """
    terms = terms_of(language=language, title=title, standfirst=standfirst, text=text)
    return store({article_id: terms}) > 0


def remove(article_id):
    """Make an article similar to nothing, in the caller's transaction; twice is no error."""
    Term.objects.filter(article_id=article_id).delete()


def rebuild(progress=None):
    """Enter every public article again, and remove what is none. Returns the two numbers of
    articles that had to be put right: none of a healthy database.

    progress is called with the number of articles looked at so far. A batch is one transaction
    that locks its articles, so nothing that is published meanwhile is overwritten.
    """
    public = Article.objects.public().articles()
    looked_at = entered = last_id = 0
    while True:
        with transaction.atomic():
            batch = list(
                public.filter(pk__gt=last_id).order_by("pk").select_for_update()[:BATCH_SIZE]
            )
            entered += store(
                {
                    article.pk: terms_of(
                        language=article.language,
                        title=article.title,
                        standfirst=article.standfirst,
                        text=structure(article.body).text,
                    )
                    for article in batch
                }
            )
        if not batch:
            break
        looked_at, last_id = looked_at + len(batch), batch[-1].pk
        if progress:
            progress(looked_at)
    return entered, _remove_strangers(public)


def _remove_strangers(public):
    removed = 0
    strangers = Term.objects.exclude(article__in=public.values("pk"))
    ids = strangers.order_by("article").values_list("article", flat=True).distinct()
    for article_id in list(ids):
        with transaction.atomic():
            # It may have been published a moment ago.
            Article.objects.select_for_update().filter(pk=article_id).first()
            if not public.filter(pk=article_id).exists():
                remove(article_id)
                removed += 1
    return removed


def store(wanted):
    """Makes the rows of some articles equal to their terms, in the caller's transaction.

    wanted: article id → terms, as terms_of gives them. Returns of how many they weren't equal.
    """
    rows = {}
    for row in Term.objects.filter(article__in=wanted):
        rows.setdefault(row.article_id, {})[row.term] = row
    added, changed, gone, touched = [], [], [], 0
    for article_id, terms in wanted.items():
        existing = rows.get(article_id, {})
        if {term: row.weight for term, row in existing.items()} == terms:
            continue
        touched += 1
        for term, weight in terms.items():
            row = existing.get(term)
            if row is None:
                added.append(Term(article_id=article_id, term=term, weight=weight))
            elif row.weight != weight:
                row.weight = weight
                changed.append(row)
        gone += [row.pk for term, row in existing.items() if term not in terms]
    Term.objects.filter(pk__in=gone).delete()
    Term.objects.bulk_update(changed, ["weight"])
    Term.objects.bulk_create(added)
    return touched


# Asking.


def similar_to(*, language, title, standfirst, text, exclude=(), limit=10):
    """The ids of public articles that are about the same as a text, the most similar first.

    exclude: ids of articles that aren't wanted, such as the text's own. Three queries.
    """
    texts = {"language": language, "title": title, "standfirst": standfirst, "text": text}
    return [article_id for article_id, _score in scored(**texts, exclude=exclude, limit=limit)]


def scored(*, language, title, standfirst, text, exclude=(), limit=10):
    """As similar_to, each with a number that says how similar it is to the text."""
    terms = terms_of(language=language, title=title, standfirst=standfirst, text=text)
    if not terms or limit <= 0:
        return []
    exclude = set(exclude)
    articles, shared_by = _spread(terms, exclude)
    common = max(articles / COMMON_SHARE, COMMON_MIN)
    telling = {term: n for term, n in shared_by.items() if 0 < n <= min(common, ROWS_MAX)}
    if not telling:
        telling = {term: n for term, n in shared_by.items() if n}
    values = {
        term: terms[term] ** 0.5 * math.log(1 + articles / number)
        for term, number in telling.items()
    }
    asked = sorted(values, key=lambda term: (-values[term], term))[:ASKED_MAX]
    if not asked:
        return []
    best = max(values[term] for term in asked)
    # Whole numbers, so that both databases add up the same.
    factors = {term: max(1, round(1000 * values[term] / best)) for term in asked}
    return _ranked(factors, exclude, limit)


def _spread(terms, exclude):
    """About how many articles there are, and by how many the terms are shared; none beyond
    what makes a difference is counted."""
    own = Counter()
    if exclude:
        own = Counter(
            Term.objects.filter(article__in=exclude, term__in=terms).values_list("term", flat=True)
        )
    # A size, not what readers may see; in words of its own, since SQLite can't count along the
    # index of public articles where the state is a parameter.
    size = (
        "SELECT COUNT(*) FROM (SELECT 1 FROM articles_article"
        " WHERE state = 'live' AND kind = 'article' ORDER BY first_published_at DESC LIMIT %s)"
        " AS counted"
    )
    count = "SELECT COUNT(*) FROM (SELECT 1 FROM articles_term WHERE term = %s LIMIT %s) AS counted"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ({size})" + f", ({count})" * len(terms),
            [
                ROWS_MAX * COMMON_SHARE,
                *(value for term in terms for value in (term, ROWS_MAX + 1)),
            ],
        )
        articles, *numbers = cursor.fetchone()
    return max(1, articles), {
        term: max(0, number - own[term]) for term, number in zip(terms, numbers, strict=True)
    }


def _ranked(factors, exclude, limit):
    """Articles by what they share, of the newest that have each of the terms."""
    some = (
        "SELECT * FROM (SELECT article_id, %s * (%s + CASE WHEN weight > %s THEN %s ELSE weight"
        " END) AS score FROM articles_term WHERE term = %s ORDER BY article_id DESC LIMIT %s)"
        " AS t{}"
    )
    parameters = []
    for term, factor in factors.items():
        parameters += [factor, SHARED_WEIGHT, SHARED_WEIGHT_MAX, SHARED_WEIGHT_MAX, term, ROWS_MAX]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT article_id, SUM(score) FROM ("
            + " UNION ALL ".join(some.format(number) for number in range(len(factors)))
            + ") AS found GROUP BY article_id HAVING COUNT(*) >= %s"
            " ORDER BY SUM(score) DESC, article_id DESC LIMIT %s",
            [*parameters, min(2, len(factors)), limit + len(exclude)],
        )
        rows = cursor.fetchall()
    return [(article_id, int(score)) for article_id, score in rows if article_id not in exclude][
        :limit
    ]
