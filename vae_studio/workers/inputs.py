"""From an ``Input`` to the image that an encoder is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from vae_studio.core import ink
from vae_studio.core.datasets.fitting import fit
from vae_studio.core.datasets.settings import LARGEST, SMALLEST, ImportSettings
from vae_studio.core.digit import BOX, SIZE, Placement, Recipe, digit, drawn_over, painted
from vae_studio.core.errors import DatasetError, SpecError
from vae_studio.core.scan import border_ink, grey_of, image_to_input
from vae_studio.session.drawing import DIGITS, ImageRef, Input, Pixels, Seen, Sheet
from vae_studio.session.requests import Image, Way
from vae_studio.session.strokes import Strokes, line
from vae_studio.workers.jobs import images_of

_INK = 0.1  # of a pixel: less is paper
_SMALLEST = 0.05  # of the canvas; a drawing below this is a dot, not a digit to blow up
_KEPT = 8  # pictures that were made for another model, and fitted to this one


@dataclass(frozen=True, eq=False)
class Prepared:
    """image: float32 [C, H, W] in [0, 1], what the encoder sees. ground: the picture below the
    strokes, if there is one; they stay on it as they are. way: how strokes without one came there
    by MNIST's recipe; None where they are taken as they stand.
    """

    image: Image
    ground: Image | None = None
    way: Way | None = None


def prepared_input(given: Input, sheet: Sheet = DIGITS) -> Prepared:
    """What the encoder sees. Raises ``DatasetError`` where the picture of a data set is not there,
    ``SpecError`` where it is of another size."""
    ground = _ground(given, sheet)
    if ground is not None:
        drawn = _drawn_on(ground, given.strokes, sheet) if given.strokes else ground
        return Prepared(drawn, ground)
    if sheet.digits:
        return _on_the_way(given)
    return Prepared(_drawn_on(_paper(sheet), given.strokes, sheet))


def as_drawn(given: Input, sheet: Sheet = DIGITS) -> Image:
    """The input with every stroke where it stands on the canvas, neither fitted nor centred: so a
    half is completed in the place that it was drawn for."""
    if given.has_picture:
        return prepared_input(given, sheet).image
    return _drawn_on(_paper(sheet), given.strokes, sheet)


def to_complete(given: Input, seen: Seen, sheet: Sheet = DIGITS) -> tuple[Image, NDArray[np.bool_]]:
    """What is completed, and which of its pixels [H, W] count as seen.

    Where a part is hidden, that is the input as the encoder sees it, and all but that part. Else it
    is a drawing in the making, where it stands on the canvas: its ink with a rim of paper, and what
    was brushed as empty.
    """
    if seen.hidden is not None:
        image = prepared_input(given, sheet).image
        height, width = image.shape[1:]
        left, top, right, bottom = seen.hidden
        across = (np.arange(width) + 0.5) / width
        down = (np.arange(height) + 0.5) / height
        inside = (down >= top) & (down < bottom)
        return image, ~(inside[:, None] & ((across >= left) & (across < right))[None, :])
    image = as_drawn(given, sheet)
    apart = np.abs(image - np.float32(sheet.paper)).max(axis=0)
    known = _grown(apart > _INK)
    if seen.empty:
        known |= brushed(seen.empty, sheet) > _INK
    return image, known


def brushed(strokes: Strokes, sheet: Sheet = DIGITS) -> NDArray[np.float32]:
    """How much a brush covered each pixel: float32 [H, W] in [0, 1]."""
    lines, widths = _in_pixels(strokes, sheet)
    return painted(lines, widths) if sheet.digits else ink.covered(lines, widths, sheet.size)


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the eight neighbours of each pixel."""
    wide = np.pad(mask, 1)
    grown = wide[:-2] | wide[1:-1] | wide[2:]
    return grown[:, :-2] | grown[:, 1:-1] | grown[:, 2:]


# Pictures ----------------------------------------------------------------------------------------


def image_of(ref: ImageRef) -> Image:
    """An image of a data set: float32 [C, H, W] in [0, 1]."""
    found = images_of(ref.dataset, ref.part)
    assert found is not None  # as nobody stops it
    images = found.images
    if not 0 <= ref.index < len(images):
        raise DatasetError("data.no_image", index=ref.index, count=len(images))
    return images[ref.index].float().div_(255.0).numpy()


