from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from articles import publishing
from articles.admin.base import RefusesByForm
from articles.forms import TagForm
from articles.models import Tag

# taggit brings an admin for its own tags, which this publication doesn't use.
from taggit.models import Tag as TaggitTag  # isort: skip

if admin.site.is_registered(TaggitTag):
    admin.site.unregister(TaggitTag)


@admin.register(Tag)
class TagAdmin(RefusesByForm, admin.ModelAdmin):
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
