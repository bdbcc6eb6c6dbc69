"""Run folders as a list: found, read with care, renamed, removed and brought back."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import quick, tiny
from vae_studio.core import runs
from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.measures import Evaluation, LatentStats, Terms
from vae_studio.core.runs import (
    RunInfo,
    bundled_runs,
    config_values,
    empty_trash,
    find_run,
    list_runs,
    read_metrics,
    read_run,
    remove_run,
    rename_run,
    restore_run,
)
from vae_studio.core.variants import VARIANTS

SPEC = tiny(VARIANTS["cvae"])
FIGURES = Evaluation(
    Terms(90.0, 20.0), 90.0, 10.0, 6, LatentStats(*((float(i),) * 6 for i in range(5)))
)


def make_run(path: Path, **changes: Any) -> RunInfo:
    info = RunInfo(
        path=path,
        name=path.name,
        variant="cvae",
        created="2026-01-01T00:00:00+00:00",
        command="vae-studio train",
        spec=SPEC,
        config=quick(),
        weights="float32",
        status="finished",
        epoch=2,
        step=8,
        seconds=1.5,
        evaluated_epoch=2,
        evaluated_step=8,
        evaluation=FIGURES,
        journal=((3, "beta", 4.0),),
    )
    info = replace(info, **changes)
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config_values(info)))
    return info


@pytest.mark.parametrize("evaluation", [FIGURES, None])
def test_configurations_come_back_as_written(evaluation: Any, tmp_path: Path) -> None:
    info = make_run(tmp_path / "run", evaluation=evaluation)
    assert read_run(tmp_path / "run") == info


def test_every_value_is_needed(tmp_path: Path) -> None:
    values = config_values(make_run(tmp_path / "run"))
    for missing in values.keys() - {"evaluated_step"}:  # which older runs do not have
        rest = {key: value for key, value in values.items() if key != missing}
        (tmp_path / "run" / "config.json").write_text(json.dumps(rest))
        with pytest.raises(CheckpointError):
            read_run(tmp_path / "run")


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": "1"},
        {"name": 3},
        {"status": "dreaming"},
        {"status": []},
        {"weights": "float64"},
        {"epoch": -1},
        {"epoch": True},
        {"epoch": 2**60},
        {"step": 1.5},
        {"seconds": "long"},
        {"seconds": 10**400},
        {"seconds": math.nan},
        {"journal": [[1, "beta"]]},
        {"journal": [[1, "beta", math.inf]]},
        {"journal": 3},
        {"spec": {"latent_dim": 0}},
        {"spec": {"latent_dim": 10**400}},
        {"spec": None},
        {"config": {"beta": math.nan}},
        {"config": []},
        {"evaluation": {}},
        {"evaluation": []},
        {"evaluation": {**FIGURES.to_dict(), "bernoulli": math.nan}},
        {"evaluation": replace(FIGURES, latent=LatentStats(*((0.0,),) * 5)).to_dict()},
    ],
    ids=str,
)
def test_wrong_values_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))
    with pytest.raises(StudioError):
        read_run(tmp_path / "run")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b" " * (5 * 2**20)], ids=len
)
def test_what_is_no_json_object_is_refused(content: bytes, tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    (tmp_path / "run" / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        read_run(tmp_path / "run")
    assert caught.value.code == "checkpoint.config"


def test_a_folder_without_a_configuration_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "a file"):
        with pytest.raises(CheckpointError) as caught:
            read_run(path)
        assert caught.value.code == "checkpoint.not_a_run"


def test_lists_the_newest_first_and_leaves_out_what_is_no_run(tmp_path: Path) -> None:
    for number, name in enumerate(("b", "c", "a")):
        make_run(tmp_path / "one" / name, created=f"2026-01-0{number + 1}T00:00:00+00:00")
    make_run(tmp_path / "two" / "d")
    make_run(tmp_path / "one" / ".hidden")
    make_run(tmp_path / "one" / "damaged")
    (tmp_path / "one" / "damaged" / "config.json").write_text("{")
    (tmp_path / "one" / "empty").mkdir()
    (tmp_path / "one" / "file").write_text("")
    found = list_runs([tmp_path / "one", tmp_path / "nowhere", tmp_path / "two"])
    assert [info.path.name for info in found] == ["a", "c", "b", "d"]


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for ``checkpoints/``, with two models."""
    folder = tmp_path / "shipped"
    make_run(folder / "cvae", variant="cvae", created="2026-01-02T00:00:00+00:00")
    make_run(folder / "vae-2", variant="vae-2", created="2026-01-01T00:00:00+00:00")
    make_run(folder / "another", variant="", created="2026-01-03T00:00:00+00:00")
    monkeypatch.setattr(runs, "bundled_path", lambda name: folder)
    return folder


def test_models_that_ship_keep_the_order_of_the_table(shipped: Path) -> None:
    found = bundled_runs()
    assert [info.path.name for info in found] == ["vae-2", "cvae", "another"]
    assert all(info.bundled for info in found)


