"""What the new columns say of what was published before they came.

Names and terms are derived from texts, which is no work for a migration: `manage.py prepare`
and `manage.py rebuild_references` make them.
"""

import re

from django.db import migrations
from django.db.models import Exists, OuterRef, Subquery

BATCH_SIZE = 500


def fill_sections(apps, schema_editor):
    article_model = apps.get_model("articles", "Article")
    section_model = apps.get_model("articles", "Section")
    published = article_model.objects.filter(live_revision__isnull=False).order_by("pk")
    for pk, body in published.values_list("pk", "live_revision__body").iterator(BATCH_SIZE):
        anchors = re.findall(r'<h[234] id="([^"]*)"', body)
        section_model.objects.filter(article=pk, anchor__in=anchors).update(was_public=True)


def fill_references(apps, schema_editor):
    article_model = apps.get_model("articles", "Article")
    reference_model = apps.get_model("articles", "Reference")
    source = article_model.objects.filter(pk=OuterRef("source"))
    reference_model.objects.filter(set="live").update(
        published_at=Subquery(source.values("first_published_at"))
    )
    same = ("source", "set", "kind", "target_kind", "target_uid")
    earlier = reference_model.objects.filter(
        position__lt=OuterRef("position"), **{name: OuterRef(name) for name in same}
    )
    repeated = reference_model.objects.filter(Exists(earlier)).values_list("pk", flat=True)
    pks = list(repeated)
    for start in range(0, len(pks), BATCH_SIZE):
        reference_model.objects.filter(pk__in=pks[start : start + BATCH_SIZE]).update(
            is_first=False
        )


class Migration(migrations.Migration):
    dependencies = [("articles", "0004_kinds_forwards_names")]

    operations = [
        migrations.RunPython(fill_sections, migrations.RunPython.noop),
        migrations.RunPython(fill_references, migrations.RunPython.noop),
    ]
