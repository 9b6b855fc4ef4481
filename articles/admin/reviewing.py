"""Handing in, deciding, commenting and assigning, from the article form."""

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from articles import notifications, publishing, rights
from articles.admin.access import article_for, for_scripts, private, refusal
from articles.forms import TypedField
from articles.models import Article, Submission
from articles.publishing import TASK_LENGTH, NotAllowed, PublishingError
from articles.state_words import describe_decision, when
from irb_site.people import name_of

DECISIONS_SHOWN = 5
# Of the remarks that were dealt with, the newest.
RESOLVED_SHOWN = 50
PEOPLE_SHOWN = 8
# Nobody types more of a name.
_LONGEST_NAME = 60


def urls(view):
    return [
        path("<int:pk>/review/", view(review), name="articles_article_review"),
        path("<int:pk>/comments/", view(comments), name="articles_article_comments"),
        path("<int:pk>/comments/<int:remark>/", view(settle), name="articles_article_settle"),
        path("<int:pk>/people/", view(people), name="articles_article_people"),
        path("<int:pk>/tasks/", view(assign), name="articles_article_assign"),
        path("<int:pk>/tasks/<int:task>/done/", view(finish), name="articles_article_finish"),
    ]


def for_form(request, article):
    """What the form's rail shows of the review of a saved article.

    Whoever opens the form has seen what they were told of it.
    """
    notifications.mark_read(request.user, article=article)
    handed_in = _submissions(article)
    submission = next((one for one in handed_in if one.pk == article.submission_id), None)
    now = timezone.now()
    may_publish = rights.may_publish(request.user)
    tasks = list(article.assignments.filter(done_at=None).select_related("to", "by"))
    for task in tasks:
        task.is_own = task.to_id == request.user.pk
        task.is_late = task.due_on is not None and task.due_on < timezone.localdate()
    newest = handed_in[0] if handed_in else None
    return {
        "submission": submission,
        "is_sent_back": newest is not None and newest.outcome == Submission.Outcome.SENT_BACK,
        "is_newer_than_handed_in": submission is not None
        and submission.revision_id != article.latest_revision_id,
        "handed_in_words": submission
        and _("by %(who)s, %(when)s")
        % {"who": name_of(submission.by), "when": when(submission.submitted_at, now)},
        "decision_words": submission and describe_decision(submission, now=now),
        "past_decisions": [
            {"submission": one, "words": describe_decision(one, now=now)}
            for one in handed_in
            if one != submission
        ][:DECISIONS_SHOWN],
        "tasks": tasks,
        "task_form": TaskForm() if may_publish else None,
        "may_comment": article.state != Article.State.TRASHED,
        **_remarks(article, now, request.user),
    }


def _submissions(article):
    """What was handed in of an article, newest first, without the words themselves."""
    found = article.submissions.select_related("by", "decided_by", "revision")
    return list(found.defer("revision__body")[: DECISIONS_SHOWN + 1])


def _to_form(article, part=""):
    return HttpResponseRedirect(
        reverse("admin:articles_article_change", args=[article.pk]) + (f"#{part}" if part else "")
    )


# Decisions


def _may_decide(user, article):
    return rights.may_see(user, article) and rights.may_publish(user)


# do → who may, the verb, what is said then.
_DECISIONS = {
    "approve": (
        _may_decide,
        publishing.approve,
        gettext_lazy("It is approved. The Publish button shows it to readers."),
    ),
    "send_back": (
        _may_decide,
        publishing.send_back,
        gettext_lazy("It is sent back, with your comment."),
    ),
    "take_back": (
        rights.may_change,
        publishing.take_back,
        gettext_lazy("It isn't handed in any more: you can go on writing."),
    ),
}


