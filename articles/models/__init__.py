"""The publication's data. Import models from here.

Models know no verbs: what changes editorial state is in articles.publishing, what decides
who may see is in articles.querysets. Imports run one way: names, rendering and documents →
models and querysets → references, search, publishing, loading → forms, views, feeds, admin.
"""

from .article import Article, Byline
from .forward import Forward
from .health import MissingPath, Snooze
from .image import Image
from .importing import ImportRecord
from .name import Name
from .pick import Pick
from .redirect import Redirect
from .reference import Reference
from .revision import Revision
from .schedule import Schedule
from .section import Section
from .site import ContentVersion, MenuItem, SiteSettings
from .tag import ArticleTag, Tag, TagAlias
from .term import Term

__all__ = [
    "Article",
    "ArticleTag",
    "Byline",
    "ContentVersion",
    "Forward",
    "Image",
    "ImportRecord",
    "MenuItem",
    "MissingPath",
    "Name",
    "Pick",
    "Redirect",
    "Reference",
    "Revision",
    "Schedule",
    "Section",
    "SiteSettings",
    "Snooze",
    "Tag",
    "TagAlias",
    "Term",
]
