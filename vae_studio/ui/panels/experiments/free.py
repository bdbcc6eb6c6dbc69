"""``FreeExperiment``: any field at several values; all else as the forms say."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.errors import SpecError
from vae_studio.core.experiments import MAX_ARMS, Experiment, free_experiment
from vae_studio.core.spec import TrainConfig
from vae_studio.session.plan import FIELDS, choices, text_of, with_texts
from vae_studio.ui.plan import TrainingPlan
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.field_edit import field_help, field_label, problem_sentence

_FIXED = ("image_shape", "dataset", "device")
_FIRST = "beta"
_EXAMPLES = {  # values to begin with, of fields without a list to choose from
    "latent_dim": "2, 8, 32",
    "hidden": "512, 256; 128, 64",
    "negative_slope": "0.01, 0.2",
    "hidden_dropout": "0, 0.2",
    "latent_dropout": "0, 0.2",
    "train_size": "1000, 10000",
    "epochs": "2, 5",
    "batch_size": "32, 128, 512",
    "learning_rate": "0.0005, 0.002, 0.01",
    "rate_warmup": "0, 1",
    "beta": "0.5, 1, 4",
    "beta_warmup": "0, 2",
    "weight_decay": "0, 0.01",
    "grad_clip": "0, 1",
    "seed": "0, 1, 2",
}


class FreeExperiment(QFrame):
    """Signal: ``wanted(Experiment)``."""

    wanted = Signal(object)

    def __init__(
        self, plan: TrainingPlan, settings: TrainingPlan, parent: QWidget | None = None
    ) -> None:
        """plan: of the forms. settings: whose epochs, images and seed hold."""
        super().__init__(parent)
        self._plan, self._settings = plan, settings
        self._reason = ""
        self.setObjectName("card")
        title = QLabel(self.tr("Your own experiment"))
        title.setProperty("role", "number")
        text = QLabel(self.tr("One field at several values; all else as the Train form says."))
        text.setProperty("role", "muted")
        text.setWordWrap(True)
        self.field = QComboBox()
        self.field.setAccessibleName(self.tr("Field"))
        self.field.setToolTip(self.tr("What is not the same for all models"))
        for name in FIELDS:
            if name not in _FIXED:
                self.field.addItem(field_label(name), name)
        self.values = QLineEdit()
        self.values.setAccessibleName(self.tr("Values"))
        self.run_button = push_button("mdi6.flask-outline", self.tr("Run"), "", self._run)
        self.run_button.setAccessibleName(self.tr("Run your own experiment"))
        self.problem = QLabel()
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.field)
        row.addWidget(self.values, 1)
        row.addWidget(self.run_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 8, 8)
        layout.setSpacing(4)
        for part in (title, text):
            layout.addWidget(part)
        layout.addLayout(row)
        layout.addWidget(self.problem)
        self.field.setCurrentIndex(self.field.findData(_FIRST))
        self.field.currentIndexChanged.connect(self._choose)
        self.values.textChanged.connect(self._render)
        self.values.returnPressed.connect(self._run)
        plan.changed.connect(self._render)
        settings.changed.connect(self._render)
        self._choose()

    @property
    def experiment(self) -> Experiment:
        """What would be tried. Raises ``SpecError``."""
        plan, settings = self._plan.plan, self._settings.plan
        name = self.field.currentData()
        config = settings.config
        shared = {
            item: getattr(config, item) for item in ("epochs", "train_size", "seed", "beta_warmup")
        }
        values = with_texts(plan, name, self.values.text())
        changed = TrainConfig.from_dict({**plan.config.to_dict(), **shared})
        return free_experiment(name, values, plan.spec, changed)

    @Slot()
    def _choose(self, *_: object) -> None:
        name = self.field.currentData()
        self.values.setText(_values_of(name))
        self.values.setToolTip(
            field_help(name)
            + "\n"
            + self.tr("2 to {n} values, with commas; with semicolons between lists.").format(
                n=MAX_ARMS
            )
        )
        self._render()

    def enable(self, reason: str) -> None:
        """reason: why nothing can be tried now; "" where it can."""
        self._reason = reason
        self._render()

    @Slot()
    def _render(self, *_: object) -> None:
        problem = ""
        try:
            count = len(self.experiment.arms)
        except SpecError as error:
            count, problem = 0, problem_sentence(self.field.currentData(), error)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.values.setProperty("invalid", bool(problem))
        self.values.style().unpolish(self.values)
        self.values.style().polish(self.values)
        self.run_button.setEnabled(not problem and not self._reason)
        tip = self.tr("Train {n} models, one after the other").format(n=count)
        self.run_button.setToolTip(problem or self._reason or tip)

    @Slot()
    def _run(self) -> None:
        if self.run_button.isEnabled():
            self.wanted.emit(self.experiment)


def _values_of(name: str) -> str:
    """To begin with."""
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    return ", ".join(text_of(value) for value in choices(name) or (False, True))
