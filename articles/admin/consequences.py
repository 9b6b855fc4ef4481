"""Pages between a button and its verb: who is affected, what is to become of them, or cancel."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from articles import effects, publishing, references
from articles.forms import PickerField, PickerWidget, working_title
from articles.models import Article
from articles.publishing import PublishingError
from articles.rendering import parse_ref, structure

UNPUBLISH, DELETE, MERGE = "unpublish", "delete", "merge"
REMOVED_AT_ONCE = 200
PLAIN, LEAD, RETARGET, TOP = "plain", "lead", "retarget", "top"


class TargetField(PickerField):
    """One place of this site, chosen by search or by its address; cleans to a RefToken or None."""

    def __init__(self, *, kind="target", **kwargs):
        kwargs.setdefault("required", False)
        placeholder = _("Find it by name, or paste its address")
        super().__init__(widget=PickerWidget(kind=kind, placeholder=placeholder), **kwargs)

    def clean(self, value):
        values = super().clean(value)
        if not values:
            return None
        if len(values) > 1:
            raise forms.ValidationError(_("Choose one place, not several."))
        token = parse_ref(values[0]) or parse_ref(f"article:{values[0]}")
        if token is None:
            raise forms.ValidationError(_("This place can't be read. Choose it again."))
        return token


class ReferencesForm(forms.Form):
    """What is to become of those who cite what goes. Subclasses say what there is to choose."""

    choices = []
    how = forms.ChoiceField(
        label=gettext_lazy("What becomes of the references to it?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say what is to become of the references.")},
    )
    target = TargetField(label=gettext_lazy("The other place"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["how"].choices = self.choices
        self.fields["how"].initial = self.choices[0][0]

    def clean(self):
        data = super().clean()
        if data.get("how") in {LEAD, RETARGET} and not data.get("target") and not self.errors:
            self.add_error("target", _("Choose where they are to lead."))
        return data


class RemovalForm(ReferencesForm):
    choices = [
        (PLAIN, gettext_lazy("Leave their words as plain text")),
        (LEAD, gettext_lazy("Lead readers, and its old address, to another place")),
        (RETARGET, gettext_lazy("Change every text that cites it, and lead its address there")),
    ]

    def options(self):
        how, target = self.cleaned_data["how"], self.cleaned_data["target"]
        return {
            "lead_to": target if how in {LEAD, RETARGET} else None,
            "retarget_to": target if how == RETARGET else None,
        }


class MergeForm(forms.Form):
    target = TargetField(
        kind="article",
        label=gettext_lazy("Merge it into"),
        help_text=gettext_lazy(
            "A public article. Its words stay as they are: take over by hand what is worth it."
        ),
    )
    retarget = forms.BooleanField(
        label=gettext_lazy("Also change the texts that cite it, so that they cite the other one"),
        required=False,
    )

    def clean_target(self):
        token = self.cleaned_data["target"]
        into = references.target_of(token) if token else None
        if not isinstance(into, Article):
            raise forms.ValidationError(_("Choose the article that takes its place."))
        return into


class MoveForm(forms.Form):
    target = TargetField(kind="article", label=gettext_lazy("Move the section to the end of"))

    clean_target = MergeForm.clean_target


class SectionForm(ReferencesForm):
    """For a section that the next version doesn't have."""

    choices = [
        (TOP, gettext_lazy("Lead readers to the top of the article")),
        (LEAD, gettext_lazy("Lead readers, and its old address, to another place")),
        (RETARGET, gettext_lazy("Change every text that cites it, and lead its address there")),
        (PLAIN, gettext_lazy("Change every text that cites it: leave the words as plain text")),
    ]

    def carry_out(self, article, anchor, *, by):
        how, target = self.cleaned_data["how"], self.cleaned_data["target"]
        if how in {LEAD, RETARGET}:
            publishing.forward_section(article, anchor, target, by=by)
        if how in {RETARGET, PLAIN}:
            to = target if how == RETARGET else None
            publishing.retarget_section(article, anchor, to, by=by)


