"""Fixtures for the core."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vae_studio.core.data import DatasetPair


@pytest.fixture(scope="session")
def bitmaps(mnist: DatasetPair) -> NDArray[np.uint8]:
    """uint8 [40, 28, 28], four of each class."""
    labels = mnist.test.labels
    rows = torch.cat([(labels == digit).nonzero()[:4, 0] for digit in range(10)])
    return np.asarray(mnist.test.images[rows, 0].numpy(), np.uint8)
