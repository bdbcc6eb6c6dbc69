"""What can go wrong, as types with a code and parameters.

The core says *what* happened; ``vae_studio.ui.messages`` turns code and parameters into a
translated sentence with a next step. ``str(error)`` is a plain English fallback for logs.
"""

from __future__ import annotations


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
        details = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code} ({details})" if details else self.code


class SpecError(StudioError, ValueError):
    """A model specification or training configuration with a value outside its range."""


class DatasetError(StudioError):
    """A data set that is missing, damaged or unknown."""


class CheckpointError(StudioError):
    """A run folder that cannot be read or written."""


class ImageError(StudioError, ValueError):
    """A picture that cannot be read."""
