"""Tasks: a function with its arguments, checked before the first run."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import typing
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, CodeType, CoroutineType, FunctionType, MethodType, NoneType, UnionType
from typing import Annotated, Any, Concatenate, ForwardRef, NoReturn, ParamSpec, Union, final, overload

from gocron_py.context import Context
from gocron_py.errors import (
    ErrInvalidArgument,
    ErrNewJobTaskNil,
    ErrNewJobTaskNotFunc,
    ErrNewJobWrongNumberOfParameters,
)

P = ParamSpec("P")

_PLAIN = (FunctionType, MethodType)
# Most tasks have none: one dict for all of them.
_NO_KWARGS: dict[str, Any] = {}

_VARARGS = inspect.CO_VARARGS
_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR

_BY_POSITION = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD

# What a text that means our Context, or that or None, may be made of.
_WORD = re.compile(r"[\w.]+")
_WORDS = {"Context", "None", "Optional", "Union", "Annotated"}


class Panic(BaseException):
    """What :func:`panic` raises. Not an :class:`Exception`, as nothing should recover it by accident."""

    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value


def panic(value: object) -> NoReturn:
    """End the run at once with *value* (Go: ``panic``). ``after_job_runs_with_panic`` gets the value."""
    raise Panic(value)


@final
class Task:
    """A function and its arguments (Go: ``Task``); made by :func:`new_task`."""

    __slots__ = ("args", "function", "kwargs", "takes_context")

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs or _NO_KWARGS
        self.takes_context = False

    def __repr__(self) -> str:
        return f"new_task({name_of(self.function)})"

    def checked(self) -> Task:
        """The task for one job: its arguments fit, and it is known whether the job's context goes first.

        :raises ErrNewJobTaskNotFunc: the function cannot be called.
        :raises ErrNewJobWrongNumberOfParameters: the arguments do not fit its signature.
        """
        function = self.function
        is_own = _is_own(function)
        parameter = _context_parameter(function, is_own)
        takes_context = parameter is not None and not self._gives(parameter)
        _check_arguments(function, is_own, len(self.args) + takes_context, self.args, self.kwargs)
        if not takes_context:
            return self
        task = Task(function, self.args, self.kwargs)
        task.takes_context = True
        return task

    def _gives(self, parameter: str) -> bool:
        return parameter in self.kwargs or any(isinstance(argument, Context) for argument in self.args[:1])

    def run(self, context: Context | None) -> object:
        """Call the function; a coroutine is run to its end on this thread."""
        if self.takes_context:
            result = self.function(context, *self.args, **self.kwargs)
        else:
            result = self.function(*self.args, **self.kwargs)
        if type(result) is CoroutineType:
            result = asyncio.run(result)
        return result


@overload
def new_task(function: Callable[Concatenate[Context, P], object], /, *args: P.args, **kwargs: P.kwargs) -> Task: ...
@overload
def new_task(function: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> Task: ...
def new_task(function: Any, /, *args: Any, **kwargs: Any) -> Task:
    """A task for :meth:`Scheduler.new_job <gocron_py.Scheduler.new_job>` (Go: ``NewTask``).

    If the function's first parameter is annotated :class:`Context <gocron_py.Context>`, or ``Context | None``, and
    no context is given for it, each run is passed the job's context, which ends at stop, shutdown, removal and
    update. A coroutine function is run with :func:`asyncio.run` on the worker's thread. A decorator's function that
    takes ``*args`` is seen as what it wraps (``functools.wraps``), or as its ``__signature__`` says.

    :param function: any callable but a generator function, which ``new_job`` refuses: its body would not run. What it
        returns is ignored, unless it is an exception: as in Go, that is the run's error.
    :param args: its arguments, and *kwargs*; whether they fit is checked by ``new_job``.
    """
    return Task(function, args, kwargs)


def check_task(task: object) -> Task:
    """The checks of ``new_job`` that come first, in Go's order."""
    if task is None:
        raise ErrNewJobTaskNil
    if not isinstance(task, Task):
        raise ErrInvalidArgument("the task must be made with new_task(function, *args)", got=task)
    if not callable(task.function):
        error = ErrNewJobTaskNotFunc(got=task.function)
        error.add_note("new_task takes the function itself and its arguments: new_task(f, 1), not new_task(f(1))")
        raise error
    code = _code_of(task.function)
    if code is not None and code.co_flags & _GENERATOR:
        detail = "the function is a generator function, and calling one runs nothing of it: loop over it in a plain one"
        raise ErrInvalidArgument(detail, got=task.function)
    return task


