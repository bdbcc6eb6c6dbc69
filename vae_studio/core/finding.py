"""The digits in a photo or a scan: paper from ink, ink into pieces, pieces into digits.

Legend: H, W are the sides of the picture as it is worked on; boxes are int [n, 4] of left, top,
right, bottom in its pixels, right and bottom outside. Ink is how far a pixel is from the paper
around it, in shares of the full scale, >= 0. A share is of the picture's longer side where nothing
else is said. Errors are ``ImageError``, as of ``vae_studio.core.scan``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vae_studio.core.digit import InkImage
from vae_studio.core.scan import FLAT, border_ink, dilated, grey_of, image_to_input, is_mnist
from vae_studio.core.scan import ink_to_input as to_input

Mask = NDArray[np.bool_]
Boxes = NDArray[np.intp]

PAGE_SIDE: Final = 1400  # larger pictures are averaged down to this, px: 5 mm of A4 are 24 px
_TILES, _FINE = 64, 320  # along the longer side, in which the paper is told from the ink
_WINDOWS = (0.11, 0.23)  # shares: strokes are narrower
_COVERED = 0.3  # of what is apart from the border: with less in digits, the larger one is tried
_MANY = 4  # and what is found is no more than the remains of one large digit
_TOO_LARGE = 3  # windows: for a larger digit, the larger one is tried
_WIDE = 13  # tiles: most of so many by so many are paper
_NEAR = 5  # tiles: what is left of shadows is the mean over so many by so many
_NOISE = 5.0  # ink is this many standard deviations of the paper's noise, at least
_TOO_NOISY = 0.6  # ink would be hidden
_FAINT = 0.4  # and this share of the strongest ink
_MAX_RUNS = 60_000  # a picture with more is looked at coarser: it is noise, or a pattern
_SECTIONS, _STRIPS = 3, 24  # of the width, and of each section: lines are sought in each
_SLOPES = np.linspace(-0.08, 0.08, 41)  # of lines: 5 degrees
_LONG = 0.6  # share of the width that such a line spans, at least
_THIN = 0.006  # share that such a line is thick, at most
_SMALLEST = 0.008  # share; a digit is larger
_SPECK = 0.3  # of the usual size: a digit is larger
_HUGE = 0.5  # share; what touches the border and is larger is no digit, unless it is all there is
_ALONG = 0.8  # of its longer side: what lies along the border by so much is no digit
_EDGE = 0.25  # of the full scale: a step that a shadow does not make


@dataclass(frozen=True, eq=False)
class FoundDigit:
    """A digit of a picture. ink: float32 [28, 28] in [0, 1], as ``image_to_input`` makes it.
    box: left, top, right, bottom of its ink, in shares of the picture's width and height."""

    ink: InkImage
    box: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Connected pieces of a mask [H, W]. label: int32 [H, W], 0 where there is none, otherwise the
    number of the piece, from 1. box: [n, 4]. thick: how thick the strokes of each are,
    on the whole, [n]."""

    label: NDArray[np.int32]
    box: Boxes
    thick: NDArray[np.float64]


def digits_in(
    image: Image.Image | NDArray[Any], *, inverted: bool | None = None, most: int = 30
) -> tuple[FoundDigit, ...]:
    """Each digit of a photo or a scan, rows from top to bottom, in a row from left to right.

    image: as ``image_to_input`` takes it, and its errors. inverted: True for light ink on dark,
    False for dark on light, None to find out. most: of more, the largest are returned.

    Shadows, noise, specks, ruled lines and the edge of a desk are left out; digits that touch are
    one. Where nothing can be told apart, what ``image_to_input`` sees is the one digit; a picture
    without ink has none. One in MNIST's own form comes back as it is, as one.
    """
    grey = grey_of(image, PAGE_SIDE)
    if most < 1 or float(grey.max()) - float(grey.min()) < FLAT:
        return ()
    if is_mnist(grey, inverted=inverted):
        return (FoundDigit(grey, _shares(_extent(grey > 0.5 * grey.max()), grey)),)
    found: tuple[FoundDigit, ...] = ()
    covered, largest, work = 0.0, 0.0, grey
    for window in _WINDOWS:
        more, work = _look(work, inverted, window, most)
        share = _covered(grey, more, inverted)
        doubtful = len(found) < _MANY and share > 2 * covered
        if more and (not found or doubtful or largest > _TOO_LARGE * window / 2):
            found, covered = more, share
            largest = max(max(_box_sides(one.box)) for one in found)
        enough = covered > _COVERED or len(found) >= _MANY
        if found and enough and largest <= _TOO_LARGE * window:
            break
    # A digit that fills the picture is cut where it meets the border: its paper is not around it.
    if len(found) == 1 and largest > _TOO_LARGE * _WINDOWS[0] and _at_border(found[0].box):
        return _the_one(image, grey, inverted) or found
    return found or _the_one(image, grey, inverted)


def _covered(grey: InkImage, found: tuple[FoundDigit, ...], inverted: bool | None) -> float:
    """The share, of what is clearly apart from the border, that lies in the digits' boxes."""
    height, width = grey.shape
    ink, _ = border_ink(grey, inverted=inverted)
    apart = ink > 0.5 * float(ink.max())
    inside = np.zeros(grey.shape, np.bool_)
    for one in found:
        left, top, right, bottom = np.rint(
            np.array(one.box) * [width, height, width, height]
        ).astype(int)
        inside[top:bottom, left:right] = True
    return float((apart & inside).sum()) / max(float(apart.sum()), 1.0)


