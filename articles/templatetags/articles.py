import re

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import mark_safe

from articles import wording

register = template.Library()
register.filter(wording.language_attributes)
register.filter(wording.interface_language_attributes)
register.filter(wording.when)
register.filter(wording.reading_time)
register.filter(wording.river)
register.filter(wording.index_entry)
register.filter(wording.index_entries)

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
