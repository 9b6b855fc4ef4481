"""Accounts: publishers give roles, and nobody gives themselves more than they have."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from articles import rights
from articles.models import AuditEntry, PublishCheck

pytestmark = pytest.mark.django_db

USERS = "/admin/auth/user/"


@pytest.fixture
def people(django_user_model):
    made = {}
    for role in rights.ROLES:
        user = django_user_model.objects.create_user(role.lower(), is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        made[role] = user
    made["superuser"] = django_user_model.objects.create_superuser("root")
    return made


def change(user):
    return reverse("admin:auth_user_change", args=[user.pk])


def words(user, **more):
    return {"username": user.username, "first_name": "", "last_name": "", "email": ""} | more


def test_publisher_opens_an_account_that_may_sign_in_and_do_what_its_role_may(
    client, people, django_user_model
):
    client.force_login(people[rights.PUBLISHER])
    response = client.post(
        f"{USERS}add/",
        {
            "username": "leila",
            "email": "leila@example.org",
            "role": rights.EDITOR,
            "password1": "long and odd words",
            "password2": "long and odd words",
        },
    )
    assert response.status_code == 302

    leila = django_user_model.objects.get(username="leila")
    assert leila.is_staff
    assert not leila.is_superuser
    assert [group.name for group in leila.groups.all()] == [rights.EDITOR]
    assert leila.check_password("long and odd words")
    client.force_login(leila)
    assert client.get("/admin/").status_code == 200


def test_new_role_takes_the_place_of_the_old_and_leaves_other_groups_alone(client, people):
    person = people[rights.CONTRIBUTOR]
    person.groups.add(Group.objects.create(name="Photo desk"))
    client.force_login(people[rights.PUBLISHER])

    client.post(change(person), words(person, role=rights.EDITOR, is_active="on"))

    assert {group.name for group in person.groups.all()} == {"Photo desk", rights.EDITOR}


@pytest.mark.parametrize("role", [rights.CONTRIBUTOR, rights.EDITOR])
def test_only_publishers_see_accounts(client, people, role):
    client.force_login(people[role])
    for url in (USERS, f"{USERS}add/", change(people["superuser"]), change(people[role])):
        assert client.get(url).status_code == 403
        assert client.post(url, {}).status_code == 403


def test_publisher_can_not_touch_a_superuser_nor_become_one(client, people):
    publisher, superuser = people[rights.PUBLISHER], people["superuser"]
    client.force_login(publisher)

    assert client.post(change(superuser), words(superuser)).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[superuser.pk])
    assert client.post(password, {"password1": "x", "password2": "x"}).status_code == 403
    more = {"role": rights.PUBLISHER, "is_active": "on", "is_superuser": "on"}
    client.post(change(publisher), words(publisher, **more))

    publisher.refresh_from_db()
    assert not publisher.is_superuser
    assert b"is_superuser" not in client.get(change(publisher)).content


def test_accounts_are_closed_not_deleted(client, people):
    client.force_login(people["superuser"])
    person = people[rights.EDITOR]

    assert client.get(f"{USERS}{person.pk}/delete/").status_code == 403
    client.post(change(person), words(person, role=rights.EDITOR))

    person.refresh_from_db()
    assert not person.is_active


def test_groups_of_the_roles_have_no_page_of_their_own(client, people):
    client.force_login(people["superuser"])
    assert client.get("/admin/auth/group/").status_code == 404


@pytest.mark.parametrize("role", list(rights.ROLES))
def test_everybody_changes_their_own_name_and_address_and_no_more(client, people, role):
    person = people[role]
    client.force_login(person)

    assert client.get(f"{USERS}me/").status_code == 200
    sent = {"first_name": "Leila", "last_name": "N", "email": "l@example.org", "is_superuser": "1"}
    assert client.post(f"{USERS}me/", sent).status_code == 302
    assert client.post(f"{USERS}me/", sent | {"email": "nowhere"}).status_code == 422

    person.refresh_from_db()
    assert (person.get_full_name(), person.email) == ("Leila N", "l@example.org")
    assert not person.is_superuser


def test_publish_checks_are_set_by_publishers_and_seen_by_editors(client, people):
    url = "/admin/articles/publishcheck/"
    client.force_login(people[rights.EDITOR])
    assert b"TK markers" in client.get(url).content
    client.force_login(people[rights.CONTRIBUTOR])
    assert client.get(url).status_code == 403
    client.force_login(people[rights.PUBLISHER])

    rows = list(PublishCheck.objects.order_by("key"))
    data = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "1"}
    for n, row in enumerate(rows):
        level = "stop" if row.key == "tags" else row.level
        data |= {f"form-{n}-key": row.key, f"form-{n}-level": level}
    assert client.post(url, data).status_code == 302
    assert PublishCheck.objects.get(key="tags").level == "stop"


def test_audit_has_which_role_was_given_and_who_changed_their_own_name(client, people):
    publisher, person = people[rights.PUBLISHER], people[rights.CONTRIBUTOR]
    client.force_login(publisher)
    for role in (rights.EDITOR, rights.EDITOR, ""):
        client.post(change(person), words(person, role=role, is_active="on"))
    client.force_login(person)
    for _time in range(2):
        client.post(f"{USERS}me/", {"first_name": "Leila", "last_name": "", "email": ""})

    entries = AuditEntry.objects.filter(object_kind="user").order_by("pk")
    told = [(entry.by, entry.act, entry.detail) for entry in entries]
    assert told == [
        (publisher, "changed", "Changed Role. Role: Editor."),
        (publisher, "changed", "Changed Role. Role: –."),
        (person, "changed", "Changed First name. Role: –."),
    ]
