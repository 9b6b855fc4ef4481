"""Which public articles are about the same as a text: those that keep coming back to its words.

Each public article is known by the few stems that stand out in it (articles.models.Term). A
stem that few articles share says more than one that many do, and one that more than a fifth
of them have says nothing. What the text keeps coming back to and what it mentions finds some
articles by these; which of them are nearest is said by all their words, as the search weighs
them. The work is bounded: how many articles there are makes no difference.

Who may see what is found is not decided here: publishing enters what it makes public.
"""

import math
from collections import Counter

from django.db import connection, transaction

from articles import search
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
# So many of its other stems are looked up too, and asked for are those of so few articles.
MENTIONED_MAX, MENTIONED_ASKED_MAX, MENTIONED_ROWS_MAX = 300, 30, 100
# So many articles are compared word by word.
COMPARED_MAX = 60
# A word weighs at most so much there; and how much it counts that the text has all words of an
# article's title.
WORD_WEIGHT_MAX, TITLE_SHARE = 6, 0.15
# A term of more articles than this share is common; never one of so few.
COMMON_SHARE = 5
COMMON_MIN = 5
# Sharing a term at all counts as much as this weight; weights beyond the other add nothing.
SHARED_WEIGHT, SHARED_WEIGHT_MAX = 10, 50


def terms_of(*, language, title, standfirst, text):
    """The stems that a text keeps coming back to, each with its weight, the heaviest first.

    text is plain text; stop words and numbers are left out.
    """
    terms, _mentioned = _stems_of(language, title, standfirst, text)
    return terms


def _stems_of(language, title, standfirst, text):
    """What a text keeps coming back to, as terms_of, and what else it has, in the same way."""
    counts, length = Counter(), 0
    for part, times in ((title, TITLE_TIMES), (standfirst, STANDFIRST_TIMES), (text, 1)):
        words = tokens(part[:TEXT_MAX_LENGTH])
        length += len(words)
        for word, number in Counter(words).items():
            if word not in STOP_WORDS and not word.isdigit() and len(word) > 1:
                counts[stem(word, language)] += number * times
    # Equal counts keep the order of reading, so that the same text has the same terms.
    in_order = sorted(counts, key=lambda term: -counts[term])
    terms = [term for term in in_order[:TERMS_MAX] if counts[term] >= COUNT_MIN]
    return tuple(
        {term: max(1, min(WEIGHT_MAX, round(1000 * counts[term] / length))) for term in some}
        for some in (terms, in_order[len(terms) : len(terms) + MENTIONED_MAX])
    )


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
    # Not bulk_update, which writes a case for each row.
    Term.objects.bulk_create(
        changed + added,
        update_conflicts=True,
        unique_fields=["article", "term"],
        update_fields=["weight"],
    )
    return touched


# Asking.


def similar_to(*, language, title, standfirst, text, exclude=(), limit=10):
    """The ids of public articles that are about the same as a text, the most similar first.

    exclude: ids of articles that aren't wanted, such as the text's own. Five queries at most.
    """
    if limit <= 0:
        return []
    exclude = set(exclude)
    terms, mentioned = _stems_of(language, title, standfirst, text)
    factors = _factors(terms, exclude, mentioned)
    found = _ranked(factors, exclude, max(limit, COMPARED_MAX), at_least=1) if factors else []
    own = search.weights_of_text(language=language, title=title, standfirst=standfirst, text=text)
    return _nearest(own, [article_id for article_id, _score in found])[:limit]


def scored(*, language, title, standfirst, text, exclude=(), limit=10):
    """The ids of public articles that keep coming back to what a text comes back to, each with a
    number that says how much, the highest first. Three queries."""
    terms = terms_of(language=language, title=title, standfirst=standfirst, text=text)
    if not terms or limit <= 0:
        return []
    exclude = set(exclude)
    factors = _factors(terms, exclude)
    return _ranked(factors, exclude, limit, at_least=min(2, len(factors))) if factors else []


def _factors(terms, exclude, mentioned=()):
    """What is asked for, and how much each of it counts."""
    articles, shared_by = _spread(terms, exclude)
    common = max(articles / COMMON_SHARE, COMMON_MIN)
    telling = {term: n for term, n in shared_by.items() if 0 < n <= min(common, ROWS_MAX)}
    if not telling:
        telling = {term: n for term, n in shared_by.items() if n}
    asked = _most_telling(terms, telling, articles, ASKED_MAX)
    if mentioned:
        rare = {term: n for term, n in _count(mentioned).items() if 0 < n <= MENTIONED_ROWS_MAX}
        asked |= _most_telling(mentioned, rare, articles, MENTIONED_ASKED_MAX)
    best = max(asked.values(), default=1)
    # Whole numbers, so that both databases add up the same.
    return {term: max(1, round(1000 * value / best)) for term, value in asked.items()}


def _most_telling(weights, numbers, articles, limit):
    """term → what it says, of those of which is known by how many articles they are shared."""
    values = {
        term: weights[term] ** 0.5 * math.log(1 + articles / number)
        for term, number in numbers.items()
    }
    return {
        term: values[term]
        for term in sorted(values, key=lambda term: (-values[term], term))[:limit]
    }


def _count(terms):
    """term → how many articles have it, or one more than MENTIONED_ROWS_MAX. One query."""
    rows = ", ".join(["(%s)"] * len(terms))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column1, (SELECT COUNT(*) FROM"
            " (SELECT 1 FROM articles_term WHERE term = column1 LIMIT %s) AS counted)"
            f" FROM (VALUES {rows}) AS asked",
            [MENTIONED_ROWS_MAX + 1, *terms],
        )
        return dict(cursor.fetchall())


def _nearest(own, pks):
    """The ids of some articles by how near they are to a text, nearest first. One query.

    own: the weights of its words. What all of the articles have says nothing about any.
    """
    weights = search.weights_of(pks)
    spread = Counter(word for words in weights.values() for word in words)
    telling = {word: math.log((len(weights) + 1) / number) for word, number in spread.items()}

    def vector(words):
        values = {
            word: min(weight, WORD_WEIGHT_MAX) * telling.get(word, 0)
            for word, weight in words.items()
        }
        length = math.hypot(*values.values()) or 1
        return {word: value / length for word, value in values.items()}

    text = vector(own)

    def nearness(pk):
        words = weights.get(pk, {})
        shared = sum(text.get(word, 0) * value for word, value in vector(words).items())
        title = [word for word, weight in words.items() if weight > search.TITLE_WEIGHT]
        whole = sum(telling[word] for word in title) or 1
        return shared + TITLE_SHARE * sum(telling[word] for word in title if word in own) / whole

    # Sorting keeps the order of equals.
    return sorted(pks, key=lambda pk: -round(nearness(pk), 9))


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


def _ranked(factors, exclude, limit, *, at_least):
    """Articles by what they share, of the newest that have each of the terms.

    at_least: how many of the terms they share.
    """
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
            [*parameters, at_least, limit + len(exclude)],
        )
        rows = cursor.fetchall()
    return [(article_id, int(score)) for article_id, score in rows if article_id not in exclude][
        :limit
    ]
