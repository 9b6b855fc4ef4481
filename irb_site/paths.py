"""Where pages stand. Every page names dozens of others, so what was asked before is remembered."""

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=20_000)
def path_to(route, *args):
    return reverse(route, args=args)
