"""superqt's ``QDoubleSlider``, over PySide6's own modules."""

from __future__ import annotations

from vae_studio.ui.qt_names import stand_in_for_qtpy

stand_in_for_qtpy()

from superqt import QDoubleSlider  # noqa: E402 - which looks for qtpy

__all__ = ["QDoubleSlider"]
