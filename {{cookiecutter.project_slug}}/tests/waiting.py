"""Waiting for a state, with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(check: Callable[[], Awaitable[T]], what: str, seconds: float = 60.0) -> T:
    """Ask `check` until it answers something true, and return that.

    After so many seconds it raises `TimeoutError`, which says `what` was awaited. An error that
    `check` raises ends the wait.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while not (answer := await check()):
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what} (last answer: {answer!r})")
        await asyncio.sleep(0.02)
    return answer
