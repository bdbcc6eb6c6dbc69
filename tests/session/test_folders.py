"""Where things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae_studio.core.resources import bundled_path
from vae_studio.session.folders import free_folder, recalled, remembered


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


def test_what_is_remembered_is_found_again() -> None:
    shipped = bundled_path("checkpoints") / "vae-32"
    assert remembered(str(shipped)) == "vae-32"
    assert recalled("vae-32") == shipped
    assert recalled(remembered("/some where/Größe")) == Path("/some where/Größe")
    assert remembered("/no\x00text\n") == ""
