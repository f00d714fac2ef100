"""Contexts: who is done when, and why; what they cost; and that nothing can hang or tear them."""

from __future__ import annotations

import copy
import gc
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from functools import partial, wraps
from itertools import count
from time import monotonic
from types import FrameType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from gocron_py.context import (
    CancelCauseFunc,
    Canceled,
    Context,
    DeadlineExceeded,
    after_func,
    background,
    cause,
    todo,
    with_cancel,
    with_cancel_cause,
    with_deadline,
    with_timeout,
    with_value,
)
from gocron_py.errors import ErrInvalidArgument, GocronError

LIMIT = 20.0
"""Seconds after which a test that waits for something has failed."""


@contextmanager
def threads(*bodies: Callable[[], object], switch: float | None = None) -> Iterator[None]:
    """Run each body on a thread of its own; at the end all must have come back, none having raised."""
    raised: list[BaseException] = []

    def guarded(body: Callable[[], object]) -> None:
        try:
            body()
        except BaseException as error:
            raised.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(switch or interval)
    started = [threading.Thread(target=guarded, args=(body,), daemon=True) for body in bodies]
    try:
        for thread in started:
            thread.start()
        yield
        end = monotonic() + LIMIT
        for thread in started:
            thread.join(max(0.0, end - monotonic()))
    finally:
        sys.setswitchinterval(interval)
    assert [] == raised
    assert [] == [thread for thread in started if thread.is_alive()]


def repeated(times: int) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Run a test several times over: threads meet in another way each time."""

    def decorate(test: Callable[[Any], None]) -> Callable[[Any], None]:
        @wraps(test)
        def run(self: object) -> None:
            for _ in range(times):
                test(self)

        return run

    return decorate


def meanwhile(work: Callable[[], object], other: Callable[[], object], step: int) -> tuple[bool, float]:
    """Do *work*, and *other* in the middle: before the opcode number *step* in the module's own code.

    Returns whether there was such an opcode, and the seconds that *work* took from there.
    """
    left = step
    at: float | None = None

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left, at
        if frame.f_globals.get("__name__") != Context.__module__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0 and at is None:
                at = monotonic()
                sys.settrace(None)
                other()
        return trace

    before = sys.gettrace()
    # Python 3.12 reports opcodes only if a frame asked for them before tracing began.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return at is not None, 0.0 if at is None else monotonic() - at


def at_every_step(scene: Callable[[int], bool]) -> None:
    """Play *scene* for step 0, 1, 2, … until it says that there is no such step."""
    assert scene(0)
    for step in count(1):
        if not scene(step):
            return


def listed(ctx: Context) -> int:
    """How many watchers a context keeps."""
    assert ctx._state is not None
    return len([watcher for watcher in ctx._state.board if watcher is not None])


def until_listed(ctx: Context, count: int) -> None:
    """Return when *count* threads wait for *ctx*."""
    end = monotonic() + LIMIT
    while listed(ctx) != count:
        assert monotonic() < end, f"{listed(ctx)} of {count} wait"


def chain(length: int) -> tuple[list[Context], list[CancelCauseFunc]]:
    """Contexts nested in each other, and their cancel functions."""
    contexts: list[Context] = [background()]
    cancels: list[CancelCauseFunc] = []
    for _ in range(length):
        ctx, cancel = with_cancel_cause(contexts[-1])
        contexts.append(ctx)
        cancels.append(cancel)
    return contexts[1:], cancels


class TestCancel:
    @pytest.mark.parametrize("root", [background(), todo()])
    def test_roots_are_never_done(self, root: Context) -> None:
        """A root context has no end, no reason, no deadline and no values."""
        assert (False, None, None, None, None) == (
            root.done(),
            root.err(),
            root.cause(),
            root.deadline(),
            root.value("key"),
        )
        assert not root.wait(0.001)

    def test_live(self) -> None:
        """A context nobody cancelled is not done and gives no error."""
        ctx, _ = with_cancel(background())
        assert (False, None, None, None) == (ctx.done(), ctx.err(), ctx.cause(), ctx.deadline())

    def test_cancelled(self) -> None:
        """A cancelled context is done, with Go's text, and gives one and the same error each time."""
        ctx, cancel = with_cancel(background())
        cancel()
        assert ctx.done()
        assert ctx.wait()
        assert isinstance(ctx.err(), Canceled)
        assert isinstance(ctx.err(), GocronError)
        assert "context canceled" == str(ctx.err())
        assert ctx.err() is ctx.err() is ctx.cause() is cause(ctx)

    def test_again(self) -> None:
        """The first cause wins; cancelling again changes nothing."""
        ctx, cancel = with_cancel_cause(background())
        first = ValueError("first")
        cancel(first)
        error = ctx.err()
        cancel(ValueError("second"))
        cancel()
        assert first is ctx.cause()
        assert error is ctx.err()

    def test_cause_is_chained(self) -> None:
        """The error shows its cause in a traceback when a task raises it."""
        ctx, cancel = with_cancel_cause(background())
        reason = ValueError("lock lost")
        cancel(reason)
        error = ctx.err()
        assert error is not None
        with pytest.raises(Canceled) as caught:
            raise error
        assert reason is caught.value.__cause__

    def test_no_cause(self) -> None:
        """Without a cause the cause is the error, as in Go."""
        ctx, cancel = with_cancel_cause(background())
        cancel(None)
        assert isinstance(ctx.cause(), Canceled)

    def test_parent_first(self) -> None:
        """A parent cancelled before its child gives both its cause."""
        parent, cancel_parent = with_cancel_cause(background())
        child, cancel_child = with_cancel_cause(parent)
        cancel_parent(first := ValueError())
        cancel_child(ValueError())
        assert first is parent.cause() is child.cause()

    def test_child_first(self) -> None:
        """A child cancelled before its parent keeps its own cause."""
        parent, cancel_parent = with_cancel_cause(background())
        child, cancel_child = with_cancel_cause(parent)
        cancel_child(mine := ValueError())
        assert not parent.done()
        cancel_parent(theirs := ValueError())
        assert mine is child.cause()
        assert theirs is parent.cause()

    def test_down_not_up(self) -> None:
        """Cancelling ends what is below, through values too, and nothing above or beside."""
        root, _ = with_cancel(background())
        middle, cancel = with_cancel(root)
        beside, _ = with_cancel(root)
        value = with_value(middle, "key", 1)
        leaf, _ = with_timeout(value, 1000)
        cancel()
        assert [True, True, True, False, False] == [c.done() for c in (middle, value, leaf, root, beside)]
        assert isinstance(leaf.err(), Canceled)

    def test_own_errors(self) -> None:
        """Each context has an error of its own, so that tracebacks of two tasks never mix."""
        parent, cancel = with_cancel(background())
        one, _ = with_cancel(parent)
        two, _ = with_cancel(parent)
        cancel()
        assert one.err() is not two.err()

    def test_child_of_a_cancelled(self) -> None:
        """A context made below a cancelled one is done from the start, for the same reason."""
        parent, cancel = with_cancel_cause(background())
        cancel(reason := ValueError())
        child, _ = with_cancel(with_value(parent, "key", 1))
        late, _ = with_timeout(parent, -5)
        assert reason is child.cause() is late.cause()
        assert isinstance(late.err(), Canceled)

    def test_dropped_cancel(self) -> None:
        """Dropping the cancel function does not cancel."""
        ctx, cancel = with_cancel(background())
        del cancel
        gc.collect()
        assert not ctx.done()


