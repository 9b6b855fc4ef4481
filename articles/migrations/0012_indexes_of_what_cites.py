"""The indexes of “cited by” without references that cite something else.

With them, a database took nearly all references for ones to no tag and to no author, and looked
through all articles instead of using the index.
"""

from django.db import migrations, models


def index(kind):
    return models.Index(
        fields=[f"target_{kind}", "kind", "-published_at", "-source"],
        name=f"reference_cites_{kind}",
        condition=models.Q(set="live", is_first=True, **{f"target_{kind}__isnull": False}),
    )


class Migration(migrations.Migration):
    dependencies = [("articles", "0011_fill_bodies_ready_for_readers"), ("authors", "0001_initial")]
    operations = [
        operation
        for kind in ("article", "author", "tag")
        for operation in (
            migrations.RemoveIndex(model_name="reference", name=f"reference_cites_{kind}"),
            migrations.AddIndex(model_name="reference", index=index(kind)),
        )
    ]
