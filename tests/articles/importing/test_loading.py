from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import publishing
from articles.importing.documents import (
    ImportedArticle,
    ImportedAuthor,
    ImportedImage,
    ImportedTag,
    Problem,
    RelatedTo,
    Relation,
)
from articles.importing.loading import load
from articles.models import Article, Image, ImportRecord, Redirect, Reference, Schedule, Tag
from articles.rendering import structure
from authors.models import Author
from tests.factories import change_draft, erase, make_author, make_public, picture_file

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)


def document(source_id="one", /, **changes):
    values = {
        "source": "test",
        "source_id": source_id,
        "where": f"file.md, {source_id}",
        "title": f"Title {source_id}",
        "body": "<p>A paragraph of text.</p>",
        "published_at": DAY,
    }
    return ImportedArticle(**(values | changes))


def article_of(source_id="one"):
    return ImportRecord.objects.get(source="test", source_id=source_id).article


def latest(source_id="one"):
    return article_of(source_id).latest_revision


def content_of_database():
    return {
        model: list(model.objects.order_by("pk").values())
        for app in ("articles", "authors")
        for model in apps.get_app_config(app).get_models()
    }


def counts(report):
    return tuple(map(len, (report.created, report.updated, report.unchanged, report.failed)))


def sentences(problems):
    return [(problem.where, problem.why) for problem in problems]


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(picture_file(640, 480).read())
    return path


# What is written


def test_load_article_writes_it_whole(picture):
    author = ImportedAuthor("Ada Berg", role="Analyst", short_bio="Short.", long_bio="Long.")
    one = document(
        slug="the-first",
        standfirst="In short.",
        language="de",
        updated_at=DAY + timedelta(days=2),
        authors=("Ada Berg", "Ben Carr"),
        tags=("Caspian Sea", "Energy"),
        related=(RelatedTo(source_id="two"), RelatedTo(url="https://example.org/", title="Other")),
        lead_image="a.png",
        images={"a.png": ImportedImage(picture, alt="A quay", caption="Anzali", credit="A. B.")},
        body='<h2>Ports</h2><p>Ships.</p><img src="import:a.png" alt="">',
    )

    report = load([author, one, document("two")])

    article, image = article_of(), Image.objects.get()
    assert (counts(report), report.notes) == ((2, 0, 0, 0), [])
    assert (report.authors, report.tags, report.pictures) == (2, 2, 1)
    assert (article.state, article.slug, article.title) == ("live", "the-first", "Title one")
    assert (article.standfirst, article.language) == ("In short.", "de")
    assert (article.first_published_at, article.updated_at) == (DAY, DAY + timedelta(days=2))
    assert article.body == (
        '<h2 id="s-ports">Ports</h2><p>Ships.</p>'
        f'<figure><img data-image="{image.uid}" alt="A quay"></figure>'
    )
    assert (article.lead_image, image.caption, image.credit) == (image, "Anzali", "A. B.")
    assert [byline.author.name for byline in article.bylines.all()] == ["Ada Berg", "Ben Carr"]
    assert sorted(article.tags.names()) == ["Caspian Sea", "Energy"]
    assert article.related == [
        {"article": article_of("two").uid},
        {"url": "https://example.org/", "title": "Other"},
    ]
    ada = Author.objects.get(slug="ada-berg")
    assert (ada.role, ada.short_bio, ada.long_bio) == ("Analyst", "Short.", "Long.")


def test_load_names_who_answers_for_it(editor):
    load([document()], by=editor)

    assert (article_of().created_by, latest().by) == (editor, editor)


def test_load_by_somebody_without_the_right_writes_nothing(django_user_model):
    stranger = django_user_model.objects.create_user("stranger")

    report = load([document(authors=("Ada Berg",))], by=stranger)

    assert sentences(report.failed) == [
        ("file.md, one", "You may not write new articles. Ask an editor.")
    ]
    assert (Article.objects.count(), Author.objects.count()) == (0, 0)


def test_load_draft_stays_one():
    report = load([document(status="draft")])

    assert (counts(report), article_of().state) == ((1, 0, 0, 0), "draft")


def test_load_future_date_becomes_a_schedule():
    due = (timezone.now() + timedelta(days=3)).replace(microsecond=0)

    report = load([document(published_at=due)])

    plan = Schedule.objects.get()
    assert (article_of().state, plan.due_at, plan.revision) == ("draft", due, latest())
    assert sentences(report.notes) == [("file.md, one", f"Scheduled for {due:%Y-%m-%d %H:%M} UTC.")]


def test_load_page_stands_among_pages():
    load([document(kind="page", slug="imprint")])

    assert article_of().get_absolute_url() == "/pages/imprint/"


