"""Where things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae_studio.session.folders import free_folder


def test_a_folder_that_exists_gets_a_number_behind_it(tmp_path: Path) -> None:
    assert free_folder(tmp_path / "run") == tmp_path / "run"
    (tmp_path / "run").mkdir()
    assert free_folder(tmp_path / "run") == tmp_path / "run-2"
    (tmp_path / "run-2").mkdir()
    assert free_folder(tmp_path / "run") == tmp_path / "run-3"


def test_a_place_into_which_nobody_may_look_is_left_to_the_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path, **_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", forbidden)
    assert free_folder(Path("closed") / "run") == Path("closed") / "run"
