"""The window: docks built from ``PANELS``, menus and keys, status bar, messages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QByteArray, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMainWindow,
    QMenu,
    QMenuBar,
    QMessageBox,
)

from vae_studio import __version__, logs
from vae_studio.core.resources import bundled_path
from vae_studio.session.settings import MOMENTS, AppSettings, Theme
from vae_studio.ui.docks import Docks
from vae_studio.ui.log_window import LogWindow
from vae_studio.ui.notices import Notices
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.dimensions import DimensionsPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.experiments.panel import ExperimentsPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.runs.panel import RunsPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.report_words import of_experiment
from vae_studio.ui.status_bar import StatusBar
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView
from vae_studio.ui.widgets.palette import CommandPalette
from vae_studio.ui.widgets.toast import Toast
from vae_studio.ui.workspace_bar import WorkspaceBar, title_of
from vae_studio.ui.workspaces import WORKSPACES

if TYPE_CHECKING:
    from vae_studio.core.runs import RunInfo
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.session.trials import Trial

_SIZE = QSize(1280, 800)
_TITLE_BAR = 32  # px, about; the system draws it above the window

P = TypeVar("P", bound=Panel)


class MainWindow(QMainWindow):
    """Signals: ``closing()``, when the user wants the end; ``theme_chosen(name)``."""

    closing = Signal()
    theme_chosen = Signal(str)

    def __init__(self, store: Store, settings: AppSettings) -> None:
        super().__init__()
        self.store = store
        self.setWindowTitle("VAE Studio")
        self.setAcceptDrops(True)
        self._conditional: bool | None = None  # of the model shown; on a change its panel comes up
        self._docks = Docks(self, store)
        self.docks = self._docks.by_name
        self.workspaces = WorkspaceBar(self, self._docks)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.workspaces)
        self.status = StatusBar(store)
        self.setStatusBar(self.status)
        store.training.moment_bytes = settings.moments * 1_000_000
        self._make_actions(settings.theme)
        self._log_window: LogWindow | None = None
        self.toast = Toast(self)
        self.notices = Notices(self)
        room = self.screen().availableSize() - QSize(0, _TITLE_BAR)
        self.resize(_SIZE.boundedTo(room))
        self._restore(settings)
        store.snapshot_changed.connect(self._bring_forward)
        store.history_changed.connect(self._enable_history)
        store.training.changed.connect(self._enable_place)
        self.panel(TrainPanel).alarm.explain.connect(self.show_doctor)
        self.panel(RunsPanel).configuration_requested.connect(self._use_configuration)
        self.panel(RunsPanel).compare_requested.connect(self._compare)
        self.panel(DimensionsPanel).dimension_wanted.connect(self._go_to_slider)
        tried = self.panel(ExperimentsPanel)
        tried.show_wanted.connect(self._compare_arms)
        tried.show_wanted.connect(self.show_comparison)
        tried.forgotten.connect(self.notices.offer_trial)
        store.experiments.finished.connect(self._compare_arms)

    def panel(self, kind: type[P]) -> P:
        """The panel of that class."""
        panel = self._docks.panels[kind]
        assert isinstance(panel, kind)
        return panel

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
        self.panel(RunsPanel).table.restore_columns(settings.columns)

    def settings(self, chosen: Theme) -> AppSettings:
        """What to remember of the window."""
        geometry = bytes(self.saveGeometry().data())
        return AppSettings(
            theme=chosen,
            model=self._model_to_remember(),
            geometry=base64.b64encode(geometry).decode("ascii"),
            workspace=self.workspaces.current.name,
            layouts=self.workspaces.layouts(),
            columns=self.panel(RunsPanel).table.columns(),
            moments=self.store.training.moment_bytes // 1_000_000,
        )

    def _model_to_remember(self) -> str:
        """Of a model that ships the name, so that it is found again when the app has moved."""
        path = Path(self.store.state.model)
        return path.name if path.parent == bundled_path("checkpoints") else self.store.state.model

    # Actions -------------------------------------------------------------------------------

    def _make_actions(self, chosen: Theme) -> None:
        bar, store = self.menuBar(), self.store
        draw = self.panel(DrawPanel)
        standard = QKeySequence.StandardKey
        file = bar.addMenu(self.tr("&File"))
        self._action(file, self.tr("&Open run…"), self.panel(ModelsPanel).choose_run, standard.Open)
        self.elsewhere_action = self._action(
            file, self.tr("&Save the training elsewhere…"), lambda: self.notices.choose_place()
        )
        self.elsewhere_action.setEnabled(False)
        file.addSeparator()
        self._action(file, self.tr("&Quit"), self.close, "Ctrl+Q")  # Qt has none on bare X11
        edit = bar.addMenu(self.tr("&Edit"))
        self.undo_action = self._action(edit, self.tr("&Undo"), store.undo, standard.Undo)
        self.redo_action = self._action(edit, self.tr("&Redo"), store.redo, standard.Redo)
        edit.addSeparator()
        self._action(edit, self.tr("&Clear the canvas"), draw.clear_canvas, "Ctrl+Del")
        self._action(edit, self.tr("&Pen"), draw.use_pen, "B")
        self._action(edit, self.tr("&Eraser"), draw.use_eraser, "E")
        self._action(edit, self.tr("&Thinner pen"), lambda: draw.change_size(-1), "[")
        self._action(edit, self.tr("T&hicker pen"), lambda: draw.change_size(1), "]")
        model = bar.addMenu(self.tr("&Model"))
        self._action(model, self.tr("&Random point"), store.randomise, "R")
        self._action(model, self.tr("&Mean point"), store.go_to_mean, "M")
        labels = model.addMenu(self.tr("&Label"))
        for digit in range(10):
            text = self.tr("Label {digit}").format(digit=digit)
            self._action(labels, text, lambda digit=digit: self._pick_label(digit), str(digit))
        model.addSeparator()
        self._action(model, self.tr("&Train or pause"), self._space, "Space")
        self._action(model, self.tr("&Stop the training"), store.training.stop, "Ctrl+.")
        models = self.panel(ModelsPanel)
        resume = self._action(
            model, self.tr("&Resume the training of this run"), models.resume_current
        )
        models.resumable_changed.connect(resume.setEnabled)
        resume.setEnabled(models.resume_button.isEnabled())
        self._action(model, self.tr("&Follow the training"), lambda: store.follow(True), "Ctrl+F")
        self._make_moments_menu(model.addMenu(self.tr("M&oments of a run")))
        view = bar.addMenu(self.tr("&View"))
        places = view.addMenu(self.tr("&Workspace"))
        for number, workspace in enumerate(WORKSPACES, start=1):
            go = partial(self.workspaces.show_workspace, workspace.name)
            self._action(places, title_of(workspace), go, f"Ctrl+{number}")
        view.addSeparator()
        for dock in self.docks.values():
            view.addAction(dock.toggleViewAction())
            dock.toggleViewAction().triggered.connect(dock.raise_)  # also from behind a tab
        view.addSeparator()
        only = self._action(
            view, self.tr("&Only the run on show in the plots"), store.overlays.clear
        )
        only.setEnabled(False)
        store.overlays.changed.connect(lambda: only.setEnabled(bool(store.overlays.runs)))
        self._make_theme_menu(view.addMenu(self.tr("&Theme")), chosen)
        self._action(view, self.tr("&Reset layout"), self.reset_layout, "Ctrl+Shift+R")
        help_menu = bar.addMenu(self.tr("&Help"))
        self._action(help_menu, self.tr("&Commands…"), self.show_palette, "Ctrl+K")
        self._action(help_menu, self.tr("Show &log"), lambda: self.log_window.show_log())
        self._action(help_menu, self.tr("Copy crash &report"), self._copy_report)
        self._action(help_menu, self.tr("&About VAE Studio"), self._show_about)
        self._enable_history()

    def _action(
        self,
        menu: QMenu,
        text: str,
        function: Callable[[], object],
        key: QKeySequence.StandardKey | str | None = None,
    ) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda: function())
        if isinstance(key, str):
            action.setShortcut(QKeySequence(key))
        elif key is not None:
            action.setShortcuts(key)
        menu.addAction(action)
        return action

    def _make_theme_menu(self, menu: QMenu, chosen: Theme) -> None:
        group = QActionGroup(self)
        names: dict[Theme, str] = {
            "system": self.tr("Like the &system"),
            "dark": self.tr("&Dark"),
            "light": self.tr("&Light"),
        }
        for name, text in names.items():
            action = self._action(menu, text, lambda name=name: self.theme_chosen.emit(name))
            action.setCheckable(True)
            action.setChecked(name == chosen)
            group.addAction(action)

    def _make_moments_menu(self, menu: QMenu) -> None:
        """How much disk the time machine may take of each run that begins from now on."""
        group, training = QActionGroup(self), self.store.training
        for megabytes in MOMENTS:
            text = self.tr("Up to {n} MB").format(n=megabytes) if megabytes else self.tr("None")
            keep = partial(setattr, training, "moment_bytes", megabytes * 1_000_000)
            action = self._action(menu, text, keep)
            action.setCheckable(True)
            action.setChecked(megabytes * 1_000_000 == training.moment_bytes)
            group.addAction(action)

    def _space(self) -> None:
        """Train or pause; but a focused button is pressed, as Space does everywhere."""
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        else:
            self.panel(TrainPanel).start_or_pause()

    def _pick_label(self, digit: int) -> None:
        snapshot = self.store.snapshot
        if snapshot is not None and digit >= snapshot.spec.num_classes:
            text = self.tr("{name} was trained without this label. Open cvae to pick a digit.")
            self.toast.show_message(text.format(name=snapshot.name))
        else:
            self.store.set_label(digit)

    def show_palette(self) -> CommandPalette:
        """Every action by name."""
        palette = CommandPalette(_leaves(self.menuBar()), self)
        palette.show()
        return palette

    @property
    def log_window(self) -> LogWindow:
        """Made when it is first wanted; hidden until it is told to show something."""
        if self._log_window is None:
            self._log_window = LogWindow(self)
            self.closing.connect(self._log_window.close)
        return self._log_window

    def _copy_report(self) -> None:
        QGuiApplication.clipboard().setText(logs.report())
        text = self.tr("The crash report is on the clipboard. Nothing was sent anywhere.")
        self.toast.show_message(text)

    def _show_about(self) -> None:
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("About VAE Studio"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        text = self.tr(
            "VAE Studio {version}\nUnderstand variational autoencoders by touching them.\n\n"
            "MNIST: Y. LeCun, C. Cortes, C. J. C. Burges; CC BY-SA 3.0."
        )
        box.setText(text.format(version=__version__))
        box.open()

    # Panels that come forward --------------------------------------------------------------

    @Slot(object)
    def _bring_forward(self, snapshot: Snapshot) -> None:
        """A model with labels shows its picker; one without, what is beside that."""
        if snapshot.spec.conditional == self._conditional:
            return
        self._conditional, labels = snapshot.spec.conditional, self.docks["labels"]
        if self._conditional:
            labels.raise_()
        elif self.panel(LabelsPanel).on_screen:
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

    @Slot(object)
    def _enable_place(self, view: TrainingView) -> None:
        self.elsewhere_action.setEnabled(view.can_save)

    @Slot()
    def _enable_history(self) -> None:
        self.undo_action.setEnabled(self.store.can_undo)
        self.redo_action.setEnabled(self.store.can_redo)

    # Events of the window ------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped_path(event)
        if path is not None:
            self.store.open_model(path)
            event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks nothing: what trains is stopped and saved."""
        self.closing.emit()
        event.accept()


def _leaves(menu: QMenuBar | QMenu) -> list[tuple[str, QAction]]:
    """Every action below ``menu``, named with its submenu: ``Theme: Dark``."""
    found: list[tuple[str, QAction]] = []
    for action in menu.actions():
        name = action.text().replace("&", "")
        below = action.menu()
        if isinstance(below, QMenu):
            found += [(f"{name}: {inner}", leaf) for inner, leaf in _leaves(below)]
        elif name:
            found.append((name, action))
    return found


def _dropped_path(event: QDropEvent) -> Path | None:
    """The first file or folder of this machine; whether it can be opened, opening it says."""
    for url in event.mimeData().urls():
        if url.isLocalFile() and url.toLocalFile():
            return Path(url.toLocalFile())
    return None
