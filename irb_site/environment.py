"""Typed access to environment variables.

A value that cannot be used stops the start with a sentence that names the
variable, so that nobody has to read a traceback to find a typing error.
"""

import os
import re
import secrets
import zoneinfo
from dataclasses import dataclass
from email.utils import formataddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

PROJECT = Path(__file__).resolve().parent.parent
SHORTEST_KEY = 32
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
# An address to send from, alone or after a name, in what every mail server takes.
_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_SENDER = re.compile(rf"(?P<name>[^<>@\"\\]*)<(?P<named>{_ADDRESS})>|(?P<bare>{_ADDRESS})")


def text(name, default=""):
    return os.environ.get(name, "").strip() or default


def flag(name, default=False):
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no; it is {value!r}.")


def words(name):
    """A list given as words separated by commas or blanks."""
    return text(name).replace(",", " ").split()


def folder(name, default):
    """An absolute path. A relative one starts at the project, wherever a command is run."""
    return (PROJECT / text(name, str(default))).resolve()


def megabytes(name, default):
    """A size given in whole megabytes, in bytes."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) <= 7):
        raise ImproperlyConfigured(
            f"{name} must be a whole number of megabytes, 0 for none; it is {value!r}."
        )
    return int(value) * 1024 * 1024


def cache_control(name, default):
    """The value of a Cache-Control header for pages that are the same for everybody (RFC 9111)."""
    value = text(name, default)
    if not re.fullmatch(r"[\w=\-]+(, ?[\w=\-]+)*", value, re.ASCII):
        raise ImproperlyConfigured(
            f"{name} must be directives separated by commas, such as “{default}”; it is {value!r}."
        )
    return value


def time_zone(name, default):
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ImproperlyConfigured(
            f"{name} must be the name of a time zone, such as Europe/Berlin; it is {value!r}."
        ) from None
    return value


def site_url(name, default):
    """The public address of the site as browsers write it, without a trailing slash."""
    value = text(name, default)
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
        usable = parts.scheme in _DEFAULT_PORTS and parts.path in {"", "/"} and "@" not in value
        usable = usable and not (parts.query or parts.fragment)
        usable = usable and bool(":" in host or _HOST.fullmatch(host))
    except ValueError:
        usable = False
    if not usable:
        raise ImproperlyConfigured(
            f"{name} must be the address of the site's root, such as"
            f" https://www.example.org; it is {value!r}."
        )
    if ":" in host:
        host = f"[{host}]"
    if port in (None, _DEFAULT_PORTS[parts.scheme]):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{port}"


def database(name, *, default_path):
    """Django's database settings for a database URL, or for the embedded SQLite file."""
    value = text(name) or f"sqlite:///{default_path}"
    try:
        config = dj_database_url.parse(value)
    except (ValueError, KeyError):
        # The value itself isn't repeated here: it may hold a password.
        raise ImproperlyConfigured(
            f"{name} can't be read. Write it like postgresql://user:password@host:5432/name"
            " or sqlite:////path/to/file.sqlite3."
        ) from None
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        if config["NAME"] in {"", ":memory:"}:
            raise ImproperlyConfigured(
                f"{name} must name a file, which the site's processes share:"
                " sqlite:////path/to/file.sqlite3."
            )
        config["NAME"] = _in_existing_folder(name, PROJECT / config["NAME"])
        # Immediate: a transaction that reads first and writes later can't wait for its turn,
        # it fails. SQLite's own default for `synchronous` stays, since the next one would
        # lose what was just saved when the power fails.
        options.update(
            transaction_mode="IMMEDIATE", timeout=20, init_command="PRAGMA journal_mode=WAL"
        )
        # Opening the file anew would be the dearest part of a request.
        config["CONN_MAX_AGE"] = None
    elif config["ENGINE"] == "django.db.backends.postgresql":
        if not config["NAME"]:
            raise ImproperlyConfigured(f"{name} doesn't say which database: end it with /name.")
        config["ENGINE"] = "irb_site.postgresql"
        # For each process, which answers two requests at a time.
        options["pool"] = {"min_size": 1, "max_size": 4, "timeout": 10}
        # A server that takes connections and says nothing is given up as one that refuses them is.
        options.setdefault("connect_timeout", 3)
        # With prepare=no for poolers in between that give each query another connection.
        options["prepare_threshold"] = None if options.pop("prepare", "yes") == "no" else 0
    else:
        raise ImproperlyConfigured(
            f"{name} must name a PostgreSQL or SQLite database; it begins with"
            f" {value.partition(':')[0]!r}."
        )
    return config


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Whom Django hands mail to, in the order of its own settings."""

    backend: str = "django.core.mail.backends.smtp.EmailBackend"
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False


def mail_server(name):
    """The mail server of a URL; console: prints what would be sent.

    smtp: begins to encrypt before anything is sent (STARTTLS), but for this machine; a relay that
    can't is asked for by ?starttls=no, and gets no password then. smtps: is encrypted throughout.
    """
    value = text(name, "console:")
    if value in {"console:", "console://"}:
        return MailServer(backend="django.core.mail.backends.console.EmailBackend")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
        user = unquote(parts.username or "", errors="strict")
        password = unquote(parts.password or "", errors="strict")
        usable = parts.scheme in {"smtp", "smtps"} and parts.path in {"", "/"}
        usable = usable and not parts.fragment and bool(":" in host or _HOST.fullmatch(host))
        usable = usable and (user + password).isprintable() and bool(user) == bool(password)
    except ValueError:
        usable = False
    if not usable:
        # The value itself isn't repeated here: it may hold a password.
        raise ImproperlyConfigured(
            f"{name} can't be read. Write it like smtp://user:password@mail.example.org:587 or"
            " smtps://user:password@mail.example.org, with the signs / ? # % of a password"
            " percent-encoded; or console: to print mail instead of sending it."
        )
    is_here, is_ssl = host in LOOPBACK_HOSTS, parts.scheme == "smtps"
    answers = {"": not (is_here or is_ssl), "starttls=yes": True, "starttls=no": False}
    if parts.query not in answers or (is_ssl and parts.query):
        raise ImproperlyConfigured(
            f"{name} knows one option, ?starttls=yes or ?starttls=no, and that with smtp: only."
        )
    is_tls = answers[parts.query]
    if user and not (is_ssl or is_tls or is_here):
        raise ImproperlyConfigured(
            f"{name} would send its password in the open: leave out ?starttls=no."
        )
    default_port = 465 if is_ssl else 587 if is_tls or user else 25
    return MailServer(
        host=host,
        port=port or default_port,
        user=user,
        password=password,
        use_tls=is_tls,
        use_ssl=is_ssl,
    )


def mail_sender(name, *, site):
    """The address that mail comes from: newsroom@ and the host of the site, unless given."""
    host = urlsplit(site).hostname or ""
    has_name = "." in host and not host.replace(".", "").isdigit()
    value = text(name, f"newsroom@{host.removeprefix('www.') if has_name else 'localhost'}")
    sender = _SENDER.fullmatch(value)
    if not (sender and value.isprintable()):
        raise ImproperlyConfigured(
            f"{name} must be an address such as newsroom@example.org or"
            f" The Newsroom <newsroom@example.org>; it is {value!r}."
        )
    return formataddr(((sender["name"] or "").strip(), sender["named"] or sender["bare"]))


def secret_key(name, *, keep_in):
    """The secret key: from the environment, or made once and kept in a file.

    keep_in is the file to keep it in, or None where a key must be given: several
    machines have to agree on it, so a server database means a key of your own.
    """
    value = text(name)
    if value:
        if len(value) < SHORTEST_KEY:
            raise ImproperlyConfigured(
                f"{name} is too short: use at least {SHORTEST_KEY} random characters."
            )
        return value
    if keep_in is None:
        raise ImproperlyConfigured(
            f"{name} is not set. With a database server it must be: 50 random characters,"
            " the same on every machine."
        )
    path = Path(keep_in)
    try:
        if not path.exists():
            _write_once(_in_existing_folder(name, path), secrets.token_urlsafe(48))
        value = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "it isn't text")
        raise ImproperlyConfigured(
            f"{name} is not set and can't be kept in {path} ({reason})."
            " Set DATA_DIR to a folder that can be written to."
        ) from None
    if len(value) < SHORTEST_KEY:
        raise ImproperlyConfigured(
            f"{name} is not set and the key kept in {path} is damaged: delete that file to get"
            " a new key, which signs everybody out."
        )
    return value


def _write_once(path, content):
    """Write a private file whole or not at all, and never over another process's file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _in_existing_folder(name, path):
    """The path, once its folder is there: private, since drafts and accounts are in it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} needs the folder {path.parent}, which can't be made ({error.strerror})."
            " Set DATA_DIR to a folder that can be written to."
        ) from None
    return path
