"""A half-drawn digit is completed: better than by encoding it as it stands, in several ways."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.helpers import quick, tiny, trained
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.completion import CodeBank, Completion, code_bank, complete
from vae_studio.core.data import Dataset, DatasetPair
from vae_studio.core.errors import SpecError, StudioError
from vae_studio.core.explore import decode, decode_each, encode
from vae_studio.core.losses import reconstruction_each
from vae_studio.core.model import VAE
from vae_studio.core.resources import bundled_path
from vae_studio.core.seen_part import SeenPart
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.variants import VARIANTS

Array = NDArray[np.float32]
_UPPER = np.zeros((28, 28), np.bool_)
_UPPER[:14] = True
_DIGITS = 30

_COMPLETES = """
import sys
import numpy as np, torch
from vae_studio.core.completion import CodeBank, complete
from vae_studio.core.model import VAE
from vae_studio.core.variants import VARIANTS
model = VAE(VARIANTS["vae-2"]).eval().requires_grad_(False)
bank = CodeBank(np.zeros((9, 784), "f"), np.zeros((9, 2), "f"), np.arange(9))
complete(model, np.zeros((1, 28, 28), "f"), np.ones((28, 28), bool), bank)
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""


def bundled(name: str, data: DatasetPair, images: int = 4000) -> tuple[VAE, CodeBank]:
    model = load_snapshot(bundled_path("checkpoints") / name).build()
    bank = code_bank(model, data.train.first(images))
    assert bank is not None
    return model, bank


@pytest.fixture(scope="module")
def plain(mnist: DatasetPair) -> tuple[VAE, CodeBank]:
    return bundled("vae-32", mnist)


@pytest.fixture(scope="module")
def digits(mnist: DatasetPair) -> Array:
    return np.asarray(mnist.test.batch(torch.arange(_DIGITS))[0].numpy())


def done(answers: Completion | None) -> Completion:
    assert answers is not None
    count = len(answers.z)
    assert count == len(answers.images) == len(answers.cost) == len(answers.seen) >= 1
    for values in (answers.z, answers.images, answers.cost, answers.seen, answers.share):
        assert np.isfinite(values).all()
        assert values.dtype == np.float32
    assert 0.0 <= answers.images.min() <= answers.images.max() <= 1.0
    assert answers.share.sum() == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(answers.cost) >= 0).all()
    return answers


