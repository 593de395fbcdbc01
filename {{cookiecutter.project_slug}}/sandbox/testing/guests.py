"""What somebody does besides talking: joins chats, opens apps, plays, blocks the bot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.testing.bots import Account
from sandbox.testing.groups import Group
from sandbox.testing.message import Message
from sandbox.testing.stage import Stage


@dataclass(frozen=True)
class App:
    """A Mini App that somebody has opened."""

    url: str
    """With what a client of Telegram adds behind the `#`."""
    init_data: str
    """What the app is told, signed with the bot's token; empty behind a reply keyboard."""
    query_id: str | None
    """With which the bot answers, if it can: #answerwebappquery."""


@dataclass(frozen=True)
class Guest:
    """A person with a bot, as `User` has them."""

    telegram: Stage = field(repr=False)
    id: int
    name: str
    bot: Account

    async def join(self, chat: Group, *, by: str | None = None) -> bool:
        """Join a public group or channel, or one by an invite link; False if an administrator has
        to let this person in."""
        __tracebackhide__ = True
        answer = await self._do("join", **({"link": by} if by else {"chat_id": chat.id}))
        return bool(answer["joined"])

    async def leave(self, chat: Group) -> None:
        """Leave a group or channel."""
        __tracebackhide__ = True
        await chat.remove(self)

    async def boost(self, chat: Group) -> None:
        """Boost a group or channel."""
        __tracebackhide__ = True
        await self._do("boost", chat_id=chat.id)

    async def play(self, game: Message) -> None:
        """Start a game, as a press of its button does; `notice` gives what the bot answers."""
        __tracebackhide__ = True
        where = {"chat_id": game.chat_id, "message_id": game.message_id}
        answer = await self._do("play", bot_id=None if game.chat_id < 0 else self.bot.id, **where)
        self.telegram.pressed[self.id] = answer["query_id"]

    async def open_app(self, message: Message | None = None, label: str | None = None) -> App:
        """Open a Mini App by a button of a message, its first one that opens an app unless the
        label says which, or without a message by the bot's menu button."""
        __tracebackhide__ = True
        message_id = message.message_id if message else None
        where = {"bot_id": self.bot.id, "message_id": message_id, "button": label}
        answer = await self._do("open_app", **where)
        return App(answer["url"], answer["init_data"], answer.get("query_id"))

    async def send_app_data(self, message: Message, data: str, label: str | None = None) -> None:
        """Let the Mini App behind a button of a reply keyboard send data to the bot."""
        __tracebackhide__ = True
        where = {"bot_id": self.bot.id, "message_id": message.message_id, "button": label}
        await self._do("send_app_data", data=data, **where)

    async def block(self) -> None:
        """Block the bot."""
        __tracebackhide__ = True
        await self._do("block", bot_id=self.bot.id, blocked=True)

    async def unblock(self) -> None:
        """Let the bot write again."""
        __tracebackhide__ = True
        await self._do("block", bot_id=self.bot.id, blocked=False)

    async def deactivate(self) -> None:
        """Delete the account: no bot can write to it any more."""
        __tracebackhide__ = True
        await self._do("deactivate")

    async def _do(self, command: str, **arguments: object) -> Any:
        __tracebackhide__ = True
        await self.telegram.introduce(self.id)
        return await self.telegram.ask(command, user_id=self.id, **arguments)
