"""Cases in which Go gives no sound answer, or none at all: the port gives the oracle's, and at once."""

from __future__ import annotations

import time

import pytest
from driver import Case, Outcome, cases, outcome_of
from test_next_runs import recorded, sound


def expected_of(case: Case) -> Outcome:
    if case["kind"] == "monthly" and case.get("hang"):
        # No month that is a whole number of intervals away has the day.
        return Outcome(error="ErrMonthlyJobDays")
    if case["args"].get("crontab", "").startswith("@every"):
        # Centuries ahead, but sound.
        return recorded(case)
    return sound(case)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases("quirks")])
def test_quirks(case: Case) -> None:
    """Runs before the change, on days not named, in the year 1, twice: none of it here."""
    expected, actual = expected_of(case), outcome_of(case)
    assert expected == actual, f"{expected.show(case['location'])}\n{actual.show(case['location'])}"


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases("hangs")])
def test_hangs(case: Case) -> None:
    """Where Go never returns there is an answer, for a tenth of a second of a processor at most for each call."""
    before = time.thread_time()
    actual = outcome_of(case)
    calls = 1 + len(actual.next_runs)
    assert time.thread_time() - before < 0.1 * calls
    expected = expected_of(case)
    assert expected == actual, f"{expected.show(case['location'])}\n{actual.show(case['location'])}"
