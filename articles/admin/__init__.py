"""The newsroom: what editors work with. The admin holds forms and messages, not rules."""

from . import article, audit, bundle, image, people, publication, publish_check, tag  # noqa: F401
