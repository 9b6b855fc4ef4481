"""The newsroom: what editors work with. The admin holds forms and messages, not rules."""

from django.contrib import admin
from django.utils.html import format_html

from . import article, audit, bundle, image, people, publication, publish_check, tag  # noqa: F401

# Lists leave it out where they are narrow.
admin.site.empty_value_display = format_html('<span class="{}">–</span>', "nothing")
