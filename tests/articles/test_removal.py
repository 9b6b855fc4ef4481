"""Taking away and moving: what readers, drafts, plans and colleagues have of it afterwards."""

import re
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.utils import timezone

from articles import directory, effects, publishing, references, search, similar
from articles.content_version import current
from articles.models import (
    Article,
    AuditEntry,
    Forward,
    Redirect,
    Reference,
    Revision,
    Schedule,
    Tag,
)
from articles.publishing import NotAllowed, PublishingError
from articles.rendering import RefToken
from tests import html
from tests.articles.test_crash import dump, verbs_that_leave_something
from tests.articles.test_publishing import counts, in_threads, recount
from tests.factories import (
    change_draft,
    cite,
    erase,
    make_article,
    make_author,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

FEEDS = ("/feed/", "/feed/atom/", "/feed/json/")
LISTS = ("/", "/articles/", "/sitemap-articles-1.xml", "/search/?q=harbour", *FEEDS)


@pytest.fixture
def contributor(django_user_model):
    """Writes and changes articles, and neither publishes nor deletes."""
    user = django_user_model.objects.create_user("contributor")
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_article", "change_article"])
    )
    return user


@pytest.fixture
def publisher(contributor):
    """Publishes, and doesn't delete."""
    contributor.user_permissions.add(Permission.objects.get(codename="publish_article"))
    return type(contributor).objects.get(pk=contributor.pk)


def fresh(article):
    return Article.objects.select_related("latest_revision").get(pk=article.pk)


def token(thing, section=""):
    return RefToken(thing._meta.model_name, thing.uid, section)


def publish_change(article, **changes):
    change_draft(article, **changes)
    return publishing.publish(article, by=None)


def source_of(target, title="Source", *, section="", **words):
    """A public article that cites another in its text, and as a related link."""
    words.setdefault("related", [{"article": target.uid}])
    return make_public(title, body=f"<p>See {cite(target, section=section)}.</p>", **words)


def links(client, article):
    """What the words of an article lead to."""
    return html.parse(client.get(article.get_absolute_url())).xpath(
        "//*[contains(@class, 'story__body')]//a/@href"
    )


def related(client, article):
    page = html.parse(client.get(article.get_absolute_url()))
    return page.xpath("//*[contains(@class, 'related__title')]/a/@href")


def answer(client, path):
    reply = client.get(path)
    return reply.status_code, reply.get("Location")


def mentions(client, path, words):
    return words in client.get(path).content.decode()


def assert_sound():
    """Whatever is derived from the texts says what they say."""
    assert references.rebuild() == 0
    assert directory.rebuild() == 0
    assert search.rebuild() == (Article.objects.public().articles().count(), 0)
    assert similar.rebuild() == (0, 0)
    assert counts() == recount()


# Unpublishing


def test_links_to_an_unpublished_article_become_words_and_come_back(client):
    target = make_public("The harbour", slug="target")
    source = source_of(target)
    revision, address = source.latest_revision_id, "/articles/target/"
    versions = [current()]

    publishing.unpublish(target, by=None)
    versions.append(current())

    assert (links(client, source), related(client, source)) == ([], [])
    assert mentions(client, source.get_absolute_url(), "See the other article.")
    assert answer(client, address) == (410, None)
    assert [path for path in LISTS if mentions(client, path, address)] == []
    assert not mentions(client, "/search/?q=harbour", "The harbour")
    assert_sound()

    publishing.publish(target, by=None)
    versions.append(current())

    assert (links(client, source), related(client, source)) == ([address], [address])
    assert [path for path in FEEDS if not mentions(client, path, address)] == []
    assert fresh(source).latest_revision_id == revision
    assert len(set(versions)) == 3


def test_unpublished_article_cites_nobody_any_more(client):
    target = make_public("Target", slug="target")
    source = source_of(target)
    assert mentions(client, "/articles/target/", "Source")

    publishing.unpublish(source, by=None)

    assert not mentions(client, "/articles/target/", "Source")
    assert not mentions(client, "/articles/target/cited-by/", "Source")
    assert effects.of_removal([target]).draft_count == 1


