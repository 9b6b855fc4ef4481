"""Pictures: what is refused, and what becomes of what comes in."""

import io
import re
import struct
import zlib

import PIL.Image
import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st

from articles import images
from articles.images import add_image, read_picture, write_files
from tests.factories import make_image, picture_file

UNREADABLE = "“a.png” can't be read as a picture. Use a JPEG, PNG, WebP or GIF file."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def file_of(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def drawing(width=64, height=48, mode="RGB"):
    picture = PIL.Image.new(mode, (width, height))
    picture.paste(255 if mode == "L" else (200, 30, 30), (0, 0, width // 2, height // 2))
    return picture


def add(data, **fields):
    return add_image(io.BytesIO(data), name="a.png", alt="A picture", **fields)


def stored(image, suffix=""):
    name = image.file.name.removesuffix(".webp") + suffix + ".webp"
    with default_storage.open(name) as file:
        return PIL.Image.open(io.BytesIO(file.read()))


def files():
    """Every stored file, by its path."""

    def below(folder):
        folders, names = default_storage.listdir(folder)
        return [f"{folder}/{name}" for name in names] + [
            path for name in folders for path in below(f"{folder}/{name}")
        ]

    return sorted(below("pictures")) if default_storage.exists("pictures") else []


def contents():
    """The bytes of every stored file."""
    found = []
    for path in files():
        with default_storage.open(path) as file:
            found.append(file.read())
    return found


def png_of_size(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


# What is refused.


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Just a text.",
        SVG,
        b"<?xml version='1.0'?>" + SVG,
        b"%PDF-1.7 ",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0" + bytes(50),
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        file_of(drawing(), "BMP"),
        file_of(drawing(), "TIFF"),
        file_of(drawing(), "ICO"),
        file_of(drawing(), "PPM"),
        file_of(drawing(), "PNG")[:-40],
        file_of(drawing(400, 300), "JPEG")[:1000],
        file_of(drawing(400, 300), "WEBP")[:-40],
        file_of(drawing(), "PNG").replace(b"IDAT", b"IDAX"),
    ],
    ids=range(17),
)
def test_file_that_is_no_picture_is_refused(data):
    with pytest.raises(ValidationError) as refusal:
        read_picture(io.BytesIO(data), name="a.png")

    assert refusal.value.messages == [UNREADABLE]


def test_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 1000)

    with pytest.raises(ValidationError) as refusal:
        read_picture(io.BytesIO(file_of(drawing(), "PNG") + bytes(1000)), name="a.png")

    assert refusal.value.messages == [
        "“a.png” is larger than 25 MB. Save it smaller and upload it again."
    ]


@pytest.mark.parametrize(("width", "height"), [(7072, 7072), (50_001, 1000), (12_000, 12_000)])
def test_picture_with_too_many_pixels_is_refused_unopened(width, height):
    with pytest.raises(ValidationError) as refusal:
        read_picture(io.BytesIO(png_of_size(width, height)), name="a.png")

    assert refusal.value.messages == [
        "“a.png” has more than 50 million pixels. Save it smaller and upload it again."
    ]


@pytest.mark.parametrize("size", [65_000, 2**31 - 1])
def test_picture_bomb_is_refused_unopened(size):
    with pytest.raises(ValidationError) as refusal:
        read_picture(io.BytesIO(png_of_size(size, size)), name="a.png")

    assert [message.partition("” ")[0] for message in refusal.value.messages] == ["“a.png"]


def test_picture_with_a_bomb_of_text_is_refused():
    data = file_of(drawing(), "PNG")
    text = b"zTXt" + b"Comment\x00\x00" + zlib.compress(bytes(100_000_000))
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))

    with pytest.raises(ValidationError) as refusal:
        read_picture(io.BytesIO(data[:33] + chunk + data[33:]), name="a.png")

    assert refusal.value.messages == [UNREADABLE]


_EXIF = (
    b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01"
    b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
)
_SAMPLES = {
    kind: file_of(drawing(32, 24), kind, **({"exif": _EXIF} if kind != "GIF" else {}))
    for kind in ("JPEG", "PNG", "WEBP", "GIF")
}


@given(
    st.sampled_from(sorted(_SAMPLES)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    st.integers(0, 2000),
)
def test_damaged_picture_is_read_or_refused(kind, changes, cut):
    data = bytearray(_SAMPLES[kind])
    for position, value in changes:
        data[position % len(data)] = value
    data = bytes(data[: len(data) - cut % len(data)] if cut % 2 else data)

    try:
        picture, _digest = read_picture(io.BytesIO(data), name="a.png")
    except ValidationError as refusal:
        picture = refusal.messages[0].partition("” ")[0]

    assert picture == "“a.png" or picture.mode in {"RGB", "RGBA"}


# What becomes of a picture.


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"),
     ("P", "PNG"), ("1", "PNG"), ("I;16", "PNG"), ("LA", "PNG"), ("RGB", "WEBP"), ("P", "GIF")],
)  # fmt: skip
def test_picture_of_any_kind_is_made_anew(mode, kind):
    image = add(file_of(PIL.Image.new(mode, (40, 30)), kind))

    assert (stored(image).format, image.width, image.height) == ("WEBP", 40, 30)


