from django.core.management.base import BaseCommand

from articles import directory, references, similar, typesetting
from articles.management.progress import Progress


class Command(BaseCommand):
    help = (
        "Make everything that is derived from texts anew: what readers get of them, references,"
        " sections, the names by which things are found, and what articles are about. Needed"
        " after an update that says so, or after somebody wrote to the database past the"
        " publication. On a healthy database it changes nothing; editors and readers can go on"
        " meanwhile."
    )

    def handle(self, *, verbosity, **options):
        progress = Progress(self.stdout, verbosity)
        wrong = typesetting.rebuild(progress)
        self.stdout.write(f"{wrong} articles whose bodies weren't ready for readers.")
        wrong = references.rebuild(progress)
        self.stdout.write(f"{wrong} articles whose references or sections were wrong.")
        self.stdout.write(f"{directory.rebuild(progress)} names that were wrong.")
        entered, removed = similar.rebuild(progress)
        self.stdout.write(f"{entered + removed} articles whose subjects were wrong.")
