from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from articles.importing.documents import (
    ImportedArticle,
    ImportedAuthor,
    ImportedImage,
    ImportedTag,
    Problem,
    RelatedTo,
    Relation,
)
from articles.importing.readers import read

FOLDER = Path(__file__).parents[2] / "data" / "import" / "folder"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read_text(tmp_path, text):
    path = tmp_path / "sample.md"
    path.write_text(text, encoding="utf-8")
    items = list(read(path, now=NOW))
    return items[-1], [i.why for i in items if isinstance(i, Problem)]


def body_of(tmp_path, text):
    article, _problems = read_text(tmp_path, f"---\ntitle: T\n---\n{text}")
    return article.body


def test_folder_people_and_tags_come_first():
    items = list(read(FOLDER, now=NOW))

    assert items[:2] == [
        ImportedAuthor(
            name="Mina Farsi",
            slug="mina-farsi",
            role="Editor",
            short_bio="Writes about rivers.",
            long_bio="First paragraph.\n\nSecond paragraph.",
        ),
        ImportedTag(name="Volga", description="The river.", aliases=("Itil", "Rha")),
    ]


def test_folder_tags_have_pictures_beside_them(tmp_path):
    (tmp_path / "river.png").write_bytes(b"a picture")
    (tmp_path / "_images.yaml").write_text("river.png: {alt: A river}", encoding="utf-8")
    tags = "[{name: Volga, image: river.png}, {name: Don, image: ../don.png}]"
    (tmp_path / "_tags.yaml").write_text(tags, encoding="utf-8")
    (tmp_path / "a.md").write_text("# A title", encoding="utf-8")

    items = list(read(tmp_path, now=NOW))

    volga, don = (item for item in items if isinstance(item, ImportedTag))
    assert volga.image == ImportedImage(path=tmp_path / "river.png", alt="A river")
    assert don.image is None
    assert Problem("_tags.yaml", "Don: There is no picture “../don.png”; left out.") in items


def test_folder_article_with_everything():
    article = next(i for i in read(FOLDER, now=NOW) if getattr(i, "source_id", "") == "the-river")

    assert article == ImportedArticle(
        source="markdown",
        source_id="the-river",
        where="river.md",
        title="The River",
        body=(FOLDER.parent / "river.html").read_text(encoding="utf-8"),
        slug="the-river",
        standfirst="A long river.",
        published_at=datetime(2026, 2, 25, 8, tzinfo=UTC),
        updated_at=datetime(2026, 3, 1, tzinfo=UTC),
        authors=("Mina Farsi",),
        tags=("Volga", "Trade", "Ports"),
        related=(
            RelatedTo(source_id="notes/lock"),
            RelatedTo(url="https://example.org/a"),
            RelatedTo(url="https://example.org/b", title="B"),
        ),
        lead_image="images/river.png",
        images={
            "images/river.png": ImportedImage(
                path=FOLDER / "images" / "river.png",
                alt="A river",
                caption="The river in May",
                credit="M. Farsi",
            )
        },
        old_paths=("/old/river/", "/older"),
    )


def test_folder_windows_line_ends():
    article = next(i for i in read(FOLDER, now=NOW) if getattr(i, "source_id", "") == "notes/lock")

    assert article == ImportedArticle(
        source="markdown",
        source_id="notes/lock",
        where="notes/lock.md",
        title="Lock & Gate",
        body='<p>Back to <a href="import:the-river">the river</a>.</p>\n',
        kind="page",
        status="draft",
        published_at=NOW + timedelta(days=3),
    )


def test_folder_wrong_values():
    items = list(read(FOLDER, now=NOW))

    article = next(i for i in items if getattr(i, "source_id", "") == "not-a-slug")
    problems = [i.why for i in items if isinstance(i, Problem) and i.where == article.where]
    assert (article.title, article.status, article.body) == (
        "Wrong Values",
        "draft",
        "<p>Text.</p>\n",
    )
    assert [why.partition(":")[0] for why in problems] == [
        "title",
        "slug",
        "date",
        "Without its date it is imported as a draft.",
        "status",
        "language",
        "kind",
        "tags",
    ]


def test_folder_fatal_problems():
    fatal = [i for i in read(FOLDER, now=NOW) if isinstance(i, Problem) and i.fatal]

    assert [(p.where, p.why) for p in fatal] == [
        ("latin-1.md", "The file is not in UTF-8 (line 1). Save it as UTF-8."),
        ("no-title.md", "There is no title, neither as a key nor as a heading."),
        (
            "wrong-yaml.md",
            "The YAML is not valid in line 4: expected ',' or ']', but got ':'.",
        ),
        ("z-twin.md", "“the-river” is already the name of river.md."),
    ]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-02-25", datetime(2026, 2, 25, tzinfo=UTC)),
        ("2026-02-25 08:00", datetime(2026, 2, 25, 8, tzinfo=UTC)),
        ("2026-02-25T08:00:00+03:30", datetime(2026, 2, 25, 4, 30, tzinfo=UTC)),
        ("2026-02-25 08:00:00 +0100", datetime(2026, 2, 25, 7, tzinfo=UTC)),
        ("in 12 hours", NOW + timedelta(hours=12)),
        ("2026-02-30", None),
        ("[1, 2]", None),
        ("0001-01-01 00:00 +1400", None),
    ],
)
def test_date(tmp_path, value, moment):
    article, problems = read_text(tmp_path, f"---\ntitle: T\ndate: {value}\n---\nText.")

    assert article.published_at == moment
    assert article.status == ("published" if moment else "draft")
    assert bool(problems) == (moment is None)