class TestValue:
    def test_nearest(self) -> None:
        """The nearest value wins; what is not there is None, as Go's nil."""
        outer = with_value(background(), "a", 1)
        inner = with_value(with_cancel(with_value(outer, "b", 2))[0], "a", 3)
        assert (1, 3, 2, None, None) == (
            outer.value("a"),
            inner.value("a"),
            inner.value("b"),
            outer.value("b"),
            inner.value(None),
        )

    def test_type_counts(self) -> None:
        """Equal keys of two types are two keys, as in Go."""
        ctx = with_value(with_value(background(), 1, "int"), True, "bool")
        assert ("int", "bool", None) == (ctx.value(1), ctx.value(True), ctx.value(1.0))

    def test_equal_key(self) -> None:
        """A key need not be the same object, only equal."""
        assert "x" == with_value(background(), ("a", 1), "x").value(("a", int("1")))


class TestDeadline:
    def test_expires(self) -> None:
        """After its time-out a context is done, with Go's text and as a TimeoutError."""
        ctx, _ = with_timeout(background(), timedelta(milliseconds=5))
        assert ctx.wait(LIMIT)
        assert isinstance(ctx.err(), DeadlineExceeded)
        assert isinstance(ctx.err(), TimeoutError)
        assert "context deadline exceeded" == str(ctx.err())
        assert ctx.err() is ctx.cause()

    @pytest.mark.parametrize("ask", [Context.done, Context.err, Context.cause, Context.wait])
    def test_noticed_below(self, ask: Callable[[Context], object]) -> None:
        """Whatever is asked of a context below notices that a deadline above has passed."""
        parent, _ = with_timeout(background(), 0)
        child, _ = with_cancel(with_value(parent, "key", 1))
        assert ask(child)
        assert isinstance(child.err(), DeadlineExceeded)

    def test_past(self) -> None:
        """A deadline in the past ends the context at once."""
        ctx, _ = with_deadline(background(), datetime(2000, 1, 1, tzinfo=UTC))
        assert isinstance(ctx.err(), DeadlineExceeded)

    def test_cancel_before(self) -> None:
        """A context cancelled in time stays cancelled when its deadline passes."""
        ctx, cancel = with_timeout(background(), 0.01)
        cancel()
        background().wait(0.02)
        assert isinstance(ctx.err(), Canceled)

    def test_unnoticed_deadline_came_first(self) -> None:
        """A deadline that passed before a cancellation above counts, though nobody had looked."""
        parent, cancel = with_cancel(background())
        child, _ = with_timeout(parent, 0)
        background().wait(0.001)
        cancel()
        assert isinstance(child.err(), DeadlineExceeded)
        assert isinstance(parent.err(), Canceled)

    def test_unnoticed_cancellation_came_first(self) -> None:
        """A cancellation above that came before a deadline counts, though nobody had looked."""
        parent, cancel = with_cancel(background())
        child, _ = with_timeout(parent, 0.01)
        cancel()
        background().wait(0.02)
        assert isinstance(child.err(), Canceled)

    def test_cancel_after(self) -> None:
        """Cancelling after the deadline is too late, though nobody had looked."""
        ctx, cancel = with_timeout(background(), 0)
        cancel()
        assert isinstance(ctx.err(), DeadlineExceeded)

    def test_two_deadlines(self) -> None:
        """The earlier deadline counts; a later one below adds nothing."""
        early = datetime.now(UTC) + timedelta(hours=1)
        late = early + timedelta(hours=1)
        inside, _ = with_deadline(with_deadline(background(), early)[0], late)
        outside, _ = with_deadline(with_deadline(background(), late)[0], early)
        assert early == inside.deadline() == outside.deadline()
        assert "context.Background.WithDeadline" == repr(inside).partition("(")[0]
        assert repr(inside).endswith("s]).WithCancel")

    def test_in_utc(self) -> None:
        """A deadline is shown in UTC, whatever zone it was given in."""
        given = datetime(2999, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
        shown = with_deadline(background(), given)[0].deadline()
        assert datetime(2999, 1, 1, 10, tzinfo=UTC) == shown
        assert shown is not None
        assert UTC is shown.tzinfo

    @pytest.mark.parametrize("timeout", [timedelta.max, float("inf"), 10**400, 1e300])
    def test_for_ever(self, timeout: float | timedelta) -> None:
        """A time-out beyond the calendar is taken as for ever."""
        ctx, cancel = with_timeout(background(), timeout)
        assert datetime.max.replace(tzinfo=UTC) == ctx.deadline()
        assert not ctx.wait(0.001)
        with threads(lambda: ctx.wait(timeout)):
            until_listed(ctx, 1)
            cancel()

    @pytest.mark.parametrize("timeout", [timedelta.min, float("-inf"), -(10**400)])
    def test_long_ago(self, timeout: float | timedelta) -> None:
        """A time-out before the calendar has passed."""
        ctx, _ = with_timeout(background(), timeout)
        assert isinstance(ctx.err(), DeadlineExceeded)
        assert not background().wait(timeout)

    def test_no_threads(self) -> None:
        """Deadlines need no thread."""
        before = threading.active_count()
        contexts = [with_timeout(background(), 0.001) for _ in range(1000)]
        assert before == threading.active_count()
        assert all(ctx.wait(LIMIT) for ctx, _ in contexts)


class TestWait:
    @pytest.mark.parametrize("timeout", [0, -1, 0.001, timedelta(milliseconds=1)])
    def test_times_out(self, timeout: float | timedelta) -> None:
        """A wait ends at its time-out and says that the context is not done."""
        ctx, _ = with_timeout(with_cancel(background())[0], 1000)
        assert ctx.wait(timeout) is False
        assert 0 == listed(ctx)

    def test_woken_from_above(self) -> None:
        """Cancelling wakes all that wait below, on any level, and leaves no trace of them."""
        contexts, cancels = chain(4)
        waits = [lambda ctx=ctx: ctx.wait() for ctx in contexts for _ in range(8)]
        with threads(*waits):
            until_listed(contexts[0], 32)
            cancels[0]()
        assert [0] * 4 == [listed(ctx) for ctx in contexts]

    def test_woken_at_once(self) -> None:
        """A waiter hears of the end through its lock, long before its own time-out."""
        ctx, cancel = with_cancel(background())
        woken: list[float] = []

        def wait() -> None:
            ctx.wait(1000)
            woken.append(monotonic())

        with threads(wait):
            until_listed(ctx, 1)
            cancelled = monotonic()
            cancel()
        assert 1 == len(woken)
        assert woken[0] - cancelled < LIMIT

    def test_only_below(self) -> None:
        """A wait beside the cancelled context goes on."""
        root, cancel_root = with_cancel(background())
        _, cancel_one = with_cancel(root)
        two, _ = with_cancel(root)
        with threads(two.wait):
            until_listed(two, 1)
            cancel_one()
            assert 1 == listed(two) == listed(root)
            cancel_root()

    def test_deadline_beside_cancel(self) -> None:
        """A wait on a context ends at a deadline above it."""
        parent, _ = with_timeout(background(), 0.01)
        child, _ = with_cancel(parent)
        assert child.wait(LIMIT)
        assert 0 == listed(parent)


class TestAfterFunc:
    def test_called_once_by_the_canceller(self) -> None:
        """The function is called once, on the thread that cancels, when the context is done."""
        parent, cancel = with_cancel(background())
        child, cancel_child = with_cancel(parent)
        calls: list[tuple[threading.Thread, bool]] = []
        stop = after_func(child, lambda: calls.append((threading.current_thread(), child.done())))
        assert [] == calls
        cancel()
        cancel_child()
        assert [(threading.current_thread(), True)] == calls
        assert stop() is False

    def test_done_already(self) -> None:
        """For a context that is done the function is called at once."""
        ctx, cancel = with_cancel(background())
        cancel()
        calls: list[int] = []
        stop = after_func(ctx, lambda: calls.append(1))
        assert [1] == calls
        assert stop() is False

    @pytest.mark.parametrize("root", [background(), with_cancel(background())[0]])
    def test_stopped(self, root: Context) -> None:
        """A stopped function is never called; stopping again says that it was stopped before."""
        ctx, cancel = with_cancel(root)
        calls: list[int] = []
        stop = after_func(ctx, lambda: calls.append(1))
        assert [True, False] == [stop(), stop()]
        cancel()
        assert [] == calls
        assert [True, False] == [(stop_root := after_func(background(), list))(), stop_root()]

    def test_deadline_noticed(self) -> None:
        """At a deadline the thread that notices calls the function, be it through a context below."""
        ctx, _ = with_timeout(background(), 0.005)
        child, _ = with_cancel(ctx)
        calls: list[int] = []
        after_func(ctx, lambda: calls.append(1))
        assert child.wait(LIMIT)
        assert [1] == calls

    @pytest.mark.parametrize("error", [ValueError("boom"), SystemExit(1)])
    def test_failing(self, error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
        """What a function raises is logged and kept from the canceller and from the other functions."""
        ctx, cancel = with_cancel(background())
        calls: list[int] = []

        def fail() -> None:
            raise error

        after_func(ctx, fail)
        after_func(ctx, lambda: calls.append(1))
        with caplog.at_level(logging.ERROR, "gocron_py"):
            cancel()
        assert [1] == calls
        assert [("gocron_py", error)] == [
            (record.name, record.exc_info[1]) for record in caplog.records if record.exc_info
        ]

    def test_interrupted(self) -> None:
        """A Ctrl-C is not swallowed, and everyone is told before it goes on."""
        ctx, cancel = with_cancel(background())
        calls: list[int] = []

        def interrupt() -> None:
            raise KeyboardInterrupt

        after_func(ctx, interrupt)
        after_func(ctx, lambda: calls.append(1))
        with pytest.raises(KeyboardInterrupt):
            cancel()
        assert [1] == calls

    def test_waiters_go_first(self) -> None:
        """A slow function does not keep a waiting thread asleep."""
        ctx, cancel = with_cancel(background())
        awake = threading.Event()
        seen: list[bool] = []
        after_func(ctx, lambda: seen.append(awake.wait(LIMIT)))

        def wait() -> None:
            ctx.wait()
            awake.set()

        with threads(wait):
            until_listed(ctx, 2)
            cancel()
        assert [True] == seen

    def test_may_use_the_context(self) -> None:
        """A function may cancel, wait and add functions itself."""
        ctx, cancel = with_cancel(background())
        calls: list[bool] = []

        def again() -> None:
            cancel()
            after_func(ctx, lambda: calls.append(ctx.wait()))

        after_func(ctx, again)
        cancel()
        assert [True] == calls

    def test_nothing_stays(self) -> None:
        """After the call, or after stop, no context keeps the function, those above that live on neither."""

        class Function:
            def __call__(self) -> None: ...

        parent, _ = with_cancel(background())
        child, cancel = with_cancel(parent)
        called, stopped = Function(), Function()
        refs = [weakref.ref(called), weakref.ref(stopped)]
        after_func(child, called)
        after_func(child, stopped)()
        cancel()
        del called, stopped
        assert [None, None] == [ref() for ref in refs]
        assert (0, 0) == (listed(parent), listed(child))


class TestRefusals:
    @pytest.mark.parametrize(
        "make",
        [
            with_cancel,
            with_cancel_cause,
            lambda parent: with_timeout(parent, 1),
            lambda parent: with_deadline(parent, datetime.now(UTC)),
            lambda parent: with_value(parent, "key", 1),
            lambda parent: after_func(parent, list),
            cause,
        ],
    )
    def test_parents(self, make: Callable[[Any], object]) -> None:
        """None and what is no context are refused as a parent."""
        with pytest.raises(ErrInvalidArgument, match="cannot create context from nil parent"):
            make(None)
        with pytest.raises(ErrInvalidArgument, match="a Context is needed"):
            make("parent")

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda: with_deadline(background(), datetime(2024, 1, 1)), "aware"),  # noqa: DTZ001
            (lambda: with_deadline(background(), "2024-01-01"), "aware"),  # type: ignore[arg-type]
            (
                lambda: with_deadline(background(), datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))),
                "years 1 to 9999",
            ),
            (lambda: with_timeout(background(), float("nan")), "time-out"),
            (lambda: with_timeout(background(), None), "time-out"),  # type: ignore[arg-type]
            (lambda: with_timeout(background(), True), "time-out"),
            (lambda: background().wait("1"), "time-out"),  # type: ignore[arg-type]
            (lambda: with_value(background(), None, 1), "nil key"),
            (lambda: with_value(background(), [], 1), "key is not comparable"),
            (lambda: with_cancel_cause(background())[1]("why"), "cause"),  # type: ignore[arg-type]
            (lambda: with_cancel_cause(background())[1](ValueError), "cause"),  # type: ignore[arg-type]
            (lambda: after_func(background(), None), "callable"),  # type: ignore[arg-type]
        ],
    )
    def test_arguments(self, call: Callable[[], object], text: str) -> None:
        """What Go's compiler would refuse is refused with a word about it."""
        with pytest.raises(ErrInvalidArgument, match=text):
            call()

    @pytest.mark.parametrize("use", [pickle.dumps, copy.copy, copy.deepcopy])
    def test_stays_here(self, use: Callable[[Context], object]) -> None:
        """A context refuses to be pickled or copied."""
        with pytest.raises(TypeError, match="a Context cannot leave its process"):
            use(with_cancel(background())[0])


