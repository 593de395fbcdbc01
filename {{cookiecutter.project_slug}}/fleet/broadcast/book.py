"""Broadcasts from outside: sent, listed, paused, resumed, cancelled."""

import hashlib
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis

from fleet.broadcast.audience import Audience
from fleet.redis.keys import PREFIX, of_fleet
from fleet.redis.reading import read_fields
from fleet.shards.scripts import Argument, ShardScripts, ask_each
from fleet.shards.shard import shard_of

DAY = 86_400
KEPT_FOR = 30 * DAY
"""Seconds for which an ended broadcast can still be looked at."""
ADDED_AT_ONCE = 5_000
"""Chats: more in one script would hold Redis up for everybody."""
MESSAGES_A_STAR = 10
"""https://core.telegram.org/bots/api#sendmessage: 0.1 Stars a message. Those that would have gone
out for nothing count, too: so it never costs more than the budget."""
_WHY = "why:"


class BroadcastState(StrEnum):
    """How far it is."""

    FILLING = "filling"
    """Its chats are being gathered; if who does that has died, it stays so and nothing is sent."""
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self in (BroadcastState.DONE, BroadcastState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast and what has come of it so far. All counts are of chats."""

    id: str
    bot_id: int
    state: BroadcastState
    total: int
    sent: int
    blocked: int
    """The bot was shut out: blocked, kicked, or the account is deleted."""
    failed: int
    """Telegram refused the message there."""
    uncertain: int
    """It may have been sent: a process died in the middle, or the answer was lost."""
    reasons: dict[str, int]
    """Why those that are blocked or failed are, in Telegram's words."""
    paid: int
    """Stars that it may cost to go faster."""
    message: dict[str, Any]
    """`method` and `params` of the call."""
    created_at: datetime
    ended_at: datetime | None

    @property
    def over(self) -> int:
        """For how many chats it is over."""
        return self.sent + self.blocked + self.failed + self.uncertain


class Broadcasts:
    """The broadcasts of all bots.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, redis: Redis, shards: int, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._shards = shards
        self._scripts = ShardScripts(redis, prefix, Path(__file__).parent / "scripts")
        self._fill, self._add, self._state_script = map(
            self._scripts.load, ("fill", "add", "state")
        )
        whole = of_fleet(redis, prefix)
        self._records = whole + "broadcasts"
        self._open, self._ended = self._records + ":open", self._records + ":ended"
        self._paid = self._records + ":paid"

    async def count(self, bot_id: int, audience: Audience) -> int:
        """Tell how many chats would get it."""
        return await self._fill_from_directory("", bot_id, audience)

    async def send(
        self,
        bot_id: int,
        message: dict[str, Any],
        to: Audience | Iterable[int],
        key: str | None = None,
        paid: int = 0,
    ) -> str:
        """Have a message sent to chats of a bot: those that are here and now. Returns its id.

        Args:
            bot_id: the bot.
            message: `method` and `params` of a call, without `chat_id`.
            to: which chats that it knows and can reach, or the ids of chats.
            key: the same key is the same broadcast: it is sent once.
            paid: Stars that it may cost to go faster.
        """
        await self._forget_old()
        name = hashlib.blake2b(key.encode(), digest_size=4).hexdigest() if key else ""
        broadcast = name or secrets.token_hex(4)
        if name and await self._state(name) is not None:
            return name
        record = {"bot": bot_id, "message": message, "paid": paid, "created": int(time.time())}
        await self._redis.execute_command(
            "HSET", self._records, broadcast, orjson.dumps(record, default=_plain)
        )
        if isinstance(to, Audience):
            await self._fill_from_directory(broadcast, bot_id, to)
        else:
            await self._fill_from_list(broadcast, bot_id, to)
        if paid:
            messages = paid * MESSAGES_A_STAR
            await self._redis.execute_command("HSET", self._paid, broadcast, messages)
        # Only now does anybody see it: who dies before has sent nothing.
        await self._redis.execute_command("HSET", self._open, broadcast, BroadcastState.RUNNING)
        return broadcast

    async def _fill_from_directory(self, broadcast: str, bot_id: int, audience: Audience) -> int:
        arguments: list[Argument] = [broadcast, bot_id, audience.letters, audience.since]
        total = 0
        for shard in range(self._shards):  # one by one: a bot may have a million chats
            [found] = await self._scripts.one(self._fill, shard, arguments)
            total += found
        return total

    async def _fill_from_list(self, broadcast: str, bot_id: int, chats: Iterable[int]) -> None:
        await self._delete_parts(broadcast)
        parts: defaultdict[int, list[int]] = defaultdict(list)
        for chat in dict.fromkeys(chats):
            parts[shard_of(bot_id, chat, self._shards)].append(chat)
        for shard, own in parts.items():
            for at in range(0, len(own), ADDED_AT_ONCE):
                some = own[at : at + ADDED_AT_ONCE]
                await self._scripts.one(self._add, shard, [broadcast, len(some), *some])

    async def open(self) -> dict[str, BroadcastState]:
        """Tell which have not ended, and their states."""
        found = await self._redis.execute_command("HGETALL", self._open)
        return {name.decode(): BroadcastState(state.decode()) for name, state in found.items()}

    async def record(self, broadcast: str) -> tuple[int, dict[str, Any], bool] | None:
        """Give the bot of a broadcast, its message, and whether it has a budget."""
        found = await self._redis.execute_command("HGET", self._records, broadcast)
        if found is None:
            return None
        record = read_fields(found)
        return record["bot"], record["message"], bool(record.get("paid"))

    async def all(self) -> list[Broadcast]:
        """Give those that have not ended, and those that have within 30 days; the newest first."""
        names = await self._redis.execute_command("HKEYS", self._records)
        found = [await self.get(name.decode()) for name in names]
        known = [one for one in found if one]
        return sorted(known, key=lambda one: (one.created_at, one.id), reverse=True)

    async def get(self, broadcast: str) -> Broadcast | None:
        """Give one; None if there is none, or none any more."""
        record = await self._redis.execute_command("HGET", self._records, broadcast)
        if record is None:
            return None
        fields = read_fields(record)
        state, ended = await self._state(broadcast) or (BroadcastState.FILLING, None)
        counts: Counter[str] = Counter()
        for part in await ask_each(self._redis, self._keys(broadcast), "HGETALL"):
            counts.update({name.decode(): int(n) for name, n in part.items() if name != b"call"})
        if state.has_ended:  # what was on its way at the end of its process has nobody any more
            on_the_way = await ask_each(self._redis, self._keys(broadcast, ":sending"), "HLEN")
            counts["uncertain"] += sum(on_the_way)
        return Broadcast(
            id=broadcast,
            bot_id=fields["bot"],
            state=state,
            total=counts["total"],
            sent=counts["sent"],
            blocked=counts["blocked"],
            failed=counts["failed"],
            uncertain=counts["uncertain"],
            reasons={
                name.removeprefix(_WHY): number
                for name, number in counts.most_common()
                if name.startswith(_WHY)
            },
            paid=fields.get("paid") or 0,
            message=fields["message"],
            created_at=datetime.fromtimestamp(fields["created"], UTC),
            ended_at=None if ended is None else datetime.fromtimestamp(ended, UTC),
        )

    async def uncertain(self, broadcast: str) -> list[int]:
        """List the chats that may have got it, or may not."""
        lists = await ask_each(self._redis, self._keys(broadcast, ":uncertain"), "LRANGE", 0, -1)
        if broadcast not in await self.open():
            lists += await ask_each(self._redis, self._keys(broadcast, ":sending"), "HKEYS")
        return [int(chat) for chats in lists for chat in chats]

    async def pause(self, broadcast: str) -> bool:
        """Let it rest. Returns whether it is there and has not ended."""
        return await self._change(broadcast, BroadcastState.PAUSED)

    async def resume(self, broadcast: str) -> bool:
        """Let it go on. Returns whether it is there and has not ended."""
        return await self._change(broadcast, BroadcastState.RUNNING)

    async def _change(self, broadcast: str, state: BroadcastState) -> bool:
        return await self._set_state(broadcast, open_as=state)

    async def _set_state(self, broadcast: str, *, open_as: str = "", ended_as: str = "") -> bool:
        keys, arguments = [self._open, self._ended], [broadcast, open_as, ended_as]
        return bool(await self._state_script(keys=keys, args=arguments))

    async def cancel(self, broadcast: str) -> bool:
        """End it: what is on its way is sent, no more. Returns whether it had not ended."""
        if not await self.end(broadcast, BroadcastState.CANCELLED):
            return False
        await ask_each(self._redis, self._keys(broadcast, ":todo"), "DEL")
        return True

    async def is_over(self, broadcast: str) -> bool:
        """Tell whether it has been tried for each of its chats."""
        todo = await ask_each(self._redis, self._keys(broadcast, ":todo"), "EXISTS")
        sending = await ask_each(self._redis, self._keys(broadcast, ":sending"), "EXISTS")
        return not (any(todo) or any(sending))

    async def end(self, broadcast: str, state: BroadcastState = BroadcastState.DONE) -> bool:
        """Note that it has ended. Returns whether it had not before."""
        return await self._set_state(broadcast, ended_as=f"{state} {int(time.time())}")

    async def _state(self, broadcast: str) -> tuple[BroadcastState, int | None] | None:
        state = await self._redis.execute_command("HGET", self._open, broadcast)
        ended = await self._redis.execute_command("HGET", self._ended, broadcast)
        if ended:
            word, _, at = ended.decode().partition(" ")
            return BroadcastState(word), int(at)
        return (BroadcastState(state.decode()), None) if state else None

    async def _forget_old(self) -> None:
        records = await self._redis.execute_command("HGETALL", self._records)
        ended = await self._redis.execute_command("HGETALL", self._ended)
        is_open, now = await self.open(), time.time()
        for name, record in records.items():
            if name in ended:
                is_old = int(ended[name].split()[1]) < now - KEPT_FOR
            else:  # nobody fills one for a day
                is_old = name.decode() not in is_open and read_fields(record)["created"] < now - DAY
            if is_old:
                await self._delete_parts(name.decode())
                for key in (self._records, self._ended, self._paid):
                    await self._redis.execute_command("HDEL", key, name)

    async def _delete_parts(self, broadcast: str) -> None:
        for what in ("", ":todo", ":sending", ":uncertain"):
            await ask_each(self._redis, self._keys(broadcast, what), "DEL")

    def _keys(self, broadcast: str, what: str = "") -> list[str]:
        name = f"broadcast:{broadcast}{what}"
        return [self._scripts.key(shard, name) for shard in range(self._shards)]


def _plain(value: Any) -> Any:
    """Give an object of aiogram, such as a keyboard, as JSON has it."""
    if not hasattr(value, "model_dump"):
        raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")
    return value.model_dump(mode="json", exclude_none=True)
