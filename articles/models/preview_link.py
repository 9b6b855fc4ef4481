from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from irb_site.uids import UID_LENGTH, new_uid


class PreviewLink(models.Model):
    """Lets people without an account see the newest draft of one article, for some days.

    The address holds the uid and a signature of it, so that this table alone opens nothing.
    """

    uid = models.CharField(max_length=UID_LENGTH, unique=True, default=new_uid, editable=False)
    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="preview_links")
    label = models.CharField(_("for whom"), max_length=100, blank=True)
    # It shows what its maker may see, and goes with their account.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return self.label or self.uid
