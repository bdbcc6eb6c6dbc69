"""What a path of a person's own holds: folders, arrays and IDX files, good and hostile ones."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import struct
import threading
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.datasets import folders, unpack
from vae_studio.core.datasets.idx import LoadingStoppedError
from vae_studio.core.datasets.rows import Header, Rows
from vae_studio.core.datasets.sources import Source, open_source
from vae_studio.core.errors import DatasetError, ImageError

RNG = np.random.default_rng(0)


def picture(path: Path, shade: int = 100, kind: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 6), shade).save(path, kind)


def refusal(path: Path, **more: Any) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        open_source(path, **more)
    return caught.value


def shade(source: Source, index: int) -> float:
    return float(np.asarray(source.item(index)[0].convert("L")).mean())


def skipped(source: Source) -> dict[str, str]:
    return {each.what: each.code for each in source.skipped}


def idx(values: NDArray[np.uint8]) -> bytes:
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return bytes((0, 0, 8, values.ndim)) + sizes + values.tobytes()


# Folders -------------------------------------------------------------------------------------


def test_folders_are_classes_and_deeper_files_belong_to_the_first(tmp_path: Path) -> None:
    for number, name in enumerate(("b/2.png", "a/1.png", "b/deep/er/3.png", "c/4.JPG")):
        picture(tmp_path / name, 20 * number, "PNG")
    (tmp_path / "empty").mkdir()
    source = open_source(tmp_path)
    assert (source.kind, source.count, source.title) == ("folder", 4, tmp_path.name)
    assert source.class_names == ("a", "b", "c")
    assert source.labels.tolist() == [0, 1, 1, 2]
    assert [source.what(i) for i in range(4)] == [
        "a/1.png",
        "b/2.png",
        "b/deep/er/3.png",
        "c/4.JPG",
    ]
    assert [shade(source, i) for i in (3, 0, 2, 1)] == [60, 20, 40, 0]
    assert source.item(2)[1] == 1
    assert source.test is None
    assert source.skipped == ()


def test_a_flat_folder_has_no_classes_and_neither_has_a_single_folder(tmp_path: Path) -> None:
    picture(tmp_path / "flat/1.png")
    assert open_source(tmp_path / "flat").class_names == ()
    source = open_source(tmp_path)
    assert (source.count, source.class_names, source.labels.tolist()) == (1, (), [0])


def test_loose_files_are_left_out_where_there_are_classes(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png", "loose.png"):
        picture(tmp_path / name)
    source = open_source(tmp_path)
    assert source.count == 2
    assert skipped(source) == {"loose.png": "import.loose"}


@pytest.mark.parametrize("names", [("train", "test"), ("Training", "val"), ("train", "testing")])
def test_train_and_test_are_halves_with_classes_in_them(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    first, second = names
    for name in ("b/1.png", "a/2.png", "a/x/3.png", "loose.png"):
        picture(tmp_path / first / name)
    for name in ("b/4.png", "c/5.png"):
        picture(tmp_path / second / name)
    picture(tmp_path / "notes/6.png")
    source = open_source(tmp_path)
    assert source.class_names == ("a", "b", "c")
    assert source.test is not None
    found = {
        (source.what(i), source.class_names[source.labels[i]], bool(source.test[i]))
        for i in range(source.count)
    }
    assert found == {
        (f"{first}/a/2.png", "a", False),
        (f"{first}/a/x/3.png", "a", False),
        (f"{first}/b/1.png", "b", False),
        (f"{second}/b/4.png", "b", True),
        (f"{second}/c/5.png", "c", True),
    }
    assert skipped(source) == {f"{first}/loose.png": "import.loose", "notes": "import.beside"}


def test_flat_halves_have_no_classes(tmp_path: Path) -> None:
    for name in ("train/1.png", "train/2.png", "test/3.png"):
        picture(tmp_path / name)
    source = open_source(tmp_path)
    assert source.class_names == ()
    assert source.test is not None
    assert source.test.tolist() == [False, False, True]
    assert source.skipped == ()


def test_train_alone_is_a_class(tmp_path: Path) -> None:
    for name in ("train/1.png", "other/2.png"):
        picture(tmp_path / name)
    source = open_source(tmp_path)
    assert (source.test, source.class_names) == (None, ("other", "train"))


def test_what_is_no_picture_is_listed_and_what_is_hidden_is_not(tmp_path: Path) -> None:
    picture(tmp_path / "named.png")
    picture(tmp_path / "by_content", kind="GIF")
    picture(tmp_path / ".hidden.png")
    picture(tmp_path / ".hidden/1.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "lines.svg").write_text("<svg/>")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "linked.png").symlink_to(tmp_path / "named.png")
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    os.mkfifo(tmp_path / "pipe.png")
    source = open_source(tmp_path)
    assert [source.what(i) for i in range(source.count)] == [
        "by_content",
        "linked.png",
        "named.png",
    ]
    assert skipped(source) == {
        "notes.txt": "import.not_a_picture",
        "empty.txt": "import.not_a_picture",
        "lines.svg": "import.svg",
        "gone.png": "import.not_a_file",
        "round.png": "import.unreadable",
        "pipe.png": "import.not_a_file",
    }
    assert all(str(tmp_path) not in str(each.params) for each in source.skipped)


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    picture(tmp_path / "a/1.png")
    picture(tmp_path / "b/2.png")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "c").symlink_to(tmp_path / "b")
    source = open_source(tmp_path)
    assert source.count == 2
    assert skipped(source) == {"a/up": "import.link", "c": "import.link"}


def test_a_folder_that_may_not_be_read_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def forbidding(folder: Path) -> Any:
        if os.access(folder, os.R_OK) and not Path(folder).stat().st_mode & 0o400:
            raise PermissionError(13, "Permission denied")  # as it is for all but root
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", forbidding)
    picture(tmp_path / "a/1.png")
    picture(tmp_path / "b/2.png")
    (tmp_path / "b").chmod(0)
    try:
        assert skipped(open_source(tmp_path)) == {"b": "import.unreadable"}
    finally:
        (tmp_path / "b").chmod(0o700)


def test_a_folder_whose_path_is_too_long_is_listed(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    deep = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):  # 5000 characters, which no call takes at once
        os.mkdir("d" * 250, dir_fd=deep)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = deeper
    os.close(deep)
    picture(tmp_path / "e/b.png")
    source = open_source(tmp_path)
    assert source.what(0) == "e/b.png"
    assert "import.unreadable" in skipped(source).values()


def test_names_of_any_script_and_none_at_all(tmp_path: Path) -> None:
    names = ("猫", "قطة", "\u202egnp", "a\nb", "a b", "\u200b", "x" * 250, "x" * 251)
    for name in names:
        picture(tmp_path / name / ("é" * 120 + ".png"))
    picture(tmp_path / os.fsdecode(b"\xff\xfe") / "1.png")  # no UTF-8
    source = open_source(tmp_path)
    assert source.count == len(names) + 1
    assert len(set(source.class_names)) == len(source.class_names) == len(names) + 1
    assert {"猫", "قطة", "gnp", "a b", "a b (2)", "x" * 100, "x" * 96 + " (2)"} < set(
        source.class_names
    )
    for name in source.class_names:
        assert 1 <= len(name.encode()) <= 300
        assert len(name) <= 100
    for index in range(source.count):
        assert source.item(index)[0].size == (8, 6)


def test_too_many_classes_and_too_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        picture(tmp_path / name / "1.png")
    monkeypatch.setattr(folders, "MOST_CLASSES", 2)
    error = refusal(tmp_path)
    assert error.code == "import.too_many_classes"
    assert (error.params["classes"], error.params["most"]) == (3, 2)
    monkeypatch.setattr(folders, "MOST_ITEMS", 5)
    assert refusal(tmp_path).code == "import.too_many"


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "nothing").touch()
    Image.new("L", (8, 6)).save(tmp_path / "one.png")
    for name in ("empty", "text.txt", "nothing", "one.png"):
        error = refusal(tmp_path / name)
        assert error.code == "import.nothing"
        assert "PNG" in str(error.params["formats"])


def test_what_cannot_be_opened_at_all(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for name in ("missing", "pipe", "round", "nul\0", "x" * 5000):
        assert refusal(tmp_path / name).code == "import.unreadable"


def test_a_folder_that_goes_away_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        folders.find_pictures(tmp_path / "gone")
    assert caught.value.code == "import.unreadable"


def test_looking_through_a_folder_stops_when_told(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    with pytest.raises(LoadingStoppedError):
        open_source(tmp_path, should_stop=lambda: True)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0 no more", b"GIF89a", b"plain text"],
    ids=["0 bytes", "cut PNG", "cut JPEG", "cut GIF", "text"],
)
def test_a_damaged_picture_is_an_error_of_its_own(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    picture(tmp_path / "b.png", 70)
    source = open_source(tmp_path)
    with pytest.raises(ImageError):
        source.item(0)
    assert shade(source, 1) == 70


# Arrays --------------------------------------------------------------------------------------


def saved(path: Path, array: NDArray[Any]) -> Path:
    np.save(path, array, allow_pickle=False)
    return path


def byte_images(*shape: int) -> NDArray[np.uint8]:
    return RNG.integers(0, 256, shape, np.uint8)


LAYOUTS: dict[str, tuple[tuple[int, ...], Callable[[NDArray[Any]], NDArray[Any]]]] = {
    "grey": ((5, 8, 6), lambda row: row),
    "one channel last": ((5, 8, 6, 1), lambda row: row[:, :, 0]),
    "three last": ((5, 8, 6, 3), lambda row: row),
    "four last": ((5, 8, 6, 4), lambda row: row),
    "one first": ((5, 1, 8, 6), lambda row: row[0]),
    "three first": ((5, 3, 8, 6), lambda row: row.transpose(1, 2, 0)),
    "three first, four wide": ((5, 3, 9, 4), lambda row: row.transpose(1, 2, 0)),
    "flat square": ((5, 49), lambda row: row.reshape(7, 7)),
    "flat colours": ((5, 147), lambda row: row.reshape(3, 7, 7).transpose(1, 2, 0)),
}


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("name", LAYOUTS)
def test_arrays_of_every_layout(tmp_path: Path, name: str, fortran: bool) -> None:
    shape, expected = LAYOUTS[name]
    array = byte_images(*shape)
    path = saved(tmp_path / "set.npy", np.asfortranarray(array) if fortran else array)
    with open_source(path) as source:
        assert (source.kind, source.count, source.title) == ("array", 5, "set")
        assert source.class_names == ()
        for index in (4, 0, 2):
            found, label = source.item(index)
            assert label == 0
            assert np.array_equal(np.asarray(found), expected(array[index]))


@pytest.mark.parametrize(
    "shape",
    [(), (7,), (5, 7), (5, 1), (5, 8, 6, 2), (5, 4, 8, 6), (9, 9, 3), (2, 2, 2, 2, 2), (5, 0, 9)],
)
def test_shapes_that_hold_no_images(tmp_path: Path, shape: tuple[int, ...]) -> None:
    code = refusal(saved(tmp_path / "set.npy", np.zeros(shape, np.uint8))).code
    assert code == ("import.nothing" if not shape else "import.array_shape")


def test_an_array_without_images(tmp_path: Path) -> None:
    assert refusal(saved(tmp_path / "set.npy", np.zeros((0, 8, 8), np.uint8))).code == (
        "import.nothing"
    )


SCALES: dict[str, tuple[NDArray[Any], tuple[float, float]]] = {
    "bool": (np.array([False, True]), (0, 1)),
    "uint8": (np.array([0, 255], np.uint8), (0, 255)),
    "uint8 of 0 and 1": (np.array([0, 1], np.uint8), (0, 1)),
    "uint16": (np.array([0, 65535], np.uint16), (0, 65535)),
    "uint16 of 12 bits": (np.array([0, 4095], np.uint16), (0, 4095)),
    "big-endian uint16": (np.array([0, 65535], ">u2"), (0, 65535)),
    "int64 up to 255": (np.array([0, 255], np.int64), (0, 255)),
    "int8 of -1 and 1": (np.array([-1, 1], np.int8), (-1, 1)),
    "float32 to 1": (np.array([0, 1], np.float32), (0, 1)),
    "float64 to 255": (np.array([0, 255], np.float64), (0, 255)),
    "float16 around 0": (np.array([-1, 1], np.float16), (-1, 1)),
    "float, a little over": (np.array([-0.004, 1.003], np.float32), (0, 1)),
}


@pytest.mark.parametrize("name", SCALES)
def test_black_and_white_are_found(tmp_path: Path, name: str) -> None:
    ends, limits = SCALES[name]
    array = ends[RNG.integers(0, 2, (6, 5, 5))]
    array[0, 0, :2] = ends
    with open_source(saved(tmp_path / "set.npy", array)) as source:
        assert source.limits == limits
        for index in range(6):
            expected = np.where(array[index] == ends[1], 255, 0)
            assert np.array_equal(np.asarray(source.item(index)[0]), expected)


def test_shades_between_are_kept(tmp_path: Path) -> None:
    array = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 8, 8)
    with open_source(saved(tmp_path / "set.npy", array)) as source:
        expected = np.linspace(0, 255, 64).reshape(8, 8)
        assert np.asarray(source.item(0)[0], float) == pytest.approx(expected, abs=0.51)


def test_all_black_bytes_stay_black_and_bytes(tmp_path: Path) -> None:
    with open_source(saved(tmp_path / "set.npy", np.zeros((3, 5, 5), np.uint8))) as source:
        assert source.limits == (0, 255)
    with open_source(saved(tmp_path / "set.npy", np.zeros((3, 5, 5), np.bool_))) as source:
        assert source.limits == (0, 1)


def test_values_of_no_known_range_are_refused(tmp_path: Path) -> None:
    error = refusal(saved(tmp_path / "set.npy", RNG.normal(0, 5, (4, 8, 8))))
    assert error.code == "import.array_range"
    assert float(str(error.params["low"])) < -1


def test_images_with_nan_or_another_range_are_errors_with_their_number(tmp_path: Path) -> None:
    array = RNG.random((2500, 4, 4), np.float32)
    array[3, 1, 1] = np.nan
    array[7, 2, 2] = np.inf
    array[1001] *= 200
    looked_at = np.linspace(0, 2499, 1000).astype(int)
    assert 1001 not in looked_at
    with open_source(saved(tmp_path / "set.npy", array)) as source:
        assert source.limits == (0, 1)
        codes = {}
        for index in (3, 7, 1001):
            with pytest.raises(ImageError) as caught:
                source.item(index)
            codes[index] = caught.value.code
            assert caught.value.params["path"] == str(index) == source.what(index)
        assert codes == {
            3: "image.not_finite",
            7: "image.not_finite",
            1001: "import.out_of_range",
        }
        source.item(4)


@pytest.mark.parametrize("dtype", ["c8", "M8[s]", "U5", "S3", "u1,u1", "V4"])
def test_types_that_are_no_numbers(tmp_path: Path, dtype: str) -> None:
    assert refusal(saved(tmp_path / "set.npy", np.zeros((4, 8, 8), dtype))).code == (
        "import.array_type"
    )


class Canary:
    """Unpickling it leaves a trace."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


