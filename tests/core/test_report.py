"""The page: whole, balanced, escaped, and it loads nothing."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.helpers import Disk
from vae_studio import __version__
from vae_studio.core.chart import HEIGHT, WIDTH, Line, line_chart
from vae_studio.core.compared import ComparedRun, Comparison, Epoch, Note
from vae_studio.core.errors import CheckpointError
from vae_studio.core.measures import Evaluation, LatentStats, Terms
from vae_studio.core.pictures import to_bytes
from vae_studio.core.report import check_place, html, save_report
from vae_studio.core.report_style import RUN_COLOURS
from vae_studio.core.report_words import WORDS
from vae_studio.core.spec import Likelihood, ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS

HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>"' & </style></svg>{0}{name}%s"""
_VOID = {"meta", "img", "br", "link", "input", "hr"}


def a_run(label: str, likelihood: Likelihood = "bernoulli", epochs: int = 3) -> ComparedRun:
    rng = np.random.default_rng(len(label))
    latent = LatentStats(*[(0.5,) * 32] * 5)
    terms = Terms(14.4 if likelihood == "mse" else 73.29, 20.0)
    return ComparedRun(
        path=Path("runs") / label.replace("/", "-"),
        name=label,
        label=label,
        variant="vae-32",
        spec=ModelSpec(likelihood=likelihood),
        config=TrainConfig(epochs=epochs),
        status="finished",
        epoch=epochs,
        seconds=12.3,
        parameters=1_093_072,
        evaluation=Evaluation(terms, 73.29, 8.28, 20, latent),
        curve=tuple(Epoch(n, Terms(200 / n, 20), Terms(190 / n, 21)) for n in range(1, epochs + 1)),
        reconstructions=rng.random((10, 1, 28, 28), np.float32),
        samples=rng.random((20, 1, 28, 28), np.float32),
    )


def a_comparison(*runs: ComparedRun, notes: tuple[Note, ...] = ()) -> Comparison:
    return Comparison(
        title="A title",
        question="A question?",
        runs=runs or (a_run("one"), a_run("the other")),
        originals=np.random.default_rng(0).random((10, 1, 28, 28), np.float32),
        classes=tuple("0123456789"),
        test_images=10_000,
        dataset="MNIST",
        source="Somebody",
        licence="CC BY-SA 3.0",
        notes=notes,
    )


