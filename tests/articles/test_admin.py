"""The newsroom, driven by POST; what readers then get is read from the public pages."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from articles import publishing
from articles.models import Article, Image, Redirect, Schedule, SiteSettings, Tag
from tests import html
from tests.factories import (
    change_draft,
    cite,
    make_article,
    make_author,
    make_public,
    make_withdrawn,
    picture_file,
)

pytestmark = pytest.mark.django_db
ADD = "/admin/articles/article/add/"


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def make_user(django_user_model, name, *permissions):
    user = django_user_model.objects.create_user(name, password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.fixture
def contributor(django_user_model):
    return make_user(
        django_user_model, "contributor", "view_article", "add_article", "change_article"
    )


def change_url(article):
    return reverse("admin:articles_article_change", args=[article.pk])


def form_of(article, **changes):
    """The form's data as the browser would send it for the newest revision."""
    article = Article.objects.select_related("latest_revision").get(pk=article.pk)
    revision = article.latest_revision
    data = {
        "title": revision.title,
        "standfirst": revision.standfirst,
        "body": revision.body,
        "slug": revision.slug,
        "language": revision.language,
        "lead_image": revision.lead_image.uid if revision.lead_image else "",
        "authors": json.dumps([{"value": uid} for uid in revision.bylines]),
        "tags": json.dumps([{"value": name} for name in revision.tags]),
        "related": json.dumps(
            [{"value": item.get("article") or item["url"]} for item in revision.related]
        ),
        "note": "",
        "based_on": revision.number,
    }
    return data | changes


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


# The form


def test_new_article_may_be_empty_but_for_nothing(desk):
    response = desk.post(ADD, {"language": "en", "_save": ""}, follow=True)

    article = Article.objects.get()
    assert response.redirect_chain == [(change_url(article), 302)]
    assert (article.state, article.latest_revision.title) == ("draft", "")


def test_draft_of_live_article_changes_nothing_for_readers(desk):
    author = make_author("Old Author")
    article = make_public("Old title", authors=[author], tags=["Old tag"], body="<p>Old words</p>")
    new = make_author("New Author")
    before = desk.get(article.get_absolute_url()).content

    response = desk.post(
        change_url(article),
        form_of(
            article,
            title="New title",
            body="<p>New words</p>",
            slug="new-address",
            authors=json.dumps([{"value": new.uid}]),
            tags=json.dumps([{"value": "New tag"}]),
            _save="",
        ),
        follow=True,
    )

    assert messages_of(response) == [
        "“New title”: your draft is saved. Readers still see the live version."
    ]
    assert desk.get(article.get_absolute_url()).content == before
    assert desk.get("/articles/new-address/").status_code == 404
    assert not Tag.objects.filter(name="New tag").exists()


def test_publish_button_saves_and_publishes(desk):
    article = make_public("Old title", slug="old-address")

    desk.post(
        change_url(article),
        form_of(article, title="New title", slug="new-address", _publish=""),
    )

    assert desk.get("/articles/old-address/").headers["Location"] == "/articles/new-address/"
    assert b"New title" in desk.get("/articles/new-address/").content


def test_refused_publish_keeps_the_words_as_a_draft(desk):
    make_public("Taken", slug="taken")
    article = make_article("Mine")

    response = desk.post(
        change_url(article),
        form_of(article, slug="taken", body="<p>Precious</p>", _publish=""),
        follow=True,
    )

    article.refresh_from_db()
    assert article.latest_revision.body == "<p>Precious</p>"
    assert article.state == "draft"
    assert messages_of(response) == [
        "Your words are saved as a draft.",
        "The address “taken” belongs to “Taken”. Choose another.",
    ]


def test_list_longer_than_any_text_needs_is_refused_with_a_sentence(desk):
    article = make_article("Mine")
    tags = json.dumps([{"value": f"Tag {number}", "label": ""} for number in range(201)])

    response = desk.post(change_url(article), form_of(article, tags=tags, standfirst="Precious"))

    assert "This list has 201 entries; 200 is the most that it can hold." in html.all_words(
        response, html.by_class("errorlist") + "//li"
    )
    assert b"Precious" in response.content
    assert not Tag.objects.exists()


