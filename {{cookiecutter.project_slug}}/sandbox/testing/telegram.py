"""Telegram's side of a test: who is there, what the bots call, what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping

from sandbox.client import SandboxClient
from sandbox.duration import seconds_of
from sandbox.testing.bots import Account, BotUnderTest
from sandbox.testing.errors import NothingCame
from sandbox.testing.groups import Group
from sandbox.testing.journal import Journal
from sandbox.testing.people import User
from sandbox.testing.report import conversations
from sandbox.testing.service import LocalService
from sandbox.testing.stage import TIMEOUT, Stage
from sandbox.world.events import Json


class Telegram(Stage):
    """What the fixture `telegram` gives. Bots are named as in the fixture `bots`."""

    def __init__(
        self,
        client: SandboxClient,
        journal: Journal,
        bots: Mapping[str, BotUnderTest],
        service: LocalService | None,
    ) -> None:
        super().__init__(client, journal, bots, service)
        self._faulty = self._limited = False
        self._revoked: set[int] = set()
        self._private: dict[int, bool] = {}
        """Which bots had privacy mode before the test switched it."""

    async def close(self) -> None:
        """End the trouble that the test made: a running stack goes on."""
        if self._faulty:
            await self.client.clear_faults()
        if self._limited:
            await self.client.limits(on=False)
        for bot_id in self._revoked:
            await self.client.restore(bot_id)
        for bot_id, private in self._private.items():
            await self.client.ask("set_privacy", bot_id=bot_id, private=private)

    # Who is there

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
        self.chats[new_id] = name
        self.strangers.add(new_id)
        self.people[new_id] = {
            "first_name": name,
            "last_name": last_name,
            "username": username and username.removeprefix("@"),
            "language_code": language_code,
        }
        return User(self, new_id, name, self.bot(bot))

    async def create_group(
        self,
        title: str,
        *members: User,
        bots: Iterable[str] | None = None,
        supergroup: bool = True,
    ) -> Group:
        """A group, which the first member owns, with these bots, by default all."""
        __tracebackhide__ = True
        accounts = self.all_bots(bots)
        for one in members:
            await self.introduce(one.id)
        described = await self.ask(
            "create_group",
            title=title,
            user_ids=[one.id for one in members],
            bot_ids=[bot.id for bot in accounts],
            supergroup=supergroup,
        )
        self.chats[described["id"]] = title
        return Group(self, described["id"], title)

    async def create_channel(
        self,
        title: str,
        *members: User,
        bots: Iterable[str] | None = None,
        username: str | None = None,
    ) -> Group:
        """A channel, public if it has a `username`: the first member owns it, the others have
        subscribed, these bots, by default all, are administrators."""
        __tracebackhide__ = True
        accounts = self.all_bots(bots)
        for one in members:
            await self.introduce(one.id)
        described = await self.ask(
            "create_channel",
            title=title,
            user_ids=[one.id for one in members],
            bot_ids=[bot.id for bot in accounts],
            username=username,
        )
        self.chats[described["id"]] = title
        return Group(self, described["id"], title)

    async def account(self, bot_id: int) -> Account:
        """A bot that is not in the fixture `bots`, such as one that was made in the test."""
        [bot] = [bot for bot in await self.client.bots() if bot["id"] == bot_id]
        return Account(f"@{bot['username']}", bot_id, bot["username"])

    def conversations(self) -> list[str]:
        """What happened in each chat of this test, to read."""
        return conversations(self.journal.catch_up(), self.chats, self.names(), self.read)

    async def privacy(self, *, on: bool, bot: str | Account | None = None) -> None:
        """Switch the privacy mode of the bot, or of all bots, until the end of the test. It is on
        at first, as at Telegram: in groups a bot hears commands, replies to it and what is sent by
        inline mode. Without it, or as an administrator, it hears all that people write."""
        __tracebackhide__ = True
        wanted = {one.id for one in ([self.bot(bot)] if bot else self.all_bots())}
        for one in await self.client.bots():
            if one["id"] in wanted:
                self._private.setdefault(one["id"], one["private"])
                await self.ask("set_privacy", bot_id=one["id"], private=on)

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

    # Trouble, until the end of the test

    async def fault(
        self,
        kind: str,
        bot: str | Account | None = None,
        *,
        chat: User | Group | None = None,
        method: str | None = None,
        text: str | None = None,
        seconds: float | None = None,
        times: int | None = None,
        retry_after: int = 1,
    ) -> None:
        """Calls of the bot, or of all bots, fail from now on, or those with the chat of somebody:
        see `SandboxClient.fault`."""
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
            chat_id=chat.id if chat else None,
            text=text,
        )

    async def clear_faults(self) -> None:
        """End all faults."""
        await self.client.clear_faults()

    async def limits(self, *, on: bool = True, **rates: float) -> None:
        """Slow the bots down as Telegram does: see `SandboxClient.limits` for the rates."""
        __tracebackhide__ = True
        self._limited = on
        await self.ask("limits", on=on, **rates)

    async def advance(self, **duration: float) -> None:
        """Let time pass, in words of `timedelta`: `await telegram.advance(hours=1)`.

        First the bots come to the end of what they have to do: see `settled`. Then dates are later,
        polls and bans end, timers and jobs that are due by then fire: in this process at once, in
        order of due time, against a running stack within two seconds.
        """
        __tracebackhide__ = True
        seconds = seconds_of(duration)
        await self.settled()
        self.advanced_at = time.monotonic()
        await self.ask("advance", seconds=seconds)
        self.clock.advance(seconds)

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
