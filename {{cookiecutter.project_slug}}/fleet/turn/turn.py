"""`turn`: what a handler is told of the turn that it works in, and can ask of it."""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from hashlib import blake2b
from typing import Any, TypeVar, overload

import orjson

from fleet.inbox import turns
from fleet.telegram.digest import SIZE
from fleet.turn.journal import Journal

T = TypeVar("T")


class Turn:
    """One handling of one update. Handlers get it as `turn`."""

    def __init__(
        self,
        turn: turns.Turn,
        journal: Journal,
        calling: Callable[[], AbstractContextManager[None]],
        cancel_others: Callable[[], Awaitable[None]],
    ) -> None:
        self._turn = turn
        self._journal = journal
        self._calling = calling
        self._cancel_others = cancel_others

    @property
    def id(self) -> str:
        """`bot:update`, the same in every turn of this update and of no other one.

        A key for whoever must do a thing only once: a shop, a bank, a unique column.
        """
        number, bot_id = self._turn.update_id, self._turn.bot_id
        if number < 0:  # a timer or a job: numbered by their shard
            return f"{bot_id}:timer-{self._turn.shard}-{-number}"
        return f"{bot_id}:{number}"

    @property
    def attempt(self) -> int:
        """1 in the first turn of this update; more if that one had to be begun again."""
        return self._turn.deaths + self._turn.backs + 1

    @overload
    async def once(self, name: str, work: Callable[..., Awaitable[T]], *args: Any) -> T: ...
    @overload
    async def once(self, name: str, work: Callable[..., T], *args: Any) -> T: ...
    async def once(self, name: str, work: Callable[..., Any], *args: Any) -> Any:
        """Do something unless an earlier turn of this update has done it to its end.

            receipt = await turn.once("charge", charge, order)

        If the process dies while it is being done, it may be done twice: give `turn.id` along where
        the other side can tell repetitions.

        Args:
            name: tells what it is; used twice in one turn, it is the first and the second time.
            work: a function, asynchronous or not.
            args: what it gets.

        Returns:
            What it returned, or has returned then, as JSON keeps it: a tuple is a list.

        Raises:
            TypeError: JSON cannot hold what it returned.
        """
        digest = blake2b(name.encode(), digest_size=SIZE, person=b"once").digest()
        noted = self._journal.recall(digest)
        if noted is None:
            with self._calling():
                result = work(*args)
                noted = orjson.dumps(await result if inspect.isawaitable(result) else result)
                self._journal.note(digest, noted)
        return orjson.loads(noted)

    async def cancel_others(self) -> None:
        """End the turns that this conversation has in other lanes: they are over, not begun again.

        What they wrote to states and timers is undone, what they have said is not.
        """
        await self._cancel_others()
