"""Tags that fit a text: what articles like it carry, and what the text itself names.

Computed from what is here: no outside service, nothing to train. Suggestions are for editors, and
are made of what readers see, so they tell nobody of a draft.
"""

import math
from collections import Counter, defaultdict

from django.db.models import Q
from django.db.models.functions import Coalesce

from articles.models import Article, ArticleTag, Byline, Name, Tag, TagAlias
from articles.names import fold
from articles.rendering import related_token, structure
from articles.similar import scored
from articles.text_analysis import stem, tokens

# So many of the articles that are most like the text say what they carry.
NEIGHBOURS = 40
# The nearer ones count for more.
NEARNESS = 1.5
# How much it counts that the text names a tag: anywhere, in the standfirst, in the title.
NAMED, NAMED_IN_STANDFIRST, NAMED_IN_TITLE = 0.4, 0.2, 0.4
# That it cites one, that it cites an article that carries it, and that its authors often do.
CITED, CITED_ARTICLE, HABIT = 0.6, 0.5, 0.4
HABITS = 50
NAMES_MAX = 10_000
NAME_WORDS_MAX = 5
TEXT_MAX_LENGTH = 100_000
_STANDING = Coalesce("merged_into_id", "pk")
_OF_ROW = Coalesce("tag__merged_into_id", "tag_id")


def suggest_tags(words, *, limit=5, exclude_article=None):
    """The tags that fit a text best and that it doesn't carry yet, the best first.

    words: a Words or a revision. exclude_article: the article whose words they are, if it is saved;
    what it carries itself says nothing. At most a dozen queries, however much there is.
    """
    content = structure(words.body)
    text = content.text[:TEXT_MAX_LENGTH]
    parts = {"title": words.title, "standfirst": words.standfirst, "text": text}
    exclude = [exclude_article.pk] if exclude_article else []
    cited = _cited(content, words.related)
    similar = dict(scored(language=words.language, **parts, exclude=exclude, limit=NEIGHBOURS))
    votes = _votes(similar, Article.objects.public().filter(uid__in=cited["article"]))
    named = _named(words.language, **parts)
    for pk in Tag.objects.filter(uid__in=cited["tag"]).values_list(_STANDING, flat=True):
        named[pk] = max(named[pk], CITED)
    if words.bylines:
        for pk, share in _habits(words.bylines, exclude).items():
            named[pk] += HABIT * share
    tags = Tag.objects.choosable().in_bulk({*votes, *named})
    own = set()
    if words.tags:
        aliases = TagAlias.objects.filter(key__in=[fold(name) for name in words.tags])
        own = set(aliases.values_list(_OF_ROW, flat=True))
    points = {pk: votes.get(pk, 0.0) + named.get(pk, 0.0) for pk in tags if pk not in own}
    best = sorted(points, key=lambda pk: (-points[pk], -tags[pk].article_count, pk))
    return [tags[pk] for pk in best[:limit]]


def _cited(content, related):
    """What a text cites and what is related to it: kind → uids."""
    uids = defaultdict(set)
    for token in [*(ref.token for ref in content.references), *map(related_token, related)]:
        if token:
            uids[token.kind].add(token.uid)
    return uids


def _votes(similar, cited):
    """Primary key of a tag → its share of what the neighbours say, 0 to 1."""
    best = max(similar.values(), default=1)
    weights = {pk: (score / best) ** NEARNESS for pk, score in similar.items()}
    for pk in cited.values_list("pk", flat=True):
        weights[pk] = weights.get(pk, 0.0) + CITED_ARTICLE
    if not weights:
        return {}
    carried = ArticleTag.objects.filter(content_object__in=weights).order_by()
    carried = carried.values_list("content_object_id", _OF_ROW)
    votes = Counter()
    for article, tag in set(carried):
        votes[tag] += weights[article]
    total = sum(weights.values())
    return {tag: vote / total for tag, vote in votes.items()}


def _habits(bylines, exclude):
    """Primary key of a tag → in what share of its authors' newest articles it stands."""
    newest = Byline.objects.filter(author__uid__in=bylines).exclude(article__in=exclude)
    pks = list(newest.order_by("-published_at").values_list("article", flat=True)[:HABITS])
    rows = ArticleTag.objects.filter(content_object__in=pks).order_by()
    counts = Counter(tag for _pk, tag in set(rows.values_list("content_object_id", _OF_ROW)))
    return {tag: count / len(pks) for tag, count in counts.items()}


def _named(language, *, title, standfirst, text):
    """Primary key of a tag → what it counts that the text names it, by whichever name."""
    runs = [_runs(part, language) for part in (title, standfirst, text)]
    if not any(runs):
        return {}
    names = Name.objects.filter(Q(tag__is_retired=False), tag__isnull=False)
    names = names.order_by("-tag__article_count").values_list("tag_id", "words")[:NAMES_MAX]
    named = defaultdict(float)
    for tag, words in names:
        run = tuple(stem(word, language) for word in words.split())
        in_title, in_standfirst, in_text = (found[run] for found in runs)
        if in_title or in_standfirst or in_text:
            points = NAMED * math.log2(1 + in_text + in_standfirst + in_title) / 2
            points += NAMED_IN_TITLE * bool(in_title) + NAMED_IN_STANDFIRST * bool(in_standfirst)
            named[tag] = max(named[tag], points)
    return named


def _runs(text, language):
    """How often each run of a few stems stands in a text."""
    stems = [stem(token, language) for token in tokens(text)]
    return Counter(
        tuple(stems[start : start + length])
        for length in range(1, NAME_WORDS_MAX + 1)
        for start in range(len(stems) - length + 1)
    )