def _box_sides(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _at_border(box: tuple[float, float, float, float]) -> bool:
    return min(box[:2]) < 0.02 or max(box[2:]) > 0.98


def _look(
    grey: InkImage, inverted: bool | None, window: float, most: int
) -> tuple[tuple[FoundDigit, ...], InkImage]:
    """What is found with such a window, and the picture as coarse as it had to be for that."""
    while True:
        floor = _floor(grey)
        if floor > _TOO_NOISY:
            return (), grey
        if _runs(np.abs(grey - _median(grey)) > floor)[0].size > 2 * _MAX_RUNS:
            grey = _halved(grey)
            continue
        whole = _ink(grey, inverted, window, floor)
        ink = _unruled(whole, floor)
        mask = ink > _level(ink, floor)
        if _runs(mask)[0].size <= _MAX_RUNS:
            break
        grey = _halved(grey)
    found = _digits(ink, mask, most) or _digits(whole, whole > _level(whole, floor), most)
    return found, grey


# Paper and ink ---------------------------------------------------------------------------------


def _ink(grey: InkImage, inverted: bool | None, window: float, floor: float) -> InkImage:
    """Ink [H, W] of ``grey``."""
    if inverted is not None:
        return _one_sided(grey, window, floor, light=inverted)
    dark, light = (_one_sided(grey, window, floor, light=light) for light in (False, True))
    # The gaps between strokes are narrow, too, but not apart from what most of the paper is.
    apart = grey - _median(grey)
    dark_side = _unruled(np.clip(-apart, 0, dark), floor)
    light_side = _unruled(np.clip(apart, 0, light), floor)
    level = max(_level(dark_side, floor), _level(light_side, floor))
    dark_mass, light_mass = _stroke_mass(dark_side, level), _stroke_mass(light_side, level)
    if max(dark_mass, light_mass) < 1.5 * min(dark_mass, light_mass):
        return light if border_ink(grey)[1] else dark
    return light if light_mass > dark_mass else dark


def _one_sided(grey: InkImage, window: float, floor: float, *, light: bool) -> InkImage:
    """Ink [H, W] that is lighter, or darker, than its paper. In a shadow ink is as dark as
    elsewhere, beside the paper there."""
    paper = _paper(grey, window) if light else -_paper(-grey, window)
    apart = grey - paper if light else paper - grey
    ink: InkImage = np.maximum(apart - _remaining(apart, floor), 0)
    return ink if light else ink / np.maximum(paper / max(float(paper.max()), 0.01), 0.3)


def _stroke_mass(ink: InkImage, level: float) -> float:
    """How much of ``ink`` is in strokes: a corner of the desk or its edge is none."""
    mask = ink > level
    if _runs(mask)[0].size > _MAX_RUNS:
        return float((ink[mask] ** 2).sum())
    pieces = _pieces(mask)
    mass = np.bincount(pieces.label.ravel(), ink.ravel() ** 2)[1:]
    return float(mass[_like_strokes(pieces, 0.35)].sum())


def _level(ink: InkImage, floor: float) -> float:
    """What noise, which is below ``floor``, and faint traces stay below."""
    strong = ink[ink > floor]
    return max(floor, _FAINT * float(np.percentile(strong, 95))) if strong.size else floor


def _floor(grey: InkImage) -> float:
    """What noise stays below, from the differences of pixels that are near to each other."""
    near = np.abs(grey[:, 2:] - grey[:, :-2]) if grey.shape[1] > 2 else np.zeros((1, 1))
    noise = 1.4826 * float(np.median(near[::2, ::3])) / 2**0.5
    return max(_NOISE * noise, FLAT)


def _median(grey: InkImage) -> InkImage:
    """What most of the picture is around each pixel, [H, W]."""
    return _spread(_tiles(grey).filter(ImageFilter.MedianFilter(_WIDE)), grey.shape)


def _paper(grey: InkImage, window: float) -> InkImage:
    """What a dark paper would be without its light ink, [H, W]: an opening, which removes all that
    is narrower than that share, and takes shadows and the edge of a sheet along."""
    small = np.asarray(_tiles(grey, _FINE))
    size = 2 * round(window * max(small.shape) / 2) + 1
    # The picture goes on beyond its border: so a desk there is as wide as it needs to be.
    wide = np.pad(small, size, "edge")
    for least in (True, True, False, False):
        wide = _extreme(wide, size, least=least).T
    opened = np.ascontiguousarray(wide[size:-size, size:-size])
    return _spread(Image.fromarray(opened), grey.shape, _FINE)


def _remaining(apart: InkImage, floor: float) -> InkImage:
    """What the paper still is apart from its median [H, W]: the mean of what is no ink around."""
    blank = ~_grown(_grown(np.abs(apart) >= _level(np.abs(apart), floor), square=True), square=True)
    weight = _summed(np.asarray(_tiles(blank.astype(np.float32))))
    mean = _summed(np.asarray(_tiles(np.where(blank, apart, 0)))) / np.maximum(weight, 1e-6)
    known = np.where(weight > 0.2 * _NEAR**2, mean, 0).astype(np.float32)
    return _spread(Image.fromarray(known), apart.shape)


def _tile(shape: tuple[int, ...], count: int) -> int:
    return max(round(max(shape) / count), 1)


def _tiles(values: InkImage, count: int = _TILES) -> Image.Image:
    """Means of tiles, about ``count`` along the longer side."""
    return Image.fromarray(values).reduce(_tile(values.shape, count))


def _spread(tiles: Image.Image, shape: tuple[int, ...], count: int = _TILES) -> InkImage:
    """The values of tiles [h, w], over all their pixels [H, W]."""
    height, width = shape
    tile = _tile(shape, count)
    box = (0.0, 0.0, width / tile, height / tile)
    return np.asarray(tiles.resize((width, height), Image.Resampling.BILINEAR, box))


def _summed(tiles: InkImage) -> InkImage:
    """Sums over ``_NEAR`` by ``_NEAR`` tiles around each."""
    wide = np.pad(tiles, _NEAR // 2)
    total: InkImage = sliding_window_view(wide, (_NEAR, _NEAR)).sum(axis=(2, 3))
    return total


def _halved(grey: InkImage) -> InkImage:
    return np.asarray(Image.fromarray(grey).reduce(2))


# Pieces ----------------------------------------------------------------------------------------


def _runs(mask: Mask) -> tuple[Boxes, Boxes]:
    """Starts and ends of the horizontal runs of ``mask``, as places in its rows one after another,
    each row with a pixel more on both sides; ends are outside."""
    wide = np.pad(mask, ((0, 0), (1, 1))).ravel()
    change = np.flatnonzero(wide[1:] != wide[:-1]) + 1
    return change[0::2], change[1::2]


def _lengths(mask: Mask) -> Boxes:
    """The length of the horizontal run that each pixel of ``mask`` is in, 0 outside."""
    start, end = _runs(mask)
    result = np.zeros(mask.shape, np.intp)
    result[mask] = np.repeat(end - start, end - start)
    return result


def _pieces(mask: Mask) -> _Pieces:
    """The pieces of ``mask`` that hang together, over edges or corners, found by runs: as many
    rounds as a logarithm, each over whole arrays."""
    start, end = _runs(mask)
    stride = mask.shape[1] + 2
    # Of the runs one row below, those that touch run i are first[i] to last[i] - 1.
    first = np.searchsorted(end, start + stride, "left")
    last = np.searchsorted(start, end + stride, "right")
    count = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(start)), count)
    below = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    below += np.repeat(first, count)
    root = np.arange(len(start))
    while True:
        one, other = root[above], root[below]
        apart = one != other
        if not apart.any():
            break
        above, below, one, other = above[apart], below[apart], one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(root, root[root]):
            root = root[root]
    _, number = np.unique(root, return_inverse=True)
    pieces = int(number.max()) + 1 if number.size else 0
    row, left = np.divmod(start, stride)
    box = np.empty((pieces, 4), np.intp)
    box[:, :2], box[:, 2:] = np.iinfo(np.intp).max, 0
    np.minimum.at(box[:, 0], number, left - 1)
    np.minimum.at(box[:, 1], number, row)
    np.maximum.at(box[:, 2], number, left - 1 + end - start)
    np.maximum.at(box[:, 3], number, row + 1)
    label = np.zeros(mask.shape, np.int32)
    label[mask] = np.repeat(number + 1, end - start)
    thick = np.minimum(_lengths(mask), _lengths(mask.T).T)
    total = np.bincount(label.ravel(), thick.ravel(), pieces + 1)[1:]
    return _Pieces(label, box, total / np.bincount(number, end - start, pieces))


