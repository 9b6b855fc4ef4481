"""Tags that combine: one address for each set, counts that are kept, and no way into nothing."""

import random
import re
from datetime import UTC, datetime, timedelta
from itertools import permutations
from urllib.parse import quote, unquote

import pytest
from django.urls import reverse

from articles import combinations, page_server, publishing
from articles.models import Article, Tag
from articles.page_server import PageServer
from articles.paging import PER_PAGE
from articles.site import one_request
from tests import html
from tests.factories import make_author, make_image, make_public
from tests.wsgi import ask

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
NAMES = ("Oil", "Ports", "Rail", "Wheat", "Каспий", "نفت")


def published(*sets):
    """A public article for each set of tags, a day after the one before."""
    return [
        make_public(f"About {number}", tags=list(tags), at=START + timedelta(number))
        for number, tags in enumerate(sets)
    ]


@pytest.fixture(scope="module")
def library(shared_db):
    """Two dozen articles with tags by chance, the same ones each time."""
    chance = random.Random(3)
    return published(*(chance.sample(NAMES, chance.randint(1, 5)) for _number in range(24)))


def carrying(tags, without=()):
    """The primary keys of what the database says carries all of some and none of others."""
    articles = Article.objects.public().articles()
    for tag in tags:
        articles = articles.filter(pk__in=Article.objects.filter(tags=tag.pk))
    articles = articles.exclude(pk__in=Article.objects.filter(tags__in=[tag.pk for tag in without]))
    return list(articles.newest_first().values_list("pk", flat=True))


def find(*parts):
    with one_request(reads=True):
        return combinations.find(*parts)


def taken_from(here):
    """(address, how many articles are left there) of every step on from a Combination."""
    steps = here.steps()
    counts = [count for _tag, count in steps.further]
    if steps.with_one:
        yield from zip(steps.with_one(steps.further), counts, strict=True)
    if steps.without_one:
        left = [steps.total - count for count in counts]
        yield from zip(steps.without_one(steps.further), left, strict=True)


def all_reached(depth):
    """Every Combination that steps lead to from a tag alone, that many steps far; and the steps."""
    with one_request(reads=True):
        slugs = Tag.objects.listed().values_list("slug", flat=True)
        reached = {slug: combinations.find(slug) for slug in slugs}
        taken, fresh = [], list(reached.values())
        for _step in range(depth):
            steps = [(here, url, count) for here in fresh for url, count in taken_from(here)]
            taken += steps
            found = {}
            for _here, url, _count in steps:
                parts = unquote(url).removeprefix("/tags/").strip("/").partition("/without/")
                found[url] = combinations.find(parts[0], parts[2])
            fresh = [found[url] for url in found.keys() - reached.keys()]
            reached |= found
    return reached, taken


# One address for each set.


def test_every_order_and_repetition_leads_to_the_one_address_at_once(client, library):
    expected = "/tags/oil+ports+rail/without/wheat/"

    answers = [
        client.get(f"/tags/{'+'.join(order)}{again}/without/{without}/?page=1")
        for order in permutations(["oil", "ports", "rail"])
        for again in ("", "+oil", "+")
        for without in ("wheat", "wheat+wheat", "wheat+rail", "+wheat")
    ]

    straight = [answer for answer in answers if answer.status_code == 200]
    others = {(answer.status_code, answer.get("Location")) for answer in answers} - {(200, None)}
    assert len(straight) == 1
    assert straight[0].wsgi_request.path == expected
    assert others == {(301, f"{expected}?page=1")}
    assert len(answers) == 72


OTHER_SPELLINGS = {
    "rail+oil/": "oil+rail/",
    "oil+oil/": "oil/",
    "oil/without/+/": "oil/",
    "oil%20rail/": "oil+rail/",
    "rail+/": "rail/",
    "Oil+RAIL/": "oil+rail/",
    "OIL/": "oil/",
    "rail+oil/feed/": "oil+rail/feed/",
    "rail+oil/feed/atom/": "oil+rail/feed/atom/",
    "rail+oil/feed/json/": "oil+rail/feed/json/",
    "rail+oil/random/": "oil+rail/random/",
    "oil/without/oil/": "oil/",
    "oil/without/rail+oil/": "oil/without/rail/",
    "oil/without/wheat+rail/feed/": "oil/without/rail+wheat/feed/",
    "Petroleum/": "oil/",
    "rail+petroleum/": "oil+rail/",
    "rail+crude/": "oil+rail/",
    "wheat/without/crude+rail/": "wheat/without/oil+rail/",
    "oil+crude/": "oil/",
}