class Reader(HTMLParser):
    """Reads a page as a browser would: elements, attributes and text; balance is checked."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def images(page: str) -> list[Image.Image]:
    found = re.findall(r"data:image/png;base64,([^\"]+)", page)
    return [Image.open(io.BytesIO(base64.b64decode(content))) for content in found]


def test_says_what_a_reader_needs() -> None:
    notes = (Note("runs", "unfinished", {"name": "one", "epoch": 3, "epochs": 9}),)
    page = html(a_comparison(notes=notes), today=date(2024, 5, 6))
    text = Reader(page).text
    for words in (
        "A title", "A question?", "the other", "73.29", "0.0106", "0.0935", "20 of 32", "93.29",
        "1\u202f093\u202f072", "10\u202f000", "one has done 3 of 9 epochs.", "CC BY-SA 3.0",
        f"VAE Studio {__version__}", "2024-05-06", "Seed: 0", WORDS["eye.text"],
        WORDS["chance.text"], "Weight decay",
    ):  # fmt: skip
        assert words in text, words


def test_classes_that_are_words_are_said_and_none_are_not() -> None:
    names = ("red disc", "<b>square</b>", "ring")
    words = Reader(html(replace(a_comparison(), classes=names)))
    assert "From left to right: red disc, <b>square</b>, ring." in words.text
    assert ("img", "alt", f"Original: {', '.join(names)}") in words.attributes
    plain = Reader(html(replace(a_comparison(), classes=("",) * 10)))
    assert "From left to right" not in plain.text
    assert ("img", "alt", "Original") in plain.attributes
    digits = Reader(html(a_comparison()))
    assert "From left to right" not in digits.text  # the pictures say it


def test_is_one_file_that_loads_and_runs_nothing() -> None:
    page = html(a_comparison())
    reader = Reader(page)
    assert not {"script", "link", "iframe", "object", "base", "a", "form"} & set(reader.tags)
    written = re.sub('base64,[^"]+', "", page)
    assert not re.search("https?:|url\\(|@import|//[a-z]", written)
    for tag, name, value in reader.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "srcset", "action", "data"):
            assert (tag, value[:22]) == ("img", "data:image/png;base64,")
    policy = next(v for _, name, v in reader.attributes if name == "content")
    assert policy.startswith("default-src 'none'")


def test_names_of_strangers_are_only_text() -> None:
    run = replace(a_run("one"), label=HOSTILE, name=HOSTILE, variant=HOSTILE, path=Path(HOSTILE))
    hostile = replace(
        a_comparison(run, a_run("other"), notes=(Note("curves", "no_curve", {"name": HOSTILE}),)),
        title=HOSTILE,
        question=HOSTILE,
        dataset=HOSTILE,
        licence=HOSTILE,
        classes=(HOSTILE,),
    )
    hostile = replace(
        hostile, runs=(replace(run, config=TrainConfig(dataset=HOSTILE)), hostile.runs[1])
    )
    page = html(hostile)
    reader = Reader(page)  # which checks that all is balanced
    assert set(reader.tags) == set(Reader(html(a_comparison())).tags)
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert reader.text.count(HOSTILE) > 10  # it is there, as it was given
    assert page.count("</style>") == 1


def test_what_cannot_be_seen_or_saved_is_left_out(tmp_path: Path) -> None:
    name = "a\u202eb\x00c\ud800d\x1b[31m"
    page = html(a_comparison(replace(a_run("one"), label=name), a_run("other")))
    assert "a b c d [31m" in page
    save_report(tmp_path / "page.html", page)


def test_pictures_are_those_of_the_comparison() -> None:
    comparison = a_comparison()
    sheets = images(html(comparison))
    assert len(sheets) == 1 + 2 + 2
    rows = [comparison.originals, *(run.reconstructions for run in comparison.runs)]
    rows += [run.samples for run in comparison.runs]
    for sheet, row in zip(sheets, rows, strict=True):
        pixels = np.asarray(sheet)[::4, ::4]
        assert pixels.shape == (28 if len(row) == 10 else 58, 10 * 30 - 2)
        assert np.array_equal(pixels[:28, 30:58], to_bytes(row)[1, 0])


def charts(page: str) -> dict[str, ElementTree.Element]:
    found = re.findall(r'<svg class="chart".*?</svg>', page)
    trees = [ElementTree.fromstring(text) for text in found]
    return {tree.attrib["aria-label"]: tree for tree in trees}


def drawn(tree: ElementTree.Element) -> set[str]:
    return {line.attrib["class"] for line in tree.iter("polyline")}


def test_curves_of_one_loss_share_their_axes() -> None:
    found = charts(html(a_comparison()))
    assert set(found) == {
        "Reconstruction + KL, in nats", "Reconstruction, in nats", "KL, in nats",
    }  # fmt: skip
    everyone = {f"line run-{n} {kind}" for n in (0, 1) for kind in ("train", "test")}
    assert all(drawn(tree) == everyone for tree in found.values())


def test_losses_in_other_units_have_axes_of_their_own() -> None:
    page = html(a_comparison(a_run("BCE"), a_run("MSE", "mse")))
    found = charts(page)
    assert set(found) == {
        "Reconstruction + KL, in nats", "Reconstruction + KL, in squared error + nats",
        "Reconstruction, in nats", "Reconstruction, in squared error", "KL, in nats",
    }  # fmt: skip
    for name, tree in found.items():
        if not name.startswith("KL"):
            assert len({kind.split()[1] for kind in drawn(tree)}) == 1
    assert len(drawn(found["KL, in nats"])) == 4
    assert WORDS["curves.apart"] in Reader(page).text


def stars(page: str) -> list[list[bool]]:
    body = page[page.rindex("<tbody>", 0, page.index('class="two"')) :]
    rows = re.findall(r"<tr>.*?</tr>", body[: body.index("</tbody>")])
    return [["best" in cell for cell in re.findall(r'<td class="([^"]*)"', row)] for row in rows]


def test_stars_stand_only_where_comparing_is_fair() -> None:
    better = replace(a_run("b"), evaluation=replace(a_run("b").evaluation, squared_error=7.0))
    assert stars(html(a_comparison(a_run("a"), better))) == [
        [False] * 9,
        [True, *[False] * 8],
    ]
    mixed = html(a_comparison(a_run("a"), a_run("m", "mse")))
    assert stars(mixed) == [[False] * 9] * 2
    assert "squared error + nats" in Reader(mixed).text


def test_runs_without_curves_say_so() -> None:
    page = html(a_comparison(*(replace(a_run(name), curve=()) for name in "ab")))
    assert charts(page) == {}
    assert WORDS["curves.none"] in Reader(page).text


def test_figures_of_any_size_fit() -> None:
    run = a_run("wild")
    terms = Terms(1e300, float("nan"))
    wild = replace(run, evaluation=replace(run.evaluation, terms=terms, bernoulli=float("inf")))
    page = html(a_comparison(wild, a_run("tame")))
    assert "1e+300" in page
    assert "nan" not in page
    assert max(map(len, re.findall(r"[0-9\u202f.]+", Reader(page).text))) < 20


def test_speaks_another_language() -> None:
    words = {"lang": "de", "curves": "Training <kurz>", "field.beta": "Beta"}
    runs = [replace(a_run(n), config=TrainConfig(beta=b)) for n, b in (("a", 1.0), ("b", 4.0))]
    page = html(a_comparison(*runs), words)
    assert '<html lang="de">' in page
    assert "Training &lt;kurz&gt;" in page
    assert '<th scope="row">Beta</th><td>1</td><td>4</td>' in page


def test_no_words_without_a_place() -> None:
    source = "".join(
        path.read_text()
        for path in (Path(html.__code__.co_filename).parent).glob("report*.py")
        if path.name != "report_words.py"
    )
    made = ("note.", "column.", "unit.", "curve", "likelihood.", "eye", "chance")
    for key in WORDS:
        assert f'"{key}"' in source or f"'{key}'" in source or key.startswith(made), key


def test_takes_other_colours() -> None:
    page = html(a_comparison(), colours=[("#123456", "#abcdef")])
    assert "--colour-1: #123456;" in page
    assert "--colour-1: #abcdef;" in page
    assert RUN_COLOURS[0][0] not in page


def test_every_run_has_a_colour_that_can_be_seen() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert len({pair[0] for pair in RUN_COLOURS}) == len({pair[1] for pair in RUN_COLOURS}) == 8
    for light, dark in RUN_COLOURS:  # 3 : 1 is what WCAG 2.1 asks of graphics
        assert (luminance("#fafbfc") + 0.05) / (luminance(light) + 0.05) >= 3
        assert (luminance(dark) + 0.05) / (luminance("#1b1e24") + 0.05) >= 3


@pytest.mark.parametrize("count", [1, 2, 9, 400, 5000])
def test_lines_stay_in_the_picture(count: int) -> None:
    points = tuple((float(x), 100.0 / x) for x in range(1, count + 1))
    text = line_chart([Line(0, "train", points), Line(7, "test", points)], "<&>", "epoch")
    tree = ElementTree.fromstring(text)
    assert tree.attrib["aria-label"] == "<&>"
    places = [(c.attrib["cx"], c.attrib["cy"]) for c in tree.iter("circle")]
    for line in tree.iter("polyline"):
        places += [(a, b) for a, b in (pair.split(",") for pair in line.attrib["points"].split())]
    assert len(places) >= 2
    assert len(text) < 20_000
    assert all(0 <= float(a) <= WIDTH and 0 <= float(b) <= HEIGHT for a, b in places)
    assert places[-1][0] == max((a for a, _ in places), key=float)  # the last epoch is there


def test_numbers_at_the_ends_do_not_overlap() -> None:
    lines = [Line(n, "test", ((1.0, 5.0 + n % 3), (2.0, 3.0))) for n in range(8)]
    tree = ElementTree.fromstring(line_chart(lines, "", ""))
    ends = [e for e in tree.iter("text") if e.attrib["class"].startswith("end")]
    assert sorted(e.text or "" for e in ends) == [*"12345678"]
    heights = sorted(float(e.attrib["y"]) for e in ends)
    assert all(b - a >= 14.9 for a, b in pairwise(heights))
    assert heights[0] > 10
    assert heights[-1] <= HEIGHT - 40  # above the epochs


def test_a_chart_of_nothing_is_nothing() -> None:
    assert line_chart([Line(0, "train", ())], "", "") == ""


@pytest.mark.parametrize("values", [(0.0, 0.0), (1e12, -1e12), (1e-9, 2e-9), (-3.0, -3.0)])
def test_any_heights_have_an_axis(values: tuple[float, float]) -> None:
    text = line_chart([Line(0, "train", ((1.0, values[0]), (2.0, values[1])))], "", "")
    ticks = [e.text for e in ElementTree.fromstring(text).iter("text")]
    assert len(ticks) >= 5
    assert len(set(ticks)) >= len(ticks) - 1  # 1 and 2 may stand on both axes, and the run's number
    assert "nan" not in text


def test_is_saved_whole_or_not_at_all(tmp_path: Path, disk: Disk) -> None:
    path = tmp_path / "new" / "page.html"
    check_place(path)
    assert list(path.parent.iterdir()) == []
    save_report(path, "one −ELBO")
    assert path.read_text(encoding="utf-8") == "one −ELBO"
    disk.full = True
    with pytest.raises(CheckpointError) as caught:
        save_report(path, "two")
    assert caught.value.code == "checkpoint.write"
    assert path.read_text(encoding="utf-8") == "one −ELBO"
    assert [p.name for p in path.parent.iterdir()] == ["page.html"]


def test_a_place_where_nothing_can_be_written_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "page.html", tmp_path / ("x" * 300)):
        for act in (check_place, lambda place: save_report(place, "")):
            with pytest.raises(CheckpointError) as caught:
                act(path)
            assert caught.value.code == "checkpoint.write"


def test_every_variant_can_stand_in_it() -> None:
    runs = [replace(a_run(name), spec=spec) for name, spec in list(VARIANTS.items())[:8]]
    assert Reader(html(a_comparison(*runs))).text.count("LeakyReLU") == 0
