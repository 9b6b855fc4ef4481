"""Body HTML: what may come in, what is kept of it, what readers get."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.rendering import (
    ATTRIBUTES,
    TAGS,
    RefToken,
    clean,
    excerpt,
    parse_ref,
    render,
    structure,
    with_section_ids,
)

UID = "abcdefghijklmno2"
OTHER_UID = "zyxwvutsrqponml7"
REF = f'<a data-ref="article:{UID}">the words</a>'

CANONICAL = [
    "<p>Plain words.</p>",
    "<p>With <em>much</em> <strong>weight</strong>, <code>x</code>, <s>no</s>, <u>yes</u>.</p>",
    "<p>H<sub>2</sub>O and m<sup>2</sup>,<br>on two lines.</p>",
    "<h2>A</h2><p>b</p><h3>C</h3><p>d</p><h4>E</h4><p>f</p>",
    "<ul><li><p>one</p></li><li><p>two</p></li></ul>",
    '<ol start="3"><li>three</li></ol>',
    "<blockquote><p>Said.</p></blockquote>",
    "<pre>a\n  b</pre>",
    "<hr>",
    '<p><a href="https://example.org/a?b=c&amp;d=e">out</a></p>',
    '<p><a href="mailto:a@example.org">write</a></p>',
    f"<p>{REF}</p>",
    f'<p><a data-ref="article:{UID}#s-the-seabed">a section</a></p>',
    f'<p><a data-ref="author:{UID}">a person</a>, <a data-ref="tag:{UID}">a subject</a></p>',
    f'<figure><img data-image="{UID}" alt="A ship"><figcaption>At sea</figcaption></figure>',
    "<table><thead><tr><th>a</th></tr></thead>"
    '<tbody><tr><td colspan="2">b</td></tr></tbody></table>',
    "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;</p>",
    "<p>Überlegungen, стороны, گفت‌وگو, 🙂</p>",
]

# Markup and what is left of it.
HOSTILE = [
    ("<script>alert(1)</script>words", "<p>words</p>"),
    ("<ScRiPt src=//evil.example/x.js></sCrIpT>words", "<p>words</p>"),
    ("<script>alert(1)", ""),
    ("<p onclick=alert(1) onmouseover='x'>words</p>", "<p>words</p>"),
    ("<p style='background:url(//evil.example/x)' class=a id=b dir=rtl>words</p>", "<p>words</p>"),
    ("<style>@import '//evil.example/x'</style>words", "<p>words</p>"),
    ("<img src=x onerror=alert(1)>", ""),
    ("<img src='https://evil.example/pixel.gif' srcset='x 1x' alt=a>words", "<p>words</p>"),
    ("<a href='javascript:alert(1)'>words</a>", "<p>words</p>"),
    ("<a href=' &#14; JaVaScRiPt:alert(1)'>words</a>", "<p>words</p>"),
    ("<a href='java\nscript:alert(1)'>words</a>", "<p>words</p>"),
    ("<a href='java&#x09;script&colon;alert(1)'>words</a>", "<p>words</p>"),
    ("<a href='vbscript:x'>words</a>", "<p>words</p>"),
    ("<a href='data:text/html;base64,PHNjcmlwdD4='>words</a>", "<p>words</p>"),
    ("<a href='file:///etc/passwd'>words</a>", "<p>words</p>"),
    ("<a href='blob:https://e.example/1'>words</a>", "<p>words</p>"),
    (
        "<a href='https://e.example' target=_blank ping=//evil.example download>words</a>",
        '<p><a href="https://e.example">words</a></p>',
    ),
    ("<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>words", "<p>words</p>"),
    ("<svg><style><img src=x onerror=alert(1)></style></svg>words", "<p>words</p>"),
    (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror="
        "alert(1)&gt;'>",
        "",
    ),
    ("<math><mi><mglyph><style><a title='</style><img src onerror=alert(1)>'>x</a>", ""),
    ("<form action=//evil.example><input name=a><button>b</button></form>words", "<p>words</p>"),
    ("<iframe src=//evil.example></iframe>words", "<p>words</p>"),
    ("<iframe srcdoc='<script>alert(1)</script>'></iframe>words", "<p>words</p>"),
    ("<object data=x><embed src=x></object>words", "<p>words</p>"),
    ("<video src=//evil.example/x poster=//evil.example/y></video>words", "<p>words</p>"),
    ("<audio src=//evil.example/x autoplay></audio>words", "<p>words</p>"),
    ("<link rel=stylesheet href=//evil.example/x>words", "<p>words</p>"),
    ("<meta http-equiv=refresh content='0;url=//evil.example'>words", "<p>words</p>"),
    ("<base href=//evil.example>words", "<p>words</p>"),
    ("<template><img src=x onerror=alert(1)></template>words", "<p>words</p>"),
    (
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>words",
        "<p>'&gt;words</p>",
    ),
    ("<textarea></textarea><img src=x onerror=alert(1)>words", "<p>words</p>"),
    ("<title><img src=x onerror=alert(1)></title>words", "<p>words</p>"),
    ("<!--[if IE]><script>alert(1)</script><![endif]-->words", "<p>words</p>"),
    ("<!-- <!-- --><img src=x onerror=alert(1)> -->", "<p>--&gt;</p>"),
    ("<![CDATA[<script>alert(1)</script>]]>words", "<p>alert(1)]]&gt;words</p>"),
    ("<?xml version='1.0'?>words", "<p>words</p>"),
    ("wo\x00rds", "<p>words</p>"),
    ("<scr\x00ipt>alert(1)</scr\x00ipt>words", "<p>words</p>"),
    ("<a data-ref='article:junk'>words</a>", "<p>words</p>"),
    (f"<a data-ref='article:{UID.upper()}'>words</a>", "<p>words</p>"),
    (f"<a data-ref='page:{UID}'>words</a>", "<p>words</p>"),
    (f"<a data-ref='article:{UID}#no'>words</a>", "<p>words</p>"),
    (f"<a data-ref='author:{UID}#s-x'>words</a>", "<p>words</p>"),
    (f"<a data-ref='article:{UID}\" onclick=\"alert(1)'>words</a>", "<p>words</p>"),
    (
        f"<a data-ref='article:{UID}' href='https://e.example'>words</a>",
        f'<p><a data-ref="article:{UID}">words</a></p>',
    ),
    ("<img data-image='../../x'>", ""),
    (f"<img data-image='{UID}\" onerror=\"alert(1)'>", ""),
    (
        f"<img data-image='{UID}' src='https://evil.example/x' onerror=alert(1)>",
        f'<figure><img data-image="{UID}"></figure>',
    ),
    (f"<p data-image='{UID}' data-ref='article:{UID}'>words</p>", "<p>words</p>"),
    ("<td colspan='1;x' rowspan='-1'>words", "<p>words</p>"),
    (
        "<table><tr><td colspan='9999' rowspan='x'>words</td></tr></table>",
        "<table><tbody><tr><td>words</td></tr></tbody></table>",
    ),
    ("<p>one<p>two", "<p>one</p><p>two</p>"),
    ("<p><em>words", "<p><em>words</em></p>"),
    ("</p></div></a>words", "<p>words</p>"),
    ("words<", "<p>words&lt;</p>"),
    ("<p>words</p", "<p>words</p>"),
    ("words <a href='https://e.example", "<p>words </p>"),
    (" \n\t&nbsp;<p>&nbsp;</p>", ""),
]

NOT_CANONICAL = [
    "<figure><p>words</p></figure>",
    "<figure><blockquote>words</blockquote></figure>",
    "<em><div>words</div></em>",
    "<a href='https://e.example'><div>words</div></a>",
    "<h1><div>words</div></h1>",
    "<s><ul><li>words</li></ul></s>",
    "<div>" * 30 + "words",
    "<div>a<p>b</p>c</div>",
    "<h2><p>words</p></h2>",
    "<ul>a<li>b</li></ul>",
    "<table><div>words</div></table>",
    "<tr><td>words",
]


class _Inventory(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.found.append(("!--", {}))

    def handle_decl(self, decl):
        self.found.append(("!", {}))

    def handle_pi(self, data):
        self.found.append(("?", {}))


def tags_of(html):
    inventory = _Inventory()
    inventory.feed(html)
    inventory.close()
    return inventory.found


def not_allowed(html):
    """Everything in cleaned HTML that isn't on the allow-list."""
    bad = []
    for tag, attributes in tags_of(html):
        if tag not in TAGS:
            bad.append(tag)
        for name, value in attributes.items():
            if name not in ATTRIBUTES.get(tag, ()):
                bad.append(f"{tag} {name}")
            if name == "href":
                scheme = re.match(r"[\s\x00-\x20]*([^/?#:]*):", value)
                if scheme and scheme[1].lower() not in {"http", "https", "mailto"}:
                    bad.append(value)
    return bad


