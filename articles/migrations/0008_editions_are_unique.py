from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0007_fill_editions_and_submissions")]
    operations = [
        migrations.RemoveField(model_name="article", name="submitted_revision"),
        migrations.AlterField(
            model_name="revision", name="edition", field=models.PositiveIntegerField()
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(
                fields=["article", "edition"], name="revision_edition_once"
            ),
        ),
    ]
