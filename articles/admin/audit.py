"""The audit of the whole publication: who did what, when. Read here, written by the acts."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.admin.base import Forgiving
from articles.audit import ACTS, what_of, who_of
from articles.models import Article, AuditEntry
from irb_site.people import name_of

PUBLICATION = "publication"
_PEOPLE_SHOWN = 200


class PersonFilter(admin.SimpleListFilter):
    title = gettext_lazy("person")
    parameter_name = "person"

    def lookups(self, request, model_admin):
        people = get_user_model().objects.filter(is_staff=True).order_by("last_name", "username")
        names = [(str(user.pk), name_of(user)) for user in people[:_PEOPLE_SHOWN]]
        return [*names, (PUBLICATION, _("The publication"))]

    def queryset(self, request, queryset):
        if self.value() == PUBLICATION:
            # One whose account is gone is still a person.
            return queryset.filter(by=None, by_name="")
        if self.value() in {value for value, _name in self.lookup_choices}:
            return queryset.filter(by=int(self.value()))
        return queryset


class ActFilter(admin.SimpleListFilter):
    title = gettext_lazy("act")
    parameter_name = "act"
    template = "admin/articles/tag_filter.html"

    def lookups(self, request, model_admin):
        return list(ACTS.items())

    def queryset(self, request, queryset):
        return queryset.filter(act=self.value()) if self.value() in ACTS else queryset


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind of thing")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return [(model._meta.model_name, _kind_name(model)) for model in _models().values()]

    def queryset(self, request, queryset):
        return queryset.filter(object_kind=self.value()) if self.value() in _models() else queryset


class PeriodFilter(admin.DateFieldListFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = _("date")


def _models():
    """The models whose things may stand in the audit, by the name under which they do."""
    models = {model._meta.model_name: model for model in admin.site._registry}
    return {name: models[name] for name in _KINDS if name in models}


_KINDS = (
    *("article", "author", "tag", "image", "pick", "menuitem", "redirect", "bundle"),
    *("sitesettings", "publishcheck", "user", "group"),
)


def _kind_name(model):
    return capfirst(str(model._meta.verbose_name))


@admin.register(AuditEntry)
class AuditEntryAdmin(Forgiving, admin.ModelAdmin):
    list_display = ["when", "who", "what", "thing", "about"]
    list_display_links = None
    list_filter = [PersonFilter, ActFilter, KindFilter, ("at", PeriodFilter)]
    search_fields = ["object_name", "by_name"]
    search_help_text = gettext_lazy("Words of the title or name, or who did it")
    ordering = ["-at", "-pk"]
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    # They would count the whole audit once for every choice.
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=gettext_lazy("when"), ordering="at")
    def when(self, entry):
        return date_format(timezone.localtime(entry.at), "j M Y, H:i")

    @admin.display(description=gettext_lazy("who"), ordering="by_name")
    def who(self, entry):
        return who_of(entry)

    @admin.display(description=gettext_lazy("did what"), ordering="act")
    def what(self, entry):
        return what_of(entry)

    @admin.display(description=gettext_lazy("to what"), ordering="object_name")
    def thing(self, entry):
        name = entry.object_name or _("Untitled")
        url = entry.url
        return format_html('<a href="{}">{}</a>', url, name) if url else name

    @admin.display(description=gettext_lazy("more"))
    def about(self, entry):
        if not entry.detail:
            return None
        return format_html('<span class="audit__detail">{}</span>', entry.detail[:500])

    def get_queryset(self, request):
        # An article's words are large, and nothing of them is shown.
        names = [field.name for field in AuditEntry._meta.concrete_fields]
        entries = super().get_queryset(request).select_related("article")
        return entries.only(*names, "article__state")

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        present = _present(changelist.result_list)
        for entry in changelist.result_list:
            entry.url = _url(entry, present)
        return changelist

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


def _present(entries):
    """(kind, id as the audit has it) → primary key, of what is still there: a query for a kind."""
    asked = {}
    for entry in entries:
        if entry.article_id is None:
            asked.setdefault(entry.object_kind, set()).add(entry.object_id)
    models, present = _models(), {}
    for kind, ids in asked.items():
        if kind not in models:
            continue
        model = models[kind]
        has_uid = any(field.name == "uid" for field in model._meta.fields)
        key = "uid" if has_uid else "pk"
        usable = Q(**{f"{key}__in": [one for one in ids if _fits(model, key, one)]})
        for row in model.objects.filter(usable).values_list(key, "pk"):
            present[kind, str(row[0])] = row[1]
    return present


def _fits(model, key, text):
    is_number = key == "pk" and model._meta.pk.get_internal_type().endswith("AutoField")
    return text.isdecimal() if is_number else bool(text)


def _url(entry, present):
    """Where what an entry names can be seen; empty where it is gone."""
    if entry.article_id is not None:
        if entry.article.state == Article.State.DELETED:
            return ""
        return reverse("admin:articles_article_history", args=[entry.article_id])
    pk = present.get((entry.object_kind, entry.object_id))
    if pk is None:
        return ""
    app = _models()[entry.object_kind]._meta.app_label
    try:
        return reverse(f"admin:{app}_{entry.object_kind}_change", args=[pk])
    except NoReverseMatch:
        return ""
