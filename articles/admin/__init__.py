"""The newsroom: what editors work with. The admin holds forms and messages, not rules."""

from . import article, image, publication, tag  # noqa: F401
