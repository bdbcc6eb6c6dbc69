"""The panel *Completion*: the model goes on from a part of a digit."""
