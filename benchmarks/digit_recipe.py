"""How well a model trained on MNIST reads drawings, with and without MNIST's recipe.

Digits of the MNIST test set are turned back into pen strokes, drawn by a simulated hand somewhere
on a large canvas, made into 28 x 28 images in several ways, and judged by a small classifier that
is trained here on the MNIST training set.

    python -m benchmarks.digit_recipe --count 2000
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn

from benchmarks.mnist_strokes import digit_strokes
from vae_studio.core.data import Dataset, load_dataset
from vae_studio.core.digit import MNIST, PEN_RADIUS, SIZE, Recipe, digit_image

Strokes = list[NDArray[np.float64]]
Images = NDArray[np.float32]

CANVAS = 280  # side of the simulated canvas, px: ten times the image, as drawing demos have it
PEN = 18  # diameter of the simulated on-screen pen, px: 1.8 once the canvas is shrunk
EXTENT = (80.0, 220.0)  # smallest and largest side of a drawn digit, px
SLANT = 0.15  # largest shear either way
SEED = 0


def drawn(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """``strokes`` as a hand would draw them: own size, own place, a little slanted; canvas px."""
    shear = np.array([[1.0, 0.0], [random.uniform(-SLANT, SLANT), 1.0]])
    points = np.concatenate(strokes) @ shear
    low, high = points.min(axis=0), points.max(axis=0)
    scale = random.uniform(*EXTENT) / float((high - low).max())
    corner = random.uniform(PEN / 2, CANVAS - PEN / 2 - (high - low) * scale)
    return [(stroke @ shear - low) * scale + corner for stroke in strokes]


def shrunk(strokes: Strokes) -> Images:
    """The whole canvas as on the screen, scaled down to [28, 28] in [0, 1]: the naive way."""
    canvas = Image.new("L", (CANVAS, CANVAS))
    pen = ImageDraw.Draw(canvas)
    for stroke in strokes:
        pen.line([(x, y) for x, y in stroke.tolist()], fill=255, width=PEN, joint="curve")
        for x, y in (stroke[0].tolist(), stroke[-1].tolist()):
            pen.ellipse([x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2], fill=255)
    small = canvas.resize((SIZE, SIZE), Image.Resampling.BOX)
    return (np.asarray(small) / 255).astype(np.float32)


def shrunk_at_best(strokes: Strokes) -> Images:
    """The naive way for someone who draws in the middle and 200 px high or wide, as MNIST is."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (200 - PEN) / float((high - low).max())
    return shrunk([(stroke - (low + high) / 2) * scale + CANVAS / 2 for stroke in strokes])


def by(recipe: Recipe) -> Callable[[Strokes], Images]:
    """Strokes -> image by ``recipe``; without fitting, the canvas becomes the image as it is."""
    if recipe.box is None:
        per = CANVAS / SIZE
        return lambda strokes: digit_image([s / per - 0.5 for s in strokes], recipe=recipe)
    return lambda strokes: digit_image(strokes, recipe=recipe)


WAYS: dict[str, Callable[[Strokes], Images]] = {
    "naive": shrunk,
    "naive, drawn large in the middle": shrunk_at_best,
    "recipe": by(MNIST),
    "recipe without fitting": by(replace(MNIST, box=None)),
    "recipe without centring": by(replace(MNIST, centred=False)),
    "recipe without both": by(replace(MNIST, box=None, centred=False)),
    "recipe, pen x 0.5": by(replace(MNIST, pen_radius=PEN_RADIUS / 2)),
    "recipe, pen x 2": by(replace(MNIST, pen_radius=PEN_RADIUS * 2)),
}


def train_classifier(data: Dataset, *, epochs: int = 5, batch: int = 200) -> nn.Module:
    """An MLP [N, 784] -> [N, 10] fitted to ``data``; the same each time (``SEED``)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = nn.Sequential(nn.Linear(SIZE * SIZE, 256), nn.ReLU(), nn.Linear(256, 10))
    generator = torch.Generator().manual_seed(SEED)
    optimiser = torch.optim.Adam(model.parameters())
    steps = epochs * -(-len(data) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for _ in range(epochs):
        for indices in torch.randperm(len(data), generator=generator).split(batch):
            x, labels = data.batch(indices)
            loss = nn.functional.cross_entropy(model(x.flatten(1)), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


@torch.no_grad()
def accuracy(model: nn.Module, images: Images, labels: Tensor) -> float:
    """Share of ``images`` [N, 28, 28] in [0, 1] that ``model`` gives its label in [N]."""
    guess = model(torch.from_numpy(images).flatten(1)).argmax(dim=1)
    return float((guess == labels).float().mean())


@dataclass(frozen=True)
class Row:
    """A line of the table. accuracy, mean_ink: in [0, 1]; milliseconds: for one image, or None."""

    way: str
    accuracy: float
    mean_ink: float
    milliseconds: float | None


def measure(model: nn.Module, test: Dataset, count: int, ways: tuple[str, ...]) -> list[Row]:
    """Rows for MNIST and for each of ``ways``, on ``count`` digits spread over ``test``."""
    indices = torch.linspace(0, len(test) - 1, count).long()
    bitmaps, labels = test.images[indices, 0].numpy(), test.labels[indices]
    random = np.random.default_rng(SEED)
    drawings = [drawn(strokes, random) for strokes in digit_strokes(bitmaps)]
    originals = (bitmaps / 255).astype(np.float32)
    rows = [Row("MNIST", accuracy(model, originals, labels), float(originals.mean()), None)]
    for way in ways:
        began = time.perf_counter()
        images = np.stack([WAYS[way](drawing) for drawing in drawings])
        each = (time.perf_counter() - began) / count * 1000
        rows.append(Row(way, accuracy(model, images, labels), float(images.mean()), each))
    return rows


def main() -> None:
    """Trains the judge, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=2000, help="test digits, 1 to 10000")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    if not 1 <= arguments.count <= 10_000:
        parser.error(f"--count must be from 1 to 10000, not {arguments.count}")
    data = load_dataset("mnist")
    model = train_classifier(data.train)
    rows = measure(model, data.test, arguments.count, tuple(WAYS))
    if arguments.json:
        print(json.dumps({"count": arguments.count, "rows": [vars(row) for row in rows]}))
        return
    print(f"{'':34}{'accuracy':>9}{'mean ink':>10}{'ms':>7}   {arguments.count} test digits")
    for row in rows:
        took = "" if row.milliseconds is None else f"{row.milliseconds:7.2f}"
        print(f"{row.way:34}{row.accuracy:9.2%}{row.mean_ink:10.4f}{took}")


if __name__ == "__main__":
    main()
