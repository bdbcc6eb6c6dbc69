"""How many pictures are asked of a model together. A question is answered whole before the next, so
a hand that begins to move meanwhile waits for it: for a fifth of a second, about."""

from __future__ import annotations

from typing import Final

from vae_studio.core.spec import ModelSpec

_VALUES: Final = 2_000_000  # that convolutions decode in that time: 40 pictures of 3 × 128 × 128


def pictures_at_once(spec: ModelSpec, most: int) -> int:
    """So many, at most ``most``; one at least."""
    return max(1, min(most, _VALUES // spec.pixels))
