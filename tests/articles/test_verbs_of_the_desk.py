"""What colleagues do before an article goes out: write, hand in, discuss, share, bundle, trash."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from articles import directory, effects, health, publishing, references, rights, search
from articles.models import (
    Article,
    Assignment,
    AuditEntry,
    Bundle,
    Comment,
    Notification,
    PublishCheck,
    Redirect,
    Revision,
    Schedule,
    Submission,
)
from articles.publishing import Conflict, NotAllowed, PublishingError, Words, schedules, writing
from articles.references import token_of
from irb_site.uids import new_uid
from tests.articles.test_crash import dump
from tests.articles.test_publishing import in_threads
from tests.articles.test_removal import Others, links
from tests.factories import (
    change_draft,
    cite,
    erase,
    make_article,
    make_author,
    make_public,
    make_scheduled,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db


def make_user(django_user_model, name, role):
    user = django_user_model.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def leila(django_user_model):
    return make_user(django_user_model, "leila", rights.EDITOR)


@pytest.fixture
def max_(django_user_model):
    return make_user(django_user_model, "max", rights.EDITOR)


@pytest.fixture
def cora(django_user_model):
    return make_user(django_user_model, "cora", rights.CONTRIBUTOR)


def fresh(article):
    return Article.objects.select_related("latest_revision", "submission").get(pk=article.pk)


def autosave(article, by, title, based_on=None, **words):
    """Writes on from the newest words, or from those of an edition."""
    latest = fresh(article).latest_revision
    based_on = latest.edition if based_on is None else based_on
    return publishing.autosave(article, Words(title=title, **words), by=by, based_on=based_on)


def versions(article):
    """The titles of an article's versions, the oldest first; * marks one that is still written."""
    rows = article.revisions.order_by("number")
    return [f"{row.title}{'' if row.is_sealed else '*'}" for row in rows]


def acts(article):
    return list(
        AuditEntry.objects.filter(article=article).order_by("pk").values_list("act", flat=True)
    )


def later(**delta):
    return timezone.now() + timedelta(**(delta or {"days": 1}))


# Autosave


def test_autosaves_of_one_sitting_are_one_version(leila):
    article = make_article("One", by=leila)

    editions = [autosave(article, leila, title).edition for title in ("O", "On", "One more")]

    assert versions(article) == ["One", "One more*"]
    assert editions == [2, 3, 4]
    assert fresh(article).latest_revision.title == "One more"
    assert acts(article) == ["created", "autosaved"]


def test_autosave_of_the_same_words_saves_nothing(leila):
    article = make_article("One", by=leila, standfirst="", body="")

    assert autosave(article, leila, "One").edition == 1
    assert versions(article) == ["One"]
    assert acts(article) == ["created"]


@pytest.mark.parametrize(
    "verb",
    [
        lambda article, by: change_draft(article, by=by, title="Named save"),
        lambda article, by: change_draft(article, by=by),
        lambda article, by: publishing.publish(article, by=by),
        lambda article, by: publishing.submit(article, by=by),
        lambda article, by: publishing.schedule(article, due_at=later(), by=by),
        lambda article, by: publishing.name_revision(
            article, fresh(article).latest_revision, "Before the talks", by=by
        ),
        lambda article, by: publishing.restore(article, article.revisions.get(number=1), by=by),
        lambda article, by: publishing.schedule_bundle(
            publishing.save_bundle(None, name="B", articles=[article], by=by),
            due_at=later(), by=by,
        ),
    ],
    ids=[
        "another save", "save", "publish", "submit", "schedule", "name", "restore",
        "schedule_bundle",
    ],
)  # fmt: skip
def test_autosave_is_sealed_by_every_verb_that_refers_to_it(leila, verb):
    article = make_article("One", by=leila)
    written = autosave(article, leila, "While writing")

    verb(article, leila)
    autosave(article, leila, "Afterwards")

    written.refresh_from_db()
    assert (written.title, written.is_sealed) == ("While writing", True)
    assert versions(article)[-1] == "Afterwards*"


def test_autosave_of_somebody_else_seals_and_keeps_the_one_before(leila, max_):
    article = make_article("One", by=leila)
    autosave(article, leila, "By Leila")

    autosave(article, max_, "By Max")
    autosave(article, max_, "By Max again")

    assert versions(article) == ["One", "By Leila", "By Max again*"]


def test_autosave_after_a_pause_begins_a_new_version(leila):
    article = make_article("One", by=leila)
    morning = autosave(article, leila, "In the morning")
    long_ago = timezone.now() - writing.SITTING - timedelta(seconds=1)
    Revision.objects.filter(pk=morning.pk).update(saved_at=long_ago)

    autosave(article, leila, "In the afternoon")

    assert versions(article) == ["One", "In the morning", "In the afternoon*"]


def test_second_window_of_ones_own_is_no_conflict_and_overwrites_nothing(leila):
    article = make_article("One", by=leila)
    opened_at = fresh(article).latest_revision.edition
    autosave(article, leila, "First window")

    autosave(article, leila, "Second window", based_on=opened_at)
    autosave(article, leila, "First window again", based_on=opened_at + 1)

    assert versions(article) == ["One", "First window", "Second window", "First window again*"]


def test_words_written_on_what_a_colleague_has_changed_since_are_a_conflict(leila, max_):
    article = make_article("One", by=leila)
    change_draft(article, by=max_, title="By Max")
    before = dump()

    for verb in (publishing.autosave, publishing.save_draft):
        with pytest.raises(Conflict) as refusal:
            verb(article, Words(title="By Leila"), by=leila, based_on=1)
        assert refusal.value.latest.title == "By Max"
        assert (refusal.value.base.title, refusal.value.is_unchanged) == ("One", False)

    assert dump() == before


