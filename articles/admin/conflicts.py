"""Two people saved one article: what differs, and one draft made of both."""

import json
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles import publishing
from articles.directory import working_title
from articles.forms import author_items, related_items, relation_items, tag_items
from articles.merging import (
    BOTH,
    SAME,
    THEIRS,
    YOURS,
    blocks,
    differences,
    essence,
    merge,
    who_changed,
    words_of,
)
from articles.models import Image
from articles.publishing import NOTE_LENGTH, Words
from irb_site.people import name_of

_VALUES = {
    "title": gettext_lazy("Title"),
    "standfirst": gettext_lazy("Standfirst"),
    "slug": gettext_lazy("Address"),
    "language": gettext_lazy("Language"),
    "lead_image_id": gettext_lazy("Lead picture"),
}
_LISTS = {
    "bylines": gettext_lazy("Authors"),
    "tags": gettext_lazy("Tags"),
    "related": gettext_lazy("Related links"),
    "relations": gettext_lazy("What it updates, corrects or has as parts"),
}
# The buttons that do more than save: none of it is done before both versions are one.
_BUTTONS = ("_publish", "_submit", "_schedule", "_unpublish", "_trash", "_merge")


@dataclass
class Part:
    """Something that differs. name: how the choice is called in the form."""

    name: str
    label: str
    who: str
    theirs: list
    yours: list
    has_both: bool = False
    # What is the same between the part before and this one, in paragraphs.
    same_before: int = 0
    note: str = ""
    # What "both" would be, where it is one paragraph.
    woven: list = field(default_factory=list)
    images: dict = field(default_factory=dict)

    @property
    def is_list(self):
        return self.name in _LISTS

    @property
    def proposal(self):
        return _proposal(self.who, self.has_both)


def _proposal(who, has_both):
    """What is chosen unless somebody says otherwise. A single value can't be both."""
    return YOURS if who == BOTH and not has_both else who


