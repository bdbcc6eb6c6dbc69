"""Faults in numbers: strangers' files, kills, full disks, impatient users.

Each module holds one kind, with ``COUNTS`` (how often, in ``make test``, ``make soak`` and
``make soak-full``) and ``run(count, seed, folder)``. ``python -m tests.soak`` runs them all and
prints a table.
"""