def words_of(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


# Cleaning.


@pytest.mark.parametrize("body", CANONICAL)
def test_clean_keeps_what_is_allowed(body):
    assert clean(body) == body


@pytest.mark.parametrize(("source", "expected"), HOSTILE)
def test_clean_hostile(source, expected):
    cleaned = clean(source)

    assert cleaned == expected
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("source", NOT_CANONICAL)
def test_clean_twice_is_clean_once(source):
    cleaned = clean(source)

    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("words", "<p>words</p>"),
        ("a <b>b</b> <i>c</i>", "<p>a <strong>b</strong> <em>c</em></p>"),
        ("<h1>a</h1><h5>b</h5><h6>c</h6>", "<h2>a</h2><h3>b</h3><h3>c</h3>"),
        ("<strike>a</strike> <del>b</del>", "<p><s>a</s> <s>b</s></p>"),
        ("<div>a</div><div><p>b</p></div>", "<p>a</p><p>b</p>"),
        ("<span>a</span> <font color=red>b</font>", "<p>a b</p>"),
        ("<h2> </h2><p>a</p>", "<p>a</p>"),
        ("<p>a</p>tail", "<p>a</p><p>tail</p>"),
        (None, ""),
        ("", ""),
    ],
)
def test_clean_brings_text_into_one_form(source, expected):
    assert clean(source) == expected