class Comparison:
    """What differs between two versions, and what comes of choosing.

    base: the Words from which both began, or None; theirs, yours: Words.
    """

    def __init__(self, base, theirs, yours):
        self.base, self.theirs, self.yours = base, theirs, yours
        texts = [None if words is None else blocks(words.body) for words in (base, theirs, yours)]
        self.chunks = merge(*texts, key=essence)
        self.differing = [
            (number, chunk) for number, chunk in enumerate(self.chunks) if chunk.who != SAME
        ]
        self.fields = {
            name: who
            for name in (*_VALUES, *_LISTS)
            if (who := who_changed(*self._values(name), has_base=base is not None)) != SAME
        }

    def __bool__(self):
        return bool(self.differing or self.fields)

    def _values(self, name):
        return (getattr(words, name, None) for words in (self.base, self.theirs, self.yours))

    @property
    def shape(self):
        """What is asked, in a word: answers to another question don't count."""
        places = [f"{number}{chunk.who[0]}" for number, chunk in self.differing]
        return " ".join([*places, *(f"{name}:{who[0]}" for name, who in self.fields.items())])

    def merged(self, choose):
        """What comes of choosing: the words, and whether all of yours is in them.

        choose(name, has_both, proposal) gives YOURS or THEIRS, or BOTH where that can be had.
        """
        is_complete, values = True, asdict(self.theirs)
        for name, who in self.fields.items():
            has_both = name in _LISTS and who == BOTH
            choice = choose(name, has_both, _proposal(who, has_both))
            if choice != THEIRS:
                values[name] = self._both(name) if choice == BOTH else getattr(self.yours, name)
            elif who != THEIRS:
                is_complete = False
        body = []
        for number, chunk in enumerate(self.chunks):
            choice = chunk.proposal
            if chunk.who != SAME:
                choice = choose(f"text-{number}", chunk.who == BOTH, choice)
            is_complete = is_complete and chunk.keeps_yours(choice)
            body += chunk.taken(choice)
        return Words(**values | {"body": "".join(body)}), is_complete

    def _both(self, name):
        """A list of what both sides have, without what either took out."""
        base, theirs, yours = (
            None if items is None else [json.dumps(item, sort_keys=True) for item in items]
            for items in self._values(name)
        )
        chunks = merge(base, theirs, yours)
        items = [json.loads(item) for chunk in chunks for item in chunk.taken(chunk.proposal)]
        return _with_notes_joined(items) if name == "relations" else items

    # What is shown.

    def parts(self, user):
        """Everything that differs, in the order of the form."""
        shown = {}
        for name, label in (_VALUES | _LISTS).items():
            if name in self.fields:
                shown[name] = self._field(name, label, user)
        order = ["title", "standfirst"]
        head = [shown[name] for name in order if name in shown]
        return [*head, *self._text(), *(part for name, part in shown.items() if name not in order)]

    def _field(self, name, label, user):
        who, has_both = self.fields[name], False
        base, theirs, yours = self._values(name)
        if name in _LISTS:
            has_both = who == BOTH
            base, theirs, yours = (
                None if items is None else _labels(name, items, user)
                for items in (base, theirs, yours)
            )
            sides = _sides(base, theirs, yours, _item_differences)
        else:
            texts = (None if self.base is None else _text(name, base), _text(name, theirs))
            sides = _sides(*texts, _text(name, yours), differences)
        part = Part(name, label, who, *sides, has_both)
        if name == "lead_image_id":
            images = Image.objects.in_bulk([pk for pk in (theirs, yours) if pk])
            part.images = {THEIRS: images.get(theirs), YOURS: images.get(yours)}
        return part

    def _text(self):
        parts, same = [], 0
        for number, chunk in enumerate(self.chunks):
            if chunk.who == SAME:
                same += len(chunk.theirs)
                continue
            base, theirs, yours = (
                None if items is None else "\n".join(filter(None, map(words_of, items)))
                for items in (chunk.base, chunk.theirs, chunk.yours)
            )
            part = Part(
                f"text-{number}",
                _("Text"),
                chunk.who,
                *_sides(base, theirs, yours, differences),
                has_both=chunk.who == BOTH,
                same_before=same,
            )
            if chunk.woven is not None:
                part.woven = differences(base, words_of(chunk.woven))
            if theirs == yours:
                part.note = _("The words are the same: links, pictures or formatting differ.")
            parts.append(part)
            same = 0
        return parts


def _sides(base, theirs, yours, compare):
    """How both sides are shown: as what became of the base, or as what yours has besides theirs."""
    if base is None:
        return compare(theirs, theirs), compare(theirs, yours)
    return compare(base, theirs), compare(base, yours)


def _text(name, value):
    if name == "language":
        return str(dict(settings.LANGUAGES).get(value, value))
    if name == "lead_image_id":
        image = Image.objects.filter(pk=value).first() if value else None
        return image.alt or image.uid if image else ""
    return value


def _labels(name, items, user):
    """The items of a list as an editor knows them; what isn't here any more is left out."""
    if name == "bylines":
        return [item["label"] for item in author_items(items)]
    if name == "tags":
        return [item["label"] for item in tag_items(items)]
    if name == "related":
        return [item["label"] for item in related_items(items, user)]
    shown = relation_items(items, user)
    words = {"corrects": _("Corrects: %s"), "updates": _("Updates: %s"), "parts": _("Part: %s")}
    labels = [words[kind] % item["label"] for kind in words for item in shown[kind]]
    return labels + ([_("Notice: %s") % shown["relation_note"]] if shown["relation_note"] else [])


def _item_differences(before, after):
    parts = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            parts += [("equal", item) for item in after[j1:j2]]
        else:
            parts += [("deleted", item) for item in before[i1:i2]]
            parts += [("inserted", item) for item in after[j1:j2]]
    return parts


def _with_notes_joined(relations):
    """Each relation once, with the notes of both sides."""
    kept = {}
    for item in relations:
        place = (item["kind"], item["article"], item["section"])
        other = kept.setdefault(place, item)
        if item["note"] not in other["note"]:
            kept[place] = other | {"note": f"{other['note']} {item['note']}"[:NOTE_LENGTH]}
    return list(kept.values())


# What the article form does with it.


