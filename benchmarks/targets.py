"""What readers ask for: the pages that are measured, found in whatever publication there is.

A page that is to be measured, too, is one more line of PAGES.
"""

import random
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from django.urls import reverse

from articles import search
from articles.making.language import language
from articles.models import Article, Tag
from articles.paging import PER_PAGE
from articles.text_analysis import STOP_WORDS
from authors.models import Author

SAMPLE = 200
# No more articles than this have a rare phrase.
RARE = 2


def _newest():
    return Article.objects.public().articles().newest_first()


def _tag():
    return Tag.objects.listed().order_by("-article_count")[0]


def articles():
    """Paths of some articles of any age; the first is the one that is sent by all servers."""
    chance = random.Random(1)
    count = _newest().count()
    places = [count // 2, *chance.sample(range(count), min(SAMPLE, count))]
    slugs = list(_newest().values_list("slug", flat=True))
    return [reverse("articles:detail", args=[slugs[place]]) for place in places]


def deep_tag_page():
    tag = _tag()
    return [f"{tag.get_absolute_url()}?page={-(-tag.article_count // PER_PAGE)}"]


def _popular(count):
    return [tag.slug for tag in Tag.objects.listed().order_by("-article_count", "slug")[:count]]


def tags_combined(count):
    return [reverse("articles:tag", args=["+".join(sorted(_popular(count)))])]


def tags_left_out():
    wanted, *others = _popular(3)
    return [reverse("articles:tag", args=[wanted, "+".join(sorted(others))])]


def author():
    return [Author.objects.listed().order_by("-article_count")[0].get_absolute_url()]


def archive_month():
    middle = _newest()[_newest().count() // 2].first_published_at
    return [f"/articles/{middle:%Y/%m}/"]


def common_words():
    """Searches for words that very many articles have."""
    telling = (word for word in language("en").telling if word.casefold() not in STOP_WORDS)
    return [f"/search/?q={quote(word)}" for word, _rank in zip(telling, range(5), strict=False)]


def rare_phrases():
    """Searches for phrases that hardly more than one article has."""
    titles = _newest().filter(language="en").values_list("title", flat=True)[: SAMPLE * 5]
    phrases = dict.fromkeys(f'"{" ".join(title.split()[-2:])}"' for title in titles)
    rare = (phrase for phrase in phrases if 1 <= search.find(phrase).total <= RARE)
    return [f"/search/?q={quote(phrase)}" for phrase in islice(rare, SAMPLE)]


@dataclass(frozen=True)
class Page:
    """A kind of page. paths: gives the addresses that are asked for by turns."""

    name: str
    paths: object
    # Whether it is measured as a stored page, too.
    is_stored: bool = False


PAGES = [
    Page("article", articles, is_stored=True),
    Page("home", lambda: ["/"], is_stored=True),
    Page("tag", lambda: [_tag().get_absolute_url()], is_stored=True),
    Page("tag, last page", deep_tag_page, is_stored=True),
    Page("two tags", lambda: tags_combined(2), is_stored=True),
    Page("three tags", lambda: tags_combined(3)),
    Page("a tag without others", tags_left_out),
    Page("author", author, is_stored=True),
    Page("archive, a month", archive_month),
    Page("archive, last page", lambda: [f"/articles/?page={-(-_newest().count() // PER_PAGE)}"]),
    Page("search, common word", common_words),
    Page("search, rare phrase", rare_phrases),
    Page("feed", lambda: ["/feed/"], is_stored=True),
    Page("sitemap", lambda: ["/sitemap-articles-1.xml"]),
]
