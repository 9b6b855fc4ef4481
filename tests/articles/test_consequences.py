"""The pages between a button and its verb: they show first, act on POST alone, refuse kindly."""

import json
from copy import deepcopy
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from articles import publishing, references
from articles.models import Article, Forward, MenuItem, Pick
from articles.publishing import Words
from tests import html
from tests.articles.test_crash import dump
from tests.factories import change_draft, cite, erase, make_article, make_author, make_public

pytestmark = pytest.mark.django_db

REMOVE = "/admin/articles/article/remove/"
LIST = "/admin/articles/article/"


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def make_user(django_user_model, name, *permissions):
    user = django_user_model.objects.create_user(name, password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def fresh(article):
    return Article.objects.select_related("latest_revision").get(pk=article.pk)


def removal(do, *articles):
    return f"{REMOVE}?do={do}&ids={','.join(str(article.pk) for article in articles)}"


def check_url(article):
    return f"{LIST}{article.pk}/publish/"


def move_url(article, anchor):
    return f"{LIST}{article.pk}/move/{anchor}/"


def chosen(*things, section=""):
    """What the picker sends: a target by its token."""
    return json.dumps(
        [
            {"value": f"{thing._meta.model_name}:{thing.uid}" + (f"#{section}" if section else "")}
            for thing in things
        ]
    )


def picked(desk, kind, query):
    """What the picker sends when the first suggestion for a query is chosen."""
    found = desk.get(f"{LIST}lookup/", {"kind": kind, "q": query}).json()["results"][0]
    return json.dumps([{name: found[name] for name in ("value", "label", "note")}])


def said(response):
    return [str(message) for message in response.context["messages"]]


def errors(response):
    """The sentences with which a page refuses."""
    return html.all_words(
        response, "//*[contains(@class, 'errorlist')]/li | //*[@class='errornote']"
    )


def affected(response):
    return html.all_words(response, "//*[@class='affected__title']")


@pytest.fixture(scope="module")
def two(shared_db):
    return [
        make_public("Target", slug="target", body="<h2>The quay</h2><p>x</p>"),
        make_public("Other", slug="other", body="<h2>The crane</h2><p>x</p>"),
    ]


@pytest.fixture
def target(two):
    return deepcopy(two[0])


@pytest.fixture
def other(two):
    return deepcopy(two[1])


def source_of(target, title="Source", make=make_public, section=""):
    return make(title, body=f"<p>See {cite(target, 'it', section=section)} there.</p>")


# Taking away


def test_page_shows_who_is_affected_and_does_nothing(desk, target):
    source_of(target)
    source_of(target, "Plan", make=make_article)
    MenuItem.objects.create(place="header", label="Our menu", article=target)
    Pick.objects.create(place="home_lead", article=target)
    before = dump()

    for do in ("unpublish", "trash", "delete", "merge"):
        page = desk.get(removal(do, target))
        text = page.content.decode()

        assert page.status_code == 200
        assert affected(page) == ["Source", "Plan"]
        assert "See it there." in text
        assert "Our menu" in text
        assert "home: lead story" in text
    assert dump() == before


def test_nobody_affected_is_said(desk, target):
    assert "Nobody cites it" in desk.get(removal("unpublish", target)).content.decode()


def test_unpublish_leaves_words(desk, target):
    source_of(target)

    reply = desk.post(removal("unpublish", target), {"how": "plain"}, follow=True)

    assert said(reply) == ["“Target” is withdrawn; readers don't see it any more."]
    assert desk.get("/articles/target/").status_code == 410


@pytest.mark.parametrize(
    ("query", "address"),
    [("other", "/articles/other/"), ("crane", "/articles/other/#s-the-crane"),
     ("ada", "/authors/ada/"), ("ports", "/tags/ports/")],
)  # fmt: skip
def test_whatever_the_picker_offers_can_be_chosen(desk, target, other, query, address):
    make_public("Beside", authors=[make_author("Ada")], tags=["Ports"])

    reply = desk.post(
        removal("unpublish", target), {"how": "lead", "target": picked(desk, "target", query)}
    )

    assert reply.status_code == 302
    assert desk.get("/articles/target/")["Location"] == address


def test_retarget_changes_the_texts(desk, target, other):
    source = source_of(target)

    desk.post(
        removal("unpublish", target),
        {"how": "retarget", "target": chosen(other, section="s-the-crane")},
    )

    assert fresh(source).body == f"<p>See {cite(other, 'it', section='s-the-crane')} there.</p>"
    assert desk.get("/articles/target/")["Location"] == "/articles/other/#s-the-crane"


def test_several_are_taken_away_together(desk, target, other):
    for article in (target, other):
        publishing.trash(article, by=None)

    reply = desk.post(removal("delete", target, other), {"how": "plain"}, follow=True)

    assert said(reply) == ["2 articles deleted."]
    assert {fresh(target).state, fresh(other).state} == {"deleted"}
    assert "Target" not in html.all_words(desk.get(LIST), "//table[@id='result_list']//a")


def test_merge_leads_on(desk, target, other):
    source = source_of(target)

    reply = desk.post(
        removal("merge", target),
        {"target": picked(desk, "article", "other"), "retarget": "on"},
        follow=True,
    )

    assert said(reply) == ["“Target” is merged into “Other”; its address leads there."]
    assert fresh(source).body == f"<p>See {cite(other, 'it')} there.</p>"


def test_deeds_are_written_down(desk, target, editor):
    desk.post(removal("unpublish", target), {"how": "plain"})

    entry = target.audit_entries.order_by("-pk").first()
    assert (entry.act, entry.by) == ("unpublished", editor)


@pytest.mark.parametrize("how", ["lead", "retarget"])
@pytest.mark.parametrize(
    "value",
    [
        "", "[]", "nonsense", '{"value": 1}', '[{"value": 3}]', '[{"value": "article:short"}]',
        '[{"value": "aaaaaaaaaaaaaaaa"}]', '[{"value": "\\u0000"}]', '[{"value": ""}]',
        '[{"value": "https://example.org/"}]', "[" * 3000,
    ],
)  # fmt: skip
def test_target_that_is_none_is_refused_with_a_sentence(desk, target, how, value):
    reply = desk.post(removal("unpublish", target), {"how": how, "target": value})

    assert reply.status_code == 422
    assert errors(reply)
    assert fresh(target).state == "live"


@pytest.mark.parametrize("how", ["lead", "retarget"])
def test_target_that_readers_cannot_reach_is_refused_with_a_sentence(desk, target, other, how):
    deleted = make_public("Deleted")
    erase(deleted)

    for things in ([make_article("Draft")], [target], [deleted], [make_author("New")], [other] * 2):
        reply = desk.post(removal("unpublish", target), {"how": how, "target": chosen(*things)})

        assert reply.status_code == 422
        assert errors(reply)
    assert fresh(target).state == "live"
    assert not Forward.objects.exists()


@pytest.mark.parametrize(
    ("title", "name"), [("A plan of ours", "A plan of ours"), (" ", "Untitled")]
)
def test_draft_to_which_nobody_can_be_led_is_named_by_its_title(desk, target, leaving, title, name):
    target_of_both = chosen(make_article(title))
    urls = {
        removal("unpublish", target): {"how": "lead", "target": target_of_both},
        check_url(target): {
            "version": "2",
            "s-the-quay-how": "lead",
            "s-the-quay-target": target_of_both,
        },
    }

    for url, data in urls.items():
        assert errors(desk.post(url, data)) == [
            f"Readers can't see “{name}”. Choose something that is public."
        ]


def test_draft_of_others_is_not_named_to_who_may_not_see_it(django_user_model, target):
    user = make_user(django_user_model, "sender", "publish_article")
    draft = make_article("A plan of ours")

    with pytest.raises(publishing.PublishingError) as refusal:
        publishing.unpublish(target, by=user, lead_to=references.token_of(draft))

    assert "A plan of ours" not in str(refusal.value)
    assert draft.uid not in str(refusal.value)


@pytest.mark.parametrize("data", [{}, {"how": ""}, {"how": "burn"}])
def test_way_that_is_none_is_refused(desk, target, data):
    reply = desk.post(removal("trash", target), data)

    assert reply.status_code == 422
    assert errors(reply)
    assert fresh(target).state == "live"


def test_merge_into_nothing_fitting_is_refused(desk, target):
    ada = make_author("Ada")
    make_public(authors=[ada])

    for value in ("", chosen(ada), chosen(target), chosen(make_article("Draft"))):
        reply = desk.post(removal("merge", target), {"target": value})

        assert reply.status_code == 422
        assert errors(reply)
    assert fresh(target).state == "live"


@pytest.mark.parametrize(
    "query",
    [
        "", "do=unpublish", "do=unpublish&ids=", "do=unpublish&ids=abc", "do=burn&ids={pk}",
        "do=unpublish&ids=%C2%B2", "do=unpublish&ids=-{pk}", "do=unpublish&ids=0",
        "do=unpublish&ids=99999999999999999999", "do=unpublish&ids=%00", "ids={pk}",
        "do=merge&ids={pk},{other}",
    ],
)  # fmt: skip
def test_nothing_asked_for_is_not_found(desk, target, other, query):
    url = f"{REMOVE}?{query.format(pk=target.pk, other=other.pk)}"

    assert desk.get(url).status_code == 404
    assert desk.post(url, {"how": "plain", "target": chosen(other)}).status_code == 404
    assert fresh(target).state == "live"


def test_number_of_thousands_of_digits_is_not_found(desk):
    assert desk.get(f"{REMOVE}?do=delete&ids={'9' * 5000}").status_code == 404


def test_ids_that_are_partly_nonsense_mean_the_others(desk, target):
    page = desk.get(f"{REMOVE}?do=unpublish&ids=abc,{target.pk},,{target.pk},{2**63}")

    assert page.context["title"] == "Unpublish “Target”"


def test_more_articles_than_one_can_look_at_are_refused(desk):
    words = make_article("One").latest_revision
    articles = Article.objects.bulk_create(
        Article(touched_at=words.saved_at, uid=f"aaaaaaaaaaaaa{number:03d}")
        for number in range(205)
    )

    page = desk.get(removal("delete", *articles), follow=True)

    (said,) = html.all_words(page, "//ul[@class='messagelist']")
    assert said == "Choose at most 200 articles at once, so that you can see who is affected."
    assert Article.objects.filter(state="deleted").count() == 0


def test_draft_among_those_to_be_unpublished_is_named(desk, target):
    draft = make_article("A plan of ours")

    reply = desk.post(removal("unpublish", target, draft), {"how": "plain"})

    assert reply.status_code == 422
    assert errors(reply) == ["“A plan of ours” isn't live."]
    assert fresh(target).state == "live"


def test_deleted_article_has_no_page_any_more(desk, target):
    erase(target)

    for url in (removal("delete", target), removal("merge", target), check_url(target),
                move_url(target, "s-the-quay"), f"{LIST}{target.pk}/change/"):  # fmt: skip
        assert desk.get(url).status_code in {302, 404}
        assert desk.post(url, {"how": "plain"}).status_code in {302, 404}


@pytest.mark.parametrize("number", [3, 30])
def test_page_asks_the_same_however_many_cite(desk, target, number, django_assert_num_queries):
    for item in range(number):
        source_of(target, f"Source {item}")
        source_of(target, f"Plan {item}", make=make_article)
    desk.get(LIST)

    with django_assert_num_queries(10):
        page = desk.get(removal("unpublish", target))

    assert len(affected(page)) == 2 * number


# Who may


def urls_of(target):
    return [
        *(removal(do, target) for do in ("unpublish", "trash", "delete", "merge")),
        check_url(target),
        move_url(target, "s-the-quay"),
    ]


def test_strangers_are_sent_to_the_log_in(client, target):
    for url in urls_of(target):
        for reply in (client.get(url), client.post(url, {"how": "plain"})):
            assert reply.status_code == 302
            assert reply["Location"].startswith("/admin/login/")


def test_who_may_not_publish_takes_nothing_away(client, django_user_model, target, other):
    client.force_login(
        make_user(django_user_model, "cora", "view_article", "change_article", "add_article")
    )

    for url in urls_of(target):
        assert client.get(url).status_code == 403
        data = {"how": "plain", "target": chosen(other), "version": "1"}
        assert client.post(url, data).status_code == 403
    assert fresh(target).state == "live"


def test_who_may_not_delete_only_unpublishes(client, django_user_model, target):
    client.force_login(
        make_user(django_user_model, "pia", "view_article", "change_article", "publish_article")
    )

    assert client.get(removal("delete", target)).status_code == 403
    assert client.post(removal("delete", target), {"how": "plain"}).status_code == 403
    publishing.trash(make_article(), by=None)
    assert b'value="delete_for_good"' not in client.get(f"{LIST}?state=trashed").content
    assert client.post(removal("unpublish", target), {"how": "plain"}).status_code == 302
    assert fresh(target).state == "withdrawn"


def test_request_of_another_site_is_refused(editor, target, other):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)

    for url in urls_of(target):
        data = {"how": "plain", "target": chosen(other), "version": "1"}
        assert client.post(url, data).status_code == 403
    assert fresh(target).state == "live"
    assert fresh(target).latest_revision.number == 1


