"""The commands that use a model, on a data set in colour whose classes are words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers import quick, recorded
from tests.picture_sets import SHAPES, write_shapes
from vae_studio.cli import main, models
from vae_studio.core.data import load_dataset
from vae_studio.core.datasets.table import DATASETS, record_of
from vae_studio.core.errors import SpecError
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A conditional model of coloured shapes, after a few steps."""
    folder, before = tmp_path_factory.mktemp("cli"), dict(DATASETS)
    write_shapes(folder / "data", size=24, count=240)
    spec = ModelSpec(
        architecture="conv",
        hidden=(8, 16),
        latent_dim=4,
        likelihood="gaussian",
        num_classes=len(SHAPES),
        image_shape=(3, 24, 24),
    )
    config = quick(dataset="shapes", batch_size=50)
    yield recorded(folder / "run", spec, config, load_dataset("shapes"), "shapes")
    DATASETS.clear()
    DATASETS.update(before)


def test_a_class_is_told_by_its_name_or_its_number(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def drawn(*label: str) -> bytes:
        path = tmp_path / "x.png"
        assert main(["sample", str(run), "--count", "4", "--output", str(path), *label]) == 0
        return path.read_bytes()

    named = drawn("--label", "Green Disc")
    assert named == drawn("--label", "3")
    assert named != drawn("--label", "red disc")
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.mode == "RGB"
    capsys.readouterr()
    for wrong in ("green", "12", "³", "-1"):
        assert main(["sample", str(run), "--output", "x.png", "--label", wrong]) == 2
        assert "0 to 11" in capsys.readouterr().err


def test_letters_are_told_apart_by_their_case(plain_snapshot: Snapshot) -> None:
    info = replace(record_of("mnist"), class_names=(*"ABCDEFGH", "a", "Straße"))
    spec = replace(plain_snapshot.spec, num_classes=10)
    snapshot = replace(plain_snapshot, spec=spec, data=info)

    def told(text: str) -> int:
        label = models._label(text, snapshot)
        assert label is not None
        return label.index(1.0)

    assert [told(text) for text in ("A", "a", "b", "STRASSE", "7")] == [0, 8, 1, 9, 7]
    for wrong in ("0000010", "10", "s"):
        with pytest.raises(SpecError):
            told(wrong)


def test_a_photo_of_dark_on_light_is_turned_round_as_the_window_does(
    plain_snapshot: Snapshot,
) -> None:
    """Fashion-MNIST and its like: light on black, and no word on how a picture becomes that."""
    info = replace(record_of("mnist"), digits=False)
    snapshot = replace(plain_snapshot, data=info)
    pixels = np.full((90, 60), 245, np.uint8)
    pixels[20:70, 15:45] = 40
    fitted = models._fitted(Image.fromarray(pixels), snapshot)
    assert fitted.shape == (1, 28, 28)
    assert fitted[0, 14, 14] > 0.8
    assert fitted[0, 0, 0] < 0.05
    assert fitted[0, 2, 14] < 0.05


def test_a_picture_is_fitted_as_the_images_were(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = np.zeros((48, 96, 3), np.uint8)
    wide[:, 24:72] = (210, 40, 30)  # the middle, which is what crop leaves
    Image.fromarray(wide).save(tmp_path / "wide.png")
    output = tmp_path / "out.png"
    arguments = [str(run), str(tmp_path / "wide.png"), "--output", str(output)]
    assert main(["reconstruct", *arguments, "--label", "red square"]) == 0
    assert "nats" in capsys.readouterr().out
    with Image.open(output) as picture:
        pixels = np.asarray(picture)[::4, ::4]
    assert pixels.shape == (24, 2 * 24 + 2, 3)
    assert np.abs(pixels[:, :24].astype(int) - (210, 40, 30)).max() <= 1
