"""How sure the encoder is: samples of its posterior, their spread, and what a better code gains."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_studio.core.data import DatasetPair
from vae_studio.core.explore import Encoded, decode, encode, one_hot
from vae_studio.core.losses import kl_dimensions, reconstruction_each
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.uncertainty import posterior_spread, search_code


def image(data: DatasetPair, index: int) -> np.ndarray:
    return data.test.batch(torch.tensor([index]))[0][0].numpy()


def test_samples_are_those_of_the_posterior(plain_snapshot: Snapshot, small: DatasetPair) -> None:
    model = plain_snapshot.build()
    code = encode(model, image(small, 2))
    spread = posterior_spread(model, code, 4000)
    assert spread.z.mean(0) == pytest.approx(code.mu, abs=0.08)
    assert spread.z.std(0) == pytest.approx(np.exp(0.5 * np.array(code.logvar)), rel=0.06)
    assert np.allclose(spread.images[7], decode(model, spread.z[7].tolist()), atol=1e-5)


def test_the_spread_of_a_pixel_is_its_deviation_over_the_samples(
    cvae_snapshot: Snapshot, small: DatasetPair
) -> None:
    model = cvae_snapshot.build()
    code = encode(model, image(small, 3), one_hot(4, 10))
    spread = posterior_spread(model, code, 64)
    assert np.allclose(spread.deviation, spread.images.std(0, ddof=1)[0], atol=1e-5)
    sure = Encoded(code.mu, (-30.0,) * len(code.mu), code.label)
    assert posterior_spread(model, sure, 8).deviation.max() < 1e-4
    again = posterior_spread(model, code, 64)
    assert np.array_equal(spread.images, again.images)


@pytest.mark.parametrize("name", ["plain_snapshot", "cvae_snapshot"])
def test_a_better_code_is_found_and_the_gain_is_true(
    name: str, small: DatasetPair, request: pytest.FixtureRequest
) -> None:
    """Judged here with samples of its own."""
    model = request.getfixturevalue(name).build()
    x = image(small, 5)
    code = encode(model, x)
    shares: list[float] = []
    best = search_code(model, x, code, progress=shares.append)
    assert best is not None
    assert best.gain > 0.2
    assert shares == sorted(shares)
    labels = torch.tensor([code.label]).expand(2000, -1) if code.label else None

    def cost(mu: tuple[float, ...], logvar: tuple[float, ...]) -> float:
        noise = torch.randn(2000, len(mu), generator=torch.Generator().manual_seed(99))
        means, logs = torch.tensor([mu]), torch.tensor([logvar])
        logits = model.decode_logits(means + torch.exp(0.5 * logs) * noise, labels)
        target = torch.from_numpy(x).unsqueeze(0).expand_as(logits)
        lost = reconstruction_each(logits, target, "bernoulli").mean()
        return float(lost + kl_dimensions(means, logs).sum())

    assert cost(code.mu, code.logvar) == pytest.approx(best.before, abs=1.5)
    assert cost(code.mu, code.logvar) - cost(best.mu, best.logvar) == pytest.approx(
        best.gain, abs=0.3 * best.gain + 0.3
    )


def test_nothing_is_gained_where_the_code_is_the_best(
    plain_snapshot: Snapshot, small: DatasetPair
) -> None:
    model, x = plain_snapshot.build(), image(small, 6)
    code = encode(model, x)
    for _ in range(4):
        best = search_code(model, x, code)
        assert best is not None
        code = Encoded(best.mu, best.logvar, code.label)
    last = search_code(model, x, code)
    assert last is not None
    assert 0.0 <= last.gain < 0.2


def test_the_search_stops_when_told(plain_snapshot: Snapshot, small: DatasetPair) -> None:
    model, x = plain_snapshot.build(), image(small, 6)
    shares: list[float] = []
    code = encode(model, x)
    assert search_code(model, x, code, lambda: len(shares) == 2, shares.append) is None
    assert len(shares) == 2
