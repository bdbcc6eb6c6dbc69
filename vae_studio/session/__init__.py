"""What the user is doing, as plain Python: no Qt, no torch."""
