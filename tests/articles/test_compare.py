"""What differs between two states of words, as readers would see it."""

import re
import time
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.compare import Names, Needed, compare
from articles.publishing import Words
from articles.rendering import RefToken, clean, structure, with_section_ids
from irb_site.uids import UID_LENGTH
from tests.html import VOID, inspect

UID, OTHER, NOBODY = "k" * UID_LENGTH, "m" * UID_LENGTH, "n" * UID_LENGTH
PICTURE = SimpleNamespace(uid=UID, pk=1, alt="Cranes", card_src="/media/cranes.webp")
OTHER_PICTURE = SimpleNamespace(uid=OTHER, pk=2, alt="Ships", card_src="/media/ships.webp")
NAMES = Names(
    titles={
        RefToken("article", UID): "The Quay",
        RefToken("article", UID, "s-depth"): "The Quay › Depth",
        RefToken("tag", OTHER): "Ports",
    },
    authors={UID: "Ada", OTHER: "Leila"},
    pictures=(PICTURE, OTHER_PICTURE),
)


def texts(old, new):
    return compare(Words(body=old), Words(body=new), NAMES)


def fields(old, new):
    changes = compare(Words(**old), Words(**new), NAMES).fields
    return {change.label: told(change.html) for change in changes}


class _Told(HTMLParser):
    """The words of a comparison: [-went-], {+came+} and ⟨what is said of them⟩, a line a block."""

    def __init__(self):
        super().__init__()
        self.out, self.kinds = "", []

    def handle_starttag(self, tag, attrs):
        classes = (dict(attrs).get("class") or "").split()
        kind = "hidden" if "visually-hidden" in classes else tag
        kind = "note" if "compare__note" in classes else kind
        if tag not in VOID:
            self.kinds.append(kind)
        if tag not in {"ins", "del", "span", "strong", "em", "s", "u", "code", "br"}:
            self.out += "\n"
        self.out += {"ins": "{+", "del": "[-", "note": "⟨", "br": "/"}.get(kind, "")

    def handle_endtag(self, tag):
        self.out += {"ins": "+}", "del": "-]", "note": "⟩"}.get(self.kinds.pop(), "")

    def handle_data(self, data):
        if "hidden" not in self.kinds:
            self.out += data.strip() if self.kinds[-1:] == ["note"] else data


def told(html):
    reader = _Told()
    reader.feed(html)
    return "\n".join(line for line in reader.out.split("\n") if line.strip())


# Words

