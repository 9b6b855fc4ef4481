"""The life of a tag, in a real browser: shown first, then done, and undone."""

from django.urls import reverse

from articles import publishing
from articles.models import Tag
from tests.browser.test_pages import problems_of
from tests.factories import make_article, make_public

WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"


def test_editor_merges_from_the_list_of_tags_and_takes_it_back(
    signed_in_page, live_server, transactional_db, page_problems
):
    make_public("Old", tags=["Sanction"])
    make_public("New", tags=["Sanctions"])
    page = signed_in_page
    page.goto(live_server.url + reverse("admin:articles_tag_order"))

    page.get_by_role("link", name="Merge “Sanctions” into “Sanction”").click()
    assert "“Sanction” has 2 articles then." in page.inner_text(".tag-effect")
    page.get_by_role("button", name="Merge into “Sanction”").click()
    page.goto(f"{live_server.url}/tags/sanctions/")
    assert page.url == f"{live_server.url}/tags/sanction/"
    assert page.get_by_role("link", name="New", exact=True).count() == 1

    sanctions = Tag.objects.get(name="Sanctions")
    page.goto(live_server.url + reverse("admin:articles_tag_change", args=[sanctions.pk]))
    page.get_by_role("link", name="Undo the merge").click()
    page.get_by_role("button", name="Undo").click()
    page.goto(f"{live_server.url}/tags/sanctions/")
    assert page.url == f"{live_server.url}/tags/sanctions/"


def test_a_tag_that_fits_is_added_with_one_click(signed_in_page, live_server, transactional_db):
    make_public("Port cranes", tags=["Ports"], body="<p>Cranes in ports. Cranes of ports.</p>")
    article = make_article("Cranes of a port", body="<p>Cranes in ports. Cranes of ports.</p>")
    page = signed_in_page
    page.goto(live_server.url + reverse("admin:articles_article_change", args=[article.pk]))
    page.wait_for_selector(".writing__text")

    page.get_by_role("button", name="Add the tag Ports, 1 article").click()

    page.locator(".chip__label", has_text="Ports").wait_for()
    with page.expect_navigation():
        page.click(".article-form__bar [name=_save]")
    article.refresh_from_db()
    assert article.latest_revision.tags == ["Ports"]


def test_pages_of_the_life_of_a_tag_are_for_everybody(
    signed_in_page, live_server, transactional_db, page_problems
):
    article = make_public("On it", tags=["Sanctions", LONG])
    publishing.save_tag(
        publishing.tag_named("Sanction"),
        aliases=[publishing.Alias("تحریم", "language", "fa"), f"{LONG}en"],
    )
    change = publishing.merge_tag(
        publishing.tag_named("Crude"), publishing.tag_named("Sanctions"), by=None
    )
    one, merged = Tag.objects.get(name="Sanctions"), Tag.objects.get(name="Crude")
    other = Tag.objects.get(name="Sanction")
    paths = [
        reverse("admin:articles_tag_order"),
        reverse("admin:articles_tag_change", args=[other.pk]),
        reverse("admin:articles_tag_change", args=[merged.pk]),
        reverse("admin:articles_tag_merge", args=[other.pk]) + "?into=Sanctions",
        reverse("admin:articles_tag_split", args=[one.pk]),
        reverse("admin:articles_tag_retire", args=[one.pk]),
        reverse("admin:articles_tag_history", args=[one.pk]),
        reverse("admin:articles_tag_undo", args=[change.pk]),
        f"{reverse('admin:articles_article_retag')}?ids={article.pk}",
    ]
    page, found = signed_in_page, []

    for path in paths:
        page.goto(live_server.url + path)
        found += problems_of(page, path, page_problems, standards=WCAG)

    assert found == []
    assert page_problems == []
