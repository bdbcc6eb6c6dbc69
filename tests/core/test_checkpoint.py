"""Weights on disk: exact there and back, and nothing damaged is taken for a model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load as parse_tensors
from safetensors.torch import load_file, save
from torch import Tensor

from tests.helpers import part, quick, same, tiny, trained, weights, weights_equal
from vae_studio.core import checkpoint, durable
from vae_studio.core.checkpoint import load_snapshot, parse_weights, save_generation
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError, SpecError, StudioError
from vae_studio.core.evaluate import evaluate
from vae_studio.core.events import StepDone
from vae_studio.core.model import VAE, expected_weights, parameter_count
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import TRAINING, load_training, training_bytes
from vae_studio.core.runs import RunInfo, WeightsType, bundled_runs, read_run
from vae_studio.core.snapshot import capture
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import TrainState, new_state, train
from vae_studio.core.variants import VARIANTS

SPEC = tiny(VARIANTS["vae-32"])


def record(
    folder: Path,
    spec: ModelSpec,
    data: DatasetPair,
    weights_type: WeightsType = "float32",
    stop_after: int = 0,
) -> TrainState:
    state, control = new_state(spec, quick()), TrainControl()
    with RunRecorder(folder, state, "run", weights=weights_type) as recorder:
        recorder.save()
        for event in train(state, data, control):
            recorder.record(event)
            if isinstance(event, StepDone) and event.step == stop_after:
                control.stop()
    return state


@pytest.fixture
def run(tmp_path: Path, small: DatasetPair) -> Path:
    """A run folder with two generations: of its start, and of its end."""
    record(tmp_path / "run", SPEC, small)
    return tmp_path / "run"


def newest(run: Path) -> Path:
    number = json.loads((run / "checkpoint" / "manifest.json").read_bytes())["generation"]
    return run / "checkpoint" / f"generation-{number:06d}"


def older(run: Path) -> Path:
    (found,) = set((run / "checkpoint").glob("generation-*")) - {newest(run)}
    return found


def rewrite(generation: Path, name: str, content: bytes) -> None:
    """Another file with all digests that fit it: only the checks of the content can refuse."""
    (generation / name).write_bytes(content)
    digests, manifest = generation / "digests.json", generation.parent / "manifest.json"
    values = json.loads(digests.read_bytes())
    values[name] = hashlib.sha256(content).hexdigest()
    digests.write_text(json.dumps(values))
    values = json.loads(manifest.read_bytes())
    number = str(int(generation.name[-6:]))
    values["digests"][number] = hashlib.sha256(digests.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(values))


def write_weights(generation: Path, content: bytes) -> None:
    rewrite(generation, "model.safetensors", content)


def write_spec(run: Path, **changes: Any) -> None:
    """Another specification wherever the run has it."""
    for path in (run / "config.json", older(run) / "run.json", newest(run) / "run.json"):
        values = json.loads(path.read_bytes())
        values["spec"].update(changes)
        values["data"] = None  # or it would not fit
        content = json.dumps(values).encode()
        if path.parent == run:
            path.write_bytes(content)
        else:
            rewrite(path.parent, path.name, content)


def refusal(run: Path) -> str:
    with pytest.raises(StudioError) as caught:
        load_snapshot(run)
    assert isinstance(caught.value, (CheckpointError, SpecError))
    return caught.value.code


@pytest.mark.parametrize("weights_type", ["float32", "float16"])
@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_round_trip(
    spec: ModelSpec, weights_type: WeightsType, small: DatasetPair, tmp_path: Path
) -> None:
    state = record(tmp_path / "run", tiny(spec), small, weights_type)
    snapshot = load_snapshot(tmp_path / "run")
    assert (snapshot.spec, snapshot.config) == (state.spec, state.config)
    assert (snapshot.epoch, snapshot.step) == (1, 4)
    for key, value in weights(state).items():
        expected = value.to(torch.float16).float() if value.is_floating_point() else value
        loaded = snapshot.weights[key]
        assert loaded.dtype == value.dtype
        assert torch.equal(loaded, expected if weights_type == "float16" else value)
    result = evaluate(snapshot.build(), small.test)
    recorded = snapshot.evaluation
    assert result is not None
    assert recorded is not None
    if weights_type == "float32":
        assert result == recorded
    else:
        assert result.negative_elbo == pytest.approx(recorded.negative_elbo, rel=1e-3)


@pytest.mark.parametrize("weights_type", ["float32", "float16"])
def test_files_hold_the_type_that_the_configuration_names(
    weights_type: WeightsType, small: DatasetPair, tmp_path: Path
) -> None:
    record(tmp_path / "run", tiny(VARIANTS["vae-batchnorm"]), small, weights_type)
    tensors = load_file(newest(tmp_path / "run") / "model.safetensors")
    dtypes = {str(value.dtype) for value in tensors.values()}
    assert dtypes == {f"torch.{weights_type}", "torch.int64"}
    assert json.loads((tmp_path / "run" / "config.json").read_bytes())["weights"] == weights_type


def test_figures_belong_to_the_weights_or_are_left_out(small: DatasetPair, tmp_path: Path) -> None:
    def figures(stop_after: int, folder: str) -> Any:
        state, control = new_state(SPEC, quick(epochs=2)), TrainControl()
        recorder = RunRecorder(tmp_path / folder, state, "run")
        for event in train(state, small, control):
            recorder.record(event)
            if event.step == stop_after and not isinstance(event, StepDone):
                control.stop()
            if event.step == stop_after > 4 and isinstance(event, StepDone):
                control.stop()
        return load_snapshot(tmp_path / folder).evaluation

    assert figures(0, "whole") is not None
    assert figures(4, "after the first epoch") is not None
    assert figures(6, "in the second") is None  # the recorded ones are of two steps before


def test_two_generations_are_kept(run: Path) -> None:
    state = new_state(SPEC, quick())
    for expected in ({2, 3}, {3, 4}, {4, 5}):
        save_generation(run, state.model.state_dict())
        found = {int(path.name[-6:]) for path in (run / "checkpoint").glob("generation-*")}
        assert found == expected
        assert newest(run).name == f"generation-{max(expected):06d}"


def test_only_the_newest_is_kept_where_nothing_goes_on(run: Path) -> None:
    save_generation(run, new_state(SPEC, quick()).model.state_dict(), keep_previous=False)
    assert list((run / "checkpoint").glob("generation-*")) == [newest(run)]


def test_what_a_crash_left_does_not_push_out_the_good_one(run: Path) -> None:
    good = newest(run)
    (run / "checkpoint" / "generation-000099").mkdir()
    save_generation(run, new_state(SPEC, quick()).model.state_dict())
    assert newest(run).name == "generation-000100"
    assert older(run) == good


@pytest.mark.parametrize("name", ["model.safetensors", "digests.json", "manifest.json"])
def test_a_save_that_breaks_leaves_the_old_one(
    name: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_snapshot(run)
    files = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

    def breaking(write: Callable[[Path, Any], None]) -> Callable[[Path, Any], None]:
        def written(path: Path, content: Any) -> None:
            if path.name == name:
                raise OSError(28, "No space left on device")
            write(path, content)

        return written

    monkeypatch.setattr(checkpoint, "write_bytes", breaking(durable.write_bytes))
    monkeypatch.setattr(checkpoint, "write_json", breaking(durable.write_json))
    with pytest.raises(OSError, match="No space"):
        save_generation(run, new_state(SPEC, quick(seed=5)).model.state_dict())
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == files
    assert load_snapshot(run).id == before.id


def damage_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit": lambda folder: damage_bit(folder / "model.safetensors"),
    "cut short": lambda folder: (folder / "model.safetensors").write_bytes(
        (folder / "model.safetensors").read_bytes()[:-100]
    ),
    "empty": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "no digests": lambda folder: (folder / "digests.json").unlink(),
    "digests no JSON": lambda folder: (folder / "digests.json").write_bytes(b"{"),
    "digests no object": lambda folder: (folder / "digests.json").write_bytes(b"[]"),
    "gone": lambda folder: folder.rename(folder.with_name("elsewhere")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_falls_back_to_the_generation_before(
    damage: Callable[[Path], object], run: Path, small: DatasetPair
) -> None:
    expected = load_file(newest(run) / "model.safetensors")
    marked = {key: value.clone() for key, value in expected.items()}
    marked["decoder.fc5.bias"][0] = 123.0
    write_weights(older(run), save(marked))
    damage(newest(run))
    snapshot = load_snapshot(run)
    assert snapshot.weights["decoder.fc5.bias"][0] == 123.0
    assert snapshot.older or not newest(run).exists()  # one that is gone is not known to have been


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_refuses_when_both_are_damaged(damage: Callable[[Path], object], run: Path) -> None:
    for generation in (older(run), newest(run)):
        damage(generation)
        if (run / "checkpoint" / "elsewhere").exists():
            (run / "checkpoint" / "elsewhere").rename(run / generation.name)
    assert refusal(run).startswith("checkpoint.")


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{}", b"[]", b'{"generation": []}', b'{"generation": "2"}', b'{"generation": 0}'],
)
def test_a_manifest_that_names_nothing_hides_no_weights(manifest: bytes, run: Path) -> None:
    before = load_snapshot(run)
    (run / "checkpoint" / "manifest.json").write_bytes(manifest)
    found = load_snapshot(run)
    assert (found.id, found.older) == (before.id, False)


def test_a_run_without_a_manifest_opens_with_its_newest_whole_weights(run: Path) -> None:
    before = load_snapshot(run)
    (run / "checkpoint" / "manifest.json").unlink()
    assert load_snapshot(run).id == before.id
    unfinished = run / "checkpoint" / "generation-000099"
    unfinished.mkdir()
    (unfinished / "model.safetensors").write_bytes(b"")
    assert load_snapshot(run).id == before.id


def test_the_next_save_after_a_lost_manifest_keeps_what_was_whole(run: Path) -> None:
    before = load_snapshot(run)
    (run / "checkpoint" / "manifest.json").unlink()
    save_generation(run, new_state(SPEC, quick(seed=5)).model.state_dict(), step=9)
    damage_bit(newest(run) / "model.safetensors")
    assert (load_snapshot(run).id, load_snapshot(run).older) == (before.id, True)


def test_what_is_damaged_is_not_kept_in_place_of_what_is_whole(run: Path) -> None:
    whole = older(run)
    damage_bit(newest(run) / "model.safetensors")
    number = int(whole.name[-6:])
    save_generation(run, new_state(SPEC, quick(seed=5)).model.state_dict(), previous=number)
    assert older(run) == whole
    damage_bit(newest(run) / "model.safetensors")
    assert load_snapshot(run).step == 0


def test_refuses_a_run_without_weights(run: Path) -> None:
    (run / "checkpoint").rename(run / "elsewhere")
    assert refusal(run) == "checkpoint.incomplete"


def changed(**changes: Tensor | None) -> Callable[[dict[str, Tensor]], bytes]:
    def content(tensors: dict[str, Tensor]) -> bytes:
        values = {**tensors, **{key.replace("__", "."): value for key, value in changes.items()}}
        return save({key: value for key, value in values.items() if value is not None})

    return content


def with_header(header: bytes) -> Callable[[dict[str, Tensor]], bytes]:
    return lambda tensors: len(header).to_bytes(8, "little") + header


BAD_CONTENTS: dict[str, tuple[Callable[[dict[str, Tensor]], bytes], str]] = {
    "another shape": (changed(decoder__fc5__bias=torch.zeros(783)), "checkpoint.tensor"),
    "another type": (changed(decoder__fc5__bias=torch.zeros(784).double()), "checkpoint.tensor"),
    "half where whole is said": (
        changed(decoder__fc5__bias=torch.zeros(784).half()),
        "checkpoint.tensor",
    ),
    "one name too many": (changed(decoder__fc6__bias=torch.zeros(1)), "checkpoint.tensor"),
    "one name too few": (changed(decoder__fc5__bias=None), "checkpoint.tensor"),
    "NaN": (changed(decoder__fc5__bias=torch.full((784,), torch.nan)), "checkpoint.not_finite"),
    "infinity": (
        changed(decoder__fc5__bias=torch.full((784,), torch.inf)),
        "checkpoint.not_finite",
    ),
    "no header": (lambda tensors: b"\1\0", "checkpoint.weights"),
    "a header longer than the file": (
        lambda tensors: (2**40).to_bytes(8, "little") + b"{}",
        "checkpoint.weights",
    ),
    "a header that is no JSON": (with_header(b"{no"), "checkpoint.weights"),
    "a header that is a list": (with_header(b"[]"), "checkpoint.weights"),
    "a deep header": (with_header(b"[" * 100_000), "checkpoint.weights"),
    "data that is missing": (lambda tensors: save(tensors)[:-4], "checkpoint.weights"),
    "a huge file": (lambda tensors: bytes(40 * 2**20), "checkpoint.weights"),
}


@pytest.mark.parametrize(("content", "code"), BAD_CONTENTS.values(), ids=BAD_CONTENTS)
def test_refuses_weights_that_do_not_fit(
    content: Callable[[dict[str, Tensor]], bytes], code: str, run: Path
) -> None:
    tensors = load_file(newest(run) / "model.safetensors")
    for generation in (older(run), newest(run)):
        write_weights(generation, content(tensors))
    assert refusal(run) == code


def test_the_digest_is_checked(run: Path) -> None:
    for generation in (older(run), newest(run)):
        damage_bit(generation / "model.safetensors")
    assert refusal(run) == "checkpoint.digest"


def test_refuses_a_specification_that_the_weights_do_not_fit(run: Path) -> None:
    write_spec(run, hidden=[48, 25])
    assert refusal(run) == "checkpoint.tensor"


def test_refuses_a_specification_too_large_before_it_allocates(run: Path) -> None:
    write_spec(run, hidden=[4096, 4096], image_shape=[3, 512, 512])
    assert refusal(run) == "spec.too_large"


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_knows_names_and_shapes_without_building(spec: ModelSpec) -> None:
    model = VAE(spec)
    assert expected_weights(spec) == {
        key: (tuple(value.shape), value.is_floating_point())
        for key, value in model.state_dict().items()
    }
    assert parameter_count(spec) == sum(value.numel() for value in model.parameters())


@pytest.mark.parametrize(
    "break_it",
    [
        lambda tensors: tensors.pop("noise"),
        lambda tensors: tensors.update(noise=torch.zeros(3, dtype=torch.uint8)),
        lambda tensors: tensors.update(counters=torch.zeros(2, dtype=torch.int64)),
        lambda tensors: tensors.pop("values"),
    ],
)
def test_a_damaged_training_state_is_refused_and_the_model_opens(
    break_it: Callable[[dict[str, Tensor]], object], run: Path, small: DatasetPair
) -> None:
    state, _ = trained(SPEC, quick(), small)
    tensors = parse_tensors(training_bytes(state))
    break_it(tensors)
    files = {TRAINING: save(tensors)}
    save_generation(run, state.model.state_dict(), files=files, keep_previous=False)
    with pytest.raises(CheckpointError) as caught:
        load_training(run)
    assert caught.value.code in ("checkpoint.training", "checkpoint.tensor")
    assert load_snapshot(run).spec == SPEC


def test_a_model_for_handing_on_cannot_go_on(small: DatasetPair, tmp_path: Path) -> None:
    record(tmp_path / "run", SPEC, small, "float16")
    assert not (newest(tmp_path / "run") / "training.safetensors").exists()
    with pytest.raises(CheckpointError) as caught:
        load_training(tmp_path / "run")
    assert caught.value.code == "checkpoint.no_training"


def test_loaded_weights_are_those_captured(small: DatasetPair, run: Path) -> None:
    state, _ = trained(SPEC, quick(), small)
    save_generation(run, state.model.state_dict())
    captured, loaded = capture(state, "run", "run"), load_snapshot(run)
    assert captured.weights.keys() == loaded.weights.keys()
    assert all(torch.equal(value, loaded.weights[key]) for key, value in captured.weights.items())


def finished_models() -> list[RunInfo]:
    return [info for info in bundled_runs() if info.status == "finished"]


@pytest.mark.parametrize("info", finished_models(), ids=lambda info: info.path.name)
def test_models_that_ship_do_as_recorded(info: RunInfo, mnist: DatasetPair) -> None:
    snapshot = load_snapshot(info.path)
    result = evaluate(snapshot.build(), part(mnist, 1, 1000).test)
    assert result is not None
    assert info.evaluation is not None
    assert info.weights == "float16"
    assert replace(snapshot.spec) == VARIANTS[info.variant]
    # The first thousand are somewhat harder than the rest; another model would be far off.
    assert result.negative_elbo == pytest.approx(info.evaluation.negative_elbo, rel=0.1)


def test_a_damaged_part_never_mixes_two_generations(run: Path) -> None:
    whole = load_training(run)
    damage_bit(newest(run) / "model.safetensors")
    found, snapshot = load_training(run), load_snapshot(run)
    state = found.state
    assert (state.epoch, state.step) == (0, 0) != (whole.state.epoch, whole.state.step)
    assert (snapshot.epoch, snapshot.step) == (0, 0)
    assert (whole.older, found.older, snapshot.older) == (False, True, True)
    assert snapshot.evaluation is None  # the figures are of the weights that are lost
    for key, value in state.model.state_dict().items():
        assert torch.equal(value, snapshot.weights[key])


def test_different_weights_have_different_ids(run: Path) -> None:
    before = load_snapshot(run)
    other = new_state(SPEC, quick(seed=9)).model.state_dict()
    save_generation(run, other, epoch=before.epoch, step=before.step)
    after = load_snapshot(run)
    assert (after.epoch, after.step) == (before.epoch, before.step)
    assert after.id != before.id


def regions(run: Path) -> list[tuple[Path, int]]:
    """Where to flip a byte: in JSON all but most of what digests and figures consist of; of the
    tensors' files some of each region: the first ones, the header, where it ends, the body, the
    last ones."""
    places = []
    for path in [*sorted(newest(run).iterdir()), run / "checkpoint" / "manifest.json"]:
        content = path.read_bytes()
        size = len(content)
        if path.suffix == ".safetensors":
            header = int.from_bytes(content[:8], "little")
            chosen = {0, 1, 7, 8, 9, 8 + header // 2, 7 + header, 8 + header, 9 + header}
            chosen |= {size // 3, size // 2, size - 2, size - 1}
        elif path.name == "run.json":
            chosen = set(range(0, size, 61))
        else:
            found = re.finditer(rb"[0-9a-f]{64}", content)
            digits = [at for digest in found for at in range(*digest.span())]
            chosen = set(range(size)) - set(digits) | set(digits[::40])
        places += [(path, at) for at in sorted(chosen)]
    return places


@pytest.mark.parametrize("mask", [0x01, 0x03, 0xFF])  # 0x03 makes a 1 of a 2
def test_one_byte_that_turns_opens_the_newest_unharmed_or_says_that_it_is_older(
    mask: int, run: Path
) -> None:
    new = load_snapshot(run)
    damage_bit(newest(run) / "training.safetensors")
    damage_bit(newest(run) / "model.safetensors")
    old = load_snapshot(run)
    damage_bit(newest(run) / "training.safetensors")
    damage_bit(newest(run) / "model.safetensors")
    assert (new.older, old.older) == (False, True)
    assert new.id != old.id
    seen = set()
    for number, (path, at) in enumerate(regions(run)):
        content = path.read_bytes()
        path.write_bytes(content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :])
        found = load_snapshot(run)
        going_on = load_training(run) if path.suffix != ".json" or number % 8 == 0 else None
        path.write_bytes(content)
        place = f"{path.name}, byte {at}"
        expected = old if found.older else new
        assert found.id == expected.id, place
        assert (found.epoch, found.step) == (expected.epoch, expected.step), place
        assert found.evaluation == expected.evaluation, place
        assert weights_equal(found, expected), place
        seen.add((path.name, "opens", found.older))
        if going_on is not None:
            expected = old if going_on.older else new
            assert (going_on.state.step, going_on.info.step) == (expected.step,) * 2, place
            assert same(weights(going_on.state), dict(expected.weights)), place
            seen.add((path.name, "goes on", going_on.older))
    assert seen >= {
        ("model.safetensors", "opens", True),
        ("model.safetensors", "goes on", True),
        ("training.safetensors", "opens", False),
        ("training.safetensors", "goes on", True),
        ("run.json", "opens", True),
        ("digests.json", "opens", True),
        ("manifest.json", "opens", False),
    }
    assert load_snapshot(run).id == new.id


def test_a_number_that_leaves_no_room_for_another_is_refused(run: Path) -> None:
    (run / "checkpoint" / "generation-999999999").mkdir()
    before = load_snapshot(run)
    with pytest.raises(OSError, match="numbered too high"):
        save_generation(run, new_state(SPEC, quick()).model.state_dict())
    assert load_snapshot(run).id == before.id


@pytest.mark.parametrize("length", [0x0480, 0x0580])
def test_a_header_whose_length_reads_like_a_pickle_is_none(
    length: int, run: Path, tmp_path: Path
) -> None:
    """With 512 latent dimensions and layers of 64 and 32 it is 1,152 bytes long: 80 04."""
    (weights, *_) = sorted(run.glob("checkpoint/generation-*/model.safetensors"))
    content = weights.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    assert end - 8 <= length
    padded = length.to_bytes(8, "little") + content[8:end].ljust(length) + content[end:]
    assert padded[:1] == b"\x80"
    info = read_run(run)
    found, plain = (parse_weights(each, info) for each in (padded, content))
    assert same(found, plain)
    bare = tmp_path / "bare"
    bare.write_bytes(padded)
    with pytest.raises(CheckpointError) as caught:
        load_snapshot(bare)
    assert caught.value.code == "checkpoint.bare_weights"