class Consequences:
    """Mixin for the article admin: its pages that ask before they act."""

    def consequence_urls(self):
        view = self.admin_site.admin_view
        return [
            path("remove/", view(self.remove), name="articles_article_remove"),
            path("<int:pk>/publish/", view(self.before_publishing), name="articles_article_check"),
            path("<int:pk>/move/<str:anchor>/", view(self.move), name="articles_article_move"),
        ]

    def removal_url(self, articles, do):
        pks = ",".join(str(article.pk) for article in articles)
        return f"{reverse('admin:articles_article_remove')}?do={do}&ids={pks}"

    def _page(self, request, name, context, form_status=200):
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(
            request, f"admin/articles/article/{name}.html", context, status=form_status
        )

    def _require_publish(self, request):
        if not self.has_publish_permission(request):
            raise PermissionDenied

    @method_decorator(never_cache)
    def remove(self, request):
        """Unpublishes, deletes or merges the articles of ?ids=, as ?do= says."""
        do = request.GET.get("do", "")
        if do not in {UNPUBLISH, DELETE, MERGE}:
            raise Http404
        self._require_publish(request)
        if do == DELETE and not request.user.has_perm("articles.delete_article"):
            raise PermissionDenied
        articles = self._asked_for(request)
        if len(articles) > REMOVED_AT_ONCE:
            return self.refuse_so_many(request)
        if not articles or (do == MERGE and len(articles) > 1):
            raise Http404(_("There is no such article."))
        form_class = MergeForm if do == MERGE else RemovalForm
        form = form_class(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._removed(request, do, articles, form)
            except PublishingError as error:
                form.add_error(None, str(error))
        context = {
            "do": do,
            "title": _removal_title(do, articles),
            "articles": [(article, working_title(article)) for article in articles],
            "effect": effects.of_removal(articles),
            "form": form,
            "back": self._way_back(articles),
        }
        return self._page(request, "remove", context, 422 if form.errors else 200)

    def _asked_for(self, request):
        # Longer numbers are no keys of either database.
        ids = request.GET.get("ids", "").split(",")
        pks = {int(pk) for pk in ids if pk.isdecimal() and len(pk) < 19}
        return list(
            Article.objects.filter(pk__in=pks)
            .exclude(state=Article.State.DELETED)
            .select_related("latest_revision")
            .order_by("-touched_at", "-pk")[: REMOVED_AT_ONCE + 1]
        )

    def refuse_so_many(self, request):
        words = _("Choose at most %(n)d articles at once, so that you can see who is affected.")
        self.message_user(request, words % {"n": REMOVED_AT_ONCE}, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:articles_article_changelist"))

    def _way_back(self, articles):
        if len(articles) == 1:
            return reverse("admin:articles_article_change", args=[articles[0].pk])
        return reverse("admin:articles_article_changelist")

    def _removed(self, request, do, articles, form):
        titles = {article.pk: working_title(article) for article in articles}
        if do == MERGE:
            into = form.cleaned_data["target"]
            retarget = form.cleaned_data["retarget"]
            publishing.merge(articles[0], into, by=request.user, retarget=retarget)
            log = _("Merged into “%(title)s”") % {"title": into}
            words = _("“%(title)s” is merged into “%(into)s”; its address leads there.") % {
                "title": titles[articles[0].pk],
                "into": into,
            }
        else:
            for_good = do == DELETE
            publishing.remove(articles, by=request.user, for_good=for_good, **form.options())
            log = _("Deleted") if for_good else _("Unpublished")
            words = _removed_words(for_good, list(titles.values()))
        for article in articles:
            self.log_change(request, article, log)
        self.message_user(request, words, messages.SUCCESS)
        if do == DELETE:
            return HttpResponseRedirect(reverse("admin:articles_article_changelist"))
        return HttpResponseRedirect(self._way_back(articles))

    @method_decorator(never_cache)
    def before_publishing(self, request, pk):
        """Publishes the newest version of an article whose editor has seen what it brings about."""
        self._require_publish(request)
        article = self._get(request, pk)
        if article.latest_revision is None:
            raise Http404(_("There is nothing to publish yet."))
        minor = "minor" in (request.POST or request.GET)
        finding = effects.of_publishing(article, article.latest_revision)
        data = request.POST if request.method == "POST" else None
        parts = [
            (section, SectionForm(data, prefix=section.anchor))
            for section in finding.leaving_sections
        ]
        error = ""
        if data is not None and all(form.is_valid() for _section, form in parts):
            if data.get("version") != str(article.latest_revision.number):
                error = _(
                    "A newer version was saved in the meantime. Look again before you publish."
                )
            else:
                try:
                    self._publish_with(request, article, parts, minor)
                    return self._back(article, "published")
                except PublishingError as refusal:
                    error = str(refusal)
        context = {
            "title": _("Before you publish “%(title)s”") % {"title": working_title(article)},
            "article": article,
            "finding": finding,
            "parts": parts,
            "minor": minor,
            "error": error,
            "back": self._way_back([article]),
        }
        failed = error or any(form.errors for _section, form in parts)
        return self._page(request, "check", context, 422 if failed else 200)

    def _publish_with(self, request, article, parts, minor):
        published = _published(article, parts, minor, by=request.user)
        self.log_change(request, published, _("Published"))
        words = _("“%(title)s” is live.") % {"title": published}
        self.message_user(request, words, messages.SUCCESS)

    @method_decorator(never_cache)
    def move(self, request, pk, anchor):
        """Moves a section of the newest draft to another article's draft."""
        self._require_publish(request)
        article = self._get(request, pk)
        body = article.latest_revision.body if article.latest_revision else ""
        heading = next((h for h in structure(body).headings if h.anchor == anchor), None)
        if heading is None:
            raise Http404(_("There is no such section."))
        form = MoveForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            to = form.cleaned_data["target"]
            try:
                publishing.move_section(article, anchor, to, by=request.user)
            except PublishingError as error:
                form.add_error(None, str(error))
            else:
                self.log_change(
                    request, article, _("Section “%(name)s” moved") % {"name": heading.text}
                )
                self.log_change(
                    request, to, _("Section “%(name)s” arrived") % {"name": heading.text}
                )
                to = Article.objects.select_related("latest_revision").get(pk=to.pk)
                words = _(
                    "The section is in the draft of “%(title)s” now. Publish that one first, then"
                    " this one: from then on the section's address leads there."
                ) % {"title": working_title(to)}
                self.message_user(request, words, messages.SUCCESS)
                return self._back(article)
        context = {
            "title": _("Move “%(heading)s”") % {"heading": heading.text},
            "article": article,
            "article_title": working_title(article),
            "heading": heading.text,
            "effect": effects.of_removing_section(article, anchor),
            "form": form,
            "back": self._way_back([article]),
        }
        return self._page(request, "move", context, 422 if form.errors else 200)


@publishing.in_one_transaction
def _published(article, parts, minor, *, by):
    revision = article.latest_revision
    published = publishing.publish(article, revision, by=by, minor=minor)
    for section, form in parts:
        form.carry_out(published, section.anchor, by=by)
    return published


def _removal_title(do, articles):
    if len(articles) > 1:
        words = {
            UNPUBLISH: ngettext(
                "Unpublish %(n)d article", "Unpublish %(n)d articles", len(articles)
            ),
            DELETE: ngettext("Delete %(n)d article", "Delete %(n)d articles", len(articles)),
        }[do]
        return words % {"n": len(articles)}
    words = {
        UNPUBLISH: _("Unpublish “%(title)s”"),
        DELETE: _("Delete “%(title)s” for good"),
        MERGE: _("Merge “%(title)s” into another article"),
    }[do]
    return words % {"title": working_title(articles[0])}


def _removed_words(for_good, titles):
    if len(titles) == 1:
        words = (
            _("“%(title)s” is deleted.")
            if for_good
            else _("“%(title)s” is withdrawn; readers don't see it any more.")
        )
        return words % {"title": titles[0]}
    words = (
        ngettext("%(n)d article deleted.", "%(n)d articles deleted.", len(titles))
        if for_good
        else ngettext("%(n)d article unpublished.", "%(n)d articles unpublished.", len(titles))
    )
    return words % {"n": len(titles)}
