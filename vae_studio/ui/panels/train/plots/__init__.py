"""The plots of the losses: what they hold, how they are drawn, copied and saved."""

from vae_studio.ui.panels.train.plots.plots import LossPlots

__all__ = ["LossPlots"]
