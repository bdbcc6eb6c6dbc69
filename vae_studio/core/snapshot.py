"""``Snapshot``: a model at one moment, never written to again; ``ModelCache`` builds them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from threading import Lock

from torch import Tensor

from vae_studio.core.datasets.table import DatasetInfo, record_of
from vae_studio.core.losses import SMALLEST_VARIANCE
from vae_studio.core.measures import Evaluation, LatentStats
from vae_studio.core.model import VAE, VARIANCE
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import TrainState

_captures = count()


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Weights on the CPU, in float32, with what made them.

    id: differs for different weights. run: the folder of the run they belong to; name: what that
    is called. epoch, step: complete ones. evaluation: what was measured on these very weights,
    where it was. latent: of each dimension, from there or from the last epoch that was measured.
    older: these are of the checkpoint before the newest, which is damaged. data: what they learnt.
    """

    id: str
    run: str
    name: str
    spec: ModelSpec
    config: TrainConfig
    epoch: int
    step: int
    weights: Mapping[str, Tensor]
    evaluation: Evaluation | None = None
    latent: LatentStats | None = None
    older: bool = False
    data: DatasetInfo | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """One for each of the model's classes, or of its data where it has none; () for neither."""
        names = self.data.class_names if self.data else ()
        classes = self.spec.num_classes
        return names if classes in (0, len(names)) else tuple(map(str, range(classes)))

    @property
    def variance(self) -> float | None:
        """σ² of a Gaussian likelihood, as ``VAE.variance``; None with another one."""
        kept = self.weights.get(f"decoder.{VARIANCE}")
        return None if kept is None else max(float(kept), SMALLEST_VARIANCE)

    def build(self) -> VAE:
        """A model with these weights: eval mode, no gradients. The weights are not copied."""
        model = VAE(self.spec, empty=True)
        model.load_state_dict(dict(self.weights), strict=True, assign=True)
        return model.eval().requires_grad_(False)


def capture(
    state: TrainState,
    run: str,
    name: str,
    evaluation: Evaluation | None = None,
    latent: LatentStats | None = None,
    data: DatasetInfo | None = None,
) -> Snapshot:
    """Copy the weights of a training that is between two steps. Call it on the training thread.

    data: what it learns; as the table says now where that is not given.
    """
    weights = {
        key: value.detach().to("cpu", copy=True) for key, value in state.model.state_dict().items()
    }
    return Snapshot(
        id=f"{run}@{state.step}:live-{next(_captures)}",  # another run may come to the same place
        run=run,
        name=name,
        spec=state.spec,
        config=state.config,
        epoch=state.epoch,
        step=state.step,
        weights=weights,
        evaluation=evaluation,
        latent=evaluation.latent if evaluation else latent,
        data=data or record_of(state.config.dataset),
    )


class ModelCache:
    """Models built from snapshots, the most recently used ``limit`` of them. Thread-safe."""

    def __init__(self, limit: int = 4) -> None:
        self._limit = limit
        self._models: OrderedDict[str, VAE] = OrderedDict()
        self._lock = Lock()

    def model(self, snapshot: Snapshot) -> VAE:
        """The model of that snapshot, built on first use."""
        with self._lock:
            model = self._models.get(snapshot.id)
            if model is None:
                model = self._models[snapshot.id] = snapshot.build()
            self._models.move_to_end(snapshot.id)
            while len(self._models) > self._limit:
                self._models.popitem(last=False)
            return model

    def __len__(self) -> int:
        return len(self._models)
