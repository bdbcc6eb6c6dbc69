"""Runs side by side: the same digits, the same z, and no ranking that is not fair."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers import quick, recorded, tiny
from vae_studio.core.checkpoint import load_snapshot, save_generation
from vae_studio.core.compared import COLUMNS, Comparison, curve_of
from vae_studio.core.comparison import SAMPLES, compare, in_turn, one_of_each, prior_points
from vae_studio.core.data import Dataset, DatasetPair
from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop
from vae_studio.core.datasets.table import DATASETS, Halves
from vae_studio.core.errors import CheckpointError, DatasetError, SpecError, StudioError
from vae_studio.core.evaluate import evaluate
from vae_studio.core.experiments import MAX_ARMS
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.runs import read_run
from vae_studio.core.trainer import new_state
from vae_studio.core.variants import VARIANTS

KINDS = {
    "plain": tiny(VARIANTS["vae-32"]),
    "mse": tiny(VARIANTS["vae-mse"]),
    "labels": tiny(VARIANTS["cvae"]),
    "small": tiny(VARIANTS["vae-32"], latent_dim=3),
}


pytestmark = pytest.mark.usefixtures("small_mnist")


@pytest.fixture(scope="module")
def runs(small: DatasetPair, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A trained run of each kind, and one with another β. Read only."""
    folder = tmp_path_factory.mktemp("runs")
    found = {
        kind: recorded(folder / kind, spec, quick(epochs=2), small, kind)
        for kind, spec in KINDS.items()
    }
    config = quick(epochs=2, beta=4.0)
    found["beta"] = recorded(folder / "beta", KINDS["plain"], config, small, "beta")
    return found


def compared(*paths: Path, **options: Any) -> Comparison:
    found = compare(paths, **options)
    assert found is not None
    return found


def codes(comparison: Comparison) -> set[str]:
    return {note.code for note in comparison.notes}


def rewritten(run: Path, **changes: Any) -> Path:
    """The run, with what a stranger may have put into its config.json."""
    values = json.loads((run / "config.json").read_text())
    for key, value in changes.items():
        values[key] = {**values[key], **value} if isinstance(value, dict) else value
    (run / "config.json").write_text(json.dumps(values))
    return run


def copied(run: Path, folder: Path) -> Path:
    shutil.copytree(run, folder)
    return folder


def test_has_what_the_runs_recorded(runs: dict[str, Path]) -> None:
    found = compared(runs["plain"], runs["beta"], labels=["one", "four"], title="T", question="Q?")
    assert (found.title, found.question) == ("T", "Q?")
    assert [run.label for run in found.runs] == ["one", "four"]
    assert [run.name for run in found.runs] == ["plain", "beta"]
    assert [(each.field, each.values) for each in found.differences] == [("beta", (1.0, 4.0))]
    for run in found.runs:
        info = read_run(run.path)
        assert run.evaluation == info.evaluation
        assert (run.spec, run.config, run.epoch) == (info.spec, info.config, 2)
        assert run.seconds == info.seconds > 0
        assert [point.epoch for point in run.curve] == [1, 2]
        assert run.curve[-1].test == run.evaluation.terms
        assert run.figure("squared_error") == run.evaluation.squared_error / 784
        assert run.figure("bernoulli") == run.evaluation.bernoulli / 784
        state = new_state(run.spec, run.config)
        assert run.parameters == sum(p.numel() for p in state.model.parameters())
    assert codes(found) == {"same_z"}


def test_everyone_is_shown_one_digit_of_each_class(
    runs: dict[str, Path], small: DatasetPair
) -> None:
    found = compared(runs["plain"], runs["mse"])
    assert found.classes == tuple("0123456789")
    for digit, image in enumerate(found.originals):
        first = int((small.test.labels == digit).nonzero()[0])
        assert np.array_equal(image, small.test.images[first].numpy() / np.float32(255))
    again = compared(runs["labels"], runs["small"])
    assert np.array_equal(found.originals, again.originals)


def test_reconstructions_are_decoded_from_the_means(runs: dict[str, Path]) -> None:
    found = compared(runs["plain"], runs["labels"])
    x = torch.from_numpy(found.originals)
    for run in found.runs:
        model = load_snapshot(run.path).build()
        labels = torch.arange(10) if run.spec.conditional else None
        x_hat, _, _ = model(x, labels)
        assert np.allclose(run.reconstructions, x_hat.numpy(), atol=1e-6)
    assert "told" in codes(found)


def test_samples_come_from_the_same_z(runs: dict[str, Path]) -> None:
    (z, none), (first, _) = (prior_points(KINDS[kind]) for kind in ("plain", "small"))
    assert none is None
    assert z.shape == (SAMPLES, 6)
    assert torch.equal(z[:, :3], first)  # the first numbers of one vector
    same, labels = prior_points(KINDS["labels"])
    assert torch.equal(same, z)
    assert labels is not None
    assert labels.tolist() == [*range(10)] * 2
    found = compared(runs["plain"], runs["small"], runs["labels"])
    for run in found.runs:
        model = load_snapshot(run.path).build()
        expected = model.decode(*prior_points(run.spec)).numpy()
        assert np.array_equal(run.samples, expected)
    assert {"first_z", "classes"} <= codes(found)
    assert "same_z" not in codes(found)
    other = compared(runs["plain"], runs["beta"])  # whoever else is there
    assert np.array_equal(other.runs[0].samples, found.runs[0].samples)


