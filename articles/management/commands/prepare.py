import hashlib
import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from articles import search
from articles.models import Article, Name
from authors.models import Author
from irb_site import statistics

EDITOR = "editor"
FINGERPRINT = ".fingerprint"


class Command(BaseCommand):
    help = (
        "Makes everything ready for `serve`: migrates the database, collects the static files,"
        " and fills an empty database with the demo publication and one editor's account."
        " Can be run at any time; what is there already stays as it is."
    )

    def handle(self, **options):
        try:
            self.migrate()
            self.derive_from_texts()
            self.collect_static_files()
            self.fill_empty_database()
        except OperationalError as error:
            raise CommandError(
                f"The database can't be used ({error}); see DATABASE_URL."
            ) from error
        except (PermissionError, NotADirectoryError) as error:
            raise CommandError(
                f"{error.filename} can't be written to ({error.strerror}); set DATA_DIR, MEDIA_ROOT"
                " and STATIC_ROOT to folders that can."
            ) from error

    def say(self, sentence):
        self.stdout.write(sentence)
        self.stdout.flush()

    def migrate(self):
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.say("Bringing the database up to date ...")
        # Also with nothing to migrate: an interrupted run may still owe the permissions.
        call_command("migrate", verbosity=0, interactive=False)
        statistics.refresh()

    def derive_from_texts(self):
        """Makes what an older version of the publication didn't derive from its texts, once."""
        if Article.objects.exists() and not Name.objects.exists():
            self.say("Looking through all articles for names and subjects ...")
            call_command("rebuild_references", stdout=self.stdout)
        if search.is_outdated():
            self.say("Indexing all articles for the readers' search ...")
            call_command("rebuild_search_index", stdout=self.stdout)

    def collect_static_files(self):
        path = settings.STATIC_ROOT / FINGERPRINT
        fingerprint = static_fingerprint()
        if path.exists() and path.read_text() == fingerprint:
            return
        self.say("Collecting the static files (half a minute the first time) ...")
        call_command("collectstatic", verbosity=0, interactive=False)
        path.write_text(fingerprint)

    def fill_empty_database(self):
        """Load the demo publication, once, and open its editor's account when it is complete.

        The account is made first, closed and without a password, and opened last: a closed
        account is how the next run knows that this one was interrupted.
        """
        users = get_user_model().objects
        if not (users.exists() or Article.objects.exists() or Author.objects.exists()):
            users.create_superuser(EDITOR, is_active=False)
        editor = users.filter(username=EDITOR, is_active=False, last_login=None).first()
        if editor is None or editor.has_usable_password():
            return
        self.say("Loading the demo publication ...")
        call_command("load_demo", stdout=self.stdout)
        password = secrets.token_urlsafe(12)
        editor.set_password(password)
        editor.is_active = True
        editor.save(update_fields=["password", "is_active"])
        self.say(
            "\nAn account for the editor was made. The password is shown this once:\n\n"
            f"    user name  {EDITOR}\n"
            f"    password   {password}\n\n"
            f"Forgotten? `.venv/bin/python manage.py changepassword {EDITOR}` sets a new one.\n"
        )


def static_fingerprint():
    """A value that changes when any static file does, found without reading the files."""
    digest = hashlib.sha256(settings.STATIC_URL.encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            digest.update(
                f"{name} {storage.size(name)} {storage.get_modified_time(name)}\n".encode()
            )
    return digest.hexdigest()
