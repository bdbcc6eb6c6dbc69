"""t-SNE of codes, with progress and cancel (van der Maaten & Hinton 2008), by openTSNE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openTSNE import TSNE

LARGEST = 10_000  # codes
_EARLY, _LATE = 250, 500  # iterations, with attraction exaggerated and without
_EVERY = 5  # iterations between two looks whether to stop
_FEW = 3000  # codes up to which the repulsion is faster by a tree than by Fourier transforms
_FEWEST = 100  # codes that have enough neighbours for the usual perplexity of 30


def tsne(
    codes: NDArray[np.float32],
    should_stop: Callable[[], bool],
    progress: Callable[[float], object] = lambda share: None,
    seed: int = 0,
) -> NDArray[np.float32] | None:
    """Places [N, 2] of the first ``LARGEST`` codes [N, L]; None once ``should_stop`` said yes.

    On one processor: 10,000 codes take half a minute or more; a few hundred, a second.
    """
    codes = codes[:LARGEST]
    done = 0

    def look(iteration: int, error: float, places: Any) -> bool:
        nonlocal done
        done += _EVERY
        progress(min(1.0, done / (_EARLY + _LATE)))
        return should_stop()

    method = TSNE(
        perplexity=30 if len(codes) >= _FEWEST else max(2, len(codes) // 4),
        early_exaggeration_iter=_EARLY,
        n_iter=_LATE,
        n_jobs=1,
        random_state=seed,
        negative_gradient_method="bh" if len(codes) <= _FEW else "fft",
        callbacks=look,
        callbacks_every_iters=_EVERY,
    )
    places = np.asarray(method.fit(codes), np.float32)
    return None if should_stop() else places
