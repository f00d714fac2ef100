"""The next runs that Go's gocron v2.22.0 was recorded to give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import oracle
import pytest
from driver import Case, Outcome, cases, instant, outcome_from, outcome_of

CALENDAR = ("daily", "weekly", "monthly")

# Clocks are put forward at midnight there, which Go gets wrong for good, or have left out a whole day.
MIDNIGHT_GAPS = ("America/Sao_Paulo", "America/Havana", "America/Santiago", "Pacific/Apia")

MENDED_CRONTABS = {
    "cron-0809": "run_after_transition: Go runs on days that the crontab does not name",
    "cron-1742": "run_after_transition: Go leaves out the second reading in the gap",
    "cron-1754": "run_after_transition: Go leaves out a gap that has just been",
}

CHUNK = 100


def is_mended(case: Case) -> bool:
    """Whether the contract asks for something else than Go's answer."""
    if case["kind"] == "cron":
        return case["id"] in MENDED_CRONTABS
    return (
        case["kind"] in CALENDAR
        and case.get("error", "ErrJobNotFound") == "ErrJobNotFound"
        and (
            "gap_run_early" in case.get("tags", ())
            or "start_at_location" in case["options"]
            or case["location"] in MIDNIGHT_GAPS
        )
    )


def sound(case: Case) -> Outcome:
    """The oracle's answer."""
    stop = case["options"].get("stop_at")
    ticks = [instant(run.isoformat()) for run in oracle.next_runs(case, 14)]
    return outcome_from(ticks, instant(case["now"]), instant(stop) if stop else None)


def recorded(case: Case) -> Outcome:
    """Go's answer; its panic, for a zone prefix without a space, is an error of the grammar."""
    if case.get("panic"):
        return Outcome(error="ErrCronJobParse")
    if "error" in case:
        return Outcome(error=case["error"])
    runs = [instant(run) for run in case["next_runs"]]
    return Outcome(next_runs=runs, fires_at_start=case.get("fires_at_start", False))


def _chunks() -> Iterator[object]:
    rows = list(cases("next_runs"))
    for kind in sorted({case["kind"] for case in rows}):
        of_kind = [case for case in rows if case["kind"] == kind]
        for start in range(0, len(of_kind), CHUNK):
            yield pytest.param(of_kind[start : start + CHUNK], id=f"{kind}-{start // CHUNK}")


@pytest.mark.parametrize("chunk", list(_chunks()))
def test_as_recorded(chunk: list[Case]) -> None:
    """Every recorded case, and the oracle's answer where the contract mends Go's."""
    wrong = []
    for case in chunk:
        expected = sound(case) if is_mended(case) else recorded(case)
        actual = outcome_of(case)
        if expected != actual:
            wrong.append(
                f"{case}\n    expected {expected.show(case['location'])}\n    got      {actual.show(case['location'])}"
            )
    assert wrong == [], "\n".join(wrong)


def test_the_oracle_and_go_agree_on_calendars() -> None:
    """Where nothing is mended the oracle says what Go says, so it can be trusted where something is."""
    wrong, seen = [], 0
    for case in cases("next_runs"):
        if case["kind"] in CALENDAR and "error" not in case and not is_mended(case):
            seen += 1
            if sound(case) != recorded(case):
                wrong.append(case["id"])
    assert wrong == []
    assert seen > 1000


def test_what_is_mended_in_midnight_zones_is_little() -> None:
    """Most of Go's answers for zones with a gap at midnight are right, and are the port's too."""
    there = [
        case
        for case in cases("next_runs")
        if case["kind"] in CALENDAR
        and case["location"] in MIDNIGHT_GAPS
        and "start_at_location" not in case["options"]
        and "error" not in case
    ]
    differing = [case["id"] for case in there if sound(case) != recorded(case)]
    assert len(there) > 300
    assert len(differing) < len(there) / 10


def test_what_is_mended_is_named_in_the_documentation() -> None:
    """The page of differences names each recorded case that is answered by one of its rules, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "differences.rst").read_text(encoding="utf-8")
    named = re.findall(r"\b[a-z]+-\d{4}\b", page)
    mended = [
        case["id"]
        for case in cases("next_runs")
        if is_mended(case)
        and "start_at_location" not in case["options"]
        and "gap_run_early" not in case.get("tags", ())
        and sound(case) != recorded(case)
    ]
    assert sorted(mended) == sorted(named)
