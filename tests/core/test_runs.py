"""Run folders as a list: found, read with care, renamed, removed and brought back."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.forks import as_nobody, held_elsewhere, public_folder
from tests.helpers import quick, tiny
from vae_studio.core import runs
from vae_studio.core.datasets.table import MNIST, record_of
from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.housekeeping import (
    empty_trash,
    find_interrupted,
    mark_interrupted,
    remove_run,
    rename_run,
    restore_run,
)
from vae_studio.core.lock import RunLock, is_locked
from vae_studio.core.measures import Evaluation, LatentStats, Terms
from vae_studio.core.runs import (
    RunInfo,
    bundled_runs,
    clean_name,
    config_values,
    find_run,
    list_runs,
    read_metrics,
    read_run,
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
        data=record_of("mnist"),
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
    for missing in values.keys() - {"evaluated_step", "origin", "data"}:  # which older have not
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
        {"data": []},
        {"data": {**MNIST.to_dict(), "image_shape": [1, 32, 32]}},
        {"data": {**MNIST.to_dict(), "class_names": ["0", "1"]}},
        {"data": {**MNIST.to_dict(), "name": "../mnist"}},
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


posix = pytest.mark.skipif(os.name == "nt", reason="processes and users are another matter there")


def test_runs_that_were_interrupted_are_found_once(tmp_path: Path) -> None:
    for number, name in enumerate(("old", "new")):
        created = f"2026-01-0{number + 1}T00:00:00+00:00"
        make_run(tmp_path / name, status="running", epoch=1, created=created)
    for status in ("finished", "stopped", "failed", "interrupted"):
        make_run(tmp_path / status, status=status)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "config.json").write_text("{")
    found = find_interrupted(tmp_path)
    assert [info.path.name for info in found] == ["new", "old"]
    assert [info.status for info in found] == ["interrupted"] * 2
    assert find_interrupted(tmp_path) == []
    assert [read_run(info.path) for info in found] == found
    assert read_run(tmp_path / "failed").status == "failed"


@posix
def test_a_run_that_is_still_written_is_not_interrupted(tmp_path: Path) -> None:
    info = make_run(tmp_path / "run", status="running")
    with held_elsewhere(info.path):
        assert find_interrupted(tmp_path) == []
        with pytest.raises(CheckpointError) as caught:
            mark_interrupted(info.path)
        assert caught.value.code == "runs.locked"
        assert read_run(info.path) == info
    assert [found.path for found in find_interrupted(tmp_path)] == [info.path]


@posix
@pytest.mark.parametrize("action", [lambda path: rename_run(path, "other"), remove_run])
def test_nothing_is_done_to_a_run_that_another_program_writes(action: Any, tmp_path: Path) -> None:
    info = make_run(tmp_path / "run")
    with held_elsewhere(info.path):
        with pytest.raises(CheckpointError) as caught:
            action(info.path)
        assert caught.value.code == "runs.locked"
        assert read_run(info.path) == info
    action(info.path)
    assert not is_locked(info.path)


@pytest.mark.parametrize(
    ("status", "changes", "expected"),
    [
        ("stopped", {}, True),
        ("interrupted", {}, True),
        ("failed", {}, True),
        ("finished", {}, False),
        ("stopped", {"weights": "float16"}, False),
        ("stopped", {"epoch": 5}, False),
        ("stopped", {"bundled": True}, False),
    ],
)
def test_what_can_be_resumed(
    status: Any, changes: dict[str, Any], expected: bool, tmp_path: Path
) -> None:
    info = make_run(tmp_path / "run", status=status, config=quick(epochs=5))
    assert replace(info, **changes).can_resume == expected


STRANGE_NAMES = {
    "a\x00b\x07c\x1b[31md": "a b c [31md",
    "one\ntwo\r\nthree\u2028four\u2029five": "one two three four five",
    "\u202egnp.exe": "gnp.exe",
    "a\u200bb\u2066c\ufeffd\u00ade": "a b c d e",
    "<b>bold</b><img src=x>": "<b>bold</b><img src=x>",
    "../../etc/passwd": "../../etc/passwd",
    "x" * 10_000: "x" * 200,
    " " * 10_000 + "x": "",
    "  größe   😀  ": "größe 😀",
    "👨\u200d👩": "👨 👩",
}


@pytest.mark.parametrize(("name", "expected"), STRANGE_NAMES.items(), ids=range(len(STRANGE_NAMES)))
def test_a_name_is_one_line_of_what_can_be_seen(name: str, expected: str, tmp_path: Path) -> None:
    assert clean_name(name) == expected
    info = make_run(tmp_path / "run", name=name)  # as a stranger wrote it
    assert read_run(info.path).name == (expected or "run")
    if not expected:
        return
    assert rename_run(info.path, name).name == expected
    assert read_run(info.path).name == expected
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # a name is no path


def test_half_a_character_in_a_configuration_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    path.write_bytes(path.read_bytes().replace(b'"name": "run"', rb'"name": "\ud800"'))
    with pytest.raises(CheckpointError) as caught:
        read_run(tmp_path / "run")
    str(caught.value).encode()


def test_half_a_character_in_a_new_name_is_left_out(tmp_path: Path) -> None:
    info = make_run(tmp_path / "run")
    assert rename_run(info.path, "a\ud800b").name == "a b"
    assert read_run(info.path).name == "a b"


def code_of(action: Any, *arguments: Any) -> str:
    """Of the error that it raises."""
    with pytest.raises(CheckpointError) as caught:
        action(*arguments)
    return caught.value.code


@posix
@pytest.mark.parametrize("closed", ["config.json", "run", "runs"])
def test_what_may_not_be_read_is_left_out_and_refused(closed: str) -> None:
    with public_folder() as folder:
        runs_here = folder / "runs"
        run = make_run(runs_here / "run").path
        place = {"config.json": run / "config.json", "run": run, "runs": runs_here}[closed]
        place.chmod(0)

        def body() -> None:
            assert list_runs([runs_here]) == []
            assert find_interrupted(runs_here) == []
            for action in (read_run, remove_run, mark_interrupted):
                assert code_of(action, run) == "checkpoint.config"
            if closed != "config.json":
                assert code_of(read_metrics, run) == "checkpoint.metrics"
                assert code_of(find_run, "run", [runs_here]) == "checkpoint.not_found"
            assert not is_locked(run)
            empty_trash(runs_here, 0)

        as_nobody(body)
        place.chmod(0o755)
        assert len(list_runs([runs_here])) == 1


@posix
def test_runs_of_another_user_are_listed_and_stay() -> None:
    with public_folder() as folder:
        info = make_run(folder / "run", status="running")

        def body() -> None:
            assert [found.name for found in list_runs([folder])] == ["run"]
            assert find_interrupted(folder) == []  # nobody here can say so in its configuration
            assert code_of(rename_run, info.path, "x") == "checkpoint.write"
            assert code_of(remove_run, info.path) == "runs.remove"

        as_nobody(body)
        assert read_run(info.path) == info
        assert [path.name for path in folder.iterdir()] == ["run"]


@posix
def test_links_that_lead_in_a_circle_are_left_out(tmp_path: Path) -> None:
    info = make_run(tmp_path / "run")
    (tmp_path / "to itself").symlink_to("to itself")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "config.json").symlink_to("config.json")
    (info.path / "samples").symlink_to(".")
    assert list_runs([tmp_path, tmp_path / "a"]) == [info]
    for name in ("to itself", "a", "inside"):
        for action in (read_run, remove_run, lambda path: rename_run(path, "x")):
            with pytest.raises(CheckpointError):
                action(tmp_path / name)
        with pytest.raises(CheckpointError):
            read_run(find_run(str(tmp_path / name)))
    removed = remove_run(info.path)
    empty_trash(tmp_path, older_than=-1)
    assert not removed.exists()


def test_a_link_to_a_run_is_a_run(tmp_path: Path) -> None:
    info = make_run(tmp_path / "elsewhere" / "run")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "link").symlink_to(info.path)
    (found,) = list_runs([tmp_path / "runs"])
    assert found.path == tmp_path / "runs" / "link"
    assert rename_run(found.path, "other").name == "other"
    remove_run(found.path)
    assert read_run(info.path).name == "other"  # the link is gone, not what it leads to


@pytest.mark.parametrize("name", ["größe 😀 デジタル", "a'b\"c;d&e%f", "-rf", "x" * 200, "ä" * 100])
def test_runs_in_folders_of_any_name(name: str, tmp_path: Path) -> None:
    info = make_run(tmp_path / name / "run")
    assert list_runs([tmp_path / name]) == [info]
    assert rename_run(info.path, name).name == name
    with RunLock(info.path):
        assert is_locked(info.path)
    assert restore_run(remove_run(info.path)) == info.path


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 300), Path("/".join([str(tmp_path), *["x" * 200] * 30]))):
        assert list_runs([path]) == []
        assert find_interrupted(path) == []
        for action in (read_run, remove_run, lambda path: rename_run(path, "x"), read_metrics):
            with pytest.raises(CheckpointError):
                action(path)
        assert not is_locked(path)


def test_an_empty_folder_has_no_runs(tmp_path: Path) -> None:
    assert list_runs([tmp_path]) == []
    assert find_interrupted(tmp_path) == []
    empty_trash(tmp_path, older_than=0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CheckpointError):
        find_run("run", [tmp_path])