def test_overwritten_beginning_is_a_conflict_without_a_base(leila, max_):
    article = make_article("One", by=leila)
    opened_at = autosave(article, max_, "Half").edition
    autosave(article, max_, "Whole")

    with pytest.raises(Conflict) as refusal:
        autosave(article, leila, "By Leila", based_on=opened_at)

    assert (refusal.value.latest.title, refusal.value.base) == ("Whole", None)


def test_nothing_written_is_nothing_lost(leila, max_):
    article = make_article("One", by=leila)
    change_draft(article, by=max_, title="By Max")
    same = fresh(article).latest_revision

    words = Words.of(article.revisions.get(number=1))
    with pytest.raises(Conflict) as refusal:
        publishing.autosave(article, words, by=leila, based_on=1)

    assert refusal.value.is_unchanged
    # To have written the same as the colleague is no conflict.
    assert publishing.autosave(article, Words.of(same), by=leila, based_on=1) == same


@pytest.mark.parametrize("pause", ["idle", "published meanwhile", "unpublished meanwhile"])
def test_what_changes_no_words_is_no_conflict(leila, max_, pause):
    article = make_public("One", by=leila)
    edition = fresh(article).latest_revision.edition
    if pause == "published meanwhile":
        publishing.publish(article, by=max_)
    elif pause == "unpublished meanwhile":
        publishing.unpublish(article, by=max_)

    autosave(article, leila, "Two", based_on=edition)

    assert versions(article)[-1] == "Two*"


def test_readers_see_nothing_of_an_autosave(client, leila):
    target = make_public("Target", slug="target")
    article = make_public("Live", slug="live", by=leila, tags=["Ports"])
    author = make_author("Sec Ret")
    page, version = client.get("/articles/live/").content, dump()["articles_contentversion"]

    autosave(
        article, leila, "Secret", slug="secret", standfirst="Secret", tags=["Secret"],
        bylines=[author.uid], body=f"<h2>Secret</h2><p>{cite(target)}</p>",
    )  # fmt: skip

    assert client.get("/articles/live/").content == page
    assert client.get("/articles/secret/").status_code == 404
    assert search.find("secret").ids == []
    assert client.get("/articles/target/cited-by/").content.count(b"Live") == 0
    assert dump()["articles_contentversion"] == version


def test_autosave_of_a_draft_gives_its_headings_ids_that_stay(leila):
    article = make_article("One", by=leila)
    first = autosave(article, leila, "One", body="<h2>The quay</h2><p>x</p>")
    body = first.body.replace("The quay", "The old quay")

    second = autosave(article, leila, "One", body=body)

    assert (first.pk, 's-the-quay">The old quay' in second.body) == (second.pk, True)
    assert references.rebuild() == 0