@pytest.mark.parametrize("depth", [50, 500, 5000])
@pytest.mark.parametrize("tag", ["em", "div", "blockquote", "ul><li", "table><tr><td"])
def test_clean_nested_deeply(tag, depth):
    source = "<p>before</p>" + f"<{tag}>" * depth + "words"

    cleaned = clean(source)

    assert not_allowed(cleaned) == []
    assert words_of(cleaned) == "before words"


@pytest.mark.parametrize("depth", [50, 1000, 5000])
def test_structure_of_a_deeply_nested_reference(depth):
    body = clean("<p>" + "<em>" * depth + REF)

    assert [item.words for item in structure(body).references] == ["the words"]


@pytest.mark.parametrize("size", [1_000_000])
def test_clean_long_text(size):
    cleaned = clean("<p>" + "word " * (size // 5) + "</p>")

    assert len(cleaned) == size + len("<p></p>")


_STRANGERS = [
    "div", "h1", "b", "span", "svg", "math", "style", "script", "template", "noscript",
    "textarea", "title", "form",
]  # fmt: skip
_PIECES = st.sampled_from(
    [
        *(f"<{tag}>" for tag in sorted(TAGS)),
        *(f"</{tag}>" for tag in sorted(TAGS)),
        *(f"<{tag}>" for tag in _STRANGERS),
        *(f"</{tag}>" for tag in _STRANGERS),
        "<!--",
        "-->",
        "<p",
        f'<a data-ref="article:{UID}">',
        f'<img data-image="{UID}" alt="a &gt; b">',
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">',
        '<a href="https://e.example/?a=1&amp;b=<x>">',
        '<h2 id="s-known">',
        "words",
        " ",
        "\n",
        "&lt;b&gt;",
        "&amp;",
        "&nbsp;",
        '"',
        "'",
        ">",
        "<",
        "\x00",
        "ü",
    ]
)
html = st.lists(_PIECES, max_size=25).map("".join)
paragraphs = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
        st.sampled_from(
            ["<em>", "</em>", "<strong>", "</strong>", "<br>", REF, "<p>", "</p>", "<h2>", "</h2>",
             "<ul><li>", "</li></ul>", "<blockquote>", "</blockquote>", "<table><tr><td>",
             "</td></tr></table>", "<hr>", "<div>", "</div>"]
        ),
    ),
    max_size=20,
).map("".join)  # fmt: skip


