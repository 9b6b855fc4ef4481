import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0015_one_own_name")]
    operations = [
        migrations.AddField(
            model_name="tag",
            name="image",
            field=models.ForeignKey(
                blank=True,
                help_text="Shown at the top of the tag's page, and where the page is shared.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="articles.image",
                verbose_name="picture",
            ),
        ),
    ]
