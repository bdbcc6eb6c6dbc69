"""Opening a picture file that a stranger may have made: bounded in size, pixels and time.

Pillow decodes, and only the formats of ``FORMATS``. Before it sees a file, what would keep it busy
or fill memory is refused: each format has a check that walks the file's parts and counts them.
Errors are ``ImageError`` with the path.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from vae_studio.core.errors import ImageError
from vae_studio.core.reading import read_bounded

MAX_PIXELS: Final = 50_000_000  # a larger picture is a mistake, and would take gigabytes
MAX_BYTES: Final = 100_000_000
MAX_SLOW_PIXELS: Final = 1_000_000  # for decoders that Pillow wrote in Python: about 1 µs each
_MAX_SCANS = 100  # of a progressive JPEG; programs write ten or so, a bomb thousands
_MAX_SCANNED = 12 * MAX_PIXELS  # scans × pixels: each scan goes over all of the picture
_MAX_PARTS = 400  # segments before a JPEG's first scan; a panorama's description takes 100
_MAX_8BIM = 100  # Photoshop's parts in each
_MAX_CHUNKS = 50_000  # of a PNG: 8 kB each are usual
_MAX_EXTENSIONS = 2**20  # bytes before a GIF's first frame
_MAX_BLOCKS = 5000  # parts of those: at most 255 bytes each
_MAX_TAG_VALUES = 200_000  # numbers in a TIFF's directory: two for each strip or tile
_MAX_PPM_HEADER = 4096  # bytes; with comments
_ORIENTATION = 274  # EXIF's tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(path: Path, least: int = 0) -> Image.Image:
    """The picture in a file, decoded and upright; the first frame of an animation.

    Told by what the file holds, not by what it is called. ``least``: pixels of the shorter side
    that are enough, 0 for all there are; a large JPEG decodes to fewer in a fraction of the time.
    Raises ``ImageError``:
    ``image.format`` for other formats than ``FORMATS``, ``image.too_large`` above ``MAX_PIXELS``,
    ``image.slow`` for what would take too long, ``image.unreadable`` for all that is damaged.
    """
    try:
        content = read_bounded(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ImageError("image.unreadable", path=str(path), reason=reason[:200]) from error
    try:
        return decode_picture(content, least)
    except ImageError as error:
        raise ImageError(error.code, **{**error.params, "path": str(path)}) from error


def decode_picture(content: bytes, least: int = 0) -> Image.Image:
    """``open_picture`` of the bytes of a file; its errors name no path."""
    name = _format_of(content)
    if name is None:
        raise ImageError("image.format", path="", formats=", ".join(FORMATS))
    # Whatever a decoder raises or warns of means that the file is not as it should be.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scans = _CHECKS[name](content)
            picture = Image.open(io.BytesIO(content), formats=[name])
            _check_cost(picture, scans)
            if least:
                picture.draft(None, (least, least))
            picture.load()
            return _upright(picture)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError("image.too_large", path="", limit=MAX_PIXELS) from error
    except UnidentifiedImageError as error:
        raise ImageError("image.unreadable", path="", reason="it is damaged") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise ImageError("image.unreadable", path="", reason=reason) from error


def _check_cost(picture: Image.Image, scans: int) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise ImageError("image.empty", path="", width=width, height=height)
    if width * height > MAX_PIXELS:
        raise ImageError("image.too_large", path="", limit=MAX_PIXELS)
    tiles = getattr(picture, "tile", [])
    in_python = any(tile[0] in Image.DECODERS for tile in tiles)
    if in_python and width * height > MAX_SLOW_PIXELS:
        raise ImageError(
            "image.slow", path="", reason=f"{width} × {height} pixels in {tiles[0][0]}"
        )
    if scans * width * height > _MAX_SCANNED:
        raise ImageError(
            "image.slow", path="", reason=f"{scans} scans of {width} × {height} pixels"
        )


def _upright(picture: Image.Image) -> Image.Image:
    """The decoded picture without its file and its description, turned as that says.

    A TIFF has been turned by Pillow already, which then forgets the tag.
    """
    description = picture.info.get("exif") or b""
    plain = picture._new(picture.im)
    turn = _TURNS.get(_orientation(description)) if isinstance(description, bytes) else None
    if turn is not None:
        plain = plain.transpose(turn)
    # Only what a conversion needs is kept: whoever gets it has no EXIF to trip over.
    plain.info = {key: value for key, value in picture.info.items() if key == "transparency"}
    return plain


def _orientation(description: bytes) -> int:
    """EXIF's orientation, 1 where there is none or it cannot be read."""
    tiff = description.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, many, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _ORIENTATION and kind == 3 and many == 1:
                return int(value)
    except struct.error:
        pass
    return 1


# What is refused before a decoder sees it; each returns the number of scans --------------------


def _slow(reason: str) -> ImageError:
    return ImageError("image.slow", path="", reason=reason)


