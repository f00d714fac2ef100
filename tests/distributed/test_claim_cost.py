"""A claim on SQLite beside the least that any claim could be, in one run."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from benchmarks import claims


@pytest.mark.slow
def test_a_claim_costs_three_bare_writes_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least of some measurements: what else the machine does can only add to it."""
    monkeypatch.setattr(claims, "ROUNDS", 5)

    def ratio(number: int) -> float:
        (tmp_path / str(number)).mkdir(mode=0o700)
        times = claims.measure(tmp_path / str(number))
        return statistics.median(times["claim"]) / statistics.median(times["bare"])

    assert any(ratio(number) <= 3 for number in range(10))
