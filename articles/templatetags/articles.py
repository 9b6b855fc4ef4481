import json

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import mark_safe

register = template.Library()

# What could end the script element or start a comment in it (HTML standard, "script").
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


@register.simple_tag
def json_ld(items):
    """Structured data as script elements that no browser runs (JSON-LD 1.1)."""
    return mark_safe(
        "".join(
            '<script type="application/ld+json">'
            + json.dumps(item, cls=DjangoJSONEncoder, ensure_ascii=False).translate(_ESCAPES)
            + "</script>"
            for item in items
        )
    )