def test_repr() -> None:
    """The text shows the way from the root as Go's does, and of values only what is text."""
    ctx, _ = with_cancel(with_value(with_value(background(), "a\n", "b"), object(), 1))
    assert "context.Background.WithValue('a\\n', 'b').WithValue(object, int).WithCancel" == repr(ctx)
    assert "context.TODO" == repr(todo())
    timed, _ = with_deadline(todo(), datetime(2000, 1, 1, tzinfo=UTC))
    assert repr(timed).startswith("context.TODO.WithDeadline(2000-01-01 00:00:00+00:00 [-0.")


class TestCost:
    def test_parent_keeps_no_child(self) -> None:
        """A child that nobody holds is gone at once, without the collector of cycles."""
        parent, _ = with_cancel(background())
        child, cancel = with_cancel(parent)
        timed, cancel_timed = with_timeout(child, 1000)
        cancel_timed()
        timed.err()
        refs = [weakref.ref(child), weakref.ref(timed)]
        gc.disable()
        try:
            del child, timed, cancel, cancel_timed
            assert [None, None] == [ref() for ref in refs]
        finally:
            gc.enable()

    @pytest.mark.slow
    def test_bytes(self) -> None:
        """A child with its cancel function costs its parent nothing and 350 bytes in all."""
        parent, cancel_parent = with_cancel(background())
        count = 100_000
        contexts: list[Context | None] = [None] * count
        cancels: list[Callable[[], None] | None] = [None] * count
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for i in range(count):
                contexts[i], cancels[i] = with_cancel(parent)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (after - before) / count <= 350
        cancel_parent()
        assert all(ctx is not None and ctx.done() for ctx in contexts)

    def test_deep(self) -> None:
        """A chain far deeper than the stack works in all its ways, to its own collection."""
        contexts, cancels = chain(10_000)
        leaf = with_value(contexts[-1], "leaf", 1)
        calls: list[int] = []
        after_func(leaf, lambda: calls.append(1))
        assert leaf.value("nothing") is None
        assert leaf.wait(0) is False
        assert 10_000 == repr(leaf).count("WithCancel")
        cancels[0]()
        assert leaf.wait()
        assert isinstance(leaf.err(), Canceled)
        assert [1] == calls
        ref = weakref.ref(contexts[5_000])
        contexts.clear()
        cancels.clear()
        del leaf
        assert ref() is None