@pytest.mark.parametrize("value", ["1946", "No", "null and void", "2026-01-01", "12:30"])
def test_title_is_taken_as_written(tmp_path, value):
    article, problems = read_text(tmp_path, f"---\ntitle: {value}\n---\nText.")

    assert (article.title, problems) == (value, [])


@pytest.fixture
def related_files(tmp_path):
    """A folder with two articles, to which a third one can be added."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "lock.md").write_text("# Lock\n\nText.")
    (tmp_path / "river.md").write_text("---\ntitle: River\nslug: the-river\n---\nText.")

    def read_with(front_matter):
        path = tmp_path / "third.md"
        path.write_text(f"---\ntitle: Third\n{front_matter}\n---\nText.", encoding="utf-8")
        items = list(read(tmp_path, now=NOW))
        third = next(i for i in items if getattr(i, "source_id", "") == "third")
        return third, [i.why for i in items if isinstance(i, Problem)]

    return read_with


@pytest.mark.parametrize(
    ("front_matter", "relations"),
    [
        ("updates: river.md", (Relation("updates", "the-river"),)),
        ("corrects: river.md#%C3%84rger", (Relation("corrects", "the-river", "Ärger"),)),
        (
            'updates: {article: "river.md#a-b", note: "Wider\n  than thought."}',
            (Relation("updates", "the-river", "a-b", "Wider than thought."),),
        ),
        (
            'corrects: [notes/lock.md, {article: river.md, note: "Not 1945."}]\nupdates: river.md',
            (
                Relation("updates", "the-river"),
                Relation("corrects", "notes/lock"),
                Relation("corrects", "the-river", note="Not 1945."),
            ),
        ),
        (
            "kind: series\nparts: [river.md, notes/lock.md]",
            (Relation("series", "the-river"), Relation("series", "notes/lock")),
        ),
        ("updates:\ncorrects: []", ()),
    ],
)
def test_relations(related_files, front_matter, relations):
    article, problems = related_files(front_matter)

    assert (article.relations, problems) == (relations, [])
    assert article.kind == ("series" if "series" in front_matter else "article")


def test_relations_that_cannot_be_read_are_reported_beside_those_that_can(related_files):
    article, problems = related_files(
        "updates: [missing.md, river.md, {note: x}, {article: [river.md]}, 7]\n"
        "corrects: {article: notes/lock.md, note: [a, b]}\n"
        'parts: ["#lock", https://example.org/, ../../etc/passwd, ""]'
    )

    assert article.relations == (
        Relation("updates", "the-river"),
        Relation("corrects", "notes/lock"),
    )
    assert problems == [
        "updates: “missing.md” is not part of this import.",
        "updates: An entry is neither a file nor article and note.",
        "updates: An entry is neither a file nor article and note.",
        "updates: “7” is not part of this import.",
        "corrects: A note should be text.",
        "parts: “#lock” is not part of this import.",
        "parts: “https://example.org/” is not part of this import.",
        "parts: “../../etc/passwd” is not part of this import.",
        "parts: An entry is neither a file nor article and note.",
    ]


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("# T\n\n# One\n\n## Two", "<h2>One</h2>\n<h3>Two</h3>\n"),
        ("### One\n\n###### Two", "<h2>One</h2>\n<h4>Two</h4>\n"),
        ("[a](JaVaScRiPt:x) [b](java\tscript:x)", "<p>a [b](java\tscript:x)</p>\n"),
        ("[a](<data:text/html,x>) [b](//e.org/x)", '<p>a <a href="https://e.org/x">b</a></p>\n'),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"),
        ("![a](../../../etc/passwd)", ""),
        (
            "a^[inline *note*]",
            "<p>a<sup>1</sup></p>\n<hr>\n<ol>\n<li><p>inline <em>note</em></p>\n</li>\n</ol>\n",
        ),
        ('[a](https://e.org/"x)', '<p><a href="https://e.org/&quot;x">a</a></p>\n'),
    ],
)
def test_body(tmp_path, text, body):
    assert body_of(tmp_path, text) == body


@pytest.mark.parametrize(
    "front_matter",
    ["- a\n- b", "a: b: c", "a: !!python/object:os.system x", "a: \x07", "[" * 600, "{a: *b}"],
)
def test_front_matter_that_is_none(tmp_path, front_matter):
    problem, _whys = read_text(tmp_path, f"---\n{front_matter}\n---\n# T\n")

    assert isinstance(problem, Problem)
    assert problem.fatal


def test_damaged_letters_are_reported(tmp_path):
    article, problems = read_text(tmp_path, "# Der stΓΆrfaktor\n\n`stΓΆr`\n")

    assert (article.title, article.body) == ("Der störfaktor", "<p><code>stΓΆr</code></p>\n")
    assert problems == ["Damaged letters were repaired: “stΓΆrfaktor” became “störfaktor”."]
