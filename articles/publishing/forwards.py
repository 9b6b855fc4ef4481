"""Where readers are led who ask for what isn't public any more; never by more than one step."""

from django.db.models import Q

from articles import references
from articles.models import Article, Forward, Section


def place_of(token):
    """The columns of a forward that leads to what a token names."""
    return {
        "target_article": None,
        "target_author": None,
        "target_tag": None,
        f"target_{token.kind}": references.target_of(token),
        "target_section": token.section,
    }


def lead(article, section, token, *, by):
    """Sets where an article (section is empty) or one of its sections leads on to."""
    Forward.objects.update_or_create(
        article=article, section=section, defaults=place_of(token) | {"by": by}
    )
    settle(article)


def settle(article):
    """Makes what leads to places of an article that lead on themselves lead there directly.

    A place leads on when readers don't find it at the article any more, and find what it leads to.
    """
    forwards = {
        forward.section: forward
        for forward in Forward.objects.filter(article=article).select_related(
            "target_article", "target_author", "target_tag"
        )
        if references.is_public(forward.target)
    }
    if not forwards:
        return
    is_live = article.state == Article.State.LIVE
    live = Section.objects.filter(article=article, state=Section.State.LIVE)
    stay = set(live.values_list("anchor", flat=True)) | {""} if is_live else set()
    for leading_here in Forward.objects.filter(target_article=article):
        section = leading_here.target_section
        if section in stay:
            continue
        forward = forwards.get(section) or (None if is_live else forwards.get(""))
        if forward is None:
            continue
        leads_back = forward.target_article_id == leading_here.article_id and (
            leading_here.section in {"", forward.target_section}
        )
        if leads_back:
            leading_here.delete()
        else:
            for name in ("target_article", "target_author", "target_tag", "target_section"):
                setattr(leading_here, name, getattr(forward, name))
            leading_here.save()


def settle_around(article):
    """Settles after an article became public or lost sections: what leads to it may lead on now."""
    if not Forward.objects.filter(Q(article=article) | Q(target_article=article)).exists():
        return
    settle(article)
    waiting = Article.objects.filter(
        pk__in=Forward.objects.filter(target_article=article).values("article")
    ).exclude(pk=article.pk)
    for other in waiting.order_by("pk"):
        settle(other)
