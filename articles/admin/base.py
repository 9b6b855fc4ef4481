from django.db import transaction

from articles.content_version import raise_version
from articles.publishing import PublishingError


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
