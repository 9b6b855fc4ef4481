from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string
from django.urls import reverse

from articles import images
from articles.page_server import CODINGS, CONTENT_TYPES, HTML, PageServer
from irb_site.views import MEDIA_HEADERS, PICTURE_PATTERN


class Command(BaseCommand):
    help = (
        "Prints what a server block of nginx includes, so that nginx sends stored pages, static"
        " files and pictures by itself and asks `serve` for everything else. Make it anew after"
        " an upgrade or a change of settings."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--upstream",
            default="http://127.0.0.1:8000",
            help="where `serve` answers (default: %(default)s)",
        )

    def handle(self, *, upstream, **options):
        address = urlsplit(upstream)
        # A name nginx would have to look up for each request, and has nobody to ask.
        if address.scheme != "http" or not _is_numeric(address.hostname) or address.path:
            raise CommandError(
                "--upstream must be an address such as http://127.0.0.1:8000, the machine by its"
                f" number; it is {upstream!r}."
            )
        of_pages = dict(PageServer().page_headers())
        of_files = {name: of_pages[name] for name in of_pages if name != "Cache-Control"}
        context = {
            "upstream": upstream,
            "hosts": "|".join(map(_host_pattern, settings.ALLOWED_HOSTS)),
            "store": settings.PAGE_STORE,
            "codings": CODINGS,
            "page_types": [
                ("/", HTML),
                # Nothing but pages, so no pattern has to be tried.
                (f"^~ {reverse('articles:archive')}", HTML),
                *((f"~ {path}$", kind) for path, kind in CONTENT_TYPES),
            ],
            "newsroom": reverse("admin:index"),
            "page_headers": _quoted(of_pages | {"Vary": "Accept-Encoding"}),
            "static_url": settings.STATIC_URL,
            "static_root": settings.STATIC_ROOT,
            "static_headers": _quoted(
                of_files | {"Vary": "Accept-Encoding", "Access-Control-Allow-Origin": "*"}
            ),
            "picture": f"^{settings.MEDIA_URL}({PICTURE_PATTERN})$",
            "media_root": settings.MEDIA_ROOT,
            "picture_headers": _quoted(of_files | MEDIA_HEADERS),
            # A picture, and all that a form may say beside it.
            "largest_request": (images.MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE) // 1024,
        }
        self.stdout.write(render_to_string("nginx.conf", context))


def _is_numeric(host):
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _host_pattern(host):
    """What ALLOWED_HOSTS says, as nginx looks for it in $host, which has no port."""
    if host == "*":
        return ".*"
    escaped = host.replace(".", r"\.").replace("[", r"\[").replace("]", r"\]")
    return rf"(.+\.)?{escaped[2:]}" if host.startswith(".") else escaped


def _quoted(headers):
    """Names and values, these as nginx reads a string."""
    return {
        name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in headers.items()
    }
