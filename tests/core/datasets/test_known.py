"""The table of sets that can be fetched."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from vae_studio.core.datasets.known import KNOWN, MNIST_IMAGES, IdxFile, KnownSet
from vae_studio.core.datasets.table import DATASETS, MNIST, DatasetInfo

SETS = pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)


@SETS
def test_every_file_has_two_sources_a_size_and_a_digest(known: KnownSet) -> None:
    for file in known.files:
        assert len(set(file.urls)) >= 2
        for url in file.urls:
            parts = urlsplit(url)
            assert parts.scheme in ("http", "https")
            assert parts.hostname
            assert PurePosixPath(parts.path).name == file.name
        assert file.size > 0
        assert re.fullmatch("sha256:[0-9a-f]{64}", file.digest)
        assert re.fullmatch("([0-9a-f]{64})?", file.unpacked)


@SETS
def test_a_set_is_not_here_yet_and_can_be_written_down(known: KnownSet) -> None:
    assert known.info.digest == ""
    assert known.info.load is None
    assert known.info.name not in DATASETS
    assert DatasetInfo.from_dict(known.info.to_dict()) == known.info


@SETS
def test_its_four_files_are_downloaded_or_in_the_archive(known: KnownSet) -> None:
    sent = {file.name for file in known.files}
    assert sent == {"gzip.zip"} or sent == {f"{name}.gz" for name in known.names}


@pytest.mark.parametrize(
    ("name", "classes", "sizes"),
    [
        ("fashion-mnist", 10, (47_040_016, 60_008, 7_840_016, 10_008)),
        ("kmnist", 10, (47_040_016, 60_008, 7_840_016, 10_008)),
        ("emnist-balanced", 47, (88_435_216, 112_808, 14_739_216, 18_808)),
        ("emnist-letters", 26, (97_843_216, 124_808, 16_307_216, 20_808)),
        ("qmnist", 10, (47_040_016, 1_920_012, 47_040_016, 1_920_012)),
    ],
)
def test_sizes_of_what_they_unpack_to(name: str, classes: int, sizes: tuple[int, ...]) -> None:
    known = KNOWN[name]
    assert len(set(known.info.class_names)) == classes
    assert tuple(part.size for part in known.parts) == sizes


def test_headers() -> None:
    images = IdxFile("x-images-idx3-ubyte", (2, 28, 28))
    assert images.header == bytes.fromhex("00000803 00000002 0000001c 0000001c")
    facts = IdxFile("x-labels-idx2-int", (60_000, 8))
    assert facts.header == bytes.fromhex("00000c02 0000ea60 00000008")


def test_likelihoods() -> None:
    assert KNOWN["fashion-mnist"].info.likelihood == "gaussian"
    others = {known.info.likelihood for name, known in KNOWN.items() if name != "fashion-mnist"}
    assert others == {"bernoulli"}


def test_mnist_is_told_from_sets_whose_files_bear_the_same_names() -> None:
    from vae_studio.core.datasets import table

    assert MNIST.load is not None
    assert table._MNIST[0].digest == MNIST_IMAGES