def test_other_spellings_lead_to_the_one_address_at_once(client, library):
    tag = Tag.objects.get(name="Oil")
    tag.slug = "crude"
    publishing.save_tag(tag)
    tag.slug = "oil"
    publishing.save_tag(tag, aliases=["Petroleum"])

    answers = {asked: client.get(f"/tags/{asked}") for asked in OTHER_SPELLINGS}

    led = {asked: (answer.status_code, answer["Location"]) for asked, answer in answers.items()}
    assert led == {asked: (301, f"/tags/{path}") for asked, path in OTHER_SPELLINGS.items()}
    assert {client.get(f"/tags/{path}").status_code for path in OTHER_SPELLINGS.values()} == {
        200,
        302,
    }


def test_addresses_that_are_joined_are_those_of_the_routes(library):
    reached, _steps = all_reached(2)

    assert {url for url in reached if "/" in url} == {
        reverse("articles:tag", args=combination.args)
        for url, combination in reached.items()
        if "/" in url
    }
    assert [combination.url for combination in reached.values()].count("/tags/oil+ports/") == 1
    assert quote("/tags/oil+каспий/", safe="/+") in reached


UNKNOWN = [
    "oil+nothing/", "nothing+oil/", "oil/without/nothing/", "+/",
    "oil+ports+rail+wheat+каспий/", "oil/without/ports+rail+wheat+каспий+نفت/",
    "+".join(["oil"] + [f"tag-{n}" for n in range(60)]) + "/", "oil+unused/", "oil+-/",
    "oil+_/feed/", "oil+nothing/random/",
]  # fmt: skip


def test_what_readers_do_not_know_is_not_found(client, library):
    publishing.save_tag(Tag(name="Unused"))

    answers = {path: client.get(f"/tags/{path}").status_code for path in UNKNOWN}

    assert answers == dict.fromkeys(UNKNOWN, 404)


def test_merged_tag_combines_as_the_one_that_it_is_merged_into_until_that_is_undone(client):
    published({"Oil", "Rail"}, {"Crude", "Rail"}, {"Oil", "Crude"}, {"Wheat"})
    oil, crude = Tag.objects.get(name="Oil"), Tag.objects.get(name="Crude")
    before = {path: client.get(path).status_code for path in ("/tags/crude+rail/", "/tags/crude/")}
    totals = {"/tags/oil/": 2, "/tags/oil+rail/": 1}

    change = publishing.merge_tag(crude, oil, by=None)

    places = {
        path: client.get(f"/tags/{path}/").get("Location")
        for path in ("crude", "crude+rail", "crude+oil", "oil/without/crude", "rail/without/crude")
    }
    merged = {path: client.get(path).context["pager"].total for path in totals}
    publishing.undo_change(change, by=None)
    assert set(before.values()) == {200}
    assert places == {
        "crude": "/tags/oil/",
        "crude+rail": "/tags/oil+rail/",
        "crude+oil": "/tags/oil/",
        "oil/without/crude": "/tags/oil/",
        "rail/without/crude": "/tags/rail/without/oil/",
    }
    assert merged == {"/tags/oil/": 3, "/tags/oil+rail/": 2}
    assert {path: client.get(path).context["pager"].total for path in totals} == totals
    assert client.get("/tags/crude+rail/").status_code == 200


# Counts.


def test_counts_of_all_steps_are_what_is_found_there_and_none_leads_to_nothing(library):
    reached, steps = all_reached(3)

    wrong = []
    for here, url, count in steps:
        if len(reached[url].selection) != count or not 0 < count < len(here.selection):
            wrong.append((here.url, url, count))
    for url, combination in reached.items():
        expected = carrying(combination.tags, combination.without)
        if set(combination.selection.articles) != set(expected):
            wrong.append(url)
    assert wrong == []
    assert len(steps) == 2 * 437
    assert max(len(combination.tags) for combination in reached.values()) == 4
    assert max(len(combination.without) for combination in reached.values()) == 3


