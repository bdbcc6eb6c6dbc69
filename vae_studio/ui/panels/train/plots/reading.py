"""One line that says what stands at a place of the plots."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

Value = tuple[str, float]


def reading_text(epoch: float, step: int, values: Sequence[Value]) -> str:
    """``epoch 3.4, step 1,595 · training 104.2``. step: 0 for none. "" before the beginning, and
    where no curve has a value."""
    if epoch < 0 or not values:
        return ""
    if step:
        place = QCoreApplication.translate("LossPlots", "epoch {epoch}, step {step}")
    else:
        place = QCoreApplication.translate("LossPlots", "epoch {epoch}")
    place = place.format(epoch=f"{epoch:.1f}", step=f"{step:,}")
    return " · ".join([place, *(f"{name} {figure(value)}" for name, value in values)])


def figure(value: float) -> str:
    """With as many digits as one can read while the hand moves."""
    size = abs(value)
    if size >= 1e6 or 0 < size < 0.01:
        return f"{value:.2e}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