def test_load_former_path_leads_to_the_article():
    load([document(old_paths=("/2013/01/one/", "no-slash"))])

    redirects = Redirect.objects.order_by("path").values_list("path", "article__title")
    assert list(redirects) == [("/2013/01/one/", "Title one"), ("/no-slash/", "Title one")]


def test_load_former_path_that_is_taken_is_noted():
    load([document(old_paths=("/old/path/",))])

    report = load([document("two", old_paths=("/old/path/",))])

    assert Redirect.objects.get().article == article_of()
    assert sentences(report.notes) == [
        ("file.md, two", "Its former address /old/path/ is taken by something else here.")
    ]


def test_load_problems_of_readers_stand_in_the_report():
    fatal, harmless = Problem("a.md", "Unreadable.", fatal=True), Problem("b.md", "Odd.")

    report = load([fatal, harmless, document()])

    assert (report.failed, report.notes) == ([fatal], [harmless])
    assert counts(report) == (1, 0, 0, 1)


def test_load_tells_its_progress():
    told = []

    load([document(str(n)) for n in range(3)], progress=lambda *step: told.append(step))

    assert told == [(1, 3), (2, 3), (3, 3)]


# Authors and tags


def test_load_author_who_is_here_stays_as_is():
    make_author("Ada Berg", role="Editor")

    report = load([ImportedAuthor("ADA BERG", role="Analyst"), document(authors=("Ada  Berg",))])

    assert list(Author.objects.values_list("name", "role")) == [("Ada Berg", "Editor")]
    assert (report.authors, article_of().bylines.count()) == (0, 1)


def test_load_author_at_a_former_address_gets_another():
    author = make_author("Ada Berg", slug="ada")
    author.slug = "ada-berg"
    publishing.save_author(author)

    load([ImportedAuthor("Ada Other", slug="ada")])

    assert Author.objects.get(name="Ada Other").slug == "ada-2"


def test_load_tag_has_its_description_and_names_and_no_redirect():
    load(
        [
            ImportedTag("North-South Corridor", "instc", "Rails.", aliases=("INSTC", "Corridor")),
            document(tags=("Corridor",)),
        ]
    )

    tag = Tag.objects.get()
    assert (tag.name, tag.slug, tag.description) == ("North-South Corridor", "instc", "Rails.")
    assert (tag.article_count, Redirect.objects.count()) == (1, 0)


def test_load_tag_has_its_picture_which_is_stored_once(picture, tmp_path):
    image = ImportedImage(picture, alt="A quay", caption="Anzali", credit="A. B.")
    missing = ImportedImage(tmp_path / "missing.png", alt="M")

    report = load(
        [
            ImportedTag("Ports", image=image),
            ImportedTag("Rail", image=missing),
            document(lead_image="a.png", images={"a.png": image}),
        ]
    )

    image = Image.objects.get()
    assert (image.alt, image.caption, image.credit) == ("A quay", "Anzali", "A. B.")
    assert [(tag.name, tag.image) for tag in Tag.objects.all()] == [
        ("Ports", image),
        ("Rail", None),
    ]
    assert (report.pictures, [note.where for note in report.notes]) == (1, ["Rail"])


def test_load_tag_whose_alias_is_taken_comes_without_it():
    publishing.tag_named("Sanctions")

    report = load([ImportedTag("Snapback", aliases=("sanctions", "Resolution 2231"))])

    tag = Tag.objects.get(name="Snapback")
    assert sorted(tag.aliases.values_list("name", flat=True)) == ["Resolution 2231", "Snapback"]
    assert sentences(report.notes) == [
        ("Snapback", "“sanctions” already leads to the tag “Sanctions”.")
    ]


def test_load_names_that_are_too_long_are_the_same_in_every_article():
    names = {"authors": ("Ada " * 60,), "tags": ("Caspian " * 60,)}

    report = load([document(**names), document("two", **names)])

    assert counts(report) == (2, 0, 0, 0)
    assert [len(author.name) for author in Author.objects.all()] == [120]
    assert [len(tag.name) for tag in Tag.objects.all()] == [100]
    assert len(report.notes) == 4


def test_load_names_without_letters_are_left_out_and_noted():
    report = load([ImportedAuthor("!"), ImportedTag("…"), document(authors=("?",), tags=("***",))])

    assert (Author.objects.count(), Tag.objects.count()) == (0, 0)
    assert sentences(report.notes) == [
        ("!", "“!” is not the name of an author."),
        ("…", "“…” is not the name of a tag."),
        ("file.md, one", "“?” is not the name of an author."),
        ("file.md, one", "“***” is not the name of a tag."),
    ]


# Links


def body_after(source_id="one"):
    return article_of(source_id).body


