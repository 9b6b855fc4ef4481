"""Connections: what is drawn is what the reference table and the tags say, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles import neighbourhood, publishing
from articles.models import Article, Reference, Tag
from articles.neighbourhood import Connection, Group, Neighbourhood, Node
from tests import html
from tests.factories import change_draft, cite, make_article, make_author, make_public

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)


def edges(found):
    return {
        (group.direction, connection.node.label, connection.words)
        for group in found.groups
        for connection in group.connections
    }


def labels(found, direction):
    return [
        connection.node.label
        for group in found.groups
        if group.direction == direction
        for connection in group.connections
    ]


def words_of(found):
    return {connection.words for group in found.groups for connection in group.connections}


@pytest.mark.django_db
def test_connections_of_an_article_are_its_references_both_ways_and_shared_tags():
    person = make_author("A Person")
    make_public("Own", authors=[person], tags=["Law"])
    target = make_public("Target", tags=["Sea", "Ports"], at=AT)
    other = make_public("Other", tags=["Sea"], at=AT)
    law = Tag.objects.get(name="Law")
    article = make_public(
        "Centre",
        tags=["Sea", "Ports"],
        body=f"<p>{cite(target)} {cite(person)} {cite(law)} {cite(target, 'again')}</p>",
        related=[{"article": target.uid}],
        relations=[{"kind": "updates", "article": other.uid}],
    )
    make_public("Citing", body=f"<p>{cite(article)}</p>", related=[{"article": article.uid}])
    make_public("A Series", kind="series", relations=[{"kind": "series", "article": article.uid}])

    found = neighbourhood.of_article(article)

    assert edges(found) == {
        ("out", "Other", "updates it"),
        ("out", "Target", "in the text, as a related link"),
        ("out", "A Person", "in the text"),
        ("out", "Law", "in the text"),
        ("in", "Citing", "in the text, as a related link"),
        ("in", "A Series", "as a part of this series"),
        ("with", "Target", "2 tags: Sea, Ports"),
        ("with", "Other", "1 tag: Sea"),
    }
    live = Reference.objects.filter(set="live", is_first=True)
    assert live.filter(source=article).count() == 5
    assert live.filter(target_article=article).count() == 3


@pytest.mark.django_db
def test_connections_of_a_tag_are_its_articles_its_companions_and_its_mentions():
    make_public("First", tags=["Sea", "Law", "Ports"], at=AT)
    make_public("Second", tags=["Sea", "Law"], at=AT + timedelta(1))
    tag = Tag.objects.get(name="Sea")
    make_public("Mentions", body=f"<p>{cite(tag)}</p>")

    found = neighbourhood.of_tag(tag)

    assert labels(found, "out") == ["Second", "First"]
    assert edges(found) == {
        ("out", "Second", ""),
        ("out", "First", ""),
        ("in", "Mentions", ""),
        ("with", "Law", "in 2 articles"),
        ("with", "Ports", "in 1 article"),
    }


@pytest.mark.django_db
def test_nothing_is_connected_that_readers_may_not_see():
    hidden = make_article("Hidden", tags=["Sea", "Secret"])
    nobody = make_author("Nobody")
    article = make_public(
        "Centre", tags=["Sea"], related=[{"article": hidden.uid}],
        body=f"<p>{cite(hidden)} {cite(nobody)}</p>",
    )  # fmt: skip
    tag = Tag.objects.get(name="Sea")
    make_article("Draft", body=f"<p>{cite(article)} {cite(tag)}</p>", tags=["Sea"])
    changed = make_public("Changed")
    change_draft(changed, body=f"<p>{cite(article)} {cite(tag)}</p>", tags=["Sea", "Secret"])
    overruled = make_public(
        "Overruled", body=f"<p>{cite(article)} {cite(tag)}</p>", tags=["Sea", "Once"]
    )
    target = make_public("Target")
    change_draft(article, body=f"<p>{cite(target)}</p>")
    publishing.publish(article, by=None)
    # By other hands than the verbs: rows of references and tags are still there.
    Article.objects.filter(pk__in=[overruled.pk, target.pk]).update(state="withdrawn")

    assert edges(neighbourhood.of_article(article)) == set()
    assert edges(neighbourhood.of_tag(tag)) == {("out", "Centre", "")}


@pytest.mark.django_db
def test_groups_are_capped_and_the_newest_and_nearest_are_kept():
    targets = [make_public(f"Target {n}") for n in range(10)]
    article = make_public(
        "Centre", tags=["Sea", "Law"], body="".join(f"<p>{cite(t)}</p>" for t in targets)
    )
    for number in range(10):
        make_public(f"Citing {number}", body=f"<p>{cite(article)}</p>", tags=["Sea"])
    make_public("Nearest", tags=["Sea", "Law"], at=AT - timedelta(days=900))

    found = neighbourhood.of_article(article)

    assert labels(found, "out") == [f"Target {n}" for n in range(8)]
    assert labels(found, "in") == [f"Citing {n}" for n in range(9, 1, -1)]
    assert labels(found, "with") == ["Nearest", *(f"Citing {n}" for n in range(9, 2, -1))]


@pytest.mark.django_db
def test_only_the_newest_of_a_tag_are_compared(monkeypatch):
    monkeypatch.setattr(neighbourhood, "ARTICLES_COMPARED", 3)
    article = make_public("Centre", tags=["Sea"], at=AT - timedelta(days=9))
    for number in range(5):
        make_public(f"Other {number}", tags=["Sea"], at=AT + timedelta(days=number))

    found = neighbourhood.of_article(article)

    assert labels(found, "with") == ["Other 4", "Other 3", "Other 2"]


@pytest.mark.django_db
def test_page_lists_and_draws_each_connection_once(client):
    target = make_public("Target", tags=["Sea"])
    article = make_public("Centre", slug="centre", tags=["Sea"], body=f"<p>{cite(target)}</p>")
    change_draft(target, body=f"<p>{cite(article)}</p>")
    publishing.publish(target, by=None)

    page = client.get("/articles/centre/connections/")

    tree = html.parse(page)
    listed = html.all_words(page, html.by_class("connections__group") + "/h2")
    drawn = {
        name: len(tree.xpath(f"//*[@class='diagram diagram--{name}']/path"))
        for name in ("wide", "narrow")
    }
    nodes = tree.xpath("//*[@class='diagram diagram--wide']/a/@href")
    assert listed == ["Refers to", "Referred to by", "Shares tags with"]
    assert html.all_words(page, html.by_class("connections__name")) == ["Target"] * 3
    assert drawn == {"wide": 3, "narrow": 3}
    assert nodes == ["/articles/centre/", "/articles/target/"]
    assert html.inspect(page)[0] == []
    assert tree.xpath("//meta[@name='robots']/@content") == ["noindex"]


@pytest.mark.django_db
def test_what_stands_alone_says_so(client):
    make_public("Alone", slug="alone")

    page = client.get("/articles/alone/connections/")

    assert html.all_words(page, html.by_class("empty")) == [
        "It stands alone so far: nothing that is published refers to it or shares a tag with it."
    ]


@pytest.mark.django_db
def test_hostile_names_stay_names(client):
    hostile = "</title></svg><script>alert(1)</script> & \"'"
    target = make_public(hostile, tags=["Sea"], slug="target")
    make_public("Centre", slug="centre", tags=["Sea"], body=f"<p>{cite(target)}</p>")

    page = client.get("/articles/centre/connections/")

    assert html.inspect(page)[0] == []
    # That of the search field.
    assert page.content.count(b"<script") == 1


@pytest.mark.django_db
def test_pages_ask_as_often_for_twelve_of_everything_as_for_one(client):
    tags = [f"Subject {n}" for n in range(12)]
    article = make_public("Centre", slug="centre", tags=tags[:1])

    def asked(path):
        client.get("/")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    def connect(number, some_tags):
        subject = Tag.objects.get(name="Subject 0")
        make_public(
            f"Other {number}", tags=some_tags, related=[{"article": article.uid}],
            body=f"<p>{cite(article)} {cite(subject)}</p>",
            relations=[{"kind": "corrects", "article": article.uid}],
        )  # fmt: skip

    connect(0, tags[:2])
    few = [asked("/articles/centre/connections/"), asked("/tags/subject-0/connections/")]
    for number in range(1, 12):
        connect(number, tags)
    others = Article.objects.filter(title__startswith="Other")
    change_draft(article, tags=tags, body="".join(f"<p>{cite(other)}</p>" for other in others))
    publishing.publish(article, by=None)
    many = [asked("/articles/centre/connections/"), asked("/tags/subject-0/connections/")]

    # The publication, what is merged, the centre; three kinds of targets, five kinds of references
    # to it; and of the tags: what they are, how far to look, what is there, what is public of it.
    assert few == many == [15, 8]


# The drawing.


def some(*, out=0, into=0, beside=0, label="A rather long title of an article about the sea"):
    def group(direction, count):
        return Group(
            direction,
            direction,
            [
                Connection(Node(f"article:{direction}{n}", "article", f"{label} {n}", "/"), "")
                for n in range(count)
            ],
        )

    groups = [group("out", out), group("in", into), group("with", beside)]
    centre = Node("article:0", "article", label, "/")
    return Neighbourhood(centre, [one for one in groups if one.connections])


@pytest.mark.parametrize("draw", [neighbourhood.draw_wide, neighbourhood.draw_narrow])
@pytest.mark.parametrize("counts", [(8, 8, 8), (1, 0, 0), (0, 8, 0), (0, 0, 1), (3, 1, 8)])
def test_boxes_and_captions_lie_apart_and_within_the_drawing(draw, counts):
    out, into, beside = counts
    drawing = draw(some(out=out, into=into, beside=beside))

    boxes = [(box.x, box.y, box.width, box.height) for box in drawing.boxes]
    captions = [(one.x, one.y - 12, 60, 14) for one in drawing.captions]
    rectangles = boxes + captions
    overlapping = [
        (a, b)
        for number, a in enumerate(rectangles)
        for b in rectangles[number + 1 :]
        if a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
    ]
    assert len(boxes) == 1 + out + into + beside
    assert len(drawing.lines) == out + into + beside
    assert overlapping == []
    assert all(
        min(x, y) >= 0 and x + width <= drawing.width and y + height <= drawing.height
        for x, y, width, height in rectangles
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Short", ["Short"]),
        ("The North–South Corridor and", ["The North–South", "Corridor and"]),
        ("One two three four five six seven eight nine", ["One two three", "four five six…"]),
        ("Donaudampfschifffahrtsgesellschaft", ["Donaudampfschiff", "fahrtsgesellsch…"]),
        ("", []),
    ],
)
def test_label_is_cut_to_lines_that_fit(text, lines):
    assert neighbourhood.wrap(text, 125, lines=2) == lines
