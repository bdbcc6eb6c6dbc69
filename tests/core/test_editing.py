"""A brush on the decoded picture: z follows it, and the rest stays as still as it can."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from tests.helpers import tiny
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.editing import edited_code
from vae_studio.core.explore import decode, decode_each, encode
from vae_studio.core.model import VAE
from vae_studio.core.resources import bundled_path
from vae_studio.core.variants import VARIANTS

Array = NDArray[np.float32]
STRENGTHS = (0.1, 0.25, 0.5, 0.75, 1.0)
NAMES = ("vae-2", "vae-32", "cvae", "vae-mse", "vae-batchnorm")


@dataclass(frozen=True)
class Case:
    """A decoded digit, and a quarter of it to be brushed as that of another of a like shape."""

    z0: Array
    label: list[float] | None
    picture: Array
    wanted: Array
    brushed: Array


def cases_of(model: VAE, data: DatasetPair, count: int) -> list[Case]:
    x, classes = data.test.batch(torch.arange(256))
    labels = F.one_hot(classes, 10).numpy().astype(np.float32) if model.spec.conditional else None
    with torch.no_grad():
        codes = model.encode(x, classes)[0].numpy()
    pictures = decode_each(model, codes, labels)
    found = []
    for index in range(count):
        quarter = np.zeros((28, 28), np.float32)
        rows, columns = 14 * (index % 2), 14 * (index // 2 % 2)
        quarter[rows : rows + 14, columns : columns + 14] = 1.0
        change = (pictures - pictures[index])[:, 0] ** 2
        rest = (change * (1 - quarter)).sum((1, 2))
        other = int(np.where((change * quarter).sum((1, 2)) > 5.0, rest, np.inf).argmin())
        touched = torch.from_numpy((change[other] > 0.02) * quarter).unsqueeze(0)
        brushed = F.max_pool2d(touched, 3, 1, 1)[0].numpy() * quarter
        wanted = np.where(brushed > 0, pictures[other], pictures[index])
        label = None if labels is None else labels[index].tolist()
        found.append(Case(codes[index], label, pictures[index], wanted, brushed))
    return found


@pytest.fixture(scope="module", params=NAMES)
def brushed_model(
    request: pytest.FixtureRequest, small: DatasetPair
) -> tuple[str, VAE, list[Case]]:
    model = load_snapshot(bundled_path("checkpoints") / request.param).build()
    return request.param, model, cases_of(model, small, 12)


def shown(model: VAE, case: Case, z: Array) -> Array:
    return decode(model, z.tolist(), case.label)


def edited(model: VAE, case: Case, strength: float, **options: Any) -> Array:
    return edited_code(model, case.z0, case.label, case.wanted, case.brushed, strength, **options)


def outcome(case: Case, picture: Array) -> tuple[float, float]:
    """The share of the brushed change that came, and the mean change of the other pixels."""
    asked = (case.wanted - case.picture) * case.brushed
    change = picture - case.picture
    rest = 1.0 - case.brushed
    share = float((asked * change).sum() / (asked**2).sum())
    return share, float((np.abs(change) * rest).sum() / rest.sum())


def test_more_strength_meets_the_brush_better_and_moves_the_rest_more(
    brushed_model: tuple[str, VAE, list[Case]],
) -> None:
    name, model, cases = brushed_model
    rows = np.array(
        [
            [outcome(case, shown(model, case, edited(model, case, s))) for s in STRENGTHS]
            for case in cases
        ]
    )
    share, rest = rows[..., 0], rows[..., 1]
    assert (np.diff(share, axis=1) > -0.02).all()  # each digit, but for what the search leaves
    assert (np.diff(rest, axis=1) > -0.01).all()
    assert (np.diff(share.mean(0)) > 0).all()
    assert (np.diff(rest.mean(0)) > 0).all()
    assert share[:, -1].mean() > (0.4 if name == "vae-2" else 0.8)


def test_it_is_better_than_encoding_the_brushed_picture(
    brushed_model: tuple[str, VAE, list[Case]],
) -> None:
    """More of the edit comes, and less else changes. Two dimensions leave hardly a choice."""
    name, model, cases = brushed_model
    ours, theirs = [], []
    for case in cases:
        z = edited(model, case, 1.0 if name == "vae-2" else 0.6)
        ours.append(outcome(case, shown(model, case, z)))
        code = encode(model, case.wanted, case.label)
        theirs.append(outcome(case, decode(model, code.mu, case.label)))
    (share, rest), (their_share, their_rest) = np.mean(ours, 0), np.mean(theirs, 0)
    assert share > their_share + (0.0 if name == "vae-2" else 0.03)
    assert rest < their_rest * (1.0 if name == "vae-2" else 0.95)


def test_an_answer_stays_where_it_is_when_asked_again(
    brushed_model: tuple[str, VAE, list[Case]],
) -> None:
    _, model, cases = brushed_model
    moved = []
    for case in cases:
        first = edited(model, case, 0.5)
        again = edited(model, case, 0.5, start=first)
        change = shown(model, case, again) - shown(model, case, first)
        moved.append(float(np.abs(change).mean()))
    assert np.mean(moved) < 0.005
    assert np.max(moved) < 0.03


def test_a_warm_start_gets_there_in_fewer_steps(
    brushed_model: tuple[str, VAE, list[Case]],
) -> None:
    """The brush has gone on by a little: two steps from the last answer do more than two anew."""
    _, model, cases = brushed_model
    warm, cold = [], []
    for case in cases:
        goal = shown(model, case, edited(model, case, 0.75, steps=60))
        last = edited(model, case, 0.7)
        for found, start in ((warm, last), (cold, None)):
            z = edited(model, case, 0.75, start=start, steps=2)
            found.append(float(np.abs(shown(model, case, z) - goal).mean()))
    assert np.mean(warm) < 0.5 * np.mean(cold)


def test_a_start_that_is_worse_than_none_is_left(
    brushed_model: tuple[str, VAE, list[Case]],
) -> None:
    _, model, cases = brushed_model
    case = cases[0]
    astray = case.z0 + np.float32(9.0)
    assert np.array_equal(edited(model, case, 0.5, start=astray), edited(model, case, 0.5))


def test_without_strength_or_brush_z_stays_to_the_bit(
    brushed_model: tuple[str, VAE, list[Case]],
) -> None:
    _, model, cases = brushed_model
    case = cases[1]
    astray = case.z0 + np.float32(1.0)
    assert np.array_equal(edited(model, case, 0.0, start=astray), case.z0)
    untouched = np.zeros_like(case.brushed)
    z = edited_code(model, case.z0, case.label, case.wanted, untouched, 1.0, start=astray)
    assert np.array_equal(z, case.z0)
    assert z.dtype == np.float32


def test_it_stops_when_told(brushed_model: tuple[str, VAE, list[Case]]) -> None:
    _, model, cases = brushed_model
    case = cases[2]
    assert np.array_equal(edited(model, case, 1.0, should_stop=lambda: True), case.z0)
    asked: list[int] = []

    def second() -> bool:
        asked.append(1)
        return len(asked) == 2

    stopped = edited(model, case, 1.0, should_stop=second)
    assert np.array_equal(stopped, edited(model, case, 1.0, steps=1))
    assert not np.array_equal(stopped, case.z0)


def widened(model: VAE, mix: torch.Tensor) -> VAE:
    """The same decoder after z' = mix z: mix is [L, more]."""
    wide = VAE(replace(model.spec, latent_dim=mix.shape[1])).eval().requires_grad_(False)
    weights = model.decoder.state_dict()
    wide.decoder.load_state_dict({**weights, "fc3.weight": weights["fc3.weight"] @ mix})
    return wide


