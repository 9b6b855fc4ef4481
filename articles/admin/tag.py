from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from taggit import admin as taggit_admin  # noqa: F401  (registers taggit's own tags)
from taggit import models as taggit_models

from articles import publishing
from articles.admin.base import Audited, RefusesByForm
from articles.forms import TagForm
from articles.models import Tag

# Nothing here is tagged with those.
admin.site.unregister(taggit_models.Tag)


@admin.register(Tag)
class TagAdmin(Audited, RefusesByForm, admin.ModelAdmin):
    form = TagForm
    list_display = ["name", "article_count", "slug", "is_retired"]
    list_filter = ["is_retired"]
    search_fields = ["name", "aliases__name"]
    ordering = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "description", "aliases_text"]}),
        (_("Address and use"), {"fields": ["slug", "is_retired"]}),
    ]

    def save_by_verb(self, tag, form):
        publishing.save_tag(tag, aliases=form.aliases())

    def has_delete_permission(self, request, obj=None):
        # Drafts name tags: a tag is retired, never deleted.
        return False
