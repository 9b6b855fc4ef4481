"""Permanent ids: what references and addresses of objects are made of.

A uid is 16 characters of lower-case base32 (80 random bits). It says nothing about
the object, can stand in HTML attributes, file names and URLs as it is, and never changes.
"""

import base64
import re
import secrets

UID_LENGTH = 16
UID_PATTERN = r"[a-z2-7]{16}"
_UID = re.compile(UID_PATTERN)


def new_uid():
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()


def is_uid(value):
    return isinstance(value, str) and _UID.fullmatch(value) is not None
