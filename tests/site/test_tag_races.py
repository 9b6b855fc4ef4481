"""Tags are merged, split, renamed and retired, and all of it is taken back, while articles are
saved and published under them and readers look.

Each editor works in a thread, with a connection and so with transactions of his own; readers ask
a service in processes of its own. Whatever an editor has been told is done, readers are owed
until he begins to change it again.
"""

import http.client
import os
import random
import threading
from collections import Counter

from django.db import connection

from articles import directory, publishing, references, search
from articles.models import Article, Revision, Tag
from articles.publishing import PublishingError
from tests.articles.test_publishing import counts, recount
from tests.factories import change_draft, make_author, make_public
from tests.service import PATIENCE, Service

SOAK = os.environ.get("SOAK") == "1"
ROUNDS = int(os.environ.get("SOAK_TAG_ROUNDS") or 300) if SOAK else 6
READERS = 3
TAGS_OF_ARTICLES = (
    ["Oil", "Crude", "Ports"],
    ["Rail", "Rohöl"],
    ["Ports", "Energy", "Crude"],
    ["Crude", "Gas", "Oil", "Rail"],
    ["Oil"],
)


class Newsroom:
    """Editors at work, and what readers are owed meanwhile."""

    def __init__(self, service):
        self.service = service
        # Path → what its answer must fulfil; a new object whenever it is owed anew.
        self.owed = {}
        self.is_over = threading.Event()
        self.failures = []
        self.done = Counter()
        self.ada = make_author("Ada")
        for name in ("Crude", "Oil", "Energy", "Corn", "Grain", "Gas", "Rail"):
            make_public(f"Of {name} and ports", tags=[name, "Ports"], authors=[self.ada])
        self.zora = make_author("Zora")
        make_public("Of Zora", authors=[self.zora])
        publishing.save_tag(tag("Crude"), aliases=["Rohöl"])
        self.split = [
            make_public(f"Divided {name}", tags=["Wheat", name]) for name in ("Ports", "Oil")
        ]
        self.published = [
            make_public(f"Number 0 of {name}", slug=name, tags=["Oil"], authors=[self.ada])
            for name in ("ant", "bee")
        ]
        self.saved = make_public("Saved", tags=["Oil"])
        self.titles = []

    def run(self):
        editors = [
            lambda: self.merge("Crude", "Oil", "Energy"),
            lambda: self.merge("Oil", "Energy"),
            lambda: self.merge("Corn", "Grain"),
            self.divide,
            self.rename,
            self.retire,
            self.merge_authors,
            *(lambda article=article: self.publish(article) for article in self.published),
            lambda: self.save("here"),
            lambda: self.save("there"),
        ]
        threads = [threading.Thread(target=self.work, args=(editor,)) for editor in editors]
        readers = [threading.Thread(target=self.read, args=(n,)) for n in range(READERS)]
        for thread in (*readers, *threads):
            thread.start()
        for thread in threads:
            thread.join(10 * PATIENCE)
        self.is_over.set()
        for thread in readers:
            thread.join(PATIENCE)

    def work(self, editor):
        try:
            for _round in range(ROUNDS):
                if not self.failures:
                    editor()
        except BaseException as error:
            self.failures.append(error)
        finally:
            connection.close()

    def owe(self, promises):
        """From now on, until he takes it back, readers get what an editor was told is done."""
        self.owed |= promises
        self.done["acts"] += 1
        for path in promises:
            self.look(path)
        for path in promises:
            del self.owed[path]

    # Editors.

    def merge(self, one, into, *beyond):
        """beyond: what others may merge that into."""
        path = tag(one).get_absolute_url()
        with_ports = f"{path[:-1]}+ports/"
        try:
            change = publishing.merge_tag(tag(one), tag(into), by=None)
        except PublishingError:
            # The other one was merged at this moment; whoever sees that does it again.
            self.done["refused"] += 1
            self.merge(one, into, *beyond)
            return
        # In lower case, names are addresses, and each stands before “ports”.
        goals = [f"/tags/{name.lower()}" for name in (into, *beyond)]
        shown = shows(f"Of {one} and ports")
        self.owe(
            {
                path: leads_to(*(f"{goal}/" for goal in goals)),
                f"{path}feed/": leads_to(*(f"{goal}/feed/" for goal in goals)),
                with_ports: leads_to(*(f"{goal}+ports/" for goal in goals)),
            }
            | ({} if beyond else {f"{goals[0]}/": shown, f"{goals[0]}+ports/": shown})
        )
        publishing.undo_change(change, by=None)
        hidden = lacks(f"Of {one} and ports")
        self.owe(
            {path: shown, f"{path}feed/": shown, with_ports: shown}
            | ({} if beyond else {f"{goals[0]}/": hidden, f"{goals[0]}+ports/": hidden})
        )

    def divide(self):
        change = publishing.split_tag(tag("Wheat"), self.split, "Barley", by=None)
        both, none = shows("Divided Ports", "Divided Oil"), lacks("Divided")
        self.owe({"/tags/barley/": both, "/tags/wheat/": none})
        publishing.undo_retagging(change, by=None)
        self.owe({"/tags/wheat/": both, "/tags/barley/": none})

    def rename(self):
        rail = tag("Rail")
        rail.name, rail.slug, rail.description = "Railways", "railways", "By Tabriz."
        publishing.save_tag(rail)
        self.owe({"/tags/rail/": leads_to("/tags/railways/"), "/tags/railways/": shows("Tabriz")})
        rail.name, rail.slug, rail.description = "Rail", "rail", "By Rasht."
        publishing.save_tag(rail)
        self.owe({"/tags/railways/": leads_to("/tags/rail/"), "/tags/rail/": shows("By Rasht.")})

    def retire(self):
        gas = publishing.retire_tag(tag("Gas"), by=None)
        gas.description = f"Retired {self.done['acts']} times."
        publishing.save_tag(gas)
        self.owe({"/tags/gas/": shows(gas.description)})
        change = tag("Gas").changes.filter(undone_at=None).first()
        publishing.undo_change(change, by=None)
        self.owe({"/tags/gas/": lacks(gas.description)})
        publishing.retire_tag(tag("Gas"), by=None, back=True)

    def merge_authors(self):
        publishing.merge_author(self.zora, self.ada, by=None)
        shown, hidden = shows("Of Zora"), lacks("Of Zora")
        self.owe(
            {
                "/authors/zora/": leads_to("/authors/ada/"),
                "/authors/zora/feed/": leads_to("/authors/ada/feed/"),
                "/authors/ada/": shown,
                "/authors/ada/feed/": shown,
                "/articles/of-zora/": lacks("/authors/zora/"),
            }
        )
        publishing.unmerge_author(self.zora, by=None)
        self.owe(
            {
                "/authors/zora/": shown,
                "/authors/zora/feed/": shown,
                "/authors/ada/": hidden,
                "/articles/of-zora/": shows("/authors/zora/"),
            }
        )

    def publish(self, article):
        number = Article.objects.get(pk=article.pk).live_revision.number
        title = f"Number {number} of {article.slug}"
        tags = TAGS_OF_ARTICLES[number % len(TAGS_OF_ARTICLES)]
        bylines = [[self.ada], [self.zora], [self.zora, self.ada]][number % 3]
        change_draft(article, title=title, tags=tags, bylines=[one.uid for one in bylines])
        publishing.publish(article, by=None)
        listed = shows if "Ports" in tags else lacks
        self.owe(
            {
                f"/articles/{article.slug}/": shows(title),
                f"/tags/ports/?of={article.slug}": listed(f"of {article.slug}"),
                f"/search/?q={article.slug}": shows(f"Number {number} of"),
            }
        )

    def save(self, where):
        title = f"Saved {where} {self.done['saves']} {random.random()}"
        change_draft(self.saved, title=title)
        self.titles.append(title)

    # Readers.

    def read(self, seed):
        chance = random.Random(seed)
        try:
            while not self.is_over.is_set():
                self.look(chance.choice([*self.owed, "/tags/ports/", "/search/?q=rohol", "/tags/"]))
        except BaseException as error:
            self.failures.append(error)

    def look(self, path):
        promise = self.owed.get(path, answers)
        answer = self.ask(path)
        if self.owed.get(path, answers) is promise:
            self.done["reads"] += promise is not answers
            assert promise(*answer), (path, promise.__qualname__, answer)

    def ask(self, path):
        peer = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=PATIENCE)
        try:
            peer.request("GET", path)
            answer = peer.getresponse()
            return answer.status, answer.headers["Location"], answer.read().decode()
        finally:
            peer.close()


