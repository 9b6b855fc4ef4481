"""Pages between a button and its verb: who is affected, what is to become of them, or cancel."""

from dataclasses import replace

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from articles import agenda, effects, publishing, references, rights
from articles.admin.access import article_for, private
from articles.directory import working_title
from articles.forms import PickerField, PickerWidget
from articles.models import Article
from articles.publishing import DELETE, TRASH, UNPUBLISH, PublishingError
from articles.publishing.plans import in_words
from articles.rendering import parse_ref, structure

MERGE = "merge"
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
        if self.errors:
            return data
        leads, target = data["how"] in {LEAD, RETARGET}, data.get("target")
        if leads and not target:
            self.add_error("target", _("Choose where they are to lead."))
        if target and not leads:
            self.add_error(
                "how", _("You chose another place. Say who is led there, or take the place away.")
            )
        return data


class RemovalForm(ReferencesForm):
    """may_lead: whether the user may change what readers are led to at all."""

    choices = [
        (PLAIN, gettext_lazy("Leave their words as plain text")),
        (LEAD, gettext_lazy("Lead readers, and its old address, to another place")),
        (RETARGET, gettext_lazy("Change every text that cites it, and lead its address there")),
    ]

    def __init__(self, *args, may_lead=True, **kwargs):
        if not may_lead:
            self.choices = self.choices[:1]
        super().__init__(*args, **kwargs)
        if not may_lead:
            del self.fields["target"]

    def options(self):
        how, target = self.cleaned_data["how"], self.cleaned_data.get("target")
        return {
            "lead_to": target if how in {LEAD, RETARGET} else None,
            "retarget_to": target if how == RETARGET else None,
        }


