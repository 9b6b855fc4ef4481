"""Accounts of the newsroom: each person has one role, which says what they may do."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import construct_change_message
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles import rights
from articles.admin.access import private
from articles.admin.base import Audited, in_words
from articles.audit import record

User = get_user_model()

_ROLE_WORDS = {
    rights.CONTRIBUTOR: gettext_lazy("Contributor: writes and hands in their own articles"),
    rights.EDITOR: gettext_lazy("Editor: changes and publishes everything"),
    rights.PUBLISHER: gettext_lazy(
        "Publisher: also deletes for good, and runs settings and accounts"
    ),
}


class RoleField(forms.ChoiceField):
    def __init__(self):
        super().__init__(
            label=gettext_lazy("Role"),
            choices=[
                ("", gettext_lazy("No role: may sign in, and nothing else")),
                *_ROLE_WORDS.items(),
            ],
            required=False,
        )


class NewAccountForm(UserCreationForm):
    role = RoleField()

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "first_name", "last_name", "email")


class AccountForm(UserChangeForm):
    role = RoleField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "role" in self.fields and self.instance.pk:
            names = set(self.instance.groups.values_list("name", flat=True))
            self.fields["role"].initial = next(
                (role for role in reversed(rights.ROLES) if role in names), ""
            )


class OwnAccountForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")
        help_texts = {"email": gettext_lazy("News for you goes there. Empty: no mail.")}


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(Audited, UserAdmin):
    """Publishers make and close accounts. Only a superuser touches a superuser."""

    add_form = NewAccountForm
    form = AccountForm
    list_display = ["username", "full_name", "role_name", "email", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    filter_horizontal = []
    readonly_fields = ["last_login", "date_joined"]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": [
                    *("username", "first_name", "last_name", "email", "role"),
                    *("password1", "password2"),
                ],
            },
        )
    ]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (gettext_lazy("Person"), {"fields": ["first_name", "last_name", "email"]}),
        (gettext_lazy("Rights"), {"fields": ["role", "is_active"]}),
        (gettext_lazy("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not request.user.is_superuser:
            return fieldsets
        more = {"fields": ["is_superuser"], "classes": ["collapse"]}
        return [*fieldsets, (gettext_lazy("Everything, without a role"), more)]

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, user):
        return user.get_full_name() or None

    @admin.display(description=gettext_lazy("role"))
    def role_name(self, user):
        if user.is_superuser:
            return _("Superuser")
        return ", ".join(group.name for group in user.groups.all()) or None

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    def has_change_permission(self, request, obj=None):
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not is_above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        # Versions and the audit say who wrote them: accounts are closed.
        return False

    def save_model(self, request, obj, form, change):
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if "role" not in form.cleaned_data:
            return
        user, role = form.instance, form.cleaned_data["role"]
        user.groups.remove(*Group.objects.filter(name__in=rights.ROLES))
        if role:
            user.groups.add(Group.objects.get(name=role))

    # The audit says what somebody may do from then on.

    def log_addition(self, request, obj, message):
        record("added", by=request.user, thing=obj, detail=self._role_words(obj))

    def log_change(self, request, obj, message):
        if message:
            detail = f"{in_words(message)} {self._role_words(obj)}"
            record("changed", by=request.user, thing=obj, detail=detail)

    def _role_words(self, user):
        return _("Role: %(role)s.") % {"role": self.role_name(user) or "–"}

    def get_urls(self):
        own = path("me/", self.admin_site.admin_view(self.own_account), name="auth_user_me")
        return [own, *super().get_urls()]

    @method_decorator(private)
    def own_account(self, request):
        """Everybody's own name and address."""
        form = OwnAccountForm(request.POST or None, instance=request.user)
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                form.save()
                if form.has_changed():
                    words = construct_change_message(form, [], add=False)
                    self.log_change(request, request.user, words)
            messages.success(request, _("Your account is saved."))
            return HttpResponseRedirect(reverse("admin:auth_user_me"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Your account"),
            "subtitle": None,
            "form": form,
        }
        request.current_app = self.admin_site.name
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/auth/user/own_account.html", context, status=status)