@private
@require_POST
def review(request, pk):
    """Approves or sends back what was handed in, or takes it back; then shows the form."""
    do, comment = request.POST.get("do", ""), request.POST.get("comment", "")
    if do not in _DECISIONS:
        article = article_for(request, pk)
        messages.error(request, _("Choose whether to approve it or to send it back."))
        return _to_form(article, "review")
    is_allowed, verb, words = _DECISIONS[do]
    article = article_for(request, pk, is_allowed=is_allowed)
    details = {}
    if do != "take_back":
        details = {"comment": comment, "submission_id": _number(request.POST.get("submission"))}
    try:
        verb(article, by=request.user, **details)
    except NotAllowed:
        raise PermissionDenied from None
    except PublishingError as error:
        messages.error(request, str(error))
        if comment.strip():
            # Nobody should have to write it twice.
            kept = format_html(_("Your comment, which was not sent: “{}”"), comment.strip())
            messages.warning(request, kept)
    else:
        messages.success(request, words)
    return _to_form(article, "review")


def _number(text):
    """A primary key out of a form; None unless it is one."""
    text = text or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


# Comments


def _remarks(article, now, user):
    """The remarks on an article with their answers: those to deal with, and those dealt with."""
    by_key, answers = {}, []
    for remark in article.comments.select_related("by", "resolved_by"):
        remark.who, remark.when = name_of(remark.by), when(remark.at, now)
        remark.is_own = remark.by_id == user.pk and not remark.deleted_at
        if remark.parent_id is None:
            remark.answers, by_key[remark.pk] = [], remark
        else:
            answers.append(remark)
    for answer in answers:
        by_key[answer.parent_id].answers.append(answer)
    settled = [remark for remark in by_key.values() if remark.resolved_at]
    settled.sort(key=lambda remark: remark.resolved_at, reverse=True)
    for remark in settled:
        remark.resolved_words = _("Resolved by %(who)s %(when)s") % {
            "who": name_of(remark.resolved_by),
            "when": when(remark.resolved_at, now),
        }
    return {
        "open_remarks": [remark for remark in by_key.values() if not remark.resolved_at],
        "resolved_remarks": settled[:RESOLVED_SHOWN],
    }


def _answer(request, article, **more):
    """The list of remarks as the form shows it."""
    values = {
        "article": article,
        "may_comment": article.state != Article.State.TRASHED,
        **_remarks(article, timezone.now(), request.user),
    }
    html = render_to_string("admin/articles/article/_remarks.html", values)
    return JsonResponse({"html": html, "open": len(values["open_remarks"]), **more})


@for_scripts
@require_http_methods(["GET", "POST"])
def comments(request, pk):
    """The remarks on an article as a list in HTML; POST adds one, or an answer, first."""
    article = article_for(request, pk)
    if request.method == "POST":
        return _add_comment(request, article)
    return _answer(request, article)


def _add_comment(request, article):
    given = request.POST
    parent = None
    if given.get("parent"):
        parent = article.comments.filter(pk=_number(given["parent"])).first()
        if parent is None:
            return refusal(_("The comment that you answer isn't here any more."), 404)
    try:
        remark = publishing.comment(
            article,
            given.get("text", ""),
            by=request.user,
            parent=parent,
            section=given.get("section", ""),
            quote=given.get("quote", ""),
            before=given.get("before", ""),
        )
    except PublishingError as error:
        return refusal(error, 403 if isinstance(error, NotAllowed) else 400)
    return _answer(request, article, added=remark.parent_id or remark.pk)


# Of remarks, and of remarks and answers.
_SETTLING = {"resolve": publishing.resolve, "reopen": publishing.reopen}
_CHANGING = {"edit": publishing.edit_comment, "delete": publishing.delete_comment}


