"""The link-health desk: every fault is found once, and is gone as soon as it is put right."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import health, publishing, references
from articles.health import Kind
from articles.models import Article, MissingPath, Reference, Snooze, Tag
from tests import html
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
DESK = "/admin/health/"


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def sign_in(client, django_user_model):
    def sign_in(*permissions):
        user = django_user_model.objects.create_user("colleague", password="x", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return client

    return sign_in


def publish_change(article, **changes):
    change_draft(article, **changes)
    return publishing.publish(article, by=None)


def citing(target, title="", **words):
    """A public article that cites the target once."""
    return make_public(title, body=f"<p>Read {cite(target, 'more of it')} now.</p>", **words)


def found(kind):
    """What the desk lists under a kind, which is also what it counts."""
    findings, has_more = health.findings(kind)
    assert (len(findings), has_more) == (health.counts()[kind], False)
    return findings


def sources(kind):
    return [finding.article for finding in found(kind)]


def missed(path, hits=1):
    now = timezone.now()
    return MissingPath.objects.create(path=path, hits=hits, first_seen_at=now, last_seen_at=now)


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def act(client, action, finding, **data):
    """What the button of a row sends; returns the messages that follow."""
    data |= {"action": action, "kind": finding.kind, "key": finding.key}
    return messages_of(client.post(DESK, data, follow=True))


# What is found


def test_healthy_publication_shows_nothing():
    author, tag = make_author("Somebody"), "Subject"
    target = make_article("Target", body="<h2>Part</h2><p>Text.</p>", authors=[author], tags=[tag])
    source = make_article("Source", authors=[author], tags=[tag])
    subject = publishing.tag_named(tag)
    anchor = "s-part"
    change_draft(
        source,
        body=f"<p>{cite(target)} {cite(target, section=anchor)} {cite(author)} {cite(subject)}</p>"
        '<p><a href="https://example.org/">Outside</a></p>',
        related=[{"article": target.uid}],
    )
    change_draft(target, body=f'<h2 id="s-part">Part</h2><p>Text {cite(source)}.</p>')
    publishing.publish(target, by=None)
    publishing.publish(source, by=None)
    make_public("Imprint", kind="page")
    assert Reference.objects.filter(section="s-part", set="live").exists()
    make_article("A draft", body=f"<p>{cite(target)}</p>")
    make_withdrawn("Withdrawn", body=f"<p>{cite(target)}</p>")

    assert health.counts() == dict.fromkeys(Kind, 0)


def test_reference_to_nothing_is_found_once_and_gone_when_the_text_drops_it():
    ghost = Article(uid="a" * 16)
    source = make_public("Source", body=f"<p>{cite(ghost)} and again {cite(ghost)}.</p>")
    assert sources(Kind.DANGLING) == [source]

    publish_change(source, body="<p>Nothing.</p>")

    assert found(Kind.DANGLING) == []


def test_reference_to_nothing_is_gone_when_its_target_comes():
    ghost = Article(uid="a" * 16)
    make_public("Source", body=f"<p>{cite(ghost)}</p>")
    assert len(found(Kind.DANGLING)) == 1

    late = publishing.create(publishing.Words(title="Late"), by=None, uid=ghost.uid)
    publishing.publish(late, by=None)

    assert found(Kind.DANGLING) == []


def test_withdrawn_target_is_found_until_it_is_public_again():
    target = make_public("Target")
    source = citing(target)
    publishing.unpublish(target, by=None)
    assert sources(Kind.DANGLING) == [source]

    publishing.publish(target, by=None)

    assert found(Kind.DANGLING) == []


@pytest.mark.parametrize("state", ["trashed", "deleted"])
def test_target_that_was_thrown_away_is_found(state):
    target = make_public("Target")
    source = citing(target)
    if state == "deleted":
        erase(target)
    else:
        Article.objects.filter(pk=target.pk).update(state=state)

    assert sources(Kind.DANGLING) == [source]


def test_draft_that_cites_nothing_is_found_too_and_says_where():
    source = make_article("Source", body=f"<p>{cite(Article(uid='a' * 16))}</p>")

    [finding] = found(Kind.DANGLING)

    assert (finding.article, finding.in_live, finding.in_draft) == (source, False, True)


def test_one_row_stands_for_the_live_text_and_the_draft():
    target = make_public("Target")
    source = citing(target)
    publishing.unpublish(target, by=None)
    change_draft(source, title="Newer")

    [finding] = found(Kind.DANGLING)

    assert (finding.in_live, finding.in_draft) == (True, True)


def test_what_is_withdrawn_itself_is_nobodys_work():
    target = make_public("Target")
    source = citing(target)
    publishing.remove([target, source], publishing.UNPUBLISH, by=None)

    assert health.counts() == dict.fromkeys(Kind, 0)


def test_detour_is_found_instead_of_a_dead_link_and_gone_when_the_text_is_changed():
    target, new = make_public("Target"), make_public("New")
    source = citing(target)
    publishing.unpublish(target, by=None, lead_to=references.token_of(new))

    [finding] = found(Kind.DETOUR)
    assert (finding.article, finding.leads_to) == (source, (references.token_of(new), new))
    assert found(Kind.DANGLING) == []

    publish_change(source, body=f"<p>{cite(new)}</p>")
    assert found(Kind.DETOUR) == []


def test_forward_that_leads_to_something_hidden_is_no_detour():
    target, new = make_public("Target"), make_public("New")
    source = citing(target)
    publishing.unpublish(target, by=None, lead_to=references.token_of(new))
    publishing.unpublish(new, by=None)

    assert (sources(Kind.DANGLING), found(Kind.DETOUR)) == ([source], [])


def test_section_that_left_is_found_until_it_is_back():
    body = "<h2>Part</h2><p>Text.</p>"
    target = make_public("Target", body=body)
    source = make_public("Source", body=f"<p>{cite(target, section='s-part')}</p>")
    assert found(Kind.SECTION) == []

    publish_change(target, body="<p>Text.</p>")
    assert sources(Kind.SECTION) == [source]

    publish_change(target, body='<h2 id="s-part">Part</h2><p>Text.</p>')
    assert found(Kind.SECTION) == []


def test_section_that_never_was_is_found():
    target = make_public("Target")
    source = make_public("Source", body=f"<p>{cite(target, section='s-nothing')}</p>")

    [finding] = found(Kind.SECTION)

    assert (finding.article, finding.section) == (source, None)


def test_section_that_stands_in_the_draft_only_is_found_until_that_is_published():
    target = make_public("Target")
    change_draft(target, body="<h2>Part</h2><p>Text.</p>")
    make_public("Source", body=f"<p>{cite(target, section='s-part')}</p>")
    assert len(found(Kind.SECTION)) == 1

    publishing.publish(target, by=None)

    assert found(Kind.SECTION) == []


def test_section_that_moved_to_another_article_is_a_detour():
    target, new = make_public("Target", body="<h2>Part</h2><p>Text.</p>"), make_public("New")
    source = make_public("Source", body=f"<p>{cite(target, section='s-part')}</p>")
    publish_change(target, body="<p>Text.</p>")
    publishing.forward_section(target, "s-part", references.token_of(new), by=None)

    assert (sources(Kind.DETOUR), found(Kind.SECTION)) == ([source], [])


def test_cited_draft_is_found_until_it_is_published():
    draft = make_article("Draft")
    source = citing(draft)
    assert sources(Kind.DRAFT) == [source]

    publishing.publish(draft, by=None)

    assert found(Kind.DRAFT) == []


def test_cited_people_and_subjects_without_a_public_article_are_found():
    author, tag = make_author("Nobody yet"), publishing.save_tag(Tag(name="Nothing yet"))
    make_public("Source", body=f"<p>{cite(author)} and {cite(tag)}</p>")
    assert {finding.reference.target for finding in found(Kind.DRAFT)} == {author, tag}

    make_public("First", authors=[author], tags=[tag.name])

    assert found(Kind.DRAFT) == []


def test_draft_may_cite_drafts():
    make_article("Source", body=f"<p>{cite(make_article('Draft'))}</p>")

    assert found(Kind.DRAFT) == []


def test_orphan_is_found_until_a_published_text_cites_it():
    orphan = make_public("Orphan")
    source = make_article("Source", related=[{"article": orphan.uid}])
    assert sources(Kind.ORPHAN) == [orphan]

    publishing.publish(source, by=None)

    assert orphan not in sources(Kind.ORPHAN)


def test_dead_end_is_found_until_it_cites_something():
    target = make_public("Target", body=f"<p>{cite(make_author('Somebody'))}</p>")
    dead_end = make_public("Dead end")
    assert sources(Kind.DEAD_END) == [dead_end]

    publish_change(dead_end, body=f"<p>{cite(target)}</p>")

    assert found(Kind.DEAD_END) == []


def test_missed_path_is_found_most_asked_for_first_until_something_answers():
    missed("/old/", hits=3)
    missed("/articles/late/", hits=5)
    missed("/tags/subject/")
    assert [finding.key for finding in found(Kind.PATH)] == [
        "/articles/late/",
        "/old/",
        "/tags/subject/",
    ]

    article = make_public("Late", slug="late", tags=["Subject"])
    publishing.lead_path("/old/", article, by=None)

    assert found(Kind.PATH) == []


def test_more_than_a_page_is_found_on_the_next():
    for number in range(health.PER_PAGE + 1):
        missed(f"/old-{number}/", hits=100 - number)

    first, has_more = health.findings(Kind.PATH)
    second, has_more_still = health.findings(Kind.PATH, page=2)

    assert (len(first), has_more, has_more_still) == (health.PER_PAGE, True, False)
    assert [finding.key for finding in second] == [f"/old-{health.PER_PAGE}/"]


# Putting right


def test_one_click_points_a_detour_at_its_end(desk):
    target, new = make_public("Target"), make_public("New")
    source = citing(target)
    publishing.unpublish(target, by=None, lead_to=references.token_of(new))
    [finding] = found(Kind.DETOUR)
    assert "Point it at “New”" in desk.get(DESK, {"kind": "detour"}).content.decode()

    act(desk, "fix", finding)

    source.refresh_from_db()
    assert f"article:{new.uid}" in source.body
    assert found(Kind.DETOUR) == []


def test_one_click_leaves_the_words_of_a_dead_reference(desk):
    target = make_public("Target")
    source = citing(target)
    publishing.unpublish(target, by=None)
    [finding] = found(Kind.DANGLING)

    act(desk, "fix", finding)

    source.refresh_from_db()
    assert source.body == "<p>Read more of it now.</p>"
    assert found(Kind.DANGLING) == []


def test_one_click_leads_to_the_article_whose_section_is_gone(desk):
    target = make_public("Target")
    source = make_public("Source", body=f"<p>{cite(target, section='s-nothing')}</p>")
    [finding] = found(Kind.SECTION)

    act(desk, "fix", finding)

    assert list(source.references.values_list("target_article", "section")) == [(target.pk, "")]
    assert found(Kind.SECTION) == []


def test_second_click_says_that_it_is_done_already(desk):
    target = make_public("Target")
    citing(target)
    publishing.unpublish(target, by=None)
    [finding] = found(Kind.DANGLING)
    act(desk, "fix", finding)

    assert act(desk, "fix", finding) == ["This has been put right already."]


@pytest.mark.parametrize("how", ["address", "picker"])
def test_another_target_can_be_chosen(desk, how):
    target, new = make_public("Target"), make_public("New", body="<h2>Part</h2><p>Text.</p>")
    source = citing(target)
    publishing.unpublish(target, by=None)
    [finding] = found(Kind.DANGLING)
    chosen = {
        "address": {"address": f"http://testserver{new.get_absolute_url()}#s-part"},
        "picker": {"target": f'[{{"value": "article:{new.uid}#s-part", "label": "Part"}}]'},
    }

    act(desk, "point", finding, **chosen[how])

    assert list(source.references.values_list("target_article", "section")) == [(new.pk, "s-part")]


def test_only_what_readers_see_can_be_chosen(desk):
    target, draft = make_public("Target"), make_article("Secret plan")
    source = citing(target)
    publishing.unpublish(target, by=None)
    [finding] = found(Kind.DANGLING)
    before = source.body

    for value, message in (
        (
            f"article:{draft.uid}",
            "Readers can't see “Secret plan”. Choose something that is public.",
        ),
        (f"article:{source.uid}", "An article can't cite itself. Choose something else."),
        (f"article:{'b' * 16}", "Nothing of this site was found there. Choose something else."),
        ("nonsense", "Nothing of this site was found there. Choose something else."),
        ("[[[", "Choose where it should lead."),
        ("", "Choose where it should lead."),
    ):
        assert act(desk, "point", finding, target=value) == [message]
    assert act(desk, "point", finding, address="https://elsewhere.example/articles/x/") == [
        "This address is of another site. Take one of this publication."
    ]
    public = make_public("Public").get_absolute_url()
    assert act(desk, "point", finding, address=f"{public}#s-nothing") == [
        "This article has no section “s-nothing”. Leave away what follows the #."
    ]

    source.refresh_from_db()
    assert source.body == before


def test_missed_path_is_led_to_what_it_meant_with_one_click(desk, client):
    article = make_public("The North–South Corridor")
    missed("/2019/05/north-south-corridor.html/")
    [finding] = found(Kind.PATH)
    assert finding.guess == article
    assert "Lead to “The North–South Corridor”" in desk.get(DESK, {"kind": "path"}).content.decode()

    act(desk, "lead", finding, target=str(references.token_of(article)))

    assert found(Kind.PATH) == []
    response = client.get("/2019/05/north-south-corridor.html")
    assert (response.status_code, response.headers["Location"]) == (
        301,
        article.get_absolute_url(),
    )


def test_missed_path_can_be_said_to_be_gone(desk):
    missed("/old/")
    [finding] = found(Kind.PATH)

    act(desk, "gone", finding)

    assert found(Kind.PATH) == []
    assert desk.get("/old/").status_code == 410


# Putting off


def test_snoozed_finding_is_left_out_until_it_is_woken(desk):
    make_public("Orphan", body=f"<p>{cite(make_author('Somebody'))}</p>")
    [finding] = found(Kind.ORPHAN)

    act(desk, "snooze", finding, reason="Only just out", period="good")

    assert found(Kind.ORPHAN) == []
    page = desk.get(DESK, {"kind": "snoozed"}).content.decode()
    assert ("Only just out" in page, "by editor" in page) == (True, True)

    act(desk, "wake", finding)
    assert [other.key for other in found(Kind.ORPHAN)] == [finding.key]


@pytest.mark.parametrize("kind", [*health.CITATIONS, Kind.PATH])
def test_findings_of_every_kind_can_be_snoozed(kind):
    _one_of_everything(1)
    [finding] = found(kind)

    health.snooze(kind, finding.key, reason="Later", period="week", by=None)

    assert found(kind) == []


def test_snooze_needs_a_reason(desk):
    make_public("Orphan")
    [finding] = found(Kind.ORPHAN)

    for reason in ("", "   "):
        assert act(desk, "snooze", finding, reason=reason, period="week") == [
            "Give a reason, so that colleagues know why this can wait."
        ]

    assert not Snooze.objects.exists()


def test_snooze_of_a_week_is_over_after_it():
    make_public("Orphan")
    [finding] = found(Kind.ORPHAN)
    health.snooze(finding.kind, finding.key, reason="Later", period="week", by=None)
    assert found(Kind.ORPHAN) == []

    Snooze.objects.update(until=timezone.now() - timedelta(seconds=1))

    assert len(found(Kind.ORPHAN)) == 1
    assert list(health.snoozed()) == []


def test_snooze_of_one_citation_leaves_the_others():
    target, other = make_public("Target"), make_public("Other")
    make_public("Source", body=f"<p>{cite(target)} {cite(other)}</p>")
    publishing.remove([target, other], publishing.UNPUBLISH, by=None)
    first, second = found(Kind.DANGLING)

    health.snooze(first.kind, first.key, reason="Later", period="good", by=None)

    assert [finding.key for finding in found(Kind.DANGLING)] == [second.key]


# Who may


def test_desk_is_for_who_may_see_articles(client, sign_in):
    assert client.get(DESK).status_code == 302
    assert sign_in("view_image").get(DESK).status_code == 403


def test_who_may_only_look_finds_no_buttons_and_is_refused(sign_in):
    _one_of_everything(1)
    client = sign_in("view_article")

    for kind in Kind:
        assert html.parse(client.get(DESK, {"kind": kind})).xpath("//main//form") == []
    data = {"action": "gone", "kind": "path", "key": found(Kind.PATH)[0].key}
    assert client.post(DESK, data).status_code == 403


def test_who_may_not_publish_is_refused_by_the_verbs(sign_in):
    _one_of_everything(1)
    client = sign_in("view_article", "change_article")
    [dangling], [path] = found(Kind.DANGLING), found(Kind.PATH)

    assert act(client, "fix", dangling) == ["You may not change what readers see. Ask an editor."]
    assert act(client, "gone", path) == ["You may not set redirects. Ask an editor to do it."]
    assert (found(Kind.DANGLING), found(Kind.PATH)) == ([dangling], [path])


def test_post_without_the_forms_token_is_refused(editor):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)

    assert client.post(DESK, {"action": "wake", "kind": "path", "key": "/x/"}).status_code == 403


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"action": "burn", "kind": "path", "key": "/x/"}, 404),
        ({"action": "fix", "kind": "nothing", "key": "x"}, 404),
        ({"action": "fix", "kind": "path", "key": "/x/"}, 404),
        ({"action": "lead", "kind": "orphan", "key": "x"}, 404),
        ({"action": "fix", "kind": "dangling", "key": "\x00"}, 404),
        ({"action": "fix", "kind": "dangling", "key": "x" * 10_000}, 404),
        ({"action": "fix", "kind": "dangling", "key": "no such"}, 302),
        ({}, 404),
    ],
)
def test_made_up_posts_do_no_harm(desk, data, status):
    assert desk.post(DESK, data).status_code == status


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999", "²", "9" * 500])
def test_page_that_there_is_not_is_shown_empty_or_as_the_first(desk, number):
    assert desk.get(DESK, {"kind": "orphan", "page": number}).status_code == 200


def test_part_that_there_is_not_is_not_found(desk):
    assert desk.get(DESK, {"kind": "nothing"}).status_code == 404


# The pages


def _one_of_everything(rows):
    """A publication with so many findings of each kind."""
    ok = make_author("Somebody")
    for number in range(rows):
        end = make_public(f"End {number}", body=f"<p>{cite(ok)}</p>", authors=[ok])
        gone, moved = make_public(f"Gone {number}"), make_public(f"Moved {number}")
        draft = make_article(f"Draft {number}")
        make_public(
            f"Source {number} <b>",
            body=f"<p>One {cite(gone)}, two {cite(moved)}, three {cite(draft)},"
            f" four {cite(end, section='s-nothing')}.</p>",
        )
        publishing.unpublish(gone, by=None)
        publishing.unpublish(moved, by=None, lead_to=references.token_of(end))
        make_public(f"Dead end {number}", slug=f"dead-end-{number}")
        missed(f"/old/<b>{number}/dead-end-{number}/", hits=rows - number)
    health.snooze("orphan", end.uid, reason="Later", period="month", by=None)


# Eight of them count; what a path may have meant takes eight more.
QUERIES = {
    "dangling": 14,
    "section": 15,
    "detour": 14,
    "draft": 14,
    "orphan": 13,
    "dead-end": 13,
    "path": 20,
    "snoozed": 15,
}


@pytest.mark.parametrize("rows", [1, 3])
def test_desk_asks_as_often_for_three_findings_as_for_one(desk, rows):
    _one_of_everything(rows)
    desk.get(DESK)

    asked = {}
    for kind in QUERIES:
        with CaptureQueriesContext(connection) as captured:
            desk.get(DESK, {"kind": kind})
        asked[kind] = len(captured)

    assert asked == QUERIES


@pytest.mark.sqlite_only
def test_findings_are_counted_without_reading_all_references(desk):
    _one_of_everything(3)
    asked = []

    def note(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        health.counts()
    steps = []
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            steps += [step for *_place, step in cursor.fetchall()]

    # In queries within others, tables have other names: W0 are references. Authors, tags and
    # forwards are few.
    few = ("author", "tag", "forward")
    assert [
        step
        for step in steps
        if re.match(r"SCAN [TVW]\d", step) and not any(f"_{name}_" in step for name in few)
    ] == ["SCAN V0 USING INDEX reference_to_section"]
    assert len(asked) == len(Kind)


def test_pages_of_the_desk_have_no_faults_and_show_each_finding_once(desk):
    _one_of_everything(2)

    for kind in [*Kind, "snoozed"]:
        response = desk.get(DESK, {"kind": kind})
        faults, _headings, _images = html.inspect(response)
        # Django's own pictures are drawn in the page.
        assert [fault for fault in faults if not re.search("svg|path|use|closes", fault)] == []
        assert b"<b>" not in response.content
        rows = html.parse(response).xpath(html.by_class("finding"))
        assert len(rows) == (1 if kind == "snoozed" else health.counts()[kind])


def test_start_page_counts_what_the_desk_lists(desk):
    _one_of_everything(1)

    counted = html.all_words(desk.get("/admin/"), '//*[@class="desk__counts"]/li')

    assert counted == [f"{kind.label} {count}" for kind, count in health.counts().items()]


def test_start_page_of_very_many_articles_counts_anew_after_a_minute(desk, monkeypatch):
    monkeypatch.setattr(health, "MANY", -1)
    monkeypatch.setattr(health, "_counted", {})
    healthy = health.recent_counts()
    _one_of_everything(1)

    within_the_minute = health.recent_counts()
    monkeypatch.setattr(
        health, "_counted", {name: (old, 0) for name, (old, _until) in health._counted.items()}
    )
    afterwards = health.recent_counts()

    assert within_the_minute == healthy == dict.fromkeys(Kind, 0)
    assert afterwards == health.counts() != healthy


def test_references_of_healthy_rows_stay_when_another_is_put_right(desk):
    _one_of_everything(1)
    [finding] = found(Kind.DANGLING)
    before = set(Reference.objects.values_list("source", "target_uid", "section"))

    act(desk, "fix", finding)

    after = set(Reference.objects.values_list("source", "target_uid", "section"))
    assert before - after == {(finding.article.pk, finding.reference.target_uid, "")}
