"""What editors fill in. Forms check words and say what is wrong; they change nothing."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles import directory, publishing, references, rights
from articles.directory import shown_title
from articles.models import Article, Image, Reference, Section, Tag, TagAlias
from articles.names import SLUG_MAX_LENGTH, fold, host_of, validate_slug
from articles.publishing import NOTE_LENGTH, PublishingError, Words
from articles.rendering import (
    RefToken,
    clean,
    parse_ref,
    related_item,
    related_token,
    structure,
    without_control_characters,
)
from authors.models import Author
from irb_site.uids import is_uid


class PickerWidget(forms.Widget):
    """An ordered list that is searched, sorted and kept as JSON (static/js/admin/picker.js)."""

    template_name = "admin/articles/picker.html"

    def __init__(self, *, kind, creates=False, addresses=False, placeholder="", attrs=None):
        super().__init__(attrs)
        self.kind, self.creates, self.addresses = kind, creates, addresses
        self.placeholder = placeholder

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"].update(
            kind=self.kind,
            creates=self.creates,
            addresses=self.addresses,
            placeholder=self.placeholder,
            url=reverse("admin:articles_lookup"),
            exclude=context["widget"]["attrs"].get("data-exclude", ""),
        )
        return context

    def format_value(self, value):
        if isinstance(value, str):
            return value
        return json.dumps(value or [])

    def use_required_attribute(self, initial):
        return False

    def id_for_label(self, id_):
        return f"{id_}_input" if id_ else id_


# Of authors, tags, links or parts: more than any text has use for.
PICKED_MAX = 200


class PickerField(forms.Field):
    """A list of {"value", "label", "note"} in order; cleans to the values, PICKED_MAX at most."""

    def to_python(self, value):
        if not value:
            return []
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                value = None
        if not isinstance(value, list) or not all(
            isinstance(item, dict) and isinstance(item.get("value"), str) for item in value
        ):
            raise ValidationError(_("This list can't be read. Choose its entries again."))
        if len(value) > PICKED_MAX:
            raise ValidationError(
                _("This list has %(n)d entries; %(most)d is the most that it can hold.")
                % {"n": len(value), "most": PICKED_MAX}
            )
        return [_as_text(item["value"]) for item in value]


def _as_text(value):
    """A text of a script without what no database takes: half characters and invisible ones."""
    return without_control_characters(value.encode("utf-8", "ignore").decode()).strip()


class TypedField(forms.CharField):
    """What somebody types or pastes. Characters that nobody can see and no database takes are left
    out: who doesn't see them can't be asked to.
    """

    def to_python(self, value):
        return super().to_python(without_control_characters(value or ""))


class BodyWidget(forms.Textarea):
    """The writing surface (static/js/admin/editor.js) over an ordinary textarea."""

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"] |= {
            "data-library": static("django_prose_editor/editor.js"),
            "data-lookup-url": reverse("admin:articles_lookup"),
            "data-pictures-url": reverse("admin:articles_picture_lookup"),
            "data-upload-url": reverse("admin:articles_picture_upload"),
        }
        return context


class LeadPictureWidget(forms.HiddenInput):
    template_name = "admin/articles/lead_picture.html"

    @property
    def is_hidden(self):
        return False

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["image"] = Image.objects.filter(uid=value).first() if is_uid(value) else None
        return context


# What a form doesn't ask, by what it is of.
_NOT_OF = {
    Article.Kind.ARTICLE: ("parts",),
    Article.Kind.PAGE: ("parts", "authors", "tags", "updates", "corrects", "relation_note"),
    Article.Kind.SERIES: ("authors", "tags", "updates", "corrects", "relation_note"),
}


# Which fields ask for what of the words, where they are called otherwise.
_ASKED_FOR = {
    "bylines": ("authors",),
    "lead_image_id": ("lead_image",),
    "relations": ("parts", "updates", "corrects", "relation_note"),
}


class ArticleForm(forms.Form):
    """The words of a revision. Everything may be missing in a draft."""

    title = TypedField(
        label=_("Title"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"class": "article-form__title", "autocomplete": "off"}),
    )
    standfirst = TypedField(
        label=_("Standfirst"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        help_text=_("One or two sentences under the title; also shown on cards and in search."),
    )
    body = TypedField(
        label=_("Text"),
        required=False,
        widget=BodyWidget(
            attrs={
                "rows": 30,
                "autocomplete": "off",
                "aria-label": _("Text"),
                "placeholder": _(
                    "Write here. Type @ to cite an article, a section, a person or a tag."
                ),
            }
        ),
    )
    authors = PickerField(
        label=_("Authors"),
        required=False,
        widget=PickerWidget(kind="author", placeholder=_("Add an author")),
    )
    tags = PickerField(
        label=_("Tags"),
        required=False,
        widget=PickerWidget(kind="tag", creates=True, placeholder=_("Add a tag")),
        help_text=_("A name that isn't known yet makes a new tag when the article is published."),
    )
    related = PickerField(
        label=_("Related links"),
        required=False,
        widget=PickerWidget(
            kind="target", addresses=True, placeholder=_("Find something or paste an address")
        ),
        help_text=_("Shown under the article in this order. Readers see what is public."),
    )
    parts = PickerField(
        label=_("Parts"),
        required=False,
        widget=PickerWidget(kind="article", placeholder=_("Add an article")),
        help_text=_("In their order. Readers see those that are public."),
    )
    updates = PickerField(
        label=_("Updates"),
        required=False,
        widget=PickerWidget(kind="place", placeholder=_("Find an article or a section")),
        help_text=_("What this article brings up to date. It says so by itself."),
    )
    corrects = PickerField(
        label=_("Corrects"),
        required=False,
        widget=PickerWidget(kind="place", placeholder=_("Find an article or a section")),
        help_text=_("What this article corrects. A notice appears at the top of it."),
    )
    relation_note = TypedField(
        label=_("Notice"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence for readers of the older article: what was wrong, or is new."),
    )
    lead_image = TypedField(label=_("Lead picture"), required=False, widget=LeadPictureWidget())
    slug = TypedField(
        label=_("Address"),
        max_length=SLUG_MAX_LENGTH,
        required=False,
        help_text=_("Left empty, it is made of the title. A former address keeps leading here."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial="en")
    note = TypedField(
        label=_("Note on this version"),
        max_length=200,
        required=False,
        help_text=_("For colleagues, kept in the history."),
    )
    # The edition from which the words started; a browser that fills in forms leaves it alone.
    based_on = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput(attrs={"autocomplete": "off"}),
    )
    # The permanent id of an article that isn't saved yet.
    uid = TypedField(
        required=False, max_length=100, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args, article=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.article = article
        if article is not None:
            for name in ("related", "body", "parts", "updates", "corrects"):
                self.fields[name].widget.attrs["data-exclude"] = article.uid
            for name in _NOT_OF[article.kind]:
                del self.fields[name]

    @staticmethod
    def initial_from(revision, user=None):
        """What the form shows of a revision to a user, who may not see every draft it names."""
        return {
            "title": revision.title,
            "standfirst": revision.standfirst,
            "body": with_picture_sources(revision.body),
            "authors": author_items(revision.bylines),
            "tags": tag_items(revision.tags),
            "related": related_items(revision.related, user),
            **relation_items(revision.relations, user),
            "lead_image": revision.lead_image.uid if revision.lead_image else "",
            "slug": revision.slug,
            "language": revision.language,
            "based_on": revision.edition,
        }

    def clean_slug(self):
        slug = self.cleaned_data["slug"].strip().strip("/").lower()
        if slug and not (self.article and slug == self.article.slug):
            validate_slug(slug)
        return slug

    def clean_body(self):
        body = clean(self.cleaned_data["body"])
        known = set(
            Image.objects.filter(uid__in=structure(body).images).values_list("uid", flat=True)
        )
        missing = [uid for uid in structure(body).images if uid not in known]
        if missing:
            raise ValidationError(
                _("A picture in the text is not among the pictures here. Insert it again.")
            )
        return body

    def clean_authors(self):
        uids = self.cleaned_data["authors"]
        known = set(Author.objects.filter(uid__in=uids).values_list("uid", flat=True))
        if set(uids) - known:
            raise ValidationError(_("An author of the list is not known here. Choose again."))
        return uids

    def clean_tags(self):
        for name in self.cleaned_data["tags"]:
            if len(name) > 100:
                raise ValidationError(
                    _("“%(name)s…” is too long for a tag: at most 100 characters."),
                    params={"name": name[:30]},
                )
            if not fold(name):
                raise ValidationError(
                    _("“%(name)s” holds no letter or digit, so it can't be a tag."),
                    params={"name": name},
                )
        return self.cleaned_data["tags"]

    def clean_related(self):
        items = []
        for value in self.cleaned_data["related"]:
            token = RefToken("article", value) if is_uid(value) else parse_ref(value)
            if token:
                if references.target_of(token) is None:
                    raise ValidationError(_("A related link is not known here. Choose again."))
                items.append(related_item(token))
                continue
            if not host_of(value):
                raise ValidationError(
                    _("“%(address)s” is no address. It should begin with https://."),
                    params={"address": value[:80]},
                )
            items.append({"url": value, "title": ""})
        return items

    def clean_parts(self):
        parts = self.cleaned_data["parts"]
        if Article.objects.filter(uid__in=parts).count() != len(set(parts)):
            raise ValidationError(_("A part is not known here. Choose again."))
        return list(dict.fromkeys(parts))

    def clean_updates(self):
        return self._places("updates")

    def clean_corrects(self):
        return self._places("corrects")

    def _places(self, name):
        tokens = [parse_ref(value) for value in self.cleaned_data[name]]
        uids = {token.uid for token in tokens if token and token.kind == "article"}
        if None in tokens or Article.objects.filter(uid__in=uids).count() != len(
            {token.uid for token in tokens}
        ):
            raise ValidationError(_("An article of the list is not known here. Choose again."))
        return tokens

    def clean_lead_image(self):
        uid = self.cleaned_data["lead_image"]
        image = Image.objects.filter(uid=uid).first() if uid else None
        if uid and image is None:
            raise ValidationError(_("This picture is not among the pictures here."))
        return image

    def words(self):
        data = self.cleaned_data
        return Words(
            title=data["title"],
            slug=data["slug"],
            language=data["language"],
            standfirst=data["standfirst"],
            body=data["body"],
            lead_image_id=data["lead_image"].pk if data["lead_image"] else None,
            bylines=data.get("authors", []),
            tags=data.get("tags", []),
            related=self._with_known_titles(data.get("related", [])),
            relations=self._relations(),
        )

    def sound_words(self, saved):
        """The words, but those of a saved revision where a field can't be taken as it is, or
        doesn't come at all: an older form, or one that was cut off, blanks nothing.

        saved: None while there is no revision.
        """
        wrong = set(self.errors) | {
            name
            for name, field in self.fields.items()
            if field.widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))
        }
        self.cleaned_data = dict.fromkeys(wrong, ()) | self.cleaned_data
        before = Words.of(saved) if saved else Words()
        kept = {
            item.name: getattr(before, item.name)
            for item in fields(Words)
            if not wrong.isdisjoint(_ASKED_FOR.get(item.name, (item.name,)))
        }
        return replace(self.words(), **kept)

    def _started_from(self):
        """The revision from which the words started, as far as it is still there."""
        latest = self.article.latest_revision if self.article else None
        edition = self.cleaned_data.get("based_on")
        if latest is None or not edition or latest.edition == edition:
            return latest
        return self.article.revisions.filter(edition=edition).first() or latest

    def _relations(self):
        data = self.cleaned_data
        note, known = data.get("relation_note", ""), self._known_notes()
        relations = []
        for kind in (Reference.Kind.CORRECTS, Reference.Kind.UPDATES):
            for token in data.get(kind.value, ()):
                place = (kind.value, token.uid, token.section)
                relations.append(_relation(*place, known.get(place, note)))
        return relations + [
            _relation(Reference.Kind.SERIES.value, uid) for uid in data.get("parts", ())
        ]

    def _known_notes(self):
        """The notes that relations have each of their own, while the form's is as it was."""
        started = self._started_from()
        relations = started.relations if started else []
        if self.cleaned_data.get("relation_note") != relation_items(relations)["relation_note"]:
            return {}
        return {
            (item["kind"], item["article"], item["section"]): item["note"] for item in relations
        }

    def _with_known_titles(self, related):
        """Outside links keep the title under which they were imported."""
        started = self._started_from()
        titles = {
            item["url"]: item.get("title", "")
            for item in (started.related if started else [])
            if "url" in item
        }
        return [
            item | {"title": titles.get(item["url"], "")} if "url" in item else item
            for item in related
        ]


