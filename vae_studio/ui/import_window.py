"""``ImportWindow``: what would be learned of a folder, an array or IDX files, and making it so."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.datasets.table import DATASETS, NAME
from vae_studio.core.errors import StudioError
from vae_studio.session.data_jobs import (
    ImportRequest,
    ImportResult,
    LookRequest,
    LookResult,
    PreviewRequest,
    PreviewResult,
)
from vae_studio.session.folders import data_folder
from vae_studio.ui import theme
from vae_studio.ui.captions import duration
from vae_studio.ui.data_words import classes_text, likelihood_text, megabytes, reason_text
from vae_studio.ui.import_form import ImportForm
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.picture_grid import PictureGrid
from vae_studio.ui.widgets.qimages import to_qimages
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vae_studio.core.datasets.importing import Preview
    from vae_studio.core.datasets.skipped import Skipped
    from vae_studio.core.datasets.source import Source
    from vae_studio.core.datasets.table import DatasetInfo
    from vae_studio.ui.store import Store

_SIZE = (900, 620)
_COLUMNS = 4
_PAUSE = 150  # ms after a change before it is previewed
_LISTED = 1000  # rows of what was skipped; the file has them all


class ImportWindow(QDialog):
    """Blocks nothing. First it looks, then shows how some pictures would be learned, then imports;
    at the end it says what was left out, and why.

    Signal: ``train_wanted(name)``.
    """

    train_wanted = Signal(str)

    def __init__(self, store: Store, parent: QWidget) -> None:
        super().__init__(parent)
        self._store, self._sets = store, store.data_sets
        self.setWindowTitle(self.tr("Import pictures"))
        self.resize(*_SIZE)
        self.source: Source | None = None
        self._asked: LookRequest | PreviewRequest | None = None
        self._importing: ImportRequest | None = None
        self._made = ""  # the name of the set that was imported last
        self._thread = JobThread("import preview", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self._ask_preview)
        self._sets.imported.connect(self._finish)
        self._sets.import_failed.connect(self._import_failed)
        self._sets.import_cancelled.connect(self._import_ended)
        self._sets.work_changed.connect(self._render)
        self._build()
        self._render()

    # Layout --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.heading, self.notes = QLabel(), QLabel()
        self.heading.setProperty("role", "heading")
        self.notes.setProperty("role", "muted")
        for label in (self.heading, self.notes):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.problem = QLabel()
        self.problem.setTextFormat(Qt.TextFormat.PlainText)  # so may the path in it
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        self.pictures = PictureGrid(self.tr("Some pictures as they would be learned"))
        self.skipped = QTableWidget(0, 2)
        self.skipped.setHorizontalHeaderLabels([self.tr("Left out"), self.tr("Why")])
        self.skipped.horizontalHeader().setStretchLastSection(True)
        self.skipped.verticalHeader().hide()
        self.skipped.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.skipped.setWordWrap(False)
        self.skipped.setColumnWidth(0, 260)
        self.skipped.setAccessibleName(self.tr("What was left out, and why"))
        self.form = ImportForm()
        self.form.changed.connect(self._changed)
        self.other = push_button(
            "mdi6.dice-multiple-outline",
            self.tr("Others"),
            self.tr("Show other pictures of the same"),
            self._show_others,
        )
        self.other.setAutoDefault(False)  # Enter in a field is no wish for others
        self._pages = QStackedLayout()
        for page in (self.pictures, self.skipped):
            self._pages.addWidget(page)
        left = QVBoxLayout()
        left.addLayout(self._pages, 1)
        under = QHBoxLayout()
        under.addWidget(self.other)
        under.addStretch(1)
        left.addLayout(under)
        middle = QHBoxLayout()
        middle.addLayout(left, 1)
        middle.addWidget(self.form)
        layout = QVBoxLayout(self)
        for part in (self.heading, self.notes):
            layout.addWidget(part)
        layout.addLayout(middle, 1)
        layout.addWidget(self.problem)
        layout.addLayout(self._foot())

    def _foot(self) -> QHBoxLayout:
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Progress of the import"))
        self.progress.setFixedHeight(6)
        self.said = QLabel()
        self.said.setProperty("role", "muted")
        theme.tabular(self.said)
        self.start = push_button(
            "mdi6.import", self.tr("Import"), self.tr("Make this data set"), self._import, True
        )
        self.train = push_button(
            "mdi6.play-outline",
            self.tr("Train on it"),
            self.tr("Put these images into the Train form, with what fits them"),
            self._train,
            primary=True,
        )
        self.stop = push_button(
            "mdi6.close", self.tr("Cancel"), self.tr("Keep nothing of it"), self._cancel
        )
        foot = QHBoxLayout()
        foot.addWidget(self.said)
        foot.addWidget(self.progress, 1)
        foot.addStretch(0)
        for button in (self.stop, self.start, self.train):
            button.setAutoDefault(False)
            foot.addWidget(button)
        return foot

    # Looking -------------------------------------------------------------------------------

    def open(self, path: Path) -> None:  # type: ignore[override]
        """Look at what a path holds; what was looked at before is let go."""
        if self._importing is not None:
            busy = StudioError("data.busy", title=self._importing.title)
            self.problem.setText(error_sentence(busy))
        else:
            self._let_go()
            self._made = ""
            self.form.set_names(path.name, free_name(path.stem))
            self.heading.setText(self.tr("Looking at {name}…").replace("{name}", path.name))
            self.heading.setToolTip("")
            self.notes.clear()
            self.problem.clear()
            self.pictures.set_pictures([])
            self._pages.setCurrentWidget(self.pictures)
            self._asked = LookRequest(path, data_folder())
            self._thread.ask(self._asked)
        self._render()
        self.show()
        self.raise_()
        self.activateWindow()

    def _show_others(self) -> None:
        self.form.next_seed()

    @Slot()
    def _changed(self) -> None:
        self._pause.start()
        self._render()

    @Slot()
    def _ask_preview(self) -> None:
        if self.source is not None and self._importing is None and not self._made:
            self._asked = PreviewRequest(self.source, self.form.settings, self.form.preview_seed)
            self._thread.ask(self._asked)

    @Slot(object)
    def _take(self, result: LookResult | PreviewResult) -> None:
        if result.request is not self._asked:
            if isinstance(result, LookResult):
                result.source.close()
            return
        self.problem.clear()
        if isinstance(result, LookResult):
            self.source = result.source
            title = free_title(result.source.title)
            self.form.set_names(title, free_name(title))
            self.form.set_settings(result.settings)
            count = len(result.source.class_names)
            text = self.tr("{title}: {n} pictures, {classes}")
            self.heading.setText(
                text.format(
                    title=result.source.title,
                    n=f"{result.source.count:,}",
                    classes=classes_text(count),
                )
            )
            self.heading.setToolTip(tooltip(", ".join(result.source.class_names[:100])))
        self._show_preview(result.preview)
        self._render()

    def _show_preview(self, made: Preview) -> None:
        pictures = to_qimages(made.images / 255.0) if len(made.images) else []
        columns = min(_COLUMNS, max(1, len(pictures)))
        full = len(pictures) // columns * columns
        self.pictures.set_pictures(
            [pictures[start : start + columns] for start in range(0, full, columns)]
        )
        assert self.source is not None  # as this is of it
        notes = [likelihood_text(made.likelihood, made.extremes)] if pictures else []
        if self.source.test is not None:
            notes.append(self.tr("It says itself which images are for testing."))
        left_out = len(self.source.skipped)
        if left_out:
            notes.append(self.tr("{n} files are no pictures, and left out.").format(n=left_out))
        if made.skipped:
            tried = len(made.skipped) + len(pictures)
            text = self.tr("Of {tried} that were tried, {n} cannot be read.")
            notes.append(text.format(tried=tried, n=len(made.skipped)))
        self.notes.setText(" ".join(notes))

    @Slot(object, object)
    def _take_failure(self, job: object, error: StudioError) -> None:
        if job is self._asked:
            self._asked = None
            self.problem.setText(error_sentence(error))
            if self.source is None:
                self.heading.setText(self.tr("Nothing to learn here"))
            self._render()

    # Importing -----------------------------------------------------------------------------

    def _import(self) -> None:
        if self.source is None or self._sets.work is not None:
            return
        self.problem.clear()
        self._importing = ImportRequest(
            self.source,
            self.form.settings,
            data_folder(),
            self.form.name.text(),
            self.form.title.text() or self.form.name.text(),
            self.form.licence.text(),
        )
        self._sets.begin_import(self._importing)
        self._render()

    def _cancel(self) -> None:
        if self._importing is not None:
            self._sets.cancel()
        else:
            self.close()

    def _train(self) -> None:
        if self._made:
            self.train_wanted.emit(self._made)
        self.close()

    @Slot(object)
    def _finish(self, result: ImportResult) -> None:
        if result.request is not self._importing:
            return
        self._importing = None
        self.problem.clear()
        info = result.imported.info
        self._made = info.name
        text = self.tr("{title} is here: {train} images to learn, {test} to test")
        self.heading.setText(
            text.format(title=info.title, train=f"{info.train:,}", test=f"{info.test:,}")
        )
        self.heading.setToolTip("")
        self.notes.setText(likelihood_text(info.likelihood, info.extremes))
        self._list(result.imported.skipped)
        self._let_go()
        self._render()

    def _list(self, skipped: Sequence[Skipped]) -> None:
        """What was left out; the pictures stay where there is nothing to say."""
        if not skipped:
            return
        count = len(skipped)
        text = self.tr("{n} files were left out; skipped.csv beside the images lists them all.")
        self.notes.setText(self.notes.text() + " " + text.format(n=f"{count:,}"))
        self.skipped.setRowCount(min(count, _LISTED))
        for row, each in enumerate(skipped[:_LISTED]):
            for column, cell in enumerate((each.what, reason_text(each))):
                item = QTableWidgetItem(cell)
                item.setToolTip(tooltip(cell))
                self.skipped.setItem(row, column, item)
        self._pages.setCurrentWidget(self.skipped)

    @Slot(object, object)
    def _import_failed(self, job: object, error: StudioError) -> None:
        if job is self._importing:
            self._importing = None
            self.problem.setText(error_sentence(error))
            if self.isHidden():
                self._store.failed.emit(error)
            self._close_if_hidden()

    @Slot(object)
    def _import_ended(self, job: object) -> None:
        if job is self._importing:
            self._importing = None
            self._close_if_hidden()

    def _close_if_hidden(self) -> None:
        if self.isHidden():
            self._let_go()
        self._render()

    # What is shown -------------------------------------------------------------------------

    def tells_of(self, info: DatasetInfo) -> bool:
        """Whether this window, in view, says that the set is here."""
        return self.isVisible() and info.name == self._made

    @Slot()
    def _render(self) -> None:
        work = self._sets.work
        mine = work is not None and work.job is self._importing
        name, done = self.form.name.text(), bool(self._made)
        fault = ""
        if not NAME.fullmatch(name):
            fault = error_sentence(StudioError("data.name", name=name))
        elif name in DATASETS and not done and self._importing is None:
            fault = self.tr("There is a data set “{name}” already. Choose another name.")
            fault = fault.replace("{name}", name)
        self.form.say_of_name("" if done else fault)
        self.form.setEnabled(self.source is not None and self._importing is None and not done)
        self.other.setVisible(not done)
        self.other.setEnabled(self.source is not None and self._importing is None)
        self.start.setVisible(not done)
        self.start.setEnabled(self.source is not None and work is None and not fault)
        tip = self.tr("Make this data set")
        if work is not None and not mine:
            tip = error_sentence(StudioError("data.busy", title=work.title))
        self.start.setToolTip(tooltip(tip))
        self.train.setVisible(done)
        self.stop.setText(self.tr("Close") if self._importing is None else self.tr("Cancel"))
        self.stop.setEnabled(not (mine and work is not None and work.ending))
        self.progress.setVisible(mine)
        if mine and work is not None:
            self.progress.setValue(round(1000 * work.share))
            text = self.tr("cancelling…") if work.ending else f"{round(100 * work.share)} %"
            if work.seconds_left is not None and not work.ending:
                left = self.tr("{left} left").format(left=duration(work.seconds_left))
                text += ", " + left
            self.said.setText(text)
        elif self.source is not None and not done:
            size = self.source.count * (3 if self.form.settings.colour == "colour" else 1)
            size *= self.form.settings.size**2
            self.said.setText(self.tr("About {size} on disk").format(size=megabytes(size)))
        else:
            self.said.clear()

    # Ending --------------------------------------------------------------------------------

    def _let_go(self) -> None:
        self._pause.stop()
        self._thread.cancel()
        self._asked = None
        if self.source is not None:
            self.source.close()
            self.source = None

    def reject(self) -> None:
        """Escape, or closed: what is imported goes on, in the Data panel; what was only looked at
        is let go."""
        if self._importing is None:
            self._let_go()
        super().reject()

    def shutdown(self) -> None:
        """End the thread; the import itself the data sets end."""
        self._thread.stop()
        self._thread.wait()
        if self.source is not None:
            self.source.close()
            self.source = None


def free_title(title: str) -> str:
    """A title that no other set has: ``My pictures (2)``."""
    taken = {info.title for info in DATASETS.values()}
    found, number = title, 2
    while found in taken:
        found, number = f"{title} ({number})", number + 1
    return found


def free_name(title: str) -> str:
    """A name for a set of that title which no other has: ``my-pictures-2``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "pictures"
    name, number = base, 2
    while name in DATASETS or (data_folder() / name).exists():
        name, number = f"{base}-{number}", number + 1
    return name
