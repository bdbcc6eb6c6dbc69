"""From a server, or from files at hand, to a stored set. Sets are small ones in the layout of those
that ``KNOWN`` lists; torchvision's own classes read them."""

from __future__ import annotations

import gzip
import lzma
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.core.datasets.hostile_server import HostileServer
from tests.core.datasets.small_sets import (
    REAL,
    TRAIN,
    Small,
    blank,
    know,
    make_known_small,
    save,
    sent,
    sha256,
    small,
    tarred,
    zipped,
)
from tests.helpers import Disk
from vae_studio.core.data import load_dataset
from vae_studio.core.datasets.idx import never
from vae_studio.core.datasets.known import KNOWN, IdxFile
from vae_studio.core.datasets.obtain import download_size, fetch_known, take_local
from vae_studio.core.datasets.stored import read_stored
from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.errors import DatasetError
from vae_studio.core.vision import import_torchvision

EVERY_SET = pytest.mark.parametrize("name", KNOWN)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine that runs the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test stores is in the table for as long as it runs; the sets it knows are small."""
    before = dict(DATASETS)
    make_known_small(monkeypatch)
    yield
    DATASETS.clear()
    DATASETS.update(before)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


def check(info: DatasetInfo | None, parent: Path, made: Small) -> None:
    """It is stored, it is all that is there, and what is loaded is what was put into its files."""
    assert info is not None
    known = KNOWN[info.name]
    assert [path.name for path in parent.iterdir()] == [info.name]
    assert read_stored(parent / info.name) == info == DATASETS[info.name]
    kept = ("title", "class_names", "licence", "source", "digits", "train", "test", "image_shape")
    for field in kept:
        assert getattr(info, field) == getattr(known.info, field)
    pair = load_dataset(info.name)
    np.testing.assert_array_equal(pair.train.images.numpy(), made.images[:TRAIN])
    np.testing.assert_array_equal(pair.test.images.numpy(), made.images[TRAIN:])
    np.testing.assert_array_equal(pair.train.labels.numpy(), made.labels[:TRAIN])
    np.testing.assert_array_equal(pair.test.labels.numpy(), made.labels[TRAIN:])


# From a server ---------------------------------------------------------------------------------


@EVERY_SET
def test_a_set_is_fetched_and_stored(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made = small(name)
    known = know(monkeypatch, name, made.plain, server)
    told: list[float] = []
    parent = tmp_path / "data" / "sets"
    check(fetch_known(name, parent, never, told.append), parent, made)
    assert len(server.requests) == len(known.files)
    assert told == sorted(told)
    assert 0.0 < told[0] < 0.9 < told[-1] == 1.0
    assert download_size(name) == sum(file.size for file in known.files)


@pytest.mark.parametrize("name", ["fashion-mnist", "emnist-letters"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 0.93, 0.951, 0.98])
def test_a_stop_at_any_time_leaves_nothing(
    server: HostileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    share: float,
) -> None:
    know(monkeypatch, name, small(name).plain, server)
    told = [0.0]
    parent = tmp_path / "sets"
    assert fetch_known(name, parent, lambda: told[-1] >= share, told.append) is None
    assert told[-1] < 1.0
    assert not list(parent.iterdir())
    assert name not in DATASETS


def test_a_stop_while_a_server_stalls_leaves_nothing(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, "kmnist", small("kmnist").plain, server)
    server.stall("/t10k-images-idx3-ubyte.gz", b"HTTP/1.1 200 OK\r\n\r\n", b"\x1f")
    parent = tmp_path / "sets"
    assert fetch_known("kmnist", parent, server.reached.is_set, lambda _: None) is None
    assert not list(parent.iterdir())
    for thread in threading.enumerate():
        if thread.name == "fetch":
            thread.join(2.0)
            assert not thread.is_alive()


@pytest.mark.parametrize("name", ["fashion-mnist", "emnist-balanced"])
def test_a_file_that_never_comes_right_leaves_nothing(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    known = know(monkeypatch, name, small(name).plain, server)
    server.file(f"/{known.files[-1].name}", bytes(known.files[-1].size))
    parent = tmp_path / "sets"
    assert refused_fetch(name, parent) == "fetch.failed"
    assert not list(parent.iterdir())


@pytest.mark.parametrize("largest", [0, 100_000])
def test_a_full_disk_leaves_nothing(
    server: HostileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    disk: Disk,
    largest: int,
) -> None:
    """While it downloads, or when the set, which is larger than what is sent, is written."""
    know(monkeypatch, "fashion-mnist", blank("fashion-mnist").plain, server)
    parent, disk.largest = tmp_path / "sets", largest
    assert refused_fetch("fashion-mnist", parent) == "data.write"
    assert disk.refused == 1
    assert not list(parent.iterdir())


def test_nothing_is_asked_for_where_the_set_is_there_already(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, "qmnist", small("qmnist").plain, server)
    (tmp_path / "qmnist").mkdir()
    assert refused_fetch("qmnist", tmp_path) == "data.exists"
    assert not server.requests


@pytest.mark.parametrize("name", ["mnist", "imagenet", "../x", ""])
def test_a_set_that_nobody_knows(tmp_path: Path, name: str) -> None:
    assert refused_fetch(name, tmp_path / "sets") == "data.unknown"
    assert refused(name, tmp_path, tmp_path / "sets") == "data.unknown"
    with pytest.raises(DatasetError, match=r"data\.unknown"):
        download_size(name)
    assert not (tmp_path / "sets").exists()


def test_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "sets").touch()
    assert refused_fetch("kmnist", tmp_path / "sets") == "data.write"


def refused_fetch(name: str, parent: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        fetch_known(name, parent, never, lambda _: None)
    return caught.value.code


def test_the_table_says_what_torchvision_says() -> None:
    datasets = import_torchvision().datasets
    fashion, emnist = REAL["fashion-mnist"], REAL["emnist-balanced"]
    assert list(fashion.info.class_names) == datasets.FashionMNIST.classes
    balanced = datasets.EMNIST.classes_split_dict["balanced"]
    assert list(emnist.info.class_names) == balanced
    romaji = [name.split()[1] for name in REAL["kmnist"].info.class_names]
    assert romaji == datasets.KMNIST.classes
    assert datasets.EMNIST.url in emnist.files[0].urls
    for name in ("fashion-mnist", "kmnist"):
        reader = getattr(datasets, REAL[name].reader)
        for file in REAL[name].files:
            assert reader.mirrors[0] + file.name in file.urls
            assert file.name in dict(reader.resources)
    qmnist = {url for half in ("train", "test") for url, _ in datasets.QMNIST.resources[half]}
    assert {file.urls[0] for file in REAL["qmnist"].files} == qmnist


# From files at hand ----------------------------------------------------------------------------


def refused(name: str, source: Path, parent: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        take_local(name, source, parent, never, lambda _: None)
    return caught.value.code


@EVERY_SET
def test_a_set_is_taken_from_its_plain_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made = small(name)
    know(monkeypatch, name, made.plain, None)
    source, parent = save(tmp_path / "files", made.plain), tmp_path / "sets"
    told: list[float] = []
    check(take_local(name, source, parent, never, told.append), parent, made)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert {path.name: path.read_bytes() for path in source.iterdir()} == made.plain


@EVERY_SET
def test_a_set_is_taken_from_what_its_servers_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made = small(name)
    know(monkeypatch, name, made.plain, None)
    source, parent = save(tmp_path / "files", sent(name, made.plain)), tmp_path / "sets"
    if (source / "gzip.zip").exists():
        source /= "gzip.zip"
    check(take_local(name, source, parent, never, lambda _: None), parent, made)


@pytest.mark.parametrize(
    "kind", ["gz", "xz", "deep", "one file", "zip", "tar", "tar.gz", "tar.xz", "tar of xz"]
)
def test_files_are_taken_however_they_are_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Packed anew: not the bytes that the servers send, but what is in them is right."""
    made = small("fashion-mnist")
    know(monkeypatch, "fashion-mnist", made.plain, None)
    parent, source = tmp_path / "sets", tmp_path / "files"
    again = {name: gzip.compress(content, 9, mtime=7) for name, content in made.plain.items()}
    small_ = {name: lzma.compress(content, preset=0) for name, content in made.plain.items()}
    if kind == "gz":
        save(source, again, ".gz")
    elif kind == "xz":
        save(source, small_, ".xz")
    elif kind == "deep":
        save(source / "a" / "FashionMNIST" / "raw", again, ".gz")
    elif kind == "one file":
        source = save(source, made.plain) / "t10k-labels-idx1-ubyte"
    elif kind == "zip":
        source.write_bytes(zipped(made.plain))
    elif kind == "tar of xz":
        source.write_bytes(tarred({f"{name}.xz": content for name, content in small_.items()}))
    else:
        pack = {"tar": bytes, "tar.gz": gzip.compress, "tar.xz": lzma.compress}[kind]
        source.write_bytes(pack(tarred(made.plain)))
    check(take_local("fashion-mnist", source, parent, never, lambda _: None), parent, made)


