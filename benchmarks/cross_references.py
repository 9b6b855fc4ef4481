"""What cross-references cost with many articles, on both databases.

    python benchmarks/cross_references.py [--articles 20000] [--database sqlite|postgresql|both]
                                          [--keep FOLDER]

Makes up a publication (once for all runs and benchmarks: it stays in FOLDER) and prints medians:
renaming what a quarter of all articles cite against renaming what nobody cites, the pages of
both, the search for something to cite, suggestions, and the link-health desk. Needs the test
requirements.
"""

import argparse
import random
import statistics
import subprocess
import sys
import time

from publications import DATABASES, KEPT, ROOT, Publication

CALLS = 30


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--articles", type=int, default=20_000)
    options.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    options.add_argument("--keep", default=KEPT, metavar="FOLDER")
    options.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.here:
        measure()
        return
    for database in DATABASES if chosen.database == "both" else [chosen.database]:
        publication = Publication(chosen.keep, database, chosen.articles)
        with publication.running():
            print(publication, flush=True)
            command = [sys.executable, __file__, "--here"]
            subprocess.run(command, check=True, cwd=ROOT, env=publication.environment)


def measure():
    import django

    django.setup()
    from articles.models import Article

    made = Article.objects.public().articles().order_by("pk")
    ends = {"cited": made.first(), "not cited": made.last()}
    some = list(made.filter(pk__in=random.Random(20).sample(range(1, made.count()), CALLS)))
    rename(ends)
    open_pages(ends)
    look_up(some)
    ask(some)


def rename(ends):
    """A new title and address for what many cite, and for what nobody cites, in turn."""
    from dataclasses import replace

    from articles import publishing
    from articles.models import Article, Reference
    from articles.publishing import Words

    times = {name: [] for name in ends}
    for call in range(CALLS):
        for name, end in ends.items():
            article = Article.objects.select_related("latest_revision").get(pk=end.pk)
            number = article.latest_revision.number
            title = f"Renamed {article.pk} {number} {call}"
            slug = f"{article.uid}-{number}-{call}"
            words = replace(Words.of(article.latest_revision), title=title, slug=slug)
            started = time.perf_counter()
            publishing.save_draft(article, words, by=None)
            publishing.publish(article, by=None)
            times[name].append((time.perf_counter() - started) * 1000)
    citing = Reference.objects.filter(target_article=ends["cited"]).values("source").distinct()
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["cited"] / medians["not cited"]
    print(
        f"  renaming what {citing.count()} articles cite: median {medians['cited']:.0f} ms; what"
        f" nobody cites: {medians['not cited']:.0f} ms; ratio {ratio:.2f}",
        flush=True,
    )


def open_pages(ends):
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    for name, end in ends.items():
        end.refresh_from_db()
        path = end.get_absolute_url()
        for page in (path, f"{path}cited-by/", f"{path}connections/"):
            client.get(page)
            with CaptureQueriesContext(connection) as queries:
                status = client.get(page).status_code
            report(
                f"page of what is {name} ({page.removeprefix(path) or 'article'}, {status},"
                f" {len(queries)} queries)",
                lambda _number, page=page: client.get(page),
            )


def look_up(some):
    from django.contrib.auth import get_user_model
    from django.test import Client

    editor, _is_new = get_user_model().objects.get_or_create(
        username="benchmark", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(editor, "django.contrib.auth.backends.ModelBackend")

    def search(number):
        words = some[number].title.split()
        query = " ".join([words[-1][:4], words[0]])
        answer = client.get("/admin/articles/article/lookup/", {"kind": "target", "q": query})
        return answer.json()["results"]

    report("search for something to cite", search)
    report("link-health desk", lambda _number: client.get("/admin/health/"))


def ask(some):
    from articles import suggestions

    def writing(number):
        article = some[number]
        return suggestions.while_writing(
            article, title=article.title, standfirst=article.standfirst, body=article.body
        ).mentions

    report("while writing, 1,000 words", writing)
    report("could cite", lambda number: suggestions.could_cite(some[number]))


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


if __name__ == "__main__":
    main()
