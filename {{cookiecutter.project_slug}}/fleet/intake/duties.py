"""What is done for a bot beside its intake, by the replica that runs that."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import structlog
from aiogram.exceptions import TelegramRetryAfter
from aiogram.utils.backoff import Backoff, BackoffConfig
from redis.exceptions import RedisError

from fleet.bots.member import Member
from fleet.ops.crowd import Crowd
from fleet.redis.errors import describe
from fleet.tasks import beside, is_cancelled

ROLE_CHECK = 5.0
"""Seconds between two looks whether the bot has got another role."""
BACKOFF = BackoffConfig(min_delay=1.0, max_delay=300.0, factor=2.0, jitter=0.2)
"""Seconds between tries."""

ForBot = Callable[[Member], Coroutine[Any, Any, None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """What a bot needs once in each of its roles."""

    do: ForBot
    """Does it; an error says that it is to be tried again."""
    waits: str
    """What the log says while it cannot be done, such as `jobs wait`."""
    again: float = math.inf
    """Seconds after which it is done again in the same role."""


def with_duties(intake: ForBot, *duties: Duty) -> ForBot:
    """Give the same intake, which now has them done for as long as it runs."""
    crowd = Crowd()

    async def run(member: Member) -> None:
        async with AsyncExitStack() as stack:
            for duty in duties:
                await stack.enter_async_context(beside(_keep(duty, member, crowd)))
            await intake(member)

    return run


async def _keep(duty: Duty, member: Member, crowd: Crowd) -> None:
    with structlog.contextvars.bound_contextvars(bot_id=member.id):
        while not is_cancelled():
            role, waited = member.role, 0.0
            await _do(duty, member, crowd)
            while member.role == role and waited < duty.again:
                await asyncio.sleep(ROLE_CHECK)
                waited += ROLE_CHECK


async def _do(duty: Duty, member: Member, crowd: Crowd) -> None:
    """Try until it is done."""
    backoff, said = Backoff(BACKOFF), None
    while not is_cancelled():
        try:
            await duty.do(member)
        except Exception as error:  # noqa: BLE001 - it must not keep a bot from working
            text = describe(error) if isinstance(error, RedisError) else str(error)
            if text != said:
                said = text
                crowd.say(log.warning, duty.waits, error=said)
            await asyncio.sleep(
                error.retry_after if isinstance(error, TelegramRetryAfter) else next(backoff)
            )
        else:
            return
