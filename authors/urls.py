from django.urls import path

from articles import feeds
from authors import views

app_name = "authors"

urlpatterns = [
    path("", views.author_list, name="list"),
    path("<uslug:slug>/", views.author_detail, name="detail"),
    path("<uslug:slug>/cited-by/", views.author_cited_by, name="cited_by"),
    path("<uslug:slug>/feed/", feeds.AuthorRss(), name="feed"),
    path("<uslug:slug>/feed/atom/", feeds.AuthorAtom(), name="feed_atom"),
    path("<uslug:slug>/feed/json/", feeds.author_json, name="feed_json"),
]
