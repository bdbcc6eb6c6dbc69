"""The model core: no Qt, no printing, no settings, no hidden randomness.

Nothing is imported here, so that ``vae_studio.core.spec`` costs no ``import torch``.
"""
