from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0008_editions_are_unique")]
    operations = [
        migrations.AddField(
            model_name="article",
            name="typeset",
            field=models.TextField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="article",
            name="text",
            field=models.TextField(editable=False, null=True),
        ),
    ]
