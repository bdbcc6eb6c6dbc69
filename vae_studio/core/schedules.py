"""What part of β and of the learning rate holds at a step. Plain Python."""

from __future__ import annotations

import math

from vae_studio.core.spec import TrainConfig


def beta_share(config: TrainConfig, step: int, steps: int) -> float:
    """Of β, in (0, 1]: grows linearly over the warm-up (Sønderby et al. 2016), then stays 1.

    step: counted from 1; steps: of one epoch.
    """
    warmup = config.beta_warmup * steps
    return min(1.0, step / warmup) if warmup else 1.0


def rate_share(config: TrainConfig, step: int, steps: int) -> float:
    """Of the learning rate, in [0, 1]: grows linearly over its warm-up (Goyal et al. 2017, section
    2.2), half of the run at most; then stays, or falls to zero along half a cosine (Loshchilov &
    Hutter 2017, eq. 5).

    step: counted from 1; steps: of one epoch.
    """
    whole = config.epochs * steps
    warmup = min(config.rate_warmup * steps, whole // 2)
    if step <= warmup:
        return step / warmup
    if config.schedule == "constant":
        return 1.0
    done = (step - 1 - warmup) / (whole - warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