def test_among_512_dimensions_those_that_act_are_found(small: DatasetPair) -> None:
    """480 do nothing, as in most models that were given so many."""
    model = load_snapshot(bundled_path("checkpoints") / "vae-32").build()
    generator = torch.Generator().manual_seed(0)
    acting = torch.randperm(512, generator=generator)[:32]
    mix = torch.zeros(32, 512)
    mix[torch.arange(32), acting] = 1.0
    wide = widened(model, mix)
    for case in cases_of(model, small, 4):
        z = edited(model, case, 0.5)
        spread = torch.randn(512, generator=generator).numpy()
        spread[acting] = case.z0
        found = edited(wide, replace(case, z0=spread), 0.5)
        assert np.abs(shown(wide, case, found) - shown(model, case, z)).max() < 0.02
        idle = np.setdiff1d(np.arange(512), acting)
        assert np.array_equal(found[idle], spread[idle])


def test_512_dimensions_that_all_act_move_in_part(small: DatasetPair) -> None:
    model = load_snapshot(bundled_path("checkpoints") / "vae-32").build()
    generator = torch.Generator().manual_seed(0)
    mix = torch.linalg.qr(torch.randn(512, 32, generator=generator))[0].T
    wide = widened(model, mix)
    found = []
    for case in cases_of(model, small, 6):
        wide_case = replace(case, z0=(torch.from_numpy(case.z0) @ mix).numpy())
        found.append(outcome(case, shown(wide, case, edited(wide, wide_case, 1.0))))
    share, rest = np.mean(found, 0)
    assert share > 0.7
    assert rest < 0.02


