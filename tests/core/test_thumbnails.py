"""The first digits of a run's newest samples; a stranger's picture is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_studio.core.resources import bundled_path
from vae_studio.core.thumbnails import thumbnail

SHAPE = (1, 28, 28)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The samples of a model that ships: epochs 49 and 50."""
    folder = tmp_path / "run" / "samples"
    folder.mkdir(parents=True)
    for epoch in (49, 50):
        name = f"epoch-{epoch:04d}.png"
        shutil.copy(bundled_path("checkpoints") / "vae-2" / "samples" / name, folder)
    return folder.parent


def sheet(run: Path, epoch: int) -> np.ndarray:
    with Image.open(run / "samples" / f"epoch-{epoch:04d}.png") as picture:
        return np.asarray(picture)


def test_it_is_the_first_row_of_the_picture(run: Path) -> None:
    picture = thumbnail(run, SHAPE, 50)
    assert picture is not None
    assert picture.shape == (28, 88)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, sheet(run, 50)[:28, :88])
    assert not np.array_equal(picture, sheet(run, 49)[:28, :88])


def test_the_newest_there_is_stands_in_for_one_that_is_missing(run: Path) -> None:
    (run / "samples" / "epoch-99999999.png").write_bytes(b"")  # none of ours
    found = thumbnail(run, SHAPE, 51)
    assert found is not None
    assert np.array_equal(found, sheet(run, 50)[:28, :88])


def test_colours_stay(run: Path) -> None:
    pixels = np.zeros((118, 118, 3), np.uint8)
    pixels[..., 1] = 200
    Image.fromarray(pixels).save(run / "samples" / "epoch-0051.png")
    found = thumbnail(run, (3, 28, 28), 51)
    assert found is not None
    assert found.shape == (28, 88, 3)
    assert (found == (0, 200, 0)).all()


def test_what_is_no_such_picture_is_none(run: Path, tmp_path: Path) -> None:
    path = run / "samples" / "epoch-0051.png"
    assert thumbnail(run, (1, 32, 32), 50) is None  # of images of another size
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert thumbnail(run, SHAPE, 51) is None
    path.write_bytes(bytes(2**21))
    found = thumbnail(run, SHAPE, 51)  # too large to be read, as is the newest in the folder
    assert found is None
    assert thumbnail(tmp_path / "nothing", SHAPE, 1) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_keeps_nobody_waiting(run: Path) -> None:
    os.mkfifo(run / "samples" / "epoch-0051.png")
    assert thumbnail(run, SHAPE, 51) is None
