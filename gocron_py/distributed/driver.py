"""Does the steps of procedures on a store."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar, final

from gocron_py.context import Context, background
from gocron_py.distributed.claim import Load, Sleep, Step, Write
from gocron_py.distributed.health import Health
from gocron_py.distributed.store import Snapshot, TickStore
from gocron_py.errors import LockError, StoreCorrupt, StoreDown
from gocron_py.instant import SECOND

T = TypeVar("T")


class Stopped(Exception):  # it never gets out of here
    """The run's context has ended."""


@final
class Driver:
    """The one who calls a tick locker's store, on any thread, and knows how it went.

    :ivar closed: nobody waits for anything any more.
    """

    def __init__(self, store: TickStore) -> None:
        self._store = store
        self.health = Health()
        self.closed = False

    def drive(self, procedure: Generator[Step, Any, T], ctx: Context | None = None) -> T:
        """Do the steps of a procedure.

        :raises Stopped: *ctx* ended while it slept.
        """
        reply: object = None
        failure: LockError | None = None
        while True:
            try:
                step = procedure.send(reply) if failure is None else procedure.throw(failure)
            except StopIteration as over:
                result: T = over.value
                return result
            reply = failure = None
            try:
                reply = self._do(step, ctx)
            except LockError as error:
                failure = error

    def load(self, keys: Sequence[str]) -> Snapshot:
        """The one step of loading."""
        snapshot = self._ask(Load(keys))
        assert isinstance(snapshot, Snapshot), "a store's load gives a Snapshot"
        return snapshot

    def write(self, key: str, version: object, text: str) -> bool:
        """The one step of a compare-and-set."""
        return bool(self._ask(Write(key, version, text)))

    def _do(self, step: Step, ctx: Context | None) -> object:
        if isinstance(step, Sleep):
            if self.closed or (background() if ctx is None else ctx).wait(step.micros / SECOND):
                raise Stopped
            return None
        return self._ask(step)

    def _ask(self, step: Load | Write) -> object:
        try:
            reply = self._call(step)
        except (StoreDown, StoreCorrupt) as error:
            self.health.failed(error)
            raise
        self.health.worked(has_written=isinstance(step, Write))
        return reply

    def _call(self, step: Load | Write) -> object:
        try:
            if isinstance(step, Load):
                return self._store.load(step.keys)
            return self._store.compare_and_set(step.key, step.version, step.text)
        except LockError:
            raise
        except Exception as error:  # a user's own store: nobody knows whether it did what was asked
            raise StoreDown(f"{type(error).__name__}: {error!s:.200}") from error
