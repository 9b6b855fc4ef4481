"""Bundles in the newsroom: made, looked at, published and scheduled as one, or not at all."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from articles import publishing, rights
from articles.models import Article, AuditEntry, Bundle, PublishCheck, Schedule
from articles.publishing import PublishingError
from tests import html
from tests.factories import (
    change_draft,
    cite,
    erase,
    make_article,
    make_author,
    make_image,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/articles/bundle/"
ADD = f"{LIST}add/"


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def make_member(django_user_model, role):
    user = django_user_model.objects.create_user(role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def make_bundle(*articles, name="Spring"):
    return publishing.save_bundle(None, name=name, articles=articles, by=None)


def url(bundle):
    return f"{LIST}{bundle.pk}/change/"


def form(*articles, name="Spring", **more):
    return {"name": name, "articles": json.dumps([{"value": one.uid} for one in articles])} | more


def as_shown(client, bundle, **more):
    """What the page sends back as it is, with one of its buttons."""
    page = html.parse(client.get(url(bundle)))
    names = ("name", "articles", "seen")
    return {name: page.xpath(f"//input[@name='{name}']/@value")[0] for name in names} | more


def in_two_days():
    local = timezone.localtime(timezone.now() + timedelta(days=2))
    return {"due_at_0": f"{local:%Y-%m-%d}", "due_at_1": f"{local:%H:%M}"}


def said(response):
    return [str(message) for message in response.context["messages"]]


def errors(response):
    return html.all_words(response, "//ul[contains(@class, 'errorlist')]/li")


def members(response):
    return html.all_words(response, "//li[@class='bundle__member']//a[@class='affected__title']")


def titles_of(bundle):
    items = bundle.items.select_related("article__latest_revision").order_by("position")
    return [item.article.latest_revision.title for item in items]


def states(*articles):
    found = dict(Article.objects.values_list("pk", "state"))
    return [found[article.pk] for article in articles]


# Making one


def test_bundle_is_made_and_changed_in_order(desk):
    first, second, third = (make_article(title) for title in ("One", "Two", "Three"))

    reply = desk.post(ADD, form(second, first, _save=""), follow=True)
    bundle = Bundle.objects.get()
    desk.post(url(bundle), form(third, second, name="  Autumn ", _save=""))

    assert said(reply) == ["The bundle is saved."]
    assert members(reply) == ["Two", "One"]
    assert Bundle.objects.get().name == "Autumn"
    assert titles_of(bundle) == ["Three", "Two"]


def test_articles_in_several_bundles_are_each_shown_once(desk):
    one, two = make_article("One"), make_article("Two")
    bundle = make_bundle(one, two)
    make_bundle(two, one, name="Other")

    assert members(desk.get(url(bundle))) == ["One", "Two"]


def test_picker_of_the_page_finds_drafts(desk):
    article = make_article("Hidden draft")
    picker = html.parse(desk.get(ADD)).xpath("//*[@data-picker]")[0]

    found = desk.get(picker.get("data-url"), {"kind": picker.get("data-kind"), "q": "hidden"})

    assert [item["value"] for item in found.json()["results"]] == [article.uid]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": ""}, "Give the bundle a name."),
        ({"name": "   "}, "Give the bundle a name."),
        ({"name": "x" * 101}, None),
        ({"name": "\x00"}, None),
        ({"articles": "nonsense"}, "This list can't be read. Choose its entries again."),
        ({"articles": "[" * 3000}, "This list can't be read. Choose its entries again."),
        (
            {"articles": '[{"value": "aaaaaaaaaaaaaaaa"}]'},
            "An article of the list is not known here. Choose again.",
        ),
        (
            {"articles": '[{"value": "\\u0000"}]'},
            "An article of the list is not known here. Choose again.",
        ),
        (
            {"articles": json.dumps([{"value": f"a{number}"} for number in range(101)])},
            "A bundle has at most 100 articles.",
        ),
    ],
)
def test_what_will_not_do_is_refused_with_a_sentence(desk, data, sentence):
    bundle = make_bundle(make_article("One"))

    for path in (ADD, url(bundle)):
        reply = desk.post(path, form() | data)

        assert reply.status_code == 422
        assert len(errors(reply)) == 1
        assert sentence in (None, *errors(reply))
    assert titles_of(Bundle.objects.get()) == ["One"]


def test_article_in_the_trash_is_refused_by_name(desk):
    article, deleted = make_article("Thrown away"), make_article("Deleted")
    publishing.trash(article, by=None)
    erase(deleted)

    reply = desk.post(ADD, form(article, make_article()))

    assert errors(reply) == ["“Thrown away”: This article is in the trash. Take it out first."]
    assert desk.post(ADD, form(deleted)).status_code == 422
    assert not Bundle.objects.exists()


# Looking


def test_page_says_what_publication_would_bring_about(desk):
    live = make_public("Live", body="<h2>The quay</h2><p>x</p>")
    make_public("Citing", body=f"<p>{cite(live, section='s-the-quay')}</p>")
    change_draft(live, body="<p>Nothing.</p>", title="Live again")
    secret, together = make_article("The Secret Plan"), make_article("The Other Plan", tags=["T"])
    stopped = make_article(
        "TK title",
        body=f"<p>{cite(secret, 'The Secret Plan')}, {cite(together, 'The Other Plan')}.</p>",
    )
    quiet = make_public("Quiet")
    bundle = make_bundle(live, together, stopped, quiet)

    page = desk.get(url(bundle))

    found = [
        [html.words(item) for item in member.xpath(".//ul/li")]
        for member in html.parse(page).xpath("//li[@class='bundle__member']")
    ]
    assert "Warning: The section “The quay” goes, and others cite it. See who" in found[0]
    assert "Warning: Say who wrote it: add an author." in found[1]
    assert "Stop: Fill in the TK that is still in the text." in found[2]
    told = "Warning: Readers will see the title of something unpublished: “The Secret Plan”."
    assert told in found[2]
    # They go out together.
    assert not any("The Other Plan" in words for words in found[2])
    assert page.content.decode().count("Readers see this version already.") == 1
    assert members(page) == ["Live again", "The Other Plan", "TK title", "Quiet"]


@pytest.mark.parametrize("number", [1, 3])
def test_list_takes_the_same_queries(desk, editor, django_assert_num_queries, number):
    for item in range(number):
        bundle = publishing.save_bundle(
            None, name=f"B{item}", articles=[make_article(), make_article()], by=editor
        )
        publishing.schedule_bundle(bundle, due_at=timezone.now() + timedelta(days=1), by=editor)
    desk.get(LIST)

    with django_assert_num_queries(5):
        page = desk.get(LIST)

    assert len(html.all_words(page, "//td[@class='field-stands']")) == number
    assert html.all_words(page, "//td[@class='field-number']") == ["2"] * number


@pytest.mark.parametrize("number", [1, 3])
def test_page_takes_the_same_queries_with_one_and_three_articles(
    desk, django_assert_num_queries, number
):
    target, secret = make_public("Target"), make_article("Secret talks")
    image = make_image()
    type(image).objects.update(alt="")
    articles = []
    for _item in range(number):
        article = make_public(body="<h2>Part</h2><p>Text.</p>")
        make_article(body=f"<p>{cite(article, section='s-part')}</p>")
        body = f"<p>TK {cite(target)} {cite(secret, 'Secret talks')}</p>"
        change_draft(article, title="Newer", body=body, lead_image_id=image.pk)
        articles.append(article)
    bundle = make_bundle(*articles)
    desk.get(url(bundle))

    with django_assert_num_queries(18):
        page = desk.get(url(bundle))

    found = html.all_words(page, "//ul[@class='bundle__findings']/li")
    assert len(found) == 6 * number
    assert [words for words in found if "Secret talks" in words] == [found[4]] * number
    assert [words for words in found if "The section “Part” goes" in words] == [found[5]] * number


def test_page_tells_apart_what_is_wrong_with_which_article(desk):
    gone, live = make_article("Gone"), make_public("Live", body="<h2>Part</h2><p>x</p>")
    erase(gone)
    make_article(body=f"<p>{cite(live, section='s-part')}</p>")
    sound = make_article("Sound", body=f"<p>{cite(live)}</p>", authors=[make_author()], tags=["A"])
    broken = make_article(
        "Broken", body=f"<p>{cite(gone, 'there')} {cite(live)}</p>", authors=[make_author()],
        tags=["A"],
    )  # fmt: skip
    change_draft(live, body="<p>x</p>")
    bundle = make_bundle(sound, broken, live)

    members = desk.get(url(bundle)).context["members"]

    assert [[finding.key for finding in member.findings] for member in members] == [
        [], ["dangling"], ["author", "tags"],
    ]  # fmt: skip
    assert [[section.heading for section in member.leaving_sections] for member in members] == [
        [], [], ["Part"],
    ]  # fmt: skip


@pytest.mark.parametrize("act", ["publish", "schedule"])
def test_what_comes_back_with_a_bundle_may_be_cited_in_it(desk, editor, act):
    PublishCheck.objects.filter(key="dangling").update(level=PublishCheck.Level.STOP)
    returning = make_withdrawn("Returning", body="<h2>Part</h2><p>x</p>")
    body = f"<p>{cite(returning)} {cite(returning, section='s-part')}</p>"
    citing = make_article("Citing", body=body, authors=[make_author()], tags=["A"])
    bundle = make_bundle(citing, returning)

    with pytest.raises(PublishingError, match="lead nowhere"):
        publishing.publish(citing, by=editor)
    members = desk.get(url(bundle)).context["members"]
    if act == "publish":
        publishing.publish_bundle(bundle, by=editor)
    else:
        publishing.schedule_bundle(bundle, due_at=timezone.now() + timedelta(hours=1), by=editor)

    assert [finding.key for finding in members[0].findings] == []


def test_section_that_nothing_cites_any_more_once_all_is_out_is_no_matter(desk):
    target = make_public("Target", body="<h2>Part</h2><p>x</p>")
    body = f"<p>{cite(target, section='s-part')}</p>"
    drops, keeps = make_public("Drops", body=body), make_public("Keeps", body=body)
    change_draft(drops, body="<p>x</p>")
    change_draft(target, body="<p>x</p>")
    bundle = make_bundle(target, drops)

    def told():
        (member, _drops, *_more) = desk.get(url(bundle)).context["members"]
        return [section.heading for section in member.leaving_sections]

    # Somebody else cites it; then somebody in the bundle, who is live as it is; then nobody.
    assert told() == ["Part"]
    publishing.save_bundle(bundle, name="Spring", articles=[target, drops, keeps], by=None)
    assert told() == ["Part"]
    change_draft(keeps, body="<p>x</p>")
    assert told() == []
    # A draft that cites it anew goes out, too.
    change_draft(drops, body=body)
    assert told() == ["Part"]


def test_section_without_which_a_withdrawn_article_comes_back_is_told(desk):
    withdrawn = make_withdrawn("Withdrawn", body="<h2>Part</h2><p>x</p>")
    make_public("Source", body=f"<p>{cite(withdrawn, section='s-part')}</p>")
    change_draft(withdrawn, body="<p>x</p>")
    bundle = make_bundle(withdrawn)

    (member,) = desk.get(url(bundle)).context["members"]

    assert [section.heading for section in member.leaving_sections] == ["Part"]


# Publishing


def test_all_of_it_goes_out_at_once(desk):
    draft, live = make_article("Draft"), make_public("Live")
    change_draft(live, title="Live again")
    bundle = make_bundle(draft, live)

    reply = desk.post(url(bundle), as_shown(desk, bundle, _publish=""), follow=True)

    assert said(reply) == ["2 articles are live."]
    assert states(draft, live) == ["live", "live"]
    assert Article.objects.get(pk=live.pk).title == "Live again"
    assert "Published on" in reply.content.decode()
    assert html.all_words(desk.get(LIST), "//td[@class='field-stands']")[0].startswith("published")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"title": ""}, "“Untitled”: Give the article a title before you publish it."),
        (
            {"title": "TK"},
            "“TK”: This can't go out yet. Fill in the TK that is still in the text.",
        ),
        ({"title": "Taken", "slug": "taken"}, "“Taken”: "),
    ],
)
def test_one_that_cannot_go_out_holds_up_all(desk, words, reason):
    make_public(slug="taken")
    first, last = make_article("First"), make_article("Last")
    wrong = make_article("Wrong")
    change_draft(wrong, **words)
    bundle = make_bundle(first, wrong, last)

    for data in ({"_publish": ""}, {"_schedule": "", **in_two_days()}):
        reply = desk.post(url(bundle), as_shown(desk, bundle, **data), follow=True)

        (sentence,) = errors(reply)
        assert sentence.startswith(reason.split(":")[0] if "_schedule" in data else reason)
        # What was typed is still there.
        typed = html.parse(reply).xpath("//input[@name='due_at_0']/@value")
        assert typed == [data[name] for name in ("due_at_0",) if name in data]
        assert states(first, wrong, last) == ["draft"] * 3
    assert not Schedule.objects.exists()
    assert Bundle.objects.get().published_at is None


def test_what_was_not_looked_at_does_not_go_out(desk):
    seen, changed, added = make_article("Seen"), make_article("Changed"), make_article("Added")
    bundle = make_bundle(seen, changed)
    data = as_shown(desk, bundle, _publish="")
    change_draft(changed, title="Changed since")
    data |= form(seen, changed, added)

    reply = desk.post(url(bundle), data, follow=True)

    assert errors(reply) == [
        "Look at “Changed since”, “Added” first: something of it is new. Nothing went out yet."
    ]
    assert states(seen, changed, added) == ["draft"] * 3
    assert titles_of(bundle) == members(reply) == ["Seen", "Changed since", "Added"]
    for wrong in ("", "\x00", "1:1," * 30_000):
        desk.post(url(bundle), data | {"seen": wrong})
    assert states(seen, changed, added) == ["draft"] * 3
    desk.post(url(bundle), as_shown(desk, bundle, _publish=""))
    assert states(seen, changed, added) == ["live"] * 3


def test_what_was_looked_at_is_asked_when_nobody_can_change_it_any_more(editor):
    seen, changed = make_article("Seen"), make_article("Changed")
    bundle = make_bundle(seen, changed)
    options = {"by": editor, "is_seen": lambda article: article == seen}

    with pytest.raises(PublishingError, match=r"^Look at “Changed” first"):
        publishing.publish_bundle(bundle, **options)
    with pytest.raises(PublishingError, match=r"^Look at “Changed” first"):
        publishing.schedule_bundle(bundle, due_at=timezone.now() + timedelta(days=1), **options)

    assert states(seen, changed) == ["draft"] * 2
    assert not Schedule.objects.exists()


def test_empty_bundle_does_not_go_out(desk):
    bundle = make_bundle()

    reply = desk.post(url(bundle), form(_publish="", seen=""), follow=True)

    assert errors(reply) == ["There is nothing in this bundle yet. Add articles to it."]


# At a time


def test_bundle_is_scheduled_called_off_and_cannot_be_changed_between(desk):
    one, two = make_article("One"), make_article("Two")
    bundle = make_bundle(one, two)
    data = as_shown(desk, bundle)

    reply = desk.post(url(bundle), data | {"_schedule": "", **in_two_days()}, follow=True)

    assert said(reply)[0].startswith("All of it goes out on ")
    plans = Schedule.objects.filter(bundle=bundle, outcome="pending")
    assert plans.count() == 2
    page = desk.get(url(bundle))
    assert "planned by editor" in page.content.decode()
    assert [f'name="{name}"'.encode() in page.content for name in ("_save", "_publish", "_cancel")
            ] == [False, False, True]  # fmt: skip
    for button in ("_save", "_publish"):
        refused = desk.post(url(bundle), data | form(one) | {button: ""})
        assert errors(refused) == ["This bundle is scheduled. Call its schedule off first."]
    assert titles_of(bundle) == ["One", "Two"]

    reply = desk.post(url(bundle), {"_cancel": ""}, follow=True)

    assert said(reply) == ["The schedule is called off."]
    assert not plans.exists()


@pytest.mark.parametrize(
    "due_at",
    [("", ""), ("2028-99-01", "10:00"), ("9999-12-31", "23:59"), ("2024-03-05", "12:00")],
)
def test_time_that_is_none_schedules_nothing(desk, due_at):
    bundle = make_bundle(make_article())
    data = as_shown(desk, bundle, _schedule="", due_at_0=due_at[0], due_at_1=due_at[1])

    reply = desk.post(url(bundle), data)

    assert reply.status_code == 422
    assert len(errors(reply)) == 1
    shown = html.parse(reply).xpath("//input[@name='due_at_0' or @name='due_at_1']")
    assert tuple(field.get("value", "") for field in shown) == due_at
    assert not Schedule.objects.exists()


def test_time_that_has_just_passed_is_no_fault_of_an_article():
    bundle = make_bundle(make_article("Wren"))

    with pytest.raises(publishing.PublishingError) as refusal:
        publishing.schedule_bundle(bundle, due_at=timezone.now(), by=None)

    assert str(refusal.value) == "Choose a time that lies in the future."


def test_failure_at_its_time_is_said(desk):
    one, two = make_article("One"), make_article("Two", slug="two")
    bundle = make_bundle(one, two)
    desk.post(url(bundle), as_shown(desk, bundle, _schedule="", **in_two_days()))
    make_public(slug="two")

    publishing.carry_out_due(now=timezone.now() + timedelta(days=3))

    page = desk.get(url(bundle)).content.decode()
    assert states(one, two) == ["draft", "draft"]
    assert "Not carried out on" in page
    assert "“Two”: " in page
    assert "_publish" in page


def test_bundle_that_lost_an_article_says_why_it_does_not_go_out(desk):
    one, two = make_article("One"), make_article("Two")
    bundle = make_bundle(one, two)
    desk.post(url(bundle), as_shown(desk, bundle, _schedule="", **in_two_days()))

    publishing.trash(two, by=None)

    page = desk.get(url(bundle)).content.decode()
    assert "The last schedule didn't come about." in page
    reply = desk.post(url(bundle), as_shown(desk, bundle, _publish=""))
    assert errors(reply) == ["“Two”: This article is in the trash. Take it out first."]
    assert states(one, two) == ["draft", "trashed"]


# Discarding


def test_discarding_changes_nothing_about_the_articles(desk):
    one, live = make_article("One"), make_public("Live")
    bundle = make_bundle(one, live)
    publishing.schedule_bundle(bundle, due_at=timezone.now() + timedelta(days=1), by=None)

    reply = desk.post(url(bundle), {"_discard": ""}, follow=True)

    assert said(reply) == ["The bundle “Spring” is discarded. Its articles are as they were."]
    assert reply.redirect_chain[-1][0] == LIST
    assert not Bundle.objects.exists()
    assert states(one, live) == ["draft", "live"]
    assert not Schedule.objects.filter(outcome="pending").exists()


# Who may


def test_bundles_are_for_those_who_publish(client, django_user_model):
    article = make_article()
    bundle = make_bundle(article)
    paths = [LIST, ADD, url(bundle)]

    def statuses():
        return [client.get(path).status_code for path in paths] + [
            client.post(path, form(article, _publish="", seen="")).status_code for path in paths[1:]
        ]

    assert statuses() == [302] * 5
    client.force_login(make_member(django_user_model, rights.CONTRIBUTOR))
    assert statuses() == [403] * 5
    assert client.post(url(bundle), {"_discard": ""}).status_code == 403
    assert states(article) == ["draft"]
    for role in (rights.EDITOR, rights.PUBLISHER):
        client.force_login(make_member(django_user_model, role))
        assert statuses() == [200, 200, 200, 302, 422]


@pytest.mark.parametrize("pk", ["0", "99", "abc", "9" * 40, "²", "_00"])
def test_bundle_that_is_none_is_not_found(desk, pk):
    for method in (desk.get, desk.post):
        assert method(f"{LIST}{pk}/change/").status_code == 404


def test_schedule_that_has_been_carried_out_is_not_said_to_be_called_off(desk):
    bundle = make_bundle(make_article("One"))
    publishing.schedule_bundle(bundle, due_at=timezone.now() + timedelta(hours=1), by=None)
    publishing.carry_out_due(now=timezone.now() + timedelta(hours=2))

    reply = desk.post(url(bundle), {"_cancel": "1"}, follow=True)

    assert said(reply) == ["Nothing was left to call off: see below what has become of it."]
    assert not AuditEntry.objects.filter(act="unscheduled").exists()
