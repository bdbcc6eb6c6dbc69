"""Picture files: awkward ones open, hostile ones are refused before they cost anything."""

from __future__ import annotations

import os
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from tests.soak import hostile_pictures as made
from vae_studio.core import picture_files
from vae_studio.core.errors import ImageError
from vae_studio.core.picture_files import FORMATS, MAX_PIXELS, decode_picture, open_picture
from vae_studio.core.scan import image_to_input

GOOD = dict(made.good_pictures())


def refusal(content: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode_picture(content)
    return caught.value.code


@pytest.mark.parametrize("name", GOOD)
def test_good_pictures_open_whatever_they_are_called(name: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(GOOD[name])
    picture = open_picture(path)
    assert picture.size == ((1, 1) if "one pixel" in name else (40, 30))
    digit = image_to_input(picture)
    if "one pixel" not in name:
        near = 0.25 if name in ("PNG P", "PNG 1") else 0.12
        if "moves" not in name:
            assert digit == pytest.approx(image_to_input(made.picture()), abs=near)
        assert digit.max() > 0.9


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_shown(kind: str) -> None:
    first, second = Image.new("L", (30, 30), 200), Image.new("L", (30, 30), 10)
    content = made.saved(kind, first, save_all=True, append_images=[second])
    picture = decode_picture(content).convert("L")
    assert np.asarray(picture) == pytest.approx(200, abs=3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_says_how_it_was_held_is_turned_once(kind: str, orientation: int) -> None:
    upright = Image.new("L", (24, 16), 255)
    upright.paste(0, (0, 0, 8, 8))  # ink in the upper left corner
    undo: dict[int, Any] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[274] = orientation
    content = made.saved(kind, held.convert("RGB"), exif=exif)
    picture = decode_picture(content)
    assert picture.size == (24, 16)
    assert picture.convert("L").getpixel((3, 3)) < 60
    assert picture.convert("L").getpixel((20, 12)) > 200
    assert picture.getexif().get(274, 1) == 1  # so that nobody turns it again
    assert np.array_equal(image_to_input(picture), image_to_input(np.asarray(picture)))


@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(40)],
)
def test_a_damaged_description_harms_nobody(exif: bytes) -> None:
    jpeg = made.saved("JPEG")
    part = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    assert decode_picture(jpeg[:2] + part + jpeg[2:]).size == (40, 30)


def test_six_thousand_by_four_thousand_pixels_open() -> None:
    content = made.saved("PNG", made.picture("RGB", (6000, 4000)))
    started = time.process_time()
    digit = image_to_input(decode_picture(content))
    assert time.process_time() - started < 2
    assert digit.max() > 0.9


def test_other_formats_are_named_as_such() -> None:
    with pytest.raises(ImageError) as caught:
        decode_picture(made.saved("ICO", made.picture("L", (32, 32))))
    assert caught.value.code == "image.format"
    assert caught.value.params["formats"] == ", ".join(FORMATS)
    for content in (b"", b"%PDF-1.4", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"PK\3\4", b"8BPS"):
        assert refusal(content) == "image.format"


BOMBS = dict(made.hostile_pictures())
CODES = {
    "PNG of 20,000 × 20,000": "image.too_large",
    "PNG of 8000 × 8000": "image.too_large",
    "PPM of 8000 × 8000": "image.too_large",
    "GIF, a frame larger than its screen": "image.too_large",
    "TIFF of 50,000 × 50,000": "image.too_large",
    "JPEG of 65,535 × 65,535": "image.too_large",
    "WebP of 16,383 × 16,383": "image.too_large",
    "BMP of 2147483647 × 2147483647": "image.too_large",
    "PPM of 50,000 × 50,000": "image.too_large",
    "PNG, zTXt of 60 MB": "image.unreadable",
    "PNG, iCCP of 2 MB": "image.unreadable",
    "PNG, 2,000,000 empty chunks": "image.slow",
    "JPEG, 3000 scans": "image.slow",
    "JPEG, 90 scans of 16 megapixels": "image.slow",
    "JPEG, 500,000 comments": "image.slow",
    "JPEG, 300 × 5000 parts of Photoshop": "image.slow",
    "GIF, a comment of 50 MB": "image.slow",
    "TIFF with 10,000,000 strips that are there": "image.slow",
    "TIFF, tags that overlap": "image.slow",
    "TIFF, a tile of 2^60, compression 5": "image.slow",
    "BMP, RLE of 49 megapixels": "image.slow",
    "BMP, RLE of one long row": "image.slow",
    "PPM, as text, 49 megapixels": "image.slow",
    "PPM, steps of 7, 49 megapixels": "image.slow",
    "PPM, 40 MB of comment": "image.unreadable",
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_bombs_are_refused_at_once(name: str, code: str) -> None:
    content = BOMBS[name]()
    started = time.process_time()
    assert refusal(content) == code
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "raised",
    [
        OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, MemoryError,
        ZeroDivisionError, RecursionError, AttributeError, NotImplementedError, AssertionError,
    ],
)  # fmt: skip
def test_whatever_a_decoder_raises_is_a_picture_that_cannot_be_read(
    raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(self: ImageFile.ImageFile) -> None:
        raise raised("x" * 5000)

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(ImageError) as caught:
        decode_picture(made.saved("BMP"))
    assert caught.value.code == "image.unreadable"
    assert len(str(caught.value.params["reason"])) <= 200


def test_warnings_of_a_decoder_are_no_errors() -> None:
    large = made.png(30, 30, made.zlib.compress(bytes(31 * 30)), made.png_chunk(b"acTL", bytes(8)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_picture(large).size == (30, 30)
        assert Image.MAX_IMAGE_PIXELS is not None
        assert Image.MAX_IMAGE_PIXELS > MAX_PIXELS


PLACES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a circle": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES)
def test_what_is_no_regular_file_is_refused_without_waiting(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "x.png"
    make(path)
    with pytest.raises(ImageError) as caught:
        open_picture(path)
    assert caught.value.code == "image.unreadable"
    assert caught.value.params["path"] == str(path)


def test_an_endless_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    with path.open("wb") as file:
        file.truncate(100 * 2**30)
    tracemalloc.start()
    with pytest.raises(ImageError):
        open_picture(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_every_format_has_its_check() -> None:
    assert set(picture_files.FORMATS) == set(made.SAVED)


def test_a_large_jpeg_decodes_to_no_less_than_what_is_enough(tmp_path: Path) -> None:
    y, x = np.mgrid[:800, :1200]
    pixels = (127 + 100 * np.sin(x / 90) * np.cos(y / 70)).astype(np.uint8)
    path = tmp_path / "photo"
    Image.fromarray(pixels).save(path, "JPEG", quality=95)
    assert open_picture(path).size == (1200, 800)
    small = open_picture(path, least=192)
    assert small.size == (300, 200)
    whole = open_picture(path).resize(small.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(small, float) - np.asarray(whole, float)).max() < 4
    assert open_picture(path, least=801).size == (1200, 800)
