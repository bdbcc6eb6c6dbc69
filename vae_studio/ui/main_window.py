"""The window: docks built from ``PANELS``, menus, status bar, messages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow

from vae_studio.core.runs import CONFIG
from vae_studio.session.folders import remembered
from vae_studio.session.settings import AppSettings, Theme
from vae_studio.ui.docks import Docks
from vae_studio.ui.drawing_files import DrawingFiles
from vae_studio.ui.menus import Menus, leaves
from vae_studio.ui.notices import Notices
from vae_studio.ui.panels import PANELS
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.place_files import PlaceFiles, is_place_file
from vae_studio.ui.report_words import of_experiment
from vae_studio.ui.status_bar import StatusBar
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.palette import CommandPalette
from vae_studio.ui.widgets.toast import Toast
from vae_studio.ui.workspace_bar import WorkspaceBar

if TYPE_CHECKING:
    from vae_studio.core.runs import RunInfo
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.session.trials import Trial
    from vae_studio.ui.import_window import ImportWindow
    from vae_studio.ui.log_window import LogWindow
    from vae_studio.ui.panels.data.panel import DataPanel
    from vae_studio.ui.panels.dimensions import DimensionsPanel
    from vae_studio.ui.panels.draw.panel import DrawPanel
    from vae_studio.ui.panels.drawings.panel import DrawingsPanel
    from vae_studio.ui.panels.experiments.panel import ExperimentsPanel
    from vae_studio.ui.panels.runs.panel import RunsPanel
    from vae_studio.ui.panels.train.panel import TrainPanel

_SIZE = QSize(1280, 800)
_TITLE_BAR = 32  # px, about; the system draws it above the window

P = TypeVar("P", bound=Panel)


class MainWindow(QMainWindow):
    """Signals: ``closing()``, when the user wants the end; ``theme_chosen(name)``; ``painted()``,
    when it is on the screen for the first time."""

    closing = Signal()
    painted = Signal()
    theme_chosen = Signal(str)

    def __init__(self, store: Store, settings: AppSettings) -> None:
        super().__init__()
        self.store = store
        self.exporter = store.exporter  # which the pictures look for around them
        self.setWindowTitle("VAE Studio")
        self.setAcceptDrops(True)
        self._is_painted = False
        self._conditional: bool | None = None  # of the model shown; on a change its panel comes up
        self._docks = Docks(self, store)
        self.docks = self._docks.by_name
        self.workspaces = WorkspaceBar(self, self._docks)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.workspaces)
        self.status = StatusBar(store)
        self.setStatusBar(self.status)
        store.training.moment_bytes = settings.moments * 1_000_000
        self._log_window: LogWindow | None = None
        self._import_window: ImportWindow | None = None
        self.toast = Toast(self)
        self.notices = Notices(self)
        self.place_files = PlaceFiles(self)
        self.drawing_files = DrawingFiles(self)
        self.menus = Menus(self, settings.theme)
        self.undo_action, self.redo_action = self.menus.undo, self.menus.redo
        self.elsewhere_action = self.menus.elsewhere
        room = self.screen().availableSize() - QSize(0, _TITLE_BAR)
        self.resize(_SIZE.boundedTo(room))
        self._wire_panels(settings)
        _ = self.docks["train"].panel  # which keeps what the training tells of itself
        self._restore(settings)
        store.snapshot_changed.connect(self._bring_forward)
        store.experiments.finished.connect(self._compare_arms)

    def panel(self, kind: type[P]) -> P:
        """The panel of that class, made now if nobody has seen it yet."""
        row = next(row for row in PANELS if row.kind == kind.__name__)
        panel = self.docks[row.name].panel
        assert isinstance(panel, kind)
        return panel

    # What panels ask of the window ---------------------------------------------------------

    def _wire_panels(self, settings: AppSettings) -> None:
        """Each once it is made."""
        self._columns: Callable[[], str] = lambda: settings.columns
        for name, wire in (
            ("train", self._wire_train),
            ("dimensions", self._wire_dimensions),
            ("experiments", self._wire_experiments),
            ("data", self._wire_data),
            ("draw", self._wire_draw),
            ("drawings", self._wire_drawings),
        ):
            self.docks[name].when_made(wire)
        self.docks["runs"].when_made(partial(self._wire_runs, settings.columns))

    def _wire_train(self, panel: TrainPanel) -> None:
        panel.alarm.explain.connect(self.show_doctor)

    def _wire_runs(self, columns: str, panel: RunsPanel) -> None:
        panel.configuration_requested.connect(self._use_configuration)
        panel.compare_requested.connect(self._compare)
        panel.table.restore_columns(columns)
        self._columns = panel.table.columns

    def _wire_dimensions(self, panel: DimensionsPanel) -> None:
        panel.dimension_wanted.connect(self._go_to_slider)

    def _wire_experiments(self, panel: ExperimentsPanel) -> None:
        panel.show_wanted.connect(self._compare_arms)
        panel.show_wanted.connect(self.show_comparison)
        panel.forgotten.connect(self.notices.offer_trial)

    def _wire_data(self, panel: DataPanel) -> None:
        panel.import_wanted.connect(self.import_from)
        panel.trained_on.connect(self.train_on)

    def _wire_draw(self, panel: DrawPanel) -> None:
        panel.toolbar.set_actions(self.menus.of_canvas)
        panel.canvas.set_guide(self.store.completer.wants_guide)
        self.store.completer.guide_changed.connect(panel.canvas.set_guide)

    def _wire_drawings(self, panel: DrawingsPanel) -> None:
        panel.open_wanted.connect(self.drawing_files.open)
        panel.save_wanted.connect(self.drawing_files.save)
        panel.save_kept.connect(self.drawing_files.save_kept)

    # Layout --------------------------------------------------------------------------------

    def reset_layout(self) -> None:
        """Put every panel of the workspace back to its place."""
        self.workspaces.reset()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.workspaces.settle()

    def _restore(self, settings: AppSettings) -> None:
        if settings.geometry:
            geometry = settings.geometry.encode("ascii", "replace")
            self.restoreGeometry(QByteArray.fromBase64(geometry))
        self.workspaces.begin(settings.workspace, settings.layouts)
        self.store.measuring.restore(settings.measured)
        self.store.pen.restore(settings.pen)

    def settings(self, chosen: Theme) -> AppSettings:
        """What to remember of the window."""
        geometry = bytes(self.saveGeometry().data())
        return AppSettings(
            theme=chosen,
            model=remembered(self.store.state.model),
            geometry=base64.b64encode(geometry).decode("ascii"),
            workspace=self.workspaces.current.name,
            layouts=self.workspaces.layouts(),
            columns=self._columns(),
            measured=self.store.measuring.choice(),
            moments=self.store.training.moment_bytes // 1_000_000,
            pen=self.store.pen.text(),
        )

    # Windows above this one ----------------------------------------------------------------

    def show_palette(self) -> CommandPalette:
        """Every action by name."""
        palette = CommandPalette(leaves(self.menuBar()), self)
        palette.show()
        return palette

    @property
    def log_window(self) -> LogWindow:
        """Made when it is first wanted; hidden until it is told to show something."""
        if self._log_window is None:
            from vae_studio.ui.log_window import LogWindow

            self._log_window = LogWindow(self)
            self.closing.connect(self._log_window.close)
        return self._log_window

    @property
    def import_window(self) -> ImportWindow:
        """Made when it is first wanted; hidden until it is told what to look at."""
        if self._import_window is None:
            from vae_studio.ui.import_window import ImportWindow

            self._import_window = ImportWindow(self.store, self)
            self._import_window.train_wanted.connect(self.train_on)
            self.closing.connect(self._import_window.close)
            self.closing.connect(self._import_window.shutdown)
        return self._import_window

    @Slot(object)
    def import_from(self, path: Path) -> None:
        """Look at what could be learned of a folder or a file."""
        self.import_window.open(path)

    # Panels that come forward --------------------------------------------------------------

    @Slot(object)
    def _bring_forward(self, snapshot: Snapshot) -> None:
        """A model with labels shows its picker; one without, what is beside that."""
        if snapshot.spec.conditional == self._conditional:
            return
        self._conditional, labels = snapshot.spec.conditional, self.docks["labels"]
        if self._conditional:
            labels.raise_()
        elif labels.made is not None and labels.made.on_screen:
            beside = self.tabifiedDockWidgets(labels)
            if self.docks["samples"] in beside:
                self.docks["samples"].raise_()
            elif beside:
                beside[0].raise_()

    @Slot()
    def show_doctor(self) -> None:
        """Bring what the doctor found to the front."""
        dock = self.docks["doctor"]
        if not dock.isVisible():
            self.workspaces.show_workspace("train")
            dock.show()
        dock.raise_()

    @Slot()
    def show_data(self) -> None:
        """Bring the data sets to the front."""
        if not self.docks["data"].isVisible():
            self.workspaces.show_workspace("train")
        self.docks["data"].show()
        self.docks["data"].raise_()

    @Slot(str)
    def train_on(self, name: str) -> None:
        """Put a data set into the plan, and show what would be trained."""
        self.store.plan.set_value("dataset", name)
        self.workspaces.show_workspace("train")
        self.docks["configuration"].raise_()

    @Slot(int)
    def _go_to_slider(self, dimension: int) -> None:
        """Bring the slider of a latent dimension to the front, and let the keys move it."""
        if not self.docks["sliders"].isVisible():
            self.workspaces.show_workspace("explore")
        self.docks["sliders"].show()
        self.docks["sliders"].raise_()
        self.panel(SlidersPanel).go_to(dimension)

    @Slot()
    def show_comparison(self) -> None:
        """Bring the runs that stand side by side to the front."""
        self.workspaces.show_workspace("compare")
        self.docks["comparison"].show()
        self.docks["comparison"].raise_()

    @Slot(object)
    def _compare(self, paths: Sequence[Path]) -> None:
        self.store.comparing.show_runs(paths)
        self.show_comparison()

    @Slot(object)
    def _compare_arms(self, trial: Trial) -> None:
        """Put the models of an experiment side by side; nobody who looks elsewhere is disturbed."""
        arms = [arm for arm in self.store.experiments.arms(trial) if arm.has_run]
        asked = trial.experiment
        self.store.comparing.show_runs(
            [arm.folder for arm in arms],
            [of_experiment(arm.label) for arm in arms],
            of_experiment(asked.title),
            of_experiment(asked.question),
        )

    @Slot(object)
    def _use_configuration(self, info: RunInfo) -> None:
        """What a run was trained with goes into the forms, which come forward."""
        self.store.plan.show(info.variant, info.spec, info.config)
        self.workspaces.show_workspace("train")

    # Events of the window ------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.painted.emit)  # with all that is in it

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_path(event) is not None or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A picture becomes the input, a place or a drawing is opened, a folder that is no run, an
        array or IDX files may be learned; all else is tried as a run."""
        path, mime = _dropped_path(event), event.mimeData()
        if self.store.pictures.take_from(mime, self.tr("what was dropped")):
            event.acceptProposedAction()
        elif path is not None:
            if is_place_file(path):
                self.drawing_files.open_path(path, or_place=True)
            elif may_be_learned(path):
                self.import_from(path)
            else:
                self.store.open_model(path)
            event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks nothing: what trains is stopped and saved."""
        self.closing.emit()
        event.accept()


def may_be_learned(path: Path) -> bool:
    """Whether it looks like images to import: a folder that is no run, an array, IDX files."""
    if path.suffix.lower() in (".npy", ".npz") or "-ubyte" in path.name:
        return True
    try:
        return path.is_dir() and not (path / CONFIG).exists()
    except OSError:  # what may not be looked at, opening it says
        return False


def _dropped_path(event: QDropEvent) -> Path | None:
    """The first file or folder of this machine; whether it can be opened, opening it says."""
    for url in event.mimeData().urls():
        if url.isLocalFile() and url.toLocalFile():
            return Path(url.toLocalFile())
    return None
