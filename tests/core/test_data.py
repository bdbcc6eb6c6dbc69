"""Data sets: every row of the table holds what it says, and damage is noticed."""

from __future__ import annotations

import hashlib
import lzma
import os
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_studio.core.data import DatasetPair, load_dataset
from vae_studio.core.datasets.idx import LoadingStoppedError, parse_idx, read_checked
from vae_studio.core.datasets.table import DATASETS, paired
from vae_studio.core.errors import DatasetError
from vae_studio.core.resources import bundled_path


@pytest.fixture(scope="module", params=DATASETS)
def named(request: pytest.FixtureRequest) -> tuple[str, DatasetPair]:
    return request.param, load_dataset(request.param)


def test_fits_its_row(named: tuple[str, DatasetPair]) -> None:
    info, data = DATASETS[named[0]], named[1]
    for half in (data.train, data.test):
        assert half.images.dtype == torch.uint8
        assert half.images.shape == (len(half), *info.image_shape)
        assert half.labels.dtype == torch.int64
        assert half.labels.shape == (len(half),)
        assert half.labels.unique().tolist() == list(range(len(info.class_names)))
        assert half.images.max() == 255
    assert info.title
    assert info.licence
    assert info.source


def test_a_batch_is_floats_from_0_to_1(named: tuple[str, DatasetPair]) -> None:
    half = named[1].test
    indices = torch.tensor([4, 0, 4])
    x, labels = half.batch(indices)
    assert x.dtype == torch.float32
    torch.testing.assert_close(x, half.images[indices].double().div(255).float())
    assert labels.tolist() == half.labels[indices].tolist()
    before = half.images[4].clone()
    x.zero_()  # a batch is a copy: whoever changes it changes no data
    assert torch.equal(half.images[4], before)


def test_mnist_is_whole(mnist: DatasetPair) -> None:
    assert (len(mnist.train), len(mnist.test)) == (60_000, 10_000)
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert mnist.train.images.float().mean().item() / 255 == pytest.approx(0.1307, abs=1e-4)


def test_mnist_names_its_source_and_licence_beside_the_files() -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for path in (bundled_path("assets") / "mnist").iterdir()
        if path.suffix != ".xz"
    ]
    info = DATASETS["mnist"]
    assert any("LeCun" in text and info.licence in text for text in texts)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset("emnist")
    assert caught.value.code == "data.unknown"
    assert "mnist" in str(caught.value.params["known"])


def idx(shape: tuple[int, ...], values: bytes, magic: bytes = b"\0\0\x08") -> bytearray:
    return bytearray(magic + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values)


def test_idx_files_are_parsed() -> None:
    values = parse_idx(idx((2, 3), bytes(range(6))), "two")
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert values.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (bytearray(), "data.not_idx"),
        (bytearray(b"\0\0\x08"), "data.not_idx"),
        (idx((2,), b"12", magic=b"\0\0\x0d"), "data.not_idx"),
        (idx((2,), b"12", magic=b"PK\3"), "data.not_idx"),
        (bytearray(b"\0\0\x08\3\0\0\0\1"), "data.not_idx"),
        (idx((1, 1, 1, 1, 1), b"1"), "data.not_idx"),
        (idx((2, 3), bytes(5)), "data.length"),
        (idx((2, 3), bytes(7)), "data.length"),
        (idx((2**32 - 1,) * 4, bytes(4)), "data.length"),
        (idx((2**16,) * 4, b""), "data.length"),
        (idx((0,), b""), "data.empty"),
        (idx((0, 2**32 - 1, 2**32 - 1, 2**32 - 1), b""), "data.empty"),
    ],
)
def test_what_is_no_idx_file_is_refused(content: bytearray, code: str) -> None:
    for kind in (bytes, bytearray, memoryview):
        with pytest.raises(DatasetError) as caught:
            parse_idx(kind(content), "file")
        assert caught.value.code == code


def test_any_view_of_bytes_is_parsed() -> None:
    content = idx((2, 3), bytes(range(6)))
    with_gaps = memoryview(bytes(byte for each in content for byte in (each, 77)))[::2]
    for view in (bytes(content), memoryview(content), with_gaps, memoryview(content[:12])):
        if len(view) == len(content):
            assert parse_idx(view, "two").tolist() == [[0, 1, 2], [3, 4, 5]]
        else:
            with pytest.raises(DatasetError):
                parse_idx(view, "two")


def test_images_and_labels_that_belong_together() -> None:
    images = parse_idx(bytes(idx((3, 28, 28), bytes(range(256)) * 9 + bytes(48))), "images")
    labels = parse_idx(bytes(idx((3,), b"\0\5\x09")), "labels")
    data = paired(images, labels, DATASETS["mnist"], "images")
    assert data.images.shape == (3, 1, 28, 28)
    assert data.labels.tolist() == [0, 5, 9]
    data.images[:] = 0  # may be written to, whoever holds the file's bytes
    assert images.any()


