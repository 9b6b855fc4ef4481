"""Preview links: one draft, for everybody who has its address, until it ends.

A link shows what whoever made it may see: it leads nowhere once their account is closed, or they
have lost the right to the draft.

The address holds the id of a link and a signature of it, so nobody can make one up, nor from a
copy of the database alone. Whatever is wrong with an address, the answer is the same and tells
nothing of any article.
"""

from django.core import signing
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from articles import rights
from articles.models import Article, PreviewLink
from articles.pages import preview_page
from articles.views import DETAIL_TEMPLATES, article_context
from irb_site.decorators import read_only

# A point, as in a file name: what follows is the signature.
_signer = signing.Signer(sep=".", salt="articles.PreviewLink")


def path_of(link):
    """The path under which a preview link shows its article."""
    return reverse("articles:shared_preview", args=[_signer.sign(link.uid)])


def open_links(article, *, now=None):
    """The links under which an article can be seen now, newest first."""
    links = article.preview_links.filter(
        revoked_at__isnull=True, expires_at__gt=now or timezone.now()
    )
    return links.select_related("by")


@read_only
@cache_control(private=True, no_store=True)
def shared(request, token):
    """The newest draft of the article of a link, by the readers' own template."""
    link = _link(token)
    if link is None:
        response = render(request, "articles/preview_ended.html", status=404)
    else:
        article = link.article
        page = preview_page(article, article.latest_revision, state_note=_state_note(link))
        context = article_context(page)
        response = TemplateResponse(request, DETAIL_TEMPLATES[article.kind], context)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the key: no other site may learn it from a reader who follows a link.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _link(token):
    try:
        uid = _signer.unsign(token)
    except signing.BadSignature:
        return None
    links = PreviewLink.objects.filter(
        uid=uid, revoked_at__isnull=True, expires_at__gt=timezone.now()
    ).exclude(article__state__in=[Article.State.TRASHED, Article.State.DELETED])
    links = links.filter(article__latest_revision__isnull=False)
    link = links.select_related("article__latest_revision__lead_image", "by").first()
    return link if link is not None and is_vouched_for(link) else None


def is_vouched_for(link):
    """Whether whoever made a link may still see what it shows."""
    if link.by is None:
        return True
    return link.by.is_active and link.by.is_staff and rights.may_see(link.by, link.article)


def _state_note(link):
    article = link.article
    values = {"date": date_format(timezone.localtime(link.expires_at), "j F Y, H:i")}
    if article.state == Article.State.LIVE and not article.has_newer_draft:
        return _("This is published by now. The preview ends on %(date)s.") % values
    return _("Not published, and still being worked on. The preview ends on %(date)s.") % values
