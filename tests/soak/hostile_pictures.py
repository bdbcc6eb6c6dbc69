"""Pictures of a stranger: bombs, damage, other formats under a picture's name."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

Make = Callable[[], bytes]

SAVED = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")


def picture(mode: str = "L", size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A stroke on paper."""
    grey = np.full(size[::-1], 255, np.uint8)
    grey[size[1] // 4 : -size[1] // 4, size[0] // 3 : size[0] // 2] = 0
    return Image.fromarray(grey).convert(mode)


def saved(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """That picture as a file."""
    buffer = io.BytesIO()
    (image or picture()).save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """With its check sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, data: bytes, *extra: bytes, depth: int = 8, kind: int = 0
) -> bytes:
    """A PNG from its parts. data: packed rows."""
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [png_chunk(b"IHDR", head), *extra, png_chunk(b"IDAT", data), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(entries: list[tuple[int, int, int, int]], tail: bytes = b"", order: str = "<") -> bytes:
    """A TIFF from its directory: tag, type, count, value or place."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    packed = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    count = struct.pack(f"{order}H", len(entries) % 2**16)
    return head + struct.pack(f"{order}I", 8) + count + packed + bytes(4) + tail


def bmp(width: int, height: int, bits: int = 8, compression: int = 0, data: bytes = b"") -> bytes:
    """A BMP from its header's numbers."""
    colours = b"".join(bytes([i, i, i, 0]) for i in range(256))
    place = 54 + len(colours)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", place + len(data), 0, 0, place) + info + colours + data


def scan_bomb(scans: int, size: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: a few bytes each, much work."""
    content = saved("JPEG", picture("L", (size, size)), progressive=True)
    start = content.rindex(b"\xff\xda")
    end = content.rindex(b"\xff\xd9")
    return content[:start] + content[start:end] * scans + content[end:]


def gif(width: int, height: int, before: bytes = b"", frame: bytes = b"") -> bytes:
    """A GIF of that screen. before: extensions in front of the first frame."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + before + frame


def webp(width: int, height: int) -> bytes:
    """The head of a lossless WebP of that size."""
    bits = (width - 1) | (height - 1) << 14
    data = b"\x2f" + struct.pack("<I", bits) + bytes(50)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@functools.cache
def _packed_zeros(megabytes: int) -> bytes:
    return zlib.compress(bytes(megabytes * 2**20), 1)


def _bombs() -> Iterator[tuple[str, Make]]:
    rows = zlib.compress(bytes(20_001) * 500)
    yield "PNG of 20,000 × 20,000", lambda rows=rows: png(20_000, 20_000, rows)
    # Above our limit and below Pillow's own.
    yield "PNG of 8000 × 8000", lambda: png(8000, 8000, zlib.compress(bytes(8001) * 8000))
    yield "PPM of 8000 × 8000", lambda: b"P5 8000 8000 255\n" + bytes(64_000_000)
    yield "PNG of 2^31 × 2^31", lambda rows=rows: png(2**31 - 1, 2**31 - 1, rows)
    yield "PNG of 0 × 0", lambda: png(0, 0, b"")
    yield "PNG of 7000 × 7000 with one row", lambda: png(7000, 7000, zlib.compress(bytes(7001)))
    small = zlib.compress(bytes(31 * 30))
    for size in (2, 60, 200):
        for kind, head in ((b"iCCP", b"x\0\0"), (b"zTXt", b"x\0\0"), (b"iTXt", b"x\0\1\0\0\0")):
            yield (
                f"PNG, {kind.decode()} of {size} MB",
                lambda size=size, kind=kind, head=head, small=small: png(
                    30, 30, small, png_chunk(kind, head + _packed_zeros(size))
                ),
            )
        yield f"PNG, IDAT of {size} MB", lambda size=size: png(30, 30, _packed_zeros(size))
    many = png_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**20 - 9), 9))
    yield "PNG, 200 zTXt of 1 MB", lambda small=small, many=many: png(30, 30, small, many * 200)
    yield (
        "PNG, 2,000,000 empty chunks",
        lambda small=small: png(30, 30, small, png_chunk(b"tEXt", b"") * 2_000_000),
    )
    yield (
        "PNG, 10,000 chunks of text",
        lambda small=small: png(30, 30, small, png_chunk(b"tEXt", b"a\0b") * 10_000),
    )
    yield (
        "PNG, an eXIf of 8 MB of tags",
        lambda small=small: png(30, 30, small, png_chunk(b"eXIf", _many_tags(65535))),
    )
    frames = png_chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield "PNG that says 2^31 frames", lambda small=small, frames=frames: png(30, 30, small, frames)
    yield (
        "PNG, chunk longer than the file",
        lambda: saved("PNG")[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT",
    )
    yield "PNG, wrong check sums", lambda: saved("PNG").replace(b"IDAT", b"IDAX")
    yield "PNG, bad depth", lambda small=small: png(30, 30, small, depth=77, kind=99)
    yield "PNG, palette missing", lambda small=small: png(30, 30, small, kind=3)

    yield "JPEG, 3000 scans", lambda: scan_bomb(3000, 2000)
    yield "JPEG, 90 scans of 16 megapixels", lambda: scan_bomb(90, 4000)
    yield "JPEG, 20,000 tiny scans", lambda: scan_bomb(20_000, 16)
    jpeg = saved("JPEG")
    yield (
        "JPEG, 500,000 comments",
        lambda jpeg=jpeg: jpeg[:2] + b"\xff\xfe\0\2" * 500_000 + jpeg[2:],
    )
    yield "JPEG, 20 MB of padding", lambda jpeg=jpeg: jpeg[:2] + b"\xff" * 20_000_000 + jpeg[2:]
    yield "JPEG, 20 MB of zeros", lambda jpeg=jpeg: jpeg[:2] + b"\xff\0" * 10_000_000 + jpeg[2:]
    part = b"\xff\xe1\xff\xffExif\0\0" + bytes(65527)
    yield "JPEG, 1000 descriptions", lambda jpeg=jpeg, part=part: jpeg[:2] + part * 1000 + jpeg[2:]
    yield "JPEG, 390 descriptions", lambda jpeg=jpeg, part=part: jpeg[:2] + part * 390 + jpeg[2:]
    shop = b"\xff\xed\xff\xff" + b"Photoshop 3.0\0" + (b"8BIM\4\4\0\0" + bytes(4)) * 5000
    shop += bytes(4 + 65533 - len(shop))
    yield (
        "JPEG, 300 × 5000 parts of Photoshop",
        lambda jpeg=jpeg, shop=shop: jpeg[:2] + shop * 300 + jpeg[2:],
    )
    tags = b"Exif\0\0" + _many_tags(5000)
    exif = b"\xff\xe1" + struct.pack(">H", len(tags) + 2) + tags
    yield "JPEG, tags that overlap", lambda jpeg=jpeg, exif=exif: jpeg[:2] + exif + jpeg[2:]
    huge = bytearray(jpeg)
    place = huge.index(b"\xff\xc0")
    huge[place + 5 : place + 9] = b"\xff\xff\xff\xff"
    yield "JPEG of 65,535 × 65,535", lambda huge=bytes(huge): huge
    huge[place + 5 : place + 9] = bytes(4)
    yield "JPEG of 0 × 0", lambda huge=bytes(huge): huge
    huge[place + 5 : place + 9] = b"\x1b\x58\x1b\x58"
    yield "JPEG of 7000 × 7000 with nothing in it", lambda huge=bytes(huge): huge

    yield "GIF of 50,000 × 50,000", lambda: gif(50_000, 50_000)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x08\x02\0\0\0"
    yield "GIF, a frame larger than its screen", lambda frame=frame: gif(10, 10, b"", frame)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 7000, 7000, 0) + b"\x08\x02\0\0\0"
    yield "GIF of 7000 × 7000 with nothing in it", lambda frame=frame: gif(7000, 7000, b"", frame)
    comment = b"!\xfe" + b"\xff" + b"x" * 255
    yield (
        "GIF, a comment of 50 MB",
        lambda: gif(9, 9, b"!\xfe" + (b"\xff" + b"x" * 255) * 200_000 + b"\0"),
    )
    yield (
        "GIF, a comment in 5,000,000 parts",
        lambda: gif(9, 9, b"!\xfe" + b"\1x" * 5_000_000 + b"\0"),
    )
    yield (
        "GIF, 300,000 comments",
        lambda comment=comment: gif(9, 9, (comment[:2] + b"\1x\0") * 300_000),
    )
    yield "GIF, 20 MB of nothing", lambda: gif(9, 9, bytes(20_000_000))

    size = [(256, 4, 1, 50_000), (257, 4, 1, 50_000), (258, 3, 1, 8), (262, 3, 1, 1)]
    yield "TIFF of 50,000 × 50,000", lambda size=size: tiff([*size, (273, 4, 1, 8), (279, 4, 1, 9)])
    fits = [(256, 4, 1, 30), (257, 4, 1, 30), (258, 3, 1, 8), (262, 3, 1, 1)]
    for many in (2**20, 2**28, 2**32 - 1):
        yield (
            f"TIFF with {many:,} strips",
            lambda many=many, fits=fits: tiff([*fits, (273, 4, many, 8), (279, 4, many, 8)]),
        )
    strips = [(273, 4, 10_000_000, 200), (278, 3, 1, 1), (279, 4, 10_000_000, 200)]
    yield (
        "TIFF with 10,000,000 strips that are there",
        lambda fits=fits, strips=strips: tiff([*fits, *strips], bytes(41_000_000)),
    )
    yield (
        "TIFF in a circle",
        lambda fits=fits: tiff([*fits, (34665, 4, 1, 8), (34853, 4, 1, 8), (330, 4, 1, 8)]),
    )
    next_is_itself = tiff([*fits, (273, 4, 1, 200), (279, 4, 1, 900)], bytes(2000))
    place = 10 + 12 * 6
    circle = next_is_itself[:place] + struct.pack("<I", 8) + next_is_itself[place + 4 :]
    yield "TIFF whose next directory is the first", lambda circle=circle: circle
    yield "TIFF, tags that overlap", lambda: _many_tags(65535)
    tile = [(322, 4, 1, 2**30), (323, 4, 1, 2**30), (324, 4, 1, 8), (325, 4, 1, 9)]
    for kind in (1, 5, 8, 32773):
        yield (
            f"TIFF, a tile of 2^60, compression {kind}",
            lambda kind=kind, fits=fits, tile=tile: tiff([*fits, (259, 3, 1, kind), *tile]),
        )
    yield "TIFF, directory beyond the end", lambda: b"II*\0" + struct.pack("<I", 2**32 - 1)
    yield "TIFF, big, directory at 2^63", lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63)
    yield "TIFF, big, 2^63 tags", lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63)
    for value in (0, 2**16 - 1):
        odd = [*fits, (277, 3, 1, value), (273, 4, 1, 200), (279, 4, 1, 900)]
        yield f"TIFF with {value} samples", lambda odd=odd: tiff(odd, bytes(2000))
    packed = saved("TIFF", picture("RGB", (300, 300)), compression="tiff_lzw")
    yield "TIFF, LZW, cut", lambda packed=packed: packed[: len(packed) // 2]

    for width, height in (
        (-30, 30),
        (30, -30),
        (-(2**31), -(2**31)),
        (2**31 - 1, 2**31 - 1),
        (0, 9),
    ):
        yield (
            f"BMP of {width} × {height}",
            lambda width=width, height=height: bmp(width, height, data=bytes(1000)),
        )
    for compression in (1, 2, 3, 4, 5, 6, 99):
        yield (
            f"BMP, compression {compression}",
            lambda compression=compression: bmp(30, 30, 8, compression, bytes(1000)),
        )
    yield "BMP, RLE of 49 megapixels", lambda: bmp(7000, 7000, 8, 1, b"\1\0" * 10_000_000)
    yield "BMP, RLE of one long row", lambda: bmp(49_000_000, 1, 8, 1, b"\1\1" + b"\0\0" * 100)
    yield "BMP, RLE of 1 megapixel in single pixels", lambda: bmp(1000, 1000, 8, 1, b"\1\7" * 10**6)
    yield "BMP, RLE of jumps", lambda: bmp(1000, 1000, 8, 1, b"\0\2\xff\xff" * 100_000)
    yield "BMP, 77 bits", lambda: bmp(30, 30, 77, 0, bytes(1000))

    yield "WebP of 16,383 × 16,383", lambda: webp(16_383, 16_383)
    yield "WebP of 7000 × 7000 with nothing in it", lambda: webp(7000, 7000)
    canvas = struct.pack("<I", 2)[:4] + b"\xff" * 6
    anim = b"VP8X" + struct.pack("<I", 10) + canvas + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    yield (
        "WebP, canvas of 2^24 × 2^24",
        lambda anim=anim: b"RIFF" + struct.pack("<I", len(anim) + 4) + b"WEBP" + anim,
    )

    yield "PPM of 50,000 × 50,000", lambda: b"P6 50000 50000 255\n"
    yield "PPM of 7000 × 7000 with nothing in it", lambda: b"P6 7000 7000 255\n"
    yield (
        "PPM, 40 MB of comment",
        lambda: b"P6 #" + b"x" * 40_000_000 + b"\n30 30 255\n" + bytes(2700),
    )
    yield (
        "PPM, 10,000,000 comments",
        lambda: b"P6 " + b"#\n" * 10_000_000 + b"30 30 255\n" + bytes(2700),
    )
    yield "PPM, as text, 49 megapixels", lambda: b"P2 7000 7000 255\n" + b"1 " * 20_000_000
    yield "PPM, as text, 1 megapixel", lambda: b"P2 1000 1000 255\n" + b"1 " * 1_000_000
    yield "PPM, steps of 7, 49 megapixels", lambda: b"P5 7000 7000 7\n" + bytes(49_000_000)
    yield "PPM, steps of 7, 1 megapixel", lambda: b"P5 1000 1000 7\n" + bytes(1_000_000)
    yield "PPM, as text, one endless number", lambda: b"P2 30 30 255\n" + b"1" * 7_000_000
    yield "PPM, a size of 5000 digits", lambda: b"P5 " + b"9" * 5000 + b" 30 255\n"
    yield "PPM, negative", lambda: b"P5 -30 -30 255\n" + bytes(900)
    yield "PPM of 0 × 30", lambda: b"P5 0 30 255\n" + bytes(900)
    yield "PPM, top value 0", lambda: b"P5 30 30 0\n" + bytes(900)
    yield "PPM, PFM", lambda: b"Pf\n30 30\n-1.0\n" + bytes(3600)


def _many_tags(count: int) -> bytes:
    """A directory of tags that all claim the same bytes: what they hold adds up to gigabytes."""
    size = 10 + 12 * count
    return tiff([(tag, 1, max(size - 100, 5), 8) for tag in range(count)])


def _others() -> Iterator[tuple[str, bytes]]:
    """Other formats under a picture's name."""
    for kind in (
        "ICO",
        "ICNS",
        "PCX",
        "TGA",
        "SGI",
        "DDS",
        "XBM",
        "MSP",
        "SPIDER",
        "PDF",
    ):
        try:
            mode = {"XBM": "1", "MSP": "1", "SPIDER": "F", "DDS": "RGB"}.get(kind, "L")
            yield kind, saved(kind, picture(mode, (32, 32)))
        except (OSError, KeyError, ValueError):
            continue
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) (w) file closefile\n"
    yield "PSD", b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 30_000, 30_000, 8, 3)
    yield "HTML", b"<html><script>alert(1)</script></html>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x", bytes(20_000_000))
    yield "zip", buffer.getvalue()
    yield "gzip bomb", gzip.compress(bytes(20_000_000))
    yield "bzip2 bomb", bz2.compress(bytes(20_000_000))
    yield "nothing", b""
    yield "a byte", b"\x89"
    yield "zeros", bytes(100_000)
    yield "text", b"hello " * 100
    yield "FITS", b"SIMPLE  =                    T" + b" " * 3000
    yield "HDF", b"\x89HDF\r\n\x1a\n" + bytes(500)
    yield "JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(500)


