"""Is it like MNIST? Judged on digits that are, and on what was done to them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from tests.helpers import part
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.digit import Recipe, digit_image
from vae_studio.core.explore import encode, reconstruction_terms
from vae_studio.core.likeness import Likeness, Norm, likeness, norm_of
from vae_studio.core.model import VAE
from vae_studio.core.resources import bundled_path
from vae_studio.core.survey import survey
from vae_studio.core.surveyed import Survey

Images = NDArray[np.float32]  # [N, 28, 28]
LETTERS = {
    "W": [[(0, 0), (2, 10), (4, 3), (6, 10), (8, 0)]],
    "E": [[(8, 0), (0, 0), (0, 10), (8, 10)], [(0, 5), (6, 5)]],
    "M": [[(0, 10), (0, 0), (4, 6), (8, 0), (8, 10)]],
    "star": [[(0, 0), (10, 10)], [(10, 0), (0, 10)], [(5, 0), (5, 10)], [(0, 5), (10, 5)]],
}


@pytest.fixture(scope="module")
def model() -> VAE:
    return load_snapshot(bundled_path("checkpoints") / "vae-32").build()


@pytest.fixture(scope="module")
def surveyed(model: VAE, mnist: DatasetPair) -> Survey:
    found = survey(model, part(mnist, 1, 2000).test, "vae-32")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def norm(surveyed: Survey) -> Norm:
    return norm_of(surveyed)


@pytest.fixture(scope="module")
def digits(mnist: DatasetPair) -> Images:
    """Test images that are not in the norm."""
    return np.asarray(mnist.test.images[4000:4200, 0].numpy() / 255.0, np.float32)


def judged(model: VAE, norm: Norm, images: Images) -> list[Likeness]:
    found = []
    for picture in images[:, None]:
        terms = reconstruction_terms(model, picture, encode(model, picture))
        found.append(likeness(norm, picture, terms.total()))
    return found


def share(found: list[Likeness], reason: str) -> float:
    return float(np.mean([reason in each.reasons for each in found]))


def grown(images: Images, by: int = 1) -> Images:
    return F.max_pool2d(torch.from_numpy(images), 2 * by + 1, 1, by).numpy()


def test_digits_that_it_has_not_seen_are_like_mnist(
    model: VAE, norm: Norm, mnist: DatasetPair
) -> None:
    others = part(mnist, 1, 10000).test
    found = survey(
        model, replace(others, images=others.images[5000:], labels=others.labels[5000:]), ""
    )
    assert found is not None
    images = found.images.astype(np.float32) / 255.0
    answers = [likeness(norm, x, float(lost)) for x, lost in zip(images, found.loss, strict=True)]
    unlike = [each.unlike for each in answers]
    assert 0.0 < np.mean(unlike) < 0.02
    assert all(each.unlike == bool(each.reasons) for each in answers)


def test_the_percentile_is_the_share_that_loses_less(norm: Norm, surveyed: Survey) -> None:
    picture = surveyed.images[0].astype(np.float32) / 255.0
    for lost in (0.0, 60.0, 90.0, 140.0, 1e6):
        wanted = 100.0 * float((surveyed.loss < lost).mean())
        assert likeness(norm, picture, lost).percentile == pytest.approx(wanted)
    assert likeness(norm, picture, float("nan")).unlike


@pytest.mark.parametrize(("down", "right"), [(4, 0), (-4, 0), (0, 4), (0, -4)])
def test_what_was_moved_is_off_centre(
    model: VAE, norm: Norm, digits: Images, down: int, right: int
) -> None:
    moved = np.pad(digits, ((0, 0), (4, 4), (4, 4)))[:, 4 - down :, 4 - right :][:, :28, :28]
    found = judged(model, norm, moved)
    assert share(found, "off_centre") > 0.97
    assert np.mean([each.reasons[:1] == ("off_centre",) for each in found]) > 0.85


def test_what_was_made_thick_is_too_thick(model: VAE, norm: Norm, digits: Images) -> None:
    assert share(judged(model, norm, grown(digits, 2)), "too_thick") > 0.99
    once = judged(model, norm, grown(digits))  # a thin pen grown once is one that MNIST has
    assert share(once, "too_thick") > 0.5
    assert share(once, "not_a_digit") < 0.2


def test_what_was_made_thin_is_too_thin(model: VAE, norm: Norm, digits: Images) -> None:
    """They lose little: the loss alone would say nothing."""
    stroke = [[(0, 0), (3, -1), (5, 1), (4, 4), (0, 10), (6, 10)]]
    thin = digit_image(stroke, recipe=Recipe(pen_radius=0.4, pen_edge=0.8))
    (found,) = judged(model, norm, thin[None])
    assert found.reasons == ("too_thin",)
    assert found.percentile < 90
    eroded = judged(model, norm, 1.0 - grown(1.0 - digits))
    assert share(eroded, "too_thin") > 0.5
    assert share(eroded, "not_a_digit") < 0.02


def test_what_was_made_small_is_too_small(model: VAE, norm: Norm, digits: Images) -> None:
    box = torch.from_numpy(digits[:, None, 4:24, 4:24])
    little = np.zeros_like(digits)
    little[:, 8:20, 8:20] = F.interpolate(box, (12, 12), mode="bilinear", antialias=True)[:, 0]
    found = judged(model, norm, little)
    assert np.mean([each.reasons[:1] == ("too_small",) for each in found]) > 0.98


def test_what_is_no_digit_is_called_so(model: VAE, norm: Norm) -> None:
    generator = np.random.default_rng(0)
    letters = np.stack([digit_image(strokes) for strokes in LETTERS.values()])
    noise = generator.random((20, 28, 28)).astype(np.float32)
    dust = (generator.random((20, 28, 28)) < 0.12).astype(np.float32)
    for images in (letters, noise, dust):
        found = judged(model, norm, images)
        assert all(each.unlike and each.reasons[0] == "not_a_digit" for each in found)
    square = np.zeros((1, 28, 28), np.float32)
    square[:, 4:24, 4:24] = 1.0
    assert judged(model, norm, square)[0].reasons == ("too_thick",)


def test_no_ink_is_empty(model: VAE, norm: Norm) -> None:
    blank = np.zeros((1, 28, 28), np.float32)
    assert judged(model, norm, blank)[0].reasons == ("empty",)
    blank[0, 3, 3] = 0.5
    assert judged(model, norm, blank)[0].reasons == ("empty",)


def test_a_drawing_by_the_recipe_is_like_mnist(model: VAE, norm: Norm) -> None:
    seven, one = [[(0, 0), (6, 0), (2, 10)]], [[(1, 0), (0, 10)]]
    found = judged(model, norm, np.stack([digit_image(seven), digit_image(one)]))
    assert [each.reasons for each in found] == [(), ()]


def test_the_measure_is_the_test_sets_own(surveyed: Survey) -> None:
    """Colour pictures of another size, all of a kind; one that is not."""
    images = np.zeros((300, 3, 20, 36), np.uint8)
    generator = np.random.default_rng(1)
    for each in images:
        left = generator.integers(4, 8)
        each[:, 6:14, left : left + 22] = 200
    norm = norm_of(replace(surveyed, images=images, labels=surveyed.labels[:300]))
    same = images[0].astype(np.float32) / 255.0
    assert likeness(norm, same, 50.0) == Likeness(likeness(norm, same, 50.0).percentile, (), False)
    assert likeness(norm, np.roll(same, 6, axis=1), 50.0).reasons == ("off_centre",)
    thin = np.zeros_like(same)
    thin[:, 9:11, 6:28] = 0.8
    assert likeness(norm, thin, 50.0).reasons == ("too_thin",)
    three = same.copy()
    three[:, :, 10:12] = three[:, :, 16:18] = 0.0
    assert "too_large" not in likeness(norm, three, 50.0).reasons


def test_white_paper_is_as_good_as_black(surveyed: Survey, norm: Norm) -> None:
    white = norm_of(replace(surveyed, images=255 - surveyed.images), 1.0)
    for one, other in (
        (norm.middle, white.middle),
        (norm.usual, white.usual),
        (norm.far, white.far),
    ):
        assert np.allclose(one, other, atol=1e-5)
    for image in (surveyed.images[3], np.roll(surveyed.images[3], 6, 1), 0 * surveyed.images[3]):
        x = image.astype(np.float32) / np.float32(255.0)
        assert likeness(white, 1.0 - x, 90.0).reasons == likeness(norm, x, 90.0).reasons


def test_a_colour_is_ink_however_light_it_is(surveyed: Survey) -> None:
    """Bars in one channel alone, in yellow on white: a blank sheet is told from them, and a bar
    that is moved."""
    images = np.full((200, 3, 24, 24), 255, np.uint8)
    generator = np.random.default_rng(2)
    for each in images:
        left = generator.integers(8, 12)
        each[2, 6:18, left : left + 5] = 60
    norm = norm_of(replace(surveyed, images=images, labels=surveyed.labels[:200]), 1.0)
    same = images[0].astype(np.float32) / 255.0
    assert likeness(norm, same, 50.0).reasons == ()
    assert likeness(norm, np.ones_like(same), 50.0).reasons == ("empty",)
    assert likeness(norm, np.roll(same, 7, 2), 50.0).reasons == ("off_centre",)


def test_pictures_with_more_holes_than_parts_are_no_dust(surveyed: Survey) -> None:
    """A net: what is like it is so, however many holes it has."""
    images = np.zeros((100, 1, 28, 28), np.uint8)
    images[:, :, ::4] = images[:, :, :, ::4] = 255
    generator = np.random.default_rng(3)
    for each in images:
        each[0, generator.integers(0, 28, 6), generator.integers(0, 28, 6)] = 255
    norm = norm_of(replace(surveyed, images=images, labels=surveyed.labels[:100]))
    assert norm.far[1, 5] < 0
    found = [likeness(norm, x.astype(np.float32) / 255.0, 50.0) for x in images]
    assert not any(each.unlike for each in found)
    dust = (generator.random((1, 28, 28)) < 0.12).astype(np.float32)
    assert likeness(norm, dust, 1e9).reasons[0] == "not_a_digit"


def test_parts_are_counted(norm: Norm) -> None:
    """Twelve short strokes in the place of a digit; then three long ones."""
    picture = np.zeros((1, 28, 28), np.float32)
    for row in range(5, 23, 5):
        for column in (5, 12, 19):
            picture[0, row : row + 3, column : column + 4] = 1.0
    assert likeness(norm, picture, 90.0).reasons == ("many_parts",)
    picture[0, 5:23, [6, 13, 20]] = 1.0  # joined by three lines down
    assert "many_parts" not in likeness(norm, picture, 90.0).reasons
    aslant = np.eye(28, dtype=np.float32)[None]  # pixels that touch at their corners are one part
    assert "many_parts" not in likeness(norm, aslant, 90.0).reasons


def test_the_window_may_import_it_without_torch() -> None:
    code = "import sys, vae_studio.core.likeness; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
