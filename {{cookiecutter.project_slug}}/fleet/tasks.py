"""Ending tasks for certain."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

PATIENCE = 1.0
"""Seconds until a task that goes on is cancelled again."""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until every one has ended.

    Once may not be enough: on Python 3.11 `asyncio.wait_for`, through which redis-py sends each
    command, loses a cancellation that comes just when the command is sent.
    Source: https://github.com/python/cpython/issues/86296
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=PATIENCE)


def is_cancelled() -> bool:
    """Tell whether the current task has been cancelled, also if that got lost: see `end`.

    For loops that talk to Redis, as who ends them may be cancelled meanwhile, too.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do it as long as the body runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end([task])
