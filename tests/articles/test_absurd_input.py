"""Whatever is sent to the newsroom, the answer is a sentence and never an error of the server."""

from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from articles import publishing
from irb_site.uids import new_uid
from tests.conftest import SOAK
from tests.factories import cite, make_article, make_author, make_image, make_public

pytestmark = pytest.mark.django_db

ABSURD = {
    "NUL": "a\x00b",
    "signs of direction": "\u202eabc\u2066\u200f",
    "emoji": "👩‍👩‍👧‍👦" * 300,
    "markup": "<script>alert(1)</script><p><a href='javascript:x'>x</a></p>",
    "long": "x" * 120_000,
    "long number": "9" * 5000,
    "number of no key": "9" * 18,
    "numbers of other scripts": "٣²Ⅷ",
    "negative": "-1",
    "no number": "1e309",
    "list": "[[[[]]]]",
    "object": '{"value": {"value": []}}',
    "half a letter": '[{"value": "\\ud800"}]',
    "entry of numbers": '[{"value": 1}]',
    "deep": "[" * 60_000,
    "empty": "",
    "percent": "%s %(x)s {} {0} %",
    "path": "../../etc/passwd",
    "date": "0001-01-01",
    "late date": "9999-12-31",
}

FIELDS = [
    *("title", "standfirst", "body", "authors", "tags", "related", "updates", "corrects"),
    *("relation_note", "lead_image", "slug", "language", "note", "based_on", "uid", "parts"),
    *("due_at_0", "due_at_1", "_cancel_schedule", "_try_again", "_settle", "theirs", "shape"),
]
BUTTONS = [
    *("_save", "_publish", "_submit", "_schedule", "_schedule_unpublish", "_cancel_schedule"),
    *("_try_again", "_trash", "_unpublish", "_merge", "_preview", "_compare", "_settle", "_again"),
]


VALUES = list(ABSURD.values())
# Each field gets some of them in a short run, all in a long one.
ROUNDS = range(0, len(VALUES), 1 if SOAK else 10)


def absurd(fields, turn):
    return {field: VALUES[(turn + at) % len(VALUES)] for at, field in enumerate(fields)}


def ask(client, method, url, data):
    """Asks, and takes back what came of it."""
    with transaction.atomic():
        response = getattr(client, method)(url, data)
        transaction.set_rollback(True)
    assert response.status_code < 500, (method, url, data)


@pytest.fixture(scope="module")
def editor(shared_db):
    return get_user_model().objects.create_superuser("editor", password="correct horse")


@pytest.fixture
def desk(editor):
    client = Client(raise_request_exception=True)
    client.force_login(editor)
    return client


@pytest.fixture(scope="module")
def things(editor):
    live = make_public("Live", body="<h2>Part</h2><p>Text.</p>", tags=["Oil"], by=editor)
    article = make_article(
        "Draft", body=f"<h2>Part</h2><p>Text {cite(live)}.</p>", by=editor, authors=[make_author()]
    )
    link = publishing.share(article, by=editor)
    remark = publishing.comment(article, "Well", by=editor)
    task = publishing.assign(article, editor, by=None)
    publishing.submit(article, by=editor)
    bundle = publishing.save_bundle(None, name="B", articles=[article], by=editor)
    publishing.schedule(article, due_at=timezone.now() + timedelta(days=1), by=editor)
    return {
        "live": live,
        "article": article,
        "link": link,
        "remark": remark,
        "task": task,
        "bundle": bundle,
        "image": make_image(),
    }


@pytest.mark.parametrize("turn", ROUNDS)
def test_article_form_answers_absurd_words(desk, things, turn):
    live = things["live"]
    form = reverse("admin:articles_article_change", args=[live.pk])
    add, autosave, preview = (
        reverse(f"admin:articles_{name}") for name in ("article_add", "autosave", "live_preview")
    )
    sound = {"title": "T", "language": "en", "uid": live.uid}
    given = absurd(FIELDS, turn)

    for button in BUTTONS:
        ask(desk, "post", form, given | {button: given["title"]})
        ask(desk, "post", add, given | {button: ""})
    for field, value in given.items():
        ask(desk, "post", form, sound | {"_save": "1", field: value})
        ask(desk, "post", autosave, sound | {"article": live.pk, "based_on": "1", field: value})
        ask(desk, "post", autosave, sound | {"uid": new_uid(), "kind": "article", field: value})
        ask(desk, "post", preview, sound | {"pk": live.pk, field: value})


