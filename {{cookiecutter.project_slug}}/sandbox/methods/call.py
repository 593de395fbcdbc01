"""What the methods of the Bot API have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from sandbox.errors import ApiError, bad_request
from sandbox.world.bots import Bot
from sandbox.world.business import Connection
from sandbox.world.chats import Chat, Stored
from sandbox.world.files import Upload
from sandbox.world.world import World

MOST_MESSAGES = 100
"""At once: https://core.telegram.org/bots/api#deletemessages."""


class Again(Protocol):
    """Makes another call of the same bot."""

    async def __call__(
        self, name: str, values: dict[str, Any], files: dict[str, Upload]
    ) -> object: ...


@dataclass(slots=True)
class Call:
    """A call of a method by a bot."""

    world: World
    bot: Bot
    method: str
    params: dict[str, Any]
    """Decoded; without those that are empty."""
    files: dict[str, Upload]
    """What JSON parameters name as `attach://name`."""
    http: aiohttp.ClientSession
    """For requests to webhooks."""
    again: Again

    def chat(self, name: str = "chat_id", *, read: bool = False) -> Chat:
        """The chat that a parameter names. Raises what `chat_of` raises, and ApiError 400 for a
        group that is a supergroup now, of which nothing but its old messages can be had."""
        if name not in self.params:
            raise bad_request("chat_id is empty")
        if name == "chat_id" and "business_connection_id" in self.params:
            return self.business_chat()
        chat = self.chat_of(self.params[name], read=read)
        if chat.migrated_to and name == "chat_id" and self.method != "getChat":
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        return chat

    def chat_of(self, chat_id: int | str, *, read: bool = False) -> Chat:
        """A chat, by its id or the `@name` of a public group or channel, which everybody may read.

        Raises ApiError if the bot cannot see it: 400 when no user ever wrote to the bot in it, 403
        when the bot is not in the group, or not any more.
        """
        if isinstance(chat_id, str):
            chat = self.world.named(chat_id)
        elif chat_id > 0 and self.bot.knows(chat_id):
            chat = self.world.chat(self.bot, chat_id)
        else:
            chat = self.bot.chats.get(chat_id) or self.world.groups.get(chat_id)
        if chat is not None and chat.bot_id is None:
            status = chat.member(self.bot.bot_id).get("status")
            if status is None and not chat.name:
                raise bad_request("chat not found")
            inside = chat.is_member(self.bot.bot_id)
            if status == "kicked" or not (inside or (read and chat.name)):
                how = "was kicked from" if status == "kicked" else "is not a member of"
                raise ApiError(403, f"Forbidden: bot {how} the {chat.info['type']} chat")
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def connection(self) -> Connection:
        """That of `business_connection_id`. Raises ApiError 400 if it is not the bot's."""
        found = self.world.connections.get(self.params["business_connection_id"])
        if found is None or found.bot_id != self.bot.bot_id:
            raise bad_request("business connection not found")
        return found

    def business_chat(self) -> Chat:
        """The chat of a business account with `chat_id`, to write in it. Raises ApiError 400."""
        connection = self.connection()
        chat = connection.chats.get(self.params["chat_id"])
        if chat is None:
            raise bad_request("BUSINESS_PEER_INVALID")
        if not connection.may("can_reply"):
            raise bad_request("BOT_ACCESS_FORBIDDEN")
        return chat

    def open_chat(self) -> Chat:
        """The chat of `chat_id`, to write in it. Raises ApiError 403 if the user blocked the bot,
        is no more, is a bot, or never began the conversation, and what `chat` raises."""
        chat = self.chat()
        if chat.business:
            return chat
        if chat.chat_id in self.world.bots:
            raise ApiError(403, "Forbidden: bots can't send messages to bots")
        if chat.chat_id in self.world.deactivated:
            raise ApiError(403, "Forbidden: user is deactivated")
        if chat.chat_id in self.bot.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat.bot_id is not None and not self.bot.may_write(chat.chat_id, self.world.clock.now()):
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        if chat.is_channel and chat.member(self.bot.bot_id)["status"] != "administrator":
            raise bad_request("need administrator rights in the channel chat")
        return chat

    def message(self, chat: Chat, problem: str) -> Stored:
        """The message of `message_id`. Raises ApiError 400 with `problem`."""
        stored = chat.messages.get(self.params.get("message_id", 0))
        if stored is None:
            raise bad_request(problem)
        return stored

    def message_ids(self) -> list[int]:
        """The `message_ids`. Raises ApiError 400."""
        ids: list[int] = self.params["message_ids"]
        if not ids:
            raise bad_request("message identifiers are not specified")
        if len(ids) > MOST_MESSAGES:
            raise bad_request("too many message identifiers specified")
        if min(ids) <= 0:
            raise bad_request("invalid message identifier specified")
        return ids

    def own_message(
        self, missing: str = "message to edit not found", foreign: str = "message can't be edited"
    ) -> tuple[Chat, Stored]:
        """The message to edit: the bot's own, without another keyboard than an inline one
        (https://core.telegram.org/bots/api#updating-messages), or one sent by its inline mode,
        named by `inline_message_id`. Raises ApiError 400."""
        if "chat_id" not in self.params and not self.params.get("message_id"):
            inline_id = self.params.get("inline_message_id")
            if inline_id is None:
                raise bad_request("message identifier is not specified")
            bot_id, chat, message_id = self.world.inline_messages.get(inline_id, (0, None, 0))
            stored = chat.messages.get(message_id) if chat else None
            if chat is None or stored is None or bot_id != self.bot.bot_id:
                raise bad_request("MESSAGE_ID_INVALID")
            return chat, stored
        chat = self.open_chat()
        stored = self.message(chat, missing)
        own = stored.bot_id == self.bot.bot_id or chat.member(self.bot.bot_id).get(
            "can_edit_messages"
        )
        if not own or "forward_origin" in stored.message or stored.keyboard:
            raise bad_request(foreign)
        return chat, stored


@dataclass(frozen=True, slots=True)
class Described:
    """A result with a remark: https://core.telegram.org/bots/api#making-requests."""

    result: object
    description: str


Handler = Callable[[Call], Awaitable[object]]
"""Does what a method does and returns its result as JSON, or Described. Raises ApiError."""
