"""Which tags count as one: today, each by itself."""


def standing_tags(pks):
    """Primary key of a tag → that of the tag which stands for it."""
    return {pk: pk for pk in pks}


def groups_of(pks):
    """Primary key of a tag → those of all tags that count as the same, itself among them."""
    return {pk: (pk,) for pk in pks}
