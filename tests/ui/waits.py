"""Waiting for what the window owes: pictures of the present point, codes of the drawing."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from vae_studio.app import Studio
from vae_studio.core.resources import bundled_path

TIMEOUT = 30_000  # ms; patience on a busy machine, not the time it takes


def settle(qtbot: QtBot, studio: Studio) -> None:
    """Wait until the picture belongs to the present snapshot and point."""

    def shown() -> bool:
        store = studio.store
        result = store.last_decoded
        if result is None or result.request.snapshot is not store.snapshot:
            return False
        latent = store.state.latent
        return result.request.latent.z == latent.z and result.request.latent.label == latent.label

    qtbot.waitUntil(shown, timeout=TIMEOUT)


def encoded(qtbot: QtBot, studio: Studio) -> None:
    """Wait until the present drawing is encoded by the present snapshot."""

    def done() -> bool:
        result = studio.store.last_encoded
        return (
            result is not None
            and result.request.input == studio.store.state.input
            and result.request.snapshot is studio.store.snapshot
        )

    qtbot.waitUntil(done, timeout=TIMEOUT)
    settle(qtbot, studio)


def show_model(qtbot: QtBot, studio: Studio, path: Path) -> None:
    """Open a model and wait until its picture is on the screen."""
    studio.store.open_model(path)
    qtbot.waitUntil(lambda: studio.store.state.model == str(path), timeout=TIMEOUT)
    settle(qtbot, studio)


def undo_into(qtbot: QtBot, studio: Studio, model: str) -> None:
    """Undo a change of model: state and weights come back together, once they are loaded."""
    studio.store.undo()
    qtbot.waitUntil(lambda: studio.store.state.model == model, timeout=TIMEOUT)
    settle(qtbot, studio)


def shipped(name: str) -> Path:
    """The folder of a model that ships."""
    return bundled_path("checkpoints") / name
