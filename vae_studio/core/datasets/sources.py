"""What a path of a person's own holds: a folder of pictures, an array, or IDX files. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from vae_studio.core.datasets.arrays import label_values, layout_of
from vae_studio.core.datasets.folders import MOST_ITEMS, class_names, find_pictures
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.datasets.idx_files import image_files, labels_of
from vae_studio.core.datasets.idx_unpacking import GZIP, XZ
from vae_studio.core.datasets.rows import IDX, NPY, Rows, first_bytes, reading
from vae_studio.core.datasets.source import Kind, Source, of_arrays, of_folder
from vae_studio.core.datasets.unpack import ZIP, Archive, Opened, idx_dimensions
from vae_studio.core.errors import DatasetError
from vae_studio.core.picture_files import FORMATS
from vae_studio.core.runs import is_file

__all__ = ["Kind", "Source", "open_source"]

_IMAGES = ("images", "x", "data", "arr_0", "x_train", "train_images")
_LABELS = ("labels", "y", "targets", "y_train", "train_labels")
_TEST_IMAGES = ("x_test", "test_images")
_TEST_LABELS = ("y_test", "test_labels")
_NAMES = ("label_names", "class_names")
_MAX_LABELS = 16 * MOST_ITEMS  # bytes
_MAX_NAMES = 2**20  # bytes of an array of names


def open_source(path: Path, scratch: Path | None = None, should_stop: ShouldStop = never) -> Source:
    """Look at what is there, without reading all of it.

    A folder of pictures: the folders in it are the classes, and deeper ones belong to these; or
    ``train`` and ``test`` with the classes in them. A single folder is no class. An ``.npy`` file,
    with its labels in ``NAME-labels.npy``, ``NAME_labels.npy`` or ``labels.npy`` beside it. An
    ``.npz`` file. An IDX file of images with that of its labels beside it, or a folder of such.

    scratch: a folder with room for what has to be unpacked, None for the system's own. Raises
    ``DatasetError``, and ``LoadingStoppedError`` soon after ``should_stop`` says yes.
    """
    opened = Opened(scratch, should_stop)
    try:
        return _opened(path, opened, should_stop)
    except BaseException:
        opened.close()
        raise


def _opened(path: Path, opened: Opened, should_stop: ShouldStop) -> Source:
    with reading(path):
        is_folder = path.is_dir()
        files = image_files(path) if is_folder else []
        head = b"" if is_folder else first_bytes(path, 8)
    if files:
        return _idx(path, files, opened, should_stop)
    if is_folder:
        found = find_pictures(path, should_stop)
        if not found.files:
            raise _nothing(path)
        return of_folder(path, found)
    if head.startswith(NPY):
        return _npy(path, opened, should_stop)
    if head.startswith(ZIP):
        return _npz(path, opened, should_stop)
    if head.startswith((IDX, GZIP, XZ)) and idx_dimensions(path):
        return _idx(path, [path], opened, should_stop)
    raise _nothing(path)


def _nothing(path: Path) -> DatasetError:
    formats = ", ".join(FORMATS)
    return DatasetError("import.nothing", path=str(path), formats=formats)


def _npy(path: Path, opened: Opened, should_stop: ShouldStop) -> Source:
    images = opened.npy(path)
    _check_count(images, path)
    layout_of(images.header.shape, path)  # before labels are looked for: it may be those
    stem = path.name.removesuffix(".npy")
    labels = None
    for name in (f"{stem}-labels.npy", f"{stem}_labels.npy", "labels.npy"):
        beside = path.parent / name
        if labels is None and name != path.name and is_file(beside):
            labels = label_values(opened.npy(beside), len(images), beside)
    return of_arrays(path, "array", [images], [labels], (), opened, should_stop)


def _npz(path: Path, opened: Opened, should_stop: ShouldStop) -> Source:
    with Archive(path) as archive:
        keys = {key.lower(): key for key in archive.sizes}

        def first_of(names: Iterable[str]) -> str | None:
            return next((keys[name] for name in names if name in keys), None)

        key = first_of(_IMAGES)
        if key is None:
            known = (*_LABELS, *_TEST_IMAGES, *_TEST_LABELS, *_NAMES)
            others = [each for name, each in keys.items() if name not in known]
            key = max(others, key=lambda each: archive.sizes[each], default=None)
        if key is None:
            raise _nothing(path)
        pairs = [(key, first_of(_LABELS))]
        test = first_of(_TEST_IMAGES)
        if test is not None:
            pairs.append((test, first_of(_TEST_LABELS)))
        parts, labels = [], []
        for images_key, labels_key in pairs:
            images = opened.member(archive, images_key)
            _check_count(images, path)
            parts.append(images)
            found = None
            if labels_key is not None:
                rows = opened.member(archive, labels_key, most=_MAX_LABELS)
                found = label_values(rows, len(images), path)
            labels.append(found)
        names_key = first_of(_NAMES)
        names: tuple[str, ...] = ()
        if names_key is not None:
            rows = opened.member(archive, names_key, most=_MAX_NAMES, text=True)
            with reading(path):
                names = _names(rows)
    return of_arrays(path, "array", parts, labels, names, opened, should_stop)


def _names(rows: Rows) -> tuple[str, ...]:
    if len(rows.header.shape) != 1:
        raise ValueError("names of classes that are no list")
    texts = (
        each.decode("utf-8", "replace") if isinstance(each, bytes) else each
        for each in rows.all().tolist()
    )
    return class_names(texts)


def _check_count(images: Rows, path: Path) -> None:
    if not images.header.shape or not len(images):
        raise _nothing(path)
    if len(images) > MOST_ITEMS:
        raise DatasetError("import.too_many", path=str(path), most=MOST_ITEMS)


def _idx(path: Path, files: Sequence[Path], opened: Opened, should_stop: ShouldStop) -> Source:
    """files: of images. Of several, one for each half."""
    if len(files) > 1:
        halves = [
            [each for each in files if any(word in each.name.lower() for word in words)]
            for words in (("train",), ("test", "t10k"))
        ]
        if len(files) != 2 or not all(len(half) == 1 for half in halves) or halves[0] == halves[1]:
            names = ", ".join(each.name for each in files[:10])
            raise DatasetError("import.several", path=str(path), names=names)
        files = [halves[0][0], halves[1][0]]
    parts, labels = [], []
    for each in files:
        images = opened.idx(each)
        _check_count(images, each)
        parts.append(images)
        with reading(each):
            beside = labels_of(each)
        values = None
        if beside is not None:
            values = label_values(opened.idx(beside), len(images), beside)
        labels.append(values)
    return of_arrays(path, "idx", parts, labels, (), opened, should_stop)
