"""The page docs/simulation.rst."""

from __future__ import annotations

from .rivals import INSTANCES, INTERVAL, TROUBLES, WAYS, measure

_TICKS = 4290

_HEAD = """Ways of sharing ticks, compared
===============================

.. This page is written by ``python -m tests.distributed.simulation --table docs/simulation.rst``.

A simulation: {instances} instances, a job every {interval} s that takes 20 ms, {ticks:,} ticks a cell, on a made-up
clock, each way under the same troubles. A cell says how many runs there were *beyond one for each tick*, and how
many ticks *nobody ran*. To see a world of the simulation go by, or to run a hundred thousand of other kinds, see
``make soak`` and ``python -m tests.distributed.simulation --help``.

.. list-table:: runs too many / ticks lost, of {ticks:,}
   :header-rows: 1
   :stub-columns: 1

   * -
"""

_FOOT = """
Skew: each machine's clock is wrong by up to so much. Stalls: one instance after the other is stopped, for up to
120 s. Clock jump: a machine's clock is set forward by five minutes and back a minute later, ten times.

*gocron's lock* is what a locker as in gocron's guide does: a key with a TTL of 30 s is taken before the run and
deleted after it; all instances are given the same grid here, which gocron does not do. *Held for 3 s at least* is
the same with :func:`~gocron_py.distributed.hold_at_least`. A *tick key* names the job and the tick and is left to
its TTL. The last line is a tick locker, on a store that leaves it to leases who lives: the procedures of this
library, not a model of them.
"""


def page() -> str:
    """The whole of it."""
    rows = [_HEAD.format(instances=INSTANCES, interval=INTERVAL // 1_000_000, ticks=_TICKS)]
    rows += [f"     - {trouble}\n" for trouble in TROUBLES]
    for way in WAYS:
        rows.append(f"   * - {way}\n")
        for trouble in TROUBLES:
            cell = measure(way, trouble, _TICKS)
            rows.append(f"     - {cell.twice} / {cell.lost}\n")
    return "".join(rows) + _FOOT
