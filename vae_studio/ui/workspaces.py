"""``WORKSPACES``: arrangements of the same panels. Another one changes what is near at hand, never
what is shown."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP


@dataclass(frozen=True)
class Side:
    """Parts side by side, or below each other. parts: names of panels, tabs or sides. sizes: of
    each in px, in a window of 1280 × 800; a larger one stretches them alike."""

    parts: tuple[Part, ...]
    sizes: tuple[int, ...]
    down: bool = False


Tabs = tuple[str, ...]  # panels in one place, the first in front
Part = str | Tabs | Side


@dataclass(frozen=True)
class Workspace:
    """name: for what is saved. title, tip: before translation, in context ``Workspaces``."""

    name: str
    title: str
    tip: str
    layout: Side


def _across(*parts: tuple[Part, int]) -> Side:
    return Side(tuple(part for part, _ in parts), tuple(size for _, size in parts))


def _down(*parts: tuple[Part, int]) -> Side:
    return Side(tuple(part for part, _ in parts), tuple(size for _, size in parts), down=True)


WORKSPACES: tuple[Workspace, ...] = (
    Workspace(
        "studio",
        QT_TRANSLATE_NOOP("Workspaces", "Studio"),
        QT_TRANSLATE_NOOP("Workspaces", "Something of everything"),
        _across(
            (_down(("models", 250), ("sliders", 480)), 260),
            (
                _down(
                    (_across(("decoded", 300), (("samples", "map", "labels"), 376)), 330),
                    ("train", 400),
                ),
                676,
            ),
            ("draw", 320),
        ),
    ),
    Workspace(
        "explore",
        QT_TRANSLATE_NOOP("Workspaces", "Explore"),
        QT_TRANSLATE_NOOP("Workspaces", "Move through the latent space"),
        _across(
            (_down(("models", 180), (("sliders", "dimensions"), 550)), 420),
            (_down((("map", "traversals", "samples"), 480), (("paths", "directions"), 250)), 510),
            (_down(("decoded", 370), (("images", "uncertainty", "labels"), 360)), 350),
        ),
    ),
    Workspace(
        "draw",
        QT_TRANSLATE_NOOP("Workspaces", "Draw"),
        QT_TRANSLATE_NOOP("Workspaces", "Your own drawing, large"),
        _across(
            ("draw", 470),
            (_down(("decoded", 330), (("completion", "handwriting", "drawings"), 400)), 430),
            (_down((("all_models", "models"), 400), (("sliders", "labels"), 330)), 370),
        ),
    ),
    Workspace(
        "train",
        QT_TRANSLATE_NOOP("Workspaces", "Train"),
        QT_TRANSLATE_NOOP("Workspaces", "Set up a training, and see why it learns or does not"),
        _across(
            (("configuration", "data"), 300),
            ("train", 620),
            (_down(("doctor", 330), (("decoded", "dimensions", "samples"), 400)), 350),
        ),
    ),
    Workspace(
        "compare",
        QT_TRANSLATE_NOOP("Workspaces", "Compare"),
        QT_TRANSLATE_NOOP("Workspaces", "Runs side by side, and the tutorial's experiments"),
        _across((("experiments", "runs"), 570), ("comparison", 700)),
    ),
)


def panels_of(part: Part) -> tuple[str, ...]:
    """The panels in a part, in order."""
    if isinstance(part, str):
        return (part,)
    if isinstance(part, tuple):
        return part
    return tuple(name for inner in part.parts for name in panels_of(inner))