# Ruled paper -----------------------------------------------------------------------------------


def _unruled(ink: InkImage, floor: float) -> InkImage:
    """``ink`` [H, W] without the lines of ruled or squared paper."""
    return _unlined(_unlined(ink, floor).T, floor).T


def _unlined(ink: InkImage, floor: float) -> InkImage:
    """``ink`` without the nearly level lines of ruled paper. Where a stroke crosses one, it stays.

    In each third of the width on its own, as paper bends: the slope under which rows stand out in
    most of its narrow strips, and these rows.
    """
    height, width = ink.shape
    parts = _SECTIONS * _STRIPS
    if width < 4 * parts or height < 50:
        return ink
    thick = max(round(_THIN * max(ink.shape)), 2)
    line = np.zeros(ink.shape, np.bool_)
    for columns in np.array_split(np.arange(width), _SECTIONS):
        middle = float(columns.mean())
        narrow = np.array_split(columns, _STRIPS)
        strips = np.stack([ink[:, one[0] : one[-1] + 1].mean(axis=1) for one in narrow])
        at = np.array([one.mean() - middle for one in narrow])
        down = np.rint(_SLOPES[:, None] * at).astype(np.intp)  # [slopes, strips]
        rows = np.clip(np.arange(height) + down[:, :, None], 0, height - 1)
        sheared = strips[np.arange(_STRIPS)[None, :, None], rows]
        usual = np.partition(sheared, _STRIPS * 2 // 5, axis=1)[:, _STRIPS * 2 // 5]
        peaks = usual - _opened(usual, 2 * thick + 1)
        best = int(np.argmax((peaks**2).sum(axis=1)))
        high = np.pad(peaks[best] > max(0.3 * floor, FLAT / 2), 1)
        high = high[:-2] | high[1:-1] | high[2:]
        down = np.rint(_SLOPES[best] * (columns - middle)).astype(np.intp)
        rows = np.clip(np.arange(height)[:, None] - down, 0, height - 1)
        line[:, columns] = high[rows]
    if not line.any():
        return ink
    # A digit's stroke may seem a line in one section; a line goes on in the next, near enough.
    near = line
    for _ in range(max(round(0.002 * max(ink.shape)), 2)):
        near = _grown(near, square=True)
    pieces = _pieces(near)
    long = _sides(pieces.box)[0] > _LONG * width
    line &= np.concatenate([[False], long])[pieces.label]
    if not line.any():
        return ink
    strokes = 2 * float(np.median(_lengths(line.T).T[line])) < _lengths((ink > floor).T).T
    return np.where(line & ~strokes, np.float32(0), ink)


def _opened(rows: InkImage, window: int) -> InkImage:
    """``rows`` [n, H] without peaks narrower than ``window``, which is odd."""
    return _extreme(_extreme(rows, window, least=True), window, least=False)


def _extreme(rows: InkImage, window: int, *, least: bool) -> InkImage:
    """The least or the largest of so many neighbours in each row [n, H]; ``window`` is odd."""
    half = ((0, 0), (window // 2, window // 2))
    around = sliding_window_view(np.pad(rows, half, "edge"), window, axis=1)
    result: InkImage = around.min(axis=2) if least else around.max(axis=2)
    return result


# Digits ----------------------------------------------------------------------------------------


def _digits(ink: InkImage, mask: Mask, most: int) -> tuple[FoundDigit, ...]:
    """The digits whose ink is where ``mask`` is, in reading order."""
    side = max(mask.shape)
    wide = mask
    for step in range(round(side / 800)):  # breaks of a few pixels are closed
        wide = _grown(wide, square=step % 2 == 1)
    pieces = _pieces(wide)
    group = _grouped(pieces, mask.shape)
    boxes = _joined(pieces.box, group)
    across, down = _sides(boxes)
    size = np.maximum(across, down)
    if not len(boxes):
        return ()
    usual = float(np.sort(size)[-most:].mean()) if len(size) else 0.0
    usual = float(np.median(size[size >= 0.5 * usual]))
    kept = np.flatnonzero(size >= max(_SPECK * usual, _SMALLEST * side, 4))
    kept = kept[np.argsort(-size[kept], kind="stable")[:most]]
    order = kept[_reading_order(boxes[kept])]
    of_piece = np.concatenate([[-1], group])
    digit = of_piece[pieces.label]
    return tuple(_digit(ink, mask, digit, number, boxes) for number in order)


def _digit(ink: InkImage, mask: Mask, group: NDArray[Any], number: int, boxes: Boxes) -> FoundDigit:
    left, top, right, bottom = boxes[number]
    cut = np.s_[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2]
    own = group[cut] == number
    near = _grown(_grown(own, square=False), square=True) & ((group[cut] < 0) | own)
    extent = _extent(own & mask[cut])
    box = extent + np.array([cut[1].start, cut[0].start] * 2)
    return FoundDigit(to_input(np.pad(np.where(near, ink[cut], 0), 1)), _shares(box, ink))


def _grouped(pieces: _Pieces, shape: tuple[int, ...]) -> Boxes:
    """The number of the digit that each piece belongs to, [n]; -1 for none."""
    box, side = pieces.box, max(shape)
    across, down = _sides(box)
    size = np.maximum(across, down)
    keep = _like_strokes(pieces, 0.6, 2 * round(side / 800)) | (size < _SMALLEST * side)
    keep &= size >= 3
    label = pieces.label
    border = np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]])
    contact = np.bincount(border, minlength=len(box) + 1)[1:]
    keep &= contact < np.maximum(_ALONG * size, 3)
    huge = (contact > 0) & (size > _HUGE * side)
    if (keep & ~huge & (size >= _SMALLEST * side)).any():
        keep &= ~huge
    group = np.full(len(box), -1, np.intp)
    chosen = np.flatnonzero(keep)
    chosen = chosen[np.argsort(-size[chosen], kind="stable")][:500]
    chosen = chosen[np.argsort(-down[chosen], kind="stable")]
    tall = down[chosen][down[chosen] >= 0.5 * down[chosen].max(initial=0)]
    usual = float(np.median(tall)) if tall.size else 0.0
    group[chosen] = chosen
    # Higher ones first; each takes the others that are its parts.
    joined = box.copy()
    for i, one in enumerate(chosen):
        if group[one] != one:
            continue
        rest = chosen[i + 1 :]
        rest = rest[group[rest] == rest]
        while rest.size:
            part = _is_part(joined[one], joined[rest], usual)
            if not part.any():
                break
            taken = rest[part]
            group[taken] = one
            joined[one] = _union(joined[np.append(taken, one)])
            rest = rest[~part]
    numbers = np.full(len(box) + 1, -1, np.intp)
    heads = np.unique(group[group >= 0])
    numbers[heads] = np.arange(len(heads))
    return np.where(group >= 0, numbers[group], -1)


