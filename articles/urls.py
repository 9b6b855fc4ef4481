from django.urls import include, path

from articles import feeds, previews, search_views, sitemaps, tag_views, views

app_name = "articles"

_of_tags = [
    path("", tag_views.tag_detail, name="tag"),
    path("narrow-down/", tag_views.narrow_down, name="tag_narrow_down"),
    path("random/", tag_views.random_article, name="tag_random"),
    path("feed/", feeds.tag_rss, name="tag_feed"),
    path("feed/atom/", feeds.tag_atom, name="tag_feed_atom"),
    path("feed/json/", feeds.tag_json, name="tag_feed_json"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("articles/", views.archive, name="archive"),
    path("articles/<yyyy:year>/", views.archive, name="archive_year"),
    path("articles/<yyyy:year>/<mm:month>/", views.archive, name="archive_month"),
    path("articles/<uslug:slug>/", views.article_detail, name="detail"),
    path("articles/<uslug:slug>/cited-by/", views.article_cited_by, name="cited_by"),
    path("articles/<uslug:slug>/connections/", views.article_connections, name="connections"),
    path("pages/<uslug:slug>/", views.page_detail, name="page"),
    path("series/", views.series_list, name="series"),
    path("series/<uslug:slug>/", views.series_detail, name="series_detail"),
    path("tags/", views.tag_list, name="tags"),
    path("tags/<uslug:slug>/cited-by/", views.tag_cited_by, name="tag_cited_by"),
    path("tags/<uslug:slug>/connections/", views.tag_connections, name="tag_connections"),
    path("tags/<tags:tags>/", include(_of_tags)),
    path("tags/<tags:tags>/without/<tags:without>/", include(_of_tags)),
    path("search/", search_views.search, name="search"),
    path("search/suggest/", search_views.suggest, name="search_suggest"),
    path("preview/<path:token>/", previews.shared, name="shared_preview"),
    path("feed/", feeds.SiteRss(), name="feed"),
    path("feed/atom/", feeds.SiteAtom(), name="feed_atom"),
    path("feed/json/", feeds.site_json, name="feed_json"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-<slug:section>.xml", sitemaps.section, name="sitemap_section"),
]
