"""Rules about the source: who may import whom, and what may not be there."""

from __future__ import annotations

import ast
import json
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vae_studio
from vae_studio.core import errors
from vae_studio.core.variants import VARIANTS
from vae_studio.ui.messages import ERRORS

PACKAGE = Path(vae_studio.__file__).parent
ROOT = PACKAGE.parent
CORE = sorted(path.stem for path in (PACKAGE / "core").glob("*.py") if path.stem != "__init__")
SESSION = sorted(
    path.stem for path in (PACKAGE / "session").glob("*.py") if path.stem != "__init__"
)
ERROR_TYPES = {name for name, value in vars(errors).items() if isinstance(value, type)}
PLAIN = (
    "spec",
    "variants",
    "events",
    "errors",
    "resources",
    "control",
    "measures",
    "doctor",
    "findings",
    "runs",
    "durable",
    "housekeeping",
    "lock",
    "reading",
    "origin",
    "experiments",
    "compared",
    "chart",
    "report",
    "report_parts",
    "report_style",
    "report_words",
    "annotations",
    "thumbnails",
)
WITHOUT_TORCH = [
    "vae_studio",
    "vae_studio.cli",
    "vae_studio.core",
    *(f"vae_studio.core.{name}" for name in PLAIN),
    *(f"vae_studio.session.{name}" for name in SESSION),
    "vae_studio.workers.explore_thread",
    "vae_studio.workers.train_thread",
]


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages in memory after importing ``modules`` in a fresh interpreter."""
    program = (
        f"import sys, json; sys.path.insert(0, {str(ROOT)!r}); import {', '.join(modules)}; "
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100
    )
    return set(json.loads(result.stdout))


def test_the_import_contracts_hold() -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "contracts.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_core_and_the_session_load_no_qt() -> None:
    loaded = loaded_by(
        *(f"vae_studio.core.{name}" for name in CORE),
        *(f"vae_studio.session.{name}" for name in SESSION),
    )
    assert "torch" in loaded  # the question was put to the real thing
    assert not loaded & {"PySide6", "shiboken6", "pyqtgraph", "superqt", "qtawesome"}


def test_what_the_window_needs_first_loads_no_torch() -> None:
    loaded = loaded_by(*WITHOUT_TORCH)
    assert "PySide6" in loaded
    assert not loaded & {"torch", "torchvision", "safetensors"}


@pytest.mark.parametrize("module", [name for name in WITHOUT_TORCH if ".workers." not in name])
def test_the_plain_part_loads_neither_torch_nor_qt(module: str) -> None:
    assert not loaded_by(module) & {"torch", "torchvision", "safetensors", "PySide6"}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def test_nothing_is_pickled() -> None:
    found = []
    for name, tree in trees():
        for node in ast.walk(tree):
            imported: list[str] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                imported = [f"{node.value.id}.{node.attr}"]
            bad = ("pickle", "marshal", "shelve", "dill", "joblib", "torch.load", "torch.save")
            found += [
                f"{name}: {item}"
                for item in imported
                if f"{item}.".startswith(tuple(f"{b}." for b in bad))
            ]
    assert found == []


_FORBIDDEN_MODULES = {
    "pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml",
    "subprocess", "multiprocessing", "socket", "socketserver", "ssl", "urllib", "urllib3", "http",
    "ftplib", "smtplib", "xmlrpc", "requests", "httpx", "aiohttp", "ctypes", "runpy", "code", "pty",
}  # fmt: skip
_FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__", "breakpoint"}
_FORBIDDEN_ATTRIBUTES = {
    "torch.load", "torch.save", "torch.hub", "torch.jit", "torch.package",
    "np.load", "numpy.load", "np.fromfile", "numpy.fromfile",
    "os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv", "os.startfile",
    "importlib.import_module",
}  # fmt: skip
# One asks the C library to reuse memory, one imports torchvision by its name, one loads our panels
# when they are first seen, and one fetches the data sets that somebody asks for.
_ALLOWED = {
    ("vae_studio/core/memory.py", "ctypes"),
    ("vae_studio/core/vision.py", "importlib"),
    ("vae_studio/ui/panels/__init__.py", "importlib"),
    ("vae_studio/ui/panels/__init__.py", "importlib.import_module"),
    *(("vae_studio/core/datasets/fetch.py", name) for name in ("http", "socket", "ssl", "urllib")),
}


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def forbidden_in(name: str, tree: ast.Module) -> list[str]:
    """What could run a stranger's program, or reach the network: imports and names, by syntax."""
    found, aliases = [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname: alias.name for alias in node.names if alias.asname}
    for node in ast.walk(tree):
        used: list[str] = []
        if isinstance(node, ast.Import):
            used = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            used = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            head, _, rest = _dotted(node).partition(".")
            used = [f"{aliases.get(head, head)}.{rest}"]
        elif isinstance(node, ast.Name):
            if node.id in _FORBIDDEN_NAMES:
                found.append(f"{name}:{node.lineno}: {node.id}")
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found.append(f"{name}:{node.lineno}: allow_pickle")
        for item in used:
            module = item.partition(".")[0]
            is_import = isinstance(node, (ast.Import, ast.ImportFrom))
            if is_import and module in _FORBIDDEN_MODULES and (name, module) not in _ALLOWED:
                found.append(f"{name}:{node.lineno}: {item}")
            if item in _FORBIDDEN_ATTRIBUTES and (name, module) not in _ALLOWED:
                found.append(f"{name}:{node.lineno}: {item}")
    return found