# Before a publish


@pytest.fixture
def leaving(target):
    """A live article whose newest draft lacks a section that another article cites."""
    source = source_of(target, section="s-the-quay")
    change_draft(target, body="<p>Nothing.</p>")
    return source


def test_publish_button_leads_to_the_check(desk, target, leaving):
    revision = fresh(target).latest_revision
    data = {"title": revision.title, "body": revision.body, "language": "en", "_publish": ""}

    reply = desk.post(f"{LIST}{target.pk}/change/", data)

    assert reply["Location"] == check_url(target)
    page = desk.get(reply["Location"])
    assert affected(page) == ["Source"]
    assert "The section “The quay” goes" in page.content.decode()
    assert "s-the-quay" in fresh(target).body


def test_publish_of_several_stops_at_those_that_have_consequences(desk, target, leaving):
    plain = make_article("Plain")

    reply = desk.post(
        LIST,
        {"action": "publish_selected", "_selected_action": [target.pk, plain.pk]},
        follow=True,
    )

    assert (fresh(plain).state, "s-the-quay" in fresh(target).body) == ("live", True)
    assert any(check_url(target) in message for message in said(reply))


def test_checked_publish_leaves_the_fragment_to_a_new_place(desk, target, other, leaving):
    reply = desk.post(
        check_url(target),
        {
            "version": "2",
            "s-the-quay-how": "lead",
            "s-the-quay-target": chosen(other, section="s-the-crane"),
        },
        follow=True,
    )

    assert said(reply) == ["“Target” is live."]
    source = desk.get(leaving.get_absolute_url()).content.decode()
    assert 'href="/articles/other/#s-the-crane"' in source
    assert 'id="s-the-quay"' in desk.get("/articles/target/").content.decode()