def test_readers_are_led_to_another_place_by_every_way_in(client):
    target = make_public("Target", slug="target")
    publish_change(target, slug="renamed")
    other = make_public("Other", slug="other", body="<h2>The quay</h2><p>x</p>")
    source = source_of(target)
    words = Revision.objects.count()

    publishing.unpublish(target, by=None, lead_to=token(other, "s-the-quay"))

    there = "/articles/other/#s-the-quay"
    assert answer(client, "/articles/renamed/") == (301, there)
    assert answer(client, "/articles/target/") == (301, there)
    assert links(client, source) == [there]
    assert related(client, source) == [there]
    assert [path for path in FEEDS if not mentions(client, path, there)] == []
    assert Revision.objects.count() == words
    assert_sound()


@pytest.mark.parametrize("kind", ["author", "tag"])
def test_readers_can_be_led_to_an_author_or_a_tag(client, kind):
    ada = make_author("Ada")
    make_public(authors=[ada], tags=["Ports"])
    place = {"author": ada, "tag": Tag.objects.get()}[kind]
    target = make_public("Target", slug="target")
    source = source_of(target)

    publishing.unpublish(target, by=None, lead_to=token(place))

    assert answer(client, "/articles/target/") == (301, place.get_absolute_url())
    assert (links(client, source), related(client, source)) == ([place.get_absolute_url()],) * 2


def test_article_that_comes_back_needs_no_successor(client):
    target, other = make_public("Target", slug="target"), make_public("Other", slug="other")
    source = source_of(target)
    publishing.unpublish(target, by=None, lead_to=token(other))

    publishing.publish(target, by=None)

    assert answer(client, "/articles/target/")[0] == 200
    assert links(client, source) == ["/articles/target/"]

    publishing.unpublish(target, by=None)

    assert answer(client, "/articles/target/") == (410, None)


def test_successor_of_a_successor_is_reached_without_a_detour(client):
    first, second, third = (make_public(name, slug=name) for name in ("one", "two", "three"))
    publishing.unpublish(first, by=None, lead_to=token(second))

    erase(second, lead_to=token(third))

    for path in ("/articles/one/", "/articles/two/"):
        assert answer(client, path) == (301, "/articles/three/")


def test_two_articles_that_took_each_others_place_lead_in_no_circle(client):
    first, second = make_public("One", slug="one"), make_public("Two", slug="two")
    publishing.unpublish(first, by=None, lead_to=token(second))
    publishing.publish(first, by=None)
    publishing.unpublish(second, by=None, lead_to=token(first))

    assert answer(client, "/articles/one/")[0] == 200
    assert answer(client, "/articles/two/") == (301, "/articles/one/")

    publishing.unpublish(first, by=None)

    assert answer(client, "/articles/one/") == (410, None)
    assert answer(client, "/articles/two/") == (410, None)


def test_article_that_takes_the_place_of_its_own_related_link_does_not_list_itself(client):
    target = make_public("Target", slug="target")
    source = source_of(target)

    publishing.unpublish(target, by=None, lead_to=token(source))

    assert related(client, source) == []


def test_successor_that_is_listed_already_is_listed_once(client):
    target, other = make_public("Target"), make_public("Other", slug="other")
    source = source_of(target, related=[{"article": other.uid}, {"article": target.uid}])

    publishing.unpublish(target, by=None, lead_to=token(other))

    assert related(client, source) == ["/articles/other/"]


def test_section_that_leads_on_gives_its_article_no_successor(client):
    target = make_public("Target", slug="target", body="<h2>The quay</h2><p>x</p><p>y</p>")
    other = make_public("Other", slug="other")
    source = source_of(target, section="s-the-quay")
    publishing.forward_section(target, "s-the-quay", token(other), by=None)

    publishing.unpublish(target, by=None)

    assert links(client, source) == ["/articles/other/"]
    assert related(client, source) == []
    assert answer(client, "/articles/target/") == (410, None)


# Several at once


def test_articles_that_cite_each_other_go_together_without_damage(client):
    first, second = make_public("One", slug="one"), make_public("Two", slug="two")
    publish_change(first, body=f"<p>{cite(second)}</p>")
    publish_change(second, body=f"<p>{cite(first)}</p>")
    outside = source_of(first, "Outside")

    assert effects.of_removal([second]).live_count == 1
    effect = effects.of_removal([first, second])
    publishing.remove([first, second, first], publishing.UNPUBLISH, by=None)

    assert [entry.article for entry in effect.citing] == [outside]
    assert {fresh(first).state, fresh(second).state} == {"withdrawn"}
    assert links(client, outside) == []
    assert_sound()


def test_all_go_or_none():
    live, draft = make_public("Live"), make_article("Draft")
    before = dump()

    with pytest.raises(PublishingError, match="isn't live"):
        publishing.remove([live, draft], publishing.UNPUBLISH, by=None)

    assert dump() == before


