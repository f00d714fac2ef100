"""The rules, one by one; tests of the stores check them all together against a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gocron_py import (
    StoreAmnesia,
    StoreCorrupt,
    TickBusy,
    TickEarly,
    TickKind,
    TickPaused,
    TickStale,
    TickTaken,
)
from gocron_py.distributed.decision import (
    WINDOW,
    Claim,
    Granted,
    Later,
    Record,
    Refused,
    Request,
    claim,
    cut,
    cut_off,
    decode,
    encode,
    finish,
    pause,
    reap,
    recover,
    registered,
    renew,
    resume,
    unclaim,
)

NAME = "job"
NEW = Record(NAME, floor=100)
HELD = Claim(at=110, token="t1", owner="a", until=500, attempt=1, fence=7)
RUNNING = Record(NAME, floor=100, seen=(110,), fence=7, claims=(HELD,))


def request(at: int = 200, kind: TickKind = TickKind.GRID, token: str = "t2", **more: object) -> Request:
    return Request(at=at, kind=kind, token=token, owner="b", lease=30, **more)  # type: ignore[arg-type]


def dead(_: Claim) -> bool:
    return False


def alive(_: Claim) -> bool:
    return True


def granted(answer: object) -> Granted:
    assert isinstance(answer, Granted)
    return answer


def after(answer: object) -> Record:
    record = granted(answer).record
    assert record is not None
    return record


def test_c0_no_record_is_made_and_the_tick_refused() -> None:
    assert claim(None, request(), NAME, 200, dead) == Refused(StoreAmnesia, registered(NAME, 200, "t2"))


def test_c1_the_same_claim_is_granted_again_without_a_write() -> None:
    assert claim(RUNNING, request(110, token="t1"), NAME, 200, alive) == Granted(None, HELD)


def test_c2_a_tick_to_come_is_waited_for() -> None:
    assert claim(NEW, request(201), NAME, 200, dead) == Later(TickEarly, 201)
    assert isinstance(claim(NEW, request(200), NAME, 200, dead), Granted)


@pytest.mark.parametrize("at", [100, 99])
def test_c3_a_tick_up_to_the_floor_is_stale(at: int) -> None:
    assert claim(NEW, request(at), NAME, 200, dead) == Refused(TickStale)


def test_c4_a_tick_that_was_seen_is_taken_whatever_became_of_its_run() -> None:
    assert claim(RUNNING, request(110), NAME, 200, dead) == Refused(TickTaken)
    assert claim(replace(RUNNING, claims=()), request(110), NAME, 200, dead) == Refused(TickTaken)


def test_c5_another_run_goes_on() -> None:
    assert claim(RUNNING, request(), NAME, 200, alive) == Later(TickBusy)
    record = after(claim(RUNNING, request(overlap=True), NAME, 200, alive))
    assert [held.token for held in record.claims] == ["t1", "t2"]


def test_c6_granted() -> None:
    answer = granted(claim(NEW, request(), NAME, 250, dead))
    assert answer.claim == Claim(200, "t2", "b", until=280, attempt=1, fence=250, lease=30)
    assert answer.record == Record(NAME, 100, (200,), 250, (answer.claim,))


def test_c6_the_fence_grows_even_if_the_clock_goes_back() -> None:
    assert granted(claim(replace(NEW, fence=900), request(), NAME, 250, dead)).claim.fence == 901


def test_c6_beyond_the_window_the_smallest_goes_into_the_floor() -> None:
    seen = tuple(range(1000, 1000 + WINDOW))
    record = after(claim(Record(NAME, 100, seen), request(2000), NAME, 2000, dead))
    assert record.floor == 1000
    assert record.seen == (*seen[1:], 2000)
    # An old one that was let through goes there itself.
    record = after(claim(Record(NAME, 100, seen), request(500), NAME, 2000, dead))
    assert (record.floor, record.seen) == (500, seen)
    assert claim(record, request(500, token="t3"), NAME, 2000, dead) == Refused(TickStale)


def test_a_crashed_run_is_told_of_by_who_gets_the_next_tick() -> None:
    answer = granted(claim(RUNNING, request(), NAME, 250, dead))
    assert answer.crashed == (HELD,)
    assert [held.token for held in after(answer).claims] == ["t2"]


def test_a_crashed_run_that_is_to_be_done_again_stays() -> None:
    answer = granted(claim(RUNNING, request(max_attempts=2), NAME, 250, dead))
    assert answer.crashed == ()
    assert [held.token for held in after(answer).claims] == ["t1", "t2"]


def test_start_is_granted_once_in_a_period() -> None:
    record = after(claim(NEW, request(150, TickKind.START, period=140), NAME, 155, dead))
    assert record.seen == (155,)
    record = replace(record, claims=())
    assert claim(record, request(157, TickKind.START, period=140), NAME, 157, dead) == Refused(TickTaken)
    assert isinstance(claim(record, request(170, TickKind.START, period=160), NAME, 170, dead), Granted)


def test_manual_is_always_granted_and_takes_no_tick() -> None:
    record = after(claim(NEW, request(50, TickKind.MANUAL), NAME, 155, dead))
    assert record.seen == ()
    assert claim(record, request(51, TickKind.MANUAL, token="t3"), NAME, 156, alive) == Later(TickBusy)


def test_dynamic_counts_from_the_end_of_the_last_run() -> None:
    ask = request(0, TickKind.DYNAMIC, next_at=1200)
    record = after(claim(NEW, ask, NAME, 200, dead))
    assert (record.seen, record.next_at) == ((200,), 1200)
    other = replace(ask, token="t3", next_at=1210)
    assert claim(record, replace(other), NAME, 210, alive) == Refused(TickTaken, retry_at=1200)
    done = finish(record, "t2")
    assert done is not None
    done = replace(done, next_at=1500)
    assert claim(done, other, NAME, 1499, alive) == Refused(TickTaken, retry_at=1500)
    assert isinstance(claim(done, other, NAME, 1500, alive), Granted)
    # It runs for longer than its interval: its end is later than now, and so is the next tick.
    assert claim(record, replace(other, next_at=2300), NAME, 1300, alive) == Refused(TickBusy, retry_at=2300)


def test_what_was_cut_is_begun_again_at_once_if_there_is_an_attempt_left() -> None:
    """Though its holder lives, and its lease goes on."""
    record = cut(RUNNING, "t1")
    assert record is not None
    assert [each.token for each in cut_off(record, alive, 2)] == ["t1"]
    assert cut_off(record, alive, 1) == []
    again = recover(record, "t1", replace(request(0), token="t9", max_attempts=2), 200, alive)
    assert isinstance(again, Granted)
    assert again.claim.attempt == 2


def test_finish_renew_cut_and_unclaim_know_the_holder_by_its_token() -> None:
    for change in (finish, cut, unclaim):
        assert change(RUNNING, "x") is None
    assert renew(RUNNING, "x", 9) is None
    assert finish(None, "t1") is None
    assert finish(RUNNING, "t1") == replace(RUNNING, claims=())
    assert renew(RUNNING, "t1", 900) == replace(RUNNING, claims=(replace(HELD, until=900),))
    # By a clock that went back: its end moves all the same, which is what stores without a clock go by.
    assert renew(RUNNING, "t1", 400) == replace(RUNNING, claims=(replace(HELD, until=501),))


def test_what_is_given_back_is_begun_by_another_even_where_crashes_are_not_made_good() -> None:
    record = unclaim(RUNNING, "t1")
    assert record is not None
    (left,) = cut_off(record, alive, max_attempts=1)
    answer = granted(recover(record, "t1", request(token="t2"), 300, alive))
    assert (left.attempt, answer.claim.attempt, answer.claim.at) == (0, 1, 110)
    assert answer.claim.fence > HELD.fence


def test_recover() -> None:
    assert recover(RUNNING, "t1", request(max_attempts=2), 300, alive) == Refused(TickTaken)
    assert recover(RUNNING, "t1", request(max_attempts=1), 300, dead) == Refused(TickTaken)
    answer = granted(recover(RUNNING, "t1", request(max_attempts=2), 300, dead))
    assert (answer.claim.attempt, answer.claim.token) == (2, "t2")
    assert after(answer).seen == RUNNING.seen
    # The same once more, the reply was lost; and another one who is late.
    assert recover(after(answer), "t1", request(max_attempts=2), 300, alive) == Granted(None, answer.claim)
    late = recover(after(answer), "t1", request(token="t3", max_attempts=2), 300, alive)
    assert late == Refused(TickTaken)


def test_recover_waits_while_another_run_goes_on() -> None:
    other = replace(HELD, token="t9", owner="z", at=120)
    record = replace(RUNNING, claims=(HELD, other))
    answer = recover(record, "t1", request(max_attempts=2), 300, lambda held: held.owner == "z")
    assert answer == Later(TickBusy)


def test_reap() -> None:
    assert reap(RUNNING, dead, 1) == (replace(RUNNING, claims=()), (HELD,))
    assert reap(RUNNING, dead, 2) == (RUNNING, ())
    assert reap(RUNNING, alive, 1) == (RUNNING, ())


def test_text_and_back() -> None:
    record = replace(RUNNING, next_at=5, name='"ü\ud800\0')
    assert decode(encode(record), record.name) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        b"{}",
        None,
        encode(RUNNING).replace('"format":1', '"format":3'),
        encode(RUNNING).replace('"floor":100', '"floor":"100"'),
        encode(RUNNING).replace('"floor":100', '"floor":1e400'),
        encode(RUNNING).replace('"floor":100', '"floor":true'),
        encode(RUNNING).replace('"floor":100', f'"floor":{10**30}'),
        encode(RUNNING).replace('"seen":[110]', '"seen":[110,110]'),
        encode(RUNNING).replace('"seen":[110]', '"seen":[120,110]'),
        encode(RUNNING).replace('"seen":[110]', f'"seen":{list(range(65))}'),
        encode(RUNNING).replace('"t1"', "5"),
        encode(RUNNING).replace('"claims":[[110,', '"claims":[['),
        encode(RUNNING).replace('"name":"job"', '"name":"other"'),
    ],
)
def test_what_is_no_record_of_the_job_is_corrupt(text: object) -> None:
    assert text != encode(RUNNING)
    with pytest.raises(StoreCorrupt, match="job 'job'"):
        decode(text, NAME)


# -- pauses ------------------------------------------------------------------------------------------

PAUSED = pause(NEW)


@pytest.mark.parametrize("kind", [kind for kind in TickKind if kind is not TickKind.MANUAL])
def test_no_tick_of_a_paused_job_is_granted(kind: TickKind) -> None:
    answer = claim(PAUSED, request(kind=kind, next_at=260), NAME, 200, dead)
    retry_at = 260 if kind is TickKind.DYNAMIC else None
    assert answer == Refused(TickPaused, retry_at=retry_at)


def test_a_manual_run_of_a_paused_job_is_granted_and_it_stays_paused() -> None:
    assert after(claim(PAUSED, request(kind=TickKind.MANUAL), NAME, 200, dead)).paused


def test_what_is_taken_or_stale_or_early_is_that_whether_paused_or_not() -> None:
    record = pause(replace(NEW, seen=(110,)))
    assert claim(record, request(110), NAME, 200, dead) == Refused(TickTaken)
    assert claim(record, request(90), NAME, 200, dead) == Refused(TickStale)
    assert claim(record, request(300), NAME, 200, dead) == Later(TickEarly, 300)


def test_the_claim_of_a_run_that_goes_on_is_granted_again() -> None:
    assert claim(pause(RUNNING), request(110, token="t1"), NAME, 200, alive) == Granted(None, HELD)


def test_a_busy_job_that_is_paused_is_not_waited_for() -> None:
    assert claim(pause(RUNNING), request(), NAME, 200, alive) == Refused(TickPaused)


def test_what_was_cut_off_waits_for_the_end_of_the_pause() -> None:
    record = pause(RUNNING)
    assert recover(record, "t1", request(max_attempts=2), 200, dead) == Refused(TickPaused)
    assert cut_off(record, dead, 2) == [HELD]
    again = granted(recover(resume(record, 200), "t1", request(max_attempts=2), 200, dead))
    assert (again.claim.at, again.claim.attempt) == (110, 2)


def test_runs_of_a_paused_job_are_renewed_finished_and_given_back() -> None:
    record = pause(RUNNING)
    for changed in (renew(record, "t1", 600), finish(record, "t1"), unclaim(record, "t1"), reap(record, dead, 1)[0]):
        assert changed is not None
        assert changed.paused


def test_ticks_count_from_the_end_of_the_pause() -> None:
    record = resume(pause(NEW), 250)
    assert claim(record, request(250), NAME, 300, dead) == Refused(TickStale)
    assert isinstance(claim(record, request(251), NAME, 300, dead), Granted)


def test_pause_and_resume_are_idempotent() -> None:
    assert pause(PAUSED) == PAUSED
    assert resume(NEW, 250) == NEW
    assert resume(resume(PAUSED, 250), 300) == resume(PAUSED, 250)
    assert resume(replace(PAUSED, floor=400), 250).floor == 400


def test_a_version_that_knows_no_pauses_refuses_the_record_of_a_paused_job() -> None:
    assert decode(encode(PAUSED), NAME) == PAUSED
    assert '"format":2' in encode(PAUSED)
    assert '"format":1' in encode(resume(PAUSED, 200))
