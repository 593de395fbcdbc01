"""Invite links: https://core.telegram.org/bots/api#chatinvitelink."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sandbox.world.chats import Chat
from sandbox.world.events import Json


@dataclass(slots=True)
class Link:
    """An invite link of a group or channel."""

    chat: Chat
    described: Json
    """The ChatInviteLink object, but for how many wait."""
    used: int = 0
    """How many have joined by it."""

    @property
    def address(self) -> str:
        return str(self.described["invite_link"])

    def describe(self) -> Json:
        """The ChatInviteLink object."""
        asked = (one["invite_link"]["invite_link"] for one in self.chat.requests.values())
        waiting = sum(address == self.address for address in asked)
        count = {"pending_join_request_count": waiting} if waiting else {}
        return self.described | count

    def problem(self) -> str:
        """Why nobody can join by it; empty if everybody can."""
        expires, limit = (self.described.get(name) for name in ("expire_date", "member_limit"))
        if self.described["is_revoked"]:
            return "is revoked"
        if expires and expires <= self.chat.clock.now():
            return "has expired"
        return "has let in as many as it may" if limit and self.used >= limit else ""


def new_address() -> str:
    """What an invite link looks like."""
    return f"https://t.me/+{secrets.token_urlsafe(12)}"
