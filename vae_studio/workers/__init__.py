"""Threads that drive the core. Only QtCore of Qt; torch is imported in the threads, not here."""
