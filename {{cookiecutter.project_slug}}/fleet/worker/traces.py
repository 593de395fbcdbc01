"""Tracebacks in which whoever wrote the handler finds the line at once."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from traceback import FrameSummary, TracebackException

import aiogram

_OURS = tuple(f"{folder}/" for folder in (Path(__file__).parents[1], Path(aiogram.__file__).parent))
"""Where the way to a handler is, and that of its calls: forty frames that are always the same."""
_LIBRARIES = (
    *_OURS,
    *(f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    "<frozen ",
)


def trace_of(error: BaseException) -> str:
    """Write an error's traceback, and those of its causes, from the first frame of the user's own.

    Of the frames of fleet/ and aiogram the last of all stays, where the error was raised. All stay
    if no frame is the user's.
    """
    # Only the lines of frames that stay are looked up.
    whole = TracebackException(
        type(error), error, error.__traceback__, lookup_lines=False, compact=True
    )
    chain = list(_chain(whole))
    if any(_is_users(frame) for one in chain for frame in one.stack):
        for one in chain:
            one.stack[:] = _told(one.stack)
    return "".join(whole.format())


def _chain(error: TracebackException) -> Iterator[TracebackException]:
    yield error
    for one in (error.__cause__, error.__context__, *(error.exceptions or ())):
        if one:
            yield from _chain(one)


def _told(stack: list[FrameSummary]) -> list[FrameSummary]:
    first = next((at for at, frame in enumerate(stack) if _is_users(frame)), len(stack))
    between = [frame for frame in stack[first:-1] if not frame.filename.startswith(_OURS)]
    return between + stack[-1:]


def _is_users(frame: FrameSummary) -> bool:
    return not frame.filename.startswith(_LIBRARIES)
