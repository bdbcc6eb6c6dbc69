"""Files that the user wants: written on a thread, all of them, whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from pytestqt.qtbot import QtBot

from tests.helpers import Disk
from tests.ui.waits import TIMEOUT
from vae_studio.app import Studio
from vae_studio.core.pictures import grid, to_bytes
from vae_studio.session.exports import MAX_PIXELS, MAX_SCALE, MAX_SIDE, largest_scale
from vae_studio.ui.messages import error_sentence
from vae_studio.workers import save_thread

IMAGES = np.random.default_rng(3).random((5, 1, 28, 28), np.float32)


def enlarged(pixels: np.ndarray, scale: int) -> np.ndarray:
    """Each pixel of [H, W, …] ``scale`` pixels wide and high."""
    return pixels.repeat(scale, 0).repeat(scale, 1)


@pytest.mark.parametrize("scale", [1, 7])
def test_a_sheet_has_the_models_own_pixels(
    studio: Studio, qtbot: QtBot, tmp_path: Path, scale: int
) -> None:
    path = tmp_path / "five.png"
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT) as heard:
        studio.store.exporter.save_picture(path, IMAGES, 3, scale)
    assert heard.args == [path]
    with Image.open(path) as read:
        expected = enlarged(np.asarray(grid(IMAGES, 3)), scale)
        np.testing.assert_array_equal(np.asarray(read), expected)


def test_a_film_has_a_frame_for_each_image(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "walk.gif"
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        studio.store.exporter.save_film(path, IMAGES, 2, 80, True)
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        shown = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(film)]
    assert len(shown) == 5
    for frame, image in zip(shown, IMAGES, strict=True):
        np.testing.assert_array_equal(frame, enlarged(to_bytes(image[0]), 2))


@pytest.mark.parametrize("name", ["z {name} {0} %1.csv", "<b>bold</b>.csv", "ž 潜.csv"])
def test_what_was_saved_is_named_as_it_is(
    studio: Studio, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name.replace("/", "∕")
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        studio.store.exporter.save_text(path, "β = 1\n")
    assert path.read_bytes() == "β = 1\n".encode()
    assert studio.window.toast.text == f"Saved as {path.name}."


def test_files_are_written_beside_the_window(
    studio: Studio, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    write = save_thread.write_bytes

    def noted(path: Path, content: bytes) -> None:
        threads.append(threading.current_thread())
        write(path, content)

    monkeypatch.setattr(save_thread, "write_bytes", noted)
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        studio.store.exporter.save_text(tmp_path / "a.txt", "a")
    assert threading.main_thread() not in threads


def test_several_in_a_row_are_all_written(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    told: list[Path] = []
    studio.store.exporter.saved.connect(told.append)
    paths = [tmp_path / f"{index}.txt" for index in range(20)]
    for path in paths:
        studio.store.exporter.save_text(path, path.stem)
    qtbot.waitUntil(lambda: len(told) == 20, timeout=TIMEOUT)
    assert told == paths
    assert [path.read_text() for path in paths] == [path.stem for path in paths]


def test_of_two_for_one_file_the_later_stays(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "z.csv"
    studio.store.exporter.save_text(path, "first")
    studio.store.exporter.save_text(path, "second")
    studio.store.exporter.shutdown()
    assert path.read_text() == "second"


def test_closing_the_window_writes_what_was_asked_for(studio: Studio, tmp_path: Path) -> None:
    exporter = studio.store.exporter
    for index in range(10):
        exporter.save_picture(tmp_path / f"{index}.png", IMAGES, 2, 20)
    exporter.save_film(tmp_path / "film.gif", IMAGES, 10, 100, False)
    studio.window.close()
    assert {path.name for path in tmp_path.iterdir()} >= {
        *(f"{index}.png" for index in range(10)),
        "film.gif",
    }
    for index in range(10):
        with Image.open(tmp_path / f"{index}.png") as picture:
            picture.load()
    exporter.save_text(tmp_path / "late.txt", "nobody waits for this")
    assert not (tmp_path / "late.txt").exists()


def test_a_full_disk_is_told_and_the_old_file_stays(
    studio: Studio, qtbot: QtBot, tmp_path: Path, disk: Disk
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    path = folder / "old.png"
    path.write_bytes(b"as it was")
    disk.full = True
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT) as heard:
        studio.store.exporter.save_picture(path, IMAGES, 3, 4)
    disk.full = False
    (error,) = heard.args
    assert error.code == "export.write"
    assert str(path) in error_sentence(error)
    assert "No space left on device" in studio.window.toast.text
    assert [each.name for each in folder.iterdir()] == ["old.png"]
    assert path.read_bytes() == b"as it was"
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):  # the thread goes on
        studio.store.exporter.save_picture(path, IMAGES, 3, 4)
    assert path.read_bytes() != b"as it was"


@pytest.mark.parametrize("place", ["missing/a.txt", ".", "nul\0.txt", "x" * 300, "half \ud800"])
def test_a_place_that_takes_no_file_is_told(
    studio: Studio, qtbot: QtBot, tmp_path: Path, place: str
) -> None:
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT) as heard:
        studio.store.exporter.save_text(tmp_path / place, "a")
    assert heard.args[0].code == "export.write"
    assert studio.window.toast.text == error_sentence(heard.args[0])


def test_what_nobody_foresaw_is_told_and_the_next_is_written(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT) as heard:
        studio.store.exporter.save_picture(tmp_path / "a.png", IMAGES[0], 1, 1)  # no [N, …]
    assert heard.args[0].code in ("worker.unexpected", "export.write")
    assert not (tmp_path / "a.png").exists()
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        studio.store.exporter.save_text(tmp_path / "b.txt", "b")


@pytest.mark.parametrize(
    ("width", "height", "frames"),
    [(28, 28, 1), (1, 1, 1), (0, 0, 1), (298, 268, 1), (15_000, 2, 1), (28, 28, 500), (1, 9000, 1)],
)
def test_a_picture_is_not_enlarged_beyond_what_opens(width: int, height: int, frames: int) -> None:
    scale = largest_scale(width, height, frames)
    assert 1 <= scale <= MAX_SCALE

    def fits(scale: int) -> bool:
        pixels = width * height * scale**2 * frames
        return max(width, height) * scale <= MAX_SIDE and pixels <= MAX_PIXELS

    assert fits(scale)
    assert scale == MAX_SCALE or not fits(scale + 1)
