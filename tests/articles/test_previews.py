"""Previews: of what is being written, of a saved version, and by a link without an account."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from articles import missing, publishing, rights
from articles.models import Article, PreviewLink, Revision
from articles.previews import path_of
from tests import html
from tests.factories import (
    change_draft,
    cite,
    erase,
    make_article,
    make_author,
    make_image,
    make_public,
)

pytestmark = pytest.mark.django_db

LIVE = "/admin/articles/article/live-preview/"
LIST = "/admin/articles/article/"


def make_member(django_user_model, role, name=""):
    user = django_user_model.objects.create_user(name or role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def contributor(django_user_model):
    return make_member(django_user_model, rights.CONTRIBUTOR)


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def links_of(response):
    """The addresses of the preview links that an answer lists."""
    return html.parse(response).xpath("//input[@readonly]/@value")


def banner(response):
    (words,) = html.all_words(response, "//p[@class='preview-banner']")
    return words


# What is being written


def test_live_preview_shows_unsaved_words_and_saves_nothing(desk):
    author = make_author("Ada Author")
    article = make_public("Saved", body="<p>Saved words.</p>")
    before = Revision.objects.count()

    response = desk.post(
        LIVE,
        {
            "pk": article.pk,
            "title": "Typed",
            "standfirst": "Typed too.",
            "body": f"<h2>One</h2><p>See {cite(article, 'itself')}.</p>",
            "authors": json.dumps([{"value": author.uid}]),
            "tags": json.dumps([{"value": "Brand new"}]),
            "language": "en",
        },
    )

    assert response.status_code == 200
    assert html.all_words(response, "//h1") == ["Typed"]
    assert html.all_words(response, "//h2[@id='s-one']") == ["One"]
    assert html.all_words(response, "//*[@class='story__authors']") == ["By Ada Author"]
    assert "Brand new" in response.content.decode()
    assert banner(response) == "Preview What you are writing. Readers don't see it."
    assert Revision.objects.count() == before
    assert Article.objects.get(pk=article.pk).title == "Saved"


@pytest.mark.parametrize("kind", ["article", "page", "series"])
def test_live_preview_of_a_new_one_is_of_its_kind(desk, kind):
    part = make_public("A part")
    data = {"kind": kind, "title": "New one", "body": "<p>Words.</p>", "language": "en"}
    data["parts"] = json.dumps([{"value": part.uid}])

    response = desk.post(LIVE, data)

    assert html.all_words(response, "//h1") == ["New one"]
    assert ("A part" in response.content.decode()) == (kind == "series")
    assert Article.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "No Slug!"}, {"slug": "2026"}, {"slug": "\x00"}, {"standfirst": "long " * 900},
        {"lead_image": "aaaaaaaaaaaaaaaa"}, {"lead_image": "\x00"}, {"authors": "[{"},
        {"authors": '[{"value": "\\u0000"}]'}, {"tags": '[{"value": "\\u0000"}]'},
        {"tags": '[{"value": "!!!"}]'}, {"related": '[{"value": "no address"}]'},
        {"related": '[{"value": "\\ud800"}]'}, {"corrects": "[" * 3000}, {"language": "xx"},
        {"relation_note": "long " * 900}, {"based_on": "9" * 400}, {"uid": "x" * 500},
        {"standfirst": "nul\x00"}, {"title": ""}, {"related": '[{"value": "http://[::1"}]'},
    ],
)  # fmt: skip
def test_what_a_field_refuses_does_not_stop_the_preview(desk, wrong):
    article = make_article("Saved")
    data = {"title": "Typed", "body": "<p>Typed words.</p>", "language": "en"}

    for place in ({"pk": article.pk}, {"kind": "article"}):
        response = desk.post(LIVE, data | place | wrong)

        assert response.status_code == 200
        assert html.all_words(response, "//div[contains(@class, 'prose')]/p") == ["Typed words."]


def test_text_that_cannot_be_saved_is_shown_as_typed(desk):
    article = make_article("Saved", body="<p>Saved words.</p>")
    body = '<p>Typed.</p><figure><img data-image="aaaaaaaaaaaaaaaa" alt=""></figure>'

    response = desk.post(
        LIVE, {"pk": article.pk, "title": "T" * 300 + "\x00", "body": body, "language": "en"}
    )

    assert "Typed." in response.content.decode()
    assert html.all_words(response, "//h1") == ["T" * 300]


def test_live_preview_runs_nothing(desk):
    response = desk.post(
        LIVE,
        {
            "title": "<script>x</script>",
            "body": "<p onclick=x>a<script>x</script></p><svg/onload=x>",
        },
    )

    assert html.parse(response).xpath("//script") == []
    assert b"onclick" not in response.content
    assert b"onload" not in response.content


def test_live_preview_is_stored_nowhere(desk):
    response = desk.post(LIVE, {"title": "Typed"})

    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert html.parse(response).xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_no_page_may_be_framed_and_none_may_frame(desk):
    # The pane shows its page by srcdoc, which needs no address that could be framed.
    article = make_public()
    link = publishing.share(article, by=None)
    paths = ["/", article.get_absolute_url(), path_of(link), LIST, f"{LIST}{article.pk}/change/",
             f"{LIST}{article.pk}/preview/1/"]  # fmt: skip

    responses = [*map(desk.get, paths), desk.post(LIVE, {"title": "Typed"})]

    for response in responses:
        policy = response.headers["Content-Security-Policy"]
        assert response.status_code == 200
        assert "frame-ancestors 'none'" in policy
        assert "frame-src" not in policy
        assert response.headers["X-Frame-Options"] == "DENY"


def test_live_preview_is_for_those_who_may_see_the_draft(client, contributor, django_user_model):
    own, foreign = make_article(by=contributor), make_article("Foreign words")
    asked = [{"pk": own.pk}, {"pk": foreign.pk}, {"kind": "article"}, {"kind": "page"}]

    statuses = {}
    for role in (None, rights.CONTRIBUTOR, rights.EDITOR, rights.PUBLISHER):
        if role == rights.CONTRIBUTOR:
            client.force_login(contributor)
        elif role:
            client.force_login(make_member(django_user_model, role))
        statuses[role] = [client.post(LIVE, data).status_code for data in asked]

    assert statuses == {
        None: [302, 302, 302, 302],
        rights.CONTRIBUTOR: [200, 403, 200, 403],
        rights.EDITOR: [200] * 4,
        rights.PUBLISHER: [200] * 4,
    }


@pytest.mark.parametrize("pk", ["0", "-1", "abc", "9" * 40, "\x00", "²"])
def test_preview_of_nothing_is_not_found(desk, pk):
    assert desk.post(LIVE, {"pk": pk}).status_code == 404
    assert desk.post(LIVE, {"kind": pk}).status_code == 404


def test_live_preview_answers_to_post_alone(desk):
    assert desk.get(LIVE).status_code == 405


@pytest.mark.parametrize("number", [1, 3])
def test_live_preview_takes_the_same_queries(desk, django_assert_num_queries, number):
    targets = [make_public(f"Target {item}") for item in range(number)]
    article = make_article(body="".join(f"<p>{cite(target)}</p>" for target in targets))
    data = {"pk": article.pk, "body": article.latest_revision.body, "title": "T", "language": "en"}
    data["tags"] = json.dumps([{"value": f"Tag {item}"} for item in range(number)])
    desk.post(LIVE, data)

    with django_assert_num_queries(8):
        desk.post(LIVE, data)


@pytest.mark.parametrize("number", ["0", "99", "9" * 30])
def test_version_that_is_none_is_not_found(desk, number):
    article = make_article()

    assert desk.get(f"{LIST}{article.pk}/preview/{number}/").status_code == 404
    assert desk.post(f"{LIST}{article.pk}/preview/1/").status_code == 405


# By a link


def test_link_shows_the_newest_draft_to_whoever_has_it(client):
    article = make_public("Public title")
    change_draft(article, title="Draft title", body="<p>Draft words.</p>")
    link = publishing.share(article, by=None, days=3)
    change_draft(article, title="Newer title")

    response = client.get(path_of(link))

    assert response.status_code == 200
    assert html.all_words(response, "//h1") == ["Newer title"]
    assert "Draft words." in response.content.decode()
    assert banner(response).startswith("Preview Not published, and still being worked on.")
    assert html.all_words(client.get(article.get_absolute_url()), "//h1") == ["Public title"]


def test_link_says_when_what_it_shows_is_published(client):
    article = make_article()
    link = publishing.share(article, by=None)
    publishing.publish(article, by=None)

    assert banner(client.get(path_of(link))).startswith("Preview This is published by now.")


def test_link_page_is_stored_nowhere_found_nowhere_and_tells_no_other_site(client, editor):
    link = publishing.share(make_article(), by=None)
    client.force_login(editor)

    for path in (path_of(link), "/preview/nothing/"):
        response = client.get(path)

        assert {
            name: response.headers[name]
            for name in ("Cache-Control", "X-Robots-Tag", "Referrer-Policy")
        } == {
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex, nofollow",
            "Referrer-Policy": "no-referrer",
        }
        assert "ETag" not in response.headers
        assert len(response.cookies) == 0
        assert html.parse(response).xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert "Disallow: /preview/" in client.get("/robots.txt").content.decode().splitlines()


def test_pictures_of_a_shared_draft_can_be_seen(client):
    image = make_image()
    link = publishing.share(make_article(lead_image_id=image.pk), by=None)

    assert image.url in client.get(path_of(link)).content.decode()
    assert b"".join(client.get(image.url))[:4] == b"RIFF"


def ended(article, link):
    """Ways in which a link ends; each is a function of the article and the link."""
    return {
        "revoked": lambda: publishing.unshare(link, by=None),
        "expired": lambda: PreviewLink.objects.update(expires_at=timezone.now()),
        "trashed": lambda: publishing.trash(article, by=None),
        "erased": lambda: erase(article),
    }


@pytest.mark.parametrize("way", ["revoked", "expired", "trashed", "erased"])
def test_ended_link_tells_nothing(client, way):
    article = make_article("Secret title", body="<p>Secret words.</p>", slug="secret-slug")
    link = publishing.share(article, by=None, label="The minister")
    path = path_of(link)
    assert client.get(path).status_code == 200

    ended(article, link)[way]()
    response = client.get(path)

    assert response.status_code == 404
    assert html.all_words(response, "//h1") == ["This preview has ended"]
    text = response.content.decode()
    assert [word in text for word in ("Secret", "secret", "minister", article.uid)] == [False] * 4
    # The same as for an address that never was one.
    never = client.get("/preview/" + "a" * 60 + "/").content.decode()
    assert text.replace(path, "") == never.replace("/preview/" + "a" * 60 + "/", "")


def test_token_opens_nothing_else(client):
    ours, theirs = make_article("Ours"), make_article("Theirs")
    link, other = publishing.share(ours, by=None), publishing.share(theirs, by=None)
    uid, signature = path_of(link).split("/")[2].split(".")
    other_uid, other_signature = path_of(other).split("/")[2].split(".")
    tokens = [
        f"{other_uid}.{signature}", f"{uid}.{other_signature}", uid, f"{uid}.", f".{signature}",
        signature, f"{uid}.{signature}x", f"{uid}.{signature[:-1]}", f"{uid}:{signature}",
        f"{ours.uid}.{signature}", f"{uid}.{signature}/more", "%00", "é", "..", "a" * 5000,
        f"{uid.upper()}.{signature}",
    ]  # fmt: skip

    responses = [client.get(f"/preview/{token}/") for token in tokens]

    assert {response.status_code for response in responses} == {404}
    assert not any(b"Ours" in page.content or b"Theirs" in page.content for page in responses)
    assert html.all_words(client.get(path_of(link)), "//h1") == ["Ours"]


def test_shared_draft_leads_to_no_other_draft(client):
    secret = make_article("Hidden piece", slug="hidden-piece", body="<h2>Hidden part</h2>")
    public = make_public("Known piece")
    shared = make_article(
        body=f"<p>See {cite(secret, 'this')}, {cite(secret, 'that', section='s-hidden-part')} and"
        f" {cite(public, 'known')}.</p>",
        related=[{"article": secret.uid}, {"article": public.uid}],
        relations=[{"kind": "corrects", "article": secret.uid, "section": "", "note": ""}],
    )
    series = make_article("Row", kind="series", relations=[
        {"kind": "series", "article": uid, "section": "", "note": ""}
        for uid in (secret.uid, public.uid)
    ])  # fmt: skip

    for article in (shared, series):
        text = client.get(path_of(publishing.share(article, by=None))).content.decode()

        assert "Hidden" not in text
        assert "hidden-p" not in text
        assert secret.uid not in text
        assert "Known piece" in text


def test_link_is_asked_for_by_reading_alone(client):
    path = path_of(publishing.share(make_article(), by=None))

    statuses = [
        getattr(client, method)(path).status_code
        for method in ("get", "head", "post", "put", "delete", "options")
    ]

    assert statuses == [200, 200, 405, 405, 405, 405]
    assert client.head(path).content == b""


def test_token_is_written_into_no_log_of_missing_paths(client):
    link = publishing.share(make_article(), by=None)
    path = path_of(link)
    publishing.unshare(link, by=None)

    for address in (path, path[:-5], path[:-5] + "/", path + "more/", "/preview/a.b/c/d.html"):
        client.get(address, follow=True)

    assert missing._noted == {}


@pytest.mark.parametrize("number", [1, 3])
def test_link_page_takes_the_same_queries(client, django_assert_num_queries, number):
    targets = [make_public() for _item in range(number)]
    article = make_article(
        body="".join(f"<p>{cite(target)}</p>" for target in targets),
        tags=[f"Tag {item}" for item in range(number)],
        authors=[make_author() for _item in range(number)],
    )
    for _item in range(number):
        link = publishing.share(article, by=None)
    path = path_of(link)
    client.get(path)

    with django_assert_num_queries(5):
        client.get(path)


# Making and revoking


def test_link_is_made_listed_and_revoked(desk, client):
    article = make_article("Shared")

    made = desk.post(f"{LIST}{article.pk}/share/", {"share_days": "3", "share_label": "Ms <Smith>"})
    (address,) = links_of(made)
    link = PreviewLink.objects.get()
    shown = links_of(desk.get(f"{LIST}{article.pk}/change/"))
    revoked = desk.post(f"{LIST}{article.pk}/unshare/{link.uid}/")

    assert address == f"http://testserver{path_of(link)}"
    assert "Ms &lt;Smith&gt;" in made.content.decode()
    assert link.expires_at - link.created_at == timedelta(days=3)
    assert shown == [address]
    assert links_of(revoked) == []
    assert client.get(address).status_code == 404
    assert desk.post(f"{LIST}{article.pk}/unshare/{link.uid}/").status_code == 200


@pytest.mark.parametrize("days", ["", "0", "-1", "91", "1.5", "many", "9" * 4000, "\x00", "²"])
def test_days_that_are_none_are_refused_with_a_sentence(desk, days):
    article = make_article()

    response = desk.post(f"{LIST}{article.pk}/share/", {"share_days": days})

    assert response.status_code == 400
    assert response.json() == {"error": "A link lasts from 1 to 90 days. Choose a number."}
    assert not PreviewLink.objects.exists()


def test_any_label_will_do(desk):
    article = make_article()

    for label in ("\x00", "x" * 100_000, "\ud83d\ude00 ", "a\nb"):
        data = {"share_days": "90", "share_label": label.encode("utf-8", "ignore").decode()}
        assert desk.post(f"{LIST}{article.pk}/share/", data).status_code == 200
    assert {link.label for link in PreviewLink.objects.all()} == {"", "x" * 100, "a b"}


def test_link_of_another_article_is_not_revoked_here(desk):
    ours, theirs = make_article(), make_article()
    link = publishing.share(theirs, by=None)

    assert desk.post(f"{LIST}{ours.pk}/unshare/{link.uid}/").status_code == 404
    assert desk.post(f"{LIST}{theirs.pk}/unshare/nothing/").status_code == 404
    link.refresh_from_db()
    assert link.revoked_at is None


def test_what_is_in_the_trash_is_not_shared(desk):
    article = make_article()
    publishing.trash(article, by=None)

    response = desk.post(f"{LIST}{article.pk}/share/", {"share_days": "7"})

    assert response.status_code == 400
    assert "in the trash" in response.json()["error"]
    assert b"data-sharing" not in desk.get(f"{LIST}{article.pk}/change/").content


def test_links_are_made_by_those_who_may_change_the_article(client, contributor, django_user_model):
    own, foreign = make_article(by=contributor), make_article()
    links = {article: publishing.share(article, by=None) for article in (own, foreign)}

    def statuses():
        return [
            client.post(f"{LIST}{article.pk}/{path}", {"share_days": "7"}).status_code
            for article in (own, foreign)
            for path in ("share/", f"unshare/{links[article].uid}/")
        ]

    assert statuses() == [302] * 4
    client.force_login(contributor)
    assert statuses() == [200, 200, 403, 403]
    client.force_login(make_member(django_user_model, rights.EDITOR))
    assert statuses() == [200] * 4
    assert client.get(f"{LIST}{own.pk}/share/").status_code == 405
    assert client.get(f"{LIST}{own.pk}/unshare/x/").status_code == 405


# Whoever made it


def closed(user):
    user.is_active = False
    user.save()


def without_role(user):
    user.groups.clear()


@pytest.mark.parametrize("leave", [closed, without_role, lambda user: user.delete()])
def test_link_ends_with_the_rights_of_whoever_made_it(client, contributor, leave):
    article = make_article("Draft", by=contributor)
    path = path_of(publishing.share(article, by=contributor))
    assert client.get(path).status_code == 200

    leave(contributor)

    response = client.get(path)
    assert response.status_code == 404
    assert "Draft" not in response.content.decode()


def test_link_ends_with_the_task_of_whoever_made_it_and_the_list_says_so(client, contributor, desk):
    article = make_article("Draft")
    task = publishing.assign(article, contributor, by=None)
    link = publishing.share(article, by=contributor)
    publishing.finish(task, by=contributor)

    assert client.get(path_of(link)).status_code == 404

    form = desk.get(f"{LIST}{article.pk}/change/")
    assert len(links_of(form)) == 1
    assert "who made it may not see this any more" in form.content.decode()
    # Editors see everything, so theirs go on, and the publication's own.
    assert client.get(path_of(publishing.share(article, by=None))).status_code == 200
