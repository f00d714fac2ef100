"""Stores without a clock of their own: who lives is told by what changes, and when is told by bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gocron_py.clock import elapsed
from gocron_py.distributed.decision import Claim
from gocron_py.distributed.events import Events
from gocron_py.distributed.keeper import _MOST_SEEN, Keeper
from gocron_py.distributed.kube_clock import ServerClock
from gocron_py.distributed.store import Snapshot, TickStore
from gocron_py.instant import SECOND

CLAIM = Claim(at=0, token="a", owner="somebody", until=100, attempt=1, fence=1, lease=SECOND // 5)


class NoClock(TickStore):
    has_clock = False

    def load(self, keys):  # type: ignore[no-untyped-def]
        return Snapshot(0, {})

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        raise NotImplementedError


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    keeper = Keeper(NoClock(), Events(None))
    yield keeper
    keeper.close()


def test_a_claim_is_alive_for_its_lease_from_when_it_was_first_seen(keeper: Keeper) -> None:
    """Whatever its end says, and whatever anybody's clock."""
    alive = keeper.alive_at(10**18)
    assert alive(CLAIM)
    seen = time.monotonic()
    while alive(CLAIM):
        assert time.monotonic() - seen < 10
    assert time.monotonic() - seen >= 0.19
    assert not keeper.alive_at(0)(CLAIM)


def test_a_renewed_claim_is_alive_again(keeper: Keeper) -> None:
    """By a microsecond is enough, also backwards."""
    alive = keeper.alive_at(0)
    alive(CLAIM)
    while alive(CLAIM):
        time.sleep(0.01)
    assert alive(replace(CLAIM, until=99))


def test_claims_that_are_over_are_forgotten(keeper: Keeper) -> None:
    """The memory of a process that runs for years does not grow; what is asked about again and again stays."""
    alive = keeper.alive_at(0)
    for number in range(2 * _MOST_SEEN):
        alive(replace(CLAIM, token=str(number)))
        alive(CLAIM)
    assert len(keeper._seen) == _MOST_SEEN
    assert CLAIM.token in keeper._seen


# -- the clock of a server that tells whole seconds --------------------------------------------------


def test_the_clock_is_never_ahead_and_soon_hardly_behind() -> None:
    """A server whose clock is 1,000 s and 0.4 s ahead of elapsed time, asked at odd moments, each taking 20 ms."""
    clock, ahead, start = ServerClock(), 1_000_400_000, elapsed()
    errors = []
    for number in range(40):
        sent = start + number * 730_000
        answered, received = sent + 10_000, sent + 20_000
        second = (answered + ahead) // SECOND * SECOND
        clock.heard(second, sent, received)
        assert clock._offset is not None
        errors.append(clock._offset - ahead)
    assert max(errors) <= 0
    assert errors[-1] > -150_000


@pytest.mark.parametrize("step", [3600 * SECOND, -3600 * SECOND, -2 * SECOND])
def test_a_clock_that_was_set_is_followed_at_once(step: int) -> None:
    """Or the answer is another server's."""
    clock, now = ServerClock(), elapsed()
    clock.heard(5000 * SECOND, now, now + 1000)
    clock.heard(5000 * SECOND + step, now + 1000, now + 2000)
    assert abs(clock.now() - (5000 * SECOND + step)) < 2 * SECOND


def test_before_any_answer_it_is_this_machines() -> None:
    """There is no better one."""
    assert abs(ServerClock().now() - time.time_ns() // 1000) < SECOND
