"""Authors that are merged: readers and editors find one, and an undo gives both back."""

import json
import re
from copy import deepcopy

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from articles import (
    content_version,
    directory,
    health,
    labels,
    missing,
    neighbourhood,
    publishing,
    references,
    search_suggestions,
    suggestions,
    tag_sets,
)
from articles.importing.documents import ImportedArticle
from articles.importing.loading import load
from articles.models import Article, AuditEntry
from articles.publishing import NotAllowed, PublishingError
from articles.search import rebuild as rebuild_search
from authors.models import Author
from tests import addresses
from tests.factories import change_draft, cite, make_article, make_author, make_public
from tests.rows import dump

pytestmark = pytest.mark.django_db


def author(name):
    return Author.objects.get(name=name)


def merge(one, into):
    return publishing.merge_author(author(one), author(into), by=None)


def unmerge(one):
    return publishing.unmerge_author(author(one), by=None)


def titles(one):
    return [article.title for article in Article.objects.public().by(one)]


def words(response):
    return " ".join(response.content.decode().split())


@pytest.fixture(scope="module")
def shared_ada(shared_db):
    return make_author("Ada Lovelace", role="Mathematician", short_bio="She counts.")


@pytest.fixture(scope="module")
def shared_zora(shared_db):
    """Another name of Ada, under which she has written, too; once with another address."""
    one = make_author("Zora Byron", slug="zora", role="Poet", short_bio="She rhymes.")
    make_public("Early", authors=[one])
    one.slug = "zora-byron"
    return publishing.save_author(one)


@pytest.fixture(scope="module")
def shared_writings(shared_ada, shared_zora):
    ada, zora = shared_ada, shared_zora
    grace = make_author("Grace")
    return {
        "new": make_public("New", authors=[ada], tags=["Looms"]),
        "both": make_public("Both", authors=[zora, grace, ada], tags=["Looms"]),
        "other": make_public("Other", authors=[grace], tags=["Looms"]),
        "citing": make_public(
            "Citing",
            body=f"<p>By {cite(ada, 'her')} and {cite(zora, 'the poet')}.</p>",
        ),
        "recommending": make_public(
            "Recommending", related=[{"author": zora.uid}, {"author": ada.uid}]
        ),
    }


@pytest.fixture(scope="module")
def shared_merger(shared_writings):
    return merge("Zora Byron", "Ada Lovelace")


@pytest.fixture
def ada(shared_ada):
    return deepcopy(shared_ada)


@pytest.fixture
def zora(shared_zora):
    return deepcopy(shared_zora)


@pytest.fixture
def written(shared_writings):
    return deepcopy(shared_writings)


@pytest.fixture
def merged(shared_merger):
    return deepcopy(shared_merger)


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


# What readers get


def test_no_page_feed_or_sitemap_shows_a_merged_author(client, merged, editor):
    paths = addresses.public_paths()
    shown = {path: client.get(path) for path in paths}

    assert {page.status_code for page in shown.values()} <= {200, 301}
    assert len(paths) > 40
    assert [
        path
        for path, page in shown.items()
        if any(word in page.content.decode() for word in ("Zora", "zora", "Poet", "rhymes"))
    ] == []


def test_addresses_of_a_merged_author_lead_to_the_other_in_one_step(client, merged):
    for former in ("zora-byron", "zora"):
        for below in ("", "feed/", "feed/atom/", "feed/json/", "cited-by/"):
            reply = client.get(f"/authors/{former}/{below}?page=2")
            assert reply.status_code == 301
            assert reply["Location"] == f"/authors/ada-lovelace/{below}?page=2"
    assert client.get("/authors/zora-byron/nothing/").status_code == 404


def test_author_lists_the_articles_of_who_is_merged_into_it_each_once(client, merged, ada):
    page = client.get("/authors/ada-lovelace/")

    assert [card.title for card in page.context["cards"]] == ["Both", "New", "Early"]
    assert "3 articles" in words(client.get("/authors/"))
    assert titles(ada) == ["Both", "New", "Early"]
    for feed in ("feed/", "feed/atom/", "feed/json/"):
        found = client.get(f"/authors/ada-lovelace/{feed}").content.decode()
        assert [title for title in ("Both", "New", "Early", "Other") if title in found] == [
            "Both", "New", "Early",
        ]  # fmt: skip


