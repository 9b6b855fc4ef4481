"""What is looked at before an article goes out, and what a stop holds up."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from articles import publish_checks, publishing
from articles.importing.documents import ImportedArticle
from articles.importing.loading import load
from articles.models import Article, PublishCheck
from articles.publishing import PublishingError, Words
from articles.references import token_of
from tests.factories import (
    cite,
    erase,
    make_article,
    make_author,
    make_image,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

SOUND = Words(
    title="Ports", standfirst="On ports.", body="<p>Text.</p>", bylines=["a" * 16], tags=["Ports"]
)


def found(article=None, **changes):
    """key → sentence of what the checks find in words that are sound but for some changes."""
    article = article or Article(kind="article")
    findings = publish_checks.findings(article, replace(SOUND, **changes))
    return {finding.key: finding.sentence for finding in findings}


def set_levels(level, *keys):
    rows = PublishCheck.objects.filter(key__in=keys) if keys else PublishCheck.objects.all()
    rows.update(level=level)


def test_sound_words_have_no_findings():
    assert found() == {}


# Each check


@pytest.mark.parametrize(
    ("field", "text", "number"),
    [
        ("title", "TK", 1),
        ("standfirst", "By TK on TKTK", 2),
        ("body", "<p>The TK, [TK] and TKTKTK.</p><h2>TK: more</h2>", 4),
        ("body", "<ul><li>TK</li></ul>", 1),
        # Letters of longer words, and a word of its own, are none.
        ("body", "<p>The ATK, TKs, tk, TK-95, non-TK and TKT.</p>", 0),
        ("body", '<p><a href="https://example.org/TK">a link</a></p>', 0),
    ],
)
def test_placeholders_are_counted_wherever_they_stand(field, text, number):
    sentence = found(**{field: text}).get("placeholder", "")

    assert sentence == {
        0: "",
        1: "Fill in the TK that is still in the text.",
        2: "Fill in the 2 TKs that are still in the text.",
        4: "Fill in the 4 TKs that are still in the text.",
    }[number]  # fmt: skip


def test_pictures_without_a_description_are_counted():
    plain, described = make_image(alt=""), make_image(alt="A quay")
    pictures = (
        f'<p><img data-image="{plain.uid}"></p><p><img data-image="{described.uid}" alt="x"></p>'
    )

    assert "alt_text" not in found(lead_image_id=described.pk)
    assert found(lead_image_id=plain.pk)["alt_text"].startswith("Describe the picture")
    assert found(body=pictures)["alt_text"].startswith("Describe the picture")
    both = found(body=pictures, lead_image_id=plain.pk)
    assert both["alt_text"] == "Describe the 2 pictures that have no description yet."


def test_what_readers_expect_of_an_article_is_missed():
    missing = found(standfirst="", bylines=[], tags=[])

    assert list(missing) == ["standfirst", "author", "tags"]
    assert all(re.fullmatch(r"\S.*\.", sentence) for sentence in missing.values())


def test_pages_and_series_need_neither_authors_nor_tags():
    missing = {"standfirst": "", "bylines": [], "tags": []}

    assert found(Article(kind="page"), **missing) == {}
    assert list(found(Article(kind="series"), **missing)) == ["standfirst"]


def test_references_that_lead_nowhere_are_named():
    article = make_article("Own", body="<h2>The quay</h2><p>x</p>")
    live = make_public("Live", body="<h2>The pier</h2><p>x</p>")
    led_on = make_public("Old")
    publishing.unpublish(led_on, by=None, lead_to=token_of(live))
    gone = make_public("Gone")
    erase(gone)
    trashed = publishing.trash(make_article("Trashed"), by=None)
    fine = [
        cite(live), cite(live, section="s-the-pier"), cite(led_on), cite(make_article("Draft")),
        cite(make_author("Ada")), cite(publishing.tag_named("Oil")),
        cite(article, section="s-the-quay"),
    ]  # fmt: skip
    lost = [
        cite(gone, "the gone"), cite(trashed, "in trash"), cite(make_withdrawn(), "withdrawn"),
        cite(live, "a section", section="s-none"), cite(article, "own section", section="s-none"),
        '<a data-ref="article:aaaaaaaaaaaaaaaa">no article</a>',
        '<a data-ref="author:aaaaaaaaaaaaaaaa">no author</a>',
        '<a data-ref="tag:aaaaaaaaaaaaaaaa">no tag</a>',
    ]  # fmt: skip
    quay = '<h2 id="s-the-quay">The quay</h2>'

    assert found(article, body=f"{quay}<p>{' '.join(fine)}</p>") == {}
    for link in lost:
        words = re.search(">(.*)<", link)[1]
        sentence = found(article, body=f"{quay}<p>{link} {fine[0]}</p>")["dangling"]
        assert sentence == (
            f"These references lead nowhere: “{words}”. Cite something else, or take them out."
        )
    related = found(article, related=[{"article": gone.uid}, {"article": live.uid}])
    assert "“a related link”" in related["dangling"]


def test_many_references_that_lead_nowhere_make_a_short_sentence():
    links = "".join(
        f'<a data-ref="tag:{"a" * 14}{number:02}">no {number}</a>' for number in range(30)
    )

    assert found(body=f"<p>{links}</p>")["dangling"].count("“") == 5


def test_findings_take_as_many_queries_for_many_references_as_for_few(django_assert_num_queries):
    targets = [make_public(body="<h2>Part</h2>") for _number in range(6)]
    authors = [make_author() for _number in range(6)]

    for number in (1, 6):
        body = "".join(
            f"<p>{cite(target, section='s-part')} {cite(author)}</p>"
            for target, author in zip(targets[:number], authors[:number], strict=True)
        )
        with django_assert_num_queries(6):
            assert found(body=body) == {}


# Levels


def test_every_check_has_a_row_that_the_newsroom_can_change():
    defaults = dict(PublishCheck.objects.values_list("key", "level"))
    assert defaults == {key: level for key, (_words, level) in publish_checks.CHECKS.items()}
    assert [key for key, level in defaults.items() if level == "stop"] == ["placeholder"]

    PublishCheck.objects.filter(key="tags").delete()
    PublishCheck.objects.filter(key="placeholder").update(level="off")
    PublishCheck.objects.create(key="of the past", level="stop")
    call_command("migrate", verbosity=0)

    levels = dict(PublishCheck.objects.values_list("key", "level"))
    assert (levels["tags"], levels["placeholder"]) == ("warning", "off")
    assert "of the past" not in publish_checks.levels()


def test_what_is_off_is_not_looked_at_and_stops_come_first():
    set_levels("off")
    everything = {"title": "TK", "standfirst": "", "bylines": [], "tags": []}
    assert found(**everything) == {}

    set_levels("warning")
    set_levels("stop", "tags", "author")
    assert list(found(**everything)) == ["author", "tags", "placeholder", "standfirst"]


# Stops


def test_stop_refuses_to_publish_with_every_reason(editor):
    set_levels("stop")
    article = make_article("Ports TK", standfirst="", tags=["Ports"])

    with pytest.raises(PublishingError) as refusal:
        publishing.publish(article, by=editor)

    assert str(refusal.value) == (
        "This can't go out yet. Fill in the TK that is still in the text."
        " Write a standfirst: one or two sentences under the title."
        " Say who wrote it: add an author."
    )
    assert Article.objects.get().state == "draft"


def test_warning_holds_nothing_up(editor):
    set_levels("warning")

    publishing.publish(make_article("TK", standfirst=""), by=editor)

    assert Article.objects.get().state == "live"


def test_revision_that_goes_out_is_the_one_that_is_looked_at(editor):
    article = make_article("Ports")
    revision = article.latest_revision
    publishing.save_draft(article, Words(title="Ports TK"), by=editor)

    with pytest.raises(PublishingError, match="Fill in the TK"):
        publishing.publish(article, by=editor)
    publishing.publish(article, revision, by=editor)

    assert Article.objects.get().title == "Ports"


def test_stop_never_holds_up_importer_worker_or_the_way_back_from_the_trash(editor):
    set_levels("stop")
    load(
        [
            ImportedArticle(
                source="x",
                source_id="1",
                where="1",
                title="TK",
                body="<p>x</p>",
                status="published",
            )
        ]
    )
    imported = Article.objects.get()
    assert imported.state == "live"

    set_levels("off")
    planned = make_article("Planned TK")
    publishing.schedule(planned, due_at=timezone.now() + timedelta(hours=1), by=editor)
    set_levels("stop")
    publishing.carry_out_due(now=timezone.now() + timedelta(hours=2))
    publishing.trash(imported, by=editor)
    publishing.untrash(imported, by=editor, as_it_was=True)

    assert {article.state for article in Article.objects.all()} == {"live"}
