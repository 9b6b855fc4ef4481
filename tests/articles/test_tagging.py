"""The life of a tag: merging, splitting, renaming, retiring, and the way back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from articles import content_version, directory, labels, publishing, tag_sets
from articles.models import Article, AuditEntry, MenuItem, Pick, Tag, TagChange
from articles.publishing import Alias, NotAllowed, PublishingError, mergers
from tests.factories import change_draft, cite, make_article, make_public
from tests.rows import dump

pytestmark = pytest.mark.django_db


def tag(name):
    return Tag.objects.get(name=name)


def titles(one):
    return [article.title for article in Article.objects.public().tagged(one)]


def found(one):
    """The articles that combinations of tags know of it."""
    subject = tag_sets.current().by_pk.get(one.pk)
    return subject.articles if subject else ()


def merge(one, into):
    return publishing.merge_tag(tag(one), tag(into), by=None)


def undo(change):
    return publishing.undo_change(change, by=None)


# Merging


def test_merged_tag_leads_readers_to_the_other_and_lists_its_articles_there(client):
    both = make_public("Both", tags=["Oil", "Crude"])
    make_public("Old", tags=["Crude"])
    make_public("New", tags=["Oil"])
    make_public("Citing", body=f"<p>See {cite(tag('Crude'), 'crude oil')}.</p>")

    merge("Crude", "Oil")

    page = client.get("/tags/oil/").content.decode()
    assert [title for title in ("New", "Old", "Both") if page.count(f">{title}</a>") == 1] == [
        "New", "Old", "Both",
    ]  # fmt: skip
    assert titles(tag("Oil")) == ["New", "Old", "Both"]
    assert tag("Oil").article_count == 3
    for below in ("", "feed/", "feed/atom/", "feed/json/", "cited-by/", "connections/"):
        reply = client.get(f"/tags/crude/{below}")
        assert (reply.status_code, reply["Location"]) == (301, f"/tags/oil/{below}")
    assert client.get("/articles/old/").content.decode().count('href="/tags/oil/"') == 1
    assert client.get(both.get_absolute_url()).content.decode().count(">Oil</a>") == 1
    assert '<a href="/tags/oil/">crude oil</a>' in client.get("/articles/citing/").content.decode()
    assert "Citing" in client.get("/tags/oil/cited-by/").content.decode()
    assert ">Crude<" not in client.get("/tags/").content.decode()
    for feed in ("feed/", "feed/atom/", "feed/json/"):
        assert client.get(f"/tags/oil/{feed}").content.decode().count("/articles/old/") >= 1
    assert "/tags/crude/" not in client.get("/sitemap-subjects.xml").content.decode()


def test_what_cites_a_tag_and_what_is_merged_into_it_stands_once_in_cited_by(client):
    publishing.tag_named("Oil")
    publishing.tag_named("Crude")
    make_public("Twice", tags=["Oil", "Crude"], body="<p>.</p>")
    make_public("Citing", body=f"<p>{cite(tag('Oil'))} and {cite(tag('Crude'))}</p>")
    make_public("Another", body=f"<p>{cite(tag('Crude'))}</p>")

    merge("Crude", "Oil")

    page = client.get("/tags/oil/cited-by/").content.decode()
    assert (page.count(">Citing<"), page.count(">Another<")) == (1, 1)


def test_picks_and_menu_of_a_merged_tag_lead_to_the_other(client):
    article = make_public("Old", tags=["Crude"])
    make_public("New", tags=["Oil"])
    Pick.objects.create(tag=tag("Crude"), article=article, place="tag_top", position=1)
    MenuItem.objects.create(label="Fuel", tag=tag("Crude"), place="header")

    merge("Crude", "Oil")

    page = client.get("/tags/oil/").content.decode()
    assert page.count(">Old</a>") == 2
    home = client.get("/").content.decode()
    assert '<a class="menu__link" href="/tags/oil/">Fuel</a>' in home


@pytest.mark.parametrize("name", ["Crude", "crude", "Rohöl", "ROHOEL?", "Oil"])
def test_names_of_a_merged_tag_find_the_other(name):
    make_public(tags=["Oil"])
    make_public(tags=["Crude"])
    publishing.save_tag(tag("Crude"), aliases=["Rohöl", "Rohoel"])

    merge("Crude", "Oil")

    assert [found.target.name for found in directory.find_tags(name, limit=5)] == ["Oil"]
    assert directory.tag_called(name) == tag("Oil")
    with pytest.raises(PublishingError, match="already leads to the tag “Oil”"):
        publishing.save_tag(Tag(name=name))
    assert directory.rebuild() == 0


def test_tag_merged_into_one_that_is_merged_on_leads_to_the_last():
    for name in ("A", "B", "C"):
        make_public(f"On {name}", tags=[name])

    merge("A", "B")
    merge("B", "C")
    merge_of_d = publishing.merge_tag(publishing.tag_named("D"), tag("A"), by=None)

    assert {one.name: one.standing.name for one in Tag.objects.all()} == dict.fromkeys("ABCD", "C")
    assert merge_of_d.other == tag("C")
    assert titles(tag("C")) == ["On C", "On B", "On A"]
    group = tuple(tag(name).pk for name in "CABD")
    assert labels.groups() == {("tag", pk): group for pk in group}


def test_merging_in_a_circle_is_refused():
    for name in ("A", "B"):
        publishing.tag_named(name)
    merge("A", "B")

    for one, into in (("A", "B"), ("B", "A"), ("B", "B"), ("A", "A")):
        with pytest.raises(PublishingError):
            merge(one, into)
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.filter(name="B").update(merged_into=tag("B"))
    with pytest.raises(PublishingError, match="“A” is merged into “B”"):
        publishing.save_tag(tag("A"))


def test_merging_costs_the_same_however_many_articles_there_are():
    def cost(name, number):
        for n in range(number):
            make_public(tags=[name, "Else"][: 1 + n % 2])
        before = dump()
        with CaptureQueriesContext(connection) as merging:
            change = merge(name, "Else")
        after = dump()
        with CaptureQueriesContext(connection) as undoing:
            undo(change)
        written = {table: len(set(after[table]) - set(before[table])) for table in after}
        return len(merging), len(undoing), written

    few, many = cost("Few", 3), cost("Many", 30)

    assert few == many
    assert {table: number for table, number in few[2].items() if number} == {"tag": 2, "name": 1}


def test_merge_writes_no_row_of_an_article():
    make_public(tags=["Oil"])
    make_public(tags=["Crude"], related=[{"tag": publishing.tag_named("Crude").uid}])
    before = dump()

    merge("Crude", "Oil")

    after = dump()
    assert {name for name in after if after[name] != before[name]} == {"tag", "name"}


@pytest.mark.parametrize("who", ["contributor", "stranger"])
def test_tags_are_for_editors_to_change(who, django_user_model):
    user = django_user_model.objects.create_user(who, is_staff=True)
    publishing.tag_named("Oil"), publishing.tag_named("Crude")
    change = merge("Crude", "Oil")
    article = make_public(tags=["Oil"])

    for act in (
        lambda: publishing.merge_tag(tag("Oil"), publishing.tag_named("Gas"), by=user),
        lambda: publishing.undo_change(change, by=user),
        lambda: publishing.save_tag(tag("Oil"), by=user),
        lambda: publishing.retire_tag(tag("Oil"), by=user),
        lambda: publishing.split_tag(tag("Oil"), [article], "Gas", by=user),
        lambda: publishing.tag_articles([article], add=["Gas"], by=user),
    ):
        with pytest.raises(NotAllowed):
            act()


# And back


def test_undone_merge_leaves_everything_as_it_was(client):
    make_public("Both", tags=["Oil", "Crude"])
    make_public("Old", tags=["Crude"])
    publishing.save_tag(tag("Crude"), aliases=["Rohöl"])
    before = dump()

    undo(merge("Crude", "Oil"))

    assert dump() == before
    assert client.get("/tags/crude/").status_code == 200
    assert directory.rebuild() == 0


def test_undone_merge_gives_back_what_was_published_in_between(client):
    make_public("Old", tags=["Crude"])
    make_public("New", tags=["Oil"])
    other = make_article("Later", tags=["rohol", "Gas"])
    publishing.save_tag(tag("Crude"), aliases=["Rohöl"])
    change = merge("Crude", "Oil")

    publishing.publish(other, by=None)
    assert titles(tag("Oil")) == ["Later", "New", "Old"]
    undo(change)

    assert (titles(tag("Oil")), titles(tag("Crude"))) == (["New"], ["Later", "Old"])
    assert (tag("Oil").article_count, tag("Crude").article_count) == (1, 2)


def test_undone_merge_takes_along_what_was_merged_before():
    for name in ("A", "B", "C"):
        make_public(f"On {name}", tags=[name])
    merge("A", "B")
    change = merge("B", "C")

    undo(change)

    assert {one.name: one.standing.name for one in Tag.objects.all()} == {
        "A": "B", "B": "B", "C": "C",
    }  # fmt: skip
    assert (tag("B").article_count, tag("C").article_count) == (2, 1)


def test_undone_merge_leaves_what_has_been_merged_into_the_same_tag_since():
    for name in "ABC":
        make_public(f"On {name}", tags=[name])
    first = merge("A", "B")
    second = merge("B", "C")
    undo(first)
    merge("A", "C")

    undo(second)

    assert {one.name: one.standing.name for one in Tag.objects.all()} == {
        "A": "C", "B": "B", "C": "C",
    }  # fmt: skip
    assert (tag("B").article_count, tag("C").article_count) == (1, 2)


def test_article_of_a_tag_and_of_what_is_merged_into_it_counts_once_whenever_it_is_published():
    make_public(tags=["Oil"])
    make_public(tags=["Crude"])
    merge("Crude", "Oil")

    both = make_public(tags=["Oil", "Crude"])
    assert (tag("Oil").article_count, tag("Crude").article_count) == (3, 2)
    change_draft(both, tags=["Crude"])
    publishing.publish(both, by=None)
    assert (tag("Oil").article_count, tag("Crude").article_count) == (3, 2)
    publishing.unpublish(both, by=None)

    assert (tag("Oil").article_count, tag("Crude").article_count) == (2, 1)


def test_article_is_published_while_somebody_merges_one_of_its_tags(monkeypatch):
    """On PostgreSQL a merge may end between the question what counts as the same and its answer's
    being held."""
    article = make_public("Crude", tags=["Crude"])
    make_public("Oil", tags=["Oil"])
    change_draft(article, tags=["Crude", "Ports"])
    make_public("Ports", tags=["Ports"])
    hold, merged = mergers.hold, []

    def merge_before_holding(model, pks):
        if not merged:
            merged.append(Tag.objects.filter(name="Ports").update(merged_into=tag("Oil")))
        return hold(model, pks)

    monkeypatch.setattr(mergers, "hold", merge_before_holding)
    publishing.publish(article, by=None)

    assert merged == [1]
    assert tag("Oil").article_count == 2
    assert publishing.tag_named("Ports").article_count == 2


def test_tag_that_became_public_by_a_merge_keeps_its_address_when_that_is_undone(client):
    make_public(tags=["Crude"])
    publishing.tag_named("Oil")
    assert client.get("/tags/oil/").status_code == 404

    change = merge("Crude", "Oil")
    assert client.get("/tags/oil/").status_code == 200
    undo(change)

    assert client.get("/tags/oil/").status_code == 200
    assert tag("Oil") not in Tag.objects.listed()


def test_merge_is_undone_once_and_by_name_in_the_audit(django_user_model):
    editor = django_user_model.objects.create_superuser("lea")
    publishing.tag_named("Oil"), publishing.tag_named("Crude")
    change = publishing.merge_tag(tag("Crude"), tag("Oil"), by=editor)

    publishing.undo_change(change, by=editor)

    with pytest.raises(PublishingError, match="undone already"):
        publishing.undo_change(change, by=editor)
    entries = AuditEntry.objects.order_by("pk").values_list(
        "act", "object_name", "detail", "by_name"
    )
    assert list(entries) == [
        ("merged", "Crude", "into “Oil”", "lea"),
        ("undone", "Crude", "merged: “Crude” into “Oil”", "lea"),
    ]


NAMES = ["A", "B", "C", "D"]
acts = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("undo"), st.integers(0, 5), st.just("")),
    ),
    min_size=1,
    max_size=8,
)


@given(acts, st.permutations(range(8)))
def test_whatever_is_merged_and_undone_is_as_it_was_when_all_is_undone(acts, order):
    with transaction.atomic():
        for number, names in enumerate((["A"], ["A", "B"], ["B", "C"], ["C", "D", "A"], ["D"])):
            make_public(f"Article {number}", tags=names)
        before, changes = dump(), []
        for act, one, other in acts:
            try:
                with transaction.atomic():
                    if act == "merge":
                        changes.append(merge(one, other))
                    elif one < len(changes):
                        undo(changes[one])
            except PublishingError:
                pass
            for standing in Tag.objects.standing():
                assert standing.article_count == len(set(titles(standing)))
                assert len(found(standing)) == standing.article_count

        for number in order:
            if number < len(changes) and not TagChange.objects.get(pk=changes[number].pk).undone_at:
                undo(changes[number])

        assert dump() == before
        transaction.set_rollback(True)


# Names and addresses


def test_undone_rename_restores_everything_exactly_where_nobody_saw_it():
    one = publishing.save_tag(Tag(name="Oil"), aliases=["Crude", Alias("نفت", "language", "fa")])
    before = dump()

    one.name, one.slug, one.description = "Petroleum", "petroleum", "Black."
    publishing.save_tag(one, aliases=["Black gold"])
    assert set(one.aliases.values_list("name", "kind", "language")) == {
        ("Petroleum", "name", ""), ("Oil", "former", ""), ("Black gold", "synonym", ""),
    }  # fmt: skip
    undo(TagChange.objects.get())

    assert dump() == before
    assert directory.rebuild() == 0


def test_undone_rename_keeps_the_address_that_readers_saw_and_the_name_that_was_used(client):
    make_public(tags=["Oil"])
    one = tag("Oil")
    one.name, one.slug = "Petroleum", "petroleum"
    publishing.save_tag(one)
    change = TagChange.objects.get()
    late = make_article(tags=["Petroleum"])

    undo(change)

    assert client.get("/tags/petroleum/")["Location"] == "/tags/oil/"
    assert client.get("/tags/oil/").status_code == 200
    assert publishing.names_used_since(change) == {"petroleum": "Petroleum"}
    publishing.publish(late, by=None)
    assert (tag("Oil").article_count, Tag.objects.count()) == (2, 1)


def test_changes_of_a_tag_are_undone_newest_first():
    one = publishing.save_tag(Tag(name="Oil"))
    for description in ("First.", "Second."):
        one.description = description
        publishing.save_tag(one)
    newer, older = TagChange.objects.all()

    with pytest.raises(PublishingError, match="changed again later"):
        undo(older)
    undo(newer)
    undo(older)

    assert tag("Oil").description == ""


def test_name_that_was_given_up_and_taken_is_not_taken_back():
    one = publishing.save_tag(Tag(name="Oil"), aliases=["Crude"])
    publishing.save_tag(one, aliases=[])
    publishing.save_tag(Tag(name="Crude"))

    with pytest.raises(PublishingError, match="“Crude” already leads to the tag “Crude”"):
        undo(TagChange.objects.get())


def test_saving_a_tag_as_it_is_is_no_change():
    one = publishing.save_tag(Tag(name="Oil"), aliases=["Crude"])

    publishing.save_tag(one, aliases=["Crude"])

    assert not TagChange.objects.exists()


def test_retired_tag_keeps_its_page_and_comes_back(client):
    make_public(tags=["Oil"])

    publishing.retire_tag(tag("Oil"), by=None)
    assert client.get("/tags/oil/").status_code == 200
    assert directory.find_tags("oil", limit=5) == []
    publishing.retire_tag(tag("Oil"), by=None, back=True)

    assert [found.target.name for found in directory.find_tags("oil", limit=5)] == ["Oil"]
    assert list(TagChange.objects.values_list("detail", flat=True)) == ["Brought back", "Retired"]


@pytest.mark.parametrize("slug", ["feed", "new", "without", "2026"])
def test_reserved_word_is_no_address_of_a_tag(slug):
    with pytest.raises(PublishingError):
        publishing.save_tag(Tag(name="Oil", slug=slug))


# Splitting and tagging many


def tags_of(article):
    article = Article.objects.select_related("live_revision", "latest_revision").get(pk=article.pk)
    readers = list(article.article_tags.values_list("tag__name", flat=True))
    return (
        readers,
        article.live_revision.tags if article.live_revision else None,
        article.latest_revision.tags,
    )


def test_split_gives_articles_another_tag_in_place_of_the_first_and_is_undone(client):
    moved = make_public("Moved", tags=["Law", "oil", "Sea"])
    stays = make_public("Stays", tags=["Oil"])
    other = make_public("Other", tags=["Law"])
    before = {one: tags_of(one) for one in (moved, stays, other)}
    updated_at = moved.updated_at

    change = publishing.split_tag(tag("oil"), [moved, other], "Gas", by=None)

    assert tags_of(moved)[0] == ["Law", "Gas", "Sea"]
    assert Article.objects.get(pk=moved.pk).updated_at == updated_at
    assert {one: tags_of(one) for one in (stays, other)} == {
        one: before[one] for one in (stays, other)
    }
    assert (tag("oil").article_count, tag("Gas").article_count) == (1, 1)
    publishing.undo_retagging(change, by=None)
    assert {one: tags_of(one) for one in (moved, stays, other)} == before
    assert (tag("oil").article_count, tag("Gas").article_count) == (2, 0)


def test_split_that_keeps_the_tag_adds_the_other():
    article = make_public(tags=["Oil", "Sea"])

    publishing.split_tag(tag("Oil"), [article], "Gas", by=None, keep=True)

    assert tags_of(article)[0] == ["Oil", "Sea", "Gas"]


def test_retagging_leaks_nothing_of_a_newer_draft(client):
    article = make_public("Public", tags=["Oil"])
    change_draft(article, title="Secret", tags=["Oil", "Hush"], body="<p>Secret words.</p>")

    change = publishing.tag_articles([article], add=["Gas"], remove=[tag("Oil")], by=None)

    assert tags_of(article) == (["Gas"], ["Gas"], ["Gas", "Hush"])
    assert "Secret" not in client.get("/articles/public/").content.decode()
    assert Article.objects.get(pk=article.pk).latest_revision.title == "Secret"
    publishing.undo_retagging(change, by=None)
    assert tags_of(article) == (["Oil"], ["Oil"], ["Oil", "Hush"])
    assert not Tag.objects.filter(name="Hush").exists()


def test_undoing_the_tags_of_a_draft_leaves_what_readers_see_alone():
    article = make_public(tags=[])
    change_draft(article, tags=["Oil"])
    change = publishing.tag_articles([article], remove=[publishing.tag_named("Oil")], by=None)

    publishing.undo_retagging(change, by=None)

    assert tags_of(article) == ([], [], ["Oil"])


def test_undoing_after_the_draft_went_out_takes_back_what_readers_see():
    article = make_article(tags=["Oil"])
    change = publishing.tag_articles([article], add=["Gas"], by=None)
    publishing.publish(article, by=None)

    publishing.undo_retagging(change, by=None)

    assert tags_of(article) == (["Oil"], ["Oil"], ["Oil"])


def test_undoing_keeps_what_others_have_changed_since():
    article = make_public(tags=["Oil", "Sea"])
    change = publishing.tag_articles([article], add=["Gas"], remove=[tag("Oil")], by=None)
    change_draft(article, tags=["Gas", "Sea", "Law"])
    publishing.publish(article, by=None)

    publishing.undo_retagging(change, by=None)

    assert set(tags_of(article)[0]) == {"Oil", "Sea", "Law"}


def test_names_that_lead_to_a_tag_count_as_the_tag_when_many_are_tagged():
    publishing.save_tag(Tag(name="Oil"), aliases=["Crude"])
    make_public(tags=["Petrol"])
    merge("Petrol", "Oil")
    articles = [make_public(tags=[name]) for name in ("crude", "Petrol", "OIL", "Sea")]

    publishing.tag_articles(articles, add=["Crude"], by=None)
    assert [tags_of(one)[1] for one in articles] == [["crude"], ["Petrol"], ["OIL"], ["Sea", "Oil"]]
    publishing.tag_articles(articles, remove=[tag("Oil")], by=None)

    assert [tags_of(one)[1] for one in articles] == [[], [], [], ["Sea"]]
    assert publishing.tag_articles(articles, remove=[tag("Oil")], by=None) is None


def test_plans_of_a_draft_go_on_with_its_new_tags():
    article = make_article(tags=["Oil"])
    publishing.schedule(article, due_at=timezone.now() + timedelta(hours=1), by=None)

    publishing.tag_articles([article], add=["Gas"], by=None)
    publishing.carry_out_due(now=timezone.now() + timedelta(hours=2))

    assert tags_of(article)[0] == ["Oil", "Gas"]


def test_retagging_raises_the_content_version_once_and_is_one_change():
    articles = [make_public(tags=["Oil"]) for _number in range(3)]
    version = content_version.current()

    change = publishing.tag_articles(articles, remove=[tag("Oil")], by=None)

    assert change.detail == "− “Oil” (3 articles)"
    assert content_version.current() != version


def test_what_is_in_the_trash_is_not_tagged():
    article = make_article()
    publishing.trash(article, by=None)

    with pytest.raises(PublishingError, match="in the trash"):
        publishing.tag_articles([article], add=["Oil"], by=None)


def test_tags_get_another_edition_whenever_their_articles_change():
    article = make_public(tags=["Oil"])
    make_public(tags=["Crude"])
    seen = [tag("Oil").edition]

    def is_another():
        seen.append(tag("Oil").edition)
        return seen[-1] != seen[-2]

    change_draft(article, title="Only the title")
    publishing.publish(article, by=None)
    assert not is_another()
    change = merge("Crude", "Oil")
    assert is_another()
    make_public(tags=["Crude"])
    assert is_another()
    undo(change)
    assert is_another()
    publishing.unpublish(article, by=None)
    assert is_another()
