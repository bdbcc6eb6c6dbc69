"""Small sets of real pictures, drawn here: colours with classes that are words, and no labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vae_studio.core.datasets.set_writer import SetWriter
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.table import DatasetInfo

_COLOURS = {"red": (214, 52, 48), "green": (46, 160, 67), "blue": (38, 110, 224)}
_SHAPES = ("disc", "square", "triangle", "ring")
_SCALE = 4  # drawn so many times as large, so that edges are smooth

SHAPES = (
    *(f"{colour} {shape}" for colour in _COLOURS for shape in _SHAPES[:-1]),
    "red ring",
    "green ring",
    "a blue ring with a name that is far too long for any button",
)


def write_shapes(
    folder: Path, name: str = "shapes", size: int = 32, count: int = 360, classes: int = 12
) -> None:
    """Coloured shapes on grey ground: up to twelve classes, whose names are words."""
    kinds = [
        *((colour, shape) for colour in _COLOURS for shape in _SHAPES[:-1]),
        *((colour, "ring") for colour in _COLOURS),
    ]
    random = np.random.default_rng(1)
    labels = np.arange(count, dtype=np.int64) % classes
    images = np.stack([_shape(random, *kinds[label], size) for label in labels])
    _write(folder, name, "Coloured shapes", SHAPES[:classes], images, labels)


def write_clouds(folder: Path, name: str = "clouds", size: int = 40, count: int = 200) -> None:
    """Soft colours, without any labels."""
    random = np.random.default_rng(2)
    down, across = np.indices((size, size)) / size
    images = np.empty((count, 3, size, size), np.uint8)
    for image in images:
        ground, cloud = random.uniform(0, 1, (2, 3, 1, 1))
        x, y, width = random.uniform((0.2, 0.2, 0.1), (0.8, 0.8, 0.4))
        inside = np.exp(-((across - x) ** 2 + (down - y) ** 2) / width**2)
        image[...] = 255 * (ground * (1 - inside) + cloud * inside)
    _write(folder, name, "Clouds", (), images, np.zeros(count, np.int64))


def write_many(folder: Path, name: str = "many", classes: int = 1000) -> None:
    """Grey patterns of so many classes, which differ in the last signs of their names alone."""
    random = np.random.default_rng(3)
    labels = np.arange(classes * 6 // 5, dtype=np.int64) % classes
    patterns = random.integers(256, size=(classes, 1, 4, 4), dtype=np.uint8)
    images = np.kron(patterns[labels], np.ones((1, 1, 4, 4), np.uint8))
    names = tuple(f"kind number {label:04d}" for label in range(classes))
    _write(folder, name, "Many kinds", names, images, labels)


def _shape(random: np.random.Generator, colour: str, shape: str, size: int) -> NDArray[np.uint8]:
    """One picture: uint8 [3, size, size]."""
    side = size * _SCALE
    ground = int(random.integers(200, 250))
    picture = Image.new("RGB", (side, side), (ground, ground, ground))
    draw = ImageDraw.Draw(picture)
    x, y = random.uniform(0.35, 0.65, 2) * side
    reach = random.uniform(0.18, 0.32) * side
    shade = random.uniform(0.75, 1.0)
    fill = tuple(round(shade * level) for level in _COLOURS[colour])
    box = (x - reach, y - reach, x + reach, y + reach)
    if shape == "disc":
        draw.ellipse(box, fill=fill)
    elif shape == "square":
        draw.rectangle(box, fill=fill)
    elif shape == "triangle":
        draw.polygon([(x, y - reach), (x - reach, y + reach), (x + reach, y + reach)], fill=fill)
    else:
        draw.ellipse(box, outline=fill, width=max(1, round(0.4 * reach)))
    small = picture.resize((size, size), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.moveaxis(np.asarray(small, np.uint8), 2, 0))


def _write(
    folder: Path,
    name: str,
    title: str,
    classes: tuple[str, ...],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> DatasetInfo:
    """The first five sixths are the training set."""
    shape = images.shape[1], images.shape[2], images.shape[3]
    split = len(images) * 5 // 6
    with SetWriter(folder, name, shape) as writer:
        writer.add("train", images[:split], labels[:split])
        writer.add("test", images[split:], labels[split:])
        settings = ImportSettings(size=shape[1], fit="crop")
        return writer.finish(title, classes, source="drawn", settings=settings)
