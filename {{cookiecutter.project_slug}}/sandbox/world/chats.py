"""Chats: what was said, and by whom. A private chat is one bot's; a group or channel is shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sandbox.summary import is_service
from sandbox.world.clock import Clock
from sandbox.world.events import Events, Json
from sandbox.world.stars import Terms
from sandbox.world.topics import Topic


class MessageIds:
    """Message ids: one row for all private chats of a bot, one for each group.

    https://core.telegram.org/bots/api#message
    """

    def __init__(self) -> None:
        self._next = 1

    @property
    def coming(self) -> int:
        """The id that comes next."""
        return self._next

    def take(self) -> int:
        """The next id."""
        self._next += 1
        return self._next - 1

    def skip(self, used: int) -> None:
        """An id that came from outside is used: go on above it."""
        self._next = max(self._next, used + 1)


@dataclass(slots=True)
class Stored:
    """A message in a chat. Messages are replaced when edited, never changed in place."""

    message: Json
    bot_id: int | None
    """The bot that wrote it; None: a user did."""
    created: int
    changed: int
    keyboard: Json | None = None
    """The reply keyboard that came with it, or what took one away. The user sees it; a Message
    object of the Bot API has inline keyboards alone."""
    inline_id: str | None = None
    """The inline_message_id of a message that was sent by inline mode."""
    terms: Terms | None = None
    """Of an invoice or of paid media."""
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    """ReactionType objects by the id of the user or bot."""
    buyers: set[int] = field(default_factory=set)
    """The users who have bought what is in it."""

    @property
    def seen(self) -> Json:
        """The message as the user sees it."""
        return self.message | {"reply_markup": self.keyboard} if self.keyboard else self.message

    @property
    def counted(self) -> list[Json]:
        """How often each reaction was given: https://core.telegram.org/bots/api#reactioncount."""
        given = [one["emoji"] for several in self.reactions.values() for one in several]
        return [
            {"type": {"type": "emoji", "emoji": emoji}, "total_count": count}
            for emoji, count in Counter(given).items()
        ]

    @property
    def reacted(self) -> list[Json]:
        """Each reaction with the `user_id` of who gave it, a user or a bot."""
        return [
            {"user_id": user_id, **reaction}
            for user_id, given in self.reactions.items()
            for reaction in given
        ]


