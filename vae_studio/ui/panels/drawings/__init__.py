"""Drawings that are kept: thumbnails of them, and the panel."""