class TestThreads:
    @repeated(30)
    def test_one_cause(self) -> None:
        """Of 32 threads that cancel with a cause at once, all see the one that won, for good."""
        root, _ = with_cancel(background())
        ctx, cancel = with_cancel_cause(root)
        below, _ = with_cancel(with_value(ctx, "key", 1))
        calls: list[int] = []
        after_func(below, lambda: calls.append(1))
        start = threading.Barrier(32)
        seen: set[BaseException | None] = set()

        def storm(number: int) -> None:
            start.wait(LIMIT)
            if number % 2:
                cancel(ValueError(number))
            else:
                assert below.wait(LIMIT)
            seen.add(below.cause())
            seen.add(ctx.cause())

        with threads(*[partial(storm, n) for n in range(32)], switch=1e-6):
            pass
        assert {ctx.cause()} == seen
        assert [1] == calls
        assert (0, 0) == (listed(root), listed(ctx))

    @repeated(15)
    def test_levels(self) -> None:
        """While each level of a chain is cancelled by a thread, an answer once given never changes."""
        contexts, cancels = chain(8)
        start = threading.Barrier(32)

        def cancel(level: int) -> None:
            start.wait(LIMIT)
            cancels[level]()

        def watch(order: int) -> None:
            start.wait(LIMIT)
            first: dict[int, BaseException] = {}
            while len(first) < len(contexts):
                # Asked from the top down: what is below something done is done too.
                done = [ctx.done() for ctx in contexts]
                assert sorted(done) == done
                for level in range(8)[:: 1 if order % 2 else -1]:
                    reason = contexts[level].cause()
                    if reason is not None:
                        assert first.setdefault(level, reason) is reason
                        assert contexts[level].done()

        bodies = [partial(cancel, n) for n in range(8)] + [partial(watch, n) for n in range(24)]
        with threads(*bodies, switch=1e-6):
            pass

    @repeated(30)
    def test_deadline_or_cancel(self) -> None:
        """Of a deadline that threads notice at the same time all see the same, and one call is made."""
        parent, cancel = with_cancel(background())
        ctx, cancel_ctx = with_timeout(parent, 0.002)
        below, _ = with_cancel(ctx)
        calls: list[int] = []
        after_func(ctx, lambda: calls.append(1))
        start = threading.Barrier(32)
        seen: set[object] = set()

        def storm(number: int) -> None:
            start.wait(LIMIT)
            assert (ctx, below)[number % 2].wait(LIMIT)
            if number == 0:
                cancel_ctx()
                cancel()
            seen.update(type(ended.err()) for ended in (ctx, below))

        with threads(*[partial(storm, n) for n in range(32)], switch=1e-6):
            pass
        assert {DeadlineExceeded} == seen
        assert [1] == calls

    @repeated(50)
    def test_all_waiters_wake(self) -> None:
        """However waiting and cancelling race, no waiter is forgotten."""
        contexts, cancels = chain(3)
        start = threading.Barrier(32)

        def wait(n: int) -> None:
            start.wait(LIMIT)
            assert contexts[n % 3].wait(LIMIT)

        def cancel() -> None:
            start.wait(LIMIT)
            cancels[0]()

        with threads(cancel, *[partial(wait, n) for n in range(31)], switch=1e-6):
            pass
        assert [0, 0, 0] == [listed(ctx) for ctx in contexts]

    @repeated(30)
    def test_stop_or_call(self) -> None:
        """Of stopping a function and cancelling at the same time exactly one happens."""
        ctx, cancel = with_cancel(background())
        calls: list[int] = []
        stops = [after_func(ctx, lambda: calls.append(1)) for _ in range(31)]
        stopped: list[bool] = []

        def stop(n: int) -> None:
            stopped.append(stops[n]())

        with threads(cancel, *[partial(stop, n) for n in range(31)], switch=1e-6):
            pass
        assert 31 == len(calls) + sum(stopped)


