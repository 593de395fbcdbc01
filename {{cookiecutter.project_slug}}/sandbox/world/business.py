"""Business accounts that bots may act for: https://core.telegram.org/bots/api#businessconnection."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.world.events import Json


@dataclass(slots=True)
class Connection:
    """A user let a bot act for them."""

    bot_id: int
    described: Json
    """The BusinessConnection object."""
