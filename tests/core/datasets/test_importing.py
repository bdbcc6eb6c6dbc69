"""A person's own pictures become a stored set: which, in which half, and what is left out."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.datasets import importing, suggesting, unpack
from vae_studio.core.datasets.importing import Imported, import_set, preview, suggest
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.skipped import CSV, Skipped, skipped_csv
from vae_studio.core.datasets.sources import Source, open_source
from vae_studio.core.datasets.stored import read_stored, verify
from vae_studio.core.datasets.table import DATASETS, Halves
from vae_studio.core.errors import DatasetError, ImageError

SMALL = ImportSettings(size=16, colour="grey")


@pytest.fixture(autouse=True)
def same_table() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(DATASETS)
    yield
    DATASETS.clear()
    DATASETS.update(before)


def picture(path: Path, shade: int = 100, size: tuple[int, int] = (8, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, shade).save(path)


def classes(folder: Path, **counts: int) -> Path:
    """A folder for each class; each picture of another shade."""
    shade = 0
    for name, count in counts.items():
        for number in range(count):
            picture(folder / name / f"{number:03}.png", shade)
            shade += 1
    return folder


def taken(source: Source, parent: Path, settings: ImportSettings = SMALL, **more: Any) -> Imported:
    made = import_set(source, settings, parent, "mine", "My pictures", **more)
    assert made is not None
    return made


def halves(made: Imported) -> Halves:
    assert made.info.load is not None
    return made.info.load(lambda: False)


def shades(made: Imported, half: str) -> list[int]:
    return [int(image[0, 0, 0]) for image in getattr(halves(made), half).images]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# What is written -----------------------------------------------------------------------------


def test_a_folder_becomes_a_set(tmp_path: Path) -> None:
    root = classes(tmp_path / "pets", cat=30, dog=20, emu=3)
    told: list[float] = []
    with open_source(root) as source:
        made = taken(source, tmp_path / "sets", progress=told.append, licence="CC0")
    info = made.info
    assert info == read_stored(tmp_path / "sets" / "mine") == DATASETS["mine"]
    assert verify(tmp_path / "sets" / "mine") == info
    assert (info.title, info.licence, info.source) == ("My pictures", "CC0", "pets")
    assert (info.image_shape, info.settings, info.digits) == ((1, 16, 16), SMALL, False)
    assert info.class_names == ("cat", "dog", "emu")
    found = halves(made)
    assert np.bincount(found.train.labels).tolist() == [27, 18, 2]
    assert np.bincount(found.test.labels).tolist() == [3, 2, 1]
    everything = [*shades(made, "train"), *shades(made, "test")]
    assert sorted(everything) == list(range(53))
    for half in (found.train, found.test):
        for image, label in zip(half.images, half.labels, strict=True):
            assert label == np.searchsorted([30, 50], image[0, 0, 0], side="right")
    assert shades(made, "train") != sorted(shades(made, "train"))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert made.skipped == ()
    assert left(tmp_path / "sets" / "mine") == [
        "dataset.json", "test.images", "test.labels", "train.images", "train.labels",
    ]  # fmt: skip


def test_the_same_whatever_the_number_of_threads_and_another_with_another_seed(
    tmp_path: Path,
) -> None:
    root = classes(tmp_path / "pets", cat=60, dog=40)
    for bad in ("cat/003.png", "cat/050.png", "dog/000.png"):
        (root / bad).write_bytes(b"\x89PNG\r\n\x1a\n")
    digests, lists = [], []
    with open_source(root) as source:
        for number, threads in enumerate((1, 2, 7)):
            made = taken(source, tmp_path / str(number), threads=threads)
            digests.append(made.info.digest)
            lists.append(made.skipped)
        other = taken(source, tmp_path / "other", dataclasses.replace(SMALL, seed=1))
    assert len(set(digests)) == 1
    assert lists[0] == lists[1] == lists[2]
    assert other.info.digest != digests[0]
    assert other.skipped == lists[0]
    assert [each.what for each in lists[0]] == ["cat/003.png", "cat/050.png", "dog/000.png"]


@pytest.mark.parametrize("share", [0.001, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("count", [2, 3, 7, 40])
def test_each_class_gives_its_share_to_the_test(tmp_path: Path, share: float, count: int) -> None:
    root = classes(tmp_path / "pets", a=count, b=count)
    (root / "a/000.png").write_bytes(b"")  # the share is of those that can be read
    picture(root / "a/extra.png")
    with open_source(root) as source:
        made = taken(source, tmp_path, dataclasses.replace(SMALL, test_share=share))
    wanted = min(max(round(share * count), 1), count - 1)
    assert np.bincount(halves(made).test.labels).tolist() == [wanted, wanted]
    assert np.bincount(halves(made).train.labels).tolist() == [count - wanted] * 2


def test_a_class_with_one_picture_is_learnt(tmp_path: Path) -> None:
    with open_source(classes(tmp_path / "pets", a=5, b=1, c=5)) as source:
        made = taken(source, tmp_path)
    assert np.bincount(halves(made).train.labels).tolist() == [4, 1, 4]
    assert np.bincount(halves(made).test.labels, minlength=3).tolist() == [1, 0, 1]


def test_one_picture_of_each_class_still_makes_two_halves(tmp_path: Path) -> None:
    with open_source(classes(tmp_path / "pets", a=1, b=1, c=1)) as source:
        made = taken(source, tmp_path)
    assert (made.info.train, made.info.test) == (2, 1)
    assert sorted([*shades(made, "train"), *shades(made, "test")]) == [0, 1, 2]


def test_halves_of_the_source_stay_halves(tmp_path: Path) -> None:
    for shade, name in enumerate(("train/a/1", "train/b/2", "train/b/3", "test/a/4", "test/c/5")):
        picture(tmp_path / "set" / f"{name}.png", shade)
    with open_source(tmp_path / "set") as source:
        made = taken(source, tmp_path)
    assert sorted(shades(made, "train")) == [0, 1, 2]
    assert sorted(shades(made, "test")) == [3, 4]
    assert made.info.class_names == ("a", "b", "c")


def test_an_array_becomes_a_set_with_its_nan_left_out(tmp_path: Path) -> None:
    array = np.repeat(np.arange(40, dtype=np.float32) / 255, 256).reshape(40, 16, 16)
    array[7, 2, 2] = np.nan
    np.save(tmp_path / "waves.npy", array)
    np.save(tmp_path / "labels.npy", np.arange(40) % 4 * 2)
    before = (tmp_path / "waves.npy").stat()
    with open_source(tmp_path / "waves.npy") as source:
        made = taken(source, tmp_path)
    assert made.info.class_names == ("0", "2", "4", "6")
    assert made.info.source == "waves.npy"
    assert made.skipped == (Skipped("7", "image.not_finite", {"path": "7"}),)
    everything = sorted([*shades(made, "train"), *shades(made, "test")])
    assert everything == [shade for shade in range(40) if shade != 7]
    after = (tmp_path / "waves.npy").stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def test_drawings_go_the_way_of_sets_that_were_made_like_mnist(tmp_path: Path) -> None:
    with open_source(classes(tmp_path / "pets", a=3, b=3)) as source:
        for size, colour, digits in (
            (28, "grey", True),
            (28, "colour", False),
            (32, "grey", False),
        ):
            chosen = ImportSettings(size=size, colour=colour, centre=True)  # type: ignore[arg-type]
            assert taken(source, tmp_path, chosen, replace_old=True).info.digits == digits


# What is left out ----------------------------------------------------------------------------


def test_what_cannot_be_read_is_listed(tmp_path: Path) -> None:
    root = classes(tmp_path / "pets", cat=10, dog=10)
    whole = (root / "cat/000.png").read_bytes()
    (root / "cat/empty.png").touch()
    (root / "cat/cut.png").write_bytes(whole[: len(whole) // 2])
    (root / "dog/other.jpg").write_text("no picture")
    (root / "dog/gone.png").symlink_to("nowhere")
    (root / "dog/=1+1\n\udcff.txt").write_text("a formula")
    picture(root / "loose.png")
    with open_source(root) as source:
        made = taken(source, tmp_path)
    assert {each.what: each.code for each in made.skipped} == {
        "dog/=1+1\n\udcff.txt": "import.not_a_picture",
        "dog/gone.png": "import.not_a_file",
        "loose.png": "import.loose",
        "cat/cut.png": "image.unreadable",
        "cat/empty.png": "image.format",
        "dog/other.jpg": "image.format",
    }
    assert (made.info.train, made.info.test) == (18, 2)
    content = (tmp_path / "mine" / CSV).read_text("utf-8")
    rows = list(csv.reader(io.StringIO(content)))
    assert rows[0] == ["what", "code", "details"]
    assert len(rows) == 7
    assert ["cat/empty.png", "image.format"] in [row[:2] for row in rows]
    for text in (content, (tmp_path / "mine/dataset.json").read_text("utf-8")):
        assert str(tmp_path) not in text
    assert all(str(tmp_path) not in str(each.params) for each in made.skipped)


def test_a_spreadsheet_works_nothing_out_of_a_name() -> None:
    text = skipped_csv([Skipped("=1+1", "import.svg", {}), Skipped("-a", "import.svg", {"b": "@"})])
    assert text == "what,code,details\n'=1+1,import.svg,\n'-a,import.svg,b: @\n"


def test_a_class_without_a_picture_that_can_be_read_is_dropped(tmp_path: Path) -> None:
    root = classes(tmp_path / "pets", ant=4, bee=3, cat=4)
    for path in (root / "bee").iterdir():
        path.write_bytes(b"GIF89a")
    for number in range(3):  # and one that takes a few tries
        (root / f"ant/{number:03}.png").write_bytes(b"GIF89a")
    with open_source(root) as source:
        made = taken(source, tmp_path)
    assert made.info.class_names == ("ant", "cat")
    found = halves(made)
    everything = [*zip(shades(made, "train"), found.train.labels, strict=True),
                  *zip(shades(made, "test"), found.test.labels, strict=True)]  # fmt: skip
    assert sorted((shade, int(label)) for shade, label in everything) == [
        (3, 0), (7, 1), (8, 1), (9, 1), (10, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("bad", ["ant", "bee"])
def test_the_last_class_that_can_be_read_is_no_class(tmp_path: Path, bad: str) -> None:
    root = classes(tmp_path / "pets", ant=4, bee=4)
    for path in (root / bad).iterdir():
        path.write_bytes(b"")
    with open_source(root) as source:
        made = taken(source, tmp_path)
    assert made.info.class_names == ()
    assert not halves(made).train.labels.any()


@pytest.mark.parametrize("names", [("a", "b"), ("a",)])
def test_nothing_that_can_be_read(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "1.png").write_bytes(b"")
    with open_source(tmp_path / "pets") as source, pytest.raises(DatasetError) as caught:
        taken(source, tmp_path / "sets")
    assert caught.value.code == "import.nothing_readable"
    assert left(tmp_path / "sets") == []


def test_a_single_picture_is_too_few(tmp_path: Path) -> None:
    with open_source(classes(tmp_path / "pets", a=1)) as source, pytest.raises(DatasetError) as e:
        taken(source, tmp_path / "sets")
    assert e.value.code == "data.too_few"
    assert left(tmp_path / "sets") == []


# What goes wrong -----------------------------------------------------------------------------


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    with open_source(classes(tmp_path / "pets", a=3, b=3)) as source:
        first = taken(source, tmp_path / "sets")
        with pytest.raises(DatasetError) as caught:
            taken(source, tmp_path / "sets")
        assert caught.value.code == "data.exists"
        chosen = dataclasses.replace(SMALL, size=20)
        second = taken(source, tmp_path / "sets", chosen, replace_old=True)
    assert first.info != second.info == read_stored(tmp_path / "sets" / "mine")
    assert left(tmp_path / "sets") == ["mine"]


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Disk:
        free = 2**26 + 1000

    monkeypatch.setattr(unpack.shutil, "disk_usage", lambda _: Disk)
    root = classes(tmp_path / "pets", a=3, b=3)
    with open_source(root) as source, pytest.raises(DatasetError) as caught:
        taken(source, tmp_path / "sets")
    assert caught.value.code == "import.no_room"
    assert left(tmp_path / "sets") == []


def test_an_array_that_changes_meanwhile_is_no_set(tmp_path: Path) -> None:
    path = tmp_path / "waves.npy"
    np.save(path, np.zeros((500, 16, 16), np.uint8))

    def told(share: float) -> None:
        os.truncate(path, 3000)

    with open_source(path) as source, pytest.raises(DatasetError) as caught:
        taken(source, tmp_path / "sets", progress=told)
    assert caught.value.code == "import.changed"
    assert left(tmp_path / "sets") == []


def test_what_is_cancelled_at_the_last_moment_is_not_put_there(tmp_path: Path) -> None:
    told: list[float] = [0.0]
    with open_source(classes(tmp_path / "pets", a=5)) as source:
        made = import_set(
            source, SMALL, tmp_path / "sets", "mine", "", lambda: told[-1] == 1.0, told.append
        )
    assert told[-1] == 1.0
    assert made is None
    assert left(tmp_path / "sets") == []


@pytest.mark.parametrize("turn", [1, 2, 3, 20])
def test_a_cancelled_import_leaves_nothing(tmp_path: Path, turn: int) -> None:
    asked = iter(range(10**9))
    with open_source(classes(tmp_path / "pets", a=90, b=90)) as source:
        made = import_set(
            source, SMALL, tmp_path / "sets", "mine", "", lambda: next(asked) >= turn, threads=1
        )
    assert made is None
    assert left(tmp_path / "sets") == []
    assert "mine" not in DATASETS


def test_cancelling_does_not_wait_for_a_picture(tmp_path: Path) -> None:
    """Nor does it for one that takes a second to decode."""
    in_it, go_on = threading.Event(), threading.Event()

    def slow(index: int, least: int) -> Image.Image:
        in_it.set()
        assert go_on.wait(20)
        raise ImageError("image.format", path="", formats="")

    with open_source(classes(tmp_path / "pets", a=9)) as source:
        hanging = dataclasses.replace(source, _picture=slow)
        began = []

        def stop() -> bool:
            if in_it.is_set():
                began.append(time.monotonic())
            return in_it.is_set()

        try:
            assert import_set(hanging, SMALL, tmp_path / "sets", "mine", "", stop) is None
            assert time.monotonic() - began[0] < 0.2
        finally:
            go_on.set()
    assert left(tmp_path / "sets") == []


# Preview and suggestion ----------------------------------------------------------------------


def test_a_preview_shows_what_an_import_would_make(tmp_path: Path) -> None:
    root = classes(tmp_path / "pets", a=30, b=30)
    for number in range(0, 30, 2):
        (root / f"a/{number:03}.png").write_bytes(b"")
    with open_source(root) as source:
        seen = preview(source, SMALL, count=20, seed=3)
        again = preview(source, SMALL, count=20, seed=3)
        other = preview(source, SMALL, count=20, seed=4)
        made = taken(source, tmp_path)
    assert seen.images.shape == (20, 1, 16, 16)
    assert seen.images.dtype == np.uint8
    assert np.array_equal(seen.images, again.images)
    assert seen.skipped == again.skipped != ()
    assert not np.array_equal(seen.images, other.images)
    everything = {*shades(made, "train"), *shades(made, "test")}
    for image, label in zip(seen.images, seen.labels, strict=True):
        assert int(image[0, 0, 0]) in everything
        assert label == (image[0, 0, 0] >= 30)
    assert {each.what for each in seen.skipped} <= {each.what for each in made.skipped}


def test_a_preview_of_few_and_of_none(tmp_path: Path) -> None:
    root = classes(tmp_path / "pets", a=3)
    with open_source(root) as source:
        assert len(preview(source, SMALL).images) == 3
        for path in (root / "a").iterdir():
            path.unlink()
        seen = preview(source, SMALL)
    assert seen.images.shape == (0, 1, 16, 16)
    assert [each.code for each in seen.skipped] == ["image.unreadable"] * 3


def test_a_preview_says_which_likelihood_would_suit(tmp_path: Path) -> None:
    ink = 255 * np.random.default_rng(0).integers(0, 2, (40, 16, 16), np.uint8)
    np.save(tmp_path / "ink.npy", ink)
    np.save(tmp_path / "shades.npy", ink // 3 + 80)
    for name, likelihood in (("ink", "bernoulli"), ("shades", "gaussian")):
        with open_source(tmp_path / f"{name}.npy") as source:
            seen = preview(source, SMALL)
            assert seen.likelihood == likelihood
            assert seen.limits == (0, 255)
            made = taken(source, tmp_path / "sets", replace_old=True)
            assert made.info.likelihood == likelihood
            assert made.info.extremes == pytest.approx(seen.extremes, abs=0.05)


def test_sixteen_photos_take_no_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 255, (90, 120, 3), np.uint8)).resize((1200, 900))
    for number in range(16):
        photo.save(tmp_path / f"{number}.jpg", quality=85)
    with open_source(tmp_path) as source:
        began = time.process_time()
        assert len(preview(source, ImportSettings()).images) == 16
        assert time.process_time() - began < 1.0


def many(folder: Path, make: Any, count: int = 12) -> Source:
    folder.mkdir()
    for number in range(count):
        make(number).save(folder / f"{number}.png")
    return open_source(folder)


def suggestion(source: Source) -> tuple[int, str, str]:
    found = suggest(source)
    assert (found.fit, found.centre, found.invert) == ("pad", False, False)
    return found.size, found.colour, found.background


def grey(shade: int, *size: int) -> Image.Image:
    return Image.new("RGB", size, (shade, shade, shade))  # type: ignore[arg-type]


def drawn(colour: str) -> Image.Image:
    icon = Image.new("RGBA", (48, 48))
    icon.paste(colour, (10, 10, 38, 38))
    return icon


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda _: grey(130, 30, 30), (28, "grey", "white")),
        (lambda _: grey(20, 33, 12), (32, "grey", "black")),
        (lambda n: grey(130, 900, 20) if n else Image.new("1", (2, 2)), (64, "grey", "white")),
        (lambda _: Image.new("RGB", (45, 45), "orange"), (48, "colour", "white")),
        (lambda n: Image.new("RGB", (9, 9), "red" if n < 2 else "grey"), (28, "colour", "white")),
        (lambda _: drawn("#204080"), (48, "colour", "white")),
        (lambda _: drawn("black"), (48, "grey", "white")),
        (lambda _: drawn("white"), (48, "grey", "black")),
    ],
)  # fmt: skip
def test_settings_that_suit(tmp_path: Path, make: Any, expected: tuple[int, str, str]) -> None:
    with many(tmp_path / "set", make) as source:
        assert suggestion(source) == expected


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((4, 96, 96), 96),
        ((4, 20, 20, 3), 20),
        ((4, 8, 8), 28),
        ((4, 99, 200), 64),
        ((4, 30, 90), 64),
    ],
)
def test_square_arrays_keep_their_size(tmp_path: Path, shape: tuple[int, ...], size: int) -> None:
    array: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    np.save(tmp_path / "set.npy", array)
    with open_source(tmp_path / "set.npy") as source:
        assert suggestion(source)[:2] == (size, "colour" if len(shape) == 4 else "grey")


def test_nothing_to_look_at_suggests_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "1.png").touch()
    with open_source(tmp_path) as source:
        assert suggest(source) == ImportSettings()


def test_memory_that_runs_out_costs_one_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importing.fit

    def fit(picture: Image.Image, chosen: ImportSettings) -> NDArray[np.uint8]:
        if picture.size == (9, 9):
            raise MemoryError
        return real(picture, chosen)

    monkeypatch.setattr(importing, "fit", fit)
    root = classes(tmp_path / "pets", a=5)
    picture(root / "a/large.png", size=(9, 9))
    monkeypatch.setattr(suggesting, "fit", fit)
    with open_source(root) as source:
        assert suggest(source).size == 28  # as without it
        made = taken(source, tmp_path)
    assert [each.what for each in made.skipped] == ["a/large.png"]