def test_invalid_form_is_shown_again_with_everything_in_it(desk):
    article = make_article("Mine")

    response = desk.post(
        change_url(article),
        form_of(article, slug="new", body="<p>Precious</p>", tags='[{"value": "—"}]', _save=""),
    )

    assert response.status_code == 422
    assert response.context["form"].errors == {
        "slug": ["“new” is used by the site itself. Choose another address."],
        "tags": ["“—” holds no letter or digit, so it can't be a tag."],
    }
    assert "&lt;p&gt;Precious&lt;/p&gt;" in response.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("authors", "no json"),
        ("authors", '{"a": 1}'),
        ("authors", '[{"value": "aaaaaaaaaaaaaaaa"}]'),
        ("tags", '[{"value": 3}]'),
        ("tags", json.dumps([{"value": "x" * 101}])),
        ("related", '[{"value": "javascript:alert(1)"}]'),
        ("related", '[{"value": "aaaaaaaaaaaaaaaa"}]'),
        ("related", '[{"value": "http://["}]'),
        ("lead_image", "aaaaaaaaaaaaaaaa"),
        ("language", "xx"),
        ("title", "x" * 201),
        ("body", '<figure><img data-image="aaaaaaaaaaaaaaaa" alt=""></figure>'),
    ],
)
def test_bad_input_gets_a_sentence(desk, field, value):
    article = make_article("Mine")

    response = desk.post(change_url(article), form_of(article, **{field: value}, _save=""))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]


def test_own_second_window_is_no_conflict(desk, editor):
    article = make_article("Ours", body="<p>Start</p>")
    first = form_of(article, body="<p>Second window</p>", _save="")
    change_draft(article, by=editor, body="<p>First window</p>")

    response = desk.post(change_url(article), first)

    assert response.status_code == 302
    assert article.revisions.count() == 3


def test_schedule_and_its_calling_off(desk):
    article = make_article("Later")
    due = timezone.localtime() + timedelta(days=2)

    desk.post(
        change_url(article),
        form_of(article, due_at_0=f"{due:%Y-%m-%d}", due_at_1=f"{due:%H:%M}", _schedule=""),
    )
    scheduled = Schedule.objects.get()
    shown = desk.get(change_url(article)).content.decode()
    desk.post(change_url(article), form_of(article, _cancel_schedule=""))

    assert scheduled.due_at == due.replace(second=0, microsecond=0)
    assert "version 1 is published on" in shown
    assert Schedule.objects.get().outcome == "cancelled"


@pytest.mark.parametrize(("date", "time"), [("", ""), ("2026-13-40", "10:00"), ("2026-01-01", "")])
def test_schedule_without_a_usable_time_saves_nothing(desk, date, time):
    article = make_article("Later")

    response = desk.post(
        change_url(article),
        form_of(article, title="Changed", due_at_0=date, due_at_1=time, _schedule=""),
    )

    assert response.status_code == 422
    assert response.context["schedule_form"].errors == {"due_at": ["Give a date and a time."]}
    assert article.revisions.count() == 1


def test_restore_makes_an_older_version_the_newest_draft(desk):
    article = make_public("First words", body="<p>One</p>")
    change_draft(article, body="<p>Two</p>")

    desk.post(reverse("admin:articles_article_restore", args=[article.pk, 1]))

    article.refresh_from_db()
    assert article.latest_revision.number == 3
    assert article.latest_revision.body == "<p>One</p>"


def test_preview_is_private_and_shows_the_draft(desk):
    article = make_public("Public title")
    change_draft(article, title="Private title")

    response = desk.get(reverse("admin:articles_article_preview", args=[article.pk, 2]))

    assert "Private title" in response.content.decode()
    assert response.headers["Cache-Control"] == (
        "private, no-store, max-age=0, no-cache, must-revalidate"
    )
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_page_is_written_without_authors_and_tags(desk):
    response = desk.get(f"{ADD}?kind=page")
    desk.post(f"{ADD}?kind=page", {"language": "en", "title": "Imprint", "_publish": ""})

    assert "id_authors" not in response.content.decode()
    assert desk.get("/pages/imprint/").status_code == 200


# The list


def test_list_shows_state_authors_tags_and_citations(desk):
    target = make_public("Target", authors=[make_author("Marta")], tags=["Syria"])
    make_public("Source", body=f"<p>{cite(target)}</p>")
    change_draft(target, title="Target, reworded")

    response = desk.get("/admin/articles/article/")
    shown = {
        row[0]: row[1:]
        for row in (
            [
                html.words(cell)
                for cell in row.xpath(".//th | .//td[not(contains(@class, 'action'))]")
            ]
            for row in html.parse(response).xpath("//table[@id='result_list']/tbody/tr")
        )
    }

    # State, authors, tags, date, cites, cited by.
    assert shown["Target, reworded"][:3] == ["live, newer draft", "Marta", "Syria"]
    assert shown["Target, reworded"][4:] == ["–", "1"]
    assert shown["Source"][4:] == ["1", "–"]


