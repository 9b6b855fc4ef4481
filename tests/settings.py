"""The site's settings, made fast and closed off for tests.

TEST_DATABASE chooses the engine. Variables of the person who runs the tests don't count.
"""

import atexit
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

# The setting is new and deprecated at once: it only opts in to what Django 6 does anyway.
warnings.filterwarnings("ignore", message="The FORMS_URLFIELD_ASSUME_HTTPS")

TEST_DATABASE = os.environ.get("TEST_DATABASE") or "sqlite"
# One folder for a whole run: the processes that xdist starts inherit its name.
_folder = os.environ.get("TEST_FOLDER")
if not _folder:
    _folder = os.environ["TEST_FOLDER"] = tempfile.mkdtemp(prefix="tests-")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
TEST_FOLDER = Path(_folder)

for _name in (
    *("ALLOWED_HOSTS", "DATABASE_URL", "DEBUG", "EMAIL_FROM", "EMAIL_URL"),
    *("MEDIA_ROOT", "STATIC_ROOT", "TIME_ZONE"),
):
    os.environ.pop(_name, None)
os.environ["DATA_DIR"] = str(TEST_FOLDER)
os.environ["SECRET_KEY"] = "tests only: a fixed key that no real site may ever use"
os.environ["SITE_URL"] = "http://testserver"

if TEST_DATABASE == "postgresql":
    from tests import postgres

    # The server itself is started by conftest.py; here it only gets its place.
    if "TEST_POSTGRES_FOLDER" not in os.environ:
        os.environ["TEST_POSTGRES_FOLDER"] = str(postgres.new_folder())
    _socket = quote(os.environ["TEST_POSTGRES_FOLDER"], safe="")
    # Every database that is created begins as a copy of this one.
    os.environ["DATABASE_URL"] = f"postgresql://postgres@{_socket}/template1"
elif TEST_DATABASE != "sqlite":
    raise SystemExit(f"TEST_DATABASE must be sqlite or postgresql; it is {TEST_DATABASE!r}.")

from irb_site.settings import *  # noqa: E402, F403
from irb_site.settings import DATABASES, STORAGES  # noqa: E402

if TEST_DATABASE == "postgresql":
    # A pool runs threads of its own, which tests that stop the clock would hang.
    del DATABASES["default"]["OPTIONS"]["pool"]
else:
    # A file and not memory, so that tests meet the locks and journal of the real thing.
    # Nobody needs the data after a power cut, so nothing waits for the disk.
    DATABASES["default"]["OPTIONS"]["init_command"] += "; PRAGMA synchronous=OFF"
    DATABASES["default"]["TEST"] = {"NAME": str(TEST_FOLDER / "test.sqlite3")}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PAGE_STORE = TEST_FOLDER / f"pages-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
