"""A slider for each latent dimension."""