def test_page_lists_and_counts_what_is_about_all_and_not_about_others(client, library):
    for tags, without in (("oil+ports", ""), ("oil", "ports"), ("oil+rail", "wheat")):
        combination = find(tags, without)

        page = client.get(combination.url)

        expected = carrying(combination.tags, combination.without)
        assert expected
        assert page.context["pager"].total == len(expected)
        assert [card.pk for card in page.context["cards"]] == expected
        noted = html.all_words(page, html.by_class("page-head__note"))[0]
        assert noted == f"{len(expected)} article{'s' if len(expected) > 1 else ''}"


def test_page_shows_every_further_tag_with_what_it_leaves(client):
    published({"Oil", "Rail"}, {"Oil", "Rail", "Ports"}, {"Oil", "Wheat"}, {"Oil"}, {"Каспий"})

    page = html.parse(client.get("/tags/oil/"))

    shown = [
        [(html.words(link), link.get("href"), link.get("rel")) for link in item.xpath(".//a")]
        for item in page.xpath(f"{html.by_class('steps__list')}/li")
    ]
    assert shown == [
        [("Rail 2", "/tags/oil+rail/", None),
         ("without Rail 2", "/tags/oil/without/rail/", "nofollow")],
        [("Ports 1", "/tags/oil+ports/", None),
         ("without Ports 3", "/tags/oil/without/ports/", "nofollow")],
        [("Wheat 1", "/tags/oil+wheat/", None),
         ("without Wheat 3", "/tags/oil/without/wheat/", "nofollow")],
    ]  # fmt: skip


def test_all_steps_stand_by_name_on_a_page_of_their_own(client):
    """The page of a tag shows those that leave most, whatever there is."""
    names = [f"Tag {letter}" for letter in "ABCDEFGHIJKLMNO"]
    published({"Oil", *names}, {"Oil", *names[3:]}, {"Oil", "Rail"}, {"Oil"})

    page = html.parse(client.get("/tags/oil/"))
    answer = client.get("/tags/oil/narrow-down/")
    all_of_them = html.parse(answer)

    def offered(page):
        items = page.xpath(f"{html.by_class('steps__list')}/li")
        return [html.words(item.xpath("./a[1]")[0]) for item in items]

    assert offered(page) == [f"{name} 2" for name in names[3:]]
    (link,) = page.xpath("//a[contains(@href, 'narrow-down/')]")
    assert (html.words(link), link.get("rel")) == ("All 16 further tags →", None)
    assert link.get("href") == "/tags/oil/narrow-down/"
    assert offered(all_of_them) == sorted(
        ["Rail 1", *(f"{name} {1 if name in names[:3] else 2}" for name in names)]
    )
    assert html.all_words(answer, html.by_class("page-head__note")) == [
        "Each further tag that some of these articles carry, with the number of articles left."
    ]
    assert all_of_them.xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_page_of_all_steps_says_when_it_holds_only_the_most_frequent(client, monkeypatch):
    monkeypatch.setattr("articles.tag_views.STEPS_MAX", 2)
    published({"Oil", "Rail", "Ports", "Wheat"}, {"Oil", "Wheat", "Rail"}, {"Oil"})

    page = client.get("/tags/oil/narrow-down/")

    items = html.parse(page).xpath(f"{html.by_class('steps__list')}/li")
    assert [html.words(item.xpath("./a[1]")[0]) for item in items] == ["Rail 2", "Wheat 2"]
    assert html.all_words(page, html.by_class("page-head__note")) == [
        "The 2 further tags that most of these articles carry, each with the number of articles"
        " left."
    ]


def test_those_who_collect_pages_are_led_to_all_steps_of_a_tag_alone(client):
    names = {f"Tag {letter}" for letter in "ABCDEFGHIJKLMNO"}
    published({"Oil", "Rail", *names}, {"Oil", "Rail"}, {"Oil"})

    page = html.parse(client.get("/tags/oil+rail/"))

    assert page.xpath("//a[contains(@href, 'narrow-down/')]/@rel") == ["nofollow"]


