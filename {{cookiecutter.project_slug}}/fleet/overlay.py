"""What a turn does to states, held back until the turn is over."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from redis.asyncio import Redis

_CURRENT: ContextVar["Overlay"] = ContextVar("overlay")


@dataclass(frozen=True, slots=True)
class StateWrite:
    """What becomes of one key in Redis at the end of a turn."""

    key: str
    value: bytes | None
    """None: the key is deleted."""
    ttl_ms: int | None
    """Milliseconds after which the key expires. None: never."""
    bot_id: int
    chat_id: int
    """Whose state it is, by which its shard is found: not always the chat of the turn."""


@dataclass(frozen=True, slots=True)
class TimerWrite:
    """What becomes of a timer at the end of a turn."""

    conversation: str
    name: str
    due_ms: int | None
    """Unix time in milliseconds. None: it is cancelled."""
    json: bytes
    """What its turn gets."""


class Overlay:
    """States and timers in one Redis as a turn sees them: what it has written, over what is there.

    It is *open* while the handler runs, *sealed* while its writes are on their way to Redis, and
    then *closed*. A handler's tasks have the overlay of its turn. They may outlive it: what they
    write while it is sealed waits, or older writes would overtake newer ones, and once it is
    closed they write straight to Redis.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._writes: dict[str, StateWrite] = {}
        self.at_begin: Mapping[str, bytes | None] = {}
        """By key, what Redis had when it noted the begin of the turn; None: nothing."""
        self.asked_at = 0.0
        """When it was asked, by the monotonic clock."""
        self.timers: dict[str, TimerWrite] = {}
        """By name, what the turn has set and cancelled."""
        self.next_job: TimerWrite | None = None
        """Set with the turn's end, however that is."""
        self._sealed = False
        self._closed = asyncio.Event()

    def open(self) -> None:
        """Have this task, and those that it starts, read and write through the overlay.

        Whoever opens an overlay closes it.
        """
        _CURRENT.set(self)

    def know(self, states: Mapping[str, bytes | None], asked_at: float) -> None:
        """Take what was read with the begin of the turn, until this task waits for something.

        Then others may have written meanwhile, and the turn may be waiting for just that.
        """
        self.at_begin, self.asked_at = states, asked_at
        asyncio.get_running_loop().call_soon(self._look_again)

    def _look_again(self) -> None:
        self.at_begin = {}

    def write(self, write: StateWrite) -> None:
        """Keep a write for the end. Only the last one of a key counts."""
        self._writes[write.key] = write

    def written(self, key: str) -> StateWrite | None:
        """Give what the turn has written to this key, or None."""
        return self._writes.get(key)

    def roll_back(self) -> None:
        """Forget what the turn has written until now."""
        self._writes.clear()
        self.timers.clear()

    def seal(self) -> list[StateWrite]:
        """Give the writes, which Redis gets now; for whoever reads meanwhile they are done."""
        self._sealed = True
        return list(self._writes.values())

    @property
    def ordered(self) -> list[TimerWrite]:
        """What Redis gets of timers and jobs then."""
        return [*self.timers.values(), *([self.next_job] if self.next_job else [])]

    def close(self) -> None:
        """Let go: the writes are in Redis now, or never will be."""
        self._closed.set()
        self.roll_back()

    @staticmethod
    def of_turn(redis: Redis) -> "Overlay | None":
        """Give the overlay of the turn that this task belongs to, over this Redis, until closed."""
        overlay = _CURRENT.get(None)
        return overlay if overlay is not None and overlay.lies_over(redis) else None

    def lies_over(self, redis: Redis) -> bool:
        return self._redis is redis and not self._closed.is_set()

    async def takes_writes(self) -> bool:
        """Tell whether the overlay is open. While it is sealed, wait until it is closed."""
        if self._sealed:
            await self._closed.wait()
        return not self._sealed
