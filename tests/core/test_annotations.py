"""Tags and notes beside a run: a round trip, what a stranger wrote, and a running training."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import Disk, content, quick, tiny
from vae_studio.core.annotations import (
    MAX_NOTES,
    MAX_TAG,
    MAX_TAGS,
    NOTES,
    Annotations,
    clean_notes,
    parse_tags,
    read_annotations,
    write_annotations,
)
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError
from vae_studio.core.housekeeping import disk_use, remove_run, restore_run
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resources import bundled_path
from vae_studio.core.trainer import new_state, train
from vae_studio.core.variants import VARIANTS


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder: what ships, copied without its weights."""
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    shutil.copy(bundled_path("checkpoints") / "vae-2" / "config.json", folder)
    return folder


def put(run: Path, values: object) -> None:
    (run / NOTES).write_text(json.dumps(values), "utf-8")


def test_what_was_noted_comes_back(run: Path) -> None:
    assert read_annotations(run) == Annotations()
    said = Annotations(("good", "β 4, no"), "two lines\n\tof „text“ ✓")
    kept = write_annotations(run, said)
    assert kept.tags == ("good", "β 4 no")  # a comma parts tags
    assert read_annotations(run) == kept
    assert json.loads((run / NOTES).read_text("utf-8"))["format"] == 1


def test_tags_are_parted_and_cleaned() -> None:
    assert parse_tags(" a b , Good,good,, \u202eevil\x00 ") == ("a b", "Good", "evil")
    assert len(parse_tags(",".join(f"t{n}" for n in range(99)))) == MAX_TAGS
    assert all(len(tag) <= MAX_TAG for tag in parse_tags("x" * 500))


def test_notes_keep_lines_and_lose_what_is_not_seen() -> None:
    assert clean_notes("a\r\nb\rc\u2028d\u202e\x1b[0m\te") == "a\nb\nc\nd  [0m\te"
    assert len(clean_notes("x" * 50_000)) == MAX_NOTES


def test_the_most_that_is_written_can_be_read(run: Path) -> None:
    most = Annotations(
        tuple(f"{n:02}" + "𝕏" * (MAX_TAG - 2) for n in range(MAX_TAGS)), "\U0001f642"
    )
    most = Annotations(most.tags, most.notes * MAX_NOTES)
    assert write_annotations(run, most) == most
    assert read_annotations(run) == most


DAMAGED: list[Any] = [
    [],
    {"format": 2, "tags": [], "notes": ""},
    {"format": True, "tags": [], "notes": ""},
    {"format": 1, "tags": []},
    {"format": 1, "tags": [], "notes": "", "more": 1},
    {"format": 1, "tags": "good", "notes": ""},
    {"format": 1, "tags": [1], "notes": ""},
    {"format": 1, "tags": ["x" * 100], "notes": ""},
    {"format": 1, "tags": ["x"] * 100, "notes": ""},
    {"format": 1, "tags": [], "notes": None},
    {"format": 1, "tags": [], "notes": "x" * (MAX_NOTES + 1)},
]


@pytest.mark.parametrize("values", DAMAGED, ids=lambda values: json.dumps(values)[:50])
def test_a_damaged_file_is_refused_and_kept(run: Path, values: object) -> None:
    put(run, values)
    before = (run / NOTES).read_bytes()
    with pytest.raises(CheckpointError) as caught:
        read_annotations(run)
    assert caught.value.code == "notes.damaged"
    assert write_annotations(run, Annotations(("new",))).tags == ("new",)
    assert read_annotations(run).tags == ("new",)
    assert (run / "notes.damaged.json").read_bytes() == before


@pytest.mark.parametrize("text", [b"{", b"\xff", b'{"format": NaN}', b" " * 2**19, b'"\\ud800"'])
def test_what_is_no_json_is_refused(run: Path, text: bytes) -> None:
    (run / NOTES).write_bytes(text)
    with pytest.raises(CheckpointError, match=r"notes\.damaged"):
        read_annotations(run)


def test_hidden_signs_in_a_file_are_not_shown(run: Path) -> None:
    put(run, {"format": 1, "tags": ["\u202egood", "a,b"], "notes": "x\u0007y\u202e"})
    assert read_annotations(run) == Annotations(("good", "a b"), "x y ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_keeps_nobody_waiting(run: Path) -> None:
    os.mkfifo(run / NOTES)
    with pytest.raises(CheckpointError, match=r"notes\.damaged"):
        read_annotations(run)


def test_a_folder_of_that_name_is_put_aside(run: Path) -> None:
    (run / NOTES).mkdir()
    write_annotations(run, Annotations(("new",)))
    assert read_annotations(run).tags == ("new",)


def test_only_runs_of_the_user_are_noted_upon(tmp_path: Path) -> None:
    shipped = bundled_path("checkpoints") / "vae-2"
    before = content(shipped)
    with pytest.raises(CheckpointError, match=r"runs\.bundled"):
        write_annotations(shipped, Annotations(("x",)))
    assert content(shipped) == before
    with pytest.raises(CheckpointError, match="not_a_run"):
        write_annotations(tmp_path, Annotations(("x",)))
    assert content(tmp_path) == {}


def test_a_full_disk_leaves_the_old_notes(run: Path, disk: Disk) -> None:
    write_annotations(run, Annotations(("old",)))
    disk.full = True
    with pytest.raises(CheckpointError, match=r"checkpoint\.write"):
        write_annotations(run, Annotations(("new",)))
    disk.full = False
    assert read_annotations(run).tags == ("old",)
    assert sorted(path.name for path in run.iterdir()) == ["config.json", NOTES]


def test_a_training_leaves_notes_alone_and_notes_leave_it_alone(
    tmp_path: Path, small: DatasetPair
) -> None:
    folder = tmp_path / "run"
    state = new_state(tiny(VARIANTS["vae-2"]), quick(epochs=2))
    with RunRecorder(folder, state, "run") as recorder:  # which holds the run's lock
        recorder.save()
        said = write_annotations(folder, Annotations(("meanwhile",), "it runs"))
        for event in train(state, small, TrainControl()):
            recorder.record(event)
    assert read_annotations(folder) == said
    assert restore_run(remove_run(folder)) == folder
    assert read_annotations(folder) == said


def test_disk_use_counts_files_and_follows_no_links(run: Path, tmp_path: Path) -> None:
    before = disk_use(run)
    assert before == (run / "config.json").stat().st_size
    (run / "samples").mkdir()
    (run / "samples" / "a").write_bytes(bytes(1000))
    (tmp_path / "large").write_bytes(bytes(10_000))
    (run / "link").symlink_to(tmp_path / "large")
    (run / "loop").symlink_to(run)
    assert disk_use(run) == before + 1000
    assert disk_use(run / "gone") == 0
