"""Runs side by side: the answer to an experiment, and to *Compare* in the table of runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.compared import Comparison
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.comparison.page import ComparisonPage
from vae_studio.ui.report_words import all_words, say
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.column_scroll import ColumnScroll


class ComparisonPanel(Panel):
    """Signal: ``saved(Path)``: the page is a file now."""

    saved = Signal(object)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._comparing = store.comparing
        self._shown: Comparison | None = None
        self.page: ComparisonPage | None = None
        self.title = QLabel()
        self.title.setProperty("role", "heading")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self.question = QLabel()
        self.question.setProperty("role", "muted")
        self.question.setTextFormat(Qt.TextFormat.PlainText)
        self.question.setWordWrap(True)
        self.save_button = push_button(
            "mdi6.content-save-outline",
            self.tr("Save as HTML…"),
            self.tr("Save this comparison as one file that any browser shows, without a network"),
            self.choose_file,
        )
        self.close_button = tool_button(
            "mdi6.close",
            self.tr("Close the comparison"),
            self.tr("Close the comparison; the runs stay"),
            self._comparing.clear,
        )
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._make_empty())
        self._pages.addWidget(self._make_shown())
        self._pages.addWidget(self._make_busy())
        self._comparing.changed.connect(self._render)
        self._comparing.saved.connect(self.saved)
        self._render()

    def _make_empty(self) -> QWidget:
        empty = QLabel(
            self.tr(
                "Run an experiment, or select two runs or more under Runs and press Compare: "
                "figures, curves and pictures stand side by side here."
            )
        )
        empty.setProperty("role", "empty")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        return empty

    def _make_shown(self) -> QWidget:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.title)
        texts.addWidget(self.question)
        head = QHBoxLayout()
        head.addLayout(texts, 1)
        head.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._scroll = ColumnScroll(QWidget())
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(10, 8, 2, 4)
        column.addLayout(head)
        column.addWidget(self._scroll, 1)
        return shown

    def _make_busy(self) -> QWidget:
        self.busy_text = QLabel()
        self.busy_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.busy_text.setWordWrap(True)
        self.busy_text.setTextFormat(Qt.TextFormat.PlainText)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName(self.tr("Comparing"))
        self.cancel_button = push_button(
            "mdi6.close", self.tr("Cancel"), self.tr("Give it up"), self._comparing.cancel
        )
        busy = QWidget()
        column = QVBoxLayout(busy)
        column.setContentsMargins(60, 0, 60, 0)
        column.addStretch(1)
        column.addWidget(self.busy_text)
        column.addWidget(bar)
        column.addWidget(self.cancel_button, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(1)
        return busy

    @Slot()
    def _render(self) -> None:
        comparing = self._comparing
        if comparing.busy and comparing.request is not None:
            count = len(comparing.request.paths)
            self.busy_text.setText(self.tr("Comparing {n} runs …").format(n=count))
            self._pages.setCurrentIndex(2)
            return
        self._pages.setCurrentIndex(0 if comparing.comparison is None else 1)
        if comparing.comparison is not self._shown:
            self._show(comparing.comparison)

    def _show(self, comparison: Comparison | None) -> None:
        self._shown = comparison
        if comparison is None:
            self.page = None
            self._scroll.set_page(QWidget())
            return
        count = len(comparison.runs)
        self.title.setText(comparison.title or say("title", count=count))
        self.question.setText(comparison.question)
        self.question.setVisible(bool(comparison.question))
        self.page = ComparisonPage(comparison)
        self.page.run_wanted.connect(self.store.open_model)
        self.page.failed.connect(self.store.failed)
        self._scroll.set_page(self.page)

    def choose_file(self) -> None:
        """Ask where the page goes."""
        if self._shown is None:
            return
        dialog = QFileDialog(self, self.tr("Save the comparison"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("Web pages (*.html)"))
        dialog.setDefaultSuffix("html")
        dialog.selectFile(_file_name(self.title.text()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the page there, in the words of the window."""
        self._comparing.save(path, all_words())


def _file_name(title: str) -> str:
    """``16 or 64 latent dimensions`` -> ``16-or-64-latent-dimensions.html``."""
    kept = "".join(sign if sign.isalnum() else " " for sign in title)
    return "-".join(kept.lower().split()) + ".html"
