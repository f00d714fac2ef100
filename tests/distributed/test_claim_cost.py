"""A claim on SQLite beside the least that any claim could be, in one run."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from benchmarks import claims


@pytest.mark.slow
def test_a_claim_costs_three_bare_writes_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each the least of five medians: what else the machine does can only add to it."""
    monkeypatch.setattr(claims, "ROUNDS", 5)
    medians: dict[str, list[float]] = {"claim": [], "bare": []}
    for number in range(5):
        (tmp_path / str(number)).mkdir(mode=0o700)
        times = claims.measure(tmp_path / str(number))
        for name, least in medians.items():
            least.append(statistics.median(times[name]))
    assert min(medians["claim"]) <= 3 * min(medians["bare"])
