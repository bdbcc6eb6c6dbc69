"""``PANELS``: every panel is a row. To add one, write its file and add its line."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP

from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.samples import SamplesPanel
from vae_studio.ui.panels.sliders import SlidersPanel
from vae_studio.ui.panels.train.panel import TrainPanel


@dataclass(frozen=True)
class PanelRow:
    """name: of the dock, for saved layouts. title: before translation, in context ``Panels``.
    place: (column, row) in the standard layout: columns 0 to 3; panels of one place in row 0 share
    it as tabs; row 1 stands below row 0, and below columns 1 and 2 it is one row."""

    name: str
    title: str
    panel: type[Panel]
    place: tuple[int, int]


PANELS: tuple[PanelRow, ...] = (
    PanelRow("models", QT_TRANSLATE_NOOP("Panels", "Model"), ModelsPanel, (0, 0)),
    PanelRow("sliders", QT_TRANSLATE_NOOP("Panels", "Latent"), SlidersPanel, (0, 1)),
    PanelRow("decoded", QT_TRANSLATE_NOOP("Panels", "Decoded"), DecodedPanel, (1, 0)),
    PanelRow("samples", QT_TRANSLATE_NOOP("Panels", "Samples"), SamplesPanel, (2, 0)),
    PanelRow("labels", QT_TRANSLATE_NOOP("Panels", "Labels"), LabelsPanel, (2, 0)),
    PanelRow("train", QT_TRANSLATE_NOOP("Panels", "Train"), TrainPanel, (1, 1)),
    PanelRow("draw", QT_TRANSLATE_NOOP("Panels", "Draw"), DrawPanel, (3, 0)),
)