def _cut() -> Iterator[tuple[str, bytes]]:
    """Good files of every format, cut short at many points."""
    for kind in SAVED:
        content = saved(kind, picture("RGB" if kind != "GIF" else "P", (60, 50)))
        for share in (1, 5, 10, 25, 50, 75, 90, 99):
            size = max(4, len(content) * share // 100)
            yield f"{kind} cut at {share} %", content[:size]
        yield f"{kind} with its start alone", content[:12]
        yield f"{kind} of another's body", content[:12] + saved("PNG")[12:]


def good_pictures() -> Iterator[tuple[str, bytes]]:
    """Awkward and right."""
    for kind in SAVED:
        yield kind, saved(kind)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        image = picture("L")
        if mode == "I;16":
            image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
        yield f"PNG {mode}", saved("PNG", image if mode == "I;16" else image.convert(mode))
    yield "JPEG CMYK", saved("JPEG", picture("CMYK"))
    yield "JPEG progressive", saved("JPEG", picture("RGB"), progressive=True)
    yield "TIFF CMYK", saved("TIFF", picture("CMYK"))
    yield "TIFF float", saved("TIFF", picture("F"))
    for packing in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield f"TIFF {packing}", saved("TIFF", picture("L"), compression=packing)
    yield "PNG of one pixel", saved("PNG", picture().resize((1, 1)))
    more = [picture().rotate(turn) for turn in (10, 20)]
    for kind in ("GIF", "WEBP", "PNG"):
        yield f"{kind} that moves", saved(kind, save_all=True, append_images=more)
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "b", zip=True)
    yield "PNG with text", saved("PNG", pnginfo=text)


def hostile_pictures() -> Iterator[tuple[str, Make]]:
    """Name of each, and what makes its content: all together they would take a gigabyte."""
    yield from _bombs()
    for name, content in [*_others(), *_cut(), *good_pictures()]:
        yield f"{name} as a picture", lambda content=content: content