def test_where_nothing_narrows_the_page_of_all_steps_says_so(client):
    published({"Oil", "Rail"}, {"Oil", "Rail"})

    page = client.get("/tags/oil+rail/narrow-down/")

    assert html.all_words(page, html.by_class("empty")) == [
        "No further tag would leave some of these articles and not all."
    ]


def test_step_that_would_change_nothing_is_not_offered(client):
    published({"Oil", "Rail"}, {"Oil", "Rail"})

    page = client.get("/tags/oil/")

    assert html.parse(page).xpath(html.by_class("steps__list")) == []
    assert html.all_words(page, html.by_class("tag-link")) == ["Rail 2 articles in common"]


def test_tags_can_be_taken_away_one_by_one(client, library):
    page = html.parse(client.get("/tags/oil+ports/without/rail/"))

    links = page.xpath(html.by_class("chosen__remove"))
    assert {html.words(link).removeprefix("×"): link.get("href") for link in links} == {
        "Take away Oil": "/tags/ports/without/rail/",
        "Take away Ports": "/tags/oil/without/rail/",
        "Take away Rail": "/tags/oil+ports/",
    }


def test_combination_of_four_takes_no_more_tags_but_can_leave_some_out(client):
    four = {"Oil", "Ports", "Rail", "Wheat"}
    published(four, four | {"Каспий"})

    links = html.parse(client.get("/tags/oil+ports+rail+wheat/")).xpath(
        f"{html.by_class('steps__list')}//a/@href"
    )

    assert links == [reverse("articles:tag", args=["oil+ports+rail+wheat", "каспий"])]


def test_deep_page_of_a_combination_holds_what_comes_there(client):
    published(*([{"Oil", "Rail"}, {"Oil", "Rail"}, {"Oil"}] * 16))
    expected = carrying(find("oil+rail").tags)

    pages = [client.get("/tags/oil+rail/", {"page": number}) for number in (1, 2)]

    assert [len(expected), PER_PAGE] == [32, 20]
    assert [card.pk for page in pages for card in page.context["cards"]] == expected
    assert client.get("/tags/oil+rail/", {"page": 3}).status_code == 404


# Words.


def test_combination_is_called_by_its_name_in_words(client, library):
    names = {
        "oil+ports/": "Oil and Ports",
        "oil+ports+rail/": "Oil, Ports and Rail",
        "oil/without/rail/": "Oil, without Rail",
        "oil+ports/without/rail+wheat/": "Oil and Ports, without Rail or Wheat",
    }

    pages = {path: html.parse(client.get(f"/tags/{path}")) for path in names}

    assert {path: html.words(page.xpath("//h1")[0]) for path, page in pages.items()} == names
    titles = [page.xpath("string(//title)") for page in pages.values()]
    assert titles == [f"{name}: all articles – Iran Russland Beziehung" for name in names.values()]
    assert [page.xpath("string(//link[@rel='canonical']/@href)") for page in pages.values()] == [
        f"http://testserver/tags/{path}" for path in names
    ]


def test_combination_without_an_article_answers_kindly_and_is_not_collected(client):
    article, _other = published({"Oil", "Rail"}, {"Ports"})
    publishing.unpublish(article, by=None)
    paths = ["oil+rail/", "oil+ports/", "ports/without/oil/", "oil/without/ports/"]

    pages = [client.get(f"/tags/{path}") for path in paths]

    assert [page.status_code for page in pages] == [200] * 4
    assert [page.context["pager"].total for page in pages] == [0, 0, 1, 0]
    robots = [html.parse(page).xpath("string(//meta[@name='robots']/@content)") for page in pages]
    assert robots == ["noindex"] * 4
    assert html.all_words(pages[0], html.by_class("empty")) == [
        "No article is about all of this at present. Take a tag away, or follow it to hear of the"
        " first one."
    ]
    assert client.get("/tags/oil+rail/feed/json/").json()["items"] == []


# Those who collect pages.


