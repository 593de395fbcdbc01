"""What somebody sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.testing.bots import Account
from sandbox.testing.errors import Refused
from sandbox.testing.journal import Wanted, is_event
from sandbox.testing.message import InlineResult, Message, Notice
from sandbox.testing.raw import describe, is_said_by, key_of, same
from sandbox.testing.stage import TIMEOUT, Stage
from sandbox.world.events import Json


class Place(Protocol):
    """A chat that is not the private one with the bot."""

    def key(self, person_id: int) -> str:
        """What the sandbox calls the chat that somebody has there."""


@dataclass(frozen=True)
class Seer(ABC):
    """A person with a bot, as `User` has them."""

    telegram: Stage = field(repr=False)
    id: int
    name: str
    bot: Account

    @abstractmethod
    async def click(self, message: Message, label: str) -> None:
        """Press a button under a message, or one of the reply keyboard that came with it."""

    @abstractmethod
    async def choose(self, result: InlineResult) -> Message:
        """Send what the bot has offered, and give the message that was sent."""

    async def reply(
        self, chat: Place | None = None, *, alone: bool = False, timeout: float = TIMEOUT
    ) -> Message:
        """The bot's next message, in the private chat, in a group or from a business; `alone`: of
        those that this person alone sees in a group (#ephemeral-messages-and-commands).

        The messages of a bot in a chat are read in their order, each once, whoever reads: the
        first call gives the first message. Service messages, such as that somebody has left or
        that a message is pinned, are none. Waits up to `timeout` seconds.
        """
        __tracebackhide__ = True
        key = self.key(chat)
        wanted, row = self._told(key) if alone else self._said(key)
        position = await self.telegram.wait(
            wanted,
            self.telegram.read.get(row, -1) + 1,
            timeout,
            f"{self.bot.name} did not reply to {self.name}" + (" alone" if alone else ""),
            self.bot,
            key,
        )
        self.telegram.read[row] = position
        return Message(self.telegram.journal.events[position]["message"], self, position)

    async def hears_nothing(self, chat: Place | None = None) -> None:
        """Fail if the bot has written or writes something that was not read yet.

        In process this is exact: every update has had its turn. Against a running stack the bot has
        fetched its updates and has then been silent for half a second.
        """
        __tracebackhide__ = True
        await self.telegram.settled()
        events = self.telegram.journal.catch_up()
        for wanted, row in (self._said(self.key(chat)), self._told(self.key(chat))):
            for event in events[self.telegram.read.get(row, -1) + 1 :]:
                if wanted(event):
                    said = f"did say something to {self.name}: {describe(event['message'])}"
                    raise AssertionError(f"{self.bot.name} {said}")

    async def notice(self, *, timeout: float = TIMEOUT) -> Notice:
        """What the bot answered to this person's last press, waiting up to `timeout` seconds."""
        __tracebackhide__ = True
        query_id = self.telegram.pressed.get(self.id)
        if query_id is None:
            raise Refused(f"{self.name} has pressed no inline button yet: click one first")
        position = await self.telegram.wait(
            is_event("callback_answer", query_id=query_id),
            0,
            timeout,
            f"{self.bot.name} did not answer {self.name}'s press",
            self.bot,
            self.key(),
        )
        answer = self.telegram.journal.events[position]
        return Notice(answer["text"], answer["show_alert"], answer["url"])

    def key(self, chat: Place | None = None) -> str:
        """What the sandbox calls the chat that this person has there, or with the bot."""
        return chat.key(self.id) if chat else f"{self.bot.id}/{self.id}"

    def _said(self, key: str) -> tuple[Wanted, tuple[str, int]]:
        """What the bot says in a chat, and where it is noted how far that was read."""
        is_said = is_said_by(self.bot.id)
        return lambda event: event.get("chat") == key and is_said(event), (key, self.bot.id)

    def _told(self, key: str) -> tuple[Wanted, tuple[str, int]]:
        """The same of what this person alone sees."""
        wanted = is_event("ephemeral", chat=key, bot_id=self.bot.id, user_id=self.id)
        return wanted, (f"{key} for {self.id}", self.bot.id)

    def _latest(self, message: Message) -> Json:
        """A message as it is now."""
        raw = message.raw
        is_edit = is_event(message.edit, chat=key_of(raw, self.bot.id))
        for event in self.telegram.journal.catch_up()[message.position + 1 :]:
            if is_edit(event) and same(event["message"], raw):
                raw = event["message"]
        return raw

    async def _do(self, command: str, **arguments: object) -> Any:
        __tracebackhide__ = True
        await self.telegram.introduce(self.id)
        return await self.telegram.ask(command, user_id=self.id, **arguments)

    async def _sent(self, event: str, raw: Json) -> Message:
        """An own message, which is in the journal by the time this returns."""
        __tracebackhide__ = True
        is_it = is_event(event, chat=key_of(raw, self.bot.id), message=raw)
        return Message(raw, self, await self.telegram.journal.first(is_it, 0, TIMEOUT))
