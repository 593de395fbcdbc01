"""A Redis Cluster, as one client: a redis-py client for each node, and who has which slot.

redis-py has one, too. As of 7.4 `redis.asyncio.RedisCluster` is none for a service that stays: it
raises where a pool could wait, and what is no `RedisError`; it keeps a connection for each failed
attempt to connect, and sockets whenever it learns the nodes anew; after a failover the old primary
stays one for it; MULTI starts a thread with an event loop for every command.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,  # noqa: A004 - redis' name
    DataError,
    MovedError,
    ReadOnlyError,
    RedisError,
    TimeoutError,  # noqa: A004 - redis' name
    TryAgainError,
)

from fleet.redis.slots import goes_everywhere, slot_of, slot_of_key

Place = tuple[str, int]
"""Host and port."""
T = TypeVar("T")

TRIES = 5
"""How often a command is sent to where it is said to belong, before the caller must try again."""
MOVING = 0.05
"""Seconds between two tries of a command whose keys are just being moved."""


def is_cluster(redis: object) -> bool:
    """Tell whether keys of different slots lie on different servers."""
    return isinstance(redis, Cluster)


class Cluster(Redis):
    """redis-py's client. Each command goes to the node that has its first key.

    A pipeline has the keys of one slot. `MGET` may have any. What is about the keys of one node,
    such as `SCAN`, is refused; what is published or subscribed to is known on all nodes.

    Args:
        hosts: nodes to learn the others from.
        connect: makes a client for one node.
    """

    def __init__(self, hosts: Iterable[Place], connect: Callable[[Place], Redis]) -> None:
        self._hosts = list(hosts)
        self._connect = connect
        self._clients: dict[Place, Redis] = {}
        self._owners: list[tuple[range, Place]] = []
        self._known = False
        self._informed: list[Place] = []
        """Whom to ask first: who moved a slot knows it before the others do."""
        self._failed: Place | None = None
        """Whom to ask last."""
        self._learning = asyncio.Lock()
        super().__init__(connection_pool=self._client(self._hosts[0]).connection_pool)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if goes_everywhere(args):
            return await self._everywhere(*args, **options)

        async def send(node: Redis, *, asking: bool) -> Any:
            if not asking:
                return await node.execute_command(*args, **options)
            async with node.pipeline(transaction=False) as both:
                both.execute_command("ASKING")
                both.execute_command(*args, **options)
                return (await both.execute())[1]

        return await self.at(slot_of(args), send)

    async def at(self, slot: int | None, send: Callable[..., Awaitable[T]]) -> T:
        """Send something to the node that has the slot, or for None to any.

        Raises `redis.exceptions.RedisError`: `ClusterDownError` if none has it for now.
        """
        sent_to: Place | None = None
        failure: RedisError | None = None
        asking = False
        for _ in range(TRIES):
            place = sent_to or await self._place_of(slot)
            try:
                return await send(self._client(place), asking=asking)
            except AskError as error:  # also MOVED
                failure, sent_to = error, (error.host or place[0], error.port)
                asking = not isinstance(error, MovedError)
                if not asking:
                    self._known, self._informed = False, [sent_to]
            except TryAgainError as error:
                failure, sent_to, asking = error, None, False
                await asyncio.sleep(MOVING)
            except (ConnectionError, TimeoutError, ReadOnlyError, ClusterDownError):
                self._known, self._failed = False, place
                raise
        raise ClusterDownError(f"no node has slot {slot} for now: {failure}") from failure

    async def nodes(self) -> list[Redis]:
        """Give the clients of all primaries; they stay the Cluster's, which closes them."""
        await self._learn()
        return [self._client(place) for place in dict.fromkeys(one for _, one in self._owners)]

    async def mget(self, keys: Any, *args: Any) -> list[Any]:
        names = [*([keys] if isinstance(keys, str | bytes) else keys), *args]
        groups: dict[int, list[Any]] = {}
        for name in names:
            groups.setdefault(slot_of_key(name), []).append(name)
        answers = await asyncio.gather(
            *(self.execute_command("MGET", *group) for group in groups.values())
        )
        found: dict[Any, Any] = {}
        for group, values in zip(groups.values(), answers, strict=True):
            found |= zip(group, values, strict=True)
        return [found[name] for name in names]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: FBT001, FBT002 - redis-py's signature
        return _Pipeline(self, self.response_callbacks, transaction, shard_hint)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - redis-py's signature
        await asyncio.gather(
            *(client.aclose(close_connection_pool) for client in self._clients.values())
        )

    async def _everywhere(self, *args: Any, **options: Any) -> Any:
        """Have all primaries do it. A node that is away does not hold up what the others need."""
        nodes = await self.nodes()
        answers = await asyncio.gather(
            *(node.execute_command(*args, **options) for node in nodes), return_exceptions=True
        )
        for answer in answers:
            if not isinstance(answer, BaseException):
                return answer
        raise answers[0]

    def _client(self, place: Place) -> Redis:
        if place not in self._clients:
            self._clients[place] = self._connect(place)
        return self._clients[place]

    async def _place_of(self, slot: int | None) -> Place:
        await self._learn()
        if slot is None:
            return self._owners[0][1]
        for slots, place in self._owners:
            if slot in slots:
                return place
        self._known = False
        raise ClusterDownError(f"no node has slot {slot}")

    async def _learn(self) -> None:
        """Ask who has which slot, if that may have changed."""
        if self._known:
            return
        async with self._learning:
            if self._known:
                return
            failures: list[RedisError] = []
            known = [place for _, place in self._owners]
            places = dict.fromkeys([*self._informed, *known, *self._hosts])
            for place in sorted(places, key=lambda place: place == self._failed):
                try:
                    ranges = await self._client(place).execute_command("CLUSTER SLOTS")
                except RedisError as error:
                    failures.append(error)
                    continue
                await self._note(ranges, place)
                return
            raise failures[0]

    async def _note(self, ranges: list[Any], asked: Place) -> None:
        owners = [
            (range(first, last + 1), (host.decode() or asked[0], port))
            for first, last, (host, port, *_), *_ in ranges
        ]
        if not owners:
            raise ClusterDownError("no node has any slot")
        # Who answers is asked first the next time: one that hangs costs its time-out once.
        self._owners, self._known, self._informed = owners, True, [asked]
        used = {place for _, place in owners} | set(self._hosts)
        for place in self._clients.keys() - used:
            await self._clients.pop(place).aclose()


class _Pipeline(Pipeline):
    """Finds its node when it is executed."""

    def __init__(self, cluster: Cluster, *args: Any) -> None:
        super().__init__(cluster.connection_pool, *args)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 - redis-py's signature
        stack, scripts = self.command_stack, self.scripts
        # WAIT is about the commands before it.
        slots = {slot_of(args) for args, _ in stack if args[0] != "WAIT"} - {None}
        if len(slots) > 1:
            raise DataError("in a Redis Cluster a pipeline has the keys of one slot")
        slot = next(iter(slots), None)

        async def send(node: Redis, *, asking: bool) -> list[Any]:
            if asking:  # its keys are being moved, and several commands cannot ask for that
                raise TryAgainError("the slot is just being moved")
            self.command_stack, self.scripts = list(stack), set(scripts)
            self.connection_pool = node.connection_pool
            return await super(_Pipeline, self).execute(raise_on_error)

        return await self._cluster.at(slot, send)
