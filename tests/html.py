"""Reading pages in tests: a lenient parser to look things up, a strict one to find faults."""

import re
from html.parser import HTMLParser

import lxml.html

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)

# What the HTML standard allows of the attribute `datetime`: a day, or a moment of which seconds
# have three decimals at most.
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d))?", re.ASCII)


def parse(response):
    """The page of a response as a tree."""
    return lxml.html.document_fromstring(
        response.content.decode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )


def words(element):
    """The text of an element as a reader sees it: one blank between words."""
    return " ".join(element.text_content().split())


def by_class(name):
    """An XPath that finds elements of a class."""
    return f"//*[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"


def all_words(response, xpath):
    return [words(element) for element in parse(response).xpath(xpath)]


class _Strict(HTMLParser):
    """Notes what a browser would have to repair."""

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.ids, self.headings, self.images = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _value in attrs]
        attributes = dict(attrs)
        if len(names) != len(set(names)):
            self.faults.append(f"an attribute twice on {tag}")
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.images.append(attributes)
        self.faults += [f"{name} on {tag}" for name in names if name.startswith("on")]
        self.faults += [f"style on {tag}" for name in names if name == "style"]
        is_data = attributes.get("type") == "application/ld+json"
        if tag == "style" or (tag == "script" and not attributes.get("src") and not is_data):
            self.faults.append(f"an inline {tag}")
        if tag == "time" and not _TIME.fullmatch(attributes.get("datetime", "")):
            self.faults.append(f"a time of {attributes.get('datetime')}")
        if tag == "p" and "p" in self.open:
            self.faults.append("a p in a p")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            self.faults.append(f"{tag} closes itself")
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"/{tag} in {self.open[-1:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def inspect(response):
    """The faults of a page's markup, its heading levels in order, and its images' attributes."""
    checker = _Strict()
    checker.feed(response.content.decode())
    checker.close()
    faults = checker.faults + [f"{tag} is never closed" for tag in checker.open]
    faults += sorted({f"id {name} twice" for name in checker.ids if checker.ids.count(name) > 1})
    steps = zip([0, *checker.headings], checker.headings, strict=False)
    faults += [f"h{level} after h{before}" for before, level in steps if level > before + 1]
    if checker.headings.count(1) != 1:
        faults.append(f"{checker.headings.count(1)} h1")
    faults += ["an image without alt" for image in checker.images if image.get("alt") is None]
    return faults, checker.headings, checker.images