def _like_strokes(pieces: _Pieces, blob: float, grown: int = 0) -> Mask:
    """Which pieces [n] are neither blobs, thicker than that share of their size, nor edges, long
    and as thin as a hair."""
    size = np.maximum(*_sides(pieces.box))
    narrow = np.minimum(*_sides(pieces.box)) - grown
    hair = (pieces.thick - grown < 0.025 * size) | (narrow < 0.06 * size)
    edge = hair & (size > 0.05 * max(pieces.label.shape))
    result: Mask = (pieces.thick <= blob * size) & ~edge
    return result


def _is_part(whole: Boxes, others: Boxes, usual: float) -> Mask:
    """Which of ``others`` [n, 4] are parts of the digit ``whole`` [4]: mostly above one another,
    and near, and together not higher than a digit is."""
    width = np.minimum(whole[2] - whole[0], others[:, 2] - others[:, 0])
    over = np.minimum(whole[2], others[:, 2]) - np.maximum(whole[0], others[:, 0])
    gap = np.maximum(whole[1], others[:, 1]) - np.minimum(whole[3], others[:, 3])
    union = np.maximum(whole[3], others[:, 3]) - np.minimum(whole[1], others[:, 1])
    high = whole[3] - whole[1]
    small = others[:, 3] - others[:, 1] < 0.5 * high
    beside = (over >= 0.5 * width) | (small & (over >= -0.08 * high))
    # A speck below a digit is none of its parts: what is small must be very near.
    reach = np.minimum(0.25 * high, 0.8 * np.maximum(*_sides(others)))
    reach = np.where(np.maximum(*_sides(others)) < 0.1 * high, 0, reach)
    result: Mask = beside & (gap <= reach) & (union <= max(1.6 * high, 1.1 * usual))
    return result