def test_place_that_nobody_is_to_be_led_to_is_asked_about(desk, target, other, leaving):
    place = chosen(other)

    section = desk.post(
        check_url(target), {"version": "2", "s-the-quay-how": "top", "s-the-quay-target": place}
    )
    whole = desk.post(removal("unpublish", target), {"how": "plain", "target": place})

    for reply in (section, whole):
        assert reply.status_code == 422
        assert html.all_words(reply, html.by_class("errorlist")) == [
            "You chose another place. Say who is led there, or take the place away."
        ]
    assert fresh(target).state == "live"
    assert fresh(target).has_newer_draft


@pytest.mark.parametrize("how", ["retarget", "plain"])
def test_checked_publish_can_change_the_citing_texts(desk, target, other, leaving, how):
    place = chosen(other, section="s-the-crane") if how == "retarget" else ""
    data = {"version": "2", "s-the-quay-how": how, "s-the-quay-target": place}

    desk.post(check_url(target), data)

    link = cite(other, "it", section="s-the-crane") if how == "retarget" else "it"
    assert fresh(leaving).body == f"<p>See {link} there.</p>"
    assert fresh(target).body == "<p>Nothing.</p>"


def test_article_that_comes_back_without_a_section_leads_to_the_check(desk, target, leaving):
    publishing.unpublish(target, by=None)
    revision = fresh(target).latest_revision
    data = {"title": revision.title, "body": revision.body, "language": "en"}
    soon = (timezone.localtime() + timedelta(days=2)).date()
    schedule = {"_schedule": "", "due_at_0": soon.isoformat(), "due_at_1": "12:00"}
    gone = "The section “The quay” isn't in this version, and is cited by: Source."

    for button in ({"_save": ""}, schedule):
        assert gone in said(desk.post(f"{LIST}{target.pk}/change/", data | button, follow=True))
    reply = desk.post(f"{LIST}{target.pk}/change/", data | {"_publish": ""})

    assert reply["Location"] == check_url(target)
    assert affected(desk.get(check_url(target))) == ["Source"]
    assert fresh(target).state == "withdrawn"
    version = fresh(target).latest_revision.edition
    desk.post(check_url(target), {"version": version, "s-the-quay-how": "plain"})
    assert fresh(target).state == "live"
    assert fresh(leaving).body == "<p>See it there.</p>"