@pytest.mark.parametrize("packed", [False, True])
def test_pickled_objects_are_refused_and_never_run(tmp_path: Path, packed: bool) -> None:
    objects = np.array([Canary(str(tmp_path / "ran"))] * 4, dtype=object)
    images = byte_images(4, 8, 8)
    if packed:
        good: dict[str, Any] = {"images": images, "labels": np.arange(4)}
        for key in ("images", "labels", "class_names"):
            np.savez(tmp_path / "set.npz", **{**good, key: objects})
            assert refusal(tmp_path / "set.npz").code == "import.objects"
    else:
        np.save(tmp_path / "set.npy", objects, allow_pickle=True)
        assert refusal(tmp_path / "set.npy").code == "import.objects"
        saved(tmp_path / "set.npy", images)
        np.save(tmp_path / "set-labels.npy", objects, allow_pickle=True)
        assert refusal(tmp_path / "set.npy").code == "import.objects"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["set-labels.npy", "set_labels.npy", "labels.npy"])
@pytest.mark.parametrize("kind", ["u1", "i8", "f4"])
def test_labels_beside_an_array(tmp_path: Path, name: str, kind: str) -> None:
    path = saved(tmp_path / "set.npy", byte_images(6, 8, 8))
    saved(tmp_path / name, np.array([3, 7, 7, 0, 3, 3], kind))
    with open_source(path) as source:
        assert source.class_names == ("0", "3", "7")
        assert source.labels.tolist() == [1, 2, 2, 0, 1, 1]
        assert source.item(1)[1] == 2


