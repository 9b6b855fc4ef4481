"""Keeps words in the order of their letters as they are stored: PostgreSQL finds what begins alike in
no other, but where its language is C.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("articles", "0028_a_search_gives_keys")]

    operations = [
        migrations.RemoveConstraint(model_name="word", name="word_once"),
        migrations.AddConstraint(
            model_name="word",
            constraint=models.UniqueConstraint(
                fields=("word", "article"),
                name="word_once",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
        ),
    ]
