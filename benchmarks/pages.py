"""What readers' pages cost that nothing has stored, against a bare view with one query.

    python benchmarks/pages.py [--articles 1000] [--database sqlite|postgresql|both] [--folder DIR]

Makes a publication in a scratch database by bulk inserts, then asks for each kind of page in this
process, through the whole stack of middleware. Prints for each the queries, the CPU time of this
process and of the database's in microseconds, how it is divided, and its ratio to the bare
view: Django as startproject sets it up, with a view that gets one article by its address and
answers with its text. The views take turns, so that a busy machine is unfair to none; medians
are shown. --folder keeps an SQLite publication for the next time. Needs the test requirements.
"""

import argparse
import io
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, CALLS = 12, 10
WORDS, SECTIONS, REFERENCES, RELATED, TAGS, AUTHORS, PICTURES = 1000, 6, 3, 3, 300, 50, 200
VOCABULARY, BATCH = 20_000, 1000
EPOCH = datetime(2010, 1, 1, tzinfo=UTC)
BARE = "bare view"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--articles", type=int, default=1000)
    options.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    options.add_argument("--folder", type=Path)
    options.add_argument("--profile", help="print what the time of one kind of page goes to")
    options.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.here:
        measure(chosen.articles, chosen.profile)
        return
    databases = ["sqlite", "postgresql"] if chosen.database == "both" else [chosen.database]
    for database in databases:
        with ExitStack() as stack:
            environment = prepared(database, chosen, stack)
            print(f"{database}, {chosen.articles} articles", flush=True)
            command = [sys.executable, __file__, "--here", "--articles", str(chosen.articles)]
            if chosen.profile:
                command += ["--profile", chosen.profile]
            subprocess.run(command, check=True, cwd=ROOT, env=environment)


def prepared(database, chosen, stack):
    """The environment in which the publication uses a scratch database."""
    sys.path.insert(0, str(ROOT))
    if chosen.folder:
        folder = chosen.folder / f"{database}-{chosen.articles}"
        folder.mkdir(parents=True, exist_ok=True)
    else:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "irb_site.settings",
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder),
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


# Making a publication.


