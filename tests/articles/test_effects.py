"""Who is affected by what an editor is about to do, told before it is done."""

import pytest

from articles import effects, publishing
from articles.models import Article, MenuItem, Pick
from tests.factories import (
    change_draft,
    cite,
    make_article,
    make_author,
    make_public,
    make_scheduled,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db


def newest(article):
    return Article.objects.select_related("latest_revision").get(pk=article.pk).latest_revision


def told(effect):
    """Title of each affected article → the sentences that cite, to readers and in the draft."""
    return {
        entry.article.latest_revision.title: (
            [row.sentence for row in entry.live],
            [row.sentence for row in entry.draft],
        )
        for entry in effect.citing
    }


def citing(target, title, sentence="See {}.", *, make=make_public, section="", **words):
    body = f"<p>{sentence.format(cite(target, 'it', section=section))}</p>"
    return make(title, body=body, **words)


# Removals


def test_live_texts_and_drafts_are_told_apart():
    target = make_public("Target")
    citing(target, "Live")
    citing(target, "Draft", "A plan: {}.", make=make_article)
    citing(target, "Withdrawn", "Once: {}.", make=make_withdrawn)
    both = citing(target, "Both")
    change_draft(both, body=f"<p>Now: {cite(target, 'it')}.</p>")
    dropped = citing(target, "Drops it")
    change_draft(dropped, body="<p>Nothing.</p>")
    make_public("Unaffected")

    effect = effects.of_removal([target])

    assert told(effect) == {
        "Live": (["See it."], []),
        "Draft": ([], ["A plan: it."]),
        "Withdrawn": ([], ["Once: it."]),
        "Both": (["See it."], ["Now: it."]),
        "Drops it": (["See it."], []),
    }
    assert (effect.live_count, effect.draft_count, effect.more) == (3, 3, 0)


def test_what_cites_in_several_places_counts_once():
    target = make_public("Target")
    make_public("Source", body=f"<p>{cite(target)}</p>" * 3, related=[{"article": target.uid}])

    effect = effects.of_removal([target])

    assert (effect.live_count, len(effect.citing), len(effect.citing[0].live)) == (1, 1, 4)


def test_every_way_of_citing_is_told():
    target = make_public("Target")
    for kind in ("updates", "corrects"):
        make_public(kind, relations=[{"kind": kind, "article": target.uid}])
    make_public("series", kind="series", relations=[{"kind": "series", "article": target.uid}])
    make_public("imprint", kind="page", body=f"<p>{cite(target)}</p>")

    assert set(told(effects.of_removal([target]))) == {"updates", "corrects", "series", "imprint"}


def test_menu_and_picks_are_told():
    target = make_public("Target")
    item = MenuItem.objects.create(place="header", label="Menu", article=target)
    pick = Pick.objects.create(place="home_lead", article=target)

    effect = effects.of_removal([target])

    assert (effect.menu_items, effect.picks, effect.is_empty) == ([item], [pick], False)
    assert effects.of_removal([make_public("Other")]).is_empty


def test_what_goes_together_is_no_damage_to_itself():
    one, two = make_public("One"), make_public("Two")
    for source, target in ((one, two), (two, one)):
        change_draft(source, body=f"<p>{cite(target)}</p>")
        publishing.publish(source, by=None)

    assert effects.of_removal([one]).live_count == 1
    assert effects.of_removal([one, two]).is_empty


@pytest.mark.parametrize("number", [3, 12])
def test_telling_asks_the_same_however_many_are_affected(number, django_assert_num_queries):
    target = make_public("Target", authors=[make_author()])
    for item in range(number):
        citing(target, f"Live {item}")
        citing(target, f"Draft {item}", make=make_article)

    with django_assert_num_queries(6):
        effect = effects.of_removal([target])
        assert len(told(effect)) == 2 * number


def test_long_list_says_how_many_more(monkeypatch):
    monkeypatch.setattr(effects, "LISTED", 2)
    target = make_public("Target")
    for item in range(5):
        citing(target, f"Live {item}")

    effect = effects.of_removal([target])

    assert (len(effect.citing), effect.live_count, effect.more) == (2, 5, 3)


# Sections that leave


@pytest.fixture
def harbour():
    return make_public(
        "Harbour", body="<h2>The quay</h2><p>x</p><h2>The crane</h2><p>x</p><h2>The sea</h2>"
    )


def test_section_that_others_cite_is_told_before_it_goes(harbour):
    citing(harbour, "Source", section="s-the-quay")
    citing(harbour, "Plan", section="s-the-quay", make=make_article)
    citing(harbour, "Whole")
    change_draft(harbour, body="<h2>The sea</h2><p>x</p>")

    (leaving,) = effects.of_publishing(harbour, newest(harbour)).leaving_sections

    assert (leaving.anchor, leaving.heading) == ("s-the-quay", "The quay")
    assert told(leaving.effect) == {"Source": (["See it."], []), "Plan": ([], ["See it."])}


def test_section_that_is_reworded_or_cited_by_its_own_article_does_not_leave(harbour):
    citing(harbour, "Source", section="s-the-quay")
    own = cite(harbour, section="s-the-crane")
    publishing.publish(harbour, change_draft(harbour, body=f"{harbour.body}<p>{own}</p>"), by=None)

    change_draft(harbour, body='<h2 id="s-the-quay">Now another</h2><p>x</p>')

    assert not effects.of_publishing(harbour, newest(harbour))


def test_nothing_leaves_what_readers_never_saw():
    article = make_article("Harbour", body="<h2>The quay</h2><p>x</p>")
    citing(article, "Source", section="s-the-quay")
    change_draft(article, body="<p>x</p>")

    article.refresh_from_db()
    assert effects.of_publishing(article, newest(article)).leaving_sections == []


@pytest.mark.parametrize("state", ["withdrawn", "out of the trash"])
def test_section_is_told_before_an_article_comes_back_without_it(harbour, state):
    citing(harbour, "Source", section="s-the-quay")
    citing(harbour, "Old source", section="s-the-crane")
    without_crane = change_draft(harbour, body=f"{harbour.body[:50]}<h2>The sea</h2>")
    publishing.publish(harbour, without_crane, by=None)
    change_draft(harbour, body=f"{without_crane.body}<h2>The buoy</h2>")
    citing(harbour, "Plan", section="s-the-buoy", make=make_article)
    if state == "withdrawn":
        publishing.unpublish(harbour, by=None)
    else:
        publishing.trash(harbour, by=None)
        publishing.untrash(harbour, by=None)
    change_draft(harbour, body="<h2>The shore</h2><p>x</p>")

    harbour.refresh_from_db()
    (leaving,) = effects.of_publishing(harbour, newest(harbour)).leaving_sections

    # Readers lost the crane before, and never had the buoy.
    assert (leaving.anchor, leaving.heading) == ("s-the-quay", "The quay")
    assert told(leaving.effect) == {"Source": (["See it."], [])}


def test_article_that_comes_back_with_its_sections_loses_none(harbour):
    citing(harbour, "Source", section="s-the-quay")
    publishing.unpublish(harbour, by=None)
    change_draft(harbour, body='<h2 id="s-the-quay">Now another</h2><p>x</p>')

    harbour.refresh_from_db()
    assert not effects.of_publishing(harbour, newest(harbour))


# Titles that readers would learn


def titles(article):
    found = effects.of_publishing(article, newest(article)).told_titles
    return [(item.words, item.article.pk) for item in found]


@pytest.mark.parametrize("words", ["The Secret Plan", "the SECRET  plan", "The Sécret-Plan"])
def test_title_of_a_draft_as_words_is_told(words):
    secret = make_article("The Secret Plan")
    source = make_article("Source", body=f"<p>More in {cite(secret, words)} soon.</p>")

    assert [pk for _words, pk in titles(source)] == [secret.pk]


def test_title_of_what_is_only_scheduled_is_told():
    secret = make_scheduled("The Secret Plan")
    source = make_article("Source", body=f"<p>{cite(secret, 'The Secret Plan')}</p>")

    assert titles(source) == [("The Secret Plan", secret.pk)]


def test_words_of_ones_own_tell_no_title():
    secret = make_article("The Secret Plan")

    assert titles(make_article("Source", body=f"<p>{cite(secret, 'a plan')}</p>")) == []


def test_title_that_readers_know_or_knew_is_no_secret():
    live, withdrawn = make_public("The Known Plan"), make_withdrawn("The Former Plan")
    source = make_article(
        "Source",
        body=f"<p>{cite(live, 'The Known Plan')} {cite(withdrawn, 'The Former Plan')}</p>",
    )

    assert titles(source) == []


def test_new_title_of_what_was_withdrawn_is_a_secret():
    withdrawn = make_withdrawn("The Former Plan")
    change_draft(withdrawn, title="The New Plan")
    source = make_article("Source", body=f"<p>{cite(withdrawn, 'The New Plan')}</p>")

    assert titles(source) == [("The New Plan", withdrawn.pk)]


def test_former_title_of_what_was_withdrawn_and_retitled_is_no_secret():
    withdrawn = make_withdrawn("The Former Plan")
    change_draft(withdrawn, title="The New Plan")
    source = make_article("Source", body=f"<p>{cite(withdrawn, 'The Former Plan')}</p>")

    assert titles(source) == []


def test_own_title_in_ones_own_text_is_no_secret():
    article = make_article("The Plan")
    change_draft(article, body=f"<p>{cite(article, 'The Plan')}</p>")

    assert titles(article) == []


@pytest.mark.parametrize("number", [2, 12])
def test_check_asks_the_same_however_much_is_cited(number, harbour, django_assert_num_queries):
    secrets = [make_article(f"Secret {item}") for item in range(number)]
    body = "".join(f"<p>{cite(one, one.latest_revision.title)}</p>" for one in secrets)
    revision = change_draft(harbour, body=body + harbour.body)

    with django_assert_num_queries(4):
        finding = effects.of_publishing(harbour, revision)

    assert len(finding.told_titles) == number
