"""Who may do what: each role against each kind of article, and what no look-up tells them."""

from copy import deepcopy

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from articles import publishing, rights, similar
from articles.models import Article
from articles.publishing import NotAllowed, Words
from tests.factories import change_draft, make_article, make_public

pytestmark = pytest.mark.django_db

LOOKUP = "/admin/articles/article/lookup/"
SUGGEST = "/admin/articles/article/suggest/"
ON_GRAIN = "Grain leaves Astrakhan by barge in spring, once the ice of the delta has gone. " * 3


@pytest.fixture(scope="module")
def cast(shared_db):
    """One member of each role, somebody who may only look, and somebody without any right."""
    users = {}
    for role in rights.ROLES:
        users[role] = get_user_model().objects.create_user(role.lower(), is_staff=True)
        users[role].groups.add(Group.objects.get(name=role))
    users["Reader"] = get_user_model().objects.create_user("reader", is_staff=True)
    users["Reader"].user_permissions.add(Permission.objects.get(codename="view_article"))
    users["Stranger"] = get_user_model().objects.create_user("stranger", is_staff=True)
    return users


@pytest.fixture
def people(cast):
    return deepcopy(cast)


@pytest.fixture(scope="module")
def made(cast):
    """Articles that stand differently to the contributor; secrets are in what they may not see."""
    contributor, editor = cast["Contributor"], cast["Editor"]
    articles = {
        "own": make_article("Own Harbour", by=contributor),
        "assigned": make_article("Assigned Harbour", by=editor),
        "done": make_article("Secret Done Harbour", by=editor),
        "foreign": make_article("Secret Foreign Harbour", by=editor),
        "page": make_article("Secret Page Harbour", by=editor, kind="page"),
        "live": make_public(
            "Live Harbour", by=editor, slug="live-harbour", body="<h2>Harbour quay</h2><p>x</p>"
        ),
        "withdrawn": make_public("Secret Withdrawn Harbour", by=editor, slug="withdrawn-harbour"),
    }
    change_draft(
        articles["live"],
        title="Secret Live Harbour",
        body='<h2 id="s-harbour-quay">Harbour quay</h2><p>x</p><h2>Secret harbour crane</h2>',
    )
    publishing.unpublish(articles["withdrawn"], by=editor)
    publishing.assign(articles["assigned"], contributor, by=editor)
    task = publishing.assign(articles["done"], contributor, by=editor)
    publishing.finish(task, by=contributor)
    # Pages belong to everybody, whoever began them.
    Article.objects.filter(pk=articles["page"].pk).update(created_by=contributor)
    return {name: Article.objects.get(pk=article.pk) for name, article in articles.items()}


@pytest.fixture
def shelf(made):
    return deepcopy(made)


# The roles