def test_new_article_begins_once_by_its_uid(leila):
    uid = new_uid()
    article = publishing.create(Words(title="O"), by=leila, uid=uid, is_autosave=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        publishing.create(Words(title="On"), by=leila, uid=uid, is_autosave=True)
    autosave(article, leila, "One")

    assert Article.objects.get().uid == uid
    assert versions(article) == ["One*"]


def test_new_article_needs_nothing_but_an_author_of_some_words(leila):
    article = publishing.create(Words(), by=leila, is_autosave=True)

    autosave(article, leila, "", body="<p>First words</p>")

    assert fresh(article).state == "draft"
    assert "First words" in fresh(article).latest_revision.body


@pytest.mark.parametrize("state", ["trashed", "deleted"])
def test_autosave_for_what_is_away_is_refused_with_a_sentence(leila, state):
    article = make_article("One", by=leila)
    publishing.trash(article, by=None)
    if state == "deleted":
        publishing.delete(article, by=None)

    with pytest.raises(PublishingError, match=r"trash\. Take it out|has been deleted"):
        publishing.autosave(article, Words(title="Two"), by=leila, based_on=1)


def test_restored_version_is_a_new_draft_and_loses_no_words(leila, max_):
    article = make_public("One", by=leila)
    change_draft(article, by=leila, title="Two")
    autosave(article, max_, "Half a thou")

    restored = publishing.restore(article, article.revisions.get(number=1), by=leila)

    assert versions(article) == ["One", "Two", "Half a thou", "One"]
    assert restored.note == "Restored from version 1"
    assert fresh(article).title == "One"


def test_version_has_a_name_until_it_is_taken_away(leila):
    article = make_article("One", by=leila)
    change_draft(article, by=leila, title="Two")
    first = article.revisions.get(number=1)

    publishing.name_revision(article, first, "  Before \n the talks ", by=leila)
    first.refresh_from_db()
    assert first.name == "Before the talks"
    publishing.name_revision(article, first, "", by=leila)
    first.refresh_from_db()
    assert first.name == ""

    with pytest.raises(PublishingError, match="at most 100 characters"):
        publishing.name_revision(article, first, "x" * 101, by=leila)
    other = make_article("Other")
    with pytest.raises(ValueError, match="is not of article"):
        publishing.name_revision(other, first, "x", by=leila)
    with pytest.raises(ValueError, match="is not of article"):
        publishing.restore(other, first, by=leila)


# Handing in


def outcomes(article):
    rows = article.submissions.order_by("pk")
    return [(row.outcome, row.decided_by and row.decided_by.username) for row in rows]


def test_draft_is_handed_in_approved_and_published(cora, leila, max_):
    article = make_article("One", by=cora)

    publishing.submit(article, by=cora, note="Please look")
    assert fresh(article).submission.outcome == "waiting"
    publishing.approve(article, by=leila, comment="Fine")
    assert fresh(article).submission.comment == "Fine"
    publishing.publish(article, by=max_)

    assert fresh(article).submission is None
    assert outcomes(article) == [("published", "max")]
    assert acts(article) == ["created", "submitted", "approved", "published"]


def test_draft_is_sent_back_with_a_comment_and_handed_in_again(cora, leila):
    article = make_article("One", by=cora)
    publishing.submit(article, by=cora)

    with pytest.raises(PublishingError, match="Say in a comment"):
        publishing.send_back(article, by=leila, comment=" \n")
    publishing.send_back(article, by=leila, comment="Shorter, please")
    assert fresh(article).submission is None
    with pytest.raises(PublishingError, match="Nothing of this article is handed in"):
        publishing.approve(article, by=leila)
    change_draft(article, by=cora, title="Shorter")
    publishing.submit(article, by=cora)

    assert outcomes(article) == [("sent_back", "leila"), ("waiting", None)]
    assert fresh(article).submission.revision.title == "Shorter"


def test_draft_is_taken_back_before_anybody_decides(cora, leila):
    article = make_article("One", by=cora)
    publishing.submit(article, by=cora)

    publishing.take_back(article, by=cora)

    assert (fresh(article).submission, outcomes(article)) == (None, [("closed", None)])
    for verb in (
        lambda: publishing.take_back(article, by=cora),
        lambda: publishing.send_back(article, by=leila, comment="x"),
    ):
        with pytest.raises(PublishingError, match="Nothing of this article is handed in"):
            verb()


def test_what_is_handed_in_stays_as_it_was_while_the_draft_goes_on(cora, leila):
    article = make_article("One", by=cora)
    publishing.submit(article, by=cora)
    autosave(article, cora, "Two")

    submission = fresh(article).submission
    assert (submission.revision.title, submission.outcome) == ("One", "waiting")
    publishing.publish(article, submission.revision, by=leila)

    assert (fresh(article).title, fresh(article).latest_revision.title) == ("One", "Two")
    assert outcomes(article) == [("published", "leila")]


def test_publishing_something_older_than_what_is_handed_in_leaves_it_waiting(cora, leila):
    article = make_article("One", by=cora)
    change_draft(article, by=cora, title="Two")
    publishing.submit(article, by=cora)

    publishing.publish(article, article.revisions.get(number=1), by=leila)

    assert fresh(article).submission.outcome == "waiting"


def test_handing_in_again_replaces_what_was_handed_in(cora):
    article = make_article("One", by=cora)
    publishing.submit(article, by=cora)
    change_draft(article, by=cora, title="Two")

    publishing.submit(article, by=cora)

    assert outcomes(article) == [("closed", None), ("waiting", None)]
    assert fresh(article).submission.revision.title == "Two"
    assert Submission.objects.filter(outcome="waiting").count() == 1


# Comments


def test_remark_is_answered_resolved_and_opened_again_by_an_answer(cora, leila):
    article = make_article("One", by=cora)
    remark = publishing.comment(article, "Really?", by=leila, section="s-a", quote="words")
    answer = publishing.comment(article, "Yes", by=cora, parent=remark, quote="ignored")
    of_answer = publishing.comment(article, "Sure?", by=leila, parent=answer)

    # Answers to answers stand under the remark, and only that is about a passage.
    assert [one.parent for one in (answer, of_answer)] == [remark, remark]
    assert (remark.section, remark.quote, answer.quote) == ("s-a", "words", "")

    publishing.resolve(remark, by=cora)
    remark.refresh_from_db()
    assert (remark.resolved_by, remark.resolved_at is None) == (cora, False)
    publishing.comment(article, "No", by=leila, parent=remark)
    remark.refresh_from_db()
    assert (remark.resolved_by, remark.resolved_at) == (None, None)

    publishing.resolve(remark, by=cora)
    publishing.reopen(remark, by=leila)
    remark.refresh_from_db()
    assert remark.resolved_at is None
    with pytest.raises(ValueError, match="an answer can't be resolved"):
        publishing.resolve(answer, by=leila)


@pytest.mark.parametrize("text", ["", " \n ", "\x00", "x" * 5001])
def test_remark_that_says_nothing_or_too_much_is_refused(leila, text):
    article = make_article("One", by=leila)

    with pytest.raises(PublishingError):
        publishing.comment(article, text, by=leila)

    assert not Comment.objects.exists()


def test_remark_holds_whatever_is_typed(leila):
    article = make_article("One", by=leila)

    remark = publishing.comment(
        article, "a\x00b <script>", by=leila, section="s" * 300, quote="\x00" + "q" * 900,
        before="b" * 900,
    )  # fmt: skip

    remark.refresh_from_db()
    assert "script" in remark.text
    assert "\x00" not in remark.text + remark.quote
    assert (len(remark.section), len(remark.quote), len(remark.before)) == (80, 500, 100)


def test_remark_changes_no_words(leila):
    article = make_article("One", by=leila, body="<h2>A</h2><p>Some words.</p>")
    before = dump()["articles_revision"]

    publishing.comment(article, "Hm", by=leila, section="s-a", quote="Some words")

    assert dump()["articles_revision"] == before


def test_answer_to_a_remark_elsewhere_is_a_fault(leila):
    remark = publishing.comment(make_article("One"), "Hm", by=leila)

    with pytest.raises(ValueError, match="is not of article"):
        publishing.comment(make_article("Two"), "Yes", by=leila, parent=remark)


# Tasks


def test_task_lets_a_contributor_in_until_it_is_done(cora, leila):
    article = make_article("One", by=leila)
    with pytest.raises(NotAllowed):
        change_draft(article, by=cora, title="Two")

    task = publishing.assign(article, cora, by=leila, task="Check the figures")
    assert rights.may_see(cora, article)
    change_draft(article, by=cora, title="Two")
    publishing.comment(article, "Done", by=cora)
    publishing.submit(article, by=cora)
    publishing.finish(task, by=cora)

    assert not rights.may_see(cora, article)
    for verb in (
        lambda: change_draft(article, by=cora, title="Three"),
        lambda: publishing.comment(article, "More", by=cora),
        lambda: publishing.take_back(article, by=cora),
    ):
        with pytest.raises(NotAllowed):
            verb()
    assert versions(article) == ["One", "Two"]


def test_task_given_again_replaces_the_open_one_and_is_done_once(cora, leila, max_):
    article = make_article("One", by=leila)
    old = publishing.assign(article, cora, by=leila, task="This")
    task = publishing.assign(article, cora, by=leila, task="That")

    assert [row.task for row in Assignment.objects.all()] == ["That"]
    with pytest.raises(PublishingError, match="isn't here any more"):
        publishing.finish(old, by=cora)
    publishing.finish(task, by=cora)
    publishing.finish(task, by=max_)
    assert acts(article).count("finished") == 1
    publishing.assign(article, cora, by=leila, task="Once more")
    assert article.assignments.count() == 2


def test_tasks_are_for_whoever_can_do_them(cora, leila, django_user_model):
    article, page = make_article("One", by=leila), make_article("About", kind="page")
    closed = django_user_model.objects.create_user("gone", is_staff=True, is_active=False)
    outside = django_user_model.objects.create_user("outside")

    for to, what in ((closed, article), (outside, article), (cora, page)):
        with pytest.raises(PublishingError):
            publishing.assign(what, to, by=leila)
    with pytest.raises(NotAllowed):
        publishing.finish(publishing.assign(article, leila, by=None), by=cora)

    publishing.assign(page, leila, by=None)


# Preview links


def test_link_is_shared_for_some_days_and_revoked_once(cora):
    article = make_article("One", by=cora)

    link = publishing.share(article, by=cora, days=3, label="  The\x00 embassy ")
    assert link.label == "The embassy"
    assert timedelta(days=2.9) < link.expires_at - timezone.now() <= timedelta(days=3)
    publishing.unshare(link, by=cora)
    publishing.unshare(link, by=cora)

    link.refresh_from_db()
    assert link.revoked_at is not None
    assert acts(article) == ["created", "shared", "unshared"]


@pytest.mark.parametrize("days", [-1, 0, 91, 10**9])
def test_link_that_never_or_always_works_is_refused(leila, days):
    with pytest.raises(PublishingError, match="from 1 to 90 days"):
        publishing.share(make_article("One"), by=leila, days=days)


def test_link_is_shared_and_revoked_by_whoever_may_change_the_article(cora, leila):
    article = make_article("One", by=leila)
    link = publishing.share(article, by=leila)

    with pytest.raises(NotAllowed):
        publishing.share(article, by=cora)
    with pytest.raises(NotAllowed):
        publishing.unshare(link, by=cora)


# Bundles


@pytest.fixture
def three(leila):
    """A draft, a live article with a newer draft, and a withdrawn one, which cite each other."""
    first = make_article("First", slug="first", by=leila)
    second = make_public("Second", slug="second", by=leila, body=f"<p>{cite(first)}</p>")
    third = make_withdrawn("Third", slug="third", body=f"<p>{cite(second)}</p>")
    change_draft(first, by=leila, body=f"<p>{cite(third)}</p>")
    change_draft(second, by=leila, title="Second anew")
    return [fresh(article) for article in (first, second, third)]


@pytest.fixture
def bundle(three, leila):
    return publishing.save_bundle(None, name="The talks", articles=three, by=leila)


def states(articles):
    return [fresh(article).state for article in articles]


BEFORE, AFTER = ["draft", "live", "withdrawn"], ["live", "live", "live"]


def test_bundle_publishes_all_at_once(client, bundle, three, leila):
    publishing.publish_bundle(bundle, by=leila)

    assert states(three) == AFTER
    assert [fresh(article).title for article in three] == ["First", "Second anew", "Third"]
    assert links(client, fresh(three[0])) == ["/articles/third/"]
    assert Bundle.objects.get().published_at is not None
    assert references.rebuild() == 0


def test_bundle_of_which_one_cannot_go_out_publishes_none(bundle, three, leila):
    change_draft(three[2], title="Third, TK")
    before = dump()

    with pytest.raises(PublishingError, match=r"^“Third, TK”: This can't go out yet\. Fill in"):
        publishing.publish_bundle(bundle, by=leila)
    with pytest.raises(PublishingError, match=r"^“Third, TK”: This can't go out yet\."):
        publishing.schedule_bundle(bundle, due_at=later(), by=leila)

    assert dump() == before


def test_scheduled_bundle_goes_out_as_it_was_planned(bundle, three, leila):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)
    change_draft(three[0], title="Too late")
    assert publishing.carry_out_due(now=later(minutes=59)) == 0
    assert states(three) == BEFORE

    assert publishing.carry_out_due(now=later(minutes=61)) == 3
    assert publishing.carry_out_due(now=later(minutes=62)) == 0

    assert states(three) == AFTER
    assert fresh(three[0]).title == "First"
    assert Bundle.objects.get().published_at is not None


