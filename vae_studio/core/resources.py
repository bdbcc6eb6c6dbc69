"""Where the files that come with the app are: MNIST, icons, trained models."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def bundled_path(name: str) -> Path:
    """Folder ``assets`` or ``checkpoints``, in a wheel (inside the package) or in a checkout."""
    inside = _PACKAGE / "_bundled" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
