from django.contrib import admin
from django.utils.translation import gettext_lazy

from articles import publish_checks
from articles.admin.base import Audited
from articles.models import PublishCheck


@admin.register(PublishCheck)
class PublishCheckAdmin(Audited, admin.ModelAdmin):
    """How strictly the newsroom looks at what goes out: one list, edited in place."""

    list_display = ["words", "level"]
    list_display_links = None
    list_editable = ["level"]
    actions = None

    @admin.display(description=gettext_lazy("what is looked at"))
    def words(self, check):
        return publish_checks.CHECKS[check.key][0]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_queryset(self, request):
        return super().get_queryset(request).filter(key__in=publish_checks.CHECKS)

    def get_changelist_formset(self, request, **kwargs):
        formset = super().get_changelist_formset(request, **kwargs)
        formset.form.base_fields["level"].widget.attrs["aria-label"] = gettext_lazy("level")
        return formset