def test_load_link_to_a_later_document_becomes_a_reference():
    one = document(body='<p>See <a href="import:two">the other</a>.</p>')

    load([one, document("two")])

    reference = Reference.objects.get()
    assert (reference.source, reference.target_article) == (article_of(), article_of("two"))
    assert (reference.words, reference.sentence) == ("the other", "See the other.")


@pytest.mark.parametrize(
    ("fragment", "section"),
    [
        ("whose-water", "s-whose-water"),
        ("sec-7", "s-whose-water"),
        ("the-end-2", "s-the-end-2"),
        ("long", "s-" + "-".join(["very"] * 12)),
        ("irans-choice", "s-irans-choice"),
    ],
)
def test_load_link_to_a_section_names_the_one_that_is_meant(fragment, section):
    two = document(
        "two",
        body='<h2>The End</h2><h2 id="sec-7">Whose <em>Water</em>?</h2><h3>The End</h3>'
        f'<h2 id="long">{"very " * 30}</h2><h2> </h2><h2>Iran’s Choice</h2><p>Text.</p>',
    )

    report = load([document(body=f'<p><a href="import:two#{fragment}">x</a></p>'), two])

    assert (Reference.objects.get().section, report.notes) == (section, [])
    headings = [heading.anchor for heading in structure(body_after("two")).headings]
    assert headings.count(section) == 1


def test_load_link_to_a_section_that_is_not_there_leads_to_the_article():
    one = document(body='<p><a href="import:two#comments">x</a></p>')

    report = load([one, document("two")])

    assert body_after() == f'<p><a data-ref="article:{article_of("two").uid}">x</a></p>'
    assert sentences(report.notes) == [
        ("file.md, one", "The link to “two” leads to no section of it: “comments”.")
    ]


def test_load_link_within_the_text_names_its_section():
    body = '<p><a href="import:one#ports">x</a> <a href="import:one#top">y</a></p><h2>Ports</h2>'

    load([document(body=body)])

    uid = article_of().uid
    assert body_after() == (
        f'<p><a data-ref="article:{uid}#s-ports">x</a> y</p><h2 id="s-ports">Ports</h2>'
    )


def test_load_link_to_nothing_leaves_its_words():
    report = load([document(body='<p><a href="import:zero">words</a></p>')])

    assert body_after() == "<p>words</p>"
    assert sentences(report.notes) == [
        ("file.md, one", "A link to “zero” became plain words: it is not in this import.")
    ]


def test_load_link_to_a_document_of_an_earlier_import_is_a_reference():
    load([document("two", body="<h2>Ports</h2><p>Text.</p>")])

    load([document(body='<p><a href="import:two#ports">x</a></p>')])

    reference = Reference.objects.get()
    assert (reference.target_article, reference.section) == (article_of("two"), "s-ports")


def test_load_reference_to_what_failed_holds_when_it_comes():
    one = document(body='<p><a href="import:two">x</a></p>')
    two = document("two", kind="poem")
    load([one, two])
    before = article_of().latest_revision_id

    report = load([one, replace(two, kind="article")])

    assert counts(report) == (1, 0, 1, 0)
    assert article_of().latest_revision_id == before
    assert Reference.objects.get().target_article == article_of("two")


def test_load_mention_of_a_title_becomes_a_reference_once_there_is_one():
    one = document(body='<p>For more, see <a href="import-title:The%20Ports">The Ports</a>.</p>')
    first = load([one])
    assert (body_after(), sentences(first.notes)) == (
        "<p>For more, see The Ports.</p>",
        [("file.md, one", "“The Ports” is mentioned, and there is no article of that title yet.")],
    )
    ports = make_public("The PORTS")

    second = load([one])

    assert (counts(second), second.notes) == ((0, 1, 0, 0), [])
    assert Reference.objects.get().target_article == ports
    assert counts(load([one])) == (0, 0, 1, 0)


def test_load_mention_of_a_title_in_the_same_import_is_a_reference():
    one = document(body='<p><a href="import-title:Title%20two">Title two</a></p>')

    load([one, document("two")])

    assert Reference.objects.get().target_article == article_of("two")


def test_load_link_to_names_that_later_documents_bring_is_the_same_at_the_next_run():
    one = document(
        body='<p><a href="import-tag:caspian-sea">a</a> <a href="import-author:Ada%20Berg">b</a>'
        ' <a href="import-tag:none">c</a> <a href="import-author:none">d</a></p>'
    )
    documents = [one, document("two", tags=("Caspian Sea",), authors=("Ada Berg",))]

    first, second = load(documents), load(documents)

    tag, author = Tag.objects.get(), Author.objects.get()
    assert body_after() == (
        f'<p><a data-ref="tag:{tag.uid}">a</a> <a data-ref="author:{author.uid}">b</a> c d</p>'
    )
    assert (counts(first), counts(second)) == ((2, 0, 0, 0), (0, 0, 2, 0))
    assert sentences(first.notes) == [
        ("file.md, one", "There is no tag “none”."),
        ("file.md, one", "There is no author “none”."),
    ]


