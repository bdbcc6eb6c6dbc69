"""The data sets: a list of them, and what one is."""
