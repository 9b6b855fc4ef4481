"""What editors are offered to cite, and what becomes of it: never itself, never twice, and
nothing of it for readers."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from articles import publishing, similar, suggestions
from articles.admin import suggestions as views
from articles.models import Article, Reference, Revision
from articles.publishing import PublishingError
from articles.rendering import structure
from tests.factories import (
    change_draft,
    cite,
    erase,
    make_article,
    make_author,
    make_public,
    make_withdrawn,
)

pytestmark = pytest.mark.django_db

CORRIDOR = "The North–South Corridor"
ON_GRAIN = "Grain and wheat, grain and wheat, harvest upon harvest. "


def while_writing(body, article=None, **words):
    return suggestions.while_writing(
        article, **({"title": "", "standfirst": "", "body": body} | words)
    )


def mentioned(body, article=None, **words):
    return [item.target for item in while_writing(body, article, **words).mentions]


@pytest.fixture
def corridor():
    return make_public(CORRIDOR)


@pytest.fixture
def railways():
    tag = publishing.tag_named("Railways")
    publishing.save_tag(tag, aliases=["Rail links"])
    return tag


# While writing.


def test_titles_aliases_and_people_that_a_text_names_are_suggested(corridor, railways):
    marta = make_author("Marta Lindqvist")
    body = "<p>Rail links, says Marta Lindqvist, make the north-south corridor's fortune.</p>"

    found = while_writing(body).mentions

    assert [(item.ref, item.words) for item in found] == [
        (f"article:{corridor.uid}", "the north-south corridor"),
        (f"tag:{railways.uid}", "Rail links"),
        (f"author:{marta.uid}", "Marta Lindqvist"),
    ]


def test_what_the_text_cites_already_and_the_article_itself_are_not_suggested(corridor, railways):
    own = make_public("Grain Across the Caspian")
    body = (
        f"<p>Railways, {cite(railways)}.</p><p>{cite(corridor, section='s-x')}</p>"
        f"<p>{CORRIDOR}: {own.title}.</p>"
    )

    assert mentioned(body, own) == []
    assert mentioned(f"<p>{CORRIDOR}: {own.title}.</p>", own) == [corridor]


def test_a_shorter_name_within_a_longer_one_that_is_cited_is_not_meant(corridor):
    longer = make_public(f"{CORRIDOR} Treaty")

    assert mentioned(f"<p>{CORRIDOR} Treaty and {cite(longer)}</p>") == []


def test_what_can_not_be_cited_by_new_texts_is_not_suggested(railways):
    withdrawn = make_withdrawn("A Withdrawn Matter")
    page = make_public("Imprint", kind=Article.Kind.PAGE)
    retired = make_author("Retired Person", is_retired=True)
    railways.is_retired = True
    publishing.save_tag(railways)
    deleted = make_public("A Deleted Matter")
    erase(deleted)

    text = f"<p>{withdrawn.title}, {deleted.title}, Imprint, {retired.name} and Railways.</p>"

    assert page.title in text
    assert mentioned(text) == []


def test_a_draft_is_suggested_by_its_newest_title_and_a_public_article_by_its_former_one(corridor):
    draft = make_article("A Matter Of Drafts")
    change_draft(corridor, title="The Long Road South")
    publishing.publish(corridor, by=None)

    assert mentioned("<p>A matter of drafts.</p>") == [draft]
    assert mentioned(f"<p>{CORRIDOR}.</p>") == [corridor]
    assert mentioned("<p>The long road south.</p>") == [corridor]


def test_similar_articles_are_public_and_neither_cited_nor_related_nor_itself():
    own, cited, related, other = (
        make_public(f"Piece {letter}", body=f"<p>{ON_GRAIN * 3}</p>") for letter in "ABCD"
    )
    draft = make_article("Piece E", body=f"<p>{ON_GRAIN * 3}</p>")
    withdrawn = make_withdrawn("Piece F", body=f"<p>{ON_GRAIN * 3}</p>")
    similar.rebuild()
    body = f"<p>{ON_GRAIN * 2}{cite(cited)}</p>"

    found = while_writing(body, own, related=[related.uid]).similar

    assert found == [other]
    assert {draft, withdrawn}.isdisjoint(while_writing(body).similar)
    assert while_writing(f"<p>{ON_GRAIN} Piece D.</p>", limit=1).similar != []


def test_markup_of_any_origin_is_taken_for_what_would_be_saved(corridor):
    hostile = f"<script>{CORRIDOR}</script><div onclick=x>On <b>{CORRIDOR}</b><unknown></div>"

    (item,) = while_writing(hostile).mentions

    assert (item.words, item.sentence) == (CORRIDOR, f"On {CORRIDOR}")


def test_the_number_of_queries_depends_neither_on_articles_nor_on_mentions():
    titles = [f"Grain Question {word}" for word in ("One", "Two", "Three", "Four")]

    def count():
        body = "".join(f"<p>{title}. {ON_GRAIN}</p>" for title in titles)
        with CaptureQueriesContext(connection) as captured:
            found = while_writing(body)
        return len(found.mentions), len(captured)

    make_public(titles[0], tags=["Grain"])
    make_author("Question Two")
    one = count()
    for title in titles[1:]:
        make_public(title, body=f"<p>{ON_GRAIN}</p>")
    four = count()

    assert one[0] < four[0]
    assert four[1] <= one[1] + 1


# Once it is out.


def could_cite(article):
    return [
        (item.source, item.how, item.words)
        for item in suggestions.could_cite(Article.objects.get(pk=article.pk))
    ]


def test_older_articles_that_name_a_new_one_could_cite_it(corridor):
    naming = make_public("Older", body="<p>First. On the north-south corridor's cost. Last.</p>")
    make_public("Unrelated", body="<p>The north and the south have a corridor.</p>")

    (item,) = (item for item in suggestions.could_cite(corridor) if item.how == "mention")

    assert (item.source, item.how) == (naming, "mention")
    assert item.words == "the north-south corridor"
    assert item.sentence == "On the north-south corridor's cost."
    assert item.before == "On "


def test_who_cites_it_live_or_in_the_newest_draft_is_not_suggested(corridor):
    text = f"<p>On {CORRIDOR}.</p>"
    live = make_public("Live", body=f"{text}<p>{cite(corridor)}</p>")
    change_draft(live, body=text)
    in_draft = make_public("In draft", body=text)
    change_draft(in_draft, body=f"{text}<p>{cite(corridor)}</p>")
    related = make_public("Related", body=text, related=[{"article": corridor.uid}])
    assert {live, in_draft, related}.isdisjoint(
        source for source, _how, _words in could_cite(corridor)
    )


def test_the_newest_text_decides_who_mentions_an_article(corridor):
    no_more = make_public("No more", body=f"<p>On {CORRIDOR}.</p>")
    change_draft(no_more, body="<p>Nothing.</p>")

    assert "mention" not in [how for _source, how, _words in could_cite(corridor)]


def test_what_is_not_public_neither_could_cite_nor_could_be_cited(corridor):
    text = f"<p>On {CORRIDOR}.</p>"
    make_article("A draft", body=text)
    make_withdrawn("Withdrawn", body=text)
    draft = make_article("A Question Of Grain")
    public = make_public("Public", body="<p>A question of grain.</p>")

    assert {source for source, _how, _words in could_cite(corridor)} <= {public}
    assert could_cite(draft) == []


def test_similar_articles_follow_as_related_links_and_none_comes_twice():
    target = make_public("A Question Of Grain", body=f"<p>{ON_GRAIN * 3}</p>")
    both = make_public("Both", body=f"<p>A question of grain. {ON_GRAIN * 3}</p>")
    alike = make_public("Alike", body=f"<p>{ON_GRAIN * 3}</p>")
    citing = make_public("Citing", body=f"<p>{ON_GRAIN * 3}{cite(target)}</p>")
    similar.rebuild()

    assert could_cite(target) == [
        (both, "mention", "A question of grain"),
        (alike, "related", ""),
    ]
    assert Reference.objects.filter(source=citing, target_article=target).exists()


def test_a_former_title_counts_and_there_are_twelve_at_most(corridor):
    change_draft(corridor, title="The Long Road South")
    publishing.publish(corridor, by=None)
    for number in range(13):
        make_public(f"Older {number}", body=f"<p>On {CORRIDOR}.</p>")

    assert len(could_cite(corridor)) == 12


# Applying.


@pytest.fixture
def older():
    return make_public("Older", body=f"<h2>{CORRIDOR}</h2><p>On {CORRIDOR}. Again {CORRIDOR}.</p>")


def test_applying_a_mention_makes_it_a_reference_in_a_draft_and_readers_see_nothing(
    corridor, older, client, editor
):
    def page():
        return client.get(older.get_absolute_url()).content

    before = page()

    assert suggestions.apply_citation(corridor, older, how="mention", by=editor) is True

    older.refresh_from_db()
    assert older.has_newer_draft
    draft = older.latest_revision
    (reference,) = structure(draft.body).references
    assert (reference.token.uid, reference.sentence) == (corridor.uid, f"On {CORRIDOR}.")
    assert (draft.by, draft.note) == (editor, f"Cites “{CORRIDOR}”")
    assert draft.body.startswith(older.body.partition("</h2>")[0])
    assert page() == before


def test_applying_twice_changes_nothing_the_second_time(corridor, older):
    for how in ("mention", "related", "mention"):
        suggestions.apply_citation(corridor, older, how=how, by=None)
    revisions = Revision.objects.filter(article=older)

    assert revisions.count() == 2
    assert suggestions.apply_citation(corridor, older, how="related", by=None) is False
    assert revisions.count() == 2


def test_applying_goes_on_top_of_the_newest_draft(corridor, older):
    kept = {"article": make_public("Kept").uid}
    change_draft(older, standfirst="Newer words.", related=[kept])

    suggestions.apply_citation(corridor, older, how="related", by=None)

    older.refresh_from_db()
    assert older.latest_revision.standfirst == "Newer words."
    assert older.latest_revision.related == [kept, {"article": corridor.uid}]


@pytest.mark.parametrize("which", ["target", "source"])
def test_what_is_not_live_is_refused(corridor, older, which):
    publishing.unpublish({"target": corridor, "source": older}[which], by=None)

    with pytest.raises(PublishingError, match="isn't live any more"):
        suggestions.apply_citation(corridor, older, how="related", by=None)


def test_a_mention_that_is_gone_and_an_article_itself_are_refused(corridor, older):
    change_draft(older, body="<p>Nothing.</p>")

    with pytest.raises(PublishingError, match="doesn't mention"):
        suggestions.apply_citation(corridor, older, how="mention", by=None)
    with pytest.raises(PublishingError, match="itself"):
        suggestions.apply_citation(corridor, corridor, how="related", by=None)


def test_only_those_who_may_change_articles_apply(corridor, older, django_user_model):
    reader = django_user_model.objects.create_user("reader", is_staff=True)

    with pytest.raises(PublishingError):
        suggestions.apply_citation(corridor, older, how="mention", by=reader)

    older.refresh_from_db()
    assert not older.has_newer_draft


# The form's questions.


@pytest.fixture
def ask(rf, editor):
    """Asks a view as a user, and gives back the status and the answer."""

    def ask_view(view, *args, by=editor, method="post", **data):
        request = getattr(rf, method)("/", data)
        request.user = by
        response = view(request, *args)
        assert set(response.headers["Cache-Control"].split(", ")) == {"private", "no-store"}
        return response.status_code, json.loads(response.content)

    return ask_view


def test_the_form_is_told_what_it_could_cite(ask, railways):
    corridor = make_public(CORRIDOR, at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    draft = make_article("A Matter Of Drafts")
    body = f"<p>On {CORRIDOR} and a matter of drafts, by railways.</p>"

    status, answer = ask(views.suggest, title="", standfirst="", body=body, related="", article="")

    assert status == 200
    assert answer["similar"] == []
    assert answer["mentions"][0] == {
        "ref": f"article:{corridor.uid}",
        "kind": "article",
        "label": CORRIDOR,
        "note": "5 March 2026",
        "words": CORRIDOR,
        "sentence": f"On {CORRIDOR} and a matter of drafts, by railways.",
        "before": "On ",
    }
    assert answer["mentions"][1]["ref"] == f"article:{draft.uid}"
    assert answer["mentions"][1]["note"].startswith("draft – readers see plain words")
    assert answer["mentions"][2]["note"] == "tag"


def test_the_form_sends_its_related_links_as_the_picker_keeps_them(ask):
    own, related, other = (
        make_public(f"Piece {letter}", body=f"<p>{ON_GRAIN * 3}</p>") for letter in "ABC"
    )
    similar.rebuild()
    chosen = [{"value": f"article:{related.uid}", "label": "x"}, {"value": "https://example.org/"}]

    _status, answer = ask(
        views.suggest, body=f"<p>{ON_GRAIN * 3}</p>", related=json.dumps(chosen), article=own.uid
    )

    assert [item["value"] for item in answer["similar"]] == [f"article:{other.uid}"]
    assert answer["similar"][0]["label"] == "Piece C"


@pytest.mark.parametrize(
    "data",
    [
        {"body": "x" * (1024 * 1024 + 1)},
        {"related": "{"},
        {"related": '"a"'},
        {"related": "[" * 100_000},
        {"article": "no such"},
        {"article": "a" * 16},
        {"article": "a\x00"},
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence(ask, data):
    status, answer = ask(views.suggest, **data)

    assert status == 400
    assert answer["error"].endswith(".")


@pytest.mark.parametrize("body", ["", "\x00", "<p>" * 3000, "&#0;<a data-ref='x'>", "\ud800"])
def test_no_body_is_an_error(ask, body):
    status, answer = ask(views.suggest, body=body.encode("utf-8", "ignore").decode())

    assert (status, answer) == (200, {"mentions": [], "similar": [], "tags": []})


def test_the_form_is_told_who_could_cite_a_live_article_and_lets_them(ask, corridor, older):
    status, answer = ask(views.could_cite, corridor.pk, method="get")
    assert status == 200
    (item,) = answer["results"]
    assert (item["value"], item["how"], item["words"]) == (older.uid, "mention", CORRIDOR)

    status, answer = ask(views.apply_citation, corridor.pk, source=item["value"], how=item["how"])
    assert status == 200
    assert answer["url"] == item["url"]
    assert "draft" in answer["message"]

    assert ask(views.could_cite, corridor.pk, method="get")[1] == {"results": []}
    _status, again = ask(views.apply_citation, corridor.pk, source=older.uid, how="mention")
    assert "already" in again["message"]


@pytest.mark.parametrize(
    "data",
    [{"how": "mention"}, {"source": "a" * 16, "how": "mention"}, {"source": "own", "how": "gift"}],
)
def test_a_citation_that_makes_no_sense_is_refused(ask, corridor, older, data):
    if data.get("source") == "own":
        data = data | {"source": older.uid}

    status, answer = ask(views.apply_citation, corridor.pk, **data)

    assert status == 400
    assert answer["error"].endswith(".")


def test_suggestions_are_for_those_who_may_see_articles(ask, corridor, older, django_user_model):
    nobody = django_user_model.objects.create_user("nobody", is_staff=True)
    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_article"))

    assert ask(views.suggest, by=nobody)[0] == 403
    assert ask(views.could_cite, corridor.pk, by=nobody, method="get")[0] == 403
    assert ask(views.suggest, by=viewer)[0] == 200
    assert ask(views.could_cite, corridor.pk, by=viewer, method="get")[0] == 200
    apply = {"source": older.uid, "how": "mention"}
    assert ask(views.apply_citation, corridor.pk, by=viewer, **apply)[0] == 403
    older.refresh_from_db()
    assert not older.has_newer_draft