def test_scheduled_bundle_of_which_one_fails_publishes_none_and_says_why(bundle, three, leila):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)
    taken = make_public("Else", slug="first-of-all")
    Revision.objects.filter(pk=fresh(three[2]).latest_revision_id).update(slug="first-of-all")

    assert publishing.carry_out_due(now=later(hours=2)) == 0

    assert states(three) == BEFORE
    plans = Schedule.objects.all()
    assert [plan.outcome for plan in plans] == ["failed"] * 3
    # Who wrote the first two may not know the third, and needn't.
    other = "Another article of the bundle “The talks” can't go out."
    assert [plan.message for plan in plans[:2]] == [other, other]
    assert plans[2].message.startswith("“Third”: ")
    assert Bundle.objects.get().published_at is None
    assert acts(three[0])[-1] == "failed"
    assert fresh(taken).state == "live"


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        (lambda one, by: publishing.trash(one, by=by), "The article went to the trash."),
        (lambda one, by: publishing.cancel_schedules(one, by=by), "Called off."),
        (lambda one, by: publishing.schedule(one, due_at=later(), by=by), "Called off."),
    ],
    ids=["trash", "cancel", "schedule alone"],
)
def test_bundle_does_not_go_out_without_one_of_its_articles(bundle, three, leila, leave, reason):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)

    leave(three[0], leila)

    plans = Schedule.objects.filter(bundle=bundle).order_by("pk")
    assert [plan.outcome for plan in plans] == ["cancelled"] * 3
    assert [plan.message for plan in plans] == [
        reason, f"“First” left the bundle. {reason}", f"“First” left the bundle. {reason}",
    ]  # fmt: skip
    assert publishing.carry_out_due(now=later(hours=2)) == 0
    assert states(three[1:]) == BEFORE[1:]