def test_article_by_both_names_the_author_once_at_the_earliest_place(client, merged, written):
    page = client.get("/articles/both/")
    data = json.loads(
        re.search(r'{"@context": "https://schema.org", "@type": "Article".*?}(?=</script>)',
                  page.content.decode())[0]
    )  # fmt: skip
    cards = client.get("/articles/").content.decode()

    assert [one.name for one in page.context["page"].authors] == ["Ada Lovelace", "Grace"]
    assert [one["name"] for one in data["author"]] == ["Ada Lovelace", "Grace"]
    assert 'content="Ada Lovelace, Grace"' in page.content.decode()
    assert page.content.decode().count("About Me →") == 2
    byline = '<a href="/authors/ada-lovelace/">Ada Lovelace</a> and <a href="/authors/grace/">'
    assert byline in cards
    assert client.get("/feed/").content.decode().count("<dc:creator>Ada Lovelace</dc:creator>") == 3


def test_article_is_by_the_other_before_and_after_it_is_published(client, merged, zora, editor):
    draft = make_article("Late", authors=[zora])
    client.force_login(editor)

    preview = client.get(reverse("admin:articles_article_preview", args=[draft.pk, 1]))
    assert [one.name for one in preview.context["page"].authors] == ["Ada Lovelace"]
    publishing.publish(draft, by=None)

    assert [one.name for one in client.get("/articles/late/").context["page"].authors] == [
        "Ada Lovelace"
    ]
    assert author("Ada Lovelace").article_count == 4


def test_references_to_a_merged_author_lead_to_the_other(client, merged, written, zora):
    alone = make_public("Alone", body=f"<p>{cite(zora)}</p>")
    citing = client.get("/articles/citing/").content.decode()
    recommending = client.get("/articles/recommending/").context["page"]
    sources = [written["citing"], written["recommending"], alone]
    connected = [neighbourhood.of_article(source).groups[0].connections for source in sources]

    assert '<a href="/authors/ada-lovelace/">the poet</a>' in citing
    assert [(item.title, item.url) for item in recommending.related] == [
        ("Ada Lovelace", "/authors/ada-lovelace/")
    ]
    assert [[(one.node.label, one.words) for one in connections] for connections in connected] == [
        [("Ada Lovelace", "in the text")],
        [("Ada Lovelace", "as a related link")],
        [("Ada Lovelace", "in the text")],
    ]
    assert health.counts()[health.Kind.DRAFT] == 0


def test_what_cites_either_stands_once_in_cited_by(client, merged, zora):
    make_public("Another", body=f"<p>{cite(zora)}</p>")

    titles = ("Citing", "Another", "Recommending")
    page = client.get("/authors/ada-lovelace/cited-by/").content.decode()
    author_page = client.get("/authors/ada-lovelace/").content.decode()

    assert [page.count(f">{title}<") for title in titles] == [1, 1, 1]
    assert [author_page.count(f">{title}<") for title in titles] == [1, 1, 0]


def test_tag_counts_what_is_written_by_both_as_of_one(client, merged):
    writers = client.get("/tags/looms/").context["writers"]

    assert [(one.name, count) for one, count in writers] == [
        ("Ada Lovelace", "2 articles"),
        ("Grace", "2 articles"),
    ]


def test_home_and_sitemap_know_one(client, merged, zora):
    newest = make_public("Newest", authors=[zora])

    home = client.get("/").context["authors"]
    sitemap = client.get("/sitemap-subjects.xml").content.decode()

    assert [one.name for one in home] == ["Ada Lovelace", "Grace"]
    assert sitemap.count("/authors/") == 2
    dates = re.findall(r"/authors/ada-lovelace/</loc><lastmod>([^<]*)<", sitemap)
    assert dates == [newest.first_published_at.isoformat()]


