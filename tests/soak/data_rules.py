"""What the impatient user does with data sets: chooses, imports, removes, trains and draws on them.

``Machine`` of ``state_machine`` inherits these rules.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import rule
from PIL import Image
from PySide6.QtWidgets import QAbstractButton, QFileDialog

from tests.helpers import quick, recorded
from tests.picture_sets import write_shapes
from tests.soak.window import pump, wait_until
from vae_studio.core.data import load_dataset
from vae_studio.core.datasets.stored import read_stored
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.spec import ModelSpec
from vae_studio.session.folders import data_folder, runs_folder
from vae_studio.ui.import_form import ImportForm
from vae_studio.ui.panels.data.panel import DataPanel
from vae_studio.ui.panels.train.panel import TrainPanel

if TYPE_CHECKING:
    from vae_studio.ui.main_window import MainWindow
    from vae_studio.ui.panels.draw.panel import DrawPanel
    from vae_studio.ui.store import Store

SET, RUN = "shapes", "colours"
_SIDE, _IMAGES = 16, 120
_HIDDEN = (4, 8)
_index = st.integers(0, 63)


def make_materials(folder: Path) -> None:
    """A stored set in colours, a model of it, a folder of pictures, an array, an empty folder."""
    write_shapes(folder / "data", SET, _SIDE, _IMAGES)
    spec = ModelSpec(
        architecture="conv", hidden=_HIDDEN, latent_dim=3, likelihood="gaussian",
        image_shape=(3, _SIDE, _SIDE), num_classes=len(DATASETS[SET].class_names),
    )  # fmt: skip
    recorded(folder / "runs" / RUN, spec, quick(dataset=SET), load_dataset(SET), RUN)
    DATASETS.pop(SET)
    random = np.random.default_rng(0)
    for number in range(24):
        place = folder / "pictures" / ("apple", "pear")[number % 2] / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (20, 24, 3), np.uint8)).save(place)
    (folder / "pictures" / "apple" / "notes.txt").write_text("no picture")
    np.save(folder / "array.npy", random.integers(0, 256, (30, 18, 18), np.uint8))
    (folder / "nothing").mkdir()


def lay_out(folder: Path) -> None:
    """The stored set and its model, as the user's own, and no other set."""
    data_folder().mkdir(parents=True, exist_ok=True)
    for path in data_folder().iterdir():
        if path.name != SET:
            shutil.rmtree(path)
    for place in (data_folder() / SET, runs_folder() / RUN):
        if not place.exists():
            shutil.copytree(folder / place.parent.name / place.name, place)


class _Machine(Protocol):
    """What the rules need of ``Machine``."""

    session: Any
    store: Store
    window: MainWindow
    draw: DrawPanel
    train_panel: TrainPanel

    def _did(self, action: str, /, **details: object) -> None: ...
    def _press(self, button: QAbstractButton) -> None: ...
    def _press_and_count_training(self, button: QAbstractButton) -> None: ...
    def _runs(self) -> bool: ...
    def _opened_or_failed(self, path: str) -> bool: ...


