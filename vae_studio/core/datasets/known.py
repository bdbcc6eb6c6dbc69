"""Data sets that the app can fetch: what they are, where they lie, and their digests. No torch.

URLs and the names of classes are those that ``torchvision.datasets`` has, sizes and digests those
that TensorFlow Datasets records. Wherever a file comes from, its digest says whether it is right,
so that plain http is good enough for a mirror.
"""

from __future__ import annotations

import math
import string
import struct
from dataclasses import dataclass
from typing import Final

from vae_studio.core.datasets.table import DatasetInfo


@dataclass(frozen=True)
class RemoteFile:
    """name: as it is saved. urls: the same file on several servers, the best first. size: bytes of
    it as it is sent. digest: of the same, ``sha256:…`` or ``md5:…``. unpacked: SHA-256 of what it
    unpacks to, where that is known.
    """

    name: str
    urls: tuple[str, ...]
    size: int
    digest: str
    unpacked: str = ""


@dataclass(frozen=True)
class IdxFile:
    """A file as the reader reads it. name: ends with ``-ubyte`` or ``-int``, as its values are.
    shape: of its array. unpacked: its SHA-256, "" where nobody has written it down."""

    name: str
    shape: tuple[int, ...]
    unpacked: str = ""

    @property
    def header(self) -> bytes:
        """Its first bytes: magic and sizes."""
        kind = 0x0C if self.name.endswith("-int") else 0x08
        return struct.pack(f">HBB{len(self.shape)}I", 0, kind, len(self.shape), *self.shape)

    @property
    def size(self) -> int:
        """In bytes."""
        each = 4 if self.name.endswith("-int") else 1
        return len(self.header) + each * math.prod(self.shape)


@dataclass(frozen=True)
class KnownSet:
    """info: what is known before it is here; its digest is "". files: what is downloaded. reader:
    the class of ``torchvision.datasets`` that reads them. split: what that class calls the set,
    where it knows several. names: of the files that it reads: training images, training labels,
    test images, test labels. transposed: whether they hold images with rows and columns swapped.
    first_label: what they call the first class."""

    info: DatasetInfo
    files: tuple[RemoteFile, ...]
    reader: str
    split: str = ""
    names: tuple[str, str, str, str] = (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    )
    transposed: bool = False
    first_label: int = 0

    @property
    def parts(self) -> tuple[IdxFile, ...]:
        """What is read, in the order of ``names``."""
        digests = {file.name.removesuffix(".gz"): file.unpacked for file in self.files}
        counts = (self.info.train, self.info.train, self.info.test, self.info.test)
        return tuple(
            IdxFile(name, (count, *self._each(name)), digests.get(name, ""))
            for name, count in zip(self.names, counts, strict=True)
        )

    def _each(self, name: str) -> tuple[int, ...]:
        if "-images-" in name:
            return self.info.image_shape[1:]
        return (_QMNIST_FACTS,) if name.endswith("-int") else ()


_QMNIST_FACTS = 8  # about each digit; the first is its class
# SHA-256 of MNIST's training images. Its files bear the same names as those of Fashion and KMNIST.
MNIST_IMAGES: Final = "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"


def _files(bases: tuple[str, ...], *rows: tuple[str, int, str, str]) -> tuple[RemoteFile, ...]:
    return tuple(
        RemoteFile(name, tuple(base + name for base in bases), size, f"sha256:{digest}", unpacked)
        for name, size, digest, unpacked in rows
    )


def _info(
    name: str,
    title: str,
    class_names: tuple[str, ...],
    counts: tuple[int, int],
    extremes: float,
    licence: str,
    source: str,
    digits: bool = False,
) -> DatasetInfo:
    """``DatasetInfo`` of 28 × 28 grey images."""
    train, test = counts
    return DatasetInfo(
        name=name,
        title=title,
        image_shape=(1, 28, 28),
        class_names=class_names,
        train=train,
        test=test,
        digest="",
        extremes=extremes,
        licence=licence,
        source=source,
        digits=digits,
    )


