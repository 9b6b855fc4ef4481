"""All roles × all addresses of the newsroom × one's own and other people's articles.

Every address stands in the tables below: one that is new fails the first test until somebody has
thought about who may use it.
"""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles import publishing, rights, tag_order
from articles.models import (
    AuditEntry,
    Bundle,
    MenuItem,
    Pick,
    PublishCheck,
    Redirect,
    Schedule,
    SiteSettings,
    Tag,
)
from tests.factories import make_article, make_author, make_image, make_public

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_only]

# Who is let in: Staff without a role (N), Contributor, Editor, Publisher, Superuser; never anybody
# who isn't signed in.
ROLES = {
    "N": None,
    "C": rights.CONTRIBUTOR,
    "E": rights.EDITOR,
    "P": rights.PUBLISHER,
    "S": "superuser",
}

# Addresses of one article: method, who with an own draft, who with an editor's draft. A ":" stands
# before what is asked there.
OF_AN_ARTICLE = {
    "articles_article_change": ("GET", "CEPS", "EPS"),
    "articles_article_change:": ("POST", "CEPS", "EPS"),
    "articles_article_history": ("GET", "CEPS", "EPS"),
    "articles_article_compare": ("GET", "CEPS", "EPS"),
    "articles_article_preview": ("GET", "CEPS", "EPS"),
    "articles_article_restore": ("POST", "CEPS", "EPS"),
    "articles_article_name": ("POST", "CEPS", "EPS"),
    "articles_article_check": ("GET", "EPS", "EPS"),
    "articles_article_move": ("GET", "EPS", "EPS"),
    "articles_article_presence": ("POST", "CEPS", "EPS"),
    "articles_article_comments": ("GET", "CEPS", "EPS"),
    "articles_article_comments:": ("POST", "CEPS", "EPS"),
    "articles_article_settle": ("POST", "CEPS", "EPS"),
    "articles_article_people": ("GET", "CEPS", "EPS"),
    "articles_article_review:take_back": ("POST", "CEPS", "EPS"),
    "articles_article_review:approve": ("POST", "EPS", "EPS"),
    "articles_article_review:send_back": ("POST", "EPS", "EPS"),
    "articles_article_assign": ("POST", "EPS", "EPS"),
    "articles_article_finish": ("POST", "EPS", "EPS"),
    "articles_could_cite": ("GET", "CEPS", "EPS"),
    "articles_apply_citation": ("POST", "CEPS", "EPS"),
    "articles_share": ("POST", "CEPS", "EPS"),
    "articles_unshare": ("POST", "CEPS", "EPS"),
    "articles_call_off": ("POST", "EPS", "EPS"),
    "articles_dismiss": ("POST", "EPS", "EPS"),
    # What is taken away at once is named in the query.
    "articles_article_remove:unpublish": ("GET", "EPS", "EPS"),
    "articles_article_remove:merge": ("GET", "EPS", "EPS"),
    "articles_article_remove:trash": ("GET", "CEPS", "EPS"),
    "articles_article_remove:delete": ("GET", "PS", "PS"),
    "articles_article_untrash": ("POST", "CEPS", "EPS"),
    "articles_article_retag": ("GET", "EPS", "EPS"),
    "articles_autosave": ("POST", "CEPS", "EPS"),
    "articles_live_preview": ("POST", "CEPS", "EPS"),
    # Django's own deletion, which nobody uses.
    "articles_article_delete": ("GET", "", ""),
}

ALL, DESK, EDITORS, PUBLISHERS, NOBODY = "NCEPS", "CEPS", "EPS", "PS", ""


def _of_a_model(name, *, see, add, change, delete=NOBODY):
    return {
        f"{name}_changelist": ("GET", see),
        f"{name}_add": ("GET", add),
        f"{name}_change": ("GET", see),
        f"{name}_change:": ("POST", change),
        f"{name}_delete": ("GET", delete),
        f"{name}_history": ("GET", see),
    }


