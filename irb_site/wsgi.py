"""The publication as a WSGI application, for the processes that serve readers."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "irb_site.settings")
django.setup(set_prefix=False)

from articles import missing  # noqa: E402  (needs the applications to be loaded)
from articles.page_server import PageServer  # noqa: E402

application = PageServer()
application.get_ready()
# What readers miss is written down.
missing.write_in_background()
