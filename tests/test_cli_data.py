"""``vae-studio data``: what a person reads, and what is there afterwards."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
import tqdm
from PIL import Image

from vae_studio.cli import main
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import load_dataset
from vae_studio.core.datasets import sources
from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.runs import read_run
from vae_studio.session.folders import data_folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of ten pictures in colour, and two files that are none."""
    folder, random = tmp_path / "Fruit & Veg", np.random.default_rng(0)
    for name, colour in (("apple", 200), ("pear", 90)):
        (folder / name).mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(colour - 40, colour + 40, (24, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    (folder / "apple" / "notes.txt").write_text("none")
    (folder / "pear" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def test_what_is_here_and_what_can_be_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["mnist", *KNOWN]
    assert "70,000 images  28 × 28 grey    10 classes   MNIST (comes with the app)" in lines[0]
    assert "can be fetched, 30.9 MB" in lines[1]


def test_pictures_are_imported_trained_on_and_removed(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--size", "16", "--fit", "crop", "--test-share", "0.2", "--title", "Fruit"]
    assert main(["data", "import", str(pictures), "--name", "fruit", *given]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "size 16, colour colour, fit crop" in out
    assert out.count("skipped ") == 2
    assert "pear/broken.png" in out
    assert str(tmp_path / "Fruit") not in out  # names within the folder say enough
    assert "20 images  16 × 16 colour  2 classes    Fruit" in out
    data = load_dataset("fruit")
    assert (len(data.train), len(data.test)) == (16, 4)
    assert DATASETS["fruit"].class_names == ("apple", "pear")

    run = tmp_path / "run"
    small = ["--set", "hidden=4,8", "latent_dim=3", "batch_size=8", "device=cpu"]
    command = ["train", "--dataset", "fruit", "--variant", "conv-cvae", "--epochs", "1", *small]
    assert main([*command, "--output", str(run)]) == 0
    snapshot, info = load_snapshot(run), read_run(run)
    assert snapshot.spec.image_shape == (3, 16, 16)
    assert (snapshot.spec.num_classes, snapshot.spec.likelihood) == (2, "gaussian")
    assert snapshot.class_names == ("apple", "pear")
    assert info.data is not None
    assert info.data.digest == DATASETS["fruit"].digest
    assert info.data.settings == DATASETS["fruit"].settings
    capsys.readouterr()
    assert main(["data", "check", "fruit"]) == 0
    assert "all 20 images are as they were written" in capsys.readouterr().out
    assert main(["evaluate", str(run)]) == 0

    assert main(["data", "remove", "fruit"]) == 0
    assert list(data_folder().iterdir()) == []
    capsys.readouterr()
    assert main(["evaluate", str(run)]) == 2
    assert "import Fruit & Veg as “fruit” again" in capsys.readouterr().err
    assert load_snapshot(run).class_names == ("apple", "pear")  # it still explores
    given[1] = "20"
    assert main(["data", "import", str(pictures), "--name", "fruit", *given]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(run)]) == 2
    assert "holds other images today" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["data", "fetch", "imagenet"], "There is no data set “imagenet”"),
        (["data", "check", "mnist"], "MNIST came with the app"),
        (["data", "remove", "none"], "There is no data set “none”"),
        (["data", "import", "nowhere", "--name", "x"], "nowhere"),
        (["train", "--dataset", "kmnist"], "vae-studio data fetch kmnist"),
        (["train", "--dataset", "none"], "There is no data set “none”"),
        (["train", "--set", "dataset=none"], "There is no data set “none”"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    command: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err


def test_a_name_that_is_taken_is_kept_unless_it_is_to_be_replaced(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["data", "import", str(pictures), "--name", "fruit", "--size", "16"]
    assert main(command) == 0
    digest = DATASETS["fruit"].digest
    assert main([*command, "--seed", "3"]) == 2
    assert "There is a data set “fruit” already" in capsys.readouterr().err
    assert DATASETS["fruit"].digest == digest
    assert main([*command, "--seed", "3", "--replace"]) == 0
    assert DATASETS["fruit"].digest != digest


def test_labels_that_are_not_there_cannot_be_told(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pictures / "apple"
    assert main(["data", "import", str(folder), "--name", "apples", "--size", "16"]) == 0
    capsys.readouterr()
    assert main(["train", "--dataset", "apples", "--variant", "cvae"]) == 2
    assert "apple has none" in capsys.readouterr().err


def test_ctrl_c_while_it_looks_at_the_pictures_keeps_nothing(
    pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(tqdm.tqdm, "__enter__", lambda bar: (interrupted(), bar)[1])
    assert main(["data", "import", str(pictures), "--name", "fruit"]) == 130
    assert "nothing was kept" in capsys.readouterr().out
    assert "fruit" not in DATASETS


def test_what_cannot_be_is_told_before_anything_is_read(
    pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "open_source", pytest.fail)
    for given in (["--name", "Ü"], ["--name", "x", "--size", "300"]):
        assert main(["data", "import", str(pictures), *given]) == 2
    assert "16 to 128" in capsys.readouterr().err


def test_the_names_of_files_tell_the_terminal_nothing(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "pear" / "\x1b]0;mine\x07\n.txt").write_text("none")
    assert main(["data", "import", str(pictures), "--name", "fruit", "--size", "16"]) == 0
    out = capsys.readouterr().out
    assert "skipped pear/ ]0;mine .txt" in out
    assert "\x1b" not in out


def test_a_damaged_set_is_told_to_whoever_asks_for_it(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "import", str(pictures), "--name", "fruit", "--size", "16"]) == 0
    (data_folder() / "fruit" / "dataset.json").write_text("{")
    DATASETS.pop("fruit")
    capsys.readouterr()
    for command in (["data", "check", "fruit"], ["train", "--dataset", "fruit"]):
        assert main(command) == 2
        err = capsys.readouterr().err
        assert "There is no data set “fruit”" in err
        assert str(data_folder() / "fruit") in err
