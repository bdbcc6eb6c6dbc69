"""What the app remembers, and what it makes of a damaged file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vae_studio.session import folders
from vae_studio.session.folders import new_run_folder, runs_folder
from vae_studio.session.settings import AppSettings, load_settings, save_settings


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "not there yet" / "settings.json"
    settings = AppSettings(
        theme="light",
        model="Größe",
        layouts={"train": "AAAA"},
        geometry="BBBB",
        columns="3::CCCC",
        measured={"cvae": False, "/runs/mine": True},
        moments=40,
    )
    save_settings(path, settings)
    assert load_settings(path) == settings


def test_defaults_without_a_file(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.json") == AppSettings()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\xff",
        b"[" * 100_000,
        b'{"model": "' + b"x" * 2**20 + b'"}',
        b'{"theme": "dark", "theme": "dark"}',
        b'{"model": "' + b"x" * 5000 + b'"}',
        b'{"model": "' + b"x" * 300 + b'/y"}',
        b'{"model": "a\\u0000b"}',
        b'{"theme": "dark", "other": 1e999}',
        b'{"theme": "dark", "other": NaN}',
        b'{"model": "\\ud800"}',
        b'{"moments": 10000}',
        b'{"moments": true}',
    ],
    ids=len,
)
def test_a_damaged_file_counts_as_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert load_settings(path) == AppSettings()


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        Path.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path.name),
        lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 2**36),
    ],
    ids=["pipe", "folder", "endless", "circle", "sparse"],
)
def test_what_is_no_file_counts_as_none(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    make(path)
    assert load_settings(path) == AppSettings()


def test_a_model_that_is_remembered_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    for model in ("cvae", "/some where/Größe/" + "x" * 255, "", "C:\\Users\\me"):
        path.write_text(json.dumps({"model": model}))
        assert load_settings(path).model == model
        assert not Path(load_settings(path).model or "x").is_dir()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"theme": "dark", "model": 3}, AppSettings(theme="dark")),
        ({"theme": "pink", "model": "cvae"}, AppSettings(model="cvae")),
        ({"theme": ["dark"], "layouts": {"train": 3}}, AppSettings()),
        (
            {"measured": {"cvae": 1, "vae-2": False}, "layouts": ["train"]},
            AppSettings(measured={"vae-2": False}),
        ),
        ({"model": "cvae", "of another version": 1}, AppSettings(model="cvae")),
    ],
)
def test_what_fits_is_kept(values: dict[str, Any], expected: AppSettings, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(values))
    assert load_settings(path) == expected


def test_the_environment_moves_the_data_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.home() == home
    assert runs_folder() == home / "runs"
    assert not home.exists()  # asking makes nothing
    monkeypatch.setenv("VAE_STUDIO_HOME", "~/studio")
    assert folders.home() == Path.home() / "studio"
    monkeypatch.delenv("VAE_STUDIO_HOME")
    assert folders.home().name == "vae-studio"


def test_new_run_folders_do_not_collide() -> None:
    found = []
    for _ in range(3):
        folder = new_run_folder("cvae")
        assert not folder.exists()
        folder.mkdir(parents=True)
        found.append(folder)
    assert len(set(found)) == 3
    assert all(folder.parent == runs_folder() for folder in found)
    assert all(folder.name.startswith("cvae-") for folder in found)
