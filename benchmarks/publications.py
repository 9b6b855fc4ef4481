"""Made-up publications in databases of their own, kept in a folder so that each is made once."""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")
# Where publications stay.
KEPT = Path(tempfile.gettempdir()) / "publications"
_SECRET_KEY = "benchmarks only: a fixed key that no real site may ever use"
sys.path.insert(0, str(ROOT))

from tests import postgres  # noqa: E402  (the project isn't installed)


class Publication:
    """A publication of a size on a database: where it is, and how its processes find it.

    environment: for processes of the publication, while `running`. server: PostgreSQL's process.
    """

    def __init__(self, folder, database, articles, *, words=1000, seed=1):
        self.database, self.articles = database, articles
        self.options = {"articles": articles, "words": words, "seed": seed}
        name = "-".join(map(str, (database, articles, words, seed)))
        self.folder = Path(folder).resolve() / name
        self.server = None
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("ALLOWED_HOSTS", "DATABASE_URL", "DEBUG", "PAGE_STORE", "PAGE_STORE_MB")
        } | {
            "DJANGO_SETTINGS_MODULE": "irb_site.settings",
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.folder),
            "SECRET_KEY": _SECRET_KEY,
            "SITE_URL": "http://localhost",
        }

    def __str__(self):
        return f"{self.database}, {self.articles:,} articles"

    @contextmanager
    def running(self):
        """Its database, with everything in it: made the first time, brought up to date later."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.database == "sqlite":
            self._prepare()
            yield self
            return
        place = self.folder / "pg"
        place.mkdir(exist_ok=True)
        self.environment["DATABASE_URL"] = (
            f"postgresql://postgres@{quote(str(place), safe='')}/postgres"
        )
        with postgres.running(place, is_kept=True) as self.server:
            self._prepare()
            yield self

    def manage(self, *arguments, **options):
        """Runs a management command in a process of its own; returns what it printed."""
        command = [sys.executable, "manage.py", *map(str, arguments)]
        result = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True,
            **options,
        )  # fmt: skip
        return result.stdout

    def _prepare(self):
        self.manage("migrate", "--verbosity", 0)
        is_made = self.folder / "made"
        if not is_made.exists():
            print(f"Making {self} in {self.folder} …", file=sys.stderr, flush=True)
            options = [f"--{name}={value}" for name, value in self.options.items()]
            is_made.write_text(self.manage("make_publication", *options))
        # What an older version didn't derive, and the static files.
        self.manage("prepare")