def test_whoever_planned_a_bundle_is_told_that_it_lost_an_article(bundle, three, leila, max_):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)
    entries = AuditEntry.objects.order_by("pk")
    before = entries.count()

    publishing.trash(three[0], by=max_)

    words = "“First” left the bundle. The article went to the trash."
    told = Notification.objects.filter(to=leila)
    assert [(row.subject, row.text) for row in told] == [
        ("The bundle “The talks” doesn't go out as scheduled", words)
    ]
    assert told[0].path == f"/admin/articles/bundle/{bundle.pk}/change/"
    assert [
        (entry.act, entry.object_name, entry.by_name, entry.detail) for entry in entries[before:]
    ] == [
        ("trashed", "First", "max", ""),
        ("unscheduled", "Second anew", "max", "with the bundle “The talks”"),
        ("unscheduled", "Third", "max", "with the bundle “The talks”"),
        ("unscheduled", "The talks", "max", words),
    ]


def test_audit_has_the_bundle_that_went_out_at_its_time(bundle, leila):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)

    publishing.carry_out_due(now=later(hours=2))

    newest = AuditEntry.objects.order_by("-pk").first()
    assert (newest.act, newest.object_kind, newest.by) == ("published", "bundle", None)


def test_bundle_that_is_planned_anew_meanwhile_waits_for_its_new_time(
    bundle, three, leila, monkeypatch
):
    first = make_scheduled("Goes first", due_at=later(hours=1))
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)
    publish = schedules.publish

    def publish_while_an_editor_plans_anew(article, *args, **options):
        if article == first:
            publishing.cancel_bundle(bundle, by=leila)
            publishing.schedule_bundle(bundle, due_at=later(days=1), by=leila)
        return publish(article, *args, **options)

    monkeypatch.setattr(schedules, "publish", publish_while_an_editor_plans_anew)

    assert publishing.carry_out_due(now=later(hours=2)) == 1

    assert states(three) == BEFORE
    assert set(Schedule.objects.filter(bundle=bundle).values_list("outcome", flat=True)) == {
        "cancelled", "pending",
    }  # fmt: skip


def test_schedule_that_the_database_cannot_take_holds_up_no_other(leila, monkeypatch):
    broken = make_scheduled("Broken", due_at=later(hours=1))
    sound = make_scheduled("Sound", due_at=later(hours=1))
    publish = schedules.publish

    def publish_unless_broken(article, *args, **options):
        if article == broken:
            raise OperationalError("too many SQL variables")
        return publish(article, *args, **options)

    monkeypatch.setattr(schedules, "publish", publish_unless_broken)

    with pytest.raises(OperationalError):
        publishing.carry_out_due(now=later(hours=2))

    assert fresh(sound).state == "live"
    assert Schedule.objects.get(article=broken).outcome == "pending"


def test_bundle_goes_on_without_what_was_published_by_hand_before(bundle, three, leila):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)
    publishing.publish(three[0], by=leila)

    assert publishing.carry_out_due(now=later(hours=2)) == 2

    assert states(three) == AFTER
    assert fresh(three[0]).revisions.count() == 2


def test_scheduled_bundle_is_called_off_before_it_is_changed_or_published(bundle, three, leila):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)

    for verb in (
        lambda: publishing.save_bundle(bundle, name="Other", articles=three[:1], by=leila),
        lambda: publishing.publish_bundle(bundle, by=leila),
        lambda: publishing.schedule_bundle(bundle, due_at=later(hours=2), by=leila),
    ):
        with pytest.raises(PublishingError, match="Call its schedule off first"):
            verb()
    assert publishing.cancel_bundle(bundle, by=leila) == 3
    assert {plan.message for plan in Schedule.objects.all()} == {"Called off."}
    assert publishing.carry_out_due(now=later(hours=2)) == 0
    publishing.save_bundle(bundle, name="Other", articles=three[:1], by=leila)

    assert [(item.article, item.position) for item in bundle.items.all()] == [(three[0], 0)]


