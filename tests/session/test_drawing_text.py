"""Drawings as files, and kept from one session to the next."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_studio.core.errors import DrawingError
from vae_studio.session.drawing import ImageRef, Input, Pixels, Steps
from vae_studio.session.drawing_text import file_name, parse_drawing, write_drawing
from vae_studio.session.kept import (
    MOST_DRAWINGS,
    MOST_DRAWN,
    Kept,
    KeptDrawing,
    free_drawing_name,
    has_room,
    with_drawing,
    with_renamed_drawing,
    without_drawing,
)
from vae_studio.session.last_session import parse_last_session, restored, write_last_session
from vae_studio.session.state import LatentState, SessionState
from vae_studio.session.strokes import Stroke

LINE = Stroke(((0.25, 0.5), (0.5, 0.75)), 0.1)
DRAWINGS = (
    Input((LINE, Stroke(((1.0, 0.0),), 0.02)), 7, steps=Steps(pen=False)),
    Input((replace(LINE, erases=True),), None, ImageRef("mnist", "test", 9)),
    Input((), 3, None, Pixels((1, 2, 2), b"\x00\xff\x80\x7f")),
    Input(
        (replace(LINE, colour=(230, 159, 0)), LINE), None, None, Pixels((3, 1, 1), b"\x00\xff\x80")
    ),
)


@pytest.mark.parametrize("given_", DRAWINGS)
def test_a_drawing_comes_back(given_: Input) -> None:
    text = write_drawing("my 7", given_)
    assert parse_drawing(text.encode()) == ("my 7", given_)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "drawing.not_a_drawing"),
        (b"{}", "drawing.not_a_drawing"),
        (b'{"kind": "vae-studio place", "format": 1}', "drawing.not_a_drawing"),
        (b'{"kind": "vae-studio drawing", "format": 99}', "drawing.format"),
        (b'{"kind": "vae-studio drawing", "format": 1}', "drawing.damaged"),
        (b'{"kind": "vae-studio drawing", "format": 1, "name": "x", "input": null}',
         "drawing.damaged"),
        (b'{"kind": "vae-studio drawing", "format": 1, "name": 3, "input": null}',
         "drawing.damaged"),
        (b"[" * 100_000, "drawing.not_a_drawing"),
        (b" " * (2 * 2**20 + 1), "drawing.not_a_drawing"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(DrawingError) as raised:
        parse_drawing(content)
    assert raised.value.code == code


def test_only_a_colour_of_ones_own_is_written() -> None:
    strokes = json.loads(write_drawing("n", DRAWINGS[3]))["input"]["strokes"]
    assert [stroke.get("colour") for stroke in strokes] == ["#e69f00", None]
    assert "colour" not in write_drawing("n", DRAWINGS[0])  # as before there were colours


@pytest.mark.parametrize("colour", ["e69f00", "#e69f0", "#E69F00", "#e69f00\n", 7, None, [1, 2, 3]])
def test_what_is_no_colour_is_refused(colour: object) -> None:
    values = json.loads(write_drawing("n", DRAWINGS[3]))
    values["input"]["strokes"][0]["colour"] = colour
    with pytest.raises(DrawingError) as raised:
        parse_drawing(json.dumps(values).encode())
    assert raised.value.code == "drawing.damaged"


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_a_picture_is_grey_or_in_colour(channels: int) -> None:
    values = json.loads(write_drawing("n", DRAWINGS[2]))
    values["input"]["pixels"] = {"shape": [channels, 1, 2], "rows": ["00ff"] * channels}
    with pytest.raises(DrawingError) as raised:
        parse_drawing(json.dumps(values).encode())
    assert raised.value.code == "drawing.damaged"
    assert raised.value.params["reason"] == "shape is not that of a picture"


@given(st.data())
def test_a_damaged_drawing_is_refused_or_read(data: st.DataObject) -> None:
    drawing = data.draw(st.sampled_from([DRAWINGS[0], DRAWINGS[3]]))
    content = bytearray(write_drawing("n", drawing).encode())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    try:
        name, read = parse_drawing(bytes(content))
    except DrawingError:
        return
    assert isinstance(name, str)
    assert all(0 <= x <= 1 for stroke in read.strokes for point in stroke.points for x in point)


def test_names_of_files_are_harmless() -> None:
    assert file_name("my 7", "svg") == "my 7.svg"
    assert file_name("../../etc/passwd", "json") == "-..-etc-passwd.json"
    assert file_name("\x00 . ", "png") == "drawing.png"


def test_kept_drawings_have_names_of_their_own() -> None:
    kept = Kept()
    for _ in range(3):
        kept = with_drawing(kept, KeptDrawing(free_drawing_name(kept, "Drawing"), DRAWINGS[0]))
    assert [each.name for each in kept.drawings] == ["Drawing 1", "Drawing 2", "Drawing 3"]
    kept = with_renamed_drawing(kept, kept.drawings[1], "  my \n seven ")
    assert kept.drawings[1].name == "my seven"
    assert with_renamed_drawing(kept, kept.drawings[1], "  ") == kept
    kept = without_drawing(kept, kept.drawings[0])
    assert [each.name for each in kept.drawings] == ["my seven", "Drawing 3"]
    assert free_drawing_name(kept, "Drawing") == "Drawing 1"


def test_none_goes_to_make_room() -> None:
    long = Input((Stroke(((0.5, 0.5),) * 20_000, 0.1),))
    kept = Kept()
    for number in range(MOST_DRAWN // 20_000):
        assert has_room(kept, long)
        kept = with_drawing(kept, KeptDrawing(str(number), long))
    assert not has_room(kept, long)
    assert with_drawing(kept, KeptDrawing("one more", long)) is kept
    full = Kept(drawings=(KeptDrawing("n", DRAWINGS[0]),) * MOST_DRAWINGS)
    assert not has_room(full, DRAWINGS[0])


def test_drawings_are_there_again_in_the_next_session() -> None:
    drawings = tuple(KeptDrawing(str(n), each) for n, each in enumerate(DRAWINGS))
    state = SessionState("/runs/a", LatentState((0.5,)), kept=Kept(drawings=drawings))
    last = parse_last_session(write_last_session(state).encode())
    assert restored(SessionState("/runs/a"), last).kept.drawings == drawings
    assert restored(SessionState("/runs/b"), last).kept.drawings == drawings
    damaged = json.loads(write_last_session(state))
    damaged["drawings"][1]["input"] = {"strokes": "many"}
    rest = parse_last_session(json.dumps(damaged).encode()).drawings
    assert rest == (drawings[0], *drawings[2:])
