"""Hostile files and data sets on the real window: dropped, imported, chosen in the list."""

from __future__ import annotations

import json
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QMimeData, QPoint, QPointF, Qt, QThread, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from tests.soak.hostile_files import PATIENCE, Watch
from vae_studio.session.folders import data_folder, runs_folder

if TYPE_CHECKING:
    from tests.soak.hostile_files import Entries
    from tests.soak.hostile_kinds import Case
    from vae_studio.app import Studio
    from vae_studio.ui.import_window import ImportWindow

_FILES = 16  # that are dropped; all of those below in a full run
_WANTED = (
    "torch.save as a .pt", "pickle 4 as a .png", "a pipe: a run", "a device: x.safetensors",
    "links in a circle: a run", "100 GB of nothing: x.safetensors", "a pipe as config.json",
    "inf in tensor 0", "3e+38 in all tensors", "variance -1.0", "low -1e+308", "high 1e+308",
    "name 'x' * 2**20", "model.safetensors: shape [-1]", "order repeated", "900 deep",
    "name '<b>bold</b><img src=' ", "a model of [3, 28, 28]", "a model of 1000 classes",
    "x.safetensors: header of 0", "4 MB of lists", "place with a z of 4 MB",
    "import: npy of (20, 0), False", "import: npz with pickled images", "import: npz, names of",
    "import: npz bomb, 3,000,000", "import: IDX bomb, lies", "import: hostile pictures, part 1",
    "import: no picture that can be read", "import: classes whose names look alike",
    "import: a class called b'<b>", "import: files called b'<b>", "import: a folder called b'<b>",
    "import: links in a circle", "import: 1100 classes", "import: a path of ''",
    "stored: title '<b>bold", "stored: a class '<b>bold", "stored: 1000 classes",
    "stored: a pipe as train.images", "stored: a folder as test.labels", "stored: no test.images",
    "stored: labels of 255", "stored: images of [3, 512", "stored: images of [1, 1, 1]",
    "stored: record 1 MB of lists", "stored: links in a circle as its",
)  # fmt: skip


