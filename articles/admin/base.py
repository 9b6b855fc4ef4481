import json

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import transaction
from django.db.models import CharField, TextField
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.audit import record
from articles.content_version import raise_version
from articles.forms import TypedField
from articles.publishing import PublishingError


class ForgivingList(ChangeList):
    def get_results(self, request):
        try:
            super().get_results(request)
        except (ValueError, OverflowError) as error:
            # Such as a number that is no year.
            raise IncorrectLookupParameters(error) from error


class ForgivingPicker(AutocompleteSelect):
    def optgroups(self, name, value, attrs=None):
        # What is no key is shown as nothing; the field says that it isn't known.
        return super().optgroups(name, [key for key in value if not key or is_key(key)], attrs)


class Forgiving:
    """Mixin for every admin class: answers what nobody means in an address or a form, where
    Django's own lists and pickers fail.
    """

    def get_changelist(self, request, **kwargs):
        return ForgivingList

    def changelist_view(self, request, extra_context=None):
        given = [value for values in request.GET.lists() for value in values[1]]
        chosen = request.POST.getlist("_selected_action")
        if any("\x00" in text for text in given) or not all(map(is_key, chosen)):
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        return super().changelist_view(request, extra_context)

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if type(db_field) in (CharField, TextField) and not db_field.choices:
            kwargs.setdefault("form_class", TypedField)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ForgivingPicker(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def is_key(text):
    """Whether a text out of a form is a primary key; longer numbers are none of either database."""
    text = str(text)
    return text.isascii() and text.isdecimal() and len(text) < 19


class Audited(Forgiving):
    """Mixin for what no verb records: writes into the publication's audit who added, changed or
    removed what, in the transaction of the act, instead of into Django's own log.

    It goes before whatever else a class is made of.
    """

    def log_addition(self, request, obj, message):
        record("added", by=request.user, thing=obj)

    def log_change(self, request, obj, message):
        # Pressing “Save” without having changed anything is no act.
        if message:
            record("changed", by=request.user, thing=obj, detail=in_words(message))

    def log_deletions(self, request, queryset):
        for obj in queryset:
            record("removed", by=request.user, thing=obj)

    def response_action(self, request, queryset):
        # Django writes down what a list's action deletes before it does so.
        with transaction.atomic():
            return super().response_action(request, queryset)


def in_words(message):
    """Django's account of a change, such as “Changed Name and Slug.”"""
    if not isinstance(message, str):
        message = json.dumps(message)
    return LogEntry(change_message=message).get_change_message()


class UseFilter(admin.SimpleListFilter):
    title = gettext_lazy("use")
    parameter_name = "use"

    def lookups(self, request, model_admin):
        return [
            ("chosen", _("Offered for new articles")),
            ("unused", _("Without articles")),
            ("retired", _("Retired")),
            ("merged", _("Merged into another")),
        ]

    def queryset(self, request, queryset):
        standing = queryset.filter(merged_into=None)
        return {
            "chosen": standing.filter(is_retired=False),
            "unused": standing.filter(article_count=0),
            "retired": standing.filter(is_retired=True),
            "merged": queryset.filter(merged_into__isnull=False),
        }.get(self.value(), standing)


class Merges:
    """Mixin for authors and tags. Drafts name them: one is retired or merged, never deleted; and
    what is merged can't be changed.
    """

    list_select_related = ["merged_into"]

    @admin.display(description=gettext_lazy("state"))
    def state_words(self, thing):
        if thing.merged_into:
            return _("merged into “%(into)s”") % {"into": thing.merged_into}
        return _("retired") if thing.is_retired else "–"

    def has_delete_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        if obj is not None and obj.merged_into_id:
            return False
        return super().has_change_permission(request, obj)

    def get_search_results(self, request, queryset, search_term):
        """In fields of other forms, only what can be chosen."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if "autocomplete" in request.path:
            found = found.filter(merged_into=None)
        return found, may_repeat

    def _page(self, request, name, context, form=None):
        """A page that shows what an act would do, before it is done."""
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        status = 422 if form is not None and form.is_bound and form.errors else 200
        template = f"admin/{self.opts.app_label}/{self.opts.model_name}/{name}.html"
        return TemplateResponse(request, template, context, status=status)


def offer_undo(admin, request, words, address):
    """Says what was done, with the way back."""
    link = format_html('{} <a href="{}">{}</a>', words, address, _("Undo"))
    admin.message_user(request, link, messages.SUCCESS)


class GoesLiveAtOnce:
    """Mixin for what readers see as soon as it is saved: raises the content version last."""

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        raise_version()

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        raise_version()

    def delete_queryset(self, request, queryset):
        super().delete_queryset(request, queryset)
        raise_version()


class RefusesByForm:
    """Mixin for what is saved by a verb: the verb's refusal is shown in the form.

    `save_by_verb(obj, form)` saves, or raises PublishingError; form.user is who acts. It runs
    while the form is checked, inside the transaction of the request, so that a refusal loses no
    words.
    """

    def get_form(self, request, obj=None, change=False, **kwargs):
        form_class = super().get_form(request, obj, change=change, **kwargs)
        save_by_verb = self.save_by_verb

        class Form(form_class):
            user = request.user

            def _post_clean(self):
                super()._post_clean()
                if self.errors:
                    return
                try:
                    with transaction.atomic():
                        save_by_verb(self.instance, self)
                except PublishingError as error:
                    self.add_error(None, str(error))

        return Form

    def save_model(self, request, obj, form, change):
        """Nothing is left to do: the verb has saved it."""