def test_load_related_links_that_lead_nowhere_are_left_out_and_noted():
    related = (RelatedTo(source_id="zero"), RelatedTo(url="http://["), RelatedTo(url="data:x"))

    report = load([document(related=related)])

    assert article_of().related == []
    assert sentences(report.notes) == [
        ("file.md, one", "The related article “zero” is not in this import."),
        ("file.md, one", "The related link “http://[” can't be followed; left out."),
        ("file.md, one", "The related link “data:x” can't be followed; left out."),
    ]


# Updates, corrections and series


def relation_rows():
    return list(
        Reference.objects.exclude(kind__in=["inline", "related"])
        .order_by("source", "kind", "position")
        .values_list("kind", "source__title", "target_article__title", "section", "sentence")
    )


def test_load_update_and_correction_say_so_of_what_comes_later():
    one = document(
        relations=(
            Relation("updates", "two", fragment="whose-water", note="The treaty  is in force."),
            Relation("corrects", "three", note="The year was 1946."),
        )
    )
    two = document("two", body="<h2>Ports</h2><h2>Whose Water?</h2><p>Text.</p>")

    report = load([one, two, document("three")])

    assert (counts(report), report.notes) == ((3, 0, 0, 0), [])
    assert relation_rows() == [
        ("corrects", "Title one", "Title three", "", "The year was 1946."),
        ("updates", "Title one", "Title two", "s-whose-water", "The treaty is in force."),
    ]


def test_load_series_has_its_parts_in_order():
    parts = tuple(Relation("series", source_id) for source_id in ("two", "three", "one"))

    load([document("s", kind="series", relations=parts), *map(document, ("one", "two", "three"))])

    assert article_of("s").get_absolute_url() == "/series/title-s/"
    assert [row[:3] for row in relation_rows()] == [
        ("series", "Title s", f"Title {part}") for part in ("two", "three", "one")
    ]


def test_load_relation_to_a_document_of_an_earlier_import_holds():
    load([document("two", body="<h2>Ports</h2><p>Text.</p>")])

    load([document(relations=(Relation("updates", "two", fragment="ports"),))])

    assert relation_rows() == [("updates", "Title one", "Title two", "s-ports", "")]


def test_load_relations_that_cannot_be_are_left_out_and_noted():
    one = document(
        relations=(
            Relation("series", "two"),
            Relation("updates", "one"),
            Relation("corrects", "zero"),
            Relation("updates", "two", fragment="comments", note="long " * 100),
        )
    )
    series = document("s", kind="series", relations=(Relation("updates", "two"),))

    report = load([one, series, document("two")])

    ((kind, source, target, section, note),) = relation_rows()
    assert (kind, source, target, section, len(note)) == (
        "updates",
        "Title one",
        "Title two",
        "",
        publishing.NOTE_LENGTH,
    )
    assert sentences(report.notes) == [
        ("file.md, one", "Only a series has parts; “two” was left out."),
        (
            "file.md, one",
            "It names itself as what it updates, corrects or contains; left out.",
        ),
        ("file.md, one", "“zero” is not in this import; left out."),
        ("file.md, one", "The link to “two” leads to no section of it: “comments”."),
        (
            "file.md, one",
            "“long long long long long long long long…” was longer than 300 characters and has been"
            " cut.",
        ),
        ("file.md, s", "A series updates and corrects nothing; “two” was left out."),
    ]


def test_load_relations_again_change_nothing_until_they_differ():
    two = document("two", body="<h2>Ports</h2><p>Text.</p>")
    one = document(relations=(Relation("updates", "two", fragment="ports", note="Newer."),))
    load([one, two])
    before = content_of_database()
    again = load([one, two])
    assert (counts(again), content_of_database() == before) == ((0, 0, 2, 0), True)

    report = load([replace(one, relations=(Relation("corrects", "two", note="Newer."),)), two])

    assert counts(report) == (0, 1, 1, 0)
    assert relation_rows() == [("corrects", "Title one", "Title two", "", "Newer.")]


def test_load_knows_again_what_was_imported_before_there_were_relations():
    one = document(
        standfirst="In short.",
        tags=("Energy",),
        related=(RelatedTo(url="https://example.org/", title="Other"),),
    )
    load([one])
    ImportRecord.objects.update(
        digest="4664590dd5a965de646ffec5c5a51f55d14f25eef0a30216f3a2249b8de2644a"
    )

    report = load([one])

    assert (counts(report), latest().number) == ((0, 0, 1, 0), 1)