def files_to_drop(entries: Entries, cases: list[Case], count: int) -> list[tuple[str, Path]]:
    """Files to drop on the real window: some of each sort. Runs and sets lie where the app lists
    them, too; a stored set is the path of its folder there."""
    if count < 100:  # the window's own tests drop some
        return []
    for folder in (runs_folder(), data_folder()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    wanted = [case for case in cases if case.name.startswith(_WANTED)]
    wanted.sort(key=lambda case: case.kind not in ("stored", "import"))  # by a model that works
    found = []
    for number, case in enumerate(wanted if count > 1000 else wanted[:: len(wanted) // _FILES]):
        path = case.make(entries.fresh(10**6 + number))
        if path.name in ("run", "labelled") and not path.is_symlink():
            path = path.rename(runs_folder() / f"hostile-{number}")
        elif case.kind == "stored":
            path = _among_sets(path, f"hostile-{number}")
        found.append((case.name, path))
    return found


def _among_sets(path: Path, name: str) -> Path:
    """Where the app lists it, under another name: in its record, too, where that can be read."""
    place = path.rename(data_folder() / name)
    try:
        record: Any = json.loads((place / "dataset.json").read_bytes())
        record["set"]["name"] = name
        (place / "dataset.json").write_text(json.dumps(record), "utf-8")
    except (OSError, ValueError, TypeError, LookupError):
        pass  # it is refused, whatever it is called
    return place


def drop(files: list[tuple[str, Path]]) -> Iterator[Watch]:
    """Start the app on a library of hostile runs and sets, and drop each file on its window; what
    can be learned is imported, and a set is chosen in the list."""
    from vae_studio.app import build, make_application

    warnings.simplefilter("default")  # Qt's own, from its bindings
    unexpected: list[BaseException] = []
    sys.excepthook = lambda kind, error, trace: unexpected.append(error)
    studio = build(make_application(), seed=7)
    store, window = studio.store, studio.window
    window.show()
    studio.lifecycle.begin()
    if not _wait(lambda: store.last_decoded is not None, PATIENCE):
        raise RuntimeError("the app did not start")
    answers: list[object] = []
    store.failed.connect(answers.append)
    store.snapshot_changed.connect(answers.append)
    for name, path in files:
        watch = Watch(f"{name}, dropped", 250)
        answers.clear()
        if path.parent == data_folder():
            watch.send("a set in the list", lambda p=path: _choose(studio, p.name, answers))
        else:
            watch.send("a drop on the window", lambda p=path: _drop_one(studio, p, answers))
        _wait(lambda: False, 0.05)  # what is shown after that
        for error in answers:
            if getattr(error, "code", "") == "worker.unexpected":
                watch.faults.append(f"the window says: {str(error)[:300]}")
        watch.faults += [f"in the window: {error!r}"[:300] for error in unexpected]
        unexpected.clear()
        if len(window.toast.text) > 1200:
            watch.faults.append("a flood in the window")
        watch.faults += [f"it would read as markup: {text[:80]!r}" for text in _markup(studio)]
        yield watch
    window.close()
    _wait(lambda: not any(thread.isRunning() for thread in store.findChildren(QThread)), 5)


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    loop, end = QEventLoop(), time.monotonic() + seconds
    timer = QTimer(interval=5)
    timer.timeout.connect(lambda: (done() or time.monotonic() > end) and loop.quit())
    timer.start()
    loop.exec()
    return done()


def _drop_one(studio: Studio, path: Path, answers: list[object]) -> None:
    window, copy, left = studio.window, Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    enter = QDragEnterEvent(QPoint(40, 400), copy, data, left, none)
    QApplication.sendEvent(window, enter)
    event = QDropEvent(QPointF(40, 400), copy, data, left, none)
    QApplication.sendEvent(window, event)
    if not (enter.isAccepted() and event.isAccepted()):
        raise RuntimeError("the window did not want it")
    looked = window._import_window
    if looked is None or not looked.isVisible():
        if not _wait(lambda: bool(answers), PATIENCE):
            raise RuntimeError("the window never answered")
        return
    if not _wait(lambda: looked.source is not None or bool(looked.problem.text()), PATIENCE):
        raise RuntimeError("the import window never answered")
    _import(studio, looked)
    looked.close()


def _import(studio: Studio, looked: ImportWindow) -> None:
    """Import it where that is possible; give up what takes long."""
    if not looked.start.isEnabled():
        return
    looked.start.click()
    QApplication.processEvents()
    if found := _markup(studio):
        raise RuntimeError(f"while it imports: {found[0][:80]!r}")
    if not _wait(lambda: _is_done(looked), 1.0):
        looked.stop.click()
        if not _wait(lambda: _is_done(looked), 1.0):
            raise RuntimeError("an import does not end")


def _is_done(looked: ImportWindow) -> bool:
    return looked._importing is None


def _choose(studio: Studio, name: str, answers: list[object]) -> None:
    """In the list, and for the next training."""
    from vae_studio.ui.panels.data.panel import DataPanel

    panel = studio.window.panel(DataPanel)
    studio.window.show_data()
    names = [info.name for info in panel.sets.rows()]
    if name not in names:
        return  # refused when the app began
    panel.list.setCurrentRow(names.index(name))
    if not _wait(lambda: bool(answers) or not panel.details.lacks_images, PATIENCE):
        raise RuntimeError("its images never came, and nobody said why")
    panel.use.click()


def _markup(studio: Studio) -> list[str]:
    """Texts and tooltips in which a stranger's name would be read as markup."""
    from vae_studio.ui.panels.data.panel import DataPanel

    tips = [widget.toolTip() for widget in studio.window.findChildren(QWidget)]
    listed = studio.window.panel(DataPanel).list
    tips += [listed.item(row).toolTip() for row in range(listed.count())]
    if (looked := studio.window._import_window) is not None:
        rows = range(min(50, looked.skipped.rowCount()))
        cells = [looked.skipped.item(row, column) for row in rows for column in (0, 1)]
        tips += [cell.toolTip() for cell in cells if cell is not None]
    plain = Qt.TextFormat.PlainText
    labels = studio.window.findChildren(QLabel)
    tips += [label.text() for label in labels if label.textFormat() is not plain]
    return [tip for tip in tips if "<img" in tip or "<b>bold" in tip]
