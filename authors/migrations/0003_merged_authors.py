import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("authors", "0002_editions")]
    operations = [
        migrations.AddField(
            model_name="author",
            name="merged_into",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged_authors",
                to="authors.author",
            ),
        ),
        migrations.AddField(
            model_name="author",
            name="merged_with",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="authors.author",
            ),
        ),
        migrations.AddConstraint(
            model_name="author",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", None))
                | models.Q(
                    ("merged_with__isnull", False),
                    models.Q(("merged_into", models.F("id")), _negated=True),
                    models.Q(("merged_with", models.F("id")), _negated=True),
                ),
                name="author_merged_into_another",
            ),
        ),
    ]
