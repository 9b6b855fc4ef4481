"""What each article of a made-up publication says. Pure.

Every article follows from the seed and its number alone, so several processes can each write a
part, and a text can cite another one without anybody having kept it: only older ones, as
articles do. Numbers go from the oldest to the newest; pages and series come last.
"""

import base64
import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from articles.making.language import language, zipf
from articles.models import Article
from articles.names import make_slug
from articles.publishing import Words
from articles.rendering import structure, with_section_ids
from irb_site.uids import UID_LENGTH

YEARS = 10
# One article in so many is German, or corrects or updates another one.
GERMAN_EVERY, FOLLOW_UP_EVERY = 5, 40
# What share of all articles cites the first one, and how many others a text cites and names.
HUB_SHARE = 0.25
CITED, MENTIONED, RELATED = 3, 1, 3
# Of what is cited, what share is a section; and of related links, what share leads outside.
SECTION_SHARE, OUTSIDE_SHARE = 0.5, 0.1
TAGS_MAX, AUTHORS_MAX = 5, 3
PARAGRAPH = 95
PAGES = ("About", "Imprint", "Privacy")
SERIES_EVERY, SERIES_MAX, PARTS = 100, 12, 5
LEAD_IMAGE_SHARE, PICTURE_SHARE = 0.5, 0.2


@dataclass(frozen=True)
class Named:
    """An author, tag or picture that articles name."""

    pk: int
    uid: str
    name: str = ""


