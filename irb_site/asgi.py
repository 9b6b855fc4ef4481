import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "irb_site.settings")

application = get_asgi_application()

from articles import missing  # noqa: E402  (needs the applications to be loaded)

# This process serves readers: what they miss is written down.
missing.write_in_background()
