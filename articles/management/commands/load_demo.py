"""Loads the demonstration publication by the ordinary importer."""

from dataclasses import replace
from pathlib import Path

import yaml
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from articles import images, publishing
from articles.content_version import raise_version
from articles.importing import readers
from articles.importing.loading import load
from articles.importing.readers.markdown import SOURCE
from articles.models import ImportRecord, MenuItem, Pick, SiteSettings
from articles.publishing import Words

FOLDER = Path(__file__).resolve().parents[2] / "demo"


class Command(BaseCommand):
    help = (
        "Loads the demonstration publication. May be repeated: what is here already is left alone,"
        " and nothing that an editor has changed is overwritten."
    )

    def handle(self, *, verbosity, **options):
        report = load(readers.read(FOLDER, now=timezone.now()))
        for problem in report.failed:
            self.stderr.write(f"{problem.where}: {problem.why}")
        if report.failed:
            raise CommandError("The demonstration could not be loaded completely.")
        if not SiteSettings.objects.exists():
            self._set_up_site(yaml.safe_load((FOLDER / "_site.yaml").read_text(encoding="utf-8")))
        if verbosity:
            self.stdout.write(
                f"Demonstration: {len(report.created)} new, {len(report.updated)} changed,"
                f" {len(report.unchanged)} already here."
            )

    @transaction.atomic
    def _set_up_site(self, data):
        articles = {
            record.source_id: record.article
            for record in ImportRecord.objects.filter(source=SOURCE).select_related(
                "article__latest_revision"
            )
        }
        SiteSettings.objects.create(
            pk=1,
            logo=self._logo(data["logo"]),
            **{
                name: data[name].strip()
                for name in ("name", "tagline", "description", "footer", "corrections_email")
            },
        )
        for place, items in (("header", data["menu"]), ("footer", data["footer_menu"])):
            for position, item in enumerate(items):
                MenuItem.objects.create(
                    place=place,
                    position=position,
                    label=item["label"],
                    address=item.get("address", ""),
                    tag=publishing.tag_named(item["tag"]) if "tag" in item else None,
                    article=articles[item["page"]] if "page" in item else None,
                )
        for place, slugs in data["picks"].items():
            for position, slug in enumerate(slugs):
                Pick.objects.create(place=place, position=position, article=articles[slug])
        for name, slugs in data["tag_picks"].items():
            for position, slug in enumerate(slugs):
                Pick.objects.create(
                    place=Pick.Place.TAG_TOP,
                    position=position,
                    article=articles[slug],
                    tag=publishing.tag_named(name),
                )
        for slug, changes in data["draft_changes"].items():
            self._change_draft(articles[slug], changes)
        raise_version()

    def _logo(self, name):
        path = FOLDER / name
        with path.open("rb") as file:
            return images.add_image(file, name=path.name, alt="The mark of the publication")

    def _change_draft(self, article, changes):
        words = Words.of(article.latest_revision)
        publishing.save_draft(article, replace(words, **changes), by=None)
