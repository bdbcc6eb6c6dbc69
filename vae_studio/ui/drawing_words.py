"""Short texts about what is drawn, true for the model on show; in context ``Drawing``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from vae_studio.session.drawing import Sheet, sheet_for

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot

_DIGITS = tuple("0123456789")


def of_digits(snapshot: Snapshot | None) -> bool:
    """Whether what the model learnt are digits, in MNIST's form; so it is while there is none."""
    if not sheet_for(snapshot).digits:
        return False
    return snapshot is None or snapshot.data is None or snapshot.data.class_names == _DIGITS


def data_title(snapshot: Snapshot) -> str:
    """What the images are called that it learnt."""
    return snapshot.data.title if snapshot.data is not None else snapshot.config.dataset


def size_text(sheet: Sheet) -> str:
    """``64 × 64``."""
    return f"{sheet.shape[2]} × {sheet.shape[1]}"


def as_it_stands(snapshot: Snapshot) -> str:
    """What becomes of a drawing that no recipe changes."""
    sheet = sheet_for(snapshot)
    text = QCoreApplication.translate("Drawing", "{title}, {size} in grey: taken as it stands")
    if sheet.colourful:
        text = QCoreApplication.translate(
            "Drawing", "{title}, {size} in colour: taken as it stands"
        )
    return text.replace("{size}", size_text(sheet)).replace("{title}", data_title(snapshot))
