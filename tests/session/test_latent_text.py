"""A point as text: what is read is what was written."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_studio.session.latent_text import as_csv, as_json, as_line
from vae_studio.session.state import LatentState

VALUES = (0.1, -1 / 3, 1e-17, 5e-324, -0.0, 123456.789, math.pi)
PLAIN = LatentState(z=VALUES)
LABELLED = LatentState(z=(0.5, -2.0), label=(0.0, 0.25, 0.75), locked=frozenset({1}))


def test_a_table_has_a_row_for_each_dimension() -> None:
    assert as_csv(LatentState(z=(0.25, -1.0))) == "dimension,value\nz0,0.25\nz1,-1.0\n"


def test_weights_of_the_classes_come_after_z() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(LABELLED))))
    assert rows == [
        ["dimension", "value"],
        ["z0", "0.5"],
        ["z1", "-2.0"],
        ["label0", "0.0"],
        ["label1", "0.25"],
        ["label2", "0.75"],
    ]


def test_classes_that_are_words_are_named() -> None:
    names = ("red disc", 'a "ring", large', "ç")
    rows = list(csv.reader(io.StringIO(as_csv(LABELLED, names))))
    assert rows[0] == ["dimension", "value", "class"]
    assert rows[2] == ["z1", "-2.0", ""]
    assert rows[3:] == [
        ["label0", "0.0", "red disc"],
        ["label1", "0.25", 'a "ring", large'],
        ["label2", "0.75", "ç"],
    ]
    read = json.loads(as_json(LABELLED, "shapes", names))
    assert read["classes"] == {'a "ring", large': 0.25, "ç": 0.75}
    assert as_csv(LABELLED, tuple("012")) == as_csv(LABELLED)  # these say nothing more
    assert as_json(LABELLED, "m", tuple("012")) == as_json(LABELLED, "m")
    assert as_csv(PLAIN, names) == as_csv(PLAIN)  # of images with classes, told none


def test_numpy_reads_the_table() -> None:
    table = io.StringIO(as_csv(PLAIN))
    read = np.genfromtxt(table, delimiter=",", skip_header=1, usecols=1)
    assert read.tolist() == list(VALUES)
    assert np.signbit(read[4])
    named = np.genfromtxt(
        io.StringIO(as_csv(PLAIN)), delimiter=",", names=True, dtype=None, encoding="utf-8"
    )
    assert named["dimension"].tolist() == [f"z{index}" for index in range(len(VALUES))]


def test_json_names_the_model() -> None:
    assert json.loads(as_json(PLAIN, "vae-32")) == {
        "model": "vae-32",
        "z": list(VALUES),
        "label": None,
    }
    assert json.loads(as_json(LABELLED, "cvae"))["label"] == [0.0, 0.25, 0.75]


@pytest.mark.parametrize("name", ['"quoted" {0}\n', "</script>", "潜", "half \ud800", ""])
def test_any_name_is_kept(name: str) -> None:
    text = as_json(PLAIN, name)
    assert json.loads(text.encode()) == {"model": name, "z": list(VALUES), "label": None}


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=64))
def test_every_number_comes_back(values: list[float]) -> None:
    latent = LatentState(z=tuple(values))
    assert json.loads(as_json(latent, "m"))["z"] == values
    rows = list(csv.DictReader(io.StringIO(as_csv(latent))))
    assert [float(row["value"]) for row in rows] == values
    assert [float(part) for part in as_line(latent).split(",") if part] == values


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    latent = LatentState(z=tuple(np.array([0.5, -1.0])))
    assert as_csv(latent) == "dimension,value\nz0,0.5\nz1,-1.0\n"
    assert as_line(latent) == "0.5, -1.0"
    assert json.loads(as_json(latent, "m"))["z"] == [0.5, -1.0]


def test_a_point_of_no_model_is_a_header() -> None:
    assert as_csv(LatentState()) == "dimension,value\n"
    assert as_line(LatentState()) == ""


def test_what_wrecked_weights_make_is_still_a_file() -> None:
    latent = LatentState(z=(math.nan, math.inf, 1.0))
    assert json.loads(as_json(latent, "m"), parse_constant=pytest.fail)["z"] == [None, None, 1.0]
    read = np.genfromtxt(io.StringIO(as_csv(latent)), delimiter=",", skip_header=1, usecols=1)
    assert np.isnan(read[0])
    assert np.isinf(read[1])