@pytest.mark.parametrize("query", ["Zora Byron", "zora", "Byron", "Lovelace", "Ada Lovelace"])
def test_search_for_any_name_finds_what_both_have_written(client, merged, query):
    answer = client.get("/search/", {"q": query}).context["answer"]

    found = set(answer.found.article_ids())
    by_both = {article.pk for article in Article.objects.filter(title__in=["Both", "New", "Early"])}
    assert by_both == found


def test_name_of_a_merged_author_leads_to_the_other_in_the_search(client, merged):
    named = client.get("/search/", {"q": "Zora Byron"}).context["answer"].named
    suggested = client.get("/search/suggest/", {"q": "zor"}).json()["suggestions"]
    mended = client.get("/search/", {"q": "Zorra"}).context["answer"]

    assert [one.name for one in named] == ["Ada Lovelace"]
    assert [one["label"] for one in suggested if one["kind"] == "Author"] == ["Ada Lovelace"]
    assert (mended.words.lower(), len(mended.found)) == ("zora", 3)


def test_merged_authors_take_no_place_among_the_suggestions(client, merged, monkeypatch):
    make_public("Later", authors=[make_author("Zorro")])
    monkeypatch.setattr(search_suggestions, "LOOKED_AT", 2)

    suggested = client.get("/search/suggest/", {"q": "zor"}).json()["suggestions"]

    assert {one["label"] for one in suggested} == {"Ada Lovelace", "Zorro"}


def test_search_is_narrowed_down_to_an_author_by_either_address(client, merged):
    page = client.get("/search/", {"q": "paragraph"})
    choices = next(
        group["choices"] for group in page.context["narrowing"] if group["name"] == "author"
    )
    found = {
        slug: len(
            client.get("/search/", {"q": "paragraph", "author": slug})
            .context["answer"].found.article_ids()
        )
        for slug in ("ada-lovelace", "zora-byron", "grace")
    }  # fmt: skip

    assert [(one["label"], one["count"]) for one in choices] == [("Ada Lovelace", 3), ("Grace", 2)]
    assert found == {"ada-lovelace": 3, "zora-byron": 3, "grace": 2}
    chosen = client.get("/search/", {"q": "paragraph", "author": "zora-byron"}).context["chosen"]
    assert [one["label"] for one in chosen] == ["Ada Lovelace"]


def test_article_that_leads_on_to_a_merged_author_leads_to_the_other(client, merged, zora):
    gone = make_public("Gone")
    publishing.unpublish(gone, by=None, lead_to=references.token_of(zora))

    reply = client.get("/articles/gone/")

    assert (reply.status_code, reply["Location"]) == (301, "/authors/ada-lovelace/")


def test_path_that_meant_a_merged_author_is_guessed_to_mean_the_other(merged, ada):
    assert missing.guesses(["/people/zora-byron/"]) == {"/people/zora-byron/": ada}


def test_pages_of_an_author_ask_no_more_often_with_merged_ones_than_without(client, written):
    def asked(path):
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    paths = [
        "/authors/ada-lovelace/",
        "/authors/ada-lovelace/feed/",
        "/articles/both/",
        "/tags/looms/",
    ]
    before = {path: asked(path) for path in paths}

    merge("Zora Byron", "Ada Lovelace")

    # What several have written is remembered, so it isn't asked for again.
    first_two = {path: before[path] - 1 for path in paths[:2]}
    assert {path: asked(path) for path in paths} == before | first_two


# What editors find


@pytest.mark.parametrize("name", ["Zora", "byron zora", "Ada", "lovel"])
def test_names_of_both_find_the_other_once(desk, merged, name):
    answer = desk.get(reverse("admin:articles_lookup"), {"kind": "author", "q": name}).json()

    assert [(one["label"], one["value"]) for one in answer["results"]] == [
        ("Ada Lovelace", author("Ada Lovelace").uid)
    ]
    assert directory.rebuild() == 0


