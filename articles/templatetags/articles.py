import re

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

from articles import wording
from articles.directory import working_title
from articles.site import shelf

register = template.Library()
for _piece in (
    *(wording.language_attributes, wording.interface_language_attributes),
    *(working_title, wording.moment, wording.when, wording.story_date),
    *(wording.reading_time, wording.article_count),
    *(wording.pagination, wording.feeds, wording.breadcrumbs, wording.kicker, wording.byline),
    *(wording.avatar, wording.face, wording.about, wording.tag_links, wording.related),
    *(wording.citations, wording.river, wording.related_tags),
    *(wording.index_entry, wording.index_entries),
):
    register.filter(_piece)

# What could end the script element or start a comment in it (HTML standard, "script").
_DANGEROUS = re.compile("[<>&\u2028\u2029]")
_encode = DjangoJSONEncoder(ensure_ascii=False).encode


@register.simple_tag
def json_ld(items):
    """Structured data as script elements that no browser runs (JSON-LD 1.1)."""
    return mark_safe(
        "".join(
            f'<script type="application/ld+json">{_DANGEROUS.sub(_escaped, _encode(item))}</script>'
            for item in items
        )
    )


def _escaped(match):
    return f"\\u{ord(match[0]):04x}"


@register.tag
def remembered(parser, token):
    """{% remembered "name" key %}…{% endremembered %}: made once under each content version.

    What stands in it may depend on the publication, the key and the language, and on nothing else.
    """
    _tag, name, key = token.split_contents()
    nodes = parser.parse(["endremembered"])
    parser.delete_first_token()
    return _Remembered(name, parser.compile_filter(key), nodes)


class _Remembered(template.Node):
    def __init__(self, name, key, nodelist):
        self.name, self.key, self.nodelist = name, key, nodelist

    def render(self, context):
        pieces = shelf("pieces of all pages")
        key = (self.name, get_language(), self.key.resolve(context))
        if key not in pieces:
            pieces[key] = self.nodelist.render(context)
        return pieces[key]