def test_load_body_can_run_nothing():
    body = (
        '<p onclick="x()">a<script>b</script><a href="javascript:x">c</a></p>'
        '<iframe src="https://example.org"></iframe><img src="https://example.org/x.png">'
    )

    load([document(body=body)])

    assert body_after() == "<p>ac</p>"


# Pictures


def test_load_picture_used_twice_is_stored_once(picture):
    used = {"lead_image": "a.png", "images": {"a.png": ImportedImage(picture, alt="A quay")}}

    report = load([document(**used), document("two", **used)])

    assert (Image.objects.count(), report.pictures, report.notes) == (1, 1, [])


def test_load_picture_that_an_editor_uploaded_again_changes_nothing(picture):
    used = {"lead_image": "a.png", "images": {"a.png": ImportedImage(picture, alt="A quay")}}
    load([document(**used)])
    image = Image.objects.get()
    image.pk, image.uid = None, "a" * 16
    image.save()

    report = load([document(**used)])

    assert counts(report) == (0, 0, 1, 0)


def test_load_pictures_that_cannot_be_used_are_left_out_and_noted(picture, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture.read_bytes()[:300])
    missing = tmp_path / "missing.png"
    found = {"b": ImportedImage(broken, alt="B"), "m": ImportedImage(missing, alt="M")}
    body = '<p>Text.</p><img src="import:m"><img src="import:?"><img src="x.png">'

    report = load([document(lead_image="b", images=found, body=body)])

    assert (counts(report), body_after()) == ((1, 0, 0, 0), "<p>Text.</p>")
    assert (Image.objects.count(), report.pictures) == (0, 0)
    assert sentences(report.notes) == [
        ("file.md, one", f"[Errno 2] No such file or directory: '{missing}'"),
        ("file.md, one", "There is no picture “?”; left out."),
        (
            "file.md, one",
            "“broken.png” can't be read as a picture. Use a JPEG, PNG, WebP or GIF file.",
        ),
    ]


def test_load_picture_without_description_is_noted(picture):
    report = load([document(lead_image="a", images={"a": ImportedImage(picture)})])

    assert Image.objects.get().alt == ""
    assert sentences(report.notes) == [
        ("file.md, one", "The picture “picture.png” is not described (alt).")
    ]


# Again


def test_load_twice_changes_nothing_at_all(picture):
    documents = [
        ImportedAuthor("Ada Berg"),
        ImportedTag("Energy", description="Oil."),
        document(
            authors=("Ada Berg", "Ben"),
            tags=("Energy", "Gas"),
            lead_image="a",
            images={"a": ImportedImage(picture, alt="A quay")},
            body='<h2>Ports</h2><p><a href="import:two#ports">x</a></p><h2>Ports</h2>',
            related=(RelatedTo(source_id="three"),),
            old_paths=("/a/b/",),
        ),
        document("two", body='<h2>Ports</h2><p><a href="import:one#ports">x</a></p>'),
        document("three", slug="title-two", published_at=timezone.now() + timedelta(days=1)),
        document("four", status="draft"),
        document("five", kind="page", published_at=None),
        document("six", title="Title two"),
    ]
    load(documents)
    before = content_of_database()

    report = load(documents)

    assert counts(report) == (0, 0, 6, 0)
    assert content_of_database() == before


def test_load_changed_text_keeps_the_ids_of_its_sections():
    body = "<h2>Ports</h2><p>Text.</p><h2>Ports</h2><p>More.</p><h2>Rails</h2>"
    load([document(body=body)])

    report = load([document(body=f"<h2>Rivers</h2>{body.replace('Rails', 'Roads')}")])

    headings = [heading.anchor for heading in structure(body_after()).headings]
    assert counts(report) == (0, 1, 0, 0)
    assert headings == ["s-rivers", "s-ports", "s-ports-2", "s-roads"]


def test_load_changed_text_is_cited_by_its_new_sections_at_once():
    one = document(body='<p><a href="import:two#rails">x</a></p>')
    two = document("two", body="<h2>Ports</h2><p>Text.</p>")
    load([two, one])
    changed = replace(two, body="<h2>Rails</h2><h2>Ports</h2><p>Text.</p>")

    load([changed, one])

    assert Reference.objects.get().section == "s-rails"
    assert counts(load([changed, one])) == (0, 0, 2, 0)


def test_load_changed_text_of_a_live_article_goes_live():
    load([document()])

    report = load([document(body="<p>Other text.</p>")])

    assert (counts(report), body_after()) == ((0, 1, 0, 0), "<p>Other text.</p>")
    assert (article_of().first_published_at, latest().number) == (DAY, 2)


