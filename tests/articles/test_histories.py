"""Random editorial histories, after each of which every promise to readers must hold."""

import os
import re
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import count, pairwise
from urllib.parse import urljoin, urlsplit

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from articles import content_version, directory, publishing, references, search, similar, site
from articles.importing.documents import ImportedArticle
from articles.importing.loading import load
from articles.models import (
    Article,
    Assignment,
    Bundle,
    Comment,
    Forward,
    PreviewLink,
    Redirect,
    Reference,
    Revision,
    Schedule,
    Section,
    Submission,
    Tag,
    TagChange,
)
from articles.publishing import PublishingError, Words
from articles.publishing.plans import OPEN_OUTCOMES
from articles.rendering import RefToken, related_item, related_token, structure
from authors.models import Author
from tests.conftest import SOAK
from tests.factories import cite

pytestmark = pytest.mark.django_db

ARTICLES, NAMES, SLUGS = 5, 3, ["north", "south", "über", "запад"]
# A word like no other: where it turns up, the text that it was written in has become known.
_WORD = re.compile(r"qx\d+xq")
# An address in a feed or sitemap, whatever escapes the markup around it.
_ADDRESS = re.compile(r"http://testserver[^\s<\"\\&]*")
# An address that was public stays: it says no more than the reader who asks for it.
_SECTION_ID = re.compile(r'id="s-[^"]*"')
_FIXED_PAGES = [
    "/", "/articles/", "/authors/", "/tags/", "/feed/", "/feed/atom/", "/feed/json/",
    "/sitemap.xml", "/sitemap-lists.xml", "/sitemap-subjects.xml", "/sitemap-articles-1.xml",
    "/series/",
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
        self.series = publishing.create(Words(title=self.word()), by=None, kind="series")
        users = get_user_model().objects
        self.people = [users.create_superuser(name) for name in ("lea", "max")]
        # Whatever readers could once put into their bookmarks: paths, and places in them.
        self.were_public = set()
        self.fragments = set()
        self.steps = 0

    def word(self):
        return f"Qx{next(self.words)}xq"

    def paragraph(self):
        return f"<h2>{self.word()}</h2><p>{self.word()}</p>"

    def article(self, number):
        article = Article.objects.select_related("latest_revision", "live_revision")
        return article.get(pk=self.articles[number % ARTICLES].pk)

    def do(self, name, first, second, at_once=False):
        try:
            with transaction.atomic():
                getattr(self, name)(self.article(first), first, second)
                if at_once and name not in _QUIET:
                    publishing.publish(self.article(first), by=None)
        except PublishingError:
            pass
        self.steps += 1
        for number, article in enumerate(self.articles):
            if Article.objects.filter(pk=article.pk, state="deleted").exists():
                self.articles[number] = publishing.create(Words(title=self.word()), by=None)
        for article in Article.objects.public():
            path = article.get_absolute_url()
            self.were_public.add(path)
            anchors = re.findall(r'<h\d id="([^"]*)"', article.body)
            self.fragments |= {(article.pk, path, anchor) for anchor in anchors}
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

    def link_section(self, article, first, second):
        """By the address that readers see, of today or of former days."""
        places = sorted(self.fragments)
        if places:
            _pk, path, anchor = places[(first * 9 + second) % len(places)]
            link = f'<a href="{path}#{anchor}">{self.word()}</a>'
            self.change(article, body=article.latest_revision.body + f"<p>{link}</p>")

    def relate(self, article, first, second):
        target = self.article(second)
        anchors = ["", *target.sections.order_by("pk").values_list("anchor", flat=True)]
        relation = {
            "kind": ["updates", "corrects"][first % 2],
            "article": target.uid,
            "section": anchors[first % len(anchors)],
            "note": f"{self.word()} was wrong.",
        }
        kept = article.latest_revision.relations if first % 3 else []
        self.change(article, relations=[*kept, relation])

    def arrange_series(self, article, first, second):
        series = Article.objects.select_related("latest_revision").get(pk=self.series.pk)
        parts = dict.fromkeys([article.uid, self.article(second).uid, self.articles[0].uid])
        self.change(
            series,
            title=self.word(),
            slug=SLUGS[second % len(SLUGS)] if first > 6 else "",
            relations=[{"kind": "series", "article": uid} for uid in parts],
        )
        if first % 4:
            publishing.publish(series, by=None)

    def unpublish_series(self, _article, _first, _second):
        publishing.unpublish(self.series, by=None)

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

    def submit(self, article, _first, _second):
        publishing.submit(article, by=None)

    def decide(self, article, first, second):
        """About what is handed in, or handed in for this."""
        if article.submission_id is None:
            publishing.submit(article, by=None, note=self.word())
        match second % 3:
            case 0:
                publishing.approve(article, by=None)
            case 1:
                publishing.send_back(article, by=None, comment=self.word())
            case 2:
                publishing.take_back(article, by=None)

    def autosave(self, article, first, second):
        """By one of two people, who may go on from the newest words or from older ones."""
        person = self.people[second % 2]
        latest = article.latest_revision
        words = replace(Words.of(latest), title=self.word(), body=latest.body + self.paragraph())
        edition = latest.edition if first % 3 else max(1, latest.edition - 1)
        publishing.autosave(article, words, by=person, based_on=edition)

    def discuss(self, article, first, second):
        person = self.people[second % 2]
        remark = publishing.comment(article, self.word(), by=person, quote=self.word())
        publishing.comment(article, self.word(), by=None, parent=remark)
        if first % 2:
            publishing.resolve(remark, by=None)
        publishing.assign(article, person, by=None, task=self.word())
        publishing.share(article, by=person, label=self.word())

    def bundle(self, article, first, second):
        """A new bundle or the one of before, which goes out now, later or never."""
        both = [article, self.article(second)]
        old = Bundle.objects.order_by("-pk").first() if first % 2 else None
        bundle = publishing.save_bundle(old, name=self.word(), articles=both, by=None)
        if second % 4 == 0:
            publishing.discard_bundle(bundle, by=None)
        elif second % 4 == 1:
            publishing.publish_bundle(bundle, by=None)
        else:
            due_at = timezone.now() + timedelta(hours=1 + second)
            publishing.schedule_bundle(bundle, due_at=due_at, by=None)

    def call_off_bundle(self, _article, first, second):
        bundles = list(Bundle.objects.order_by("pk"))
        if bundles:
            bundle = bundles[second % len(bundles)]
            verb = publishing.cancel_bundle if first % 2 else publishing.discard_bundle
            verb(bundle, by=None)

    def unpublish(self, article, _first, _second):
        publishing.unpublish(article, by=None)

    def unpublish_and_lead_on(self, article, first, second):
        publishing.unpublish(article, by=None, lead_to=self.place(first, second))

    def unpublish_and_retarget(self, article, first, second):
        place = self.place(first, second)
        publishing.unpublish(article, by=None, lead_to=place, retarget_to=place)

    def remove_together(self, article, first, second):
        place = self.place(first, second + 1) if first % 2 else None
        both = [article, self.article(second)]
        how = publishing.TRASH if second % 3 == 0 else publishing.UNPUBLISH
        publishing.remove(both, how, by=None, lead_to=place)

    def trash(self, article, first, second):
        lead_to = self.place(first, second) if second % 3 == 0 else None
        publishing.trash(article, by=None, lead_to=lead_to)

    def untrash(self, article, first, second):
        if article.state != Article.State.TRASHED and second % 2:
            publishing.trash(article, by=None)
        publishing.untrash(article, by=None, as_it_was=first % 2 == 0)

    def delete(self, article, first, _second):
        """Of what is in the trash; else it goes there first, or nothing happens."""
        if first % 2:
            publishing.trash(article, by=None)
        publishing.delete(article, by=None)

    def delete_and_lead_on(self, article, first, second):
        place = self.place(first, second)
        publishing.trash(article, by=None)
        publishing.delete(article, by=None, lead_to=place, retarget_to=place if first % 2 else None)

    def merge(self, article, first, second):
        publishing.merge(article, self.article(second), by=None, retarget=first % 2 == 0)

    def move_section(self, article, first, second):
        anchors = [h.anchor for h in structure(article.latest_revision.body).headings]
        if anchors:
            to = self.article(second)
            publishing.move_section(article, anchors[first % len(anchors)], to, by=None)

    def forward_section(self, article, first, second):
        anchors = list(article.sections.order_by("pk").values_list("anchor", flat=True))
        if anchors:
            anchor, place = anchors[first % len(anchors)], self.place(first, second)
            publishing.forward_section(article, anchor, place, by=None)

    def retarget(self, article, first, second):
        place = self.place(first, second) if first % 2 else None
        publishing.retarget(article, lambda token: place, by=None)

    def retarget_section(self, article, first, second):
        anchors = list(article.sections.order_by("pk").values_list("anchor", flat=True))
        if anchors:
            place = self.place(first, second) if first % 2 else None
            anchor = anchors[first % len(anchors)]
            publishing.retarget_section(article, anchor, place, by=None)

    def relate_to_anything(self, article, first, second):
        self.change(article, related=[related_item(self.place(first, second))])

    def bring_in(self, _article, first, second):
        """An import that may bring the same documents again, changed or not."""
        documents = [
            ImportedArticle(
                source="history",
                source_id=f"{number}",
                where=f"{number}.md",
                title=f"Brought {number} {self.word() if first % 2 else ''}",
                body="<h2>Part</h2><p>See "
                f'<a href="import:{(number + second) % 3}#part">it</a>.</p>',
                status="published" if (first + number) % 3 else "draft",
            )
            for number in range(1 + second % 3)
        ]
        load(documents)

    def place(self, first, second):
        """Somewhere that readers may perhaps be led."""
        target = [self.article(second), self.authors[second % NAMES], self.tags[second % NAMES]]
        target = target[0] if first % 4 else target[1 + first % 2]
        section = ""
        if isinstance(target, Article) and first % 3 == 0:
            anchors = list(target.sections.order_by("pk").values_list("anchor", flat=True))
            section = anchors[second % len(anchors)] if anchors else ""
        return references.token_of(target, section)

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

    def merge_tags(self, _article, first, second):
        tags = list(Tag.objects.order_by("pk"))
        publishing.merge_tag(tags[first % len(tags)], tags[second % len(tags)], by=None)

    def split_tag(self, article, first, second):
        tag = Tag.objects.get(pk=self.tags[first % NAMES].pk)
        both = [article, self.article(second)]
        publishing.split_tag(tag, both, f"New {second % 3}", by=None, keep=first % 2 == 0)

    def tag_many(self, article, first, second):
        tag = Tag.objects.get(pk=self.tags[second % NAMES].pk)
        both = [article, self.article(second)]
        publishing.tag_articles(both, add=[f"New {first % 3}"], remove=[tag], by=None)

    def retire_tag(self, _article, first, second):
        publishing.retire_tag(self.tags[second % NAMES], by=None, back=first % 3 == 0)

    def undo_tags(self, _article, first, _second):
        """One of the newest changes of tags that can be undone."""
        changes = list(TagChange.objects.filter(undone_at=None)[:3])
        if changes:
            change = changes[first % len(changes)]
            is_of_articles = change.act in {TagChange.Act.SPLIT, TagChange.Act.TAGGED}
            verb = publishing.undo_retagging if is_of_articles else publishing.undo_change
            verb(change, by=None)

    def rename_author(self, _article, first, second):
        author = Author.objects.get(pk=self.authors[second % NAMES].pk)
        author.name, author.slug = f"Author {first}", f"author-{second % NAMES}-{first % 3}"
        publishing.save_author(author)

    def merge_authors(self, _article, first, second):
        authors = list(Author.objects.order_by("pk"))
        publishing.merge_author(authors[first % NAMES], authors[second % NAMES], by=None)

    def unmerge_author(self, _article, first, _second):
        """One of those that are merged; where none is, one is at first."""
        merged = list(Author.objects.filter(merged_into__isnull=False).order_by("pk"))
        merged = merged or [publishing.merge_author(*self.authors[:2], by=None)]
        publishing.unmerge_author(merged[first % len(merged)], by=None)


_HAPPENINGS = [
    name
    for name in vars(Newsroom)
    if not name.startswith("_")
    and name not in {"word", "paragraph", "article", "do", "change", "place"}
]
# What readers must not notice; to publish at once would hide whether they do.
_QUIET = {"autosave", "trash", "discuss", "bundle"}
histories = st.lists(
    st.tuples(
        st.sampled_from(_HAPPENINGS),
        st.integers(0, 8),
        st.integers(0, 8),
        # Published at once, mostly: only what is public can go wrong.
        st.sampled_from([True, True, False]),
    ),
    min_size=12,
    max_size=24,
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
            if place.endswith("/random/"):
                # It leads on, to one of the articles.
                place = self.get(place)[1] or place
            if self.get(place)[0] != 200 or (
                address.fragment and address.fragment not in self.links(place).ids
            ):
                dead.append(target)
        return dead


def public_paths():
    things = [*Article.objects.public(), *Author.objects.known(), *Tag.objects.known()]
    paths = [thing.get_absolute_url() for thing in things]
    feeds = [f"{thing.get_absolute_url()}feed/" for thing in things if type(thing) is not Article]
    articles = [path for path in paths if path.startswith("/articles/")]
    tags = [path for path in paths if path.startswith("/tags/")]
    more = [f"{path}{page}/" for path in [*articles, *tags] for page in ("cited-by", "connections")]
    return [*_FIXED_PAGES, *paths, *feeds, *more]


def unknown_words(text):
    """The words in a text that stand in nothing that readers may read."""
    live = Article.objects.public().values_list("title", "standfirst", "body", "slug", "relations")
    known = set(_WORD.findall(" ".join(" ".join(map(str, row)) for row in live).lower()))
    return sorted(set(_WORD.findall(text.lower())) - known)


def tokens_of(article, source):
    """The tokens of a text, by the kind of reference, in their order."""
    found = re.findall(r'data-ref="([^"]*)"', source.body)
    own = re.compile(rf"article:{article.uid}(#|$)")
    tokens = {"inline": [token for token in found if not own.match(token)]}
    tokens["related"] = [str(token) for token in map(related_token, source.related) if token]
    for item in source.relations:
        token = str(RefToken("article", item["article"], item["section"]))
        tokens.setdefault(item["kind"], []).append(token)
    return {kind: named for kind, named in tokens.items() if named}


def rows_of(article, set_):
    tokens = {}
    for row in Reference.objects.filter(source=article, set=set_).order_by("position"):
        tokens.setdefault(row.kind, []).append(str(row))
    return tokens


def wrong_references():
    wrong = []
    for article in Article.objects.select_related("latest_revision"):
        is_live = article.state == "live"
        has_draft = article.latest_revision and (not is_live or article.has_newer_draft)
        expected = {
            "live": tokens_of(article, article) if is_live else {},
            "draft": tokens_of(article, article.latest_revision) if has_draft else {},
        }
        wrong += [
            (article.pk, set_, rows_of(article, set_), rows)
            for set_, rows in expected.items()
            if rows_of(article, set_) != rows
        ]
    for row in Reference.objects.select_related("target_article", "target_author", "target_tag"):
        if row.target is None or row.target.uid != row.target_uid:
            wrong.append((row.source_id, str(row), row.target))
    return wrong


def wrong_sections():
    wrong = []
    for article in Article.objects.select_related("latest_revision"):
        live = re.findall(r'<h\d id="([^"]*)"', article.body) if article.state == "live" else []
        latest = article.latest_revision
        draft = re.findall(r'<h\d id="([^"]*)"', latest.body) if latest else []
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


def wrong_on_the_desk():
    """What of the newsroom's own rows contradicts one another."""
    wrong = []
    for article in Article.objects.select_related("submission", "latest_revision"):
        open_ones = [row for row in article.submissions.all() if row.outcome in OPEN_OUTCOMES]
        pending = article.schedules.filter(outcome=Schedule.Outcome.PENDING)
        revisions = list(article.revisions.order_by("number"))
        latest, is_settled = article.latest_revision, not article.has_newer_draft
        trashed = article.state == Article.State.TRASHED
        deleted = article.state == Article.State.DELETED
        faults = {
            "handed in": open_ones != ([article.submission] if article.submission else []),
            "away and on the desk": (trashed or deleted) and (pending.exists() or open_ones),
            "where it was": bool(article.trashed_from) != trashed,
            "kept of what is deleted": deleted
            and (revisions or article.comments.exists() or article.preview_links.exists()),
            "newest": revisions and article.latest_revision != revisions[-1],
            "words of the row": latest
            and is_settled
            and (article.title, article.standfirst) != (latest.title, latest.standfirst),
            "bylines of the row": article.state == Article.State.LIVE
            and article.kind == Article.Kind.ARTICLE
            and is_settled
            and [row.author.uid for row in article.bylines.select_related("author")]
            != [uid for uid in latest.bylines if Author.objects.filter(uid=uid).exists()],
            "editions": any(older.edition >= newer.edition for older, newer in pairwise(revisions)),
            "unsealed below the newest": any(not row.is_sealed for row in revisions[:-1]),
            "unsealed and public": any(
                not row.is_sealed for row in revisions if row.pk == article.live_revision_id
            ),
        }
        wrong += [(article.pk, fault) for fault, is_there in faults.items() if is_there]
    unsealed = Schedule.objects.filter(
        outcome=Schedule.Outcome.PENDING, revision__is_sealed=False
    ).values_list("pk", flat=True)
    return [*wrong, *unsealed, *_torn_bundles()]


def _torn_bundles():
    """Bundles of which a part only is still to go out, though nobody published the rest by hand."""
    torn = []
    for bundle in Bundle.objects.all():
        pending = bundle.schedules.filter(outcome=Schedule.Outcome.PENDING)
        by_hand = bundle.schedules.filter(message="Published by hand before.")
        articles = {row.article_id for row in (*pending, *by_hand)}
        if pending and (
            articles != set(bundle.items.values_list("article", flat=True))
            or len({row.due_at for row in pending}) > 1
        ):
            torn.append(bundle.name)
    return torn


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


def lost_fragments(readers, newsroom):
    """The places in texts that were public once, and at which readers find nothing any more.

    While the article is public, its page has an element of that id: the section, or the note
    that says where it is now.
    """
    lost = []
    public = {article.pk: article.get_absolute_url() for article in Article.objects.public()}
    for pk, _path, anchor in sorted(newsroom.fragments):
        if pk in public and anchor not in readers.links(public[pk]).ids:
            lost.append((public[pk], anchor))
    return lost


def endless_forwards():
    """Forwards that lead to something that itself leads on: readers are led at once, or never."""
    live = set(Article.objects.public().values_list("pk", flat=True))
    whole = set(Forward.objects.filter(section="").values_list("article", flat=True)) - live
    return [
        str(forward)
        for forward in Forward.objects.exclude(article__in=live)
        if forward.target_article_id in whole and forward.target_article_id == forward.article_id
    ]


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
            if (words := unknown_words(_SECTION_ID.sub("", readers.get(path)[2])))
        },
        "found": [word for word in sorted(hidden)[:10] if search.find(word).ids],
        "not found": [
            article.pk
            for article in Article.objects.public().articles()
            if article.pk not in search.find(article.title).ids
        ],
        "lost": lost_addresses(readers, former),
        "references": wrong_references(),
        "sections": wrong_sections(),
        "counts": wrong_counts(),
        "desk": wrong_on_the_desk(),
        "fragments": lost_fragments(readers, newsroom),
        "forwards": endless_forwards(),
        "not rebuilt": [
            rebuild.__module__
            for rebuild in (references.rebuild, directory.rebuild, similar.rebuild)
            if rebuild() not in {0, (0, 0)}
        ],
        "loops": [
            row.path for row in Redirect.objects.all() if row.target.get_absolute_url() == row.path
        ],
    }  # fmt: skip


