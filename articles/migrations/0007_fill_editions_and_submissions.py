"""Versions written before autosave count like their numbers; what was handed in gets its row."""

from django.db import migrations
from django.db.models import F


def fill_editions(apps, schema_editor):
    apps.get_model("articles", "Revision").objects.update(edition=F("number"))


def fill_submissions(apps, schema_editor):
    article_model = apps.get_model("articles", "Article")
    submission_model = apps.get_model("articles", "Submission")
    submitted = article_model.objects.filter(submitted_revision__isnull=False)
    for article in submitted.select_related("submitted_revision").order_by("pk"):
        revision = article.submitted_revision
        submission = submission_model.objects.create(
            article=article, revision=revision, by_id=revision.by_id, submitted_at=revision.saved_at
        )
        article_model.objects.filter(pk=article.pk).update(submission=submission)


class Migration(migrations.Migration):
    dependencies = [("articles", "0006_editorial_desk")]
    operations = [
        migrations.RunPython(fill_editions, migrations.RunPython.noop),
        migrations.RunPython(fill_submissions, migrations.RunPython.noop),
    ]
