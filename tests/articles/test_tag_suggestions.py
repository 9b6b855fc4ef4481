import pytest

from articles import publishing
from articles.models import Tag
from articles.publishing import Words
from articles.tag_suggestions import suggest_tags
from tests.factories import cite, make_article, make_author, make_public

pytestmark = pytest.mark.django_db

SHIPS = "<p>The port and its cranes load ships. Ships wait for cranes in the port.</p>"


def names(words, **options):
    return [tag.name for tag in suggest_tags(words, **options)]


def test_what_articles_like_it_carry_is_suggested_the_nearest_first():
    for number in range(3):
        make_public(f"Port cranes {number}", tags=["Ports"], body=SHIPS)
    make_public("Ships of the port", tags=["Trade"], body="<p>Ships, ships of a port.</p>")
    for number in range(3):
        make_public(f"Law {number}", tags=["Law"], body="<p>Courts judge. Courts of law.</p>")

    assert names(Words(title="Cranes", body=SHIPS)) == ["Ports", "Trade"]


def test_what_the_text_names_by_any_name_is_suggested():
    publishing.save_tag(Tag(name="Railways"), aliases=["Rail lines"])
    publishing.merge_tag(publishing.tag_named("Trains"), publishing.tag_named("Railways"), by=None)
    publishing.tag_named("Ports")

    for words in ("A rail line was built.", "Two trains meet.", "RAILWAYS."):
        assert names(Words(title="On the way", body=f"<p>{words}</p>")) == ["Railways"]
    assert names(Words(title="On the way", body="<p>Airports and sport.</p>")) == []


def test_what_the_text_cites_is_suggested_with_what_that_carries():
    subject = publishing.tag_named("Railways")
    cited = make_public("Cited", tags=["Steel"])

    found = names(Words(title="A", body=f"<p>{cite(subject, 'x')} {cite(cited, 'y')}</p>"))

    assert set(found) == {"Railways", "Steel"}


def test_habits_of_its_authors_count_a_little():
    ada = make_author("Ada")
    for number in range(3):
        make_public(f"By Ada {number}", authors=[ada], tags=["Steel"])
    publishing.tag_named("Ports")

    found = names(Words(title="Ports", body="<p>Text.</p>", bylines=[ada.uid]))

    assert found == ["Ports", "Steel"]


def test_what_is_carried_already_retired_or_hidden_is_not_suggested():
    make_public(tags=["Ports"], body=SHIPS)
    make_article("Secret", tags=["Hush"], body=SHIPS)
    publishing.retire_tag(publishing.tag_named("Cranes"), by=None)
    publishing.save_tag(Tag(name="Ships"), aliases=["Vessels"])

    assert names(Words(title="Port cranes ships", body=SHIPS, tags=["vessels", "PORTS"])) == []


def test_article_does_not_speak_for_itself():
    article = make_public("Port cranes", tags=["Ports"], body=SHIPS)
    words = Words(title="Cranes", body=SHIPS.replace("port", "dock"))

    assert names(words) == ["Ports"]
    assert names(words, exclude_article=article) == []


def test_suggesting_asks_as_often_for_many_as_for_few(django_assert_max_num_queries):
    ada = make_author("Ada")
    for number in range(12):
        make_public(f"Port {number}", authors=[ada], tags=[f"Ports {number}", "Sea"], body=SHIPS)

    with django_assert_max_num_queries(12):
        suggest_tags(Words(title="Port", body=SHIPS, bylines=[ada.uid], tags=["Sea"]))


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_are_suggested_than_asked_for(limit):
    make_public(tags=["A", "B", "C", "D"], body=SHIPS)

    assert len(names(Words(title="Port", body=SHIPS), limit=limit)) == limit
