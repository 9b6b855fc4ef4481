"""Small pieces that pages are full of, as HTML: made here, since templates take long for each."""

from functools import lru_cache
from html import escape

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html

# Not mark_safe, which asks of each of many pieces whether it is lazy.
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_bidi, ngettext
from django.utils.translation import gettext as _

_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


def language_attributes(language):
    """Attributes of an element whose words are in another language than the page."""
    return _attributes(language, get_language())


@lru_cache(maxsize=1000)
def _attributes(language, own):
    if not language or language == own:
        return ""
    direction = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
    return format_html(' lang="{}" dir="{}"', language, direction)


def interface_language_attributes(language):
    """Attributes of an element with words of the interface within a text of another language."""
    own = get_language()
    if not language or language == own:
        return ""
    return format_html(' lang="{}" dir="{}"', own, "rtl" if get_language_bidi() else "ltr")


def moment(time):
    """A moment for machines, in the publication's time zone, as the attribute `datetime` takes it:
    seconds have three decimals at most there (HTML standard, "valid time string")."""
    return _in_seconds(time.astimezone(timezone.get_current_timezone()))


def when(time, form):
    """A day for people, in a form of Django's dates, and the moment for machines."""
    return _when(time, form, timezone.get_current_timezone(), get_language())


def story_date(time, name):
    """The day of a story, named for machines that look for it by a class."""
    marked = f' class="{name}"'
    return _when(time, "j F Y", timezone.get_current_timezone(), get_language(), marked)


def _when(time, form, zone, language, attributes=""):
    local = time.astimezone(zone)
    words = _day_in_words(local.date(), form, language)
    return SafeString(f'<time{attributes} datetime="{_in_seconds(local)}">{words}</time>')


def _in_seconds(local):
    return local.isoformat(timespec="seconds")


@lru_cache(maxsize=10_000)
def _day_in_words(day, form, _language):
    return format_date(day, form)


def reading_time(minutes):
    return _reading_time(minutes, get_language())


@lru_cache(maxsize=1000)
def _reading_time(minutes, _language):
    return _("%(minutes)s min read") % {"minutes": minutes}


def article_count(number):
    return _article_count(number, get_language())


@lru_cache(maxsize=1000)
def _article_count(number, _language):
    return ngettext("%(counter)s article", "%(counter)s articles", number) % {"counter": number}


def in_words(links):
    """Links, which are safe, as one would say them: “A, B and C”."""
    if len(links) < 2:
        return links[0] if links else ""
    return SafeString(f"{', '.join(links[:-1])} {_('and')} {links[-1]}")


def pagination(pager):
    """Newer and older pages of a list; nothing for a single page."""
    if pager.pages < 2:
        return ""
    here = _("Page %(number)s of %(pages)s") % {"number": pager.number, "pages": pager.pages}
    newer = pager.has_previous and (
        f'<a class="pagination__link" rel="prev" href="{escape(pager.previous_url)}">'
        f"← {escape(_('Previous'))}</a>"
    )
    older = pager.has_next and (
        '<a class="pagination__link pagination__link--next" rel="next"'
        f' href="{escape(pager.next_url)}">{escape(_("Next"))} →</a>'
    )
    return SafeString(
        f'<nav class="pagination" aria-label="{escape(_("Pages"))}">\n{newer or ""}\n'
        f'<span class="pagination__here">{escape(here)}</span>\n{older or ""}\n</nav>'
    )


def feeds(feeds):
    """Feeds of one list."""
    if not feeds:
        return ""
    links = "".join(
        f'<a class="feeds__link" href="{escape(feed["url"])}">{escape(feed["label"])}</a>\n'
        for feed in feeds
    )
    return SafeString(
        f'<p class="feeds"><span class="feeds__label">{escape(_("Follow"))}</span>\n{links}</p>'
    )


def breadcrumbs(crumbs):
    """Where the page is."""
    if not crumbs:
        return ""
    links = [
        f'<li><a href="{escape(crumb.url)}">{escape(crumb.label)}</a></li>\n'
        for crumb in crumbs[:-1]
    ]
    return SafeString(
        f'<nav class="breadcrumbs" aria-label="{escape(_("Breadcrumb"))}">\n'
        f'<ol class="breadcrumbs__list">\n{"".join(links)}'
        f'<li><span aria-current="page">{escape(crumbs[-1].label)}</span></li>\n</ol>\n</nav>'
    )