def fill(number):
    """Articles whose words are distributed as those of a language are: few often, many rarely."""
    from django.db import connection, transaction

    from articles import directory, references, search, similar, typesetting
    from articles.models import Article, ArticleTag, Byline, Image, Revision, Tag, TagAlias
    from articles.names import fold
    from articles.rendering import structure
    from authors.models import Author
    from irb_site.uids import new_uid

    chance = random.Random(20)
    words = vocabulary(chance)
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))

    def some(count):
        return chance.choices(words, cum_weights=weights, k=count)

    def sentence(count):
        return " ".join(some(count)).capitalize() + "."

    images = []
    for _number in range(PICTURES):
        image = Image(width=1600, height=900, alt=sentence(6), caption=sentence(6))
        image.file.name = f"pictures/{image.uid[:2]}/{image.uid}-0123456789ab.webp"
        images.append(image)
    Image.objects.bulk_create(images)
    images = list(Image.objects.order_by("pk"))
    tags = [
        Tag(name=f"{words[200 + n].title()} {n}", slug=f"tag-{n}", first_public_at=EPOCH)
        for n in range(TAGS)
    ]
    for tag in tags:
        tag.save()
        TagAlias.objects.create(tag=tag, name=tag.name, key=fold(tag.name))
    authors = [
        Author(
            name=f"{words[300 + n]} {words[400 + n]} {n}".title(),
            slug=f"author-{n}",
            role="Senior Analyst",
            short_bio=sentence(30),
            photo=images[n] if n % 2 else None,
            first_public_at=EPOCH,
        )
        for n in range(AUTHORS)
    ]
    for author in authors:
        author.save()
    tag_weights = list(accumulate(1 / rank for rank in range(1, TAGS + 1)))
    uids = [new_uid() for _number in range(number)]
    titles = [" ".join(some(chance.randint(4, 9))).title() for _number in range(number)]
    paragraphs = [" ".join(sentence(20) for _ in range(4)) for _ in range(3000)]

    def body(at):
        blocks = []
        cited = [chance.randrange(number) for _ in range(REFERENCES)]
        for section in range(SECTIONS):
            blocks.append(f'<h2 id="s-part-{section}">{" ".join(some(4)).title()}</h2>')
            blocks += [f"<p>{text}</p>" for text in chance.sample(paragraphs, 2)]
            if section < REFERENCES and cited[section] != at:
                target = cited[section]
                fragment = "#s-part-2" if section == 0 else ""
                blocks.append(
                    f'<p>So it was seen in <a data-ref="article:{uids[target]}{fragment}">'
                    f"{titles[target]}</a> before. {chance.choice(paragraphs)}</p>"
                )
        if at % 4 == 0:
            blocks.insert(3, f'<figure><img data-image="{images[at % PICTURES].uid}" alt="So">'
                          "<figcaption>Seen</figcaption></figure>")  # fmt: skip
        return "".join(blocks)

    for start in range(0, number, BATCH):
        with transaction.atomic():
            articles = [
                Article(
                    uid=uids[at],
                    state=Article.State.DRAFT,
                    touched_at=EPOCH,
                    title=titles[at],
                    slug=f"article-{at}",
                    standfirst=sentence(25),
                    body=body(at),
                    lead_image=images[at % PICTURES] if at % 2 else None,
                    related=[{"article": uids[chance.randrange(number)]} for _ in range(RELATED)],
                    first_published_at=EPOCH + timedelta(hours=at),
                    updated_at=EPOCH + timedelta(hours=at),
                    reading_minutes=5,
                )
                for at in range(start, min(start + BATCH, number))
            ]
            Article.objects.bulk_create(articles)
            revisions = Revision.objects.bulk_create(
                Revision(
                    article=article, number=1, edition=1, title=article.title,
                    standfirst=article.standfirst, body=article.body, related=article.related,
                    created_at=EPOCH, saved_at=EPOCH,
                )
                for article in articles
            )  # fmt: skip
            for article, revision in zip(articles, revisions, strict=True):
                article.state = Article.State.LIVE
                article.live_revision = article.latest_revision = revision
            Article.objects.bulk_update(
                articles, ["state", "live_revision", "latest_revision"], batch_size=200
            )
            bylines, article_tags = [], []
            for article in articles:
                search.index(
                    article.pk, language="en", title=article.title, standfirst=article.standfirst,
                    text=structure(article.body).text,
                )  # fmt: skip
                for position, author in enumerate(chance.sample(authors, chance.choice([1, 1, 2]))):
                    bylines.append(
                        Byline(article=article, author=author, position=position,
                               published_at=article.first_published_at)
                    )  # fmt: skip
                chosen = dict.fromkeys(chance.choices(tags, cum_weights=tag_weights, k=3))
                for position, tag in enumerate(chosen):
                    article_tags.append(
                        ArticleTag(content_object=article, tag=tag, position=position,
                                   published_at=article.first_published_at)
                    )  # fmt: skip
            Byline.objects.bulk_create(bylines)
            ArticleTag.objects.bulk_create(article_tags)
    with connection.cursor() as cursor:
        for table, through, column in (
            ("articles_tag", "articles_articletag", "tag_id"),
            ("authors_author", "articles_byline", "author_id"),
        ):
            cursor.execute(
                f"UPDATE {table} SET article_count ="
                f" (SELECT count(*) FROM {through} WHERE {column} = {table}.id)"
            )
    typesetting.rebuild()
    references.rebuild()
    similar.rebuild()
    directory.rebuild()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def vocabulary(chance):
    from articles.text_analysis import STOP_WORDS

    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en")]
    made = {}
    while len(made) < VOCABULARY:
        made["".join(chance.choices(syllables, k=chance.randint(2, 4)))] = None
    # The most frequent words of a language are those that mean nothing.
    return [*sorted(word for word in STOP_WORDS if word.isascii())[:100], *made]


# Measuring.


