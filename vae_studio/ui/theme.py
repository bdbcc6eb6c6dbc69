"""Colours, palette, style sheet and icons, in dark and in light. The only place with colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QStyleFactory, QWidget

from vae_studio.core.resources import bundled_path
from vae_studio.session.settings import Theme
from vae_studio.ui.qt_names import stand_in_for_qtpy

INK, PAPER, HINT = "#ffffff", "#000000", "#7d8794"  # of the canvas: as in MNIST, in every scheme
GRID = 8  # px; spacing and margins are multiples or halves of it
_ICON_PROPERTY = "vae_icon"
_ICON_FONT = "mdi6"  # Material Design Icons
Marker = Literal["disc", "square", "ring"]
MARKERS: Final[tuple[Marker, ...]] = ("disc", "square", "ring")


@dataclass(frozen=True)
class Colors:
    """One scheme. Plot colours are Okabe and Ito's, which colour-blind eyes tell apart."""

    window: str
    panel: str
    base: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    hover: str
    danger: str
    done: str  # of a progress bar; the text over it is ``text``
    total: str
    reconstruction: str
    kl: str
    runs: tuple[str, ...]  # of runs that are compared, in turn
    # Of the labels on a map: Okabe and Ito's and two more; ten paler, ten deeper ones. A ten has a
    # marker of its own, as paler and deeper ones are not told apart in a small dot.
    classes: tuple[str, ...]
    dots: str  # of images without labels


DARK = Colors(
    window="#14161a",
    panel="#1b1e24",
    base="#101216",
    line="#2c313a",
    text="#e4e7ec",
    muted="#9aa4b2",
    faint="#5f6875",
    accent="#4f9cf9",
    on_accent="#08101c",
    hover="#262b34",
    danger="#ff7b72",
    done="#234f80",
    total="#e4e7ec",
    reconstruction="#56b4e9",
    kl="#e69f00",
    runs=("#1fbf92", "#cc79a7", "#e8743b", "#f0e442", "#8f86e8"),
    classes=(
        *("#e8ebf0", "#e69f00", "#56b4e9", "#1fbf92", "#f0e442"),
        *("#3d7bff", "#e8602c", "#e086b8", "#8d949e", "#9d5cf0"),
        *("#bb8657", "#f0c76b", "#9dd4f2", "#7ddac0", "#f6ef91"),
        *("#8eb2ff", "#f2a385", "#edb9d6", "#8fae3f", "#c6a0f6"),
        *("#80542f", "#a16f00", "#3c7ea3", "#168666", "#a8a02e"),
        *("#2b56b2", "#a2431f", "#9d5e81", "#5f7528", "#6e40a8"),
    ),
    dots="#1fbf92",
)
# What pens draw in, the same in every scheme: eight that colour-blind eyes tell apart, and grey.
PENS: Final = tuple(DARK.classes[index] for index in (1, 2, 3, 4, 5, 6, 7, 9))
GREY: Final = "#808080"
LIGHT = Colors(
    window="#eceef2",
    panel="#fafbfc",
    base="#ffffff",
    line="#d3d8e0",
    text="#1c2128",
    muted="#57606a",
    faint="#8c95a0",
    accent="#0b62c4",
    on_accent="#ffffff",
    hover="#e4e9f0",
    danger="#b3261e",
    done="#a9cdf5",
    total="#1c2128",
    reconstruction="#0072b2",
    kl="#b86e00",
    runs=("#007f5f", "#a8457d", "#c24a00", "#857a00", "#5a50b8"),
    classes=(
        *("#20242b", "#e69f00", "#4aa8dd", "#009e73", "#c9b800"),
        *("#0050c8", "#d55e00", "#cc79a7", "#8c95a0", "#7a2fd0"),
        *("#70411a", "#986900", "#316f92", "#00684c", "#6f8200"),
        *("#003584", "#8d3e00", "#87506e", "#54681a", "#511f89"),
        *("#bf9468", "#f2b04a", "#80c2e7", "#4cbb9d", "#d6d95c"),
        *("#4c84d8", "#e28e4c", "#dba1c1", "#a4bc58", "#a26dde"),
    ),
    dots="#009e73",
)


