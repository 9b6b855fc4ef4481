"""What is measured, as processes of their own on 127.0.0.1; nothing needs rights or is installed.

A Server knows its address, what its processes have used of the processor, and their memory.
"""

import gzip
import http.client
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil
from publications import ROOT

from irb_site.processes import end_with_parent
from tests import nginx

HERE = Path(__file__).resolve().parent
_BARE = {
    "WSGI view": "bare:wsgi",
    "Django view": "bare:django",
    "ORM view": "bare_orm:application",
}
PATIENCE = 60


class Server:
    """Something that answers at a port, with every process that has a part in it."""

    def __init__(self, name, port, *pids):
        self.name, self.port = name, port
        self.roots = [psutil.Process(pid) for pid in pids]
        # Processor's time in each second.
        self.idle = 0

    @property
    def processes(self):
        return [each for root in self.roots for each in (root, *root.children(recursive=True))]

    def cpu_seconds(self):
        """What all of it has used so far: user and system."""
        total = 0
        for process in self.processes:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def learn_idle(self, seconds):
        """Learns what it uses in a second when nobody asks for anything."""
        before = self.cpu_seconds()
        time.sleep(seconds)
        self.idle = (self.cpu_seconds() - before) / seconds

    def memory(self):
        """Bytes, what processes share counted once (PSS)."""
        total = 0
        for process in self.processes:
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total

    def get(self, path, headers=None, timeout=PATIENCE):
        """(status, headers, body) over a connection of its own."""
        return self._ask("GET", path, None, headers or {}, timeout)

    def post(self, path, content, headers):
        status, _headers, body = self._ask("POST", path, content, headers, PATIENCE)
        return status, body

    def _ask(self, method, path, content, headers, timeout):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            peer.request(method, path, content, headers)
            answer = peer.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            peer.close()


@contextmanager
def _running(command, *, log, cwd=ROOT, env=None):
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)), cwd=cwd, env=env, stdout=output, stderr=output,
            preexec_fn=partial(end_with_parent, os.getpid()),
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(server, path, process, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if server.get(path)[0] == 200:
                return server
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{server.name} doesn't answer:\n{log.read_text(errors='replace')[-2000:]}")


@contextmanager
def all_of(publication, port):
    """Everything that is measured, by name, on this port and those after it.

    "python" and "nginx" keep pages, "uncached" doesn't. The others are what they are compared
    with: "file", "WSGI view" and "Django view" send one article's page, compressed beforehand;
    "ORM view" asks for an article and sends the body, and is all that a page made anew could be.
    """
    with ExitStack() as stack:
        folder = publication.folder
        servers = {
            "python": stack.enter_context(publication_server(publication, "python", port)),
            "uncached": stack.enter_context(
                publication_server(
                    publication, "uncached", port + 1,
                    PAGE_STORE_MB="0", PAGE_STORE=str(folder / "no-pages"),
                )
            ),
        }  # fmt: skip
        scratch = folder / "nginx"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        servers |= stack.enter_context(_nginx(publication, scratch, port + 2, servers["python"]))
        for place, (name, application) in enumerate(_BARE.items()):
            servers[name] = stack.enter_context(
                _bare(name, application, port + 4 + place, publication, scratch)
            )
        yield servers


def keep_page(publication, servers, path):
    """Lets what is only there to compare with send the page that stands at a path."""
    content = servers["uncached"].get(path)[2]
    plain = publication.folder / "nginx" / "plain"
    plain.mkdir(exist_ok=True)
    (plain / "page").write_bytes(content)
    (plain / "page.gz").write_bytes(gzip.compress(content, 6, mtime=0))


@contextmanager
def publication_server(publication, name, port, **settings):
    """The publication as it is run: `manage.py serve`."""
    log = publication.folder / f"{name}.log"
    command = [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", port]
    with _running(command, log=log, env=publication.environment | settings) as process:
        server = Server(name, port, process.pid, *_database(publication))
        yield _wait_for(server, "/healthz", process, log)


def _database(publication):
    return [publication.server.pid] if publication.server else []


_PLAIN_FILES = """
    sendfile on;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder}/plain;
        gzip_static on;
        default_type "text/html; charset=utf-8";
        location = /healthz {{ return 200 ""; }}
    }}
"""


@contextmanager
def _nginx(publication, folder, port, upstream):
    """nginx in front of the publication, by the generated include, and with plain files alone."""
    include = folder / "publication.conf"
    address = f"http://127.0.0.1:{upstream.port}"
    include.write_text(publication.manage("nginx_config", "--upstream", address))
    plain_files = _PLAIN_FILES.format(port=port + 1, folder=folder)
    with nginx.running(folder, server=f"include {include};", http=plain_files, port=port):
        pid = int((folder / "nginx.pid").read_text())
        roots = [root.pid for root in upstream.roots]
        yield {"nginx": Server("nginx", port, pid, *roots), "file": Server("file", port + 1, pid)}


@contextmanager
def _bare(name, application, port, publication, scratch):
    """A single view, under the same web server with as many processes and threads."""
    log = publication.folder / f"{application.replace(':', '-')}.log"
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1",
        "--port", port, "--workers", 2, "--blocking-threads", 2, "--http", 1, "--no-ws",
        "--log-level", "warning", application,
    ]  # fmt: skip
    environment = os.environ | {"BARE_PAGE": str(scratch / "plain" / "page.gz")}
    with _running(command, log=log, cwd=HERE, env=environment) as process:
        database = _database(publication) if name == "ORM view" else []
        yield _wait_for(Server(name, port, process.pid, *database), "/healthz", process, log)