@pytest.mark.parametrize("archive", [False, True])
def test_what_is_missing_is_named_with_what_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: bool
) -> None:
    made = small("fashion-mnist")
    know(monkeypatch, "fashion-mnist", made.plain, None)
    plain = {name: content for name, content in made.plain.items() if "labels" not in name}
    source, parent = tmp_path / "files", tmp_path / "sets"
    if archive:
        source.write_bytes(zipped(plain))
    else:
        save(source, plain)
    with pytest.raises(DatasetError) as caught:
        take_local("fashion-mnist", source, parent, never, lambda _: None)
    assert caught.value.code == "data.local_missing"
    assert caught.value.params == {
        "path": str(source),
        "files": "train-labels-idx1-ubyte, t10k-labels-idx1-ubyte",
    }
    assert not list(parent.iterdir())


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_another_file_is_refused_where_the_right_digest_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    made = small("fashion-mnist")
    know(monkeypatch, "fashion-mnist", made.plain, None)
    plain = dict(made.plain)
    plain["t10k-images-idx3-ubyte"] = plain["t10k-images-idx3-ubyte"][:-1] + b"?"
    pack = gzip.compress if suffix else bytes
    source = save(tmp_path / "files", {k: pack(v) for k, v in plain.items()}, suffix)
    assert refused("fashion-mnist", source, tmp_path / "sets") == "data.local_digest"
    assert not list((tmp_path / "sets").iterdir())