def test_labels_that_are_all_the_same_are_no_classes(tmp_path: Path) -> None:
    path = saved(tmp_path / "set.npy", byte_images(6, 8, 8))
    saved(tmp_path / "labels.npy", np.full(6, 4))
    with open_source(path) as source:
        assert (source.class_names, source.labels.tolist()) == ((), [0] * 6)


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (np.arange(5), "data.counts"),
        (np.arange(7), "data.counts"),
        (np.arange(6) - 1, "import.labels"),
        (np.arange(6) + 0.5, "import.labels"),
        (np.array([0, 1, 2, 3, 4, np.nan]), "import.labels"),
        (np.array([0, 1, 2, 3, 4, 2**63], np.uint64), "import.labels"),
        (np.eye(6), "import.labels"),
        (np.array(0), "import.labels"),
        (np.array(list("abcdef")), "import.array_type"),
    ],
)
def test_labels_that_cannot_be_used(tmp_path: Path, labels: NDArray[Any], code: str) -> None:
    path = saved(tmp_path / "set.npy", byte_images(6, 8, 8))
    saved(tmp_path / "labels.npy", labels)
    assert refusal(path).code == code


def test_more_than_a_thousand_classes_in_an_array(tmp_path: Path) -> None:
    path = saved(tmp_path / "set.npy", byte_images(1001, 4, 4))
    saved(tmp_path / "labels.npy", np.arange(1001))
    assert refusal(path).code == "import.too_many_classes"


