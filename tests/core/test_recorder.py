"""A training as a folder: whole after each epoch and at the end."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.helpers import quick, tiny, trained, weights_equal
from vae_studio.core import recorder as recorder_module
from vae_studio.core import runs
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import EpochDone, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.lock import RunLock, is_locked
from vae_studio.core.metrics import METRICS
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import load_training
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import new_state, train
from vae_studio.core.variants import VARIANTS

SPEC = tiny(VARIANTS["vae-32"])


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_a_finished_run(spec: ModelSpec, small: DatasetPair, tmp_path: Path) -> None:
    state = new_state(tiny(spec), quick(epochs=2))
    recorder = RunRecorder(tmp_path / "new" / "run", state, "My run", "row", "command")
    epochs = []
    for event in train(state, small, TrainControl()):
        recorder.record(event)
        if isinstance(event, EpochDone):
            epochs.append(event)
            partial = read_run(tmp_path / "new" / "run")  # whole after each epoch
            assert (partial.status, partial.epoch, partial.step) == (
                "running",
                event.epoch,
                event.step,
            )
            assert load_snapshot(partial.path).evaluation == event.test
    info = read_run(tmp_path / "new" / "run")
    assert info == recorder.info or info.seconds == pytest.approx(recorder.info.seconds, abs=1e-3)
    assert (info.name, info.variant, info.command) == ("My run", "row", "command")
    assert (info.status, info.epoch, info.step, info.evaluated_epoch) == ("finished", 2, 8, 2)
    assert info.evaluation == epochs[-1].test
    assert info.seconds == pytest.approx(sum(event.seconds for event in epochs), abs=1e-3)
    rows = read_metrics(info.path)
    assert [tuple(row) for row in rows] == [METRICS] * 2
    for row, event in zip(rows, epochs, strict=True):
        assert row["epoch"] == event.epoch
        assert row["train_reconstruction"] == event.train.reconstruction
        assert row["test_kl"] == event.test.terms.kl
        assert row["test_reconstruction"] == event.test.terms.reconstruction
        assert row["active_units"] == event.test.active_units
    pictures = sorted((info.path / "samples").iterdir())
    assert [path.name for path in pictures] == ["epoch-0001.png", "epoch-0002.png"]
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (4 * 28 + 3 * 2, 4 * 28 + 3 * 2)


def test_a_run_opens_before_its_first_epoch_ends(small: DatasetPair, tmp_path: Path) -> None:
    state = new_state(SPEC, quick())
    RunRecorder(tmp_path / "run", state, "run").save()
    snapshot = load_snapshot(tmp_path / "run")
    assert (snapshot.epoch, snapshot.step, snapshot.evaluation) == (0, 0, None)
    assert load_training(tmp_path / "run").state.step == 0


def test_a_stopped_run_keeps_its_last_step_and_journal(small: DatasetPair, tmp_path: Path) -> None:
    state, control = new_state(SPEC, quick(epochs=3)), TrainControl()
    recorder = RunRecorder(tmp_path / "run", state, "run")
    for event in train(state, small, control):
        recorder.record(event)
        if isinstance(event, StepDone) and event.step == 2:
            control.set("beta", 3.0)
        if isinstance(event, StepDone) and event.step == 6:
            control.stop()
    info = read_run(tmp_path / "run")
    assert (info.status, info.epoch, info.step, info.evaluated_epoch) == ("stopped", 1, 6, 1)
    assert info.journal == ((3, "beta", 3.0),)
    resumed = load_training(tmp_path / "run").state
    assert resumed.journal == state.journal
    assert resumed.beta == 3.0


def test_a_failed_run_opens_with_its_last_good_weights(small: DatasetPair, tmp_path: Path) -> None:
    state = new_state(tiny(VARIANTS["vae-batchnorm"]), quick(epochs=3))
    recorder = RunRecorder(tmp_path / "run", state, "run")
    for event in train(state, small, TrainControl()):
        recorder.record(event)
        if isinstance(event, EpochDone):
            state.learning_rate = 1e30
    assert isinstance(event, TrainingFailed)
    assert read_run(tmp_path / "run").status == "failed"
    assert load_snapshot(tmp_path / "run").step == state.step > 4


def test_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("dear")
    with pytest.raises(CheckpointError) as caught:
        RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "run").save()
    assert caught.value.code == "checkpoint.exists"
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("below", ["file", "file/run"])
def test_a_folder_that_cannot_be_made_is_a_typed_error(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError) as caught:
        RunRecorder(tmp_path / below, new_state(SPEC, quick()), "run").save()
    assert caught.value.code == "checkpoint.write"


def test_a_full_disk_is_a_typed_error(
    small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "run")
    recorder.save()
    _, events = trained(SPEC, quick(), small)

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for event in events[-2:]:
        with pytest.raises(CheckpointError, match="No space"):
            recorder.record(event)
    monkeypatch.undo()
    assert load_snapshot(tmp_path / "run").step == 0  # what was saved before still opens


def recorded(folder: Path, data: DatasetPair, after: int, epochs: int = 4) -> RunRecorder:
    """A run that was stopped after the epoch that ends with that step, and let go of."""
    state, control = new_state(SPEC, quick(epochs=epochs)), TrainControl()
    with RunRecorder(folder, state, "run") as recorder:
        for event in train(state, data, control):
            recorder.record(event)
            if event.step == after and isinstance(event, EpochDone):
                control.stop()
    return recorder


def go_on(recorder: RunRecorder, data: DatasetPair, after: int) -> None:
    control = TrainControl()
    for event in train(recorder.state, data, control):
        recorder.record(event)
        if event.step == after and isinstance(event, EpochDone):
            control.stop()


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def no_generations(folder: Path) -> set[str]:
    """The names of all files but those of checkpoints, which are numbered on after a fault."""
    return {name for name in everything(folder) if "generation" not in name}


def full_disk(patch: pytest.MonkeyPatch, name: str = "") -> None:
    """From now on no file that is called so, or none at all, can be put in place."""
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if name in ("", target.name):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    patch.setattr(Path, "replace", full)


def test_a_run_that_nobody_saved_leaves_no_trace(tmp_path: Path) -> None:
    with RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "run") as recorder:
        recorder.save_status("failed")
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_a_run_of_somebody_else_stays(small: DatasetPair, tmp_path: Path) -> None:
    recorded(tmp_path / "run", small, 4)
    before = everything(tmp_path)
    with RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "run") as recorder:
        with pytest.raises(CheckpointError) as caught:
            recorder.save()
        recorder.save_status("failed")
    assert caught.value.code == "checkpoint.exists"
    assert everything(tmp_path) == before


def test_a_fault_in_mid_step_keeps_the_last_checkpoint(small: DatasetPair, tmp_path: Path) -> None:
    state = new_state(SPEC, quick(epochs=3))
    with RunRecorder(tmp_path / "run", state, "run") as recorder:
        events = train(state, small, TrainControl())
        for event in events:
            recorder.record(event)
            if event.step == 5:
                break
        recorder.save_status("failed")
    assert read_run(tmp_path / "run").status == "failed"
    assert (read_run(tmp_path / "run").step, load_snapshot(tmp_path / "run").step) == (4, 4)


def test_a_second_recorder_on_the_same_run_is_refused(small: DatasetPair, tmp_path: Path) -> None:
    run = tmp_path / "run"
    recorded(run, small, 4)
    with RunRecorder.resume(run) as recorder:
        with pytest.raises(CheckpointError) as caught:
            RunRecorder.resume(run)
        assert caught.value.code == "runs.locked"
        with pytest.raises(CheckpointError) as caught:
            RunRecorder(run, new_state(SPEC, quick()), "run").save()
        assert caught.value.code == "checkpoint.exists"
        go_on(recorder, small, 8)
    with RunRecorder.resume(run) as recorder:
        assert recorder.state.step == 8


@pytest.mark.parametrize("fault", ["finished", "damaged", "not a run", "shipped"])
def test_what_cannot_be_taken_up_is_let_go_of_unharmed(
    fault: str, small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    code = {
        "finished": "runs.finished",
        "damaged": "checkpoint.",
        "not a run": "checkpoint.not_a_run",
        "shipped": "runs.bundled",
    }[fault]
    recorded(run, small, 4, epochs=1 if fault == "finished" else 4)
    if fault == "damaged":
        for path in run.rglob("training.safetensors"):
            path.write_bytes(b"")
    if fault == "not a run":
        (run / "config.json").unlink()
    if fault == "shipped":
        monkeypatch.setattr(runs, "bundled_path", lambda name: tmp_path)
        (run / ".lock").unlink()
    before = everything(tmp_path)
    for _ in range(2):
        with pytest.raises(CheckpointError) as caught:
            RunRecorder.resume(run)
        assert caught.value.code.startswith(code)
    assert everything(tmp_path) == before
    assert not is_locked(run)


def test_taking_up_writes_nothing_before_the_first_save(small: DatasetPair, tmp_path: Path) -> None:
    recorded(tmp_path / "run", small, 4)
    before = everything(tmp_path)
    with RunRecorder.resume(tmp_path / "run") as recorder:
        assert everything(tmp_path) == before
        assert recorder.info.status == "running"
        recorder.save()
        assert read_run(tmp_path / "run").status == "running"
    names = set(everything(tmp_path))
    assert names == set(before)  # the weights are there already


def test_metrics_go_on_from_the_epoch_that_is_taken_up(small: DatasetPair, tmp_path: Path) -> None:
    run = tmp_path / "run"
    recorded(run, small, 8)
    rows = read_metrics(run)
    text = (run / "metrics.csv").read_text()
    later = text.splitlines()[-1].replace("2,8,", "3,12,")
    (run / "metrics.csv").write_text(text + later + "\n")  # the weights that it is of are lost
    with RunRecorder.resume(run) as recorder:
        assert [row["epoch"] for row in recorder.rows] == [1, 2]
        recorder.save()
        assert read_metrics(run) == rows
        assert (run / "metrics.csv").read_text() == text  # whole numbers stay whole numbers
        go_on(recorder, small, 12)
    assert [(row["epoch"], row["step"]) for row in read_metrics(run)] == [(1, 4), (2, 8), (3, 12)]
    assert not (run / "metrics.damaged.csv").exists()


def test_an_older_checkpoint_cuts_the_metrics_too(small: DatasetPair, tmp_path: Path) -> None:
    run = tmp_path / "run"
    recorded(run, small, 8)
    newest = max((run / "checkpoint").glob("generation-*"))
    (newest / "training.safetensors").write_bytes(b"")
    with RunRecorder.resume(run) as recorder:
        assert recorder.older
        assert [row["epoch"] for row in recorder.rows] == [1]
        assert recorder.info.evaluated_epoch == 1
        recorder.save()
        assert len(read_metrics(run)) == 1
    assert load_snapshot(run).step == 4  # what is open from now on is what is trained
    assert not load_snapshot(run).older
    (max((run / "checkpoint").glob("generation-*")) / "model.safetensors").write_bytes(b"")
    assert load_snapshot(run).step == 4  # the one before is the good one, not the damaged one


HEADER = ",".join(METRICS)
ROW = "1,4,300.0,20.0,290.0,19.0,1.0,0.002,2,0.5"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"epoch,step\n1,4\n",
        f"{HEADER}\n{ROW}\n2,8,1\n".encode(),
        f"{HEADER}\n{ROW}\n{ROW}\n".encode(),
        f"{HEADER}\n{ROW.replace('300.0', 'nan')}\n".encode(),
        f"{HEADER}\n{ROW.replace(',2,', ',inf,')}\n".encode(),
        f"{HEADER}\n{ROW.replace('1,4', 'nan,nan')}\n".encode(),
        f"{HEADER}\n{ROW.replace('1,4', '1,1e15')}\n".encode(),
        f"{HEADER}\n{ROW.replace('1,4', '1,-5')}\n".encode(),
        b"x" * 2**25,
    ],
    ids=lambda content: repr(content[-30:]),
)
def test_damaged_metrics_are_put_aside(content: bytes, small: DatasetPair, tmp_path: Path) -> None:
    run = tmp_path / "run"
    recorded(run, small, 4)
    (run / "metrics.csv").write_bytes(content)
    with RunRecorder.resume(run) as recorder:
        assert recorder.rows == ()
        go_on(recorder, small, 8)
    if content:
        assert (run / "metrics.damaged.csv").read_bytes() == content
    assert [row["epoch"] for row in read_metrics(run)] == [2]
    with RunRecorder.resume(run) as recorder:  # that some are missing is no damage
        assert [row["epoch"] for row in recorder.rows] == [2]


def test_a_run_can_be_taken_up_without_metrics(small: DatasetPair, tmp_path: Path) -> None:
    recorded(tmp_path / "run", small, 4)
    (tmp_path / "run" / "metrics.csv").unlink()
    with RunRecorder.resume(tmp_path / "run") as recorder:
        assert recorder.rows == ()


def test_what_a_killed_write_left_is_removed(small: DatasetPair, tmp_path: Path) -> None:
    run = tmp_path / "run"
    recorded(run, small, 4)
    unfinished = run / "checkpoint" / "generation-000077"
    unfinished.mkdir()
    left = [
        run / ".config.json.0123abcd",
        run / "samples" / ".epoch-0002.png.ffffffff",
        unfinished / ".model.safetensors.00000000",
    ]
    for path in left:
        path.write_bytes(b"half")
    (run / ".keep").write_text("mine")
    with RunRecorder.resume(run) as recorder:
        assert not any(path.exists() for path in left)
        go_on(recorder, small, 8)
    assert not unfinished.exists()
    assert (run / ".keep").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "metrics.csv", "model.safetensors", "config.json"])
def test_a_write_that_fails_loses_nothing(
    name: str, small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    recorded(whole, small, 12)
    state, control = new_state(SPEC, quick(epochs=4)), TrainControl()
    failed = 0
    with RunRecorder(run, state, "run") as recorder:
        for event in train(state, small, control):
            if not isinstance(event, EpochDone) or event.epoch == 1:
                recorder.record(event)
                continue
            with monkeypatch.context() as patch:
                full_disk(patch, name)
                with pytest.raises(CheckpointError, match="No space") as caught:
                    recorder.record(event)
                failed += 1
            assert caught.value.code == "checkpoint.write"
            assert load_snapshot(run).step in (4, event.step)
            if event.epoch == 3:
                recorder.save()
                control.stop()
    assert failed == 2
    assert load_snapshot(run).evaluation == load_snapshot(whole).evaluation
    assert weights_equal(load_snapshot(run), load_snapshot(whole))
    without = [[{**row, "seconds": 0} for row in read_metrics(folder)] for folder in (run, whole)]
    assert without[0] == without[1]
    assert no_generations(run) == no_generations(whole)
    pictures = [name for name in everything(run) if name.startswith("samples")]
    assert len(pictures) == 3


def test_long_epochs_are_saved_once_a_minute(
    small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(recorder_module.time, "monotonic", lambda: now[0])
    run, state = tmp_path / "run", new_state(SPEC, quick(epochs=2))
    saved = []
    with RunRecorder(run, state, "run") as recorder:
        recorder.save()
        for event in train(state, small, TrainControl()):
            now[0] += 25.0
            recorder.record(event)
            saved.append((event.step, load_snapshot(run).step))
            if isinstance(event, EpochDone):
                assert load_snapshot(run).evaluation == event.test
    # Steps 1 to 4, the end of the epoch, steps 5 to 8, the end of that one, the end.
    assert saved == [
        (1, 0), (2, 0), (3, 3), (4, 3), (4, 4),
        (5, 4), (6, 4), (7, 7), (8, 7), (8, 8), (8, 8),
    ]  # fmt: skip


def test_the_end_of_an_epoch_is_saved_although_its_last_step_was(
    small: DatasetPair, tmp_path: Path
) -> None:
    run, state = tmp_path / "run", new_state(SPEC, quick(epochs=3))
    with RunRecorder(run, state, "run") as recorder:
        for event in train(state, small, TrainControl()):
            if isinstance(event, StepDone):
                recorder.save()
            else:
                recorder.record(event)
                break
    found = load_training(run).state
    assert (found.epoch, found.step, found.position, len(found.order)) == (1, 4, 0, 0)
    assert load_snapshot(run).evaluation == event.test


def test_a_run_that_moves_takes_everything_along(small: DatasetPair, tmp_path: Path) -> None:
    old, new, whole = tmp_path / "run", tmp_path / "elsewhere" / "new", tmp_path / "whole"
    recorded(old, small, 8)
    recorded(whole, small, 12)
    before = everything(old)
    with RunRecorder.resume(old) as recorder:
        recorder.move_to(new)
        assert recorder.info.path == new
        assert not is_locked(old)
        assert is_locked(new)
        assert load_snapshot(new).step == 8
        go_on(recorder, small, 12)
    assert everything(old) == before
    assert read_run(new).created == read_run(old).created
    assert weights_equal(load_snapshot(new), load_snapshot(whole))
    assert no_generations(new) == no_generations(whole)
    assert len(read_metrics(new)) == 3


def test_a_run_moves_when_its_disk_is_full_or_gone(
    small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fault in ("full", "gone"):
        old, new = tmp_path / fault, tmp_path / f"from {fault}"
        recorded(old, small, 4)
        with RunRecorder.resume(old) as recorder, monkeypatch.context() as patch:
            if fault == "full":
                full_disk(patch)
            else:
                old.rename(tmp_path / "unplugged")
            with pytest.raises(CheckpointError):
                go_on(recorder, small, 8)
            patch.undo()
            recorder.move_to(new)
        assert load_snapshot(new).step == 8
        assert len(read_metrics(new)) == 2
        pictures = [path.name for path in sorted((new / "samples").iterdir())]
        assert pictures == ["epoch-0001.png", "epoch-0002.png"][fault == "gone" :]


def test_a_run_moves_off_a_disk_that_answers_nothing_any_more(
    small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    recorded(old, small, 4)
    stat = Path.stat

    def broken(path: Path, **options: Any) -> Any:
        if old in path.parents:
            raise OSError(errno.EIO, "Input/output error")
        return stat(path, **options)

    with RunRecorder.resume(old) as recorder, monkeypatch.context() as patch:
        patch.setattr(Path, "stat", broken)
        recorder.move_to(new)
    assert load_snapshot(new).step == 4
    assert len(read_metrics(new)) == 1


@pytest.mark.parametrize("fault", ["exists", "full", "locked", "a file"])
def test_a_move_that_fails_changes_nothing(
    fault: str, small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "run", tmp_path / "new"
    recorded(old, small, 4)
    if fault == "exists":
        recorded(new, small, 4)
    if fault == "a file":
        new.write_text("mine")
    if fault == "locked":
        new.mkdir()
    there = everything(tmp_path)
    there.pop("new/.lock", None)
    other = RunLock(new)
    with RunRecorder.resume(old) as recorder:
        with monkeypatch.context() as patch:
            if fault == "full":
                full_disk(patch, "manifest.json")
            if fault == "locked":
                other.acquire()
            with pytest.raises(CheckpointError):
                recorder.move_to(new)
        other.release()
        assert recorder.info.path == old
        assert is_locked(old)
        now = everything(tmp_path)
        now.pop("new/.lock", None)
        assert now == there
        recorder.save()
        go_on(recorder, small, 8)
        if fault in ("full", "locked"):
            recorder.move_to(new)  # at the second try
            assert load_snapshot(new).step == 8
    assert load_snapshot(old).step == 8
    assert len(read_metrics(old)) == 2


def test_a_folder_that_another_program_has_just_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire = RunLock.acquire

    def late(self: RunLock) -> None:
        acquire(self)
        (self.run / "config.json").write_text("theirs")

    monkeypatch.setattr(RunLock, "acquire", late)
    with pytest.raises(CheckpointError) as caught:
        RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "run").save()
    assert caught.value.code == "checkpoint.exists"
    assert set(everything(tmp_path)) == {"run/.lock", "run/config.json"}
    assert not is_locked(tmp_path / "run")


def test_names_that_are_no_text_can_be_saved(tmp_path: Path) -> None:
    state = new_state(SPEC, quick())
    name, command = "a\udcff\u202eb", "vae-studio train --output a\udcff"
    with RunRecorder(tmp_path / "run", state, name, command=command) as recorder:
        recorder.save()
    info = read_run(tmp_path / "run")
    assert (info.name, info.command) == ("a b", "vae-studio train --output a?")
    with RunRecorder(tmp_path / "unnamed", state, "\n") as recorder:
        recorder.save()
    assert read_run(tmp_path / "unnamed").name == "unnamed"


def test_a_run_cut_between_its_last_weights_and_the_word_is_done(
    small: DatasetPair, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    state = new_state(SPEC, quick())
    with RunRecorder(run, state, "run") as recorder:
        for event in train(state, small, TrainControl()):
            if not isinstance(event, TrainingDone):
                recorder.record(event)
    assert read_run(run).status == "running"
    with pytest.raises(CheckpointError) as caught:
        RunRecorder.resume(run)
    assert caught.value.code == "runs.finished"
    assert read_run(run).status == "finished"
    assert not read_run(run).can_resume