def test_discarded_bundle_leaves_its_articles_and_the_record_of_its_plans(bundle, three, leila):
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=leila)

    publishing.discard_bundle(bundle, by=leila)

    assert not Bundle.objects.exists()
    assert states(three) == BEFORE
    assert {plan.outcome for plan in Schedule.objects.all()} == {"cancelled"}
    with pytest.raises(PublishingError, match="isn't here any more"):
        publishing.publish_bundle(bundle, by=leila)


@pytest.mark.parametrize(
    "verb",
    [
        lambda bundle, by: publishing.publish_bundle(bundle, by=by),
        lambda bundle, by: publishing.schedule_bundle(bundle, due_at=later(), by=by),
    ],
    ids=["publish", "schedule"],
)
def test_bundle_with_something_in_the_trash_is_refused(bundle, three, leila, verb):
    publishing.trash(three[1], by=leila)

    with pytest.raises(PublishingError, match=r"^“Second anew”: .* is in the trash\."):
        verb(bundle, leila)

    assert states([three[0], three[2]]) == ["draft", "withdrawn"]


def test_bundle_that_makes_no_sense_is_refused(three, leila, monkeypatch):
    for name, articles, words in (
        (" ", three, "Give the bundle a name"),
        ("B", [publishing.trash(make_article("X"), by=None)], "in the trash"),
    ):
        with pytest.raises(PublishingError, match=words):
            publishing.save_bundle(None, name=name, articles=articles, by=leila)
    empty = publishing.save_bundle(None, name="Empty", articles=[], by=leila)
    for verb in (
        lambda: publishing.publish_bundle(empty, by=leila),
        lambda: publishing.schedule_bundle(empty, due_at=later(), by=leila),
    ):
        with pytest.raises(PublishingError, match="There is nothing in this bundle yet"):
            verb()
    bundle = publishing.save_bundle(None, name="B", articles=three, by=leila)
    with pytest.raises(PublishingError, match="in the future"):
        publishing.schedule_bundle(bundle, due_at=later(hours=-1), by=leila)
    monkeypatch.setattr(publishing.bundles, "BUNDLE_MAX", 2)
    with pytest.raises(PublishingError, match="at most 2 articles"):
        publishing.save_bundle(None, name="B", articles=three, by=leila)


def test_article_with_no_title_stops_its_bundle(leila):
    untitled = publishing.create(Words(), by=leila)
    bundle = publishing.save_bundle(None, name="B", articles=[untitled], by=leila)

    with pytest.raises(PublishingError, match=r"^“Untitled”: Give the article a title"):
        publishing.publish_bundle(bundle, by=leila)


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_workers_publish_a_bundle_once():
    articles = [make_article(f"Title {number}", tags=["Oil"]) for number in range(3)]
    bundle = publishing.save_bundle(None, name="B", articles=articles, by=None)
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=None)

    done = in_threads(*[lambda: publishing.carry_out_due(now=later(days=2))] * 3)

    assert sorted(done) == [0, 0, 3]
    assert states(articles) == AFTER
    assert [plan.outcome for plan in Schedule.objects.all()] == ["done"] * 3
    published = AuditEntry.objects.filter(act="published").order_by("object_kind")
    assert [row.object_kind for row in published] == [*["article"] * 3, "bundle"]
    assert {row.title for row in Article.objects.public()} == {f"Title {n}" for n in range(3)}


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_bundle_that_one_of_its_articles_leaves_at_the_last_moment_publishes_none(monkeypatch):
    articles = [make_article(f"Title {number}") for number in range(2)]
    bundle = publishing.save_bundle(None, name="B", articles=articles, by=None)
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=None)
    original = schedules.lock_all

    def once_somebody_was_faster(pks):
        pks = list(pks)
        thread = threading.Thread(
            target=lambda: in_threads(lambda: publishing.trash(articles[0], by=None))
        )
        thread.start()
        thread.join(30)
        return original(pks)

    monkeypatch.setattr(schedules, "lock_all", once_somebody_was_faster)
    assert publishing.carry_out_due(now=later(days=2)) == 0

    assert states(articles) == ["trashed", "draft"]


# The trash


@pytest.mark.parametrize(
    ("make", "as_it_was", "back", "status"),
    [
        (make_article, False, "draft", 404),
        (make_article, True, "draft", 404),
        (make_public, False, "withdrawn", 410),
        (make_public, True, "live", 200),
        (make_withdrawn, False, "withdrawn", 410),
        (make_withdrawn, True, "withdrawn", 410),
    ],
)
def test_trash_is_undone(client, make, as_it_was, back, status):
    article = make("One", slug="one", tags=["Oil"])
    before = versions(article)

    publishing.trash(article, by=None)
    in_trash = (fresh(article).state, client.get("/articles/one/").status_code)
    publishing.untrash(article, by=None, as_it_was=as_it_was)

    assert in_trash == ("trashed", 404 if make is make_article else 410)
    assert (fresh(article).state, fresh(article).trashed_from) == (back, "")
    assert client.get("/articles/one/").status_code == status
    assert versions(article) == before
    assert [tag.name for tag in fresh(article).tags.all()] == (["Oil"] if back == "live" else [])
    assert search.find("one").ids == ([article.pk] if back == "live" else [])
    assert references.rebuild() == 0