def _relation(kind, uid, section="", note=""):
    return {"kind": kind, "article": uid, "section": section, "note": note}


def with_picture_sources(body):
    """The body as the editor shows it: pictures need an address there."""
    if "<img" not in body:
        return body
    for image in Image.objects.filter(uid__in=structure(body).images):
        body = body.replace(
            f'data-image="{image.uid}"', f'data-image="{image.uid}" src="{image.src}"'
        )
    return body


def author_items(uids):
    found = Author.objects.select_related("merged_into").filter(uid__in=uids)
    known = {author.uid: author for author in found}
    return [
        {"value": uid, "label": known[uid].name} | _note_of_merged(known[uid])
        for uid in uids
        if uid in known
    ]


def tag_items(names):
    keys = [fold(name) for name in names]
    known = {
        alias.key: alias.tag
        for alias in TagAlias.objects.filter(key__in=keys).select_related("tag__merged_into")
    }
    return [
        {"value": name, "label": name}
        | (_note_of_merged(known[key]) if key in known else {"note": str(_("new tag"))})
        for name, key in zip(names, keys, strict=True)
    ]


def _note_of_merged(thing):
    if thing.merged_into_id:
        return {"note": str(_("now “%(name)s”") % {"name": thing.standing})}
    return {}


def related_items(related, user=None):
    items = []
    labels = _labels(list(filter(None, map(related_token, related))), user)
    for item in related:
        token = related_token(item)
        if token is None:
            items.append(
                {
                    "value": item["url"],
                    "label": item.get("title") or item["url"],
                    "note": str(_("outside address")),
                }
            )
        elif token in labels:
            items.append({"value": str(token)} | labels[token])
    return items