@pytest.mark.django_db
def test_picture_with_a_script_behind_it_is_made_anew():
    data = file_of(drawing(), "GIF") + b"<script>alert(1)</script>" + SVG

    add(data)

    assert [data for data in contents() if b"script" in data or b"svg" in data] == []
    assert {data[:4] for data in contents()} == {b"RIFF"}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_metadata_is_taken_out(kind):
    exif = PIL.Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x9286] = "Secret comment"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    options = {"exif": exif, "xmp": b"<x:xmpmeta>Secret</x:xmpmeta>"}
    if kind == "PNG":
        options = {"exif": exif}

    image = add(file_of(drawing(2000, 1000), kind, **options))

    assert [data for data in contents() if b"Secret" in data or b"EXIF" in data] == []
    assert dict(stored(image).getexif()) == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (64, 48), (0, 0)),
        (3, (64, 48), (63, 47)),
        (6, (48, 64), (47, 0)),
        (8, (48, 64), (0, 63)),
    ],
)
def test_picture_is_turned_upright(orientation, size, corner):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation

    image = add(file_of(drawing(), "PNG", exif=exif))

    picture = stored(image).convert("RGB")
    assert (picture.size, (image.width, image.height)) == (size, size)
    assert picture.getpixel(corner)[0] > 150


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("width", "height", "kept", "sizes"),
    [
        (300, 200, (300, 200), []),
        (480, 100, (480, 100), []),
        (1000, 500, (1000, 500), [480, 960]),
        (2400, 1000, (2400, 1000), [480, 960, 1600]),
        (4800, 2000, (2400, 1000), [480, 960, 1600]),
        (3000, 1, (2400, 1), [480, 960, 1600]),
        (1, 1, (1, 1), []),
    ],
)
def test_renditions(width, height, kept, sizes):
    image = add(file_of(PIL.Image.new("RGB", (width, height)), "PNG"))

    base = image.file.name.removesuffix(".webp")
    assert (image.width, image.height) == stored(image).size == kept
    assert files() == sorted(
        f"{base}{suffix}.webp"
        for suffix in ("", "-card", "-card480", "-square", *(f"-{n}" for n in sizes))
    )
    assert [stored(image, f"-{size}").width for size in sizes] == sizes
    assert (stored(image, "-card").size, stored(image, "-square").size) == ((960, 540), (256, 256))


@pytest.mark.django_db
def test_srcset_names_files_that_are_there():
    image = make_image(width=1700, height=900)

    widths = re.findall(r"(\S+) (\d+)w", image.srcset)

    assert [int(width) for _url, width in widths] == [480, 960, 1600, 1700]
    urls = [url for url, _width in widths] + [
        image.src,
        image.card_src,
        image.square_src,
        image.url,
    ]
    assert [url for url in urls if url.removeprefix("/media/") not in files()] == []


@pytest.mark.django_db
@pytest.mark.parametrize(("width", "height"), [(100, 16_383), (100, 20_000), (20_000, 100)])
def test_very_long_picture_is_stored_or_refused(width, height):
    data = file_of(PIL.Image.new("L", (width, height)), "PNG")

    try:
        result = add(data).url[:16]
    except ValidationError as refusal:
        result = refusal.messages[0][:6]

    assert result in {"/media/pictures/", "“a.png"}


@pytest.mark.django_db
def test_names_of_files_can_not_be_guessed():
    data = file_of(drawing(), "PNG")

    first, second = add(data), add(data)

    assert first.digest == second.digest
    assert first.file.name != second.file.name
    assert re.fullmatch(
        rf"pictures/{first.uid[:2]}/{first.uid}-[0-9a-f]{{12}}\.webp", first.file.name
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.png", "ö" * 300, "<script>.png", ""])
def test_name_of_an_upload_names_no_file(name):
    image = add_image(picture_file(20, 20), name=name, alt="a" * 400)

    assert image.file.name.startswith(f"pictures/{image.uid[:2]}/{image.uid}-")
    assert (image.original_name, len(image.alt)) == (name[-200:], 300)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("focal", "is_red"), [((0, 50), True), ((100, 50), False), ((50, 50), False)]
)
def test_crop_keeps_the_focal_point(focal, is_red):
    picture = PIL.Image.new("RGB", (900, 100), "blue")
    picture.paste((255, 0, 0), (0, 0, 100, 100))
    image = add(file_of(picture, "PNG"))
    before = image.file.name

    image.focal_x, image.focal_y = focal
    write_files(image, picture)

    red, _green, blue = stored(image, "-square").convert("RGB").getpixel((128, 128))
    assert (red > blue) == is_red
    assert (image.file.name == before) == (focal == (50, 50))
