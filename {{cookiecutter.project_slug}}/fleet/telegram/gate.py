"""What a gate is, for whoever has no calls to make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from aiogram.methods import TelegramMethod


class Gate(NamedTuple):
    """Which calls it is about: of a chat, of a method if it names no chat, or all of a bot."""

    bot_id: int
    chat: str | None = None
    method: str | None = None

    @property
    def is_bots(self) -> bool:
        return self.chat is None and self.method is None

    @classmethod
    def of(cls, bot_id: int, method: TelegramMethod[Any]) -> Gate:
        """Give the one on the way of a call."""
        chat = getattr(method, "chat_id", None)
        if chat is None:
            return cls(bot_id, method=method.__api_method__)
        return cls(bot_id, chat=str(chat))


def listed(shut: Mapping[Gate, float]) -> list[dict[str, Any]]:
    """Describe gates and for how many seconds they are shut: those of whole bots come first."""
    worst = sorted(shut.items(), key=lambda one: (one[0].is_bots, one[1]), reverse=True)
    return [{**gate._asdict(), "seconds": round(left, 1)} for gate, left in worst]
