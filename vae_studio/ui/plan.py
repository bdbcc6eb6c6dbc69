"""``TrainingPlan``: what the forms show and *Train* begins. Both forms are views of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from vae_studio.core.errors import SpecError
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.session import plan as plans
from vae_studio.session.plan import Plan


class TrainingPlan(QObject):
    """plan: the last one that could be made. Signals: ``changed()``: the plan, or what is wrong
    with what was typed, by field in ``problems``."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plan = plans.preset()
        self._refused: dict[str, tuple[str, SpecError]] = {}

    @property
    def problems(self) -> dict[str, SpecError]:
        """What is wrong, by field; nothing is trained while there is something."""
        refused = {name: error for name, (_, error) in self._refused.items()}
        return {**plans.problems(self.plan), **refused}

    @property
    def changed_fields(self) -> tuple[str, ...]:
        """The fields that are not as the preset has them."""
        return plans.changed_fields(self.plan)

    def text(self, name: str) -> str:
        """What stands in a field, also where it was refused."""
        refused = self._refused.get(name)
        return refused[0] if refused else plans.text_of(self.plan.value(name))

    def set_text(self, name: str, text: str) -> None:
        """What was typed into a field; a bad value stays there, and says why."""
        try:
            self._replace(plans.with_text(self.plan, name, text), name)
        except SpecError as error:
            self._refused[name] = (text, error)
            self.changed.emit()

    def set_value(self, name: str, value: Any) -> None:
        """A value from a control that can hold no bad one. Other images bring what fits them:
        convolutions for larger ones, unless the model was changed by hand."""
        self._replace(plans.with_value(self.plan, name, value), name)
        if name == "dataset":
            found = plans.for_larger_images(self.plan)
            if found != self.plan.variant:
                self.choose(found)

    def reset(self, name: str) -> None:
        """One field back to the preset."""
        self._replace(plans.reset_field(self.plan, name), name)

    def choose(self, variant: str) -> None:
        """Begin with another preset. What was changed of the training stays; the model is new."""
        spec = plans.preset(variant, self.plan.config.dataset).spec
        new = replace(self.plan, variant=variant, spec=spec)
        self._replace(new, *self._refused)

    def reset_all(self) -> None:
        """The preset as it is, for the same images."""
        dataset = self.plan.config.dataset
        self._replace(plans.preset(self.plan.variant, dataset), *self._refused)

    def show(self, variant: str, spec: ModelSpec, config: TrainConfig) -> None:
        """What a run was trained with."""
        self._replace(plans.plan_of(variant, spec, config), *self._refused)

    def _replace(self, plan: Plan, *mended: str) -> None:
        before = self.plan, dict(self._refused)
        for name in mended:
            self._refused.pop(name, None)
        self.plan = plan
        if (self.plan, self._refused) != before:
            self.changed.emit()
