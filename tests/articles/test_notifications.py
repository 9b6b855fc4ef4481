"""What the newsroom is told: on the start page and by mail, once, to whom it concerns."""

import smtplib
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from articles import notifications, publishing, rights
from articles.models import Article, Notification
from tests.factories import change_draft, make_article

pytestmark = pytest.mark.django_db
NEWS = "/admin/news/"


@pytest.fixture
def people(django_user_model):
    users = {}
    for name, role in (
        *(("marta", rights.CONTRIBUTOR), ("other", rights.CONTRIBUTOR)),
        *(("leila", rights.EDITOR), ("pavel", rights.PUBLISHER)),
    ):
        users[name] = django_user_model.objects.create_user(
            name, f"{name}@example.org", first_name=name.capitalize(), is_staff=True
        )
        users[name].groups.add(Group.objects.get(name=role))
    return users


@pytest.fixture
def article(people):
    return make_article("The Corridor", by=people["marta"])


def told():
    """Who was told what since it was asked last."""
    rows = Notification.objects.order_by("to__username", "pk")
    found = [(row.to.username, row.subject, row.text) for row in rows.select_related("to")]
    rows.delete()
    return found


def queue(user, subject="News", **fields):
    now = timezone.now()
    fields = {"created_at": now, "mail_due_at": now} | fields
    return Notification.objects.create(to=user, subject=subject, **fields)


def send(**later):
    return notifications.send_due(now=timezone.now() + timedelta(**later))


# Who is told what


def test_each_step_of_a_review_is_told_to_those_whom_it_concerns(people, article):
    marta, leila = people["marta"], people["leila"]

    publishing.submit(article, by=marta, note="Quick")
    assert told() == [
        ("leila", "Marta handed in “The Corridor”", "Quick"),
        ("pavel", "Marta handed in “The Corridor”", "Quick"),
    ]
    publishing.send_back(article, by=leila, comment="Shorter")
    assert told() == [("marta", "Leila sent back “The Corridor”", "Shorter")]
    change_draft(article, by=marta, body="<p>Short.</p>")
    publishing.submit(article, by=marta)
    told()
    publishing.approve(article, by=leila)
    assert told() == [("marta", "Leila approved “The Corridor”", "")]
    publishing.publish(article, by=leila)
    assert told() == [("marta", "“The Corridor” is published", "")]


def test_comments_and_tasks_are_told_to_who_is_in_the_talk_or_named(people, article):
    marta, leila, pavel = people["marta"], people["leila"], people["pavel"]

    remark = publishing.comment(article, "Which?", by=leila, quote="a plan")
    assert told() == [("marta", "Leila commented on “The Corridor”", "“a plan”\n\nWhich?")]
    publishing.comment(article, "That. @pavel, @other, @nobody.", by=marta, parent=remark)
    # Who may not see the article isn't told, whoever names them.
    assert {(who, subject) for who, subject, _text in told()} == {
        ("leila", "Marta commented on “The Corridor”"),
        ("pavel", "Marta commented on “The Corridor”"),
    }
    task = publishing.assign(article, people["other"], by=pavel, task="Check it")
    assert told() == [("other", "Pavel assigned “The Corridor” to you", "Check it")]
    publishing.comment(article, "@other look", by=leila)
    assert [who for who, _subject, _text in told()] == ["marta", "other"]
    publishing.finish(task, by=people["other"])
    assert told() == [("pavel", "Other finished a task on “The Corridor”", "Check it")]


def test_news_of_a_comment_leads_to_it(people, article):
    remark = publishing.comment(article, "Which?", by=people["leila"])
    publishing.comment(article, "That", by=people["marta"], parent=remark)

    paths = set(Notification.objects.values_list("path", flat=True))
    assert paths == {f"/admin/articles/article/{article.pk}/change/#comment-{remark.pk}"}


# Mail


