"""The address scheme.

/                                   home
/articles/  …/2026/  …/2026/11/     archive
/articles/SLUG/                     article (one word namespace: years are no slugs)
/series/    /series/SLUG/           articles that belong together, in order
/authors/   /authors/SLUG/          people
/tags/      /tags/SLUG/             subjects
/tags/SLUG+SLUG/                    what is about several (articles.combinations)
/tags/SLUG+SLUG/without/SLUG+SLUG/  and not about others
/pages/SLUG/                        about, imprint, privacy
/search/?q=                         search
/preview/TOKEN/                     one draft, for whoever has the address
cited-by/  connections/             under an article and a tag; cited-by/ also under an author
random/  narrow-down/               under a tag and a combination: an article of it; what narrows it
feed/  feed/atom/  feed/json/       under the root, an author, a tag and a combination
/sitemap.xml  /robots.txt  /healthz /media/…  /admin/
"""

from django.contrib import admin
from django.urls import include, path, register_converter

from irb_site import converters, views

register_converter(converters.UnicodeSlugConverter, "uslug")
register_converter(converters.TagsConverter, "tags")
register_converter(converters.YearConverter, "yyyy")
register_converter(converters.MonthConverter, "mm")

urlpatterns = [
    path("", include("articles.urls")),
    path("authors/", include("authors.urls")),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon),
    path("healthz", views.health, name="health"),
    path("media/<path:name>", views.media, name="media"),
    path("admin/", admin.site.urls),
]

handler400 = "irb_site.views.bad_request"
handler403 = "irb_site.views.forbidden"
handler404 = "irb_site.views.not_found"
handler500 = "irb_site.views.server_error"
