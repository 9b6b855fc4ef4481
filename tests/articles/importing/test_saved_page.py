from datetime import UTC, datetime
from pathlib import Path

import pytest

from articles.importing.documents import ImportedArticle, ImportedAuthor, Problem
from articles.importing.readers import read

SAMPLE = Path(__file__).parents[2] / "data" / "import" / "saved-page.txt"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def body_of(tmp_path, text):
    path = tmp_path / "page.txt"
    path.write_text(f"Back to Home\n\nTitle\n\n{text}\n", encoding="utf-8")
    return list(read(path, now=NOW))[-1].body


def test_saved_page_sample():
    assert list(read(SAMPLE, now=NOW)) == [
        ImportedAuthor(
            name="Mina Farsi",
            slug="mina-farsi",
            role="Staff Writer",
            short_bio="Mina writes about rivers. She lives by one.",
        ),
        Problem("saved-page.txt", "Damaged letters were repaired: “StΓΆrung” became “Störung”."),
        Problem("saved-page.txt", "Damaged letters were repaired: “β†’” became “→”."),
        ImportedArticle(
            source="saved-page",
            source_id="what-follows-rivers-roads-a-survey",
            where="saved-page.txt",
            title="What Follows? Rivers & Roads: A Survey",
            body=(SAMPLE.with_suffix(".html")).read_text(encoding="utf-8"),
            slug="what-follows-rivers-roads-a-survey",
            authors=("Mina Farsi",),
        ),
    ]


def test_saved_page_of_something_else(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Shopping list\n\nMilk.\nBread.\n")

    (problem,) = read(path, now=NOW)

    assert problem == Problem(
        "notes.txt", "The text does not look like the saved page of an article.", fatal=True
    )


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (
            "For more, see Who Leads? A Reply. It is short.",
            '<p>For more, see <a href="import-title:Who%20Leads%3F">Who Leads?</a> A Reply.'
            " It is short.</p>\n",
        ),
        (
            "It ends. For the rest, refer to U.S. vs. Iran: The Saga.",
            '<p>It ends. For the rest, refer to <a href="import-title:U.S.%20vs.%20Iran%3A%20The'
            '%20Saga">U.S. vs. Iran: The Saga</a>.</p>\n',
        ),
        (
            "For gas, consider reading “Two <Giants>.” Then rest.",
            '<p>For gas, consider reading “<a href="import-title:Two%20%3CGiants%3E">'
            "Two &lt;Giants&gt;</a>.” Then rest.</p>\n",
        ),
        ("For details, see the appendix.", "<p>For details, see the appendix.</p>\n"),
        (
            "A heading\n\nA text.\n\nNo heading",
            "<h2>A heading</h2>\n<p>A text.</p>\n<p>No heading</p>\n",
        ),
        ("One paragraph\nin two lines.", "<p>One paragraph in two lines.</p>\n"),
    ],
)
def test_saved_page_body(tmp_path, text, body):
    assert body_of(tmp_path, text) == body
