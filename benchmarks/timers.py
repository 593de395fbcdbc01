"""What a hundred thousand timers cost: `python -m benchmarks.timers`, in half a minute.

With the project's environment, and the project on the path; REDIS_URL names an empty Redis. Turns
are begun and ended as a worker does it, without handlers: all that is measured is in Redis.
"""

import asyncio
import itertools
import os
import time
from collections.abc import Callable

from redis.asyncio import Redis

from fleet.inbox import EndedTurn, Inbox, Outcome, Turn
from fleet.inbox.mailboxes import FIRED_AT_ONCE, Done, Mailboxes, Work
from fleet.inbox.timers import TimerBook
from fleet.overlay import StateWrite, TimerWrite
from fleet.shards.holder import Held, Holder

BOT, SHARDS, AT_ONCE = 1, 64, 100
TIMERS = 100_000
SAMPLE = 10_000
JSON = b'{"timer":{"name":"nudge","data":{},"due":1,"chat":{"id":1,"type":"private"},"user":null}}'
FAR = 4102444800000

End = Callable[[Turn], EndedTurn]


def plain(turn: Turn) -> EndedTurn:
    return EndedTurn(turn, Outcome.DONE)


def with_state(turn: Turn) -> EndedTurn:
    write = StateWrite(f"fsm:{turn.conversation}", JSON, None, BOT, 1)
    return EndedTurn(turn, Outcome.DONE, writes=[write])


def with_timer(turn: Turn) -> EndedTurn:
    timer = TimerWrite(turn.conversation, "nudge", FAR, JSON)
    return EndedTurn(turn, Outcome.DONE, timers=[timer])


class Fleet:
    """One replica that holds all shards."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._holder = Holder(redis, "bench", SHARDS)
        self._mailboxes = Mailboxes(redis, "bench")
        self._inbox = Inbox(redis, replica="bench", shards=SHARDS, limit=10**9, limit_per_bot=10**9)
        self._book = TimerBook(redis, SHARDS)
        self._ids = itertools.count(1)

    async def start(self) -> None:
        self._holder.open()
        while len(self._holder.held) < SHARDS:
            await self._holder.look(lambda _: None)

    async def turns(self, count: int, end: End) -> float:
        """Give so many updates of as many users their turns; returns µs of Redis for each end."""
        spent = 0.0
        for first in range(0, count, AT_ONCE):
            updates = [_message(next(self._ids), first + n + 1) for n in range(AT_ONCE)]
            await self._inbox.put(BOT, updates)
            work = {held: Work() for held in self._holder.held.values()}
            for held, names in (await self._waiting()).items():
                work[held].begin = names
            done = await self._work(work)
            ends = {
                held: Work([end(turn) for turn in one.begun if isinstance(turn, Turn)])
                for held, one in done.items()
                if one and one.begun
            }
            before = await self.spent()
            await self._work(ends)
            spent += await self.spent() - before
        return spent / count

    async def look(self) -> tuple[float, int]:
        """Look for timers that are due, in all shards; returns µs of Redis, and how many fire."""
        before, there = await self.spent(), await self.due()
        await self._work({held: Work(look=True) for held in self._holder.held.values()})
        return await self.spent() - before, there - await self.due()

    async def _work(self, work: dict[Held, Work]) -> dict[Held, Done | None]:
        done: dict[Held, Done | None] = await self._mailboxes.work(work)
        for held, one in done.items():
            held.news = one.newest if one else held.news
        return done

    async def spent(self) -> float:
        """Give the µs that Redis has spent on scripts so far."""
        stats = await self.redis.info("commandstats")
        return float(stats.get("cmdstat_evalsha", {}).get("usec", 0))

    async def due(self) -> int:
        return int(await self._book.count())

    async def _waiting(self) -> dict[Held, list[str]]:
        found = {}
        for held in self._holder.held.values():
            if names := (await self._mailboxes.read(held, [BOT], 10_000))[BOT]:
                found[held] = names
        return found


def _message(number: int, user: int) -> dict[str, object]:
    chat = {"id": user, "type": "private"}
    who = {"id": user, "is_bot": False, "first_name": "Ann"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": who, "text": "Hello"}
    return {"update_id": number, "message": message}


async def main() -> None:
    async with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        await redis.flushdb()
        fleet = Fleet(redis)
        await fleet.start()
        await fleet.turns(SAMPLE, plain)
        for name, end in (("nothing", plain), ("a state", with_state), ("a timer", with_timer)):
            print(
                f"µs of Redis for an end that writes {name}: {await fleet.turns(SAMPLE, end):.1f}"
            )
        before = (await redis.info("memory"))["used_memory"]
        last = await fleet.turns(TIMERS, with_timer)
        print(f"the same of the last of {TIMERS:,} timers: {last:.1f}")
        grown = (await redis.info("memory"))["used_memory"] - before
        print(f"bytes of Redis for each: {grown / (TIMERS - SAMPLE):.0f}")
        took, _ = await fleet.look()
        print(
            f"µs of Redis to look for due ones in {SHARDS} shards, when there are none: {took:.0f}"
        )
        for key in [key async for key in redis.scan_iter("*due")]:
            members = await redis.zrange(key, 0, -1)
            await redis.zadd(key, dict.fromkeys(members, 1.0))
        began, fired, worst = time.monotonic(), 0, 0.0
        while await fleet.due():
            took, some = await fleet.look()
            fired, worst = fired + some, max(worst, took)
        print(
            f"{fired:,} that are due at once fire in {time.monotonic() - began:.1f} s,"
            f" {FIRED_AT_ONCE} at once in at most {worst / 1000:.2f} ms of Redis"
        )


if __name__ == "__main__":
    asyncio.run(main())
