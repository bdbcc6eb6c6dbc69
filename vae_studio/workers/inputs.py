"""From an ``Input`` to the image that an encoder is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.digit import BOX, SIZE, Placement, Recipe, digit, drawn_over, painted
from vae_studio.core.errors import DatasetError, ImageError
from vae_studio.session.drawing import ImageRef, Input, Seen
from vae_studio.session.requests import Image, Way
from vae_studio.session.strokes import Strokes, line
from vae_studio.workers.jobs import images_of

_INK = 0.1  # of a pixel: less is paper
_SMALLEST = 0.05  # of the canvas; a drawing below this is a dot, not a digit to blow up


@dataclass(frozen=True, eq=False)
class Prepared:
    """image: float32 [C, H, W] in [0, 1], what the encoder sees. ground: the picture below the
    strokes, if there is one; they stay on it as they are. way: how strokes without one came there.
    """

    image: Image
    ground: Image | None = None
    way: Way | None = None


def prepared_input(given: Input) -> Prepared:
    """What the encoder sees. Raises ``DatasetError`` or ``ImageError`` where the picture is not
    there, or is none to draw on."""
    ground: Image | None = None
    if given.image is not None:
        ground = image_of(given.image)
    elif given.pixels is not None:
        ground = given.pixels.image()
    if ground is not None:
        return Prepared(_drawn_on(ground, given.strokes) if given.strokes else ground, ground)
    return _on_the_way(given)


def as_drawn(given: Input) -> Image:
    """The input with every stroke where it stands on the canvas, neither fitted nor centred: so a
    half is completed in the place that it was drawn for."""
    if given.has_picture:
        return prepared_input(given).image
    return _drawn_on(np.zeros((1, SIZE, SIZE), np.float32), given.strokes)


def to_complete(given: Input, seen: Seen) -> tuple[Image, NDArray[np.bool_]]:
    """What is completed, and which of its pixels [H, W] count as seen.

    Where a part is hidden, that is the input as the encoder sees it, and all but that part. Else it
    is a drawing in the making, where it stands on the canvas: its ink with a rim of paper, and what
    was brushed as empty.
    """
    if seen.hidden is not None:
        image = prepared_input(given).image
        height, width = image.shape[1:]
        left, top, right, bottom = seen.hidden
        across = (np.arange(width) + 0.5) / width
        down = (np.arange(height) + 0.5) / height
        inside = (down >= top) & (down < bottom)
        return image, ~(inside[:, None] & ((across >= left) & (across < right))[None, :])
    image = as_drawn(given)
    known = _grown(image.max(axis=0) > _INK)
    if seen.empty and known.shape == (SIZE, SIZE):
        known |= brushed(seen.empty) > _INK
    return image, known


def brushed(strokes: Strokes) -> NDArray[np.float32]:
    """How much a brush covered each pixel: float32 [28, 28] in [0, 1]."""
    return painted(
        [line(stroke) * SIZE - 0.5 for stroke in strokes],
        [stroke.width * SIZE for stroke in strokes],
    )


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the eight neighbours of each pixel."""
    wide = np.pad(mask, 1)
    grown = wide[:-2] | wide[1:-1] | wide[2:]
    return grown[:, :-2] | grown[:, 1:-1] | grown[:, 2:]


def image_of(ref: ImageRef) -> Image:
    """An image of a data set: float32 [C, H, W] in [0, 1]."""
    found = images_of(ref.dataset, ref.part)
    assert found is not None  # as nobody stops it
    images = found.images
    if not 0 <= ref.index < len(images):
        raise DatasetError("data.no_image", index=ref.index, count=len(images))
    return images[ref.index].float().div_(255.0).numpy()


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
    fitted, centred = (
        Placement(SIZE, each.x - 0.5, each.y - 0.5) for each in (made.fitted, made.centred)
    )
    return Prepared(made.ink[np.newaxis], way=Way(fitted, centred))


def _drawn_on(ground: Image, strokes: Strokes) -> Image:
    if ground.shape != (1, SIZE, SIZE):
        raise ImageError("image.shape", shape=ground.shape)
    ink = drawn_over(
        ground[0],
        [line(stroke) * SIZE - 0.5 for stroke in strokes],
        [stroke.width * SIZE for stroke in strokes],
        [stroke.erases for stroke in strokes],
    )
    return ink[np.newaxis]