def test_who_collects_pages_comes_to_an_end(client):
    chance = random.Random(5)
    names = [f"Tag {number}" for number in range(9)]
    published(*(chance.sample(names, 5) for _number in range(12)))
    lines = client.get("/robots.txt").content.decode().splitlines()
    patterns = [
        re.compile(re.escape(line.partition(": ")[2]).replace(r"\*", ".*"))
        for line in lines if line.startswith("Disallow: ")
    ]  # fmt: skip
    seen, waiting = {"/tags/"}, ["/tags/"]

    offered = set()
    while waiting:
        answer = client.get(waiting.pop())
        if "text/html" not in answer.get("Content-Type", ""):
            continue
        for link in html.parse(answer).xpath("//a[@href]"):
            path = link.get("href").partition("#")[0]
            offered.add(path)
            if "nofollow" in (link.get("rel") or "") or any(rule.match(path) for rule in patterns):
                continue
            if path.startswith("/tags/") and path not in seen:
                seen.add(path)
                waiting.append(path)

    lists = [path for path in seen if re.fullmatch(r"/tags/[^/]+/", path)]
    assert len(lists) <= 9 + 9 * 8 // 2
    assert {path.count("+") for path in lists} == {0, 1}
    assert [path for path in seen if "without" in path or "random" in path] == []
    assert any(path.count("+") == 2 for path in offered)


def test_robots_are_told_which_addresses_have_no_end(client):
    lines = client.get("/robots.txt").content.decode().splitlines()

    assert [line for line in lines if "/tags/" in line] == [
        "Disallow: /tags/*+*+",
        "Disallow: /tags/*/without/",
        "Disallow: /tags/*/random/",
    ]


def test_deep_combinations_are_for_readers_alone(client, library):
    paths = {
        "oil/": "max-image-preview:large",
        "oil+rail/": "max-image-preview:large",
        "oil+ports+rail/": "noindex",
        "oil/without/rail/": "noindex",
    }

    pages = {path: html.parse(client.get(f"/tags/{path}")) for path in paths}

    robots = {p: page.xpath("string(//meta[@name='robots']/@content)") for p, page in pages.items()}
    assert robots == paths
    deeper = [link.get("rel") for path in ("oil+rail/", "oil/without/rail/", "oil+ports+rail/")
              for link in pages[path].xpath(f"{html.by_class('steps__list')}//a")]  # fmt: skip
    assert set(deeper) == {"nofollow"}


@pytest.fixture
def server(settings, tmp_path, monkeypatch):
    # A test's own transaction would go together with its connection.
    monkeypatch.setattr(page_server, "close_old_connections", lambda: None)
    settings.PAGE_STORE = tmp_path / "pages"
    return PageServer()


def test_deep_combinations_take_no_room_among_the_stored_pages(library, server, tmp_path):
    paths = ["/tags/oil/", "/tags/oil+rail/", "/tags/oil+ports+rail/", "/tags/oil/without/rail/",
             "/tags/oil/without/rail/feed/", "/tags/oil+unheard/", "/tags/oil/narrow-down/",
             "/tags/oil+ports+rail/narrow-down/"]  # fmt: skip
    publishing.unpublish(make_public(tags=["Unheard"]), by=None)

    answers = [ask(server, path) for path in paths]

    stored = [str(file).rpartition("/tags/")[2] for file in tmp_path.rglob("*=*")]
    assert [answer.status for answer in answers] == [200] * 8
    assert sorted(stored) == ["oil+rail/=", "oil/=", "oil/narrow-down/="]
    assert [*tmp_path.rglob("answers/*")] == []


def test_stored_combination_is_new_after_its_articles_changed(library, server):
    before = ask(server, "/tags/oil+rail/")

    make_public("Brand new", tags=["Oil", "Rail"], at=START + timedelta(90))

    assert "Brand new" not in before
    assert "Brand new" in ask(server, "/tags/oil+rail/")


# Feeds.


def test_feeds_of_a_combination_hold_what_its_page_lists(client, library):
    expected = [Article.objects.get(pk=pk) for pk in carrying(find("oil+rail").tags)]

    rss, atom, feed = (
        client.get(f"/tags/oil+rail/{ending}") for ending in ("feed/", "feed/atom/", "feed/json/")
    )

    assert expected
    guids = [f"urn:article:{article.uid}" for article in expected]
    assert [item["id"] for item in feed.json()["items"]] == guids
    assert re.findall(r"<guid[^>]*>([^<]*)</guid>", rss.content.decode()) == guids
    assert re.findall(r"<entry>.*?<id>(.*?)</id>", atom.content.decode(), re.DOTALL) == guids
    assert feed.json()["title"] == "Oil and Rail – Iran Russland Beziehung"
    assert feed.json()["feed_url"] == "http://testserver/tags/oil+rail/feed/json/"


