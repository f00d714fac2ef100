"""Go's ``context`` in Python: cancellation, deadlines and values that go down a tree of calls.

A context never lists its children. Being done is *asked for*, upwards: a context is done when it,
or any context above it, has ended. So a parent keeps no child alive, cancelling costs the same
with no child as with a million, and no lock is needed: what is decided once (how a context ended)
is decided by :meth:`dict.setdefault`, which is atomic with the GIL and without it. A signal
handler, a finalizer or a forked child may therefore cancel at any moment.
Only those who want to be *told* (:meth:`Context.wait`, :func:`after_func`) are listed, in every
context above them, for as long as they want it.
"""

# pyright: reportPrivateUsage=false
# The functions below are the constructors of Context, and use its insides as methods would.

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final, Never, Protocol, TypeAlias, final

from gocron_py.errors import ErrInvalidArgument, GocronError

__all__ = [
    "CancelCauseFunc",
    "CancelFunc",
    "Canceled",
    "Context",
    "DeadlineExceeded",
    "after_func",
    "background",
    "cause",
    "todo",
    "with_cancel",
    "with_cancel_cause",
    "with_deadline",
    "with_timeout",
    "with_value",
]

_log = logging.getLogger("gocron_py")


class Canceled(GocronError):
    """The context was cancelled. Go: ``context.Canceled``."""

    message = "context canceled"


class DeadlineExceeded(GocronError, TimeoutError):
    """The context's deadline passed; also a :class:`TimeoutError`. Go: ``context.DeadlineExceeded``."""

    message = "context deadline exceeded"


CancelFunc: TypeAlias = Callable[[], None]
"""Ends a context; again, or after its end, it changes nothing. Go: ``context.CancelFunc``."""


class CancelCauseFunc(Protocol):
    """Ends a context and says why. Go: ``context.CancelCauseFunc``."""

    def __call__(self, cause: BaseException | None = None, /) -> None:
        """Cancel; the cause is shown by :meth:`Context.cause`, ``None`` for the error itself.

        :raises ErrInvalidArgument: *cause* is neither ``None`` nor an exception.
        """


_Error: TypeAlias = Canceled | DeadlineExceeded


@final
class _End:
    """How and when (monotonic seconds) one context ended."""

    __slots__ = ("cause", "error", "when")

    def __init__(self, kind: type[_Error], cause: BaseException | None, when: float) -> None:
        # One error per context: an instance raised by many would collect all their tracebacks.
        self.error = kind()
        self.error.__cause__ = cause
        self.cause = cause
        self.when = when


@final
class _Watcher:
    """Someone to be told of an end, once at most, however many contexts end at the same time."""

    __slots__ = ("_told", "state", "wakes")

    def __init__(self, state: _State | None, tell: Callable[[], object], *, wakes: bool) -> None:
        self.state: Final = state
        self.wakes: Final = wakes
        self._told = [tell]

    def watch(self) -> None:
        """Be listed in the context and all above it. Who calls must look at ``done()`` after it."""
        state = self.state
        while state is not None:
            state.board[self] = None
            state = state.up

    def forget(self) -> None:
        """Be listed no more."""
        state = self.state
        while state is not None:
            state.board.pop(self, None)
            state = state.up

    def claim(self) -> Callable[[], object] | None:
        """The call that is left to make, for the first to ask; after that ``None``."""
        try:
            return self._told.pop()
        except IndexError:
            return None

    def tell(self) -> None:
        """Make the call, if it is left to make; only a ``KeyboardInterrupt`` gets out."""
        call = self.claim()
        self.forget()
        if call is None:
            return
        try:
            call()
        except KeyboardInterrupt:
            raise
        except BaseException:
            _log.exception("context: the function %r given to after_func failed", call)


