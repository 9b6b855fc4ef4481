from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("authors", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="author",
            name="edition",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
    ]
