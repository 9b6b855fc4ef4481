"""Tags that combine: all of some, without others; each combination under one address.

    /tags/A+B/               /tags/A+B/without/C+D/

Tags stand in the order of their slugs, each once. A tag that is asked for and left out is asked
for: so an address stays good when one tag has become a name of the other.
"""

from bisect import bisect
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from django.utils.translation import gettext as _

from articles import tag_sets
from articles.models import Redirect, TagAlias
from articles.names import fold, former_path
from articles.prepared import Prepared
from irb_site.paths import path_to

# Of what is asked for, and of what is left out.
TAGS_MAX = 4
# Combinations of more tags, or with exclusions, are for readers alone: there are too many for
# those who collect pages.
TAGS_COLLECTED = 2


@dataclass(frozen=True)
class Combination:
    """Subjects (articles.tag_sets) in canonical order, each once."""

    tags: tuple
    without: tuple = ()

    @classmethod
    def of(cls, tags, without=()):
        wanted = {tag.slug: tag for tag in tags}
        unwanted = {tag.slug: tag for tag in without if tag.slug not in wanted}
        return cls(*(tuple(by[slug] for slug in sorted(by)) for by in (wanted, unwanted)))

    @property
    def args(self):
        """What its addresses are made of, in the order of the routes' parameters."""
        parts = [self.tags, self.without] if self.without else [self.tags]
        return ["+".join(tag.slug for tag in part) for part in parts]

    @cached_property
    def url(self):
        return path_to("articles:tag", *self.args)

    @property
    def uid(self):
        """Names it for ever, whatever its tags are called: that of a tag is the tag's own."""
        wanted, unwanted = (sorted(tag.uid for tag in part) for part in (self.tags, self.without))
        return "-".join(["+".join(wanted), *unwanted])

    @property
    def is_single(self):
        return len(self.tags) == 1 and not self.without

    @property
    def is_deep(self):
        return is_deep(len(self.tags), len(self.without))

    @property
    def is_kept(self):
        """Whether its pages are stored: there are too many others, each asked for too seldom."""
        return self.is_single or (not self.is_deep and len(self.selection) > 0)

    @cached_property
    def selection(self):
        return tag_sets.current().selection(self.tags, self.without)

    @cached_property
    def name(self):
        """It in words: “Energy and Transport, without Oil or Gas”."""
        wanted = _listed([tag.name for tag in self.tags], _("and"))
        if not self.without:
            return wanted
        unwanted = _listed([tag.name for tag in self.without], _("or"))
        return _("%(tags)s, without %(others)s") % {"tags": wanted, "others": unwanted}

    def taken_away(self):
        """(Subject, whether it is left out, the combination without it) of all that can go."""
        found = []
        if len(self.tags) > 1:
            found += [
                (tag, False, Combination(_less(self.tags, tag), self.without)) for tag in self.tags
            ]
        found += [
            (tag, True, Combination(self.tags, _less(self.without, tag))) for tag in self.without
        ]
        return found

    def steps(self):
        """The Steps on from here; none of them leads to nothing."""
        takes_more, leaves_more = len(self.tags) < TAGS_MAX, len(self.without) < TAGS_MAX
        base = path_to("articles:tags")
        own, others = ("+".join(tag.quoted for tag in part) for part in (self.tags, self.without))
        further = self.selection.further() if takes_more or leaves_more else []
        return Steps(
            # Those that leave as many stay in the order of names.
            further=sorted(further, key=itemgetter(1), reverse=True),
            total=len(self.selection),
            is_collected=not is_deep(len(self.tags) + 1, len(self.without)),
            with_one=_joiner(self.tags, base, f"/without/{others}/" if others else "/")
            if takes_more
            else None,
            without_one=_joiner(self.without, f"{base}{own}/without/", "/")
            if leaves_more
            else None,
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """Further tags that leave some of the articles of a combination and not all."""

    # (Subject, how many articles are left with it), those that leave most first.
    further: list
    # Of which so many less are left without it.
    total: int
    # Whether those who collect pages may add one; they may never leave one out.
    is_collected: bool
    # Functions that give, of some of `further`, the addresses with each, and those without it;
    # None where no more can be added. There may be hundreds, and few that are shown.
    with_one: object
    without_one: object


def is_deep(tags, without):
    """Whether a combination of so many tags is for readers alone."""
    return tags > TAGS_COLLECTED or without > 0


def _less(tags, one):
    return tuple(tag for tag in tags if tag is not one)


def _joiner(tags, start, end):
    """A function that gives, for each of some Steps.further, the address that it and some tags
    make, from start to end.
    """
    slugs, quoted = [tag.slug for tag in tags], [tag.quoted for tag in tags]
    places = range(len(tags) + 1)
    before = ["".join([start, *(f"{one}+" for one in quoted[:place])]) for place in places]
    after = ["".join([*(f"+{one}" for one in quoted[place:]), end]) for place in places]
    return lambda further: [
        f"{before[place]}{tag.quoted}{after[place]}"
        for tag, _count in further
        for place in (bisect(slugs, tag.slug),)
    ]


def _listed(names, word):
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def find(tags, without=""):
    """The Combination that the parts of an address mean, in whatever order or spelling; or None.

    None where readers know no such tag, or where there are too many.
    """
    found = []
    for part in (tags, without):
        slugs = list(dict.fromkeys(part.replace(" ", "+").split("+")))
        slugs = [slug for slug in slugs if slug]
        if len(slugs) > 2 * TAGS_MAX:
            return None
        subjects = []
        for slug in slugs:
            subject = _subject(slug)
            if subject is None:
                return None
            subjects.append(subject)
        found.append(subjects)
    combination = Combination.of(*found)
    if not 1 <= len(combination.tags) <= TAGS_MAX or len(combination.without) > TAGS_MAX:
        return None
    return combination


def _subject(slug):
    """The tag of an address, a former address or a name; None where readers know none."""
    sets = tag_sets.current()
    found = sets.by_slug.get(slug)
    if found is not None:
        return found
    for look_up, value in (
        (_tag_of_former_path, former_path(f"{path_to('articles:tags')}{slug}/")),
        (_tag_of_name, fold(slug)),
    ):
        row = look_up.first(value) if value else None
        if row is not None and row[0] in sets.by_pk:
            return sets.by_pk[row[0]]
    return None


_tag_of_former_path = Prepared(
    lambda path: Redirect.objects.filter(path=path, tag__isnull=False).order_by().values_list("tag")
)
_tag_of_name = Prepared(lambda key: TagAlias.objects.filter(key=key).order_by().values_list("tag"))