def test_cross_entropy_and_squared_error_are_not_ranked(runs: dict[str, Path]) -> None:
    found = compared(runs["plain"], runs["mse"])
    assert not found.comparable_loss
    assert "likelihoods" in codes(found)
    best = found.best
    assert best["reconstruction"] is None
    assert best["negative_elbo"] is None
    for measure in ("squared_error", "bernoulli"):  # which measure both alike
        values = [run.figure(measure) for run in found.runs]
        assert best[measure] == (values.index(min(values)),)


def test_beta_matters_to_no_ranking(runs: dict[str, Path]) -> None:
    found = compared(runs["plain"], runs["beta"])
    assert found.comparable_loss
    for column in ("reconstruction", "negative_elbo"):
        values = [run.figure(column) for run in found.runs]
        assert found.best[column] == (values.index(min(values)),)
    assert found.best["kl"] is None  # less of it is neither better nor worse
    assert set(found.best) == {column.name for column in COLUMNS}


def test_a_bound_given_the_label_is_another_bound(runs: dict[str, Path]) -> None:
    found = compared(runs["plain"], runs["labels"])
    assert found.comparable_loss
    assert found.best["reconstruction"] is not None
    assert found.best["negative_elbo"] is None
    note = next(note for note in found.notes if note.code == "labels")
    assert note.params == {"names": "labels", "classes": 10, "nats": "2.30"}


def test_equal_figures_are_both_the_best_or_none_is(runs: dict[str, Path], tmp_path: Path) -> None:
    twin = copied(runs["plain"], tmp_path / "twin")
    found = compared(runs["plain"], twin)
    assert found.differences == ()
    assert found.best["squared_error"] == ()
    with_another = compared(runs["plain"], twin, runs["beta"])
    values = [round(run.figure("squared_error"), 4) for run in with_another.runs]
    best = with_another.best["squared_error"]
    assert best == tuple(i for i, value in enumerate(values) if value == min(values))
    assert best in ((0, 1), (2,))


def test_measures_what_was_not_measured(
    runs: dict[str, Path], tmp_path: Path, small: DatasetPair
) -> None:
    state = new_state(KINDS["plain"], quick(epochs=5))
    RunRecorder(tmp_path / "fresh", state, "fresh").save()
    found = compared(runs["plain"], tmp_path / "fresh")
    assert found.runs[1].evaluation == evaluate(state.model, small.test)
    assert found.runs[1].curve == ()
    assert {"no_curve", "unfinished"} <= codes(found)


def test_figures_of_other_weights_do_not_count(
    runs: dict[str, Path], tmp_path: Path, small: DatasetPair
) -> None:
    run = copied(runs["plain"], tmp_path / "run")
    other = new_state(KINDS["plain"], quick(seed=9)).model
    save_generation(run, other.state_dict(), epoch=2, step=99)
    found = compared(run, runs["beta"])
    assert found.runs[0].evaluation == evaluate(other, small.test)
    assert found.runs[0].evaluation != read_run(run).evaluation


@pytest.mark.parametrize("count", [0, 1, MAX_ARMS + 1])
def test_two_to_eight(runs: dict[str, Path], count: int) -> None:
    with pytest.raises(StudioError) as caught:
        compare([runs["plain"]] * count)
    assert caught.value.code == "compare.count"


