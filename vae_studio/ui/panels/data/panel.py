"""``DataPanel``: which images there are to learn, and how to get more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QProgressBar,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.ui import theme
from vae_studio.ui.captions import duration
from vae_studio.ui.data_words import place_text, shape_text, short_text
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.data.details import DataDetails
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button, tool_button

_NAME = Qt.ItemDataRole.UserRole


class DataPanel(Panel):
    """A list of the sets that are here or can be fetched; below, the one that is chosen.

    Signals: ``import_wanted(path)``: something to learn from was chosen. ``trained_on(name)``: the
    plan is to be given that set.
    """

    import_wanted = Signal(object)
    trained_on = Signal(str)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.sets = store.data_sets
        self._sampled: DatasetInfo | None = None  # whose images were asked for
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Data sets"))
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(lambda *_: self._show_current())
        self.list.itemActivated.connect(lambda _: self.train_on())
        self.details = DataDetails()
        self.use = push_button(
            "mdi6.play-outline",
            self.tr("Train on it"),
            self.tr("Put these images into the Train form, with what fits them"),
            self.train_on,
            primary=True,
        )
        self.fetch = push_button(
            "mdi6.download",
            self.tr("Fetch"),
            self.tr("Download it from the servers of those who made it"),
            self._fetch,
            primary=True,
        )
        self.local = push_button(
            "mdi6.folder-open-outline",
            self.tr("Use local files…"),
            self.tr("Take it from its IDX files, plain or compressed, in a folder or an archive"),
            self._choose_local,
        )
        self.remove = tool_button(
            "mdi6.delete-outline",
            self.tr("Remove"),
            self.tr("Remove this set from the disk; it can be undone"),
            self._remove,
        )
        self.add = push_button(
            "mdi6.image-plus",
            self.tr("Import pictures…"),
            self.tr("Make a data set of your own pictures: a folder, an array, or IDX files"),
            self.choose_import,
        )
        self._add_kinds()
        self._lay_out()
        self.sets.changed.connect(self._fill)
        self.sets.work_changed.connect(self._render_work)
        self.sets.added.connect(self.choose)
        self.sets.sampled.connect(self.details.show_images)
        store.plan.changed.connect(self._mark)
        store.snapshot_changed.connect(lambda _: self._show_current())
        self._fill()
        self._render_work()

    def _add_kinds(self) -> None:
        menu = QMenu(self)
        for text, function in (
            (self.tr("A folder of pictures…"), self.choose_import),
            (self.tr("A file: .npy, .npz or IDX…"), self.choose_import_file),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, call=function: call())
        self.add.setMenu(menu)

    def _lay_out(self) -> None:
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Progress of the data set"))
        self.progress.setFixedHeight(6)
        self.progress.setRange(0, 1000)
        self.said = QLabel()
        self.said.setTextFormat(Qt.TextFormat.PlainText)  # a title may look like markup
        self.said.setProperty("role", "muted")
        theme.tabular(self.said)
        self.stop = push_button(
            "mdi6.close", self.tr("Cancel"), self.tr("Keep nothing of it"), self.sets.cancel
        )
        head = QHBoxLayout()
        head.addWidget(self.said, 1)
        head.addWidget(self.stop)
        self.work_box = QWidget()
        box = QVBoxLayout(self.work_box)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(head)
        box.addWidget(self.progress)
        buttons = QHBoxLayout()
        for button in (self.use, self.fetch, self.local):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.remove)
        foot = QWidget()
        column = QVBoxLayout(foot)
        column.setContentsMargins(0, theme.GRID, 0, 0)
        column.addWidget(self.details, 1)
        column.addLayout(buttons)
        self.parts = QSplitter(Qt.Orientation.Vertical)
        self.parts.setChildrenCollapsible(False)
        self.parts.addWidget(self.list)
        self.parts.addWidget(foot)
        self.parts.setSizes([240, 400])
        layout = QVBoxLayout(self)
        layout.addWidget(self.add)
        layout.addWidget(self.work_box)
        layout.addWidget(self.parts, 1)

    # What is shown -------------------------------------------------------------------------

    @property
    def current(self) -> DatasetInfo | None:
        """The set that is chosen in the list."""
        item = self.list.currentItem()
        name = item.data(_NAME) if item is not None else None
        return next((info for info in self.sets.rows() if info.name == name), None)

    def refresh(self) -> None:
        self.sets.look_again()
        self._show_current()

    @Slot(object)
    def choose(self, info: DatasetInfo) -> None:
        """Show that set."""
        for row in range(self.list.count()):
            if self.list.item(row).data(_NAME) == info.name:
                self.list.setCurrentRow(row)
        self._show_current()

    @Slot()
    def _fill(self) -> None:
        before = self.current
        chosen = before.name if before else self.store.plan.plan.config.dataset
        self.list.blockSignals(True)
        self.list.clear()
        for info in self.sets.rows():
            item = QListWidgetItem(f"{info.title}\n{short_text(info)}")
            item.setData(_NAME, info.name)
            tip = (f"{info.title} ({info.name})", shape_text(info), place_text(info))
            item.setToolTip(tooltip("\n".join(tip)))
            self.list.addItem(item)
            if info.name == chosen:
                self.list.setCurrentItem(item)
        if self.list.currentRow() < 0:
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self._mark()
        self._show_current()

    @Slot()
    def _mark(self) -> None:
        """What is trained on, what is here, and what would have to be fetched, by their icons."""
        trained = self.store.plan.plan.config.dataset
        for row in range(self.list.count()):
            item = self.list.item(row)
            name = item.data(_NAME)
            here = "mdi6.check" if name in DATASETS else "mdi6.cloud-download-outline"
            item.setIcon(theme.icon("mdi6.play" if name == trained else here))

    def _show_current(self) -> None:
        info = self.current
        here = info is not None and info.name in DATASETS
        self.use.setVisible(here)
        self.fetch.setVisible(info is not None and not here)
        self.local.setVisible(info is not None and not here)
        removable = here and info is not None and place_text(info, short=True) != ""
        self.remove.setVisible(removable)
        self.details.show_set(info)
        ready = self.store.snapshot is not None  # a start has more urgent things to load
        if here and info is not None and ready and self.on_screen and self.details.lacks_images:
            if info != self._sampled:
                self._sampled = info  # once: live snapshots come faster than some disks answer
                self.sets.sample(info)
        else:
            self._sampled = None

    @Slot()
    def _render_work(self) -> None:
        work = self.sets.work
        self.work_box.setVisible(work is not None)
        for button in (self.fetch, self.local):
            button.setEnabled(work is None)
        if work is None:
            return
        self.progress.setValue(round(1000 * work.share))
        self.stop.setEnabled(not work.ending)
        if work.ending:
            text = self.tr("{title}: cancelling…")
        elif work.seconds_left is None:
            text = self.tr("{title}: {percent} %")
        else:
            text = self.tr("{title}: {percent} %, {left} left")
        left = duration(work.seconds_left or 0.0)
        self.said.setText(text.format(title=work.title, percent=round(100 * work.share), left=left))

    # What is done --------------------------------------------------------------------------

    def train_on(self) -> None:
        """Put the set that is chosen into the plan."""
        info = self.current
        if info is not None and info.name in DATASETS:
            self.trained_on.emit(info.name)

    def _fetch(self) -> None:
        if (info := self.current) is not None:
            self.sets.fetch(info.name)

    def _remove(self) -> None:
        if (info := self.current) is not None:
            self.sets.remove(info)

    def _choose_local(self) -> None:
        """A folder; an archive is chosen in the same place, where the dialog shows files."""
        info = self.current
        if info is None:
            return
        text = self.tr("Files of {title}: an IDX file, or an archive of all of them")
        self._ask(
            text.format(title=info.title),
            QFileDialog.FileMode.ExistingFile,
            lambda path: self.sets.fetch(info.name, _place_of(path)),
        )

    def choose_import(self) -> None:
        """Ask for a folder of pictures."""
        title = self.tr("A folder of pictures; its subfolders are classes")
        self._ask(title, QFileDialog.FileMode.Directory, self.import_wanted.emit)

    def choose_import_file(self) -> None:
        """Ask for an array, or an IDX file."""
        title = self.tr("Images as .npy, .npz or IDX")
        self._ask(title, QFileDialog.FileMode.ExistingFile, self.import_wanted.emit)

    def _ask(self, title: str, mode: QFileDialog.FileMode, then: Callable[[Path], object]) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
        dialog.open()

    def changeEvent(self, event: QEvent) -> None:
        """Icons of a list do not follow the theme by themselves."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "list"):
            self._mark()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.list.hasFocus() and self.remove.isVisible():
            self._remove()
        else:
            super().keyPressEvent(event)


def _place_of(path: Path) -> Path:
    """Of one IDX file its folder, where the others are; an archive is one itself."""
    return path.parent if "ubyte" in path.name or "idx" in path.name else path
