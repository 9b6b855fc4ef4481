"""How well readers and editors find things in a publication.

    python benchmarks/quality.py [PATH …] [--articles 300] [--seed 1]

With PATHs (what import_articles reads: files or folders) these are imported into a scratch
database first; without, the publication of the environment (DATA_DIR, DATABASE_URL) is asked, and
nothing in it is changed. The demo is articles/demo.

- Known items: of each article some words are typed that few articles have, and some that many
  have. The mean of 1/rank of the article among what is found (MRR), and how often it is first;
  the same with a slip of the pen in one of the words.
- Related articles: an article's references to others are hidden, and the first five suggestions
  for its text are looked through for them: by likeness alone, and as the editor shows them, with
  what the text names.
- Tags: an article's tags are hidden, and the first five suggestions are looked through for them.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RARE, COMMON = 2, 2
FIRST = 5
# Beyond this rank nobody looks.
RANK_MAX = 100
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("paths", nargs="*", help="what is imported into a scratch database")
    options.add_argument("--articles", type=int, default=300, help="how many are tried")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--misses", action="store_true", help="print what isn't found first")
    chosen = options.parse_args()
    if not chosen.paths:
        measure(chosen)
        return
    paths = [str(Path(path).resolve()) for path in chosen.paths]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": folder,
            "SECRET_KEY": "benchmarks only: a fixed key that no real site may ever use",
            "SITE_URL": "http://localhost",
        }
        environment.pop("DATABASE_URL", None)
        manage = [sys.executable, str(ROOT / "manage.py")]
        quiet = {"stdout": subprocess.DEVNULL, "env": environment, "cwd": ROOT}
        subprocess.run([*manage, "migrate", "-v0"], check=True, **quiet)
        # Items that can't be read are reported, and the others are imported.
        subprocess.run([*manage, "import_articles", *paths], check=False, **quiet)
        command = [sys.executable, __file__, "--articles", str(chosen.articles)]
        command += ["--seed", str(chosen.seed), *(["--misses"] if chosen.misses else [])]
        subprocess.run(command, check=True, env=environment, cwd=ROOT)


def measure(chosen):
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "irb_site.settings")
    import django

    django.setup()
    from articles.models import Article

    chance = random.Random(chosen.seed)
    public = Article.objects.public().articles().order_by("pk")
    tried = sorted(chance.sample(pks := list(public.values_list("pk", flat=True)),
                                 min(len(pks), chosen.articles)))  # fmt: skip
    articles = [public.get(pk=pk) for pk in tried]
    print(f"{len(pks)} public articles, {len(articles)} tried")
    known_items(public, articles, chance, chosen.misses)
    related(articles)
    tags(articles)


# Known items.


def known_items(public, articles, chance, show_misses):
    from articles.rendering import structure
    from articles.text_analysis import tokens

    def words(article):
        text = f"{article.title} {article.standfirst} {structure(article.body).text}"
        return [word for word in dict.fromkeys(tokens(text)) if len(word) > 2]

    spread = Counter()
    total = 0
    for article in public.iterator(chunk_size=200):
        spread.update(words(article))
        total += 1
    plain, slipped = [], []
    for article in articles:
        own = words(article)
        chance.shuffle(own)
        # In letters that a keyboard has, and no numbers: nobody remembers those.
        typed = [word for word in own if word.isalpha()]
        typed.sort(key=spread.get)
        # The rarest of all are as often as not misprints, so some of the rarer half.
        rare = chance.sample(typed[: max(RARE, len(typed) // 4)], min(RARE, len(typed)))
        often = [word for word in typed if spread[word] >= total / 5 and word not in rare]
        common = chance.sample(often or typed[-COMMON:], min(COMMON, len(often or typed)))
        query = [*rare, *common]
        if not query:
            continue
        chance.shuffle(query)
        plain.append((article, " ".join(query)))
        place = chance.choice([n for n, word in enumerate(query) if len(word) > 3] or [0])
        query[place] = slip(query[place], chance)
        slipped.append((article, " ".join(query)))
    for label, queries in (("known items", plain), ("with a slip", slipped)):
        ranks = [rank(article, query) for article, query in queries]
        report = f"MRR {mean(1 / one if one else 0 for one in ranks):.3f}"
        first = mean(one == 1 for one in ranks)
        print(f"  {label}: {report}, first {first:.1%}, not found {ranks.count(None)}")
        for (article, query), one in zip(queries, ranks, strict=True):
            if show_misses and one != 1:
                print(f"    {one}: {query} – {article.title}")


def rank(article, query):
    """At which place a query finds an article, None where it doesn't."""
    from articles.answers import Asked, answer

    found = answer(Asked(query)).found.article_ids(0, RANK_MAX)
    return found.index(article.pk) + 1 if article.pk in found else None


def slip(word, chance):
    """The word with one letter too many, too few or wrong, or two that changed places."""
    at = chance.randrange(len(word) - 1)
    letter = chance.choice(LETTERS)
    changed = {
        "missing": word[:at] + word[at + 1 :],
        "added": word[:at] + letter + word[at:],
        "wrong": word[:at] + letter + word[at + 1 :],
        "swapped": word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    }
    return changed[chance.choice(list(changed))]


# Related articles.


def related(articles):
    from articles.models import Article, Reference
    from articles.rendering import structure
    from articles.similar import similar_to
    from articles.suggestions import while_writing

    by_likeness, as_shown = [], []
    for article in articles:
        cited = set(
            Reference.objects.filter(
                source=article,
                set=Reference.Set.LIVE,
                target_article__in=Article.objects.public().articles(),
            )
            .exclude(target_article=article)
            .values_list("target_article", flat=True)
        )
        if not cited:
            continue
        words = {"title": article.title, "standfirst": article.standfirst}
        text = structure(article.body).text
        found = similar_to(
            language=article.language, text=text, exclude=[article.pk], limit=FIRST, **words
        )
        by_likeness.append(share(found, cited))
        shown = while_writing(article, body=without_references(article.body), **words)
        named = [one.target.pk for one in shown.mentions if one.kind == "article"]
        found = [*named, *(one.pk for one in shown.similar)]
        as_shown.append(share(found[:FIRST], cited))
    print(f"  references of {len(by_likeness)} articles among the first {FIRST}:", end=" ")
    print(f"by likeness {mean(by_likeness):.3f}, as shown to editors {mean(as_shown):.3f}")


def without_references(body):
    from lxml import html

    tree = html.fromstring(f"<div>{body}</div>")
    for link in tree.xpath("//a[@data-ref]"):
        link.drop_tag()
    return "".join(html.tostring(part, encoding="unicode") for part in tree)


def share(found, wanted):
    return len(wanted.intersection(found)) / len(wanted)


# Tags.


def tags(articles):
    try:
        from articles.tag_suggestions import suggest_tags
    except ImportError:
        print("  tags: nothing suggests any yet")
        return
    from articles.publishing import Words

    shares = []
    for article in articles:
        wanted = set(article.article_tags.values_list("tag", flat=True))
        if wanted:
            hidden = replace(Words.of(article.live_revision), tags=[])
            found = suggest_tags(hidden, limit=FIRST, exclude_article=article)
            shares.append(share([tag.pk for tag in found], wanted))
    print(f"  tags of {len(shares)} articles: recall at {FIRST} {mean(shares):.3f}")


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


if __name__ == "__main__":
    main()
