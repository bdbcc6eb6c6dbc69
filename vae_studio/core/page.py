"""The digits of a page, a photo or a scan: ink into pieces, pieces into digits, in reading order.

Legend: H, W are the sides of the picture as it is worked on; boxes are as in
``page_pieces``, ink as in ``page_ink``: how far a pixel is from the
paper around it, in shares of the full scale, >= 0. A share is of the picture's longer side where
nothing else is said. Errors are ``ImageError``, as of ``vae_studio.core.scan``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.digit import InkImage
from vae_studio.core.page_ink import (
    MAX_RUNS,
    floor_of,
    halved,
    ink_of,
    level_of,
    unruled,
    without_salt,
)
from vae_studio.core.page_pieces import (
    Boxes,
    Mask,
    Pieces,
    extent_of,
    grown,
    joined,
    like_strokes,
    pieces_of,
    runs_of,
    shares_of,
    sides_of,
    union_of,
)
from vae_studio.core.scan import FLAT, border_ink, grey_of, image_to_input, is_mnist
from vae_studio.core.scan import ink_to_input as to_input

PAGE_SIDE: Final = 1400  # larger pictures are averaged down to this, px: 5 mm of A4 are 24 px
_WINDOWS = (0.11, 0.23)  # shares: strokes are narrower
_COVERED = 0.3  # of what is apart from the border: with less in digits, the larger one is tried
_MANY = 4  # and what is found is no more than the remains of one large digit
_TOO_LARGE = 3  # windows: for a larger digit, the larger one is tried
_TOO_NOISY = 0.6  # ink would be hidden
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
        return (FoundDigit(grey, shares_of(extent_of(grey > 0.5 * grey.max()), grey)),)
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
        floor = floor_of(grey)
        if floor > _TOO_NOISY:
            return (), grey
        if runs_of(np.abs(grey - without_salt(grey)) > floor)[0].size > 2 * MAX_RUNS:
            grey = halved(grey)
            continue
        whole = ink_of(grey, inverted, window, floor)
        ink = unruled(whole, floor)
        mask = ink > level_of(ink, floor)
        if runs_of(mask)[0].size <= MAX_RUNS:
            break
        grey = halved(grey)
    found = _digits(ink, mask, most) or _digits(whole, whole > level_of(whole, floor), most)
    return found, grey


# Digits ---------------------------------------------------------------------------------------


def _digits(ink: InkImage, mask: Mask, most: int) -> tuple[FoundDigit, ...]:
    """The digits whose ink is where ``mask`` is, in reading order."""
    side = max(mask.shape)
    wide = mask
    for step in range(round(side / 800)):  # breaks of a few pixels are closed
        wide = grown(wide, square=step % 2 == 1)
    pieces = pieces_of(wide)
    group = _grouped(pieces, mask.shape)
    boxes = joined(pieces.box, group)
    across, down = sides_of(boxes)
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
    near = grown(grown(own, square=False), square=True) & ((group[cut] < 0) | own)
    extent = extent_of(own & mask[cut])
    box = extent + np.array([cut[1].start, cut[0].start] * 2)
    return FoundDigit(to_input(np.pad(np.where(near, ink[cut], 0), 1)), shares_of(box, ink))


def _grouped(pieces: Pieces, shape: tuple[int, ...]) -> Boxes:
    """The number of the digit that each piece belongs to, [n]; -1 for none."""
    box, side = pieces.box, max(shape)
    across, down = sides_of(box)
    size = np.maximum(across, down)
    keep = like_strokes(pieces, 0.6, 2 * round(side / 800)) | (size < _SMALLEST * side)
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
            joined[one] = union_of(joined[np.append(taken, one)])
            rest = rest[~part]
    numbers = np.full(len(box) + 1, -1, np.intp)
    heads = np.unique(group[group >= 0])
    numbers[heads] = np.arange(len(heads))
    return np.where(group >= 0, numbers[group], -1)


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
    reach = np.minimum(0.25 * high, 0.8 * np.maximum(*sides_of(others)))
    reach = np.where(np.maximum(*sides_of(others)) < 0.1 * high, 0, reach)
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
        grey = halved(grey)
    steps = [np.abs(np.diff(grey, axis=axis)) for axis in (0, 1)]
    sharp = max(float(step.max(initial=0)) for step in steps)
    noise = max(float(np.median(step)) if step.size else 0.0 for step in steps)
    if sharp < max(_EDGE, 10 * noise):
        return ()
    digit = image_to_input(image, inverted=inverted)
    ink, _ = border_ink(grey, inverted=inverted)
    if not digit.any():
        return ()
    return (FoundDigit(digit, shares_of(extent_of(ink > 0.5 * ink.max()), grey)),)
