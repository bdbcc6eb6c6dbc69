"""VAE Studio: understand variational autoencoders by touching them."""

__version__ = "0.1.0"
