"""The readers of import formats, and the choice between them."""

from pathlib import Path

from articles.importing.documents import Problem
from articles.importing.readers import markdown, saved_page, wordpress

_READERS = {
    ".md": markdown,
    ".markdown": markdown,
    ".xml": wordpress,
    ".txt": saved_page,
}


def read(path, *, now):
    """Yields what a file or folder holds, in the order that documents.py promises.

    Never raises for what it finds there: whatever can't be read becomes a Problem.
    """
    path = Path(path)
    try:
        is_folder = path.is_dir()
        exists = is_folder or path.exists()
    except (OSError, ValueError) as error:
        yield Problem(str(path), f"This can't be opened: {error}.", fatal=True)
        return
    reader = markdown if is_folder else _READERS.get(path.suffix.lower())
    if not exists:
        yield Problem(str(path), "There is no such file or folder.", fatal=True)
    elif reader is None:
        yield Problem(
            str(path),
            "No importer knows this kind of file: give a folder of Markdown files, or a file"
            " ending in .md, .xml (WordPress export) or .txt (saved page).",
            fatal=True,
        )
    else:
        yield from reader.read(path, now=now)
