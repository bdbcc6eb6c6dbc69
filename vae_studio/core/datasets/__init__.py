"""Where images come from: the table of data sets, files, downloads, folders of pictures.

What is here knows no torch, but for ``obtain``; ``vae_studio.core.data`` makes tensors of it.
"""
