"""Reading a text file, or saying in one sentence why that can't be done."""

from articles.importing.documents import Problem
from articles.importing.repair import repair

# Longer than any article; what is larger is no text, or several.
MAX_BYTES = 5_000_000


class UnreadableError(Exception):
    """Why a file, or something in it, can't be read: a sentence for the report."""


def read_text(path):
    """The text of a UTF-8 file with plain line ends; UnreadableError says why not."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"The file can't be opened: {error.strerror or error}.") from error
    if len(content) > MAX_BYTES:
        raise UnreadableError(f"The file is larger than {MAX_BYTES // 1_000_000} MB.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError("The file is in UTF-16. Save it as UTF-8.")
    if b"\0" in content:
        raise UnreadableError("The file is not a text file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"The file is not in UTF-8 (line {line}). Save it as UTF-8."
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise UnreadableError("The file is empty.")
    return text


def repaired(text, where, problems):
    """The text with damaged letters put right; problems gains a sentence for each change."""
    text, changes = repair(text)
    problems += [
        Problem(where, f"Damaged letters were repaired: “{before}” became “{after}”.")
        for before, after in dict.fromkeys((c.before, c.after) for c in changes)
    ]
    return text


def plain(text):
    """The text on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