def test_load_what_an_editor_changed_stays():
    load([document()])
    change_draft(article_of(), title="Better")
    unchanged = load([document()])
    assert (counts(unchanged), unchanged.notes) == ((0, 0, 1, 0), [])

    report = load([document(body="<p>Other text.</p>")])

    assert (counts(report), latest().title) == ((0, 0, 1, 0), "Better")
    assert sentences(report.notes) == [
        ("file.md, one", "Left as it is: an editor has changed it since the last import.")
    ]


def test_load_what_an_editor_withdrew_stays_withdrawn():
    load([document()])
    publishing.unpublish(article_of(), by=None)

    reports = [load([document()]), load([document(body="<p>Other text.</p>")])]

    assert [counts(report) for report in reports] == [(0, 0, 1, 0), (0, 0, 1, 0)]
    assert (article_of().state, latest().number) == ("withdrawn", 1)


@pytest.fixture
def deleted():
    """The document of an article that cites nothing, was imported and is deleted since."""
    gone = document("gone", slug="gone", body='<h2>Ports</h2><h2 id="sec-7">Rails</h2><p>Text.</p>')
    load([gone])
    erase(article_of("gone"))
    return gone


def test_load_what_an_editor_deleted_stays_deleted(deleted):
    before = content_of_database()

    reports = [
        load([document_again])
        for document_again in (
            deleted,
            replace(deleted, title="Other", authors=("Ada Berg",), tags=("Energy",)),
            replace(deleted, kind="page"),
        )
    ]

    assert [counts(report) for report in reports] == [(0, 0, 1, 0)] * 3
    assert [sentences(report.notes) for report in reports] == [
        [("file.md, gone", "Left out: it was deleted here.")]
    ] * 3
    assert reports[0].unchanged == ["file.md, gone: Title gone"]
    assert content_of_database() == before


def test_load_links_to_what_was_deleted_still_name_it(deleted):
    uid = article_of("gone").uid
    one = document(
        body='<p><a href="import:gone">a</a> <a href="import:gone#ports">b</a>'
        ' <a href="import:gone#sec-7">c</a> <a href="import:gone#new">d</a></p>',
        related=(RelatedTo(source_id="gone"),),
        relations=(Relation("updates", "gone", fragment="ports"),),
    )
    documents = [one, replace(deleted, body=deleted.body + "<h2>New</h2>")]

    report = load(documents)

    article = article_of()
    assert (counts(report), article.body) == (
        (1, 0, 1, 0),
        f'<p><a data-ref="article:{uid}">a</a> <a data-ref="article:{uid}#s-ports">b</a>'
        f' <a data-ref="article:{uid}#s-rails">c</a> <a data-ref="article:{uid}">d</a></p>',
    )
    assert (article.related, article.relations[0]["section"]) == ([{"article": uid}], "s-ports")
    assert counts(load(documents)) == (0, 0, 2, 0)


def test_load_texts_that_cite_what_was_deleted_meanwhile_do_not_change():
    one = document(body='<p><a href="import:two#ports-2">x</a></p>')
    two = document("two", body="<h2>Ports</h2><p>Text.</p><h2>Ports</h2><p>More.</p>")
    load([one, two])
    erase(article_of("two"))

    report = load([one, two])

    assert (counts(report), latest().number) == ((0, 0, 2, 0), 1)
    assert Reference.objects.get().section == "s-ports-2"


def test_load_link_to_what_was_deleted_and_is_not_in_this_import_names_it(deleted):
    load([document(body='<p><a href="import:gone#ports">x</a></p>')])

    assert Reference.objects.get().target_article == article_of("gone")


def test_load_mention_of_a_title_does_not_find_what_was_deleted(deleted):
    one = document(body='<p><a href="import-title:Title%20gone">Title gone</a></p>')

    report = load([deleted, one])

    assert body_after() == "<p>Title gone</p>"
    assert sentences(report.notes)[1:] == [
        (
            "file.md, one",
            "“Title gone” is mentioned, and there is no article of that title yet.",
        )
    ]


def test_load_address_of_what_was_deleted_is_not_given_away(deleted):
    load([document(slug="gone")])

    assert (article_of().slug, article_of("gone").slug) == ("gone-2", "gone")


def test_load_what_an_editor_unscheduled_stays_so():
    due = timezone.now() + timedelta(days=3)
    load([document(published_at=due)])
    publishing.cancel_schedules(article_of(), by=None)

    load([document(published_at=due)])
    load([document(published_at=due, body="<p>Other text.</p>")])

    assert list(Schedule.objects.values_list("outcome", flat=True)) == ["cancelled"]


