"""Makes the bodies of what was published before ready for readers, as publishing does.

What is left out, or made in a form that is known no more, is made when it is asked for, until
`manage.py rebuild_references` puts it right; so it does no harm that later versions of
`typeset` may make something else.
"""

from django.db import migrations

from articles.rendering import typeset

BATCH_SIZE = 200


def fill(apps, schema_editor):
    articles = apps.get_model("articles", "Article").objects
    bodies = articles.filter(live_revision__isnull=False, typeset__isnull=True).only("body")
    last_id = 0
    while batch := list(bodies.filter(pk__gt=last_id).order_by("pk")[:BATCH_SIZE]):
        for article in batch:
            made = typeset(article.body)
            article.typeset, article.text = made.stored(), made.text
        articles.bulk_update(batch, ["typeset", "text"])
        last_id = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0009_bodies_ready_for_readers"),
        ("articles", "0010_comments_plans_and_links"),
    ]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