def test_none_is_hidden_by_those_that_are_merged(merged):
    other = make_author("Zorro")
    for number in range(5):
        one = make_author(f"Zora {number}")
        publishing.merge_author(one, author("Ada Lovelace"), by=None)

    found = directory.find_authors("zor", limit=2)

    assert [(item.target, item.former) for item in found] == [
        (author("Ada Lovelace"), "Zora 0"),
        (other, ""),
    ]


def test_retired_author_is_found_by_no_name_and_hides_none(merged, ada):
    other = make_author("Zora Zimmer")
    ada.is_retired = True
    publishing.save_author(ada)

    assert [found.target for found in directory.find_authors("zora", limit=1)] == [other]
    assert directory.find_authors("ada", limit=5) == []


def test_address_of_a_merged_author_finds_the_other(desk, merged):
    answer = desk.get(
        reverse("admin:articles_lookup"), {"kind": "author", "q": "/authors/zora-byron/"}
    ).json()

    assert [one["label"] for one in answer["results"]] == ["Ada Lovelace"]


def test_text_that_mentions_a_merged_author_could_cite_the_other(merged, ada, zora):
    def mentioned(body):
        found = suggestions.while_writing(None, title="T", standfirst="", body=body)
        return [(item.target, item.words) for item in found.mentions]

    assert mentioned("<p>As Zora Byron says.</p>") == [(ada, "Zora Byron")]
    assert mentioned(f"<p>As Zora Byron says, see {cite(zora, 'there')}.</p>") == []


def test_list_of_articles_names_and_finds_the_other(desk, merged, zora, ada):
    make_article("Draft", authors=[zora, ada])

    listed = desk.get(reverse("admin:articles_article_changelist"), {"author": ada.uid})
    found = {row.latest_revision.title for row in listed.context["cl"].result_list}

    assert found == {"New", "Both", "Early", "Draft"}
    assert "Zora" not in words(listed)
    assert "Ada Lovelace, Ada" not in words(listed)
    assert words(listed).count("Ada Lovelace, Grace") == 1


def test_form_of_an_article_says_who_a_merged_author_is_now(desk, merged, zora):
    article = make_article(authors=[zora])

    page = desk.get(reverse("admin:articles_article_change", args=[article.pk]))

    assert page.context["form"].initial["authors"] == [
        {"value": zora.uid, "label": "Zora Byron", "note": "now “Ada Lovelace”"}
    ]


def test_import_that_names_a_merged_author_is_by_the_other(client, merged):
    load([ImportedArticle("old", "1", "1.md", title="Brought", authors=("Zora Byron",),
                          body="<p>x</p>", status="published")])  # fmt: skip

    assert [one.name for one in client.get("/articles/brought/").context["page"].authors] == [
        "Ada Lovelace"
    ]
    assert Author.objects.filter(name__startswith="Zora").count() == 1


# What is merged


def test_author_merged_into_one_that_is_merged_on_leads_to_the_last(client):
    for name in "ABC":
        make_public(f"On {name}", authors=[make_author(name)])

    merge("A", "B")
    merge("B", "C")

    assert {one.name: one.standing.name for one in Author.objects.all()} == dict.fromkeys(
        "ABC", "C"
    )
    assert titles(author("C")) == ["On C", "On B", "On A"]
    group = tuple(author(name).pk for name in "CAB")
    assert labels.groups() == {("author", pk): group for pk in group}
    assert client.get("/authors/a/")["Location"] == "/authors/c/"


@pytest.mark.parametrize(
    ("one", "into", "sentence"),
    [
        ("A", "C", "“A” is merged into “B”. Undo that first."),
        ("C", "A", "“A” is merged into “B”. Undo that first."),
        ("B", "A", "“A” is merged into “B”. Undo that first."),
        ("A", "B", "“A” is merged into “B”. Undo that first."),
        ("B", "B", "Choose another author to merge this one into."),
        ("A", "A", "Choose another author to merge this one into."),
    ],
)
def test_merge_that_leads_nowhere_is_refused_with_a_sentence(one, into, sentence):
    for name in "ABC":
        make_author(name)
    merge("A", "B")
    before, version = dump(), content_version.current()

    with pytest.raises(PublishingError, match=f"^{re.escape(sentence)}$"):
        merge(one, into)

    assert (dump(), content_version.current()) == (before, version)


