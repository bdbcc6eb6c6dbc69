"""A place as text: a round trip, and whatever else somebody may send."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_studio.core.errors import PlaceError
from vae_studio.session.drawing import ImageRef, Input, Pixels, Seen, Steps
from vae_studio.session.kept import (
    MOST_NAME,
    MOST_POINTS,
    MOST_VECTORS,
    Kept,
    KeptPoint,
    KeptVector,
    Marked,
)
from vae_studio.session.place import (
    FARTHEST,
    MAX_BYTES,
    MOST_MARKED,
    file_name,
    parse_place,
    with_place,
    write_place,
)
from vae_studio.session.state import (
    MOST_STEPS,
    LatentState,
    MapView,
    PathView,
    SessionState,
    Weights,
)
from vae_studio.session.strokes import MOST_INK, MOST_STROKE_POINTS, Stroke

HERE, ELSEWHERE = "/runs/here", "/runs/elsewhere"


def rich() -> SessionState:
    """Something of everything, in a model of two dimensions and three classes."""
    strokes = (
        Stroke(((0.1, 0.2), (0.30000000000000004, 1.0)), 0.07),
        Stroke(((0.5, 0.5),), 0.2),
    )
    points = (
        KeptPoint("A", HERE, (0.1, -2.5), (1.0, 0.0, 0.0)),
        KeptPoint("other", ELSEWHERE, (1.0, 2.0, 3.0)),
        KeptPoint("β — <b>x</b>", HERE, (1e-300, -0.0), (0.25, 0.25, 0.5)),
    )
    vectors = (KeptVector("3 → 8", HERE, (0.5, 0.5)), KeptVector("v", ELSEWHERE, (1.0,)))
    return SessionState(
        model=HERE,
        latent=LatentState((0.1, 1.0 / 3.0), (0.0, 0.5, 0.5), frozenset({1})),
        input=Input(strokes, 2, steps=Steps(centred=False)),
        steps=Steps(fitted=False),
        seen=Seen((Stroke(((0.5, 0.9),), 0.1),), (0.0, 0.5, 1.0, 1.0)),
        moved=True,
        view=MapView(frozenset({0, 2}), crowd=True, lattice=True, holes=True),
        kept=Kept(points, vectors, Marked("mnist", frozenset({9999, 3, 17}))),
        path=PathView("geodesic", 30, closed=True),
        random_from="aggregate",
    )


def written(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(write_place(rich(), "three"))
    return {**values, **changes}


def sent(values: Any) -> bytes:
    return json.dumps(values).encode()


def refused(content: bytes) -> PlaceError:
    with pytest.raises(PlaceError) as raised:
        parse_place(content)
    return raised.value


# The round trip ----------------------------------------------------------------------------------


def test_a_rich_place_comes_back() -> None:
    state = rich()
    place = parse_place(write_place(state, "three").encode())
    assert place.model == "three"
    back = with_place(SessionState(), place, HERE)
    own = Kept(state.kept.points[::2], state.kept.vectors[:1], state.kept.marked)
    assert back == replace(state, kept=own)


def test_what_belongs_to_other_models_stays_at_home_and_no_folder_is_told() -> None:
    text = write_place(rich(), "three")
    assert "other" not in text
    assert "runs" not in text


def test_what_is_kept_of_other_models_stays_and_that_of_this_one_is_replaced() -> None:
    place = parse_place(write_place(rich(), "three").encode())
    own = KeptPoint("gone", HERE, (0.0, 0.0), (1.0, 0.0, 0.0))
    theirs = KeptPoint("stays", ELSEWHERE, (7.0,))
    now = SessionState(HERE, kept=Kept((own, theirs), (KeptVector("v", ELSEWHERE, (7.0,)),)))
    kept = with_place(now, place, HERE).kept
    assert [point.name for point in kept.points] == ["stays", "A", "β — <b>x</b>"]
    assert [(vector.name, vector.model) for vector in kept.vectors] == [
        ("v", ELSEWHERE),
        ("3 → 8", HERE),
    ]
    many = Kept(tuple(replace(theirs, name=str(n)) for n in range(MOST_POINTS)))
    full = with_place(replace(now, kept=many), place, HERE).kept.points
    assert len(full) == MOST_POINTS
    assert [point.name for point in full[-2:]] == ["A", "β — <b>x</b>"]


_unit = st.floats(0.0, 1.0)
_far = st.floats(-FARTHEST, FARTHEST)
_names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=MOST_NAME)


@st.composite
def _states(draw: st.DrawFn) -> SessionState:
    size, classes = draw(st.integers(1, 5)), draw(st.integers(0, 4))
    z = st.tuples(*[_far] * size)
    label: st.SearchStrategy[Weights | None] = st.none()
    if classes:
        label = st.tuples(*[_unit] * classes)
    stroke = st.builds(
        Stroke,
        st.lists(st.tuples(_unit, _unit), min_size=1, max_size=4).map(tuple),
        st.floats(0.001, 1.0),
    )
    image = st.builds(ImageRef, _names, st.sampled_from(("test", "train")), st.integers(0, 2**31))
    steps = st.builds(Steps, st.booleans(), st.booleans(), st.booleans())
    drawn = st.builds(
        Input,
        st.lists(stroke, min_size=1, max_size=3).map(tuple),
        st.none() | st.integers(0, 999),
        steps=steps,
    )
    over = st.lists(st.builds(replace, stroke, erases=st.booleans()), max_size=2).map(tuple)
    shown = st.builds(Input, over, st.none() | st.integers(0, 999), image)
    pictures = st.builds(Pixels, st.just((1, 2, 3)), st.binary(min_size=6, max_size=6))
    opened = st.builds(Input, over, st.none(), st.none(), pictures)
    rect = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.6, 1), st.floats(0.6, 1))
    seen = st.builds(Seen, st.lists(stroke, max_size=2).map(tuple), st.none() | rect)
    marks = st.frozensets(st.integers(0, 2**31 - 1), min_size=1, max_size=5)
    kept = st.builds(
        Kept,
        st.lists(st.builds(KeptPoint, _names, st.just("m"), z, label), max_size=3).map(tuple),
        st.lists(st.builds(KeptVector, _names, st.just("m"), z), max_size=3).map(tuple),
        st.none() | st.builds(Marked, _names, marks),
    )
    return SessionState(
        model="m",
        latent=LatentState(draw(z), draw(label), draw(st.frozensets(st.integers(0, size - 1)))),
        input=draw(st.none() | drawn | shown | opened),
        steps=draw(steps),
        seen=draw(seen),
        moved=draw(st.booleans()),
        view=draw(
            st.builds(
                MapView,
                st.frozensets(st.integers(0, 999), max_size=4),
                st.booleans(),
                st.booleans(),
                st.booleans(),
            )
        ),
        kept=draw(kept),
        path=draw(
            st.builds(
                PathView,
                st.sampled_from(("straight", "arc", "geodesic")),
                st.integers(1, MOST_STEPS),
                st.booleans(),
            )
        ),
        random_from=draw(st.sampled_from(("prior", "aggregate"))),
    )


@given(_states())
def test_every_place_comes_back(state: SessionState) -> None:
    try:
        text = write_place(state, "m")
    except PlaceError:
        assert state.input is not None
        assert state.input.image is not None
        assert state.input.image.index == 2**31
        return
    assert with_place(SessionState(), parse_place(text.encode()), "m") == state


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_no_json_makes_it_stumble(value: Any) -> None:
    content = json.dumps(value, ensure_ascii=True).encode()
    assert refused(content).code == "place.not_a_place"


# Sizes -------------------------------------------------------------------------------------------


def full() -> SessionState:
    """As much as there can be of a model of 512 dimensions and ten classes."""
    z = tuple(-0.12345678901234567 - n / 1e5 for n in range(512))
    label = tuple(0.12345678901234567 for _ in range(10))
    line = tuple((n / 20_011, (n * 7919 % 20_011) / 20_011 / 80) for n in range(MOST_STROKE_POINTS))
    return SessionState(
        model=HERE,
        latent=LatentState(z, label, frozenset(range(512))),
        input=Input(tuple(Stroke(line[n : n + 20], 0.05) for n in range(0, len(line), 20))),
        kept=Kept(
            tuple(KeptPoint("β" * MOST_NAME, HERE, z, label) for _ in range(MOST_POINTS)),
            tuple(KeptVector("β" * MOST_NAME, HERE, z) for _ in range(MOST_VECTORS)),
            Marked("mnist", frozenset(range(10_000))),
        ),
    )


def test_all_that_can_be_kept_of_the_largest_model_fits() -> None:
    text = write_place(replace(full(), input=None), "β" * 200)
    assert len(text.encode()) < 0.75 * MAX_BYTES
    started = time.monotonic()
    parse_place(text.encode())
    assert time.monotonic() - started < 2.0


def test_a_larger_drawing_than_anybody_makes_fits_too() -> None:
    assert len(write_place(full(), "x").encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    "change",
    [
        lambda state: replace(state, latent=replace(state.latent, z=(0.0, 2 * FARTHEST))),
        lambda state: replace(state, latent=replace(state.latent, z=(0.0, float("nan")))),
        lambda state: replace(state, latent=replace(state.latent, z=(float("inf"), 0.0))),
        lambda state: replace(state, latent=replace(state.latent, z=())),
        lambda state: replace(state, latent=replace(state.latent, label=(0.5, 1.5, 0.0))),
        lambda state: replace(state, input=Input((Stroke(((0.0, 0.0),) * 20_001, 0.1),))),
    ],
)
def test_what_could_not_be_read_again_is_not_written(
    change: Callable[[SessionState], SessionState],
) -> None:
    with pytest.raises(PlaceError) as raised:
        write_place(change(rich()), "three")
    assert raised.value.code == "place.unwritable"


# Names -------------------------------------------------------------------------------------------

WILD = ["<b>x</b>", "../../etc/passwd", "/", "C:\\CON", "β\u202e\n4", "\x1b[2J", "n" * 900, "a\0b"]


@pytest.mark.parametrize("name", WILD)
def test_names_are_one_line_of_plain_text(name: str) -> None:
    values = written(model="x" + name)
    values["points"][0]["name"] = name
    values["vectors"][0]["name"] = name
    values["marked"]["dataset"] = name
    place = parse_place(sent(values))
    kept = place.state.kept
    assert kept.marked is not None
    for shown in (place.model, kept.points[0].name, kept.vectors[0].name, kept.marked.dataset):
        assert shown.isprintable()
        assert shown.strip()
        assert len(shown) <= 200
    assert kept.points[0].model == ""  # nothing that the file says is a path


def test_a_name_of_nothing_that_is_seen_becomes_a_sign() -> None:
    values = written()
    values["points"][0]["name"] = "\u202e\n"
    assert parse_place(sent(values)).state.kept.points[0].name == "?"


@pytest.mark.parametrize("name", [*WILD, "", ".", "..", " . ", "💠" * 200, "β-VAE · 11-24 21:30"])
def test_a_file_name_is_one_on_any_system(name: str) -> None:
    found = file_name(name)
    assert found.endswith(" place.json")
    assert not set(found) & set('/\\:*?"<>|\0\n')
    assert not found.startswith((".", " "))
    assert len(found.encode()) < 255


def test_the_file_is_called_after_the_model() -> None:
    assert file_name("vae-32") == "vae-32 place.json"


# Damage ------------------------------------------------------------------------------------------


def _in(part: str, **changes: Any) -> dict[str, Any]:
    """One entry of an object is another, or of the first object of a list."""
    values = written()
    holder = values[part]
    holder = holder[0] if isinstance(holder, list) else holder
    holder.update(changes)
    return values


def _stroke(**changes: Any) -> dict[str, Any]:
    values = written()
    values["input"]["strokes"][0].update(changes)
    return values


def _without(part: str) -> dict[str, Any]:
    values = written()
    del values[part]
    return values


def _picture(**changes: Any) -> dict[str, Any]:
    image = {"dataset": "mnist", "part": "test", "index": 3, **changes}
    return _in("input", strokes=[], image=image)


def _pixels(**changes: Any) -> dict[str, Any]:
    pixels = {"shape": [1, 2, 2], "rows": ["00ff", "807f"], **changes}
    return _in("input", strokes=[], pixels=pixels)


ZIGZAG = [float(n % 2) for n in range(int(MOST_INK) + 3)]
DAMAGES: dict[str, Callable[[], dict[str, Any]]] = {
    "a name too many": lambda: written(command="rm"),
    "a name missing": lambda: _without("locked"),
    "format is true": lambda: written(format=True),
    "format is text": lambda: written(format="1"),
    "no model": lambda: written(model=""),
    "model of nothing that is seen": lambda: written(model="\u202e\n"),
    "model is a number": lambda: written(model=3),
    "model is endless": lambda: written(model="x" * 1001),
    "z is empty": lambda: written(z=[]),
    "z is text": lambda: written(z="1, 2"),
    "z is true": lambda: written(z=[True, False]),
    "z holds null": lambda: written(z=[None, 0.0]),
    "z is too far": lambda: written(z=[0.0, 1.1e6]),
    "z is a huge whole number": lambda: written(z=[0, 10**400]),
    "z of too many": lambda: written(z=[0.0] * 513),
    "z of a list": lambda: written(z=[[0.0], 1.0]),
    "label above 1": lambda: written(label=[0.0, 1.5, 0.0]),
    "label below 0": lambda: written(label=[0.0, -0.5, 0.0]),
    "label is empty": lambda: written(label=[]),
    "label is a number": lambda: written(label=3),
    "label of others": lambda: written(label=[1.0, 0.0]),
    "no label, but points have": lambda: written(label=None),
    "locked beyond z": lambda: written(locked=[2]),
    "locked below 0": lambda: written(locked=[-1]),
    "locked twice": lambda: written(locked=[1, 1]),
    "locked is a float": lambda: written(locked=[1.0]),
    "moved is 1": lambda: written(moved=1),
    "input is a list": lambda: written(input=[]),
    "input without strokes or image": lambda: _in("input", strokes=[]),
    "input with two pictures": lambda: _in(
        "input", image=_picture()["input"]["image"], pixels={"shape": [1, 1, 2], "rows": ["00ff"]}
    ),
    "pixels without a row": lambda: _pixels(rows=["00ff"]),
    "pixels with a short row": lambda: _pixels(rows=["00ff", "00"]),
    "pixels with blanks for levels": lambda: _pixels(rows=["00ff", "00  "]),
    "pixels that are no numbers": lambda: _pixels(rows=["00ff", "00xy"]),
    "pixels of no size": lambda: _pixels(shape=[1, 0, 2], rows=[]),
    "pixels of a huge size": lambda: _pixels(shape=[1, 10**9, 10**9]),
    "pixels of two sides": lambda: _pixels(shape=[2, 2]),
    "steps without one": lambda: _in("input", steps={"fitted": True, "pen": True}),
    "steps of a text": lambda: written(steps={"fitted": "no", "centred": True, "pen": True}),
    "seen is a list": lambda: written(seen=[]),
    "hidden of three sides": lambda: _in("seen", hidden=[0.0, 0.0, 1.0]),
    "hidden the wrong way": lambda: _in("seen", hidden=[0.5, 0.0, 0.5, 1.0]),
    "hidden off the image": lambda: _in("seen", hidden=[0.5, 0.0, 1.5, 1.0]),
    "empty with a stroke off the canvas": lambda: _in(
        "seen", empty=[{"width": 0.1, "x": [2.0], "y": [0.0]}]
    ),
    "a stroke that erases perhaps": lambda: _stroke(erases="perhaps"),
    "input with another name": lambda: _in("input", path="/etc/passwd"),
    "label of the input is true": lambda: _in("input", label=True),
    "label of the input below 0": lambda: _in("input", label=-1),
    "label of the input too large": lambda: _in("input", label=1000),
    "image of a path": lambda: _picture(dataset=""),
    "image of another part": lambda: _picture(part="all"),
    "image below 0": lambda: _picture(index=-1),
    "image of a fraction": lambda: _picture(index=0.5),
    "a stroke without points": lambda: _stroke(x=[], y=[]),
    "a stroke with half a point": lambda: _stroke(x=[0.5, 0.5], y=[0.5]),
    "a stroke off the canvas": lambda: _stroke(x=[0.5, 1.5]),
    "a stroke without width": lambda: _stroke(width=0),
    "a stroke too wide": lambda: _stroke(width=1.01),
    "a width of text": lambda: _stroke(width="1"),
    "too many strokes": lambda: _in("input", strokes=[{}] * (MOST_STROKE_POINTS + 1)),
    "too many points of strokes": lambda: _in(
        "input",
        strokes=[{"width": 0.1, "x": [0.5] * 10_001, "y": [0.5] * 10_001}] * 2,
    ),
    "too much ink": lambda: _stroke(x=ZIGZAG, y=[0.0] * len(ZIGZAG)),
    "points are an object": lambda: written(points={}),
    "too many kept points": lambda: written(points=written()["points"][:1] * (MOST_POINTS + 1)),
    "a point of another size": lambda: _in("points", z=[0.0]),
    "a point too far": lambda: _in("points", z=[0.0, 1e7]),
    "a point of other classes": lambda: _in("points", label=[1.0]),
    "a point without label": lambda: _in("points", label=None),
    "a point with a folder": lambda: _in("points", model="/etc"),
    "a point's name is a number": lambda: _in("points", name=3),
    "a point's name is endless": lambda: _in("points", name="x" * 1001),
    "too many vectors": lambda: written(vectors=written()["vectors"] * (MOST_VECTORS + 1)),
    "a vector of another size": lambda: _in("vectors", entries=[0.0, 0.0, 0.0]),
    "a vector too far": lambda: _in("vectors", entries=[-1e7, 0.0]),
    "marked without images": lambda: _in("marked", indices=[]),
    "marked below 0": lambda: _in("marked", indices=[-1]),
    "marked twice": lambda: _in("marked", indices=[7, 7]),
    "marked far too many": lambda: _in("marked", indices=list(range(MOST_MARKED + 1))),
    "marked of no data set": lambda: _in("marked", dataset=" "),
    "map is null": lambda: written(map=None),
    "hidden below 0": lambda: _in("map", hidden=[-1]),
    "crowd is null": lambda: _in("map", crowd=None),
    "lattice is text": lambda: _in("map", lattice="true"),
    "holes is 1": lambda: _in("map", holes=1),
    "another way": lambda: _in("path", way="by air"),
    "way is a list": lambda: _in("path", way=["arc"]),
    "no steps": lambda: _in("path", steps=0),
    "too many steps": lambda: _in("path", steps=MOST_STEPS + 1),
    "closed is null": lambda: _in("path", closed=None),
    "random from elsewhere": lambda: written(random_from="dice"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_place_is_refused(damage: str) -> None:
    parse_place(sent(written()))
    parse_place(sent(_picture()))
    parse_place(sent(_pixels()))
    assert refused(sent(DAMAGES[damage]())).code == "place.damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"kind": "vae-studio place", "kind": 1}',
        b'{"kind": "vae-studio place", "z": NaN}',
        b'{"kind": "another"}',
        write_place(rich(), "three").encode()[:-9],
        write_place(rich(), "three").encode("utf-16"),
        b" " * (MAX_BYTES + 1),
    ],
    ids=range(13),
)
def test_what_is_something_else_is_refused(content: bytes) -> None:
    assert refused(content).code == "place.not_a_place"


@pytest.mark.parametrize("found", [0, 2, -1, 10**30])
def test_another_format_asks_for_another_version(found: int) -> None:
    error = refused(sent({"kind": "vae-studio place", "format": found, "new": []}))
    assert error.code == "place.format"
    assert error.params["found"] == found


def test_reasons_are_short_whatever_was_sent() -> None:
    error = refused(sent(written(z=["x" * 100_000], model="y")))
    assert len(str(error.params["reason"])) <= 200


def test_a_place_of_before_there_were_steps_opens() -> None:
    values = written()
    for name in ("steps", "seen"):
        del values[name]
    for name in ("steps", "pixels"):
        del values["input"][name]
    state = parse_place(sent(values)).state
    assert state.input is not None
    assert (state.input.steps, state.steps, state.seen) == (Steps(), Steps(), Seen())
    assert state.input.strokes == rich().input.strokes  # type: ignore[union-attr]
