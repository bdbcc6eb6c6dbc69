"""Build hook: put the bundled models and data sets into the wheel.

A checkout reads `assets/` and `checkpoints/` where they lie; a wheel carries them as
`vae_studio/_bundled/assets` and `vae_studio/_bundled/checkpoints`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLED = ("assets", "checkpoints")


class BundleHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders to a real wheel; `version` is "editable" for an editable install.

        Raises FileNotFoundError if a folder is missing: the wheel would come without its models.
        """
        if version == "editable":
            return
        for name in BUNDLED:
            folder = Path(self.root, name)
            if not folder.is_dir():
                raise FileNotFoundError(f"{folder} is missing; build from a complete checkout")
            build_data["force_include"][str(folder)] = f"vae_studio/_bundled/{name}"
