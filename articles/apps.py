from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ArticlesConfig(AppConfig):
    name = "articles"
    verbose_name = _("Publication")

    def ready(self):
        from irb_site import checks  # noqa: F401  (registers them)