@pytest.mark.parametrize(
    ("images", "labels", "code"),
    [
        ((2, 28, 28), [0, 1, 2], "data.counts"),
        ((3, 28, 28), [0, 1], "data.counts"),
        ((0, 28, 28), [], "data.counts"),
        ((3, 28, 28), [[0], [1], [2]], "data.counts"),
        ((3, 28, 28), [0, 1, 10], "data.labels"),
        ((3, 28, 28), [255, 1, 1], "data.labels"),
        ((3, 28, 27), [0, 1, 2], "data.shape"),
        ((3, 784), [0, 1, 2], "data.shape"),
        ((3, 1, 28, 28), [0, 1, 2], "data.shape"),
        ((3,), [0, 1, 2], "data.shape"),
    ],
)
def test_images_and_labels_that_do_not(images: tuple[int, ...], labels: list, code: str) -> None:
    with pytest.raises(DatasetError) as caught:
        paired(np.zeros(images, np.uint8), np.array(labels, np.uint8), DATASETS["mnist"], "images")
    assert caught.value.code == code


def test_only_the_right_bytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.xz"
    digest = hashlib.sha256(b"digits").hexdigest()
    with pytest.raises(DatasetError, match=r"data\.missing"):
        read_checked(path, digest)
    path.write_bytes(lzma.compress(b"digits"))
    assert read_checked(path, digest) == b"digits"
    path.write_bytes(lzma.compress(b"digit5"))
    with pytest.raises(DatasetError, match=r"data\.digest"):
        read_checked(path, digest)
    path.write_bytes(b"no xz")
    with pytest.raises(DatasetError, match=r"data\.unreadable"):
        read_checked(path, digest)


def peak_of(call: Callable[[], object]) -> int:
    """Bytes that Python allocated for it at most."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(path: Path, digest: str, size: int) -> str:
    with pytest.raises(DatasetError) as caught:
        read_checked(path, digest, size)
    return caught.value.code


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "file.xz"
    content = bytes(2**27)
    path.write_bytes(lzma.compress(content, preset=0))
    digest = hashlib.sha256(content).hexdigest()
    del content
    assert peak_of(lambda: refused(path, digest, 2**20)) < 2**24
    assert refused(path, digest, 2**20) == "data.unreadable"
    assert refused(path, digest, 2**27 - 1) == "data.unreadable"
    assert len(read_checked(path, digest, 2**27)) == 2**27


def test_a_file_that_wants_gigabytes_to_be_unpacked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.xz"
    content = bytearray(lzma.compress(b"digits", preset=0))
    content[12 + 4] = 40  # the dictionary's size in the block's header: 4 GB
    size = (content[12] + 1) * 4
    head = zlib.crc32(content[12 : 12 + size - 4])
    content[12 + size - 4 : 12 + size] = struct.pack("<I", head)
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"[Mm]emory"):
        read_checked(path, hashlib.sha256(b"digits").hexdigest())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 0.95])
def test_a_file_that_is_cut_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "file.xz"
    content = lzma.compress(b"digits" * 1000)
    path.write_bytes(content[: int(share * len(content))])
    digest = hashlib.sha256(b"digits" * 1000).hexdigest()
    assert refused(path, digest, 10_000) == "data.unreadable"


def test_nothing_may_stand_behind_the_data(tmp_path: Path) -> None:
    path = tmp_path / "file.xz"
    path.write_bytes(lzma.compress(b"digits") + lzma.compress(b"more"))
    assert refused(path, hashlib.sha256(b"digits").hexdigest(), 100) == "data.digest"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file.xz")
    assert refused(tmp_path / "file.xz", "", 100) == "data.unreadable"


def test_loading_stops_soon_after_it_was_asked_to() -> None:
    asked = threading.Event()
    times: list[float] = []

    def should_stop() -> bool:
        if not asked.is_set() and time.monotonic() - started > 0.05:
            asked.set()
            times.append(time.monotonic())
        return asked.is_set()

    started = time.monotonic()
    assert load_dataset("mnist", should_stop) is None
    assert time.monotonic() - times[0] < 0.1
    assert load_dataset("mnist", lambda: True) is None
    with pytest.raises(LoadingStoppedError):
        DATASETS["mnist"].load(lambda: True)


def test_loading_that_nobody_stops_is_whole(mnist: DatasetPair) -> None:
    calls = []
    data = load_dataset("mnist", lambda: bool(calls.append(1)))
    assert data is not None
    assert torch.equal(data.test.images, mnist.test.images)
    assert len(calls) > 100  # often enough to stop at once
