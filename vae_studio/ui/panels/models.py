"""The models that ship and the user's own runs, in one list."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QColor, QDesktopServices, QFontMetrics, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.datasets.table import MNIST
from vae_studio.core.runs import RunInfo
from vae_studio.session.folders import runs_folder
from vae_studio.session.state import SessionState
from vae_studio.ui import theme
from vae_studio.ui.captions import quality, spec_summary
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button

_INFO = Qt.ItemDataRole.UserRole
_SHOWN = Qt.ItemDataRole.UserRole + 1
_FIGURE = Qt.ItemDataRole.UserRole + 2


class ModelsPanel(Panel):
    """A click opens; resume, rename, remove and *show in folder* stand below.

    Signal: ``resumable_changed(bool)``, whether the current run can be resumed now.
    """

    resumable_changed = Signal(bool)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Models"))
        self.list.setItemDelegate(_RunDelegate(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.open_button = tool_button(
            "mdi6.folder-open-outline",
            self.tr("Open run…"),
            self.tr("Open a run folder from anywhere (Ctrl+O)"),
            self.choose_run,
        )
        self.rename_button = tool_button(
            "mdi6.pencil-outline",
            self.tr("Rename"),
            self.tr("Give this run another name (F2)"),
            self.rename_current,
        )
        self.resume_button = tool_button(
            "mdi6.play-circle-outline",
            self.tr("Resume training"),
            self.tr("Go on training this run where it was saved"),
            self.resume_current,
        )
        self.remove_button = tool_button(
            "mdi6.trash-can-outline",
            self.tr("Delete"),
            self.tr("Delete this run; it can be undone (Delete)"),
            self.remove_current,
        )
        self.folder_button = tool_button(
            "mdi6.folder-search-outline",
            self.tr("Show in folder"),
            self.tr("Show this run in the file manager"),
            self._show_in_folder,
        )
        buttons = QHBoxLayout()
        for button in (
            self.open_button,
            self.resume_button,
            self.rename_button,
            self.folder_button,
            self.remove_button,
        ):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)
        for key, act in (
            (QKeySequence("F2"), self.rename_current),
            (QKeySequence(QKeySequence.StandardKey.Delete), self.remove_current),
        ):
            shortcut = QShortcut(key, self.list, act)
            # PySide takes `context=` above without a word, and the whole window has the key.
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.list.itemClicked.connect(self._open_item)
        self.list.itemActivated.connect(self._open_item)
        self.list.currentItemChanged.connect(self._enable_buttons)
        store.library.changed.connect(self.reload)
        store.training.changed.connect(self._enable_buttons)
        store.state_changed.connect(self._render)
        self._list(store.library.bundled())  # the others are read once the window is there

    @Slot()
    def reload(self) -> None:
        """Read the list anew."""
        self._list(self.store.library.runs())

    def _list(self, infos: Iterable[RunInfo]) -> None:
        current = self._current()
        training = self._in_training()
        self.list.clear()
        for info in infos:
            item = QListWidgetItem(info.name)
            figure = quality(info, in_training=info.path == training)
            item.setData(_INFO, info)
            item.setData(_FIGURE, figure)
            item.setToolTip(_plain(f"{info.name}\n{_about(info)}\n{figure}"))
            self.list.addItem(item)
            if current is not None and current.path == info.path:
                self.list.setCurrentItem(item)
        self._mark(self.store.state.model)
        self._enable_buttons()

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.model != old.model:
            self._mark(new.model)

    def _mark(self, model: str) -> None:
        for row in range(self.list.count()):
            item = self.list.item(row)
            shown = bool(model) and item.data(_INFO).path == Path(model)
            item.setData(_SHOWN, shown)
            if shown:
                self.list.setCurrentItem(item)
                self.list.scrollToItem(item)

    def _current(self) -> RunInfo | None:
        item = self.list.currentItem()
        info: RunInfo | None = item.data(_INFO) if item else None
        return info

    @Slot()
    def _enable_buttons(self) -> None:
        info = self._current()
        own = info is not None and not info.bundled
        self.rename_button.setEnabled(own)
        mine = info is not None and info.path.parent == runs_folder()
        self.remove_button.setEnabled(own and mine)
        self.folder_button.setEnabled(info is not None)
        idle = self.store.training.view.can_start
        resumable = info is not None and info.can_resume and idle
        self.resume_button.setEnabled(resumable)
        self.resumable_changed.emit(resumable)

    @Slot(QListWidgetItem)
    def _open_item(self, item: QListWidgetItem) -> None:
        path = item.data(_INFO).path
        if str(path) != self.store.state.model:
            self.store.open_model(path)

    def choose_run(self) -> None:
        """Ask for a folder and open it."""
        dialog = QFileDialog(self, self.tr("Open a run folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.store.open_model)
        dialog.open()

    def rename_current(self) -> None:
        """Ask for another name of the current run."""
        info = self._current()
        if info is None or info.bundled:
            return
        dialog = QInputDialog(self)
        dialog.setWindowTitle(self.tr("Rename run"))
        dialog.setLabelText(self.tr("Name"))
        dialog.setTextValue(info.name)
        dialog.resize(380, dialog.sizeHint().height())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(
            lambda name: self.store.library.rename(info, name, self._in_training())
        )
        dialog.open()

    def remove_current(self) -> None:
        """Take the current run out of the list."""
        info = self._current()
        if info is not None and self.remove_button.isEnabled():
            self.store.library.remove([info], self._in_training())

    def resume_current(self) -> None:
        """Go on training the current run."""
        info = self._current()
        if info is not None and info.can_resume and self.store.training.view.can_start:
            self.store.launcher.resume(info)

    def _in_training(self) -> Path | None:
        request = self.store.training.view.request
        return request.folder if request else None

    def _show_in_folder(self) -> None:
        info = self._current()
        if info is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(info.path)))


def _about(info: RunInfo) -> str:
    """What kind of network; of other images than MNIST's, which, first."""
    summary, data = spec_summary(info.spec), info.data
    return summary if data is None or data.name == MNIST.name else f"{data.title} · {summary}"


def _plain(text: str) -> str:
    """Keep Qt from reading a run's name as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")


class _RunDelegate(QStyledItemDelegate):
    """Two lines: name and quality, then what kind of network."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(120, 2 * QFontMetrics(option.font).height() + 10)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        info: RunInfo = index.data(_INFO)
        c = theme.colors()
        area = option.rect.adjusted(2, 1, -2, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if hovered or selected:
            painter.setBrush(QColor(c.hover))
            painter.drawRoundedRect(area, 5, 5)
        if index.data(_SHOWN):
            painter.setBrush(QColor(c.accent))
            painter.drawRoundedRect(area.left(), area.top() + 4, 3, area.height() - 8, 1.5, 1.5)
        text = area.adjusted(10, 3, -6, -3)
        metrics = QFontMetrics(option.font)
        figure: str = index.data(_FIGURE)
        figure_width = metrics.horizontalAdvance(figure)
        painter.setPen(QColor(c.muted))
        right = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
        painter.drawText(text, right, figure)
        below = metrics.elidedText(_about(info), Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, below)
        font = option.font
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(c.text))
        name = QFontMetrics(font).elidedText(
            info.name, Qt.TextElideMode.ElideMiddle, text.width() - figure_width - 8
        )
        painter.drawText(text, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()
