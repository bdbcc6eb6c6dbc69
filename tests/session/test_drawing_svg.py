"""A drawing as SVG: read by an XML parser, its curves compared with the strokes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.hand import THREE
from vae_studio.core.curves import beziers
from vae_studio.core.data import DatasetPair
from vae_studio.session.drawing import Sheet
from vae_studio.session.drawing_svg import drawing_svg
from vae_studio.session.strokes import Stroke, Strokes, bounds

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def read(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    assert root.tag == SVG + "svg"
    assert root.get("version") == "1.1"
    assert root.get("viewBox") == "0 0 1000 1000"
    return root


def curves(path: ElementTree.Element) -> np.ndarray:
    """Start, and three points for each piece: [1 + 3 n, 2], as shares of the canvas."""
    way = path.get("d") or ""
    assert re.fullmatch(r"M-?[\d.]+ -?[\d.]+(C(-?[\d.]+ ?){6})*(h\.1)?", way), way
    return np.array(list(map(float, NUMBER.findall(way.removesuffix("h.1"))))).reshape(-1, 2) / 1000


def test_the_curves_are_those_of_the_strokes() -> None:
    strokes = (Stroke(THREE, 0.08), Stroke(((0.1, 0.9), (0.95, 0.05)), 0.0333))
    root = read(drawing_svg(strokes))
    paths = root.findall(f".//{SVG}path")
    assert [path.get("stroke-width") for path in paths] == ["80", "33.3"]
    for path, stroke in zip(paths, strokes, strict=True):
        found = curves(path)
        wanted = beziers(np.array(stroke.points))
        assert found[0] == pytest.approx(wanted[0, 0], abs=6e-5)
        assert found[1:].reshape(-1, 3, 2) == pytest.approx(wanted[:, 1:], abs=6e-5)
        ends = found[::3]
        box = (*ends.min(0), *ends.max(0))
        assert box == pytest.approx(bounds((stroke,)), abs=6e-5)


def test_pen_and_paper_are_as_on_the_canvas() -> None:
    root = read(drawing_svg((Stroke(THREE, 0.08),)))
    paper = root[0]
    assert (paper.tag, paper.get("fill")) == (SVG + "rect", "#000")
    assert (paper.get("width"), paper.get("height")) == ("1000", "1000")
    (group,) = root.findall(f"{SVG}g")
    assert group.get("stroke") == "#fff"
    assert group.get("fill") == "none"
    assert (group.get("stroke-linecap"), group.get("stroke-linejoin")) == ("round", "round")


def test_a_dot_is_a_line_that_is_seen() -> None:
    root = read(drawing_svg((Stroke(((0.5, 0.25),), 0.1),)))
    (path,) = root.findall(f".//{SVG}path")
    assert path.get("d") == "M500 250h.1"


def test_an_eraser_is_in_the_colour_of_the_paper() -> None:
    strokes = (Stroke(THREE, 0.08), Stroke(((0.2, 0.2), (0.8, 0.8)), 0.05, erases=True))
    paths = read(drawing_svg(strokes)).findall(f".//{SVG}path")
    assert [path.get("stroke") for path in paths] == [None, "#000"]


def test_white_paper_has_black_ink_and_colours_of_its_own() -> None:
    red, sheet = Stroke(THREE, 0.08, colour=(230, 159, 0)), Sheet((3, 4, 4), paper=1.0)
    ground = np.ones((3, 4, 4), np.float32)
    ground[:, 1, 2] = (0.0, 0.2, 1.0)
    root = read(drawing_svg((Stroke(THREE, 0.08), red), ground, sheet))
    assert root[0].get("fill") == "#fff"
    rects = root.findall(f"{SVG}g[@shape-rendering]/{SVG}rect")
    assert [rect.get("fill") for rect in rects] == ["#0033ff"]  # paper is there already
    group = root.findall(f"{SVG}g")[1]
    assert group.get("stroke") == "#000"
    assert [path.get("stroke") for path in group] == [None, "#e69f00"]
    (path,) = read(drawing_svg((red,), None, Sheet((1, 4, 4), paper=1.0))).findall(f".//{SVG}path")
    assert path.get("stroke") == "#a2a2a2"  # as a model sees it that knows no colours


def pixels_of(root: ElementTree.Element, side: int) -> np.ndarray:
    """The rectangles, painted onto a sheet of one number for each pixel of the picture."""
    sheet = np.zeros((side, side, 3), int)
    for rect in root.findall(f"{SVG}g[@shape-rendering]/{SVG}rect"):
        x, y, width, height = (float(rect.get(n) or 0) for n in ("x", "y", "width", "height"))
        places = np.array([x, y, x + width, y + height]) * side / 1000
        assert np.abs(places - places.round()).max() < 0.001
        left, top, right, bottom = places.round().astype(int)
        assert (sheet[top:bottom, left:right] == 0).all()  # no two lie over each other
        sheet[top:bottom, left:right] = list(bytes.fromhex((rect.get("fill") or "")[1:]))
    return sheet


def test_a_picture_below_is_there_pixel_for_pixel(mnist: DatasetPair) -> None:
    image = mnist.test.images[4].numpy()
    text = drawing_svg((Stroke(THREE, 0.05),), image.astype(np.float32) / 255.0)
    found = pixels_of(read(text), 28)
    assert (found == image[0][..., None]).all()
    assert len(text) < 60_000


def test_a_picture_in_colour_that_is_wide_stands_in_the_middle() -> None:
    colors = np.random.default_rng(3).random((3, 2, 4), np.float32)
    found = pixels_of(read(drawing_svg((), colors)), 4)
    assert not found[0].any()
    assert not found[3].any()
    assert (found[1:3] == (colors.transpose(1, 2, 0) * 255 + 0.5).astype(int)).all()


def test_nothing_is_loaded_or_run() -> None:
    text = drawing_svg((Stroke(THREE, 0.08),), np.ones((1, 28, 28), np.float32))
    assert text.count("http") == 1  # the name of SVG's namespace, which nobody looks up
    assert "script" not in text
    assert "href" not in text
    assert "url(" not in text


points = st.tuples(*2 * [st.floats(0, 1)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(Stroke, st.lists(points, min_size=1, max_size=9).map(tuple),
                          st.floats(0.001, 1.0)), max_size=4).map(tuple))  # fmt: skip
def test_whatever_is_drawn_is_well_formed_and_short(strokes: Strokes) -> None:
    text = drawing_svg(strokes)
    paths = read(text).findall(f".//{SVG}path")
    assert len(paths) == len(strokes)
    for path, stroke in zip(paths, strokes, strict=True):
        ends = curves(path)[::3]
        assert ends == pytest.approx(np.array(stroke.points), abs=6e-5)
        numbers = NUMBER.findall(path.get("d") or "")
        assert max(map(len, numbers)) <= 7
        assert "-0 " not in (path.get("d") or "") + " "
