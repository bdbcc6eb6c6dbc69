"""The canvas, and what the model makes of the drawing."""
