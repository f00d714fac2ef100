"""Which function gets the job's context, with which arguments a task is refused, and what a task is called."""

# Annotations are texts here, and some are objects all the same: Optional["Context"] is made by hand.
from __future__ import annotations

import functools
import inspect
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union

import pytest

import gocron_py as gocron
from gocron_py import Context
from gocron_py.task import name_of
from gocron_py.testing import FakeClock, wait_for_runs

if TYPE_CHECKING:
    from gocron_py import Context as Later

HOUR = timedelta(hours=1)

heard: list[object] = []


def passing(function: Any) -> Any:
    """The decorator that everybody writes."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Passing:
    """The same as a class."""

    def __init__(self, function: Any) -> None:
        self.function = function
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def plain(ctx: Context, number: int) -> None:
    heard.extend((ctx, number))


def or_none(ctx: Context | None, number: int) -> None:
    heard.extend((ctx, number))


def none_or(ctx: None | gocron.Context, number: int) -> None:  # noqa: RUF036
    heard.extend((ctx, number))


def optional(ctx: Optional[Context], number: int) -> None:  # noqa: UP045
    heard.extend((ctx, number))


def union(ctx: Union[None, Context], number: int) -> None:  # noqa: RUF036, UP007
    heard.extend((ctx, number))


def annotated(ctx: Annotated[Context, "the job's, not", 5], number: int) -> None:
    heard.extend((ctx, number))


def annotated_or_none(ctx: Annotated[Context | None, plain], number: int) -> None:
    heard.extend((ctx, number))


def quoted(ctx: "Optional[Context]", number: int) -> None:  # noqa: UP037, UP045
    heard.extend((ctx, number))


def not_there(ctx: Context | None, number: Later) -> None:
    heard.extend((ctx, number))


def later(ctx: Later | None, number: int) -> None:  # spelled by another name: nothing tells that it is ours
    heard.extend((ctx, number))


def with_default(ctx: Context | None = None, number: int = 3) -> None:
    heard.extend((ctx, number))


def without(first: SimpleNamespace | None, number: int = 3) -> None:
    heard.extend((first, number))


def another(ctx: Context | int, number: int = 3) -> None:
    heard.extend((ctx, number))


def with_objects(function: Any) -> Any:
    """The function with annotations that are objects, as without the import from ``__future__``."""

    @functools.wraps(function)
    def same(ctx: Any, number: Any) -> None:
        function(ctx, number)

    del same.__wrapped__  # type: ignore[attr-defined]
    same.__annotations__ = {
        name: eval(text, globals()) for name, text in function.__annotations__.items() if name != "return"
    }
    return same


def forward(ctx: Any, number: int) -> None:
    heard.extend((ctx, number))


forward.__annotations__["ctx"] = Optional["Context"]


class Methods:
    @passing
    def method(self, ctx: Context, number: int) -> None:
        heard.extend((ctx, number))


@pytest.fixture
def run(fake_clock: FakeClock) -> Iterator[Callable[[gocron.Task], list[object]]]:
    """Run a task once; gives what it heard, which is to be all of its arguments."""
    heard.clear()
    with gocron.new_scheduler(gocron.with_clock(fake_clock)) as scheduler:

        def once(task: gocron.Task) -> list[object]:
            job = scheduler.new_job(gocron.duration_job(HOUR), task)
            fake_clock.advance(HOUR)
            wait_for_runs(scheduler)
            assert [None] == [record.error for record in job.history()]
            return heard

        yield once


Run = Callable[[gocron.Task], list[object]]

SPELLED = [plain, or_none, none_or, optional, union, annotated, annotated_or_none, quoted, not_there]
AS_OBJECTS = [plain, or_none, optional, union, annotated, annotated_or_none, quoted]


def name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


class TestContexts:
    @pytest.mark.parametrize("decorated", [lambda f: f, passing, Passing, functools.lru_cache, functools.partial])
    @pytest.mark.parametrize("function", SPELLED, ids=name)
    def test_passed_in(self, run: Run, function: Any, decorated: Any) -> None:
        """However the annotation is written, and whatever is around the function."""
        ctx, number = run(gocron.new_task(decorated(function), 3))
        assert (True, 3) == (isinstance(ctx, Context), number)

    @pytest.mark.parametrize("function", [*map(with_objects, AS_OBJECTS), forward], ids=name)
    def test_annotations_that_are_objects(self, run: Run, function: Any) -> None:
        """As where annotations are no texts."""
        ctx, number = run(gocron.new_task(function, 3))
        assert (True, 3) == (isinstance(ctx, Context), number)

    def test_a_decorated_method(self, run: Run) -> None:
        """Its first parameter is the one after self."""
        ctx, number = run(gocron.new_task(Methods().method, 3))
        assert (True, 3) == (isinstance(ctx, Context), number)

    @pytest.mark.parametrize("decorated", [lambda f: f, passing])
    def test_with_a_default(self, run: Run, decorated: Any) -> None:
        """The job's context comes in its place; a default of another parameter stays."""
        ctx, number = run(gocron.new_task(decorated(with_default)))
        assert (True, 3) == (isinstance(ctx, Context), number)

    def test_given_by_name(self, run: Run) -> None:
        """None is an answer too."""
        assert [None, 5] == run(gocron.new_task(passing(with_default), ctx=None, number=5))

    def test_given_by_a_partial(self, run: Run) -> None:
        """By name, in the partial."""
        assert [None, 5] == run(gocron.new_task(functools.partial(with_default, ctx=None), number=5))

    @pytest.mark.parametrize("function", [later, without, another, passing(without)])
    def test_another_kind(self, run: Run, function: Any) -> None:
        """What may be something else than a Context is the caller's to give."""
        assert ["first", 5] == run(gocron.new_task(function, "first", 5))


