from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0014_fill_kinds_of_aliases")]
    operations = [
        migrations.AddConstraint(
            model_name="tagalias",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "name")),
                fields=("tag",),
                name="tagalias_one_own_name",
            ),
        ),
    ]
