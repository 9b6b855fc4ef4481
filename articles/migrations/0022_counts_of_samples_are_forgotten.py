"""Lets SQLite forget how many rows it believes there are: that may come from samples.

irb_site.statistics has a table counted when it has twice the rows of the last count, and couldn't
tell such a count from a whole one. The worker has all counted anew as soon as it runs.
"""

from django.db import migrations


def forget(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
        if cursor.fetchone():
            cursor.execute("DELETE FROM sqlite_stat1")


class Migration(migrations.Migration):
    dependencies = [("articles", "0021_what_a_search_reads_first")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