def colors() -> Colors:
    """The scheme that the app is shown in."""
    window = QApplication.palette().color(QPalette.ColorRole.Window)
    return LIGHT if window.lightness() > 127 else DARK


def class_marker(label: int) -> Marker:
    """What the dots of a class look like."""
    return MARKERS[label // 10 % len(MARKERS)]


def apply(app: QApplication, theme: Theme) -> None:
    """Show the whole app in a scheme. ``system`` follows it; where it says nothing, dark."""
    scheme = app.styleHints().colorScheme()
    light = theme == "light" or (theme == "system" and scheme == Qt.ColorScheme.Light)
    chosen = LIGHT if light else DARK
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(_palette(chosen))
    app.setStyleSheet(_style_sheet(chosen))
    for window in app.topLevelWidgets():
        restyle_icons(window)


def _palette(c: Colors) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, color in {
        role.Window: c.window,
        role.WindowText: c.text,
        role.Base: c.base,
        role.AlternateBase: c.panel,
        role.Text: c.text,
        role.Button: c.panel,
        role.ButtonText: c.text,
        role.BrightText: c.danger,
        role.Highlight: c.accent,
        role.HighlightedText: c.on_accent,
        role.ToolTipBase: c.panel,
        role.ToolTipText: c.text,
        role.PlaceholderText: c.faint,
        role.Link: c.accent,
        role.Light: c.hover,
        role.Midlight: c.hover,
        role.Mid: c.line,
        role.Dark: c.line,
        role.Shadow: c.base,
    }.items():
        palette.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(c.faint))
    return palette


