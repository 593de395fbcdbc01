"""What people, groups and messages of a test need of Telegram: the bots, a way to ask, and to wait
for what happens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.client import SandboxClient, SandboxError
from sandbox.errors import NothingCameError
from sandbox.nearest import nearest
from sandbox.testing.bots import Account, BotUnderTest
from sandbox.testing.errors import NothingCame, Refused
from sandbox.testing.journal import Journal, Wanted
from sandbox.testing.report import Teller, next_steps
from sandbox.testing.service import LocalService
from sandbox.world.clock import Clock
from sandbox.world.events import Json

TIMEOUT = 5.0
"""Seconds that a test waits for a bot unless it says otherwise."""
QUIET = 0.5
"""Seconds of silence after which a bot of a running stack has nothing more to say."""
FIRING = 2.0
"""Seconds in which timers of a running stack fire when the clock was moved."""
APPEAR = 10.0
"""Seconds for the bots of a running stack to be seen."""
LOOK = 0.05
"""Seconds between two looks whether the bots have fetched their updates."""


class Stage:
    """Where a test plays. Bots are named as in the fixture `bots`."""

    def __init__(
        self,
        client: SandboxClient,
        journal: Journal,
        bots: Mapping[str, BotUnderTest],
        service: LocalService | None,
    ) -> None:
        self.client = client
        """All commands of the sandbox: `await telegram.client.ask("menu", bot_id=…, user_id=…)`."""
        self.journal = journal
        self.read: dict[tuple[str, int], int] = {}
        """Where the last message is that was read, by chat and bot."""
        self.pressed: dict[int, str] = {}
        """The query of each person's last press."""
        self.people: dict[int, Json] = {}
        """What Telegram is told of people, by id, when they do something for the first time."""
        self.strangers: set[int] = set()
        """Who has done nothing yet."""
        self.businesses: dict[int, str] = {}
        """What the businesses of people are called, by the id of their connections."""
        self.boosts: dict[tuple[int, int], str] = {}
        """The last boost of a person for a chat."""
        self.chats: dict[int, str] = {}
        """The people, groups and channels of this test: their names by id."""
        self.clock = Clock()
        """Goes with Telegram's, as far as this test moves that."""
        self.advanced_at = float("-inf")
        """When the clock was moved, in seconds of the monotonic clock."""
        self._service = service
        self._bots = bots
        self._accounts: dict[str, Account] = {}

    async def open(self) -> None:
        """Look which bots there are; a service that has just started gets some time to show them
        all."""
        names = {bot.id: name for name, bot in self._bots.items()}
        there: list[Json] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(APPEAR):
                while True:
                    there = await self.client.bots()
                    if names.keys() <= {one["id"] for one in there}:
                        break
                    await asyncio.sleep(LOOK)
        for one in there:
            if name := names.get(one["id"]):
                self._accounts[name] = Account(name, one["id"], one["username"])

    # Who is there

    def bot(self, bot: str | Account | None = None) -> Account:
        """A bot by its name; the first one without. Raises LookupError."""
        __tracebackhide__ = True
        if isinstance(bot, Account):
            return bot
        name = next(iter(self._bots)) if bot is None else bot
        if name not in self._bots:
            near, there = nearest(name, self._bots), list(self._bots)
            raise LookupError(f"no bot {name!r}{near}; the fixture `bots` has {there}")
        if name not in self._accounts:
            raise LookupError(
                f"bot {name!r} ({self._bots[name].id}) is not at the sandbox: "
                "start the service with its token in BOT_TOKENS"
            )
        return self._accounts[name]

    def all_bots(self, names: Iterable[str] | None = None) -> list[Account]:
        """The bots of these names; all of them without. Raises LookupError."""
        __tracebackhide__ = True
        wanted = self._bots if names is None else [names] if isinstance(names, str) else names
        return list(map(self.bot, wanted))

    def names(self, *others: Account) -> dict[int, str]:
        """What the bots are called, and the businesses, by id."""
        bots = {one.id: one.name for one in (*self._accounts.values(), *others)}
        return {**bots, **self.businesses}

    def token(self, bot: Account) -> str:
        """That of the fixture `bots`. Raises LookupError for a bot that is not there."""
        __tracebackhide__ = True
        found = (one.token for one in self._bots.values() if one.id == bot.id)
        if token := next(found, ""):
            return token
        raise LookupError(f"the fixture `bots` has no token of {bot.name}")

    async def introduce(self, user_id: int) -> None:
        """Let Telegram know somebody who has done nothing yet."""
        __tracebackhide__ = True
        if user_id in self.strangers:
            self.strangers.discard(user_id)
            await self.ask("add_user", user_id=user_id, **self.people[user_id])

    # What happens

    async def ask(self, command: str, **arguments: Any) -> Any:
        """A command of the sandbox. Raises Refused."""
        __tracebackhide__ = True
        self.journal.check_loop()
        try:
            return await self.client.ask(command, **arguments)
        except SandboxError as error:
            refused = str(error)
        raise Refused(refused)

    async def answer(
        self, command: str, failure: str, timeout: float, bot: Account, chat: str, **arguments: Any
    ) -> Any:
        """The same for what a bot answers to somebody. Raises NothingCame, too: see `wait`."""
        __tracebackhide__ = True
        waiting = {"wait": timeout, "timeout": timeout}
        with contextlib.suppress(NothingCameError):
            return await self.ask(command, **waiting, **arguments)
        raise await self._nothing(failure, timeout, bot, chat)

    async def wait(
        self, wanted: Wanted, start: int, timeout: float, failure: str, bot: Account, chat: str
    ) -> int:
        """Wait for an event and give its position, `start` or later.

        Raises NothingCame with `failure`, what happened in the chat with this key, and where to
        look next.
        """
        __tracebackhide__ = True
        with contextlib.suppress(TimeoutError):
            return await self.journal.first(wanted, start, timeout)
        raise await self._nothing(failure, timeout, bot, chat)

    async def _nothing(self, failure: str, timeout: float, bot: Account, chat: str) -> NothingCame:
        teller = Teller(chat, {bot.id}, self.names(bot), self.read)
        happened = teller.tell_all(self.journal.catch_up())
        [state] = [one for one in await self.client.bots() if one["id"] == bot.id]
        running = self._service.running() if self._service else None
        hint = next_steps(state, bot.name, running=running, teller=teller)
        text = f"{failure} within {timeout:g} s. The conversation so far:"
        return NothingCame("\n".join([text, *happened, hint]))

    async def settled(self) -> None:
        """Return when the bots have done what they had to do. See `User.hears_nothing`."""
        __tracebackhide__ = True
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._service is not None:
                    await self._service.idle()
                    return
                while await self._behind():  # noqa: ASYNC110 - what it asks is elsewhere
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            running = self._service.running() if self._service else []
            raise NothingCame(
                f"updates or handlers are not done within {TIMEOUT:g} s: "
                + ("; ".join(running) or "updates wait for bots that do not fetch them")
            ) from None
        await asyncio.sleep(max(QUIET, self.advanced_at + FIRING - time.monotonic()))

    async def _behind(self) -> bool:
        ours = {account.id for account in self._accounts.values()}
        bots = await self.client.bots()
        return any(bot["pending"] for bot in bots if bot["id"] in ours and not bot["revoked"])