def avatar(author, size="small"):
    """A round photo, or the first letter of the name, which always stands beside it.

    size: small, medium or large.
    """
    if author.photo:
        return SafeString(
            f'<img class="avatar avatar--{size}" src="{escape(author.photo.square_src)}"'
            ' width="256" height="256" alt="" loading="lazy" decoding="async">'
        )
    return SafeString(
        f'<span class="avatar avatar--{size}" aria-hidden="true">{escape(author.initial)}</span>'
    )


def face(author, note):
    """A person in a list of people, with some words below the name."""
    note = note and f'<p class="face__role">{escape(note)}</p>'
    return SafeString(
        f'<li class="face">{avatar(author)}<div class="face__words"><p class="face__name">'
        f'<a href="{escape(author.url)}">{escape(author.name)}</a></p>{note}</div></li>'
    )


def kicker(card):
    """The first tag, above a headline."""
    return SafeString(f'<p class="kicker">{card.tag.link}</p>') if card.tag else ""


def byline(card, with_date=True):
    """Who, when, how long: one line."""
    lines = [
        f'<span class="byline__authors">{_("By")} {card.byline}</span>\n' if card.authors else "",
        f'<span class="byline__date">{card.date}</span>\n' if with_date else "",
        f'<span class="byline__length">{escape(card.reading_time)}</span>\n'
        if card.reading_minutes
        else "",
    ]
    return SafeString(f'<p class="byline">\n{"".join(lines)}</p>')


def about(authors):
    """The people who wrote an article, below it."""
    more = escape(_("About Me →"))
    return SafeString("".join(_about(author, more) for author in authors))


def _about(author, more):
    role = author.role and f'<p class="about__role">{escape(author.role)}</p>'
    bio = author.short_bio and f'<p class="about__bio">{escape(author.short_bio)}</p>'
    name = escape(author.name)
    return f'''<div class="about__person">
{avatar(author, "medium")}
<div class="about__words">
<h3 class="about__name">{name}</h3>
{role}
{bio}
<p class="about__more"><a href="{escape(author.url)}">{more}\
<span class="visually-hidden"> {name}</span></a></p>
</div>
</div>
'''


def tag_links(tags):
    """Tags under an article. One that a draft names for the first time has no page yet."""
    return SafeString(
        "\n".join(
            f'<li><a class="tag-link" rel="tag" href="{escape(url)}">{escape(name)}</a></li>'
            if url
            else f'<li><span class="tag-link">{escape(name)}</span></li>'
            for url, name in ((tag.url, tag.name) for tag in tags)
        )
    )


def related(items):
    """What an article recommends, here and elsewhere."""
    zone, language = timezone.get_current_timezone(), get_language()
    return SafeString("".join(_related(item, zone, language) for item in items))


def _related(item, zone, language):
    rel = ' rel="external noopener"' if item.is_external else ""
    standfirst = item.standfirst and (
        f'<p class="related__standfirst">{escape(item.standfirst)}</p>'
    )
    note = f"{escape(item.host)} ↗" if item.is_external else ""
    if item.published_at and not item.is_external:
        note = _when(item.published_at, "j F Y", zone, language)
    note = note and f'<p class="related__note">{note}</p>'
    return f'''<li class="related__item">
<h3 class="related__title"{_attributes(item.language, language)}>\
<a href="{escape(item.url)}"{rel}>{escape(item.title)}</a></h3>
{standfirst}
{note}
</li>
'''


def citations(items):
    """Who cites, with the sentence."""
    zone, language, on = timezone.get_current_timezone(), get_language(), _("on")
    listed = "".join(_citation(item, zone, language, on) for item in items)
    return SafeString(f'<ul class="cited__list">\n{listed}</ul>')


def _citation(item, zone, language, on):
    foreign = _attributes(item.language, language)
    sentence = item.sentence_html and (
        f'<blockquote class="cited__sentence"{foreign}><p>{item.sentence_html}</p></blockquote>'
    )
    section = item.section and (
        f'<span>{on} <a href="{escape(item.section_url)}">{escape(item.section)}</a></span>'
    )
    return f'''<li class="cited__item">
{sentence}
<h3 class="cited__title"{foreign}><a href="{escape(item.url)}">{escape(item.title)}</a></h3>
<p class="cited__note">{_when(item.published_at, "j F Y", zone, language)}{section}</p>
</li>
'''


