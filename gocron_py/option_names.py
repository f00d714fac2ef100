"""What an option is called, so that an error can name the one that stands in the wrong place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gocron_py.errors import ErrInvalidArgument

# By the class that an option is of: the functions that take it.
_TAKERS: Final = {
    "SchedulerOption": "new_scheduler",
    "JobOption": "new_job and update",
    "StartAtOption": "with_start_at",
    "StopAtOption": "with_stop_at",
    "EventListener": "with_event_listeners",
}


class Named:
    """An option that is made by a function: shown as its call."""

    __slots__ = ()

    write: Callable[..., None]

    def __repr__(self) -> str:
        # The function that does it is local to the one whose name is looked for.
        return f"{self.write.__qualname__.partition('.')[0]}(…)"


def check_option(option: object, kind: type[Any], what: str) -> None:
    """Raise :exc:`ErrInvalidArgument` unless *option* is a *kind*; of another kind of option, say where it belongs."""
    if isinstance(option, kind):
        return
    detail = f"{what} must be of type {kind.__name__}"
    takers = [_TAKERS[each.__name__] for each in type(option).__mro__ if each.__name__ in _TAKERS]
    if takers:
        named = repr(option) if isinstance(option, Named) else f"this {type(option).__name__}"
        detail += f"; {named} belongs in {' or '.join(takers)}"
    raise ErrInvalidArgument(detail, got=option)
