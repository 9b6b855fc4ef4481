"""Says of every name whether it is the tag's own; nobody wrote down what the others are."""

from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    aliases = apps.get_model("articles", "TagAlias").objects
    others = aliases.exclude(key=F("tag__key")).values_list("pk", flat=True)
    aliases.filter(pk__in=list(others)).update(kind="synonym")


class Migration(migrations.Migration):
    dependencies = [("articles", "0013_tag_life_cycle")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
