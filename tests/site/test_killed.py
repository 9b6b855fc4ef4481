"""A server that is killed in the middle of saves and publishes, and started again.

`make test` does so a few times, `make soak` SOAK_KILLS times (200) on each database.
"""

import http.client
import os
import random
import sys
import threading
import time
from importlib import import_module
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.urls import reverse

from articles import search
from articles.models import Article, Reference
from articles.rendering import structure
from tests.articles.test_crash import dump
from tests.factories import cite, make_author, make_public
from tests.service import PATIENCE, Service, kill, wait_for

SEED = 4
CSRF = "k" * 32


@pytest.fixture
def killed(transactional_db, tmp_path, editor, record_property):
    def run(rounds):
        desk = Desk(editor)
        for number in range(rounds):
            service = Service(tmp_path)
            try:
                service.wait_until_it_answers()
                desk.work_until(service, random.Random(SEED + number))
            finally:
                service.clean_up()
            desk.check()
        desk.check_what_is_derived()
        record_property("number of kills", rounds)
        record_property("number of acknowledged saves", desk.saves)
        record_property("number of acknowledged publications", desk.publications)

    return run


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a lost parent")
def test_killed_server_loses_nothing_acknowledged(killed):
    killed(2)


@pytest.mark.soak
def test_killed_server_loses_nothing_acknowledged_however_often(killed):
    killed(int(os.environ.get("SOAK_KILLS") or 200))


class Desk:
    """Editors who save and publish without pause, and remember what they were told is saved."""

    def __init__(self, editor):
        self.cookies = f"{settings.SESSION_COOKIE_NAME}={_session_of(editor)}; csrftoken={CSRF}"
        self.author = make_author("Ada")
        self.target = make_public("Target")
        self.articles = [make_public(f"Piece {n}", slug=f"piece-{n}") for n in range(2)]
        # Article → the number of the newest words that were acknowledged as saved and as public.
        self.saved, self.public = {}, {}
        self.written = dict.fromkeys((article.pk for article in self.articles), 0)
        self.saves = self.publications = 0

    def work_until(self, service, chance):
        """Writes from two threads, and kills everything a moment after something was published."""
        published_before = self.publications
        threads = [
            threading.Thread(target=self._write, args=(service, article))
            for article in self.articles
        ]
        for thread in threads:
            thread.start()
        wait_for(lambda: self.publications > published_before, "a publication")
        time.sleep(chance.uniform(0, 0.8))
        victims = list(service.family)
        # The supervisor or the web server first: either may be what the machine kills.
        chance.shuffle(victims)
        kill(victims)
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _write(self, service, article):
        try:
            while True:
                self.written[article.pk] += 1
                number = self.written[article.pk]
                is_publication = number % 2 == 0
                self._post(service, article, number, is_publication)
                self.saved[article.pk] = number
                self.saves += 1
                if is_publication:
                    self.public[article.pk] = number
                    self.publications += 1
        except (OSError, http.client.HTTPException):
            # Killed: what was under way is saved or not, but never by halves.
            pass

    def _post(self, service, article, number, is_publication):
        words = {
            "title": f"Piece {article.pk} number {number}",
            "standfirst": f"standfirst{number}",
            "body": f"<h2>Part</h2><p>Word{number} {cite(self.target)}.</p>",
            "authors": f'[{{"value": "{self.author.uid}", "label": "Ada"}}]' * (number % 4 < 2),
            "tags": f'[{{"value": "Tag {number % 3}", "label": "Tag"}}]',
            "slug": f"piece-{article.pk}",
            "language": "en",
            "_publish" if is_publication else "_save": "",
            "csrfmiddlewaretoken": CSRF,
        }
        path = reverse("admin:articles_article_change", args=[article.pk])
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        peer = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE)
        try:
            peer.request("POST", path, urlencode(words), headers)
            answer = peer.getresponse()
            body = answer.read()
        finally:
            peer.close()
        assert answer.status == 302, (answer.status, body[:2000])

    def check(self):
        """Everything acknowledged is there, and what readers see is all of one version."""
        for article in Article.objects.filter(pk__in=self.written):
            draft = _number(article.latest_revision.title)
            shown = _number(article.title)
            assert draft >= self.saved.get(article.pk, 0)
            assert shown >= self.public.get(article.pk, 0)
            assert max(draft, shown) <= self.written[article.pk]
            live = article.live_revision
            for name in ("title", "standfirst", "body", "related", "relations", "lead_image_id"):
                assert getattr(article, name) == getattr(live, name), name
            bylines = list(article.bylines.values_list("author__uid", flat=True))
            assert bylines == live.bylines
            assert [tag.name for tag in article.tags.all()] == live.tags
            rows = Reference.objects.filter(source=article, set="live", kind="inline")
            assert rows.count() == len(structure(article.body).references)
            if shown:
                assert article.pk in search.find(f"standfirst{shown}").ids

    def check_what_is_derived(self):
        """To make anew what is derived from the texts changes nothing."""
        before = dump()
        call_command("rebuild_references", verbosity=0)
        assert dump() == before


def _number(title):
    before, _blank, number = title.rpartition(" number ")
    return int(number) if before else 0


def _session_of(user):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key
