from datetime import UTC, datetime
from pathlib import Path

import pytest

from articles.importing.documents import ImportedArticle, Problem
from articles.importing.readers import read

DATA = Path(__file__).parents[2] / "data" / "import"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read_all(path):
    return list(read(path, now=NOW))


def test_read_missing_path(tmp_path):
    path = tmp_path / "none.md"

    assert read_all(path) == [Problem(str(path), "There is no such file or folder.", fatal=True)]


def test_read_name_with_null_character():
    (problem,) = read_all("a\0.md")

    assert problem.fatal


def test_read_folder_without_articles(tmp_path):
    (tmp_path / "_drafts.md").write_text("# No")

    assert read_all(tmp_path) == [
        Problem(str(tmp_path), "There is no Markdown file in this folder.", fatal=True)
    ]


def test_read_unknown_kind(tmp_path):
    path = tmp_path / "text.docx"
    path.touch()

    (problem,) = read_all(path)

    assert problem.fatal


@pytest.mark.parametrize("suffix", [".md", ".txt", ".xml"])
@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\0\1\2", b"\xff\xfeT\0", b"\xfc" * 9, b"<rss", b"---\n", b"<p>"]
)
def test_read_worthless_content(tmp_path, suffix, content):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)

    problems = read_all(path)

    assert [type(p) for p in problems] == [Problem]
    assert problems[0].fatal


@pytest.mark.parametrize(
    ("name", "articles", "problems", "fatal"),
    [
        ("folder", 3, 20, 4),
        ("export.xml", 5, 6, 1),
        ("damaged-export.xml", 2, 9, 2),
        ("unclosed-item.xml", 3, 3, 0),
        ("saved-page.txt", 1, 2, 0),
    ],
)
def test_read_samples(name, articles, problems, fatal):
    items = read_all(DATA / name)

    found = [i for i in items if isinstance(i, Problem)]
    assert [type(i) for i in items].count(ImportedArticle) == articles
    assert (len(found), sum(p.fatal for p in found)) == (problems, fatal)
