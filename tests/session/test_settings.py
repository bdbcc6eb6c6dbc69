"""What the app remembers, and what it makes of a damaged file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vae_studio.session import folders
from vae_studio.session.folders import new_run_folder, runs_folder
from vae_studio.session.settings import AppSettings, load_settings, save_settings


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "not there yet" / "settings.json"
    settings = AppSettings(theme="light", model="Größe", layout="AAAA", geometry="BBBB")
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
    ],
    ids=len,
)
def test_a_damaged_file_counts_as_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert load_settings(path) == AppSettings()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"theme": "dark", "model": 3}, AppSettings(theme="dark")),
        ({"theme": "pink", "model": "cvae"}, AppSettings(model="cvae")),
        ({"theme": ["dark"], "layout": None}, AppSettings()),
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