def test_mail_says_what_happened_and_where(people, article, settings):
    settings.SITE_URL = "https://news.example.org"
    publishing.send_back(publishing.submit(article, by=None), by=people["leila"], comment="Shorter")
    Notification.objects.exclude(to=people["marta"]).delete()

    assert send() == 1

    (message,) = mail.outbox
    assert message.subject == "[Iran Russland Beziehung] Leila sent back “The Corridor”"
    assert message.to == ["marta@example.org"]
    assert message.from_email == "newsroom@localhost"
    assert message.body == (
        f"Shorter\n\nhttps://news.example.org/admin/articles/article/{article.pk}/change/\n\n"
        "-- \nYou get this because you work for Iran Russland Beziehung."
    )
    assert send(days=1) == 0


def test_nothing_that_anybody_writes_gets_into_the_head_of_a_mail(people):
    leila = people["leila"]
    leila.first_name = "Leila\r\nBcc: spy@example.org"
    leila.save()
    article = make_article("Title", by=people["marta"])
    publishing.comment(article, "x\r\n\r\nBcc: spy@example.org", by=leila)
    row = Notification.objects.get()
    row.text += "\x1b[2J"
    row.save()

    assert send() == 1

    (message,) = mail.outbox
    assert message.recipients() == ["marta@example.org"]
    assert "\n" not in message.subject
    assert sorted(message.message().keys()) == [
        *("Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version"),
        *("Message-ID", "Subject", "To"),
    ]
    assert "\x1b" not in message.body


def test_an_address_that_would_be_two_is_never_written_to(people):
    people["marta"].email = "marta@example.org\nBcc: spy@example.org"
    people["marta"].save()
    queue(people["marta"])

    assert send() == 0

    assert mail.outbox == []
    assert Notification.objects.get().mail_error != ""


@pytest.fixture
def broken(monkeypatch):
    """A mail server that refuses; clear() mends it."""
    reasons = [smtplib.SMTPServerDisconnected("Connection\nrefused\x07")]

    def send_messages(self, messages):
        if reasons:
            raise reasons[0]
        return original(self, messages)

    original = EmailBackend.send_messages
    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)
    return reasons


def test_mail_is_tried_again_later_each_time_and_given_up_at_last(people, broken):
    row = queue(people["marta"])
    pauses = []
    for _ in range(notifications.MAIL_TRIES):
        now = timezone.now()
        assert notifications.send_due(now=now) == 0
        row.refresh_from_db()
        pauses.append(round((row.mail_due_at - now).total_seconds() / 60))
        # Not before its time.
        assert notifications.send_due(now=now) == 0
        Notification.objects.update(mail_due_at=now)

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256]
    row.refresh_from_db()
    assert (row.mail, row.mail_tries) == (Notification.Mail.FAILED, 8)
    assert row.mail_error == "Connection\nrefused"


def test_mail_that_could_not_be_sent_is_told_to_publishers_who_try_it_again(client, people, broken):
    queue(people["marta"])
    send()
    client.force_login(people["leila"])
    as_editor = client.get("/admin/").content.decode()
    assert client.post("/admin/news/resend/").status_code == 403
    client.force_login(people["pavel"])
    before = client.get("/admin/").content.decode()
    broken.clear()
    response = client.post("/admin/news/resend/", follow=True)

    assert "could not be sent" not in as_editor
    assert "1 mail to the newsroom could not be sent: Connection\nrefused" in before
    assert [str(message) for message in response.context["messages"]] == [
        "1 mail is tried again now."
    ]
    assert send() == 1
    assert "could not be sent" not in client.get("/admin/").content.decode()


def test_two_workers_send_each_mail_once(people, monkeypatch):
    queue(people["marta"])
    queue(people["leila"])

    def send_messages(self, messages):
        # The other worker looks while this one, which has found both, hands over the first.
        monkeypatch.undo()
        assert send(seconds=1) == 1
        return EmailBackend.send_messages(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)

    assert send() == 1
    assert sorted(message.to[0] for message in mail.outbox) == [
        *("leila@example.org", "marta@example.org"),
    ]


