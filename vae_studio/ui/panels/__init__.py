"""``PANELS``: every panel is a row. To add one, write its file and add its line.

A panel's module is loaded when the panel is first wanted: what the first picture does not need must
not keep it waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from PySide6.QtCore import QT_TRANSLATE_NOOP

from vae_studio.ui.panels.base import Panel


@dataclass(frozen=True)
class PanelRow:
    """name: of the dock, for layouts; of ``all_models`` the class is ``AllModelsPanel``. title:
    before translation, in context ``Panels``. module: below this package. Where it stands,
    ``ui.workspaces`` says.
    """

    name: str
    title: str
    module: str

    @property
    def kind(self) -> str:
        """The name of the class."""
        return "".join(word.capitalize() for word in self.name.split("_")) + "Panel"

    @property
    def panel(self) -> type[Panel]:
        """The class, loaded now if it was not."""
        found: type[Panel] = getattr(import_module(f"{__name__}.{self.module}"), self.kind)
        return found


PANELS: tuple[PanelRow, ...] = (
    PanelRow("models", QT_TRANSLATE_NOOP("Panels", "Model"), "models"),
    PanelRow("sliders", QT_TRANSLATE_NOOP("Panels", "Latent"), "sliders.panel"),
    PanelRow("decoded", QT_TRANSLATE_NOOP("Panels", "Decoded"), "decoded"),
    PanelRow("map", QT_TRANSLATE_NOOP("Panels", "Map"), "map.panel"),
    PanelRow("images", QT_TRANSLATE_NOOP("Panels", "Test images"), "images"),
    PanelRow("uncertainty", QT_TRANSLATE_NOOP("Panels", "Uncertainty"), "uncertainty"),
    PanelRow("traversals", QT_TRANSLATE_NOOP("Panels", "Traversals"), "traversals"),
    PanelRow("paths", QT_TRANSLATE_NOOP("Panels", "Paths"), "paths.panel"),
    PanelRow("directions", QT_TRANSLATE_NOOP("Panels", "Directions"), "directions"),
    PanelRow("samples", QT_TRANSLATE_NOOP("Panels", "Samples"), "samples"),
    PanelRow("labels", QT_TRANSLATE_NOOP("Panels", "Labels"), "labels"),
    PanelRow("train", QT_TRANSLATE_NOOP("Panels", "Train"), "train.panel"),
    PanelRow("draw", QT_TRANSLATE_NOOP("Panels", "Draw"), "draw.panel"),
    PanelRow("completion", QT_TRANSLATE_NOOP("Panels", "Complete"), "completion.panel"),
    PanelRow("all_models", QT_TRANSLATE_NOOP("Panels", "All models"), "all_models.panel"),
    PanelRow("handwriting", QT_TRANSLATE_NOOP("Panels", "Handwriting"), "handwriting.panel"),
    PanelRow("drawings", QT_TRANSLATE_NOOP("Panels", "Drawings"), "drawings.panel"),
    PanelRow("runs", QT_TRANSLATE_NOOP("Panels", "Runs"), "runs.panel"),
    PanelRow("data", QT_TRANSLATE_NOOP("Panels", "Data"), "data.panel"),
    PanelRow("configuration", QT_TRANSLATE_NOOP("Panels", "Configuration"), "configuration"),
    PanelRow("dimensions", QT_TRANSLATE_NOOP("Panels", "Dimensions"), "dimensions"),
    PanelRow("experiments", QT_TRANSLATE_NOOP("Panels", "Experiments"), "experiments.panel"),
    PanelRow("comparison", QT_TRANSLATE_NOOP("Panels", "Comparison"), "comparison.panel"),
    PanelRow("doctor", QT_TRANSLATE_NOOP("Panels", "Doctor"), "doctor"),
)
