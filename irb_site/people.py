"""The people of the newsroom, in words."""

from django.utils.translation import gettext as _


def name_of(user):
    """The name under which colleagues know a user; None is somebody whose account is gone."""
    if user is None:
        return _("Somebody")
    return user.get_full_name() or user.get_username()
