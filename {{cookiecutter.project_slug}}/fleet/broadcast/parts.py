"""Broadcasts as the holders of shards see them: each works off the chats of its own."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from fleet.redis.keys import PREFIX
from fleet.redis.replicas import Confirmed
from fleet.shards.holder import Held
from fleet.shards.scripts import Argument, ShardScripts

LONGEST_REASON = 100
"""Characters."""


class Result(NamedTuple):
    """What came of a chat."""

    chat: int
    outcome: str
    """`sent`, `blocked`, `failed` or `uncertain`; `back`: it was surely not sent, and is to be."""
    reason: str = ""


@dataclass(eq=False, slots=True)
class Part:
    """A broadcast's chats in a shard that is held here."""

    broadcast: str
    held: Held
    call: int = 0
    answered: int = 0
    left: int | None = None
    """Chats that nobody has taken yet; None: that is not known."""
    sending: int = 0
    """Chats that were taken, until their results are written."""
    results: list[Result] = field(default_factory=list)


class Parts:
    """Calls the holder's script.

    Args:
        redis: the client.
        replica: the name of this one.
        prefix: REDIS_PREFIX.
        wait_replicas: replicas of Redis that must know which chats were taken before these are
            sent to.
    """

    def __init__(
        self, redis: Redis, replica: str, *, prefix: str = PREFIX, wait_replicas: int = 0
    ) -> None:
        self._replica = replica
        self._scripts = ShardScripts(redis, prefix, Path(__file__).parent / "scripts")
        self._script = self._scripts.load("work")
        self._confirmed = Confirmed(redis, wait_replicas)

    async def work(self, wanted: Collection[tuple[Part, int]]) -> dict[Part, list[int]]:
        """Hand in the results of parts, and take up to so many chats of each.

        Returns those that were taken; a part is missing if its shard is another's now. One call at
        a time. Raises `redis.exceptions.RedisError`: nothing was taken then.
        """
        shards: dict[int, list[tuple[Part, int]]] = {}
        for part, most in wanted:
            shards.setdefault(part.held.shard, []).append((part, most))
            part.held.sending += most  # until it is known how many: the shard stays here
        handed_in = {part: len(part.results) for part, _ in wanted}
        arguments = {shard: _arguments(some) for shard, some in shards.items()}
        try:
            replies = await self._scripts.each(
                self._script, [self._replica], arguments, self._confirmed.run
            )
        except BaseException:
            for part, _ in wanted:
                part.left = None  # to be asked again: chats may be taken, of which nobody was told
            raise
        finally:
            for part, most in wanted:
                part.held.sending -= most
        taken: dict[Part, list[int]] = {}
        for shard, told in replies.items():
            for (part, _), answer in zip(shards[shard], told or (), strict=bool(told)):
                if not answer:
                    continue
                part.answered, (part.left, chats) = part.call, answer
                part.sending += len(chats) - handed_in[part]
                part.held.sending += len(chats) - handed_in[part]
                del part.results[: handed_in[part]]
                taken[part] = [int(chat) for chat in chats]
        return taken


def _arguments(some: list[tuple[Part, int]]) -> list[Argument]:
    own: list[Argument] = [some[0][0].held.epoch, len(some)]
    for part, most in some:
        part.call += 1
        own += [part.broadcast, part.call, part.answered, most, len(part.results)]
        for chat, outcome, reason in part.results:
            own += [chat, outcome, reason[:LONGEST_REASON]]
    return own
