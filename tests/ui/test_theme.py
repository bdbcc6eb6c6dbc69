"""Dark and light: readable, and switched while the app runs."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction, QColor, QImage
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from vae_studio.app import Studio
from vae_studio.ui import theme
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.theme import DARK, LIGHT, Colors


def luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    c = QColor(color)
    red, green, blue = (linear(value) for value in (c.redF(), c.greenF(), c.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ground", ["window", "panel", "base", "hover"])
@pytest.mark.parametrize("ink", ["text", "muted"])
def test_text_is_readable(scheme: Colors, ground: str, ink: str) -> None:
    assert contrast(getattr(scheme, ink), getattr(scheme, ground)) >= 4.5


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=["dark", "light"])
def test_buttons_and_curves_stand_out(scheme: Colors) -> None:
    assert contrast(scheme.on_accent, scheme.accent) >= 4.5
    assert contrast(scheme.text, scheme.done) >= 4.5
    assert contrast(scheme.text, scheme.base) >= 4.5
    for name in ("total", "reconstruction", "kl", "accent", "danger"):
        assert contrast(getattr(scheme, name), scheme.panel) >= 3, name


def choose(studio: Studio, text: str) -> None:
    (action,) = [a for a in studio.window.findChildren(QAction) if a.text() == text]
    action.trigger()


def ink(studio: Studio) -> QColor:
    """The colour of an icon."""
    picture = studio.window.panel(TrainPanel).controls.stop.icon().pixmap(16, 16).toImage()
    picture = picture.convertToFormat(QImage.Format.Format_ARGB32)
    return max((picture.pixelColor(x, y) for x in range(16) for y in range(16)), key=QColor.alpha)


def test_the_theme_changes_while_the_app_runs(studio: Studio, qtbot: QtBot) -> None:
    plot = studio.window.panel(TrainPanel).plots._plots[0]
    for text, scheme in (("&Light", LIGHT), ("&Dark", DARK), ("&Light", LIGHT)):
        choose(studio, text)
        assert theme.colors() is scheme
        assert ink(studio) == QColor(scheme.text)
        assert plot.backgroundBrush().color() == QColor(scheme.panel)
        corner = studio.window.grab().toImage().pixelColor(2, studio.window.height() - 2)
        assert corner == QColor(scheme.window)


def test_another_scheme_leaves_icons_as_large_as_they_are(studio: Studio) -> None:
    buttons = [
        button
        for button in studio.window.findChildren(QAbstractButton)
        if not button.icon().isNull()
    ]
    before = [button.iconSize() for button in buttons]
    assert len({size.width() for size in before}) > 1  # those of the titles are smaller
    for name in ("light", "dark"):
        studio.lifecycle.choose_theme(name)
        assert [button.iconSize() for button in buttons] == before