def test_database_itself_refuses_an_author_that_leads_to_itself():
    make_author("A"), make_author("B")

    for wrong in (
        {"merged_into": author("A"), "merged_with": author("B")},
        {"merged_into": author("B"), "merged_with": author("A")},
        {"merged_into": author("B")},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Author.objects.filter(name="A").update(**wrong)


def test_merged_author_is_neither_changed_nor_retired(merged, zora):
    before = dump()
    opened_before = Author.objects.get(pk=zora.pk)
    opened_before.merged_into = opened_before.merged_with = None
    opened_before.name = "Zora Neale"
    opened_before.is_retired = True

    with pytest.raises(PublishingError, match="“Zora Byron” is merged into “Ada Lovelace”"):
        publishing.save_author(opened_before)

    assert dump() == before


def test_author_that_was_opened_while_it_was_merged_stands_for_itself_still(merged):
    opened = author("Zora Byron")
    unmerge("Zora Byron")

    opened.role = "Novelist"
    publishing.save_author(opened)

    zora = author("Zora Byron")
    assert (zora.role, zora.merged_into, zora.merged_with) == ("Novelist", None, None)


def test_author_that_was_opened_before_somebody_was_merged_into_it_keeps_the_counts(written):
    opened = author("Ada Lovelace")
    merge("Zora Byron", "Ada Lovelace")

    opened.role = "Countess"
    publishing.save_author(opened)

    ada = author("Ada Lovelace")
    assert (ada.role, ada.article_count) == ("Countess", 3)
    assert ada.group() == (ada.pk, author("Zora Byron").pk)


def test_merging_costs_the_same_however_many_articles_there_are():
    def cost(name, number):
        one, other = make_author(name), make_author(f"{name} else")
        for n in range(number):
            make_public(authors=[one, other][: 1 + n % 2], body=f"<p>{cite(one)}</p>")
        before = dump()
        with CaptureQueriesContext(connection) as merging:
            publishing.merge_author(one, other, by=None)
        after = dump()
        with CaptureQueriesContext(connection) as undoing:
            publishing.unmerge_author(one, by=None)
        written = {table: len(set(after[table]) - set(before[table])) for table in after}
        return len(merging), len(undoing), written

    few, many = cost("Few", 3), cost("Many", 30)

    assert few == many
    assert {table: number for table, number in few[2].items() if number} == {"author": 2}


def test_content_version_rises_with_a_merge_and_its_undo(client, written):
    versions = [content_version.current()]

    merge("Zora Byron", "Ada Lovelace")
    versions.append(content_version.current())
    unmerge("Zora Byron")
    versions.append(content_version.current())

    assert len(set(versions)) == 3


@pytest.mark.parametrize("who", ["contributor", "stranger"])
def test_authors_are_for_editors_to_merge(who, django_user_model, merged):
    user = django_user_model.objects.create_user(who, is_staff=True)
    if who == "contributor":
        user.groups.add(Group.objects.get(name="Contributor"))
    before = dump()

    for act in (
        lambda: publishing.merge_author(author("Grace"), author("Ada Lovelace"), by=user),
        lambda: publishing.unmerge_author(author("Zora Byron"), by=user),
    ):
        with pytest.raises(NotAllowed, match="You may not change authors and tags"):
            act()

    assert dump() == before


# And back


def test_undone_merge_leaves_everything_as_it_was(client, written):
    before, paths = dump(), addresses.public_paths()
    pages = {path: client.get(path).content for path in paths}

    merge("Zora Byron", "Ada Lovelace")
    unmerge("Zora Byron")

    assert dump() == before
    assert [path for path, page in pages.items() if client.get(path).content != page] == []
    assert (directory.rebuild(), references.rebuild()) == (0, 0)


def test_undone_merge_gives_back_what_was_published_in_between(merged, zora):
    late = make_article("Late", authors=[zora])
    publishing.publish(late, by=None)

    unmerge("Zora Byron")

    assert titles(author("Zora Byron")) == ["Late", "Both", "Early"]
    assert titles(author("Ada Lovelace")) == ["Both", "New"]
    counts = Author.objects.order_by("name").values_list("name", "article_count")
    assert dict(counts) == {"Ada Lovelace": 2, "Grace": 2, "Zora Byron": 3}


def test_undone_merge_takes_along_what_was_merged_before_and_nothing_else():
    for name in "ABCDE":
        make_public(f"On {name}", authors=[make_author(name)])
    merge("A", "B")
    merge("B", "C")
    merge("D", "C")
    unmerge("A")
    merge("A", "C")
    merge("E", "C")

    unmerge("B")

    assert {one.name: one.standing.name for one in Author.objects.all()} == {
        "A": "C", "B": "B", "C": "C", "D": "C", "E": "C",
    }  # fmt: skip
    assert (author("B").article_count, author("C").article_count) == (1, 4)


def test_article_by_both_counts_once_whenever_it_is_published(merged, ada, zora):
    both = make_public(authors=[ada, zora])
    counted = [author("Ada Lovelace").article_count]
    change_draft(both, bylines=[zora.uid])
    publishing.publish(both, by=None)
    counted.append(author("Ada Lovelace").article_count)
    publishing.unpublish(both, by=None)
    counted.append(author("Ada Lovelace").article_count)

    assert counted == [4, 4, 3]
    assert author("Zora Byron").article_count == 2


def test_author_that_became_public_by_a_merge_keeps_its_address_when_that_is_undone(client, zora):
    make_author("Unknown")
    assert client.get("/authors/unknown/").status_code == 404

    merge("Zora Byron", "Unknown")
    assert client.get("/authors/unknown/").status_code == 200
    unmerge("Zora Byron")

    assert client.get("/authors/unknown/").status_code == 200
    assert author("Unknown") not in Author.objects.listed()


def test_author_who_was_never_public_leads_nobody_anywhere(client, ada):
    make_author("Draft Name")
    merge("Draft Name", "Ada Lovelace")

    assert client.get("/authors/draft-name/").status_code == 404


def test_merge_is_undone_once_and_both_stand_in_the_audit(editor, written):
    publishing.merge_author(author("Zora Byron"), author("Ada Lovelace"), by=editor)
    publishing.unmerge_author(author("Zora Byron"), by=editor)

    with pytest.raises(PublishingError, match="“Zora Byron” isn't merged any more"):
        publishing.unmerge_author(author("Zora Byron"), by=editor)

    entries = AuditEntry.objects.filter(object_kind="author").order_by("pk")
    assert list(entries.values_list("act", "object_name", "detail", "by_name")) == [
        ("merged", "Zora Byron", "into “Ada Lovelace”", "editor"),
        ("undone", "Zora Byron", "merged into “Ada Lovelace”", "editor"),
    ]


NAMES = ["A", "B", "C", "D"]
acts = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("unmerge"), st.sampled_from(NAMES), st.just("")),
    ),
    min_size=1,
    max_size=8,
)


