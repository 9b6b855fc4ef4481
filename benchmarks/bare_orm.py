"""Django as startproject sets it up, on the database of a publication: one view with one query.

Settings, addresses and application in one.
"""

import os

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path, re_path

from irb_site.settings import *  # noqa: F403
from irb_site.settings import DATABASES, IS_EMBEDDED

ROOT_URLCONF = __name__
ALLOWED_HOSTS = ["*"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if not IS_EMBEDDED:
    # Connections as Django's own documentation would have them.
    DATABASES["default"] |= {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": True}
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = None


def view(request, slug):
    from articles.models import Article  # When Django knows its applications.

    return HttpResponse(Article.objects.get(kind="article", slug=slug).body)


urlpatterns = [
    path("articles/<str:slug>/", view),
    re_path("^healthz$", lambda request: HttpResponse()),
]

os.environ["DJANGO_SETTINGS_MODULE"] = __name__
application = get_wsgi_application()
