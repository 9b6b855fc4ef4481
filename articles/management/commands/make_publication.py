"""Makes up a publication to try things out with. The work is done in articles.making."""

import time

from django.core.management.base import BaseCommand, CommandError

from articles import making
from articles.publishing import PublishingError


class Command(BaseCommand):
    help = (
        "Makes up a publication of a given size, quickly, for trying out and measuring: articles"
        " in English and German with sections, cross-references, tags, authors and series. Only"
        " in a database without articles; an interrupted run leaves nothing behind."
    )

    def add_arguments(self, parser):
        parser.add_argument("--articles", type=int, required=True, metavar="N")
        parser.add_argument("--words", type=int, default=1000, help="of each article")
        parser.add_argument("--tags", type=int, default=300)
        parser.add_argument("--authors", type=int, default=50)
        parser.add_argument("--pictures", type=int, default=0, help="shown by many articles each")
        parser.add_argument("--seed", type=int, default=1, help="the same one makes the same texts")
        parser.add_argument(
            "--processes", type=int, default=2, help="that write texts at the same time"
        )

    def handle(self, *, verbosity, **options):
        names = ("articles", "words", "tags", "authors", "pictures", "processes")
        least = dict.fromkeys(names, 1) | {"tags": 0, "authors": 0, "pictures": 0}
        for name in names:
            if options[name] < least[name]:
                raise CommandError(f"--{name} must be at least {least[name]}.")
        started = time.monotonic()

        def progress(done):
            self.stderr.write(f"{done} of {options['articles']} …", lambda line: line)

        try:
            plan = making.make(
                progress=progress if verbosity else None,
                **{name: options[name] for name in (*names, "seed")},
            )
        except PublishingError as refusal:
            raise CommandError(str(refusal)) from None
        making.tidy()
        self.stdout.write(
            f"{plan.articles} articles, {len(plan.tags)} tags, {len(plan.authors)} authors,"
            f" {plan.series} series, made in {time.monotonic() - started:.0f} s."
        )
