"""Nobody gets a page that is older than what had been published, or seen, when he asked.

A process publishes without pause and says so each time the verb has returned. Readers note what
has been said and what any of them has seen, ask, and look at what they get: through several
processes, with nginx in front and without, whole pages and “not modified”, stored and made for
them, and while the publisher is killed in the middle.
"""

import gzip
import http.client
import os
import random
import re
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from irb_site.environment import PROJECT
from tests import nginx
from tests.factories import make_author, make_public
from tests.service import PATIENCE, Service, free_port, wait_for

SOAK = os.environ.get("SOAK") == "1"
PUBLICATIONS = int(os.environ.get("SOAK_PUBLICATIONS") or 2000) if SOAK else 60
READERS = 4
# In the article's title, so on its own page and on every list.
NUMBER = re.compile(r"Number (\d+) of the sea")
PATHS = (
    "/",
    "/articles/",
    "/articles/sea/",
    # Never stored.
    "/articles/sea/?x=1",
    "/tags/water/",
    "/authors/ada/",
    "/feed/",
    "/tags/water/feed/json/",
)

# Publishes the article again and again, and says the number after the verb has returned.
PUBLISHER = """
import sys, time
import django
django.setup()
from dataclasses import replace
from articles import publishing
from articles.models import Article
from articles.publishing import Words
article = Article.objects.get(slug="sea")
number = int(sys.argv[1])
for line in sys.stdin:
    number += 1
    words = replace(Words.of(article.latest_revision), title=f"Number {number} of the sea")
    article = publishing.save_draft(article, words, by=None).article
    publishing.publish(article, by=None)
    article = Article.objects.select_related("latest_revision").get(pk=article.pk)
    print(number, flush=True)
"""


class Race:
    def __init__(self, environment, port, host):
        self.environment, self.port, self.host = environment, port, host
        # The newest number whose publication has returned, or that somebody has seen.
        self.known = 0
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.reads = self.not_modified = 0
        self.failures = []

    def publish(self, count, *, kills, chance):
        """Has so many published, and kills the publisher so often in the middle."""
        moments = set(chance.sample(range(1, count), kills))
        process = self._publisher(0)
        try:
            for turn in range(count):
                process.stdin.write("\n")
                process.stdin.flush()
                if turn in moments:
                    time.sleep(chance.uniform(0, 0.03))
                    process.kill()
                    process.communicate()
                    process = self._publisher(self.known + 1)
                else:
                    self.learn(int(process.stdout.readline()))
                time.sleep(chance.choice([0, 0, 0.01, 0.05]))
        finally:
            process.kill()
            process.communicate()

    def learn(self, number):
        with self.lock:
            self.known = max(self.known, number)

    def _publisher(self, number):
        return subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(number)],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, chance):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            # Path and coding → the validator of what this reader has, and the number on it.
            had = {}
            while not self.is_over.is_set():
                path = chance.choice(PATHS)
                headers = {"Host": self.host}
                if chance.random() < 0.7:
                    headers["Accept-Encoding"] = "gzip"
                key = (path, headers.get("Accept-Encoding"))
                if key in had and chance.random() < 0.5:
                    headers["If-None-Match"] = had[key][0]
                due = self.known
                peer.request("GET", path, headers=headers)
                answer = peer.getresponse()
                body = answer.read()
                if answer.status == 304:
                    self.not_modified += 1
                    number = had[key][1]
                else:
                    assert answer.status == 200, (path, answer.status)
                    if answer.headers["Content-Encoding"] == "gzip":
                        body = gzip.decompress(body)
                    number = max(map(int, NUMBER.findall(body.decode())))
                    if answer.headers["ETag"]:
                        had[key] = answer.headers["ETag"], number
                self.learn(number)
                self.reads += 1
                assert number >= due, (path, f"{number} though {due} was out", dict(answer.headers))
        except BaseException as error:
            self.failures.append(error)
            self.is_over.set()
        finally:
            peer.close()


@pytest.mark.parametrize("in_front", ["nothing", "nginx"])
def test_nobody_gets_an_older_page(transactional_db, tmp_path, settings, record_property, in_front):
    if in_front == "nginx":
        nginx.program()
    make_public("Number 0 of the sea", slug="sea", authors=[make_author("Ada")], tags=["Water"])
    chance = random.Random(5)
    with ExitStack() as stack:
        port = free_port()
        public_port = free_port() if in_front == "nginx" else port
        settings.PAGE_STORE = tmp_path / "pages"
        settings.SITE_URL = f"http://127.0.0.1:{public_port}"
        service = Service(tmp_path, port=port, SITE_URL=settings.SITE_URL)
        stack.callback(service.clean_up)
        service.wait_until_it_answers()
        if in_front == "nginx":
            include = nginx.include_for(f"http://127.0.0.1:{port}")
            stack.enter_context(nginx.running(tmp_path / "nginx", server=include, port=public_port))
        race = Race(service.environment, public_port, f"127.0.0.1:{public_port}")
        readers = [
            threading.Thread(target=race.read, args=(random.Random(number),), daemon=True)
            for number in range(READERS)
        ]
        for reader in readers:
            reader.start()
        try:
            race.publish(PUBLICATIONS, kills=PUBLICATIONS // 30, chance=chance)
            # Those who have a page already ask for it, too, even where all of it takes long.
            wait_for(lambda: race.not_modified or race.failures, "an answer without a page")
        finally:
            race.is_over.set()
        for reader in readers:
            reader.join(PATIENCE)

    assert race.failures == []
    record_property("number of publications raced with", PUBLICATIONS)
    record_property("number of pages read meanwhile", race.reads)