def contents(headings):
    """Links to the sections of a text; the smallest headings are left out."""
    items = [
        f'<li class="toc__item toc__item--{one.level}"><a href="#{escape(one.anchor)}">'
        f"{escape(one.text)}</a></li>"
        for one in headings
        if one.level < 4
    ]
    return SafeString('<ol class="toc__list">\n' + "\n".join(items) + "\n</ol>")


def river(cards, hide_authors=False):
    """A list of cards in order of time: the date in the margin, then the words."""
    # Asked for once: to ask takes longer than to write an item.
    by, zone, language = _("By"), timezone.get_current_timezone(), get_language()
    items = []
    for card in cards:
        foreign = _attributes(card.language, language)
        # The passage that a search found, which is safe, takes the place of the standfirst.
        words = card.snippet or escape(card.standfirst)
        words = words and f'<p class="river-item__standfirst"{foreign}>{words}</p>'
        section = card.section and (
            f'<p class="river-item__section"{foreign}>{escape(card.section)}</p>'
        )
        line = [
            f'<span class="byline__authors">{by} {card.byline}</span>'
            if card.authors and not hide_authors
            else "",
            f'<span class="byline__length">'
            f"{escape(_reading_time(card.reading_minutes, language))}</span>"
            if card.reading_minutes
            else "",
        ]
        items.append(
            f'''<article class="river-item">
<p class="river-item__date">{_when(card.published_at, "j M Y", zone, language)}</p>
<div class="river-item__words">
{kicker(card)}
<h3 class="river-item__title"{foreign}><a href="{escape(card.url)}">{escape(card.title)}</a></h3>
{section}{words}
<p class="byline">
{line[0]}
{line[1]}
</p>
</div>
</article>
'''
        )
    return SafeString(f'<div class="river">\n{"".join(items)}</div>')


def related_tags(entries):
    """Items of a list of (address, name, how many articles both have) of tags near to one."""
    language = get_language()
    return SafeString(
        "".join(
            f'<li><a class="tag-link" href="{escape(url)}">{escape(name)}'
            f' <span class="index__count">{count}<span class="visually-hidden">'
            f" {_in_common(count, language)}</span></span></a></li>\n"
            for url, name, count in entries
        )
    )


@lru_cache(maxsize=1000)
def _in_common(number, _language):
    return ngettext("article in common", "articles in common", number)


def index_entries(entries, counted=True):
    """Items of a list of (address, name, count), as in the index of a book."""
    return SafeString(
        "\n".join(f"<li>{index_entry(entry, counted=counted)}</li>" for entry in entries)
    )


def steps(steps, shown):
    """Items of some of Steps.further (articles.combinations): each tag, to add it and to leave it
    out.

    There may be hundreds, so they are short: the list says what is counted.
    """
    total, without = steps.total, _("without")
    rel = "" if steps.is_collected else ' rel="nofollow"'
    words = [f"{tag.escaped_name} <span>{count}</span>" for tag, count in shown]
    if steps.with_one:
        more = [
            f'<a href="{url}"{rel}>{one}</a>'
            for url, one in zip(steps.with_one(shown), words, strict=True)
        ]
    else:
        more = [f"<p>{one}</p>" for one in words]
    if steps.without_one:
        more = [
            f'{one} <a class="step-out" href="{url}" rel="nofollow">{without}'
            f'<i class="visually-hidden"> {tag.escaped_name}</i> {total - count}</a>'
            for one, url, (tag, count) in zip(more, steps.without_one(shown), shown, strict=True)
        ]
    return SafeString("\n".join([f"<li>{one}</li>" for one in more]))


def index_entry(entry, *, counted=False):
    """counted: what is counted is said to those who don't see the page."""
    url, name, count, is_current = (*entry, False)[:4]
    current = ' aria-current="page"' if is_current else ""
    what = f" {ngettext('article', 'articles', count)}" if counted else ""
    spoken = f'<span class="visually-hidden">{what}</span>' if what else ""
    return SafeString(
        f'<a class="index__link" href="{escape(url)}"{current}><span class="index__name">'
        f'{escape(str(name))}</span> <span class="index__count">{count}{spoken}</span></a>'
    )