def header(shape: str, descr: str = "'|u1'", version: int = 1, pad: int = 0) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}" + " " * pad + "\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes((version, 0)) + size + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        header("(1000000000000, 8, 8)"),
        header("(5, 8, 8)") + bytes(319),
        header("(-5, 8, 8)") + bytes(400),
        header("(5.0, 8, 8)") + bytes(400),
        header("(5, 8, 8)", version=3) + bytes(400),
        header("(5, 8, 8)", "'nonsense'") + bytes(400),
        header("(5, 8, 8)", "[" * 3000),
        header("(5, 8, 8)", version=2, pad=20_000) + bytes(400),
        header(f"({2**70}, 0)") + bytes(400),
        b"\x93NUMPY\2\0" + b"\xff\xff\xff\xff" + b" " * 100,
        b"\x93NUMPY",
        b"\x93NUMPY\1\0\xff\xff",
    ],
)
def test_damaged_arrays(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "set.npy").write_bytes(content)
    assert refusal(tmp_path / "set.npy").code == "import.unreadable"


def test_a_file_that_is_cut_short_or_rewritten_meanwhile(tmp_path: Path) -> None:
    for array in (byte_images(50, 40, 40), np.asfortranarray(byte_images(50, 40, 40))):
        path = saved(tmp_path / "set.npy", array)
        with open_source(path) as source:
            source.item(49)
            os.truncate(path, 2000)
            with pytest.raises(DatasetError) as caught:
                source.item(49)
            assert caught.value.code == "import.changed"