def _check_png(content: bytes) -> int:
    """Pillow takes the chunks one by one, in Python."""
    place = 8
    for _ in range(_MAX_CHUNKS):
        if place + 8 > len(content):
            return 1
        place += 12 + int.from_bytes(content[place : place + 4], "big")
    raise _slow(f"more than {_MAX_CHUNKS:,} chunks")


def _check_jpeg(content: bytes) -> int:
    """A scan bomb: thousands of scans, each of which costs as much as the whole picture."""
    place, parts, scans = 2, 0, 0
    while place + 4 <= len(content) and scans <= _MAX_SCANS:
        marker = content[place + 1]
        parts += not scans
        if parts > _MAX_PARTS:
            raise _slow(f"more than {_MAX_PARTS} segments")
        if content[place] != 0xFF or marker in (0x00, 0xFF):
            place += 1  # padding, or damage
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
        elif marker == 0xD9:
            break
        else:
            size = int.from_bytes(content[place + 2 : place + 4], "big")
            if marker == 0xED and content.count(b"8BIM", place, place + size) > _MAX_8BIM:
                raise _slow("too many parts")
            place += 2 + size
            if marker == 0xDA:
                scans += 1
                found = _AFTER_SCAN.search(content, place)
                place = found.start() if found else len(content)
    if scans > _MAX_SCANS:
        raise _slow(f"more than {_MAX_SCANS} scans")
    return scans


_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # a marker that is no stuffing, no restart


def _check_gif(content: bytes) -> int:
    """Pillow joins the parts of a comment one by one: in quadratic time."""
    place = 13
    if len(content) > place and content[10] & 0x80:
        place += 3 << (content[10] & 7) + 1  # the table of colours
    begin, blocks = place, 0
    while place < len(content) and content[place] != 0x2C:  # which begins the first frame
        blocks += 1
        if content[place] == 0x21:  # an extension: parts with their lengths, then a zero
            place += 2
            while place < len(content) and content[place] and blocks <= _MAX_BLOCKS:
                place += 1 + content[place]
                blocks += 1
        place += 1
        if blocks > _MAX_BLOCKS or place - begin > _MAX_EXTENSIONS:
            raise _slow("too much before its first frame")
    return 1


def _check_tiff(content: bytes) -> int:
    """Tags that claim millions of numbers, directories that overlap, tiles larger than memory."""
    order = "<" if content[:2] == b"II" else ">"
    big = content[2:4] in (b"+\0", b"\0+")
    head, number, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    places = [struct.unpack_from(f"{order}{head}", content, 8 if big else 4)[0]]
    values = bytes_ = 0
    tile = {322: 1, 323: 1}
    for directories in range(1000):
        if not places:
            break
        start = places.pop()
        (count,) = struct.unpack_from(f"{order}{number}", content, start)
        start += struct.calcsize(number)
        if count > 4096 or directories > 8:
            raise _slow("too many tags")
        for place in range(start, start + entry * count, entry):
            tag, kind, many, value = struct.unpack_from(f"{order}HH{head}{head}", content, place)
            if kind in (1, 2, 6, 7):  # bytes and text
                bytes_ += many
            else:
                values += many
            if tag in (34665, 34853, 40965) and many == 1:  # where other directories are
                places.append(value)
            elif tag in tile and many == 1:
                tile[tag] = (
                    value
                    if kind != 3
                    else struct.unpack_from(f"{order}H", content, place + (12 if big else 8))[0]
                )
    if values > _MAX_TAG_VALUES or bytes_ > len(content):
        raise _slow("tags that hold too much")
    if tile[322] * tile[323] > MAX_PIXELS:
        raise _slow("tiles that are too large")
    return 1


def _check_ppm(content: bytes) -> int:
    """Pillow reads the header byte by byte, comments too."""
    head = re.sub(rb"#[^\r\n]*[\r\n]", b" ", content[:_MAX_PPM_HEADER])
    if len(head.split(maxsplit=4)) < (3 if content[1:2] in b"14" else 4):
        raise ImageError("image.unreadable", path="", reason="no header")
    if content[1:2] in b"123" and len(content) > 8 * MAX_SLOW_PIXELS:
        raise _slow(f"{len(content):,} bytes of text")
    return 1


def _no_check(content: bytes) -> int:
    return 1


_CHECKS: dict[str, Callable[[bytes], int]] = {
    "PNG": _check_png,
    "JPEG": _check_jpeg,
    "BMP": _no_check,
    "GIF": _check_gif,
    "TIFF": _check_tiff,
    "WEBP": _no_check,
    "PPM": _check_ppm,
}
FORMATS: Final = tuple(_CHECKS)  # as Pillow names them

_STARTS = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "BMP": (b"BM",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "PPM": tuple(b"P%d" % number for number in range(1, 7)),
}


def _format_of(content: bytes) -> str | None:
    """What the first bytes say, as Pillow names it."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return next((name for name, starts in _STARTS.items() if content.startswith(starts)), None)
