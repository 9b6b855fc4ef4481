"""Names in texts: what is a mention, what is none, and how one becomes a reference."""

import pytest

from articles.mentions import Named, Text, link_mention
from articles.rendering import clean, structure

REF = "article:" + "a" * 16


def found(body, *names):
    """(target, words) of each mention; names are (kind, target, name), or a tag's name."""
    named = [
        Named(*name) if isinstance(name, tuple) else Named("tag", name, name) for name in names
    ]
    return [(mention.named.target, mention.words) for mention in Text(body).mentions(named)]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("On the Caspian Sea today.", "Caspian Sea", "Caspian Sea"),
        ("on the CASPIAN sea today", "Caspian Sea", "CASPIAN sea"),
        ("The Caspian Sea's shore.", "Caspian Sea", "Caspian Sea"),
        ("The North-South corridor", "North–South Corridor", "North-South corridor"),
        ("A north south corridor", "North–South Corridor", "north south corridor"),
        ("Gdansk’s port", "Gdańsk", "Gdansk"),
        ("Grosse Fragen", "Große Fragen", "Grosse Fragen"),
        ("in Rasht, Astara and", "Rasht, Astara", "Rasht, Astara"),
        ("What now? Nobody knows.", "What now? Nobody knows", "What now? Nobody knows"),
    ],
)
def test_a_name_is_found_whatever_its_spelling_and_told_as_it_is_written(text, name, words):
    assert found(f"<p>{text}</p>", name) == [(name, words)]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("<p>The Caspians Sea.</p>", "Caspian Sea"),
        ("<p>The Caspian and the Sea.</p>", "Caspian Sea"),
        ("<p>Precaspian Sea.</p>", "Caspian Sea"),
        ("<p>the Caspian</p><p>Sea</p>", "Caspian Sea"),
        ("<ul><li>the Caspian</li><li>Sea</li></ul>", "Caspian Sea"),
        ("<p>the Caspian<br>Sea</p>", "Caspian Sea"),
        ("<p>It left Iran. Russia stayed.</p>", "Iran Russia"),
        ("<h2>The Caspian Sea</h2>", "Caspian Sea"),
        (f'<p>The <a data-ref="{REF}">Caspian Sea</a>.</p>', "Caspian Sea"),
        (f'<p>The <a data-ref="{REF}">Caspian</a> Sea.</p>', "Caspian Sea"),
        ('<p>The <a href="https://example.org/">Caspian Sea</a>.</p>', "Caspian Sea"),
        ("<p>The <code>Caspian Sea</code>.</p>", "Caspian Sea"),
        ("<pre>Caspian Sea</pre>", "Caspian Sea"),
        ("<p>Transcasp<strong>ian</strong> <code>s</code>ea</p>", "ian sea"),
    ],
)
def test_parts_of_words_blocks_links_headings_and_code_hold_no_mention(body, name):
    assert found(body, name) == []


@pytest.mark.parametrize(
    ("kind", "name", "text", "is_found"),
    [
        ("tag", "of the", "one of the many", False),
        ("tag", "EU", "the EU said", False),
        ("tag", "Gas", "they sell gas", True),
        ("author", "Ali", "as ali wrote", True),
        ("article", "Gas", "they sell Gas", False),
        ("article", "Grain", "Grain crosses the sea", True),
        ("article", "Grain", "the grain crosses", False),
        ("article", "The Grain", "on the Grain question", True),
        ("article", "The Grain", "on the grain question", False),
        ("article", "Grain Trade", "the grain trade", True),
    ],
)
def test_a_name_that_is_too_weak_is_no_mention(kind, name, text, is_found):
    assert bool(found(f"<p>{text}</p>", (kind, 1, name))) is is_found


def test_the_longest_name_wins_and_what_stands_in_it_is_found_elsewhere():
    body = "<p>The Caspian Sea Convention held.</p><p>The Caspian Sea fell.</p>"

    assert found(body, "Caspian Sea", "Sea Convention", "Caspian Sea Convention") == [
        ("Caspian Sea Convention", "Caspian Sea Convention"),
        ("Caspian Sea", "Caspian Sea"),
    ]


def test_each_target_is_told_once_where_it_stands_first_by_whatever_name():
    body = "<p>Via the Corridor Road.</p><p>The INSTC and the Corridor Road.</p>"

    assert found(body, ("tag", 1, "INSTC"), ("tag", 1, "Corridor Road")) == [(1, "Corridor Road")]
    assert found(body, ("tag", 1, "INSTC"), ("author", 1, "Instc")) == [(1, "INSTC"), (1, "INSTC")]


def test_a_mention_tells_its_sentence_and_where_in_it_the_words_stand():
    body = "<p>First one. Then  the <em>Caspian</em>\nSea fell &amp; fell. Last.</p>"

    (mention,) = Text(body).mentions([Named("tag", 1, "caspian sea")])

    assert mention.sentence == "Then the Caspian Sea fell & fell."
    assert mention.before == "Then the "
    assert mention.words == "Caspian Sea"


def test_the_heads_of_a_text_are_those_of_every_name_in_it():
    text = Text("<p>Grain crosses the <em>Caspian</em> Sea.</p><p>Slowly.</p>")

    heads = text.heads()

    assert {"grain", "the caspian sea", "caspian sea", "slowly"} <= heads
    assert heads.isdisjoint({"the", "sea slowly", "crosses the caspian sea"})
    assert text.may_mention(" caspian sea ")
    assert not text.may_mention(" sea slowly ")


@pytest.mark.parametrize(
    ("body", "linked"),
    [
        (
            "<p>Over the Caspian Sea, A &lt; B.</p>",
            f'<p>Over the <a data-ref="{REF}">Caspian Sea</a>, A &lt; B.</p>',
        ),
        (
            "<p>x &amp; <em>the Caspian</em> Sea's end</p>",
            f'<p>x &amp; <em>the </em><a data-ref="{REF}"><em>Caspian</em> Sea</a>\'s end</p>',
        ),
        (
            "<p><strong>a Caspian Sea b</strong></p>",
            f'<p><strong>a </strong><a data-ref="{REF}"><strong>Caspian Sea</strong></a>'
            "<strong> b</strong></p>",
        ),
        (
            f'<h2 id="s-x">Caspian Sea</h2><p>one<br><a data-ref="{REF}">two</a> caspian sea</p>',
            f'<h2 id="s-x">Caspian Sea</h2><p>one<br><a data-ref="{REF}">two</a>'
            f' <a data-ref="{REF}">caspian sea</a></p>',
        ),
        (
            '<figure><img data-image="aaaaaaaaaaaaaaaa" alt="&quot;A&quot;">'
            "<figcaption>Caspian Sea</figcaption></figure>",
            '<figure><img data-image="aaaaaaaaaaaaaaaa" alt="&quot;A&quot;">'
            f'<figcaption><a data-ref="{REF}">Caspian Sea</a></figcaption></figure>',
        ),
    ],
)
def test_the_first_mention_becomes_a_reference_and_nothing_else_changes(body, linked):
    body = clean(body)

    result = link_mention(body, REF, [Named("article", 1, "Caspian Sea")])

    assert result == clean(linked)
    assert structure(result).text == structure(body).text
    assert link_mention(result, REF, [Named("article", 1, "Caspian Sea")]) is None


def test_a_text_without_a_mention_is_not_changed():
    assert link_mention("<p>Nothing here.</p>", REF, [Named("article", 1, "Caspian Sea")]) is None
