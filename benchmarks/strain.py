"""What readers and editors do to a publication at once, and what hostile or slow clients do."""

import json
import random
import socket
import statistics
import threading
import time
from dataclasses import asdict, dataclass, field
from http.client import HTTPException
from importlib import import_module
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.urls import reverse
from load import Wrk

from articles.models import Article
from irb_site.web_server import allow_open_files

CSRF = "k" * 32
PATIENCE = 30
SETTLED_SECONDS = 2.5


class Editor:
    """Somebody who is signed in and saves and publishes articles by the form."""

    def __init__(self, server):
        self.server = server
        user, _is_new = get_user_model().objects.get_or_create(
            username="benchmark", defaults={"is_staff": True, "is_superuser": True}
        )
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        name = settings.SESSION_COOKIE_NAME
        self.headers = {
            "Cookie": f"{name}={session.session_key}; csrftoken={CSRF}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def save(self, article, standfirst, *, publish):
        """Changes the standfirst; returns the milliseconds until the answer."""
        words = {
            "title": article.title,
            "standfirst": standfirst,
            "body": article.body,
            "slug": article.slug,
            "language": article.language,
            "authors": _chosen(article.live_revision.bylines),
            "tags": _chosen(article.live_revision.tags),
            "_publish" if publish else "_save": "",
            "csrfmiddlewaretoken": CSRF,
        }
        path = reverse("admin:articles_article_change", args=[article.pk])
        started = time.perf_counter()
        status, body = self.server.post(path, urlencode(words), self.headers)
        if status != 302:
            raise RuntimeError(f"The form answered {status}: {body[:500]!r}")
        return (time.perf_counter() - started) * 1000


def _chosen(values):
    return json.dumps([{"value": value, "label": value} for value in values])


def _some_articles(count):
    articles = Article.objects.public().articles().select_related("live_revision")
    return list(articles.order_by("pk")[:count])


@dataclass
class Freshness:
    """What readers got right after an article had been published: how long it took the editor to
    be answered, and then the first reader who asked.
    """

    publishing_ms: list = field(default_factory=list)
    # What all processes used until the editor was answered, and for what they did later; only
    # where nobody else asked for anything.
    publishing_cpu_ms: list = field(default_factory=list)
    later_cpu_ms: list = field(default_factory=list)
    visible_ms: list = field(default_factory=list)
    stale: int = 0


def publish_and_look(editor, servers, times):
    """Publishes again and again; after each, one request to each server must get the new words."""
    found = Freshness()
    for number, article in enumerate(_some_articles(times)):
        before = editor.server.cpu_seconds()
        words = _publish(editor, article, found, number)
        found.publishing_cpu_ms.append(1000 * (editor.server.cpu_seconds() - before))
        _look(servers, article, words, found)
        looked = editor.server.cpu_seconds()
        # The worker looks for what is left to do every second.
        time.sleep(SETTLED_SECONDS)
        later = editor.server.cpu_seconds() - looked - SETTLED_SECONDS * editor.server.idle
        found.later_cpu_ms.append(1000 * later)
    return found


def summary(found):
    """What was found of freshness, by name."""
    # Each of them is counted in hundredths of a second, so that only their mean says something.
    used = {
        name: statistics.mean(getattr(found, name))
        for name in ("publishing_cpu_ms", "later_cpu_ms")
        if getattr(found, name)
    }
    return {
        "publications": len(found.publishing_ms),
        "looks": len(found.visible_ms),
        "stale": found.stale,
        "publishing_ms": statistics.median(found.publishing_ms or [0]),
        **used,
        "visible_ms": statistics.median(found.visible_ms or [0]),
        "visible_ms_worst": max(found.visible_ms, default=0),
    }


def _publish(editor, article, found, number):
    """Publishes an article with words like no others, and returns them."""
    words = f"marker{number}x{random.getrandbits(64)}"
    found.publishing_ms.append(editor.save(article, words, publish=True))
    return words


def _look(servers, article, words, found):
    for server in servers:
        started = time.perf_counter()
        _status, _headers, body = server.get(article.get_absolute_url())
        found.visible_ms.append((time.perf_counter() - started) * 1000)
        found.stale += words.encode() not in body


def _together(found):
    return Freshness(
        publishing_ms=[ms for each in found for ms in each.publishing_ms],
        visible_ms=[ms for each in found for ms in each.visible_ms],
        stale=sum(each.stale for each in found),
    )


def mixed(servers, paths, seconds, *, editors=2):
    """Readers at full speed on some servers while editors save and publish; returns a report."""
    behind = servers[0]
    found = [Freshness() for _editor in range(editors)]
    articles = _some_articles(5 * editors)
    desks = [Editor(behind) for _editor in range(editors)]
    failed = []

    def work(number):
        editor = desks[number]
        own = articles[number::editors]
        turn = 0
        while time.monotonic() < end:
            turn += 1
            article = own[turn % len(own)]
            try:
                editor.save(article, f"a draft {turn}", publish=False)
                words = _publish(editor, article, found[number], turn)
                _look(servers, article, words, found[number])
            except (OSError, HTTPException, RuntimeError) as error:
                failed.append(repr(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(editors)]
    readers = [Wrk(server, paths, seconds) for server in servers]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    memory = []
    while time.monotonic() < end:
        memory.append(behind.memory() / 1e6)
        time.sleep(2)
    for thread in threads:
        thread.join()
    samples = [reader.wait() for reader in readers]
    third = max(1, len(memory) // 3)
    return {
        "seconds": seconds,
        "readers": {
            server.name: asdict(sample) for server, sample in zip(servers, samples, strict=True)
        },
        **summary(_together(found)),
        "editors_failed": len(failed),
        "first_failures": failed[:3],
        "memory_mb": memory,
        "memory_first_third_mb": statistics.mean(memory[:third]),
        "memory_last_third_mb": statistics.mean(memory[-third:]),
    }


def crowd(server, path, connections, seconds):
    """Whether readers are served while very many connections are open that do as they please.

    A third of them say nothing, a third write a request byte by byte, a third ask for pages and
    never read them.
    """
    allow_open_files(connections + 1024)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    idle, slow, deaf = [], [], []
    refused = 0
    for number in range(connections):
        try:
            peer = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        except OSError:
            refused += 1
            continue
        peer.setblocking(False)
        (idle, slow, deaf)[number % 3].append(peer)
    for peer in deaf:
        _send(peer, request * 50)
    times, failed = [], 0
    end, position = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for peer in slow:
            _send(peer, request[position % len(request) :][:1])
        position += 1
        started = time.perf_counter()
        try:
            failed += server.get(path, timeout=PATIENCE)[0] != 200
        except OSError:
            failed += 1
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(0.1)
    dropped = sum(_is_closed(peer) for peer in (*idle, *slow, *deaf))
    for peer in (*idle, *slow, *deaf):
        peer.close()
    return {
        "connections": connections,
        "refused": refused,
        "closed_by_server": dropped,
        "requests": len(times),
        "failed": failed,
        "median_ms": statistics.median(times),
        "worst_ms": max(times),
    }


def _send(peer, content):
    try:
        peer.send(content)
    except OSError:
        # Full, or closed by the server, as it may be.
        pass


def _is_closed(peer):
    try:
        return peer.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
