"""Drawings, pictures and completions of models that learnt other images than digits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vae_studio.core.checkpoint import load_snapshot, save_generation
from vae_studio.core.datasets.idx import never
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.table import DATASETS, MNIST, DatasetInfo, Half, Halves
from vae_studio.core.editing import edited_code
from vae_studio.core.errors import SpecError
from vae_studio.core.explore import encode, one_hot
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.snapshot import Snapshot, capture
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import new_state
from vae_studio.session.drawing import ImageRef, Input, Pixels, Seen, Sheet, sheet_for
from vae_studio.session.drawing_jobs import CompletionRequest, MeasureRequest, PictureRequest
from vae_studio.session.drawing_requests import EditRequest, GroundRequest, SeenRequest
from vae_studio.session.requests import EncodeRequest, OpenRequest
from vae_studio.session.state import LatentState
from vae_studio.session.strokes import Stroke
from vae_studio.workers import drawing_answers, drawing_jobs
from vae_studio.workers.answers import answer
from vae_studio.workers.explore_thread import _is_quick
from vae_studio.workers.inputs import image_of, prepared_input
from vae_studio.workers.jobs import work

SHAPE = (3, 16, 16)
SPEC = ModelSpec(
    architecture="conv", hidden=(4, 6), latent_dim=5, likelihood="gaussian", image_shape=SHAPE
)
RED = (255, 0, 0)
DRAWN = Input((Stroke(((0.2, 0.3), (0.8, 0.3)), 0.15, colour=RED), Stroke(((0.5, 0.7),), 0.2)))
THREE = ImageRef("mnist", "test", 18)

assert drawing_answers  # which adds answers


class Shown:
    """What a job told on its way."""

    def __init__(self) -> None:
        self.results: list[Any] = []

    def __call__(self, share: float) -> None:
        assert 0.0 <= share <= 1.0

    def show(self, result: Any) -> None:
        self.results.append(result)


def done(job: Any) -> Any:
    return work(job, never, Shown())


@pytest.fixture
def info(monkeypatch: pytest.MonkeyPatch) -> DatasetInfo:
    """Noise in colour, on white paper."""
    random = np.random.default_rng(0)
    part = Half(random.integers(0, 256, (60, *SHAPE), np.uint8), np.arange(60) % 3)
    info = replace(
        MNIST,
        name="noise",
        title="Noise",
        image_shape=SHAPE,
        class_names=("a", "b", "c"),
        digits=False,
        digest="",
        settings=ImportSettings(size=16),
        load=lambda *_: Halves(part, part),
    )
    monkeypatch.setitem(DATASETS, "noise", info)
    return info


@pytest.fixture
def snapshot(info: DatasetInfo) -> Snapshot:
    """Weights as they are drawn."""
    made = capture(new_state(SPEC, TrainConfig(dataset="noise", device="cpu")), "noise", "noise")
    assert sheet_for(made) == Sheet(SHAPE, 1.0, settings=info.settings)
    return made


def test_a_drawing_is_encoded_as_it_stands(snapshot: Snapshot) -> None:
    result: Any = answer(EncodeRequest(snapshot, DRAWN))
    assert result.way is None
    assert result.image[:, 0, 0].tolist() == [1.0, 1.0, 1.0]
    assert result.image[:, 4, 8].tolist() == pytest.approx([1.0, 0.0, 0.0], abs=0.05)
    assert result.image[:, 11, 8].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=0.2)
    assert result.mu == encode(snapshot.build(), result.image).mu
    assert result.x_hat.shape == SHAPE


def test_a_model_opens_whatever_the_input_is(
    snapshot: Snapshot, plain_snapshot: Snapshot, tmp_path: Path
) -> None:
    """A drawing goes there; an image of other data stays for other models."""
    folder = tmp_path / "noise"
    with RunRecorder(folder, new_state(SPEC, snapshot.config), "noise") as recorder:
        recorder.save()
    save_generation(folder, snapshot.weights)
    opened: Any = answer(OpenRequest(str(folder), drawing=DRAWN))
    assert sheet_for(opened.snapshot) == sheet_for(snapshot)
    image = prepared_input(DRAWN, sheet_for(snapshot)).image
    assert opened.z == encode(opened.snapshot.build(), image).mu
    other: Any = answer(OpenRequest(str(folder), drawing=Input(image=THREE), image=image))
    assert other.z == opened.z
    none: Any = answer(OpenRequest(str(folder), drawing=Input(image=THREE)))
    assert none.z == (0.0,) * 5
    with pytest.raises(SpecError, match="image_shape"):
        answer(EncodeRequest(snapshot, Input(image=THREE)))
    with pytest.raises(SpecError, match="image_shape"):
        answer(EncodeRequest(plain_snapshot, Input(image=ImageRef("noise", "test", 0))))


def test_the_brush_has_its_colour(snapshot: Snapshot) -> None:
    z = tuple(np.linspace(-1, 1, 5).tolist())
    strokes = (
        Stroke(((0.25, 0.25), (0.75, 0.25)), 0.2, colour=RED),
        Stroke(((0.5, 0.75),), 0.3, erases=True),
    )
    found: Any = answer(EditRequest(snapshot, LatentState(z), strokes, 1.0, z))
    wanted, covered = np.zeros(SHAPE, np.float32), np.zeros(SHAPE[1:], np.float32)
    sheet = sheet_for(snapshot)
    for stroke, colour in zip(strokes, ((1.0, 0.0, 0.0), (1.0, 1.0, 1.0)), strict=True):
        there = drawing_answers.brushed((stroke,), sheet)
        wanted[:, there > 0.5] = np.array(colour)[:, None]
        covered = np.maximum(covered, there)
    start = np.array(z, np.float32)
    by_hand = edited_code(snapshot.build(), start, None, wanted, covered, 1.0, start, steps=3)
    assert found.z == tuple(by_hand.tolist())
    assert found.z != z


def test_a_picture_becomes_one_image(snapshot: Snapshot, tmp_path: Path) -> None:
    levels = np.full((40, 80, 4), 255, np.uint8)
    levels[10:30, 30:50, :3] = (0, 160, 0)
    Image.fromarray(levels).save(tmp_path / "green.png")
    sheet = sheet_for(snapshot)
    for source in (tmp_path / "green.png", lambda: levels):
        result = done(PictureRequest(source, None, sheet))
        assert result.digits == ()
        assert not result.inverted
        (image,) = result.images
        assert image[:, 0, 0].tolist() == [1.0, 1.0, 1.0]  # what is beside it
        assert image[:, 8, 8].tolist() == pytest.approx([0, 160 / 255, 0], abs=0.02)
    (image,) = done(PictureRequest(tmp_path / "green.png", True, sheet)).images
    assert image[:, 8, 8].tolist() == pytest.approx([1, 95 / 255, 1], abs=0.02)


def test_each_model_measures_the_input_as_it_takes_it(
    snapshot: Snapshot, plain_snapshot: Snapshot
) -> None:
    drawn = done(MeasureRequest((plain_snapshot, snapshot), DRAWN, ()))
    assert [each.problem for each in drawn.measures] == [None, None]
    assert [each.x_hat.shape for each in drawn.measures] == [(1, 28, 28), SHAPE]
    picture = done(MeasureRequest((plain_snapshot, snapshot), Input(image=THREE), ()))
    assert picture.measures[0].problem is None
    assert picture.measures[1].problem.code == "spec.image_shape"


def test_a_class_is_told_to_models_of_the_same_classes_alone(cvae_snapshot: Snapshot) -> None:
    seven = replace(DRAWN, label=7)
    names = cvae_snapshot.class_names
    (told,) = done(MeasureRequest((cvae_snapshot,), seven, names)).measures
    assert told.label == one_hot(7, 10)
    letters = tuple("ABCDEFGHIJ")
    (other,) = done(MeasureRequest((cvae_snapshot,), seven, letters)).measures
    (unsaid,) = done(MeasureRequest((cvae_snapshot,), DRAWN, names)).measures
    assert other.label == unsaid.label


def test_any_picture_can_be_completed(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing_jobs, "_BANK_BYTES", 20 * 768)
    monkeypatch.setattr(drawing_jobs, "_banks", type(drawing_jobs._banks)())
    for given, seen in (
        (DRAWN, Seen()),
        (DRAWN, Seen((Stroke(((0.1, 0.9), (0.9, 0.9)), 0.1),))),
        (Input(image=ImageRef("noise", "test", 3)), Seen(hidden=(0.0, 0.5, 1.0, 1.0))),
        (Input(pixels=Pixels((1, 28, 28), bytes(784))), Seen(hidden=(0.0, 0.0, 0.5, 1.0))),
    ):
        result = done(CompletionRequest(snapshot, given, seen))
        assert result.ended
        assert result.images.shape[1:] == SHAPE
        assert 0.0 <= result.images.min() <= result.images.max() <= 1.0
        looked: Any = answer(SeenRequest(given, seen, sheet_for(snapshot)))
        assert np.array_equal(looked.image, result.image)
        assert np.array_equal(looked.mask, result.mask)
    (bank,) = drawing_jobs._banks.values()
    assert bank.shades
    assert bank.images.shape == (20, 768)  # from all over the training set
    assert bank.labels.tolist() == [0] * 20


def test_an_image_of_a_data_set_is_shown_as_it_is() -> None:
    result: Any = answer(GroundRequest(THREE))
    assert np.array_equal(result.image, image_of(THREE))


def test_what_takes_long_is_not_done_while_a_hand_waits(snapshot: Snapshot) -> None:
    assert _is_quick(EncodeRequest(snapshot, DRAWN))
    large = replace(snapshot, spec=replace(SPEC, image_shape=(3, 128, 128)))
    assert not _is_quick(EncodeRequest(large, DRAWN))
    several = replace(snapshot, spec=replace(SPEC, image_shape=(3, 64, 64), num_classes=4))
    assert not _is_quick(EncodeRequest(several, DRAWN))
    wide = replace(snapshot, spec=replace(SPEC, image_shape=(3, 64, 64)))
    points = tuple((0.001 * step, 0.5) for step in range(700))
    assert _is_quick(EncodeRequest(wide, DRAWN))
    assert not _is_quick(EncodeRequest(wide, Input((Stroke(points, 0.1),))))


def test_a_shipped_model_takes_all_of_it(snapshot: Snapshot) -> None:
    """A drawing in colours, and a picture that was fitted to another model."""
    from tests.ui.waits import shipped

    model = load_snapshot(shipped("vae-32"))
    for given in (DRAWN, Input(DRAWN.strokes, pixels=Pixels.of(np.ones(SHAPE, np.float32)))):
        result: Any = answer(EncodeRequest(model, given))
        assert result.image.shape == (1, 28, 28)
