"""Sets on disk: whole or not there, mapped and never written to, known by their digest."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import Disk
from vae_studio.core.data import find_dataset, load_dataset
from vae_studio.core.datasets import sets_folder, stored
from vae_studio.core.datasets.set_writer import SetWriter
from vae_studio.core.datasets.sets_folder import (
    clear_left_overs,
    put_back,
    register_stored,
    remove_stored,
    set_aside,
    stored_bytes,
)
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.stored import read_stored, verify
from vae_studio.core.datasets.table import DATASETS, DatasetInfo, record_of
from vae_studio.core.errors import DatasetError, StudioError

SHAPE = (3, 16, 16)


def images(count: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(256, size=(count, *SHAPE), dtype=np.uint8)


def write(folder: Path, name: str = "shapes", seed: int = 0, **options: Any) -> DatasetInfo:
    with SetWriter(folder, name, SHAPE, **options) as writer:
        for start in (0, 10):  # in two portions
            writer.add("train", images(20, seed)[start : start + 10], np.arange(10) % 3)
        writer.add("test", images(5, seed + 1), np.arange(5) % 3)
        return writer.finish("Shapes", ("a", "b", "ç"), settings=ImportSettings(size=16))


def codes(caught: pytest.ExceptionInfo[Any]) -> str:
    return str(caught.value.code)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    info = write(tmp_path)
    assert DATASETS["shapes"] == info == read_stored(tmp_path / "shapes")
    assert (info.train, info.test, info.class_names) == (20, 5, ("a", "b", "ç"))
    assert info.settings == ImportSettings(size=16)
    data = load_dataset("shapes")
    assert np.array_equal(data.train.images.numpy(), images(20))
    assert data.train.labels.tolist() == [*(i % 3 for i in range(10))] * 2
    assert np.array_equal(data.test.images.numpy(), images(5, 1))
    assert info.extremes == pytest.approx(np.isin(images(20) // 26, (0, 9)).mean(), abs=0.02)
    assert stored_bytes(info) == 25 * (768 + 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shapes"]


def test_images_are_mapped_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path)
    data = load_dataset("shapes")
    before = (tmp_path / "shapes" / "train.images").read_bytes()
    data.train.images.zero_()
    assert (tmp_path / "shapes" / "train.images").read_bytes() == before
    assert load_dataset("shapes").train.images.any()
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert "train.images" in maps.read_text()


def test_the_digest_tells_sets_of_one_name_apart(tmp_path: Path) -> None:
    first = write(tmp_path)
    record = record_of("shapes")
    assert record is not None
    assert record.load is None
    again = write(tmp_path, replace_old=True)
    assert again.digest == first.digest
    load_dataset("shapes", record=record)
    other = write(tmp_path, seed=7, replace_old=True)
    assert other.digest != first.digest
    with pytest.raises(DatasetError) as caught:
        load_dataset("shapes", record=record)
    assert codes(caught) == "data.other"
    remove_stored(other)
    with pytest.raises(DatasetError) as caught:
        find_dataset("shapes", record)
    assert codes(caught) == "data.gone"
    assert list(tmp_path.iterdir()) == []


class Cut(Exception):
    """What ends a writing in its midst."""


def write_a_part(folder: Path, **options: Any) -> None:
    with SetWriter(folder, "shapes", SHAPE, **options) as writer:
        writer.add("train", images(3), np.zeros(3, np.int64))
        raise Cut


def test_half_a_set_is_never_seen(tmp_path: Path) -> None:
    with pytest.raises(Cut):
        write_a_part(tmp_path)
    assert list(tmp_path.iterdir()) == []
    write(tmp_path)
    kept = (tmp_path / "shapes" / "dataset.json").read_bytes()
    with pytest.raises(Cut):
        write_a_part(tmp_path, replace_old=True)
    assert (tmp_path / "shapes" / "dataset.json").read_bytes() == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shapes"]


def test_a_set_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    kept = (tmp_path / "shapes" / "dataset.json").read_bytes()
    rename = Path.rename

    def held(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise PermissionError(13, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", held)
    with pytest.raises(DatasetError) as caught:
        write(tmp_path, seed=3, replace_old=True)
    assert codes(caught) == "data.write"
    assert (tmp_path / "shapes" / "dataset.json").read_bytes() == kept
    assert [path.name for path in tmp_path.iterdir()] == ["shapes"]
    load_dataset("shapes")


@pytest.mark.parametrize("successor", [False, True])
def test_a_set_whose_successor_never_came_is_put_back(tmp_path: Path, successor: bool) -> None:
    """The process was killed between the two steps."""
    first = write(tmp_path)
    aside = tmp_path / ".shapes.0a1b2c3d.replaced"
    (tmp_path / "shapes").rename(aside)
    if successor:
        write(tmp_path, seed=3)
    os.utime(aside)
    register_stored(tmp_path)
    clear_left_overs(tmp_path)
    assert aside.exists()  # another process may be at it
    os.utime(aside, (0, 0))
    if not successor:
        clear_left_overs(tmp_path)
        assert aside.exists()  # it is the only one
    assert register_stored(tmp_path) == []
    clear_left_overs(tmp_path)
    assert not aside.exists()
    assert (DATASETS["shapes"].digest == first.digest) is not successor


def test_of_two_that_write_at_once_the_first_stays(tmp_path: Path) -> None:
    with SetWriter(tmp_path, "shapes", SHAPE) as late:
        for part in ("train", "test"):
            late.add(part, images(5, 9), np.zeros(5, np.int64))  # type: ignore[arg-type]
        first = write(tmp_path)
        with pytest.raises(DatasetError) as caught:
            late.finish("Late", ())
    assert codes(caught) == "data.exists"
    assert read_stored(tmp_path / "shapes").digest == first.digest
    assert [path.name for path in tmp_path.iterdir()] == ["shapes"]


def test_what_is_no_set_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "diary.txt").write_text("dear diary")
    with pytest.raises(DatasetError) as caught:
        write(tmp_path, replace_old=True)
    assert codes(caught) == "data.exists"
    assert (tmp_path / "shapes" / "diary.txt").read_text() == "dear diary"


def test_a_copied_set_is_read_whole_but_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    path = tmp_path / "shapes" / "train.images"
    os.utime(path, (1e9, 1e9))
    read: list[str] = []
    open_regular = stored.open_regular

    def noted(path: Path, *limit: int) -> Any:
        read.append(path.name)
        return open_regular(path, *limit)

    monkeypatch.setattr(stored, "open_regular", noted)
    for _ in range(3):
        load_dataset("shapes")
    assert read == ["train.images"]
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DatasetError) as caught:
        load_dataset("shapes")
    assert codes(caught) == "data.altered"


def test_a_name_that_is_taken_or_none(tmp_path: Path) -> None:
    write(tmp_path)
    for name, code in (
        ("shapes", "data.exists"),
        ("mnist", "data.name"),
        ("../up", "data.name"),
        ("", "data.name"),
        ("Ü", "data.name"),
    ):
        with pytest.raises(DatasetError) as caught:
            SetWriter(tmp_path, name, SHAPE)
        assert codes(caught) == code


def test_both_halves_and_every_label_are_needed(tmp_path: Path) -> None:
    def finish(tested: int, class_names: tuple[str, ...]) -> None:
        with SetWriter(tmp_path, "few", SHAPE) as writer:
            writer.add("train", images(3), np.arange(3))
            writer.add("test", images(tested), np.arange(tested))
            writer.finish("Few", class_names)

    for tested, names, code in ((0, "abc", "data.too_few"), (3, "ab", "data.labels")):
        with pytest.raises(DatasetError) as caught:
            finish(tested, tuple(names))
        assert codes(caught) == code
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, disk: Disk) -> None:
    disk.full = True
    with pytest.raises(DatasetError) as caught:
        write(tmp_path)
    assert codes(caught) == "data.write"
    assert list(tmp_path.iterdir()) == []
    assert "shapes" not in DATASETS


@pytest.mark.parametrize("name", ["train.images", "train.labels", "test.images", "test.labels"])
def test_what_was_altered_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    path = tmp_path / "shapes" / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DatasetError) as caught:
        load_dataset("shapes")
    assert codes(caught) == "data.altered"
    with pytest.raises(DatasetError) as caught:
        verify(tmp_path / "shapes")
    assert codes(caught) == "data.altered"
    path.write_bytes(content)  # the same again, at another time: read once, and found right
    load_dataset("shapes")
    path.write_bytes(content[:-1])
    with pytest.raises(DatasetError) as caught:
        load_dataset("shapes")
    assert codes(caught) == "data.altered"
    path.unlink()
    with pytest.raises(DatasetError) as caught:
        load_dataset("shapes")
    assert codes(caught) == "data.stored"


def test_checking_every_byte_can_be_stopped(tmp_path: Path) -> None:
    info = write(tmp_path)
    assert verify(tmp_path / "shapes") == info
    assert verify(tmp_path / "shapes", lambda: True) is None
    for path in (tmp_path / "shapes").iterdir():
        os.utime(path)
    assert load_dataset("shapes", lambda: True) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(format=2),
        lambda v: v["set"].update(name="other"),
        lambda v: v["set"].update(train=19),
        lambda v: v["set"].update(image_shape=[3, 16, 17]),
        lambda v: v["set"].update(image_shape=[2, 16, 16]),
        lambda v: v["set"].update(class_names="abc"),
        lambda v: v["set"].update(digest="0" * 64),
        lambda v: v["set"].update(digits=1),
        lambda v: v["set"].update(extremes=float("1e9")),
        lambda v: v["set"].update(title=3),
        lambda v: v["set"]["settings"].update(size=4),
        lambda v: v["set"].pop("licence"),
        lambda v: v["files"].pop("test.labels"),
        lambda v: v["files"]["test.labels"].update(size=11),
        lambda v: v.pop("files"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(tmp_path: Path, change: Any) -> None:
    write(tmp_path)
    path = tmp_path / "shapes" / "dataset.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    DATASETS.pop("shapes")
    faults = register_stored(tmp_path)
    assert [fault.code for fault in faults] == ["data.record"]
    assert "shapes" not in DATASETS


def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "shapes" / "test.labels"
    content = path.read_bytes()
    for make in (os.mkfifo, os.mkdir):
        path.unlink()
        make(path)
        for read in (lambda: load_dataset("shapes"), lambda: verify(tmp_path / "shapes")):
            with pytest.raises(DatasetError) as caught:
                read()
            assert codes(caught) in ("data.altered", "data.stored")
        path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(content)


def fit_record(folder: Path, change: Any) -> None:
    """Let the record say what the files have by now, whatever is in them."""
    values = json.loads((folder / "dataset.json").read_text())
    change(values)
    pixels = int(np.prod(values["set"]["image_shape"]))
    for part in ("train", "test"):
        for kind, each in (("images", pixels), ("labels", 2)):
            facts, path = values["files"][f"{part}.{kind}"], folder / f"{part}.{kind}"
            facts["size"] = values["set"][part] * each
            facts["changed"] = path.stat().st_mtime_ns
    (folder / "dataset.json").write_text(json.dumps(values))


def test_a_folder_that_is_as_large_as_it_should_be_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    folder = tmp_path / "shapes"
    (folder / "test.images").unlink()
    (folder / "test.images").mkdir()
    size = (folder / "test.images").stat().st_size
    (folder / "test.labels").write_bytes(bytes(2 * size))
    (folder / "train.images").write_bytes(bytes(20))
    fit_record(folder, lambda v: v["set"].update(test=size, image_shape=[1, 1, 1]))
    assert len(register_stored(tmp_path)) == (0 if size else 1)
    with pytest.raises(DatasetError) as caught:
        load_dataset("shapes")
    assert codes(caught) in ("data.stored", "data.unknown")  # where a folder has no size


def test_files_that_a_stranger_adds_to_the_record_are_not_opened(tmp_path: Path) -> None:
    write(tmp_path)
    os.mkfifo(tmp_path / "shapes" / "pipe")
    facts = {"size": 1, "changed": 0, "sha256": "0" * 64}
    more = {"pipe": facts, "/dev/zero": facts, "nothing": None}
    fit_record(tmp_path / "shapes", lambda v: v["files"].update(more))
    assert verify(tmp_path / "shapes") is not None


def test_more_images_than_memory_could_order_are_refused(tmp_path: Path) -> None:
    """Their files take no room on the disk."""
    write(tmp_path)
    folder = tmp_path / "shapes"
    for name, each in (("train.images", 1), ("train.labels", 2)):
        os.truncate(folder / name, 10**10 * each)
    (folder / "test.images").write_bytes(bytes(5))
    fit_record(folder, lambda v: v["set"].update(train=10**10, image_shape=[1, 1, 1]))
    assert [fault.code for fault in register_stored(tmp_path)] == ["data.record"]


def test_texts_of_a_stranger_are_shown_in_one_line(tmp_path: Path) -> None:
    write(tmp_path)
    texts = {"title": "\u202eone\n two\x1b", "class_names": ["\u200b", " b ", "c\td"]}
    fit_record(tmp_path / "shapes", lambda v: v["set"].update(texts))
    info = read_stored(tmp_path / "shapes")
    assert (info.title, info.class_names) == ("one two", ("class 0", "b", "c d"))


def test_one_that_cannot_be_looked_at_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "bad").symlink_to("x" * 300)  # the system will not even say whether it is a folder
    assert register_stored(tmp_path) == []
    assert "shapes" in DATASETS


def test_what_is_there_is_found_and_what_went_is_forgotten(tmp_path: Path) -> None:
    info = write(tmp_path)
    DATASETS.pop("shapes")
    (tmp_path / "a file").write_text("x")
    assert register_stored(tmp_path) == []
    assert DATASETS["shapes"] == info
    (tmp_path / "shapes").rename(tmp_path / "gone")
    assert len(register_stored(tmp_path)) == 1  # its record names another set
    assert "shapes" not in DATASETS
    assert list(DATASETS) == ["mnist"]
    assert register_stored(tmp_path / "nowhere") == []


def test_a_set_that_is_finished_while_others_are_looked_for_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(folder: Path) -> list[Path]:
        write(tmp_path)  # as another thread does, once the folder was listed
        return []

    monkeypatch.setattr(sets_folder, "_folders", listed)
    assert register_stored(tmp_path) == []
    assert "shapes" in DATASETS


def test_what_a_crash_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    for name in (".old.0a1b2c3d.part", ".new.0a1b2c3d.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.images").write_bytes(b"x")
    for path in (tmp_path / ".old.0a1b2c3d.part", tmp_path / ".old.0a1b2c3d.part/train.images"):
        os.utime(path, (0, 0))
    clear_left_overs(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".new.0a1b2c3d.part"]


def test_what_was_set_aside_can_be_put_back_for_a_day(tmp_path: Path) -> None:
    info = write(tmp_path)
    for path in (tmp_path / "shapes", *(tmp_path / "shapes").iterdir()):
        os.utime(path, (0, 0))  # written long ago
    away = set_aside(info)
    assert "shapes" not in DATASETS
    assert register_stored(tmp_path) == []
    assert "shapes" not in DATASETS
    assert put_back(info, away).digest == info.digest
    assert len(load_dataset("shapes").train) == 20
    away = set_aside(DATASETS["shapes"])
    write(tmp_path, seed=3)
    with pytest.raises(DatasetError) as caught:
        put_back(info, away)
    assert codes(caught) == "data.exists"
    clear_left_overs(tmp_path)
    assert away.exists()
    os.utime(away, (0, 0))
    clear_left_overs(tmp_path)
    assert not away.exists()


def test_the_one_that_ships_stays() -> None:
    with pytest.raises(StudioError) as caught:
        remove_stored(DATASETS["mnist"])
    assert codes(caught) == "data.not_stored"


def test_records_come_back_as_written() -> None:
    info = replace(DATASETS["mnist"], load=None, settings=ImportSettings(size=28, colour="grey"))
    assert DatasetInfo.from_dict(json.loads(json.dumps(info.to_dict()))) == info
    assert info.likelihood == "bernoulli"
    assert replace(info, extremes=0.6).likelihood == "gaussian"
    assert sets_folder.stored_folder(info) is None