def test_refusal_names_a_draft_by_its_working_title():
    with pytest.raises(PublishingError) as refusal:
        publishing.unpublish(make_article("A plan of ours"), by=None)

    assert str(refusal.value) == "“A plan of ours” isn't live."


# Deleting


def test_deleted_article_leaves_its_identity_and_not_a_word(client):
    article = make_public(
        "Qxtitlexq", slug="qxslugxq", standfirst="Qxstandfirstxq", tags=["Ports"],
        body="<h2>Qxheadingxq</h2><p>Qxbodyxq</p>",
    )  # fmt: skip
    publish_change(article, slug="second", title="Qxsecondxq")
    change_draft(article, title="Qxdraftxq")
    publishing.schedule(article, due_at=timezone.now() + timedelta(days=1), by=None)
    publishing.submit(article, by=None, note="Qxnotexq")

    erase(article)

    # A uid may have any letters, so only whole words count.
    left = {
        table
        for table, rows in dump().items()
        if "_search" not in table and re.search("qx[a-z]+xq", str(rows).lower())
    }
    # Addresses: they stay taken. The audit says what it was that somebody deleted.
    assert left == {"articles_redirect", "articles_section", "articles_auditentry"}
    details = " ".join(AuditEntry.objects.values_list("detail", flat=True))
    assert not re.search("qx[a-z]+xq", details.lower())
    assert search.find("qxtitlexq").ids == []
    assert fresh(article).uid == article.uid
    assert answer(client, "/articles/second/") == (410, None)
    assert answer(client, "/articles/qxslugxq/") == (410, None)
    assert_sound()


def test_deleted_article_is_beyond_every_verb():
    article, other = make_public("One"), make_public("Two")
    erase(article)
    verbs = [
        partial(publishing.publish, article, by=None),
        partial(publishing.unpublish, article, by=None),
        partial(publishing.delete, article, by=None),
        partial(publishing.merge, article, other, by=None),
        partial(publishing.merge, other, article, by=None),
        partial(publishing.submit, article, by=None),
        partial(publishing.unpublish, other, by=None, lead_to=token(article)),
        partial(publishing.unpublish, other, by=None, retarget_to=token(article)),
        partial(publishing.retarget, article, lambda one: one, by=None),
        partial(publishing.schedule, article, due_at=timezone.now() + timedelta(1), by=None),
    ]
    before = dump()

    for verb in verbs:
        with pytest.raises(PublishingError):
            verb()

    assert dump() == before


def test_address_of_a_deleted_article_is_never_given_again(client):
    article = make_public("Taken", slug="taken")
    erase(article)

    derived = make_public("Taken")
    with pytest.raises(PublishingError, match="was that of an article that is deleted"):
        make_public("Other", slug="taken")

    assert derived.slug == "taken-2"
    assert answer(client, "/articles/taken/") == (410, None)


def test_former_address_of_a_deleted_article_is_refused_without_its_id():
    article = make_public("Taken", slug="taken")
    publish_change(article, slug="moved")
    erase(article)

    with pytest.raises(PublishingError) as refusal:
        make_public("Other", slug="taken")

    assert str(refusal.value) == (
        "The address /articles/taken/ was given up on purpose and can't be used again."
    )


def test_draft_that_is_deleted_never_was(client):
    draft = make_article("Draft", slug="draft")
    source = source_of(draft)

    erase(draft)

    assert answer(client, "/articles/draft/")[0] == 404
    assert links(client, source) == []
    assert_sound()


# Retargeting


def test_citing_texts_name_another_target_and_nothing_else_changes(client):
    ada = make_author("Ada")
    target, other = make_public("Target"), make_public("Other", slug="other")
    source = source_of(target, authors=[ada], tags=["Ports"])
    updated = source.updated_at
    change_draft(source, title="Newer", body=f"<p>New words, {cite(target)}.</p>")
    draft = make_article("Draft", body=f"<p>{cite(target)}</p>")

    publishing.unpublish(target, by=None, retarget_to=token(other))

    source, draft = fresh(source), fresh(draft)
    assert source.body == f"<p>See {cite(other)}.</p>"
    assert source.latest_revision.body == f"<p>New words, {cite(other)}.</p>"
    assert (source.title, source.latest_revision.title) == ("Source", "Newer")
    assert draft.latest_revision.body == f"<p>{cite(other)}</p>"
    assert (source.updated_at, draft.state) == (updated, "draft")
    assert (links(client, source), related(client, source)) == (["/articles/other/"],) * 2
    assert not Reference.objects.filter(target_article=target).exists()
    assert_sound()