@dataclass(slots=True)
class Chat:
    """One chat. `revision` grows with everything that happens in it."""

    info: Json
    """Its Chat object: https://core.telegram.org/bots/api#chat."""
    events: Events
    clock: Clock
    ids: MessageIds
    bot_id: int | None = None
    """The bot of a private chat; None: a group."""
    business: str = ""
    """The id of the connection by which the bot has it, if it is another one's private chat."""
    messages: dict[int, Stored] = field(default_factory=dict)
    members: dict[int, Json] = field(default_factory=dict)
    """Of a group: ChatMember objects (https://core.telegram.org/bots/api#chatmember) by user id."""
    promoters: dict[int, int] = field(default_factory=dict)
    """Who made somebody an administrator, by user id."""
    pinned: list[int] = field(default_factory=list)
    topics: dict[int, Topic] = field(default_factory=dict)
    """Of a forum, by message_thread_id."""
    requests: dict[int, Json] = field(default_factory=dict)
    """ChatJoinRequest objects by user id."""
    whispers: dict[tuple[int, int], Json] = field(default_factory=dict)
    """Messages that one member sees, by whom and ephemeral_message_id."""
    drafts: dict[int, Json] = field(default_factory=dict)
    """Messages that are streamed and that the user may stop, by draft_id."""
    boosts: dict[str, Json] = field(default_factory=dict)
    """ChatBoost objects by boost_id."""
    banned_senders: set[int] = field(default_factory=set)
    """Ids of chats in whose name nobody may write here."""
    scores: dict[str, dict[int, int]] = field(default_factory=dict)
    """Of games: by short name and user id."""
    migrated_to: int | None = None
    """The supergroup that this group has become."""
    details: Json = field(default_factory=dict)
    """What only getChat tells, such as the description."""
    revision: int = 0
    acted: int = 0
    """Revision at a user's last action: what is newer may be the answer to it."""
    acted_at: float = float("-inf")
    """When that was, by the clock."""

    @property
    def chat_id(self) -> int:
        chat_id: int = self.info["id"]
        return chat_id

    @property
    def name(self) -> str:
        """Its `@name` in lower case, if it is public."""
        return f"@{self.info['username']}".lower() if "username" in self.info else ""

    @property
    def is_channel(self) -> bool:
        return bool(self.info["type"] == "channel")

    def author(self, sender: Json) -> Json:
        """Who has written a message, as it tells; posts in a channel are the channel's."""
        if self.business:
            return {"from": sender, "business_connection_id": self.business}
        return {"sender_chat": self.info} if self.is_channel else {"from": sender}

    def update(self, kind: str) -> str:
        """What an update `message` or `edited_message` of this chat is called."""
        if self.business:
            return kind.replace("message", "business_message")
        return kind.replace("message", "channel_post") if self.is_channel else kind

    @property
    def key(self) -> str:
        """Names the chat among all: `<bot>/<user>`, or the id of a group; of a business account it
        is `<connection>/<user>`."""
        if self.business:
            return f"{self.business}/{self.chat_id}"
        return str(self.chat_id) if self.bot_id is None else f"{self.bot_id}/{self.chat_id}"

    def add(self, message: Json, bot_id: int | None, keyboard: Json | None = None) -> None:
        """A new message, of a bot or, with None, of a user."""
        self.revision += 1
        stored = Stored(message, bot_id, self.revision, self.revision, keyboard)
        self.messages[message["message_id"]] = stored
        if bot_id is None:
            self._act()
        self._tell_message("message", stored)

    def edit(self, message: Json, keyboard: Json | None = None) -> None:
        """A message that is there gets a new content."""
        self.revision += 1
        stored = self.messages[message["message_id"]]
        stored.message = message
        stored.keyboard = keyboard or stored.keyboard
        stored.changed = self.revision
        if stored.bot_id is None:
            self._act()
        self._tell_message("edit", stored)

    def delete(self, message_id: int) -> None:
        """A message disappears."""
        self.revision += 1
        del self.messages[message_id]
        self.pinned = [one for one in self.pinned if one != message_id]
        self.tell("delete", message_id=message_id)

    def acts(self) -> None:
        """A user did something that is no message, such as pressing a button."""
        self.revision += 1
        self._act()

    def _act(self) -> None:
        self.acted = self.revision
        self.acted_at = self.clock.now()

    def tell_reactions(self, stored: Stored) -> None:
        """The reactions to a message have changed."""
        message_id = stored.message["message_id"]
        self.tell("reaction", message_id=message_id, reactions=stored.reacted)

    def tell(self, event: str, bot_id: int | None = None, **content: object) -> None:
        """Give an event of this chat, perhaps of a bot in it, to those who watch."""
        chat = {"chat": self.key, "chat_id": self.chat_id, "bot_id": bot_id or self.bot_id}
        self.events.tell(event, **chat, **content)

    def _tell_message(self, event: str, stored: Stored) -> None:
        by_bot = stored.bot_id is not None
        self.tell(event, stored.bot_id, by_bot=by_bot, message=stored.seen)

    def view(self) -> list[Json]:
        """The messages as a user sees them now, oldest first, with `reactions` if there are any."""
        return [
            stored.seen | {"reactions": stored.reacted} if stored.reacted else stored.seen
            for stored in self.messages.values()
        ]

    def describe(self) -> Json:
        """What the control API says of a group."""
        about = {
            "migrated_to": self.migrated_to,
            "topics": [one.describe() for one in self.topics.values()],
            "requests": len(self.requests),
        }
        told = {name: value for name, value in about.items() if value}
        return {**self.info, **told, "members": [self.member(one) for one in self.members]}

    def member(self, user_id: int) -> Json:
        """The ChatMember object of somebody, empty for who was never there. Bans and restrictions
        have ended at their `until_date`: https://core.telegram.org/bots/api#banchatmember."""
        found = self.members.get(user_id, {})
        if 0 < found.get("until_date", 0) <= self.clock.now():
            status = "member" if found.get("is_member") else "left"
            found = self.members[user_id] = {"status": status, "user": found["user"]}
        return found

    def is_member(self, user_id: int) -> bool:
        """Whether somebody is in the group."""
        member = self.member(user_id)
        status = member.get("status")
        return status in ("creator", "administrator", "member") or member.get("is_member", False)

    def keyboard_buttons(self) -> list[Json]:
        """The buttons of the reply keyboard that the user has now."""
        for stored in reversed(self.messages.values()):
            if stored.keyboard and not stored.keyboard.get("force_reply"):
                rows = stored.keyboard.get("keyboard", [])
                return [button for row in rows for button in row]
        return []

    def next_reply(self, bot_id: int, after: int | None, seen: int) -> Json | None:
        """The bot's first reply with an id above `after`, or, without `after`, its first one since
        a user's last action with an id above `seen`."""
        for message_id, stored in self.messages.items():
            if stored.bot_id != bot_id or is_service(stored.message):
                continue
            if after is not None:
                if message_id > after:
                    return stored.seen
            elif stored.created > self.acted and message_id > seen:
                return stored.seen
        return None

    def next_edit(self, message_id: int) -> Json | None:
        """The message, if it was edited since a user's last action."""
        stored = self.messages.get(message_id)
        if stored is None or stored.changed == stored.created or stored.changed <= self.acted:
            return None
        return stored.seen


def describe_private(user: Json) -> Json:
    """The Chat object of a private chat: https://core.telegram.org/bots/api#chat."""
    names = ("first_name", "last_name", "username")
    return {"id": user["id"], "type": "private", **{n: user[n] for n in names if n in user}}


def describe_group(chat_id: int, title: str | None = None, **about: str) -> Json:
    """The Chat object of a group: a supergroup below -10^12 unless told otherwise, else a basic
    one."""
    kind = about.get("type") or ("supergroup" if chat_id < -(10**12) else "group")
    return {"id": chat_id, "type": kind, "title": title or f"Sandbox {kind}", **about}