@dataclass(frozen=True)
class Plan:
    """A publication that could be written: how many articles of how many words, by and about whom.

    until: the date of the newest article; the others spread over the ten years before it.
    """

    articles: int
    words: int
    seed: int
    until: datetime
    authors: tuple[Named, ...] = ()
    tags: tuple[Named, ...] = ()
    images: tuple[Named, ...] = ()

    @property
    def series(self):
        return min(SERIES_MAX, max(1, self.articles // SERIES_EVERY))

    @property
    def total(self):
        """Of articles, pages and series together."""
        return self.articles + len(PAGES) + self.series

    def kind(self, number):
        if number < self.articles:
            return Article.Kind.ARTICLE
        is_page = number < self.articles + len(PAGES)
        return Article.Kind.PAGE if is_page else Article.Kind.SERIES

    def uid(self, number):
        return made_uid(self.seed, "article", number)

    def date(self, number):
        """When an article was first published."""
        share = (min(number, self.articles) + 1) / (self.articles + 1)
        return self.until - timedelta(days=365.25 * YEARS) * (1 - share)

    def words_of(self, number):
        """What an editor would have written, as the verbs take it."""
        kind = self.kind(number)
        if kind == Article.Kind.PAGE:
            return self._page(number)
        if kind == Article.Kind.SERIES:
            return self._series(number)
        return self._article(number)

    def _chance(self, *names):
        return random.Random(" ".join(map(str, (self.seed, *names))))

    def _language(self, number):
        return "de" if number % GERMAN_EVERY == GERMAN_EVERY - 1 else "en"

    def _title(self, number):
        return language(self._language(number)).title(self._chance("title", number))

    def _headings(self, number):
        """The headings of an article, as bare HTML."""
        chance = self._chance("headings", number)
        speech = language(self._language(number))
        levels = (3 if place % 3 == 2 else 2 for place in range(self.words // (2 * PARAGRAPH)))
        return [f"<h{level}>{speech.title(chance, 2, 5)}</h{level}>" for level in levels]

    def _article(self, number):
        chance = self._chance("article", number)
        code = self._language(number)
        speech = language(code)
        title = self._title(number)
        tags = [self.tags[n] for n in _some(chance, len(self.tags), chance.randint(1, TAGS_MAX))]
        authors = _some(chance, len(self.authors), chance.choices((1, 2, 3), (70, 22, 8))[0])
        about = [word for tag in tags for word in self._words_about(tag.name, code)]
        cited = self._cited(chance, number, CITED + RELATED)
        inline, related = cited[:CITED], cited[CITED:]
        if inline and number > 1 and 0 not in cited and chance.random() < HUB_SHARE:
            inline[0] = 0
        slug = f"{make_slug(title, fallback='article')[:100].strip('-')}-{number}"
        return Words(
            title=title,
            slug=slug,
            language=code,
            standfirst=" ".join(speech.sentences(chance, 25, about)),
            body=self._body(chance, number, about, inline),
            lead_image_id=self._lead_image(chance),
            bylines=[self.authors[n].uid for n in authors],
            tags=[tag.name for tag in tags],
            related=[self._related(chance, speech, target) for target in related],
            relations=self._relations(chance, speech, number),
        )

    def _body(self, chance, number, about, cited):
        speech = language(self._language(number))
        paragraphs = [
            speech.sentences(chance, min(PARAGRAPH, self.words - start), about)
            for start in range(0, self.words, PARAGRAPH)
        ]
        for target in cited:
            chance.choice(paragraphs).append(f"See {self._citation(chance, target)}.")
        for target in self._cited(chance, number, MENTIONED):
            chance.choice(paragraphs).append(f"So says {self._title(target)} too.")
        if self.tags and chance.random() < 0.3:
            tag = chance.choice(self.tags)
            chance.choice(paragraphs).append(f'On <a data-ref="tag:{tag.uid}">{tag.name}</a>.')
        blocks = [f"<p>{' '.join(sentences)}</p>" for sentences in paragraphs]
        if self.images and chance.random() < PICTURE_SHARE:
            picture = chance.choice(self.images)
            alt = speech.title(chance)
            blocks.insert(1, f'<figure><img data-image="{picture.uid}" alt="{alt}"></figure>')
        # The opening has no heading, nor has a text of one paragraph.
        for place, heading in reversed(list(enumerate(self._headings(number)))):
            blocks.insert(min(1 + 2 * place, len(blocks)), heading)
        return "".join(blocks)

    def _citation(self, chance, target):
        token = f"article:{self.uid(target)}"
        headings = "".join(self._headings(target))
        if headings and chance.random() < SECTION_SHARE:
            # The ids that the headings get when the article is saved.
            sections = structure(with_section_ids(headings, known=(), taken=())).headings
            token += f"#{chance.choice(sections).anchor}"
        return f'<a data-ref="{token}">{self._title(target)}</a>'

    def _cited(self, chance, number, count):
        """Numbers of older articles, some of which are cited much more often than others."""
        if number == 0:
            return []
        found = {int(number * chance.random() ** 2): None for _time in range(2 * count)}
        return list(found)[:count]

    def _related(self, chance, speech, target):
        if chance.random() < OUTSIDE_SHARE:
            address = f"https://www.example.org/reports/{chance.randrange(10**6)}"
            return {"url": address, "title": speech.title(chance)}
        return {"article": self.uid(target)}

    def _relations(self, chance, speech, number):
        if number % FOLLOW_UP_EVERY != FOLLOW_UP_EVERY - 1:
            return []
        return [
            {
                "kind": chance.choice(("updates", "corrects")),
                "article": self.uid(self._cited(chance, number, 1)[0]),
                "note": speech.sentences(chance, 12)[0],
            }
        ]

    def _lead_image(self, chance):
        if not self.images or chance.random() > LEAD_IMAGE_SHARE:
            return None
        return chance.choice(self.images).pk

    @staticmethod
    def _words_about(subject, code):
        return _words_about(subject, code)

    def _page(self, number):
        title = PAGES[number - self.articles]
        chance = self._chance("page", number)
        sentences = language("en").sentences(chance, 200)
        return Words(title=title, slug=make_slug(title, fallback="page"),
                     body=f"<p>{' '.join(sentences)}</p>")  # fmt: skip

    def _series(self, number):
        chance = self._chance("series", number)
        speech = language("en")
        title = speech.title(chance)
        parts = sorted(chance.sample(range(self.articles), min(PARTS, self.articles)))
        return Words(
            title=title,
            slug=f"{make_slug(title, fallback='series')[:100].strip('-')}-{number}",
            standfirst=speech.sentences(chance, 20)[0],
            relations=[
                {"kind": "series", "article": self.uid(part), "section": "", "note": ""}
                for part in parts
            ],
        )


@lru_cache(maxsize=2000)
def _words_about(subject, code):
    """The words to which texts in a language come back when they are about a subject."""
    return language(code).about(random.Random(f"{subject} {code}"))


def _some(chance, count, wanted):
    """Numbers below count, each once, the small ones much more often: at most so many."""
    return list({zipf(chance, count): None for _time in range(wanted)}) if count else []


def made_uid(seed, kind, number):
    """The permanent id of the n-th of a kind, the same whenever it is made."""
    digest = hashlib.sha256(f"{seed} {kind} {number}".encode()).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:UID_LENGTH]


def subjects(seed, count):
    """So many names for tags, no two alike."""
    chance, names = random.Random(f"{seed} tags"), {}
    while len(names) < count:
        name = language("en").name(chance)
        if chance.random() < 0.5:
            name += f" {language('en').name(chance).lower()}"
        names.setdefault(name.casefold().replace(" ", ""), name)
    return list(names.values())


def people(seed, count):
    """So many names for authors."""
    chance = random.Random(f"{seed} authors")
    return [f"{language('en').name(chance)} {language('en').name(chance)}" for _n in range(count)]