def test_what_would_cite_itself_says_its_words_only(client):
    target = make_public("Target")
    source = source_of(target)

    publishing.unpublish(target, by=None, retarget_to=token(source))

    assert fresh(source).body == "<p>See the other article.</p>"
    assert fresh(source).related == []


def test_plan_goes_out_after_its_target_is_gone(client):
    target, other = make_public("Target"), make_public("Other", slug="other")
    source = source_of(target)
    planned = change_draft(source, title="Planned", body=f"<p>Planned, {cite(target)}.</p>")
    publishing.schedule(source, due_at=timezone.now() + timedelta(hours=1), by=None)
    change_draft(source, title="Later still")

    publishing.unpublish(target, by=None, lead_to=token(other), retarget_to=token(other))
    done = publishing.carry_out_due(now=timezone.now() + timedelta(hours=2))

    source = fresh(source)
    assert (done, source.title, source.live_revision_id) == (1, "Planned", planned.pk)
    assert links(client, source) == ["/articles/other/"]
    assert source.latest_revision.title == "Later still"
    assert_sound()


def test_plan_for_the_newest_draft_follows_the_new_target(client):
    target, other = make_public("Target"), make_public("Other", slug="other")
    draft = make_article("Planned", slug="planned", body=f"<p>{cite(target)}</p>")
    publishing.schedule(draft, due_at=timezone.now() + timedelta(hours=1), by=None)

    publishing.unpublish(target, by=None, retarget_to=token(other))
    publishing.carry_out_due(now=timezone.now() + timedelta(hours=2))

    assert Schedule.objects.get().outcome == Schedule.Outcome.DONE
    assert fresh(draft).body == f"<p>{cite(other)}</p>"
    assert links(client, fresh(draft)) == ["/articles/other/"]


def test_what_was_handed_in_still_waits_after_its_references_changed(contributor):
    target, other = make_public("Target"), make_public("Other")
    source = source_of(target)
    change_draft(source, title="Handed in")
    publishing.submit(source, by=contributor)

    publishing.unpublish(target, by=None, retarget_to=token(other))

    submission = fresh(source).submission
    assert submission.outcome == "waiting"
    assert submission.revision == fresh(source).latest_revision
    assert submission.revision.title == "Handed in"


def test_plan_to_unpublish_is_off_once_it_is_done_by_hand():
    target = make_public("Target")
    publishing.schedule(
        target, due_at=timezone.now() + timedelta(hours=1), by=None, action="unpublish"
    )

    publishing.unpublish(target, by=None)

    assert publishing.carry_out_due(now=timezone.now() + timedelta(hours=2)) == 0
    assert Schedule.objects.get().message == "Unpublished by hand before."


# Merging


def test_merged_article_leads_to_the_other_and_its_sections_to_theirs(client):
    old = make_public("Old", slug="old", body="<h2>The quay</h2><p>x</p><h2>The crane</h2><p>x</p>")
    into = make_public("New", slug="newer", body="<p>x</p><h2>the QUAY</h2><p>x</p>")
    whole = source_of(old)
    part = make_public("Part", body=f"<p>{cite(old, section='s-the-quay')}</p>")
    rest = make_public("Rest", body=f"<p>{cite(old, section='s-the-crane')}</p>")
    body = into.body

    publishing.merge(old, into, by=None)

    assert answer(client, "/articles/old/") == (301, "/articles/newer/")
    assert links(client, whole) == ["/articles/newer/"]
    assert links(client, part) == ["/articles/newer/#s-the-quay"]
    assert links(client, rest) == ["/articles/newer/"]
    assert fresh(into).body == body
    assert_sound()


def test_merge_that_changes_the_texts_keeps_their_sections(client):
    old = make_public("Old", body="<h2>The quay</h2><p>x</p>")
    into = make_public("New", slug="newer", body="<h2>The quay</h2><p>x</p>")
    source = source_of(old, section="s-the-quay")

    publishing.merge(old, into, by=None, retarget=True)

    assert fresh(source).body == f"<p>See {cite(into, section='s-the-quay')}.</p>"
    assert fresh(source).related == [{"article": into.uid}]


