"""Questions to a model: the label changes the picture, and the code is the encoder's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.helpers import tiny
from vae_studio.core import explore
from vae_studio.core.data import DatasetPair
from vae_studio.core.explore import (
    decode,
    decode_labels,
    decode_many,
    effect,
    encode,
    one_hot,
    reconstruction_terms,
    sample,
    traverse,
)
from vae_studio.core.losses import loss_terms
from vae_studio.core.model import VAE
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec
from vae_studio.core.variants import VARIANTS

ZERO = (0.0,) * 6


def image(data: DatasetPair, index: int) -> np.ndarray:
    return data.test.batch(torch.tensor([index]))[0][0].numpy()


def test_the_label_changes_the_picture(cvae_snapshot: Snapshot, mnist: DatasetPair) -> None:
    """Each class's picture is nearest to that class's own mean image, for most classes."""
    images = decode_labels(cvae_snapshot.build(), ZERO)
    assert images.shape == (10, 1, 28, 28)
    x, labels = mnist.test.batch(torch.arange(2000))
    means = torch.stack([x[labels == digit].mean(0) for digit in range(10)]).numpy()
    distances = ((images[:, None] - means[None]) ** 2).sum((2, 3, 4))
    assert (distances.argmin(1) == np.arange(10)).sum() >= 8


def test_the_same_z_in_every_class_is_what_each_label_decodes_to(cvae_snapshot: Snapshot) -> None:
    model = cvae_snapshot.build()
    z = (0.5, -1.0, 0.0, 2.0, 0.1, -0.3)
    images = decode_labels(model, z)
    for digit in range(10):
        np.testing.assert_allclose(decode(model, z, one_hot(digit, 10)), images[digit], atol=1e-6)


def test_a_mix_of_labels_lies_between(cvae_snapshot: Snapshot) -> None:
    model = cvae_snapshot.build()
    mix = tuple(0.5 if digit in (0, 1) else 0.0 for digit in range(10))
    images = [decode(model, ZERO, label) for label in (one_hot(0, 10), mix, one_hot(1, 10))]
    apart = [float(((one - images[1]) ** 2).sum()) for one in images]
    whole = float(((images[0] - images[2]) ** 2).sum())
    assert 0 < apart[0] < whole
    assert 0 < apart[2] < whole


def test_a_model_without_classes_has_no_strip(plain_snapshot: Snapshot) -> None:
    assert decode_labels(plain_snapshot.build(), ZERO).shape == (0, 1, 28, 28)


@pytest.mark.parametrize("label", [None, (1.0, 0.0)])
def test_a_conditional_model_asks_for_all_weights(
    label: tuple[float, ...] | None, cvae_snapshot: Snapshot
) -> None:
    with pytest.raises(ValueError, match="10 weights"):
        decode(cvae_snapshot.build(), ZERO, label)


def test_encoding_without_a_label_picks_the_class(
    cvae_snapshot: Snapshot, mnist: DatasetPair
) -> None:
    model = cvae_snapshot.build()
    guesses = []
    for index in range(200):
        code = encode(model, image(mnist, index))
        assert code.label is not None
        assert sorted(code.label) == [0.0] * 9 + [1.0]
        guesses.append(code.label.index(1.0))
    right = np.mean(np.array(guesses) == mnist.test.labels[:200].numpy())
    assert right > 0.5  # after a second of training; by chance it would be 0.1
    told = encode(model, image(mnist, 0), one_hot(guesses[0], 10))
    free = encode(model, image(mnist, 0))
    assert told.mu == pytest.approx(free.mu, abs=1e-5)


def test_many_classes_are_tried_in_portions(
    cvae_snapshot: Snapshot, mnist: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, images = cvae_snapshot.build(), mnist.test.images[:12].numpy() / np.float32(255.0)
    at_once = [encode(model, image) for image in images]
    monkeypatch.setattr(explore, "batch_for", lambda *_: 3)
    in_portions = [encode(model, image) for image in images]
    assert [code.label for code in in_portions] == [code.label for code in at_once]
    assert len({code.label for code in at_once}) > 4
    for one, other in zip(in_portions, at_once, strict=True):
        assert one.mu == pytest.approx(other.mu, abs=1e-5)


def test_encoding_with_a_label_keeps_it(cvae_snapshot: Snapshot, mnist: DatasetPair) -> None:
    model = cvae_snapshot.build()
    codes = [encode(model, image(mnist, 0), one_hot(digit, 10)) for digit in (3, 8)]
    assert [code.label for code in codes] == [one_hot(3, 10), one_hot(8, 10)]
    assert codes[0].mu != codes[1].mu


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_a_code_is_the_encoders_own(spec: ModelSpec, small: DatasetPair) -> None:
    model = VAE(tiny(spec)).eval().requires_grad_(False)
    x, labels = small.test.batch(torch.tensor([3]))
    mu, logvar = model.encode(x, labels)
    label = one_hot(int(labels[0]), 10) if spec.conditional else None
    code = encode(model, x[0].numpy(), label)
    assert code.mu == pytest.approx(mu[0].tolist(), abs=1e-6)
    assert code.logvar == pytest.approx(logvar[0].tolist(), abs=1e-6)
    assert code.label == label
    terms = reconstruction_terms(model, x[0].numpy(), code)
    expected = loss_terms(
        model.decode_logits(mu, labels), x, mu, logvar, spec.likelihood, model.variance
    )
    assert terms.reconstruction == pytest.approx(expected.reconstruction.item(), rel=1e-5)
    assert terms.kl == pytest.approx(expected.kl.item(), rel=1e-5)
    np.testing.assert_allclose(
        decode(model, code.mu, label), model.decode(mu, labels)[0], atol=1e-6
    )


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_samples_repeat_with_the_seed(spec: ModelSpec) -> None:
    model = VAE(tiny(spec)).eval().requires_grad_(False)
    before = torch.get_rng_state()
    draws = [sample(model, 12, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    z, images = draws[0]
    assert z.shape == (12, model.spec.latent_dim)
    assert images.shape == (12, 1, 28, 28)
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, draws[1][1])
    assert not np.array_equal(z, draws[2][0])


def test_samples_follow_the_prior(plain_snapshot: Snapshot) -> None:
    z, _ = sample(plain_snapshot.build(), 5000, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(z.mean(0), 0, atol=0.06)
    np.testing.assert_allclose(z.std(0), 1, atol=0.05)


def test_samples_of_a_conditional_model_go_through_its_classes(cvae_snapshot: Snapshot) -> None:
    model = cvae_snapshot.build()
    z, images = sample(model, 12, torch.Generator().manual_seed(0))
    for index in (0, 3, 11):
        expected = decode(model, z[index].tolist(), one_hot(index % 10, 10))
        np.testing.assert_allclose(images[index], expected, atol=1e-6)
    _, threes = sample(model, 12, torch.Generator().manual_seed(0), one_hot(3, 10))
    np.testing.assert_allclose(threes[3], images[3], atol=1e-6)
    assert not np.allclose(threes[4], images[4], atol=0.1)


def test_traversing_changes_one_dimension_at_a_time(cvae_snapshot: Snapshot) -> None:
    model, z = cvae_snapshot.build(), (0.5, -0.5, 0.0, 1.0, 0.0, -1.0)
    label = one_hot(3, 10)
    values = np.array([[-2.0, 0.0, 2.0], [-1.0, 0.5, 1.0]], np.float32)
    images = traverse(model, z, (1, 4), values, label)
    assert images.shape == (2, 3, 1, 28, 28)
    for row, dimension in enumerate((1, 4)):
        for column in range(3):
            point = list(z)
            point[dimension] = float(values[row, column])
            assert np.allclose(images[row, column], decode(model, point, label), atol=1e-5)


def test_many_points_are_decoded_as_each_would_be(plain_snapshot: Snapshot) -> None:
    model = plain_snapshot.build()
    points = np.random.default_rng(0).standard_normal((2, 3, 6)).astype(np.float32)
    images = decode_many(model, points)
    assert images.shape == (2, 3, 1, 28, 28)
    assert np.allclose(images[1, 2], decode(model, points[1, 2].tolist()), atol=1e-5)


@pytest.mark.parametrize("name", ["plain_snapshot", "cvae_snapshot"])
def test_where_a_dimension_acts_is_the_derivative_of_each_pixel(
    name: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(name).build()
    z, label = (0.3, -0.2, 0.1, 0.9, -1.0, 0.4), one_hot(2, 10) if model.spec.conditional else None
    change = effect(model, z, 2, label)
    point = torch.tensor([z])
    labels = torch.tensor([label]) if label else None
    jacobian = torch.autograd.functional.jacobian(lambda p: model.decode(p, labels), point)
    assert change.shape == (28, 28)
    assert np.allclose(change, jacobian[0, 0, :, :, 0, 2].abs().numpy(), atol=1e-6)
