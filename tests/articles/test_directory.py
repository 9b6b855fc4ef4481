"""The names by which editors find things: what is kept, what is forgotten, what is found."""

from datetime import timedelta

import pytest
from django.utils import timezone

from articles import directory, publishing
from articles.models import Article, Name
from tests.factories import (
    change_draft,
    erase,
    make_article,
    make_author,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db


def names_of(**target):
    return dict(Name.objects.filter(**target).values_list("name", "is_current"))


def titles(query, **options):
    found = directory.find_articles(query, **{"limit": 8} | options)
    return [item.target.latest_revision.title for item in found]


# What is kept


def test_folded_words_have_a_blank_before_and_after_each():
    assert directory.folded("Iran's Größe: S-300!") == " iran grosse s 300 "
    assert directory.folded("?!") == " "


def test_head_is_the_first_three_words():
    assert directory.head(" a b c d ") == "a b c"
    assert directory.head(" iran ") == "iran"
    assert len(directory.head(directory.folded(" ".join(["ﷺ" * 20] * 3)))) <= 200


def test_draft_is_known_by_the_title_of_its_newest_revision_alone():
    article = make_article("First Thought")
    change_draft(article, title="Second Thought")

    assert names_of(article=article) == {"Second Thought": True}


def test_article_is_known_by_the_title_readers_see_and_by_its_drafts():
    article = make_public("Seen by Readers")
    change_draft(article, title="Being Written")

    assert names_of(article=article) == {"Seen by Readers": True, "Being Written": True}


def test_draft_title_that_was_never_public_is_forgotten():
    article = make_public("Seen by Readers")
    change_draft(article, title="Being Written")
    change_draft(article, title="Seen by Readers")
    change_draft(article, title="Something Else")

    assert names_of(article=article) == {"Seen by Readers": True, "Something Else": True}


def test_title_that_readers_knew_is_kept_as_a_former_one():
    article = make_public("Old Title")
    change_draft(article, title="New Title")
    publishing.publish(article, by=None)

    assert names_of(article=article) == {"Old Title": False, "New Title": True}


def test_former_title_outlives_a_draft_that_takes_it_up_and_drops_it():
    article = make_public("Old Title")
    change_draft(article, title="New Title")
    publishing.publish(article, by=None)
    change_draft(article, title="Old Title")
    change_draft(article, title="Third Title")

    assert names_of(article=article) == {
        "Old Title": False,
        "New Title": True,
        "Third Title": True,
    }


def test_former_title_that_is_published_again_is_one_of_today():
    article = make_public("Old Title")
    for title in ("New Title", "Old Title"):
        change_draft(article, title=title)
        publishing.publish(article, by=None)

    assert names_of(article=article) == {"Old Title": True, "New Title": False}


@pytest.mark.parametrize("later_title", ["Scheduled Title", "Later Title"])
def test_title_that_a_schedule_replaces_is_kept_though_the_draft_went_on(later_title):
    article = make_public("Old Title")
    planned = change_draft(article, title="Scheduled Title")
    due_at = timezone.now() + timedelta(hours=1)
    publishing.schedule(article, due_at=due_at, by=None, revision=planned)
    change_draft(article, title=later_title, standfirst="Went on.")
    publishing.carry_out_due(now=due_at)

    assert names_of(article=article) == {
        "Old Title": False,
        "Scheduled Title": True,
        later_title: True,
    }


def test_withdrawn_article_keeps_its_names():
    assert names_of(article=make_withdrawn("Withdrawn")) == {"Withdrawn": True}


def test_article_in_the_trash_has_no_name_of_today_and_gets_them_back():
    article = make_public("Public Title")
    change_draft(article, title="Draft Title")
    article = Article.objects.get(pk=article.pk)
    article.state = Article.State.TRASHED
    directory.enter_article(article)
    in_the_trash = names_of(article=article)
    article.state = Article.State.WITHDRAWN
    directory.enter_article(article)

    assert in_the_trash == {"Public Title": False}
    assert names_of(article=article) == {"Public Title": True, "Draft Title": True}


def test_deleted_article_has_no_names():
    article = make_withdrawn("Gone")
    erase(article)

    assert names_of(article=article) == {}


def test_author_keeps_former_names():
    author = make_author("Marta Lindqvist")
    author.name = "Marta Berg"
    publishing.save_author(author)

    assert names_of(author=author) == {"Marta Lindqvist": False, "Marta Berg": True}


def test_tag_is_known_by_its_name_and_its_aliases_as_they_are():
    tag = publishing.tag_named("Railways")
    publishing.save_tag(tag, aliases=["Trains", "Rolling stock"])
    publishing.save_tag(tag, aliases=["Trains"])

    assert names_of(tag=tag) == {"Railways": True, "Trains": True}


def test_entering_again_asks_once_and_changes_nothing(django_assert_num_queries):
    article = make_public("Steady")
    article = Article.objects.select_related("latest_revision").get(pk=article.pk)

    with django_assert_num_queries(1):
        assert directory.enter_article(article) == 0


def test_rebuild_changes_nothing_where_all_is_well():
    article = make_public("Old Title", tags=["Railways"], authors=[make_author("Marta")])
    change_draft(article, title="New Title")
    publishing.publish(article, by=None)
    change_draft(article, title="Old Title")
    before = sorted(Name.objects.values_list())

    assert directory.rebuild() == 0
    assert sorted(Name.objects.values_list()) == before


def test_rebuild_makes_every_name_again(monkeypatch):
    monkeypatch.setattr(directory, "BATCH_SIZE", 2)
    for number in range(5):
        make_public(f"Title {number}", tags=[f"Tag {number}"], authors=[make_author()])
    publishing.save_tag(publishing.tag_named("Tag 1"), aliases=["Other name"])
    before = set(Name.objects.values_list("name", "words", "head", "is_current"))
    Name.objects.filter(article__isnull=False).delete()
    Name.objects.filter(name="Other name").delete()
    Name.objects.update(words="wrong", head="wrong")
    done = []

    changed = directory.rebuild(progress=done.append)

    assert changed == len(before) == 16
    assert set(Name.objects.values_list("name", "words", "head", "is_current")) == before
    assert done[-1] == 15


# What is found


def test_words_are_found_by_their_beginnings_in_any_order_within_one_name():
    make_public("The North–South Corridor")
    renamed = make_public("Ports of the North")
    change_draft(renamed, title="Harbours and Corridors")

    assert titles("corr NORTH") == ["The North–South Corridor"]
    assert titles("orth") == []


def test_exact_title_comes_first_then_beginnings_then_what_was_touched_last():
    make_public("Grain")
    make_public("Grain across the Caspian")
    make_public("The Price of Grain")
    make_public("Steel for Grain")

    assert titles("grain") == [
        "Grain",
        "Grain across the Caspian",
        "Steel for Grain",
        "The Price of Grain",
    ]


def test_former_title_finds_the_article_and_says_so():
    article = make_public("Old Words")
    change_draft(article, title="New Words")
    publishing.publish(article, by=None)

    by_former, by_present = (
        directory.find_articles(query, limit=8)[0] for query in ("old", "words")
    )

    assert (by_former.target, by_former.former) == (article, "Old Words")
    assert (by_present.target, by_present.former) == (article, "")


def test_article_with_many_former_titles_stands_once_and_crowds_nobody_out():
    article = make_public("Oil 0")
    for number in range(1, 6):
        change_draft(article, title=f"Oil {number}")
        publishing.publish(article, by=None)
    make_public("A Price for Oil")

    assert titles("oil", limit=2) == ["Oil 5", "A Price for Oil"]


def test_trashed_and_deleted_articles_are_never_found():
    trashed = make_public("Secret Trash")
    Article.objects.filter(pk=trashed.pk).update(state=Article.State.TRASHED)
    erase(make_withdrawn("Secret Deleted"))

    assert titles("secret") == []
    assert titles("") == []
    assert directory.find_sections("secret", limit=5) == []


def test_sections_are_found_with_one_word_of_the_heading_at_least():
    body = "<h2>Größe der Häfen</h2><p>x</p><h2>Conclusion</h2><p>y</p>"
    make_public("Rasht and Astara", body=body)
    make_public("Elsewhere", body="<h2>Conclusion</h2><p>z</p>")

    def found(query):
        return [
            f"{section.article.title}: {section.heading}"
            for section in directory.find_sections(query, limit=8)
        ]

    assert found("hafen") == ["Rasht and Astara: Größe der Häfen"]
    assert found("astara conclusion") == ["Rasht and Astara: Conclusion"]
    assert found("conclusion") == ["Elsewhere: Conclusion", "Rasht and Astara: Conclusion"]
    assert found("rasht astara") == []


def test_retired_section_is_not_found():
    article = make_public("Changed", body="<h2>Left Out</h2><p>x</p>")
    change_draft(article, body="<p>x</p>")
    publishing.publish(article, by=None)

    assert directory.find_sections("left", limit=8) == []


def test_retired_authors_and_tags_are_not_found():
    make_author("Marta Lindqvist", is_retired=True)
    tag = publishing.tag_named("Railways")
    tag.is_retired = True
    publishing.save_tag(tag)

    assert directory.find_authors("marta", limit=5) == []
    assert directory.find_tags("railways", limit=5) == []
    assert directory.tag_called("RAIL-ways") == tag


def test_tag_is_found_without_its_blanks_and_hyphens():
    tag = publishing.tag_named("North–South Corridor")

    assert [item.target for item in directory.find_tags("northsouth", limit=5)] == [tag]


@pytest.mark.parametrize(
    "query",
    [
        "\x00",
        "%",
        "_",
        "\\",
        "' OR 1=1 --",
        "🙂",
        "؟",
        "%%%%",
        "\u202e",
        "a" * 10_000,
        "% _ \\ " * 500,
    ],
)
def test_hostile_queries_find_nothing_and_break_nothing(query):
    make_public("100 % of _all_ \\ things", body="<h2>50 %</h2><p>x</p>", tags=["C & D"])
    make_author("O'Neill")

    assert titles(query) == []
    assert directory.find_sections(query, limit=8) == []
    assert directory.find_authors(query, limit=8) == []
    assert directory.find_tags(query, limit=8) == []


def test_names_in_other_scripts_and_of_stop_words_are_found():
    persian = make_public("راه‌آهن رشت آستارا")
    stop_words = make_public("The Which of That")

    assert titles("رشت") == [persian.title]
    assert titles("the which") == [stop_words.title]


def test_finding_costs_the_same_number_of_queries_however_much_there_is(
    django_assert_max_num_queries,
):
    for number in range(12):
        make_public(
            f"Oil {number}", body=f"<h2>Oil at {number}</h2><p>x</p>", tags=[f"Oil {number}"]
        )
        make_author(f"Oil {number}")

    with django_assert_max_num_queries(3):
        assert len(directory.find_articles("oil", limit=8)) == 8
    with django_assert_max_num_queries(2):
        assert len(directory.find_sections("oil", limit=8)) == 8
    with django_assert_max_num_queries(4):
        assert len(directory.find_tags("oil", limit=8)) == 8
    with django_assert_max_num_queries(3):
        assert len(directory.find_authors("oil", limit=8)) == 8