def _style_sheet(c: Colors) -> str:
    return f"""
    QMainWindow, QDialog {{ background: {c.window}; }}
    QMainWindow::separator {{ background: {c.window}; width: 6px; height: 6px; }}
    QMainWindow::separator:hover {{ background: {c.accent}; }}
    QToolTip {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.line}; padding: 4px; }}
    QDockWidget {{ color: {c.muted}; }}
    #panel {{ background: {c.panel}; border: 1px solid {c.line}; border-top: none;
              border-bottom-left-radius: 6px; border-bottom-right-radius: 6px; }}
    #dockTitle {{ background: {c.panel}; border: 1px solid {c.line}; border-bottom: none;
                  border-top-left-radius: 6px; border-top-right-radius: 6px; }}
    #dockTitle QLabel {{ color: {c.muted}; font-weight: 600; letter-spacing: 1px; }}
    QLabel[role="muted"] {{ color: {c.muted}; }}
    QLabel[role="empty"] {{ color: {c.muted}; padding: 16px; }}
    QLabel[role="number"] {{ font-weight: 600; }}
    QLabel[role="heading"] {{ font-weight: 600; font-size: 15px; }}
    QPushButton, QToolButton {{ background: {c.hover}; color: {c.text}; border: 1px solid {c.line};
        border-radius: 5px; padding: 4px 10px; min-height: 18px; }}
    QToolButton {{ padding: 4px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {c.accent}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {c.line}; }}
    QPushButton:focus, QToolButton:focus {{ border-color: {c.accent}; }}
    QPushButton:checked, QToolButton:checked {{ background: {c.accent}; color: {c.on_accent};
        border-color: {c.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {c.faint}; background: {c.panel}; }}
    QPushButton[role="primary"] {{ background: {c.accent}; color: {c.on_accent};
        border-color: {c.accent}; font-weight: 600; }}
    QPushButton[role="primary"]:disabled {{ background: {c.hover}; color: {c.faint};
        border-color: {c.line}; }}
    QToolButton[role="flat"] {{ background: transparent; border: none; padding: 2px; }}
    QToolButton[role="flat"]:hover, QToolButton[role="flat"]:checked {{ background: {c.hover}; }}
    QToolButton[role="flat"]:focus {{ border: 1px solid {c.accent}; }}
    QToolButton[role="legend"] {{ background: transparent; border: 1px solid transparent;
        padding: 0 4px; color: {c.faint}; }}
    QToolButton[role="legend"][narrow="true"] {{ padding: 0; }}
    QToolButton[role="legend"]:checked {{ color: {c.muted}; }}
    QToolButton[role="legend"]:hover {{ color: {c.text}; }}
    QToolButton[role="legend"]:focus {{ border-color: {c.accent}; }}
    QToolButton[role="run"] {{ background: transparent; border: 1px solid transparent;
        padding: 0 2px; }}
    QToolButton[role="run"]:hover, QToolButton[role="run"]:focus {{ border-color: {c.accent}; }}
    QToolButton[role="alarm"] {{ background: transparent; border: 1px solid transparent;
        color: {c.danger}; font-weight: 600; padding: 2px 4px; }}
    QToolButton[role="alarm"]:hover, QToolButton[role="alarm"]:focus {{ border-color: {c.danger}; }}
    #lossCurves {{ border: 1px solid transparent; border-radius: 4px; }}
    #lossCurves:focus {{ border-color: {c.accent}; }}
    QSpinBox, QDoubleSpinBox, QComboBox, QLineEdit {{ background: {c.base}; color: {c.text};
        border: 1px solid {c.line}; border-radius: 4px; padding: 2px 4px; min-height: 18px;
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QPlainTextEdit {{ background: {c.base}; color: {c.text}; border: 1px solid {c.line};
        border-radius: 4px; padding: 4px; selection-background-color: {c.accent};
        selection-color: {c.on_accent}; }}
    QAbstractScrollArea::corner {{ background: transparent; border: none; }}
    QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QLineEdit:focus, QPlainTextEdit:focus
        {{ border-color: {c.accent}; }}
    QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled, QLineEdit:disabled
        {{ color: {c.faint}; }}
    QLineEdit[invalid="true"], QLineEdit[invalid="true"]:focus, QComboBox[invalid="true"]
        {{ border: 1px solid {c.danger}; }}
    QPlainTextEdit:disabled {{ background: {c.panel}; color: {c.muted};
        placeholder-text-color: {c.muted}; }}
    QLabel[role="problem"] {{ color: {c.danger}; }}
    #finding {{ background: {c.base}; border: 1px solid {c.line}; border-left: 3px solid {c.accent};
        border-radius: 4px; }}
    #finding[severity="serious"] {{ border-left-color: {c.danger}; }}
    #card {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 4px; }}
    QLabel[role="finding"] {{ font-weight: 600; }}
    QCheckBox::indicator {{ width: 16px; height: 16px; background: {c.base};
        border: 1px solid {c.faint}; border-radius: 4px; }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: url("{_drawn("check", c is LIGHT)}"); }}
    QComboBox::drop-down {{ border: none; width: 18px; }}
    QComboBox::down-arrow {{ width: 10px; height: 10px;
        image: url("{_drawn("arrow", c is DARK)}"); }}
    QComboBox QAbstractItemView {{ background: {c.panel}; border: 1px solid {c.line}; }}
    QListWidget, QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent;
        border: none; }}
    QListWidget::item {{ border-radius: 5px; padding: 4px 8px; }}
    QListWidget::item:selected {{ background: {c.accent}; color: {c.on_accent}; }}
    QTableView {{ background: {c.base}; color: {c.text}; border: 1px solid {c.line};
        border-radius: 4px; selection-background-color: {c.line}; selection-color: {c.text};
        outline: 0; }}
    QTableView:focus {{ border-color: {c.accent}; }}
    QTableView::item {{ padding: 0 6px; border: none; border-bottom: 1px solid {c.hover}; }}
    QTableView::item:selected {{ background: {c.line}; color: {c.text}; }}
    QTableView QLineEdit {{ border-radius: 0; padding: 0 4px; min-height: 0; }}
    QHeaderView {{ background: {c.panel}; border: none; }}
    QHeaderView::section {{ background: {c.panel}; color: {c.muted}; border: none;
        border-bottom: 1px solid {c.line}; padding: 4px 9px; }}
    QHeaderView::section:hover {{ color: {c.text}; background: {c.hover}; }}
    QSlider::groove:horizontal {{ height: 4px; background: {c.line}; border-radius: 2px; }}
    QSlider::sub-page:horizontal, QSlider::add-page:horizontal {{ background: transparent; }}
    QSlider::handle:horizontal {{ background: {c.text}; width: 12px; height: 12px;
        margin: -4px 0; border-radius: 6px; }}
    QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus
        {{ background: {c.accent}; }}
    QSlider[dead="true"]::handle:horizontal {{ background: {c.faint}; }}
    QSlider::handle:horizontal:disabled {{ background: {c.line}; }}
    QProgressBar {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 4px;
        text-align: center; color: {c.text}; min-height: 14px; }}
    QProgressBar::chunk {{ background: {c.done}; border-radius: 3px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 4px; min-height: 24px;
        min-width: 24px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {c.faint}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page
        {{ background: none; border: none; height: 0; width: 0; }}
    QMenuBar {{ background: {c.window}; }}
    QMenuBar::item {{ padding: 4px 10px; border-radius: 4px; }}
    QMenuBar::item:selected {{ background: {c.hover}; }}
    QMenu {{ background: {c.panel}; border: 1px solid {c.line}; padding: 4px; }}
    QMenu::item {{ padding: 4px 24px 4px 12px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c.accent}; color: {c.on_accent}; }}
    QMenu::item:disabled {{ color: {c.faint}; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 8px; }}
    QStatusBar {{ background: {c.window}; color: {c.muted}; }}
    QStatusBar::item {{ border: none; }}
    QTabBar::tab {{ background: transparent; color: {c.muted}; padding: 4px 12px;
        border: none; border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent}; }}
    QToolBar {{ background: {c.window}; border: none; padding: 0 4px; spacing: 4px; }}
    #toast {{ background: {c.panel}; border: 1px solid {c.accent}; border-radius: 8px; }}
    #toast[kind="error"] {{ border-color: {c.danger}; }}
    """