def fitted(
    picture: Pictures.Image, sheet: Sheet, inverted: bool | None = None
) -> tuple[Image, bool]:
    """A picture of any size as an image of the sheet's, made as those of its data set were: float32
    [C, H, W] in [0, 1]; and whether light became dark.

    inverted: None as the data set's settings say; where there are none, dark ink on light paper
    becomes light ink on dark, as the sheet's is. Raises ``ImageError``.
    """
    channels, height, width = sheet.shape
    made = sheet.settings
    if inverted is None:
        inverted = made.invert if made else _is_negative(picture, sheet)
    if made is None:
        made = ImportSettings(
            size=min(max(height, width, SMALLEST), LARGEST),
            colour="colour" if channels == 3 else "grey",
        )
    if sheet.settings is None or inverted != made.invert:
        # What is beside a picture, or seen through it, is paper, whichever way round it is taken.
        white = (sheet.paper == 1.0) != inverted
        made = replace(made, invert=inverted, background="white" if white else "black")
    image = fit(picture, made)
    if image.shape != sheet.shape:  # a size that no import makes
        planes = [Pictures.fromarray(plane).resize((width, height)) for plane in image]
        image = np.stack([np.asarray(plane) for plane in planes])
    return image.astype(np.float32) / np.float32(255.0), inverted


def _is_negative(picture: Pictures.Image, sheet: Sheet) -> bool:
    """Whether a picture is on light paper, and grey images of a data set on dark."""
    if sheet.shape[0] == 3 or sheet.paper == 1.0:
        return False
    grey = grey_of(picture)
    return float(np.median(grey)) > 0.5 and not border_ink(grey)[1]


def _ground(given: Input, sheet: Sheet) -> Image | None:
    """The picture below the strokes, as the sheet has it."""
    if given.image is not None:
        ground = image_of(given.image)
        if ground.shape != sheet.shape:
            wanted, found = (" × ".join(map(str, each)) for each in (sheet.shape, ground.shape))
            raise SpecError("spec.image_shape", wanted=wanted, found=found)
        return ground
    if given.pixels is None:
        return None
    if given.pixels.shape == sheet.shape:
        return given.pixels.image()
    return _refitted(given.pixels, sheet).copy()


@lru_cache(_KEPT)
def _refitted(pixels: Pixels, sheet: Sheet) -> Image:
    """Pixels that were made for another model, as the sheet has them; for a copy."""
    levels = np.frombuffer(pixels.data, np.uint8).reshape(pixels.shape).transpose(1, 2, 0)
    if sheet.digits:
        return image_to_input(levels)[np.newaxis]
    picture = Pictures.fromarray(levels if levels.shape[2] == 3 else levels[:, :, 0])
    plain = replace(sheet, settings=None)  # it was fitted, cut or centred already
    return fitted(picture, plain, inverted=False)[0]


# Strokes -----------------------------------------------------------------------------------------


def _paper(sheet: Sheet) -> Image:
    return np.full(sheet.shape, sheet.paper, np.float32)


def _in_pixels(strokes: Strokes, sheet: Sheet) -> tuple[list[NDArray[np.float64]], list[float]]:
    """Lines and widths in pixels; the canvas is a square around the image."""
    height, width = sheet.size
    side = max(height, width)
    origin = np.array([side - width, side - height]) / 2 + 0.5
    lines = [line(stroke) * side - origin for stroke in strokes]
    return lines, [stroke.width * side for stroke in strokes]


def _on_the_way(given: Input) -> Prepared:
    """By MNIST's recipe, but for the steps that are off."""
    steps = given.steps
    recipe = Recipe(box=BOX if steps.fitted else None, centred=steps.centred)
    lines = [line(stroke) for stroke in given.strokes]
    widths = None if steps.pen else [stroke.width for stroke in given.strokes]
    if steps.fitted:
        made = digit(lines, widths=widths, smallest=_SMALLEST, recipe=recipe)
        return Prepared(made.ink[np.newaxis], way=Way(made.fitted, made.centred))
    widths = widths and [width * SIZE for width in widths]
    made = digit([points * SIZE - 0.5 for points in lines], widths=widths, recipe=recipe)
    fitted_, centred = (
        Placement(SIZE, each.x - 0.5, each.y - 0.5) for each in (made.fitted, made.centred)
    )
    return Prepared(made.ink[np.newaxis], way=Way(fitted_, centred))


def _drawn_on(ground: Image, strokes: Strokes, sheet: Sheet) -> Image:
    lines, widths = _in_pixels(strokes, sheet)
    if not sheet.digits:
        return ink.drawn(ground, lines, widths, [sheet.levels(stroke) for stroke in strokes])
    made = drawn_over(ground[0], lines, widths, [stroke.erases for stroke in strokes])
    return made[np.newaxis]