def test_feed_of_a_combination_stays_the_same_feed_when_a_tag_is_renamed(client, library):
    def guid(path):
        return re.findall(r"<id>(urn:list:.*?)</id>", client.get(path).content.decode())

    before = guid("/tags/oil+rail/without/wheat/feed/atom/")
    tag = Tag.objects.get(name="Oil")
    tag.slug = "zinc"
    publishing.save_tag(tag)
    moved = client.get("/tags/oil+rail/without/wheat/feed/atom/")

    assert moved["Location"] == "/tags/rail+zinc/without/wheat/feed/atom/"
    assert (len(before), guid(moved["Location"])) == (1, before)
    assert guid("/tags/rail+zinc/feed/atom/") != before


def test_page_names_its_feeds(client, library):
    page = html.parse(client.get("/tags/oil/without/rail/"))

    assert page.xpath("//link[@rel='alternate']/@href") == [
        "/tags/oil/without/rail/feed/",
        "/tags/oil/without/rail/feed/atom/",
        "/tags/oil/without/rail/feed/json/",
    ]


# By chance.


@pytest.mark.parametrize("path", ["oil/", "oil+rail/", "oil/without/rail/"])
def test_random_article_is_any_of_those_listed_and_is_never_stored(client, library, path):
    random.seed(7)
    listed = {card.url for card in client.get(f"/tags/{path}").context["cards"]}

    answers = [client.get(f"/tags/{path}random/") for _time in range(80)]

    assert {answer["Location"] for answer in answers} == listed
    kinds = {(answer.status_code, answer["Cache-Control"]) for answer in answers}
    assert kinds == {(302, "no-store")}


def test_random_article_is_asked_for_each_time(library, server):
    places = {ask(server, "/tags/oil/random/").headers["Location"] for _time in range(40)}

    assert len(places) > 1


def test_random_article_of_nothing_is_the_list(client):
    article, _other = published({"Oil"}, {"Ports"})
    publishing.unpublish(article, by=None)

    paths = ("/tags/oil/random/", "/tags/oil+ports/random/")

    assert [client.get(path)["Location"] for path in paths] == ["/tags/oil/", "/tags/oil+ports/"]
    assert html.parse(client.get("/tags/oil/")).xpath("//a[contains(@href, 'random')]") == []


def test_random_article_is_none_that_a_hand_took_away(client):
    hidden, shown = published({"Oil"}, {"Oil"})
    Article.objects.filter(pk=hidden.pk).update(state="withdrawn")

    places = {client.get("/tags/oil/random/")["Location"] for _time in range(20)}

    assert places == {shown.get_absolute_url()}


def test_tag_may_not_be_called_as_what_stands_below_it():
    slugs = [publishing.tag_named(name).slug for name in ("Random", "Without", "Feed")]

    assert slugs == ["tag-random", "tag-without", "tag-feed"]


# The page of a tag.


def test_table_of_months_counts_everything_and_leads_to_where_a_month_begins(client):
    published(*[{"Oil"}] * 70)
    page = client.get("/tags/oil/")

    cells = html.parse(page).xpath(f"{html.by_class('timeline__table')}//td/a")

    assert [(html.words(cell), cell.get("href")) for cell in cells] == [
        # January, February and March stand in this order; 5 January to 15 March.
        ("27", "/tags/oil/?page=3"),
        ("28", "/tags/oil/"),
        ("15", "/tags/oil/"),
    ]
    for cell, month in zip(cells, (1, 2, 3), strict=True):
        cards = client.get(cell.get("href")).context["cards"]
        assert month in {card.published_at.month for card in cards}
    drawing = html.parse(page).xpath(f"string({html.by_class('timeline__bars')}/@d)")
    assert re.findall(r"v-(\d+)h", drawing) == ["46", "48", "26"]


