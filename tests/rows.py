"""What stands in the database, to be compared with what stood there before."""

from django.apps import apps

# What an undo doesn't take back: that something happened, and when.
_KEPT = {"auditentry", "tagchange", "contentversion"}
_LEFT_OUT = {"author": {"edition"}, "tag": {"edition"}, "name": {"id"}}


def dump():
    """Every table of the publication, as sorted rows."""
    tables = {}
    for model in [
        *apps.get_app_config("articles").get_models(),
        *apps.get_app_config("authors").get_models(),
    ]:
        name = model._meta.model_name
        if name in _KEPT:
            continue
        columns = [
            column.attname
            for column in model._meta.concrete_fields
            if column.attname not in _LEFT_OUT.get(name, ())
        ]
        tables[name] = sorted(map(repr, model.objects.values_list(*columns).order_by()))
    return tables