#                 writes  writes  publishes  erases  sees   changes  has a
#                         a page                     all    all      desk
ROLES = {
    "Contributor": (True, False, False, False, False, False, True),
    "Editor":      (True, True, True, False, True, True, True),
    "Publisher":   (True, True, True, True, True, True, True),
    "Reader":      (False, False, False, False, True, False, True),
    "Stranger":    (False, False, False, False, False, False, False),
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_role_may_do_what_it_is_for(role, people):
    user = people[role]

    assert ROLES[role] == (
        rights.may_write(user),
        rights.may_write(user, "page"),
        rights.may_publish(user),
        rights.may_erase(user),
        rights.sees_all(user),
        rights.changes_all(user),
        rights.has_a_desk(user),
    )


OWN = {"own", "assigned"}
EVERY = {*OWN, "done", "foreign", "page", "live", "withdrawn"}
SEEN = {"Contributor": OWN, "Editor": EVERY, "Publisher": EVERY, "Reader": EVERY, "Stranger": set()}


@pytest.mark.parametrize("role", SEEN)
def test_role_sees_and_changes_own_articles_or_all(role, people, shelf):
    user = people[role]

    seen = {name for name, article in shelf.items() if rights.may_see(user, article)}
    changed = {name for name, article in shelf.items() if rights.may_change(user, article)}

    assert seen == SEEN[role]
    assert changed == (set() if role == "Reader" else SEEN[role])
    # The same answer for many at once.
    names = {article.pk: name for name, article in shelf.items()}
    assert {names[article.pk] for article in rights.seen_by(user)} == seen
    assert {row.pk for row in Article.objects.filter(rights.seen_or_live(user))} == {
        shelf[name].pk for name in {*seen, "live"}
    }
    annotated = rights.with_is_seen(user, Article.objects.all())
    assert {names[row.pk] for row in annotated if row.is_seen} == seen


def test_publication_itself_may_do_everything(shelf):
    assert rights.may_write(None, "page")
    assert rights.may_publish(None)
    assert rights.may_erase(None)
    assert rights.sees_all(None)
    assert all(rights.may_change(None, article) for article in shelf.values())


def test_who_lost_the_right_to_write_sees_own_articles_no_more(people, shelf):
    user = people["Contributor"]
    user.groups.clear()
    user = type(user).objects.get(pk=user.pk)

    assert not rights.may_see(user, shelf["own"])
    assert not rights.seen_by(user).exists()


def test_contributor_changes_nothing_foreign_by_any_verb(people, shelf):
    user = people["Contributor"]
    verbs = [
        lambda article: change_draft(article, by=user, title="Mine"),
        lambda article: publishing.autosave(article, Words(title="Mine"), by=user, based_on=1),
        lambda article: publishing.restore(article, article.revisions.first(), by=user),
        lambda article: publishing.name_revision(
            article, article.revisions.first(), "Mine", by=user
        ),
        lambda article: publishing.submit(article, by=user),
        lambda article: publishing.take_back(article, by=user),
        lambda article: publishing.comment(article, "Mine", by=user),
        lambda article: publishing.share(article, by=user),
        lambda article: publishing.trash(article, by=user),
        lambda article: publishing.retarget(article, lambda token: None, by=user),
    ]
    for name in ("foreign", "done", "page", "live", "withdrawn"):
        for verb in verbs:
            with pytest.raises(NotAllowed):
                verb(shelf[name])


def test_contributor_decides_nothing_even_about_own_articles(people, shelf):
    user, article = people["Contributor"], shelf["own"]
    publishing.submit(article, by=user)
    bundle = publishing.save_bundle(None, name="B", articles=[article], by=people["Editor"])
    verbs = [
        lambda: publishing.publish(article, by=user),
        lambda: publishing.approve(article, by=user),
        lambda: publishing.send_back(article, by=user, comment="No"),
        lambda: publishing.assign(article, people["Editor"], by=user),
        lambda: publishing.schedule(article, due_at=None, by=user),
        lambda: publishing.cancel_schedules(article, by=user),
        lambda: publishing.unpublish(article, by=user),
        lambda: publishing.save_bundle(None, name="Mine", articles=[article], by=user),
        lambda: publishing.publish_bundle(bundle, by=user),
        lambda: publishing.schedule_bundle(bundle, due_at=None, by=user),
        lambda: publishing.cancel_bundle(bundle, by=user),
        lambda: publishing.discard_bundle(bundle, by=user),
        lambda: publishing.merge(article, shelf["live"], by=user),
        lambda: publishing.delete(publishing.trash(article, by=user), by=user),
        lambda: publishing.create(Words(title="A page"), by=user, kind="page"),
    ]
    for verb in verbs:
        with pytest.raises(NotAllowed):
            verb()


def test_contributor_takes_own_draft_to_the_trash_and_back_but_not_what_was_public(people, shelf):
    user, own = people["Contributor"], shelf["own"]

    publishing.trash(own, by=user)
    publishing.untrash(own, by=user)
    publishing.publish(own, by=people["Editor"])

    with pytest.raises(NotAllowed):
        publishing.trash(own, by=user)
    assert Article.objects.get(pk=own.pk).state == "live"


# Kept by migrations


def test_every_migrate_gives_the_roles_their_rights_again_and_leaves_other_groups(people):
    own = Group.objects.create(name="Proof-readers")
    own.permissions.add(Permission.objects.get(codename="view_article"))
    editors = Group.objects.get(name="Editor")
    editors.permissions.add(Permission.objects.get(codename="delete_article"))
    editors.permissions.remove(Permission.objects.get(codename="publish_article"))
    Group.objects.get(name="Contributor").delete()

    call_command("migrate", verbosity=0)

    kept = {
        group.name: {
            f"{permission.content_type.app_label}.{permission.codename}"
            for permission in group.permissions.select_related("content_type")
        }
        for group in Group.objects.all()
    }
    assert kept == {**rights.ROLES, "Proof-readers": {"articles.view_article"}}
    assert list(editors.user_set.all()) == [people["Editor"]]


# What look-ups tell

_LIVE, _SECTION = "Live Harbour", "Harbour quay"
_HIDDEN = [
    "Secret Done Harbour", "Secret Foreign Harbour", "Secret Live Harbour", "Secret Page Harbour",
    "Secret Withdrawn Harbour",
]  # fmt: skip
_FOUND = {
    "Contributor": {
        "article": {"Own Harbour", "Assigned Harbour", _LIVE},
        "place": {"Own Harbour", "Assigned Harbour", _LIVE, _SECTION},
    },
    "Editor": {
        "article": {"Own Harbour", "Assigned Harbour", *_HIDDEN},
        "place": {
            "Own Harbour", "Assigned Harbour", *_HIDDEN, _SECTION, "Secret harbour crane"
        },
    },
}  # fmt: skip
_FOUND["Publisher"] = _FOUND["Reader"] = _FOUND["Editor"]
for _kinds in _FOUND.values():
    _kinds["target"] = _kinds["place"]


def found(client, kind, query, **more):
    response = client.get(LOOKUP, {"kind": kind, "q": query, **more})
    assert response.status_code == 200
    return {item["label"] for item in response.json()["results"]}


@pytest.mark.parametrize("kind", ["article", "place", "target"])
@pytest.mark.parametrize("role", _FOUND)
def test_lookup_finds_what_the_role_may_know(client, people, shelf, role, kind):
    client.force_login(people[role])
    expected = _FOUND[role][kind]

    assert found(client, kind, "harbour") == expected
    sections = {_SECTION, "Secret harbour crane"}
    assert found(client, kind, "") == expected - sections


@pytest.mark.parametrize("kind", ["author", "tag", "article", "place", "target"])
def test_lookup_tells_strangers_nothing(client, people, kind):
    client.force_login(people["Stranger"])

    response = client.get(LOOKUP, {"kind": kind, "q": "harbour"})

    assert response.status_code == 403
    assert set(response.json()) == {"error"}


@pytest.mark.parametrize("kind", ["author", "tag", "article", "place", "target"])
def test_lookup_never_tells_contributors_a_secret(client, people, shelf, kind):
    client.force_login(people["Contributor"])
    queries = ["", "secret", "harbour", "secret crane", "harbour quay secret", "secret live"]

    answers = {query: client.get(LOOKUP, {"kind": kind, "q": query}) for query in queries}

    assert [answer.status_code for answer in answers.values()] == [200] * len(queries)
    assert not any("secret" in answer.content.decode().lower() for answer in answers.values())
    # Nor is anything found by words that are secret.
    assert not any(answers[query].json()["results"] for query in queries if "secret" in query)


def test_address_of_what_contributors_may_not_see_finds_nothing(client, people, shelf):
    client.force_login(people["Contributor"])
    own_section = {"exclude": shelf["foreign"].uid}

    answers = [
        client.get(LOOKUP, {"kind": "target", "q": query, **more}).json()
        for query, more in (
            ("/articles/withdrawn-harbour/", {}),
            ("#s-harbour-quay", own_section),
            ("/articles/live-harbour/", {}),
            ("/articles/live-harbour/#s-secret-harbour-crane", {}),
        )
    ]

    assert "secret" not in str([answer["results"] for answer in answers]).lower()
    assert [len(answer["results"]) for answer in answers] == [0, 0, 1, 1]
    assert answers[3]["results"][0]["is_section"] is False
    assert "no article" in answers[0]["message"]


def test_lookup_asks_as_often_for_contributors_as_for_editors(client, people, shelf):
    def count(role):
        client.force_login(people[role])
        with CaptureQueriesContext(connection) as queries:
            client.get(LOOKUP, {"kind": "target", "q": "harbour"})
        return len(queries)

    assert (count("Contributor"), count("Editor")) == (13, 13)


def test_suggestions_name_no_secret_to_contributors(client, people, shelf):
    body = (
        "<p>On Live Harbour, Secret Live Harbour, Secret Foreign Harbour,"
        " Secret Withdrawn Harbour, Own Harbour and Assigned Harbour.</p>"
    )

    def suggested(role, key="words", **more):
        client.force_login(people[role])
        response = client.post(SUGGEST, {"body": body} | more)
        assert response.status_code == 200
        return [item[key] for item in response.json()["mentions"]]

    assert suggested("Contributor", "label") == [_LIVE, "Own Harbour", "Assigned Harbour"]
    assert "Secret Foreign Harbour" in suggested("Editor")
    assert suggested("Contributor", body="<p>On Secret Live Harbour.</p>") == ["Live Harbour"]
    assert suggested("Contributor", article=shelf["own"].uid) == [_LIVE, "Assigned Harbour"]
    foreign = client.post(SUGGEST, {"body": body, "article": shelf["foreign"].uid})
    assert (foreign.status_code, foreign.json()["error"]) == (400, "There is no such article.")


def test_similar_articles_are_shown_to_contributors_as_readers_know_them(client, people):
    article = make_public("Piece", body=f"<p>{ON_GRAIN}</p>")
    own = make_article("Own", by=people["Contributor"], body=f"<p>{ON_GRAIN}</p>")
    publishing.publish(own, by=None)
    change_draft(article, title="Secret piece")
    similar.rebuild()

    labels = {}
    for role in ("Contributor", "Editor"):
        client.force_login(people[role])
        answer = client.post(SUGGEST, {"body": f"<p>{ON_GRAIN}</p>", "article": own.uid}).json()
        labels[role] = [item["label"] for item in answer["similar"]]

    assert labels == {"Contributor": ["Piece"], "Editor": ["Secret piece"]}


def test_contributors_are_told_which_of_their_own_articles_could_cite_theirs(client, people):
    contributor, editor = people["Contributor"], people["Editor"]
    words = {"body": "<p>The Harbour Question is old.</p>"}
    own, foreign = make_public("Own", **words), make_public("Foreign", **words)
    target = make_public("The Harbour Question")
    Article.objects.filter(Q(pk=own.pk) | Q(pk=target.pk)).update(created_by=contributor)
    base = f"/admin/articles/article/{target.pk}"

    def could_cite(user):
        client.force_login(user)
        answer = client.get(f"{base}/could-cite/").json()
        return {item["label"] for item in answer["results"]}

    assert could_cite(editor) == {"Own", "Foreign"}
    assert could_cite(contributor) == {"Own"}
    for source, status in ((own, 200), (foreign, 403)):
        answer = client.post(f"{base}/apply-citation/", {"source": source.uid, "how": "mention"})
        assert answer.status_code == status
    assert client.get(f"/admin/articles/article/{foreign.pk}/could-cite/").status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_link_health_is_for_who_sees_everything(client, people, role):
    client.force_login(people[role])
    sees, changes = ROLES[role][4:6]

    shown = client.get("/admin/health/")
    woken = client.post("/admin/health/", {"action": "wake", "kind": "orphan", "key": "x"})

    assert shown.status_code == (200 if sees else 403)
    assert woken.status_code == (302 if changes else 403)


def test_form_and_comparison_name_what_contributors_cite_as_readers_know_it(client, people, shelf):
    own, live, foreign = shelf["own"], shelf["live"], shelf["foreign"]
    related = [
        {"article": live.uid}, {"article": live.uid, "section": "s-secret-harbour-crane"},
        {"article": foreign.uid},
    ]  # fmt: skip
    change_draft(own, by=people["Editor"], related=related)
    client.force_login(people["Contributor"])
    url = f"/admin/articles/article/{own.pk}"

    form = client.get(f"{url}/change/")
    comparison = client.get(f"{url}/compare/?from=1&to=2")
    labels = [item["label"] for item in form.context["form"].initial["related"]]

    assert labels == ["Live Harbour", "Live Harbour", "an article that you may not see"]
    for page in (form, comparison):
        text = page.content.decode().lower().replace("s-secret-harbour-crane", "")
        assert (page.status_code, "secret" in text) == (200, False)