def test_checked_publish_without_a_place_leads_to_the_top(desk, target, leaving):
    desk.post(check_url(target), {"version": "2", "s-the-quay-how": "top"})

    assert fresh(target).body == "<p>Nothing.</p>"
    assert 'href="/articles/target/"' in desk.get(leaving.get_absolute_url()).content.decode()


def test_check_shows_titles_that_readers_would_learn(desk):
    secret = make_article("The Secret Plan")
    source = make_article("Source", body=f"<p>{cite(secret, 'The Secret Plan')}</p>")

    page = desk.get(check_url(source))
    desk.post(check_url(source), {"version": "1"})

    assert "Readers will see the title of something unpublished" in page.content.decode()
    assert affected(page) == ["The Secret Plan"]
    assert fresh(source).state == "live"


def test_autosave_that_went_on_meanwhile_is_not_published(desk, target, leaving, editor):
    """It is the same version, with other words."""
    words = {"title": "Target", "body": "<p>Seen.</p>"}
    first = publishing.autosave(target, Words(**words), by=editor, based_on=2)
    (version,) = html.parse(desk.get(check_url(target))).xpath("//input[@name='version']/@value")
    words["body"] = "<p>Never seen.</p>"
    publishing.autosave(target, Words(**words), by=editor, based_on=first.edition)
    assert target.revisions.latest().pk == first.pk

    reply = desk.post(check_url(target), {"version": version, "s-the-quay-how": "top"})

    assert reply.status_code == 422
    assert "Never seen" not in fresh(target).body