def test_newer_draft_of_a_trashed_article_is_there_again(leila):
    article = make_public("One", slug="one")
    live_since = fresh(article).updated_at
    change_draft(article, title="Two")

    publishing.trash(article, by=leila)
    publishing.untrash(article, by=leila, as_it_was=True)

    again = fresh(article)
    assert (again.title, again.latest_revision.title) == ("One", "Two")
    assert again.updated_at == live_since


def test_references_follow_into_the_trash_and_out_of_it(client):
    target = make_public("Target", slug="target")
    source = make_public("Source", slug="source", body=f"<p>{cite(target)}</p>")
    assert links(client, source) == ["/articles/target/"]

    publishing.trash(target, by=None)
    assert links(client, source) == []
    assert effects.of_removal([target]).live_count == 1
    assert health.counts()["dangling"] == 1
    publishing.untrash(target, by=None, as_it_was=True)

    assert links(client, source) == ["/articles/target/"]
    assert health.counts()["dangling"] == 0


def test_readers_of_what_is_in_the_trash_are_led_on_until_it_is_back(client):
    other = make_public("Other", slug="other")
    article = make_public("One", slug="one")

    publishing.trash(article, by=None, lead_to=token_of(other))
    assert client.get("/articles/one/")["Location"] == "/articles/other/"
    publishing.untrash(article, by=None, as_it_was=True)

    assert client.get("/articles/one/").status_code == 200


def test_plans_and_what_was_handed_in_end_in_the_trash(leila):
    article = make_scheduled("One")
    publishing.submit(article, by=leila)

    publishing.trash(article, by=leila)
    publishing.untrash(article, by=leila)

    assert (fresh(article).submission, outcomes(article)) == (None, [("closed", None)])
    assert [plan.outcome for plan in article.schedules.all()] == ["cancelled"]
    assert publishing.carry_out_due(now=later(days=3)) == 0
    assert fresh(article).state == "draft"


def test_what_is_in_the_trash_is_beyond_every_other_verb(leila):
    article, other = make_public("One"), make_public("Other")
    remark = publishing.comment(article, "Hm", by=leila)
    publishing.trash(article, by=leila)
    before = dump()

    for verb in (
        lambda: change_draft(article, title="Two"),
        lambda: publishing.publish(article, by=leila),
        lambda: publishing.unpublish(article, by=leila),
        lambda: publishing.trash(article, by=leila),
        lambda: publishing.submit(article, by=leila),
        lambda: publishing.schedule(article, due_at=later(), by=leila),
        lambda: publishing.restore(article, article.revisions.first(), by=leila),
        lambda: publishing.name_revision(article, article.revisions.first(), "x", by=leila),
        lambda: publishing.comment(article, "x", by=leila),
        lambda: publishing.resolve(remark, by=leila),
        lambda: publishing.assign(article, leila, by=None),
        lambda: publishing.share(article, by=leila),
        lambda: publishing.merge(article, other, by=leila),
        lambda: publishing.merge(other, article, by=leila),
        lambda: publishing.untrash(other, by=leila),
    ):
        with pytest.raises(PublishingError) as refusal:
            verb()
        assert str(refusal.value).endswith(".")

    assert dump() == before


# Deleting


@pytest.mark.parametrize("make", [make_article, make_public, make_withdrawn])
def test_only_what_is_in_the_trash_can_be_deleted(make):
    article = make("One")
    before = dump()

    with pytest.raises(PublishingError, match="isn't in the trash"):
        publishing.delete(article, by=None)

    assert dump() == before


def test_deletion_leaves_no_word_of_anybody_but_who_did_what(leila, cora):
    secret = "Qxsecretxq"
    title = "Qxtitlexq"
    article = make_article(title, by=leila, standfirst=secret, body=f"<h2>{secret}</h2>")
    change_draft(article, by=leila, slug="qxslugxq", body=f"<p>{secret}</p>")
    publishing.name_revision(article, article.revisions.first(), secret, by=leila)
    publishing.save_draft(
        article, Words(title=title, body=f"<p>{secret}!</p>"), by=leila, note=secret
    )
    publishing.submit(article, by=leila, note=secret)
    publishing.approve(article, by=leila, comment=secret)
    remark = publishing.comment(article, secret, by=leila, quote=secret, before=secret)
    publishing.comment(article, secret, by=leila, parent=remark)
    publishing.resolve(remark, by=leila)
    publishing.reopen(remark, by=leila)
    publishing.assign(article, leila, by=None, task=secret)
    publishing.finish(publishing.assign(article, cora, by=leila, task=secret), by=leila)
    publishing.unshare(publishing.share(article, by=leila, label=secret), by=leila)
    publishing.send_back(article, by=leila, comment=secret)
    bundle = publishing.save_bundle(None, name="B", articles=[article], by=leila)
    publishing.schedule_bundle(bundle, due_at=later(), by=leila)
    autosave(article, leila, title, body=f"<p>{secret} at last</p>")

    erase(article)

    left = {table: rows for table, rows in dump().items() if "qxsecretxq" in str(rows).lower()}
    # The id of a section stays taken; it was made of the heading that is gone.
    assert set(left) == {"articles_section"}
    assert article.sections.get().heading == ""
    entries = AuditEntry.objects.filter(article=article)
    assert {entry.object_name for entry in entries} == {title}
    assert entries.filter(act="commented").count() == 2
    assert entries.latest("pk").act == "deleted"
    assert not bundle.items.exists()
    assert not Redirect.objects.exists()


# Checks