def test_a_run_is_found_by_path_then_by_name(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = make_run(tmp_path / "mine" / "my run").path
    make_run(tmp_path / "mine" / "cvae")
    assert find_run(str(mine)) == mine
    assert find_run("my run", [tmp_path / "mine"]) == mine
    assert find_run("cvae", [tmp_path / "mine"]) == shipped / "cvae"
    monkeypatch.chdir(tmp_path / "mine")
    assert find_run("cvae").resolve() == tmp_path / "mine" / "cvae"


@pytest.mark.parametrize("text", ["no such run", "shipped/../cvae", "../cvae"])
def test_what_is_not_found_names_what_ships(text: str, shipped: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        find_run(text)
    assert caught.value.code == "checkpoint.not_found"
    assert caught.value.params["known"] == "vae-2, cvae, another"


def test_metrics_are_numbers(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == []
    (tmp_path / "metrics.csv").write_text("epoch,beta\n1,0.5\n2,1\n")
    assert read_metrics(tmp_path) == [{"epoch": 1.0, "beta": 0.5}, {"epoch": 2.0, "beta": 1.0}]


@pytest.mark.parametrize("text", ["epoch,beta\n1,x\n", "epoch,beta\n1\n", "epoch\n1,2\n"])
def test_damaged_metrics_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(CheckpointError) as caught:
        read_metrics(tmp_path)
    assert caught.value.code == "checkpoint.metrics"


def test_renaming_changes_the_name_alone(tmp_path: Path) -> None:
    info = make_run(tmp_path / "run")
    assert rename_run(info.path, "  My  best\nrun ") == replace(info, name="My best run")
    assert read_run(info.path).name == "My best run"
    assert len(rename_run(info.path, "x" * 1000).name) == 200


@pytest.mark.parametrize("name", ["", "  ", "\n\t"])
def test_a_name_is_needed(name: str, tmp_path: Path) -> None:
    info = make_run(tmp_path / "run")
    with pytest.raises(CheckpointError) as caught:
        rename_run(info.path, name)
    assert caught.value.code == "runs.name"
    assert read_run(info.path) == info


def test_models_that_ship_stay_as_they_are(shipped: Path) -> None:
    for change in (
        lambda: rename_run(shipped / "cvae", "mine"),
        lambda: remove_run(shipped / "cvae"),
    ):
        with pytest.raises(CheckpointError) as caught:
            change()
        assert caught.value.code == "runs.bundled"
    assert read_run(shipped / "cvae").name == "cvae"


def test_removing_takes_out_of_the_list_and_restoring_brings_back(tmp_path: Path) -> None:
    info = make_run(tmp_path / "run-1")
    removed = remove_run(info.path)
    assert list_runs([tmp_path]) == []
    assert not info.path.exists()
    assert restore_run(removed) == info.path
    assert list_runs([tmp_path]) == [info]


def test_restoring_overwrites_nothing(tmp_path: Path) -> None:
    info = make_run(tmp_path / "run")
    removed = remove_run(info.path)
    make_run(tmp_path / "run", name="the new one")
    assert restore_run(removed) == tmp_path / "run-restored"
    assert read_run(tmp_path / "run").name == "the new one"
    assert read_run(tmp_path / "run-restored").name == "run"


def test_only_run_folders_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    with pytest.raises(CheckpointError) as caught:
        remove_run(folder)
    assert caught.value.code == "checkpoint.not_a_run"
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("action", "fault", "code"),
    [
        (lambda path: remove_run(path), "rename", "runs.remove"),
        (lambda path: remove_run(path), "mkdir", "runs.remove"),
        (lambda path: rename_run(path, "other"), "replace", "checkpoint.write"),
    ],
)
def test_faults_of_the_disk_are_typed(
    action: Any, fault: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = make_run(tmp_path / "run")

    def refused(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, fault, refused)
    with pytest.raises(CheckpointError) as caught:
        action(info.path)
    assert caught.value.code == code
    assert "Permission denied" in str(caught.value.params["reason"])
    assert read_run(info.path) == info


def test_restoring_what_is_gone_is_typed(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        restore_run(tmp_path / ".removed" / "1-run")
    assert caught.value.code == "runs.restore"


def test_the_trash_is_emptied_of_what_is_old(tmp_path: Path) -> None:
    removed = [remove_run(make_run(tmp_path / name).path) for name in ("a", "b")]
    old = removed[0].rename(removed[0].with_name("1000-a"))
    (old.parent / "note").mkdir()
    empty_trash(tmp_path, older_than=3600)
    assert sorted(os.listdir(old.parent)) == sorted(["note", removed[1].name])  # noqa: PTH208
    empty_trash(tmp_path / "nowhere", older_than=0)


@pytest.mark.parametrize("text", ["no-such-run", "~no-such-user/run", "x" * 5000, "a\0b", ""])
def test_whatever_is_typed_as_a_run_is_found_or_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_run(find_run(text, [tmp_path]))
    assert caught.value.code in ("checkpoint.not_found", "checkpoint.not_a_run")