def test_words_that_replaced_an_autosave_are_checked_before_they_go_out(editor):
    article = make_article("Quay", by=editor)
    stale = publishing.autosave(article, Words(title="Pier"), by=editor, based_on=1)
    stale = article.revisions.get(pk=stale.pk)
    publishing.autosave(article, Words(title="TK"), by=editor, based_on=stale.edition)

    with pytest.raises(publishing.PublishingError, match="Fill in the TK"):
        publishing.publish(article, stale, by=editor)


@pytest.mark.parametrize("version", [None, "", "1", "abc", "9" * 400])
def test_version_that_was_not_looked_at_is_not_published(desk, target, leaving, version):
    data = {"s-the-quay-how": "top"} | ({} if version is None else {"version": version})

    reply = desk.post(check_url(target), data)

    assert reply.status_code == 422
    assert errors(reply) == [
        "A newer version was saved in the meantime. Look again before you publish."
    ]
    assert "s-the-quay" in fresh(target).body


def test_place_that_will_not_do_publishes_nothing(desk, target, leaving):
    for value in ("x", chosen(make_article("Draft")), chosen(target), "[[]]"):
        data = {"version": "2", "s-the-quay-how": "lead", "s-the-quay-target": value}
        reply = desk.post(check_url(target), data)

        assert reply.status_code == 422
        assert errors(reply)
    assert "s-the-quay" in fresh(target).body
    assert not Forward.objects.exists()


def test_minor_change_stays_minor_through_the_check(desk, target, leaving):
    before = fresh(target).updated_at
    page = desk.get(f"{check_url(target)}?minor")

    desk.post(check_url(target), {"version": "2", "s-the-quay-how": "top", "minor": "on"})

    assert html.parse(page).xpath("//input[@name='minor']/@value") == ["on"]
    assert fresh(target).updated_at == before


def test_check_never_publishes_by_itself(desk, target, leaving):
    desk.get(check_url(target), {"version": "2"})
    desk.head(check_url(target))

    assert "s-the-quay" in fresh(target).body


# Moving a section


def test_section_is_moved_between_drafts(desk, target, other):
    source_of(target, section="s-the-quay")

    page = desk.get(move_url(target, "s-the-quay"))
    reply = desk.post(
        move_url(target, "s-the-quay"), {"target": picked(desk, "article", "other")}, follow=True
    )

    assert affected(page) == ["Source"]
    assert said(reply)[0].startswith("The section is in the draft of “Other” now.")
    assert "The quay" in fresh(other).latest_revision.body
    assert "The quay" not in fresh(target).latest_revision.body
    assert "The quay" in fresh(target).body


def test_section_is_moved_to_fitting_places_only(desk, target):
    ada = make_author("Ada")
    make_public(authors=[ada])

    for value in ("", "x", chosen(target), chosen(ada), '[{"value": "aaaaaaaaaaaaaaaa"}]'):
        reply = desk.post(move_url(target, "s-the-quay"), {"target": value})

        assert reply.status_code == 422
        assert errors(reply)
    assert fresh(target).latest_revision.number == 1


@pytest.mark.parametrize("anchor", ["s-none", "x", "%00", "s-" + "x" * 500, "%F0%9F%A6%86"])
def test_section_that_is_none_is_not_found(desk, target, anchor):
    assert desk.get(move_url(target, anchor)).status_code == 404
    assert desk.post(move_url(target, anchor)).status_code == 404


@pytest.mark.parametrize("pk", ["0", "99999999999999999999", "9" * 300])
def test_article_that_is_none_is_not_found(desk, pk):
    assert desk.get(f"{LIST}{pk}/publish/").status_code == 404
    assert desk.get(f"{LIST}{pk}/move/s-x/").status_code == 404
