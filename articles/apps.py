from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _after_migrate(receiver, *, dispatch_uid):
    """Calls a receiver of post_migrate once, when every app has its tables and permissions."""

    def receive(sender, **kwargs):
        if sender is [app for app in apps.get_app_configs() if app.models_module][-1]:
            receiver(sender=sender, **kwargs)

    post_migrate.connect(receive, dispatch_uid=dispatch_uid, weak=False)


class ArticlesConfig(AppConfig):
    name = "articles"
    verbose_name = _("Publication")

    def ready(self):
        from articles import guards, publish_checks, rights
        from irb_site import checks  # noqa: F401  (registers them)

        _after_migrate(guards.install_after_migrate, dispatch_uid="articles.guards")
        _after_migrate(rights.sync_roles, dispatch_uid="articles.roles")
        post_migrate.connect(
            publish_checks.ensure_rows, sender=self, dispatch_uid="articles.publish_checks"
        )
