"""Too little memory for a model: it is said, and the process goes on. Real limits, in a child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_CHILD = """
import json, resource, sys, time
from dataclasses import replace
from pathlib import Path
import torch
from tests.helpers import halves, quick, tiny
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import Dataset, DatasetPair
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import SpecError
from vae_studio.core.lock import is_locked
from vae_studio.core.runs import read_run
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import new_state
from vae_studio.core.variants import VARIANTS
from vae_studio.workers.train_thread import TrainRequest, TrainThread

images = torch.randint(256, (64, 1, 28, 28), dtype=torch.uint8)
few = DatasetPair(*[Dataset(images, torch.arange(64) % 10)] * 2)
DATASETS["mnist"] = replace(DATASETS["mnist"], load=lambda *_: halves(few))
torch.randperm(4), torch.rand(300, 300) @ torch.rand(300, 300)

def limit(megabytes):
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

def unlimited():
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

def run(spec, name, megabytes=0):
    folder = Path(sys.argv[1]) / name
    thread = TrainThread(TrainRequest(spec, quick(epochs=2, batch_size=32), "", name, folder))
    if megabytes:
        limit(megabytes)
    thread.start()
    ended = thread.wait(60_000)
    unlimited()
    assert ended
    mail = thread.mailbox.take()
    last = mail.events[-1] if mail.events else None
    found = {"code": getattr(last, "code", ""), "size": getattr(last, "size", "")}
    if mail.error is not None:
        found = {"code": mail.error.code, "size": str(mail.error.params.get("size", ""))}
    if (folder / "config.json").exists():
        found |= {"status": read_run(folder).status, "step": load_snapshot(folder).step}
    return {**found, "locked": is_locked(folder)}

def refuse(shape):
    '''With room for next to nothing.'''
    DATASETS["photos"] = replace(DATASETS["mnist"], image_shape=shape)
    spec = ModelSpec(hidden=(4096,) * 4, latent_dim=512, image_shape=shape)
    limit(40)
    began = time.perf_counter()
    try:
        new_state(spec, quick(dataset="photos"))
    except SpecError as error:
        return {"code": error.code, "seconds": time.perf_counter() - began}
    finally:
        unlimited()

large = ModelSpec(hidden=(4096, 4096), latent_dim=64)  # 41 million parameters, 164 MB
print(json.dumps({
    "to make it": run(large, "make", 100),
    "to train it": run(large, "train", 650),
    "and then": run(tiny(VARIANTS["vae-32"]), "small"),
    "refused": [refuse(shape) for shape in [(3, 512, 512), (3, 80, 80)] * 2],
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as Linux has them")
def test_too_little_memory_is_told_and_the_next_training_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for stage in ("to make it", "to train it"):
        assert found[stage]["code"] == "train.memory", found
        number, unit = found[stage]["size"].split()
        assert unit == "MB"
        assert 1 < float(number) < 1000
        assert not found[stage]["locked"]
    assert found["to train it"]["status"] == "failed"
    assert found["to train it"]["step"] == 0
    assert found["and then"]["status"] == "finished"
    assert {refused["code"] for refused in found["refused"]} == {"spec.too_large"}
    assert min(refused["seconds"] for refused in found["refused"]) < 0.2