def test_mail_of_a_worker_that_died_over_it_is_sent_by_the_next(people, monkeypatch):
    queue(people["marta"])

    def die(self, messages):
        raise SystemExit

    monkeypatch.setattr(EmailBackend, "send_messages", die)
    with pytest.raises(SystemExit):
        send()
    monkeypatch.undo()

    assert send(minutes=1) == 0
    assert send(minutes=6) == 1


def test_closed_accounts_and_those_without_an_address_get_no_mail(people, article):
    people["leila"].email = ""
    people["leila"].save()
    publishing.submit(article, by=people["marta"])
    people["pavel"].is_active = False
    people["pavel"].save()

    assert send() == 0

    assert set(Notification.objects.values_list("to__username", "mail")) == {
        ("leila", Notification.Mail.NONE),
        ("pavel", Notification.Mail.NONE),
    }


def test_sending_nothing_asks_once(django_assert_num_queries):
    with django_assert_num_queries(1):
        send()


# On the start page


def test_news_are_unread_first_and_marked_one_by_one_or_all(client, people):
    old = timezone.now() - timedelta(hours=1)
    first = queue(people["leila"], "First", created_at=old)
    queue(people["leila"], "Second", read_at=old)
    third = queue(people["leila"], "Third", text="Some\nwords")
    foreign = queue(people["pavel"], "Foreign")
    client.force_login(people["leila"])

    def shown():
        news = client.get(NEWS).context["news"]
        return [(item["row"].subject, item["is_unread"]) for item in news]

    assert shown() == [("Third", True), ("First", True), ("Second", False)]
    client.post("/admin/news/read/", {"pk": third.pk})
    assert shown() == [("First", True), ("Third", False), ("Second", False)]
    # What came after the page was drawn stays unread.
    queue(people["leila"], "Fourth")
    response = client.post("/admin/news/read/", {"until": third.pk, "next": "news"})
    assert response.headers["Location"] == NEWS
    assert [subject for subject, is_unread in shown() if is_unread] == ["Fourth"]
    client.post("/admin/news/read/", {"pk": foreign.pk})
    foreign.refresh_from_db()
    assert foreign.read_at is None
    first.refresh_from_db()
    assert first.read_at is not None


@pytest.mark.parametrize("given", [{}, {"pk": "x"}, {"until": "9" * 30}, {"pk": "\x00"}])
def test_odd_keys_of_news_do_no_harm(client, people, given):
    row = queue(people["leila"])
    client.force_login(people["leila"])

    response = client.post("/admin/news/read/", given, follow=True)

    assert [str(one) for one in response.context["messages"]] == ["Choose what you have read."]
    row.refresh_from_db()
    assert row.read_at is None


def test_news_come_in_pages_and_are_shown_as_words(client, people):
    for number in range(21):
        queue(people["leila"], f"<b>{number}</b>", text="<script>")
    client.force_login(people["leila"])

    first, second = client.get(NEWS), client.get(NEWS, {"page": 2})

    assert [len(page.context["news"]) for page in (first, second)] == [20, 1]
    assert "&lt;b&gt;20&lt;/b&gt;" in first.content.decode()
    assert "<script></" not in first.content.decode()
    assert client.get(NEWS, {"page": 3}).status_code == 404
    assert client.post(NEWS).status_code == 405
    assert client.get("/admin/news/read/").status_code == 405


def test_old_news_are_forgotten_but_no_mail_that_waits(people):
    now = timezone.now()
    long_ago, last_year = now - timedelta(days=91), now - timedelta(days=366)
    sent = {"mail": Notification.Mail.SENT}
    queue(people["leila"], "read long ago", read_at=long_ago, created_at=long_ago, **sent)
    queue(people["leila"], "unread for a year", created_at=last_year, **sent)
    queue(people["leila"], "unread", created_at=long_ago, **sent)
    queue(people["leila"], "waits", created_at=last_year)

    notifications.forget_old(now=now)

    assert set(Notification.objects.values_list("subject", flat=True)) == {"unread", "waits"}


def test_what_did_not_happen_is_told_to_nobody(people, article, monkeypatch):
    monkeypatch.setattr(Article, "save", lambda *args, **kwargs: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        publishing.submit(article, by=people["marta"])

    assert told() == []