def test_load_changed_text_of_a_scheduled_article_goes_out_instead():
    due = timezone.now() + timedelta(days=3)
    load([document(published_at=due)])

    load([document(published_at=due, body="<p>Other text.</p>")])

    plan = Schedule.objects.get(outcome="pending")
    assert (plan.revision, plan.revision.body) == (latest(), "<p>Other text.</p>")


def test_load_after_a_load_of_drafts_publishes_them():
    load([document()], draft=True)
    assert article_of().state == "draft"

    report = load([document()])

    assert (counts(report), article_of().state) == ((0, 1, 0, 0), "live")
    assert article_of().first_published_at == DAY
    assert counts(load([document()])) == (0, 0, 1, 0)


def test_load_of_drafts_leaves_what_readers_see():
    load([document()])
    before = article_of().body

    report = load([document(body="<p>Other text.</p>")], draft=True)

    assert (counts(report), body_after(), latest().body) == (
        (0, 1, 0, 0),
        before,
        "<p>Other text.</p>",
    )
    load([document(body="<p>Other text.</p>")])
    assert body_after() == "<p>Other text.</p>"


def test_load_as_another_kind_is_refused_and_leaves_nothing_behind():
    load([document()])
    page = document(kind="page", authors=("Ada Berg",), body="<p>Other text.</p>")

    report = load([page, document("two", authors=("Ada Berg",))])

    assert sentences(report.failed) == [
        ("file.md, one", "It is already here as another kind: article.")
    ]
    assert (latest().number, report.authors) == (1, 1)
    assert article_of("two").bylines.get().author.name == "Ada Berg"


def test_load_same_place_twice_takes_the_first():
    report = load([document(), document(title="Other")])

    assert (counts(report), article_of().title) == ((1, 0, 0, 0), "Title one")
    assert sentences(report.notes) == [
        ("file.md, one", "It stands twice in this import; left out here.")
    ]


# Addresses


def test_load_addresses_that_are_taken_get_a_number_and_keep_it():
    other = make_public("Other", slug="one")
    change_draft(other, slug="two")
    publishing.publish(Article.objects.get(pk=other.pk), by=None)
    documents = [
        document("1", slug="one"),
        document("2", slug="two"),
        document("3", slug="two", status="draft"),
        document("4", slug="two"),
        document("5", slug="two", kind="page"),
    ]

    report = load(documents)

    slugs = [latest(str(n)).slug for n in range(1, 6)]
    assert slugs == ["one-2", "two-2", "two-3", "two-4", "two"]
    assert report.notes[0].why == "The address “one” is taken; “one-2” is used instead."
    assert counts(load(documents)) == (0, 0, 5, 0)


@pytest.mark.parametrize(
    ("slug", "address"),
    [
        ("feed", "article-feed"),
        ("2024", "article-2024"),
        ("/", "article"),
        ("%CE%B5%CF%80%CE%AF", "επί"),
        ("Ein Wort & noch eins", "ein-wort-noch-eins"),
        ("9" * 200, "article"),
        ("wort-" * 100, "-".join(["wort"] * 24)),
        ("x" * 500, "x" * 120),
    ],
)
def test_load_slug_that_cannot_be_an_address_is_made_one(slug, address):
    report = load([document(slug=slug)])

    assert (counts(report), article_of().slug) == ((1, 0, 0, 0), address)


# Whatever a document may hold


@pytest.mark.parametrize(
    ("changes", "state", "notes"),
    [
        ({"title": ""}, "draft", ["It has no title, so it is imported as a draft."]),
        ({"title": "\u200b\u2060"}, "draft", ["It has no title, so it is imported as a draft."]),
        (
            {"title": "long " * 60},
            "live",
            [
                "“long long long long long long long long…” was longer than 200 characters and has"
                " been cut."
            ],
        ),
        ({"body": ""}, "live", ["There is nothing in it but its title."]),
        ({"body": "<!-- nothing -->"}, "live", ["There is nothing in it but its title."]),
        ({"body": "<p>" + "word " * 400_000 + "</p>"}, "live", []),
        ({"body": "<div>" * 200 + "deep"}, "live", []),
        ({"body": "</p><td>&#0;&#xD800;</html><p>text"}, "live", []),
        ({"published_at": datetime(2026, 1, 2, 3)}, "live", []),
        ({"published_at": None}, "live", []),
        (
            {"published_at": datetime(1, 1, 1, tzinfo=UTC)},
            "draft",
            ["Its date can't be right, so it is imported as a draft."],
        ),
        (
            {"published_at": datetime.max},
            "draft",
            ["Its date can't be right, so it is imported as a draft."],
        ),
        ({"updated_at": datetime(1, 1, 1)}, "live", []),
        ({"updated_at": datetime(2900, 1, 1, tzinfo=UTC)}, "live", []),
        (
            {"language": "tlh-Latn-x-very-long"},
            "live",
            ["The language “tlh-latn-x-very-long” is none of this publication; “en” is set."],
        ),
        ({"source_id": "x" * 1000}, "live", []),
        ({"source": "y" * 1000}, "live", []),
        ({"where": "z" * 1000}, "live", []),
        ({"standfirst": "long " * 10_000}, "live", []),
        ({"old_paths": ("/" + "a" * 400, "", "//", "/?", "https://example.org/")}, "live", []),
        ({"tags": ("Energy", "energy", "ENERGY "), "authors": ("Ada", "ada")}, "live", []),
    ],
)
def test_load_odd_document_is_written_beside_others_and_only_once(changes, state, notes):
    odd = document("odd", **changes)
    documents = [document("before"), odd, document("after")]

    report = load(documents)

    article = Article.objects.order_by("pk")[1]
    assert (counts(report), article.state) == ((3, 0, 0, 0), state)
    assert [note.why for note in report.notes] == notes
    before = content_of_database()
    assert counts(load(documents)) == (0, 0, 3, 0)
    assert content_of_database() == before


