"""The publication's data. Import models from here.

Models know no verbs: what changes editorial state is in articles.publishing, what decides
who may see is in articles.querysets. Imports run one way: names, rendering and documents →
models and querysets → references, search, publishing, loading → forms, views, feeds, admin.
"""

from .article import Article, Byline, address_of, addresses_of
from .audit import AuditEntry
from .bundle import Bundle, BundleItem
from .forward import Forward
from .health import MissingPath, Snooze
from .image import Image
from .importing import ImportRecord
from .name import Name
from .notification import Notification
from .pick import Pick
from .preview_link import PreviewLink
from .publish_check import PublishCheck
from .redirect import Redirect
from .reference import Reference
from .review import Assignment, Comment, Presence, Submission
from .revision import Revision
from .schedule import Schedule
from .section import Section
from .site import ContentVersion, MenuItem, SiteSettings
from .tag import ArticleTag, Tag, TagAlias, TagChange
from .term import Term
from .word import Word

__all__ = [
    "Article",
    "ArticleTag",
    "Assignment",
    "AuditEntry",
    "Bundle",
    "BundleItem",
    "Byline",
    "Comment",
    "ContentVersion",
    "Forward",
    "Image",
    "ImportRecord",
    "MenuItem",
    "MissingPath",
    "Name",
    "Notification",
    "Pick",
    "Presence",
    "PreviewLink",
    "PublishCheck",
    "Redirect",
    "Reference",
    "Revision",
    "Schedule",
    "Section",
    "SiteSettings",
    "Snooze",
    "Submission",
    "Tag",
    "TagAlias",
    "TagChange",
    "Term",
    "Word",
    "address_of",
    "addresses_of",
]
