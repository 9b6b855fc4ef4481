"""What readers get of a body is made when it is published, and follows the body always."""

import pytest
from django.core.management import call_command
from django.db import connection

from articles import publishing, typesetting
from articles.models import Article
from articles.rendering import typeset, typeset_from
from tests.factories import change_draft, cite, erase, make_article, make_image, make_public

pytestmark = pytest.mark.django_db

BODY = (
    '<h2 id="s-one">One &amp; all</h2><p>See <a href="https://a.example/">out</a>, '
    '<a data-ref="article:aaaaaaaaaaaaaaaa#s-two">the <em>other</em></a> and '
    '<a data-ref="tag:bbbbbbbbbbbbbbbb">a subject</a>.</p>'
    '<figure><img data-image="cccccccccccccccc" alt="A &quot;sea&quot;"></figure>'
    "<table><tbody><tr><td><p>1</p></td></tr></tbody></table>"
)


def test_stored_form_gives_back_what_was_stored():
    made = typeset(BODY)

    again = typeset_from(made.stored())

    assert (again.pieces, again.headings) == (made.pieces, made.headings)
    assert (again.reading_minutes, again.beginning) == (made.reading_minutes, made.beginning)
    assert again.images == ["cccccccccccccccc"]
    assert {str(token) for token in again.tokens} == {
        "article:aaaaaaaaaaaaaaaa#s-two",
        "tag:bbbbbbbbbbbbbbbb",
    }


@pytest.mark.parametrize("stored", [None, "", '{"form": 0}\x1e<p>Old</p>'])
def test_nothing_and_what_has_another_form_is_made_anew(stored):
    assert typeset_from(stored) is None


def test_control_characters_in_a_body_are_no_places():
    assert typeset("<p>a\x1eb\x1fc</p>").render(references={}, images={}) == "<p>abc</p>"


def test_publishing_stores_what_readers_get_of_the_body():
    article = make_public(body="<h2>Part</h2><p>Words.</p>")
    change_draft(article, body=article.body + "<p>More.</p>")
    before = Article.objects.get(pk=article.pk)
    publishing.publish(article, by=None)
    after = Article.objects.get(pk=article.pk)

    assert (before.typeset, before.text) == (typeset(before.body).stored(), "Part\nWords.")
    assert (after.typeset, after.text) == (typeset(after.body).stored(), "Part\nWords.\nMore.")


def test_page_is_made_of_what_is_stored(client):
    target = make_public("Target")
    image = make_image("Seen")
    article = make_public(
        body=f'<p>See {cite(target, "it")}.</p><img data-image="{image.uid}" alt="">'
    )

    page = client.get(article.get_absolute_url()).context["page"]

    assert page.body.startswith('<p>See <a href="/articles/target/">it</a>.</p><figure><img class=')


@pytest.mark.parametrize("by_hand", [True, False])
def test_body_changed_past_the_verbs_is_what_readers_get(client, by_hand):
    article = make_public("Changed", body="<p>Old words.</p>")
    path = article.get_absolute_url()
    client.get(path)

    if by_hand:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE articles_article SET body = %s WHERE id = %s",
                ["<p>New words.</p>", article.pk],
            )
    else:
        Article.objects.filter(pk=article.pk).update(body="<p>New words.</p>")

    row = Article.objects.get(pk=article.pk)
    assert (row.typeset, row.text) == (None, None)
    for address in (path, "/feed/", "/search/?q=old"):
        page = client.get(address).content.decode()
        assert "New words." in page or address.startswith("/search/?q=new")
        assert "Old words." not in page


def test_page_without_stored_form_is_the_same(client):
    target = make_public("Target")
    article = make_public(body=f"<h2>Part</h2><p>See {cite(target)}.</p>")
    path = article.get_absolute_url()
    with_it = client.get(path).content

    Article.objects.filter(pk=article.pk).update(typeset=None, text=None)

    assert client.get(path).content == with_it


def test_rebuild_puts_right_what_is_wrong_and_nothing_else(capsys):
    whole = make_public(body="<p>Whole.</p>")
    emptied = make_public(body="<p>Emptied.</p>")
    wrong = make_public(body="<p>Wrong.</p>")
    make_article("A draft")
    Article.objects.filter(pk=emptied.pk).update(typeset=None, text=None)
    Article.objects.filter(pk=wrong.pk).update(text="Other words.")

    assert typesetting.rebuild() == 2

    for article in (whole, emptied, wrong):
        row = Article.objects.get(pk=article.pk)
        assert (row.typeset, row.text) == (typeset(row.body).stored(), typeset(row.body).text)
    assert typesetting.rebuild() == 0
    call_command("rebuild_references")
    assert "0 articles whose bodies weren't ready for readers." in capsys.readouterr().out


def test_nothing_is_left_of_what_is_deleted_for_good():
    article = make_public(body="<p>Secret words.</p>")

    erase(article)

    row = Article.objects.get(pk=article.pk)
    assert (row.body, row.typeset, row.text) == ("", None, None)
