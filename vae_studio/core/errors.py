"""What can go wrong, as types with a code and parameters.

The core says *what* happened; ``vae_studio.ui.messages`` turns code and parameters into a
translated sentence with a next step. ``str(error)`` is a plain English fallback for logs.
"""

from __future__ import annotations

from collections.abc import Callable

_MAX_TEXT = 300  # characters of a value in a sentence or a log


def short(write: Callable[[object], str], value: object, limit: int = _MAX_TEXT) -> str:
    """``write(value)``, ``str`` or ``repr``, in at most ``limit`` characters, come what may.

    What a stranger's file held may be megabytes long, or nested too deeply to be written.
    """
    try:
        text = write(value)
    except (ValueError, RecursionError, MemoryError):  # of an integer of 5000 digits, too
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 1] + "…"


class StudioError(Exception):
    """Base of every error that a person may meet.

    code: a dotted name, stable, one for each kind of fault (``"checkpoint.not_a_run"``).
    params: what the sentence needs to name (path, field, value, …).
    """

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__(code, params)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={short(repr, value)}" for name, value in self.params.items())
        return f"{self.code} ({details})" if details else self.code


class SpecError(StudioError, ValueError):
    """A model specification or training configuration with a value outside its range."""


class DatasetError(StudioError):
    """A data set that is missing, damaged or unknown."""


class CheckpointError(StudioError):
    """A run folder that cannot be read or written."""


class ImageError(StudioError, ValueError):
    """A picture that cannot be read."""


class PlaceError(StudioError):
    """A place that cannot be read, or written, or has no model here."""


class DrawingError(StudioError):
    """A drawing that cannot be read or written, or for which there is no room."""