def test_files_that_nobody_has_a_digest_of_need_only_fit(tmp_path: Path) -> None:
    made = small("kmnist", seed=5)
    source, parent = save(tmp_path / "files", made.plain), tmp_path / "sets"
    check(take_local("kmnist", source, parent, never, lambda _: None), parent, made)


def test_another_sets_files_of_the_same_names_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fashion, mnist = small("fashion-mnist", 1), small("fashion-mnist", 2)
    know(monkeypatch, "fashion-mnist", fashion.plain, None)
    for made in (fashion, mnist):
        source = save(tmp_path / str(id(made)), made.plain)
        if made is mnist:
            monkeypatch.setattr(
                "vae_studio.core.datasets.obtain.MNIST_IMAGES",
                sha256(made.plain["train-images-idx3-ubyte"]),
            )
        assert refused("kmnist", source, tmp_path / "sets") == "data.local_digest"


def test_of_several_sets_in_a_folder_the_right_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As torchvision leaves them, and with files that were tried in vain."""
    fashion, kmnist = small("fashion-mnist", 1), small("kmnist", 2)
    know(monkeypatch, "fashion-mnist", fashion.plain, None)
    source = tmp_path / "torchvision"
    save(source / "AMNIST" / "raw", blank("kmnist").plain)
    save(source / "FashionMNIST" / "raw", fashion.plain)
    save(source / "KMNIST" / "raw", kmnist.plain)
    parent = tmp_path / "sets"
    check(take_local("fashion-mnist", source, parent, never, lambda _: None), parent, fashion)
    (source / "AMNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(b"damaged")
    parent = tmp_path / "more"
    check(take_local("kmnist", source, parent, never, lambda _: None), parent, kmnist)


def with_header(part: IdxFile, shape: tuple[int, ...]) -> bytes:
    return IdxFile(part.name, shape).header + bytes(part.size)[: part.size - len(part.header)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("empty", "data.length"),
        ("cut", "data.length"),
        ("longer", "data.local_unreadable"),
        ("no idx", "data.not_idx"),
        ("floats", "data.not_idx"),
        ("fewer", "data.shape"),
        ("other sizes", "data.shape"),
        ("half of a gz", "data.local_unreadable"),
        ("gz and more", "data.local_unreadable"),
        ("a bomb", "data.local_unreadable"),
        ("a bomb of nothing", "data.local_unreadable"),
        ("half of an xz", "data.local_unreadable"),
        ("a pipe", "data.local_unreadable"),
        ("a folder away", "data.local_unreadable"),
        ("a label too many", "data.labels"),
    ],
)
@pytest.mark.parametrize("name", ["kmnist", "qmnist"])
def test_a_file_that_is_not_as_it_should_be(
    tmp_path: Path, name: str, fault: str, code: str
) -> None:
    plain = small(name).plain
    source = save(tmp_path / "files", plain)
    images, labels = KNOWN[name].parts[0], KNOWN[name].parts[3]
    path, right = source / images.name, plain[images.name]
    contents: dict[str, Callable[[], bytes]] = {
        "empty": lambda: b"",
        "cut": lambda: right[:-1],
        "longer": lambda: right + b"!",
        "no idx": lambda: b"\x89PNG" + right[4:],
        "floats": lambda: b"\0\0\x0d\3" + right[4:],
        "fewer": lambda: with_header(images, (TRAIN - 1, 28, 28)),
        "other sizes": lambda: with_header(images, (TRAIN, 14, 56)),
        "half of a gz": lambda: gzip.compress(right)[:-9],
        "gz and more": lambda: gzip.compress(right) + gzip.compress(b"more"),
        "a bomb": lambda: gzip.compress(right + bytes(20_000_000)),
        "a bomb of nothing": lambda: gzip.compress(b"") * 20_000,
        "half of an xz": lambda: lzma.compress(right, preset=0)[:-40],
    }
    if fault in contents:
        path.write_bytes(contents[fault]())
    elif fault == "a label too many":
        wrong = bytearray(plain[labels.name])
        wrong[-29 if name == "qmnist" else -1] = 10
        (source / labels.name).write_bytes(wrong)
    else:
        path.unlink()
        if fault == "a pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(tmp_path)
    assert refused(name, source, tmp_path / "sets") == code
    assert not list((tmp_path / "sets").iterdir())
    assert name not in DATASETS


def test_a_label_before_the_first_is_named_as_the_file_has_it(tmp_path: Path) -> None:
    plain = small("emnist-letters").plain
    name = "emnist-letters-train-labels-idx1-ubyte"
    plain[name] = plain[name][:-1] + b"\0"
    source = save(tmp_path / "files", plain)
    with pytest.raises(DatasetError) as caught:
        take_local("emnist-letters", source, tmp_path / "sets", never, lambda _: None)
    assert caught.value.code == "data.labels"
    assert caught.value.params == {"path": name, "label": 0, "last": 26}


@pytest.mark.parametrize("place", ["none", "x" * 300, "a\0b"])
def test_a_source_that_is_not_there(tmp_path: Path, place: str) -> None:
    parent = tmp_path / "sets"
    assert refused("kmnist", tmp_path / place, parent) == "data.local_unreadable"
    assert not list(parent.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.41, 0.72, 0.9])
@pytest.mark.parametrize("archive", [False, True])
def test_taking_files_stops_at_any_time_and_leaves_nothing(
    tmp_path: Path, share: float, archive: bool
) -> None:
    source, parent, told = tmp_path / "files", tmp_path / "sets", [0.0]
    plain = small("kmnist").plain
    if archive:
        source.write_bytes(zipped(plain))
    else:
        save(source, plain)
    assert take_local("kmnist", source, parent, lambda: told[-1] >= share, told.append) is None
    assert told[-1] < 1.0
    assert not list(parent.iterdir())


def test_these_sets_have_the_layout_of_the_real_ones() -> None:
    for name, known in KNOWN.items():
        made = small(name).plain
        assert {part.name: part.size for part in known.parts} == {
            each: len(content) for each, content in made.items()
        }
        assert {file.name for file in REAL[name].files} == set(sent(name, made))
