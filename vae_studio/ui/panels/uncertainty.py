"""How sure the encoder is of the input: what else it could be, and whether a better code exists."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vae_studio.session.requests import EncodeResult, Result, SpreadRequest, SpreadResult
from vae_studio.session.state import SessionState
from vae_studio.ui import theme
from vae_studio.ui.captions import snapshot_caption, unit
from vae_studio.ui.classes import a_class, class_name
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.qimages import to_heat, to_qimages

SAMPLES = 8


class UncertaintyPanel(Panel):
    """Input, reconstruction with the spread of each pixel over it, samples, the best code."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._asked: SpreadRequest | None = None
        self._shown: SpreadResult | None = None
        self.empty = QLabel(
            self.tr(
                "Draw, or click a test image on the map: how sure the encoder is of it appears "
                "here."
            )
        )
        self.empty.setProperty("role", "empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._make_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self._pages)
        store.encoded.connect(self._take_code)
        store.state_changed.connect(self._render)
        store.answered.connect(self._take)
        store.code_search.changed.connect(self._show_search)
        self._show_search()

    def _make_page(self) -> QWidget:
        page = QWidget()
        self.input = ImageView(self.tr("What the encoder sees"), side=64)
        self.spread = ImageView(self.tr("Reconstruction, and where samples differ"), side=64)
        self.spread.setToolTip(
            self.tr("Coloured where 64 samples of q(z|x) decode to different pixels")
        )
        pictures = QGridLayout()
        pictures.setSpacing(4)
        for column, (name, view) in enumerate(
            ((self.tr("Input"), self.input), (self.tr("Where samples differ"), self.spread))
        ):
            title = QLabel(name)
            title.setProperty("role", "muted")
            pictures.addWidget(title, 0, column)
            pictures.addWidget(view, 1, column)
        pictures.setRowStretch(1, 1)
        title = QLabel(self.tr("Samples of the posterior q(z|x). A click goes there."))
        title.setProperty("role", "muted")
        title.setWordWrap(True)
        strip = QHBoxLayout()
        strip.setSpacing(2)
        self.samples: list[ImageView] = []
        for index in range(SAMPLES):
            view = ImageView(self.tr("Posterior sample {n}").format(n=index + 1), side=30)
            view.keep_square()
            view.clicked.connect(lambda index=index: self._go(index))
            strip.addWidget(view)
            self.samples.append(view)
        self.search = push_button(
            "mdi6.target",
            self.tr("Search the best code"),
            self.tr(
                "Go on from the encoder's mean and variance to those with the least −ELBO for this "
                "input. What the encoder loses against them is the amortisation gap"
            ),
            self.store.code_search.start,
        )
        self.go = push_button(
            "mdi6.crosshairs-gps",
            self.tr("Go there"),
            self.tr("Make the best code the current point"),
            self.store.code_search.go,
        )
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setAccessibleName(self.tr("Progress of the search"))
        self.cancel = tool_button(
            "mdi6.close",
            self.tr("Cancel the search"),
            self.tr("Give up the search"),
            self.store.code_search.cancel,
        )
        buttons = QHBoxLayout()
        for widget in (self.search, self.go, self.progress, self.cancel):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        self.gap = QLabel()
        self.caption = QLabel()
        for text in (self.gap, self.caption):
            text.setProperty("role", "muted")
            text.setWordWrap(True)
            text.setTextFormat(Qt.TextFormat.PlainText)
            theme.tabular(text)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(pictures, 1)
        layout.addWidget(title)
        layout.addLayout(strip)
        layout.addLayout(buttons)
        layout.addWidget(self.gap)
        layout.addWidget(self.caption)
        return page

    def refresh(self) -> None:
        if self.on_screen and self.store.last_encoded is not None:
            self._take_code(self.store.last_encoded)

    @Slot(object)
    def _take_code(self, code: EncodeResult) -> None:
        if self.on_screen:
            self._asked = SpreadRequest(code, SAMPLES)
            self.store.ask("spread", self._asked)

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if self.store.last_encoded is None:
            self._asked = self._shown = None
            self._pages.setCurrentIndex(0)

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if not isinstance(result, SpreadResult) or result.request is not self._asked:
            return
        self._shown, code = result, result.request.code
        self.input.set_image(code.image)
        self.spread.set_image(code.x_hat)
        self.spread.set_heat(to_heat(result.deviation, QColor(theme.colors().kl)))
        for view, picture in zip(self.samples, to_qimages(result.images), strict=True):
            view.set_picture(picture)
        parts = [snapshot_caption(code.request.snapshot)]
        if code.label is not None:
            names, label = code.request.snapshot.class_names, code.label.index(max(code.label))
            text = self.tr("as {a_class}")
            parts.append(text.replace("{a_class}", a_class(class_name(names, label))))
        text = self.tr("a pixel's largest deviation {deviation:.2f}")
        parts.append(text.format(deviation=float(result.deviation.max())))
        self.caption.setText(" · ".join(parts))
        self._pages.setCurrentIndex(1)

    def _go(self, index: int) -> None:
        shown = self._shown
        if shown is not None and shown.request.code.request.snapshot is self.store.snapshot:
            self.store.set_z(shown.z[index].tolist())

    @Slot()
    def _show_search(self) -> None:
        search = self.store.code_search
        runs, found = search.share is not None, search.found
        self.search.setVisible(not runs)
        self.progress.setVisible(runs)
        self.cancel.setVisible(runs)
        self.go.setVisible(found is not None and not runs)
        if search.share is not None:
            self.progress.setValue(round(100 * search.share))
            self.gap.setText(self.tr("Searching for a better code…"))
        elif found is None:
            self.gap.setText(self.tr("How far is the encoder from the best code?"))
        else:
            away = sum(
                (one - other) ** 2
                for one, other in zip(found.mu, found.request.code.mu, strict=True)
            )
            text = self.tr(
                "−ELBO {before:.1f} with the encoder's code, {after:.1f} with the best: "
                "{gain:.1f} {unit} are lost. The means are {away:.2f} apart."
            )
            self.gap.setText(
                text.format(
                    before=found.before,
                    after=found.after,
                    gain=found.before - found.after,
                    unit=unit(found.request.code.request.snapshot.spec),
                    away=away**0.5,
                )
            )