@given(html)
def test_clean_is_safe_whatever_comes_in(source):
    cleaned = clean(source)

    assert not_allowed(cleaned) == []
    assert [tag for tag, attributes in tags_of(cleaned) if "src" in attributes] == []


@given(html)
def test_clean_of_cleaned_changes_nothing(source):
    cleaned = clean(source)

    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("character", ["\x08", "\x0b", "\x0c", "\x1b", "\x7f", "&#8;", "\ufffe"])
@pytest.mark.parametrize("source", ["{} one two", "one {} two", "<p>one {} two</p>"])
def test_clean_control_characters(source, character):
    cleaned = clean(source.format(character))

    assert [word for word in words_of(cleaned).split() if word.isprintable()] == ["one", "two"]
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"])))
def test_clean_keeps_every_word_of_plain_text(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")

    content = structure(clean(escaped))

    assert content.text.split() == text.replace("\x00", "").split()


# Sections.


def ids(body):
    return re.findall(r'<h[234] id="([^"]*)">', body)


def test_section_ids_are_readable_and_unique():
    body = "<h2>The Seabed Question</h2><h3>Überblick</h3><h2>The seabed question</h2><h4>…</h4>"

    body = with_section_ids(body, known=set(), taken=set())

    assert body == (
        '<h2 id="s-the-seabed-question">The Seabed Question</h2><h3 id="s-überblick">Überblick</h3>'
        '<h2 id="s-the-seabed-question-2">The seabed question</h2><h4 id="s-section">…</h4>'
    )


def test_section_ids_outlive_rewording():
    body = '<h2 id="s-old">Quite another heading</h2><h3 id="s-old-2">Old</h3>'

    assert with_section_ids(body, known={"s-old", "s-old-2"}, taken={"s-old", "s-old-2"}) == body


def test_section_ids_unknown_to_the_article_are_replaced():
    body = '<h2 id="s-pasted">A</h2><h2 id="content">B</h2><h2 id="s-known">C</h2>'

    body = with_section_ids(body, known={"s-known"}, taken={"s-known"})

    assert ids(body) == ["s-a", "s-b", "s-known"]


def test_section_ids_stay_with_the_first_half_of_a_split_heading():
    body = '<h2 id="s-both">First</h2><h2 id="s-both">Second</h2>'

    body = with_section_ids(body, known={"s-both"}, taken={"s-both"})

    assert ids(body) == ["s-both", "s-second"]


def test_section_ids_are_never_used_again():
    body = with_section_ids("<h2>Gone</h2>", known={"s-gone"}, taken={"s-gone", "s-gone-2"})

    assert ids(body) == ["s-gone-3"]


def test_section_ids_of_a_heading_without_one_give_way_to_one_that_has_it():
    body = '<h2>Same</h2><h2 id="s-same">Same</h2>'

    body = with_section_ids(body, known={"s-same"}, taken=set())

    assert ids(body) == ["s-same-2", "s-same"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=150), max_size=6))
def test_section_ids_of_any_headings_can_be_cited(headings):
    escaped = (heading.replace("&", "&amp;").replace("<", "&lt;") for heading in headings)
    body = clean("".join(f"<h2>{heading}</h2>" for heading in escaped))

    body = with_section_ids(body, known=set(), taken=set())

    anchors = [heading.anchor for heading in structure(body).headings]
    assert sorted(set(anchors)) == sorted(anchors)
    assert [str(parse_ref(f"article:{UID}#{anchor}")) for anchor in anchors] == [
        f"article:{UID}#{anchor}" for anchor in anchors
    ]
    assert clean(body) == body
    assert with_section_ids(body, known=set(anchors), taken=set(anchors)) == body


# What a body holds.


