"""Brings articles in from files. The work is done in articles.importing."""

import sys
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from articles.importing import readers
from articles.importing.loading import load

EVERY = 50


class Command(BaseCommand):
    help = (
        "Imports articles from Markdown files or folders, WordPress exports (.xml) and saved article"
        " pages (.txt). May be repeated: what is here and unchanged is left alone, and what an"
        " editor has changed is never overwritten."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder")
        parser.add_argument("--by", metavar="USER", help="log-in name of who answers for it")
        parser.add_argument("--draft", action="store_true", help="publish nothing")
        parser.add_argument(
            "--dry-run", action="store_true", help="only report what would be done"
        )

    def handle(self, *, paths, by, draft, dry_run, verbosity, **options):
        user = self._user(by)
        now = timezone.now()
        documents = (item for path in paths for item in readers.read(Path(path), now=now))
        report = load(
            documents,
            by=user,
            draft=draft,
            dry_run=dry_run,
            progress=self._progress if verbosity else None,
        )
        self._print(report, verbosity=verbosity, dry_run=dry_run)
        if report.failed:
            raise CommandError(f"{len(report.failed)} failed; the rest has been imported.")

    def _user(self, name):
        if not name:
            return None
        user = get_user_model().objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user “{name}”.")
        return user

    def _progress(self, done, total):
        if done % EVERY == 0 and done < total:
            print(f"{done} of {total} …", file=sys.stderr)

    def _print(self, report, *, verbosity, dry_run):
        write = self.stdout.write
        if verbosity:
            for word in ("created", "updated"):
                for label in getattr(report, word):
                    write(f"{word}: {label}")
            for note in report.notes:
                write(f"note: {note.where}: {note.why}")
        for problem in report.failed:
            self.stderr.write(f"failed: {problem.where}: {problem.why}")
        if dry_run:
            write("This was a dry run: nothing has been changed.")
        write(
            f"{len(report.created)} created, {len(report.updated)} updated,"
            f" {len(report.unchanged)} unchanged, {len(report.failed)} failed;"
            f" new with them: {report.authors} authors, {report.tags} tags,"
            f" {report.pictures} pictures."
        )
