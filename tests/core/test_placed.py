"""Images go to a GPU that has room for them, and only there."""

from __future__ import annotations

import pytest
import torch

from vae_studio.core.data import Dataset, DatasetPair, placed


def on(device: str, free: int, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset | str:
    """What becomes of the data with so many bytes free there; a machine without a GPU can tell
    where they would go, not send them."""
    cached = free // 4  # by torch, of a training before
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free - cached, 2 * free))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: cached + 1000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 1000)
    monkeypatch.setattr(Dataset, "to", lambda self, device: f"sent to {device}")
    return placed(data, torch.device(device))


@pytest.mark.parametrize(("times", "sent"), [(1, False), (1.9, False), (2, True), (9, True)])
def test_what_fits_into_half_of_the_free_memory_goes_there(
    times: float, sent: bool, small: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = int(times * small.train.images.nbytes)
    found = on("cuda", free, small.train, monkeypatch)
    assert found == ("sent to cuda" if sent else small.train)


def test_without_a_gpu_nobody_asks_one(small: DatasetPair) -> None:
    assert placed(small.train, torch.device("cpu")).images is small.train.images


def test_a_batch_goes_where_it_is_asked_for(small: DatasetPair) -> None:
    x, labels = small.train.batch(torch.arange(5), torch.device("meta"))
    assert (x.device.type, labels.device.type) == ("meta", "meta")
    assert (x.shape, x.dtype, labels.shape) == ((5, 1, 28, 28), torch.float32, (5,))
