"""Business accounts that bots may act for: https://core.telegram.org/bots/api#businessconnection."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.world.chats import Chat, MessageIds, describe_private
from sandbox.world.clock import Clock
from sandbox.world.events import Events, Json


@dataclass(slots=True)
class Connection:
    """A user let a bot act for them."""

    bot_id: int
    described: Json
    """The BusinessConnection object."""
    ids: MessageIds = field(default_factory=MessageIds)
    """Of the messages in the owner's private chats."""
    stars: int = 0
    """The owner's."""
    chats: dict[int, Chat] = field(default_factory=dict)
    """Those that the bot may write in, by whom the owner talks to."""

    @property
    def owner_id(self) -> int:
        return int(self.described["user"]["id"])

    def may(self, right: str) -> bool:
        """Whether the bot has a right (#businessbotrights)."""
        return bool(self.described["rights"].get(right))

    def chat(self, user: Json, events: Events, clock: Clock) -> Chat:
        """The owner's chat with somebody, from now on."""
        if user["id"] not in self.chats:
            info = describe_private(user)
            chat = Chat(info, events, clock, self.ids, self.bot_id, business=self.described["id"])
            self.chats[user["id"]] = chat
        return self.chats[user["id"]]