def _labels(tokens, user):
    """Token → the label and the note under which a picker shows what it names, if it is here.

    Of articles whose drafts the user may not see, no more is told than readers know.
    """
    labels = {}
    if not tokens:
        return labels
    for kind, model in (("author", Author), ("tag", Tag)):
        uids = [token.uid for token in tokens if token.kind == kind]
        names = dict(model.objects.filter(uid__in=uids).values_list("uid", "name")) if uids else {}
        for token in tokens:
            if token.kind == kind and token.uid in names:
                labels[token] = {"label": names[token.uid], "note": str(model._meta.verbose_name)}
    uids = {token.uid for token in tokens if token.kind == "article"}
    articles = rights.with_is_seen(user, Article.objects.filter(uid__in=uids))
    articles = {article.uid: article for article in articles.select_related("latest_revision")}
    headings = {
        (uid, anchor): (heading, state == Section.State.LIVE)
        for uid, anchor, heading, state in Section.objects.filter(
            article__uid__in=uids, anchor__in={token.section for token in tokens}
        ).values_list("article__uid", "anchor", "heading", "state")
    }
    for token in tokens:
        if article := articles.get(token.uid):
            is_live = article.state == Article.State.LIVE
            title = shown_title(article)
            heading, is_public = headings.get((token.uid, token.section), ("", True))
            heading = heading if article.is_seen or (is_live and is_public) else ""
            labels[token] = {
                "label": f"{title} › {heading}" if heading else title,
                "note": "" if article.state == Article.State.LIVE else article.get_state_display(),
            }
    return labels


