from django.conf import settings
from django.db import models
from django.db.models import Q


class Notification(models.Model):
    """Something that a member of the newsroom should know: on the start page, and by e-mail.

    Written in the transaction of what happened; the worker sends the mail afterwards.
    """

    class Mail(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"
        # Nobody to send it to.
        NONE = "none"

    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    article = models.ForeignKey("Article", on_delete=models.CASCADE, null=True, related_name="+")
    subject = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    # The path of the newsroom page where it can be dealt with.
    path = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=10, choices=Mail.choices, default=Mail.QUEUED)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    # Not before this time; moved on by whoever takes the row, so that two workers don't.
    mail_due_at = models.DateTimeField()
    mail_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["to", "-created_at"], name="notification_of_person"),
            # The worker asks for these every second.
            models.Index(
                fields=["mail_due_at"], name="notification_due", condition=Q(mail="queued")
            ),
        ]

    def __str__(self):
        return self.subject
