from django.db import migrations

from irb_site.indexes import ListIndex


class Migration(migrations.Migration):
    dependencies = [("articles", "0024_a_search_finds_keys")]

    operations = [
        migrations.AddIndex(
            "article",
            ListIndex(
                fields=["-touched_at", "-id", "state", "kind", "first_published_at"],
                beside=[
                    *("live_revision", "latest_revision", "created_by", "submission"),
                    *("title", "slug", "standfirst"),
                ],
                name="article_in_newsroom",
            ),
        ),
        migrations.RemoveIndex("article", "article_by_touched"),
    ]