def test_a_file_is_closed_once_nobody_reads_from_it(tmp_path: Path) -> None:
    """Else the system may give its number to another file, which would be read."""
    (tmp_path / "set.npy").write_bytes(b"x" * 100)
    begun, go_on, seen = threading.Event(), threading.Event(), list[bool]()

    class Slow(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            begun.set()
            assert go_on.wait(20)
            seen.append(self.closed)
            return super().read(size) or b""

    file = Slow(tmp_path / "set.npy")
    rows = Rows(file, Header((10, 10), np.dtype(np.uint8), False, 0), tmp_path / "set.npy")
    reader = threading.Thread(target=rows.read, args=(0,))
    reader.start()
    assert begun.wait(20)
    closer = threading.Thread(target=rows.close)
    closer.start()
    closer.join(0.1)  # in vain
    go_on.set()
    for thread in (reader, closer):
        thread.join(20)
    assert seen == [False]
    assert file.closed


def test_reading_one_image_holds_no_more_than_that(tmp_path: Path) -> None:
    path = saved(tmp_path / "set.npy", np.zeros((2000, 100, 100), np.uint8))
    tracemalloc.start()
    with open_source(path) as source:
        source.item(1999)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


# npz -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("fortran", [False, True])
def test_an_npz_with_halves_and_names(tmp_path: Path, save: Any, fortran: bool) -> None:
    first, second = byte_images(6, 8, 8, 3), byte_images(3, 8, 8, 3)
    save(
        tmp_path / "set.npz",
        x_train=np.asfortranarray(first) if fortran else first,
        y_train=np.array([[2], [0], [2], [2], [0], [0]]),
        x_test=second,
        y_test=np.array([[0], [2], [3]]),
        label_names=np.array(["cat", "cow", "dog", "cat"]),
    )
    scratch = tmp_path / "new" / "scratch"  # as before the first data set
    with open_source(tmp_path / "set.npz", scratch=scratch) as source:
        assert source.class_names == ("cat", "dog", "cat (2)")
        assert source.labels.tolist() == [1, 0, 1, 1, 0, 0, 0, 1, 2]
        assert source.test is not None
        assert source.test.tolist() == [False] * 6 + [True] * 3
        assert source.what(7) == "test 1"
        both = np.concatenate([first, second])
        for index in (8, 0, 5):
            assert np.array_equal(np.asarray(source.item(index)[0]), both[index])
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images", "labels"), ("X", "Y"), ("data", "targets"), ("arr_0", "y"), ("whatever", "labels")],
)
def test_the_usual_keys_and_else_the_largest(tmp_path: Path, images: str, labels: str) -> None:
    array = byte_images(4, 8, 8)
    members = {images: array, labels: np.array([1, 0, 1, 0]), "extra": np.zeros(3)}
    np.savez(tmp_path / "set.npz", **members)
    with open_source(tmp_path / "set.npz") as source:
        assert source.labels.tolist() == [1, 0, 1, 0]
        assert np.array_equal(np.asarray(source.item(2)[0]), array[2])


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, "import.nothing"),
        ({"labels": np.arange(4)}, "import.nothing"),
        ({"images": np.zeros((4, 8, 8)), "labels": np.arange(3)}, "data.counts"),
        ({"images": np.zeros((4, 8, 8)), "labels": -np.arange(4)}, "import.labels"),
        (
            {"images": np.zeros((4, 8, 8)), "labels": np.arange(4), "class_names": np.array(["a"])},
            "data.labels",
        ),
        (
            {
                "x_train": np.zeros((4, 8, 8)),
                "y_train": np.arange(4),
                "x_test": np.zeros((2, 8, 8)),
            },
            "import.labels",
        ),
        ({"images": np.zeros((4, 8, 8), "c8")}, "import.array_type"),
    ],
)
def test_npz_files_that_do_not_fit(tmp_path: Path, members: dict[str, Any], code: str) -> None:
    np.savez(tmp_path / "set.npz", **members)
    if not members:
        with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
            archive.writestr("readme.txt", "no arrays")
    assert refusal(tmp_path / "set.npz").code == code


