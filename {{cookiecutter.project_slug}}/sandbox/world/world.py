"""Everything the sandbox knows. In memory, of one event loop; gone with the process."""

from __future__ import annotations

import itertools
import secrets
from collections import deque
from dataclasses import dataclass, field

from sandbox.entities import detect
from sandbox.errors import ApiError, ControlError
from sandbox.world.bots import Bot, Wake, new_secret
from sandbox.world.calls import CallLog
from sandbox.world.chats import Chat, MessageIds, Stored, describe_group, describe_private
from sandbox.world.clock import Clock
from sandbox.world.events import Events, Json
from sandbox.world.faults import Fault, Faults
from sandbox.world.files import Files, file_ids
from sandbox.world.kept import Kept
from sandbox.world.limits import Limits
from sandbox.world.privacy import hearers
from sandbox.world.story import Story

KEPT_MESSAGES = 100_000
"""Messages kept in all chats together; the oldest are forgotten."""
FORMATTED = {"text": "entities", "caption": "caption_entities"}
"""The texts of a Message, and where their entities are."""
MOST_USERS = 200
"""Of whom is told at once."""
ALICE = 7
PEOPLE = {ALICE: "Alice", 8: "Bob", 9: "Carol"}
"""Who is there from the start."""


@dataclass(slots=True)
class World(Kept):
    """The state. What users do is in `sandbox/control/`, what bots do in `sandbox/methods/`."""

    roles: dict[int, str] = field(default_factory=dict)
    """What tests call the bots, by id; they are named after it."""
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells this process's world from that before a restart."""
    events: Events = field(default_factory=Events)
    clock: Clock = field(default_factory=Clock)
    story: Story = field(default_factory=Story)
    bots: dict[int, Bot] = field(default_factory=dict)
    users: dict[int, Json] = field(default_factory=dict)
    deactivated: set[int] = field(default_factory=set)
    """The users who have deleted their account."""
    groups: dict[int, Chat] = field(default_factory=dict)
    files: Files = field(default_factory=Files)
    calls: CallLog = field(init=False)
    faults: Faults = field(init=False)
    limits: Limits = field(init=False)
    stopping: bool = False
    _kept: deque[tuple[Chat, int]] = field(default_factory=deque)
    _ids: itertools.count[int] = field(
        default_factory=lambda: itertools.count(secrets.randbits(40))
    )

    def __post_init__(self) -> None:
        self.events.ears.append(self.story.take)
        self.calls = CallLog(self.events)
        self.faults = Faults(self.events)
        self.limits = Limits(self.events, self.clock.now)
        for user_id, name in PEOPLE.items():
            self.user(user_id, name)

    def new_id(self) -> str:
        """An id for a query, a poll and the like."""
        return str(next(self._ids))

    # Bots

    def authorize(self, bot_id: int, secret: str) -> Bot:
        """The bot of a token. The first token seen of an id makes the bot; later only this one
        is valid. https://core.telegram.org/bots/api#authorizing-your-bot

        Raises ApiError 401.
        """
        bot = self.bots.get(bot_id)
        if bot is None:
            name = f"{self.roles[bot_id].title()} bot" if bot_id in self.roles else ""
            bot = self.add_bot(Bot(bot_id, secret, self.events, name))
        if bot.revoked or not secrets.compare_digest(bot.secret, secret):
            raise ApiError(401, "Unauthorized")
        return bot

    def add_bot(self, bot: Bot) -> Bot:
        """A bot from now on."""
        self.bots[bot.bot_id] = bot
        bot.changed()
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

    def create_managed_bot(self, manager: Bot, owner: Json, name: str, username: str) -> Bot:
        """A bot that `manager` manages, which is told."""
        bot_id = secrets.choice(range(10**9, 10**10))
        bot = self.add_bot(
            Bot(bot_id, new_secret(), self.events, name, username, manager.bot_id, owner)
        )
        self._tell_manager(bot)
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
        self.events.stop()

    # People and chats

    def user(self, user_id: int, first_name: str | None = None, **about: str | None) -> Json:
        """A User object (https://core.telegram.org/bots/api#user): of a bot, of somebody known, or
        of somebody new. What is given about somebody counts from now on."""
        if user_id in self.bots:
            return self.bots[user_id].user
        unknown = {
            "id": user_id,
            "is_bot": False,
            "first_name": f"User {user_id}",
            "language_code": "en",
        }
        told = {"first_name": first_name, **about}
        known = self.users.get(user_id, unknown)
        user = known | {name: value for name, value in told.items() if value}
        if user != self.users.get(user_id):
            self.users[user_id] = user
            self.events.tell("user", user=user)
        return user

    def newest_users(self) -> list[Json]:
        """Who is known; after many, those who came last."""
        return list(self.users.values())[-MOST_USERS:]

    def chat(self, bot: Bot | None, chat_id: int) -> Chat:
        """A chat to look at. A private one in which nothing was said yet the bot cannot see.

        Raises ControlError.
        """
        if chat_id < 0:
            return self.group(chat_id)
        if bot is None:
            raise ControlError("bot_id: say whose private chat you mean")
        chat = bot.chats.get(chat_id) or bot.awaited.get(chat_id)
        if chat is None:
            info = describe_private(self.user(chat_id))
            chat = bot.awaited[chat_id] = Chat(info, self.events, self.clock, bot.ids, bot.bot_id)
        return chat

    def group(self, chat_id: int, title: str | None = None, **about: str) -> Chat:
        """A group or channel, made when it is not known."""
        group = self.groups.get(chat_id)
        if group is None:
            info = describe_group(chat_id, title, **about)
            group = self.groups[chat_id] = Chat(info, self.events, self.clock, MessageIds())
            self.group_changed(group)
        return group

    def named(self, name: str) -> Chat | None:
        """The public group or channel with an `@name`, in any case."""
        return next((one for one in self.groups.values() if one.name == name.lower()), None)

    def group_changed(self, group: Chat) -> None:
        """Tells everybody who watches."""
        self.events.tell("group", group=group.describe())

    def enter_chat(self, bot: Bot | None, chat_id: int, user: Json) -> Chat:
        """The chat in which a user writes to a bot: from now on the bot can see it, and whoever was
        in no group before is in it now."""
        chat = self.chat(bot, chat_id)
        if chat_id >= 0 and bot is not None:
            chat.info = describe_private(user)
            bot.chats[chat_id] = chat
            bot.awaited.pop(chat_id, None)
            return chat
        if chat.is_channel:
            return chat
        newcomers = [one for one in (user, bot.user if bot else None) if one]
        newcomers = [one for one in newcomers if not chat.is_member(one["id"])]
        for one in newcomers:
            chat.members[one["id"]] = {"user": one, "status": "member"}
        if newcomers:
            self.group_changed(chat)
        return chat

    def bots_in(self, chat: Chat) -> list[Bot]:
        """The bots that get the messages of a chat."""
        if chat.bot_id is not None:
            return [self.bots[chat.bot_id]]
        return [bot for bot in self.bots.values() if chat.is_member(bot.bot_id)]

    # Messages

    def post(
        self,
        chat: Chat,
        sender: Json,
        content: Json,
        *,
        bot_id: int | None = None,
        keyboard: Json | None = None,
    ) -> Json:
        """A message in a chat, of a user or of the bot `bot_id`. Returns the Message object."""
        message = {
            "message_id": chat.ids.take(),
            **chat.author(sender),
            "chat": chat.info,
            "date": self.clock.date,
            **content,
        }
        for file_id in file_ids(content):
            self.files.tell(file_id, [bot.bot_id for bot in self.bots_in(chat)])
        self.keep(chat, message, bot_id, keyboard)
        return message

    def write(
        self, chat: Chat, sender: Json, content: Json, to: Bot | None = None
    ) -> tuple[int, Json]:
        """A message of a user. Returns what `tell_bots` does, and the message."""
        for text, name in FORMATTED.items():
            if entities := detect(content.get(text, ""), content.get(name, [])):
                content = content | {name: entities}
        message = self.post(chat, sender, content)
        return self.tell_bots(chat, {chat.update("message"): message}, to), message

    def rewrite(self, chat: Chat, stored: Stored, text: str, to: Bot | None = None) -> Json:
        """A user edits what they wrote: the bots get `edited_message`."""
        name = "text" if "text" in stored.message else "caption"
        message = stored.message | {name: text, "edit_date": self.clock.date}
        message.pop(FORMATTED[name], None)
        if entities := detect(text, []):
            message[FORMATTED[name]] = entities
        chat.edit(message)
        update_id = self.tell_bots(chat, {chat.update("edited_message"): message}, to)
        return {"update_id": update_id, "message": message}

    def tell_bots(self, chat: Chat, update: Json, to: Bot | None = None) -> int:
        """An update for the `hearers` in a chat. Returns the id of the first one, 0 without any."""
        ids = [bot.enter([update])[0] for bot in hearers(self.bots_in(chat), chat, update, to)]
        return ids[0] if ids else 0

    def keep(
        self, chat: Chat, message: Json, bot_id: int | None, keyboard: Json | None = None
    ) -> None:
        """Puts a message into a chat; the oldest of all are forgotten."""
        chat.add(message, bot_id, keyboard)
        self._kept.append((chat, message["message_id"]))
        if len(self._kept) > KEPT_MESSAGES:
            oldest, message_id = self._kept.popleft()
            oldest.messages.pop(message_id, None)

    def find(self, chat: Chat, message_id: int) -> Stored:
        """A message in a chat. Raises ControlError."""
        stored = chat.messages.get(message_id)
        if stored is None:
            raise ControlError(f"no message {message_id} in chat {chat.key}", 404)
        return stored
