"""All runs in a table: what they are, how good they are, what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QItemSelection, QLocale, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices, QHideEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QToolButton, QVBoxLayout, QWidget

from vae_studio.core.events import EpochDone
from vae_studio.core.runs import RunInfo
from vae_studio.session.folders import runs_folder
from vae_studio.session.run_filter import RunFilter
from vae_studio.session.state import SessionState
from vae_studio.ui import theme
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.runs.actions import ACTIONS, Name, available
from vae_studio.ui.panels.runs.columns import Row
from vae_studio.ui.panels.runs.filter_box import FilterBox
from vae_studio.ui.panels.runs.notes_box import NotesBox
from vae_studio.ui.panels.runs.table import ROW, RunsModel, RunsProxy
from vae_studio.ui.panels.runs.thumbnails import Thumbnails
from vae_studio.ui.panels.runs.view import RunsView
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.workers.shelf_thread import Answer, SizesRead, SizesWanted

_WIDE = 1100  # px; from here on the notes stand beside the table
_AFTER_EPOCH_MS = 1000  # until the epoch is on disk, and not at each of a fast training


class RunsPanel(Panel):
    """Signals: ``compare_requested(tuple of Paths)``; ``configuration_requested(RunInfo)``."""

    compare_requested = Signal(object)
    configuration_requested = Signal(object)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._stale = True
        self._sizes: SizesWanted | None = None
        self._training: tuple[bool, Path | None] = (True, None)
        self.model = RunsModel(self)
        self.proxy = RunsProxy(self.model, self)
        self.thumbnails = Thumbnails(store.library.shelf, self)
        self.filter_box = FilterBox()
        self.summary = QLabel()
        self.table = RunsView(self.proxy, self.thumbnails)
        self.notes = NotesBox()
        self.hint = QLabel()
        self._lay_out()
        self._connect()
        self._render_actions()

    def _lay_out(self) -> None:
        self.summary.setProperty("role", "muted")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setToolTip(
            self.tr(
                "Your own runs, and what they take on the disk. Models that ship are not counted; "
                "what is deleted goes for good after 30 days."
            )
        )
        self.hint.setProperty("role", "muted")
        self.hint.setWordWrap(True)
        self.columns_button = tool_button(
            "mdi6.view-column-outline",
            self.tr("Columns"),
            self.tr("Show or hide columns; a right click on the header does the same"),
        )
        self.columns_button.setMenu(self.table.columns_menu)
        self.columns_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        top = QHBoxLayout()
        top.addWidget(self.filter_box, 1)
        top.addWidget(self.summary)
        top.addWidget(self.columns_button)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.notes)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([1000, 48])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.hint)
        layout.addLayout(self._make_actions())

    def _make_actions(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        self.actions_by_name: dict[Name, QAction] = {}
        self.buttons: dict[Name, QToolButton] = {}
        for row in ACTIONS:
            action = QAction(QCoreApplication.translate("Runs", row.text), self)
            theme.set_icon(action, row.icon)
            if row.key:
                action.setShortcut(QKeySequence(row.key))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(lambda _=False, name=row.name: self.act(name))
            self.table.addAction(action)
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            button.setIconSize(self.columns_button.iconSize())
            if row.name == "compare":
                bar.addStretch(1)
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            bar.addWidget(button)
            self.actions_by_name[row.name] = action
            self.buttons[row.name] = button
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return bar

    def _connect(self) -> None:
        store, library = self.store, self.store.library
        self._later = QTimer(self, singleShot=True, interval=_AFTER_EPOCH_MS)
        self._later.timeout.connect(self.reload)
        self.filter_box.filter_changed.connect(self._filter)
        self.filter_box.returnPressed.connect(self.table.setFocus)
        self.table.open_wanted.connect(lambda: self.act("open"))
        self.table.selectionModel().selectionChanged.connect(self._select)
        self.model.name_entered.connect(self._rename)
        self.model.tags_entered.connect(lambda info, tags: library.notes.set_tags(info.path, tags))
        self.notes.noted.connect(lambda info, text: library.notes.set_notes(info.path, text))
        self.notes.left.connect(library.notes.flush)
        self.thumbnails.arrived.connect(self._repaint_picture)
        library.changed.connect(self.reload)
        library.notes.changed.connect(self._take_notes)
        library.shelf.answered.connect(self._take_size)
        store.training.changed.connect(self._note_training)
        store.training.events_arrived.connect(self._note_events)
        store.state_changed.connect(self._render)

    # What is shown -------------------------------------------------------------------------

    def refresh(self) -> None:
        if self._stale:
            self.reload()

    def hideEvent(self, event: QHideEvent) -> None:
        self.store.library.notes.flush()
        super().hideEvent(event)

    @Slot()
    def reload(self) -> None:
        """Read the list anew; behind another tab, once it comes forward."""
        self._stale = not self.on_screen
        if self._stale:
            return
        library = self.store.library
        infos = library.runs()
        self.model.set_rows([self._row(info) for info in infos])
        library.notes.refresh(info.path for info in infos)
        self._sizes = SizesWanted(tuple(info.path for info in infos if not info.bundled))
        library.shelf.ask(self._sizes)
        self.model.set_shown(Path(self.store.state.model))
        self._select()
        self._say_how_many()

    def _row(self, info: RunInfo) -> Row:
        notes = self.store.library.notes
        training = info.path == self._training[1]
        return Row(info, notes.of(info.path), notes.error(info.path), training)

    @Slot(object)
    def _take_notes(self, runs: Sequence[Path]) -> None:
        wanted = set(runs)
        self.model.set_rows(
            [self._row(row.info) if row.info.path in wanted else row for row in self.model.rows]
        )
        self._select()
        self._say_how_many()

    @Slot(object)
    def _repaint_picture(self, run: Path) -> None:
        place = self.model.place_of(run)
        if place is not None:
            self.model.announce(place)

    @Slot(object)
    def _take_size(self, answer: Answer) -> None:
        if isinstance(answer, SizesRead) and answer.request == self._sizes:
            count = len(answer.request.runs)
            size = QLocale().formattedDataSize(
                answer.total, 1, QLocale.DataSizeFormat.DataSizeSIFormat
            )
            text = self.tr("1 run, {size}") if count == 1 else self.tr("{n} runs, {size}")
            self.summary.setText(text.format(n=count, size=size) if count else "")

    @Slot(object)
    def _filter(self, wanted: RunFilter) -> None:
        self.proxy.set_filter(wanted)
        self._say_how_many()

    def _say_how_many(self) -> None:
        """The line below the table, where there is something to say."""
        text = ""
        if not self.proxy.rowCount() and self.model.rows:
            text = self.tr("No run matches the filter. Esc in it shows all again.")
        elif not any(row.is_own for row in self.model.rows):
            text = self.tr("Your own runs will be listed here: train one in the Train panel.")
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.model != old.model:
            self.model.set_shown(Path(new.model))

    @Slot(object)
    def _note_training(self, view: TrainingView) -> None:
        now = (view.can_start, view.request.folder if view.request else None)
        if now != self._training:
            self._training = now
            self.reload()
            self._render_actions()

    @Slot(object)
    def _note_events(self, events: Sequence[object]) -> None:
        if any(isinstance(event, EpochDone) for event in events) and not self._later.isActive():
            self._later.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        way = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if way is not self.splitter.orientation():
            self.splitter.setOrientation(way)
            self.splitter.setSizes([1000, 280 if wide else 48])

    # What is done --------------------------------------------------------------------------

    def selected_rows(self) -> list[Row]:
        """The selected runs, as the table sorts them."""
        indexes = self.table.selectionModel().selectedRows()
        return [index.data(ROW) for index in sorted(indexes, key=lambda index: index.row())]

    @Slot(QItemSelection, QItemSelection)
    def _select(self, *_: object) -> None:
        rows = self.selected_rows()
        self.notes.show_row(rows[0] if len(rows) == 1 else None, len(rows))
        self._render_actions()

    def _render_actions(self) -> None:
        reasons = available(self.selected_rows(), self._training[0], runs_folder())
        for row in ACTIONS:
            action, reason = self.actions_by_name[row.name], reasons[row.name]
            tip = QCoreApplication.translate("Runs", row.tip)
            if reason:
                tip += "\n" + QCoreApplication.translate("Runs", reason)
            action.setEnabled(not reason)
            action.setToolTip(tip)

    def act(self, name: Name) -> None:
        """Do one of ``ACTIONS`` to the selected runs, where it can be done."""
        rows = self.selected_rows()
        if available(rows, self._training[0], runs_folder())[name]:
            return
        info = rows[0].info
        if name == "open":
            if str(info.path) != self.store.state.model:
                self.store.open_model(info.path)
        elif name == "resume":
            self.store.launcher.resume(info)
        elif name in ("rename", "tags"):
            self.table.edit_selected("name" if name == "rename" else "tags")
        elif name == "compare":
            self.compare_requested.emit(tuple(row.info.path for row in rows))
        elif name == "plots":
            self.store.overlays.toggle([row.info for row in rows])
        elif name == "configuration":
            self.configuration_requested.emit(info)
        elif name == "folder":
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(info.path)))
        else:
            self.store.library.remove([row.info for row in rows], self._training[1])

    @Slot(object, str)
    def _rename(self, info: RunInfo, name: str) -> None:
        self.store.library.rename(info, name, self._training[1])
