"""``PANELS``: every panel is a row. To add one, write its file and add its line."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP

from vae_studio.ui.panels.all_models.panel import AllModelsPanel
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.comparison.panel import ComparisonPanel
from vae_studio.ui.panels.completion.panel import CompletionPanel
from vae_studio.ui.panels.configuration import ConfigurationPanel
from vae_studio.ui.panels.data.panel import DataPanel
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.dimensions import DimensionsPanel
from vae_studio.ui.panels.directions import DirectionsPanel
from vae_studio.ui.panels.doctor import DoctorPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.drawings.panel import DrawingsPanel
from vae_studio.ui.panels.experiments.panel import ExperimentsPanel
from vae_studio.ui.panels.handwriting.panel import HandwritingPanel
from vae_studio.ui.panels.images import ImagesPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.paths.panel import PathsPanel
from vae_studio.ui.panels.runs.panel import RunsPanel
from vae_studio.ui.panels.samples import SamplesPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.panels.traversals import TraversalsPanel
from vae_studio.ui.panels.uncertainty import UncertaintyPanel


@dataclass(frozen=True)
class PanelRow:
    """name: of the dock, for layouts. title: before translation, in context ``Panels``. Where it
    stands, ``ui.workspaces`` says."""

    name: str
    title: str
    panel: type[Panel]


PANELS: tuple[PanelRow, ...] = (
    PanelRow("models", QT_TRANSLATE_NOOP("Panels", "Model"), ModelsPanel),
    PanelRow("sliders", QT_TRANSLATE_NOOP("Panels", "Latent"), SlidersPanel),
    PanelRow("decoded", QT_TRANSLATE_NOOP("Panels", "Decoded"), DecodedPanel),
    PanelRow("map", QT_TRANSLATE_NOOP("Panels", "Map"), MapPanel),
    PanelRow("images", QT_TRANSLATE_NOOP("Panels", "Test images"), ImagesPanel),
    PanelRow("uncertainty", QT_TRANSLATE_NOOP("Panels", "Uncertainty"), UncertaintyPanel),
    PanelRow("traversals", QT_TRANSLATE_NOOP("Panels", "Traversals"), TraversalsPanel),
    PanelRow("paths", QT_TRANSLATE_NOOP("Panels", "Paths"), PathsPanel),
    PanelRow("directions", QT_TRANSLATE_NOOP("Panels", "Directions"), DirectionsPanel),
    PanelRow("samples", QT_TRANSLATE_NOOP("Panels", "Samples"), SamplesPanel),
    PanelRow("labels", QT_TRANSLATE_NOOP("Panels", "Labels"), LabelsPanel),
    PanelRow("train", QT_TRANSLATE_NOOP("Panels", "Train"), TrainPanel),
    PanelRow("draw", QT_TRANSLATE_NOOP("Panels", "Draw"), DrawPanel),
    PanelRow("completion", QT_TRANSLATE_NOOP("Panels", "Complete"), CompletionPanel),
    PanelRow("all_models", QT_TRANSLATE_NOOP("Panels", "All models"), AllModelsPanel),
    PanelRow("handwriting", QT_TRANSLATE_NOOP("Panels", "Handwriting"), HandwritingPanel),
    PanelRow("drawings", QT_TRANSLATE_NOOP("Panels", "Drawings"), DrawingsPanel),
    PanelRow("runs", QT_TRANSLATE_NOOP("Panels", "Runs"), RunsPanel),
    PanelRow("data", QT_TRANSLATE_NOOP("Panels", "Data"), DataPanel),
    PanelRow("configuration", QT_TRANSLATE_NOOP("Panels", "Configuration"), ConfigurationPanel),
    PanelRow("dimensions", QT_TRANSLATE_NOOP("Panels", "Dimensions"), DimensionsPanel),
    PanelRow("experiments", QT_TRANSLATE_NOOP("Panels", "Experiments"), ExperimentsPanel),
    PanelRow("comparison", QT_TRANSLATE_NOOP("Panels", "Comparison"), ComparisonPanel),
    PanelRow("doctor", QT_TRANSLATE_NOOP("Panels", "Doctor"), DoctorPanel),
)
