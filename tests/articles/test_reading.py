"""What readers get: the article page, lists, former addresses, the publication's own words."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import lxml.html
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse
from django.utils import translation

from articles import publishing
from articles.content_version import raise_version
from articles.models import Image, MenuItem, Pick, SiteSettings, Tag
from articles.publishing import PublishingError
from tests import html
from tests.factories import (
    change_draft,
    cite,
    make_article,
    make_author,
    make_image,
    make_public,
    make_scheduled,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)


def titles(response):
    """The titles of a list, in order."""
    return html.all_words(response, html.by_class("river-item__title"))


def hrefs(response, xpath):
    return parse_all(response, f"{xpath}/@href")


def parse_all(response, xpath):
    return [str(value) for value in html.parse(response).xpath(xpath)]


def rename(thing, slug):
    """Gives an author or tag another address by its verb."""
    thing = type(thing).objects.get(pk=thing.pk)
    thing.slug = slug
    (publishing.save_tag if isinstance(thing, Tag) else publishing.save_author)(thing)


def move(article, slug):
    change_draft(article, slug=slug)
    publishing.publish(article, by=None, minor=True)


# The article page.


@pytest.fixture
def reference_page(client):
    """A page with all that the reference page has, and what this publication adds."""
    author = make_author(
        "Ümit Örnek", role="Senior Analyst", short_bio="One sentence. Another.", slug="umit"
    )
    other = make_public("The Other Text", at=AT - timedelta(days=10), standfirst="About it.")
    body = (
        "<p>The “Iran Russland Beziehung” opens.</p>"
        f"<h2>First Part</h2><p>Much text. For more on water, see {cite(other, 'The Other Text')}."
        " The end.</p><h3>Detail</h3><p>Small.</p><h2>Conclusion</h2><p>Done.</p>"
    )
    article = make_public(
        "A Sea & Its “Law”", authors=[author], tags=["Caspian Sea", "Law"], body=body, at=AT,
        standfirst="What was left open.",
        lead_image_id=make_image("A calm sea", caption="The sea.", credit="Somebody").pk,
        related=[
            {"article": other.uid},
            {"url": "https://www.example.org/treaty", "title": "The treaty"},
        ],
        slug="a-sea",
    )  # fmt: skip
    section = article.sections.get(heading="First Part").anchor
    make_public(
        "A Later Text",
        body=f"<p>Before. As shown in {cite(article, 'an earlier study', section=section)}, it is"
        " so. After.</p>",
        at=AT + timedelta(days=10),
    )
    change_draft(article, body=article.body + "<p>Added.</p>")
    publishing.publish(article, by=None, updated_at=AT + timedelta(days=20))
    return client.get("/articles/a-sea/")


def test_article_page_has_what_the_reference_page_has(reference_page):
    page = reference_page

    assert html.all_words(page, html.by_class("back")) == ["← Back to Home"]
    assert hrefs(page, html.by_class("back") + "/a") == ["/"]
    assert html.all_words(page, "//h1") == ["A Sea & Its “Law”"]
    assert html.all_words(page, "//title") == ["A Sea & Its “Law” – Iran Russland Beziehung"]
    assert html.all_words(page, html.by_class("story__standfirst")) == ["What was left open."]
    body = html.by_class("story__body")
    assert html.all_words(page, f"{body}/h2") == ["First Part", "Conclusion"]
    assert html.all_words(page, f"{body}/h3") == ["Detail"]
    assert html.all_words(page, "//h2[@id='about-the-author']") == ["About the Author"]
    assert html.all_words(page, html.by_class("avatar")) == ["Ü"]
    assert html.all_words(page, html.by_class("about__name")) == ["Ümit Örnek"]
    assert html.all_words(page, html.by_class("about__role")) == ["Senior Analyst"]
    assert html.all_words(page, html.by_class("about__bio")) == ["One sentence. Another."]
    assert html.all_words(page, html.by_class("about__more")) == ["About Me → Ümit Örnek"]
    assert hrefs(page, html.by_class("about__more") + "/a") == ["/authors/umit/"]


def test_article_page_has_dates_length_tags_and_contents(reference_page):
    page = reference_page

    published = "//time[@class='dt-published']"
    assert html.all_words(page, published) == ["5 March 2026"]
    assert parse_all(page, f"{published}/@datetime") == ["2026-03-05T12:00:00+00:00"]
    assert html.all_words(page, "//time[@class='dt-updated']") == ["25 March 2026"]
    assert html.all_words(page, html.by_class("story__dates") + "/span[2]") == ["1 min read"]
    assert html.all_words(page, html.by_class("tag-link")) == ["Caspian Sea", "Law"]
    assert hrefs(page, html.by_class("tag-link")) == ["/tags/caspian-sea/", "/tags/law/"]
    assert hrefs(page, html.by_class("toc--open") + "//a") == [
        "#s-first-part",
        "#s-detail",
        "#s-conclusion",
    ]
    assert parse_all(page, html.by_class("story__body") + "/*/@id") == [
        "s-first-part",
        "s-detail",
        "s-conclusion",
    ]


def test_article_page_shows_references_from_both_ends(reference_page):
    page = reference_page

    inline = html.by_class("story__body") + "//a"
    assert html.all_words(page, inline) == ["The Other Text"]
    assert hrefs(page, inline) == ["/articles/the-other-text/"]
    assert html.all_words(page, html.by_class("related__title")) == ["The Other Text", "The treaty"]
    assert html.all_words(page, html.by_class("related__note")) == [
        "23 February 2026",
        "example.org ↗",
    ]
    assert parse_all(page, html.by_class("related__title") + "/a/@rel") == ["external noopener"]
    assert html.all_words(page, html.by_class("cited__title")) == ["A Later Text"]
    assert html.all_words(page, html.by_class("cited__sentence")) == [
        "As shown in an earlier study, it is so."
    ]
    assert html.all_words(page, html.by_class("cited__sentence") + "//mark") == ["an earlier study"]
    assert hrefs(page, html.by_class("cited__note") + "//a") == ["#s-first-part"]
    assert html.all_words(page, html.by_class("neighbours__title")) == [
        "The Other Text",
        "A Later Text",
    ]


def test_picture_of_an_article_is_described_and_credited(reference_page):
    page = reference_page

    picture = html.by_class("story__picture")
    assert parse_all(page, picture + "/img/@alt") == ["A calm sea"]
    assert html.all_words(page, picture + "/figcaption") == ["The sea. Somebody"]


def test_bare_article_has_no_empty_parts(client):
    make_public("Bare", body="<p>Nothing else.</p>", standfirst="", at=AT)

    page = client.get("/articles/bare/")

    assert page.status_code == 200
    assert html.all_words(page, "//main//h1|//main//h2|//main//h3") == ["Bare"]
    assert parse_all(page, "//main//img/@src") == []
    assert html.all_words(page, html.by_class("story__authors")) == []
    assert html.all_words(page, html.by_class("dt-updated")) == []
    assert html.all_words(page, html.by_class("neighbours")) == []
    assert html.all_words(page, html.by_class("toc")) == []
    assert page.context["meta"].description == "Nothing else."


def test_two_authors_are_both_introduced_in_order(client):
    authors = [make_author("Zoe"), make_author("Adam")]
    make_public("Together", authors=authors)

    page = client.get("/articles/together/")

    assert html.all_words(page, html.by_class("story__authors")) == ["By Zoe and Adam"]
    assert html.all_words(page, "//h2[@id='about-the-author']") == ["About the Authors"]
    assert html.all_words(page, html.by_class("about__name")) == ["Zoe", "Adam"]


def test_change_on_the_day_of_publication_is_no_update(client):
    article = make_public("Quick", at=AT)
    change_draft(article, standfirst="Better.")
    publishing.publish(article, by=None, updated_at=AT + timedelta(hours=3))

    page = client.get("/articles/quick/")

    assert html.all_words(page, html.by_class("dt-updated")) == []


def test_title_is_escaped_everywhere(client):
    title = '<script>alert(1)</script> & "so"'
    make_public(title, slug="hostile", standfirst="<b>x</b>", tags=["<i>t</i>"], at=AT,
                authors=[make_author("<u>A</u>", slug="hostile-author")])  # fmt: skip

    pages = [
        client.get(address).content.decode()
        for address in ("/", "/articles/", "/articles/hostile/", "/tags/", "/authors/")
    ]

    assert [page.count("<script>alert") for page in pages] == [0] * 5
    marks = ("<b>x", "<i>t", "<u>A")
    assert [sum(page.count(mark) for mark in marks) for page in pages] == [0] * 5
    assert html.all_words(client.get("/articles/hostile/"), "//h1") == [title]


# Language.


def test_article_in_the_language_of_the_site_names_it_once(client):
    make_public("English")

    page = client.get("/articles/english/")

    assert parse_all(page, "//@lang") == ["en"]


def test_article_in_another_language_says_so(client):
    make_public("Das Meer", language="de", slug="das-meer")

    page = client.get("/articles/das-meer/")

    assert parse_all(page, "/html/@lang") == ["en"]
    assert parse_all(page, "//article/@lang") == ["de"]
    assert parse_all(page, html.by_class("story__byline") + "/@lang") == ["en"]
    assert parse_all(page, html.by_class("story__byline") + "/@dir") == ["ltr"]


def test_persian_article_runs_from_right_to_left_whatever_its_first_word_is(client):
    make_public("SWIFT و بانک‌ها", language="fa", slug="swift", body="<p>SWIFT یک شبکه است.</p>")

    page = client.get("/articles/swift/")
    archive = client.get("/articles/")

    # "auto" would go by the first letter, which is Latin here.
    assert parse_all(page, "//article/@lang") == ["fa"]
    assert parse_all(page, "//article/@dir") == ["rtl"]
    assert parse_all(archive, html.by_class("river-item__title") + "/@dir") == ["rtl"]


def test_titles_in_another_language_say_so_in_lists(client):
    make_public("Das Meer", language="de")

    found = {
        address: parse_all(client.get(address), "//*[normalize-space(.)='Das Meer']/@lang")
        for address in ("/", "/articles/", "/search/?q=meer")
    }

    assert found == {"/": ["de"], "/articles/": ["de"], "/search/?q=meer": ["de"]}


def test_titles_and_sentences_in_another_language_say_so_under_an_article(client):
    german = make_public("Das Meer", language="de", at=AT)
    article = make_public("English", related=[{"article": german.uid}], at=AT + timedelta(1))
    change_draft(german, body=f"<p>Siehe {cite(article, 'hier')}.</p>")
    publishing.publish(german, by=None, minor=True)

    page = client.get("/articles/english/")

    names = ("related__title", "cited__title", "cited__sentence", "neighbours__title")
    languages = {
        name: parse_all(page, f"{html.by_class(name)}/descendant-or-self::*/@lang")
        for name in names
    }
    assert languages == {name: ["de"] for name in names}


# Earlier and later.


def test_neighbours_with_one_date_follow_the_order_of_the_archive(client):
    for number in range(4):
        make_public(f"Same {number}", at=AT)

    archive = titles(client.get("/articles/"))
    walked, address = [], "/articles/same-3/"
    while address:
        page = client.get(address).context["page"]
        walked.append((page.title, page.next and page.next.title))
        address = page.previous and page.previous.url

    assert archive == ["Same 3", "Same 2", "Same 1", "Same 0"]
    assert walked == [
        ("Same 3", None),
        ("Same 2", "Same 3"),
        ("Same 1", "Same 2"),
        ("Same 0", "Same 1"),
    ]


def test_neighbours_pass_over_what_is_not_public(client):
    make_public("First", at=AT)
    make_withdrawn("Gone", at=AT + timedelta(days=1))
    make_public("About", kind="page", at=AT + timedelta(days=1), slug="on-us")
    make_scheduled("Soon")
    make_article("Draft")
    make_public("Last", at=AT + timedelta(days=2))

    first = client.get("/articles/first/").context["page"]
    last = client.get("/articles/last/").context["page"]

    assert (first.previous, first.next.title) == (None, "Last")
    assert (last.previous.title, last.next) == ("First", None)


# References.


def follow(client, address="/articles/source/"):
    """The words of a text, and words and addresses of its references."""
    page = html.parse(client.get(address))
    body = page.xpath(html.by_class("story__body"))[0]
    found = [(link.text_content(), link.get("href")) for link in body.iter("a")]
    return html.words(body), found


def feed_links(client):
    """The addresses that the oldest entry of the feed leads to."""
    body = client.get("/feed/json/").json()["items"][-1]["content_html"]
    return lxml.html.fragment_fromstring(body, create_parent=True).xpath("//a/@href")


def test_reference_to_a_draft_is_plain_text_until_it_is_public(client):
    target = make_article("Target")
    make_public("Source", body=f"<p>See {cite(target, 'the target')} now.</p>",
                related=[{"article": target.uid}])  # fmt: skip

    seen = [follow(client)]
    feeds = [feed_links(client)]
    related = [client.get("/articles/source/").context["page"].related]
    publishing.publish(target, by=None)
    seen.append(follow(client))
    feeds.append(feed_links(client))
    related.append([link.title for link in client.get("/articles/source/").context["page"].related])
    publishing.unpublish(target, by=None)
    seen.append(follow(client))
    feeds.append(feed_links(client))
    related.append(client.get("/articles/source/").context["page"].related)

    linked = [("the target", "/articles/target/")]
    assert seen == [
        ("See the target now.", []),
        ("See the target now.", linked),
        ("See the target now.", []),
    ]
    assert feeds == [[], ["http://testserver/articles/target/"], []]
    assert related == [[], ["Target"], []]


def test_reference_follows_a_renamed_target_at_once(client):
    author, target = make_author("Somebody"), make_public("Target", tags=["Subject"])
    make_public("Wrote", authors=[author])
    tag = Tag.objects.get()
    make_public(
        "Source", body=f"<p>{cite(target, 'one')}, {cite(author, 'two')}, {cite(tag, 'three')}.</p>"
    )
    move(target, "moved-target")
    rename(author, "moved-author")
    rename(tag, "moved-tag")

    _words, links = follow(client)

    assert links == [
        ("one", "/articles/moved-target/"),
        ("two", "/authors/moved-author/"),
        ("three", "/tags/moved-tag/"),
    ]


def test_reference_to_author_and_tag_unknown_to_readers_is_plain_text(client):
    author, tag = make_author("Nobody Yet"), publishing.save_tag(Tag(name="Nothing Yet"))
    make_public("Source", body=f"<p>{cite(author, 'one')}, {cite(tag, 'two')}.</p>")

    assert follow(client) == ("one, two.", [])


def test_reference_to_a_lost_section_leads_to_the_article(client):
    target = make_public("Target", body="<h2>Kept</h2><p>x</p><h2>Lost</h2><p>y</p>")
    make_public(
        "Source",
        body=f"<p>{cite(target, 'a', section='s-kept')} {cite(target, 'b', section='s-lost')}</p>",
    )
    change_draft(target, body='<h2 id="s-kept">Reworded</h2><p>x</p>')

    before = follow(client)[1]
    publishing.publish(target, by=None)
    after = follow(client)[1]

    assert before == [("a", "/articles/target/#s-kept"), ("b", "/articles/target/#s-lost")]
    assert after == [("a", "/articles/target/#s-kept"), ("b", "/articles/target/")]


def test_reference_to_itself_stays_on_the_page(client):
    article = make_public("Source", body="<h2>Part</h2><p>x</p>")
    change_draft(
        article,
        body=f'<h2 id="s-part">Part</h2><p>{cite(article, "above", section="s-part")},'
        f" {cite(article, 'here')}, {cite(article, 'lost', section='s-lost')}</p>",
    )
    publishing.publish(article, by=None)

    page = client.get("/articles/source/")

    assert follow(client)[1] == [("above", "#s-part")]
    assert page.context["page"].cited_by == []


def test_cited_by_knows_public_words_only(client):
    target = make_public("Target", at=AT)
    body = f"<p>It says so in {cite(target, 'the text')}.</p>"
    make_article("Draft", body=body)
    make_scheduled("Scheduled", body=body)
    make_withdrawn("Withdrawn", body=body)
    make_public("A Page", kind="page", body=body, slug="a-page")
    changed = make_public("Changed")
    change_draft(changed, body=body)
    dropped = make_public("Dropped", body=body, at=AT + timedelta(days=1))

    before = [item.title for item in client.get("/articles/target/").context["page"].cited_by]
    change_draft(dropped, body="<p>No more.</p>")
    still = [item.title for item in client.get("/articles/target/").context["page"].cited_by]
    publishing.publish(dropped, by=None)
    publishing.publish(changed, by=None)
    after = [item.title for item in client.get("/articles/target/").context["page"].cited_by]

    assert (before, still, after) == (["Dropped"], ["Dropped"], ["Changed"])


def test_cited_by_names_an_article_once_and_counts_the_rest(client):
    target = make_public("Target", at=AT)
    for number in range(12):
        make_public(
            f"Citing {number:02d}", at=AT + timedelta(days=number + 1),
            body=f"<p>First {cite(target, 'here')}. Then {cite(target, 'there')}.</p>",
        )  # fmt: skip

    page = client.get("/articles/target/")

    assert html.all_words(page, html.by_class("cited__title")) == [
        f"Citing {number:02d}" for number in range(11, 1, -1)
    ]
    assert html.all_words(page, html.by_class("cited__sentence"))[0] == "First here."
    assert html.all_words(page, html.by_class("cited__more")) == [
        "Everything that cites this article (12) →"
    ]
    assert hrefs(page, html.by_class("cited__more") + "/a") == ["/articles/target/cited-by/"]


def test_citing_sentence_is_escaped(client):
    target = make_public("Target", at=AT)
    link = cite(target, "&lt;i&gt;this&lt;/i&gt;")
    make_public("Citing", body=f"<p>If a &lt;b&gt; &amp; c, {link}.</p>")

    page = client.get("/articles/target/")

    assert html.all_words(page, html.by_class("cited__sentence")) == ["If a <b> & c, <i>this</i>."]
    assert html.all_words(page, html.by_class("cited__sentence") + "//mark") == ["<i>this</i>"]


def test_mark_is_on_the_words_that_cite_and_not_on_the_same_words_before(client):
    target = make_public("Target", at=AT)
    make_public("Citing", body=f"<p>The sea is what {cite(target, 'the sea')} and The sea say.</p>")
    make_public("Second", body=f"<p>Caspian law and {cite(target, 'Caspian')}.</p>")

    page = client.get("/articles/target/")

    before = [p.text for p in html.parse(page).xpath(html.by_class("cited__sentence") + "/p")]
    assert before == ["Caspian law and ", "The sea is what "]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://[broken", "data:text/html,x"])
def test_related_link_that_is_no_web_address_harms_no_page(client, address):
    make_public("Source", related=[{"url": address, "title": "Click"}])

    page = client.get("/articles/source/")

    assert page.status_code == 200
    assert html.all_words(page, html.by_class("related__title") + "/a") == []


# Lists.


def test_archive_runs_from_new_to_old_in_pages(client):
    for number in range(21):
        make_public(f"Number {number:02d}", at=AT + timedelta(hours=number))

    first, second = client.get("/articles/"), client.get("/articles/", {"page": "2"})

    assert titles(first) == [f"Number {number:02d}" for number in range(20, 0, -1)]
    assert titles(second) == ["Number 00"]
    assert hrefs(first, "//a[@rel='next']") == ["/articles/?page=2"]
    assert hrefs(second, "//a[@rel='prev']") == ["/articles/"]
    assert hrefs(first, "//link[@rel='canonical']") == ["http://testserver/articles/"]
    assert hrefs(second, "//link[@rel='canonical']") == ["http://testserver/articles/?page=2"]
    assert html.all_words(first, "//title") != html.all_words(second, "//title")


@pytest.mark.parametrize("address", ["/articles/", "/tags/subject/", "/authors/a/", "/search/"])
def test_page_that_is_not_there_is_not_found(client, address):
    make_public("One", tags=["Subject"], authors=[make_author("A")])
    numbers = ["0", "-1", "2", "01", "1.0", "+1", " 1", "a", "", "٢", "²", "9" * 30, "1\x00", "1e0"]

    statuses = {number: client.get(address, {"page": number}).status_code for number in numbers}

    assert statuses == dict.fromkeys(numbers, 404)


def test_pager_carries_only_what_the_page_reads(client):
    for number in range(21):
        make_public(f"Water {number}")

    page = client.get("/search/", {"q": "water", "utm_source": "x", "next": "//evil.example"})

    assert hrefs(page, "//a[@rel='next']") == ["/search/?q=water&page=2"]


def test_archive_of_a_time_without_articles_is_not_found(client):
    make_public("March", at=AT)

    statuses = {
        address: client.get(address).status_code
        for address in (
            "/articles/2026/", "/articles/2026/03/", "/articles/2025/", "/articles/2026/04/",
            "/articles/2026/3/", "/articles/2026/00/", "/articles/2026/13/", "/articles/0000/",
            "/articles/2999/", "/articles/1000/", "/articles/99999/",
        )
    }  # fmt: skip

    assert {address for address, status in statuses.items() if status == 200} == {
        "/articles/2026/",
        "/articles/2026/03/",
    }
    assert sorted(set(statuses.values())) == [200, 404]


@pytest.mark.parametrize("address", ["/articles/2٠٢٦/", "/articles/2026/0٣/", "/articles/２026/"])
def test_archive_has_no_second_address_in_other_digits(client, address):
    make_public("March", at=AT)

    assert client.get(address).status_code == 404


def test_archive_counts_by_the_clock_of_the_publication(client, settings):
    settings.TIME_ZONE = "Asia/Tehran"
    make_public("New Year", at=datetime(2025, 12, 31, 21, tzinfo=UTC))

    times = ("2026", "2026/01", "2025", "2025/12")
    statuses = [client.get(f"/articles/{time}/").status_code for time in times]

    assert statuses == [200, 200, 404, 404]


def test_tag_and_author_list_their_own(client):
    one, two = make_author("One"), make_author("Two")
    make_public("By One", authors=[one], tags=["Alpha", "Beta"])
    make_public("By Both", authors=[two, one], tags=["Beta"])
    make_public("By Nobody")

    found = {
        address: titles(client.get(address))
        for address in ("/tags/alpha/", "/tags/beta/", "/authors/one/", "/authors/two/")
    }

    assert found == {
        "/tags/alpha/": ["By One"],
        "/tags/beta/": ["By Both", "By One"],
        "/authors/one/": ["By Both", "By One"],
        "/authors/two/": ["By Both"],
    }


def test_author_page_has_the_whole_identity(client):
    author = make_author(
        "Ümit Örnek", slug="umit", role="Analyst", short_bio="Short.", long_bio="Long.\n\nMore.",
        links=[{"label": "Home page", "url": "https://example.org/"}],
    )  # fmt: skip
    make_public("Written", authors=[author])

    page = client.get("/authors/umit/")

    assert html.all_words(page, "//h1") == ["Ümit Örnek"]
    assert html.all_words(page, html.by_class("avatar--large")) == ["Ü"]
    assert html.all_words(page, html.by_class("profile__role")) == ["Analyst"]
    assert html.all_words(page, html.by_class("profile__bio") + "/p") == ["Long.", "More."]
    assert hrefs(page, html.by_class("profile__links") + "//a") == ["https://example.org/"]
    assert titles(page) == ["Written"]


def test_search_asks_title_standfirst_and_text(client):
    make_public("Caspian", body="<p>One.</p>")
    make_public("Second", standfirst="On the Caspian.", body="<p>Two.</p>")
    make_public("Third", body="<p>Three of the Caspian.</p>")

    page = client.get("/search/", {"q": "caspian"})

    assert titles(page) == ["Caspian", "Second", "Third"]
    assert html.all_words(page, html.by_class("found__total")) == ["3 articles"]
    assert parse_all(page, "//meta[@name='robots']/@content") == ["noindex"]


# Pages.


def test_page_stands_in_no_list_feed_or_search(client):
    make_public("Imprint Words", kind="page", slug="imprint", body="<p>Responsible words.</p>",
                tags=["Papers"], authors=[make_author("Clerk")], at=AT)  # fmt: skip
    make_public("An Article", at=AT)

    page = client.get("/pages/imprint/")
    listed = [
        client.get(address).content.decode().count("Imprint Words")
        for address in ("/", "/articles/", "/articles/2026/", "/tags/", "/authors/", "/feed/",
                        "/feed/atom/", "/feed/json/", "/search/?q=responsible",
                        "/search/?q=imprint")
    ]  # fmt: skip

    assert page.status_code == 200
    assert html.all_words(page, "//h1") == ["Imprint Words"]
    assert listed == [0] * 10
    assert client.get("/tags/papers/").status_code == 404
    assert client.get("/authors/clerk/").status_code == 404


# Former addresses.


def redirect(client, address, **options):
    response = client.get(address, **options)
    return response.status_code, response.headers.get("Location")


def test_former_address_of_an_article_leads_on_in_one_step(client):
    article = make_public("Moving", slug="first")
    move(article, "second")
    move(article, "third")

    found = [redirect(client, f"/articles/{slug}/") for slug in ("first", "second", "third")]

    assert found == [(301, "/articles/third/"), (301, "/articles/third/"), (200, None)]


def test_former_address_without_its_slash_leads_on_in_one_step(client):
    article = make_public("Moving", slug="first")
    move(article, "second")

    assert redirect(client, "/articles/first") == (301, "/articles/second/")


def test_former_address_keeps_the_question(client):
    article = make_public("Moving", slug="first")
    move(article, "second")

    found = redirect(client, "/articles/first/?utm=a%20b&q=%C3%BC")

    assert found == (301, "/articles/second/?utm=a%20b&q=%C3%BC")


def test_former_address_answers_head_and_refuses_post(client):
    article = make_public("Moving", slug="first")
    move(article, "second")

    head = client.head("/articles/first/")

    assert (head.status_code, head.headers["Location"]) == (301, "/articles/second/")
    assert client.post("/articles/first/").status_code == 405


def test_address_that_returns_leads_nowhere_else(client):
    article = make_public("Moving", slug="first")
    move(article, "second")
    move(article, "first")

    found = [redirect(client, f"/articles/{slug}/") for slug in ("first", "second")]

    assert found == [(200, None), (301, "/articles/first/")]


@pytest.mark.parametrize("ending", ["", "feed/", "feed/atom/", "feed/json/"])
@pytest.mark.parametrize("kind", ["tags", "authors"])
def test_former_address_of_tag_and_author_leads_on_with_its_feeds(client, kind, ending):
    author = make_author("Somebody", slug="first")
    make_public("Written", authors=[author], tags=["First"])
    rename(author if kind == "authors" else Tag.objects.get(), "second")

    assert redirect(client, f"/{kind}/first/{ending}") == (301, f"/{kind}/second/{ending}")


@pytest.mark.parametrize("ending", ["junk/", "feed/", "a/b/"])
def test_what_never_stood_below_an_article_is_not_found(client, ending):
    article = make_public("Moving", slug="first")
    move(article, "second")

    assert client.get(f"/articles/first/{ending}").status_code == 404


@pytest.mark.parametrize("slug", ["über-uns", "دریای-خزر", "каспий", "日本"])
def test_address_in_any_script_answers_and_leads_on(client, slug):
    author = make_author("Somebody", slug=slug)
    article = make_public("Moving", slug=slug, tags=["First"], authors=[author])
    rename(Tag.objects.get(), slug)

    kinds = ("articles", "tags", "authors")
    before = [client.get(f"/{kind}/{slug}/").status_code for kind in kinds]
    move(article, "moved")
    rename(Tag.objects.get(), "moved")
    rename(author, "moved")
    after = [redirect(client, f"/{kind}/{quote(slug)}/") for kind in kinds]

    assert before == [200, 200, 200]
    assert after == [(301, "/articles/moved/"), (301, "/tags/moved/"), (301, "/authors/moved/")]


def test_longest_address_in_another_script_leads_on(client):
    slug = "ж" * 120
    article = make_public("Moving", slug=slug)
    move(article, "moved")

    assert redirect(client, f"/articles/{slug}/") == (301, "/articles/moved/")


def test_address_can_move_into_another_script(client):
    article = make_public("Moving", slug="first")
    move(article, "каспий")

    assert redirect(client, "/articles/first/") == (301, f"/articles/{quote('каспий')}/")


@pytest.mark.parametrize("former", ["/post/", "/2019/05/post/", "/blog/post/", "/a/b/c/d/e/"])
def test_address_at_another_site_leads_on(client, former):
    article = make_public("Imported")
    publishing.add_former_address(article, former)

    assert redirect(client, former) == (301, "/articles/imported/")
    assert redirect(client, former.rstrip("/")) == (301, "/articles/imported/")


def test_former_address_of_what_is_withdrawn_is_gone(client):
    article = make_public("Moving", slug="first")
    move(article, "second")
    publishing.unpublish(article, by=None)

    gone = [client.get(f"/articles/{slug}/").status_code for slug in ("first", "second")]
    publishing.publish(article, by=None)

    assert gone == [410, 410]
    assert redirect(client, "/articles/first/") == (301, "/articles/second/")


def test_address_of_a_withdrawn_article_is_kept_for_it(client):
    make_withdrawn("Gone", slug="gone-address")
    other = make_article("Other", slug="gone-address")

    with pytest.raises(PublishingError):
        publishing.publish(other, by=None)

    assert client.get("/articles/gone-address/").status_code == 410


def test_former_address_never_leads_to_another_host(client):
    article = make_public("Moving", slug="first")
    move(article, "second")

    found = [
        redirect(client, "/", PATH_INFO=address)
        for address in (
            "//evil.example/articles/first/",
            "//articles/first/",
            "///articles/first/",
            "/articles/first//evil.example/",
            "/\\evil.example/articles/first/",
        )
    ]

    assert found == [(404, None)] * 5


# The publication's own words.


def test_words_of_the_publication_are_on_every_page(client):
    SiteSettings.objects.create(
        pk=1, name="The Herald", tagline="News of two seas", description="What we do.",
        footer="Printed\n\nnowhere", corrections_email="errors@example.org",
        logo=make_image("Mark", width=300, height=300),
    )  # fmt: skip
    raise_version()
    make_public("Written", at=AT)

    home, article = client.get("/"), client.get("/articles/written/")

    assert html.all_words(home, "//title") == ["The Herald – News of two seas"]
    assert html.all_words(home, "//h1") == ["The Herald"]
    assert html.all_words(article, "//title") == ["Written – The Herald"]
    for page in (home, article):
        assert html.all_words(page, html.by_class("masthead__name")) == ["The Herald"]
        assert html.all_words(page, html.by_class("masthead__tagline")) == ["News of two seas"]
        assert html.all_words(page, html.by_class("footer__about") + "/p")[1:] == [
            "What we do.",
            "Printed",
            "nowhere",
        ]
        assert hrefs(page, "//a[.='Report an error']")[-1] == "mailto:errors@example.org"
    assert hrefs(article, html.by_class("after__error") + "/a") == [
        "mailto:errors@example.org?subject=Written"
    ]


def test_change_by_an_editor_is_there_with_the_next_page(client, editor):
    client.get("/")
    client.force_login(editor)
    client.get("/admin/articles/sitesettings/")

    saved = client.post(
        "/admin/articles/sitesettings/1/change/",
        {"name": "New Name", "tagline": "", "description": "", "logo": "", "footer": "",
         "corrections_email": ""},
    )  # fmt: skip

    assert saved.status_code == 302
    assert html.all_words(client.get("/"), "//h1") == ["New Name"]


def test_menu_shows_what_is_public_in_order(client):
    about = make_public("About", kind="page", slug="about")
    make_public("Written", tags=["Subject"])
    MenuItem.objects.create(place="header", position=2, label="Us", article=about)
    MenuItem.objects.create(place="header", position=1, label="Topic", tag=Tag.objects.get())
    MenuItem.objects.create(place="header", position=3, label="Out", address="https://example.org/")
    MenuItem.objects.create(place="header", position=4, label="Draft", article=make_article("D"))
    MenuItem.objects.create(place="footer", position=1, label="Authors", address="/authors/")
    raise_version()

    page = client.get("/pages/about/")

    assert html.all_words(page, html.by_class("menu__link")) == ["Topic", "Us", "Out"]
    assert hrefs(page, html.by_class("menu__link")) == [
        "/tags/subject/",
        "/pages/about/",
        "https://example.org/",
    ]
    assert html.all_words(page, "//a[@aria-current='page']") == ["Us"]
    assert hrefs(page, html.by_class("footer__menu") + "//a") == ["/authors/"]


def test_menus_mark_the_page_at_hand_whichever_was_asked_for_before(client):
    for name in ("One", "Two"):
        page = make_public(name, kind="page", slug=name.lower())
        for place in ("header", "footer"):
            MenuItem.objects.create(place=place, label=name, article=page)
    raise_version()
    paths = ["/pages/one/", "/pages/two/", "/pages/one/", "/"]

    marked = [html.all_words(client.get(path), "//a[@aria-current='page']") for path in paths]

    assert marked == [["One", "One"], ["Two", "Two"], ["One", "One"], []]


def test_what_is_remembered_of_pages_is_in_the_language_of_each(client, settings, monkeypatch):
    # As where there are catalogues of other languages.
    settings.USE_I18N = True
    monkeypatch.setattr(translation, "_trans", type(translation._trans)())
    make_public("Sea", at=datetime(2026, 3, 5, 12, tzinfo=UTC), body="<p>Words.</p>")
    client.get("/articles/")

    with translation.override("de"):
        page = client.get("/articles/")

    assert html.all_words(page, html.by_class("masthead__search-link")) == ["Suchen"]
    assert html.all_words(page, html.by_class("river-item__date")) == ["5 Mär 2026"]


def test_menu_entry_goes_and_comes_with_its_page(client):
    about = make_public("About", kind="page", slug="about")
    MenuItem.objects.create(place="header", label="Us", article=about)
    raise_version()

    shown = [html.all_words(client.get("/"), html.by_class("menu__link"))]
    publishing.unpublish(about, by=None)
    shown.append(html.all_words(client.get("/"), html.by_class("menu__link")))
    publishing.publish(about, by=None)
    shown.append(html.all_words(client.get("/"), html.by_class("menu__link")))

    assert shown == [["Us"], [], ["Us"]]


def test_menu_follows_a_renamed_page_and_tag(client):
    about = make_public("About", kind="page", slug="about")
    make_public("Written", tags=["Subject"])
    MenuItem.objects.create(place="header", position=1, label="Us", article=about)
    MenuItem.objects.create(place="header", position=2, label="Topic", tag=Tag.objects.get())
    raise_version()
    client.get("/")

    move(about, "who-we-are")
    rename(Tag.objects.get(), "theme")

    found = hrefs(client.get("/"), html.by_class("menu__link"))
    assert found == ["/pages/who-we-are/", "/tags/theme/"]


# Home.


def test_home_leads_with_the_pick_and_names_nothing_twice(client):
    rows = [make_public(f"Number {number}", at=AT + timedelta(days=number)) for number in range(6)]
    Pick.objects.create(place=Pick.Place.HOME_LEAD, article=rows[1])
    Pick.objects.create(place=Pick.Place.HOME_ROW, article=rows[0], position=2)
    Pick.objects.create(place=Pick.Place.HOME_ROW, article=rows[4], position=1)
    Pick.objects.create(place=Pick.Place.START_HERE, article=rows[2])

    page = client.get("/")

    assert html.all_words(page, html.by_class("lead__title")) == ["Number 1"]
    assert html.all_words(page, html.by_class("card__title")) == ["Number 4", "Number 0"]
    assert titles(page) == ["Number 5", "Number 3", "Number 2"]
    assert html.all_words(page, html.by_class("starters__title")) == ["Number 2"]


def test_home_passes_over_picks_that_are_not_public(client):
    newest = make_public("Newest", at=AT + timedelta(days=9))
    good = make_public("Good", at=AT)
    hidden = [make_article("Draft"), make_scheduled("Soon"), make_withdrawn("Gone"),
              make_public("About", kind="page", slug="on-us")]  # fmt: skip
    for position, row in enumerate([*hidden, good]):
        Pick.objects.create(place=Pick.Place.HOME_LEAD, article=row, position=position)
        Pick.objects.create(place=Pick.Place.START_HERE, article=row, position=position)

    with_pick = client.get("/")
    publishing.unpublish(good, by=None)
    without = client.get("/")

    assert html.all_words(with_pick, html.by_class("lead__title")) == ["Good"]
    assert html.all_words(with_pick, html.by_class("starters__title")) == ["Good"]
    assert html.all_words(without, html.by_class("lead__title")) == [newest.title]
    assert html.all_words(without, html.by_class("starters__title")) == []


def test_tag_page_begins_with_its_picks_on_the_first_page_only(client):
    rows = [make_public(f"Number {number}", tags=["Subject"]) for number in range(21)]
    other = make_public("Elsewhere", tags=["Other"])
    for position, row in enumerate((rows[3], other, rows[0])):
        Pick.objects.create(
            place=Pick.Place.TAG_TOP, tag=Tag.objects.get(slug="subject"), article=row,
            position=position,
        )  # fmt: skip

    first, second = client.get("/tags/subject/"), client.get("/tags/subject/", {"page": "2"})

    assert html.all_words(first, html.by_class("card__title")) == ["Number 3", "Number 0"]
    assert html.all_words(second, html.by_class("card__title")) == []


def test_pick_stands_at_the_top_of_its_tag_as_soon_as_it_is_saved_and_until_it_is_deleted(
    client, editor
):
    article, reader = make_public("Picked", tags=["Subject"]), Client()
    client.force_login(editor)
    before = reader.get("/tags/subject/")

    form = {"place": "tag_top", "tag": Tag.objects.get().pk, "article": article.pk, "position": 1}
    client.post(reverse("admin:articles_pick_add"), form)
    during = reader.get("/tags/subject/")
    client.post(reverse("admin:articles_pick_delete", args=[Pick.objects.get().pk]), {"post": 1})
    after = reader.get("/tags/subject/")

    pages = (before, during, after)
    tops = [html.all_words(page, html.by_class("card__title")) for page in pages]
    assert tops == [[], ["Picked"], []]


@pytest.mark.parametrize(
    "address",
    ["/", "/articles/", "/tags/", "/authors/", "/search/", "/search/?q=x", "/feed/", "/feed/atom/",
     "/feed/json/", "/sitemap.xml", "/sitemap-lists.xml", "/sitemap-subjects.xml",
     "/sitemap-articles-1.xml"],
)  # fmt: skip
def test_empty_publication_answers(client, address):
    assert client.get(address).status_code == 200


def test_photo_of_an_author_stands_in_for_the_letter(client):
    photo = Image(width=800, height=600, alt="Portrait")
    photo.file.name = f"pictures/{photo.uid[:2]}/{photo.uid}-0123456789ab.webp"
    photo.save()
    make_public("Written", authors=[make_author("Somebody", photo=photo)])

    pages = [client.get(address) for address in ("/articles/written/", "/authors/somebody/")]

    source = f"/media/pictures/{photo.uid[:2]}/{photo.uid}-0123456789ab-square.webp"
    assert [parse_all(page, "//img[contains(@class, 'avatar')]/@src") for page in pages] == [
        [source],
        [source],
    ]


# Error pages.


def broken(request):
    raise RuntimeError("zqsecret")


def forbidden(request):
    raise PermissionDenied("zqsecret")


def bad(request):
    raise SuspiciousOperation("zqsecret")


def form(request):
    return HttpResponse("never reached")


urlpatterns = [
    path("broken/", broken),
    path("forbidden/", forbidden),
    path("bad/", bad),
    path("form/", form),
    path("", include("irb_site.urls")),
]
handler400 = "irb_site.views.bad_request"
handler403 = "irb_site.views.forbidden"
handler404 = "irb_site.views.not_found"
handler500 = "irb_site.views.server_error"


@pytest.mark.urls("tests.articles.test_reading")
@pytest.mark.parametrize(
    ("address", "status", "heading"),
    [
        ("/broken/", 500, "Something went wrong here"),
        ("/forbidden/", 403, "You may not see this page"),
        ("/bad/", 400, "This request can’t be understood"),
        ("/nothing/", 404, "There is no page at this address"),
    ],
)
def test_error_page_is_ours_and_tells_nothing(client, address, status, heading):
    client.raise_request_exception = False

    page = client.get(address)

    assert page.status_code == status
    assert html.all_words(page, "//h1") == [heading]
    assert parse_all(page, "//meta[@name='robots']/@content") == ["noindex"]
    assert page.content.decode().count("zqsecret") == 0
    assert hrefs(page, "//link[@rel='stylesheet']") == ["/static/css/site.css"]


@pytest.mark.urls("tests.articles.test_reading")
def test_error_page_of_a_forged_form_is_ours(client):
    client.handler.enforce_csrf_checks = True

    page = client.post("/form/")

    assert page.status_code == 403
    assert hrefs(page, "//link[@rel='stylesheet']") == ["/static/css/site.css"]