@pytest.mark.parametrize(
    ("paragraph", "sentence"),
    [
        (f"{REF}", "the words"),
        (f"One. See {REF} for more. Three.", "See the words for more."),
        (f"One! “See {REF} for more.” Three.", "“See the words for more.”"),
        (f"One? (See {REF}.) Three.", "(See the words.)"),
        (f"It grew by 3.5 percent, see {REF}. Next.", "It grew by 3.5 percent, see the words."),
        (f"Es gilt z.B. {REF} als Beleg. Übrigens nicht.", "Es gilt z.B. the words als Beleg."),
        (f"Er sagte: „Siehe {REF}.“ Ähnlich urteilt Kyjiw.", "Er sagte: „Siehe the words.“"),
        (f"Это так. См. {REF} и далее. Потом.", "См. the words и далее."),
        (f"Он сказал: «Это {REF}». Затем ушёл.", "Он сказал: «Это the words»."),
        (f"One.\u00a0See {REF}. Three.", "See the words."),
        (f"One. <em>See <strong>{REF}</strong></em> now. Three.", "See the words now."),
        (f'See <a data-ref="article:{UID}">Who won? A study</a> now. Next.',
         "See Who won? A study now."),
    ],
)  # fmt: skip
def test_structure_sentence_around_a_reference(paragraph, sentence):
    body = clean(f"<p>{paragraph}</p>")

    assert [item.sentence for item in structure(body).references] == [sentence]


@pytest.mark.parametrize(
    "body",
    [
        f"<p>Dr. Smith of the U.S. Navy, e.g. in {REF}, e.g. i.e. etc. and No. 5. Next.</p>",
        f"<p>Prof. Dr. Müller (vgl. {REF}, S. 12 ff.) sagt „Nein!“ Am 3. Oktober 2026 z. B.</p>",
        f"<p>В 2025 г. А. С. Пушкин, т. е. {REF}, и т. д. Ёлки стоят.</p>",
        f"<p>first line<br>{REF} second line</p>",
        f"<ul><li>Outer {REF} words<ul><li>inner words</li></ul></li></ul>",
        f"<blockquote>Loose {REF} words<p>and a paragraph</p></blockquote>",
        f"<table><tbody><tr><td>one {REF}</td><td>two</td></tr></tbody></table>",
        f"<p>  many   spaces\n and {REF}   lines </p>",
        f"<h2>A heading with {REF}</h2>",
        f'<figure><img data-image="{UID}"><figcaption>After {REF}.</figcaption></figure>',
    ],
)
def test_structure_sentence_stands_verbatim_in_the_text(body):
    content = structure(clean(body))

    assert [item.words for item in content.references] == ["the words"]
    assert [item.sentence for item in content.references if item.words not in item.sentence] == []
    text = content.text.replace("\n", " ")
    assert [item.sentence for item in content.references if item.sentence not in text] == []


@given(paragraphs)
def test_structure_sentences_of_any_text_stand_in_it(source):
    body = clean(source)

    content = structure(body)

    text = content.text.replace("\n", " ")
    assert [item.sentence for item in content.references if item.sentence not in text] == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<h2>One</h2><p>two <em>three</em></p><ul><li><p>four</p></li><li>five</li></ul>",
         "One\ntwo three\nfour\nfive"),
        ("<p>one<br>two</p>", "one two"),
        ("<ul><li>one<ul><li>two</li></ul></li></ul>", "one\ntwo"),
        ("<ul><li><p>one</p><ul><li><p>two</p></li></ul></li></ul>", "one\ntwo"),
        ("<blockquote>one<p>two</p></blockquote>", "one\ntwo"),
        ("<blockquote>one</blockquote>", "one"),
        ("<table><thead><tr><th>one</th></tr></thead><tbody><tr><td>two</td></tr></tbody></table>",
         "one\ntwo"),
        ("<pre>one\ntwo</pre>", "one two"),
        ("", ""),
    ],
)  # fmt: skip
def test_structure_text_has_every_word(body, text):
    assert structure(body).text == text


