"""Train a model: form, buttons, progress, plots, film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.events import EpochDone
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.ui import theme
from vae_studio.ui.captions import duration, spec_summary, unit
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.train.film import Film
from vae_studio.ui.panels.train.plots import LossPlots
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView, TrainStatus
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.workers.train_thread import TrainRequest

if TYPE_CHECKING:
    from vae_studio.core.events import Event

_WARMUP = 5  # epochs; without one, half of the latent dimensions die in the first two epochs
_FIELD_WIDTH = 52  # px


class TrainPanel(Panel):
    """What is trained and how; then watch it."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addLayout(self._make_form())
        layout.addLayout(self._make_buttons())
        self.plots = LossPlots()
        self.film = Film()
        self.film.setToolTip(self.tr("Two fixed points of the prior, decoded after every epoch"))
        layout.addWidget(self.plots, 1)
        layout.addWidget(self.film)
        store.training.started.connect(self._begin)
        store.training.changed.connect(self._render)
        store.training.events_arrived.connect(self._add_events)
        store.training.resumed.connect(self._show_past)
        self._render(store.training.view)

    def _make_form(self) -> QGridLayout:
        default = TrainConfig()
        self.variant = QComboBox()
        self.variant.setMinimumWidth(110)
        for name, spec in VARIANTS.items():
            self.variant.addItem(name)
            self.variant.setItemData(
                self.variant.count() - 1, spec_summary(spec), Qt.ItemDataRole.ToolTipRole
            )
        self.variant.setCurrentText("vae-32")
        self.epochs = _whole(1, 1000, default.epochs)
        self.batch_size = _whole(8, 4096, default.batch_size)
        self.learning_rate = _number(1e-5, 0.1, default.learning_rate, decimals=5, step=0.0005)
        self.beta = _number(0.0, 100.0, default.beta, decimals=2, step=0.25)
        self.warmup = _whole(0, 100, _WARMUP)
        self.seed = _whole(0, 999_999, default.seed)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(2)
        for column, (name, field, tip) in enumerate(
            (
                (self.tr("Variant"), self.variant, self.tr("Which model of the tutorial to train")),
                (self.tr("Epochs"), self.epochs, self.tr("Passes over the 60,000 images")),
                (self.tr("Batch"), self.batch_size, self.tr("Images for each step of Adam")),
                (
                    self.tr("Rate"),
                    self.learning_rate,
                    self.tr("Learning rate of the first step; a cosine takes it down to 0"),
                ),
                (
                    "β",
                    self.beta,
                    self.tr("Weight of KL in the loss: reconstruction + β · KL. 1 is the ELBO"),
                ),
                (
                    self.tr("Warm-up"),
                    self.warmup,
                    self.tr("Epochs over which β grows from 0; it keeps dimensions from dying"),
                ),
                (
                    self.tr("Seed"),
                    self.seed,
                    self.tr("Of weights, noise and order: the same seed trains the same model"),
                ),
            )
        ):
            label = QLabel(name)
            label.setProperty("role", "muted")
            label.setBuddy(field)
            field.setAccessibleName(name)
            field.setToolTip(tip)
            label.setToolTip(tip)
            grid.addWidget(label, 0, column)
            grid.addWidget(field, 1, column)
            grid.setColumnStretch(column, 2 if column == 0 else 1)
        self.epochs.valueChanged.connect(self._limit_warmup)
        self._fields = (
            self.variant,
            self.epochs,
            self.batch_size,
            self.learning_rate,
            self.beta,
            self.warmup,
            self.seed,
        )
        return grid

    def _make_buttons(self) -> QHBoxLayout:
        training = self.store.training
        self.train = push_button(
            "mdi6.play",
            self.tr("Train"),
            self.tr("Train a new model with these settings (Space)"),
            self.start,
            primary=True,
        )
        self.pause = push_button(
            "mdi6.pause",
            self.tr("Pause"),
            self.tr("Hold the training between two steps (Space)"),
            training.pause_resume_or_save,
        )
        self.stop = push_button(
            "mdi6.stop",
            self.tr("Stop"),
            self.tr("End the training; the model is kept"),
            training.stop,
        )
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Training progress"))
        theme.tabular(self.progress)
        row = QHBoxLayout()
        row.addWidget(self.train)
        row.addWidget(self.pause)
        row.addWidget(self.stop)
        row.addWidget(self.progress, 1)
        return row

    @Slot(int)
    def _limit_warmup(self, epochs: int) -> None:
        """β has grown up by half of the run at the latest."""
        self.warmup.setMaximum(epochs // 2)

    def settings(self) -> tuple[ModelSpec, TrainConfig]:
        """What the form says."""
        config = replace(
            TrainConfig(),
            epochs=self.epochs.value(),
            batch_size=self.batch_size.value(),
            learning_rate=self.learning_rate.value(),
            beta=self.beta.value(),
            beta_warmup=self.warmup.value(),
            seed=self.seed.value(),
        )
        return VARIANTS[self.variant.currentText()], config

    def start(self) -> None:
        """Train what the form says."""
        if self.store.training.view.can_start:
            spec, config = self.settings()
            self.store.start_training(spec, config, self.variant.currentText())

    def start_or_pause(self) -> None:
        """Space: train, or hold, or go on."""
        if self.store.training.view.can_start:
            self.start()
        else:
            self.store.training.pause_resume_or_save()

    def show_settings(self, variant: str, config: TrainConfig) -> None:
        """Put these into the form."""
        if variant in VARIANTS:
            self.variant.setCurrentText(variant)
        self.epochs.setValue(config.epochs)
        self.batch_size.setValue(config.batch_size)
        self.learning_rate.setValue(config.learning_rate)
        self.beta.setValue(config.beta)
        self.warmup.setValue(config.beta_warmup)
        self.seed.setValue(config.seed)

    @Slot(object)
    def _show_past(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Of a run that goes on: its losses and samples so far."""
        request = self.store.training.view.request
        if request is not None:
            self.plots.resume(rows)
            epochs = [int(row["epoch"]) for row in rows]
            self.film.resume(request.folder, request.spec.image_shape, epochs)

    @Slot(object)
    def _begin(self, request: TrainRequest) -> None:
        if request.resume:
            self.show_settings(request.variant, request.config)
        self.plots.clear(1)
        self.plots.set_unit(unit(request.spec))
        self.film.clear()

    @Slot(object)
    def _render(self, view: TrainingView) -> None:
        for field in self._fields:
            field.setEnabled(view.can_start)
        self.train.setEnabled(view.can_start)
        self.pause.setEnabled(view.can_pause or view.can_save)
        self.stop.setEnabled(view.can_stop)
        text, icon = {
            TrainStatus.PAUSED: (self.tr("Resume"), "mdi6.play"),
            TrainStatus.UNSAVED: (self.tr("Save again"), "mdi6.content-save-outline"),
        }.get(view.status, (self.tr("Pause"), "mdi6.pause"))
        if self.pause.text() != text:
            self.pause.setText(text)
            theme.set_icon(self.pause, icon)
        if view.can_save:
            self.pause.setToolTip(self.tr("Try again to save; the training waits so long (Space)"))
            self.stop.setToolTip(self.tr("End the training as it was last saved"))
        else:
            self.pause.setToolTip(self.tr("Hold the training between two steps, or go on (Space)"))
            self.stop.setToolTip(self.tr("End the training; the model is kept"))
        if view.request and view.steps:
            self.plots.set_steps_per_epoch(view.steps // view.request.config.epochs)
        self._render_progress(view)

    def _render_progress(self, view: TrainingView) -> None:
        bar = self.progress
        if view.can_save and not view.steps:
            bar.setRange(0, 1)
            bar.setValue(0)
            bar.setFormat(self.tr("held: it cannot be saved"))
            return
        if view.status is TrainStatus.STARTING or (view.request and not view.steps):
            bar.setRange(0, 0)  # busy
            return
        if view.status is TrainStatus.IDLE:
            if not bar.maximum():
                bar.setRange(0, 1)
                bar.reset()
            bar.setFormat("")
            return
        assert view.request is not None
        bar.setRange(0, view.steps)
        bar.setValue(view.step)
        epochs = view.request.config.epochs
        parts = [
            self.tr("epoch {epoch} of {epochs}").format(epoch=max(1, view.epoch), epochs=epochs)
        ]
        if view.status is TrainStatus.PAUSED:
            parts.append(self.tr("paused"))
        elif view.status is TrainStatus.UNSAVED:
            parts.append(self.tr("held: it cannot be saved"))
        elif view.status is TrainStatus.STOPPING:
            parts.append(self.tr("stopping…"))
        elif view.seconds_left is not None:
            parts.append(self.tr("{time} left").format(time=duration(view.seconds_left)))
        bar.setFormat(", ".join(parts))

    @Slot(object)
    def _add_events(self, events: Sequence[Event]) -> None:
        self.plots.add(events)
        for event in events:
            if isinstance(event, EpochDone):
                self.film.add(event)


def _whole(low: int, high: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setMinimumWidth(_FIELD_WIDTH)
    box.setRange(low, high)
    box.setValue(value)
    theme.tabular(box)
    return box


def _number(low: float, high: float, value: float, decimals: int, step: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    box.setMinimumWidth(_FIELD_WIDTH)
    box.setLocale(QLocale.c())
    box.setDecimals(decimals)
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setValue(value)
    theme.tabular(box)
    return box
