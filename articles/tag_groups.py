"""Which tags count as one: those that are merged, with the one that they lead to."""

from articles import labels


def standing_tags(pks):
    """Primary key of a tag → that of the tag which stands for it."""
    leads_to = {member: pk for pk, group in labels.groups().items() for member in group}
    return {pk: leads_to.get(pk, pk) for pk in pks}


def groups_of(pks):
    """Primary key of a tag → those of all tags that count as the same, itself among them."""
    return {pk: labels.group(pk) for pk in pks}