LONG = "The ships wait in the northern harbour for weeks."
REST = "Nobody knows when dredging will begin again there."
TEXTS = {
    "a word": ("<p>A cat sat on the mat.</p>", "<p>A dog sat on the mat.</p>",
               "A [-cat-]{+dog+} sat on the mat."),
    "words at the end": ("<p>It fell.</p>", "<p>It fell. It rose.</p>", "It fell.{+ It rose.+}"),
    "hyphens": ("<p>A low-water mark was set.</p>", "<p>A low water mark was set.</p>",
                "A low[---]{+ +}water mark was set."),
    "signs of HTML": ("<p>Is a &lt;b&gt; more than c?</p>", "<p>Is a &lt;b&gt; less than c?</p>",
                      "Is a <b> [-more-]{+less+} than c?"),
    "rewritten": ("<p>One thing here</p>", "<p>Quite another matter</p>",
                  "[-One thing here-]\n{+Quite another matter+}"),
    "bold": (f"<p>{LONG}</p>", f"<p>{LONG.replace('northern', '<strong>northern</strong>')}</p>",
             "The ships wait in the northern⟨now bold⟩ harbour for weeks."),
    "no longer italic": (f"<p><em>{LONG}</em></p>", f"<p>{LONG}</p>",
                         f"{LONG}⟨no longer italic⟩"),
    "line break": ("<p>First line second line</p>", "<p>First line<br>second line</p>",
                   "First line{+⟨↵⟩/+}[- -]second line"),
    "code": ("<pre>a = 1\n  b = 2</pre>", "<pre>a = 1\n    b = 2</pre>",
             "a = 1[-\n  -]{+\n    +}b = 2"),
    "Persian": ("<p>او به خانه می‌رود و می‌خواند.</p>", "<p>او به مدرسه می‌رود و می‌خواند.</p>",
                "او به [-خانه-]{+مدرسه+} می‌رود و می‌خواند."),
}  # fmt: skip
BLOCKS = {
    "paragraph put in": ("<p>One</p><p>Two</p>", "<p>One</p><p>New words</p><p>Two</p>",
                         "One\n{+New words+}\nTwo"),
    "paragraph taken away": ("<p>One</p><p>Old words</p><p>Two</p>", "<p>One</p><p>Two</p>",
                             "One\n[-Old words-]\nTwo"),
    "paragraph split": (f"<p>{LONG} {REST}</p>", f"<p>{LONG}</p><p>{REST}</p>",
                        f"{LONG}⟨paragraph split here⟩\n {REST}"),
    "paragraphs joined": (f"<p>{LONG}</p><p>{REST}</p>", f"<p>{LONG} {REST}</p>",
                          f"{LONG}[-⟨two paragraphs joined here⟩-] {REST}"),
    "paragraph made a heading": (f"<p>{LONG}</p>", f'<h2 id="s-a">{LONG}</h2>',
                                 f"{LONG}⟨was a paragraph, is a heading of level 1⟩"),
    "heading renamed": ('<h2 id="s-a">The sea</h2>', '<h2 id="s-a">The lake</h2>',
                        "The [-sea-]{+lake+}⟨renamed⟩"),
    "heading renamed wholly": ('<h2 id="s-a">Water</h2>', '<h2 id="s-a">Depth</h2>',
                               "[-Water-]{+Depth+}⟨renamed⟩"),
    "heading lowered": ('<h2 id="s-a">Sea</h2><h2 id="s-b">Lake</h2>',
                        '<h2 id="s-a">Sea</h2><h3 id="s-b">Lake</h3>',
                        "Sea\nLake⟨was a heading of level 1, is a heading of level 2⟩"),
    "heading is another section": ('<h2 id="s-a">Sea</h2>', '<h2 id="s-b">Sea</h2>',
                                   "Sea⟨another section: was #s-a, is #s-b⟩"),
    "section moved": (
        '<h2 id="s-a">Sea</h2><p>Of the sea.</p><h2 id="s-b">Lake</h2><p>One.</p><p>Two.</p>',
        '<h2 id="s-b">Lake</h2><p>One.</p><p>Two.</p><h2 id="s-a">Sea</h2><p>Of the sea.</p>',
        "Moved to another place: Sea\n[-Sea-]\n[-Of the sea.-]\nLake\nOne.\nTwo.\n"
        "⟨moved here⟩\n{+Sea+}\n{+Of the sea.+}",
    ),
    "entry of a list": ("<ul><li>One</li><li>Three</li></ul>",
                        "<ul><li>One</li><li>Two</li><li>Three</li></ul>",
                        "One\n{+Two+}\nThree"),
    "list numbered": ("<ul><li>One thing</li></ul>", "<ol><li>One thing</li></ol>",
                      "⟨was a list with bullets, is a numbered list⟩\nOne thing"),
    "list within a list": ("<ul><li>One<ul><li>Inner old</li></ul></li></ul>",
                           "<ul><li>One<ul><li>Inner new</li></ul></li></ul>",
                           "One\nInner [-old-]{+new+}"),
    "cell": ("<table><tbody><tr><td>Depth</td><td>3 metres</td></tr></tbody></table>",
             "<table><tbody><tr><td>Depth</td><td>4 metres</td></tr></tbody></table>",
             "Depth\n[-3-]{+4+} metres"),
    "row": ("<table><tbody><tr><td>Aktau</td></tr></tbody></table>",
            "<table><tbody><tr><td>Aktau</td></tr><tr><td>Baku</td></tr></tbody></table>",
            "Aktau\n{+Baku+}"),
    "column": ("<table><tbody><tr><td>Aktau</td><td>2</td></tr></tbody></table>",
               "<table><tbody><tr><td>Aktau</td><td>Kazakhstan</td><td>2</td></tr></tbody></table>",
               "Aktau\n{+Kazakhstan+}\n2"),
    "quotation": (f"<blockquote><p>{LONG}</p></blockquote>",
                  f"<blockquote><p>{LONG.replace('weeks', 'days')}</p></blockquote>",
                  "The ships wait in the northern harbour for [-weeks-]{+days+}."),
    "line": ("<p>One</p><p>Two</p>", "<p>One</p><hr><p>Two</p>",
             "One{+\n⟨dividing line added⟩+}\nTwo"),
}  # fmt: skip
LINKS = {
    "led elsewhere": ('<p>See <a href="https://a.org/">the report</a>.</p>',
                      '<p>See <a href="https://b.org/x">the report</a>.</p>',
                      "See the report⟨link changed: it led to https://a.org/, and leads to "
                      "https://b.org/x⟩."),
    "to a title": (f'<p>See <a data-ref="article:{UID}">the quay</a>.</p>',
                   f'<p>See <a data-ref="article:{UID}#s-depth">the quay</a>.</p>',
                   "See the quay⟨link changed: it led to “The Quay”, and leads to "
                   "“The Quay › Depth”⟩."),
    "added": ("<p>See the ports.</p>", f'<p>See <a data-ref="tag:{OTHER}">the ports</a>.</p>',
              "See the ports⟨link added: it leads to “Ports”⟩."),
    "removed": (f'<p>See <a data-ref="tag:{OTHER}">the ports</a>.</p>', "<p>See the ports.</p>",
                "See the ports⟨link removed: it led to “Ports”⟩."),
    "with its words": (
        "<p>It is said.</p>",
        f'<p>It is said. <a data-ref="author:{UID}">Somebody</a> knows.</p>',
        "It is said.{+ Somebody⟨leads to “something that isn't here any more”⟩ knows.+}",
    ),
}  # fmt: skip
PICTURES = {
    "other picture": (f'<figure><img data-image="{UID}" alt="x"></figure>',
                      f'<figure><img data-image="{OTHER}" alt="x"></figure>',
                      ["/media/cranes.webp", "/media/ships.webp"], "⟨another picture⟩"),
    "alternative text": (f'<figure><img data-image="{UID}" alt="Old cranes"></figure>',
                         f'<figure><img data-image="{UID}" alt="New cranes"></figure>',
                         ["/media/cranes.webp"], "Alternative text: [-Old-]{+New+} cranes"),
    "caption": (f'<figure><img data-image="{UID}" alt="x"></figure>',
                f'<figure><img data-image="{UID}" alt="x"><figcaption>Cranes</figcaption></figure>',
                ["/media/cranes.webp"], "{+Cranes+}"),
    "gone": (f'<p>One</p><figure><img data-image="{NOBODY}" alt="x"></figure>', "<p>One</p>",
             [], "⟨a picture that isn't here any more⟩"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_words_are_marked_in_the_prose(name):
    old, new, expected = TEXTS[name]
    assert told(texts(old, new).body) == expected


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_compared_with_what_they_were(name):
    old, new, expected = BLOCKS[name]
    assert told(texts(old, new).body) == expected


@pytest.mark.parametrize("name", LINKS)
def test_link_says_where_it_led_and_leads(name):
    old, new, expected = LINKS[name]
    assert told(texts(old, new).body) == expected


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_shown_with_what_differs(name):
    old, new, sources, words = PICTURES[name]
    html = texts(old, new).body
    assert re.findall(r'<img src="([^"]*)"', html) == sources
    assert words in told(html)


def test_marks_are_said_in_words_too():
    html = texts("<p>A cat sat on it.</p>", "<p>A dog sat on it.</p>").body
    hidden = re.findall(r'<(ins|del)><span class="visually-hidden"> (\w+): </span>', html)
    assert hidden == [("del", "deleted"), ("ins", "inserted")]


def test_headings_stand_below_the_heading_of_the_page():
    body = '<h2 id="s-a">A</h2><h3 id="s-b">B</h3><h4 id="s-c">C</h4>'
    assert re.findall(r"<(h\d)", texts(body, body + "<p>x</p>").body) == ["h3", "h4", "h5"]


def test_long_unchanged_passages_are_folded():
    same = "".join(f"<p>Paragraph number {n}.</p>" for n in range(20))
    lines = told(texts(f"<p>a</p>{same}", f"<p>b</p>{same}").body).split("\n")
    assert lines[:4] == ["[-a-]", "{+b+}", "Paragraph number 0.", "19 unchanged blocks"]
    assert lines[-1] == "Paragraph number 19."


def test_equal_words_do_not_differ():
    words = {"title": "A", "body": "<p>x</p>", "tags": ["Ports"]}
    comparison = compare(Words(**words), Words(**words), NAMES)
    assert comparison.is_same
    assert comparison.body == ""


def test_count_leaves_out_what_only_moved():
    old, new, _shown = BLOCKS["section moved"]
    assert texts(old, new).summary == "0 words inserted, 0 deleted"
    added = texts("<p>One two.</p>", "<p>One two, three four.</p>")
    assert (added.inserted, added.deleted) == (2, 0)


# Fields


FIELDS = {
    "title": ({"title": "The old sea"}, {"title": "The new sea"},
              {"Title": "The [-old-]{+new+} sea"}),
    "standfirst": ({"standfirst": ""}, {"standfirst": "Words."}, {"Standfirst": "{+Words.+}"}),
    "address": ({"slug": "old"}, {"slug": "new"}, {"Address": "[-old-] {+new+}"}),
    "address given up": ({"slug": "old"}, {}, {"Address": "[-old-]"}),
    "language": ({"language": "en"}, {"language": "fa"}, {"Language": "[-English-] {+Persian+}"}),
    "lead picture": ({"lead_image_id": 1}, {"lead_image_id": 2},
                     {"Lead picture": "[-\nCranes-]{+\nShips+}"}),
    "lead picture gone": ({"lead_image_id": 3}, {},
                          {"Lead picture": "[-⟨a picture that isn't here any more⟩a picture-]"}),
    "authors": ({"bylines": [UID]}, {"bylines": [OTHER, UID]}, {"Authors": "{+Leila+}\nAda"}),
    "author moved": ({"bylines": [UID, OTHER]}, {"bylines": [OTHER, UID]},
                     {"Authors": "Leila⟨moved up⟩\nAda"}),
    "author gone": ({"bylines": [NOBODY]}, {},
                    {"Authors": "[-somebody who isn't here any more-]"}),
    "tags": ({"tags": ["Ports", "Sea"]}, {"tags": ["Sea", "<b>"]},
             {"Tags": "[-Ports-]\nSea\n{+<b>+}"}),
    "related": ({"related": [{"article": UID}]},
                {"related": [{"url": "https://a.org/", "title": "A"}, {"article": UID}]},
                {"Related links": "{+https://a.org/: A+}\nThe Quay"}),
    "related renamed": ({"related": [{"url": "https://a.org/", "title": "An old name"}]},
                        {"related": [{"url": "https://a.org/", "title": "A new name"}]},
                        {"Related links": "https://a.org/: [-An old-]{+A new+} name"}),
    "relations": ({}, {"relations": [{"kind": "corrects", "article": UID, "section": "s-depth",
                                      "note": "The depth was wrong."}]},
                  {"Relations to other articles":
                   "{+Corrects “The Quay › Depth”: The depth was wrong.+}"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_field_is_compared_by_itself(name):
    old, new, expected = FIELDS[name]
    assert fields(old, new) == expected


def test_names_are_asked_for_in_one_go():
    one = Words(
        body=f'<p><a data-ref="tag:{OTHER}">x</a></p><figure><img data-image="{UID}"></figure>',
        bylines=[UID],
        lead_image_id=7,
        related=[{"article": UID, "section": "s-depth"}, {"url": "https://a.org/"}],
    )
    two = Words(relations=[{"kind": "series", "article": UID, "section": "", "note": ""}])
    needed = Needed.by(one, two)
    assert {str(token) for token in needed.tokens} == {
        f"tag:{OTHER}", f"article:{UID}#s-depth", f"article:{UID}",
    }  # fmt: skip
    assert (needed.authors, needed.picture_uids, needed.picture_pks) == ({UID}, {UID}, {7})


# Any words at all

_ALLOWED = {
    *("p", "div", "h3", "h4", "h5", "pre", "blockquote", "ul", "ol", "li", "table", "tbody"),
    *("tr", "td", "th", "hr", "br", "figure", "img", "details", "summary", "ins", "del", "span"),
    *("code", "em", "s", "strong", "sub", "sup", "u"),
}
_ALLOWED_ATTRIBUTES = {
    *("class", "aria-hidden", "aria-label", "role", "tabindex", "src", "alt", "width", "height"),
    *("loading", "start", "colspan", "rowspan"),
}
_phrase = st.lists(
    st.sampled_from(
        [
            *("the", "harbour", "water", "ship,", "ship", "fell.", "3", "low-water", "dogs’"),
            *("&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;", '"', "<em>very</em>", "<br>"),
            *("<strong>bold", "</strong>", "<s>x</s>", "می‌رود", "e\u0301", "\u00a0", "\u2029"),
            f'<a data-ref="article:{UID}#s-x">a link</a>',
            '<a href="https://a.org/?a=1&amp;b=%22%3E%3Cscript%3E">out</a>',
        ]
    ),
    min_size=1,
    max_size=8,
).map(" ".join)
_block = st.one_of(
    _phrase.map("<p>{}</p>".format),
    _phrase.map("<p>{}</p>".format),
    _phrase.map("<h2>{}</h2>".format),
    _phrase.map('<h3 id="s-the">{}</h3>'.format),
    _phrase.map("<pre>x\n  {}</pre>".format),
    _phrase.map("<blockquote><p>{}</p></blockquote>".format),
    _phrase.map(f'<figure><img data-image="{UID}" alt="&quot;"><figcaption>{{}}'.format),
    st.lists(_phrase, min_size=1, max_size=3).map(
        lambda entries: "<ul>" + "".join(f"<li>{one}<ol><li>z</ol></li>" for one in entries)
    ),
    st.lists(_phrase, min_size=1, max_size=4).map(
        lambda cells: "<table><tr><th>h</th>" + "".join(f"<td>{one}</td>" for one in cells)
    ),
    st.just("<hr>"),
)  # fmt: skip


@st.composite
def _two_bodies(draw):
    """A body, and another one made of it by some changes."""
    blocks = draw(st.lists(_block, max_size=6))
    changed = list(blocks)
    for _number in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(changed)))
        how = draw(st.sampled_from(["add", "drop", "move", "change", "join"]))
        if how == "add" or at == len(changed):
            changed.insert(at, draw(_block))
        elif how == "drop":
            del changed[at]
        elif how == "move":
            changed.insert(draw(st.integers(0, len(changed))), changed.pop(at))
        elif how == "change":
            changed[at] = changed[at].replace("harbour", "port").replace("<p>", "<p>Now ", 1)
        else:
            changed[at] = changed[at].replace("</p>", "").replace(" water", "</p><p>water")
    return tuple(
        with_section_ids(clean("".join(some)), known={"s-the"}, taken=())
        for some in (blocks, changed)
    )


class _Read(HTMLParser):
    """The words of a comparison, without those in one kind of mark and what is said of them."""

    ASIDE = ("visually-hidden", "compare__note", "compare__fold-label", "compare__aside")

    def __init__(self, without):
        super().__init__()
        self.without, self.words, self.open = without, [], []

    def handle_starttag(self, tag, attrs):
        assert tag in _ALLOWED
        assert {name for name, _value in attrs} <= _ALLOWED_ATTRIBUTES
        classes = (dict(attrs).get("class") or "").split()
        is_left_out = tag == self.without or not set(classes).isdisjoint(self.ASIDE)
        if tag not in VOID:
            self.open.append(is_left_out)
        if tag not in {"ins", "del", "span", "strong", "em", "s", "u", "code"}:
            self.words.append(" ")

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if not any(self.open):
            self.words.append(data)


def _words_without(mark, html):
    reader = _Read(mark)
    reader.feed(html)
    reader.close()
    return "".join("".join(reader.words).split())


def _words_of(body):
    return "".join(structure(body).text.split())


@given(_two_bodies())
def test_no_word_of_either_side_is_lost_or_made_up(bodies):
    old, new = bodies
    html = texts(old, new).body
    if old == new:
        assert html == ""
        return
    assert _words_without("ins", html) == _words_of(old)
    assert _words_without("del", html) == _words_of(new)


def faults_of(html):
    page = f"<!doctype html><html><body><h1>x</h1><h2>y</h2>{html}</body></html>"
    faults, _headings, _images = inspect(SimpleNamespace(content=page.encode()))
    return faults


@given(_two_bodies())
def test_markup_is_never_broken(bodies):
    faults = faults_of(texts(*bodies).body)
    # A text may begin at any level, and what was taken away stands among what stayed.
    assert [fault for fault in faults if not re.fullmatch(r"h\d after h\d", fault)] == []


@pytest.mark.parametrize(
    ("odd", "placed"),
    [
        ("<ul><p>x</p></ul>", "<ul><li><p"),
        ("<table><p>x</p></table>", "<table><tbody><tr><td><p"),
        ("<table><tr><ul><li>x</ul></table>", "<tr><td><ul><li"),
        ("<li><p>x</p></li>", "<div><p"),
        ("<tr><td>x</td></tr>", "<div><div><div"),
    ],
)
def test_what_stands_where_it_may_not_gets_a_place(odd, placed):
    assert placed in texts("", odd).body


_HOSTILE = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<li>", "<td>", "</table>", "<tr>", "<ul>", "<script>", "</ins>"),
            *("<del>", "<a href='javascript:x'>", "<img src=x onerror=y>", "<!--", "]]>", "&#0;"),
            *("<h2 id='\"><script>'>", "<figure>", "<figcaption>", "<details open>", "\x00"),
            "words",
        ]
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)  # fmt: skip


@given(_HOSTILE, _HOSTILE)
def test_what_was_never_cleaned_does_no_harm_either(old, new):
    html = texts(old, new).body
    _Read("ins").feed(html)
    assert [fault for fault in faults_of(html) if not fault.startswith("h")] == []


@given(_HOSTILE, _HOSTILE)
def test_hostile_fields_do_no_harm(old, new):
    sides = [
        Words(title=text, standfirst=text, slug=text, tags=[text], bylines=[text],
              related=[{"url": text, "title": text}])
        for text in (old, new)
    ]  # fmt: skip
    html = "".join(change.html for change in compare(*sides, NAMES).fields)
    _Read("ins").feed(html)
    assert faults_of(html) == []


def _paragraphs(count, words):
    return "".join(
        "<p>" + " ".join(f"word{number * words + at}" for at in range(words)) + "</p>"
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_paragraphs(200, 50), _paragraphs(200, 50).replace("7 ", "x ")),
        ("<p>same</p>" * 1500, "<p>other</p>" + "<p>same</p><p>other</p>" * 1500),
        ("<p>" + "same " * 4000 + "</p>", "<p>" + "other same " * 4000 + "</p>"),
        ("<blockquote>" * 3000 + "deep", "<blockquote>" * 3000 + "deeper"),
    ],
    ids=["ten thousand words", "the same paragraph", "the same word", "deep"],
)
def test_no_text_takes_long(old, new):
    started = time.perf_counter()
    texts(old, new)
    # A quarter of that on an idle machine; what grows with the square takes minutes.
    assert time.perf_counter() - started < 4
