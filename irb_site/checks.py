"""Mistakes of a deployment that the settings can't see by themselves, said before the start."""

import os
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.http.request import validate_host

from irb_site.environment import LOOPBACK_HOSTS


@register(Tags.files)
def folders_can_be_used(app_configs, **kwargs):
    found = []
    if not _is_writable(settings.MEDIA_ROOT):
        found.append(
            Error(
                f"Pictures can't be stored: {settings.MEDIA_ROOT} can't be written to.",
                hint="Change its owner, or set MEDIA_ROOT (or DATA_DIR) to another folder.",
                id="irb.E001",
            )
        )
    # SQLite writes its journal beside the database, so the file alone isn't enough.
    if settings.IS_EMBEDDED and not _is_writable(settings.DATABASES["default"]["NAME"].parent):
        found.append(
            Error(
                f"The database's folder {settings.DATABASES['default']['NAME'].parent}"
                " can't be written to.",
                hint="Change its owner, or set DATA_DIR (or DATABASE_URL) to another place.",
                id="irb.E002",
            )
        )
    if not _is_writable(settings.PAGE_STORE):
        found.append(
            Error(
                f"Whole pages can't be stored: {settings.PAGE_STORE} can't be written to.",
                hint="Change its owner, or set PAGE_STORE (or DATA_DIR) to another folder.",
                id="irb.E006",
            )
        )
    if settings.MEDIA_ROOT.is_relative_to(settings.STATIC_ROOT):
        found.append(
            Error(
                "MEDIA_ROOT lies in STATIC_ROOT, so pictures of drafts would be public.",
                hint="Set them to two folders, neither inside the other.",
                id="irb.E003",
            )
        )
    return found


@register(Tags.security)
def address_fits(app_configs, **kwargs):
    site = urlsplit(settings.SITE_URL)
    host = f"[{site.hostname}]" if ":" in site.hostname else site.hostname
    found = []
    if not validate_host(host, settings.ALLOWED_HOSTS):
        found.append(
            Error(
                f"ALLOWED_HOSTS leaves out {host}, the host of SITE_URL: the site would refuse"
                " its own address.",
                hint=f"Add {host} to ALLOWED_HOSTS, or leave ALLOWED_HOSTS empty.",
                id="irb.E004",
            )
        )
    if settings.DEBUG and settings.IS_HTTPS:
        found.append(
            Error(
                "DEBUG is on, but SITE_URL is a public address: error pages would show the"
                " site's insides to everybody.",
                hint="Unset DEBUG, or SITE_URL while developing.",
                id="irb.E005",
            )
        )
    return found


@register(Tags.security, deploy=True)
def address_is_protected(app_configs, **kwargs):
    found = []
    if not settings.IS_HTTPS and urlsplit(settings.SITE_URL).hostname not in LOOPBACK_HOSTS:
        found.append(
            Warning(
                "SITE_URL begins with http:, so passwords travel in the open.",
                hint="Put a proxy with a certificate before the site and set SITE_URL to https:.",
                id="irb.W001",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Warning(
                "ALLOWED_HOSTS lets every host name through.",
                hint="Name the hosts, or leave ALLOWED_HOSTS empty to allow the host of SITE_URL.",
                id="irb.W002",
            )
        )
    return found


@register(Tags.security, deploy=True)
def mail_leaves(app_configs, **kwargs):
    """A publication with a database server has a newsroom that expects its mail."""
    if settings.IS_EMBEDDED or not settings.EMAIL_BACKEND.endswith(".console.EmailBackend"):
        return []
    return [
        Warning(
            "EMAIL_URL isn't set: what the newsroom should be told by mail is only printed.",
            hint="Set EMAIL_URL to the mail server, and EMAIL_FROM to the address to send from.",
            id="irb.W003",
        )
    ]


def _is_writable(folder):
    """Whether a folder can be written to, or made where it doesn't exist yet."""
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
