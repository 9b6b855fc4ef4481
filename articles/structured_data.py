"""What search engines and other machines are told of a page: meta tags and schema.org data."""

from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from django.templatetags.static import static
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from articles.rendering import excerpt
from articles.site import publication, shelf


@dataclass(slots=True)
class Meta:
    """Everything of a page's head that differs from page to page."""

    heading_title: str
    canonical: str
    description: str = ""
    title: str = ""
    type: str = "website"
    language: str = "en"
    image: object = None
    image_url: str = ""
    image_alt: str = ""
    image_size: tuple = (1200, 630)
    published_at: datetime | None = None
    updated_at: datetime | None = None
    author_names: list = field(default_factory=list)
    tags: list = field(default_factory=list)
    section: str = ""
    noindex: bool = False
    feeds: list = field(default_factory=list)
    structured_data: list = field(default_factory=list)

    def __post_init__(self):
        site = publication()
        if not self.title:
            self.title = f"{self.heading_title} – {site.name}"
        self.canonical = site.absolute(self.canonical)
        self.description = excerpt(self.description or site.description or site.tagline, 200)
        if self.image is not None:
            self.image_url, self.image_alt = site.absolute(self.image.url), self.image.alt
            self.image_size = (self.image.width, self.image.height)
        else:
            self.image_url, self.image_alt = site.absolute(_static("img/share.png")), site.name

    def elements(self):
        """What machines read of a page that readers see, but for the structured data."""
        names = [("description", self.description)]
        if self.author_names:
            names.append(("author", ", ".join(self.author_names)))
        names.append(("robots", "noindex" if self.noindex else "max-image-preview:large"))
        links = [f'<link rel="canonical" href="{escape(self.canonical)}">']
        links += [
            f'<link rel="alternate" type="{feed["type"]}" title="{escape(feed["title"])}"'
            f' href="{escape(feed["url"])}">'
            for feed in self.feeds
        ]
        properties = [
            ("og:site_name", publication().name),
            ("og:type", self.type),
            ("og:url", self.canonical),
            ("og:title", self.heading_title),
            ("og:description", self.description),
            ("og:image", self.image_url),
            ("og:image:width", self.image_size[0]),
            ("og:image:height", self.image_size[1]),
            ("og:image:alt", self.image_alt or self.heading_title),
        ]
        if self.type == "article" and self.published_at:
            for name, time in (("published", self.published_at), ("modified", self.updated_at)):
                local = timezone.localtime(time or self.published_at)
                properties.append((f"article:{name}_time", local.isoformat()))
        if self.type == "article":
            properties += [("article:section", self.section)] if self.section else []
            properties += [("article:tag", name) for name in self.tags]
        cards = [
            ("twitter:card", "summary_large_image"),
            ("twitter:title", self.heading_title),
            ("twitter:description", self.description),
            ("twitter:image", self.image_url),
            ("twitter:image:alt", self.image_alt or self.heading_title),
        ]
        return mark_safe(
            "\n".join(
                [
                    *(_meta("name", *one) for one in names),
                    *links,
                    *(_meta("property", *one) for one in properties),
                    *(_meta("name", *one) for one in cards),
                ]
            )
        )


def _meta(kind, name, content):
    return f'<meta {kind}="{name}" content="{escape(str(content))}">'


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    url: str


def breadcrumbs(*crumbs):
    """The way from home to this page; each crumb is (label, path)."""
    return [Crumb(_("Home"), "/"), *(Crumb(label, path) for label, path in crumbs)]


def breadcrumb_list(crumbs):
    site = publication()
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "name": crumb.label,
                "item": site.absolute(crumb.url),
            }
            for position, crumb in enumerate(crumbs, start=1)
        ],
    }


def _static(name):
    remembered = shelf("static files")
    if name not in remembered:
        remembered[name] = static(name)
    return remembered[name]


def organisation():
    site = publication()
    logo = site.logo.url if site.logo else _static("img/mark.png")
    return {
        "@type": "NewsMediaOrganization",
        "name": site.name,
        "url": site.absolute("/"),
        "logo": {"@type": "ImageObject", "url": site.absolute(logo)},
    }


def website():
    site = publication()
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": site.name,
        "url": site.absolute("/"),
        "description": site.description or site.tagline or site.name,
        "publisher": organisation(),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {
                "@type": "EntryPoint",
                "urlTemplate": site.absolute("/search/?q={search_term_string}"),
            },
            "query-input": "required name=search_term_string",
        },
    }


def person(author):
    site = publication()
    data = {
        "@type": "Person",
        "name": author.name,
        "url": site.absolute(author.get_absolute_url()),
    }
    if author.role:
        data["jobTitle"] = author.role
    if author.short_bio:
        data["description"] = author.short_bio
    if author.photo:
        data["image"] = site.absolute(author.photo.url)
    links = [link["url"] for link in author.links if link.get("url")]
    if links:
        data["sameAs"] = links
    return data


def profile(author):
    return {
        "@context": "https://schema.org",
        "@type": "ProfilePage",
        "mainEntity": person(author),
        "url": publication().absolute(author.get_absolute_url()),
    }


def article(page, meta):
    data = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": page.title,
        "description": meta.description,
        "image": [meta.image_url],
        "datePublished": page.published_at.isoformat(),
        "dateModified": (page.updated_at or page.published_at).isoformat(),
        "author": [person(author) for author in page.authors] or [organisation()],
        "publisher": organisation(),
        "mainEntityOfPage": {"@type": "WebPage", "@id": meta.canonical},
        "inLanguage": page.language,
        "isAccessibleForFree": True,
    }
    if page.tags:
        data["keywords"] = [tag.name for tag in page.tags]
    corrections = [notice for notice in page.notices if notice.is_correction]
    if corrections:
        data["correction"] = [_correction(notice) for notice in corrections]
    if page.series:
        data["isPartOf"] = [_series(place.title, place.url) for place in page.series]
    return data


def _correction(notice):
    return {
        "@type": "CorrectionComment",
        "text": notice.note or notice.title,
        "datePublished": notice.published_at.isoformat(),
        "url": publication().absolute(notice.url),
    }


def _series(title, path):
    return {"@type": "CreativeWorkSeries", "name": title, "url": publication().absolute(path)}


def series(page, meta):
    site = publication()
    return {
        "@context": "https://schema.org",
        **_series(page.title, page.url),
        "description": meta.description,
        "publisher": organisation(),
        "inLanguage": page.language,
        "hasPart": [
            {
                "@type": "Article",
                "headline": card.title,
                "url": site.absolute(card.url),
                "position": position,
            }
            for position, card in enumerate(page.parts, start=1)
        ],
    }
