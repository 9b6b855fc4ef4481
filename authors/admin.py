from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from articles import publishing
from articles.admin.base import Audited, RefusesByForm
from articles.forms import AuthorForm
from authors.models import Author


@admin.register(Author)
class AuthorAdmin(Audited, RefusesByForm, admin.ModelAdmin):
    form = AuthorForm
    list_display = ["name", "role", "article_count", "is_retired"]
    list_filter = ["is_retired"]
    search_fields = ["name", "role"]
    ordering = ["name"]
    autocomplete_fields = ["photo", "user"]
    fieldsets = [
        (None, {"fields": ["name", "role", "short_bio", "long_bio", "photo", "links_text"]}),
        (_("Address and use"), {"fields": ["slug", "user", "is_retired"]}),
    ]

    def save_by_verb(self, author, form):
        publishing.save_author(author)

    def has_delete_permission(self, request, obj=None):
        # Drafts name authors: one is retired, never deleted.
        return False