@pytest.mark.parametrize("make", [make_article, make_withdrawn])
def test_what_is_not_live_can_be_merged_too(client, make):
    old, into = make("Old", slug="old"), make_public("New", slug="newer")
    source = source_of(old)

    publishing.merge(old, into, by=None)

    assert links(client, source) == ["/articles/newer/"]
    expected = (404, None) if make is make_article else (301, "/articles/newer/")
    assert answer(client, "/articles/old/") == expected


def test_what_led_to_a_section_of_a_merged_article_leads_to_where_that_is_now(client):
    body = "<p>x</p><h2>The quay</h2><p>x</p>"
    first = make_public("One", slug="one", body=body)
    second = make_public("Two", slug="two", body=body)
    third = make_public("Three", slug="three", body=body)
    source = make_public("Source", body=f"<p>{cite(first, section='s-the-quay')}</p>")
    publishing.merge(first, second, by=None)

    publishing.merge(second, third, by=None)

    assert links(client, source) == ["/articles/three/#s-the-quay"]


# Sections


HARBOUR = "<p>Start.</p><h2>The quay</h2><p>Stones.</p><h3>Its steps</h3><p>Few.</p>"


@pytest.fixture
def harbour():
    return make_public("Harbour", slug="harbour", body=f"{HARBOUR}<h2>The crane</h2><p>Iron.</p>")


def landing(client, path, anchor):
    """The quiet note at which a fragment lands: its words, and where it leads."""
    found = html.parse(client.get(path)).xpath(f"//*[@id='{anchor}']")
    assert len(found) == 1
    return html.words(found[0]), found[0].xpath(".//a/@href")


def test_fragment_of_a_removed_section_lands_on_a_note(client, harbour):
    source = make_public("Source", body=f"<p>{cite(harbour, section='s-the-crane')}</p>")

    publish_change(harbour, body=HARBOUR)

    words, addresses = landing(client, "/articles/harbour/", "s-the-crane")
    assert words == "The section you are looking for is no longer part of this article."
    assert addresses == []
    assert links(client, source) == ["/articles/harbour/"]


def test_section_that_was_never_public_leaves_no_note(client, harbour):
    change_draft(harbour, body=f"{harbour.body}<h2>A secret</h2><p>x</p>")
    change_draft(harbour, body=harbour.body)
    publish_change(harbour, body=HARBOUR)

    assert not mentions(client, "/articles/harbour/", "s-a-secret")


def test_forward_of_a_section_counts_once_the_section_is_gone(client, harbour):
    other = make_public("Other", slug="other")
    source = make_public("Source", body=f"<p>{cite(harbour, section='s-the-crane')}</p>")
    publishing.forward_section(harbour, "s-the-crane", token(other), by=None)

    before = links(client, source)
    publish_change(harbour, body=HARBOUR)
    after = links(client, source)
    publish_change(harbour, body=f'{HARBOUR}<h2 id="s-the-crane">Back</h2><p>x</p>')

    assert (before, after) == (["/articles/harbour/#s-the-crane"], ["/articles/other/"])
    assert links(client, source) == ["/articles/harbour/#s-the-crane"]


def test_moved_section_is_found_at_its_new_place(client, harbour):
    other = make_public("Other", slug="other", body="<h2>The quay</h2><p>Another one.</p>")
    source = make_public(
        "Source",
        body=f"<p>{cite(harbour, section='s-the-quay')}</p>"
        f"<p>{cite(harbour, section='s-its-steps')}</p>",
    )
    pages = [client.get(path).content for path in ("/articles/harbour/", "/articles/other/")]

    publishing.move_section(harbour, "s-the-quay", other, by=None)

    assert [
        client.get(path).content for path in ("/articles/harbour/", "/articles/other/")
    ] == pages
    publishing.publish(other, by=None)
    publishing.publish(harbour, by=None)
    assert "Stones." not in fresh(harbour).body
    assert links(client, source) == [
        "/articles/other/#s-the-quay-2",
        "/articles/other/#s-its-steps",
    ]
    assert landing(client, "/articles/harbour/", "s-its-steps")[1] == [
        "/articles/other/#s-its-steps"
    ]
    assert_sound()


def test_move_that_is_still_a_draft_diverts_nobody(client, harbour):
    old = make_public("Old", slug="old")
    publishing.unpublish(old, by=None, lead_to=token(harbour, "s-the-quay"))
    source = source_of(old)
    draft = make_article("Draft")

    publishing.move_section(harbour, "s-the-quay", draft, by=None)

    assert answer(client, "/articles/old/") == (301, "/articles/harbour/#s-the-quay")
    assert links(client, source) == ["/articles/harbour/#s-the-quay"]


