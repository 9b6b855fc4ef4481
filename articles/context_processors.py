from django.utils.translation import get_language

from articles.site import publication
from irb_site.paths import path_to

_PATHS = {
    **{name: f"articles:{name}" for name in ("home", "archive", "series", "search", "tags")},
    **{name: f"articles:{name}" for name in ("feed", "feed_atom", "feed_json")},
    "authors": "authors:list",
    "suggest": "articles:search_suggest",
}


def site(request):
    site = publication()
    return {
        "site": site,
        # The entry of the menus that leads to this very page, if there is one.
        "current": next(
            (item.url for item in (*site.menu, *site.footer_menu) if item.url == request.path), ""
        ),
        "interface_language": get_language(),
        # Where every page leads.
        "paths": {name: path_to(route) for name, route in _PATHS.items()},
    }
