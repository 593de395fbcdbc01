"""A turn that dies with its process, and is begun again."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram.types import Message

from tests.fleet.stage import Stage


class Died(BaseException):
    """Stands for the death of the process."""


Part = Callable[[Message], Awaitable[Any]]


async def die_after(stage: Stage, part: Part) -> None:
    """Begin a turn that does so much and dies, then one that does it again and comes to its end."""
    dies = True

    async def handler(message: Message) -> None:
        await part(message)
        if dies:
            raise Died

    with pytest.raises(Died):
        await stage.take(handler)
    dies = False
    await stage.take(handler, again=True)
