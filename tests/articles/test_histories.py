"""Random editorial histories, after each of which every promise to readers must hold."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import count
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from articles import publishing, search, site
from articles.models import Article, Redirect, Reference, Revision, Schedule, Section, Tag
from articles.publishing import PublishingError, Words
from authors.models import Author
from tests.conftest import SOAK
from tests.factories import cite

pytestmark = pytest.mark.django_db

ARTICLES, NAMES, SLUGS = 5, 3, ["north", "south", "über", "запад"]
# A word like no other: where it turns up, the text that it was written in has become known.
_WORD = re.compile(r"qx\d+xq")
# An address in a feed or sitemap, whatever escapes the markup around it.
_ADDRESS = re.compile(r"http://testserver[^\s<\"\\&]*")
_FIXED_PAGES = [
    "/", "/articles/", "/authors/", "/tags/", "/feed/", "/feed/atom/", "/feed/json/",
    "/sitemap.xml", "/sitemap-lists.xml", "/sitemap-subjects.xml", "/sitemap-articles-1.xml",
]  # fmt: skip


class _Links(HTMLParser):
    def __init__(self, content):
        super().__init__()
        self.targets, self.ids = set(), set()
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "a" and "href" in attributes:
            self.targets.add(attributes["href"])
        if "id" in attributes:
            self.ids.add(attributes["id"])


class Newsroom:
    """A few articles, authors and tags, and everything that editors do to them."""

    def __init__(self):
        self.words = count(1)
        self.authors = [
            publishing.save_author(Author(name=f"Jürgen {number}")) for number in range(NAMES)
        ]
        self.tags = [publishing.save_tag(Tag(name=f"Öl {number}")) for number in range(NAMES)]
        self.articles = [
            publishing.create(Words(title=f"{self.word()} für"), by=None)
            for _number in range(ARTICLES)
        ]
        self.were_public = set()

    def word(self):
        return f"Qx{next(self.words)}xq"

    def article(self, number):
        article = Article.objects.select_related("latest_revision", "live_revision")
        return article.get(pk=self.articles[number % ARTICLES].pk)

    def do(self, name, first, second, at_once=False):
        try:
            with transaction.atomic():
                getattr(self, name)(self.article(first), first, second)
                if at_once:
                    publishing.publish(self.article(first), by=None)
        except PublishingError:
            pass
        for article in Article.objects.public():
            self.were_public.add(article.get_absolute_url())
        for thing in (*Author.objects.known(), *Tag.objects.known()):
            self.were_public.add(thing.get_absolute_url())

    def change(self, article, **changes):
        words = Words.of(article.latest_revision)
        values = {name: getattr(words, name) for name in Words.__dataclass_fields__} | changes
        publishing.save_draft(article, Words(**values), by=None)

    # What can happen.

    def write(self, article, _first, second):
        body = f"<h2>{self.word()}</h2><p>{self.word()}.</p>" * (1 + second % 2)
        self.change(article, body=article.latest_revision.body * (second % 3 > 0) + body)

    def retitle(self, article, _first, _second):
        self.change(article, title=self.word(), standfirst=self.word())

    def cite(self, article, _first, second):
        target = self.article(second)
        self.change(
            article,
            body=article.latest_revision.body + f"<p>{self.word()} {cite(target)}.</p>",
            related=[{"article": target.uid}],
        )

    def cite_section(self, article, first, second):
        target = self.article(second)
        anchors = list(target.sections.order_by("pk").values_list("anchor", flat=True))
        if anchors:
            link = cite(target, section=anchors[first % len(anchors)])
            self.change(article, body=article.latest_revision.body + f"<p>See {link}.</p>")

    def cite_names(self, article, first, second):
        author, tag = self.authors[second % NAMES], self.tags[first % NAMES]
        self.change(
            article, body=article.latest_revision.body + f"<p>{cite(author)} {cite(tag)}</p>"
        )

    def link(self, article, _first, second):
        target = self.article(second)
        if target.slug:
            path = f"http://testserver{target.get_absolute_url()}"
            self.change(
                article, body=article.latest_revision.body + f'<p><a href="{path}">it</a></p>'
            )

    def name(self, article, first, second):
        self.change(
            article,
            bylines=[self.authors[second % NAMES].uid, self.authors[first % NAMES].uid],
            tags=[Tag.objects.get(pk=self.tags[second % NAMES].pk).name, f"New {first % 2}"],
        )

    def unname(self, article, _first, _second):
        self.change(article, bylines=[], tags=[])

    def readdress(self, article, _first, second):
        slug = SLUGS[second % len(SLUGS)]
        self.change(article, slug=slug if second < 5 else f"{slug}-{article.pk}")

    def reword_heading(self, article, _first, _second):
        body = re.sub(r">[^<]*</h2>", f">{self.word()}</h2>", article.latest_revision.body, count=1)
        self.change(article, body=body)

    def delete_heading(self, article, _first, _second):
        body = re.sub(r"<h2[^>]*>[^<]*</h2>", "", article.latest_revision.body, count=1)
        self.change(article, body=body)

    def publish(self, article, _first, second):
        publishing.publish(article, by=None, minor=second % 2 == 0)

    def publish_older(self, article, _first, second):
        revisions = list(article.revisions.order_by("number"))
        publishing.publish(article, revisions[second % len(revisions)], by=None)

    def unpublish(self, article, _first, _second):
        publishing.unpublish(article, by=None)

    def restore(self, article, _first, second):
        revisions = list(article.revisions.order_by("number"))
        publishing.restore(article, revisions[second % len(revisions)], by=None)

    def schedule(self, article, _first, second):
        due_at = timezone.now() + timedelta(hours=1 + second)
        publishing.schedule(article, due_at=due_at, by=None)

    def schedule_unpublish(self, article, _first, second):
        due_at = timezone.now() + timedelta(hours=1 + second)
        publishing.schedule(article, due_at=due_at, by=None, action="unpublish")

    def time_goes_by(self, _article, _first, second):
        publishing.carry_out_due(now=timezone.now() + timedelta(hours=2 + second))

    def rename_tag(self, _article, first, second):
        tag = Tag.objects.get(pk=self.tags[second % NAMES].pk)
        tag.name = f"Tag {second % NAMES} {first}"
        tag.slug = f"tag-{second % NAMES}-{first % 3}"
        publishing.save_tag(tag)

    def rename_author(self, _article, first, second):
        author = Author.objects.get(pk=self.authors[second % NAMES].pk)
        author.name, author.slug = f"Author {first}", f"author-{second % NAMES}-{first % 3}"
        publishing.save_author(author)


_HAPPENINGS = [
    name
    for name in vars(Newsroom)
    if not name.startswith("_") and name not in {"word", "article", "do", "change"}
]
histories = st.lists(
    st.tuples(
        st.sampled_from(_HAPPENINGS),
        st.integers(0, 8),
        st.integers(0, 8),
        # Published at once, mostly: only what is public can go wrong.
        st.sampled_from([True, True, False]),
    ),
    min_size=20,
    max_size=36,
)


class Readers:
    """Walks everything that is public, each address once."""

    def __init__(self):
        self.client = Client()
        self.replies = {}

    def get(self, path):
        if path not in self.replies:
            reply = self.client.get(path)
            content = reply.content.decode() if reply.status_code in {200, 410} else ""
            self.replies[path] = (reply.status_code, reply.get("Location"), content)
        return self.replies[path]

    def links(self, path):
        return _Links(self.get(path)[2])

    def dead_links(self, path):
        """The links of a page that lead to nothing: no page, or no such place in it."""
        dead = []
        targets = self.links(path).targets
        if "/feed/" in path or path.endswith(".xml"):
            targets = set(_ADDRESS.findall(self.get(path)[2]))
        for target in targets:
            address = urlsplit(urljoin(f"http://testserver{path}", target))
            if address.netloc != "testserver":
                continue
            place = address.path + (f"?{address.query}" if address.query else "")
            if self.get(place)[0] != 200 or (
                address.fragment and address.fragment not in self.links(place).ids
            ):
                dead.append(target)
        return dead


def public_paths():
    things = [*Article.objects.public(), *Author.objects.known(), *Tag.objects.known()]
    paths = [thing.get_absolute_url() for thing in things]
    feeds = [f"{thing.get_absolute_url()}feed/" for thing in things if type(thing) is not Article]
    return [*_FIXED_PAGES, *paths, *feeds]


def unknown_words(text):
    """The words in a text that stand in nothing that readers may read."""
    live = Article.objects.public().values_list("title", "standfirst", "body", "slug")
    known = set(_WORD.findall(" ".join(" ".join(row) for row in live).lower()))
    return sorted(set(_WORD.findall(text.lower())) - known)


def tokens_of(article, source):
    found = re.findall(r'data-ref="([^"]*)"', source.body)
    related = [f"article:{item['article']}" for item in source.related if item.get("article")]
    return [token for token in found if token != f"article:{article.uid}"], related


def rows_of(article, set_):
    rows = Reference.objects.filter(source=article, set=set_).order_by("position")
    return tuple([str(row) for row in rows if row.kind == kind] for kind in ("inline", "related"))


def wrong_references():
    wrong = []
    for article in Article.objects.select_related("latest_revision"):
        is_live = article.state == "live"
        has_draft = not is_live or article.has_newer_draft
        expected = {
            "live": tokens_of(article, article) if is_live else ([], []),
            "draft": tokens_of(article, article.latest_revision) if has_draft else ([], []),
        }
        wrong += [
            (article.pk, set_, rows_of(article, set_), rows)
            for set_, rows in expected.items()
            if rows_of(article, set_) != rows
        ]
    return wrong


def wrong_sections():
    wrong = []
    for article in Article.objects.select_related("latest_revision"):
        live = re.findall(r'<h\d id="([^"]*)"', article.body) if article.state == "live" else []
        draft = re.findall(r'<h\d id="([^"]*)"', article.latest_revision.body)
        states = dict(Section.objects.filter(article=article).values_list("anchor", "state"))
        expected = dict.fromkeys(states, "retired") | dict.fromkeys(draft, "draft")
        if article.state == "live" and not article.has_newer_draft:
            expected = dict.fromkeys(states, "retired")
        if states != expected | dict.fromkeys(live, "live"):
            wrong.append((article.pk, states, live, draft))
    return wrong


def wrong_counts():
    public = Article.objects.public().articles()
    wrong = []
    for thing in (*Author.objects.all(), *Tag.objects.all()):
        articles = public.by(thing) if isinstance(thing, Author) else public.tagged(thing)
        number = articles.count()
        if thing.article_count != number or (number and thing.first_public_at is None):
            wrong.append((str(thing), thing.article_count, number))
    return wrong


def lost_addresses(readers, paths):
    """The paths that were public once and neither answer, nor lead on at once, nor are gone."""
    lost = []
    for path in paths:
        status, location, _content = readers.get(path)
        if status == 301:
            status = readers.get(location)[0]
            if status not in {200, 410}:
                lost.append((path, location, status))
        elif status not in {200, 410}:
            lost.append((path, status))
    return lost


def check(newsroom):
    """Every promise to readers, as a list of what was broken: (promise, where, what)."""
    site.forget()
    readers = Readers()
    paths = public_paths()
    former = sorted(newsroom.were_public)
    statuses = {path: readers.get(path)[0] for path in paths}
    hidden = {f"qx{number}xq" for number in range(1, next(newsroom.words))}
    hidden -= set(_WORD.findall(" ".join(_live_texts()).lower()))
    return {
        "answers": {path: status for path, status in statuses.items() if status != 200},
        "links": {path: dead for path in paths if (dead := readers.dead_links(path))},
        "words": {
            path: words
            for path in {*paths, *former}
            if (words := unknown_words(readers.get(path)[2]))
        },
        "found": [word for word in sorted(hidden)[:10] if search.find(word).ids],
        "not found": [
            article.pk
            for article in Article.objects.public()
            if article.pk not in search.find(article.title).ids
        ],
        "lost": lost_addresses(readers, former),
        "references": wrong_references(),
        "sections": wrong_sections(),
        "counts": wrong_counts(),
        "loops": [
            row.path for row in Redirect.objects.all() if row.target.get_absolute_url() == row.path
        ],
    }  # fmt: skip


def _live_texts():
    return [
        " ".join(row) for row in Article.objects.public().values_list("title", "standfirst", "body")
    ]


# Without shrinking, a failure takes no longer than a success; a soak finds the smallest.
_FIXED = {} if SOAK else {"max_examples": 6, "phases": [Phase.explicit, Phase.generate]}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], **_FIXED
)
@given(histories)
def test_every_promise_holds_after_any_history(history):
    with transaction.atomic():
        newsroom = Newsroom()

        for step in history:
            newsroom.do(*step)
        broken = {promise: what for promise, what in check(newsroom).items() if what}

        transaction.set_rollback(True)
    assert broken == {}


@pytest.mark.parametrize("name", _HAPPENINGS)
def test_anything_that_happens_in_a_history_changes_something(name):
    newsroom = Newsroom()
    for step in ("write", "name", "publish", "write", "schedule"):
        newsroom.do(step, 1, 1)
    before = everything()

    getattr(newsroom, name)(newsroom.article(1), 1, 2 if name in {"name", "publish_older"} else 1)

    assert everything() != before


def everything():
    models = (Article, Author, Redirect, Reference, Revision, Schedule, Section, Tag)
    return [sorted(map(repr, model.objects.values_list())) for model in models]