@final
class _State:
    """What a context shares with the value contexts made from it: whether it is done."""

    __slots__ = ("board", "deadline", "due", "end", "up")

    def __init__(self, up: _State | None, due: float | None = None, deadline: datetime | None = None) -> None:
        if due is None and up is not None:
            due, deadline = up.due, up.deadline
        self.up: Final[_State | None] = up
        # The nearest deadline of the whole chain: monotonic seconds, and the same as a UTC datetime.
        self.due: Final[float | None] = due
        self.deadline: Final[datetime | None] = deadline
        self.end: _End | None = None
        # Watchers, and under None the end; `end` repeats it where reading is quickest.
        self.board: dict[_Watcher | None, _End | None] = {}

    def cancel(self, cause: object = None, /) -> None:
        """The CancelFunc and the CancelCauseFunc of this context."""
        if cause is not None and not isinstance(cause, BaseException):
            raise ErrInvalidArgument("a cause must be an exception", got=cause)
        now = monotonic()
        if self.settle(now) is None and self._end_with(_End(Canceled, cause, now)):
            self._tell()

    def settle(self, now: float) -> _End | None:
        """How this context has ended by *now*, if it has; from then on the answer stays.

        Goes up to the nearest context that has ended and comes back down: what ended first counts.
        """
        chain: list[_State] = []
        state: _State | None = self
        end: _End | None = None
        while state is not None and end is None:
            chain.append(state)
            end, state = state.end, state.up
        noticed: list[_State] = []
        for state in reversed(chain):
            due = state.due
            if due is not None and due <= now and (end is None or due < end.when):
                if state._end_with(_End(DeadlineExceeded, None, due)):
                    noticed.append(state)
            elif end is not None and state.end is None:
                state._end_with(_End(type(end.error), end.cause, end.when))
            # Not what was just made: another thread may have been first.
            end = state.end
        for state in noticed:
            state._tell()
        return end

    def _end_with(self, end: _End) -> bool:
        """Whether *end* is this context's end, and not one that came first."""
        first = self.board.setdefault(None, end)
        self.end = first
        return first is end

    def _tell(self) -> None:
        """Tell all watchers; threads that wait before functions, which may be slow."""
        interrupt: KeyboardInterrupt | None = None
        watchers = [watcher for watcher in self.board.copy() if watcher is not None]
        for watcher in sorted(watchers, key=lambda watcher: not watcher.wakes):
            try:
                watcher.tell()
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