def relation_items(relations, user=None):
    """What the form shows of the relations of a revision, by the names of its fields."""
    items = {"parts": [], "updates": [], "corrects": [], "relation_note": ""}
    tokens = [RefToken("article", item["article"], item["section"]) for item in relations]
    labels = _labels(tokens, user)
    for relation, token in zip(relations, tokens, strict=True):
        if token not in labels:
            continue
        is_part = relation["kind"] == Reference.Kind.SERIES
        items["parts" if is_part else relation["kind"]].append(
            {"value": token.uid if is_part else str(token)} | labels[token]
        )
        items["relation_note"] = items["relation_note"] or relation["note"]
    return items


class NewsroomTimeWidget(forms.SplitDateTimeWidget):
    template_name = "admin/articles/moment.html"

    def __init__(self):
        super().__init__(
            date_attrs={"type": "date"},
            time_attrs={"type": "time"},
            date_format="%Y-%m-%d",
            time_format="%H:%M",
        )


class NewsroomTimeField(forms.SplitDateTimeField):
    """A day and a time in the newsroom's time zone."""

    def __init__(self, **kwargs):
        missing = _("Give a date and a time.")
        wrong = ("required", "invalid", "invalid_date", "invalid_time", "incomplete")
        super().__init__(
            widget=NewsroomTimeWidget(), error_messages=dict.fromkeys(wrong, missing), **kwargs
        )

    def compress(self, data_list):
        try:
            return super().compress(data_list)
        except ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
        moment = datetime.combine(*data_list, tzinfo=timezone.get_current_timezone())
        if moment.astimezone(UTC).astimezone(moment.tzinfo) != moment:
            words = _("The clocks skip this time on that day. Choose another one.")
        else:
            words = _("The clocks show this time twice on that day. Choose another one.")
        raise ValidationError(words)


