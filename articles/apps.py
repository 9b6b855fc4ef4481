from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ArticlesConfig(AppConfig):
    name = "articles"
    verbose_name = _("Publication")

    def ready(self):
        from articles import guards
        from irb_site import checks  # noqa: F401  (registers them)

        post_migrate.connect(guards.install_after_migrate, dispatch_uid="articles.guards")
