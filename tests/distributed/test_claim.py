"""A claim, step by step, on a clock that only its own steps move."""

from __future__ import annotations

import pytest

import gocron_py as gocron
from gocron_py.distributed.claim import Attempt, Load, Sleep, claim_tick
from gocron_py.distributed.decision import Granted, Later
from gocron_py.distributed.store import Snapshot

SECOND = 1_000_000


@pytest.mark.parametrize("dice", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("patience", [SECOND // 100, SECOND, 60 * SECOND])
def test_no_try_comes_too_late_to_be_answered_in_time(patience: int, dice: float) -> None:
    """Granted at the deadline itself, it would be given up, and be the tick's end for all instances."""
    now, asked = 0, []

    def no_rule(*_: object) -> Granted:
        raise AssertionError("there is nothing to decide on")

    attempt = Attempt("job", "token", no_rule, patience, lambda: now, None, None, dice=lambda: dice)
    procedure = claim_tick(attempt)

    def end() -> None:
        nonlocal now
        step = next(procedure)
        while True:
            if isinstance(step, Sleep):
                now += step.micros
                step = procedure.send(None)
            else:
                assert isinstance(step, Load)
                asked.append(now)
                step = procedure.throw(gocron.StoreDown("unplugged"))

    with pytest.raises(gocron.StoreDown, match="unplugged"):
        end()
    assert now <= patience
    if patience < SECOND:
        assert asked == [0]
    else:
        assert max(asked) == patience - SECOND // 20, "it does not give up before it must, either"


def test_a_store_that_is_slow_is_asked_earlier_for_the_last_time() -> None:
    """It takes 100 ms to answer, each time that another run goes on."""
    now, asked = 0, []
    attempt = Attempt(
        "job", "token", lambda *_: Later(gocron.TickBusy), SECOND, lambda: now, None, None, dice=lambda: 1
    )
    procedure = claim_tick(attempt)

    def end() -> None:
        nonlocal now
        step = next(procedure)
        while True:
            if isinstance(step, Sleep):
                now += step.micros
                step = procedure.send(None)
            else:
                asked.append(now)
                now += SECOND // 10
                step = procedure.send(Snapshot(now, {}))

    with pytest.raises(gocron.TickBusy):
        end()
    assert max(asked) == SECOND - 2 * SECOND // 10
