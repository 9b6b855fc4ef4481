"""Pictures: what comes in is checked and made anew, what goes out has fitting sizes.

An uploaded file is never served. It is opened as one of a few formats, turned upright, freed of
its metadata and written again, with renditions beside it, under a name that nobody can guess.
"""

import hashlib
import io
import warnings

import PIL.Image
import PIL.ImageOps
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from articles.models import Image
from articles.models.image import CARD_SIZE, SMALL_CARD_SIZE, SQUARE_SIZE, WIDTHS

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_SIZE = (2400, 8000)
# How long WebP looks for a smaller file, from 0 to 6.
EFFORT = 4


def read_picture(file, *, name):
    """The picture in an uploaded file, upright and without metadata.

    Raises ValidationError with a sentence for the editor when it can't be used.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValidationError(
            _("“%(name)s” is larger than 25 MB. Save it smaller and upload it again."),
            params={"name": name},
        )
    unusable = ValidationError(
        _("“%(name)s” can't be read as a picture. Use a JPEG, PNG, WebP or GIF file."),
        params={"name": name},
    )
    too_many_pixels = ValidationError(
        _("“%(name)s” has more than 50 million pixels. Save it smaller and upload it again."),
        params={"name": name},
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            picture = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > MAX_PIXELS:
                raise too_many_pixels
            picture.load()
            picture = PIL.ImageOps.exif_transpose(picture)
    except ValidationError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise too_many_pixels from None
    except (OSError, ValueError, SyntaxError):
        # Pillow tells a broken or hostile file by any of these.
        raise unusable from None
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    picture = picture.convert("RGBA" if has_alpha else "RGB")
    return picture, hashlib.sha256(data).hexdigest()


def add_image(file, *, name, alt, caption="", credit="", by=None):
    """Stores a picture with its renditions and returns its Image row.

    file: a binary file. Raises ValidationError when it can't be used.
    """
    picture, digest = read_picture(file, name=name)
    image = Image(
        alt=alt[:300],
        caption=caption[:400],
        credit=credit[:200],
        digest=digest,
        original_name=name[-200:],
    )
    return store(image, picture, by=by)


def store(image, picture, *, by):
    """Writes the files of a new Image row and saves it."""
    image.created_by = by
    write_files(image, picture)
    image.save()
    return image


def write_files(image, picture):
    """Writes the picture and its renditions under new names; sets file, width and height.

    Called again after the focal point moved: names are never reused, so caches stay right.
    """
    picture.thumbnail(MAX_SIZE, PIL.Image.Resampling.LANCZOS)
    image.width, image.height = picture.size
    salt = hashlib.sha256(
        f"{image.digest}-{image.focal_x}-{image.focal_y}".encode("ascii")
    ).hexdigest()[:12]
    # The uid's random bits make the name unguessable, the hash makes it immutable.
    base = f"pictures/{image.uid[:2]}/{image.uid}-{salt}"
    image.file.name = _store(f"{base}.webp", picture, quality=88)
    for width in WIDTHS:
        if width < picture.width:
            _store(f"{base}-{width}.webp", _scaled(picture, width))
    centering = (image.focal_x / 100, image.focal_y / 100)
    crops = (("card", CARD_SIZE), ("card480", SMALL_CARD_SIZE), ("square", SQUARE_SIZE))
    for label, size in crops:
        _store(f"{base}-{label}.webp", PIL.ImageOps.fit(picture, size, centering=centering))


def _scaled(picture, width):
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), PIL.Image.Resampling.LANCZOS)


def _store(name, picture, quality=80):
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=EFFORT)
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(buffer.getvalue()))
    return name
