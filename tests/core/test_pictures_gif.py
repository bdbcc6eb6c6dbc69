"""Films as GIF files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from vae_studio.core.pictures import gif, to_bytes


def noise(count: int, channels: int = 1) -> np.ndarray:
    """Images of 5 × 4 pixels, all levels of grey among them."""
    drawn = np.random.default_rng(1).random((count, channels, 5, 4), np.float32)
    return drawn


def frames(content: bytes) -> list[np.ndarray]:
    """What a viewer shows, [H, W, 3] each."""
    with Image.open(io.BytesIO(content)) as film:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]


@pytest.mark.parametrize("scale", [1, 3])
def test_a_film_of_grey_pictures_is_exact(scale: int) -> None:
    images = noise(12)
    shown = frames(gif(images, scale))
    assert len(shown) == 12
    for frame, image in zip(shown, images, strict=True):
        expected = to_bytes(image[0]).repeat(scale, 0).repeat(scale, 1)
        for channel in range(3):
            np.testing.assert_array_equal(frame[..., channel], expected)


def test_what_changes_little_is_exact_too() -> None:
    images = np.repeat(noise(1), 8, axis=0)
    for index in range(8):
        images[index, 0, index % 5, index % 4] = 1.0 - images[index, 0, index % 5, index % 4]
    shown = frames(gif(images))
    assert [frame[..., 0].tolist() for frame in shown] == [
        to_bytes(image[0]).tolist() for image in images
    ]


def test_every_level_of_grey_is_kept() -> None:
    levels = np.arange(256, dtype=np.float32).reshape(1, 1, 16, 16) / 255
    shown = frames(gif(np.concatenate([levels, levels[..., ::-1]])))
    assert [np.unique(frame[..., 0]).size for frame in shown] == [256, 256]


def test_a_film_in_colour_with_few_colours_is_exact() -> None:
    images = noise(3, channels=3)
    for frame, image in zip(frames(gif(images, 2)), images, strict=True):
        expected = to_bytes(image).transpose(1, 2, 0).repeat(2, 0).repeat(2, 1)
        np.testing.assert_array_equal(frame, expected)


@pytest.mark.parametrize(("asked", "shown"), [(100, 100), (44, 40), (46, 50), (250, 250), (1, 20)])
def test_each_frame_stays_as_long_as_a_gif_can_say(asked: int, shown: int) -> None:
    with Image.open(io.BytesIO(gif(noise(3), milliseconds=asked))) as film:
        for frame in ImageSequence.Iterator(film):
            assert frame.info["duration"] == shown


def test_an_image_like_the_one_before_makes_that_one_stay() -> None:
    images = noise(2)[[0, 0, 1, 1, 1]]
    with Image.open(io.BytesIO(gif(images, milliseconds=50))) as film:
        stays = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
    assert stays == [100, 150]


def test_it_goes_round_for_ever_or_once() -> None:
    with Image.open(io.BytesIO(gif(noise(2), loop=True))) as film:
        assert film.info["loop"] == 0
    with Image.open(io.BytesIO(gif(noise(2), loop=False))) as film:
        assert "loop" not in film.info


def test_one_image_is_a_film_too() -> None:
    images = noise(1)
    (frame,) = frames(gif(images, 2))
    np.testing.assert_array_equal(frame[..., 0], to_bytes(images[0, 0]).repeat(2, 0).repeat(2, 1))