class ScheduleForm(forms.Form):
    due_at = NewsroomTimeField(label=_("When"))

    def clean_due_at(self):
        due_at = self.cleaned_data["due_at"]
        # Nobody means more, and no later time can be told in every time zone.
        if due_at.year > timezone.localtime().year + 10:
            raise ValidationError(_("Choose a time within the next ten years."))
        try:
            publishing.refuse_past(due_at)
        except PublishingError as error:
            raise ValidationError(str(error)) from None
        return due_at


class PictureUploadForm(forms.Form):
    file = forms.FileField(
        label=_("Picture file"),
        help_text=_("JPEG, PNG, WebP or GIF, up to 25 MB. At least 1,200 pixels wide looks best."),
        error_messages={"required": _("Choose a file.")},
    )
    alt = TypedField(
        label=_("Alternative text"),
        max_length=300,
        help_text=_("What the picture shows, for people who can't see it. One plain sentence."),
        error_messages={"required": _("Say what the picture shows.")},
    )
    caption = TypedField(label=_("Caption"), max_length=400, required=False)
    credit = TypedField(label=_("Credit"), max_length=200, required=False)


class AuthorForm(forms.ModelForm):
    links_text = TypedField(
        label=_("Links"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: a name, a blank and an address that begins with https://."),
    )

    class Meta:
        model = Author
        fields = ["name", "slug", "role", "short_bio", "long_bio", "photo", "user", "is_retired"]
        widgets = {
            "short_bio": forms.Textarea(attrs={"rows": 3}),
            "long_bio": forms.Textarea(attrs={"rows": 12}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "links_text" in self.fields:
            self.fields["links_text"].initial = "\n".join(
                f"{link.get('label', '')} {link.get('url', '')}".strip()
                for link in self.instance.links
            )
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean_links_text(self):
        links = []
        for line in self.cleaned_data["links_text"].splitlines():
            if not line.strip():
                continue
            label, _blank, address = line.strip().rpartition(" ")
            host = host_of(address)
            if not host:
                raise ValidationError(
                    _("“%(line)s” doesn't end in an address that begins with https://."),
                    params={"line": line.strip()[:80]},
                )
            links.append({"label": label.strip() or host, "url": address})
        self.instance.links = links
        return self.cleaned_data["links_text"]


class AuthorField(forms.ModelChoiceField):
    def label_from_instance(self, author):
        # Two may have one name.
        return f"{author.name} ({author.slug})"


class MergeAuthorForm(forms.Form):
    into = AuthorField(
        queryset=Author.objects.none(),
        label=_("Merge into"),
        error_messages={
            "required": _("Say which author takes its place."),
            "invalid_choice": _("Choose another author, who isn't merged."),
        },
    )

    def __init__(self, *args, author, **kwargs):
        super().__init__(*args, **kwargs)
        others = Author.objects.standing().exclude(pk=author.pk)
        self.fields["into"].queryset = others.order_by("name", "pk")


class AliasForm(forms.Form):
    name = TypedField(label=_("Name"), max_length=100, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[choice for choice in TagAlias.Kind.choices if choice[0] != TagAlias.Kind.NAME],
        required=False,
    )
    language = forms.RegexField(
        label=_("Language"),
        regex=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,6})?$",
        max_length=10,
        required=False,
        widget=forms.TextInput(attrs={"size": 6, "placeholder": "fa"}),
        error_messages={"invalid": _("Write the code of a language, such as fa or ru.")},
    )

    def clean(self):
        data = super().clean()
        is_of_language = data.get("kind") == TagAlias.Kind.LANGUAGE
        if data.get("name") and is_of_language and not data.get("language") and not self.errors:
            self.add_error("language", _("Say which language it is, such as fa."))
        if data.get("language") and not is_of_language:
            self.add_error("language", _("Only a name in another language has a language."))
        return data


AliasFormSet = forms.formset_factory(AliasForm, extra=3, can_delete=True, max_num=500)


class TagForm(forms.ModelForm):
    class Meta:
        model = Tag
        fields = ["name", "slug", "description", "image", "is_retired"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False
        # What is asked of the names is left alone where nothing is sent of them.
        self.asks_names = not self.is_bound or "names-TOTAL_FORMS" in self.data
        own = self.instance.aliases.exclude(key=self.instance.key) if self.instance.pk else ()
        self.names = AliasFormSet(
            self.data if self.is_bound and self.asks_names else None,
            prefix="names",
            initial=[{"name": row.name, "kind": row.kind, "language": row.language} for row in own],
        )

    def clean(self):
        data = super().clean()
        if self.asks_names and self.is_bound and not self.names.is_valid():
            raise ValidationError(_("Look at the other names: one of them can't be saved so."))
        return data

    def aliases(self):
        """The other names as they are to be; None where nothing was sent of them."""
        if not self.asks_names:
            return None
        kept = [form for form in self.names if form not in self.names.deleted_forms]
        return [
            publishing.Alias(
                " ".join(data["name"].split()),
                data.get("kind") or TagAlias.Kind.SYNONYM,
                data.get("language", ""),
            )
            for data in (form.cleaned_data for form in kept)
            if data.get("name", "").strip()
        ]


class TagNameField(TypedField):
    """A tag that is here already, by any of its names; cleans to the tag that it leads to."""

    widget = forms.TextInput(attrs={"list": "tag-names", "autocomplete": "off"})

    def clean(self, value):
        name = super().clean(value)
        if not name:
            return None
        tag = directory.tag_called(name)
        if tag is None:
            raise ValidationError(_("There is no tag “%(name)s”."), params={"name": name})
        return tag


class NewTagNameField(TypedField):
    """The name of a tag, be it here or new."""

    widget = TagNameField.widget

    def clean(self, value):
        name = " ".join(super().clean(value).split())
        if name and not fold(name):
            raise ValidationError(
                _("“%(name)s” holds no letter or digit, so it can't be a tag."),
                params={"name": name},
            )
        return name


class MergeTagForm(forms.Form):
    into = TagNameField(
        label=_("Merge it into"),
        max_length=100,
        help_text=_("Any name of a tag that is here."),
        error_messages={"required": _("Say which tag takes its place.")},
    )


class SplitTagForm(forms.Form):
    to = NewTagNameField(
        label=_("The other tag"),
        max_length=100,
        help_text=_("A name that isn't known yet makes a new tag."),
        error_messages={"required": _("Name the other tag.")},
    )
    keep = forms.ChoiceField(
        label=_("What becomes of this one?"),
        choices=[
            ("", _("The articles get the other tag instead of it")),
            ("keep", _("They get the other tag besides it")),
        ],
        widget=forms.RadioSelect,
        required=False,
    )


class RetagForm(forms.Form):
    add = TypedField(
        label=_("Add tags"),
        required=False,
        help_text=_("With commas between. A name that isn't known yet makes a new tag."),
        widget=TagNameField.widget,
    )
    remove = TypedField(
        label=_("Take off tags"),
        required=False,
        help_text=_("With commas between, by any of their names."),
        widget=TagNameField.widget,
    )

    def clean_add(self):
        field = NewTagNameField(max_length=100)
        return [field.clean(name) for name in _between_commas(self.cleaned_data["add"])]

    def clean_remove(self):
        field = TagNameField()
        return [field.clean(name) for name in _between_commas(self.cleaned_data["remove"])]

    def clean(self):
        data = super().clean()
        if not self.errors and not data["add"] and not data["remove"]:
            raise ValidationError(_("Choose the tags to add or to take off."))
        return data


def _between_commas(text):
    return [" ".join(name.split()) for name in text.split(",") if name.strip()]