def _drawn(name: str, light: bool) -> str:
    """A small picture for a part of a control, in a light or a dark line, as a style sheet wants
    it."""
    line = "light" if light else "dark"
    return (bundled_path("assets") / "icons" / f"{name}-{line}.svg").as_posix()


def set_icon(target: Any, name: str) -> None:
    """Give a button or an action a Material Design icon that follows the theme."""
    target.setProperty(_ICON_PROPERTY, name)
    if isinstance(target, QAbstractButton):
        target.setIconSize(QSize(16, 16))
    _draw_icon(target, name)


def _draw_icon(target: Any, name: str) -> None:
    target.setIcon(_icon(name, colors(), role=target.property("role") or ""))


def icon(name: str) -> QIcon:
    """A Material Design icon in the colours of now, for what is drawn anew when these change."""
    return _icon(name, colors())


def restyle_icons(window: QWidget) -> None:
    """Draw all icons below ``window`` anew, after the scheme has changed."""
    from PySide6.QtGui import QAction

    for target in (*window.findChildren(QAbstractButton), *window.findChildren(QAction)):
        name = target.property(_ICON_PROPERTY)
        if name:
            _draw_icon(target, name)  # as large as it was made


@cache  # a window has four of most of them
def _icon(name: str, scheme: Colors, role: str = "") -> QIcon:
    color = scheme.on_accent if role == "primary" else scheme.text
    # What is checked has the accent colour: the button, or the icon where the button is flat.
    on = scheme.accent if role == "flat" else scheme.on_accent
    off_and_on = {f"color_off{mode}": color for mode in ("", "_active", "_selected")}
    off_and_on |= {f"color_on{mode}": on for mode in ("", "_active", "_selected")}
    icon: QIcon = _icon_font().icon(name, color=color, color_disabled=scheme.faint, **off_and_on)
    return icon


@cache
def _icon_font() -> Any:
    """QtAwesome with the one of its twelve fonts that is used; each takes time at the start."""
    stand_in_for_qtpy()
    import qtawesome

    fonts = [font for font in getattr(qtawesome, "_BUNDLED_FONTS", ()) if font[0] == _ICON_FONT]
    if fonts:
        qtawesome._BUNDLED_FONTS = tuple(fonts)
    return qtawesome


def set_monospaced(widget: QWidget) -> None:
    """The system's font with letters of one width, for logs and tracebacks."""
    widget.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))


def tabular(widget: QWidget) -> None:
    """Figures of one width, for numbers that change."""
    font = widget.font()
    font.setFeature(QFont.Tag("tnum"), 1)
    widget.setFont(font)
