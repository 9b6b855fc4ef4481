from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ArticlesConfig(AppConfig):
    name = "articles"
    verbose_name = _("Publication")

    def ready(self):
        from articles import guards, publish_checks, rights
        from irb_site import checks  # noqa: F401  (registers them)

        post_migrate.connect(guards.install_after_migrate, dispatch_uid="articles.guards")
        post_migrate.connect(rights.sync_roles, dispatch_uid="articles.roles")
        post_migrate.connect(
            publish_checks.ensure_rows, sender=self, dispatch_uid="articles.publish_checks"
        )
