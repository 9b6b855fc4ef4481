"""The lookup that editors cite by: one box for articles, sections, authors and tags."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission

from articles import publishing
from articles.forms import ArticleForm
from articles.models import Article
from tests.factories import (
    change_draft,
    erase,
    make_article,
    make_author,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

URL = "/admin/articles/article/lookup/"
SPRING = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def ask(client, query, kind="target", **parameters):
    response = client.get(URL, {"kind": kind, "q": query} | parameters)
    assert response.status_code == 200
    return response.json()


def results(client, query, kind="target", **parameters):
    return ask(client, query, kind, **parameters)["results"]


def labels(client, query, kind="target", **parameters):
    return [item["label"] for item in results(client, query, kind, **parameters)]


def make_corridor(**words):
    words.setdefault("body", "<h2>The Missing Link</h2><p>Railway.</p>")
    words.setdefault("slug", "the-north-south-corridor")
    return make_public("The North–South Corridor", at=SPRING, **words)


def rename(article, title, slug):
    change_draft(article, title=title, slug=slug)
    publishing.publish(article, by=None)
    return Article.objects.get(pk=article.pk)


# By words


def test_one_box_finds_all_four_kinds(desk):
    make_public("Grain across the Caspian", body="<h2>The Price of Grain</h2><p>x</p>")
    make_author("Greta Grain")
    publishing.tag_named("Grain trade")

    assert [(item["kind"], item["label"]) for item in results(desk, "grain")] == [
        ("article", "Grain across the Caspian"),
        ("section", "The Price of Grain"),
        ("author", "Greta Grain"),
        ("tag", "Grain trade"),
    ]


def test_live_article_shows_state_date_and_path(desk):
    corridor = make_corridor()

    found = results(desk, "corridor south")[0]

    assert found["value"] == found["ref"] == f"article:{corridor.uid}"
    assert (found["kind"], found["state"], found["date"]) == ("article", "live", "5 Mar 2026")
    assert found["path"] == "/articles/the-north-south-corridor/"
    assert (found["former"], found["hint"], found["is_section"]) == ("", "", False)


def test_section_shows_its_article_and_its_path(desk):
    corridor = make_corridor()

    found = next(item for item in results(desk, "missing corridor") if item["is_section"])

    assert found["value"] == f"article:{corridor.uid}#s-the-missing-link"
    assert (found["kind"], found["state"]) == ("section", "live")
    assert found["detail"] == "of “The North–South Corridor”"
    assert found["path"] == "/articles/the-north-south-corridor/#s-the-missing-link"


@pytest.mark.parametrize(
    ("make", "state"), [(make_article, "draft"), (make_withdrawn, "withdrawn")]
)
def test_what_is_not_public_is_offered_and_marked_and_has_no_path(desk, make, state):
    make("Hidden Words", body="<h2>Hidden Part</h2><p>x</p>")

    for found in results(desk, "hidden"):
        assert (found["state"], found["path"]) == (state, "")
        assert found["hint"] == "readers see plain words until it is public"


def test_section_that_stands_only_in_the_draft_says_so(desk):
    article = make_corridor()
    change_draft(article, body="<h2>The Missing Link</h2><p>x</p><h2>A New Part</h2><p>y</p>")

    found = results(desk, "new part")[0]

    assert (found["label"], found["state"], found["path"]) == (
        "A New Part",
        "only in the draft",
        "",
    )


def test_title_that_readers_do_not_know_yet_stays_out_of_other_texts(desk):
    article = make_public("Known to Readers")
    change_draft(article, title="A Scoop")

    found = results(desk, "scoop")[0]

    assert (found["label"], found["words"]) == ("A Scoop", "Known to Readers")
    assert found["hint"] == "readers know it as “Known to Readers”"


def test_former_titles_names_and_aliases_find_and_are_shown(desk):
    rename(make_public("Older Heading"), "Newer Heading", "newer")
    author = make_author("Marta Older")
    author.name = "Marta Berg"
    publishing.save_author(author)
    publishing.save_tag(publishing.tag_named("Rail"), aliases=["Older trains"])

    assert [(item["label"], item["former"]) for item in results(desk, "older")] == [
        ("Newer Heading", "Older Heading"),
        ("Marta Berg", "Marta Older"),
        ("Rail", "Older trains"),
    ]


def test_pages_and_series_are_articles_for_pickers(desk):
    make_public("About Us", kind="page")
    make_article("All about Gas", kind="series")

    found = results(desk, "about", kind="article")

    assert {(item["label"], item["kind"]) for item in found} == {
        ("About Us", "page"),
        ("All about Gas", "series"),
    }
    assert {item["value"] for item in found} == set(Article.objects.values_list("uid", flat=True))


def test_places_are_articles_and_sections_alone(desk):
    corridor = make_corridor(tags=["Corridor"], authors=[make_author("Ms Corridor")])

    assert [item["value"] for item in results(desk, "corridor", kind="place")] == [
        f"article:{corridor.uid}",
        f"article:{corridor.uid}#s-the-missing-link",
    ]


def test_trashed_and_deleted_articles_are_never_offered(desk):
    trashed = make_corridor()
    Article.objects.filter(pk=trashed.pk).update(state=Article.State.TRASHED)
    deleted = make_withdrawn("The Deleted Corridor", body="<h2>Missing</h2><p>x</p>")
    erase(deleted)

    assert labels(desk, "") == labels(desk, "corridor") == labels(desk, "missing") == []
    assert results(desk, "", kind="article") == []


def test_article_at_hand_and_its_sections_are_left_out(desk):
    corridor = make_corridor()

    assert labels(desk, "corridor", exclude=corridor.uid) == []
    assert labels(desk, "missing", exclude=corridor.uid) == []


def test_name_or_alias_of_a_tag_in_any_spelling_is_taken(desk):
    publishing.save_tag(publishing.tag_named("Nuclear programme"), aliases=["JCPOA file"])

    assert ask(desk, "jcpoa-FILE", kind="tag")["is_taken"] is True
    assert ask(desk, "nuclear", kind="tag")["is_taken"] is False


def test_name_of_a_retired_tag_is_taken_and_said_to_be(desk):
    tag = publishing.tag_named("Railways")
    tag.is_retired = True
    publishing.save_tag(tag)

    answer = ask(desk, "railways", kind="tag")

    assert (answer["results"], answer["is_taken"]) == ([], True)
    assert answer["message"] == "The tag “Railways” is retired."


# By address


@pytest.mark.parametrize(
    "address",
    [
        "/articles/the-north-south-corridor/",
        "/articles/the-north-south-corridor",
        "http://testserver/articles/the-north-south-corridor/",
        "https://testserver/articles/the-north-south-corridor/?from=mail",
        "HTTP://TESTSERVER/articles/the-north-south-corridor/#top",
    ],
)
def test_address_finds_exactly_what_it_leads_to(desk, address):
    corridor = make_corridor()
    make_public("Articles about the North–South Corridor")

    answer = ask(desk, address)

    assert [item["value"] for item in answer["results"]] == [f"article:{corridor.uid}"]
    assert answer["is_own_address"] is True


def test_former_address_finds_what_stands_elsewhere_now(desk):
    corridor = rename(make_corridor(), "The Corridor", "the-corridor")

    found = results(desk, "/articles/the-north-south-corridor/#s-the-missing-link")

    assert [(item["label"], item["path"]) for item in found] == [
        ("The Missing Link", f"{corridor.get_absolute_url()}#s-the-missing-link")
    ]


def test_section_that_is_gone_leaves_the_article(desk):
    corridor = make_corridor()
    change_draft(corridor, body="<p>Railway.</p>")
    publishing.publish(corridor, by=None)

    found = results(desk, "/articles/the-north-south-corridor/#s-the-missing-link")

    assert [item["value"] for item in found] == [f"article:{corridor.uid}"]


def test_addresses_of_authors_tags_pages_and_series_are_known(desk):
    author = make_author("Marta Lindqvist")
    tag = publishing.tag_named("Railways")
    page = make_public("About Us", kind="page", slug="about-us")
    series = make_public("All about Gas", kind="series", slug="all-about-gas")

    for thing in (author, tag, page, series):
        name = thing._meta.model_name
        assert [item["ref"] for item in results(desk, thing.get_absolute_url())] == [
            f"{name}:{thing.uid}"
        ]


@pytest.mark.parametrize(
    ("address", "kind", "values"),
    [
        ("/articles/the-north-south-corridor/#s-the-missing-link", "article", ["{uid}"]),
        (
            "/articles/the-north-south-corridor/#s-the-missing-link",
            "place",
            ["article:{uid}#s-the-missing-link"],
        ),
        ("/articles/the-north-south-corridor/", "author", []),
        ("/tags/railways/", "article", []),
        ("/tags/railways/", "tag", ["Railways"]),
    ],
)
def test_picker_takes_from_an_address_what_is_of_its_kind(desk, address, kind, values):
    corridor = make_corridor(tags=["Railways"])

    answer = ask(desk, address, kind)

    assert [item["value"] for item in answer["results"]] == [
        value.format(uid=corridor.uid) for value in values
    ]
    assert bool(answer["message"]) == (not values)


@pytest.mark.parametrize("address", ["/articles/nothing-here/", "http://testserver/search/?q=x"])
def test_address_that_leads_nowhere_is_answered_with_a_sentence(desk, address):
    make_public("Nothing Here, Articles Search")

    answer = ask(desk, address)

    assert (answer["results"], answer["is_own_address"]) == ([], True)
    assert answer["message"] == f"This site has no article, author or tag at {address}."


@pytest.mark.parametrize(
    "address", ["https://example.org/articles/the-north-south-corridor/", "http://[", "http://a:b/"]
)
def test_address_of_another_site_finds_nothing_and_is_not_ours(desk, address):
    make_corridor()

    answer = ask(desk, address)

    assert (answer["results"], answer["is_own_address"]) == ([], False)


def test_address_of_what_is_in_the_trash_or_deleted_offers_nothing(desk):
    trashed = make_corridor()
    Article.objects.filter(pk=trashed.pk).update(state=Article.State.TRASHED)
    deleted = make_withdrawn("Gone for Good", slug="gone-for-good")
    erase(deleted)

    in_trash = ask(desk, "/articles/the-north-south-corridor/")
    gone = ask(desk, "/articles/gone-for-good/")

    assert in_trash["results"] == gone["results"] == []
    assert in_trash["message"] == "“The North–South Corridor” is in the trash."
    assert gone["message"].startswith("This site has no article")


def test_own_address_is_taken_for_a_section_alone(desk):
    corridor = make_corridor()
    path = corridor.get_absolute_url()

    whole = ask(desk, path, exclude=corridor.uid)
    part = ask(desk, f"{path}#s-the-missing-link", exclude=corridor.uid)
    fragment = ask(desk, "#s-the-missing-link", exclude=corridor.uid)

    assert (whole["results"], whole["message"]) == (
        [],
        "This is the address of the article itself.",
    )
    assert part["results"] == fragment["results"]
    assert part["results"][0]["ref"] == f"article:{corridor.uid}#s-the-missing-link"


def test_retired_author_is_cited_by_address_and_marked_but_no_byline(desk):
    author = make_author("Marta Lindqvist", is_retired=True)

    cited = ask(desk, author.get_absolute_url())
    byline = ask(desk, author.get_absolute_url(), kind="author")

    assert [item["state"] for item in cited["results"]] == ["retired"]
    assert (byline["results"], byline["message"]) == ([], "“Marta Lindqvist” is retired.")


# Hostile questions and strangers


@pytest.mark.parametrize(
    "query",
    [
        "\x00",
        "/articles/\x00/",
        "/%00/",
        "/articles/%F0%9F/",
        "%",
        "_",
        "\\",
        "x" * 10_000,
        "/" + "x" * 10_000,
        "the of and",
        "קשר",
        "\u202eback",
        "🙂",
        "//testserver:99999999/",
        "#s-nowhere",
    ],
)
def test_hostile_queries_are_answered_and_find_nothing(desk, query):
    make_corridor(tags=["Railways"], authors=[make_author("Marta Lindqvist")])

    for kind in ("author", "tag", "article", "place", "target"):
        assert results(desk, query, kind) == []


def test_hostile_exclusion_is_answered(desk):
    make_corridor()

    assert labels(desk, "corridor", exclude="\x00' OR 1=1")[0] == "The North–South Corridor"


def test_unknown_kind_is_refused(desk):
    assert desk.get(URL, {"kind": "user", "q": "e"}).status_code == 400


def test_who_may_not_see_articles_is_told_nothing(client, django_user_model):
    make_corridor()
    user = django_user_model.objects.create_user("writer", password="x", is_staff=True)
    client.force_login(user)
    refused = client.get(URL, {"kind": "target", "q": "/articles/the-north-south-corridor/"})
    user.user_permissions.add(Permission.objects.get(codename="view_article"))

    assert refused.status_code == 403
    assert "Corridor" not in refused.content.decode()
    assert labels(client, "corridor")


def test_lookup_costs_the_same_number_of_queries_however_much_it_finds(
    desk, django_assert_max_num_queries
):
    for number in range(12):
        make_public(
            f"Oil {number}",
            body=f"<h2>Oil at {number}</h2><p>x</p><h2>Oil again</h2><p>x</p>",
            tags=[f"Oil {number}"],
            authors=[make_author(f"Oil {number}")],
        )

    # Session, user and rights among them.
    with django_assert_max_num_queries(18):
        assert len(labels(desk, "oil")) == 30


def test_whatever_is_found_for_a_related_link_is_taken_by_the_form(client, editor):
    client.force_login(editor)
    author = make_author("Marta Lindqvist")
    article = make_public("Marta's Rail", authors=[author], tags=["Marta"])
    found = results(client, "marta")

    form = ArticleForm(
        {"related": json.dumps([{"value": item["value"]} for item in found]), "language": "en"},
        article=make_article(),
    )

    assert form.is_valid(), form.errors
    kinds = [next(iter(item)) for item in form.cleaned_data["related"]]
    assert sorted(kinds) == ["article", "author", "tag"]
    assert article.uid in form.cleaned_data["related"][kinds.index("article")].values()
