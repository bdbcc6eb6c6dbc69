"""Every finding and every remedy has its words, and they can be filled in."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from vae_studio.core import doctor, findings
from vae_studio.core.events import TrainingFailed
from vae_studio.core.findings import Finding, Remedy
from vae_studio.core.spec import ModelSpec, TrainConfig, parse_assignment
from vae_studio.ui import doctor_words
from vae_studio.ui.doctor_words import EXPLANATIONS, REMEDIES, TITLES

SPEC, CONFIG = ModelSpec(), TrainConfig(train_size=300)
REMEDIES_MADE: dict[str, tuple[Remedy, ...]] = {
    "collapse.beta": findings.for_collapse("beta", CONFIG, 20.0, 1),
    "collapse.warm_up": findings.for_collapse("warm_up", CONFIG, 1.0, 1),
    "collapse.other": findings.for_collapse("other", CONFIG, 1.0, 1),
    "scale": findings.for_scale(CONFIG, 784),
    "overfit": findings.for_overfitting(SPEC, CONFIG, 7),
    "rate.loss": findings.for_rate(0.05, wrecked=True),
    "rate.test": findings.for_rate(0.05, wrecked=False),
    "not_finite": findings.for_not_finite(0.05, 3),
    "dead_units": findings.for_units(0.05),
    "exploding_units": findings.for_large_units(0.05),
    "beta_drowns": findings.for_low_beta(1),
}
ALL_REMEDIES = {remedy.code: remedy for made in REMEDIES_MADE.values() for remedy in made}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def spoken() -> dict[str, set[str]]:
    """Code -> the parameters it is said with, read from the source: of each call of ``_say``, the
    dict literal that was named last."""
    said: dict[str, set[str]] = {}
    tree = ast.parse(Path(doctor.__file__).read_text("utf-8"))
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        params: set[str] = set()
        for node in sorted(
            (n for n in ast.walk(function) if isinstance(n, (ast.Dict, ast.Call))),
            key=lambda n: (n.lineno, isinstance(n, ast.Dict)),
        ):
            if isinstance(node, ast.Dict):
                params |= {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "_say":
                code = node.args[0]
                assert isinstance(code, ast.Constant)
                inline = [argument for argument in node.args if isinstance(argument, ast.Dict)]
                given = {
                    str(k.value) for d in inline for k in d.keys if isinstance(k, ast.Constant)
                }
                said[str(code.value)] = params | given
    return said


SPOKEN = spoken()


def finding(key: str) -> Finding:
    code, _, cause = key.partition(".")
    params: dict[str, object] = dict.fromkeys(SPOKEN[code] - {"cause"}, 7.25)
    params |= {"cause": cause} if cause else {}
    return Finding(code, 1, 50, params, "warning", REMEDIES_MADE[key])


def test_the_source_was_read() -> None:
    assert len(SPOKEN) == 8
    assert SPOKEN["rate"] >= {"cause", "ratio"}


def test_codes_and_words_are_the_same() -> None:
    assert set(TITLES) == set(SPOKEN)
    assert {key.partition(".")[0] for key in EXPLANATIONS} == set(SPOKEN)
    assert set(EXPLANATIONS) == set(REMEDIES_MADE)
    assert set(REMEDIES) == set(ALL_REMEDIES)


@pytest.mark.parametrize("key", EXPLANATIONS)
def test_an_explanation_names_its_evidence_and_what_to_do(key: str) -> None:
    code = key.partition(".")[0]
    assert fields(EXPLANATIONS[key])
    assert fields(EXPLANATIONS[key]) <= SPOKEN[code]
    text = doctor_words.explanation(finding(key))
    assert "{" not in text
    assert "7.2" in text
    assert text.count(". ") >= 1
    assert text.endswith(".")
    assert doctor_words.title(finding(key)) == TITLES[code]


@pytest.mark.parametrize("remedy", ALL_REMEDIES.values(), ids=ALL_REMEDIES)
def test_a_remedy_says_what_it_will_do(remedy: Remedy) -> None:
    assert fields(REMEDIES[remedy.code][1]) <= {*remedy.spec, *remedy.config, "epoch"}
    text = doctor_words.tooltip(remedy)
    assert "{" not in text
    assert "None" not in text
    assert text.endswith(".")
    assert 5 <= len(doctor_words.button(remedy)) <= 32


@pytest.mark.parametrize("key", EXPLANATIONS)
def test_the_line_of_a_finding_can_be_typed(key: str) -> None:
    line = doctor_words.line(finding(key))
    assert "\n" not in line
    _, _, settings = line.partition(" Try: --set ")
    typed = dict(map(parse_assignment, settings.split()))
    made = [remedy for remedy in REMEDIES_MADE[key] if remedy.kind == "restart"]
    assert typed == {**made[0].spec, **made[0].config}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (29, "29"), (0.5, "0.5"), (1.0, "1"), (12.34, "12.3"), (20.0, "20"), (203.44, "203"),
        (784.0, "784"), (48725.3, "48,725"), (4.9e10, "more than 1,000,000"),
        (2.13e-5, "less than 0.0001"), (0.0, "0"),
        (2e-3, "0.002"), (1 / 784, "0.0013"), (float("inf"), "more than 1,000,000"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float, text: str) -> None:
    made = Finding("exploding_units", 1, 1, {"largest": value}, "warning", ())
    assert f"is given {text};" in doctor_words.explanation(made)


def test_a_real_finding_has_its_words() -> None:
    ill = doctor.Doctor(SPEC, CONFIG, 300)
    (found,) = ill.hear(TrainingFailed("train.not_finite", 1, 12))
    assert "step 12" in doctor_words.explanation(found)
    line = doctor_words.line(found)
    assert line.endswith("Try: --set learning_rate=0.000667 grad_clip=1.0")