@pytest.mark.parametrize("number", [1, 3])
def test_list_takes_the_same_queries_whatever_it_shows(desk, django_assert_num_queries, number):
    for _ in range(number):
        make_public(authors=[make_author(), make_author()], tags=["One", "Two"])

    with django_assert_num_queries(12):
        desk.get("/admin/articles/article/")


@pytest.mark.parametrize("number", [1, 3])
def test_desk_takes_the_same_queries_whatever_it_shows(desk, django_assert_num_queries, number):
    for _ in range(number):
        make_public(authors=[make_author()], tags=["One"])
        make_article()

    with django_assert_num_queries(30):
        desk.get("/admin/")


def test_actions_publish_or_show_first_what_they_would_bring_about(desk):
    draft, live, untitled = make_article("Draft"), make_public("Live"), make_article("X")
    change_draft(untitled, title="")

    def act(name, *articles):
        return desk.post(
            "/admin/articles/article/",
            {"action": name, "_selected_action": [article.pk for article in articles]},
            follow=True,
        )

    published = act("publish_selected", draft, untitled)
    asked = {name: act(name, live) for name in ("unpublish_selected", "trash_selected")}

    assert sorted(messages_of(published)) == [
        "1 article published.",
        "Untitled: Give the article a title before you publish it.",
    ]
    for do, response in zip(("unpublish", "trash"), asked.values(), strict=True):
        assert response.redirect_chain == [
            (f"{reverse('admin:articles_article_remove')}?do={do}&ids={live.pk}", 302)
        ]
        assert response.status_code == 200
    assert desk.get("/articles/draft/").status_code == 200
    assert desk.get("/articles/live/").status_code == 200


@pytest.mark.parametrize("value", ["live", "changed", "draft", "scheduled", "withdrawn"])
def test_list_filters_by_state(desk, value):
    make_public("live")
    change_draft(make_public("changed"), standfirst="Other")
    make_article("draft")
    make_withdrawn("withdrawn")
    scheduled = make_article("scheduled")
    publishing.schedule(scheduled, due_at=timezone.now() + timedelta(days=1), by=None)

    rows = desk.get(f"/admin/articles/article/?state={value}").context["cl"].result_list

    expected = {
        "live": ["changed", "live"],
        "draft": ["draft", "scheduled"],
    }.get(value, [value])
    assert sorted(row.latest_revision.title for row in rows) == expected


def test_article_cannot_be_deleted(desk):
    article = make_article("Mine")

    response = desk.post(f"/admin/articles/article/{article.pk}/delete/", {"post": "yes"})

    assert response.status_code == 403
    assert Article.objects.filter(pk=article.pk).exists()


# Rights


def test_contributor_writes_but_does_not_publish(client, contributor):
    client.force_login(contributor)
    article = make_article("Ours")

    shown = client.get(change_url(article)).content.decode()
    refused = client.post(
        change_url(article), form_of(article, title="Mine", _publish=""), follow=True
    )

    article.refresh_from_db()
    assert "_publish" not in shown
    assert messages_of(refused)[1] == "You may not publish. Ask an editor to do it."
    assert (article.state, article.latest_revision.title) == ("draft", "Mine")


@pytest.mark.parametrize(
    "path",
    [
        ADD,
        "/admin/articles/article/",
        "/admin/articles/article/lookup/?kind=target",
        "/admin/articles/article/pictures/",
        "/admin/articles/tag/",
        "/admin/authors/author/",
        "/admin/articles/sitesettings/",
    ],
)
def test_strangers_and_staff_without_rights_get_in_nowhere(client, django_user_model, path):
    nobody = make_user(django_user_model, "nobody")

    stranger = client.get(path)
    client.force_login(nobody)
    staff = client.get(path)

    assert stranger.status_code == 302
    assert stranger.headers["Location"].startswith("/admin/login/")
    assert staff.status_code == 403


def test_preview_needs_the_right_to_see_articles(client, django_user_model):
    article = make_article("Secret")
    path = reverse("admin:articles_article_preview", args=[article.pk, 1])

    stranger = client.get(path)
    client.force_login(make_user(django_user_model, "nobody"))
    staff = client.get(path)

    assert (stranger.status_code, staff.status_code) == (302, 403)


# Lookups


def lookup(client, **parameters):
    return client.get("/admin/articles/article/lookup/", parameters).json()["results"]


def test_lookup_finds_by_words_in_any_order_with_state_and_sections(desk):
    make_public("The North–South Corridor", body="<h2>The Missing Link</h2><p>x</p>")
    make_article("A Corridor in the South, drafted")

    found = lookup(desk, kind="target", q="south corridor")

    labels = [item["label"] for item in found]
    assert sorted(labels) == [
        "A Corridor in the South, drafted",
        "The Missing Link",
        "The North–South Corridor",
    ]
    drafted = found[labels.index("A Corridor in the South, drafted")]
    assert drafted["note"] == "draft – readers see plain words until it is public"


