"""The table of data sets: name -> what is known of one, and how it is read. No torch.

``DATASETS`` holds what can be loaded at once: MNIST, which ships, and what was fetched or imported
(``stored.register_stored``). ``known.KNOWN`` lists what could be fetched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.idx import ShouldStop, never, parse_idx, read_checked
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.errors import DatasetError
from vae_studio.core.resources import bundled_path
from vae_studio.core.spec import Likelihood

MOST_CLASSES: Final = 1000  # as ``ModelSpec.num_classes`` allows
_MAX_TEXT = 500  # characters of a title, a licence, a source
_MAX_CLASS_NAME = 100
_MAX_IMAGES = 10_000_000  # whose labels, and an order of which, memory has to hold
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # or turn the direction of writing, or begin a line
_EXTREME = 0.1  # a value so near to 0 or to 1 is near
_BERNOULLI_FROM = 0.7  # of all values; MNIST has 0.91, Fashion-MNIST 0.60
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


@dataclass(frozen=True, eq=False)
class Half:
    """images: uint8 [N, C, H, W]; labels: int64 [N], all 0 where there are no classes.

    Both may be written to: a mapped file is mapped so that it never sees that.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Halves:
    """What a model is trained and tested on."""

    train: Half
    test: Half


Load = Callable[[ShouldStop], Halves]


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set, with or without its images at hand.

    image_shape: (C, H, W). class_names: one for each label, () where there are none. train, test:
    numbers of images. digest: of images and labels, so that another set of the same name is told
    from this one. extremes: share of the training set's values within 0.1 of 0 or 1. digits:
    whether it was made by MNIST's recipe, so that a drawing goes the same way. settings: how it
    was imported. load: reads it, and raises ``LoadingStoppedError`` soon after it is told to stop;
    None where only the record of a run tells of this set.
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    train: int
    test: int
    digest: str
    extremes: float
    licence: str = ""
    source: str = ""
    digits: bool = False
    settings: ImportSettings | None = None
    load: Load | None = None

    @property
    def likelihood(self) -> Likelihood:
        """What fits these pixels: Bernoulli for ink on paper, Gaussian for shades."""
        return "bernoulli" if self.extremes >= _BERNOULLI_FROM else "gaussian"

    @property
    def paper(self) -> float:
        """What is drawn on, 0 black or 1 white: the ground of what was imported; else black."""
        made = self.settings
        if made is None or made.centre:  # which puts what it centres on black
            return 0.0
        return float((made.background == "white") != made.invert)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without ``load``."""
        return {
            "name": self.name,
            "title": self.title,
            "image_shape": list(self.image_shape),
            "class_names": list(self.class_names),
            "train": self.train,
            "test": self.test,
            "digest": self.digest,
            "extremes": round(self.extremes, 4),
            "licence": self.licence,
            "source": self.source,
            "digits": self.digits,
            "settings": self.settings.to_dict() if self.settings else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], load: Load | None = None) -> DatasetInfo:
        """The inverse of ``to_dict``. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        if not isinstance(values, Mapping):
            raise TypeError("a data set is an object")
        name, digest, settings = values["name"], values["digest"], values.get("settings")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError("no name of a data set")
        if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{0,64}", digest):
            raise ValueError("no digest")
        shape, classes = values["image_shape"], values["class_names"]
        if not isinstance(shape, list) or len(shape) != 3 or shape[0] not in (1, 3):
            raise ValueError("no shape of an image")
        if not all(type(size) is int and 1 <= size <= 512 for size in shape):
            raise ValueError("no shape of an image")
        if not isinstance(classes, list) or len(classes) > MOST_CLASSES:
            raise ValueError("no names of classes")
        extremes = values["extremes"]
        if isinstance(extremes, bool) or not isinstance(extremes, (int, float)):
            raise TypeError("no share")
        if not 0.0 <= extremes <= 1.0:
            raise ValueError("no share")
        if type(values["digits"]) is not bool:
            raise TypeError("digits: true or false")
        return cls(
            name=name,
            title=_text(values["title"]) or name,
            image_shape=(shape[0], shape[1], shape[2]),
            class_names=tuple(
                _text(each, _MAX_CLASS_NAME) or f"class {number}"
                for number, each in enumerate(classes)
            ),
            train=_count(values["train"]),
            test=_count(values["test"]),
            digest=digest,
            extremes=float(extremes),
            licence=_text(values["licence"]),
            source=_text(values["source"]),
            digits=values["digits"],
            settings=None if settings is None else ImportSettings.from_dict(settings),
            load=load,
        )


