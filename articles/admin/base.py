import json

from django.contrib.admin.models import LogEntry
from django.db import transaction

from articles.audit import record
from articles.content_version import raise_version
from articles.publishing import PublishingError


class Audited:
    """Mixin for what no verb records: writes into the publication's audit who added, changed or
    removed what, in the transaction of the act, instead of into Django's own log.

    It goes before whatever else a class is made of.
    """

    def log_addition(self, request, obj, message):
        record("added", by=request.user, thing=obj)

    def log_change(self, request, obj, message):
        # Pressing “Save” without having changed anything is no act.
        if message:
            record("changed", by=request.user, thing=obj, detail=_in_words(message))

    def log_deletions(self, request, queryset):
        for obj in queryset:
            record("removed", by=request.user, thing=obj)

    def response_action(self, request, queryset):
        # Django writes down what a list's action deletes before it does so.
        with transaction.atomic():
            return super().response_action(request, queryset)


def _in_words(message):
    """Django's account of a change, such as “Changed Name and Slug.”"""
    if not isinstance(message, str):
        message = json.dumps(message)
    return LogEntry(change_message=message).get_change_message()


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

    `save_by_verb(obj, form)` saves, or raises PublishingError. It runs while the form is
    checked, inside the transaction of the request, so that a refusal loses no words.
    """

    def get_form(self, request, obj=None, change=False, **kwargs):
        form_class = super().get_form(request, obj, change=change, **kwargs)
        save_by_verb = self.save_by_verb

        class Form(form_class):
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
