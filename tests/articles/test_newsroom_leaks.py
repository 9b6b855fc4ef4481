"""What a contributor is shown of other people's drafts anywhere in the newsroom: nothing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from articles import notifications, publishing, rights
from articles.models import Article, Notification, Schedule
from tests.factories import change_draft, cite, make_article, make_public

pytestmark = pytest.mark.django_db

# In everything that a contributor may not read, and nowhere else.
SECRET = "Zquorum"


@pytest.fixture
def people(django_user_model):
    users = {}
    for name, role in (("marta", rights.CONTRIBUTOR), ("leila", rights.EDITOR)):
        users[name] = django_user_model.objects.create_user(
            name, f"{name}@example.org", is_staff=True
        )
        users[name].groups.add(Group.objects.get(name=role))
    return users


@pytest.fixture
def own(people):
    """A live article of the contributor's, with whatever editors can do around it."""
    marta, leila = people["marta"], people["leila"]
    own = make_public(
        "Own harbour", by=None, body='<h2 id="s-quay">Quay</h2><p>Text.</p><h2>Crane</h2><p>x</p>'
    )
    Article.objects.filter(pk=own.pk).update(created_by=marta)
    own.refresh_from_db()
    to_quay = f"<p>See {cite(own, 'the quay', section='s-quay')}.</p>"
    # Cited by a draft; and by something live whose next title nobody knows yet.
    make_article(f"{SECRET} draft", by=leila, body=to_quay, related=[{"article": own.uid}])
    live = make_public("Known to readers", by=leila, body=to_quay)
    change_draft(live, title=f"{SECRET} next title", body=to_quay)
    # A section that goes to a draft, and one that comes from there.
    elsewhere = make_article(f"{SECRET} elsewhere", by=leila, body="<h2>Depot</h2><p>x</p>")
    publishing.move_section(own, "s-crane", elsewhere, by=leila)
    publishing.move_section(elsewhere, "s-depot", own, by=leila)
    own.refresh_from_db()
    return own


def pages_of(client, article):
    """Every page and answer of the newsroom about an article, by its address."""
    newest = article.revisions.first().number
    paths = {
        "form": reverse("admin:articles_article_change", args=[article.pk]),
        "history": reverse("admin:articles_article_history", args=[article.pk]),
        "compare": reverse("admin:articles_article_compare", args=[article.pk]) + "?from=1",
        "preview": reverse("admin:articles_article_preview", args=[article.pk, newest]),
        "comments": reverse("admin:articles_article_comments", args=[article.pk]),
        "could cite": reverse("admin:articles_could_cite", args=[article.pk]),
        "list": reverse("admin:articles_article_changelist"),
        "schedule": reverse("admin:articles_schedule"),
        "desk": reverse("admin:index"),
        "news": reverse("admin:news"),
        "trash": reverse("admin:articles_article_remove") + f"?do=trash&ids={article.pk}",
    }
    return {name: client.get(path, follow=True) for name, path in paths.items()}


def telling(pages):
    return [name for name, response in pages.items() if SECRET in response.content.decode()]


def test_pages_about_an_own_article_tell_no_foreign_title(client, people, own):
    client.force_login(people["marta"])

    pages = pages_of(client, own)

    assert telling(pages) == []
    assert "Known to readers" in pages["form"].content.decode()


def test_editors_read_the_foreign_titles_there(client, people, own):
    client.force_login(people["leila"])

    assert telling(pages_of(client, own)) == ["form", "list", "desk", "trash"]


def test_saving_a_draft_without_a_cited_section_tells_no_foreign_title(client, people, own):
    client.force_login(people["marta"])
    draft = own.revisions.first()

    response = client.post(
        reverse("admin:articles_article_change", args=[own.pk]),
        {
            "title": "Own harbour", "body": "<p>Without it.</p>", "language": "en",
            "based_on": draft.edition, "_save": "1",
        },
        follow=True,
    )  # fmt: skip

    shown = response.content.decode()
    assert SECRET not in shown
    assert "The section “Quay” isn&#x27;t in this version, and is cited by: " in shown
    assert "Known to readers" in shown


def in_a_bundle_that_fails(own, leila):
    """Plans an own article together with a foreign draft that can't go out."""
    secret = make_article(f"{SECRET} in the bundle", by=leila, slug="taken")
    bundle = publishing.save_bundle(None, name="Together", articles=[own, secret], by=leila)
    publishing.schedule_bundle(bundle, due_at=timezone.now() + timedelta(hours=1), by=leila)
    make_public("In its way", slug="taken")
    publishing.carry_out_due(now=timezone.now() + timedelta(hours=2))
    assert Schedule.objects.filter(bundle=bundle, outcome="failed").count() == 2
    return bundle


def test_bundle_that_fails_tells_no_foreign_title(client, people, own):
    bundle = in_a_bundle_that_fails(own, people["leila"])

    client.force_login(people["marta"])
    pages = pages_of(client, own)
    assert telling(pages) == []
    assert "Not carried out" in pages["form"].content.decode()

    # Who can do something about it reads what it is.
    client.force_login(people["leila"])
    page = client.get(reverse("admin:articles_bundle_change", args=[bundle.pk])).content.decode()
    assert f"“{SECRET} in the bundle”: " in page
    told = Notification.objects.filter(to=people["leila"], subject__startswith="Not carried out")
    assert any(SECRET in row.text for row in told)


def test_news_go_to_nobody_who_may_not_see_the_draft_any_more(people, own):
    marta, leila = people["marta"], people["leila"]
    draft = make_article("Handed in", by=marta)
    publishing.submit(draft, by=marta)
    marta.groups.clear()
    Notification.objects.all().delete()

    publishing.send_back(draft, by=leila, comment=f"{SECRET} comment")

    assert not Notification.objects.filter(to=marta).exists()


def test_mail_that_waits_goes_to_nobody_who_may_not_see_the_draft_any_more(people):
    marta, leila = people["marta"], people["leila"]
    draft = make_article(f"{SECRET} draft", by=leila)
    task = publishing.assign(draft, marta, by=leila, task="Look at it")
    publishing.comment(draft, f"{SECRET} comment", by=leila)
    publishing.finish(task, by=marta)

    notifications.send_due(now=timezone.now())

    assert [message.to for message in mail.outbox] == [["leila@example.org"]]


def test_news_that_were_told_are_shown_while_the_draft_may_be_seen(client, people):
    marta, leila = people["marta"], people["leila"]
    draft = make_article(f"{SECRET} draft", by=leila)
    task = publishing.assign(draft, marta, by=leila, task=f"{SECRET} task")
    client.force_login(marta)
    before = [client.get(reverse(page)).content.decode() for page in ("admin:index", "admin:news")]
    publishing.finish(task, by=leila)

    after = [client.get(reverse(page)).content.decode() for page in ("admin:index", "admin:news")]

    assert all(SECRET in page for page in before)
    assert not any(SECRET in page for page in after)


def test_published_news_go_to_its_writer_without_further_rights(people):
    marta, leila = people["marta"], people["leila"]
    draft = make_article("Handed in", by=marta)
    publishing.submit(draft, by=marta)
    marta.groups.clear()

    publishing.publish(draft, by=leila)

    assert list(Notification.objects.filter(to=marta).values_list("subject", flat=True)) == [
        "“Handed in” is published"
    ]
