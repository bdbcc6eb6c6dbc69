"""``Menus``: what the window's menus hold, and the keys of their actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QMenuBar, QMessageBox

from vae_studio import __version__, logs
from vae_studio.session.settings import MOMENTS, Theme
from vae_studio.ui.latent_export import LatentExport
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.training import TrainingView
from vae_studio.ui.workspace_bar import title_of
from vae_studio.ui.workspaces import WORKSPACES

if TYPE_CHECKING:
    from vae_studio.ui.main_window import MainWindow
    from vae_studio.ui.panels.data.panel import DataPanel
    from vae_studio.ui.panels.draw.panel import DrawPanel


class Menus(QObject):
    """undo, redo: can be chosen while there is something to undo or redo. elsewhere: while a
    training can be saved in another folder. of_canvas: what the canvas offers of them, None for a
    line between."""

    def __init__(self, window: MainWindow, theme: Theme) -> None:
        """theme: the one that is chosen now."""
        super().__init__(window)
        self._window, self._store = window, window.store
        bar = window.menuBar()
        self._fill_file(bar.addMenu(self.tr("&File")))
        self._fill_edit(bar.addMenu(self.tr("&Edit")))
        self._fill_model(bar.addMenu(self.tr("&Model")))
        self._fill_data(bar.addMenu(self.tr("&Data")))
        self._fill_view(bar.addMenu(self.tr("&View")), theme)
        self._fill_help(bar.addMenu(self.tr("&Help")))
        self._store.history_changed.connect(self._enable_history)
        self._store.training.changed.connect(self._enable_elsewhere)
        self._enable_history()

    def _action(
        self,
        menu: QMenu,
        text: str,
        function: Callable[[], object],
        key: QKeySequence.StandardKey | str | None = None,
    ) -> QAction:
        action = QAction(text, self._window)
        action.triggered.connect(lambda: function())
        if isinstance(key, str):
            action.setShortcut(QKeySequence(key))
        elif key is not None:
            action.setShortcuts(key)
        menu.addAction(action)
        return action

    def _fill_file(self, menu: QMenu) -> None:
        window, standard = self._window, QKeySequence.StandardKey
        open_run = window.panel(ModelsPanel).choose_run
        self._action(menu, self.tr("&Open run…"), open_run, standard.Open)
        menu.addSeparator()
        self._action(menu, self.tr("Open &place…"), window.place_files.open)
        self._action(menu, self.tr("Save p&lace…"), window.place_files.save)
        menu.addSeparator()
        drawings = window.drawing_files
        self.open_drawing = self._action(
            menu, self.tr("Open &drawing or picture…"), drawings.open, "Ctrl+Shift+O"
        )
        self.save_drawing = self._action(menu, self.tr("Save d&rawing…"), drawings.save)
        menu.addSeparator()
        self.elsewhere = self._action(
            menu, self.tr("&Save the training elsewhere…"), window.notices.choose_place
        )
        self.elsewhere.setEnabled(False)
        menu.addSeparator()
        self._action(menu, self.tr("&Quit"), window.close, "Ctrl+Q")  # Qt has none on bare X11

    def _fill_edit(self, menu: QMenu) -> None:
        store, standard = self._store, QKeySequence.StandardKey
        draw, places = self._draw, self._window.place_files
        self.undo = self._action(menu, self.tr("&Undo"), store.undo, standard.Undo)
        self.redo = self._action(menu, self.tr("&Redo"), store.redo, standard.Redo)
        menu.addSeparator()
        self._action(menu, self.tr("C&opy place as text"), places.copy, "Ctrl+Shift+C")
        self._action(menu, self.tr("Paste pl&ace"), places.paste, "Ctrl+Shift+V")
        menu.addSeparator()
        drawings = self._window.drawing_files
        paste = self._action(
            menu, self.tr("Paste p&icture or drawing"), drawings.paste, standard.Paste
        )
        copy = self._action(menu, self.tr("Copy &drawing as text"), drawings.copy)
        keep = self._action(menu, self.tr("&Keep the drawing"), store.keeper.keep_drawing, "Ctrl+D")
        some = self._action(menu, self.tr("&Take a test image"), store.take_some_image, "T")
        self.of_canvas = [self.open_drawing, paste, some, None, keep, copy, self.save_drawing]
        menu.addSeparator()
        self._action(menu, self.tr("&Clear the canvas"), lambda: draw().clear_canvas(), "Ctrl+Del")
        self._action(menu, self.tr("&Pen"), lambda: draw().use_pen(), "B")
        self._action(menu, self.tr("&Eraser"), lambda: draw().use_eraser(), "E")
        self._action(menu, self.tr("&Stroke eraser"), lambda: draw().use_stroke_eraser(), "Shift+E")
        self._action(menu, self.tr("&Move the drawing"), lambda: draw().use_mover(), "V")
        self._action(menu, self.tr("&Thinner pen"), lambda: draw().change_size(-1), "[")
        self._action(menu, self.tr("T&hicker pen"), lambda: draw().change_size(1), "]")

    def _fill_model(self, menu: QMenu) -> None:
        store, models = self._store, self._window.panel(ModelsPanel)
        self._action(menu, self.tr("&Random point"), store.randomise, "R")
        self._action(menu, self.tr("&Mean point"), store.go_to_mean, "M")
        self._action(menu, self.tr("&Keep this point"), store.keeper.keep_here, "K")
        self._action(menu, self.tr("&Walk along the path"), store.path_walk.play_or_stop, "W")
        labels = menu.addMenu(self.tr("&Label"))
        for digit in range(10):
            text = self.tr("Label {digit}").format(digit=digit)
            self._action(labels, text, partial(self._pick_label, digit), str(digit))
        menu.addSeparator()
        export = LatentExport(self._window)
        self._action(menu, self.tr("&Copy z"), export.copy)
        self._action(menu, self.tr("Sa&ve z…"), export.ask)
        menu.addSeparator()
        self._action(menu, self.tr("&Train or pause"), self._space, "Space")
        self._action(menu, self.tr("&Stop the training"), store.training.stop, "Ctrl+.")
        resume = self._action(
            menu, self.tr("&Resume the training of this run"), models.resume_current
        )
        models.resumable_changed.connect(resume.setEnabled)
        resume.setEnabled(models.resume_button.isEnabled())
        self._action(menu, self.tr("&Follow the training"), lambda: store.follow(True), "Ctrl+F")
        self._fill_moments(menu.addMenu(self.tr("M&oments of a run")))

    def _fill_data(self, menu: QMenu) -> None:
        data = self._data
        self._action(menu, self.tr("&Data sets…"), self._window.show_data, "Ctrl+Shift+D")
        menu.addSeparator()
        folder = self.tr("&Import a folder of pictures…")
        self._action(menu, folder, lambda: data().choose_import())
        array = self.tr("Import an &array or IDX files…")
        self._action(menu, array, lambda: data().choose_import_file())

    def _fill_moments(self, menu: QMenu) -> None:
        """How much disk the time machine may take of each run that begins from now on."""
        group, training = QActionGroup(self._window), self._store.training
        for megabytes in MOMENTS:
            text = self.tr("Up to {n} MB").format(n=megabytes) if megabytes else self.tr("None")
            keep = partial(setattr, training, "moment_bytes", megabytes * 1_000_000)
            action = self._action(menu, text, keep)
            action.setCheckable(True)
            action.setChecked(megabytes * 1_000_000 == training.moment_bytes)
            group.addAction(action)

    def _fill_view(self, menu: QMenu, theme: Theme) -> None:
        window, overlays = self._window, self._store.overlays
        places = menu.addMenu(self.tr("&Workspace"))
        for number, workspace in enumerate(WORKSPACES, start=1):
            go = partial(window.workspaces.show_workspace, workspace.name)
            self._action(places, title_of(workspace), go, f"Ctrl+{number}")
        menu.addSeparator()
        for dock in window.docks.values():
            menu.addAction(dock.toggleViewAction())
            dock.toggleViewAction().triggered.connect(dock.raise_)  # also from behind a tab
        menu.addSeparator()
        only = self._action(menu, self.tr("&Only the run on show in the plots"), overlays.clear)
        only.setEnabled(False)
        overlays.changed.connect(lambda: only.setEnabled(bool(overlays.runs)))
        self._fill_theme(menu.addMenu(self.tr("&Theme")), theme)
        self._action(menu, self.tr("&Reset layout"), window.reset_layout, "Ctrl+Shift+R")

    def _fill_theme(self, menu: QMenu, chosen: Theme) -> None:
        group = QActionGroup(self._window)
        names: dict[Theme, str] = {
            "system": self.tr("Like the &system"),
            "dark": self.tr("&Dark"),
            "light": self.tr("&Light"),
        }
        for name, text in names.items():
            action = self._action(menu, text, partial(self._window.theme_chosen.emit, name))
            action.setCheckable(True)
            action.setChecked(name == chosen)
            group.addAction(action)

    def _fill_help(self, menu: QMenu) -> None:
        window = self._window
        self._action(menu, self.tr("&Commands…"), window.show_palette, "Ctrl+K")
        self._action(menu, self.tr("Show &log"), lambda: window.log_window.show_log())
        self._action(menu, self.tr("Copy crash &report"), self._copy_report)
        self._action(menu, self.tr("&About VAE Studio"), self._show_about)

    # What they do --------------------------------------------------------------------------

    def _draw(self) -> DrawPanel:
        from vae_studio.ui.panels.draw.panel import DrawPanel  # now that it is wanted

        return self._window.panel(DrawPanel)

    def _data(self) -> DataPanel:
        from vae_studio.ui.panels.data.panel import DataPanel  # now that it is wanted

        return self._window.panel(DataPanel)

    def _space(self) -> None:
        """Train or pause; but a focused button is pressed, as Space does everywhere."""
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        else:
            self._store.launcher.start_or_pause()

    def _pick_label(self, digit: int) -> None:
        """The first ten classes have keys."""
        snapshot = self._store.snapshot
        if snapshot is not None and digit >= snapshot.spec.num_classes:
            text = self.tr("{name} was trained without this label. Open a model that has it.")
            self._window.toast.show_message(text.format(name=snapshot.name))
        else:
            self._store.set_label(digit)

    def _copy_report(self) -> None:
        QGuiApplication.clipboard().setText(logs.report())
        text = self.tr("The crash report is on the clipboard. Nothing was sent anywhere.")
        self._window.toast.show_message(text)

    def _show_about(self) -> None:
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("About VAE Studio"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        text = self.tr(
            "VAE Studio {version}\nUnderstand variational autoencoders by touching them.\n\n"
            "MNIST: Y. LeCun, C. Cortes, C. J. C. Burges; CC BY-SA 3.0."
        )
        box.setText(text.format(version=__version__))
        box.open()

    @Slot(object)
    def _enable_elsewhere(self, view: TrainingView) -> None:
        self.elsewhere.setEnabled(view.can_save)

    @Slot()
    def _enable_history(self) -> None:
        self.undo.setEnabled(self._store.can_undo)
        self.redo.setEnabled(self._store.can_redo)


def leaves(menu: QMenuBar | QMenu) -> list[tuple[str, QAction]]:
    """Every action below ``menu``, named with its submenu: ``Theme: Dark``."""
    found: list[tuple[str, QAction]] = []
    for action in menu.actions():
        name = action.text().replace("&", "")
        below = action.menu()
        if isinstance(below, QMenu):
            found += [(f"{name}: {inner}", leaf) for inner, leaf in leaves(below)]
        elif name:
            found.append((name, action))
    return found
