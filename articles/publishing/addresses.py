"""Which address a thing gets, and where its former addresses lead."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from articles import references, rights
from articles.audit import record
from articles.content_version import raise_version
from articles.directory import title_for
from articles.models import Article, Redirect
from articles.names import former_path, free_slug, make_slug, validate_slug
from articles.publishing.base import (
    PublishingError,
    in_one_transaction,
    require,
)


def public_slug(article, revision):
    """The address under which the revision goes out; refuses one that leads elsewhere."""
    chosen = revision.slug or article.slug
    taken = Article.objects.filter(kind=article.kind).exclude(pk=article.pk)

    def is_taken(slug):
        return taken.filter(slug=slug).exists() or is_former_address(
            article.address_for(slug), article
        )

    if not chosen:
        return free_slug(make_slug(revision.title, fallback=article.kind), is_taken)
    if chosen == article.slug:
        return chosen
    try:
        validate_slug(chosen)
    except ValidationError as error:
        raise PublishingError(" ".join(error.messages)) from None
    if other := taken.filter(slug=chosen).first():
        if other.state == Article.State.DELETED:
            raise PublishingError(
                _("The address “%(slug)s” was that of an article that is deleted. Choose another.")
                % {"slug": chosen}
            )
        raise PublishingError(
            _("The address “%(slug)s” belongs to “%(title)s”. Choose another.")
            % {"slug": chosen, "title": other}
        )
    refuse_held_path(article.address_for(chosen), article)
    return chosen


def refuse_held_path(path, owner):
    held = Redirect.objects.filter(path=former_path(path)).first()
    if held is None or held.target == owner:
        return
    is_deleted = held.article is not None and held.article.state == Article.State.DELETED
    if held.is_gone or is_deleted:
        raise PublishingError(
            _("The address %(path)s was given up on purpose and can't be used again.")
            % {"path": path}
        )
    raise PublishingError(
        _("The address %(path)s is a former address of “%(title)s”. Choose another.")
        % {"path": path, "title": held.target}
    )


def leave_redirect(owner, old_path, new_path):
    """From its old path an object is found at its new one, without a detour."""
    kind = owner._meta.model_name
    Redirect.objects.update_or_create(
        path=former_path(old_path),
        defaults={"article": None, "author": None, "tag": None, "is_gone": False, kind: owner},
    )
    Redirect.objects.filter(path=former_path(new_path), **{kind: owner}).delete()


def is_former_address(path, owner):
    """Whether a path once led, or still leads, to something else than owner."""
    held = Redirect.objects.filter(path=former_path(path)).first()
    return held is not None and (held.is_gone or held.target != owner)


@in_one_transaction
def add_former_address(article, path):
    """Lets a path at which an imported article stood elsewhere lead to it; False if it is taken."""
    path = former_path(path)
    own = former_path(article.get_absolute_url()) if article.slug else ""
    if path in {"/", own} or len(path) > 300:
        return True
    if references.find_by_path(path) not in {None, article}:
        return False
    if is_former_address(path, article):
        return False
    _redirect, is_new = Redirect.objects.get_or_create(path=path, defaults={"article": article})
    if is_new:
        raise_version()
    return True


@in_one_transaction
def lead_path(path, target, *, by):
    """Lets a path at which nothing answers lead to an article, author or tag.

    path: without a host. Raises PublishingError where something answers there, or where
    readers may not see the target.
    """
    require(rights.may_publish(by), _("You may not set redirects. Ask an editor to do it."))
    path = _free_path(path)
    refuse_hidden(target, by=by)
    Redirect.objects.update_or_create(
        path=path,
        defaults={
            "article": None,
            "author": None,
            "tag": None,
            "is_gone": False,
            target._meta.model_name: target,
        },
    )
    record(
        "path_led", by=by, thing=target, name=path, detail=_("to “%(title)s”") % {"title": target}
    )
    raise_version()


@in_one_transaction
def give_up_path(path, *, by):
    """Lets a path at which nothing answers say that what stood there is gone (410)."""
    require(rights.may_publish(by), _("You may not set redirects. Ask an editor to do it."))
    redirect, _is_new = Redirect.objects.update_or_create(
        path=_free_path(path),
        defaults={"article": None, "author": None, "tag": None, "is_gone": True},
    )
    record("path_given_up", by=by, thing=redirect, name=redirect.path)
    raise_version()


def _free_path(path):
    path = former_path(path)
    if not path.startswith("/") or len(path) > 300 or "\x00" in path:
        raise PublishingError(_("“%(path)s” is no path of this site.") % {"path": path[:80]})
    held = Redirect.objects.filter(path=path).select_related("article", "author", "tag").first()
    if references.answers(path) or (held is not None and _leads_somewhere(held)):
        raise PublishingError(
            _("Something answers at %(path)s already, so it can't be a redirect.") % {"path": path}
        )
    return path


def _leads_somewhere(redirect):
    target = redirect.target
    return target is not None and (
        references.is_public(target)
        or (isinstance(target, Article) and references.successor_address(target.pk) is not None)
    )


def refuse_hidden(target, *, by):
    """Refuses to lead readers to what they may not see."""
    if not references.is_public(target):
        raise PublishingError(
            _("Readers can't see “%(title)s”. Choose something that is public.")
            % {"title": title_for(by, target)}
        )