def test_section_that_is_moved_there_and_back_is_found(client, harbour):
    other = make_public("Other", slug="other")
    source = make_public("Source", body=f"<p>{cite(harbour, section='s-the-quay')}</p>")
    publishing.move_section(harbour, "s-the-quay", other, by=None)
    for article in (other, harbour):
        publishing.publish(article, by=None)

    publishing.move_section(other, "s-the-quay", harbour, by=None)
    for article in (harbour, other):
        publishing.publish(article, by=None)

    (address,) = links(client, source)
    assert address.startswith("/articles/harbour/#s-the-quay")
    assert f'id="{address.partition("#")[2]}"' in fresh(harbour).body


def test_text_that_points_at_its_own_section_follows_it_to_another_article(client, harbour):
    publish_change(harbour, body=f"<p>See {cite(harbour, section='s-the-quay')}.</p>{harbour.body}")
    other = make_public("Other", slug="other")

    publishing.move_section(harbour, "s-the-quay", other, by=None)
    for article in (other, harbour):
        publishing.publish(article, by=None)

    assert links(client, harbour) == ["/articles/other/#s-the-quay"]


# Paths at which nothing stood


def test_path_can_be_led_or_given_up(client):
    target = make_public("Target", slug="target")

    publishing.lead_path("/old/path", target, by=None)
    publishing.give_up_path("/other/path/", by=None)

    assert answer(client, "/old/path/") == (301, "/articles/target/")
    assert answer(client, "/other/path/") == (410, None)


TAKING_A_PATH = {
    "lead": publishing.lead_path,
    "give up": lambda path, _target, by: publishing.give_up_path(path, by=by),
}


@pytest.mark.parametrize("verb", TAKING_A_PATH)
def test_former_address_of_something_public_is_not_taken_from_it(client, verb):
    article, other = make_public("One", slug="one"), make_public("Other", slug="other")
    publish_change(article, slug="renamed")

    with pytest.raises(PublishingError):
        TAKING_A_PATH[verb]("/articles/one/", other, by=None)

    assert answer(client, "/articles/one/") == (301, "/articles/renamed/")


@pytest.mark.parametrize("verb", TAKING_A_PATH)
@pytest.mark.parametrize(
    "path",
    ["no/slash", "", "/" + "x" * 400, "/a\x00b/", "/", "/articles/", "/admin/", "/articles/one/"],
)
def test_path_that_cannot_be_led_is_refused_with_a_sentence(path, verb):
    article = make_public("One", slug="one")

    with pytest.raises(PublishingError):
        TAKING_A_PATH[verb](path, article, by=None)

    assert not Redirect.objects.exists()


# Refusals and rights


def test_verbs_lead_to_nothing_that_readers_cannot_see():
    target, other = make_public("A"), make_public("Other")
    draft, withdrawn, unheard_of = make_article(), make_withdrawn(), make_author("Unheard of")
    unknown = RefToken("article", "a" * 16)

    for place in (*map(token, (draft, withdrawn, target, unheard_of)), unknown):
        for option in ("lead_to", "retarget_to"):
            with pytest.raises(PublishingError):
                publishing.unpublish(target, by=None, **{option: place})
    for into in (draft, withdrawn, target):
        with pytest.raises(PublishingError):
            publishing.merge(target, into, by=None)
    for option in ("lead_to", "retarget_to"):
        with pytest.raises(PublishingError):
            publishing.remove(
                [target, other], publishing.UNPUBLISH, by=None, **{option: token(other)}
            )

    assert (fresh(target).state, fresh(other).state) == ("live", "live")
    assert not Forward.objects.exists()


def test_sections_are_led_to_real_places_only(harbour):
    draft = make_article("Draft")
    for anchor, place in (
        ("s-the-quay", token(draft)),
        ("s-the-quay", token(harbour, "s-the-quay")),
        ("s-the-quay", token(harbour)),
        ("s-none", token(make_public("Other"))),
    ):
        with pytest.raises(PublishingError):
            publishing.forward_section(harbour, anchor, place, by=None)
    for anchor, to in (("s-none", draft), ("s-the-quay", harbour)):
        with pytest.raises(PublishingError):
            publishing.move_section(harbour, anchor, to, by=None)

    assert not Forward.objects.exists()


