"""What is found by an id that was given out: queries, links, polls."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.world.apps import Opened, Prepared
from sandbox.world.business import Connection
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.files import File
from sandbox.world.invites import Link
from sandbox.world.pending import Checkout, InlineQuery, Poll, Press, Recent
from sandbox.world.stars import Offer
from sandbox.world.stickers import StickerSet


@dataclass(slots=True, kw_only=True)
class Kept:
    """The newest of each kind."""

    presses: Recent[Press] = field(default_factory=Recent)
    inline_queries: Recent[InlineQuery] = field(default_factory=Recent)
    checkouts: Recent[Checkout] = field(default_factory=Recent)
    inline_messages: Recent[tuple[int, Chat, int]] = field(default_factory=Recent)
    """Sent by inline mode: bot id, chat and message id by inline_message_id."""
    polls: Recent[Poll] = field(default_factory=Recent)
    connections: Recent[Connection] = field(default_factory=Recent)
    sticker_sets: Recent[StickerSet] = field(default_factory=Recent)
    """By name in lower case."""
    emoji_files: Recent[File] = field(default_factory=Recent)
    """What stands for custom emoji of others, by their id."""
    apps: Recent[Opened] = field(default_factory=Recent)
    """By web_app_query_id."""
    guest_queries: Recent[Opened] = field(default_factory=Recent)
    prepared: Recent[Prepared] = field(default_factory=Recent)
    photos: dict[int, list[list[Json]]] = field(default_factory=dict)
    """Of profiles: the sizes of each photo, the newest first, by the id of a user or bot."""
    audios: dict[int, list[Json]] = field(default_factory=dict)
    """The same of Audio objects, by the id of a user."""
    status_allowed: set[tuple[int, int]] = field(default_factory=set)
    """The bots that may set a user's emoji status: ids of both."""
    stories: dict[tuple[int, int], Json] = field(default_factory=dict)
    """What they show, by owner and number."""
    abouts: dict[int, Json] = field(default_factory=dict)
    """Fields of ChatFullInfo by the id of a user."""
    games: dict[tuple[int, str], Json] = field(default_factory=dict)
    """Game objects, by the bot's id and their short name."""
    gifts: dict[int, list[Json]] = field(default_factory=dict)
    """OwnedGift objects by the id of who got them."""
    offers: Recent[Offer] = field(default_factory=Recent)
    """By the address of their link."""
    links: Recent[Link] = field(default_factory=Recent)
    """By address."""

    def about(self, user_id: int) -> Json:
        """What getChat tells of a user besides, to be changed."""
        return self.abouts.setdefault(user_id, {})