def _text(value: Any, limit: int = _MAX_TEXT) -> str:
    """A text that somebody else may have written, in one line, without what is not seen."""
    if not isinstance(value, str) or len(value) > limit:
        raise TypeError("no text")
    value.encode()  # a lone surrogate could never be saved again
    seen = (" " if unicodedata.category(c) in _UNSEEN else c for c in value)
    return " ".join("".join(seen).split())


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_IMAGES:
        raise ValueError("no count")
    return value


def record_of(name: str) -> DatasetInfo | None:
    """What a run remembers of the data set of that name; None where there is none."""
    info = DATASETS.get(name)
    return None if info is None else replace(info, load=None)


def extremes_of(images: NDArray[np.uint8]) -> int:
    """How many values are within 0.1 of 0 or 1."""
    near = int(_EXTREME * 255)
    counts = np.bincount(images.reshape(-1), minlength=256)
    return int(counts[: near + 1].sum() + counts[255 - near :].sum())


def paired(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], info: DatasetInfo, name: str
) -> Half:
    """Images [N, H, W] and their labels [N], checked against the row of the table.

    name: of the file of images, for errors. Raises ``DatasetError``.
    """
    shape = info.image_shape[1:]
    if images.ndim != 3 or images.shape[1:] != shape or info.image_shape[0] != 1:
        wanted = " × ".join(str(size) for size in info.image_shape)
        found = " × ".join(str(size) for size in images.shape)
        raise DatasetError("data.shape", path=name, found=found, wanted=wanted)
    if labels.ndim != 1 or len(labels) != len(images) or not len(images):
        raise DatasetError("data.counts", path=name, images=len(images), labels=labels.size)
    if int(labels.max()) >= len(info.class_names):
        last = len(info.class_names) - 1
        raise DatasetError("data.labels", path=name, label=int(labels.max()), last=last)
    if not images.flags.writeable:  # as torch wants it
        images = images.copy()
    return Half(images[:, np.newaxis], labels.astype(np.int64))


@dataclass(frozen=True)
class _File:
    """size: in bytes, unpacked. digest: their SHA-256."""

    name: str
    size: int
    digest: str


_MNIST = (
    _File(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    _File(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    _File(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    _File(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def _load_mnist(should_stop: ShouldStop = never) -> Halves:
    folder = bundled_path("assets") / "mnist"

    def read(file: _File) -> NDArray[np.uint8]:
        path = folder / f"{file.name}.xz"
        return parse_idx(read_checked(path, file.digest, file.size, should_stop), file.name)

    with ThreadPoolExecutor() as pool:  # lzma and sha256 let go of the interpreter
        train_images, train_labels, test_images, test_labels = pool.map(read, _MNIST)
    info = DATASETS["mnist"]
    return Halves(
        paired(train_images, train_labels, info, "train-images-idx3-ubyte"),
        paired(test_images, test_labels, info, "t10k-images-idx3-ubyte"),
    )


MNIST = DatasetInfo(
    name="mnist",
    title="MNIST",
    image_shape=(1, 28, 28),
    class_names=tuple("0123456789"),
    train=60_000,
    test=10_000,
    digest="8d931b9999507909a25efec3dffd2ddc1179308f032ce8cbb8ee14034c279650",
    extremes=0.9134,
    licence="CC BY-SA 3.0",
    source="Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits",
    digits=True,
    load=_load_mnist,
)

DATASETS: dict[str, DatasetInfo] = {MNIST.name: MNIST}