@pytest.mark.parametrize("turn", ROUNDS)
def test_small_addresses_answer_absurd_words(desk, things, turn):
    pk = things["article"].pk

    def at(what, *args):
        return reverse(f"admin:articles_{what}", args=args)

    posts = [
        (at("article_comments", pk), ["text", "parent", "section", "quote", "before"]),
        (at("article_settle", pk, things["remark"].pk), ["do", "text"]),
        (at("article_review", pk), ["do", "comment", "submission"]),
        (at("article_assign", pk), ["to", "task", "due_on"]),
        (at("article_finish", pk, things["task"].pk), ["next"]),
        (at("share", pk), ["share_days", "share_label"]),
        (at("unshare", pk, things["link"].uid), ["x"]),
        (at("article_presence", pk), ["edition", "leaving"]),
        (at("article_name", pk, 1), ["name"]),
        (at("article_restore", pk, 1), ["name"]),
        (at("call_off", pk), ["action"]),
        (at("suggest"), ["title", "standfirst", "body", "related", "language", "article"]),
        (at("apply_citation", things["live"].pk), ["source", "how"]),
        (at("article_untrash"), ["ids"]),
        (at("article_check", pk), ["version", "minor", "s-part-how", "s-part-target"]),
        (at("article_move", pk, "s-part"), ["target"]),
        (at("article_remove") + f"?do=unpublish&ids={things['live'].pk}", ["how", "target"]),
        (at("article_remove") + f"?do=merge&ids={things['live'].pk}", ["target", "retarget"]),
        (at("article_remove") + f"?do=trash&ids={things['live'].pk}", ["how", "target"]),
        (at("picture_upload"), ["file", "alt", "caption", "credit"]),
        (at("bundle_add"), ["name", "articles", "seen", "due_at_0", "due_at_1"]),
        (
            at("bundle_change", things["bundle"].pk),
            ["name", "articles", "seen", "due_at_0", "due_at_1", "_schedule"],
        ),
        (at("bundle_change", things["bundle"].pk), ["name", "articles", "seen", "_publish"]),
        (reverse("admin:news_read"), ["pk", "until", "next"]),
        (reverse("admin:auth_user_me"), ["first_name", "last_name", "email"]),
        (at("tag_add"), ["name", "slug", "description", "aliases_text"]),
        (
            reverse("admin:authors_author_add"),
            ["name", "slug", "role", "short_bio", "long_bio", "photo", "links_text", "user"],
        ),
        (at("image_add"), ["file", "alt", "caption", "credit"]),
        (
            at("image_change", things["image"].pk),
            ["alt", "caption", "credit", "focal_x", "focal_y"],
        ),
        (at("pick_add"), ["place", "article", "tag", "position"]),
        (at("menuitem_add"), ["place", "label", "article", "tag", "address", "position"]),
        (
            at("sitesettings_change", 1),
            ["name", "tagline", "description", "logo", "footer", "corrections_email"],
        ),
        (
            reverse("admin:auth_user_add"),
            ["username", "first_name", "last_name", "email", "role", "password1", "password2"],
        ),
        (
            at("publishcheck_changelist"),
            ["form-TOTAL_FORMS", "form-INITIAL_FORMS", "form-0-id", "form-0-level", "_save"],
        ),
        (at("article_changelist"), ["action", "_selected_action", "index", "select_across"]),
        (reverse("admin:login"), ["username", "password", "next"]),
    ]
    for url, fields in posts:
        given = absurd(fields, turn)
        ask(desk, "post", url, given)
        for field, value in given.items():
            ask(desk, "post", url, {field: value})
    for action in ("publish_selected", "trash_selected", "put_back_selected", "delete_for_good"):
        for value in VALUES[turn : turn + 2]:
            given = {"action": action, "_selected_action": value, "index": "0"}
            ask(desk, "post", at("article_changelist"), given)


@pytest.mark.parametrize("turn", ROUNDS)
def test_lists_and_lookups_answer_absurd_words(desk, things, turn):
    pk = things["article"].pk

    def at(what, *args):
        return reverse(f"admin:articles_{what}", args=args)

    gets = [
        (
            at("article_changelist"),
            [
                "q",
                "o",
                "p",
                "all",
                "state",
                "kind",
                "author",
                "tag",
                "kind__exact",
                "first_published_at__isnull",
                "e",
                "_popup",
                "_to_field",
                "latest_revision__title",
                "state__in",
                "id__in",
            ],
        ),
        (at("article_history", pk), ["page", "acts"]),
        (at("article_compare", pk), ["from", "to"]),
        (at("article_check", pk), ["minor"]),
        (at("article_people", pk), ["q"]),
        (at("article_remove"), ["do", "ids"]),
        (at("article_add"), ["kind"]),
        (at("lookup") + "?kind=target", ["q", "exclude"]),
        (at("lookup") + "?kind=place&q=Live", ["exclude"]),
        (at("lookup"), ["kind"]),
        (at("picture_lookup"), ["q"]),
        (at("could_cite", things["live"].pk), ["x"]),
        (
            at("auditentry_changelist"),
            ["q", "o", "p", "person", "act", "kind", "at__year", "by", "article"],
        ),
        (at("tag_changelist"), ["q", "is_retired__exact", "o", "p"]),
        (at("image_changelist"), ["q"]),
        (at("bundle_changelist"), ["q", "o", "p", "by"]),
        (at("schedule_changelist"), ["q", "outcome__exact", "action__exact"]),
        (at("pick_changelist"), ["place__exact", "q"]),
        (at("menuitem_changelist"), ["place__exact"]),
        (at("redirect_changelist"), ["q"]),
        (reverse("admin:auth_user_changelist"), ["q", "is_active__exact", "groups__id__exact"]),
        (reverse("admin:authors_author_changelist"), ["q", "is_retired__exact"]),
        (reverse("admin:news"), ["page", "p"]),
        (reverse("admin:health"), ["page", "kind", "q"]),
        (at("schedule"), ["page"]),
        (reverse("admin:autocomplete"), ["term", "app_label", "model_name", "field_name"]),
        (
            reverse("admin:autocomplete")
            + "?app_label=articles&model_name=pick&field_name=article",
            ["term", "p"],
        ),
        (reverse("admin:index"), ["next"]),
        ("/search/", ["q", "page"]),
    ]
    for url, fields in gets:
        for field, value in absurd(fields, turn).items():
            joined = f"{url}{'&' if '?' in url else '?'}{urlencode({field: value[:5000]})}"
            ask(desk, "get", joined, None)


@pytest.mark.parametrize("name", ["NUL", "late date", "long number", "negative", "emoji"])
@pytest.mark.parametrize(
    "address",
    [
        *("auditentry/?at__year=", "article/?q=", "article/?tag=", "article/?author="),
        *("pick/?place=", "tag/?q=", "tag/?use="),
    ],
)
def test_list_that_is_asked_for_nonsense_is_shown(desk, things, address, name):
    url = f"/admin/articles/{address}{quote(ABSURD[name])}"

    assert desk.get(url, follow=True).status_code == 200
