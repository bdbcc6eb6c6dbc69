"""``LogWindow``: the end of the log, or a crash report, to read and to copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio import logs
from vae_studio.session.folders import log_folder
from vae_studio.ui import theme
from vae_studio.ui.widgets.buttons import push_button

_SIZE = (900, 560)


class LogWindow(QDialog):
    """Blocks nothing. What it shows is read when it is opened, and on *Refresh*."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(*_SIZE)
        self._crash: Path | None = None  # the report of it is shown, and not the log
        self.place = _line(self.tr("Where this file is"))
        self.said = _line(self.tr("What was done"))
        self.said.setWordWrap(True)
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        theme.set_monospaced(self.text)
        self.copy_report = self._button(
            "mdi6.content-copy",
            self.tr("Copy report"),
            self.tr("Copy versions, the last crash and the end of the log, to paste elsewhere"),
            self._copy,
        )
        self.open_folder = self._button(
            "mdi6.folder-open-outline",
            self.tr("Open folder"),
            self.tr("Show the folder with the log and the crash reports"),
            self._open,
        )
        self.refresh = self._button(
            "mdi6.refresh", self.tr("Refresh"), self.tr("Read the file again"), self.read
        )
        foot = QHBoxLayout()
        foot.addWidget(self.said, 1)
        for button in (self.copy_report, self.open_folder, self.refresh):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.place)
        layout.addWidget(self.text, 1)
        layout.addLayout(foot)

    def show_log(self) -> None:
        """Come up with the end of the log."""
        self._come_up(None)

    def show_report(self, crash: Path) -> None:
        """Come up with the report of a crash; ``crash``: what was put aside of it."""
        self._come_up(crash)

    def read(self) -> None:
        """Read what is shown off the disk again."""
        self.said.clear()
        self.place.setText(str(self._crash or logs.log_file()))
        self.place.setToolTip(self.place.text())  # whole, where the window is narrow
        if self._crash:
            self.setWindowTitle(self.tr("Crash report"))
            self.text.setAccessibleName(self.tr("Crash report"))
            self.text.setPlainText(logs.report(self._crash))
            return
        self.setWindowTitle(self.tr("Log"))
        self.text.setAccessibleName(self.tr("Log"))
        self.text.setPlaceholderText(
            self.tr("The log is empty. Starts, warnings and errors will be here.")
        )
        self.text.setPlainText(logs.tail().rstrip("\n"))
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.text.moveCursor(QTextCursor.MoveOperation.StartOfBlock)
        QTimer.singleShot(0, self._scroll_down)  # once the scroll bars know the text

    @Slot()
    def _scroll_down(self) -> None:
        bar = self.text.verticalScrollBar()
        bar.setValue(0 if self._crash else bar.maximum())

    def _come_up(self, crash: Path | None) -> None:
        self._crash = crash
        self.show()  # first, since a text is scrolled by the size it is shown in
        self.read()
        self.raise_()
        self.activateWindow()
        self.text.setFocus()

    def _button(self, icon: str, text: str, tip: str, on_click: Callable[[], None]) -> QPushButton:
        button = push_button(icon, text, tip, on_click)
        button.setAutoDefault(False)  # Enter is for the button that has the focus
        return button

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(logs.report(self._crash))
        self.said.setText(self.tr("The report is on the clipboard. Nothing was sent anywhere."))

    def _open(self) -> None:
        folder = log_folder()
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self.said.setText(self.tr("No program opens {folder}.").format(folder=folder))


def _line(name: str) -> QLabel:
    """A muted line that can be copied from and gives way to what is narrow."""
    label = QLabel()
    label.setProperty("role", "muted")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAccessibleName(name)
    label.setMinimumWidth(1)
    return label
