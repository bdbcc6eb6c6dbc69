"""The panel *Paths*: kept points, and a walk from one to the next."""
