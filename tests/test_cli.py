"""The command line, called in this process, with small models on real digits."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers import (
    Disk,
    content,
    figures,
    kept,
    quick,
    same,
    tiny,
    trained,
    weights_equal,
)
from vae_studio import __version__
from vae_studio.cli import main
from vae_studio.core import learner, losses
from vae_studio.core.checkpoint import load_snapshot, save_generation
from vae_studio.core.data import DatasetPair
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.lock import RunLock, is_locked
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.runs import list_runs, read_metrics, read_run
from vae_studio.core.snapshot import Snapshot, capture
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import new_state
from vae_studio.core.variants import VARIANTS, fitted
from vae_studio.session.folders import runs_folder

TINY = ("--set", "hidden=48,24", "latent_dim=6", "batch_size=128", "schedule=constant")


pytestmark = pytest.mark.usefixtures("small_mnist")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """An untrained small CVAE as a run folder."""
    RunRecorder(tmp_path / "run", new_state(tiny(VARIANTS["cvae"]), quick()), "My model").save()
    return tmp_path / "run"


@pytest.fixture
def plain_run(tmp_path: Path) -> Path:
    RunRecorder(tmp_path / "plain", new_state(tiny(VARIANTS["vae-32"]), quick()), "Plain").save()
    return tmp_path / "plain"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command that ends with 2."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("vae-studio: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("name", VARIANTS)
def test_train_makes_a_run(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], small: DatasetPair
) -> None:
    folder = tmp_path / "a run"
    command = ["train", "--variant", name, "--epochs", "2", "--seed", "3", "--output", str(folder)]
    assert main([*command, *TINY]) == 0
    out, err = capsys.readouterr()
    assert "epoch   1" in out
    assert f"finished at epoch 2: {folder}" in out
    assert err == ""  # no bar where there is no terminal
    info = read_run(folder)
    assert (info.variant, info.status, info.epoch, info.name) == (name, "finished", 2, "a run")
    assert info.command.startswith(f"vae-studio train --variant {name} --epochs 2")
    assert "'" in info.command  # quoted, so that it can be typed again
    spec = fitted(VARIANTS[name], DATASETS["mnist"])
    spec = replace(spec, hidden=(48, 24), latent_dim=6)
    config = TrainConfig(epochs=2, seed=3, batch_size=128, schedule="constant")
    assert (info.spec, info.config) == (spec, config)
    state, _ = trained(spec, config, small)  # the same bits as without the command line
    assert weights_equal(load_snapshot(folder), capture(state, "", ""))
    assert len(read_metrics(folder)) == 2


def test_what_the_doctor_finds_is_told_while_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "--output", str(tmp_path / "run"), "--epochs", "7", *TINY]
    assert main([*command, "batch_size=64", "reduction=mean"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "scales" in line]
    assert line.endswith("Try: --set reduction=sum")
    main(["train", "--output", str(tmp_path / "sum"), "--epochs", "7", *TINY])
    assert "Try:" not in capsys.readouterr().out


def test_train_without_an_output_adds_to_the_users_runs() -> None:
    assert main(["train", "--name", "Mine", "--epochs", "1", *TINY]) == 0
    (info,) = list_runs([runs_folder()])
    assert info.name == "Mine"
    assert info.path.name.startswith("vae-32-")


@pytest.mark.parametrize("weights", ["float32", "float16"])
def test_repeat_compares_a_run_with_its_record(
    weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    main(["train", "--epochs", "2", "--weights", weights, "--output", str(folder), *TINY])
    capsys.readouterr()
    assert main(["repeat", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out.count("the same numbers") == 2
    assert ("bit for bit" in out) == (weights == "float32")
    assert err == ""
    metrics = folder / "metrics.csv"
    row = read_metrics(folder)[1]
    text = metrics.read_text()
    metrics.write_text(text.replace(str(row["test_kl"]), "1.5"))
    assert main(["repeat", str(folder)]) == 1
    out, _ = capsys.readouterr()
    assert "differs: test_kl 1.5, now" in out


def test_train_writes_half_precision(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ["train", "--epochs", "1", "--weights", "float16", "--output", str(folder), *TINY]
    assert main(command) == 0
    assert read_run(folder).weights == "float16"
    assert load_snapshot(folder).evaluation is not None


def test_set_takes_every_field(tmp_path: Path) -> None:
    changed: dict[str, Any] = {
        "activation": "leaky_relu", "negative_slope": 0.3, "batch_norm": True,
        "hidden_dropout": 0.1, "latent_dropout": 0.1, "likelihood": "mse", "num_classes": 10,
        "architecture": "mlp", "latent_dim": 3, "hidden": (20,), "image_shape": (1, 28, 28),
        "dataset": "mnist", "epochs": 1, "batch_size": 256, "learning_rate": 0.01,
        "schedule": "constant", "beta": 2.0, "beta_warmup": 1, "weight_decay": 0.01,
        "rate_warmup": 1, "mean_bias": True, "grad_clip": 1.0, "init": "xavier", "seed": 4,
        "device": "cpu", "train_size": 300, "reduction": "mean",
    }  # fmt: skip
    assert set(changed) == {
        item.name for record in (ModelSpec, TrainConfig) for item in fields(record)
    }
    texts = [
        f"{name}={','.join(map(str, value)) if isinstance(value, tuple) else str(value).lower()}"
        for name, value in changed.items()
    ]
    assert (
        main(["train", "--output", str(tmp_path / "run"), "--set", *texts[:9], "--set", *texts[9:]])
        == 0
    )
    info = read_run(tmp_path / "run")
    for name, value in changed.items():
        assert getattr(info.spec, name, getattr(info.config, name, None)) == value


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--variant", "vae-33"], ["vae-33", "vae-32"]),
        (["--set", "betta=3"], ["betta", "beta"]),
        (["--set", "beta=high"], ["beta", "high", "number"]),
        (["--set", "learning_rate=500"], ["learning_rate", "500"]),
        (["--epochs", "0"], ["epochs", "0"]),
        (["--set", "dataset=emnist"], ["emnist", "mnist"]),
        (["--set", "num_classes=5"], ["num_classes", "5", "10"]),
        (["--set", "image_shape=3,28,28"], ["image_shape"]),
        (["--set", "batch_norm=true", "batch_size=1"], ["batch_size", "1"]),
    ],
)
def test_train_refuses_in_one_line(
    arguments: list[str], words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "train", "--output", str(tmp_path / "run"), *arguments)
    assert all(word in line for word in words)
    assert not (tmp_path / "run").exists()


def test_train_writes_over_nothing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = load_snapshot(run)
    assert "not empty" in refused(capsys, "train", "--output", str(run), *TINY)
    assert weights_equal(load_snapshot(run), before)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_end_signal_keeps_the_model(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    number = getattr(signal, name)
    calls: list[int] = []

    def interrupting(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), number)
        return losses.loss_terms(*arguments)

    monkeypatch.setattr(learner, "loss_terms", interrupting)
    before = signal.getsignal(number)
    assert main(["train", "--epochs", "9", "--output", str(tmp_path / "run"), *TINY]) == 0
    assert signal.getsignal(number) is before
    assert "stopped at epoch 1" in capsys.readouterr().out
    info = read_run(tmp_path / "run")
    assert (info.status, info.step) == ("stopped", 6)


def test_a_failed_training_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learner, "loss_terms", lambda *_: (_ for _ in ()).throw(FloatingPointError))
    line = refused(capsys, "train", "--output", str(tmp_path / "run"), *TINY)
    assert "step 1" in line
    assert read_run(tmp_path / "run").status == "failed"


def test_under_nohup_the_end_of_the_terminal_is_not_that_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def hanging_up(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGHUP)
        return losses.loss_terms(*arguments)

    monkeypatch.setattr(learner, "loss_terms", hanging_up)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["train", "--epochs", "1", "--output", str(tmp_path / "run"), *TINY]) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert read_run(tmp_path / "run").status == "finished"


CONFIG = ("--epochs", "3", *TINY)


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of three epochs, stopped within the second."""
    calls: list[int] = []

    def interrupting(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return losses.loss_terms(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(learner, "loss_terms", interrupting)
        assert main(["train", "--output", str(tmp_path / "cut"), *CONFIG]) == 0
    return tmp_path / "cut"


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    """The same run, which nothing stopped."""
    assert main(["train", "--output", str(tmp_path / "calm"), *CONFIG]) == 0
    return tmp_path / "calm"


def test_a_run_goes_on_as_it_was(cut: Path, calm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (read_run(cut).status, read_run(cut).step) == ("stopped", 6)
    capsys.readouterr()
    assert main(["train", "--resume", str(cut)]) == 0
    out, err = capsys.readouterr()
    assert f"finished at epoch 3: {cut}" in out
    assert "epoch   2" in out
    assert "epoch   1 " not in out
    assert err == ""
    assert same(kept(cut), kept(calm))
    assert figures(cut) == figures(calm)
    assert not is_locked(cut)


def test_a_run_of_the_user_goes_on_by_name(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs_folder().mkdir(parents=True)
    cut.rename(runs_folder() / "mine")
    assert main(["train", "--resume", "mine"]) == 0
    assert "finished at epoch 3" in capsys.readouterr().out


def test_where_the_newest_checkpoint_is_damaged_it_goes_on_from_the_one_before(
    cut: Path, calm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (max(cut.glob("checkpoint/generation-*")) / "model.safetensors").write_bytes(b"?")
    capsys.readouterr()
    assert main(["train", "--resume", str(cut)]) == 0
    err = capsys.readouterr().err
    assert err.startswith("vae-studio: The newest checkpoint of cut is damaged")
    assert same(kept(cut), kept(calm))


@pytest.mark.parametrize(
    "options",
    [
        ("--variant", "vae-32"),
        ("--epochs", "9"),
        ("--output", "elsewhere"),
        ("--seed", "0"),
        ("--name", "x"),
        ("--set", "beta=2"),
        ("--weights", "float32"),
    ],
    ids=lambda options: options[0],
)
def test_a_run_that_goes_on_takes_no_other_options(
    options: tuple[str, ...], cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(cut)
    capsys.readouterr()
    line = refused(capsys, "train", "--resume", str(cut), *options)
    assert f"Leave out {options[0]}," in line
    assert content(cut) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "No run “no such run”"),
        ("bundled", "ships with the app"),
        ("finished", "has done all its epochs"),
        ("float16", "without what going on needs"),
        ("damaged", "damaged"),
        ("locked", "another window or command"),
    ],
)
def test_what_cannot_go_on_is_one_line(
    change: str | None, words: str, cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, lock = str(cut), contextlib.nullcontext()
    if change is None:
        run = "no such run"
    elif change == "bundled":
        run = "vae-2"
    elif change == "finished":
        assert main(["train", "--resume", run]) == 0
    elif change == "float16":
        run = str(cut.with_name("half"))
        assert main(["train", "--weights", "float16", "--output", run, *CONFIG]) == 0
    elif change == "damaged":
        for path in cut.glob("checkpoint/*/training.safetensors"):
            path.write_bytes(b"?")
    else:
        lock = RunLock(cut)
    before = content(cut)
    capsys.readouterr()
    with lock:
        assert words in refused(capsys, "train", "--resume", run)
    assert content(cut) == before
    assert not is_locked(cut)


def test_a_write_that_fails_ends_with_2_and_says_how_to_go_on(
    tmp_path: Path,
    calm: Path,
    disk: Disk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "a run"
    calls: list[int] = []

    def filling(*arguments: Any) -> Any:
        calls.append(1)
        disk.full = disk.full or len(calls) == 6
        return losses.loss_terms(*arguments)

    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(learner, "loss_terms", filling)
        assert main(["train", "--output", str(run), *CONFIG]) == 2
    out, err = capsys.readouterr()
    assert "epoch   1" in out
    assert "epoch   2" not in out
    hint, line = err.splitlines()
    command = f"vae-studio train --resume {shlex.quote(str(run))}"
    assert hint == f"Once it can be written, go on with: {command}"
    assert line.startswith("vae-studio: Cannot write to ")
    assert "No space left on device" in line
    disk.full = False
    assert load_snapshot(run).epoch == 1
    assert not is_locked(run)
    assert main(shlex.split(command)[1:]) == 0
    assert same(kept(run), kept(calm))
    assert figures(run) == figures(calm)


def test_a_first_write_that_fails_ends_with_2(
    tmp_path: Path, disk: Disk, capsys: pytest.CaptureFixture[str]
) -> None:
    disk.full = True
    line = refused(capsys, "train", "--output", str(tmp_path / "run"), *CONFIG)
    assert "No space left on device" in line
    assert not (tmp_path / "run" / "config.json").exists()


def test_evaluate_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "run")
    assert main(["train", "--epochs", "1", "--output", folder, *TINY]) == 0
    capsys.readouterr()
    assert main(["evaluate", folder, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    recorded = read_run(tmp_path / "run").evaluation
    assert recorded is not None
    assert figures["negative_elbo"] == pytest.approx(recorded.negative_elbo, abs=1e-9)
    assert figures["kl"] == pytest.approx(recorded.terms.kl)
    assert figures["reconstruction"] == pytest.approx(recorded.terms.reconstruction)
    assert (figures["active_units"], figures["latent_dim"]) == (recorded.active_units, 6)


def test_evaluate_prints_a_table(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run)]) == 0
    out = capsys.readouterr().out
    assert "My model" in out
    assert "−ELBO" in out
    assert "of 6" in out


def test_sample_draws_a_grid(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def drawn(*arguments: str) -> bytes:
        path = tmp_path / "new" / "grid.png"
        assert main(["sample", str(run), "--output", str(path), *arguments]) == 0
        assert capsys.readouterr().out == f"{path}\n"
        with Image.open(path) as picture:
            assert picture.size == (4 * (3 * 28 + 2 * 2), 4 * (2 * 28 + 2))
        return path.read_bytes()

    six = ("--count", "6")
    assert drawn(*six) == drawn(*six, "--seed", "0")
    assert drawn(*six, "--seed", "1") != drawn(*six)
    assert drawn(*six, "--label", "3") != drawn(*six, "--label", "4")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--label", "10"], ["0 to 9"]),
        (["--label", "-1"], ["0 to 9"]),
        (["--count", "0"], ["count", "0"]),
        (["--count", "10001"], ["count", "10001"]),
    ],
)
def test_sample_refuses_in_one_line(
    arguments: list[str], words: list[str], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "sample", str(run), "--output", str(run / "x.png"), *arguments)
    assert all(word in line for word in words)


def test_a_label_needs_classes(plain_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("sample", str(plain_run), "--label", "3", "--output", str(plain_run / "x.png"))
    assert "without labels" in refused(capsys, *arguments)


def test_reconstruct_shows_input_and_reconstruction(
    run: Path, tmp_path: Path, small: DatasetPair, capsys: pytest.CaptureFixture[str]
) -> None:
    digit = small.test.images[0, 0].numpy()
    Image.fromarray(digit).save(tmp_path / "digit.png")
    output = tmp_path / "out.png"
    assert (
        main(["reconstruct", str(run), str(tmp_path / "digit.png"), "--output", str(output)]) == 0
    )
    assert "KL" in capsys.readouterr().out
    with Image.open(output) as picture:
        pixels = np.asarray(picture)[::4, ::4]
    assert pixels.shape == (28, 2 * 28 + 2)
    np.testing.assert_array_equal(pixels[:, :28], digit)  # an MNIST image stays as it is
    assert pixels[:, 30:].max() > 0


def test_reconstruct_refuses_what_is_no_picture(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    for name, words in (
        ("letter.txt", "is no picture that VAE Studio opens"),
        ("nothing.png", "picture cannot be read"),
    ):
        line = refused(capsys, "reconstruct", str(run), str(tmp_path / name), "--output", "x.png")
        assert words in line
    assert not Path("x.png").exists()


@pytest.mark.parametrize("command", ["evaluate", "sample"])
def test_an_unknown_run_is_one_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["--output", "x.png"] if command == "sample" else []
    assert "no such run" in refused(capsys, command, "no such run", *rest)


def test_a_run_of_the_user_is_found_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    state = new_state(tiny(VARIANTS["vae-32"]), quick())
    RunRecorder(runs_folder() / "mine", state, "Mine").save()
    assert main(["evaluate", "mine"]) == 0
    assert "Mine" in capsys.readouterr().out


def test_an_unwritable_picture_is_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    output = str(tmp_path / "file" / "grid.png")
    assert output in refused(capsys, "sample", str(run), "--output", output)


@pytest.mark.parametrize(
    "command", [[], ["train"], ["evaluate"], ["sample"], ["reconstruct"], ["tour"]], ids=str
)
def test_help_ends_with_0(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    assert "usage: vae-studio" in capsys.readouterr().out


def test_help_names_every_variant_and_field(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    out = " ".join(capsys.readouterr().out.split()).replace("- ", "-")
    names = [
        *VARIANTS,
        *(item.name for record in (ModelSpec, TrainConfig) for item in fields(record)),
    ]
    assert [name for name in names if name not in out] == []


@pytest.mark.parametrize("arguments", [["fly"], ["sample", "vae-32"], ["train", "--epochs", "x"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_the_trained_model_is_better_than_an_untrained_one(
    cvae_snapshot: Snapshot, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = cvae_snapshot.spec
    folder = run.with_name("trained")
    RunRecorder(folder, new_state(spec, quick()), "Trained").save()
    figures = []
    for weights in (None, cvae_snapshot.weights):
        if weights is not None:
            save_generation(folder, weights)
        assert main(["evaluate", str(folder), "--json"]) == 0
        figures.append(json.loads(capsys.readouterr().out)["negative_elbo"])
    assert figures[1] < 0.5 * figures[0]
