"""The texts in a comparison's tables: names, values and units, for a page and for a window. No
torch, no markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from vae_studio.core.compared import Column, ComparedRun, Comparison
from vae_studio.core.experiments import value_text
from vae_studio.core.report_parts import figure_text
from vae_studio.core.report_words import WORDS
from vae_studio.core.spec import ModelSpec, TrainConfig

Say = Callable[..., str]  # a key of ``WORDS`` and what fills it -> the text
_LABELS = {item.name: item.metadata["label"] for item in (*fields(ModelSpec), *fields(TrainConfig))}
_UNITS = {
    "squared_error": "unit.squared_error",
    "bernoulli": "unit.bernoulli_pixel",
    "kl": "unit.kl",
    "active_units": "unit.active_units",
    "seconds": "unit.seconds",
}
_LOSSES = ("reconstruction", "negative_elbo")  # whose unit is that of the likelihood


class FigureTexts:
    """Plain texts; whoever puts them into a page escapes them."""

    def __init__(self, comparison: Comparison, say: Say) -> None:
        self._comparison, self._say = comparison, say

    def field(self, name: str) -> str:
        """What a field is called."""
        return str(_LABELS[name])

    def value(self, field: str, value: Any) -> str:
        """What a field holds; None where it plays no part."""
        if value is None:
            return "—"
        if isinstance(value, bool):
            return self._say("yes" if value else "no")
        if field == "dataset":
            return self._comparison.dataset
        if field == "train_size" and value == 0:
            return self._say("all")
        key = f"{field}.{value}"
        return self._say(key) if key in WORDS else value_text(value)

    def unit(self, column: Column) -> str:
        """Of a column; "" where it has none, or not all runs have the same."""
        if column.name in _LOSSES:
            one = self._comparison.comparable_loss
            return self._loss_unit(self._comparison.runs[0], column) if one else ""
        return self._say(_UNITS[column.name]) if column.name in _UNITS else ""

    def figure(self, run: ComparedRun, column: Column) -> tuple[str, str]:
        """A run's figure, and its unit where the column has none."""
        if column.name == "active_units":
            active = run.evaluation.active_units
            return self._say("active", active=active, size=run.spec.latent_dim), ""
        text = figure_text(run.figure(column.name), column.digits)
        apart = column.name in _LOSSES and not self._comparison.comparable_loss
        return text, self._loss_unit(run, column) if apart else ""

    def _loss_unit(self, run: ComparedRun, column: Column) -> str:
        if run.spec.likelihood == "mse" and column.name == "negative_elbo":
            return self._say("unit.mse.total")
        return self._say(f"unit.{run.spec.likelihood}")