class TestEveryStep:
    """One call in the middle of another, at each place there is: as a signal handler or a thread may."""

    @pytest.mark.parametrize("level", [0, 1, 2])
    def test_after_func(self, level: int) -> None:
        """A function that is added during a cancellation is called, once."""

        def scene(step: int) -> bool:
            contexts, cancels = chain(3)
            calls: list[int] = []
            add = partial(after_func, contexts[2], lambda: calls.append(1))
            was_within, _ = meanwhile(add, cancels[level], step)
            cancels[level]()
            assert [1] == calls
            assert [0, 0, 0] == [listed(ctx) for ctx in contexts]
            return was_within

        at_every_step(scene)

    @pytest.mark.parametrize("level", [0, 1, 2])
    @pytest.mark.parametrize("ask", [Context.err, Context.cause])
    def test_answers(self, level: int, ask: Callable[[Context], object]) -> None:
        """An answer that is given during a cancellation stays."""

        def scene(step: int) -> bool:
            contexts, cancels = chain(3)
            cancels[1]()
            answers: list[object] = []
            was_within, _ = meanwhile(lambda: answers.append(ask(contexts[2])), cancels[level], step)
            assert [ask(contexts[2])] == answers
            assert isinstance(answers[0], Canceled)
            return was_within

        at_every_step(scene)

    @pytest.mark.parametrize("first", [0, 1, 2])
    @pytest.mark.parametrize("second", [0, 1, 2])
    def test_two_cancels(self, first: int, second: int) -> None:
        """One of two cancellations wins; what was seen in between stays; a function is called once."""

        def scene(step: int) -> bool:
            contexts, cancels = chain(3)
            calls: list[int] = []
            after_func(contexts[2], lambda: calls.append(1))
            seen: list[BaseException | None] = []

            def other() -> None:
                cancels[second](ValueError("second"))
                seen.extend(ctx.cause() for ctx in contexts)

            was_within, _ = meanwhile(lambda: cancels[first](ValueError("first")), other, step)
            for before, ctx in zip(seen, contexts, strict=False):
                assert before is None or before is ctx.cause()
            assert isinstance(contexts[2].cause(), ValueError)
            assert [1] == calls
            return was_within

        at_every_step(scene)

    @pytest.mark.slow
    def test_wait(self) -> None:
        """A wait that begins during a cancellation is not left asleep."""
        nap = 2.0

        def scene(step: int) -> bool:
            contexts, cancels = chain(2)
            began = monotonic()
            _, took = meanwhile(partial(contexts[1].wait, nap), cancels[0], step)
            assert took < nap / 2
            return monotonic() - began < nap  # else it fell asleep before the step came

        at_every_step(scene)

    def test_deadline(self) -> None:
        """A cancellation while a deadline is noticed comes too late."""

        def scene(step: int) -> bool:
            parent, cancel = with_cancel(background())
            ctx, _ = with_timeout(parent, 0)
            below, _ = with_cancel(ctx)
            calls: list[int] = []
            add = partial(after_func, ctx, lambda: calls.append(1))
            was_within, _ = meanwhile(add, cancel, step)
            assert (DeadlineExceeded, DeadlineExceeded) == (type(ctx.err()), type(below.err()))
            assert [1] == calls
            return was_within

        at_every_step(scene)


