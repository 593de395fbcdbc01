"""The loop of a worker, in this process: what wakes it, and when it counts as stuck."""

import asyncio
import time
from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.inbox import Inbox, Turn
from fleet.inbox.mailboxes import Mailboxes
from fleet.overlay import Overlay
from fleet.shards.holder import Holder
from fleet.worker import Worker
from fleet.worker.hands import Take
from tests.proofs.mail import text
from tests.waiting import until

REPLICA = "one"


def worker(redis: Redis, member: Callable[[int], Member | None], take: Take) -> Worker:
    holder, mailboxes = Holder(redis, REPLICA, 64), Mailboxes(redis, REPLICA)
    return Worker(holder, mailboxes, member, take, lambda: Overlay(redis), concurrency=2)


async def test_what_is_next_begins_at_once(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with the next look around, which here does not come."""
    for module in ("worker", "watch"):
        monkeypatch.setattr(f"fleet.worker.{module}.INTERVAL", 600.0)
    handled: list[int] = []

    async def take(_: object, turn: Turn, *__: object) -> None:
        handled.append(turn.update_id)

    inbox, number = Inbox(redis), 30
    await inbox.put(1, [text(n) for n in range(1, number + 1)])
    quick = worker(redis, lambda _: object(), take)  # type: ignore[arg-type,return-value]  # any member will do
    running = asyncio.create_task(quick.run())

    async def over() -> bool:
        return not await inbox.sizes()

    await until(over, "all updates of a conversation are handled", within=10)
    assert handled == list(range(1, number + 1))
    await quick.drain(5)
    await running


async def test_a_worker_whose_places_are_all_taken_is_not_stuck(redis: Redis) -> None:
    over = asyncio.Event()

    async def take(*_: object, **__: object) -> None:
        await over.wait()

    inbox = Inbox(redis)
    for bot in (1, 2):
        await inbox.put(bot, [text(n, user=n) for n in range(1, 9)])
    full = worker(redis, lambda _: object(), take)  # type: ignore[arg-type,return-value]  # any member will do
    running = asyncio.create_task(full.run())

    async def is_full() -> bool:
        return full.in_flight == 2

    await until(is_full, "all places are taken")
    full_at = time.monotonic()

    async def looks_again() -> bool:
        return full._worked_at > full_at

    await until(looks_again, "the worker looks although it can take nothing")
    assert not full.stuck
    over.set()
    await full.drain(5)
    await running


async def test_a_worker_that_waits_for_its_start_is_not_stuck(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis may be away for long then, and a startup hook take its time: no restart cures that."""
    monkeypatch.setattr("fleet.worker.worker.STUCK_AFTER", -1.0)
    waiting = worker(redis, lambda _: None, None)  # type: ignore[arg-type]  # it takes nothing
    assert not waiting.stuck
    running = asyncio.create_task(waiting.run())

    async def stuck() -> bool:
        return waiting.stuck

    await until(stuck, "it has not looked for longer than STUCK_AFTER")
    await waiting.drain(5)
    await running
