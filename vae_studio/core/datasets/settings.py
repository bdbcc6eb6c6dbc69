"""How pictures of all sizes become images of one: ``ImportSettings``. Frozen; no torch."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, Self

from vae_studio.core.errors import SpecError

Colour = Literal["grey", "colour"]
Fit = Literal["pad", "crop", "stretch"]
Background = Literal["black", "white"]
SMALLEST: Final = 16  # px
LARGEST: Final = 128  # px
MOST_TESTED: Final = 0.5


@dataclass(frozen=True)
class ImportSettings:
    """What is done to each picture, in this order. Raises ``SpecError`` for what is no value.

    background: of what is transparent, and beside a padded picture. colour: ``grey`` is Rec. 601's
    luma. fit: to a square of ``size`` px: all of the picture with a margin (``pad``), its middle
    (``crop``), or all of it, distorted (``stretch``). invert: light becomes dark. centre: as MNIST
    was made: what is not black is fitted into 20/28 of the side, and its centre of mass put into
    the middle; ``fit`` does not count then. test_share: of all images, kept for testing where the
    source does not say which. seed: of the order, and so of which these are.
    """

    size: int = 64
    colour: Colour = "colour"
    fit: Fit = "pad"
    background: Background = "white"
    invert: bool = False
    centre: bool = False
    test_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, kind in (("colour", Colour), ("fit", Fit), ("background", Background)):
            choices = typing.get_args(kind)
            value = getattr(self, name)
            if not isinstance(value, str) or value not in choices:
                raise SpecError("spec.choice", field=name, value=value, choices=", ".join(choices))
        limits = (("size", SMALLEST, LARGEST), ("seed", 0, 2**31 - 1))
        for name, low, high in limits:
            value = getattr(self, name)
            if type(value) is not int:
                raise SpecError("spec.type", field=name, value=value, expected="a whole number")
            if not low <= value <= high:
                raise SpecError("spec.range", field=name, value=value, low=low, high=high)
        for name in ("invert", "centre"):
            if type(getattr(self, name)) is not bool:
                value = getattr(self, name)
                raise SpecError("spec.type", field=name, value=value, expected="true or false")
        share = self.test_share
        if isinstance(share, bool) or not isinstance(share, (int, float)):
            raise SpecError("spec.type", field="test_share", value=share, expected="a number")
        if not 0.0 < share <= MOST_TESTED:  # nor is NaN
            raise SpecError(
                "spec.range", field="test_share", value=share, low=0.001, high=MOST_TESTED
            )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        return (1 if self.colour == "grey" else 3, self.size, self.size)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``; what is not there is as it comes. Raises ``SpecError``."""
        if not isinstance(values, Mapping):
            raise SpecError("spec.type", field="settings", value=values, expected="an object")
        known = [item.name for item in fields(cls)]
        unknown = min((str(name) for name in values if name not in known), default=None)
        if unknown is not None:
            raise SpecError("spec.unknown_field", field=unknown[:80], known=", ".join(known))
        return cls(**values)