@given(acts, st.permutations(NAMES))
def test_whatever_is_merged_and_undone_is_as_it_was_when_all_is_undone(acts, order):
    with transaction.atomic():
        people = {name: make_author(name) for name in NAMES}
        for number, names in enumerate(("A", "AB", "BC", "CDA", "D")):
            make_public(f"Article {number}", authors=[people[name] for name in names])
        before = dump()
        leads_to = {}
        for act, one, other in acts:
            try:
                with transaction.atomic():
                    if act == "merge":
                        merge(one, other)
                        leads_to[one] = other
                    else:
                        unmerge(one)
                        del leads_to[one]
            except PublishingError:
                pass
            for row in Author.objects.select_related("merged_into"):
                last = row.name
                while last in leads_to:
                    last = leads_to[last]
                assert row.standing.name == last
                if row.merged_into is None:
                    assert row.article_count == len(set(titles(row))) == len(titles(row))
                    assert len(tag_sets.current().authors[row.pk]) == row.article_count

        for name in order:
            if author(name).merged_into_id:
                unmerge(name)

        assert dump() == before
        transaction.set_rollback(True)


def test_rebuilding_changes_nothing_that_readers_find(client, merged):
    def found():
        return client.get("/search/", {"q": "Zora"}).context["answer"].found.article_ids()

    before = found()

    rebuild_search()

    assert (found(), references.rebuild(), directory.rebuild()) == (before, 0, 0)


