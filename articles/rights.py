"""Who of the newsroom may do what: the one home of that question.

Contributors write articles and change their own: what they began, and what is assigned to them
for as long as it is. Editors change and publish everything. Publishers also delete for good, and
run the publication: settings, publish checks, accounts. `user` None is the publication itself
(the worker, a command), which may do everything.

The roles are Django groups; `sync_roles` gives them their rights after every `migrate`. A newsroom
that wants other roles makes other groups of the same permissions.
"""

from django.db.models import Exists, OuterRef, Q, Value

from articles.models import Article, Assignment

CONTRIBUTOR, EDITOR, PUBLISHER = "Contributor", "Editor", "Publisher"

_CONTRIBUTOR = {
    "articles.add_article",
    "articles.view_tag",
    "articles.view_image",
    "articles.add_image",
    "authors.view_author",
}
_EDITOR = _CONTRIBUTOR | {
    *(f"articles.{act}_article" for act in ("view", "change", "publish")),
    *(f"articles.{act}_tag" for act in ("add", "change")),
    "articles.change_image",
    *(f"authors.{act}_author" for act in ("add", "change")),
    *(f"articles.{act}_pick" for act in ("view", "add", "change", "delete")),
    *(f"articles.{act}_bundle" for act in ("view", "add", "change", "delete")),
    "articles.view_auditentry",
    "articles.view_publishcheck",
}
_PUBLISHER = _EDITOR | {
    "articles.delete_article",
    *(f"articles.{act}_sitesettings" for act in ("view", "change")),
    *(f"articles.{act}_menuitem" for act in ("view", "add", "change", "delete")),
    "articles.change_publishcheck",
    *(f"auth.{act}_user" for act in ("view", "add", "change")),
}
ROLES = {CONTRIBUTOR: _CONTRIBUTOR, EDITOR: _EDITOR, PUBLISHER: _PUBLISHER}


def may_write(user, kind=Article.Kind.ARTICLE):
    """Whether a user may begin an article, or a page or series, which belong to everybody."""
    if changes_all(user):
        return user is None or user.has_perm("articles.add_article")
    return kind == Article.Kind.ARTICLE and user.has_perm("articles.add_article")


def owns(user, article):
    """Whether an article is a user's own: begun by them, or assigned to them and not done."""
    if article.kind != Article.Kind.ARTICLE or user.pk is None:
        return False
    return (
        article.created_by_id == user.pk
        or Assignment.objects.filter(article=article, to=user, done_at=None).exists()
    )


def may_see(user, article):
    """Whether a user may see an article's drafts, history and comments."""
    return sees_all(user) or (may_write(user) and owns(user, article))


def may_change(user, article):
    """Whether a user may save drafts of an article."""
    return changes_all(user) or (may_write(user) and owns(user, article))


def may_publish(user):
    """Whether a user may change what readers see."""
    return user is None or user.has_perm("articles.publish_article")


def may_trash(user, article):
    """Whether a user may throw an article away and take it out of the trash again.

    What was never public is for whoever writes it; the rest is for those who publish.
    """
    if article.first_published_at is None:
        return may_change(user, article)
    return may_publish(user)


def may_erase(user):
    """Whether a user may delete for good."""
    return user is None or (may_publish(user) and user.has_perm("articles.delete_article"))


def may_organise(user):
    """Whether a user may merge authors, and change tags: their names, their merging, which articles
    carry them."""
    return user is None or user.has_perm("articles.change_tag")


def may_run(user):
    """Whether a user looks after the publication itself: its settings, its mail."""
    return user is None or user.has_perm("articles.change_sitesettings")


def changes_all(user):
    """Whether a user may change every article."""
    return user is None or user.has_perm("articles.change_article")


def sees_all(user):
    """Whether a user may see every article's drafts, history and comments."""
    return changes_all(user) or user.has_perm("articles.view_article")


def has_a_desk(user):
    """Whether a user has anything to do with articles in the newsroom."""
    return sees_all(user) or may_write(user)


def seen_by(user, articles=None):
    """The articles whose drafts a user may see, out of some or all."""
    articles = Article.objects.all() if articles is None else articles
    if sees_all(user):
        return articles
    if not may_write(user):
        return articles.none()
    begun = Article.objects.filter(created_by=user).order_by().values("pk")
    assigned = Assignment.objects.filter(to=user, done_at=None).order_by().values("article")
    return articles.filter(pk__in=begun.union(assigned, all=True)).of_kind(Article.Kind.ARTICLE)


def seen_or_live(user, path=""):
    """A condition for rows that lead to an article by a path such as "article__": it is live, or
    the user may see its drafts.
    """
    if sees_all(user):
        return Q()
    return Q(**{f"{path}state": Article.State.LIVE}) | Q(
        **{f"{path}pk__in": seen_by(user).order_by().values("pk")}
    )


def with_is_seen(user, rows, path="pk"):
    """Rows with `is_seen`: whether the user may see the drafts of the article at a path."""
    if sees_all(user):
        return rows.annotate(is_seen=Value(True))
    return rows.annotate(is_seen=Exists(seen_by(user).order_by().filter(pk=OuterRef(path))))


def sync_roles(using="default", **_kwargs):
    """Receiver of post_migrate: makes the groups of the roles hold exactly their permissions."""
    from django.contrib.auth.models import Group, Permission

    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.using(using).select_related("content_type")
    }
    if not all(name in known for name in _PUBLISHER):
        # Some app is still to be migrated; the next `migrate` comes back here.
        return
    for role, names in ROLES.items():
        group, _is_new = Group.objects.using(using).get_or_create(name=role)
        group.permissions.set(known[name] for name in names)