def zipped(path: Path, member: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("images.npy", member)
    return path


def test_zip_bombs_are_refused_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "set.npz"
    huge = zipped(path, header("(1000000000000, 8, 8)") + bytes(10_000))
    assert refusal(huge).code == "import.too_large"
    monkeypatch.setattr(unpack.shutil, "disk_usage", lambda _: Disk())
    assert refusal(zipped(path, header("(1000000000, 8, 8)"))).code == "import.no_room"
    monkeypatch.undo()
    more = zipped(path, header("(4, 8, 8)") + bytes(30_000_000))
    asked: list[None] = []
    tracemalloc.start()
    error = refusal(more, scratch=tmp_path, should_stop=lambda: bool(asked.append(None)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.code == "import.unreadable"
    assert "holds more" in str(error.params["reason"])
    assert peak < 10 * 2**20
    assert len(asked) < 3  # and no more of it was unpacked than that
    monkeypatch.setattr(unpack.tempfile, "TemporaryFile", None)  # nothing may be unpacked into it
    many = zipped(path, header("(3000000, 1, 1)") + bytes(3_000_000))
    assert refusal(many).code == "import.too_many"
    large = zipped(path, header("(1, 20000, 20000)") + bytes(1000))
    assert refusal(large).code == "import.array_shape"
    monkeypatch.undo()
    less = zipped(path, header("(4, 8, 8)") + bytes(100))
    assert "100" in str(refusal(less).params["reason"])


class Disk:
    """With little room."""

    free = 2**30


def test_a_header_in_an_archive_never_makes_it_unpack(tmp_path: Path) -> None:
    """A header of 4 GB, which NumPy would read before it looks at its length."""
    bomb = zipped(tmp_path / "set.npz", b"\x93NUMPY\2\0\xff\xff\xff\xff" + b" " * 50_000_000)
    tracemalloc.start()
    assert refusal(bomb).code == "import.unreadable"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_ways_of_packing_are_refused(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "set.npz", header("(4, 8, 8)") + bytes(256), method)
    assert refusal(path).code == "import.unreadable"


def test_damaged_archives(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, images=byte_images(40, 8, 8))
    whole = path.read_bytes()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    tracemalloc.start()
    for content in (
        whole[: len(whole) // 2],
        whole[:300] + bytes(200) + whole[500:],
        whole.replace(b"images.npy", b"images\xff\xff.y", 1),
        b"PK\3\4",
        zip_with_a_long_list(),
    ):
        path.write_bytes(content)
        assert refusal(path, scratch=scratch).code == "import.unreadable"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * 2**20
    assert not list(scratch.iterdir())


def zip_with_a_long_list() -> bytes:
    """200,000 files: a few megabytes, and hundreds in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("images.npy", b"")
    content = buffer.getvalue()
    start = content.index(b"PK\1\2")
    end = content.index(b"PK\5\6")
    entries = content[start:end] * 200_000
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65_535, 65_535, len(entries), start, 0)
    return content[:start] + entries + tail


def test_unpacking_stops_when_told_and_leaves_nothing(tmp_path: Path) -> None:
    images = np.zeros((2, 2000, 2000), np.uint8)  # of which two looks are taken later
    np.savez_compressed(tmp_path / "set.npz", images=images)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    asked = iter([False, False, False, True])
    with pytest.raises(LoadingStoppedError):
        open_source(tmp_path / "set.npz", scratch, lambda: next(asked))
    assert not list(scratch.iterdir())


# IDX -----------------------------------------------------------------------------------------

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
}


@pytest.mark.parametrize("ending", PACKERS)
def test_an_idx_folder_with_both_halves(tmp_path: Path, ending: str) -> None:
    pack = PACKERS[ending]
    first, second = byte_images(6, 9, 7), byte_images(3, 9, 7)
    for name, array in (
        ("train-images-idx3-ubyte", first),
        ("train-labels-idx1-ubyte", np.array([4, 1, 4, 0, 0, 1], np.uint8)),
        ("t10k-images-idx3-ubyte", second),
        ("t10k-labels-idx1-ubyte", np.array([0, 1, 4], np.uint8)),
    ):
        (tmp_path / f"{name}{ending}").write_bytes(pack(idx(array)))
    (tmp_path / "readme.txt").write_text("see images")
    with open_source(tmp_path) as source:
        assert (source.kind, source.count) == ("idx", 9)
        assert source.class_names == ("0", "1", "4")
        assert source.labels.tolist() == [2, 1, 2, 0, 0, 1, 0, 1, 2]
        assert source.test is not None
        assert source.test.tolist() == [False] * 6 + [True] * 3
        assert np.array_equal(np.asarray(source.item(1)[0]), first[1])
        assert np.array_equal(np.asarray(source.item(8)[0]), second[2])
    with open_source(tmp_path / f"t10k-images-idx3-ubyte{ending}") as source:
        assert (source.count, source.test, source.labels.tolist()) == (3, None, [0, 1, 2])


def test_a_link_that_leads_nowhere_keeps_no_picture_away(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    (tmp_path / "my-images").symlink_to("x" * 300)  # the system will not say what that is
    with open_source(tmp_path) as source:
        assert source.count == 1
        assert skipped(source) == {"my-images": "import.unreadable"}


def test_idx_of_colour_without_labels(tmp_path: Path) -> None:
    array = byte_images(4, 9, 7, 3)
    (tmp_path / "images.idx").write_bytes(idx(array))
    with open_source(tmp_path / "images.idx") as source:
        assert source.class_names == ()
        assert np.array_equal(np.asarray(source.item(3)[0]), array[3])


def test_an_idx_file_that_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    array = byte_images(4, 9, 7)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(array))
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(array)))
    with open_source(tmp_path) as source:
        assert (source.count, source.test) == (4, None)


def test_of_several_idx_sets_one_must_be_chosen(tmp_path: Path) -> None:
    for name in ("letters-images", "digits-images", "train-images"):
        (tmp_path / name).write_bytes(idx(byte_images(4, 9, 7)))
    error = refusal(tmp_path)
    assert error.code == "import.several"
    assert "letters-images" in str(error.params["names"])


def gz(content: bytes) -> bytes:
    """The same at any time: it is in the names of tests, which all workers must agree upon."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (idx(byte_images(4, 9, 7))[:-1], "data.length"),
        (idx(byte_images(4, 9, 7)) + b"x", "data.length"),
        (b"\0\0\x08\3" + struct.pack(">III", 2**32 - 1, 2**32 - 1, 2**32 - 1), "data.length"),
        (gz(idx(byte_images(4, 9, 7)))[:-9], "import.unreadable"),
        (gz(idx(byte_images(4, 9, 7))[:-1]), "import.unreadable"),
        (gz(idx(byte_images(4, 9, 7)) + bytes(3 * 2**20)), "import.unreadable"),
        (
            gz(b"\0\0\x08\3" + struct.pack(">III", 2**32 - 1, 2**16, 2**16)),
            "import.too_large",
        ),
        (idx(byte_images(8)), "import.array_shape"),
        (b"\0\0\x0d\3" + bytes(12), "import.nothing"),
        (b"\0\0\x08\5" + bytes(20), "import.nothing"),
        (b"\0\0\x08\3", "import.nothing"),
        (b"\x1f\x8b\x08 no gzip", "import.nothing"),
        (gz(b"text"), "import.nothing"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "images").write_bytes(content)
    assert refusal(tmp_path / "images").code == code


def test_idx_labels_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(idx(byte_images(4, 9, 7)))
    (tmp_path / "labels").write_bytes(idx(np.zeros(3, np.uint8)))
    assert refusal(tmp_path / "images").code == "data.counts"


def test_a_place_that_takes_nothing_is_no_fault_of_the_archive(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", images=byte_images(4, 8, 8))
    (tmp_path / "scratch").write_text("a file")
    with pytest.raises(DatasetError) as caught:
        open_source(tmp_path / "set.npz", scratch=tmp_path / "scratch")
    assert (caught.value.code, caught.value.params["path"]) == (
        "data.write",
        str(tmp_path / "scratch"),
    )


def test_idx_labels_of_another_kind_are_not_passed_over(tmp_path: Path) -> None:
    images = byte_images(4, 8, 8)
    header = b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in images.shape)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(header + images.tobytes())
    labels = b"\0\0\x0c\x01" + (4).to_bytes(4, "big") + bytes(16)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)  # 32 bits each
    with pytest.raises(DatasetError) as caught:
        open_source(tmp_path)
    assert caught.value.code == "import.labels"