@for_scripts
@require_POST
def settle(request, pk, remark):
    """Marks a remark as dealt with or as open again; lets its writer edit or delete it.

    POST do: resolve, reopen, edit (with its new text) or delete; answers can be edited or deleted.
    """
    article, do = article_for(request, pk), request.POST.get("do")
    remark = article.comments.filter(pk=remark).first()
    if remark is None or (do in _SETTLING and remark.parent_id):
        raise Http404
    verb = (_SETTLING | _CHANGING).get(do)
    if verb is None:
        return refusal(_("Choose what is to become of the comment."))
    words = [request.POST.get("text", "")] if do == "edit" else []
    try:
        verb(remark, *words, by=request.user)
    except PublishingError as error:
        return refusal(error, 403 if isinstance(error, NotAllowed) else 400)
    return _answer(request, article, added=remark.parent_id or remark.pk)


@for_scripts
@require_GET
def people(request, pk):
    """Colleagues whose names begin with some letters and who see the article, to be told by @."""
    article = article_for(request, pk)
    query = request.GET.get("q", "").replace("\x00", "")[:_LONGEST_NAME]
    fields = ("username", "first_name", "last_name")
    begins = Q(*((f"{field}__istartswith", query) for field in fields), _connector=Q.OR)
    found = get_user_model().objects.filter(begins, is_active=True, is_staff=True)
    seeing = (
        user
        for user in found.exclude(pk=request.user.pk).order_by("username")[: PEOPLE_SHOWN * 4]
        if rights.may_see(user, article)
    )
    results = [
        {"label": name_of(user), "note": f"@{user.get_username()}", "value": user.get_username()}
        for user, _place in zip(seeing, range(PEOPLE_SHOWN), strict=False)
    ]
    return JsonResponse({"results": results, "message": _("No colleague of this name.")})


# Tasks


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, user):
        return name_of(user)


class TaskForm(forms.Form):
    use_required_attribute = False

    to = PersonField(
        label=gettext_lazy("Who"),
        queryset=get_user_model().objects.none(),
        empty_label=gettext_lazy("Choose somebody"),
        error_messages={
            "required": gettext_lazy("Choose who is to do it."),
            "invalid_choice": gettext_lazy("Choose somebody who has an open account here."),
        },
    )
    task = TypedField(
        label=gettext_lazy("What is to be done"),
        max_length=TASK_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "max_length": gettext_lazy("Say in at most %(limit_value)d characters what to do.")
        },
    )
    due_on = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": gettext_lazy("Give the day like 2026-12-31, or leave it out.")},
    )

    # The fields lie within the article form, and belong to another one.
    OWN_FORM = "tasks-form"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="task_%s", **kwargs)
        open_accounts = get_user_model().objects.filter(is_active=True, is_staff=True)
        self.fields["to"].queryset = open_accounts.order_by("first_name", "last_name", "username")
        for field in self.fields.values():
            field.widget.attrs["form"] = self.OWN_FORM


@private
@require_POST
def assign(request, pk):
    """Gives somebody a task on an article, then shows the form."""
    article = article_for(request, pk, is_allowed=_may_decide)
    form = TaskForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            publishing.assign(
                article, given["to"], by=request.user, task=given["task"], due_on=given["due_on"]
            )
        except PublishingError as error:
            messages.error(request, str(error))
        else:
            words = _("%(who)s is told about it.") % {"who": name_of(given["to"])}
            messages.success(request, words)
    else:
        for error in (error for errors in form.errors.values() for error in errors):
            messages.error(request, error)
    return _to_form(article, "tasks")


@private
@require_POST
def finish(request, pk, task):
    """Marks a task as done, then shows the form; or the desk, where it isn't theirs any more."""
    article = article_for(request, pk)
    assignment = article.assignments.select_related("to", "by", "article__latest_revision")
    assignment = assignment.filter(pk=task).first()
    if assignment is None:
        raise Http404(_("There is no such task."))
    try:
        publishing.finish(assignment, by=request.user)
    except NotAllowed:
        raise PermissionDenied from None
    except PublishingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The task is done."))
    if request.POST.get("next") == "desk" or not rights.may_see(request.user, article):
        return HttpResponseRedirect(reverse("admin:index"))
    return _to_form(article, "tasks")