class DataRules:
    """Rules for the Data panel, the import window, and models of pictures in colours."""

    @rule(
        which=st.sampled_from(("stored", "stored", "stored", "newest", "mnist", "known")),
        what=st.sampled_from(("remove and undo", "remove", "train on", "look", "local")),
    )
    def use_the_data_panel(self: _Machine, which: str, what: str) -> None:
        self._did("use_the_data_panel", which=which, what=what)
        panel = self.window.panel(DataPanel)
        self.window.show_data()
        names = [info.name for info in panel.sets.rows()]
        newest = next((name for name in reversed(names) if name in DATASETS), "mnist")
        row = {"stored": SET, "newest": newest, "mnist": "mnist"}.get(which, names[-1])
        if panel.list.count() != len(names) or row not in names:
            return  # one was imported at this moment, or is removed
        panel.list.setCurrentRow(names.index(row))
        chosen = panel.current
        assert chosen is not None, "no data set is chosen"
        if what == "train on" and not panel.use.isHidden():
            self._press(panel.use)
            assert self.store.plan.plan.config.dataset == chosen.name
        elif what.startswith("remove") and not panel.remove.isHidden():
            self._press(panel.remove)
            assert chosen.name not in DATASETS, "the set that was removed is still there"
            self.session.done["sets removed"] += 1
            if what == "remove and undo":
                self.window.toast.press_action()
                assert chosen.name in DATASETS, "Undo in the toast did not bring the set back"
        elif what == "local" and not panel.local.isHidden():
            self._press(panel.local)
            for dialog in panel.findChildren(QFileDialog):
                dialog.reject()

    @rule(
        source=st.sampled_from(("pictures", "pictures", "array.npy", "nothing")),
        index=_index,
        end=st.sampled_from(
            ("wait", "train", "wait", "cancel", "close", "again", "leave", "impatient")
        ),
    )
    def import_pictures(self: _Machine, source: str, index: int, end: str) -> None:
        self._did("import_pictures", source=source, index=index, end=end)
        looked, sets = self.window.import_window, self.store.data_sets
        self.window.import_from(self.session.materials / source)
        if end == "impatient":  # too much so to look
            return
        wait_until(
            lambda: (
                looked.source is not None
                or bool(looked.problem.text())
                or sets.work is not None
                or not looked.train.isHidden()  # what was imported before is done by now
            ),
            "a look at what could be imported",
        )
        assert (
            looked.source is not None
            or source == "nothing"
            or sets.work is not None
            or not looked.train.isHidden()
        ), f"{source} cannot be imported: {looked.problem.text()}"
        change_form(looked.form, index)
        self._press(looked.start)
        if end in ("wait", "train"):
            wait_until(lambda: sets.work is None, "the end of an import")
            self.session.done["imports"] += not looked.train.isHidden()
            if end == "train":
                self._press(looked.train)
        elif end == "cancel":
            pump(index / 2000)
            self._press(looked.stop)
        elif end == "close":
            looked.reject()
        elif end == "again":
            self.window.import_from(self.session.materials / "array.npy")

    @rule(
        what=st.sampled_from(("settings", "others", "start", "stop", "train", "escape", "name")),
        index=_index,
    )
    def use_the_import_window(self: _Machine, what: str, index: int) -> None:
        self._did("use_the_import_window", what=what, index=index)
        looked = self.window.import_window
        if what == "settings":
            change_form(looked.form, index)
        elif what == "name":
            looked.form.name.setText(("", "mnist", SET, "Ü", "pictures", "my-set")[index % 6])
        elif what == "escape":
            looked.reject()
        else:
            button = {"others": looked.other, "start": looked.start, "stop": looked.stop}
            self._press(button.get(what, looked.train))

    @rule(index=_index)
    def choose_data_in_the_form(self: _Machine, index: int) -> None:
        self._did("choose_data_in_the_form", index=index)
        box = self.train_panel.form.dataset
        if box.isEnabled() and box.count():
            box.setCurrentIndex(index % box.count())
            box.activated.emit(box.currentIndex())

    @rule(told=st.booleans(), wait=st.booleans())
    def train_on_colours(self: _Machine, told: bool, wait: bool) -> None:
        self._did("train_on_colours", told=told, wait=wait)
        plan, training = self.store.plan, self.store.training
        if training.view.can_start:
            plan.set_value("dataset", SET)
            plan.choose("conv-cvae" if told else "conv-vae")
            plan.set_value("hidden", _HIDDEN)
            plan.set_value("epochs", 1)
            plan.set_value("batch_size", 64)
        self._press_and_count_training(self.train_panel.controls.train)
        if wait:
            wait_until(
                lambda: training.view.step > 0 or training.view.request is None or not self._runs(),
                "the first step of a training on colours",
            )

    @rule(index=_index)
    def explore_in_colours(self: _Machine, index: int) -> None:
        self._did("explore_in_colours", index=index)
        path = str(runs_folder() / RUN)
        self.store.open_model(Path(path))
        wait_until(lambda: self._opened_or_failed(path), "the model in colours to open")
        self.session.done["colours"] += self.store.state.model == path
        swatches = self.draw.colours.swatches
        self._press(swatches[index % len(swatches)])


def change_form(form: ImportForm, index: int) -> None:
    """Other settings, where they can be changed."""
    if not form.isEnabled():
        return
    form.size.setValue((16, 20, 28)[index % 3])
    form.colour.setCurrentIndex(index % 2)
    form.fit.setCurrentIndex(index % 3)
    form.centre.setChecked(index % 5 == 0)
    form.invert.setChecked(index % 7 == 0)
    form.seed.setValue(index)


# What always holds -------------------------------------------------------------------------------


def data_sets_fit(machine: Any) -> None:
    """The list shows what is here, whole; no half set stays, and no file that is not looked at."""
    sets, panel = machine.store.data_sets, machine.window.panel(DataPanel)
    shown = [panel.list.item(row).text().splitlines()[0] for row in range(panel.list.count())]
    if sets.work is None:  # else one may be here already of which the window was not told yet
        assert shown == [info.title for info in sets.rows()], f"the list of data sets shows {shown}"
    there = Counter(path.suffix for path in data_folder().iterdir() if path.name.startswith("."))
    assert sets.work is not None or not there[".part"], "half a set was left"
    for path in data_folder().iterdir():
        if not path.name.startswith("."):
            read_stored(path)
    looked = machine.window._import_window
    if looked is not None and looked.isHidden():
        assert looked.source is None or looked._importing, "the import window holds files open"


def data_is_at_rest(machine: Any) -> bool:
    """Give up what is imported; whether that is done."""
    machine.window.import_window.close()
    machine.store.data_sets.cancel()
    return machine.store.data_sets.work is None


def tidy_data(machine: Any) -> None:
    """For the next run: the sets that were there at first, and a plan for MNIST."""
    lay_out(machine.session.materials)
    machine.store.data_sets.look_again()
    machine.store.plan.set_value("dataset", "mnist")
    machine.store.plan.choose("vae-32")
    machine.store.plan.reset_all()
    machine.store.pen.take(None)
