"""Check which module may import which: `python scripts/contracts.py`, from anywhere.

First import-linter, with the contracts in pyproject.toml. Then what import-linter cannot see, as it
takes an external package for one module: that the workers use QtCore and nothing else of PySide6.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
WORKERS = ROOT / "vae_studio" / "workers"
ALLOWED = "PySide6.QtCore"


def imported_modules(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of every absolute import in `tree`, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def foreign_qt(folder: Path) -> list[str]:
    """One line for each import of PySide6 below `folder` that is not QtCore."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for line, name in imported_modules(tree):
            if name.split(".")[0] == "PySide6" and not f"{name}.".startswith(f"{ALLOWED}."):
                found.append(f"{path.relative_to(ROOT)}:{line}: imports {name}")
    return found


def main() -> int:
    os.chdir(ROOT)
    status = lint_imports(no_logo=True)
    violations = foreign_qt(WORKERS)
    for violation in violations:
        print(f"{violation}; the workers may use {ALLOWED} only")
    if not violations:
        print(f"Of PySide6 the workers use {ALLOWED} only: kept")
    return 1 if status or violations else 0


if __name__ == "__main__":
    sys.exit(main())