def test_a_run_is_not_compared_with_itself(runs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(runs["plain"])
    with pytest.raises(StudioError) as caught:
        compare([runs["plain"], tmp_path / "link"])
    assert caught.value.code == "compare.twice"


def test_other_data_and_other_shapes_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    other = rewritten(copied(runs["plain"], tmp_path / "o"), config={"dataset": "letters"})
    with pytest.raises(StudioError) as caught:
        compare([runs["plain"], other])
    assert caught.value.code == "compare.dataset"
    assert caught.value.params["found"] == "letters"
    shape = {"image_shape": [1, 14, 56]}
    shaped = rewritten(copied(runs["plain"], tmp_path / "s"), spec=shape, data=shape)
    with pytest.raises(StudioError) as caught:
        compare([runs["plain"], shaped])
    assert caught.value.code == "compare.shape"
    assert caught.value.params["found"] == "1 × 14 × 56"


def test_a_checkpoint_with_other_settings_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    """config.json says mnist, the checkpoint's own settings say another shape."""
    odd = tmp_path / "odd"
    spec = replace(KINDS["plain"], image_shape=(1, 14, 56))
    state = new_state(spec, quick(dataset="letters"))
    RunRecorder(odd, state, "odd").save()
    shutil.copy(runs["plain"] / "config.json", odd / "config.json")
    with pytest.raises(StudioError) as caught:
        compare([runs["plain"], odd])
    assert caught.value.code == "compare.dataset"


def test_shapes_that_fit_no_data_set_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    shape = {"image_shape": [1, 14, 56]}
    paths = [
        rewritten(copied(runs["plain"], tmp_path / name), spec=shape, data=shape) for name in "ab"
    ]
    with pytest.raises(SpecError) as caught:
        compare(paths)
    assert caught.value.code == "spec.choice"


def test_a_run_that_learnt_other_images_of_that_name_is_refused(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    other = rewritten(copied(runs["plain"], tmp_path / "o"), data={"digest": "ab" * 32})
    with pytest.raises(DatasetError) as caught:
        compare([runs["plain"], other])
    assert caught.value.code == "data.other"


def test_samples_say_their_classes_by_name() -> None:
    assert in_turn(tuple("0123456789")) == "0 to 9"
    assert in_turn(("red disc", "square & co")) == "red disc, square & co"
    many = in_turn([f"kind {number}" for number in range(1000)])
    assert many.startswith("kind 0, kind 1, ")
    assert many.endswith("kind 19")  # as far as the samples go


def test_what_is_no_run_says_what_it_is(runs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"PK\3\4 and so on")
    with pytest.raises(CheckpointError) as caught:
        compare([runs["plain"], tmp_path / "model.pth"])
    assert caught.value.code == "checkpoint.pickle"


@pytest.mark.parametrize(
    "text",
    [
        "epoch,step\n1,2\n",
        "not a table at all",
        "epoch,train_reconstruction,train_kl,test_reconstruction,test_kl\n1,nan,1,1,1\n",
        "epoch,train_reconstruction,train_kl,test_reconstruction,test_kl\n1,1e300,1,1,1\n",
        "epoch,train_reconstruction,train_kl,test_reconstruction,test_kl\n1.5,1,1,1,1\n",
        "epoch,train_reconstruction,train_kl,test_reconstruction,test_kl\n2,1,1,1,1\n1,1,1,1,1\n",
        "epoch,train_reconstruction,train_kl,test_reconstruction,test_kl\n-1,1,1,1,1\n",
        "epoch,train_reconstruction,train_kl,test_reconstruction,test_kl\n1,1,1,1,1\n1,1,1,1,1\n",
    ],
)
def test_damaged_curves_are_left_out_with_a_note(
    runs: dict[str, Path], tmp_path: Path, text: str
) -> None:
    run = copied(runs["plain"], tmp_path / "run")
    (run / "metrics.csv").write_text(text)
    found = compared(runs["plain"], run)
    assert found.runs[1].curve == ()
    assert [note.code for note in found.notes if note.about == "curves"] == ["no_curve"]


def test_a_curve_ends_where_the_weights_are(runs: dict[str, Path]) -> None:
    with (runs["plain"] / "metrics.csv").open() as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    whole, part = curve_of(rows, 2), curve_of(rows, 1)
    assert whole is not None
    assert part == whole[:1]


def test_changes_by_hand_are_noted(runs: dict[str, Path], tmp_path: Path) -> None:
    run = rewritten(copied(runs["plain"], tmp_path / "run"), journal=[[3, "beta", 2.0]])
    assert "changed" in codes(compared(runs["plain"], run))


def test_stops_when_asked(runs: dict[str, Path], tmp_path: Path) -> None:
    asked = 0

    def after(count: int) -> bool:
        nonlocal asked
        asked += 1
        return asked > count

    RunRecorder(tmp_path / "fresh", new_state(KINDS["plain"], quick()), "fresh").save()
    paths = [runs["plain"], tmp_path / "fresh"]
    for count in range(3):  # before either run, and while the second is measured
        asked = 0
        assert compare(paths, should_stop=lambda count=count: after(count)) is None
    asked = 0
    assert compare(paths, should_stop=lambda: after(1000)) is not None
    assert asked == 3


def test_stops_while_the_data_are_read(
    runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []

    def load(should_stop: ShouldStop) -> Halves:
        answers.append(should_stop())
        raise LoadingStoppedError

    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], load=load))
    assert compare([runs["plain"], runs["mse"]], should_stop=lambda: True) is None
    assert answers == [True]


def test_a_class_without_images_is_left_out() -> None:
    data = Dataset(torch.zeros(4, 1, 2, 2, dtype=torch.uint8), torch.tensor([2, 0, 2, 0]))
    assert one_of_each(data, 3).tolist() == [1, 0]


def test_weights_gone_wild_make_no_figure_the_best(runs: dict[str, Path], tmp_path: Path) -> None:
    state = new_state(KINDS["plain"], quick())
    with torch.no_grad():
        for parameter in state.model.parameters():
            parameter.mul_(1e30)
    RunRecorder(tmp_path / "wild", state, "wild").save()
    found = compared(runs["plain"], tmp_path / "wild")
    assert found.best["negative_elbo"] == (0,)
