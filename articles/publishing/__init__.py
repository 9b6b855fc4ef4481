"""The verbs: every function that changes editorial state, and nothing else does.

Each verb is one transaction: it locks the article, checks rights and state, writes rows,
sections, references and the search index, and raises the content version last. A refusal is
a PublishingError whose words are for the editor. `by` is the user who acts; None is the
publication itself (a schedule whose author has left), which may do everything.

Import verbs from here. Within: base → writing, addresses, forwards → subjects → release →
removal → schedules.
"""

from articles.publishing.addresses import (
    add_former_address,
    give_up_path,
    is_former_address,
    lead_path,
)
from articles.publishing.base import (
    NOTE_LENGTH,
    Conflict,
    NotAllowed,
    PublishingError,
    Words,
    in_one_transaction,
)
from articles.publishing.release import publish
from articles.publishing.removal import (
    delete,
    forward_section,
    merge,
    move_section,
    remove,
    retarget,
    retarget_section,
    unpublish,
)
from articles.publishing.schedules import cancel_schedules, carry_out_due, schedule
from articles.publishing.subjects import TAG_NAME_LENGTH, save_author, save_tag, tag_named
from articles.publishing.writing import create, restore, save_draft, submit

__all__ = [
    "NOTE_LENGTH",
    "TAG_NAME_LENGTH",
    "Conflict",
    "NotAllowed",
    "PublishingError",
    "Words",
    "add_former_address",
    "cancel_schedules",
    "carry_out_due",
    "create",
    "delete",
    "forward_section",
    "give_up_path",
    "in_one_transaction",
    "is_former_address",
    "lead_path",
    "merge",
    "move_section",
    "publish",
    "remove",
    "restore",
    "retarget",
    "retarget_section",
    "save_author",
    "save_draft",
    "save_tag",
    "schedule",
    "submit",
    "tag_named",
    "unpublish",
]
