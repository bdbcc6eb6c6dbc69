"""Every field of the model and of the training, with its range, its reason and its way back."""

from __future__ import annotations

from dataclasses import fields

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.session.plan import preset, text_of
from vae_studio.ui import theme
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.column_scroll import ColumnScroll
from vae_studio.ui.widgets.field_edit import (
    FieldEdit,
    field_edit,
    field_help,
    field_label,
    field_unit,
    problem_sentence,
)

_GIVEN = ("image_shape",)  # by the data set


class ConfigurationPanel(Panel):
    """The whole plan. What differs from the preset has a dot and a way back; what is wrong says so
    where it stands; the line at the foot explains the field that has the focus."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.preset = QComboBox()
        self.preset.addItems(list(VARIANTS))
        self.preset.setAccessibleName(self.tr("Preset"))
        self.preset.setToolTip(self.tr("Model to begin with: the tutorial’s, or convolutions"))
        self.preset.activated.connect(lambda _: store.plan.choose(self.preset.currentText()))
        self.reset_all = push_button(
            "mdi6.undo-variant",
            "",
            self.tr("Every field as the preset has it"),
            store.plan.reset_all,
        )
        self.from_model = tool_button(
            "mdi6.import",
            self.tr("As the model that is shown"),
            self.tr("Take every field from the model that is shown"),
            self._take_from_model,
        )
        head = QHBoxLayout()
        head.addWidget(self.preset, 1)
        head.addWidget(self.from_model)
        head.addWidget(self.reset_all)
        self._rows: dict[str, _Row] = {}
        self._column = ColumnScroll(QWidget())
        self.help = QLabel(self.tr("Choose a field to read what it does."))
        self.help.setProperty("role", "muted")
        self.help.setWordWrap(True)
        self.help.setMinimumHeight(3 * self.help.fontMetrics().lineSpacing())
        self.help.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self._column, 1)
        layout.addWidget(self.help)
        store.plan.changed.connect(self._render)
        store.snapshot_changed.connect(lambda _: self.from_model.setEnabled(True))
        self._render()

    @property
    def rows(self) -> dict[str, _Row]:
        """By field."""
        self._make_rows()
        return self._rows

    def showEvent(self, event: QShowEvent) -> None:
        self._make_rows()
        super().showEvent(event)

    def _make_rows(self) -> None:
        """Once, when somebody wants to see them: a window needs none to start."""
        if self._rows:
            return
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for title, record in ((self.tr("Model"), ModelSpec), (self.tr("Training"), TrainConfig)):
            heading = QLabel(title)
            heading.setProperty("role", "number")
            grid.addWidget(heading, grid.rowCount(), 0, 1, 4)
            for item in fields(record):
                if item.name not in _GIVEN:
                    row = self._rows[item.name] = _Row(self.store, item.name, grid)
                    row.edit.installEventFilter(self)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, theme.GRID, 0)
        column.addLayout(grid)
        column.addStretch(1)
        self._column.set_page(page)
        self._render()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusIn:
            for name, row in self._rows.items():
                if row.edit is watched:
                    self.help.setText(f"{field_label(name)}: {field_help(name)}")
        return super().eventFilter(watched, event)

    def _take_from_model(self) -> None:
        snapshot = self.store.snapshot
        if snapshot is not None:
            variant = next(
                (run.variant for run in self.store.library.runs() if str(run.path) == snapshot.run),
                "",
            )
            self.store.plan.show(variant, snapshot.spec, snapshot.config)

    @Slot()
    def _render(self, *_: object) -> None:
        plan = self.store.plan
        self.preset.setCurrentText(plan.plan.variant)
        changed = plan.changed_fields
        for name, row in self._rows.items():
            row.render(name in changed)
        self.reset_all.setEnabled(bool(changed or plan.problems))
        text = self.tr("Reset {n}", "", len(changed)) if changed else self.tr("As preset")
        self.reset_all.setText(text.format(n=len(changed)))
        self.from_model.setEnabled(self.store.snapshot is not None)


class _Row:
    """Name, editor, unit, and the way back; below, what is wrong."""

    def __init__(self, store: Store, name: str, grid: QGridLayout) -> None:
        self._store, self._name = store, name
        self._label = QLabel(field_label(name))
        self._label.setToolTip(field_help(name))
        self.edit: FieldEdit = field_edit(store.plan, name)
        self._label.setBuddy(self.edit)
        self.reset = tool_button("mdi6.undo-variant", "", "", lambda: store.plan.reset(name))
        self.reset.setProperty("role", "flat")
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.problem = QLabel()
        self.problem.setTextFormat(Qt.TextFormat.PlainText)  # a title may look like markup
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        line = grid.rowCount()
        grid.addWidget(self._label, line, 0)
        grid.addWidget(self.edit, line, 1, 1, 1 if field_unit(name) else 2)
        if field_unit(name):
            unit = QLabel(field_unit(name))
            unit.setProperty("role", "muted")
            grid.addWidget(unit, line, 2)
        grid.addWidget(self.reset, line, 3)
        grid.addWidget(self.problem, line + 1, 0, 1, 4)

    def render(self, changed: bool) -> None:
        """Whether the field differs from the preset, and what is wrong with it."""
        plan = self._store.plan
        error = plan.problems.get(self._name)
        self._label.setText(field_label(self._name) + (" ●" if changed else ""))
        self.reset.setVisible(changed or error is not None)
        begun = preset(plan.plan.variant, plan.plan.config.dataset)
        value = text_of(begun.value(self._name))
        text = QCoreApplication.translate("Fields", "Back to {value}, as the preset has it")
        self.reset.setToolTip(text.format(value=value))
        self.reset.setAccessibleName(text.format(value=value))
        self.problem.setVisible(error is not None)
        if error is not None:
            self.problem.setText(problem_sentence(self._name, error))
