"""What the methods of the Bot API have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from sandbox.bots import Bot
from sandbox.chats import Chat, Json
from sandbox.errors import bad_request
from sandbox.params import Params
from sandbox.state import Sandbox


@dataclass(slots=True)
class Call:
    """A call of a method by a bot."""

    sandbox: Sandbox
    bot: Bot
    params: Params
    session: aiohttp.ClientSession
    """For requests to webhooks."""

    def chat(self) -> Chat:
        """The chat of `chat_id`. Raises ApiError 400 if no user ever wrote to the bot in it."""
        if "chat_id" not in self.params:
            raise bad_request("chat_id is empty")
        chat_id = self.params.whole("chat_id")
        chat = self.bot.chats.get(chat_id) if chat_id is not None else None
        if chat is None:
            raise bad_request("chat not found")
        return chat


@dataclass(slots=True)
class Answer:
    """A successful answer: https://core.telegram.org/bots/api#making-requests."""

    result: object
    description: str | None = None

    def body(self) -> Json:
        """The JSON answer."""
        if self.description is None:
            return {"ok": True, "result": self.result}
        return {"ok": True, "result": self.result, "description": self.description}


Method = Callable[[Call], Awaitable[Answer]]