def test_structure_in_reading_order():
    body = (
        f'<h2 id="s-a">A <em>b</em></h2><p>{REF} <a data-ref="tag:{OTHER_UID}">t</a>.</p>'
        f'<img data-image="{UID}" alt="x"><h3 id="s-c">C</h3>'
        f'<p><a data-ref="article:{OTHER_UID}#s-z">z</a></p><img data-image="{OTHER_UID}">'
    )

    content = structure(body)

    assert [(item.level, item.anchor, item.text) for item in content.headings] == [
        (2, "s-a", "A b"),
        (3, "s-c", "C"),
    ]
    assert [item.token for item in content.references] == [
        RefToken("article", UID),
        RefToken("tag", OTHER_UID),
        RefToken("article", OTHER_UID, "s-z"),
    ]
    assert content.images == (UID, OTHER_UID)


@pytest.mark.parametrize(("words", "minutes"), [(0, 1), (1, 1), (460, 2), (2300, 10)])
def test_reading_minutes(words, minutes):
    assert structure(f"<p>{'word ' * words}</p>").reading_minutes == minutes


def test_excerpt_is_cut_at_a_word():
    assert excerpt("One two, three four.", 12) == "One two…"
    assert excerpt("One  two", 12) == "One two"


# What readers get.


def test_render_links_what_is_given_and_leaves_the_words_of_the_rest():
    body = f'<p>{REF} and <a data-ref="article:{OTHER_UID}">the <em>other</em></a>.</p>'

    shown = render(body, references={RefToken("article", UID): "/articles/a/"}, images={})

    assert shown == '<p><a href="/articles/a/">the words</a> and the <em>other</em>.</p>'


def test_render_tells_a_section_from_its_article():
    body = f'<p>{REF} <a data-ref="article:{UID}#s-b">b</a></p>'

    address = "/articles/a/#s-b"

    shown = render(body, references={RefToken("article", UID, "s-b"): address}, images={})

    assert shown == '<p>the words <a href="/articles/a/#s-b">b</a></p>'


def test_render_escapes_addresses():
    address = '/articles/a/?"><script>alert(1)</script>&x'

    shown = render(f"<p>{REF}</p>", references={RefToken("article", UID): address}, images={})

    assert tags_of(shown) == [("p", {}), ("a", {"href": address})]


def test_render_marks_links_to_other_sites():
    body = '<p><a href="https://e.example/?a=1&amp;b">a</a> <a href="mailto:a@e.example">b</a></p>'

    shown = render(body, references={}, images={})

    assert shown == (
        '<p><a href="https://e.example/?a=1&amp;b" rel="external noopener">a</a>'
        ' <a href="mailto:a@e.example">b</a></p>'
    )


def test_render_shows_pictures_with_their_alternative_text():
    body = clean(f'<figure><img alt="1 &lt; 2 > 0 &quot;x&quot;" data-image="{UID}"></figure>')

    shown = render(body, references={}, images={UID: lambda alt: f"[{alt}]"})

    assert shown == '<figure>[1 < 2 > 0 "x"]</figure>'


def test_render_of_a_picture_that_is_not_there():
    shown = render(f'<p>a</p><img data-image="{UID}" alt="x"><p>b</p>', references={}, images={})

    assert shown == "<p>a</p><p>b</p>"


def test_render_lets_wide_tables_scroll():
    table = "<table><tbody><tr><td>a</td></tr></tbody></table>"

    shown = render(table, references={}, images={})

    assert shown == (
        f'<div class="table-scroll" role="region" tabindex="0" aria-label="Table">{table}</div>'
    )


def test_render_leaves_the_words_of_a_text_about_markup_alone():
    body = clean('<p>Write &lt;a data-ref="article:x"&gt; or &lt;img data-image="x"&gt; here.</p>')

    assert render(body, references={}, images={}) == body


@given(html)
def test_render_of_any_text_holds_no_tokens_and_nothing_unknown(source):
    body = with_section_ids(clean(source), known={"s-known"}, taken={"s-known"})

    shown = render(body, references={}, images={})

    used = {name for tag, attributes in tags_of(shown) for name in attributes if tag != "div"}
    assert used - {"href", "rel", "id", "start", "colspan", "rowspan"} == set()