# The other addresses: method, who.
OTHERS = {
    "index": ("GET", ALL),
    "jsi18n": ("GET", ALL),
    "password_change": ("GET", ALL),
    "password_change_done": ("GET", ALL),
    "auth_user_me": ("GET", ALL),
    "autocomplete": ("GET", NOBODY),
    "app_list": ("GET", DESK),
    "view_on_site": ("GET", ALL),
    "health": ("GET", EDITORS),
    "news": ("GET", ALL),
    "news_read": ("POST", ALL),
    "news_resend": ("POST", PUBLISHERS),
    "articles_article_changelist": ("GET", DESK),
    "articles_article_add": ("GET", DESK),
    "articles_article_add:page": ("GET", EDITORS),
    "articles_article_add:series": ("GET", EDITORS),
    "articles_schedule": ("GET", DESK),
    # It says that nobody is signed in.
    "articles_session": ("GET", "anybody" + ALL),
    "articles_suggest": ("POST", DESK),
    "articles_lookup": ("GET", DESK),
    "articles_picture_lookup": ("GET", DESK),
    "articles_picture_upload": ("POST", DESK),
    **_of_a_model("articles_tag", see=DESK, add=EDITORS, change=EDITORS),
    "articles_tag_order": ("GET", DESK),
    "articles_tag_apart": ("POST", EDITORS),
    "articles_tag_merge": ("GET", EDITORS),
    "articles_tag_split": ("GET", EDITORS),
    "articles_tag_retire": ("POST", EDITORS),
    "articles_tag_undo": ("POST", EDITORS),
    **_of_a_model("articles_image", see=DESK, add=DESK, change=EDITORS),
    **_of_a_model("authors_author", see=DESK, add=EDITORS, change=EDITORS),
    "authors_author_merge": ("GET", EDITORS),
    "authors_author_unmerge": ("POST", EDITORS),
    **_of_a_model("articles_pick", see=EDITORS, add=EDITORS, change=EDITORS, delete=EDITORS),
    **_of_a_model("articles_bundle", see=EDITORS, add=EDITORS, change=EDITORS),
    **_of_a_model("articles_publishcheck", see=EDITORS, add=NOBODY, change=PUBLISHERS),
    **_of_a_model("articles_auditentry", see=EDITORS, add=NOBODY, change=NOBODY),
    **_of_a_model("articles_sitesettings", see=PUBLISHERS, add=NOBODY, change=PUBLISHERS),
    **_of_a_model(
        "articles_menuitem", see=PUBLISHERS, add=PUBLISHERS, change=PUBLISHERS, delete=PUBLISHERS
    ),
    **_of_a_model("articles_redirect", see="S", add=NOBODY, change=NOBODY),
    **_of_a_model("articles_schedule", see="S", add=NOBODY, change=NOBODY),
    **_of_a_model("auth_user", see=PUBLISHERS, add=PUBLISHERS, change=PUBLISHERS),
    "auth_user_password_change": ("GET", PUBLISHERS),
}
FOR_EVERYBODY = {"login", "logout"}


