"""A drawing's hand in every class: the pictures, and the panel."""