class GoneForm(RemovalForm):
    """For what readers don't see any more, and what may lead them on already."""

    choices = [
        (PLAIN, gettext_lazy("Nothing changes: where its address leads already, it leads on")),
        *RemovalForm.choices[1:],
    ]


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
            path("untrash/", view(self.untrash), name="articles_article_untrash"),
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
        if not rights.may_publish(request.user):
            raise PermissionDenied

    @method_decorator(private)
    def remove(self, request):
        """Unpublishes, deletes or merges the articles of ?ids=, as ?do= says."""
        do = request.GET.get("do", "")
        if do not in {UNPUBLISH, TRASH, DELETE, MERGE}:
            raise Http404
        if do != TRASH:
            self._require_publish(request)
        if do == DELETE and not rights.may_erase(request.user):
            raise PermissionDenied
        articles = self._asked_for(request.GET.get("ids", ""), request.user)
        if len(articles) > REMOVED_AT_ONCE:
            return self.refuse_so_many(request)
        if not articles or (do == MERGE and len(articles) > 1):
            raise Http404(_("There is no such article."))
        if do == TRASH:
            self._require_trash(request, articles)
        data = request.POST if request.method == "POST" else None
        if do == MERGE:
            form = MergeForm(data)
        else:
            are_away = all(article.state == Article.State.WITHDRAWN for article in articles)
            form_class = GoneForm if do == DELETE or are_away else RemovalForm
            form = form_class(data, may_lead=rights.may_publish(request.user))
        if request.method == "POST" and form.is_valid():
            try:
                return self._removed(request, do, articles, form)
            except PublishingError as error:
                form.add_error(None, str(error))
        context = {
            "do": do,
            "title": _removal_title(do, articles),
            "articles": [(article, working_title(article)) for article in articles],
            "effect": _effect_for(request.user, articles),
            "form": form,
            "back": self._way_back(articles),
        }
        return self._page(request, "remove", context, 422 if form.errors else 200)

    @method_decorator(private)
    @method_decorator(require_POST)
    def untrash(self, request):
        """Takes the articles of `ids` out of the trash; with `as_it_was`, also in the address,
        what was public before is so again."""
        articles = self._asked_for(request.POST.get("ids", ""), request.user)
        if len(articles) > REMOVED_AT_ONCE:
            return self.refuse_so_many(request)
        if not articles:
            raise Http404(_("There is no such article."))
        as_it_was = "as_it_was" in request.POST or "as_it_was" in request.GET
        return self.put_back(request, articles, as_it_was=as_it_was)

    def put_back(self, request, articles, *, as_it_was=False):
        """Takes articles out of the trash, all or none, says so, and shows what there is then."""
        self._require_trash(request, articles)
        try:
            articles = _untrashed(articles, as_it_was, by=request.user)
        except PublishingError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, _put_back_words(articles), messages.SUCCESS)
            for plan in agenda.missed(articles) if as_it_was else ():
                words = _("Not scheduled any more: “%(title)s”, %(what)s.")
                values = {"title": working_title(plan.article), "what": in_words(plan)}
                self.message_user(request, words % values, messages.WARNING)
        return HttpResponseRedirect(self._way_back(articles))

    def throw_away(self, request, articles):
        """Into the trash with what nobody will miss; anything else is asked about first."""
        self._require_trash(request, articles)
        is_private = all(article.first_published_at is None for article in articles)
        if not is_private or not effects.of_removal(articles).is_empty:
            return HttpResponseRedirect(self.removal_url(articles, TRASH))
        try:
            publishing.remove(articles, TRASH, by=request.user)
        except PublishingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(self._way_back(articles))
        self._offer_undo(request, articles)
        return HttpResponseRedirect(reverse("admin:articles_article_changelist"))

    def _require_trash(self, request, articles):
        if not all(rights.may_trash(request.user, article) for article in articles):
            raise PermissionDenied

    def _offer_undo(self, request, articles):
        """Says what is in the trash now, with a button that takes it out again as it was."""
        words = format_html(
            '{} <form method="post" action="{}" class="undo">'
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<input type="hidden" name="ids" value="{}">'
            '<button class="button button--quiet button--small" name="as_it_was">{}</button>'
            "</form>",
            _removed_words(TRASH, [working_title(article) for article in articles]),
            reverse("admin:articles_article_untrash"),
            get_token(request),
            ",".join(str(article.pk) for article in articles),
            _("Undo"),
        )
        self.message_user(request, words, messages.SUCCESS)

    def _asked_for(self, ids, user):
        """The articles of some keys, with commas between, that a user may see."""
        # Longer numbers are no keys of either database.
        pks = {int(pk) for pk in ids.split(",") if pk.isdecimal() and len(pk) < 19}
        return list(
            rights.seen_by(user)
            .filter(pk__in=pks)
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
            words = _("“%(title)s” is merged into “%(into)s”; its address leads there.") % {
                "title": titles[articles[0].pk],
                "into": into,
            }
        else:
            options = form.options()
            publishing.remove(articles, do, by=request.user, **options)
            words = _removed_words(do, list(titles.values()))
            # Texts that cite something else by now don't come back with it.
            if do == TRASH and not options["retarget_to"]:
                self._offer_undo(request, articles)
                return HttpResponseRedirect(reverse("admin:articles_article_changelist"))
        self.message_user(request, words, messages.SUCCESS)
        if do in {TRASH, DELETE}:
            return HttpResponseRedirect(reverse("admin:articles_article_changelist"))
        return HttpResponseRedirect(self._way_back(articles))

    @method_decorator(private)
    def before_publishing(self, request, pk):
        """Publishes the newest version of an article whose editor has seen what it brings about."""
        self._require_publish(request)
        article = article_for(request, pk)
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
            # The edition: an autosave of the same version has other words.
            if data.get("version") != str(article.latest_revision.edition):
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
        words = _("“%(title)s” is live.") % {"title": published}
        self.message_user(request, words, messages.SUCCESS)

    @method_decorator(private)
    def move(self, request, pk, anchor):
        """Moves a section of the newest draft to another article's draft."""
        self._require_publish(request)
        article = article_for(request, pk)
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


@publishing.in_one_transaction
def _untrashed(articles, as_it_was, *, by):
    return [publishing.untrash(article, by=by, as_it_was=as_it_was) for article in articles]


def _effect_for(user, articles):
    """Who is affected, by name as far as a user may see them; the rest is counted."""
    effect = effects.of_removal(articles)
    if rights.sees_all(user):
        return effect
    pks = [entry.article.pk for entry in effect.citing]
    seen = set(rights.seen_by(user).filter(pk__in=pks).values_list("pk", flat=True))
    return replace(effect, citing=[entry for entry in effect.citing if entry.article.pk in seen])


def of_trash(request, article):
    """What the form says of an article in the trash: who put it there and what it was."""
    entry = article.audit_entries.filter(act="trashed").order_by("-at", "-pk").first()
    may_publish = rights.may_publish(request.user)
    return {
        "trashed": {
            "at": entry.at if entry else article.touched_at,
            "by_name": entry.by_name if entry else "",
            "may_put_back": rights.may_trash(request.user, article),
            "may_show_again": article.trashed_from == Article.State.LIVE and may_publish,
        }
    }


def _put_back_words(articles):
    count = len(articles)
    if count > 1:
        words = ngettext(
            "%(n)d article is out of the trash.", "%(n)d articles are out of the trash.", count
        )
        return words % {"n": count}
    words = {
        Article.State.DRAFT: _("“%(title)s” is out of the trash, as a draft."),
        Article.State.WITHDRAWN: _("“%(title)s” is out of the trash; readers don't see it."),
        Article.State.LIVE: _("“%(title)s” is out of the trash; readers see it again."),
    }[articles[0].state]
    return words % {"title": working_title(articles[0])}


def _removal_title(do, articles):
    count = len(articles)
    if count > 1:
        words = {
            UNPUBLISH: ngettext("Unpublish %(n)d article", "Unpublish %(n)d articles", count),
            TRASH: ngettext(
                "Move %(n)d article to the trash", "Move %(n)d articles to the trash", count
            ),
            DELETE: ngettext("Delete %(n)d article", "Delete %(n)d articles", count),
        }[do]
        return words % {"n": count}
    words = {
        UNPUBLISH: _("Unpublish “%(title)s”"),
        TRASH: _("Move “%(title)s” to the trash"),
        DELETE: _("Delete “%(title)s” for good"),
        MERGE: _("Merge “%(title)s” into another article"),
    }[do]
    return words % {"title": working_title(articles[0])}


def _removed_words(do, titles):
    if len(titles) == 1:
        words = {
            UNPUBLISH: _("“%(title)s” is withdrawn; readers don't see it any more."),
            TRASH: _("“%(title)s” is in the trash."),
            DELETE: _("“%(title)s” is deleted."),
        }[do]
        return words % {"title": titles[0]}
    count = len(titles)
    words = {
        UNPUBLISH: ngettext("%(n)d article unpublished.", "%(n)d articles unpublished.", count),
        TRASH: ngettext(
            "%(n)d article is in the trash.", "%(n)d articles are in the trash.", count
        ),
        DELETE: ngettext("%(n)d article deleted.", "%(n)d articles deleted.", count),
    }[do]
    return words % {"n": count}