def verbs_of(article, other, by):
    return {
        "unpublish": partial(publishing.unpublish, article, by=by),
        "delete": partial(publishing.delete, article, by=by),
        "merge": partial(publishing.merge, article, other, by=by),
        "retarget": partial(publishing.retarget, article, lambda one: None, by=by),
        "forward": partial(publishing.forward_section, article, "s-the-quay", token(other), by=by),
        "move": partial(publishing.move_section, article, "s-the-quay", other, by=by),
        "lead a path": partial(publishing.lead_path, "/x/", other, by=by),
        "give up a path": partial(publishing.give_up_path, "/x/", by=by),
    }


def test_contributor_takes_nothing_away(contributor, harbour):
    before = dump()

    for verb in verbs_of(harbour, make_public("Other"), contributor).values():
        with pytest.raises(NotAllowed):
            verb()

    assert fresh(harbour).state == "live"
    assert dump()["articles_forward"] == before["articles_forward"]


def test_publisher_without_the_right_to_delete_deletes_nothing(publisher, harbour):
    verbs = verbs_of(harbour, make_public("Other", slug="other"), publisher)

    with pytest.raises(NotAllowed):
        verbs.pop("delete")()
    with pytest.raises(NotAllowed):
        publishing.remove([harbour], publishing.DELETE, by=publisher)

    verbs["unpublish"]()
    assert fresh(harbour).state == "withdrawn"


def test_submitting_needs_a_title_a_change_and_the_right_to_change(contributor, django_user_model):
    live, untitled = make_public("Live"), make_article("X")
    change_draft(untitled, title="")
    for article in (live, untitled):
        with pytest.raises(PublishingError):
            publishing.submit(article, by=contributor)
    with pytest.raises(NotAllowed):
        publishing.submit(live, by=django_user_model.objects.create_user("stranger"))

    change_draft(live, title="Better")
    publishing.submit(live, by=contributor, note="Please look")

    assert fresh(live).title == "Live"
    assert fresh(live).submission.note == "Please look"


# All or nothing


CRASHING = {
    "unpublish and retarget": lambda rows: publishing.unpublish(
        rows["target"], by=None, lead_to=token(rows["other"]), retarget_to=token(rows["other"])
    ),
    "trash two": lambda rows: publishing.remove(
        [rows["target"], rows["source"]], publishing.TRASH, by=None
    ),
    "delete": lambda rows: publishing.delete(rows["trashed"], by=None),
    "untrash": lambda rows: publishing.untrash(rows["trashed"], by=None, as_it_was=True),
    "merge": lambda rows: publishing.merge(rows["target"], rows["other"], by=None, retarget=True),
    "move": lambda rows: publishing.move_section(
        rows["target"], "s-the-quay", rows["other"], by=None
    ),
    "forward": lambda rows: publishing.forward_section(
        rows["target"], "s-the-quay", token(rows["other"]), by=None
    ),
    "submit": lambda rows: publishing.submit(rows["draft"], by=None, note="x"),
    "lead a path": lambda rows: publishing.lead_path("/x/", rows["other"], by=None),
}


def test_removal_that_crashes_after_any_write_leaves_nothing():
    target = make_public("Target", tags=["Ports"], body="<h2>The quay</h2><p>x</p>")
    rows = {"target": target, "other": make_public("Other"), "source": source_of(target)}
    rows["draft"] = make_article("Draft", body=f"<p>{cite(target)}</p>")
    rows["trashed"] = publishing.trash(make_public("Trashed", tags=["Ports"]), by=None)

    assert verbs_that_leave_something(CRASHING, rows) == []


# At the same moment


def wait_until_waiting(number=1):
    for _time in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= number:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("Nobody waits.")


class Others:
    """Colleagues who begin while a transaction of ours is under way."""

    def __init__(self):
        self.threads, self.outcomes = [], {}

    def begin(self, name, verb):
        def run():
            (self.outcomes[name],) = in_threads(verb)

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()
        wait_until_waiting(len(self.threads))

    def refusals(self):
        for thread in self.threads:
            thread.join(30)
        return {
            name: outcome
            for name, outcome in self.outcomes.items()
            if isinstance(outcome, Exception)
        }


def circle(**words):
    """Two public articles that cite each other."""
    one, two = make_public("One", slug="one", **words), make_public("Two", slug="two", **words)
    publish_change(one, body=f"<p>{cite(two)}</p>")
    publish_change(two, body=f"<p>{cite(one)}</p>")
    return one, two


