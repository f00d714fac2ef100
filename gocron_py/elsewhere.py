"""A task's call on a user's executor: what crosses to another thread, process or machine, and what comes back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, final

from gocron_py.context import background, with_cancel
from gocron_py.distributed.tick import CurrentRun, Tick, running

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from gocron_py.context import Context
    from gocron_py.task import Task


def call(executor: Executor, task: Task, current: CurrentRun, context: Context) -> object:
    """Have *executor* call the function, and wait for its answer; give the call up when *context* ends."""
    future = executor.submit(FarCall(task, current, secrets.token_hex(8)))
    waiting, answered = with_cancel(context)
    future.add_done_callback(lambda _: answered())
    waiting.wait()
    if not future.done():
        # On this thread: it may take a cluster long to hear of it, and who stops a scheduler must not wait for that.
        future.cancel()
    answer = future.result()
    if isinstance(answer, _Raised):
        raise answer.error
    return answer


@final
class FarCall:
    """Calls the task's function; what it returns pickles, whatever the function returns.

    :param token: makes the call unlike any other. A cluster may answer equal calls by doing one (Dask does).
    """

    __slots__ = ("_current", "_task", "_token")

    def __init__(self, task: Task, current: CurrentRun, token: str) -> None:
        self._task = task
        self._current = current
        self._token = token

    def __call__(self) -> BaseException | _Raised | None:
        previous = running.set(self)
        try:
            result = self._task.run(self._current.context if self._task.takes_context else None)
        except Exception:
            raise
        except BaseException as error:  # a SystemExit would end the worker, with what else it does
            return _Raised(error)
        finally:
            running.reset(previous)
        return result if isinstance(result, BaseException) else None

    def current(self) -> CurrentRun:
        """What ``current_run()`` gives to the task."""
        return self._current

    @property
    def __name__(self) -> str:  # what a cluster's dashboard shows
        return getattr(self._task.function, "__name__", type(self._task.function).__name__)

    def __reduce__(self) -> tuple[Any, ...]:
        current = self._current
        # A context cannot go along. Where the function asks for one, that is the error.
        asked_for = current.context if self._task.takes_context else None
        return _arrived, (self._task, current.tick, current.attempt, current.fence, self._token, asked_for)


def _arrived(task: Task, tick: Tick, attempt: int, fence: int | None, token: str, _: None) -> FarCall:
    return FarCall(task, CurrentRun(tick, attempt, fence, background()), token)


@final
class _Raised:
    """What a function has raised that is not an ``Exception``."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
