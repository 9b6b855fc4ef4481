"""Tags in the admin, driven by POST, without script."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from articles import publishing
from articles.models import Article, AuditEntry, Snooze, Tag, TagChange
from tests.factories import change_draft, cite, make_article, make_public

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def tag(name):
    return Tag.objects.get(name=name)


def address(page, one, **query):
    return reverse(f"admin:articles_tag_{page}", args=[one.pk])


def undo_address():
    return reverse("admin:articles_tag_undo", args=[TagChange.objects.first().pk])


def words(response):
    return " ".join(response.content.decode().split())


def test_merge_is_shown_first_then_done_and_undone(desk):
    make_public(tags=["Oil", "Crude"])
    make_public(tags=["Crude"], body=f"<p>{cite(publishing.tag_named('Crude'))}</p>")
    make_public(tags=["Oil"])

    shown = words(desk.get(address("merge", tag("Crude")), {"into": "oil"}))
    assert "Its <b>2</b> articles are listed under “Oil”." in shown
    assert "<b>1</b> of them carries both and counts once." in shown
    assert "“Oil” has 3 articles then." in shown
    assert "What <b>1</b> article says of it links there" in shown
    assert tag("Crude").merged_into is None

    done = desk.post(address("merge", tag("Crude")), {"into": "Oil"}, follow=True)
    assert tag("Crude").merged_into == tag("Oil")
    assert undo_address() in words(done)
    assert "“Crude” stands for itself again, with 2 articles" in words(desk.get(undo_address()))

    desk.post(undo_address())
    assert tag("Crude").merged_into is None
    assert list(AuditEntry.objects.filter(object_kind="tag").values_list("act", "by_name")) == [
        ("undone", "editor"),
        ("merged", "editor"),
    ]


@pytest.mark.parametrize(
    ("into", "sentence"),
    [
        ("", "Say which tag takes its place."),
        ("Gas", "There is no tag “Gas”."),
        ("OIL", "another tag"),
    ],
)
def test_merge_into_nothing_or_itself_is_refused_with_a_sentence(desk, into, sentence):
    publishing.tag_named("Oil")

    response = desk.post(address("merge", tag("Oil")), {"into": into})

    assert response.status_code == 422
    assert sentence in words(response)
    assert not TagChange.objects.exists()


def test_merged_tag_shows_where_it_leads_and_cannot_be_edited(desk):
    publishing.tag_named("Oil")
    publishing.merge_tag(publishing.tag_named("Crude"), tag("Oil"), by=None)

    page = words(desk.get(address("change", tag("Crude"))))

    assert "This tag is merged into" in page
    assert "Undo the merge" in page
    assert desk.post(address("change", tag("Crude")), {"name": "X"}).status_code == 403
    assert desk.get(address("merge", tag("Crude"))).status_code == 404
    assert "merged into it" in words(desk.get(address("change", tag("Oil"))))
    listed = words(desk.get("/admin/articles/tag/"))
    assert (">Oil</a>" in listed, ">Crude</a>" in listed) == (True, False)
    assert ">Crude</a>" in words(desk.get("/admin/articles/tag/?use=merged"))


def test_names_of_a_tag_are_edited_with_their_kinds(desk):
    one = publishing.save_tag(Tag(name="Iran"), aliases=["Persia", "Persien"])
    data = {
        "name": "Iran", "slug": "iran", "names-TOTAL_FORMS": "3", "names-INITIAL_FORMS": "2",
        "names-0-name": "Persia", "names-0-kind": "former",
        "names-1-name": "Persien", "names-1-kind": "language", "names-1-language": "de",
        "names-1-DELETE": "on",
        "names-2-name": "ایران", "names-2-kind": "language", "names-2-language": "fa",
    }  # fmt: skip

    desk.post(address("change", one), data)

    assert set(one.aliases.values_list("name", "kind", "language")) == {
        ("Iran", "name", ""), ("Persia", "former", ""), ("ایران", "language", "fa"),
    }  # fmt: skip
    assert '<span lang="fa">ایران</span>' in words(desk.get(address("change", one)))
    desk.post(undo_address())
    assert set(one.aliases.values_list("name", "kind")) == {
        ("Iran", "name"), ("Persia", "synonym"), ("Persien", "synonym"),
    }  # fmt: skip


def test_rename_is_shown_first_with_what_becomes_of_the_names(desk):
    publishing.save_tag(Tag(name="Oil"), aliases=["Crude"])
    make_public(tags=["crude"])
    make_public(tags=["Oil"])
    data = {
        "name": "Petroleum", "slug": "petroleum", "names-TOTAL_FORMS": "2",
        "names-INITIAL_FORMS": "1", "names-0-name": "Crude", "names-0-kind": "synonym",
        "names-0-DELETE": "on", "names-1-name": "Black gold", "names-1-kind": "synonym",
    }  # fmt: skip

    shown = desk.post(address("change", tag("Oil")), data | {"_preview": ""})

    assert shown.context["sentences"] == [
        "“Oil” is called “Petroleum” on 2 articles and wherever readers see it.",
        "It stands at /tags/petroleum/; /tags/oil/, its feeds and everything below lead there.",
        "“Black gold” leads to it.",
        "“Crude” doesn't lead to it any more: whoever types it makes a new tag.",
        "1 article names it so, and leaves this tag when it is published again.",
    ]
    assert not TagChange.objects.exists()
    assert tag("Oil").aliases.count() == 2
    assert not AuditEntry.objects.filter(act="changed").exists()
    desk.post(address("change", tag("Oil")), dict(shown.context["fields"]))
    assert tag("Petroleum").slug == "petroleum"


def test_rename_that_cannot_be_is_refused_instead_of_shown(desk):
    publishing.tag_named("Oil"), publishing.tag_named("Gas")

    response = desk.post(address("change", tag("Oil")), {"name": "GAS", "_preview": ""})

    assert "already leads to the tag “Gas”" in words(response)
    assert not TagChange.objects.exists()


@pytest.mark.parametrize(
    ("kind", "language", "sentence"),
    [
        ("language", "", "Say which language it is"),
        ("synonym", "fa", "Only a name in another language has a language."),
        ("language", "Farsi!", "Write the code of a language"),
    ],
)
def test_name_with_a_wrong_language_is_refused_with_a_sentence(desk, kind, language, sentence):
    data = {
        "name": "Iran", "names-TOTAL_FORMS": "1", "names-INITIAL_FORMS": "0",
        "names-0-name": "Persia", "names-0-kind": kind, "names-0-language": language,
    }  # fmt: skip

    response = desk.post("/admin/articles/tag/add/", data)

    assert sentence in words(response)
    assert not Tag.objects.exists()


def test_tag_is_retired_and_brought_back(desk):
    publishing.tag_named("Oil")

    assert "It isn't offered for new articles any more." in words(
        desk.get(address("retire", tag("Oil")))
    ).replace("&#x27;", "'")
    desk.post(address("retire", tag("Oil")))
    assert tag("Oil").is_retired
    desk.post(undo_address())
    assert not tag("Oil").is_retired


def test_split_shows_the_articles_then_what_that_means_then_does_it(desk):
    moved = make_public("About gas", tags=["Energy"])
    make_public("About oil", tags=["energy"])
    draft = make_article("Gas in a draft", tags=["ENERGY"])
    make_public("About law", tags=["Law"])
    page = address("split", tag("Energy"))

    found = words(desk.get(page, {"q": "gas"}))
    assert [title for title in ("About gas", "About oil", "Gas in a draft", "About law")
            if title in found] == ["About gas", "Gas in a draft"]  # fmt: skip
    chosen = {"article": [moved.pk, draft.pk], "to": "Gas", "keep": ""}
    shown = words(desk.post(page, chosen))
    assert "<b>2</b> articles get “Gas” instead of “Energy”. “Gas” is a new tag." in shown
    assert not Tag.objects.filter(name="Gas").exists()

    desk.post(page, chosen | {"confirm": ""})
    assert Article.objects.get(pk=moved.pk).live_revision.tags == ["Gas"]
    assert Article.objects.get(pk=draft.pk).latest_revision.tags == ["Gas"]
    assert (tag("Energy").article_count, tag("Gas").article_count) == (1, 1)
    assert "2 articles get the tags back that they had." in words(desk.get(undo_address()))

    desk.post(undo_address())
    assert (tag("Energy").article_count, tag("Gas").article_count) == (2, 0)


def test_split_of_all_that_are_found_leaves_the_others(desk):
    make_public("About gas", tags=["Energy"])
    make_public("About oil", tags=["Energy"])

    desk.post(
        address("split", tag("Energy")) + "?q=oil",
        {"all": "on", "to": "Oil", "keep": "keep", "confirm": ""},
    )

    assert (tag("Energy").article_count, tag("Oil").article_count) == (2, 1)


def test_split_without_articles_is_refused_with_a_sentence(desk):
    make_public(tags=["Energy"])

    response = desk.post(address("split", tag("Energy")), {"to": "Gas", "keep": ""})

    assert response.status_code == 422
    assert "Choose the articles that get the other tag." in words(response)


def test_split_into_itself_is_refused_before_it_is_shown(desk):
    article = make_public(tags=["Energy"])

    response = desk.post(
        address("split", tag("Energy")), {"to": "energy", "keep": "", "article": article.pk}
    )

    assert response.status_code == 422
    assert "Choose another tag than the one that is split." in words(response)


def test_tags_of_chosen_articles_are_changed_from_the_list(desk):
    live, other = make_public("Live", tags=["Oil"]), make_public("Other", tags=["Sea"])
    change_draft(live, title="Draft", tags=["Oil", "Law"])
    asked = desk.post(
        "/admin/articles/article/",
        {"action": "retag_selected", "_selected_action": [live.pk, other.pk]},
    )
    page = asked["Location"]

    shown = words(desk.post(page, {"add": "Gas, Sea", "remove": "oil"}))
    assert "“Gas” is added where it is missing. It is a new tag." in shown
    assert "“Oil” is taken off" in shown
    desk.post(page, {"add": "Gas, Sea", "remove": "Oil", "confirm": ""})

    live, other = (Article.objects.get(pk=one.pk) for one in (live, other))
    assert (live.live_revision.tags, live.latest_revision.tags) == (
        ["Gas", "Sea"],
        ["Gas", "Sea", "Law"],
    )
    assert other.live_revision.tags == ["Sea", "Gas"]
    assert live.title == "Live"


def test_more_articles_than_go_at_once_are_tagged_in_batches(desk, monkeypatch):
    monkeypatch.setattr("articles.admin.retagging.RETAGGED_AT_ONCE", 2)
    articles = [make_article() for _number in range(5)]
    page = f"{reverse('admin:articles_article_retag')}?ids={','.join(str(a.pk) for a in articles)}"

    desk.post(page, {"add": "Gas", "remove": "", "confirm": ""})

    assert {a.latest_revision.tags[0] for a in Article.objects.all()} == {"Gas"}
    assert TagChange.objects.count() == 3


def test_tags_in_order_lists_what_may_be_one_and_what_is_little_used(desk):
    for name in ("Sanctions", "Sanctions", "Law"):
        make_public(tags=[name])
    publishing.tag_named("Sanction")

    page = words(desk.get(reverse("admin:articles_tag_order")))

    assert "Merge “Sanction” into “Sanctions”" in page
    assert f"{address('merge', tag('Sanction'))}?into=Sanctions&amp;next=order" in page
    done = desk.post(address("merge", tag("Sanction")), {"into": "Sanctions", "next": "order"})
    assert done["Location"] == reverse("admin:articles_tag_order")
    assert "No two tags look alike." in words(desk.get(done["Location"]))


def test_tags_that_are_kept_apart_are_not_listed_again(desk):
    one, other = publishing.tag_named("Sanctions"), publishing.tag_named("Sanction")
    key = "-".join(sorted([one.uid, other.uid]))

    desk.post(reverse("admin:articles_tag_apart"), {"key": key})

    assert "No two tags look alike." in words(desk.get(reverse("admin:articles_tag_order")))
    assert Snooze.objects.get().key == key


@pytest.mark.parametrize("role", ["Contributor", None])
def test_pages_of_the_life_of_a_tag_are_for_editors(client, django_user_model, role):
    user = django_user_model.objects.create_user("someone", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    article = make_public(tags=["Oil"])
    publishing.tag_named("Gas")
    change = publishing.merge_tag(publishing.tag_named("Crude"), tag("Oil"), by=None)
    pages = [address(page, tag("Oil")) for page in ("merge", "split", "retire")]
    pages += [
        reverse("admin:articles_tag_undo", args=[change.pk]),
        f"{reverse('admin:articles_article_retag')}?ids={article.pk}",
    ]

    answers = {
        (page, method): getattr(client, method)(page, {"into": "Gas", "to": "Gas", "add": "Gas"})
        for page in pages
        for method in ("get", "post")
    }

    assert {answer.status_code for answer in answers.values()} == {403}
    assert TagChange.objects.filter(undone_at=None).count() == 1


def test_form_of_an_article_says_where_the_name_of_a_merged_tag_leads(desk):
    article = make_article(tags=["Crude"])
    publishing.tag_named("Oil")
    publishing.merge_tag(publishing.tag_named("Crude"), tag("Oil"), by=None)

    page = desk.get(reverse("admin:articles_article_change", args=[article.pk])).content.decode()

    assert (
        "now “Oil”" in page.encode().decode("unicode_escape", "ignore") or "now \\u201cOil" in page
    )


def test_names_of_tags_are_offered_exact_first_then_by_use_and_none_is_hidden(desk):
    for number in range(30):
        publishing.tag_named(f"Iran {number}")
    for _number in range(2):
        make_public(tags=["Iranian studies"])
    publishing.tag_named("Iran")

    answer = desk.get(reverse("admin:articles_lookup"), {"kind": "tag", "q": "iran"}).json()

    labels = [item["label"] for item in answer["results"]]
    assert labels[:2] == ["Iran", "Iranian studies"]
    assert len(labels) == 32