_NO_KEY: Final = object()
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_FOREVER: Final = 1e300
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@final
class Context:
    """Carries cancellation, a deadline and values from a caller to what it calls. Go: ``context.Context``.

    Made by :func:`background` and the ``with_…`` functions, never by hand. All methods may be
    called from any thread. A deadline has no thread of its own: it is noticed by whoever asks
    (or waits) next. In a coroutine do not call :meth:`wait`, which blocks the event loop; there
    ``after_func(ctx, lambda: loop.call_soon_threadsafe(event.set))`` is the way.
    """

    __slots__ = ("__weakref__", "_key", "_parent", "_state", "_value")

    def __init__(
        self, parent: Context | None, state: _State | None, key: object = _NO_KEY, value: object = None
    ) -> None:
        self._parent: Final = parent
        self._state: Final = state
        self._key: Final = key
        self._value: Final = value

    def done(self) -> bool:
        """Whether the context was cancelled or its deadline has passed. Go: ``ctx.Err() != nil``."""
        first = state = self._state
        while state is not None:
            if state.end is not None:
                return True
            state = state.up
        if first is None or first.due is None:
            return False
        now = monotonic()
        return first.due <= now and first.settle(now) is not None

    def wait(self, timeout: float | timedelta | None = None) -> bool:
        """Block until the context is done. Go: ``<-ctx.Done()``, blocking.

        :param timeout: seconds or a timedelta; ``None`` waits as long as it takes, zero or less not at all.
        :returns: whether the context is done.
        :raises ErrInvalidArgument: *timeout* is not a length of time.
        """
        seconds = math.inf if timeout is None else _seconds(timeout)
        state = self._state
        lock = threading.Lock()
        lock.acquire()
        watcher = _Watcher(state, lock.release, wakes=True)
        limit = monotonic() + seconds
        try:
            watcher.watch()
            while not self.done():
                now = monotonic()
                due = math.inf if state is None or state.due is None else state.due
                left = limit - now
                nap = max(0.0, min(left, due - now, threading.TIMEOUT_MAX))
                # The lock's own time-out counts too: under a frozen clock `left` never shrinks.
                if left <= 0 or (not lock.acquire(timeout=nap) and nap == left):
                    return self.done()
            return True
        finally:
            watcher.forget()

    def err(self) -> Canceled | DeadlineExceeded | None:
        """Why the context is done, ``None`` while it is not. Go: ``ctx.Err()``.

        The same exception each time; its ``__cause__`` is the cause given at the cancellation.
        """
        end = self._end() if self.done() else None
        return None if end is None else end.error

    def cause(self) -> BaseException | None:
        """The exception given to the cancel function, else :meth:`err`. Go: ``context.Cause(ctx)``."""
        end = self._end() if self.done() else None
        if end is None:
            return None
        return end.error if end.cause is None else end.cause

    def deadline(self) -> datetime | None:
        """When the context will be done at the latest, in UTC; ``None``: no limit. Go: ``ctx.Deadline()``."""
        return None if self._state is None else self._state.deadline

    def value(self, key: object) -> object:
        """The value nearest above stored under *key*; ``None`` if there is none. Go: ``ctx.Value(key)``.

        Keys are the same if they are equal *and* of one type, as in Go: ``1`` and ``True`` are two.
        """
        context: Context | None = self
        while context is not None:
            if context._key is key or (type(context._key) is type(key) and context._key == key):
                return context._value
            context = context._parent
        return None

    def _end(self) -> _End | None:
        return None if self._state is None else self._state.end or self._state.settle(monotonic())

    def __repr__(self) -> str:
        parts: list[str] = []
        context = self
        while context._parent is not None:
            parts.append(context._name(context._parent))
            context = context._parent
        parts.append("context.TODO" if context is _TODO else "context.Background")
        return ".".join(reversed(parts))

    def _name(self, parent: Context) -> str:
        if self._key is not _NO_KEY:
            return f"WithValue({_shown(self._key)}, {_shown(self._value)})"
        state, deadline = self._state, self.deadline()
        if state is None or state.due is None or deadline is parent.deadline():
            return "WithCancel"
        return f"WithDeadline({deadline} [{state.due - monotonic():.3f}s])"

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a Context cannot leave its process")


_BACKGROUND: Final = Context(None, None)
_TODO: Final = Context(None, None)


def background() -> Context:
    """The root of all contexts: never done, no deadline, no values. Go: ``context.Background()``."""
    return _BACKGROUND


def todo() -> Context:
    """As :func:`background`, for where the right context is not there yet. Go: ``context.TODO()``."""
    return _TODO


def with_cancel(parent: Context) -> tuple[Context, CancelFunc]:
    """A child that is done when *cancel* is called or when *parent* is. Go: ``context.WithCancel``.

    :returns: the child and *cancel*; dropping *cancel* without a call does not cancel.
    :raises ErrInvalidArgument: *parent* is not a context.
    """
    state = _State(_checked(parent)._state)
    return Context(parent, state), state.cancel


def with_cancel_cause(parent: Context) -> tuple[Context, CancelCauseFunc]:
    """As :func:`with_cancel`, but *cancel* takes the cause. Go: ``context.WithCancelCause``.

    The first cause wins, be it given here or to a context above.

    :raises ErrInvalidArgument: *parent* is not a context.
    """
    state = _State(_checked(parent)._state)
    return Context(parent, state), state.cancel


def with_timeout(parent: Context, timeout: float | timedelta) -> tuple[Context, CancelFunc]:
    """A child that is done after *timeout*, if not before. Go: ``context.WithTimeout``.

    :param timeout: seconds or a timedelta, measured on the monotonic clock from this call.
    :raises ErrInvalidArgument: *parent* is not a context, or *timeout* not a length of time.
    """
    seconds = _seconds(timeout)
    try:
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    except OverflowError:
        deadline = _LAST if seconds > 0 else _FIRST
    return _with_due(parent, seconds, deadline)


