from django import forms
from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from articles import images
from articles.admin.base import Audited, GoesLiveAtOnce
from articles.forms import PictureUploadForm
from articles.models import Image


class ImageUploadForm(forms.ModelForm):
    file = PictureUploadForm.base_fields["file"]

    class Meta:
        model = Image
        fields = ["alt", "caption", "credit"]

    picture = None

    def clean_file(self):
        file = self.cleaned_data["file"]
        self.picture, self.instance.digest = images.read_picture(file, name=file.name)
        self.instance.original_name = file.name[-200:]
        return file


@admin.register(Image)
class ImageAdmin(Audited, GoesLiveAtOnce, admin.ModelAdmin):
    list_display = ["thumbnail", "alt", "caption", "credit", "created_at"]
    list_display_links = ["alt"]
    search_fields = ["alt", "caption", "credit", "original_name"]
    list_per_page = 30
    fields = ["shown", "alt", "caption", "credit", "focal_x", "focal_y"]
    readonly_fields = ["shown"]

    @admin.display(description=_("picture"))
    def thumbnail(self, image):
        return format_html(
            '<img class="thumbnail" src="{}" alt="" width="96" height="54" loading="lazy">',
            image.card_src,
        )

    @admin.display(description=_("picture"))
    def shown(self, image):
        return format_html('<img class="shown-picture" src="{}" alt="{}">', image.src, image.alt)

    def get_fields(self, request, obj=None):
        return self.fields if obj else ["file", "alt", "caption", "credit"]

    def get_readonly_fields(self, request, obj=None):
        return self.readonly_fields if obj else []

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is None:
            return ImageUploadForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request, obj, form, change):
        if change:
            if {"focal_x", "focal_y"} & set(form.changed_data):
                with obj.file.open("rb") as file:
                    picture, _digest = images.read_picture(file, name=obj.original_name)
                images.write_files(obj, picture)
            obj.save()
        else:
            images.store(obj, form.picture, by=request.user)

    def has_delete_permission(self, request, obj=None):
        # Texts name pictures: they stay.
        return False
