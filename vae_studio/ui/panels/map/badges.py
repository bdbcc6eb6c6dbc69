"""The names of the classes, each in the middle of its points: no meaning hangs on colour alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap

from vae_studio.ui import theme
from vae_studio.ui.classes import MOST_BUTTONS, are_short, class_name, elision
from vae_studio.ui.panels.map.raster import View

_HIGH: Final = 18  # px
_LONGEST: Final = 96  # px of a name
_FEW: Final = 12  # badges, of the largest of many classes: more would cover the dots


@dataclass(frozen=True, eq=False)
class Middle:
    """The mean of a class on the map: place [2]."""

    label: int
    place: NDArray[np.float32]


@dataclass(frozen=True)
class Badge:
    """A name that is drawn. frame: px."""

    label: int
    text: str
    frame: QRectF


def middles(places: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> list[Middle]:
    """Of each class that has points [N, 2], the one with the most of them first."""
    counts = np.bincount(labels, minlength=classes)[:classes]
    sums = np.stack([np.bincount(labels, axis, minlength=classes)[:classes] for axis in places.T])
    means = (sums / np.maximum(counts, 1)).T.astype(np.float32)
    largest = np.argsort(-counts, kind="stable").tolist()
    return [Middle(label, means[label]) for label in largest if counts[label]]


def placed(
    found: Sequence[Middle],
    names: Sequence[str],
    hidden: Collection[int],
    view: View,
    metrics: QFontMetrics,
) -> list[Badge]:
    """Digits in circles, also where they cover each other; words in frames that do not."""
    digits, badges = are_short(names), list[Badge]()
    most = _FEW if len(names) > MOST_BUTTONS else len(names)
    for middle in found:
        if len(badges) == most:
            break
        if middle.label in hidden:
            continue
        text = class_name(names, middle.label)
        if not digits:
            text = metrics.elidedText(text, elision(len(names)), _LONGEST)
        width = _HIGH if digits else max(_HIGH, metrics.horizontalAdvance(text) + 10)
        x, y = view.to_pixels(middle.place).tolist()
        frame = QRectF(x - width / 2, y - _HIGH / 2, width, _HIGH)
        if digits or not any(badge.frame.intersects(frame) for badge in badges):
            badges.append(Badge(middle.label, text, frame))
    return badges


def paint(painter: QPainter, badges: Sequence[Badge]) -> None:
    """In the colours of the classes, the font of the painter."""
    c = theme.colors()
    shade = QColor(c.base)
    shade.setAlpha(210)
    for badge in badges:
        painter.setPen(QPen(QColor(c.classes[badge.label % len(c.classes)]), 1.5))
        painter.setBrush(shade)
        painter.drawRoundedRect(badge.frame, _HIGH / 2, _HIGH / 2)
        painter.setPen(QColor(c.text))
        painter.drawText(badge.frame, Qt.AlignmentFlag.AlignCenter, badge.text)


def swatch(label: int, side: int, ratio: float = 1.0) -> QPixmap:
    """The dot of a class, large."""
    c = theme.colors()
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    color, marker = QColor(c.classes[label % len(c.classes)]), theme.class_marker(label)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    whole = QRectF(0, 0, side, side)
    if marker == "square":
        painter.fillRect(whole.adjusted(0.5, 0.5, -0.5, -0.5), color)
    elif marker == "ring":
        painter.setPen(QPen(color, 2.5))
        painter.drawEllipse(whole.adjusted(1.5, 1.5, -1.5, -1.5))
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(whole)
    painter.end()
    return picture
