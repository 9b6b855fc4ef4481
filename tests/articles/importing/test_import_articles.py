import io

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command

from articles.models import Article, Reference, Schedule, Tag
from authors.models import Author

pytestmark = pytest.mark.django_db

SHIPS = """---
title: Ships
slug: ships
date: 2026-01-05
authors: [Ada Berg]
tags: [Caspian Sea]
---
On [rails](rails.md#the-last-mile) and [nothing](nothing.md).
"""
RAILS = """---
title: Rails
slug: rails
date: 2026-01-06
---
## The Last Mile

Text.
"""
EXPORT = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="https://wordpress.org/export/1.2/">
<channel><link>https://old.example</link><language>en</language>
<wp:base_blog_url>https://old.example</wp:base_blog_url>
{}
</channel></rss>
"""
ITEM = """<item><title>{title}</title><link>https://old.example/{id}/a/</link>
<dc:creator>ada</dc:creator><content:encoded><![CDATA[{text}]]></content:encoded>
<wp:post_id>{id}</wp:post_id><wp:post_date_gmt>{date}</wp:post_date_gmt>
<wp:status>{status}</wp:status><wp:post_type>{kind}</wp:post_type>
<wp:post_password>{password}</wp:post_password></item>
"""
SAVED = """← Back to Home

The Steppe Road

The Steppe Road

A trader is a stΓΆrfaktor here. For more on the sea, see Ships of the Caspian.

Conclusion

It goes on.
A
About the Author

Ada Berg

Analyst

Ada Berg writes.