def test_writers_and_related_tags_are_shown_with_counts(client):
    ada, grace = make_author("Ada"), make_author("Grace")
    for tags, authors in (({"Oil", "Rail"}, [ada]), ({"Oil"}, [ada, grace]), ({"Ports"}, [grace])):
        make_public(tags=list(tags), authors=authors, at=START)

    page = client.get("/tags/oil/")

    assert html.all_words(page, html.by_class("face__name")) == ["Ada", "Grace"]
    assert html.all_words(page, html.by_class("face__role")) == ["2 articles", "1 article"]
    assert html.all_words(page, html.by_class("tag-link")) == ["Rail 1 article in common"]


def test_picture_of_a_tag_stands_on_its_page_and_where_it_is_shared(client):
    published({"Oil"}, {"Oil", "Rail"})
    tag, image = Tag.objects.get(name="Oil"), make_image("A derrick")
    tag.image = image
    publishing.save_tag(tag)

    pages = [html.parse(client.get(path)) for path in ("/tags/oil/", "/tags/oil+rail/")]

    pictures = [page.xpath("//main//img/@alt") for page in pages]
    shared = [page.xpath("string(//meta[@property='og:image']/@content)") for page in pages]
    assert pictures == [["A derrick"], []]
    assert shared[0] == f"http://testserver{image.url}"
    assert shared[0] != shared[1]


def test_further_pages_hold_the_list_and_the_ways_to_narrow_it(client):
    published(*[{"Oil", "Rail"}, {"Oil"}] * 15)

    page = html.parse(client.get("/tags/oil/?page=2"))

    found = [bool(page.xpath(html.by_class(name))) for name in ("steps", "timeline", "face")]
    assert found == [True, False, False]


@pytest.mark.parametrize("rows", [1, 3])
def test_combination_asks_as_often_for_three_of_everything_as_for_one(
    client, rows, django_assert_num_queries
):
    for _number in range(rows):
        make_public(
            tags=["Oil", "Rail", *(f"Subject {number}" for number in range(rows))],
            authors=[make_author() for _author in range(rows)],
            lead_image_id=make_image().pk,
        )
    make_public(tags=["Oil", "Wheat"])
    paths = ("/tags/oil+rail/", "/tags/oil/without/wheat/", "/tags/oil+rail/random/")
    for path in paths:
        client.get(path)

    for path, queries in zip(paths, (3, 3, 2), strict=True):
        with django_assert_num_queries(queries):
            client.get(path)


# From A to Z.


def test_tags_stand_under_the_letter_of_their_own_script(client):
    names = ["oil", "Öresund", "Каспий", "کاسپین", "نفت", "2025", "۱۹۷۹", "Ports", "ISIS"]
    published(set(names))

    page = html.parse(client.get("/tags/"))

    letters = [
        (html.words(group.xpath(".//h2")[0]), [
            html.words(name) for name in group.xpath(f".{html.by_class('index__name')}")
        ])
        for group in page.xpath(html.by_class("letters__group"))
    ]  # fmt: skip
    assert letters == [
        ("0–9", ["2025", "۱۹۷۹"]),
        ("I", ["ISIS"]),
        ("O", ["oil", "Öresund"]),
        ("P", ["Ports"]),
        ("К", ["Каспий"]),
        ("ن", ["نفت"]),
        ("ک", ["کاسپین"]),
    ]
    targets = [unquote(link.get("href")) for link in page.xpath(html.by_class("alphabet__letter"))]
    assert targets == [f"#{group.get('id')}" for group in page.xpath("//h2[@id]")]
    assert len(targets) == 7


@pytest.mark.parametrize(("number", "letters"), [(12, 0), (13, 13)])
def test_many_authors_stand_under_their_letters(client, number, letters):
    authors = [make_author(f"{'ABCDEFGHIJKLM'[n]}. Person") for n in range(number)]
    make_public(authors=authors)

    page = html.parse(client.get("/authors/"))

    assert len(page.xpath(html.by_class("alphabet__letter"))) == letters
    assert len(page.xpath(html.by_class("person__name"))) == number
    assert html.inspect(client.get("/authors/"))[0] == []