def addresses(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def test_every_address_of_the_newsroom_stands_in_a_table():
    known = {name.split(":")[0] for name in (*OF_AN_ARTICLE, *OTHERS)} | FOR_EVERYBODY
    there = set(addresses(admin.site.get_urls()))
    assert sorted(there - known) == []
    assert sorted(known - there) == []


@pytest.fixture
def people(django_user_model):
    made = {}
    for letter, role in ROLES.items():
        make = django_user_model.objects.create_user
        if role == "superuser":
            make = django_user_model.objects.create_superuser
        made[letter] = make(f"person-{letter.lower()}", is_staff=True)
        if role and role != "superuser":
            made[letter].groups.add(Group.objects.get(name=role))
    return made


@pytest.fixture
def clients(people):
    made = {"": Client()}
    for letter, person in people.items():
        made[letter] = Client()
        made[letter].force_login(person)
    return made


def is_refused(response):
    is_sent_to_log_in = response.status_code == 302 and "/admin/login/" in response["Location"]
    return is_sent_to_log_in or response.status_code in {403, 404}


def let_in(clients, ask):
    """The letters of those whom an address lets in. What they do there is taken back."""
    letters = ""
    for letter, client in clients.items():
        with transaction.atomic():
            response = ask(client)
            transaction.set_rollback(True)
        assert response.status_code < 500
        if not is_refused(response):
            letters += letter or "anybody"
    return letters


def test_who_may_do_what_with_articles(clients, people):
    wrong = {}
    for is_own in (True, False):
        article = _article_of(people["C" if is_own else "E"], people)
        for name, (method, own, foreign) in OF_AN_ARTICLE.items():
            expected = own if is_own else foreign
            ask = _asking_about(article, name, method)
            if (found := let_in(clients, ask)) != expected:
                wrong[name, "own" if is_own else "foreign"] = f"{found} instead of {expected}"
    assert wrong == {}


def _article_of(person, people):
    article = make_article("Words of one's own", body="<h2>Part</h2><p>Text.</p>", by=person)
    publishing.submit(article, by=person)
    article.refresh_from_db()
    article.link = publishing.share(article, by=person)
    article.remark = publishing.comment(article, "Well", by=person)
    # A task of somebody who has no other right to it.
    article.task = publishing.assign(article, people["E"], by=None)
    article.trashed = make_article("Thrown away", by=person)
    publishing.trash(article.trashed, by=person)
    article.plan = Schedule.objects.create(
        article=article,
        action="publish",
        revision=article.latest_revision,
        due_at=timezone.now() + timedelta(days=1),
    )
    return article


def _asking_about(article, name, method):
    name, _colon, what = name.partition(":")
    data = {"do": what, "comment": "Because", "article": article.pk, "pk": article.pk}
    data["action"] = "publish"
    data |= {"how": "plain", "title": "T", "ids": article.pk, "days": 7}
    arguments = [article.pk]
    extra = {
        "articles_article_preview": [1],
        "articles_article_restore": [1],
        "articles_article_name": [1],
        "articles_article_move": ["s-part"],
        "articles_unshare": [article.link.uid],
        "articles_article_settle": [article.remark.pk],
        "articles_article_finish": [article.task.pk],
        "articles_dismiss": [article.plan.pk],
    }
    query = ""
    if name == "articles_article_retag":
        query, arguments = f"?ids={article.pk}", []
    elif name in {"articles_article_remove", "articles_article_untrash"}:
        pk = article.trashed.pk if what == "delete" or "untrash" in name else article.pk
        query = f"?do={what}&ids={pk}"
        data["ids"] = pk
        arguments = []
    elif name in {"articles_autosave", "articles_live_preview"}:
        arguments = []
    url = reverse(f"admin:{name}", args=[*arguments, *extra.get(name, [])]) + query
    if method == "GET":
        return lambda client: client.get(url, {} if query else data)
    return lambda client: client.post(url, data)


def test_who_may_use_the_other_addresses(clients, people):
    things = _things(people)
    wrong = {}
    for name, (method, expected) in OTHERS.items():
        plain, _colon, kind = name.partition(":")
        arguments = []
        if plain == "app_list":
            arguments = ["articles"]
        elif plain == "view_on_site":
            continue
        elif plain == "auth_user_password_change":
            arguments = [things["auth_user"].pk]
        elif plain.rpartition("_")[2] in {"change", "delete", "history"} and plain in _ADDRESSES:
            arguments = [things[plain.rpartition("_")[0]].pk]
        elif plain in {"articles_tag_merge", "articles_tag_split", "articles_tag_retire"}:
            arguments = [things["articles_tag"].pk]
        elif plain in {"authors_author_merge", "authors_author_unmerge"}:
            arguments = [things[plain].pk]
        elif plain == "articles_tag_undo":
            arguments = [things["change"].pk]
        url = reverse(f"admin:{plain}", args=arguments)
        data = {"kind": kind} if kind else {"kind": "tag"} if plain == "articles_lookup" else {}
        if plain == "articles_tag_apart":
            data = {"key": things["apart"]}

        def ask(client, url=url, data=data, method=method):
            return client.get(url, data) if method == "GET" else client.post(url, data)

        if (found := let_in(clients, ask)) != expected:
            wrong[name] = f"{found} instead of {expected}"
    assert wrong == {}


_ADDRESSES = {
    f"{model}_{act}"
    for model in (
        *("articles_tag", "articles_image", "authors_author", "articles_pick", "articles_bundle"),
        *("articles_publishcheck", "articles_auditentry", "articles_sitesettings"),
        *("articles_menuitem", "articles_redirect", "articles_schedule", "auth_user"),
    )
    for act in ("change", "delete", "history")
}


def _things(people):
    live = make_public("Live", tags=["Oil"])
    oil, gas = Tag.objects.get(), publishing.tag_named("Gas")
    ada = make_author("Ada")
    return {
        "articles_tag": oil,
        "change": publishing.merge_tag(publishing.tag_named("Crude"), gas, by=None),
        "apart": tag_order.apart_key(oil, gas),
        "articles_image": make_image(),
        "authors_author": ada,
        "authors_author_merge": ada,
        "authors_author_unmerge": publishing.merge_author(make_author("A. L."), ada, by=None),
        "articles_pick": Pick.objects.create(place="lead", position=0, article=live),
        "articles_bundle": Bundle.objects.create(name="Together", created_at=timezone.now()),
        "articles_publishcheck": PublishCheck.objects.first(),
        "articles_auditentry": AuditEntry.objects.first(),
        "articles_sitesettings": SiteSettings.objects.get_or_create(pk=1)[0],
        "articles_menuitem": MenuItem.objects.create(place="header", label="L", address="/tags/"),
        "articles_redirect": Redirect.objects.create(path="/old/", article=live),
        "articles_schedule": publishing.schedule(
            live, due_at=timezone.now() + timedelta(days=1), by=None, action="unpublish"
        ),
        "auth_user": people["C"],
    }