def _live_texts():
    return [
        " ".join(row) for row in Article.objects.public().values_list("title", "standfirst", "body")
    ]


# A soak runs so many histories on each database, in parts that run at the same time.
SOAK_HISTORIES, PARTS = int(os.environ.get("SOAK_HISTORIES") or 5000), 10 if SOAK else 1
_SIZE = (
    # At least one for each part; without shrinking, a failure takes no longer than a success.
    {"max_examples": max(1, SOAK_HISTORIES // PARTS)}
    if SOAK
    else {"max_examples": 6, "phases": [Phase.explicit, Phase.generate]}
)


@pytest.fixture
def newsroom():
    return Newsroom()


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_holds_after_any_history(part, newsroom, record_property):
    run = {"histories": 0, "steps": 0}

    @settings(suppress_health_check=[HealthCheck.too_slow], **_SIZE)
    @given(histories)
    def every_promise_holds(history):
        # As they stand before the history, which is taken back afterwards.
        at_hand = deepcopy(newsroom)
        with transaction.atomic():
            for step in history:
                at_hand.do(*step)
            broken = {promise: what for promise, what in check(at_hand).items() if what}
            transaction.set_rollback(True)
        run["histories"] += 1
        run["steps"] += len(history)
        assert broken == {}

    every_promise_holds()
    for name, number in run.items():
        record_property(f"number of {name}", number)


def test_everything_that_happens_in_a_history_changes_something(newsroom):
    newsroom.do("write", 2, 2, at_once=True)
    steps = ["write", "cite", "cite_section", "name", "publish", "write", "schedule", "rename_tag"]
    for step in [*steps, "arrange_series"]:
        newsroom.do(step, 1, 2)
    newsroom.do("publish", 2, 2)
    newsroom.do("bundle", 2, 2)
    before, version = everything(), content_version.current()
    rows = everything(_MODELS)
    paths = public_paths()
    pages = {path: Readers().get(path) for path in paths}
    unannounced = []

    def changes_something(name):
        return any(changes(name, first, second) for first in (1, 2) for second in (2, 1, 4))

    def changes(name, first, second):
        with transaction.atomic():
            deepcopy(newsroom).do(name, first, second)
            is_changed = everything() != before
            # Where no row at all has changed, no page can have.
            if content_version.current() == version and everything(_MODELS) != rows:
                readers = Readers()
                unannounced.extend(
                    (name, path) for path in paths if readers.get(path) != pages[path]
                )
            transaction.set_rollback(True)
        return is_changed

    assert [name for name in _HAPPENINGS if not changes_something(name)] == []
    # What readers can see has changed only together with the content version.
    assert unannounced == []


_EDITED = (
    Article, Assignment, Author, Bundle, Comment, Forward, PreviewLink, Redirect, Reference,
    Revision, Schedule, Section, Submission, Tag, TagChange,
)  # fmt: skip
_MODELS = [m for app in ("articles", "authors") for m in apps.get_app_config(app).get_models()]


def everything(models=_EDITED):
    return [sorted(map(repr, model.objects.values_list())) for model in models]
