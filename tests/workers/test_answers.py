"""Every request has its answer, which carries its question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers import quick, tiny
from vae_studio.core.checkpoint import save_generation
from vae_studio.core.digit import digit_image
from vae_studio.core.errors import CheckpointError
from vae_studio.core.explore import decode, decode_labels, encode, one_hot, sample
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.trainer import new_state
from vae_studio.core.variants import VARIANTS
from vae_studio.session.drawing import Input
from vae_studio.session.folders import runs_folder
from vae_studio.session.requests import (
    DecodeRequest,
    EncodeRequest,
    LabelsRequest,
    OpenRequest,
    SampleRequest,
)
from vae_studio.session.state import LatentState, SessionState
from vae_studio.session.strokes import Stroke
from vae_studio.workers.answers import answer
from vae_studio.workers.inputs import prepared_input

ONE = Input((Stroke(((0.5, 0.2), (0.48, 0.8)), 0.08),))
Z = (0.5, -0.5, 1.0, 0.0, 0.2, -1.0)


def ask(request: Any) -> Any:
    result = answer(request)
    assert result.request is request
    return result


@pytest.fixture(params=["plain", "cvae"])
def snapshot(
    request: pytest.FixtureRequest, plain_snapshot: Snapshot, cvae_snapshot: Snapshot
) -> Snapshot:
    return plain_snapshot if request.param == "plain" else cvae_snapshot


def run_of(snapshot: Snapshot, folder: Path) -> str:
    """A run folder with these weights."""
    path = folder / snapshot.name
    if not path.exists():
        RunRecorder(path, new_state(snapshot.spec, snapshot.config), snapshot.name).save()
        save_generation(path, snapshot.weights)
    return str(path)


def label(snapshot: Snapshot, index: int) -> tuple[float, ...] | None:
    return one_hot(index, 10) if snapshot.spec.conditional else None


def test_decode(snapshot: Snapshot) -> None:
    result = ask(DecodeRequest(snapshot, LatentState(Z, label(snapshot, 4))))
    np.testing.assert_array_equal(result.image, decode(snapshot.build(), Z, label(snapshot, 4)))


def test_encode(snapshot: Snapshot) -> None:
    result = ask(EncodeRequest(snapshot, ONE))
    model = snapshot.build()
    np.testing.assert_array_equal(result.image[0], digit_image([np.array(ONE.strokes[0].points)]))
    code = encode(model, result.image)
    assert (result.mu, result.logvar, result.label) == (code.mu, code.logvar, code.label)
    np.testing.assert_array_equal(result.x_hat, decode(model, result.mu, result.label))
    assert result.terms.reconstruction > 0
    assert result.terms.kl > 0


def test_a_label_that_the_user_gives_is_taken(cvae_snapshot: Snapshot) -> None:
    for digit in (1, 8):
        result = ask(EncodeRequest(cvae_snapshot, replace(ONE, label=digit)))
        assert result.label == one_hot(digit, 10)


def test_labels(snapshot: Snapshot) -> None:
    result = ask(LabelsRequest(snapshot, Z))
    assert len(result.images) == snapshot.spec.num_classes
    np.testing.assert_array_equal(result.images, decode_labels(snapshot.build(), Z))


def test_samples(snapshot: Snapshot) -> None:
    result = ask(SampleRequest(snapshot, 9, seed=3, label=None))
    z, images = sample(snapshot.build(), 9, torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(result.z, z)
    np.testing.assert_array_equal(result.images, images)


def test_opening_without_more_stands_at_zero(snapshot: Snapshot, tmp_path: Path) -> None:
    result = ask(OpenRequest(run_of(snapshot, tmp_path)))
    assert (result.z, result.label) == ((0.0,) * 6, label(snapshot, 0))


def test_opening_encodes_the_drawing(snapshot: Snapshot, tmp_path: Path) -> None:
    result = ask(OpenRequest(run_of(snapshot, tmp_path), drawing=ONE))
    code = encode(snapshot.build(), prepared_input(ONE).image)
    assert (result.z, result.label) == (code.mu, code.label)


def test_opening_encodes_what_was_on_screen(snapshot: Snapshot, tmp_path: Path) -> None:
    image = np.random.default_rng(0).random((1, 28, 28), np.float32)
    result = ask(OpenRequest(run_of(snapshot, tmp_path), image=image))
    assert result.z == encode(snapshot.build(), image).mu
    other_size = ask(OpenRequest(run_of(snapshot, tmp_path), image=image[:, :14]))
    assert other_size.z == (0.0,) * 6


def test_opening_keeps_a_latent_that_fits(snapshot: Snapshot, tmp_path: Path) -> None:
    latent = LatentState(Z, label(snapshot, 7))
    target = SessionState(latent=latent)
    result = ask(OpenRequest(run_of(snapshot, tmp_path), drawing=ONE, target=target))
    assert (result.z, result.label) == (Z, label(snapshot, 7))
    for unfit in (replace(latent, z=Z[:2]), replace(latent, label=(1.0, 0.0))):
        target = SessionState(latent=unfit)
        result = ask(OpenRequest(run_of(snapshot, tmp_path), target=target))
        assert (result.z, result.label) == ((0.0,) * 6, label(snapshot, 0))


def test_opening_reads_a_run_by_path_or_name(tmp_path: Path) -> None:
    state = new_state(tiny(VARIANTS["vae-2"]), quick())
    RunRecorder(tmp_path / "run", state, "by path").save()
    RunRecorder(runs_folder() / "mine", state, "by name").save()
    for text, name in ((str(tmp_path / "run"), "by path"), ("mine", "by name")):
        result = ask(OpenRequest(text))
        assert result.snapshot.name == name
        assert len(result.z) == 2
    with pytest.raises(CheckpointError):
        answer(OpenRequest("no such run"))


def test_what_is_no_request_is_refused() -> None:
    with pytest.raises(TypeError):
        answer("hello")  # type: ignore[arg-type]
