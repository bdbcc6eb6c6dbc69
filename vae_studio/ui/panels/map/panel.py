"""The latent space as a map: where the data are, where the current point is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QSignalBlocker, QTimer, Slot
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.maps import PlaneMap
from vae_studio.session.drawing import ImageRef
from vae_studio.session.requests import (
    EncodeResult,
    HoverRequest,
    HoverResult,
    LatticeRequest,
    LatticeResult,
    OnMapRequest,
    OnMapResult,
    Result,
)
from vae_studio.session.state import MapView, SessionState
from vae_studio.ui.budget import pictures_at_once
from vae_studio.ui.captions import unit
from vae_studio.ui.classes import class_name, in_short
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.map.canvas import MapCanvas
from vae_studio.ui.panels.map.dots import Points
from vae_studio.ui.panels.map.hover_card import HoverCard
from vae_studio.ui.panels.map.legend import ClassLegend
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.widgets.qimages import shrunk, to_qimage
from vae_studio.ui.widgets.texts import muted_text

_REST = 80  # ms without a move, after which the lattice follows
_CELL = 34  # px of a picture of the lattice, at least
_MOST_CELLS = 600
_ROUTE_POINTS = 100  # of a path, about, on a map that has to look each of them up


class MapPanel(Panel):
    """Test images as dots, and training images on request; the current point as a crosshair."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.canvas = MapCanvas()
        self.card = HoverCard(self.canvas)
        self._hovered: HoverRequest | None = None
        self._hovered_name = ""
        self._here_asked: OnMapRequest | None = None
        self._route_asked: OnMapRequest | None = None
        self.arrange = QComboBox()
        self.arrange.addItems([self.tr("Components"), self.tr("t-SNE")])
        self.arrange.setAccessibleName(self.tr("How the map is made"))
        self.arrange.setToolTip(
            self.tr(
                "Components: the two directions in which the codes vary most. t-SNE: neighbours "
                "stay together; it takes half a minute, and distances mean little"
            )
        )
        self.arrange.activated.connect(lambda index: store.atlas.arrange(index == 1))
        self.crowd = self._toggle(
            "mdi6.account-group-outline", self.tr("Training images"),
            self.tr("Show the training images, too"), "crowd",
        )  # fmt: skip
        self.lattice = self._toggle(
            "mdi6.view-grid-outline", self.tr("Lattice"),
            self.tr("Show below the dots what the plane decodes to"), "lattice",
        )  # fmt: skip
        self.holes = self._toggle(
            "mdi6.texture", self.tr("Gaps"),
            self.tr("Mark where the prior has mass and the data do not: samples from there fail"),
            "holes",
        )  # fmt: skip
        self.mark = tool_button(
            "mdi6.selection-drag",
            self.tr("Mark images"),
            self.tr(
                "Mark the test images in a box that you drag, to make a direction of them. "
                "The same with Shift; with Alt as well, they are no longer marked"
            ),
            checkable=True,
        )
        self.mark.toggled.connect(lambda checked: setattr(self.canvas, "marks", checked))
        self.fit = tool_button(
            "mdi6.fit-to-screen-outline",
            self.tr("Show all"),
            self.tr("Show all of the map (Home)"),
            self.canvas.fit,
        )
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setFormat(self.tr("t-SNE %p %"))
        self.progress.setAccessibleName(self.tr("Progress of t-SNE"))
        self.cancel = tool_button(
            "mdi6.close", self.tr("Cancel t-SNE"), self.tr("Give up t-SNE"), self._cancel
        )
        top = QHBoxLayout()
        top.addWidget(self.arrange)
        for widget in (self.crowd, self.lattice, self.holes, self.mark, self.fit):
            top.addWidget(widget)
        top.addStretch(1)
        working = QHBoxLayout()
        working.addWidget(self.progress, 1)
        working.addWidget(self.cancel)
        self.legend = ClassLegend()
        self.legend.hidden_wanted.connect(self._hide_classes)
        self.caption = muted_text()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(working)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.caption)
        self._lattice_timer = QTimer(self)
        self._lattice_timer.setSingleShot(True)
        self._lattice_timer.setInterval(_REST)
        self._lattice_timer.timeout.connect(self._ask_lattice)
        self.canvas.chosen.connect(self._choose)
        self.canvas.wanted.connect(self._go)
        self.canvas.grabbed.connect(store.begin_gesture)
        self.canvas.released.connect(store.end_gesture)
        self.canvas.pointed.connect(self._point)
        self.canvas.boxed.connect(self._mark_box)
        self.canvas.view_changed.connect(self._lattice_timer.start)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self.refresh)
        store.encoded.connect(self._show_posterior)
        store.answered.connect(self._take)
        store.path_walk.changed.connect(self._show_route)
        store.atlas.surveyed.connect(self._take_survey)
        store.atlas.mapped.connect(self._take_map)
        store.atlas.looking_changed.connect(self._show_reason)
        store.atlas.arranging_changed.connect(self._show_arranging)
        self._show_map()
        self._show_arranging()

    def _toggle(self, icon: str, name: str, tip: str, field: str) -> QToolButton:
        button = tool_button(icon, name, tip, checkable=True)
        button.clicked.connect(
            lambda checked: self.store.set_view(
                replace(self.store.state.view, **{field: bool(checked)})
            )
        )
        return button

    @property
    def classes(self) -> list[QToolButton]:
        """The buttons of the legend; none where the classes are listed, or there are none."""
        return self.legend.buttons

    def refresh(self) -> None:
        self._name_classes()
        if self.on_screen:
            self.store.atlas.want_map(self.store.state.view.crowd)
            self.store.path_walk.want()
            self._show_here()
            self._lattice_timer.start()

    # What is shown -------------------------------------------------------------------------

    @Slot()
    def _take_survey(self) -> None:
        self.refresh()
        if self.store.atlas.map is None:
            self._show_map()

    @Slot()
    def _take_map(self) -> None:
        self._show_map()
        self.refresh()

    @Slot()
    def _show_map(self) -> None:
        atlas, view = self.store.atlas, self.store.state.view
        shown = atlas.map
        if shown is None or atlas.survey is None:
            self._show_reason()
            self.canvas.set_points(())
            self.canvas.set_here(None)
            self.canvas.set_lattice(None)
        else:
            labels = shown.request.survey.labels[: len(shown.places)]
            groups = [Points(shown.places, labels)]
            if atlas.crowd is not None and isinstance(shown.map, PlaneMap):
                groups.insert(0, Points(atlas.crowd.places, atlas.crowd.labels, crowd=True))
            self.canvas.set_points(tuple(groups), self._names)
        self._name_classes()
        self.canvas.set_hidden(view.hidden)
        self.canvas.set_holes(shown.holes if shown is not None and view.holes else None)
        self._show_controls(view)
        self.canvas.set_marked(self.store.keeper.marked)
        self._show_here()
        self._show_route()
        self._describe()
        self._lattice_timer.start()

    @Slot()
    def _show_reason(self) -> None:
        """What stands in place of a map that is not there."""
        atlas = self.store.atlas
        text = self.tr("The test images appear here, each as a dot where the model puts it.")
        if atlas.problem is not None:
            text = error_sentence(atlas.problem)
        elif atlas.looking is not None:
            text = self.tr("The model looks at the test images: {share:.0f} %")
            text = text.format(share=100 * atlas.looking)
        self.canvas.placeholder = text
        self.canvas.update()

    def _show_controls(self, view: MapView) -> None:
        shown = self.store.atlas.map
        plane = shown is not None and isinstance(shown.map, PlaneMap)
        for button, checked in (
            (self.crowd, view.crowd),
            (self.lattice, view.lattice),
            (self.holes, view.holes),
        ):
            button.setChecked(checked)
            button.setEnabled(plane)
        self.arrange.setEnabled(shown is not None)
        self.mark.setEnabled(shown is not None)
        self.fit.setEnabled(shown is not None)
        two = shown is not None and isinstance(shown.map, PlaneMap) and shown.map.dimensions
        self.arrange.setItemText(0, self.tr("Dimensions") if two else self.tr("Components"))
        self.legend.set_hidden(view.hidden)

    def _name_classes(self) -> None:
        """The legend comes with the map, and stays where the next one has the same classes."""
        if self.store.atlas.map is not None:
            self.legend.set_names(self._names)
        elif self.legend.names != self._names:
            self.legend.set_names(())

    @property
    def _names(self) -> tuple[str, ...]:
        """Of the classes of the images on the map."""
        snapshot = self.store.snapshot
        return snapshot.class_names if snapshot is not None else ()

    @Slot()
    def _show_arranging(self) -> None:
        share = self.store.atlas.arranging
        self.progress.setVisible(share is not None)
        self.cancel.setVisible(share is not None)
        if share is not None:
            self.progress.setValue(round(100 * share))
        with QSignalBlocker(self.arrange):
            self.arrange.setCurrentIndex(int(self.store.atlas.by_neighbours))

    @Slot()
    def _cancel(self) -> None:
        self.store.atlas.arrange(False)

    @Slot(object)
    def _hide_classes(self, hidden: frozenset[int]) -> None:
        self.store.set_view(replace(self.store.state.view, hidden=hidden))

    def _show_here(self) -> None:
        shown, z = self.store.atlas.map, self.store.state.latent.z
        self._here_asked = None
        if shown is None or len(z) != shown.request.survey.mu.shape[1]:
            self.canvas.set_here(None)
            return
        here = np.asarray(z, np.float32)
        if isinstance(shown.map, PlaneMap):
            self.canvas.set_here(shown.map.place(here))
        else:  # among thousands of images, which takes more than a moment in many dimensions
            self._here_asked = OnMapRequest(shown.map, here[np.newaxis])
            self.store.ask("here", self._here_asked)
        self._draw_posterior()

    @Slot()
    def _show_route(self) -> None:
        """Kept points and the path over them, where the map knows their places."""
        shown, points, found = self.store.atlas.map, self.store.keeper.points, None
        self._route_asked = None
        size = shown.request.survey.mu.shape[1] if shown is not None else 0
        if shown is None or any(len(point.z) != size for point in points) or not points:
            self.canvas.set_route(None)
            return
        if len(points) > 1:
            found = self.store.path_walk.found
        z = np.array([point.z for point in points], np.float32)
        if isinstance(shown.map, PlaneMap):
            path = None if found is None else shown.map.place(found.z)
            self._draw_route(shown.map.place(z), path)
            return
        if found is not None:
            every = max(1, len(found.z) // _ROUTE_POINTS)
            z = np.concatenate([z, found.z[::every]])
        self._route_asked = OnMapRequest(shown.map, z)
        self.store.ask("route", self._route_asked)

    def _draw_route(self, places: NDArray[np.float32], path: NDArray[np.float32] | None) -> None:
        names = [point.name for point in self.store.keeper.points]
        self.canvas.set_route(path, list(zip(places, names, strict=False)))

    @Slot(object)
    def _show_posterior(self, result: EncodeResult) -> None:
        self._draw_posterior()

    def _draw_posterior(self) -> None:
        shown, code = self.store.atlas.map, self.store.last_encoded
        if (
            shown is None
            or code is None
            or code.request.snapshot is not self.store.snapshot
            or not isinstance(shown.map, PlaneMap)
            or len(code.mu) != len(shown.map.centre)
        ):
            self.canvas.set_ellipse(None, None)
            return
        middle = shown.map.place(np.asarray(code.mu, np.float32))
        self.canvas.set_ellipse(middle, shown.map.covariance(np.asarray(code.logvar, np.float32)))

    def _describe(self) -> None:
        shown = self.store.atlas.map
        if shown is None:
            self.caption.clear()
        elif not isinstance(shown.map, PlaneMap):
            self.caption.setText(
                self.tr(
                    "t-SNE of {n} test images. Neighbours lie together; far is not far."
                ).format(n=len(shown.places))
            )
        elif shown.map.dimensions is not None:
            across, up = shown.map.dimensions
            self.caption.setText(
                self.tr("z{across} to the right, z{up} up. Click goes there.").format(
                    across=across, up=up
                )
            )
        else:
            across_share, up_share = (100 * share for share in shown.map.shares or (0.0, 0.0))
            text = self.tr(
                "Principal components: {across:.0f} % and {up:.0f} % of the variance. "
                "Click goes there."
            )
            self.caption.setText(text.format(across=across_share, up=up_share))

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.view != old.view:
            if new.view.crowd != old.view.crowd:
                self.refresh()
            self._show_map()
        if new.kept.marked != old.kept.marked or new.model != old.model:
            self.canvas.set_marked(self.store.keeper.marked)
        if new.kept.points != old.kept.points or new.path != old.path:
            self._show_route()
            self.refresh()
        if not self.on_screen:
            return
        if new.latent.z != old.latent.z or new.input != old.input:
            self._show_here()
        if new.latent != old.latent:
            self._lattice_timer.start()

    # The hand ------------------------------------------------------------------------------

    @Slot(int, int)
    def _choose(self, group: int, index: int) -> None:
        """A dot becomes the input, and its code the current point."""
        ref, label, _ = self._dot(group, index)
        self.store.set_image(ref, label)

    def _dot(self, group: int, index: int) -> tuple[ImageRef, int | None, np.ndarray]:
        """Which image that is, its class, if it has one, and its pixels: uint8 [C, H, W]."""
        assert self.store.snapshot is not None
        assert self.store.atlas.survey is not None
        dataset = self.store.snapshot.config.dataset
        crowd = self.store.atlas.crowd
        if self.canvas.groups[group].crowd and crowd is not None:
            part, label, pixels = "train", crowd.labels[index], crowd.images[index]
        else:
            survey = self.store.atlas.survey
            part, label, pixels = "test", survey.labels[index], survey.images[index]
        named = int(label) if self._names else None
        return ImageRef(dataset, part, index), named, pixels

    @Slot(float, float)
    def _go(self, x: float, y: float) -> None:
        shown, z = self.store.atlas.map, self.store.state.latent.z
        if shown is not None and len(z) == shown.request.survey.mu.shape[1]:
            point = np.array([x, y], np.float32)
            self.store.set_z(shown.map.lift(point, np.asarray(z, np.float32)).tolist())

    @Slot(bool)
    def _mark_box(self, marks: bool) -> None:
        """Mark the test images in the box, but for hidden classes; or no longer."""
        box = self.canvas.box
        tests = [group for group in self.canvas.groups if not group.crowd]
        if box is None or not tests:
            return
        inside = ((tests[0].places >= box[0]) & (tests[0].places <= box[1])).all(1)
        inside &= ~np.isin(tests[0].labels, list(self.canvas.hidden))
        self.store.keeper.mark(np.flatnonzero(inside).tolist(), marks)

    @Slot(int, int)
    def _point(self, group: int, index: int) -> None:
        snapshot = self.store.snapshot
        if group < 0 or snapshot is None or self.store.atlas.survey is None:
            self._hovered = None
            self.card.hide()
            return
        ref, label, pixels = self._dot(group, index)
        image = pixels.astype(np.float32) / 255.0
        self._hovered = HoverRequest(snapshot, image, label or 0)
        text = self.tr("{part} image {n}, class {label}")
        if label is None:
            text = self.tr("{part} image {n}")
        part = self.tr("test") if ref.part == "test" else self.tr("training")
        text = text.replace("{part}", part)
        name = in_short(class_name(self._names, label or 0))
        self._hovered_name = text.replace("{n}", str(ref.index)).replace("{label}", name)
        self.store.ask("hover", self._hovered)

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, HoverResult) and result.request is self._hovered:
            self.card.image.set_image(result.request.image)
            self.card.decoded.set_image(result.x_hat)
            self.card.text.setText(
                self._hovered_name
                + "\n"
                + self.tr("{recon:.1f} {unit} + KL {kl:.1f} nats").format(
                    recon=result.terms.reconstruction,
                    unit=unit(result.request.snapshot.spec),
                    kl=result.terms.kl,
                )
            )
            self.card.show_at(self._mouse())
        elif isinstance(result, LatticeResult) and lane == "lattice":
            self._lay_lattice(result)
        elif isinstance(result, OnMapResult):
            if result.request is self._here_asked:
                self.canvas.set_here(result.places[0])
            elif result.request is self._route_asked:
                count = len(self.store.keeper.points)
                path = result.places[count:]
                self._draw_route(result.places[:count], path if len(path) else None)

    def _lay_lattice(self, result: LatticeResult) -> None:
        if result.request.snapshot is self.store.snapshot and self.store.state.view.lattice:
            rows, columns = result.images.shape[:2]
            side = max(self.canvas.width() // columns, self.canvas.height() // rows, 1)
            images = shrunk(result.images, round(side * self.devicePixelRatioF()))
            channels, height, width = images.shape[2:]
            sheet = images.transpose(2, 0, 3, 1, 4)
            picture = to_qimage(sheet.reshape(channels, rows * height, columns * width))
            self.canvas.set_lattice(picture, result.request.area)

    def _mouse(self) -> QPoint:
        return self.canvas.mapFromGlobal(QCursor.pos())

    @Slot()
    def _ask_lattice(self) -> None:
        """What the plane through the current point decodes to, where it is in view."""
        shown, snapshot, view = self.store.atlas.map, self.store.snapshot, self.canvas.view
        wanted = self.store.state.view.lattice and shown is not None
        if not wanted or shown is None or not isinstance(shown.map, PlaneMap):
            self.canvas.set_lattice(None)
            return
        if not self.on_screen or snapshot is None or not self.store.fits:
            return
        z = np.asarray(self.store.state.latent.z, np.float32)
        if len(z) != len(shown.map.centre):
            return
        most = pictures_at_once(snapshot.spec, _MOST_CELLS)
        cell = max(_CELL, (view.width * view.height / most) ** 0.5)
        columns, rows = (max(1, int(side / cell)) for side in (view.width, view.height))
        left, bottom, right, top = view.area
        xs = left + (np.arange(columns) + 0.5) / columns * (right - left)
        ys = top - (np.arange(rows) + 0.5) / rows * (top - bottom)
        grid = np.stack(np.meshgrid(xs, ys), axis=-1).astype(np.float32)
        points = shown.map.lift(grid, z)
        latent = self.store.state.latent
        self.store.ask("lattice", LatticeRequest(snapshot, latent, points, view.area))