# In the newsroom


def address(page, one):
    return reverse(f"admin:authors_author_{page}", args=[one.pk])


def test_merge_is_shown_first_then_done_and_undone(desk, written, ada, zora):
    make_article("Draft", authors=[zora])
    change_draft(written["both"], title="Newer")

    shown = words(desk.get(address("merge", zora), {"into": ada.pk}))
    assert "<b>2</b> public articles are listed under “Ada Lovelace”" in shown
    assert "<b>1</b> of them names both and counts once." in shown
    assert "“Ada Lovelace” has 3 articles then." in shown
    assert "<b>2</b> drafts by “Zora Byron” will come out under “Ada Lovelace”." in shown
    assert "These names lead there: “Zora Byron”." in shown
    assert (
        "/authors/zora-byron/, /authors/zora/ and everything below lead to /authors/ada-lovelace/."
        in shown
    )
    assert "What <b>2</b> articles say of “Zora Byron” links there" in shown
    assert author("Zora Byron").merged_into is None

    done = desk.post(address("merge", zora), {"into": ada.pk}, follow=True)
    assert author("Zora Byron").merged_into == ada
    assert address("unmerge", zora) in words(done)
    assert "“Zora Byron” stands for itself again, with 2 articles" in words(
        desk.get(address("unmerge", zora))
    )

    desk.post(address("unmerge", zora))
    assert author("Zora Byron").merged_into is None
    entries = AuditEntry.objects.filter(object_kind="author")
    assert list(entries.values_list("act", "by_name")) == [
        ("undone", "editor"),
        ("merged", "editor"),
    ]


def test_merge_into_nobody_itself_or_a_merged_one_is_refused_with_a_sentence(desk, merged, ada):
    for into, sentence in (
        ("", "Say which author takes its place."),
        (ada.pk, "Choose another author, who isn&#x27;t merged."),
        (author("Zora Byron").pk, "Choose another author, who isn&#x27;t merged."),
        ("nobody", "Choose another author, who isn&#x27;t merged."),
    ):
        response = desk.post(address("merge", ada), {"into": into})
        assert (response.status_code, sentence in words(response)) == (422, True)
    assert Author.objects.standing().count() == 2


def test_merged_author_shows_where_it_leads_and_cannot_be_edited(desk, merged, ada, zora):
    page = words(desk.get(address("change", zora)))

    assert "This author is merged into" in page
    assert "Undo the merge" in page
    assert desk.post(address("change", zora), {"name": "X"}).status_code == 403
    assert desk.get(address("merge", zora)).status_code == 404
    assert desk.get(address("unmerge", ada)).status_code == 404
    assert "merged into it" in words(desk.get(address("change", ada)))
    changelist = reverse("admin:authors_author_changelist")
    listed = words(desk.get(changelist))
    assert (">Ada Lovelace</a>" in listed, ">Zora Byron</a>" in listed) == (True, False)
    assert ">Ada Lovelace</a>" in words(desk.get(changelist, {"q": "zora"}))
    assert ">Zora Byron</a>" in words(desk.get(changelist, {"use": "merged"}))


@pytest.mark.parametrize("role", ["Contributor", None])
def test_pages_of_merging_are_for_editors(client, django_user_model, merged, role):
    user = django_user_model.objects.create_user("someone", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    into = {"into": author("Ada Lovelace").pk}
    pages = [address("merge", author("Grace")), address("unmerge", author("Zora Byron"))]

    answers = [getattr(client, method)(page, into) for page in pages for method in ("get", "post")]

    assert {answer.status_code for answer in answers} == {403}
    assert Author.objects.standing().count() == 2
