"""Awkward picture files: each opens and its digit is found, or is refused with a reason."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.errors import ImageError
from vae_studio.core.page import digits_in
from vae_studio.core.picture_files import open_picture

Grey = NDArray[np.uint8]
Make = Callable[[Grey], bytes]


@pytest.fixture(scope="module")
def drawn(bitmaps: Grey) -> Grey:
    """A dark 2 on light paper, off-centre, uint8 [260, 240]."""
    large = Image.fromarray(bitmaps[8]).resize((140, 140), Image.Resampling.BICUBIC)
    return 255 - np.pad(np.asarray(large), ((80, 40), (30, 70)))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def as_mode(mode: str, kind: str, **options: Any) -> Make:
    return lambda grey: saved(Image.fromarray(grey).convert(mode), kind, **options)


def sixteen_bits(grey: Grey) -> bytes:
    return saved(Image.fromarray(grey.astype(np.uint16) * 257), "PNG")


def one_bit(grey: Grey) -> bytes:
    """As a fax or a scanner for text makes it."""
    return saved(Image.fromarray(grey).convert("1", dither=Image.Dither.NONE), "PNG")


def palette_with_transparency(grey: Grey) -> bytes:
    """Ink in colour 1, paper in colour 0, which is not seen and black."""
    image = Image.fromarray((grey < 128).astype(np.uint8), "L").convert("P")
    image.putdata((grey < 128).astype(np.uint8).ravel().tolist())
    image.putpalette([0, 0, 0, 20, 20, 60])
    return saved(image, "PNG", transparency=0)


def see_through(mode: str) -> Make:
    """Black all over; the digit is in the alpha channel alone."""

    def make(grey: Grey) -> bytes:
        image = Image.new(mode, grey.shape[::-1])
        image.putalpha(Image.fromarray(255 - grey))
        return saved(image, "PNG")

    return make


def held_sideways(grey: Grey) -> bytes:
    exif = Image.Exif()
    exif[274] = 6
    turned = Image.fromarray(grey).transpose(Image.Transpose.ROTATE_90)
    return saved(turned, "JPEG", quality=95, exif=exif)


def moving(grey: Grey) -> bytes:
    blank = Image.new("L", grey.shape[::-1], 255)
    return saved(Image.fromarray(grey), "GIF", save_all=True, append_images=[blank])


def large(grey: Grey) -> bytes:
    page = Image.new("RGB", (6000, 4000), (250, 245, 240))
    page.paste(Image.fromarray(grey).resize((2400, 2600)).convert("RGB"), (1500, 700))
    return saved(page, "JPEG", quality=85)


OPENS: dict[str, tuple[Make, float]] = {  # and how far from the plain one the mean pixel may be
    "dark on light": (as_mode("L", "PNG"), 1e-6),
    "light on dark": (lambda grey: saved(Image.fromarray(255 - grey), "PNG"), 0.02),
    "16 bits": (sixteen_bits, 0.01),
    "palette": (as_mode("P", "PNG"), 0.02),
    "palette with transparency": (palette_with_transparency, 0.05),
    "RGB": (as_mode("RGB", "PNG"), 0.01),
    "RGBA": (see_through("RGBA"), 0.02),
    "LA": (see_through("LA"), 0.02),
    "CMYK JPEG": (as_mode("CMYK", "JPEG", quality=90), 0.03),
    "progressive JPEG": (as_mode("L", "JPEG", progressive=True, quality=60), 0.03),
    "1 bit": (one_bit, 0.06),
    "float TIFF": (as_mode("F", "TIFF"), 0.01),
    "packed TIFF": (as_mode("L", "TIFF", compression="tiff_lzw"), 1e-6),
    "WebP": (as_mode("RGB", "WEBP", quality=80), 0.03),
    "BMP": (as_mode("L", "BMP"), 1e-6),
    "PPM": (as_mode("L", "PPM"), 1e-6),
    "animated GIF": (moving, 0.02),
    "held sideways": (held_sideways, 0.03),
    "6000 x 4000": (large, 0.03),
}


@pytest.mark.parametrize(("make", "near"), OPENS.values(), ids=OPENS)
def test_the_digit_of_an_awkward_file_is_found(
    make: Make, near: float, drawn: Grey, tmp_path: Path
) -> None:
    path = tmp_path / "picture"
    path.write_bytes(make(drawn))
    (plain,) = digits_in(drawn)
    (found,) = digits_in(open_picture(path))
    assert np.abs(found.ink - plain.ink).mean() < near
    assert plain.ink.mean() > 0.1


def bomb(_: Grey) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(60_001) * 20)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


REFUSED: dict[str, tuple[Make, str]] = {
    "cut JPEG": (lambda grey: as_mode("L", "JPEG")(grey)[:1500], "image.unreadable"),
    "cut PNG": (lambda grey: as_mode("L", "PNG")(grey)[:700], "image.unreadable"),
    "text": (lambda grey: b"This is a shopping list.\n" * 9, "image.format"),
    "nothing": (lambda grey: b"", "image.format"),
    "PDF": (lambda grey: saved(Image.fromarray(grey), "PDF"), "image.format"),
    "icon": (lambda grey: saved(Image.fromarray(grey), "ICO"), "image.format"),
    "60,000 x 60,000": (bomb, "image.too_large"),
}


@pytest.mark.parametrize(("make", "code"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(
    make: Make, code: str, drawn: Grey, tmp_path: Path
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(make(drawn))
    with pytest.raises(ImageError) as caught:
        digits_in(open_picture(path))
    assert caught.value.code == code
    assert caught.value.params["path"] == str(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        open_picture(tmp_path)
    assert caught.value.code == "image.unreadable"


def test_one_pixel_is_no_digit(tmp_path: Path) -> None:
    path = tmp_path / "pixel.png"
    path.write_bytes(saved(Image.new("L", (1, 1), 90), "PNG"))
    assert digits_in(open_picture(path)) == ()