About Me β†’
"""


def item(id, title="A Title", **changes):
    values = {
        "text": "Text.",
        "date": "2015-03-04 05:06:07",
        "status": "publish",
        "kind": "post",
        "password": "",
    }
    return ITEM.format(id=id, title=title, **(values | changes))


def run(*arguments, **options):
    """What the command prints as its report."""
    output = io.StringIO()
    call_command("import_articles", *map(str, arguments), stdout=output, **options)
    return output.getvalue().splitlines()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "ships.md").write_text(SHIPS, encoding="utf-8")
    (folder / "rails.md").write_text(RAILS, encoding="utf-8")
    return folder


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.xml"
    items = (
        item(1, "First", text='<p><a href="https://old.example/2/a/">on</a> [gallery]</p>'),
        item(2, "Second &lt;em&gt;one&lt;/em&gt;"),
        item(3, "", text="Words without a title."),
        item(4, "Hidden", password="secret"),
        item(5, "Private", status="private"),
        item(6, "Later", status="future", date="2099-01-01 00:00:00"),
        item(7, "Unfinished", status="draft"),
        item(8, "Ελληνικά", kind="page"),
    )
    path.write_text(EXPORT.format("".join(items)), encoding="utf-8")
    return path


@pytest.fixture
def saved_page(tmp_path):
    path = tmp_path / "page.txt"
    path.write_text(SAVED, encoding="utf-8")
    return path


def test_folder_of_markdown_is_imported(folder):
    report = run(folder)

    assert report == [
        "created: rails.md: Rails",
        "created: ships.md: Ships",
        "note: ships.md: The link to “nothing.md” leads nowhere in this import; its words stay.",
        "2 created, 0 updated, 0 unchanged, 0 failed; new with them: 1 authors, 1 tags,"
        " 0 pictures.",
    ]
    reference = Reference.objects.get()
    assert (reference.target_article.slug, reference.section) == ("rails", "s-the-last-mile")


def test_export_of_wordpress_is_imported(export):
    report = run(export)

    states = {article.latest_revision.title: article.state for article in Article.objects.all()}
    assert states == {
        "First": "live",
        "Second one": "live",
        "Words without a title.": "draft",
        "Hidden": "draft",
        "Private": "draft",
        "Later": "draft",
        "Unfinished": "draft",
        "Ελληνικά": "live",
    }
    assert Schedule.objects.get().article.latest_revision.title == "Later"
    assert Reference.objects.get().target_article.title == "Second one"
    assert Article.objects.get(title="Ελληνικά").get_absolute_url() == (
        "/pages/%CE%B5%CE%BB%CE%BB%CE%B7%CE%BD%CE%B9%CE%BA%CE%AC/"
    )
    notes = [line for line in report if line.startswith("note:")]
    assert [line.partition("): ")[2] or line.partition("”: ")[2] for line in notes] == [
        "Left out: 1 gallery.",
        "It has no title; it is a draft called “Words without a title.”.",
        "It is protected by a password, so it is imported as a draft.",
        "It is private, so it is imported as a draft.",
        "Scheduled for 2099-01-01 00:00 UTC.",
    ]


def test_saved_page_is_imported(saved_page):
    report = run(saved_page)

    article = Article.objects.get()
    assert (article.title, article.slug) == ("The Steppe Road", "the-steppe-road")
    assert article.body == (
        "<p>A trader is a störfaktor here. For more on the sea, see Ships of the Caspian.</p>"
        '<h2 id="s-conclusion">Conclusion</h2><p>It goes on.</p>'
    )
    assert Author.objects.get().role == "Analyst"
    assert report == [
        "created: page.txt: The Steppe Road",
        "note: page.txt: Damaged letters were repaired: “stΓΆrfaktor” became “störfaktor”.",
        "note: page.txt: Damaged letters were repaired: “β†’” became “→”.",
        "note: page.txt: “Ships of the Caspian” is mentioned, and there is no article of that"
        " title yet.",
        "1 created, 0 updated, 0 unchanged, 0 failed; new with them: 1 authors, 0 tags,"
        " 0 pictures.",
    ]


def test_saved_page_imported_again_refers_to_what_has_come(saved_page, folder):
    run(saved_page)
    text = SHIPS.replace("title: Ships", "title: Ships of the Caspian")
    (folder / "ships.md").write_text(text, encoding="utf-8")
    run(folder)

    report = run(saved_page)

    assert report[0] == "updated: page.txt: The Steppe Road"
    source = Article.objects.get(slug="the-steppe-road")
    assert source.references.get(set="live").target_article.slug == "ships"


def test_second_run_says_that_nothing_has_changed(folder, export, saved_page):
    run(folder, export, saved_page)

    report = run(folder, export, saved_page)

    assert [line for line in report if not line.startswith("note:")] == [
        "0 created, 0 updated, 11 unchanged, 0 failed; new with them: 0 authors, 0 tags,"
        " 0 pictures."
    ]


def test_unchanged_items_are_listed_on_demand(folder):
    run(folder)

    report = run(folder, verbosity=2)

    assert report[:2] == ["unchanged: rails.md: Rails", "unchanged: ships.md: Ships"]


def test_dry_run_changes_nothing_and_says_so(folder):
    report = run(folder, dry_run=True)

    assert report[-2:] == [
        "2 created, 0 updated, 0 unchanged, 0 failed; new with them: 1 authors, 1 tags,"
        " 0 pictures.",
        "This was a dry run: nothing has been changed.",
    ]
    assert (Article.objects.count(), Author.objects.count(), Tag.objects.count()) == (0, 0, 0)


def test_draft_publishes_nothing(folder):
    run(folder, draft=True)

    assert list(Article.objects.values_list("state", flat=True)) == ["draft", "draft"]


def test_by_names_who_answers_for_it(folder, editor):
    run(folder, by="editor")

    assert {article.created_by for article in Article.objects.all()} == {editor}


def test_by_somebody_unknown_is_one_sentence(folder):
    with pytest.raises(CommandError) as error:
        run(folder, by="nobody")

    assert str(error.value) == "There is no active user “nobody”."


def test_by_somebody_without_the_right_is_one_sentence(folder, django_user_model):
    writer = django_user_model.objects.create_user("writer")
    rights = ("add_article", "change_article")
    writer.user_permissions.set(Permission.objects.filter(codename__in=rights))

    with pytest.raises(CommandError) as error:
        run(folder, by="writer")

    assert str(error.value) == "“writer” may not write and publish articles."
    assert run(folder, by="writer", draft=True)[0] == "created: rails.md: Rails"


def test_failures_stand_in_the_report_and_end_in_an_error(folder, tmp_path):
    (folder / "broken.md").write_bytes(b"---\ntitle: \xff\n---\n")
    output = io.StringIO()

    with pytest.raises(CommandError) as error:
        call_command("import_articles", folder, tmp_path / "none.md", stdout=output)

    assert str(error.value) == "2 failed; see the report."
    report = output.getvalue().splitlines()
    assert [line for line in report if line.startswith("failed:")] == [
        "failed: broken.md: The file is not in UTF-8 (line 2). Save it as UTF-8.",
        f"failed: {tmp_path}/none.md: There is no such file or folder.",
    ]
    assert Article.objects.count() == 2


@pytest.fixture
def many(tmp_path):
    """More articles than go by without a word."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(52):
        (folder / f"{number:02}.md").write_text(f"# Title {number}\n\nText.\n")
    return folder


def test_long_run_shows_its_progress(many):
    errors = io.StringIO()

    run(many, draft=True, stderr=errors)

    assert errors.getvalue() == "50 of 52 …\n"


def test_interrupted_run_is_finished_by_the_next(many):
    class Interrupted(io.StringIO):
        def write(self, text):
            raise KeyboardInterrupt

    with pytest.raises(CommandError) as error:
        run(many, draft=True, stderr=Interrupted())

    assert (error.value.returncode, str(error.value)) == (
        130,
        "Interrupted. What has been imported so far stays; run the same again for the rest.",
    )
    assert run(many, draft=True)[-1].startswith("2 created, 0 updated, 50 unchanged, 0 failed;")