class TestArguments:
    @pytest.mark.parametrize("args", [(), (1, 2), (1, 2, 3)])
    @pytest.mark.parametrize("decorated", [passing, Passing, functools.lru_cache])
    def test_wrong_number(self, decorated: Any, args: tuple[int, ...]) -> None:
        """Found by new_job through a decorator."""
        scheduler = gocron.new_scheduler()
        with pytest.raises(gocron.ErrNewJobWrongNumberOfParameters) as caught:
            scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(decorated(plain), *args))
        assert "test_task.plain(ctx" in caught.value.__notes__[0]
        assert "__signature__" in caught.value.__notes__[1]

    @pytest.mark.parametrize("task", [lambda f: gocron.new_task(f, 3), lambda f: gocron.new_task(f, number=3)])
    def test_a_decorator_with_parameters_of_its_own(self, run: Run, task: Any) -> None:
        """It takes what it says, not what it wraps."""

        @functools.wraps(plain)
        def wrapper(number: int) -> None:
            heard.append(number)

        assert [3] == run(task(wrapper))

    def test_a_decorator_that_says_what_it_takes(self, run: Run) -> None:
        """By a signature that it sets."""

        @functools.wraps(plain)
        def wrapper(*args: int) -> None:
            plain("mine", *args)  # type: ignore[arg-type]

        wrapper.__signature__ = inspect.signature(lambda number: None)  # type: ignore[attr-defined]
        assert ["mine", 3] == run(gocron.new_task(wrapper, 3))

    def test_a_decorated_generator_function(self, run: Run) -> None:
        """The decorator's function runs the body, so it is a task."""

        def body(number: int) -> Iterator[int]:
            yield number

        @functools.wraps(body)
        def wrapper(*args: int) -> None:
            heard.extend(body(*args))

        assert [3] == run(gocron.new_task(wrapper, 3))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ([].append, "builtins.list.append"),
        ("".join, "builtins.str.join"),
        (deque().append, "collections.deque.append"),
        (dict.fromkeys, "builtins.dict.fromkeys"),
        (str.upper, "builtins.str.upper"),
        ([].__len__, "builtins.list.__len__"),
        (int.__add__, "builtins.int.__add__"),
        (print, "builtins.print"),
        (functools.partial([].append, 1), "builtins.list.append"),
        (passing(plain), "test_task.plain"),
        (Methods().method, "test_task.Methods.method"),
    ],
)
def test_names(function: Any, expected: str) -> None:
    """Module and qualified name, which is the key of the job's lock too; methods written in C have no module."""
    assert expected == name_of(function)
