"""Write checkpoints/README.md: a table of the models that ship, from what their runs recorded.

    python -m scripts.checkpoint_table            write it
    python -m scripts.checkpoint_table --check    exit with 1 when it is out of date

Nothing is trained or measured here: the figures are those in each run's config.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from math import log
from pathlib import Path

from vae_studio.core.measures import Evaluation
from vae_studio.core.resources import bundled_path
from vae_studio.core.runs import RunInfo, bundled_runs
from vae_studio.core.spec import ModelSpec

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = (
    "model",
    "z",
    "what differs",
    "reconstruction",
    "KL",
    "−ELBO",
    "BCE",
    "squared error",
    "active units",
    "epochs",
)
LEFT = 3  # so many columns of text; the rest are figures

HEAD = """\
# The models that ship

<!-- Written by scripts/checkpoint_table.py. Change that, not this. -->

Every folder here is a run as `vae-studio train` wrote it on MNIST's 60,000 training images; the
[run folder format](../docs/architecture.md#a-run-folder) says what is in it. Name one to open it,
as in `vae-studio evaluate vae-32`, or click it in the window's list.
"""

LEGEND = """\
Figures are means for one image of the test set (10,000 images), with one sample of z for each, as
measured after the last epoch with the weights still in float32. Of reconstruction and −ELBO, less
is better. On disk the weights are float16, which moves a figure by a few thousandths.

- **z**: latent dimensions. **What differs**: from the plain VAE, which has hidden layers of 512 and
  256 units, ReLU, and binary cross-entropy as its reconstruction loss.
- **reconstruction**: the term that the model was trained on: nats, or squared error summed over the
  784 pixels where the row says so. **KL**: nats. **−ELBO**: their sum, β = 1.
- **BCE** (binary cross-entropy, nats) and **squared error**: the same reconstructions measured both
  ways, whatever the model was trained on. By these two columns, any two models can be compared.
- **active units**: dimensions whose mean varies over the test set, Var(μ) > 0.01.
"""

MSE_CAVEAT = """\
† The reconstruction loss is squared error, and its sum with KL is in no unit that a −ELBO in nats
could be compared with. Up to a constant it is the −ELBO of a decoder with Gaussian noise of
variance ½, a density over real numbers; the others give probabilities of pixels.
"""

LABEL_CAVEAT = """\
‡ The label is given, so this bounds −log p(x | label). For a figure to set beside the models
without labels, add what naming one of {classes} labels costs: ln {classes} = {nats:.2f} nats.
"""

REPRODUCE = """\
## Training them again

These are the commands. `--output` must name a new or an empty folder: nothing is written over.

```
{commands}
```

Seed, versions, processor and number of threads being the same, training gives the same weights;
elsewhere rounding differs, and the figures a little with it.

To bring this page up to date after a change: `python -m scripts.checkpoint_table`.
"""


def page(infos: Sequence[RunInfo]) -> str:
    """The whole README. ``SystemExit`` names a run that is not finished and measured."""
    rows = [row(info, measured(info)) for info in infos]
    parts = [HEAD, "\n".join(table(rows)) + "\n", LEGEND, *caveats(infos)]
    parts.append(REPRODUCE.format(commands="\n".join(info.command for info in infos)))
    return "\n".join(parts)


def measured(info: RunInfo) -> Evaluation:
    """The figures of the weights in ``info``."""
    if info.status != "finished" or info.evaluation is None or info.evaluated_epoch != info.epoch:
        raise SystemExit(f"{info.path.name} is {info.status} at epoch {info.epoch}: no table yet")
    return info.evaluation


def row(info: RunInfo, result: Evaluation) -> list[str]:
    """One line of the table, as cells."""
    mark = "†" if info.spec.likelihood == "mse" else "‡" if info.spec.conditional else ""
    unit = " (squared error)" if info.spec.likelihood == "mse" else ""
    return [
        f"[{info.name}]({info.path.name}/config.json)",
        str(info.spec.latent_dim),
        ", ".join(differences(info.spec)) or "the plain VAE",
        f"{result.terms.reconstruction:.2f}{unit}",
        f"{result.terms.kl:.2f}",
        f"{result.negative_elbo:.2f}{mark and ' ' + mark}",
        f"{result.bernoulli:.2f}",
        f"{result.squared_error:.2f}",
        f"{result.active_units} of {info.spec.latent_dim}",
        str(info.epoch),
    ]


def differences(spec: ModelSpec) -> Iterator[str]:
    """What sets ``spec`` apart from the plain VAE, field by field; z has a column of its own."""
    words = {
        "activation": f"LeakyReLU with slope {spec.negative_slope:g}",
        "batch_norm": "batch normalisation",
        "latent_dropout": f"dropout of {spec.latent_dropout:.0%} on z",
        "hidden_dropout": f"dropout of {spec.hidden_dropout:.0%} on hidden units",
        "likelihood": "trained on squared error",
        "num_classes": "is told the label",
    }
    silent = {"latent_dim", "negative_slope"}
    for item in fields(ModelSpec):
        value = getattr(spec, item.name)
        if value != item.default and item.name not in silent:
            yield words.get(item.name, f"{item.name} = {value}")


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a Markdown table, columns aligned in the source too."""
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if index < LEFT else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    yield line(COLUMNS)
    rule = [
        "-" * width if index < LEFT else "-" * (width - 1) + ":"
        for index, width in enumerate(widths)
    ]
    yield line(rule)
    yield from map(line, rows)


def caveats(infos: Sequence[RunInfo]) -> Iterator[str]:
    """The notes to those rows whose −ELBO means something else."""
    if any(info.spec.likelihood == "mse" for info in infos):
        yield MSE_CAVEAT
    for classes in sorted({info.spec.num_classes for info in infos if info.spec.conditional}):
        yield LABEL_CAVEAT.format(classes=classes, nats=log(classes))


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the table of the models that ship.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when out of date")
    options = parser.parse_args()
    path = bundled_path("checkpoints") / "README.md"
    text = page(bundled_runs())
    name = path.relative_to(ROOT)
    if not options.check:
        path.write_text(text, encoding="utf-8", newline="\n")
        print(name)
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        print(f"{name} is up to date")
        return 0
    print(f"{name} is out of date: run python -m scripts.checkpoint_table", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
