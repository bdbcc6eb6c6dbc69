"""``import torchvision`` where its wheel does not match torch's.

On Linux the wheel of torchvision is built against CUDA. Beside a CPU build of torch its C++
operators do not load, and the import fails on a missing schema. None of these operators is
used here, so the schemas are declared first and the import goes through.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import torch

_MISSING = "operator torchvision::nms does not exist"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library: torch.library.Library | None = None  # the schemas live as long as this does


def import_torchvision() -> ModuleType:
    """The module ``torchvision``. Slow (seconds): call it where it is needed, not before."""
    global _library
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if _MISSING not in str(error):
            raise
    _library = torch.library.Library("torchvision", "DEF")
    for schema in _SCHEMAS:
        _library.define(schema)
    return importlib.import_module("torchvision")