_FASHION = KnownSet(
    _info(
        "fashion-mnist",
        "Fashion-MNIST",
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        (60_000, 10_000),
        0.6025,
        "MIT",
        "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking "
        "Machine Learning Algorithms, arXiv:1708.07747. © 2017 Zalando SE",
    ),
    _files(
        (
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        (
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    "FashionMNIST",
)

_KMNIST = KnownSet(
    _info(
        "kmnist",
        "Kuzushiji-MNIST",
        (
            "お o",
            "き ki",
            "す su",
            "つ tsu",
            "な na",
            "は ha",
            "ま ma",
            "や ya",
            "れ re",
            "を wo",
        ),
        (60_000, 10_000),
        0.84,  # guessed from mean and spread; storing it measures it
        "CC BY-SA 4.0",
        "“KMNIST Dataset” (created by CODH), adapted from “Kuzushiji Dataset” (created by NIJL and "
        "others), doi:10.20676/00000341. T. Clanuwat et al.: Deep Learning for Classical Japanese "
        "Literature, arXiv:1812.01718",
    ),
    _files(
        (
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/KMNIST/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ),
        (
            "train-images-idx3-ubyte.gz",
            18_165_135,
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            29_497,
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            3_041_136,
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            5_120,
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
            "",
        ),
    ),
    "KMNIST",
)

_EMNIST_FILES = _files(
    (
        "https://biometrics.nist.gov/cs_links/EMNIST/",
        "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",
        "http://biometrics.nist.gov/cs_links/EMNIST/",
    ),
    (
        "gzip.zip",
        561_753_746,
        "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
        "",
    ),
)


def _emnist(
    split: str,
    title: str,
    class_names: tuple[str, ...],
    counts: tuple[int, int],
    first_label: int = 0,
) -> KnownSet:
    return KnownSet(
        _info(
            f"emnist-{split}",
            title,
            class_names,
            counts,
            0.84,  # guessed from mean and spread; storing it measures it
            "None stated; made from NIST Special Database 19, a work of the US government",
            "G. Cohen, S. Afshar, J. Tapson, A. van Schaik: EMNIST: an extension of MNIST to "
            "handwritten letters, arXiv:1702.05373",
            digits=True,
        ),
        _EMNIST_FILES,
        "EMNIST",
        split,
        (
            f"emnist-{split}-train-images-idx3-ubyte",
            f"emnist-{split}-train-labels-idx1-ubyte",
            f"emnist-{split}-test-images-idx3-ubyte",
            f"emnist-{split}-test-labels-idx1-ubyte",
        ),
        transposed=True,
        first_label=first_label,
    )


_BALANCED = _emnist(
    "balanced",
    "EMNIST Balanced",
    # Where both cases look alike there is one class.
    tuple(string.digits + string.ascii_uppercase + "abdefghnqrt"),
    (112_800, 18_800),
)
_LETTERS = _emnist(
    "letters",
    "EMNIST Letters",
    tuple(f"{letter.upper()} {letter}" for letter in string.ascii_lowercase),
    (124_800, 20_800),
    first_label=1,
)

_QMNIST = KnownSet(
    _info(
        "qmnist",
        "QMNIST",
        tuple(string.digits),
        (60_000, 60_000),
        0.913,  # its training images are MNIST's but for a few
        "BSD 3-Clause",
        "C. Yadav, L. Bottou: Cold Case: The Lost MNIST Digits, NeurIPS 2019, arXiv:1905.10498. "
        "© Facebook, Inc. and its affiliates",
        digits=True,
    ),
    _files(
        (
            "https://raw.githubusercontent.com/facebookresearch/qmnist/master/",
            "https://github.com/facebookresearch/qmnist/raw/master/",
        ),
        (
            "qmnist-train-images-idx3-ubyte.gz",
            9_704_059,
            "9e26a7bf1683614e065d7b76460ccd52807165b3f22561fb782bd9f38c52b51d",
            "",
        ),
        (
            "qmnist-train-labels-idx2-int.gz",
            463_024,
            "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f",
            "bb1b6e1ec7b04fd5696f1ed50b5f58f8ef195118edd5c93c81783df9740b8ac5",
        ),
        (
            "qmnist-test-images-idx3-ubyte.gz",
            9_742_279,
            "43fc22bf7498b8fc98de98369d72f752d0deabc280a43a7bcc364ab19e57b375",
            "",
        ),
        (
            "qmnist-test-labels-idx2-int.gz",
            526_800,
            "9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06",
            "92d0ccb8c25f9c6534270fb4be7e1d24a1c6d315edfc8a638bfbd31c70f362dd",
        ),
    ),
    "QMNIST",
    names=(
        "qmnist-train-images-idx3-ubyte",
        "qmnist-train-labels-idx2-int",
        "qmnist-test-images-idx3-ubyte",
        "qmnist-test-labels-idx2-int",
    ),
)

KNOWN: dict[str, KnownSet] = {
    known.info.name: known for known in (_FASHION, _KMNIST, _BALANCED, _LETTERS, _QMNIST)
}