class TestReentrance:
    def test_signal_handler(self) -> None:
        """A signal handler may cancel whatever its thread is in the middle of."""
        contexts: list[tuple[Context, Callable[[], None]]] = []
        handled: list[int] = []

        def handler(number: int, frame: object) -> None:
            handled.append(number)
            for _, cancel in contexts:
                cancel()

        previous = signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        try:
            end = monotonic() + LIMIT
            while len(handled) < 300:
                assert monotonic() < end
                root, cancel = with_cancel(background())
                child, cancel_child = with_cancel(root)
                contexts[:] = [(root, cancel), (child, cancel_child)]
                stop = after_func(child, list)
                cancel_child()
                assert child.wait()
                stop()
                cancel()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    def test_finalizer(self) -> None:
        """A finalizer that the collector runs at any allocation may cancel."""
        root, cancel = with_cancel(background())
        calls: list[int] = []

        class Cyclic:
            def __init__(self, cancel: Callable[[], None]) -> None:
                self.me = self
                self.cancel = cancel

            def __del__(self) -> None:
                self.cancel()
                calls.append(1)

        threshold = gc.get_threshold()
        gc.set_threshold(1)
        try:
            for _ in range(200):
                child, cancel_child = with_cancel(root)
                Cyclic(cancel_child)
                after_func(child, list)
                cancel_child()
                assert child.wait()
        finally:
            gc.set_threshold(*threshold)
        Cyclic(cancel)
        gc.collect()
        assert root.done()
        assert 201 == len(calls)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
    def test_fork(self) -> None:
        """A child forked in the middle of a storm of cancellations can use contexts, new and old."""
        script = """
import os, signal, threading, warnings
from gocron_py.context import after_func, background, with_cancel
warnings.simplefilter("ignore")
root, cancel_root = with_cancel(background())
old, cancel_old = with_cancel(root)
def storm():
    while not root.done():
        ctx, cancel = with_cancel(root)
        stop = after_func(ctx, list)
        cancel()
        stop()
threads = [threading.Thread(target=storm) for _ in range(4)]
threads.append(threading.Thread(target=old.wait))
for thread in threads:
    thread.start()
for _ in range(15):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        cancel_old()
        ctx, cancel = with_cancel(root)
        cancel_root()
        os._exit(0 if old.wait() and ctx.wait() and old.cause() is old.err() else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert not old.done()
cancel_root()
for thread in threads:
    thread.join(20)
assert not any(thread.is_alive() for thread in threads)
"""
        subprocess.run([sys.executable, "-c", script], check=True, timeout=3 * LIMIT)


