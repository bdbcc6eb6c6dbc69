"""The filter of the list of runs: words and comparisons, as a person types them.

``mine beta>=4 status:finished`` means: *mine* stands in the name, the variant, a tag or the notes,
β is 4 or more, and the run is done. A part that means nothing is told and left out.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

from vae_studio.core.annotations import Annotations
from vae_studio.core.runs import RunInfo, Status
from vae_studio.core.spec import ModelSpec, TrainConfig

Fault = Literal["field", "number", "order", "choice", "value"]
Value = float | str | tuple[str, ...] | None
Condition = Callable[[RunInfo, Annotations], bool]

MAX_LENGTH: Final = 500  # characters of a filter; more is a mistake
_PART = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_COMPARISON = re.compile(r"([A-Za-z_]\w*)(<=|>=|!=|=|<|>|:)(.*)", re.DOTALL)
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TRUTH = {"true": 1.0, "yes": 1.0, "on": 1.0, "1": 1.0}
_TRUTH |= {"false": 0.0, "no": 0.0, "off": 0.0, "0": 0.0}


@dataclass(frozen=True)
class BadPart:
    """A part of a filter that means nothing. fault: ``field``, unknown; ``number``, where one is
    needed; ``order``, of what is text; ``choice``, none of ``known``; ``value``, missing."""

    text: str
    fault: Fault
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFilter:
    """``matches`` a run when all conditions hold. bad: the parts that are none."""

    conditions: tuple[Condition, ...] = ()
    bad: tuple[BadPart, ...] = ()

    def matches(self, info: RunInfo, annotations: Annotations) -> bool:
        """Whether the run is shown."""
        return all(condition(info, annotations) for condition in self.conditions)


def parse_filter(text: str) -> RunFilter:
    """What a person typed; never fails: what cannot be understood is in ``bad``."""
    conditions: list[Condition] = []
    bad: list[BadPart] = []
    for part in _PART.findall(text[:MAX_LENGTH]):
        match = None if part.startswith('"') else _COMPARISON.fullmatch(part)
        if match is None:
            conditions.append(_word(part.replace('"', "")))
            continue
        name, sign, wanted = match[1].lower(), match[2], match[3].replace('"', "").strip()
        found = _comparison(name, sign, wanted)
        if isinstance(found, BadPart):
            bad.append(BadPart(part, found.fault, found.known))
        else:
            conditions.append(found)
    return RunFilter(tuple(conditions), tuple(bad))


def field_names() -> tuple[str, ...]:
    """What comparisons know, in the order of a list for people."""
    return (*_OWN, *_CONFIGURED)


def _word(word: str) -> Condition:
    wanted = word.casefold()

    def matches(info: RunInfo, annotations: Annotations) -> bool:
        texts = (info.name, info.variant, annotations.notes, *annotations.tags)
        return any(wanted in text.casefold() for text in texts)

    return matches


def _comparison(name: str, sign: str, wanted: str) -> Condition | BadPart:
    field = _OWN.get(name) or _CONFIGURED.get(name)
    if field is None:
        return BadPart("", "field", field_names())
    if not wanted:
        return BadPart("", "value")
    if field.is_number:
        return _of_number(field, sign, wanted)
    if sign in _ORDERS:
        return BadPart("", "order")
    if field.choices and sign != ":" and wanted.casefold() not in field.choices:
        return BadPart("", "choice", field.choices)
    return _of_text(field, sign, wanted.casefold())


def _of_number(field: _Field, sign: str, wanted: str) -> Condition | BadPart:
    number = _TRUTH.get(wanted.lower()) if field.is_truth else _number(wanted)
    if number is None:
        return BadPart("", "number")

    def matches(info: RunInfo, annotations: Annotations) -> bool:
        value = field.value(info, annotations)
        if not isinstance(value, (int, float)):
            return False  # not measured: neither more nor less than anything
        if sign in _ORDERS:
            return _ORDERS[sign](value, number)
        same = math.isclose(value, number, rel_tol=1e-9)
        return same != (sign == "!=")

    return matches


def _of_text(field: _Field, sign: str, wanted: str) -> Condition:
    def matches(info: RunInfo, annotations: Annotations) -> bool:
        value = field.value(info, annotations)
        texts = value if isinstance(value, tuple) else (str(value),)
        folded = [text.casefold() for text in texts]
        if sign == ":":
            return any(wanted in text for text in folded)
        return (wanted in folded) != (sign == "!=")

    return matches


def _number(text: str) -> float | None:
    try:
        number = float(text.replace("−", "-"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class _Field:
    value: Callable[[RunInfo, Annotations], Value]
    is_number: bool = False
    is_truth: bool = False
    choices: tuple[str, ...] = ()


def _figure(read: Callable[[Any], float]) -> _Field:
    """One of the test set; None before it was measured."""
    return _Field(lambda info, _: read(info.evaluation) if info.evaluation else None, True)


def _negative_elbo(info: RunInfo, annotations: Annotations) -> Value:
    """None for squared error, whose sum with KL has no unit to compare by."""
    if info.evaluation is None or not info.spec.in_nats:
        return None
    return info.evaluation.negative_elbo


_OWN: Final[dict[str, _Field]] = {
    "name": _Field(lambda info, _: info.name),
    "variant": _Field(lambda info, _: info.variant),
    "status": _Field(lambda info, _: info.status, choices=get_args(Status)),
    "tag": _Field(lambda _, annotations: annotations.tags),
    "notes": _Field(lambda _, annotations: annotations.notes),
    "epoch": _Field(lambda info, _: info.epoch, is_number=True),
    "elbo": _Field(_negative_elbo, is_number=True),
    "kl": _figure(lambda evaluation: evaluation.terms.kl),
    "squared_error": _figure(lambda evaluation: evaluation.squared_error),
    "active_units": _figure(lambda evaluation: evaluation.active_units),
    "seconds": _Field(lambda info, _: info.seconds, is_number=True),
}


def _configured(part: str, name: str, default: object, choices: tuple[str, ...]) -> _Field:
    def value(info: RunInfo, _: Annotations) -> Value:
        found = getattr(getattr(info, part), name)
        if isinstance(found, tuple):
            return ",".join(map(str, found))
        return found if isinstance(found, str) else float(found)

    is_truth = isinstance(default, bool)
    return _Field(value, isinstance(default, (int, float)), is_truth, choices)


_CONFIGURED: Final[dict[str, _Field]] = {
    item.name: _configured(part, item.name, item.default, item.metadata.get("choices", ()))
    for part, kind in (("spec", ModelSpec), ("config", TrainConfig))
    for item in fields(kind)
}