def _code_of(function: Any) -> CodeType | None:
    while type(function) is partial:
        function = function.func
    if type(function) is FunctionType:
        return function.__code__
    called = function if type(function) is MethodType else type(function).__call__
    return getattr(called, "__code__", None)


def name_of(function: Any) -> str:
    """The default name of a job: module and qualified name of its function."""
    while isinstance(function, partial):
        function = function.func
    named = function if hasattr(function, "__qualname__") else type(function)
    module = getattr(named, "__module__", None) or _module_of_type(named)
    return sys.intern(f"{module}.{named.__qualname__}")  # many jobs may have it


def _module_of_type(method: Any) -> str:
    """Where the type of a method comes from; one that is written in C does not tell its own module."""
    owner = getattr(method, "__objclass__", None)
    if owner is None:
        owner = getattr(method, "__self__", method)
    return (owner if isinstance(owner, type) else type(owner)).__module__


def _context_parameter(function: Any, is_own: bool) -> str | None:
    """The name of the first parameter, if a context is meant to go there.

    :param is_own: a plain function that says itself what it takes.
    """
    if is_own:
        annotations = function.__annotations__
        code = function.__code__
        if not annotations or not code.co_argcount:
            return None
        name = code.co_varnames[0]
        annotation = annotations.get(name)
    elif type(function) is partial:
        inner = None if function.args else _context_parameter(function.func, _is_own(function.func))
        return None if inner in function.keywords else inner
    else:
        parameter = _first_parameter(function)
        if parameter is None:
            return None
        name, annotation = parameter.name, parameter.annotation
    bare = _bare(annotation)
    if isinstance(bare, str):
        return name if _is_spelled(bare) and _resolves(function, name) else None
    return name if bare is Context else None


def _is_own(function: Any) -> bool:
    """A plain function, and no decorator's that takes whatever the decorated one takes."""
    if type(function) is not FunctionType:
        return False
    return not function.__code__.co_flags & _VARARGS or not hasattr(function, "__wrapped__")


def _bare(annotation: Any) -> Any:
    """An annotation without ``Annotated`` and ``None`` around it; one to be resolved still is a text."""
    if annotation is None or isinstance(annotation, (type, str)):
        return annotation
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _bare(annotation.__origin__)
    if origin is Union or origin is UnionType:
        kinds = [kind for kind in typing.get_args(annotation) if kind is not NoneType]
        if len(kinds) == 1:
            return _bare(kinds[0])
    return annotation


def _is_spelled(text: str) -> bool:
    if "Context" not in text:  # most annotations are texts, and another one
        return False
    if "Annotated" in text:
        text = text.partition(",")[0]  # what follows may be anything
    words = {word.rpartition(".")[2] for word in _WORD.findall(text)}
    return "Context" in words and words <= _WORDS


def _resolves(function: Any, name: str) -> bool:
    """Whether the annotation of a parameter, a text, means our Context; several libraries have one."""
    try:
        plain = inspect.unwrap(function)
        hints = typing.get_type_hints(plain if isinstance(plain, _PLAIN) else type(plain).__call__)
    except Exception:
        # A name that exists for type checkers only (TYPE_CHECKING): its spelling decides.
        return True
    return _bare(hints.get(name)) is Context


def _first_parameter(function: Any) -> inspect.Parameter | None:
    if isinstance(function, BuiltinFunctionType):  # none of them is annotated, and to read its signature takes long
        return None
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None
    first = next(iter(parameters.values()), None)
    return None if first is None or first.kind not in _BY_POSITION else first


def _check_arguments(function: Any, is_own: bool, count: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if is_own and not kwargs:
        # The common case without inspect.signature, which alone costs more than all of new_job.
        code = function.__code__
        most = code.co_argcount
        least = most - len(function.__defaults__ or ())
        named = code.co_kwonlyargcount - len(function.__kwdefaults__ or ())
        if not named and least <= count and (count <= most or code.co_flags & _VARARGS):
            return
    try:
        signature = inspect.signature(function, follow_wrapped=not is_own)
    except (TypeError, ValueError):  # some functions written in C do not tell
        return
    placeholders = (None,) * (count - len(args))
    try:
        signature.bind(*placeholders, *args, **kwargs)
    except TypeError as error:
        raised = ErrNewJobWrongNumberOfParameters()
        raised.add_note(f"{name_of(function)}{signature}: {error}")
        if hasattr(function, "__wrapped__") and not is_own:
            raised.add_note("it is decorated: a decorator that adds or drops arguments has to set __signature__")
        raise raised from None
