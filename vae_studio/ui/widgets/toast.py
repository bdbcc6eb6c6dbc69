"""``Toast``: a short message at the foot of the window, with an action or two; blocks nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from vae_studio import logs
from vae_studio.ui import theme

_SHOWN_MS = 9000
_REPEAT_SECONDS = 1.0

Action = Callable[[], object]


class Toast(QWidget):
    """Lies over its parent. The same message is not shown twice a second."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._action = QToolButton(self)
        self._second = QToolButton(self)
        self._close = QToolButton(self)
        self._close.setProperty("role", "flat")
        self._close.setAccessibleName(self.tr("Dismiss"))
        theme.set_icon(self._close, "mdi6.close")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._action)
        layout.addWidget(self._second)
        layout.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self._close.clicked.connect(self.hide)
        self._action.clicked.connect(lambda: self._act(self._on_action))
        self._second.clicked.connect(lambda: self._act(self._on_second))
        self._on_action: Action | None = None
        self._on_second: Action | None = None
        self._last = ("", 0.0)
        parent.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._label.text()

    def show_message(self, text: str, action: str = "", on_action: Action | None = None) -> None:
        """Say something good to know, with an action such as *Undo*."""
        self._present(text, "notice", action, on_action)

    def show_error(self, text: str, details: str) -> None:
        """Say what went wrong; *Copy details* puts ``details`` on the clipboard."""
        now = time.monotonic()
        if text == self._last[0] and now - self._last[1] < _REPEAT_SECONDS:
            return
        self._last = (text, now)
        copy = self.tr("Copy details")
        whole = f"{logs.clean(text)}\n{details}"
        self._present(text, "error", copy, lambda: QGuiApplication.clipboard().setText(whole))

    def ask(
        self, text: str, actions: Sequence[tuple[str, Action]], *, is_error: bool = False
    ) -> None:
        """Say something that waits for an answer: it stays until one of one or two ``actions``, or
        the cross, is pressed."""
        self.offer(text, actions, is_error=is_error)
        self._timer.stop()

    def offer(
        self, text: str, actions: Sequence[tuple[str, Action]], *, is_error: bool = False
    ) -> None:
        """Say something for a while, with one or two ``actions``."""
        (first, on_first), (second, on_second) = (*actions, ("", None))[:2]
        self._present(text, "error" if is_error else "notice", first, on_first)
        self._set_second(second, on_second)
        self._place()

    def press_action(self) -> None:
        """What the button does."""
        self._action.click()

    def _present(self, text: str, kind: str, action: str, on_action: Action | None) -> None:
        self._label.setText(text)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._on_action = on_action
        self._set_second("", None)
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    def _set_second(self, text: str, on_second: Action | None) -> None:
        self._second.setText(text)
        self._second.setVisible(bool(text))
        self._on_second = on_second

    def _act(self, action: Action | None) -> None:
        self.hide()
        if action is not None:
            action()

    def _place(self) -> None:
        parent = self.parentWidget()
        width = min(620, parent.width() - 48)
        self.layout().activate()
        height = self.layout().totalHeightForWidth(width)
        self.setGeometry(
            (parent.width() - width) // 2, parent.height() - height - 40, width, height
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and self.isVisible():
            self._place()
        elif event.type() is QEvent.Type.LayoutRequest:
            self.raise_()  # a panel that comes forward lies over what is there
        return super().eventFilter(watched, event)
