"""Everything the sandbox knows. In memory, of one event loop; gone with the process."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections import OrderedDict, deque

from sandbox.bots import Bot, Wake, new_secret
from sandbox.calls import CallLog
from sandbox.chats import Chat, Json, describe_chat
from sandbox.entities import utf16_length
from sandbox.errors import ApiError, ControlError
from sandbox.faults import Fault, Faults

KEPT_MESSAGES = 100_000
"""Messages kept in all chats together; the oldest are forgotten."""
KEPT_QUERIES = 10_000
"""Callback queries that can still be answered."""
TOKEN = re.compile(r"([0-9]{1,16}):([A-Za-z0-9_-]+)")
COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?")


class Sandbox:
    """The state, and what users can do in it."""

    def __init__(self) -> None:
        self.bots: dict[int, Bot] = {}
        self.calls = CallLog()
        self.faults = Faults()
        self.stopping = False
        self._queries: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._kept: deque[tuple[Chat, int]] = deque()
        self._query_ids = itertools.count(secrets.randbits(40))

    def authorize(self, bot_id: int, secret: str) -> Bot:
        """The bot of a token. The first token seen of an id makes the bot; later only this one
        is valid. https://core.telegram.org/bots/api#authorizing-your-bot

        Raises ApiError 401.
        """
        bot = self.bots.get(bot_id)
        if bot is None:
            bot = self.bots[bot_id] = Bot(bot_id, secret)
        if bot.revoked or not secrets.compare_digest(bot.secret, secret):
            raise ApiError(401, "Unauthorized")
        return bot

    def bot(self, bot_id: int) -> Bot:
        """A bot that is known. Raises ControlError."""
        bot = self.bots.get(bot_id)
        if bot is None:
            known = ", ".join(map(str, self.bots)) or "none yet"
            raise ControlError(
                f"bot {bot_id} is not known (known: {known}); "
                "a bot is known after its first call, so start the service first",
                404,
            )
        return bot

    def add_fault(self, fault: Fault, seconds: float | None) -> None:
        """A fault from now on; it strikes polls that wait, too."""
        self.faults.add(fault, seconds)
        for bot in self.bots.values():
            if fault.matches(bot.bot_id, "getUpdates"):
                bot.wake(Wake.FAULT)

    def stop(self) -> None:
        """Ends everything that waits."""
        self.stopping = True
        self.faults.clear()
        for bot in self.bots.values():
            bot.wake(Wake.STOP)
            bot.set_webhook(None)
            for chat in (*bot.chats.values(), *bot.awaited.values()):
                chat.tell({"event": "stop"})

    def chat(self, bot: Bot, chat_id: int) -> Chat:
        """A chat to look at. Nothing said in it yet: an empty one, which the bot cannot see."""
        chat = bot.chats.get(chat_id) or bot.awaited.get(chat_id)
        if chat is None:
            chat = bot.awaited[chat_id] = Chat(describe_chat(chat_id, "Alice"))
        return chat

    def say(self, bot: Bot, chat: Chat, content: Json, keyboard: Json | None = None) -> Json:
        """A message from the bot."""
        return self._post(bot, chat, bot.user, content, by_bot=True, keyboard=keyboard)

    def send(
        self, bot: Bot, text: str, user_id: int, chat_id: int | None, first_name: str
    ) -> tuple[int, Json]:
        """A user writes to the bot. Returns the update's id and the message."""
        chat_id = user_id if chat_id is None else chat_id
        chat = self._chat(bot, describe_chat(chat_id, first_name))
        content: Json = {"text": text}
        if commands := list(COMMAND.finditer(text)):
            content["entities"] = [
                {
                    "type": "bot_command",
                    "offset": utf16_length(text[: match.start()]),
                    "length": len(match.group()),
                }
                for match in commands
            ]
        message = self._post(bot, chat, describe_user(user_id, first_name), content, by_bot=False)
        return bot.enter([{"message": message}])[0], message

    def press(
        self, bot: Bot, chat_id: int, message_id: int, data: str, user_id: int, first_name: str
    ) -> int:
        """A user presses an inline button. Returns the update's id.

        https://core.telegram.org/bots/api#callbackquery
        """
        chat = bot.chats.get(chat_id)
        stored = chat.messages.get(message_id) if chat else None
        if chat is None or stored is None:
            raise ControlError(
                f"no message {message_id} in chat {chat_id} of bot {bot.bot_id}", 404
            )
        rows = stored.message.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [button.get("callback_data") for row in rows for button in row]
        if data not in buttons:
            raise ControlError(f"message {message_id} has no button {data!r}; it has {buttons}")
        chat.acts()
        query_id = str(next(self._query_ids))
        self._queries[query_id] = (bot.bot_id, chat_id)
        if len(self._queries) > KEPT_QUERIES:
            self._queries.popitem(last=False)
        query = {
            "id": query_id,
            "from": describe_user(user_id, first_name),
            "message": stored.message,
            "chat_instance": str(chat_id),
            "data": data,
        }
        return bot.enter([{"callback_query": query}])[0]

    def answer_query(self, bot: Bot, query_id: str) -> Chat | None:
        """The chat of a callback query that waits for its answer; None if there is none."""
        bot_id, chat_id = self._queries.get(query_id, (None, 0))
        if bot_id != bot.bot_id:
            return None
        del self._queries[query_id]
        return bot.chats.get(chat_id)

    def create_managed_bot(
        self,
        manager: Bot,
        user_id: int,
        first_name: str,
        name: str | None,
        username: str | None,
        *,
        by_link: bool,
    ) -> Bot:
        """A user creates a bot that `manager` manages: by the button that asks for it in the
        private chat, or by a link, for which nobody has to ask.

        https://core.telegram.org/bots/api#keyboardbuttonrequestmanagedbot
        """
        wanted: Json = {}
        chat = manager.chats.get(user_id)
        if not by_link:
            buttons = chat.keyboard_buttons() if chat else []
            asked = [one["request_managed_bot"] for one in buttons if "request_managed_bot" in one]
            if not asked:
                raise ControlError(
                    f"bot {manager.bot_id} shows user {user_id} no button with request_managed_bot"
                )
            wanted = asked[0]
        username = username or wanted.get("suggested_username")
        if username and username in {bot.username for bot in self.bots.values()}:
            raise ControlError(f"username: there is a bot @{username} already")
        bot_id = secrets.choice(range(10**9, 10**10))
        owner = describe_user(user_id, first_name)
        bot = self.bots[bot_id] = Bot(
            bot_id,
            new_secret(),
            name or wanted.get("suggested_name") or "",
            username or "",
            manager.bot_id,
            owner,
        )
        self._tell_manager(bot)
        if chat and not by_link:
            content = {"managed_bot_created": {"bot": bot.user}}
            message = self._post(manager, chat, owner, content, by_bot=False)
            manager.enter([{"message": message}])
        return bot

    def rotate(self, bot: Bot) -> str:
        """Makes another token of a bot the valid one and returns it; its manager is told."""
        token = bot.rotate()
        self._tell_manager(bot)
        return token

    def _tell_manager(self, bot: Bot) -> None:
        """https://core.telegram.org/bots/api#managedbotupdated"""
        manager = self.bots.get(bot.manager_id or 0)
        if manager is not None:
            manager.enter([{"managed_bot": {"user": bot.owner, "bot": bot.user}}])

    def push(self, bot: Bot, updates: list[Json]) -> list[int]:
        """Raw updates. The chats in them become known; messages appear in their chats."""
        for update in updates:
            for kind, content in update.items():
                if isinstance(content, dict):
                    self._notice(bot, kind, content)
        return bot.enter(updates)

    def _notice(self, bot: Bot, kind: str, content: Json) -> None:
        info = content.get("chat") or (content.get("message") or {}).get("chat")
        if not isinstance(info, dict) or not isinstance(info.get("id"), int):
            return
        chat = self._chat(bot, info)
        message_id = content.get("message_id")
        if kind == "message" and isinstance(message_id, int):
            bot.next_message_id = max(bot.next_message_id, message_id + 1)
            self._keep(chat, content, by_bot=False)

    def _chat(self, bot: Bot, info: Json) -> Chat:
        chat = bot.chats.get(info["id"])
        if chat is None:
            chat = bot.awaited.pop(info["id"], None) or Chat(info)
            chat.info = info
            bot.chats[info["id"]] = chat
        return chat

    def _post(
        self,
        bot: Bot,
        chat: Chat,
        sender: Json,
        content: Json,
        *,
        by_bot: bool,
        keyboard: Json | None = None,
    ) -> Json:
        message = {
            "message_id": bot.next_message_id,
            "from": sender,
            "chat": chat.info,
            "date": int(time.time()),
            **content,
        }
        bot.next_message_id += 1
        self._keep(chat, message, by_bot=by_bot, keyboard=keyboard)
        return message

    def _keep(
        self, chat: Chat, message: Json, *, by_bot: bool, keyboard: Json | None = None
    ) -> None:
        chat.add(message, by_bot=by_bot, keyboard=keyboard)
        self._kept.append((chat, message["message_id"]))
        if len(self._kept) > KEPT_MESSAGES:
            oldest, message_id = self._kept.popleft()
            oldest.messages.pop(message_id, None)


def describe_user(user_id: int, first_name: str) -> Json:
    """A User object: https://core.telegram.org/bots/api#user."""
    return {"id": user_id, "is_bot": False, "first_name": first_name, "language_code": "en"}