def test_lookup_of_tags_puts_the_exact_name_first_and_knows_other_names(desk):
    for name in ("Iran deal", "Iran", "Iranian art"):
        publishing.tag_named(name)
    publishing.save_tag(publishing.tag_named("Nuclear programme"), aliases=["JCPOA file"])

    assert lookup(desk, kind="tag", q="IRAN")[0]["label"] == "Iran"
    assert [item["label"] for item in lookup(desk, kind="tag", q="jcpoa")] == ["Nuclear programme"]


def test_lookup_leaves_the_article_itself_out(desk):
    article = make_public("Alone", body="<h2>Alone too</h2>")

    assert lookup(desk, kind="target", q="alone", exclude=article.uid) == []


def test_upload_answers_with_the_picture_or_a_sentence(desk):
    url = "/admin/articles/article/pictures/upload/"

    good = desk.post(url, {"file": picture_file(), "alt": "A map"})
    no_alt = desk.post(url, {"file": picture_file()})
    no_picture = desk.post(url, {"file": b"", "alt": "A map"})

    assert good.json()["value"] == Image.objects.get().uid
    assert (no_alt.status_code, no_alt.json()["error"]) == (400, "Say what the picture shows.")
    assert no_picture.status_code == 400


# What goes live at once


def test_draft_with_a_title_of_which_nothing_shows_is_listed_as_untitled(desk):
    article = make_article("\u200b\u2060")

    page = desk.get("/admin/articles/article/")

    links = html.all_words(page, f"//a[contains(@href, '/{article.pk}/change/')]")
    assert "Untitled" in links


def test_author_with_a_new_address_keeps_the_old_one_alive(desk):
    author = make_author("Marta Old")
    make_public(authors=[author])
    old = author.get_absolute_url()

    desk.post(
        reverse("admin:authors_author_change", args=[author.pk]),
        {"name": "Marta New", "slug": "marta-new", "links_text": "Site https://example.org/"},
    )

    assert desk.get(old).headers["Location"] == "/authors/marta-new/"
    author.refresh_from_db()
    assert author.links == [{"label": "Site", "url": "https://example.org/"}]


@pytest.mark.parametrize("model", ["articles/tag", "articles/bundle", "authors/author"])
def test_invisible_characters_in_a_name_are_left_out(desk, model):
    response = desk.post(f"/admin/{model}/add/", {"name": "The\x00 Sea\x1b", "articles": "[]"})

    assert response.status_code == 302
    [made] = apps.get_model(*model.split("/")).objects.all()
    assert made.name == "The Sea"


def test_tag_with_a_taken_name_is_refused_with_a_sentence(desk):
    publishing.save_tag(publishing.tag_named("Shanghai Cooperation Organisation"), aliases=["SCO"])

    response = desk.post("/admin/articles/tag/add/", {"name": "S.C.O."})

    errors = response.context["adminform"].form.non_field_errors()
    assert errors == ["“S.C.O.” already leads to the tag “Shanghai Cooperation Organisation”."]
    assert Tag.objects.count() == 1


def test_renamed_tag_is_found_under_both_addresses(desk):
    make_public(tags=["Nuclear Deal"])
    tag = Tag.objects.get()

    desk.post(
        reverse("admin:articles_tag_change", args=[tag.pk]),
        {
            "name": "JCPOA",
            "slug": "jcpoa",
            "names-TOTAL_FORMS": "1",
            "names-INITIAL_FORMS": "0",
            "names-0-name": "Joint Plan",
            "names-0-kind": "synonym",
        },
    )

    assert desk.get("/tags/nuclear-deal/").headers["Location"] == "/tags/jcpoa/"
    assert publishing.tag_named("nuclear deal") == tag
    assert publishing.tag_named("joint plan") == tag


def test_publication_settings_show_at_once(desk):
    SiteSettings.objects.create(pk=1, name="Old name")
    before = desk.get("/").content.decode()

    desk.post(
        "/admin/articles/sitesettings/1/change/",
        {"name": "New name", "tagline": "A line", "footer": "At the foot"},
    )

    after = desk.get("/").content.decode()
    assert "Old name" in before
    assert "New name" in after
    assert "At the foot" in after


def test_redirects_are_shown_and_not_touched(desk):
    article = make_public("One", slug="one")
    change_draft(article, slug="two")
    publishing.publish(article, by=None)

    shown = desk.get("/admin/articles/redirect/")

    assert shown.status_code == 200
    assert Redirect.objects.get().path == "/articles/one/"
    assert desk.get("/admin/articles/redirect/add/").status_code == 403