class Model:
    """What a context should be, told at once of each end above it."""

    def __init__(self, parent: Model | None, ctx: Context, cancel: Callable[..., None]) -> None:
        self.children: list[Model] = []
        self.ctx = ctx
        self.cancel = cancel
        self.values: dict[str, int] = {} if parent is None else dict(parent.values)
        self.end: tuple[type[BaseException], BaseException | None] | None = None
        self.calls: list[int] = []
        self.expected_calls = 0
        self.functions: list[Callable[[], bool]] = []
        if parent is not None:
            parent.children.append(self)
            self.end = parent.end

    def finish(self, kind: type[BaseException], cause: BaseException | None) -> None:
        if self.end is None:
            self.end = (kind, cause)
            self.expected_calls += len(self.functions)
            for child in self.children:
                child.finish(kind, cause)


class Trees(RuleBasedStateMachine):
    """Random trees of contexts beside a simple model of them."""

    nodes = Bundle("nodes")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Model] = []

    def added(self, model: Model) -> Model:
        self.all.append(model)
        return model

    @rule(target=nodes)
    def root(self) -> Any:
        return self.added(Model(None, *with_cancel_cause(background())))

    @rule(target=nodes, parent=nodes)
    def child(self, parent: Model) -> Model:
        return self.added(Model(parent, *with_cancel_cause(parent.ctx)))

    @rule(target=nodes, parent=nodes)
    def far_deadline(self, parent: Model) -> Model:
        return self.added(Model(parent, *with_timeout(parent.ctx, 10_000)))

    @rule(target=nodes, parent=nodes)
    def passed_deadline(self, parent: Model) -> Model:
        model = Model(parent, *with_timeout(parent.ctx, 0))
        model.finish(DeadlineExceeded, None)
        return self.added(model)

    @rule(target=nodes, parent=nodes, key=st.sampled_from("abc"), value=st.integers())
    def value(self, parent: Model, key: str, value: int) -> Model:
        model = Model(parent, with_value(parent.ctx, key, value), parent.cancel)
        model.values[key] = value
        return self.added(model)

    @rule(node=nodes, why=st.one_of(st.none(), st.builds(ValueError)))
    def cancel(self, node: Model, why: BaseException | None) -> None:
        node.cancel(why)
        owner = next(model for model in self.all if model.cancel == node.cancel)
        owner.finish(Canceled, why)

    @rule(node=nodes)
    def after(self, node: Model) -> None:
        stop = after_func(node.ctx, lambda: node.calls.append(1))
        if node.end is None:
            node.functions.append(stop)
        else:
            node.expected_calls += 1
            assert stop() is False

    @rule(node=nodes)
    def stop(self, node: Model) -> None:
        for stop in node.functions:
            assert (node.end is None) is stop()
        node.functions.clear()

    @invariant()
    def same(self) -> None:
        for node in self.all:
            err = node.ctx.err()
            assert (node.end and node.end[0]) == (err and type(err))
            assert (node.end is not None) == node.ctx.done() == node.ctx.wait(0)
            if node.end is not None:
                assert (node.end[1] or err) is node.ctx.cause()
            assert node.expected_calls == len(node.calls)
            assert {key: node.values.get(key) for key in "abc"} == {key: node.ctx.value(key) for key in "abc"}


TestTrees = Trees.TestCase
TestTrees.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
