"""Data sets: every row of the table holds what it says, and damage is noticed."""

from __future__ import annotations

import hashlib
import lzma
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_studio.core.data import DATASETS, DatasetPair, load_dataset, parse_idx, read_checked
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
    ],
)
def test_what_is_no_idx_file_is_refused(content: bytearray, code: str) -> None:
    with pytest.raises(DatasetError) as caught:
        parse_idx(content, "file")
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
