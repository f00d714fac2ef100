"""Two thousand made-up worlds, in each of which the promise is kept; and broken rules, which are found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from simulation.rivals import Cell, measure
from simulation.worlds import KINDS, Fleet, live

from gocron_py.distributed import decision, owed
from gocron_py.distributed.decision import Answer, Granted, Record, Request
from gocron_py.distributed.preference import FIRST_LOOK, Turn, Watch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEEDS = 2000


def complaints_of(seeds: range, **how: Any) -> list[str]:
    found = []
    for seed in seeds:
        found += live(seed, **how).complaints()
        if found:
            break
    return found


@pytest.mark.parametrize("part", range(10))
def test_the_promise_is_kept(part: int) -> None:
    """A seed that fails is in the message: ``python -m tests.distributed.simulation --seed N --trace``."""
    size = SEEDS // 10
    assert complaints_of(range(part * size, (part + 1) * size)) == []


def test_a_world_is_the_same_each_time() -> None:
    for seed in range(len(KINDS)):
        first, second = live(seed, trace=True), live(seed, trace=True)
        assert first.trace == second.trace
        assert len(first.trace) > 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_world_is_worth_a_look(kind: str) -> None:
    """Most ticks are run, in all kinds of worlds, so that the checks are about something."""
    accounts = [account for seed in range(4) for account in live(seed, kind=kind).accounts]
    assert sum(each.started for each in accounts) > 0.4 * sum(each.due for each in accounts)


def test_worlds_with_pauses_have_ticks_in_them() -> None:
    """Which are refused; and after the pauses the jobs go on."""
    refused = begun_again = 0
    for seed in range(10):
        trace = "\n".join(live(seed, kind="paused", trace=True).trace)
        refused += trace.count("TickPaused")
        begun_again += trace.rpartition("RESUMED")[2].count("RUNS")
    assert refused > 50
    assert begun_again > 50


@pytest.mark.parametrize("kind", ["unreachable", "rough"])
def test_worlds_have_a_backlog_in_them(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is run; a fleet that does not is found out."""
    assert sum("as it was owed" in "\n".join(live(seed, kind=kind, trace=True).trace) for seed in range(20)) > 5
    assert complaints_of(range(40), kind=kind) == []
    monkeypatch.setattr(owed, "owe", lambda record, kept, more: record)
    assert any("was not caught up with" in complaint for complaint in complaints_of(range(40), kind=kind))


def test_ticks_are_left_to_others() -> None:
    """In all of these worlds."""
    traces = [live(seed, trace=True, kind="calm").trace for seed in range(5)]
    assert all("leaves it to others" in "\n".join(trace) for trace in traces)


@pytest.mark.parametrize("kind", ["calm", "stalled"])
def test_instances_that_are_none_cost_no_tick(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All believe in five more, which never come; a fleet that waited for them is found out."""
    ghosts = [f"ghost {number}" for number in range(5)]
    monkeypatch.setattr(Fleet, "peers_of", lambda fleet, own: [*ghosts, *(each.name for each in fleet.instances)])
    assert complaints_of(range(20), kind=kind) == []
    monkeypatch.setattr(Watch, "look", looks_for_ever)
    assert complaints_of(range(20), kind=kind) != []


def looks_for_ever(watch: Watch, *_: object) -> list[Turn]:
    """Nobody's turn comes."""
    watch.due += FIRST_LOOK
    return []


# -- broken rules ----------------------------------------------------------------------------------


def forgets_what_it_saw(record: Record | None, request: Request, *rest: Any) -> Answer:
    """Without C4."""
    if record is not None and request.at in record.seen:
        record = replace(record, seen=tuple(at for at in record.seen if at != request.at))
    return decision.claim(record, request, *rest)


def has_no_floor(record: Record | None, request: Request, *rest: Any) -> Answer:
    """Without C3, and with a window that is too small."""
    if record is not None:
        record = replace(record, floor=min(record.floor, request.at - 1), seen=record.seen[-1:])
    return decision.claim(record, request, *rest)


def lets_fences_stand(record: Record | None, *rest: Any) -> Answer:
    """Without the count in C6."""
    answer = decision.claim(record, *rest)
    if isinstance(answer, Granted) and answer.record is not None and record is not None:
        held = replace(answer.claim, fence=7)
        claims = tuple(held if each is answer.claim else each for each in answer.record.claims)
        return Granted(replace(answer.record, fence=7, claims=claims), held)
    return answer


def makes_up_a_record(record: Record | None, request: Request, name: str, now: int, alive: Any) -> Answer:
    """Without C0: a store that knows nothing is taken for a new one."""
    return decision.claim(Record(name, 0) if record is None else record, request, name, now, alive)


def knows_no_pause(record: Record | None, *rest: Any) -> Answer:
    """Without the rule of pauses."""
    return decision.claim(None if record is None else replace(record, paused=False), *rest)


def is_never_patient(record: Record | None, request: Request, *rest: Any) -> Answer:
    """Refuses for good where it should wait."""
    answer = decision.claim(record, request, *rest)
    if isinstance(answer, decision.Later):
        return decision.Refused(answer.error)
    return answer


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        ({"claim": forgets_what_it_saw}, ["skewed"]),
        ({"claim": has_no_floor}, ["skewed"]),
        ({"claim": lets_fences_stand}, ["calm"]),
        ({"claim": makes_up_a_record}, ["wiped"]),
        ({"claim": is_never_patient}, ["skewed"]),
        ({"claim": knows_no_pause}, ["paused"]),
        ({"settles": False}, ["lossy"]),
    ],
    ids=lambda value: str(next(iter(value.items()))[0]) if isinstance(value, dict) else "",
)
def test_a_broken_rule_is_found_out(rule: dict[str, Any], kinds: list[str]) -> None:
    def mutate(rules: Any) -> None:
        for name, value in rule.items():
            setattr(rules, name, value)

    if rule == {"settles": False}:
        assert stuck_worlds(mutate) > stuck_worlds(lambda rules: None)
        return
    assert complaints_of(range(200), mutate=mutate, kind=kinds[0]) != []


def stuck_worlds(mutate: Callable[[Any], None]) -> int:
    """In how many worlds with a bad network a job comes to a halt in the end. All instances claim all ticks."""
    stuck = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fleet, "peers_of", lambda fleet, instance: [])
        for seed in range(60):
            outcome = live(seed, mutate=mutate, kind="lossy")
            stuck += any(account.started < 0.5 * account.due for account in outcome.accounts)
    return stuck


# -- the table -------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["skew 250 ms", "stalls", "clock jump", "skew 5 s"])
def test_the_table_in_small(trouble: str) -> None:
    cells = {way: measure(way, trouble, ticks=200) for way in ("gocron's lock", "window and the store's clock")}
    assert cells["window and the store's clock"] == Cell(200, 0, 0)
    assert cells["gocron's lock"].twice > 0