def tag(name):
    return Tag.objects.select_related("merged_into").get(aliases__name=name)


def deadlocks():
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


# What an answer must fulfil: its status, where it leads, its text.


def answers(status, location, text):
    return status in (200, 301)


def leads_to(*paths):
    return lambda status, location, text: status == 301 and location in paths


def shows(*words):
    return lambda status, location, text: status == 200 and all(one in text for one in words)


def lacks(*words):
    return lambda status, location, text: status == 200 and not any(one in text for one in words)


def test_tags_change_while_articles_are_saved_and_published_and_read(
    transactional_db, tmp_path, settings, record_property
):
    settings.PAGE_STORE = tmp_path / "pages"
    service = Service(tmp_path)
    try:
        service.wait_until_it_answers()
        newsroom = Newsroom(service)
        newsroom.run()
    finally:
        service.clean_up()

    assert newsroom.failures == []
    # No update is lost.
    saved = Revision.objects.filter(article=newsroom.saved).values_list("title", flat=True)
    assert set(newsroom.titles) <= set(saved)
    assert len(newsroom.titles) == 2 * ROUNDS
    for article in newsroom.published:
        assert article.revisions.count() == 1 + ROUNDS
    for article in Article.objects.public().select_related("live_revision"):
        carried = article.article_tags.select_related("tag").order_by("position")
        named = [tag(name) for name in article.live_revision.tags]
        assert [row.tag for row in carried] == named
    # Everything was taken back, and what is derived says what the texts say.
    assert not Tag.objects.filter(merged_into__isnull=False).exists()
    assert not Tag.objects.filter(is_retired=True).exists()
    assert counts() == recount()
    assert references.rebuild() == directory.rebuild() == 0
    assert search.rebuild() == (Article.objects.public().articles().count(), 0)
    if connection.vendor == "postgresql":
        newsroom.done["deadlocks that were resolved"] = deadlocks()
    for name, number in newsroom.done.items():
        record_property(f"number of {name} in the race of tags", number)