def _reading_order(boxes: Boxes) -> Boxes:
    """Numbers of ``boxes`` [n, 4], row by row; rows may slope a little."""
    slope = 0.0
    for _ in range(2):
        x = (boxes[:, 0] + boxes[:, 2]) / 2
        y = (boxes[:, 1] + boxes[:, 3]) / 2 - slope * x
        high = boxes[:, 3] - boxes[:, 1]
        rows: list[list[int]] = []
        for one in np.argsort(x, kind="stable").tolist():
            off = [abs(y[row[-1]] - y[one]) / max(high[row[-1]], high[one]) for row in rows]
            best = int(np.argmin(off)) if off else -1
            if best >= 0 and off[best] < 0.6:
                rows[best].append(one)
            else:
                rows.append([one])
        steps = [(row[0], row[-1]) for row in rows if len(row) > 1]
        if not steps:
            break
        run = sum(x[b] - x[a] for a, b in steps)
        slope += sum(y[b] - y[a] for a, b in steps) / max(run, 1.0)
    rows.sort(key=lambda row: float(np.mean(y[row])))
    return np.array([one for row in rows for one in row], np.intp)


def _the_one(
    image: Image.Image | NDArray[Any], grey: InkImage, inverted: bool | None
) -> tuple[FoundDigit, ...]:
    """The whole picture as one digit, if it has edges as sharp as ink's."""
    while max(grey.shape) > 200 and min(grey.shape) > 1:
        grey = _halved(grey)
    steps = [np.abs(np.diff(grey, axis=axis)) for axis in (0, 1)]
    sharp = max(float(step.max(initial=0)) for step in steps)
    noise = max(float(np.median(step)) if step.size else 0.0 for step in steps)
    if sharp < max(_EDGE, 10 * noise):
        return ()
    digit = image_to_input(image, inverted=inverted)
    ink, _ = border_ink(grey, inverted=inverted)
    if not digit.any():
        return ()
    return (FoundDigit(digit, _shares(_extent(ink > 0.5 * ink.max()), grey)),)


def _sides(boxes: Boxes) -> tuple[Boxes, Boxes]:
    """Widths and heights [n]."""
    return boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]


def _union(boxes: Boxes) -> Boxes:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _joined(box: Boxes, group: Boxes) -> Boxes:
    """Boxes of the groups."""
    count = int(group.max(initial=-1)) + 1
    return np.stack([_union(box[group == number]) for number in range(count)]) if count else box[:0]


def _grown(mask: Mask, *, square: bool) -> Mask:
    return dilated(mask.astype(np.float32), square=square) > 0


def _extent(mask: Mask) -> Boxes:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


def _shares(box: Boxes, grey: InkImage) -> tuple[float, float, float, float]:
    height, width = grey.shape
    left, top, right, bottom = box.tolist()
    return left / width, top / height, right / width, bottom / height
