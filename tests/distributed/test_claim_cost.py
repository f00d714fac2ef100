"""A claim on SQLite beside the least that any claim could be, in one run."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from benchmarks import claims


@pytest.mark.slow
def test_a_claim_costs_three_bare_writes_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "ROUNDS", 5)
    times = claims.measure(tmp_path)
    assert statistics.median(times["claim"]) <= 3 * statistics.median(times["bare"])
