"""Measures one publication, as a process of it; started by serving.py. Prints a run as JSON."""

import json
import os
import signal
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace

import django
from load import Wrk
from publications import Publication
from reporting import BASELINES, medians, with_ratios
from servers import Server, all_of, keep_page

from irb_site.processes import end_with_parent

# How often something is published to see when readers see it.
PUBLICATIONS = 20
IDLE_SECONDS = 5
CONNECTIONS, CROWD_SECONDS = 2000, 15
# So many pages of a kind are looked at for their size.
SIZED = 40
_GZIP = {"Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Target:
    """A kind of page as one server sends it."""

    page: str
    server: Server
    paths: list
    headers: dict = field(default_factory=dict)
    is_compressed: bool = True

    def check(self):
        """Refuses to measure what isn't the answer that is meant."""
        status, headers, _body = self.server.get(self.paths[0], _GZIP | self.headers)
        is_as_meant = status == (304 if self.headers else 200)
        if status == 200 and self.is_compressed:
            is_as_meant = headers["Content-Encoding"] == "gzip"
        if not is_as_meant:
            raise SystemExit(f"{self.page} from {self.server.name}: {status}\n{headers}")

    def size(self):
        """How many bytes there are to read at its paths, in the mean of some."""
        paths = self.paths[:SIZED]
        return sum(len(self.server.get(path)[2]) for path in paths) / len(paths)


def main(task):
    django.setup()
    # These import models.
    import strain
    from targets import PAGES

    publication = Publication(task["keep"], task["database"], task["articles"])
    publication.environment = dict(os.environ)
    if task["server"]:
        publication.server = SimpleNamespace(pid=task["server"])
    pages = {page: page.paths() for page in PAGES}
    article = pages[PAGES[0]][0]
    with all_of(publication, task["port"]) as servers:
        keep_page(publication, servers, article)
        targets = [
            target
            for target in _targets(servers, pages, article)
            if task["only"] in target.page or target.server.name in BASELINES
        ]
        rows = _rows(targets, task["seconds"], task["rounds"])
        memory = {name: server.memory() / 1e6 for name, server in servers.items()}
        idle = {name: server.idle * 1000 for name, server in servers.items()}
        found = {}
        if task["strain"]:
            found = _strained(strain, servers, pages, article, task["strain"])
    return {
        "database": task["database"],
        "articles": task["articles"],
        "words": publication.options["words"],
        "rows": with_ratios(rows),
        "memory_mb": memory,
        "idle_cpu_ms_per_second": idle,
        "strain": found,
    }


def _targets(servers, pages, article):
    yield Target("article", servers["file"], ["/page"])
    for name in ("WSGI view", "Django view"):
        yield Target("article", servers[name], ["/"])
    (articles,) = (paths for page, paths in pages.items() if page.name == "article")
    yield Target("article", servers["ORM view"], articles, is_compressed=False)
    for name in ("nginx", "python"):
        server = servers[name]
        yield Target("article", server, [article])
        # Asked twice: the first time it is made.
        server.get(article, _GZIP)
        etag = server.get(article, _GZIP)[1]["ETag"]
        yield Target("article, not modified", server, [article], {"If-None-Match": etag})
        for page, paths in pages.items():
            if page.is_stored and page.name != "article":
                yield Target(page.name, server, paths)
    for page, paths in pages.items():
        yield Target(page.name, servers["uncached"], paths)


def _rows(targets, seconds, rounds):
    """The medians of all rounds, in each of which every target has its turn."""
    samples = {number: [] for number in range(len(targets))}
    for target in targets:
        target.check()
    for server in {target.server for target in targets}:
        server.learn_idle(IDLE_SECONDS)
    for done in range(rounds):
        for number, target in enumerate(targets):
            wrk = Wrk(target.server, target.paths, seconds, headers=target.headers)
            samples[number].append(wrk.wait())
        print(f"round {done + 1} of {rounds}", file=sys.stderr, flush=True)
    return [
        {"page": target.page, "server": target.server.name, "bytes": target.size()}
        | medians(samples[number])
        for number, target in enumerate(targets)
    ]


def _strained(strain, servers, pages, article, seconds):
    """Publishing, mixed load and a crowd of connections, by name."""
    readers = [servers["nginx"], servers["python"]]
    editor = strain.Editor(servers["nginx"])
    looks = strain.publish_and_look(editor, readers, PUBLICATIONS)
    paths = [path for page, found in pages.items() if page.is_stored for path in found]
    found = {
        "publish, then look": strain.summary(looks),
        "readers and editors": strain.mixed(readers, paths, seconds),
    }
    for server in readers:
        name = f"{CONNECTIONS} connections, {server.name}"
        found[name] = strain.crowd(server, article, CONNECTIONS, CROWD_SECONDS)
    return found


def _end(*_signal):
    # As an exception, so that what was started is stopped.
    sys.exit("Stopped.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    end_with_parent(int(sys.argv[2]))
    print(json.dumps(main(json.loads(sys.argv[1]))))
