"""Small parts that two panels or more use."""
