"""Every error that can be raised has a sentence, and the sentence can be filled in."""

from __future__ import annotations

import ast
import string
from dataclasses import dataclass
from pathlib import Path

import pytest

import vae_studio
from vae_studio.core import errors
from vae_studio.ui.messages import ERRORS, error_sentence, sentence

_SOURCE = Path(vae_studio.__file__).parent
_TYPES = {name for name, kind in vars(errors).items() if isinstance(kind, type)} & {
    "StudioError", "SpecError", "DatasetError", "CheckpointError", "ImageError",
    "PlaceError", "DrawingError",
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """Where an error is made. codes: one, or those that an f-string can become."""

    place: str
    codes: tuple[str, ...]
    params: frozenset[str]


def _codes(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Constant):
        return (str(node.value),)
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        prefix = str(node.values[0].value)
        return tuple(code for code in ERRORS if code.startswith(prefix))
    return ()


def sites() -> list[Site]:
    found = []
    for path in sorted(_SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            params = frozenset(keyword.arg or "" for keyword in node.keywords)
            if name == "TrainingFailed":
                params |= {"step", "size"}  # what Training makes of it
            elif name not in _TYPES:
                continue
            place = f"{path.relative_to(_SOURCE)}:{node.lineno}"
            found.append(Site(place, _codes(node.args[0]), params))
    return found


SITES = sites()


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_source_was_read() -> None:
    assert len(SITES) > 50
    assert {code for site in SITES for code in site.codes} >= {"spec.range", "worker.unexpected"}


@pytest.mark.parametrize("site", [s for s in SITES if len(s.codes) == 1], ids=lambda s: s.place)
def test_every_error_that_is_raised_has_a_sentence(site: Site) -> None:
    (code,) = site.codes
    assert code in ERRORS
    missing = fields(ERRORS[code]) - site.params
    assert not missing, f"{code} at {site.place} lacks {missing}"


@pytest.mark.parametrize("code", ERRORS)
def test_every_sentence_says_what_happened_and_what_to_do(code: str) -> None:
    values: dict[str, object] = dict.fromkeys(fields(ERRORS[code]), 7)
    text = sentence(code, values)
    assert "{" not in text
    assert text.count(". ") >= 1 or ": " in text or "," in text
    assert text.endswith(".")


@pytest.mark.parametrize("code", ERRORS)
def test_no_sentence_is_left_over(code: str) -> None:
    raised = {code for site in SITES for code in site.codes}
    assert code in raised


def test_a_missing_parameter_leaves_a_gap() -> None:
    error = errors.CheckpointError("checkpoint.digest")
    assert error_sentence(error).startswith("The weights of ? are damaged")


def test_braces_in_a_parameter_are_text() -> None:
    error = errors.CheckpointError("checkpoint.digest", path="{0} {x} %1")
    assert "{0} {x} %1" in error_sentence(error)


@pytest.mark.parametrize(
    "value",
    ["x" * 4_000_000, [[0]] * 1_000_000, {"a" * 1000: "b" * 10_000}, 10**5000, "\0\x1b[2J" * 1000],
    ids=["text", "list", "object", "number", "control characters"],
)
def test_a_strangers_value_never_floods_a_sentence(value: object) -> None:
    error = errors.SpecError("spec.choice", field=value, value=value, choices="a, b")
    assert len(error_sentence(error)) < 700
    assert error_sentence(error).isprintable()
    assert len(str(error)) < 1100


def test_a_value_that_is_nested_too_deeply_has_a_sentence() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    error = errors.SpecError("spec.choice", field="hidden", value=value, choices="a")
    assert "<list>" in error_sentence(error)
    assert "<list>" in str(error)
    while value:  # or Python takes it apart with one call in another
        value = value.pop()  # type: ignore[assignment]


def test_what_is_not_seen_is_left_out_of_sentences() -> None:
    error = errors.CheckpointError("checkpoint.digest", path="a\nb\0c\u202ed\ud800e\u2028<b>f</b>")
    assert "a b c d e <b>f</b>" in error_sentence(error)
    error_sentence(error).encode()