def with_deadline(parent: Context, deadline: datetime) -> tuple[Context, CancelFunc]:
    """A child that is done at *deadline*, if not before. Go: ``context.WithDeadline``.

    The wall clock is read once, now; setting it later does not move the end.

    :param deadline: an aware datetime.
    :raises ErrInvalidArgument: *parent* is not a context, or *deadline* not an aware datetime.
    """
    at = _utc(deadline)
    return _with_due(parent, (at - datetime.now(UTC)).total_seconds(), at)


def with_value(parent: Context, key: object, value: object) -> Context:
    """A child in which :meth:`Context.value` of *key* is *value*. Go: ``context.WithValue``.

    :param key: hashable and not ``None``; best of a type of your own, so that no other code uses the same.
    :raises ErrInvalidArgument: *parent* is not a context, or *key* cannot be a key.
    """
    _checked(parent)
    if key is None:
        raise ErrInvalidArgument("nil key")
    try:
        hash(key)
    except TypeError as error:
        raise ErrInvalidArgument("key is not comparable", got=key) from error
    return Context(parent, parent._state, key, value)


def cause(ctx: Context) -> BaseException | None:
    """Why *ctx* is done: :meth:`Context.cause`. Go: ``context.Cause(ctx)``.

    :raises ErrInvalidArgument: *ctx* is not a context.
    """
    return _checked(ctx).cause()


def after_func(ctx: Context, f: Callable[[], object]) -> Callable[[], bool]:
    """Have *f* called once when *ctx* is done; at once if it is. Go: ``context.AfterFunc``.

    *f* is called **on the thread that cancels** *ctx* or a context above (Go: a goroutine of its
    own), or for a deadline on the thread that notices it first, so keep it short. An exception
    from *f* is logged to the ``gocron_py`` logger and never reaches the canceller; only a
    ``KeyboardInterrupt`` does, after everyone else was told.
    *f* is kept until *ctx* or a context above is done, or until *stop* is called.

    :returns: *stop*, which is true if it kept *f* from being called; it does not wait for *f*.
    :raises ErrInvalidArgument: *ctx* is not a context, or *f* cannot be called.
    """
    state = _checked(ctx)._state
    if not callable(f):
        raise ErrInvalidArgument("f must be callable", got=f)
    watcher = _Watcher(state, f, wakes=False)

    def stop() -> bool:
        stopped = watcher.claim() is not None
        watcher.forget()
        return stopped

    watcher.watch()
    if ctx.done():
        watcher.tell()
    return stop


def _with_due(parent: Context, seconds: float, deadline: datetime) -> tuple[Context, CancelFunc]:
    up = _checked(parent)._state
    # Never before now: of a parent that is done and a deadline long past, the parent came first.
    due = monotonic() + max(0.0, seconds)
    if up is not None and up.due is not None and up.due <= due:
        return with_cancel(parent)
    state = _State(up, due, deadline)
    return Context(parent, state), state.cancel


def _checked(parent: object) -> Context:
    if parent is None:
        raise ErrInvalidArgument("cannot create context from nil parent")
    if not isinstance(parent, Context):
        raise ErrInvalidArgument("a Context is needed", got=parent)
    return parent


def _seconds(timeout: object) -> float:
    if isinstance(timeout, timedelta):
        return timeout.total_seconds()
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout != timeout:
        raise ErrInvalidArgument("a time-out must be a timedelta or a number of seconds", got=timeout)
    # Kept within float's range: float() fails for a longer int.
    return float(max(-_FOREVER, min(timeout, _FOREVER)))


def _utc(deadline: object) -> datetime:
    if not isinstance(deadline, datetime) or deadline.utcoffset() is None:
        raise ErrInvalidArgument("a deadline must be an aware datetime", got=deadline)
    try:
        return deadline.astimezone(UTC)
    except OverflowError as error:
        raise ErrInvalidArgument("the deadline lies outside the years 1 to 9999", got=deadline) from error


def _shown(item: object) -> str:
    """As Go's: values may be secret, so only text is shown as it is, all else by its type."""
    return repr(item) if isinstance(item, str) else type(item).__qualname__