def test_nothing_that_a_stranger_sent_can_run() -> None:
    assert [item for name, tree in trees() for item in forbidden_in(name, tree)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import pickle as p",
        "from pickle import loads",
        "import torch\ntorch . load (x)",
        "import torch as t\nt.load(x)",
        "from torch import load",
        "import numpy as n\nn.load(x, allow_pickle = True)",
        "import numpy as np\nread = np.load",
        "def f(): return eval (x)",
        "run = exec",
        "__import__('os')",
        "import importlib\nimportlib.import_module(x)",
        "import os\nos.system(x)",
        "import urllib.request",
        "from http import client",
        "from subprocess import run",
        "import socket",
        "import yaml, json",
    ],
)
def test_that_rule_sees_through_spacing_and_other_names(source: str) -> None:
    assert forbidden_in("x.py", ast.parse(source))


def test_the_core_prints_nothing() -> None:
    found = [
        name
        for name, tree in trees()
        if name.startswith(("vae_studio/core", "vae_studio/session", "vae_studio/workers"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert found == []


def test_no_name_of_a_variant_stands_outside_its_table_in_the_core() -> None:
    """A new variant is a row; code that asks for a variant's name would be a second place."""
    found = [
        f"{name}: {node.value}"
        for name, tree in trees()
        if name.startswith("vae_studio/core")
        and not name.endswith(("variants.py", "experiments.py"))  # whose arms are rows of the table
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in VARIANTS
    ]
    assert found == []


def raised_errors() -> Iterator[tuple[str, str, set[str]]]:
    """Module, code and parameters of every ``SomeError("code", …)`` in the source."""
    for name, tree in trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            code = node.args[0]
            if node.func.id in ERROR_TYPES and isinstance(code, ast.Constant):
                yield name, str(code.value), {item.arg for item in node.keywords if item.arg}


def test_every_error_has_a_sentence_and_what_it_names() -> None:
    found = {code for _, code, _ in raised_errors()}
    assert "spec.range" in found
    assert found - set(ERRORS) == set()
    lacking = []
    for module, code, given in raised_errors():
        named = {field for _, field, _, _ in string.Formatter().parse(ERRORS[code]) if field}
        lacking += [f"{module}: {code} lacks {name}" for name in sorted(named - given)]
    assert lacking == []
