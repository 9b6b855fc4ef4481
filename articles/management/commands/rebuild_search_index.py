from django.core.management.base import BaseCommand

from articles import search


class Command(BaseCommand):
    help = (
        "Index all public articles for the readers' search again, and take out what is not"
        " public. Needed after a restored backup or a new version that indexes differently."
        " Readers can go on searching meanwhile; running it again changes nothing."
    )

    def handle(self, *, verbosity, **options):
        def progress(done):
            self.stdout.write(f"{done} articles …")

        done, removed = search.rebuild(progress if verbosity > 1 else None)
        self.stdout.write(f"{done} articles indexed, {removed} removed.")