def nats(x: Array, x_hat: Array, where: NDArray[np.bool_]) -> float:
    x, x_hat = x[:, where], x_hat[:, where].clip(1e-6, 1 - 1e-6)
    return float(-(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum())


def test_the_bank_holds_the_images_and_the_codes_of_a_data_set(
    plain_snapshot: Snapshot, small: DatasetPair
) -> None:
    model, shares = plain_snapshot.build(), list[float]()
    data = small.train.first(503)  # one batch and a bit
    bank = code_bank(model, data, progress=shares.append)
    assert bank is not None
    for row in (0, 499, 500, 502):
        image = data.images[row].numpy() / np.float32(255.0)
        assert np.allclose(bank.images[row], image.flatten(), atol=1e-6)
        assert bank.mu[row] == pytest.approx(encode(model, image).mu, abs=1e-4)
        assert bank.labels[row] == data.labels[row]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    asked = iter([False, True])
    assert code_bank(model, data, should_stop=lambda: next(asked)) is None


def test_the_hidden_half_is_met_far_better_than_by_encoding_the_half_as_it_stands(
    plain: tuple[VAE, CodeBank], digits: Array
) -> None:
    """Encoded as they stand these halves lose 191 nats, completed 66."""
    model, bank = plain
    lost: dict[str, list[float]] = {"as it stands": [], "completed": []}
    for x in digits:
        code = encode(model, x * _UPPER)
        lost["as it stands"].append(nats(x, decode(model, code.mu), ~_UPPER))
        answers = done(complete(model, x, _UPPER, bank))
        lost["completed"].append(nats(x, answers.images[0], ~_UPPER))
    assert np.mean(lost["completed"]) < 75.0
    assert np.mean(lost["completed"]) < 0.5 * np.mean(lost["as it stands"])


def test_what_is_hidden_plays_no_part(plain: tuple[VAE, CodeBank], digits: Array) -> None:
    model, bank = plain
    other = np.where(_UPPER, digits[3], digits[8])
    one, two = (done(complete(model, x, _UPPER, bank)) for x in (digits[3], other))
    assert np.array_equal(one.z, two.z)
    other = done(complete(model, digits[3], ~_UPPER, bank))
    assert abs(one.images[0] - other.images[0]).max() > 0.1


@pytest.mark.parametrize("name", ["vae-32", "vae-batchnorm", "vae-leaky-relu", "vae-mse", "vae-2"])
def test_the_cost_is_that_of_the_seen_pixels_and_of_the_prior(
    name: str, mnist: DatasetPair, digits: Array
) -> None:
    model, bank = bundled(name, mnist, 1000)
    x = digits[7]
    mask = np.random.default_rng(0).random((28, 28)) < 0.4
    answers = done(complete(model, x, mask, bank))
    z = torch.from_numpy(answers.z)
    logits = model.decode_logits(z)[:, :, mask]
    target = torch.from_numpy(x[:, mask]).expand_as(logits)
    seen = reconstruction_each(logits, target, model.spec.likelihood).numpy()
    assert answers.seen == pytest.approx(seen, rel=1e-4, abs=1e-3)
    assert answers.cost == pytest.approx(seen + 0.5 * np.square(answers.z).sum(1), rel=1e-4)
    assert answers.share == pytest.approx(np.exp(-answers.cost) / np.exp(-answers.cost).sum(), 1e-3)
    assert np.allclose(answers.images, decode_each(model, answers.z, None), atol=1e-5)
    code = encode(model, x * mask)  # the search is worth its while in each of them
    if model.spec.likelihood == "bernoulli":
        assert nats(x, answers.images[0], mask) < nats(x, decode(model, code.mu), mask)
    else:
        before = np.square(x - decode(model, code.mu))[:, mask].sum()
        assert answers.seen[0] < before


def test_answers_differ_and_some_digits_have_several(
    plain: tuple[VAE, CodeBank], digits: Array
) -> None:
    model, bank = plain
    counts = []
    for x in digits[:12]:
        images = done(complete(model, x, _UPPER, bank)).images
        for row in range(1, len(images)):
            assert np.square(images[:row] - images[row]).mean((1, 2, 3)).min() >= 0.05**2
        counts.append(len(images))
    assert max(counts) <= 8
    assert np.mean(counts) > 2.0


def test_the_search_starts_from_images_that_agree_in_several_classes(
    plain: tuple[VAE, CodeBank], digits: Array
) -> None:
    model, bank = plain
    for x in digits[:8]:
        starts = done(complete(model, x, _UPPER, bank, steps=0))
        rows = [int(np.flatnonzero((bank.mu == z).all(1))[0]) for z in starts.z]
        assert len(np.unique(bank.labels[rows])) >= 4
        apart = np.square(bank.images - x.flatten())[:, _UPPER.flatten()].sum(1)
        assert (apart < apart[rows[0]]).mean() < 0.02


def test_it_is_seen_getting_better(plain: tuple[VAE, CodeBank], digits: Array) -> None:
    model, bank = plain
    shown: list[Completion] = []
    last = done(complete(model, digits[4], _UPPER, bank, show=shown.append))
    assert len(shown) >= 3
    costs = [float(done(each).cost[0]) for each in shown]
    assert all(after <= before for before, after in pairwise(costs))
    assert costs[-1] < costs[0]
    assert shown[-1] is last
    more = done(complete(model, digits[4], _UPPER, bank, steps=200))
    assert costs[-1] - 2.0 < more.cost[0] <= costs[-1] + 0.1  # it is nearly there


def test_it_stops_when_told(plain: tuple[VAE, CodeBank], digits: Array) -> None:
    model, bank = plain
    shown: list[Completion] = []
    stopped = complete(
        model, digits[0], _UPPER, bank, should_stop=lambda: bool(shown), show=shown.append
    )
    assert stopped is None
    assert len(shown) == 1
    assert complete(model, digits[0], _UPPER, bank, should_stop=lambda: True) is None


def test_the_same_question_has_the_same_answer(plain: tuple[VAE, CodeBank], digits: Array) -> None:
    model, bank = plain
    few = CodeBank(bank.images[:3], bank.mu[:3], bank.labels[:3])  # the prior has to help out
    for codes in (bank, few):
        one, two = (done(complete(model, digits[9], _UPPER, codes)) for _ in range(2))
        assert np.array_equal(one.z, two.z)
        assert np.array_equal(one.images, two.images)
    other = done(complete(model, digits[9], _UPPER, few, seed=1))
    assert other.z.shape != two.z.shape or not np.array_equal(other.z, two.z)


def test_a_model_with_classes_gives_one_answer_for_each(
    cvae_snapshot: Snapshot, mnist: DatasetPair
) -> None:
    model = cvae_snapshot.build()
    bank = code_bank(model, mnist.train.first(2000))
    assert bank is not None
    image, truth = mnist.test.batch(torch.arange(20))
    ranks = []
    for x, label in zip(image.numpy(), truth.tolist(), strict=True):
        answers = done(complete(model, x, _UPPER, bank))
        assert answers.labels is not None
        assert sorted(answers.labels.argmax(1)) == list(range(10))
        assert (answers.labels.sum(1) == 1.0).all()
        assert np.allclose(answers.images, decode_each(model, answers.z, answers.labels), atol=1e-5)
        ranks.append(answers.labels.argmax(1).tolist().index(label))
    assert np.mean(ranks) < 2.0  # 4.5 by chance
    starts = done(complete(model, image[0].numpy(), _UPPER, bank, steps=0))
    assert starts.labels is not None
    rows = [int(np.flatnonzero((bank.mu == z).all(1))[0]) for z in starts.z]
    assert np.array_equal(bank.labels[rows], starts.labels.argmax(1))


def test_a_label_that_the_bank_lacks_has_an_answer_too(
    cvae_snapshot: Snapshot, mnist: DatasetPair, digits: Array
) -> None:
    model, data = cvae_snapshot.build(), mnist.train.first(300)
    keep = data.labels != 4
    bank = code_bank(model, Dataset(data.images[keep], data.labels[keep]))
    assert bank is not None
    answers = done(complete(model, digits[0], _UPPER, bank))
    assert answers.labels is not None
    assert sorted(answers.labels.argmax(1)) == list(range(10))


@pytest.mark.parametrize("name", ["vae-32", "vae-mse", "cvae"])
def test_where_nothing_is_seen_the_prior_speaks(
    name: str, mnist: DatasetPair, digits: Array
) -> None:
    model, bank = bundled(name, mnist, 500)
    answers = done(complete(model, digits[0], np.zeros((28, 28), np.bool_), bank))
    assert answers.seen == pytest.approx(0.0)
    assert len(answers.z) >= 5
    assert 0.7 < answers.z.std() < 1.3
    other = done(complete(model, digits[1], np.zeros((28, 28), np.bool_), bank))
    assert np.array_equal(answers.z, other.z)


def test_where_all_is_seen_no_code_of_the_encoder_is_better(
    plain: tuple[VAE, CodeBank], digits: Array
) -> None:
    model, bank = plain
    whole = np.ones((28, 28), np.bool_)
    for x in digits[:6]:
        answers = done(complete(model, x, whole, bank))
        mu = np.array(encode(model, x).mu, np.float32)
        costs = nats(x, decode(model, mu.tolist()), whole) + 0.5 * np.square(mu).sum()
        assert answers.cost[0] < costs
        assert np.square(answers.images[0] - x).mean() < 0.03


@pytest.mark.parametrize("size", [1, 64, 512])
def test_any_number_of_dimensions_and_one_pixel(
    size: int, small: DatasetPair, digits: Array
) -> None:
    spec = tiny(VARIANTS["vae-32"], latent_dim=size)
    model = trained(spec, quick(epochs=2), small)[0].model.eval().requires_grad_(False)
    bank = code_bank(model, small.train)
    assert bank is not None
    one = np.zeros((28, 28), np.bool_)
    one[10, 14] = True
    assert done(complete(model, digits[2], one, bank)).z.shape[1] == size
    assert len(done(complete(model, digits[2], _UPPER, bank, starts=1)).z) == 1
    assert done(complete(model, digits[2], _UPPER, bank, steps=0)).z.shape[1] == size


def test_pictures_in_colour(small: DatasetPair) -> None:
    spec = replace(tiny(VARIANTS["vae-32"]), image_shape=(3, 8, 6))
    model = VAE(spec).eval().requires_grad_(False)
    images = torch.randint(0, 256, (40, 3, 8, 6), generator=torch.Generator().manual_seed(0))
    bank = code_bank(model, Dataset(images.to(torch.uint8), torch.zeros(40, dtype=torch.int64)))
    assert bank is not None
    seen = np.zeros((8, 6), np.bool_)
    seen[:3] = True
    x = images[0].numpy().astype(np.float32) / 255.0
    answers = done(complete(model, x, seen, bank))
    assert answers.images.shape[1:] == (3, 8, 6)
    logits = model.decode_logits(torch.from_numpy(answers.z))[:, :, seen]
    target = torch.from_numpy(x[:, seen]).expand_as(logits)
    lost = reconstruction_each(logits, target, "bernoulli").numpy()
    assert answers.seen == pytest.approx(lost, rel=1e-4)


def test_shades_agree_where_they_are_near() -> None:
    """Middle grey is told from black and white, which pixels of ink are not."""
    spec = replace(VARIANTS["conv-vae"], hidden=(4,), latent_dim=3, image_shape=(3, 12, 10))
    model = VAE(spec).eval().requires_grad_(False)
    images = torch.randint(0, 256, (90, 3, 12, 10), generator=torch.Generator().manual_seed(0))
    images[7] = 128
    data = Dataset(images.to(torch.uint8), torch.arange(90) % 40)
    bank = code_bank(model, data, shades=True)
    assert bank is not None
    assert bank.images.dtype == np.uint8
    assert np.array_equal(bank.images, images.flatten(1).numpy())
    seen = np.zeros((12, 10), np.bool_)
    seen[2:7] = True
    x = np.full((3, 12, 10), 0.5, np.float32)
    part = SeenPart(model, x, seen)
    found = part.differs_in_shade(images.flatten(1).numpy().astype(np.uint8))
    apart = np.square(images.numpy() / 255.0 - x)[:, :, seen].sum((1, 2))
    assert found - found.min() == pytest.approx(apart - apart.min(), abs=1e-3)
    assert found.argmin() == 7
    assert len(done(complete(model, x, seen, bank)).images) >= 1
    many = torch.randn(300, 3, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(part.costs(many, None), part.cost(many, None), rtol=1e-4)


def test_what_does_not_fit_is_refused(plain: tuple[VAE, CodeBank]) -> None:
    model, bank = plain
    with pytest.raises(SpecError):
        complete(model, np.zeros((1, 8, 8), np.float32), _UPPER, bank)
    x = np.zeros((1, 28, 28), np.float32)
    for wrong in ({"starts": 0}, {"steps": -1}):
        with pytest.raises(ValueError, match="at least one"):
            complete(model, x, _UPPER, bank, **wrong)
    with pytest.raises(ValueError, match="each pixel"):
        complete(model, x, _UPPER[:3], bank)


def test_wrecked_weights_give_an_error_and_no_nan(
    plain_snapshot: Snapshot, small: DatasetPair, digits: Array
) -> None:
    sound = plain_snapshot.build()
    bank = code_bank(sound, small.train.first(20))
    assert bank is not None
    wrecked = {key: torch.full_like(value, torch.nan) for key, value in sound.state_dict().items()}
    model = replace(plain_snapshot, weights=wrecked).build()
    with pytest.raises(StudioError, match=r"survey\.not_finite"):
        code_bank(model, small.train.first(20))
    with pytest.raises(StudioError, match=r"survey\.not_finite"):
        complete(model, digits[0], _UPPER, bank)


def test_the_first_answer_waits_for_no_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", _COMPLETES], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
