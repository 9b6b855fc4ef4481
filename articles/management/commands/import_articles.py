"""Brings articles in from files. The work is done in articles.importing."""

from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from articles.importing import readers
from articles.importing.loading import load
from irb_site import statistics

# How many articles go by between two lines about the progress.
STEP = 50


class Command(BaseCommand):
    help = (
        "Imports articles from Markdown files or folders, WordPress exports (.xml) and saved"
        " article pages (.txt). May be repeated: what is here and unchanged is left alone, and"
        " what an editor has changed is never overwritten."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder")
        parser.add_argument("--by", metavar="USER", help="log-in name of who answers for it")
        parser.add_argument("--draft", action="store_true", help="publish nothing")
        parser.add_argument("--dry-run", action="store_true", help="only report what would be done")

    def handle(self, *, paths, by, draft, dry_run, verbosity, **options):
        user = self._user(by, draft=draft) if by else None
        now = timezone.now()
        documents = (item for path in paths for item in readers.read(Path(path), now=now))
        try:
            report = load(
                documents,
                by=user,
                draft=draft,
                dry_run=dry_run,
                progress=self._progress if verbosity else None,
            )
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. What has been imported so far stays; run the same again for the rest."
                if not dry_run
                else "Interrupted. Nothing has been changed.",
                returncode=130,
            ) from None
        self._print(report, verbosity=verbosity)
        statistics.refresh()
        if dry_run:
            self.stdout.write("This was a dry run: nothing has been changed.")
        if report.failed:
            raise CommandError(f"{len(report.failed)} failed; see the report.")

    def _user(self, name, *, draft):
        user = get_user_model().objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user “{name}”.")
        rights = ["add_article", "change_article", *([] if draft else ["publish_article"])]
        if not user.has_perms([f"articles.{right}" for right in rights]):
            raise CommandError(
                f"“{name}” may not write {'articles' if draft else 'and publish articles'}."
            )
        return user

    def _progress(self, done, total):
        if done % STEP == 0 and done < total:
            self.stderr.write(f"{done} of {total} …", lambda line: line)

    def _print(self, report, *, verbosity):
        listed = ["created", "updated", "unchanged"][: (0, 2, 3, 3)[verbosity]]
        for word in listed:
            for label in getattr(report, word):
                self.stdout.write(f"{word}: {label}")
        if verbosity:
            for note in report.notes:
                self.stdout.write(f"note: {note.where}: {note.why}")
        for problem in report.failed:
            self.stdout.write(f"failed: {problem.where}: {problem.why}")
        self.stdout.write(
            f"{len(report.created)} created, {len(report.updated)} updated,"
            f" {len(report.unchanged)} unchanged, {len(report.failed)} failed;"
            f" new with them: {report.authors} authors, {report.tags} tags,"
            f" {report.pictures} pictures."
        )
