"""What a lock and a tick cost on a real server, beside the bare client."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.stores import BOUND

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_lock_and_claim_in_a_database_cost_what_they_may() -> None:
    """On PostgreSQL, by the calls that nothing disturbed: half as much again as the bare client's at most."""
    command = [sys.executable, "-m", "benchmarks.stores", "--only", "postgresql", "--rounds", "25", "--json"]
    best = {"lock + unlock": 9.9, "claim + finish": 9.9}
    # What else the machine does can make both dearer, but not often the one and never the other.
    for _ in range(4):
        ratios = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=100).stdout)
        best = {work: min(ratio, ratios[work][0]) for work, ratio in best.items()}
        if max(best.values()) <= BOUND:
            break
    assert max(best.values()) <= BOUND, best
