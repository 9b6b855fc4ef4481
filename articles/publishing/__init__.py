"""The verbs: every function that changes editorial state, and nothing else does.

Each verb is one transaction: it locks the article, checks rights and state, writes rows,
sections, references and the search index, and raises the content version last. A refusal is
a PublishingError whose words are for the editor. `by` is the user who acts; None is the
publication itself (a schedule whose author has left), which may do everything.

Import verbs from here. Within: base → writing, addresses, forwards, plans → subjects, reviewing,
sharing → release → removal → schedules → bundles.
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
    prepared,
)
from articles.publishing.bundles import (
    BUNDLE_MAX,
    cancel_bundle,
    discard_bundle,
    publish_bundle,
    save_bundle,
    schedule_bundle,
)
from articles.publishing.release import publish
from articles.publishing.removal import (
    DELETE,
    TRASH,
    UNPUBLISH,
    delete,
    forward_section,
    merge,
    move_section,
    remove,
    retarget,
    retarget_section,
    trash,
    unpublish,
    untrash,
)
from articles.publishing.reviewing import (
    BEFORE_LENGTH,
    COMMENT_LENGTH,
    QUOTE_LENGTH,
    TASK_LENGTH,
    approve,
    assign,
    comment,
    finish,
    reopen,
    resolve,
    send_back,
    submit,
    take_back,
)
from articles.publishing.schedules import cancel_schedules, carry_out_due, schedule
from articles.publishing.sharing import LINK_DAYS, LINK_DAYS_MAX, share, unshare
from articles.publishing.subjects import TAG_NAME_LENGTH, save_author, save_tag, tag_named
from articles.publishing.writing import (
    NAME_LENGTH,
    autosave,
    create,
    hold,
    name_revision,
    restore,
    save_draft,
    save_merged,
)

__all__ = [
    "BEFORE_LENGTH",
    "BUNDLE_MAX",
    "COMMENT_LENGTH",
    "DELETE",
    "LINK_DAYS",
    "LINK_DAYS_MAX",
    "NAME_LENGTH",
    "NOTE_LENGTH",
    "QUOTE_LENGTH",
    "TAG_NAME_LENGTH",
    "TASK_LENGTH",
    "TRASH",
    "UNPUBLISH",
    "Conflict",
    "NotAllowed",
    "PublishingError",
    "Words",
    "add_former_address",
    "approve",
    "assign",
    "autosave",
    "cancel_bundle",
    "cancel_schedules",
    "carry_out_due",
    "comment",
    "create",
    "delete",
    "discard_bundle",
    "finish",
    "forward_section",
    "give_up_path",
    "hold",
    "in_one_transaction",
    "is_former_address",
    "lead_path",
    "merge",
    "move_section",
    "name_revision",
    "prepared",
    "publish",
    "publish_bundle",
    "remove",
    "reopen",
    "resolve",
    "restore",
    "retarget",
    "retarget_section",
    "save_author",
    "save_bundle",
    "save_draft",
    "save_merged",
    "save_tag",
    "schedule",
    "schedule_bundle",
    "send_back",
    "share",
    "submit",
    "tag_named",
    "take_back",
    "trash",
    "unpublish",
    "unshare",
    "untrash",
]
