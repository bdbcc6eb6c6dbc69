"""JSON as files for people have it, and checks of values that were read and may be a stranger's,
each of which raises ``ValueError``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from vae_studio.core.errors import short
from vae_studio.core.reading import parse_json
from vae_studio.core.runs import clean_name


def laid_out(value: Any, indent: str = "") -> str:
    """JSON with a line for each entry of an object, and for each list of numbers."""
    inner = indent + " "
    if isinstance(value, dict):
        rows = [f"{json.dumps(key)}: {laid_out(each, inner)}" for key, each in value.items()]
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        rows = [laid_out(each, inner) for each in value]
    else:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n{inner}" + f",\n{inner}".join(rows) + f"\n{indent}{end}"


def read_kind(content: bytes, kind: str, most: int) -> dict[str, Any]:
    """An object that says of what kind it is, in at most so many bytes of JSON."""
    if len(content) > most:
        raise ValueError(f"larger than {most:,} bytes")
    values = parse_json(content)
    if not isinstance(values, dict) or values.get("kind") != kind:
        raise ValueError("it does not say that it is one")
    return values


def plain_file_name(name: str) -> str:
    """A name as any system takes it for a file, without an ending; may be empty."""
    plain = re.sub(r"[^\w ().+-]", "-", clean_name(name)).strip(" .")[:50]
    return plain.strip(" .")


def has_names(
    values: Any, names: set[str], what: str, optional: frozenset[str] = frozenset()
) -> None:
    """An object with these entries, and of ``optional`` any."""
    if not isinstance(values, Mapping) or not names <= set(values) <= names | optional:
        raise ValueError(f"{what} is no object of {', '.join(sorted(names))}")


def listed(values: Any, what: str, most: int) -> list[Any]:
    """A list with at most so many entries."""
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"{what}: no list of at most {most:,}")
    return values


def numbers(values: Any, what: str, low: float, high: float, most: int) -> tuple[float, ...]:
    """A list of at most so many numbers from ``low`` to ``high``; NaN is none."""
    for value in listed(values, what, most):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{what}: {short(repr, value, 40)} is no number")
        if not low <= value <= high:  # nor is NaN
            raise ValueError(f"{what}: not from {low:g} to {high:g}")
    return tuple(map(float, values))


def count(value: Any, what: str, most: int) -> int:
    """A whole number from 0 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{what}: no whole number from 0 to {most:,}")
    return value


def counts(values: Any, what: str, most: int, length: int) -> frozenset[int]:
    """At most ``length`` different whole numbers from 0 to ``most``."""
    found = frozenset(count(value, what, most) for value in listed(values, what, length))
    if len(found) != len(values):
        raise ValueError(f"{what}: a number stands there twice")
    return found


def flag(value: Any, what: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{what} is neither true nor false")
    return value


def choice(value: Any, choices: tuple[str, ...], what: str) -> Any:
    """One of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{what} is none of {', '.join(choices)}")
    return value


def text(value: Any, what: str) -> str:
    """A text of at most 1,000 characters."""
    if not isinstance(value, str) or len(value) > 1000:
        raise ValueError(f"{what} is no text of at most 1,000 characters")
    return value
