"""What the page of the search is full of, as HTML, since templates take long for each of many."""

from html import escape

from django import template
from django.utils.safestring import mark_safe

register = template.Library()


@register.filter
def narrowing(groups):
    """Ways to narrow down what was found, each with how many articles it leaves."""
    return mark_safe("".join(map(_group, groups)))


def _group(group):
    name = group["name"]
    items = "".join(
        f'<li class="narrow__item"><a class="narrow__link" href="{escape(choice["url"])}">'
        f'{escape(choice["label"])}</a> <span class="narrow__count">{choice["count"]}</span></li>\n'
        for choice in group["choices"]
    )
    return (
        f'<h3 class="label narrow__heading" id="narrow-{name}">{escape(group["heading"])}</h3>\n'
        f'<ul class="narrow__list" aria-labelledby="narrow-{name}">\n{items}</ul>\n'
    )