def pages():
    """Kind of page → a function of a number that gives an address."""
    from articles.models import Article, Tag
    from articles.paging import PER_PAGE
    from articles.text_analysis import STOP_WORDS
    from authors.models import Author

    number = Article.objects.count()
    tag = Tag.objects.order_by("-article_count").first()
    author = Author.objects.order_by("-article_count").first()
    title = Article.objects.filter(pk__gte=number // 2).first().title.lower()
    word = [one for one in title.split() if one not in STOP_WORDS]

    def last(count):
        return max(2, count // PER_PAGE - 1)

    return {
        "article": lambda n: f"/articles/article-{(n * 7919) % number}/",
        "home": lambda _n: "/",
        "author": lambda _n: author.get_absolute_url(),
        "author, deep": lambda n: (
            f"{author.get_absolute_url()}?page={last(author.article_count) - n % 3}"
        ),
        "tag": lambda _n: tag.get_absolute_url(),
        "tag, deep": lambda n: f"{tag.get_absolute_url()}?page={last(tag.article_count) - n % 3}",
        "archive": lambda _n: "/articles/",
        "archive, deep": lambda n: f"/articles/?page={last(number) - n % 3}",
        "archive of a month": lambda _n: "/articles/2010/01/",
        "search, one word": lambda _n: f"/search/?q={word[0]}",
        "search, two words": lambda _n: f"/search/?q={word[0]}+{word[1]}",
        "feed": lambda _n: "/feed/",
        "feed, Atom": lambda _n: "/feed/atom/",
        "feed, JSON": lambda _n: "/feed/json/",
        "feed of a tag": lambda _n: f"{tag.get_absolute_url()}feed/",
        "tags": lambda _n: "/tags/",
        "not found": lambda _n: "/articles/nothing/",
        "sitemap": lambda _n: "/sitemap.xml",
    }


def bare_handler():
    """Django as startproject sets it up, with one view of one query."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection
    from django.http import HttpResponse
    from django.test import override_settings
    from django.urls import path

    from articles.models import Article

    def view(request, slug):
        return HttpResponse(Article.objects.get(kind="article", slug=slug).body)

    module = type(sys)("bare_urls")
    module.urlpatterns = [path("articles/<slug:slug>/", view)]
    sys.modules["bare_urls"] = module
    override = override_settings(
        ROOT_URLCONF="bare_urls",
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
    )
    with override:
        handler = WSGIHandler()

    def handle(environ, start_response):
        # The address scheme is looked up at each request.
        environ["bare"] = True
        return handler(environ, start_response)

    # A request names its own addresses, as middleware may.
    original = handler.get_response

    def get_response(request):
        request.urlconf = "bare_urls"
        # Django's own way: a connection for each request.
        connection.close()
        return original(request)

    handler.get_response = get_response
    return handle


def ask(handler, path):
    """The status and the size of an answer."""
    path, _mark, query = path.partition("?")
    answered = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    response = handler(environ, lambda status, headers, exc_info=None: answered.append(status))
    size = sum(map(len, response))
    response.close()
    return answered[0][:3], size


class Clock:
    """CPU time of this process and of the database's processes, and what parts of it went to."""

    def __init__(self):
        from django.template.base import Template

        self.queries = self.asking = self.rendering = 0
        self.depth = 0
        original = Template.render

        def render(template, context):
            if self.depth:
                return original(template, context)
            self.depth += 1
            started, asked = time.process_time(), self.asking
            try:
                return original(template, context)
            finally:
                self.depth -= 1
                self.rendering += time.process_time() - started - (self.asking - asked)

        Template.render = render

    def wrap(self, execute, *args):
        self.queries += 1
        started = time.process_time()
        try:
            return execute(*args)
        finally:
            self.asking += time.process_time() - started

    @contextmanager
    def watching(self):
        from django.db import connection

        with connection.execute_wrapper(self.wrap):
            self.queries, self.asking, self.rendering = 0, 0, 0
            yield


def database_processes():
    """The processes of PostgreSQL that answer this one."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return [Path(f"/proc/{pid}/schedstat") for (pid,) in cursor.fetchall()]


def database_time(processes):
    """The CPU seconds that they have used so far."""
    return sum(int(one.read_text().split()[0]) for one in processes) / 1e9


def measure(number, profiled):
    import django

    django.setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.management import call_command

    from articles.models import Article

    logging.disable()
    started = time.perf_counter()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if Article.objects.count() < number:
        fill(number)
    print(f"  made in {time.perf_counter() - started:.0f} s", flush=True)
    handlers = {BARE: (bare_handler(), lambda n: f"/articles/article-{(n * 7919) % number}/")}
    handler = WSGIHandler()
    handlers |= {name: (handler, address) for name, address in pages().items()}
    if profiled:
        profile(*handlers[profiled])
        return
    clock = Clock()
    processes = database_processes()
    spent = {name: [] for name in handlers}
    in_database = {name: [] for name in handlers}
    for round_ in range(-2, ROUNDS):
        for name, (handle, address) in handlers.items():
            before, started = database_time(processes), time.process_time()
            for call in range(CALLS):
                ask(handle, address(round_ * CALLS + call))
            used = (time.process_time() - started) / CALLS * 1e6
            if round_ >= 0:
                spent[name].append(used)
                in_database[name].append((database_time(processes) - before) / CALLS * 1e6)
    print(
        f"  {'':20}{'status':>7}{'bytes':>9}{'queries':>8}{'CPU µs':>9}{'database':>9}"
        f"{'ratio':>7}{'asking':>9}{'rendering':>10}",
    )
    bare = statistics.median(spent[BARE]) + statistics.median(in_database[BARE])
    for name, (handle, address) in handlers.items():
        status, size, queries, asking, rendering = watched(clock, handle, address)
        own, database = statistics.median(spent[name]), statistics.median(in_database[name])
        print(
            f"  {name:20}{status:>7}{size:>9}{queries:>8.1f}{own:>9.0f}{database:>9.0f}"
            f"{(own + database) / bare:>7.2f}{asking:>9.0f}{rendering:>10.0f}",
            flush=True,
        )


def watched(clock, handle, address):
    with clock.watching():
        for call in range(CALLS):
            status, size = ask(handle, address(call))
        return (
            status,
            size,
            clock.queries / CALLS,
            clock.asking / CALLS * 1e6,
            clock.rendering / CALLS * 1e6,
        )


def profile(handle, address):
    import cProfile
    import pstats

    for call in range(20):
        ask(handle, address(call))
    profiler = cProfile.Profile()
    profiler.enable()
    for call in range(200):
        ask(handle, address(call))
    profiler.disable()
    stats = pstats.Stats(profiler)
    stats.sort_stats("cumulative").print_stats(70)
    stats.sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
