"""The table of all runs."""
