"""The ink of a page: told from paper, shadows, noise and ruled lines.

Legend: H, W are the sides of the picture as it is worked on; ink is how far a pixel is from the
paper around it, in shares of the full scale, >= 0. A share is of the picture's longer side where
nothing else is said.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageFilter

from vae_studio.core.digit import InkImage
from vae_studio.core.page_pieces import (
    grown,
    like_strokes,
    pieces_of,
    run_lengths,
    runs_of,
    sides_of,
)
from vae_studio.core.scan import FLAT, border_ink

MAX_RUNS = 60_000  # a picture with more is looked at coarser: it is noise, or a pattern
_TILES, _FINE = 64, 320  # along the longer side, in which the paper is told from the ink
_WIDE = 13  # tiles: most of so many by so many are paper
_NEAR = 5  # tiles: what is left of shadows is the mean over so many by so many
_NOISE = 5.0  # ink is this many standard deviations of the paper's noise, at least
_FAINT = 0.4  # and this share of the strongest ink
_SECTIONS, _STRIPS = 3, 24  # of the width, and of each section: lines are sought in each
_SLOPES = np.linspace(-0.08, 0.08, 41)  # of lines: 5 degrees
_LONG = 0.6  # share of the width that such a line spans, at least
_THIN = 0.006  # share that such a line is thick, at most


def ink_of(grey: InkImage, inverted: bool | None, window: float, floor: float) -> InkImage:
    """Ink [H, W] of ``grey``."""
    if inverted is not None:
        return _one_sided(grey, window, floor, light=inverted)
    dark, light = (_one_sided(grey, window, floor, light=light) for light in (False, True))
    # The gaps between strokes are narrow, too, but not apart from what most of the paper is.
    apart = grey - without_salt(grey)
    dark_side = unruled(np.clip(-apart, 0, dark), floor)
    light_side = unruled(np.clip(apart, 0, light), floor)
    level = max(level_of(dark_side, floor), level_of(light_side, floor))
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
    if runs_of(mask)[0].size > MAX_RUNS:
        return float((ink[mask] ** 2).sum())
    pieces = pieces_of(mask)
    mass = np.bincount(pieces.label.ravel(), ink.ravel() ** 2)[1:]
    return float(mass[like_strokes(pieces, 0.35)].sum())


def level_of(ink: InkImage, floor: float) -> float:
    """What noise, which is below ``floor``, and faint traces stay below."""
    strong = ink[ink > floor]
    return max(floor, _FAINT * float(np.percentile(strong, 95))) if strong.size else floor


def floor_of(grey: InkImage) -> float:
    """What noise stays below, from the differences of pixels that are near to each other."""
    near = np.abs(grey[:, 2:] - grey[:, :-2]) if grey.shape[1] > 2 else np.zeros((1, 1))
    noise = 1.4826 * float(np.median(near[::2, ::3])) / 2**0.5
    return max(_NOISE * noise, FLAT)


def without_salt(grey: InkImage) -> InkImage:
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
    blank = ~grown(grown(np.abs(apart) >= level_of(np.abs(apart), floor), square=True), square=True)
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


def halved(grey: InkImage) -> InkImage:
    return np.asarray(Image.fromarray(grey).reduce(2))


# Ruled paper ----------------------------------------------------------------------------------


def unruled(ink: InkImage, floor: float) -> InkImage:
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
        near = grown(near, square=True)
    pieces = pieces_of(near)
    long = sides_of(pieces.box)[0] > _LONG * width
    line &= np.concatenate([[False], long])[pieces.label]
    if not line.any():
        return ink
    strokes = 2 * float(np.median(run_lengths(line.T).T[line])) < run_lengths((ink > floor).T).T
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
