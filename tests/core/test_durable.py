"""Files are replaced whole or not at all."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from vae_studio.core.durable import write_bytes, write_json


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"one", b"", b"three"):
        write_bytes(path, content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - hidden files are what it is about


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_fault_leaves_the_old_content_and_no_rest(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def broken(*_: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr({"fsync": os, "replace": Path}[step], step, broken)
    with pytest.raises(OSError, match="Input/output"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        calls.append("fsync")
        fsync(descriptor)

    def noted_replace(self: Path, target: Path) -> Path:
        calls.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_bytes(tmp_path / "file", b"content")
    folder_too = ["fsync"] if os.name == "posix" else []
    assert calls == ["fsync", "replace", *folder_too]


def test_json_is_readable_and_strict(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"name": "Größe", "values": [1, 2.5, None]})
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "name": "Größe",
        "values": [1, 2.5, None],
    }
    assert "Größe" in path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"value": math.nan})
    assert json.loads(path.read_text(encoding="utf-8"))["name"] == "Größe"
