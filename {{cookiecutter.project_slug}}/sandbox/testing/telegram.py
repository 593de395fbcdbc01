"""Telegram's side of a test: the bots, what they call, what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.client import SandboxClient, SandboxError
from sandbox.errors import NothingCameError
from sandbox.testing.bots import Account, BotUnderTest
from sandbox.testing.errors import NothingCame, Refused
from sandbox.testing.groups import Group
from sandbox.testing.journal import Journal, Wanted
from sandbox.testing.message import TIMEOUT
from sandbox.testing.people import User
from sandbox.testing.report import Teller, conversations, next_steps
from sandbox.testing.service import LocalService
from sandbox.world.events import Json

QUIET = 0.5
"""Seconds of silence after which a bot of a running stack has nothing more to say."""
APPEAR = 2.0
"""Seconds for the bots of a running stack to be seen."""
LOOK = 0.05
"""Seconds between two looks whether the bots have fetched their updates."""


class Telegram:
    """What the fixture `telegram` gives. Bots are named as in the fixture `bots`."""

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
        self._service = service
        self._bots = bots
        self._accounts: dict[str, Account] = {}
        self._people: dict[int, User] = {}
        self._strangers: dict[int, Json] = {}
        self._groups: dict[int, Group] = {}
        self._faulty = False
        self._revoked: set[int] = set()

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

    async def close(self) -> None:
        """End the trouble that the test made: a running stack goes on."""
        if self._faulty:
            await self.client.clear_faults()
        for bot_id in self._revoked:
            await self.client.restore(bot_id)

    # Who is there

    def bot(self, bot: str | Account | None = None) -> Account:
        """A bot by its name; the first one without. Raises LookupError."""
        __tracebackhide__ = True
        if isinstance(bot, Account):
            return bot
        name = next(iter(self._bots)) if bot is None else bot
        if name not in self._bots:
            raise LookupError(f"no bot {name!r}; the fixture `bots` has {list(self._bots)}")
        if name not in self._accounts:
            raise LookupError(
                f"bot {name!r} ({self._bots[name].id}) is not at the sandbox: "
                "start the service with its token in BOT_TOKENS"
            )
        return self._accounts[name]

    def person(
        self,
        name: str,
        *,
        bot: str | Account | None = None,
        user_id: int | None = None,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
    ) -> User:
        """Somebody new, who has never talked to any bot, unless `user_id` says who it is."""
        __tracebackhide__ = True
        new_id = user_id or 10**9 + secrets.randbelow(9 * 10**9)
        person = self._people[new_id] = User(self, new_id, name, self.bot(bot))
        self._strangers[new_id] = {
            "user_id": new_id,
            "first_name": name,
            "last_name": last_name,
            "username": username,
            "language_code": language_code,
        }
        return person

    async def create_group(
        self, title: str, *members: User, bots: Iterable[str] | None = None
    ) -> Group:
        """A group, which the first member owns, with these bots, by default all."""
        __tracebackhide__ = True
        names = self._bots if bots is None else [bots] if isinstance(bots, str) else bots
        accounts = list(map(self.bot, names))
        for one in members:
            await self.introduce(one)
        described = await self.ask(
            "create_group",
            title=title,
            user_ids=[one.id for one in members],
            bot_ids=[bot.id for bot in accounts],
        )
        group = self._groups[described["id"]] = Group(self, described["id"], title)
        return group

    async def introduce(self, person: User) -> None:
        """Let Telegram know somebody who has done nothing yet."""
        __tracebackhide__ = True
        if about := self._strangers.pop(person.id, None):
            await self.ask("add_user", **about)

    async def account(self, bot_id: int) -> Account:
        """A bot that is not in the fixture `bots`, such as one that was made in the test."""
        [bot] = [bot for bot in await self.client.bots() if bot["id"] == bot_id]
        return Account(f"@{bot['username']}", bot_id, bot["username"])

    def group(self, chat_id: int) -> Group | None:
        """A group of this test."""
        return self._groups.get(chat_id)

    # What the bots do

    async def calls(
        self,
        method: str | None = None,
        bot: str | Account | None = None,
        *,
        at_least: int = 0,
        timeout: float = TIMEOUT,
    ) -> list[Json]:
        """The calls since the test began that have been answered, of one method and of one bot if
        these are given: method, params, status, answer and more. Waits for `at_least` of them."""
        __tracebackhide__ = True
        bot_id = self.bot(bot).id if bot else None

        def is_wanted(event: Json) -> bool:
            call = event.get("call", {})
            return (
                call.get("seconds") is not None
                and method in (None, call["method"])
                and bot_id in (None, call["bot_id"])
            )

        position = -1
        try:
            async with asyncio.timeout(timeout):
                for _ in range(at_least):
                    position = await self.journal.first(is_wanted, position + 1, timeout)
        except TimeoutError:
            calls = [event["call"] for event in self.journal.events if "call" in event]
            done = [call["method"] for call in calls if call["seconds"] is not None]
            came = sum(map(is_wanted, self.journal.events))
            raise NothingCame(
                f"{came} of {at_least} calls of {method or 'any method'} came within "
                f"{timeout:g} s; all calls of all bots: {', '.join(done) or 'none'}"
            ) from None
        return [event["call"] for event in self.journal.catch_up() if is_wanted(event)]

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
        await asyncio.sleep(QUIET)

    async def _behind(self) -> bool:
        ours = {account.id for account in self._accounts.values()}
        bots = await self.client.bots()
        return any(bot["pending"] for bot in bots if bot["id"] in ours and not bot["revoked"])

    # Trouble, until the end of the test

    async def fault(
        self,
        kind: str,
        bot: str | Account | None = None,
        *,
        method: str | None = None,
        seconds: float | None = None,
        times: int | None = None,
        retry_after: int = 1,
    ) -> None:
        """Calls of the bot, or of all bots, fail from now on: see `SandboxClient.fault`."""
        __tracebackhide__ = True
        self._faulty = True
        await self.ask(
            "fault",
            kind=kind,
            bot_id=self.bot(bot).id if bot else None,
            method=method,
            seconds=seconds,
            times=times,
            retry_after=retry_after,
        )

    async def clear_faults(self) -> None:
        """End all faults."""
        await self.client.clear_faults()

    async def revoke(self, bot: str | Account) -> None:
        """Make the bot's token invalid."""
        __tracebackhide__ = True
        bot_id = self.bot(bot).id
        self._revoked.add(bot_id)
        await self.client.revoke(bot_id)

    async def restore(self, bot: str | Account) -> None:
        """Make it valid again."""
        __tracebackhide__ = True
        await self.client.restore(self.bot(bot).id)

    # What people do and wait for

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
        self, command: str, failure: str, timeout: float, user: User, **arguments: Any
    ) -> Any:
        """The same for what a bot answers to somebody. Raises NothingCame, too: see `wait`."""
        __tracebackhide__ = True
        waiting = {"wait": timeout, "timeout": timeout}
        with contextlib.suppress(NothingCameError):
            return await self.ask(command, user_id=user.id, **waiting, **arguments)
        raise await self._nothing(failure, timeout, user, user.id)

    async def wait(
        self,
        wanted: Wanted,
        start: int,
        timeout: float,
        failure: str,
        user: User,
        chat_id: int,
    ) -> int:
        """Wait for an event and give its position, `start` or later.

        Raises NothingCame with `failure`, what happened in the chat, and where to look next.
        """
        __tracebackhide__ = True
        with contextlib.suppress(TimeoutError):
            return await self.journal.first(wanted, start, timeout)
        raise await self._nothing(failure, timeout, user, chat_id)

    async def _nothing(self, failure: str, timeout: float, user: User, chat_id: int) -> NothingCame:
        teller = Teller(user.key(chat_id), {user.bot.id}, self._names(user.bot), self.read)
        happened = teller.tell_all(self.journal.catch_up())
        [bot] = [one for one in await self.client.bots() if one["id"] == user.bot.id]
        running = self._service.running() if self._service else None
        hint = next_steps(bot, running=running, heard=teller.heard)
        text = f"{failure} within {timeout:g} s. The conversation so far:"
        return NothingCame("\n".join([text, *happened, hint]))

    def conversations(self) -> list[str]:
        """What happened in each chat of this test, to read."""
        people = {one.id: one.name for one in self._people.values()}
        groups = {one.id: one.title for one in self._groups.values()}
        return conversations(self.journal.catch_up(), people | groups, self._names(), self.read)

    def _names(self, *others: Account) -> dict[int, str]:
        return {one.id: one.name for one in (*self._accounts.values(), *others)}
