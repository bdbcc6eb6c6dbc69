"""torchvision imports beside a torch of another build."""

from __future__ import annotations

import subprocess
import sys


def test_torchvision_reads_mnist_beside_any_torch() -> None:
    script = (
        "from vae_studio.core.vision import import_torchvision\n"
        "vision = import_torchvision()\n"
        "from torchvision import datasets, transforms\n"
        "print(vision.__name__, datasets.MNIST.__name__, transforms.ToTensor.__name__)\n"
        "assert import_torchvision() is vision\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["torchvision", "MNIST", "ToTensor"], done.stderr
