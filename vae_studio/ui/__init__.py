"""The window: PySide6 and pyqtgraph. Nothing here computes; torch is never imported here."""