def test_a_picture_in_colour_follows_the_brush(monkeypatch: pytest.MonkeyPatch) -> None:
    """A convolutional model whose channels can be told apart, some points at a time."""
    spec = replace(VARIANTS["conv-vae"], hidden=(6, 8), latent_dim=9, image_shape=(3, 16, 16))
    model = VAE(spec).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(4)
    z0 = torch.randn(1, 9, generator=generator)
    for parameter in model.decoder.parameters():
        parameter.mul_(1.7)  # so that it shows something before it has learnt
    brushed = np.zeros((16, 16), np.float32)
    brushed[4:9, 4:12] = 1.0
    wanted = model.decode(3.0 * torch.randn(1, 9, generator=generator))[0].numpy()
    before = model.decode(z0)[0].numpy()
    z = edited_code(model, z0[0].numpy(), None, wanted, brushed, 1.0, steps=20)
    after = model.decode(torch.from_numpy(z)[None])[0].numpy()
    away = [np.abs(each - wanted)[:, brushed > 0].mean() for each in (before, after)]
    assert away[1] < 0.8 * away[0]
    monkeypatch.setattr("vae_studio.core.editing.batch_for", lambda spec: 4)
    parts = edited_code(model, z0[0].numpy(), None, wanted, brushed, 1.0, steps=20)
    assert np.allclose(z, parts, atol=0.02)


def test_a_wrecked_model_leaves_z_where_it_was() -> None:
    model = VAE(tiny(VARIANTS["vae-32"])).eval().requires_grad_(False)
    for parameter in model.decoder.parameters():
        parameter.fill_(float("nan"))
    z0 = np.zeros(6, np.float32)
    ones = np.ones((1, 28, 28), np.float32)
    assert np.array_equal(edited_code(model, z0, None, ones, ones[0], 1.0, start=z0 + 1), z0)


def test_what_does_not_fit_is_refused() -> None:
    model = VAE(tiny(VARIANTS["cvae"])).eval().requires_grad_(False)
    z0, ones = np.zeros(6, np.float32), np.ones((1, 28, 28), np.float32)
    with pytest.raises(ValueError, match="strength"):
        edited_code(model, z0, [1.0] * 10, ones, ones[0], 1.5)
    with pytest.raises(ValueError, match="edit"):
        edited_code(model, z0, [1.0] * 10, ones, ones, 1.0)
    with pytest.raises(ValueError, match="label"):
        edited_code(model, z0, None, ones, ones[0], 1.0)