def test_stop_holds_up_who_publishes_and_nobody_else(leila):
    article = make_article("Figures TK", by=leila)
    for verb in (
        lambda: publishing.publish(article, by=leila),
        lambda: publishing.schedule(article, due_at=later(), by=leila),
        lambda: publishing.publish_bundle(
            publishing.save_bundle(None, name="B", articles=[article], by=leila), by=leila
        ),
    ):
        with pytest.raises(PublishingError, match="Fill in the TK"):
            verb()
    publishing.submit(article, by=leila)
    assert fresh(article).state == "draft"

    PublishCheck.objects.filter(key="placeholder").update(level="warning")
    publishing.schedule(article, due_at=later(hours=1), by=leila)
    PublishCheck.objects.filter(key="placeholder").update(level="stop")
    assert publishing.carry_out_due(now=later(hours=2)) == 1

    assert fresh(article).state == "live"


# At the same moment


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_bundle_publishes_what_was_saved_while_it_waited():
    articles = [make_article(f"Title {number}") for number in range(2)]
    bundle = publishing.save_bundle(None, name="B", articles=articles, by=None)
    others = Others()

    with transaction.atomic():
        change_draft(articles[0], title="Saved last")
        others.begin("publish", lambda: publishing.publish_bundle(bundle, by=None))

    assert others.refusals() == {}
    assert [fresh(article).title for article in articles] == ["Saved last", "Title 1"]


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rebuild", [references.rebuild, directory.rebuild])
def test_rebuild_follows_what_was_saved_while_it_waited(rebuild):
    article = make_article("One", body="<h2>One</h2><p>x</p>")
    others = Others()

    with transaction.atomic():
        change_draft(article, title="Two", body="<h2>Two</h2><p>x</p>")
        others.begin("rebuild", rebuild)

    assert others.refusals() == {}
    assert others.outcomes == {"rebuild": 0}
    assert (references.rebuild(), directory.rebuild()) == (0, 0)


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_two_people_who_save_at_the_same_moment_lose_no_words(django_user_model):
    users = [django_user_model.objects.create_superuser(name) for name in ("leila", "max", "cora")]
    article = make_article("One")

    results = in_threads(
        *(
            lambda user=user: publishing.autosave(
                article, Words(title=user.username), by=user, based_on=1
            )
            for user in users
        )
    )

    saved = [result for result in results if isinstance(result, Revision)]
    assert len(saved) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 2
    assert versions(article) == ["One", f"{saved[0].title}*"]


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
def test_autosave_at_the_moment_of_a_publication_changes_nothing_that_goes_out(editor):
    article = make_article("One", by=editor)
    written = autosave(article, editor, "Two")
    others = Others()

    with transaction.atomic():
        publishing.publish(article, written, by=editor)
        others.begin("autosave", lambda: autosave(article, editor, "Three", written.edition))

    assert others.refusals() == {}
    assert fresh(article).title == "Two"
    assert versions(article) == ["One", "Two", "Three*"]


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_comment_that_is_answered_while_it_is_deleted_loses_no_answer(django_user_model, _round):
    leila = django_user_model.objects.create_superuser("leila")
    article = make_article("One", by=leila)
    remark = publishing.comment(article, "Why?", by=leila)

    deleted, answered, resolved = in_threads(
        lambda: publishing.delete_comment(remark, by=leila),
        lambda: publishing.comment(article, "Since.", by=None, parent=remark),
        lambda: publishing.resolve(remark, by=None),
    )

    assert deleted is None
    texts = list(Comment.objects.order_by("pk").values_list("text", flat=True))
    if isinstance(answered, PublishingError):
        assert texts == []
    else:
        assert (texts, answered.text) == (["", "Since."], "Since.")
    assert resolved is None or isinstance(resolved, PublishingError)


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_bundle_whose_articles_leave_and_come_back_at_once_is_planned_whole_or_not(_round):
    articles = [make_article(f"Title {number}") for number in range(3)]
    bundle = publishing.save_bundle(None, name="B", articles=articles, by=None)
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=None)

    def there_and_back(article):
        publishing.trash(article, by=None)
        publishing.untrash(article, by=None, as_it_was=True)

    results = in_threads(
        *(lambda article=article: there_and_back(article) for article in articles),
        lambda: publishing.cancel_schedules(articles[0], by=None),
    )

    assert [one for one in results if isinstance(one, Exception)] == []
    pending = Schedule.objects.filter(outcome="pending").values_list("article", flat=True)
    assert sorted(pending) in ([], sorted(article.pk for article in articles))
    assert [fresh(article).state for article in articles] == ["draft"] * 3


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_plan_that_is_called_off_while_the_worker_is_at_it_is_done_or_called_off(_round):
    articles = [make_article(f"Title {number}", tags=["Oil"]) for number in range(3)]
    bundle = publishing.save_bundle(None, name="B", articles=articles, by=None)
    publishing.schedule_bundle(bundle, due_at=later(hours=1), by=None)

    done, called_off, gone = in_threads(
        lambda: publishing.carry_out_due(now=later(days=2)),
        lambda: publishing.cancel_bundle(bundle, by=None),
        lambda: publishing.trash(articles[1], by=None),
    )

    assert not isinstance(gone, Exception)
    outcomes = set(Schedule.objects.values_list("outcome", flat=True))
    expected = {(3, 0): {"done"}, (0, 3): {"cancelled"}, (0, 0): {"cancelled"}}
    assert outcomes == expected[done, called_off]
    lives = [fresh(articles[0]).state, fresh(articles[2]).state]
    assert lives == ["live" if done else "draft"] * 2
