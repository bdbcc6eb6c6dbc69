"""Paths: kept points, and the way from one to the next, to walk along and to save as a film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.session.jobs import PathResult
from vae_studio.session.requests import Image, PointsRequest, PointsResult, Result
from vae_studio.session.state import MOST_STEPS, SessionState, Way
from vae_studio.ui import theme
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.paths.points import SIDE, KeptPoints
from vae_studio.ui.panels.paths.strip import PathStrip
from vae_studio.ui.path_walk import FRAME
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.picture_actions import Sheet, add_film_action, add_picture_actions
from vae_studio.ui.widgets.qimages import shrunk, to_qimages
from vae_studio.ui.widgets.texts import muted_text

_WAYS: tuple[Way, ...] = ("straight", "arc", "geodesic")
_LANE = "kept"
_MOST_IN_STRIP = 400  # pictures beside one another


class PathsPanel(Panel):
    """Above, the points; below, the path over them."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._asked: PointsRequest | None = None
        self.points = KeptPoints()
        self.keep = tool_button(
            "mdi6.map-marker-plus-outline",
            self.tr("Keep this point"),
            self.tr("Keep the current point (K)"),
            store.keeper.keep_here,
        )
        self.remove = tool_button(
            "mdi6.map-marker-remove-outline",
            self.tr("Remove the point"),
            self.tr("Keep the chosen point no longer (Delete)"),
            self.points.remove_current,
        )
        buttons = QVBoxLayout()
        buttons.setSpacing(2)
        for button in (self.keep, self.remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        top = QHBoxLayout()
        top.addLayout(buttons)
        top.addWidget(self.points, 1)
        self.strip = PathStrip()
        self.caption = muted_text()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(self._make_controls())
        layout.addWidget(self.strip, 1)
        layout.addWidget(self.caption)
        walk = store.path_walk
        self.points.wanted.connect(store.keeper.go_to)
        self.points.removed.connect(store.keeper.remove)
        self.points.renamed.connect(store.keeper.rename)
        self.points.moved.connect(store.keeper.move)
        self.points.selectionModel().currentChanged.connect(self._enable)
        self.strip.grabbed.connect(walk.stop)
        self.strip.grabbed.connect(store.begin_gesture)
        self.strip.released.connect(store.end_gesture)
        self.strip.wanted.connect(walk.go_to)
        walk.changed.connect(self._show_path)
        walk.supported.connect(self._show_support)
        walk.share_changed.connect(self._show_share)
        walk.playing_changed.connect(self._show_playing)
        walk.went.connect(self._show_at)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_points)
        store.atlas.surveyed.connect(self.refresh)
        store.answered.connect(self._take)
        self._show_points()
        self._show_view(store.state)
        self._show_path()
        self._show_share()

    def _make_controls(self) -> QHBoxLayout:
        walk = self.store.path_walk
        self.play = tool_button(
            "mdi6.play",
            self.tr("Walk along the path"),
            self.tr("Walk along the path, or stop there; the walk is one undo step"),
            walk.play_or_stop,
        )
        self.loop = tool_button(
            "mdi6.repeat",
            self.tr("Round and round"),
            self.tr("Lead the path back to its first point, and walk round and round"),
            checkable=True,
        )
        self.loop.clicked.connect(
            lambda checked: walk.choose(replace(self.store.state.path, closed=bool(checked)))
        )
        self.way = QComboBox()
        self.way.addItems([self.tr("Straight"), self.tr("On an arc"), self.tr("Geodesic")])
        self.way.setAccessibleName(self.tr("Way from point to point"))
        self.way.setToolTip(
            self.tr(
                "Straight: z changes evenly. On an arc: keeps the distance from 0, as codes of "
                "many dimensions have it. Geodesic: the shortest way in the decoder's pictures"
            )
        )
        self.way.activated.connect(
            lambda index: walk.choose(replace(self.store.state.path, way=_WAYS[index]))
        )
        self.steps = QSpinBox()
        self.steps.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.steps.setRange(1, MOST_STEPS)
        self.steps.setSuffix(self.tr(" steps"))
        self.steps.setKeyboardTracking(False)
        self.steps.setAccessibleName(self.tr("Steps from point to point"))
        self.steps.setToolTip(self.tr("Pictures from each point to the next"))
        self.steps.valueChanged.connect(
            lambda count: walk.choose(replace(self.store.state.path, steps=count))
        )
        self.save = push_button(
            "mdi6.content-save-outline",
            self.tr("Save"),
            self.tr("Save the path as a GIF or as a strip of pictures"),
            lambda: None,
        )
        menu = QMenu(self.save)
        strip = add_picture_actions(self.strip, self._sheet)
        film = add_film_action(self.strip, self._frames, FRAME)
        self.save_film_action = menu.addAction(self.tr("As a film (GIF)…"), film.ask)
        self.save_strip_action = menu.addAction(self.tr("As a strip (PNG)…"), strip.ask)
        self.save.setMenu(menu)
        controls = QHBoxLayout()
        for widget in (self.play, self.loop, self.way, self.steps):
            controls.addWidget(widget)
        controls.addLayout(self._make_working(), 1)
        controls.addWidget(self.save)
        return controls

    def _make_working(self) -> QHBoxLayout:
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setFormat("%p %")
        self.progress.setMaximumWidth(96)
        self.progress.setAccessibleName(self.tr("Progress of the geodesic"))
        self.cancel: QToolButton = tool_button(
            "mdi6.close",
            self.tr("Cancel the geodesic"),
            self.tr("Give up the geodesic; the path is straight again"),
            lambda: self.store.path_walk.choose(replace(self.store.state.path, way="straight")),
        )
        working = QHBoxLayout()
        working.addWidget(self.progress)
        working.addWidget(self.cancel)
        working.addStretch(1)
        return working

    def refresh(self) -> None:
        if self.on_screen:
            self.store.path_walk.want()
            self._ask_pictures()
            if self.store.path_walk.found is not None:
                self.store.atlas.want()  # whether the data support it

    # Points --------------------------------------------------------------------------------

    @Slot()
    def _show_points(self, *_: object) -> None:
        points, snapshot = self.store.keeper.points, self.store.snapshot
        self.points.set_class_names(snapshot.class_names if snapshot is not None else ())
        if list(map(id, points)) != list(map(id, self.points.points)):  # equal ones may be others
            self.points.set_points(points)
            if self.store.path_walk.found is not None:
                self.strip.set_names(self._names(self.store.path_walk.found))
        self._enable()
        self._describe()
        self.refresh()

    @Slot()
    def _enable(self, *_: object) -> None:
        chosen = self.points.current is not None
        self.keep.setEnabled(self.store.fits)
        self.remove.setEnabled(chosen)

    def _ask_pictures(self) -> None:
        snapshot, points = self.store.snapshot, self.points.points
        if snapshot is None or not points or points != self.store.keeper.points:
            return
        z = np.array([point.z for point in points], np.float32)
        labels = None
        if snapshot.spec.conditional:
            labels = np.array([point.label for point in points], np.float32)
        self._asked = PointsRequest(snapshot, z, labels)
        self.store.ask(_LANE, self._asked)

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        asked = isinstance(result, PointsResult) and result.request is self._asked
        if asked and len(result.images) == len(self.points.points):
            side = round(SIDE * self.devicePixelRatioF())
            self.points.set_pictures(to_qimages(shrunk(result.images, side)))

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.kept is not old.kept or new.model != old.model:
            self._show_points()
        if new.path != old.path:
            self._show_view(new)
            self.refresh()

    # The path ------------------------------------------------------------------------------

    def _show_view(self, state: SessionState) -> None:
        path = state.path
        with QSignalBlocker(self.steps):
            self.steps.setValue(path.steps)
        self.way.setCurrentIndex(_WAYS.index(path.way))
        self.loop.setChecked(path.closed)

    @Slot()
    def _show_path(self) -> None:
        walk = self.store.path_walk
        found = walk.found
        if found is None:
            self.strip.set_path(None, ())
        else:
            self.strip.set_path(found.images, self._names(found))
            self.strip.set_at(walk.at)
        for widget in (self.play, self.save):
            widget.setEnabled(found is not None)
        self._describe()
        self.refresh()

    def _names(self, found: PathResult) -> list[tuple[int, str]]:
        """Where on the path the points stand."""
        names = [point.name for point in self.points.points]
        if found.request.path.closed:
            names += names[:1]
        return [(place * found.request.path.steps, name) for place, name in enumerate(names)]

    @Slot()
    def _show_support(self) -> None:
        support = self.store.path_walk.support
        self.strip.set_ranks(support.ranks if support is not None else None)
        self._describe()

    @Slot()
    def _show_share(self) -> None:
        share = self.store.path_walk.share
        searching = share is not None and self.store.state.path.way == "geodesic"
        self.progress.setVisible(searching)
        self.cancel.setVisible(searching)
        if share is not None:
            self.progress.setValue(round(100 * share))

    @Slot(bool)
    def _show_playing(self, playing: bool) -> None:
        theme.set_icon(self.play, "mdi6.stop" if playing else "mdi6.play")

    @Slot(int)
    def _show_at(self, index: int) -> None:
        self.strip.set_at(index)
        self._describe()

    def _describe(self) -> None:
        walk, points = self.store.path_walk, self.points.points
        found = walk.found
        if found is None:
            if not points:
                text = self.tr(
                    "Keep two points, with K, and the path from one to the other appears here."
                )
            elif len(points) == 1:
                text = self.tr("Go elsewhere and keep another point: a path leads over two.")
            else:
                text = self.tr("The path is on its way…")
            self.strip.placeholder = text
            self.strip.update()
            self.caption.setText(self._others())
            return
        parts = [snapshot_caption(found.request.snapshot)]
        if walk.at >= 0:
            text = self.tr("step {step} of {steps}")
            parts.append(text.format(step=walk.at, steps=len(found.z) - 1))
            if walk.support is not None:
                text = self.tr("more support than {share:.0f} % of the data")
                parts.append(text.format(share=100 * float(walk.support.ranks[walk.at])))
        elif found.request.path.way == "straight":
            parts.append(self.tr("{length:.1f} long, in the pictures").format(length=found.length))
        else:
            text = self.tr("{length:.1f} long, in the pictures; straight {straight:.1f}")
            parts.append(text.format(length=found.length, straight=found.straight))
        self.caption.setText(" · ".join(parts))

    def _others(self) -> str:
        """What is kept of other models is not lost."""
        others = len(self.store.state.kept.points) - len(self.points.points)
        if not others:
            return ""
        return self.tr("{n} points of other models are kept, too.").format(n=others)

    def _sheet(self) -> Sheet | None:
        """The path as one row of pictures, but for those that no picture has room for."""
        found = self.store.path_walk.found
        if found is None:
            return None
        every = -(-len(found.images) // _MOST_IN_STRIP)
        images = found.images[::every]
        return Sheet(images, len(images))

    def _frames(self) -> Image | None:
        """The path as a film; a closed one ends where it began, and shows that once."""
        found = self.store.path_walk.found
        if found is None:
            return None
        return found.images[:-1] if found.request.path.closed else found.images
