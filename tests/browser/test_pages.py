"""Every kind of page in a real browser: under the strict policy, for everybody, at every width.

The context fixture fails a test on any console error, so on any breach of the content security
policy, and on any request to another host.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from articles.models import MenuItem, SiteSettings, Tag
from tests.factories import cite, make_article, make_author, make_image, make_public

# The look on a phone at night and on a desk by day; the other two differ from these in nothing
# that axe measures.
LOOKS = (("light", 1280), ("dark", 360))
AXE = Axe()


@pytest.fixture
def publication(transactional_db):
    SiteSettings.objects.create(
        pk=1, name="The Publication", tagline="A line", corrections_email="c@example.org"
    )
    author = make_author("Marta Lindqvist", role="Editor", short_bio="Writes. Edits.")
    target = make_public(
        "A cited article", authors=[author], tags=["Sanctions"], body="<h2>One</h2><p>Text.</p>"
    )
    image = make_image("A plain picture", width=1300, height=800)
    article = make_public(
        "An article with everything",
        authors=[author, make_author("Tomas Bielak")],
        tags=["Sanctions", "Caspian Sea"],
        lead_image_id=image.pk,
        related=[{"article": target.uid}, {"url": "https://www.iaea.org/", "title": "IAEA"}],
        body=(
            f"<p>Opening, see {cite(target, section='s-one')}.</p><h2>First</h2><p>Text.</p>"
            "<h3>Sub</h3><blockquote><p>Said.</p></blockquote><h2>Second</h2>"
            "<table><tbody><tr><th><p>H</p></th><th><p>I</p></th></tr><tr><td><p>C</p></td>"
            "<td><p>D</p></td></tr></tbody></table><ul><li><p>one</p></li></ul><h2>Conclusion</h2>"
            f'<figure><img data-image="{image.uid}" alt="A"><figcaption>Cap</figcaption></figure>'
        ),
    )
    page = make_public("Imprint", kind="page")
    MenuItem.objects.create(place="footer", label="Imprint", article=page)
    MenuItem.objects.create(place="header", label="Tags", address="/tags/")
    return {"article": article, "target": target, "author": author, "page": page}


def reader_paths(publication):
    return [
        "/",
        publication["article"].get_absolute_url(),
        publication["target"].get_absolute_url(),
        publication["page"].get_absolute_url(),
        "/articles/",
        "/tags/",
        Tag.objects.get(name="Sanctions").get_absolute_url(),
        "/tags/caspian-sea+sanctions/",
        "/tags/sanctions/without/caspian-sea/",
        "/tags/caspian-sea/without/sanctions/",
        "/authors/",
        publication["author"].get_absolute_url(),
        "/search/?q=article",
        "/search/?q=nothingatall",
        "/admin/login/",
    ]


def editor_paths(publication):
    draft = make_article("A draft")
    article = publication["article"]
    return [
        "/admin/",
        reverse("admin:articles_article_changelist"),
        reverse("admin:articles_article_add"),
        reverse("admin:articles_article_change", args=[article.pk]),
        reverse("admin:articles_article_change", args=[draft.pk]),
        reverse("admin:articles_article_history", args=[article.pk]),
        reverse("admin:articles_article_preview", args=[article.pk, 1]),
        reverse("admin:authors_author_changelist"),
        reverse("admin:authors_author_change", args=[publication["author"].pk]),
        reverse("admin:articles_tag_changelist"),
        reverse("admin:articles_tag_change", args=[Tag.objects.first().pk]),
        reverse("admin:articles_image_changelist"),
        reverse("admin:articles_image_add"),
        reverse("admin:articles_pick_changelist"),
        reverse("admin:articles_pick_add"),
        reverse("admin:articles_menuitem_changelist"),
        reverse("admin:articles_sitesettings_change", args=[1]),
        reverse("admin:articles_redirect_changelist"),
        reverse("admin:articles_schedule_changelist"),
        reverse("admin:password_change"),
    ]


def _violations(page, standards):
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    # To describe what is in order as well takes most of the time.
    options = {"resultTypes": ["violations"]} | ({"runOnly": standards} if standards else {})
    return page.evaluate("options => axe.run(options)", options)["violations"]


def problems_of(page, path, page_problems, *, standards=None, looks=LOOKS):
    """What axe finds wrong, and whether the page scrolls sideways, in each look."""
    found = []
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        if wide:
            found.append((path, scheme, width, "scrolls sideways", []))
        # axe measures with styles of its own, which the policy reports: these don't count.
        before = list(page_problems)
        violations = _violations(page, standards)
        page_problems[:] = before
        for violation in violations:
            nodes = [node["target"][-1] for node in violation["nodes"]][:3]
            found.append((path, scheme, width, violation["id"], nodes))
    return found


def test_reader_pages_are_for_everybody(page, live_server, publication, page_problems):
    found = []
    for path in reader_paths(publication):
        page.goto(live_server.url + path)
        found += problems_of(page, path, page_problems)

    assert found == [], "\n".join(map(str, found))


def test_editor_pages_are_for_everybody(signed_in_page, live_server, publication, page_problems):
    page, found = signed_in_page, []
    for path in editor_paths(publication):
        page.goto(live_server.url + path)
        if "change/" in path or path.endswith("add/"):
            page.wait_for_timeout(200)
        found += problems_of(
            page, path, page_problems, standards=["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
        )

    assert found == [], "\n".join(map(str, found))


def test_reader_pages_need_no_script(browser, live_server, publication):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + publication["article"].get_absolute_url())

    assert page.inner_text("h1") == "An article with everything"
    page.fill("#site-search", "everything")
    page.press("#site-search", "Enter")
    page.wait_for_url("**/search/?q=everything")
    assert page.inner_text(".river-item__title") == "An article with everything"
    context.close()
