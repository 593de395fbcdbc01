"""The loop of a worker, in this process: what wakes it, and when it counts as stuck."""

import asyncio
import time
from collections.abc import Callable, Mapping

import pytest
from redis.asyncio import Redis

from fleet.bots.member import Member
from fleet.inbox import Inbox, Turn
from fleet.inbox.mailboxes import Done, Mailboxes, Work
from fleet.overlay import Overlay
from fleet.shards.holder import Held, Holder
from fleet.worker import Worker
from fleet.worker.hands import Take
from fleet.worker.outbox import ENDED_AT_ONCE
from fleet.worker.worker import BEGUN_AT_ONCE
from tests.proofs.mail import text
from tests.waiting import until

REPLICA = "one"


class Counted(Mailboxes):
    """Notes for each call how many turns have ended and how many are to begin."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, REPLICA)
        self.ended: list[int] = []
        self.begun: list[int] = []

    async def work(self, work: Mapping[Held, Work]) -> dict[Held, Done | None]:
        self.ended.append(sum(len(one.ended) for one in work.values()))
        self.begun.append(sum(len(one.begin) for one in work.values()))
        return await super().work(work)


def worker(
    redis: Redis,
    member: Callable[[int], Member | None],
    take: Take,
    *,
    mailboxes: Mailboxes | None = None,
    concurrency: int = 2,
) -> Worker:
    holder, mailboxes = Holder(redis, REPLICA, 64), mailboxes or Mailboxes(redis, REPLICA)
    return Worker(holder, mailboxes, member, take, lambda: Overlay(redis), concurrency=concurrency)


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


async def test_one_call_carries_so_many_turns(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go with the next calls, which come at once."""
    for module in ("worker", "watch"):
        monkeypatch.setattr(f"fleet.worker.{module}.INTERVAL", 600.0)
    number, started, over = 3 * BEGUN_AT_ONCE, 0, asyncio.Event()

    async def take(*_: object, **__: object) -> None:
        nonlocal started
        started += 1
        await over.wait()

    async def all_have_started() -> bool:
        return started == number

    async def all_are_over() -> bool:
        return not await inbox.sizes()

    inbox, calls = Inbox(redis), Counted(redis)
    for bot in range(1, number + 1):
        await inbox.put(bot, [text(1)])
    busy = worker(redis, lambda _: object(), take, mailboxes=calls, concurrency=number)  # type: ignore[arg-type,return-value]  # any member will do
    running = asyncio.create_task(busy.run())
    await until(all_have_started, "all turns have begun", within=10)
    over.set()
    await until(all_are_over, "all turns are over", within=10)
    assert max(calls.begun) == BEGUN_AT_ONCE
    assert max(calls.ended) == ENDED_AT_ONCE
    await busy.drain(5)
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
