"""The versions of an article in the newsroom: the list, comparing two, restoring, naming."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles import publishing, rights
from articles.admin import history
from articles.models import Article
from articles.publishing import Words
from tests import html
from tests.factories import change_draft, cite, erase, make_article, make_image, make_public

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def people(django_user_model):
    made = {}
    for role in rights.ROLES:
        user = django_user_model.objects.create_user(f"a-{role.lower()}", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        made[role] = user
    made["without a role"] = django_user_model.objects.create_user("nobody", is_staff=True)
    return made


def url(article, what="history", *args):
    return reverse(f"admin:articles_article_{what}", args=[article.pk, *args])


def rows(response):
    """What the list says of each version: number → words of its head."""
    found = {}
    for row in html.parse(response).xpath("//table[contains(@class, 'versions')]/tbody/tr"):
        number = int(row.get("id").removeprefix("version-"))
        found[number] = html.words(row.xpath(".//*[@class='versions__head']")[0])
    return found


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def latest(article):
    return Article.objects.select_related("latest_revision").get(pk=article.pk).latest_revision


# The list


def test_history_says_of_each_version_what_it_is(desk, editor):
    article = make_public("Harbour", by=editor)
    publishing.name_revision(article, latest(article), "As published", by=editor)
    change_draft(article, by=editor, title="Harbour 2")
    publishing.schedule(article, due_at=timezone.now() + timedelta(days=1), by=editor)
    change_draft(article, by=editor, title="Harbour 3")
    publishing.submit(Article.objects.get(pk=article.pk), by=editor)
    draft = latest(article)
    publishing.autosave(article, Words(title="Harbour 4"), by=editor, based_on=draft.edition)

    response = desk.get(url(article))

    said = rows(response)
    assert list(said) == [4, 3, 2, 1]
    assert said[4] == "Version 4 newest autosave in progress"
    assert said[3] == "Version 3 handed in"
    assert said[2].startswith("Version 2 goes out ")
    assert said[1] == "Version 1 “As published” live"
    assert "no-store" in response.headers["Cache-Control"]


def test_history_of_something_withdrawn_says_what_was_live(desk, editor):
    article = make_public("Harbour", by=editor)
    publishing.unpublish(article, by=editor)

    assert rows(desk.get(url(article))) == {1: "Version 1 was live newest"}


def test_history_shows_what_was_done_newest_first(desk, editor):
    article = make_public("Harbour", by=editor)
    publishing.comment(article, "Is this right?", by=editor)

    acts = html.all_words(desk.get(url(article)), "//li[@class='acts__item']/p")
    assert acts == [
        *("editor commented on “Harbour”", "Is this right?"),
        *("editor published “Harbour”", "editor began “Harbour”"),
    ]


def test_pages_of_history_hold_everything_once(desk, editor, monkeypatch):
    monkeypatch.setattr(history, "VERSIONS_SHOWN", 2)
    monkeypatch.setattr(history, "ACTS_SHOWN", 2)
    article = make_article("Harbour 0", by=editor)
    for number in range(1, 5):
        change_draft(article, by=editor, title=f"Harbour {number}")
    page, seen, titles = desk.get(url(article)), [], []
    while True:
        seen += rows(page)
        following = html.parse(page).xpath("//nav[@aria-label='Pages of versions']/a[@rel='next']")
        if not following:
            break
        page = desk.get(following[0].get("href"))
    page = desk.get(url(article))
    while True:
        titles += html.all_words(page, "//li[@class='acts__item']/p")
        link = html.parse(page).xpath("//nav[@aria-label='Pages of who did what']/a[@rel='next']")
        if not link:
            break
        page = desk.get(link[0].get("href").partition("#")[0])

    assert seen == [5, 4, 3, 2, 1]
    saved = [f"editor saved a draft of “Harbour {number}”" for number in (4, 3, 2, 1)]
    assert titles == [*saved, "editor began “Harbour 0”"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=99999999999", "acts=-1", "page=%00"])
def test_odd_page_of_history_is_a_page(desk, query):
    assert desk.get(f"{url(make_article('Harbour'))}?{query}").status_code == 200


@pytest.mark.parametrize("versions", [1, 30])
def test_history_asks_the_same_however_long_it_is(desk, editor, versions):
    article = make_public("Harbour 0", by=editor)
    for number in range(1, versions):
        change_draft(article, by=editor, title=f"Harbour {number}")
    desk.get(url(article))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        desk.get(url(article))

    # Session, user, publication; the article; versions, schedules, acts.
    assert len(queries) == 7


def test_rail_of_the_form_shows_the_newest_versions_and_the_draft_against_live(desk, editor):
    article = make_public("Harbour 0", by=editor)
    before = desk.get(url(article, "change")).content.decode()
    for number in range(1, 9):
        change_draft(article, by=editor, title=f"Harbour {number}")
    page = desk.get(url(article, "change"))

    link = f"{url(article, 'compare')}?from=live&amp;to=newest"
    assert link not in before
    assert link in page.content.decode()
    assert len(html.parse(page).xpath("//*[@id='versions']//li")) == history.VERSIONS_IN_RAIL


# Comparing


def test_draft_is_compared_with_what_is_live(desk, editor):
    article = make_public("The old harbour", by=editor, body="<p>A cat sat on the mat.</p>")
    change_draft(article, by=editor, title="The new harbour", body="<p>A dog sat on the mat.</p>")

    response = desk.get(f"{url(article, 'compare')}?from=live&to=newest")

    page = html.parse(response)
    assert [html.words(one) for one in page.xpath("//main//dl//del")] == ["deleted: old"]
    assert [html.words(one) for one in page.xpath("//section//ins")] == ["inserted: dog"]
    sides = html.all_words(response, "//dl[@class='compare__sides']//dd")
    assert sides[0].startswith("version 1, by editor, ")
    assert [side.rpartition(" ")[2] for side in sides] == ["live", "newest"]
    assert "no-store" in response.headers["Cache-Control"]


def test_any_two_versions_are_compared_in_the_order_asked_for(desk, editor):
    article = make_article("Harbour", by=editor, tags=["Ports"])
    change_draft(article, by=editor, tags=["Ports", "Sea"])
    change_draft(article, by=editor, tags=["Sea"])

    def tags(query):
        return html.all_words(desk.get(f"{url(article, 'compare')}?{query}"), "//li//text()/..")

    assert tags("from=1&to=2") == ["Ports", "inserted: Sea", "inserted:"]
    assert tags("from=3&to=2") == ["inserted: Ports", "inserted:", "Sea"]


def test_equal_versions_say_so(desk, editor):
    article = make_public("Harbour", by=editor)
    assert (
        "Nothing differs." in desk.get(f"{url(article, 'compare')}?from=live&to=1").content.decode()
    )


def test_comparison_names_what_the_words_name_by_id(desk, editor, people):
    quay = make_public("The Quay", body="<h2>Depth</h2><p>x</p>")
    image = make_image("Cranes over the quay")
    article = make_article("Harbour", by=editor)
    change_draft(
        article,
        by=editor,
        body=f"<p>A paragraph of text, {cite(quay, 'deep', section='s-depth')}.</p>",
        lead_image_id=image.pk,
        related=[{"article": quay.uid}],
        relations=[{"kind": "updates", "article": quay.uid, "section": "", "note": "News."}],
    )

    text = desk.get(f"{url(article, 'compare')}?from=1&to=2").content.decode()

    assert "leads to “The Quay › Depth”" in text
    assert image.card_src in text
    assert "Cranes over the quay" in text
    assert "Updates “The Quay”: News." in text


def test_comparison_tells_contributors_no_title_that_they_may_not_see(client, people, editor):
    secret = make_article("Secret Harbour", by=editor)
    half = make_public("Open Harbour", by=editor, body="<p>x</p>")
    change_draft(half, by=editor, title="Secret New Harbour", body="<h2>Secret part</h2><p>x</p>")
    article = make_article("Mine", by=people["Contributor"])
    change_draft(
        article,
        by=editor,
        body=f"<p>{cite(secret)} {cite(half, section='s-secret-part')}</p>",
        related=[{"article": secret.uid}, {"article": half.uid}],
    )

    client.force_login(people["Contributor"])
    text = client.get(f"{url(article, 'compare')}?from=1&to=2").content.decode()

    assert "Secret" not in text
    assert "an article that you may not see" in text
    assert "Open Harbour" in text


@pytest.mark.parametrize(
    "query",
    ["from=live", "from=99&to=1", "from=x&to=1", "from=1&to=%00", "from=1&to=" + "9" * 400,
     "from=1&to=" + "9" * 5000, "from=-1&to=1", "from=1&to=²", "from=&to="],
)  # fmt: skip
def test_versions_that_are_not_there_are_refused_with_a_sentence(desk, query):
    article = make_article("Harbour")
    response = desk.get(f"{url(article, 'compare')}?{query}", follow=True)

    assert response.redirect_chain == [(url(article), 302)]
    assert len(messages_of(response)) == 1


def test_comparison_asks_the_same_however_much_differs(desk, editor):
    numbers = []
    for count in (1, 12):
        targets = [make_public(f"Target {count} {n}", body="<h2>Part</h2>") for n in range(count)]
        article = make_article("Harbour", by=editor, tags=["Ports"])
        change_draft(
            article,
            by=editor,
            body="".join(f"<p>{cite(one, section='s-part')}</p>" for one in targets),
            related=[{"article": one.uid} for one in targets],
            tags=[f"Tag {n}" for n in range(count)],
        )
        desk.get(url(article))
        with CaptureQueriesContext(connection) as queries:
            desk.get(f"{url(article, 'compare')}?from=1&to=2")
        numbers.append(len(queries))

    # Session, user, publication; the article, two versions; titles, headings.
    assert numbers == [8, 8]


# Restoring and naming


def test_older_version_is_restored_from_its_comparison(desk, editor):
    article = make_public("Old words", by=editor)
    change_draft(article, by=editor, title="New words")
    page = html.parse(desk.get(f"{url(article, 'compare')}?from=live&to=newest"))
    [form] = page.xpath("//main//form[@method='post']")

    response = desk.post(form.get("action"), follow=True)

    assert messages_of(response) == [
        "Version 1 is the newest draft now. Publish it to show it to readers."
    ]
    newest = latest(article)
    assert (newest.number, newest.title, newest.note) == (3, "Old words", "Restored from version 1")


def test_newest_version_offers_no_restoring(desk, editor):
    article = make_article("Harbour", by=editor)
    text = desk.get(url(article)).content.decode()
    assert url(article, "name", 1) in text
    assert url(article, "restore", 1) not in text


def test_what_is_in_the_trash_offers_no_change(desk, editor):
    article = make_article("Harbour", by=editor)
    change_draft(article, title="Harbour 2")
    publishing.trash(article, by=editor)
    text = desk.get(url(article)).content.decode()
    assert url(article, "restore", 1) not in text
    assert url(article, "name", 1) not in text

    response = desk.post(url(article, "restore", 1), follow=True)

    assert messages_of(response) == ["This article is in the trash. Take it out first."]
    assert latest(article).number == 2


@pytest.mark.parametrize(
    ("given", "kept", "said"),
    [
        ("  Before the   legal read ", "Before the legal read",
         "Version 1 is called “Before the legal read” now."),
        ("", "", "Version 1 has no name any more."),
        ("A\x00B", "AB", "Version 1 is called “AB” now."),
        ("n" * 101, "Former", "A name has at most 100 characters."),
        ("n" * 100_000, "Former", "A name has at most 100 characters."),
    ],
)  # fmt: skip
def test_version_is_named(desk, editor, given, kept, said):
    article = make_article("Harbour", by=editor)
    publishing.name_revision(article, latest(article), "Former", by=editor)

    response = desk.post(url(article, "name", 1), {"name": given}, follow=True)

    assert response.redirect_chain == [(f"{url(article)}#version-1", 302)]
    assert messages_of(response) == [said]
    assert latest(article).name == kept


# Rights

VIEWS = {
    "history": lambda client, article: client.get(url(article)),
    "compare": lambda client, article: client.get(url(article, "compare") + "?from=1&to=2"),
    "restore": lambda client, article: client.post(url(article, "restore", 1)),
    "name": lambda client, article: client.post(url(article, "name", 1), {"name": "x"}),
}
#                            of their own  assigned  another's
WHO_SEES = {
    "Contributor":          (200, 200, 403),
    "Editor":               (200, 200, 200),
    "Publisher":            (200, 200, 200),
    "without a role":       (403, 403, 403),
    None:                   (302, 302, 302),
}  # fmt: skip


@pytest.mark.parametrize("what", VIEWS)
@pytest.mark.parametrize("who", WHO_SEES)
def test_history_is_for_those_who_may_see_the_article(client, people, who, what):
    user = people.get(who)
    other = people["Publisher"]
    own, assigned, foreign = (make_article(f"Harbour {n}", by=other) for n in range(3))
    for article in (own, assigned, foreign):
        change_draft(article, title="Changed")
    Article.objects.filter(pk=own.pk).update(created_by=user)
    if who == "Contributor":
        publishing.assign(assigned, user, by=other)
    if user:
        client.force_login(user)

    answers = tuple(VIEWS[what](client, one).status_code for one in (own, assigned, foreign))

    expected = WHO_SEES[who]
    if what in {"restore", "name"}:
        expected = tuple(302 if status == 200 else status for status in expected)
    assert answers == expected
    changed = [one for one in (own, assigned, foreign) if latest(one).number > 2]
    assert len(changed) == (expected.count(302) if what == "restore" and user else 0)


@pytest.mark.parametrize("what", VIEWS)
def test_what_is_deleted_or_was_never_there_has_no_history(desk, what):
    article, missing = make_article("Harbour"), Article(pk=10**15)
    erase(article)

    assert [VIEWS[what](desk, one).status_code for one in (article, missing)] == [404, 404]


@pytest.mark.parametrize("pk", ["x", "1x", "²", "9" * 30, "_31", "1/2"])
def test_odd_number_of_an_article_is_not_found(desk, pk):
    make_article("Harbour")
    assert desk.get(f"/admin/articles/article/{pk}/history/").status_code == 404


def test_versions_of_other_articles_are_out_of_reach(client, people, editor):
    foreign = make_article("Secret", by=editor)
    for number in range(2, 6):
        change_draft(foreign, by=editor, title=f"Secret {number}")
    own = make_article("Mine", by=people["Contributor"])
    client.force_login(people["Contributor"])

    compared = client.get(f"{url(own, 'compare')}?from=1&to=4", follow=True)

    assert messages_of(compared) == ["There is no such version. Choose two of these."]
    assert b"Secret" not in compared.content
    for what in ("restore", "name"):
        assert client.post(url(own, what, 4), {"name": "x"}).status_code == 404


def test_nothing_is_changed_by_looking(desk):
    article = make_article("Harbour")
    refused = [desk.get(url(article, what, 1)).status_code for what in ("restore", "name")]
    refused += [desk.post(url(article, what)).status_code for what in ("history", "compare")]
    assert refused == [405] * 4
