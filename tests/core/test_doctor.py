"""Each alarm is provoked by a training that deserves it, and no healthy training raises one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.helpers import part, quick
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.doctor import Doctor
from vae_studio.core.events import EpochDone, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.findings import Finding, Remedy
from vae_studio.core.measures import Evaluation, LatentStats, Terms, UnitHealth
from vae_studio.core.resources import bundled_path
from vae_studio.core.runs import bundled_runs, read_metrics
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import TrainState, images_used, new_state, train
from vae_studio.core.variants import VARIANTS
from vae_studio.session.plan import preset

SHIPPED = [info.variant for info in bundled_runs()]
SMALL = replace(VARIANTS["vae-32"], hidden=(256, 128))
TWO = replace(VARIANTS["vae-2"], hidden=(256, 128))
LEAKY = replace(TWO, activation="leaky_relu", negative_slope=0.2)
MEAN = quick(epochs=3, batch_size=64, train_size=2000, reduction="mean")
HEAVY = quick(epochs=5, batch_size=64, train_size=2000, beta=20.0)
LIGHT = quick(epochs=3, batch_size=40, train_size=2000, beta=0.001)
FAST = quick(epochs=2, batch_size=64, train_size=2000, learning_rate=0.1)
FEW = TrainConfig(
    epochs=60, batch_size=10, train_size=100, learning_rate=3e-3, seed=0, device="cpu"
)
# What raises an alarm, and what it is called.
PROVOKED: dict[str, tuple[str, ModelSpec, TrainConfig]] = {
    "collapse, β = 20": ("collapse", SMALL, HEAVY),
    "collapse, mse": ("collapse", replace(SMALL, likelihood="mse"), replace(HEAVY, beta=10.0)),
    "collapse, Gaussian": (
        "collapse",
        replace(SMALL, likelihood="gaussian"),
        replace(HEAVY, beta=500.0),
    ),
    "collapse, as Train begins": (
        "collapse",
        SMALL,
        replace(HEAVY, mean_bias=True, rate_warmup=1, schedule="cosine"),
    ),
    "collapse, CVAE": ("collapse", replace(SMALL, num_classes=10), HEAVY),
    "scale": ("scale", SMALL, MEAN),
    "scale, mse": ("scale", replace(SMALL, likelihood="mse"), MEAN),
    "scale, warm-up": ("scale", SMALL, replace(MEAN, beta_warmup=2)),
    "overfit": ("overfit", LEAKY, FEW),
    "rate 0.1": ("rate", SMALL, FAST),
    "rate 0.05": ("rate", SMALL, replace(FAST, learning_rate=0.05)),
    "rate, batch norm": ("rate", replace(SMALL, batch_norm=True), FAST),
    "dead units": ("dead_units", SMALL, FAST),
    "exploding units": ("exploding_units", replace(LEAKY, latent_dim=32), FAST),
    "β = 0.001": ("beta_drowns", TWO, LIGHT),
}


@pytest.fixture(scope="session")
def digits(mnist: DatasetPair) -> DatasetPair:
    """3000 digits to train on, 500 to test."""
    return part(mnist, 3000, 500)


Ear = Callable[[Finding, TrainControl], None]


def heard(
    data: DatasetPair, spec: ModelSpec, config: TrainConfig, ear: Ear = lambda *_: None
) -> tuple[Doctor, list[Finding]]:
    """Train to the end with a doctor by: the doctor, and all it said. ear: may answer."""
    return listen(data, new_state(spec, config, images=data.train.images), ear)


def listen(
    data: DatasetPair, state: TrainState, ear: Ear = lambda *_: None
) -> tuple[Doctor, list[Finding]]:
    doctor = Doctor(state.spec, state.config, images_used(len(data.train), state.config))
    control, said = TrainControl(), list[Finding]()
    for event in train(state, data, control):
        for finding in doctor.hear(event):
            said.append(finding)
            ear(finding, control)
    return doctor, said


def stop(finding: Finding, control: TrainControl) -> None:
    """Enough was heard."""
    control.stop()


def find(said: list[Finding], code: str) -> Finding:
    return next(finding for finding in said if finding.code == code)


def remedies(finding: Finding, kind: str) -> list[Remedy]:
    return [remedy for remedy in finding.remedies if remedy.kind == kind]


def applied(spec: ModelSpec, config: TrainConfig, remedy: Remedy) -> tuple[ModelSpec, TrainConfig]:
    return replace(spec, **remedy.spec), replace(config, **remedy.config)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_healthy_training_raises_no_alarm(name: str, digits: DatasetPair) -> None:
    config = TrainConfig(epochs=3, batch_size=64, beta_warmup=len(name) % 2, device="cpu")
    spec = VARIANTS[name]
    spec = replace(spec, hidden=(16, 32)) if spec.architecture == "conv" else spec
    doctor, said = heard(digits, spec, config)
    assert said == []
    assert doctor.findings == ()


@pytest.mark.parametrize("name", VARIANTS)
def test_what_train_does_raises_no_alarm(name: str, digits: DatasetPair) -> None:
    plan = preset(name)
    spec = plan.spec
    spec = replace(spec, hidden=(16, 32)) if spec.architecture == "conv" else spec
    _, said = heard(digits, spec, replace(plan.config, epochs=4, batch_size=64, device="cpu"))
    assert said == []


@pytest.mark.parametrize("name", SHIPPED)
def test_no_alarm_over_the_epochs_of_the_models_that_ship(name: str) -> None:
    config = TrainConfig(epochs=50, beta_warmup=10)
    doctor = Doctor(VARIANTS[name], config, 60_000)
    rows = read_metrics(bundled_path("checkpoints") / name)
    assert len(rows) == 50
    assert [found for row in rows for found in doctor.hear(epoch_done(row))] == []


@pytest.mark.parametrize(("code", "spec", "config"), PROVOKED.values(), ids=PROVOKED)
def test_each_alarm_is_raised(
    code: str, spec: ModelSpec, config: TrainConfig, digits: DatasetPair
) -> None:
    def ear(finding: Finding, control: TrainControl) -> None:
        if finding.code == code:
            control.stop()

    _, said = heard(digits, spec, config, ear)
    finding = find(said, code)
    assert finding.remedies
    assert all(isinstance(value, (int, float, str)) for value in finding.params.values())
    for remedy in finding.remedies:
        applied(spec, config, remedy)  # raises for what is out of range
        if remedy.kind == "change":
            assert set(remedy.config) <= {"beta", "learning_rate"}
            assert not remedy.spec
        assert (remedy.epoch is not None) == (remedy.kind == "branch")


@pytest.mark.parametrize("name", ["collapse, β = 20", "scale", "overfit", "rate 0.1", "β = 0.001"])
def test_a_restart_with_the_remedy_raises_no_alarm(name: str, digits: DatasetPair) -> None:
    code, spec, config = PROVOKED[name]
    _, said = heard(digits, spec, config, stop)
    tried = remedies(find(said, code), "restart")
    assert tried
    for remedy in tried:
        better_spec, better_config = applied(spec, config, remedy)
        if not better_config.train_size:  # as many steps as before
            better_config = replace(better_config, epochs=2)
        better, _ = heard(digits, better_spec, better_config)
        assert code not in {finding.code for finding in better.findings}, remedy.code


@pytest.mark.parametrize("name", ["collapse, β = 20", "scale", "β = 0.001"])
def test_a_change_of_beta_mends_a_training_that_runs(name: str, digits: DatasetPair) -> None:
    code, spec, config = PROVOKED[name]
    changed: list[Finding] = []

    def ear(finding: Finding, control: TrainControl) -> None:
        changed.append(finding)
        (remedy,) = remedies(finding, "change")
        control.set("beta", remedy.config["beta"])

    doctor, _ = heard(digits, spec, replace(config, epochs=12), ear)
    assert [finding.code for finding in changed] == [code]  # and never again
    assert doctor.findings == ()


def test_a_lower_rate_calms_a_training_that_runs(digits: DatasetPair) -> None:
    def ear(finding: Finding, control: TrainControl) -> None:
        if finding.code == "rate":
            (remedy,) = remedies(finding, "change")
            control.set("learning_rate", remedy.config["learning_rate"])

    spec = replace(SMALL, batch_norm=True)
    doctor, said = heard(digits, spec, replace(FAST, epochs=4), ear)
    assert [finding.code for finding in said] == ["rate"]
    assert doctor.findings == ()


def test_a_rate_that_no_number_survives(digits: DatasetPair) -> None:
    """What a form allows: four hidden layers and steps of 100."""
    deep = ModelSpec(hidden=(512, 512, 512, 512))
    config = quick(epochs=2, batch_size=128, train_size=2000, learning_rate=100.0)
    finding = find(heard(digits, deep, config)[1], "not_finite")
    assert finding.severity == "serious"
    (restart,) = finding.remedies
    assert heard(digits, *applied(deep, config, restart))[1] == []


def test_a_loss_that_is_no_number(digits: DatasetPair) -> None:
    state = new_state(SMALL, quick(epochs=3, batch_size=64, train_size=2000, learning_rate=0.009))
    doctor = Doctor(SMALL, state.config, 2000)
    said: list[Finding] = []
    for event in train(state, digits, TrainControl()):
        said += doctor.hear(event)
        if isinstance(event, EpochDone):
            state.learning_rate = 1e30  # no control lets this through
    finding = find(said, "not_finite")
    assert (finding.epoch, finding.params["failed"]) == (2, 34)
    back, restart = finding.remedies
    assert (back.kind, back.epoch, restart.kind) == ("branch", 1, "restart")
    assert heard(digits, *applied(SMALL, state.config, restart))[1] == []

    state = new_state(SMALL, replace(state.config, epochs=back.epoch or 0))
    list(train(state, digits, TrainControl()))
    state.config = replace(state.config, epochs=3, **back.config)
    state.learning_rate = state.config.learning_rate
    assert listen(digits, state)[1] == []
    assert state.epoch == 3


def test_a_loss_that_was_never_good_leads_back_to_the_start() -> None:
    doctor = Doctor(SMALL, FAST, 2000)
    doctor.hear(step_done(1, 540.0))
    doctor.hear(epoch_done(row(1, 9e9)))
    (finding,) = doctor.hear(TrainingFailed("train.not_finite", 2, 40))
    assert [remedy.kind for remedy in finding.remedies] == ["restart"]


def test_too_little_memory_is_nothing_for_the_doctor() -> None:
    doctor = Doctor(SMALL, FAST, 2000)
    assert doctor.hear(TrainingFailed("train.memory", 1, 1, "1 GB")) == ()
    assert doctor.hear(TrainingDone("stopped", 1, 1)) == ()
    assert doctor.findings == ()


def test_one_cause_is_one_finding(digits: DatasetPair) -> None:
    _, said = heard(digits, SMALL, replace(MEAN, epochs=5))
    assert [finding.code for finding in said] == ["scale"]
    assert said[0].step < 2 * 50


def test_a_mean_with_a_beta_to_match_is_fine(digits: DatasetPair) -> None:
    assert heard(digits, SMALL, replace(MEAN, beta=1 / 784, epochs=5))[1] == []


def test_the_cause_of_a_collapse_decides_what_comes_first(digits: DatasetPair) -> None:
    _, said = heard(digits, SMALL, HEAVY, stop)
    assert said[0].params["cause"] == "beta"
    assert said[0].remedies[0] == Remedy("lower_beta", "change", config={"beta": 1.0})
    assert said[0].params["unused"] > 28
    collapsed = Doctor(SMALL, TrainConfig(), 60_000)
    for step in range(1, 201):
        collapsed.hear(step_done(step, 540.0 if step == 1 else 206.0, kl=0.01))
    (finding,) = collapsed.hear(epoch_done(row(1, 206.0, kl=0.01), step=469))
    assert finding.params["cause"] == "warm_up"
    assert finding.remedies[0].code == "warm_up"


@pytest.mark.parametrize(("growth", "fires"), [(0.0, True), (0.01, False)])
def test_a_low_kl_that_grows_is_no_collapse(growth: float, fires: bool) -> None:
    doctor = Doctor(SMALL, TrainConfig(), 60_000)
    for step in range(1, 201):
        kl = 0.5 * math.exp(growth * (step - 200))
        doctor.hear(step_done(step, 540.0 if step == 1 else 206.0, kl=kl))
    assert bool(doctor.hear(epoch_done(row(1, 206.0, kl=0.5), step=469))) is fires


def test_what_has_learnt_nothing_yet_is_no_collapse() -> None:
    doctor = Doctor(SMALL, TrainConfig(learning_rate=1e-6, schedule="constant"), 60_000)
    for step in range(1, 470):
        doctor.hear(replace(step_done(step, 540.0 - 0.01 * step, kl=0.02), learning_rate=1e-6))
    assert doctor.hear(epoch_done(row(1, 535.0, kl=0.02), step=469)) == ()


@pytest.mark.parametrize(("beta", "fires"), [(1.0, False), (20.0, True)])
def test_on_its_way_up_only_a_beta_that_is_too_high_already_counts(
    beta: float, fires: bool
) -> None:
    doctor = Doctor(SMALL, TrainConfig(beta=beta, beta_warmup=2), 60_000)
    for step in range(1, 470):
        now = beta * step / (2 * 469)
        doctor.hear(step_done(step, 540.0 if step == 1 else 206.0, kl=0.01, beta=now))
    said = doctor.hear(epoch_done(row(1, 206.0, kl=0.01, beta=beta / 2), step=469))
    assert bool(said) is fires


def test_wide_codes_count_once_the_warm_up_is_over() -> None:
    doctor = Doctor(SMALL, TrainConfig(beta=0.1, beta_warmup=2), 60_000)
    assert doctor.hear(epoch_done(row(1, 100.0, beta=0.05), step=469, std=3.0)) == ()
    (finding,) = doctor.hear(epoch_done(row(2, 100.0, beta=0.1), step=938, std=3.0))
    assert finding.code == "beta_drowns"
    doctor.hear(step_done(939, 100.0, beta=1.0))  # by hand
    assert doctor.findings == ()


def test_wide_codes_are_no_fault_of_a_beta_of_1() -> None:
    doctor = Doctor(SMALL, TrainConfig(), 60_000)
    assert doctor.hear(epoch_done(row(1, 100.0), std=3.0)) == ()


def test_what_is_known_is_said_again_only_when_it_gets_serious() -> None:
    doctor = Doctor(SMALL, TrainConfig(), 60_000)
    said = [
        (doctor.hear(epoch_done(row(n, 100.0), dead=dead)), len(doctor.findings))
        for n, dead in enumerate((500, 750, 800, 950, 960, 680, 600), start=1)
    ]
    assert [[f.severity for f in new] for new, _ in said] == [
        [], ["warning"], [], ["serious"], [], [], [],
    ]  # fmt: skip
    assert [count for _, count in said] == [0, 1, 1, 1, 1, 1, 0]


def test_a_rise_of_the_test_loss_is_overfitting_only_while_that_of_training_falls() -> None:
    def said(trains: tuple[float, ...]) -> list[str]:
        doctor = Doctor(SMALL, TrainConfig(), 60_000)
        pairs = zip(trains, (100.0, 103.0, 104.0), strict=True)
        rows = [row(n, test, train=loss) for n, (loss, test) in enumerate(pairs, start=1)]
        return [finding.code for one in rows for finding in doctor.hear(epoch_done(one))]

    assert said((99.0, 97.0, 95.0)) == ["overfit"]
    assert said((99.0, 101.0, 103.0)) == []


def test_a_test_loss_that_trembles_is_no_overfitting() -> None:
    doctor = Doctor(SMALL, TrainConfig(), 60_000)
    tests = (100.0, 101.0, 101.2, 100.9, 103.0, 101.0)  # one bad epoch is none yet
    rows = [row(n, test, train=100.0 - n) for n, test in enumerate(tests, start=1)]
    assert [finding for one in rows for finding in doctor.hear(epoch_done(one))] == []


def test_a_better_epoch_ends_overfitting() -> None:
    doctor = Doctor(SMALL, TrainConfig(), 60_000)
    for number, test in enumerate((100.0, 103.0, 104.0), start=1):
        doctor.hear(epoch_done(row(number, test, train=100.0 - number)))
    assert [finding.params["best"] for finding in doctor.findings] == [1]
    doctor.hear(epoch_done(row(4, 99.0, train=90.0)))
    assert doctor.findings == ()


def test_a_test_loss_that_jumps_is_the_rate() -> None:
    doctor = Doctor(SMALL, TrainConfig(), 60_000)
    doctor.hear(epoch_done(row(1, 100.0)))
    (finding,) = doctor.hear(epoch_done(row(2, 150.0, train=140.0)))
    assert (finding.code, finding.params["cause"]) == ("rate", "test")


def test_an_epoch_without_a_rise_ends_the_alarm() -> None:
    doctor = Doctor(SMALL, TrainConfig(schedule="constant"), 60_000)
    for step in range(1, 470):
        doctor.hear(step_done(step, 9e9 if step == 10 else 200.0))
    doctor.hear(epoch_done(row(1, 200.0)))
    assert [(finding.code, finding.severity) for finding in doctor.findings] == [
        ("rate", "serious")
    ]
    for step in range(470, 939):
        doctor.hear(step_done(step, 200.0))
    doctor.hear(epoch_done(row(2, 200.0)))
    assert doctor.findings == ()


def test_a_rate_that_is_lowered_by_hand_ends_the_alarm_at_once() -> None:
    doctor = Doctor(SMALL, TrainConfig(schedule="constant"), 60_000)
    doctor.hear(step_done(1, 540.0))
    assert doctor.hear(step_done(2, 9e9))
    assert doctor.hear(replace(step_done(3, 9e9), learning_rate=1e-4)) == ()
    assert doctor.findings == ()


def test_a_beta_that_is_changed_by_hand_is_no_rise_of_the_loss() -> None:
    doctor = Doctor(SMALL, TrainConfig(schedule="constant"), 60_000)
    said = [
        doctor.hear(step_done(step, 100.0, kl=25.0, beta=1.0 if step < 50 else 20.0))
        for step in range(1, 100)
    ]
    assert not any(said)


def test_a_run_that_goes_on_remembers_its_epochs() -> None:
    rows = [row(1, 100.0, train=100.0), row(2, 103.0, train=98.0)]
    doctor = Doctor(SMALL, TrainConfig(), 60_000, rows)
    (finding,) = doctor.hear(epoch_done(row(3, 104.0, train=96.0)))
    assert (finding.code, finding.params["best"]) == ("overfit", 1)


@pytest.mark.parametrize(
    "change",
    [{"test_kl": math.nan}, {"epoch": math.inf}, {"epoch": 0.5}, {"train_kl": "x"}, None],
    ids=str,
)
def test_a_row_that_is_no_figure_is_left_out(change: Any) -> None:
    bad = {} if change is None else row(1, 1.0) | change
    doctor = Doctor(SMALL, TrainConfig(), 60_000, [bad])
    rows = [row(n, test, train=100.0 - n) for n, test in ((2, 100.0), (3, 103.0), (4, 104.0))]
    (finding,) = [found for one in rows for found in doctor.hear(epoch_done(one))]
    assert (finding.epoch, finding.params["best"]) == (4, 2)


def row(
    epoch: int, test: float, train: float | None = None, kl: float = 0.0, beta: float = 1.0
) -> dict[str, float]:
    """A row as ``metrics.csv`` has it; the losses are reconstructions alone."""
    return {
        "epoch": epoch,
        "step": 469 * epoch,
        "train_reconstruction": test if train is None else train,
        "train_kl": kl,
        "test_reconstruction": test,
        "test_kl": kl,
        "beta": beta,
        "learning_rate": 2e-3,
        "active_units": 20,
    }


def epoch_done(
    values: dict[str, float], step: int | None = None, std: float = 1.0, dead: int = 0
) -> EpochDone:
    """The event that such a row came from, as far as the row tells."""
    kl = (values["test_kl"], 0.0)
    return EpochDone(
        epoch=int(values["epoch"]),
        step=int(values["step"]) if step is None else step,
        train=Terms(values["train_reconstruction"], values["train_kl"]),
        test=Evaluation(
            Terms(values["test_reconstruction"], values["test_kl"]),
            values["test_reconstruction"],
            0.0,
            int(min(2, values["active_units"])),
            LatentStats(kl, (0.0, 0.0), (std, std), (-3.0, -3.0), (3.0, 3.0)),
        ),
        beta=values["beta"],
        learning_rate=values["learning_rate"],
        seconds=1.0,
        samples=np.zeros((1, 1, 28, 28), np.float32),
        units=UnitHealth(1000, dead, 10.0),
    )


def step_done(step: int, reconstruction: float, kl: float = 20.0, beta: float = 1.0) -> StepDone:
    rate = TrainConfig().learning_rate
    return StepDone(1 + (step - 1) // 469, step, Terms(reconstruction, kl), beta, rate)
