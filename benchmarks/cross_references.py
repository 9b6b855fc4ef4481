"""What cross-references cost with many articles, on both databases.

    python benchmarks/cross_references.py [--articles 20000] [--database sqlite|postgresql|both]

Makes the articles in a scratch database by bulk inserts and prints medians: renaming what a
quarter of all articles cite against renaming what nobody cites, the pages of both, the search
for something to cite, suggestions, and the link-health desk. Nothing of the publication's own
data is touched. Takes some minutes; needs the test requirements.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
CALLS = 30
WORDS, REFERENCES, TAGS, AUTHORS = 600, 10, 300, 50
# What share of all articles cites the first one.
HUB_SHARE = 0.25
# How many titles a text names without citing them.
MENTIONS = 2
VOCABULARY = 30_000
BATCH = 1000
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--articles", type=int, default=20_000)
    options.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    options.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.here:
        measure(chosen.articles)
        return
    databases = ["sqlite", "postgresql"] if chosen.database == "both" else [chosen.database]
    for database in databases:
        with ExitStack() as stack:
            environment = prepared(database, stack)
            print(f"{database}, {chosen.articles} articles", flush=True)
            command = [sys.executable, __file__, "--here", "--articles", str(chosen.articles)]
            subprocess.run(command, check=True, cwd=ROOT, env=environment)


def prepared(database, stack):
    """The environment in which the publication uses an empty scratch database."""
    sys.path.insert(0, str(ROOT))
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "irb_site.settings",
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": folder,
        "SECRET_KEY": "benchmarks only: a fixed key that no real site may ever use",
        "SITE_URL": "http://localhost",
    }
    environment.pop("DATABASE_URL", None)
    if database == "postgresql":
        from tests import postgres

        place = postgres.new_folder()
        stack.enter_context(postgres.running(place))
        environment["DATABASE_URL"] = f"postgresql://postgres@{quote(str(place), safe='')}/postgres"
    return environment


def measure(number):
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    started = time.perf_counter()
    publication = Publication(number)
    publication.fill()
    print(f"  filled in {time.perf_counter() - started:.0f} s", flush=True)
    rename(publication)
    open_pages(publication)
    look_up(publication)
    ask(publication)
    look_at_desk()


class Publication:
    """Articles whose words are distributed as those of a language are: few often, many rarely."""

    def __init__(self, number):
        self.number = number
        self.random = random.Random(20)
        self.words = self._vocabulary()
        self.weights = list(accumulate(1 / rank for rank in range(1, len(self.words) + 1)))
        self.titles = [self._title() for _number in range(number)]

    def _vocabulary(self):
        from articles.text_analysis import STOP_WORDS

        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en")]
        made = {}
        while len(made) < VOCABULARY:
            made["".join(self.random.choices(syllables, k=self.random.randint(2, 4)))] = None
        # The most frequent words of a language are those that mean nothing.
        return [*sorted(word for word in STOP_WORDS if word.isascii())[:100], *made]

    def some_words(self, count):
        return self.random.choices(self.words, cum_weights=self.weights, k=count)

    def _title(self):
        return " ".join(self.some_words(self.random.randint(3, 8))).title()

    def text(self, words, *, cite=True, mention=MENTIONS):
        """Paragraphs with references to articles and names of others that are no references."""
        paragraphs = []
        left = words
        while left > 0:
            paragraph = self.some_words(min(100, left))
            left -= 100
            sentences = [" ".join(paragraph[at : at + 20]) for at in range(0, len(paragraph), 20)]
            paragraphs.append([f"{sentence.capitalize()}." for sentence in sentences])
        # Nobody cites the last one, and every fourth article the first.
        cited = self.random.sample(range(1, self.number - 1), REFERENCES if cite else 0)
        if cited and self.random.random() < HUB_SHARE:
            cited[0] = 0
        for target in cited:
            place = self.random.choice(paragraphs)
            words = f'<a data-ref="article:{self.uids[target]}">{self.titles[target]}</a>'
            place.append(f"See {words}.")
        for target in self.random.sample(range(self.number), mention):
            self.random.choice(paragraphs).append(f"So says {self.titles[target]} too.")
        return "".join(f"<p>{' '.join(sentences)}</p>" for sentences in paragraphs)

    def fill(self):
        from django.db import connection, transaction

        from articles import directory, search, similar
        from articles.models import Article, Revision, Tag, TagAlias
        from articles.names import fold
        from articles.rendering import structure
        from authors.models import Author
        from irb_site.uids import new_uid

        self.uids = [new_uid() for _number in range(self.number)]
        for number in range(TAGS):
            name = " ".join(self.some_words(self.random.randint(1, 2))) + f" {number}"
            tag = Tag.objects.create(name=name, slug=f"tag-{number}")
            TagAlias.objects.create(tag=tag, name=name, key=fold(name))
        for number in range(AUTHORS):
            name = f"{self.some_words(1)[0]} {self.some_words(1)[0]} {number}".title()
            Author.objects.create(name=name, slug=f"author-{number}")
        for start in range(0, self.number, BATCH):
            with transaction.atomic():
                articles = [
                    Article(
                        uid=self.uids[number],
                        state=Article.State.DRAFT,
                        touched_at=EPOCH,
                        title=self.titles[number],
                        slug=f"article-{number}",
                        standfirst=" ".join(self.some_words(20)),
                        body=self.text(WORDS),
                        first_published_at=EPOCH + timedelta(hours=number),
                        updated_at=EPOCH + timedelta(hours=number),
                    )
                    for number in range(start, min(start + BATCH, self.number))
                ]
                Article.objects.bulk_create(articles)
                revisions = Revision.objects.bulk_create(
                    Revision(
                        article=article,
                        number=1,
                        edition=1,
                        title=article.title,
                        standfirst=article.standfirst,
                        body=article.body,
                        created_at=EPOCH,
                        saved_at=EPOCH,
                    )
                    for article in articles
                )
                for article, revision in zip(articles, revisions, strict=True):
                    article.state = Article.State.LIVE
                    article.live_revision = article.latest_revision = revision
                Article.objects.bulk_update(
                    articles, ["state", "live_revision", "latest_revision"], batch_size=200
                )
                for article in articles:
                    search.index(
                        article.pk,
                        language="en",
                        title=article.title,
                        standfirst=article.standfirst,
                        text=structure(article.body).text,
                    )
        self._make_references()
        similar.rebuild()
        directory.rebuild()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def _make_references(self):
        from articles.models import Article, Reference
        from articles.rendering import structure

        pks = dict(Article.objects.values_list("uid", "pk"))
        rows = []
        for article in Article.objects.only("body", "first_published_at").iterator():
            for position, found in enumerate(structure(article.body).references):
                rows.append(
                    Reference(
                        source=article,
                        set=Reference.Set.LIVE,
                        kind=Reference.Kind.INLINE,
                        position=position,
                        words=found.words[:300],
                        sentence=found.sentence,
                        published_at=article.first_published_at,
                        target_kind="article",
                        target_uid=found.token.uid,
                        target_article_id=pks[found.token.uid],
                    )
                )
            if len(rows) >= BATCH:
                Reference.objects.bulk_create(rows)
                rows = []
        Reference.objects.bulk_create(rows)


def rename(publication):
    """A new title and address for what many cite, and for what nobody cites, in turn."""
    from dataclasses import replace

    from articles import publishing
    from articles.models import Article, Reference
    from articles.publishing import Words

    names = {"cited": publication.uids[0], "not cited": publication.uids[-1]}
    times = {name: [] for name in names}
    for call in range(CALLS):
        for name, uid in names.items():
            article = Article.objects.select_related("latest_revision").get(uid=uid)
            title = f"Renamed {article.pk} {call}"
            words = replace(Words.of(article.latest_revision), title=title, slug=f"{uid}-{call}")
            started = time.perf_counter()
            publishing.save_draft(article, words, by=None)
            publishing.publish(article, by=None)
            times[name].append((time.perf_counter() - started) * 1000)
    hub = Article.objects.get(uid=names["cited"])
    citing = Reference.objects.filter(target_article=hub).values("source").distinct().count()
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["cited"] / medians["not cited"]
    print(
        f"  renaming what {citing} articles cite: median {medians['cited']:.0f} ms; what nobody"
        f" cites: {medians['not cited']:.0f} ms; ratio {ratio:.2f}",
        flush=True,
    )


def open_pages(publication):
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from articles.models import Article

    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    for name, uid in (("cited", publication.uids[0]), ("not cited", publication.uids[-1])):
        path = Article.objects.get(uid=uid).get_absolute_url()
        for page in (path, f"{path}cited-by/", f"{path}connections/"):
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                status = client.get(page).status_code
            report(
                f"page of what is {name} ({page.removeprefix(path) or 'article'}, {status},"
                f" {len(queries)} queries)",
                lambda _number, page=page: client.get(page),
            )


def look_up(publication):
    from django.contrib.auth import get_user_model
    from django.test import Client

    editor = get_user_model().objects.create_superuser("editor")
    client = Client()
    client.force_login(editor)

    def search(number):
        words = publication.titles[number * 7 + 1].split()
        query = " ".join([words[-1][:4], words[0]])
        answer = client.get("/admin/articles/article/lookup/", {"kind": "target", "q": query})
        return answer.json()["results"]

    report("search for something to cite", search)


def look_at_desk():
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get(username="editor"))
    report("link-health desk", lambda _number: client.get("/admin/health/"))


def report(words, call):
    times = []
    for number in range(CALLS):
        started = time.perf_counter()
        call(number)
        times.append((time.perf_counter() - started) * 1000)
    print(
        f"  {words}: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms",
        flush=True,
    )


def ask(publication):
    from articles import suggestions
    from articles.models import Article

    texts = [publication.text(1000, mention=5) for _call in range(CALLS)]
    articles = list(Article.objects.public().order_by("?")[:CALLS])

    def writing(number):
        return suggestions.while_writing(
            articles[number],
            title=publication.titles[number],
            standfirst=articles[number].standfirst,
            body=texts[number],
        )

    def citing(number):
        return suggestions.could_cite(articles[number])

    for words, call in (("while writing, 1,000 words", writing), ("could cite", citing)):
        times, found = [], 0
        for number in range(CALLS):
            started = time.perf_counter()
            answer = call(number)
            times.append((time.perf_counter() - started) * 1000)
            found += len(answer) if isinstance(answer, list) else len(answer.mentions)
        print(
            f"  {words}: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms,"
            f" {found / CALLS:.1f} found on average",
            flush=True,
        )


if __name__ == "__main__":
    main()