def test_load_characters_that_cannot_be_stored_are_taken_out():
    bad = "\x00a\ud800b\uffff\x08"
    author, tag = ImportedAuthor(bad, short_bio=bad), ImportedTag(bad, description=bad)
    one = document(
        bad,
        source=bad,
        where=bad,
        title=bad,
        slug=bad,
        standfirst=bad,
        body=f"<p>{bad}</p>",
        authors=(bad,),
        tags=(bad,),
        related=(RelatedTo(url=f"https://example.org/{bad}", title=bad),),
        old_paths=(f"/x/{bad}/",),
    )

    report = load([author, tag, one, Problem(bad, bad)])

    article = Article.objects.get()
    assert (counts(report), report.notes) == ((1, 0, 0, 0), [Problem("ab", "ab")])
    assert (article.title, article.slug, article.body) == ("ab", "ab", "<p>ab</p>")
    assert article.related == [{"url": "https://example.org/ab", "title": "ab"}]
    assert (Author.objects.get().short_bio, Tag.objects.get().description) == ("ab", "ab")


def test_load_failure_of_one_leaves_the_others(picture):
    used = {"lead_image": "a", "images": {"a": ImportedImage(picture, alt="A quay")}}
    bad = document("bad", kind="poem", authors=("Ada Berg",), **used)

    report = load([document("before"), bad, document("after", authors=("Ada Berg",))])

    assert report.created == ["file.md, before: Title before", "file.md, after: Title after"]
    assert sentences(report.failed) == [
        ("file.md, bad", "It is neither an article, a page nor a series.")
    ]
    assert (Article.objects.count(), Author.objects.count(), report.pictures) == (2, 1, 0)


# Trying and stopping


def test_dry_run_changes_nothing_and_reports_what_a_run_does(picture, settings):
    used = {"lead_image": "a", "images": {"a": ImportedImage(picture, alt="A quay")}}
    documents = [
        ImportedTag("Energy"),
        document(authors=("Ada",), tags=("Gas",), **used),
        document("two", status="draft"),
    ]
    load([document("two")])
    before = content_of_database()

    dry = load(documents, dry_run=True)

    assert content_of_database() == before
    assert not settings.MEDIA_ROOT.exists()
    assert dry == load(documents)


def test_interrupted_load_is_finished_by_the_next():
    documents = [
        document(str(n), body=f'<p><a href="import:{(n + 1) % 4}">x</a></p>') for n in range(4)
    ]

    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(documents, progress=interrupt)

    assert counts(load(documents)) == (2, 0, 2, 0)
    assert Reference.objects.filter(target_article__isnull=False).count() == 4


def queries_of(documents):
    with CaptureQueriesContext(connection) as captured:
        load(documents)
    return [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"]]


def test_load_of_what_is_here_takes_as_many_queries_for_12_articles_as_for_3():
    def documents(number):
        return [
            document(str(n), authors=(f"Author {n}",), tags=(f"Tag {n}",)) for n in range(number)
        ]

    load(documents(12))

    assert [len(queries_of(documents(number))) for number in (3, 12)] == [6, 6]


def test_load_asks_for_authors_titles_and_addresses_once():
    body = '<p><a href="import-title:None%20such">x</a></p>'
    documents = [document(str(n), authors=(f"Author {n}",), body=body) for n in range(4)]

    queries = queries_of(documents)

    lists = [sql for sql in queries if sql.startswith("SELECT") and "COUNT" not in sql]
    authors = [sql for sql in lists if "authors_author" in sql and "WHERE" not in sql]
    articles = [sql for sql in lists if 'FROM "articles_article" LEFT OUTER JOIN' in sql]
    assert (len(authors), len(articles)) == (1, 2)
