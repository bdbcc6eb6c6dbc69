"""Where a run's first weights come from, when they are not drawn anew. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

MAX_SEED = 2**31 - 1  # as ``TrainConfig`` allows
_MAX_NAME = 200


@dataclass(frozen=True)
class Origin:
    """The moment of another run at which this one branched off.

    run: what that is called. folder: the name of its folder. epoch, step: complete ones. seed: of
    that run; this one has a seed of its own. The weights themselves are kept with the new run, in
    ``initial.safetensors``, so that it can be repeated when the other is gone; digest: the SHA-256
    of that file.
    """

    run: str
    folder: str
    epoch: int
    step: int
    seed: int
    digest: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Origin:
        """The inverse of ``to_dict``. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        if not isinstance(values, dict):
            raise TypeError("an origin is an object")
        texts = [values[name] for name in ("run", "folder", "digest")]
        counts = [values[name] for name in ("epoch", "step", "seed")]
        if not all(isinstance(text, str) and len(text) <= _MAX_NAME for text in texts):
            raise TypeError("an origin has no name")
        for text in texts:
            text.encode()  # a lone surrogate could never be saved again
        if not all(type(count) is int and 0 <= count < 2**53 for count in counts):
            raise ValueError("an origin has no moment")
        run, folder, digest = texts
        epoch, step, seed = counts
        return cls(run, folder, epoch, step, seed, digest)


def derived_seed(seed: int, step: int) -> int:
    """The seed of a run that branches off at ``step``: another stream of noise and order than the
    run it came from had, and the same one each time."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0]) % MAX_SEED
