"""One input through all models."""
