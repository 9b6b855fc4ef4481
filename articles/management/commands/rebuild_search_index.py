from django.core.management.base import BaseCommand

from articles import search
from articles.management.progress import Progress


class Command(BaseCommand):
    help = (
        "Index all public articles for the readers' search again, and take out what is not"
        " public. Needed after a restored backup or a new version that indexes differently."
        " Readers can go on searching meanwhile; running it again changes nothing."
    )

    def handle(self, *, verbosity, **options):
        done, removed = search.rebuild(Progress(self.stdout, verbosity))
        self.stdout.write(f"{done} articles indexed, {removed} removed.")