def tie(name):
    """What one colleague does, and what another does while the first isn't finished."""
    target = make_public("Target", slug="target")
    if name == "a text that cites what is being changed":
        change_draft(target, title="Target, changed")
        source = make_article("Source", body=f"<p>{cite(target)}</p>")
        return partial(publishing.publish, source), partial(publishing.publish, target)
    if name == "a text that cites what is being removed":
        source = make_article("Source", body=f"<p>{cite(target)}</p>")
        return partial(publishing.publish, source), partial(publishing.unpublish, target)
    if name == "a text that cites what goes live for the first time":
        target = make_article("New")
        source = make_article("Source", body=f"<p>{cite(target)}</p>")
        return partial(publishing.publish, source), partial(publishing.publish, target)
    one, two = circle()
    return partial(publishing.unpublish, one), partial(publishing.unpublish, two)


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name",
    [
        "a text that cites what is being changed",
        "a text that cites what is being removed",
        "a text that cites what goes live for the first time",
        "two that cite each other are removed",
    ],
)
def test_colleagues_who_touch_both_ends_of_a_reference_do_not_stop_each_other(name):
    mine, theirs = tie(name)
    others = Others()

    # Whom PostgreSQL lets begin again depends on who had to wait first, and how long: it may be us.
    @publishing.in_one_transaction
    def both():
        mine(by=None)
        if not others.threads:
            others.begin("theirs", partial(theirs, by=None))

    both()

    assert others.refusals() == {}
    assert_sound()


@pytest.mark.django_db(transaction=True)
def test_editors_who_remove_or_save_articles_that_cite_each_other_all_succeed(client):
    one, two = circle()

    saved = in_threads(
        partial(change_draft, one, title="One, again"),
        partial(change_draft, two, title="Two, again"),
    )
    removed = in_threads(
        partial(publishing.unpublish, one, by=None), partial(publishing.unpublish, two, by=None)
    )

    assert [type(outcome) for outcome in saved] == [Revision, Revision]
    assert removed == [one, two]
    assert [answer(client, f"/articles/{name}/")[0] for name in ("one", "two")] == [410, 410]
    assert_sound()


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_change_of_citing_texts_and_a_publish_by_the_same_author_do_not_stop_each_other():
    ada = make_author("Ada")
    target, other = make_public("Target", authors=[ada]), make_public("Other", tags=["Ports"])
    source_of(target)
    beside = make_article("Beside", authors=[ada], tags=["Ports"])
    others = Others()

    with transaction.atomic():
        # Whoever publishes under this tag has to wait, and has counted for the author by then.
        list(Tag.objects.select_for_update())
        others.begin("publish", partial(publishing.publish, beside, by=None))
        others.begin(
            "retarget",
            partial(publishing.unpublish, target, by=None, retarget_to=token(other)),
        )

    assert others.refusals() == {}
    assert_sound()


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_removals_of_several_articles_by_the_same_authors_do_not_stop_each_other():
    ada, eve = make_author("Ada"), make_author("Eve")
    first = [make_public(authors=[ada]), make_public(tags=["Ports"]), make_public(authors=[eve])]
    second = [make_public(authors=[eve]), make_public(tags=["Ports"]), make_public(authors=[ada])]
    others = Others()

    with transaction.atomic():
        list(Tag.objects.select_for_update())
        others.begin("first", partial(publishing.remove, first, publishing.UNPUBLISH, by=None))
        others.begin("second", partial(publishing.remove, second, publishing.UNPUBLISH, by=None))

    assert others.refusals() == {}
    assert_sound()


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_place_that_is_taken_away_while_readers_are_led_there_is_not_the_end(client):
    one, two, three = (make_public(name, slug=name) for name in ("one", "two", "three"))
    others = Others()

    with transaction.atomic():
        publishing.merge(two, three, by=None)
        others.begin("theirs", partial(publishing.merge, one, two, by=None))

    # Either it is refused with a sentence, or it leads to where the place has gone.
    refusals = others.refusals()
    assert all(isinstance(refusal, PublishingError) for refusal in refusals.values())
    assert answer(client, "/articles/one/") == (
        (200, None) if refusals else (301, "/articles/three/")
    )


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_text_that_is_published_while_its_target_is_removed_shows_words_only(client):
    target = make_public("Target", slug="target")
    source = make_article("Source", slug="source", body=f"<p>See {cite(target)}.</p>")
    others = Others()

    with transaction.atomic():
        publishing.unpublish(target, by=None)
        others.begin("publish", partial(publishing.publish, source, by=None))

    assert others.refusals() == {}
    assert links(client, fresh(source)) == []
    assert mentions(client, "/articles/source/", "See the other article.")
    assert_sound()
