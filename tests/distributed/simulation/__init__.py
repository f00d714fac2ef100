"""A fleet on a made-up clock, in one thread: the procedures of the library, and a world that is against them.

``python -m tests.distributed.simulation --seeds 1000`` runs worlds, ``--seed 17 --trace`` one, to read.
"""
