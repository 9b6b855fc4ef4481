"""The demonstration publication, loaded once for the tests of this file."""

import io
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import timezone

from articles.importing import readers
from articles.importing.loading import load
from articles.management.commands.load_demo import FOLDER
from articles.models import (
    Article,
    ArticleTag,
    Image,
    MenuItem,
    Pick,
    Reference,
    Schedule,
    Section,
    SiteSettings,
    Tag,
)
from articles.rendering import structure
from authors.models import Author
from tests.factories import change_draft

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(shared_db):
    """The report of the first load."""
    report = load(readers.read(FOLDER, now=timezone.now()))
    load_again()
    return report


def load_again():
    output = io.StringIO()
    call_command("load_demo", stdout=output)
    return output.getvalue()


def content_of_database():
    return {
        model: list(model.objects.order_by("pk").values())
        for app in ("articles", "authors")
        for model in apps.get_app_config(app).get_models()
    }


def drafts_and_articles():
    return Article.objects.articles().select_related("latest_revision")


def test_demo_loads_without_failure_or_note_but_the_schedule(demo):
    files = list(FOLDER.rglob("*.md"))

    planned = Schedule.objects.get()
    date = f"{planned.due_at:%Y-%m-%d %H:%M} UTC"
    assert (demo.failed, len(demo.created)) == ([], len(files))
    assert [note.why for note in demo.notes] == [f"Scheduled for {date}."]


def test_demo_has_enough_articles_authors_and_tags(demo):
    articles = Article.objects.public().articles()
    authors = Author.objects.listed()

    assert articles.count() >= 24
    assert authors.count() >= 5
    assert Tag.objects.listed().count() >= 20
    assert [tag.name for tag in Tag.objects.all() if len(tag.description) < 40] == []
    assert [author.name for author in authors if not (author.short_bio and author.long_bio)] == []
    assert [article.title for article in articles if not article.bylines.exists()] == []
    assert [article.title for article in articles if not article.tags.exists()] == []


def test_demo_articles_have_the_right_length_and_sections(demo):
    texts = {
        article.latest_revision.title: structure(article.latest_revision.body)
        for article in drafts_and_articles()
    }

    lengths = {title: len(text.text.split()) for title, text in texts.items()}
    assert {title: n for title, n in lengths.items() if not 500 <= n <= 1200} == {}
    assert [title for title, text in texts.items() if len(text.headings) < 3] == []


def test_demo_references_lead_to_what_exists(demo):
    references = Reference.objects.select_related("source")
    sections = set(
        Section.objects.exclude(state=Section.State.RETIRED).values_list("article__uid", "anchor")
    )

    dangling = references.filter(
        target_article=None, target_author=None, target_tag=None
    ).values_list("words", flat=True)
    to_sections = [reference for reference in references if reference.section]
    missing = [r.words for r in to_sections if (r.target_uid, r.section) not in sections]
    assert (list(dangling), missing) == ([], [])
    assert len(to_sections) >= 10
    citing = {r.source_id for r in references if r.kind == "inline"}
    assert [a.latest_revision.title for a in drafts_and_articles() if a.pk not in citing] == []


def test_demo_shows_readers_every_kind_of_reference(demo):
    shown = Reference.objects.filter(
        set="live",
        source__in=Article.objects.public(),
        target_article__in=Article.objects.public(),
    )

    assert set(shown.values_list("kind", flat=True)) == set(Reference.Kind.values)
    series = Article.objects.public().series().get()
    assert 3 <= shown.filter(kind="series", source=series).count() <= 5
    said = shown.filter(kind__in=["updates", "corrects"]).values_list("sentence", "section")
    assert all(sentence.endswith(".") and section for sentence, section in said)


def test_demo_has_drafts_and_one_schedule_that_follows_the_day_of_loading(demo):
    drafts = Article.objects.articles().filter(state="draft", schedules=None)

    planned = Schedule.objects.get()
    assert drafts.count() >= 2
    assert planned.outcome == "pending"
    assert timedelta() < planned.due_at - timezone.now() < timedelta(days=60)


def test_demo_has_tags_with_pictures_and_lead_articles_of_theirs(demo):
    led = Pick.objects.filter(place=Pick.Place.TAG_TOP)

    carried = {(pick.tag_id, pick.article_id) for pick in led}
    assert carried <= set(ArticleTag.objects.values_list("tag", "content_object"))
    assert Tag.objects.filter(image__isnull=False, pk__in=led.values("tag")).count() >= 6
    assert [pick.tag.name for pick in led if pick.tag.image_id == pick.article.lead_image_id] == []


def test_demo_pictures_are_large_and_described(demo):
    pictures = Image.objects.exclude(original_name="mark.png")

    titles = set(Article.objects.values_list("latest_revision__title", flat=True))
    assert pictures.count() >= 10
    assert [image.original_name for image in pictures if image.width < 1200] == []
    assert [i.original_name for i in pictures if len(i.alt) < 30 or i.alt in titles] == []
    alts = [image.alt for image in pictures]
    assert len(set(alts)) == len(alts)


def test_demo_sets_up_the_site(demo):
    settings = SiteSettings.objects.get()

    states = {pick.article.state for pick in Pick.objects.select_related("article")}
    assert (settings.name, settings.logo.original_name) == ("Iran Russland Beziehung", "mark.png")
    assert {item.place for item in MenuItem.objects.all()} == {"header", "footer"}
    assert states == {"live"}
    assert {pick.place for pick in Pick.objects.all()} == set(Pick.Place.values)
    assert [a.title for a in Article.objects.public() if a.has_newer_draft] == [
        "A Falling Sea: Water Levels and Caspian Ports"
    ]


def test_second_load_changes_nothing(demo):
    before = content_of_database()

    said = load_again()

    assert content_of_database() == before
    assert said == f"Demonstration: 0 new, 0 changed, {len(demo.created)} already here.\n"


def test_second_load_keeps_what_an_editor_changed(demo):
    article = Article.objects.get(slug="north-south-corridor")
    change_draft(article, title="Better")
    SiteSettings.objects.update(name="Another Name")
    MenuItem.objects.filter(place="header").delete()
    Author.objects.filter(slug="marta-lindqvist").update(role="Editor in chief")
    Tag.objects.filter(slug="history").update(description="The past.")
    before = content_of_database()

    load_again()

    assert content_of_database() == before
