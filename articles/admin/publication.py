"""What belongs to the publication as a whole: its words, menu, picks, redirects, schedules."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from articles.admin.base import Audited, Forgiving, GoesLiveAtOnce
from articles.directory import working_title
from articles.models import MenuItem, Pick, Redirect, Schedule, SiteSettings
from articles.site import DEFAULT_NAME


@admin.register(SiteSettings)
class SiteSettingsAdmin(Audited, GoesLiveAtOnce, admin.ModelAdmin):
    autocomplete_fields = ["logo"]
    fields = ["name", "tagline", "description", "logo", "footer", "corrections_email"]

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row, _created = SiteSettings.objects.get_or_create(pk=1, defaults={"name": DEFAULT_NAME})
        return HttpResponseRedirect(reverse("admin:articles_sitesettings_change", args=[row.pk]))

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class OrderedInList:
    """Mixin: the order is edited in the list, where its fields have no label beside them."""

    list_editable = ["position"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "position":
            field.widget.attrs["aria-label"] = db_field.verbose_name
        return field


@admin.register(MenuItem)
class MenuItemAdmin(Audited, OrderedInList, GoesLiveAtOnce, admin.ModelAdmin):
    list_display = ["label", "place", "position", "target"]
    list_filter = ["place"]
    list_select_related = ["article__latest_revision", "tag"]
    autocomplete_fields = ["article", "tag"]
    fields = ["place", "label", "article", "tag", "address", "position"]

    @admin.display(description=_("leads to"))
    def target(self, item):
        return item.article or item.tag or item.address


@admin.register(Pick)
class PickAdmin(Audited, OrderedInList, GoesLiveAtOnce, admin.ModelAdmin):
    list_display = ["article", "place", "tag", "position"]
    list_filter = ["place"]
    list_select_related = ["article", "tag"]
    autocomplete_fields = ["article", "tag"]
    fields = ["place", "article", "tag", "position"]


@admin.register(Redirect)
class RedirectAdmin(Forgiving, admin.ModelAdmin):
    list_display = ["path", "leads_to", "created_at"]
    list_select_related = ["article", "author", "tag"]
    search_fields = ["path"]

    @admin.display(description=_("leads to"))
    def leads_to(self, redirect):
        return redirect.target or _("gone on purpose")

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        # An address that was ever public never dies.
        return False


@admin.register(Schedule)
class ScheduleAdmin(Forgiving, admin.ModelAdmin):
    list_display = ["title", "action", "due_at", "outcome", "by", "message"]
    list_filter = ["outcome", "action"]
    list_select_related = ["article__latest_revision", "by"]
    ordering = ["-due_at"]

    @admin.display(description=_("article"), ordering="article")
    def title(self, plan):
        return working_title(plan.article)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