def answer(request, article, form, conflict):
    """What somebody sees whose words could not be saved, since a colleague's are newer.

    conflict: publishing.Conflict. Who had changed nothing gets the newer version; everybody else
    the page that shows what differs.
    """
    if conflict.is_unchanged:
        who = {"who": name_of(conflict.latest.by), "when": _time(conflict.latest.saved_at)}
        words = _(
            "%(who)s saved a newer version at %(when)s. You had changed nothing, so here it is."
        )
        if any(name in request.POST for name in _BUTTONS):
            words = _(
                "%(who)s saved a newer version at %(when)s, so nothing else was done yet. Here it"
                " is: look at it, then press the button again."
            )
        messages.warning(request, words % who)
        return HttpResponseRedirect(_form_url(article))
    return show(request, article, form)


def is_behind(article, form):
    """Whether there is a newer version than the one from which a form's words began."""
    return article.latest_revision.edition > (form.cleaned_data["based_on"] or 0)


def show(request, article, form):
    """The page that shows what differs between the form's words and the newest version."""
    theirs = publishing.hold(article, by=request.user)
    base, yours = _versions(article, form)
    comparison = Comparison(base, Words.of(theirs), yours)
    if not comparison:
        messages.info(request, _("There is nothing that differs any more."))
        return HttpResponseRedirect(_form_url(article))
    pressed = next((name for name in _BUTTONS if name in request.POST), "")
    context = {
        **admin.site.each_context(request),
        "title": _("Two versions of “%(title)s”") % {"title": working_title(article)},
        "subtitle": None,
        "opts": article._meta,
        "article": article,
        "form_url": _form_url(article),
        "theirs": theirs,
        "is_own": theirs.by_id == request.user.pk,
        "who": name_of(theirs.by),
        "saved_at": _time(theirs.saved_at),
        "has_base": base is not None,
        "parts": comparison.parts(request.user),
        "shape": comparison.shape,
        "pressed": request.POST.get("pressed") or pressed,
        # All of the words, so that nothing hangs on this page being answered.
        "carried": [(name, request.POST.get(name, "")) for name in form.fields],
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/articles/article/conflict.html", context, status=409)


def settle(request, article, form):
    """Saves what was chosen on the page of `show`. Raises publishing.Conflict, PublishingError."""
    edition = request.POST.get("theirs", "")
    edition = int(edition) if edition.isdecimal() and len(edition) < 10 else 0
    theirs = article.revisions.filter(edition=edition).first()
    if theirs is None:
        return show(request, article, form)
    base, yours = _versions(article, form)
    comparison = Comparison(base, Words.of(theirs), yours)
    if comparison.shape != request.POST.get("shape"):
        messages.warning(request, _("Something has changed meanwhile. Look at it again."))
        return show(request, article, form)
    everything = request.POST.get("_settle")

    def choose(name, has_both, proposal):
        chosen = everything if everything in (YOURS, THEIRS) else request.POST.get(f"take-{name}")
        return chosen if chosen in (YOURS, THEIRS) or (chosen == BOTH and has_both) else proposal

    words, is_complete = comparison.merged(choose)
    publishing.save_merged(
        article,
        words,
        by=request.user,
        based_on=theirs.edition,
        own=None if is_complete else yours,
        note=form.cleaned_data["note"],
    )
    if is_complete:
        told = _("Both versions are one draft now. Read it once more.")
    else:
        told = _(
            "Your choice is the newest draft now. All of your own words are kept among the"
            " versions, as the one before it."
        )
    messages.success(request, told)
    if request.POST.get("pressed"):
        words = _("Nothing else was done yet: press the button again when you have looked at it.")
        messages.warning(request, words)
    return HttpResponseRedirect(_form_url(article))


def _versions(article, form):
    """The words from which the form's began, or None, and the form's, as they would be stored."""
    edition = form.cleaned_data["based_on"]
    base = article.revisions.filter(edition=edition).first() if edition else None
    return Words.of(base) if base else None, publishing.prepared(article, form.words())


def _form_url(article):
    return reverse("admin:articles_article_change", args=[article.pk])


def _time(moment):
    return date_format(timezone.localtime(moment), "H:i")
