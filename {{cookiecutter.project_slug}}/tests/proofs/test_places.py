"""However many bots are in trouble, the others are served: places for turns are shared out."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from fleet.inbox import Inbox
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import delay, report
from tests.proofs.mail import text
from tests.proofs.watch import APP, get, new_bots
from tests.waiting import until

MAIL = 100
"""Conversations of each bot in trouble: as many as there are places."""


@pytest.mark.parametrize(
    ("number", "trouble", "in_hand"),
    [
        (2, {"kind": "hang", "method": "sendMessage"}, 78),
        (50, {"kind": "hang", "method": "sendMessage"}, 88),
        (6, {"kind": "429", "method": "sendMessage", "retry_after": 30}, 100),
        (5, {"kind": "502"}, 0),
    ],
    ids=["two hang", "fifty hang", "six wait at gates", "for five Telegram is away"],
)
async def test_bots_in_trouble_leave_places_for_the_others(
    start_service: StartService,
    sandbox: SandboxClient,
    clean_redis: str,
    number: int,
    trouble: dict[str, Any],
    in_hand: int,
) -> None:
    bots, tokens = await new_bots(sandbox, number + 1)
    *troubled, quiet = bots
    service = await start_service(APP, BOT_TOKENS=tokens)
    alone = await delay(sandbox, quiet)
    async with Redis.from_url(clean_redis) as redis:
        inbox = Inbox(redis)
        for bot in troubled:
            await sandbox.fault(bot_id=bot, **trouble)
        mail = [text(n, user=n) for n in range(1, MAIL + 1)]
        await asyncio.gather(*(inbox.put(bot, mail) for bot in troubled))

    async def in_flight() -> int:
        return int((await get(service))[1]["turns_in_flight"])

    async def are_stuck() -> bool:
        called = [await sandbox.calls(bot, "sendMessage") for bot in troubled]
        return all(called) and await in_flight() >= in_hand

    await until(are_stuck, "the bots have all the places that they can get", moving=in_flight)
    beside = await delay(sandbox, quiet, user=8)
    report(f"beside {number} bots in trouble", alone, beside)
    assert beside < alone + 0.5
