"""Groups that have become supergroups: each has another id since, and calls follow it there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import TelegramAPIError, TelegramMigrateToChat

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

MOST = 20_000
"""Groups that are remembered; of more, those that moved first are forgotten."""

log = structlog.get_logger(__name__)


class Move(NamedTuple):
    """A group that is a supergroup now, as one bot sees it."""

    bot_id: int
    old: int
    new: int


def move_of(bot_id: int, update: Mapping[str, Any]) -> Move | None:
    """Read what Telegram tells, in the group and in the supergroup.

    Source: https://core.telegram.org/bots/api#message
    """
    message = update.get("message")
    chat = message.get("chat") if isinstance(message, dict) else None
    here = chat.get("id") if isinstance(chat, dict) else None
    if not isinstance(message, dict) or not isinstance(here, int):
        return None
    if isinstance(new := message.get("migrate_to_chat_id"), int):
        return Move(bot_id, here, new)
    if isinstance(old := message.get("migrate_from_chat_id"), int):
        return Move(bot_id, old, here)
    return None


class Moves:
    """Which groups have moved, as far as this process knows. False while it knows of none."""

    def __init__(self) -> None:
        self.were_noted = asyncio.Event()
        """Set while there are some of which `take_news` has not told yet."""
        self.on_note: Callable[[int, int, int], None] = lambda *_: None
        """Is told of each that is learned here, also again."""
        self._new: dict[str, int] = {}  # by `bot:chat`, as conversations begin
        self._old: dict[str, int] = {}
        self._news: dict[Move, None] = {}

    def __bool__(self) -> bool:
        return bool(self._new)

    def note(self, move: Move) -> None:
        """Note one that was learned here, of which others are to hear."""
        if self.hear(move):
            log.info("a group is a supergroup now", **move._asdict())
            self.tell_again([move])
        self.on_note(*move)

    def hear(self, move: Move) -> bool:
        """Note one. Returns whether it was unknown."""
        bot_id, old, new = move
        if self._new.get(f"{bot_id}:{old}") == new:
            return False
        self._new[f"{bot_id}:{old}"], self._old[f"{bot_id}:{new}"] = new, old
        if len(self._new) > MOST:
            first = next(iter(self._new))
            self._old.pop(f"{first.partition(':')[0]}:{self._new.pop(first)}", None)
        return True

    def take_news(self) -> list[Move]:
        """Tell those that were learned here and of which this has not told yet."""
        news, self._news = list(self._news), {}
        self.were_noted.clear()
        return news

    def tell_again(self, some: Iterable[Move]) -> None:
        """Have `take_news` tell of them."""
        self._news |= dict.fromkeys(some)
        self.were_noted.set()

    def new_id(self, bot_id: int, chat: object) -> int | None:
        """Give the supergroup that a group is now; None if it is none, as far as is known."""
        return self._new.get(f"{bot_id}:{chat}") if self._new else None

    def old_id(self, bot_id: int, chat: object) -> int | None:
        """Give the group that a supergroup was."""
        return self._old.get(f"{bot_id}:{chat}") if self._old else None

    def now(self, conversation: str) -> str:
        """Name a conversation as it is named now."""
        new = self._new and self._new.get(conversation.rpartition(":")[0])
        return _elsewhere(conversation, new) if new else conversation

    def before(self, conversation: str) -> str | None:
        """Name it as it was named in the group; None if there was none."""
        old = self._old and self._old.get(conversation.rpartition(":")[0])
        return _elsewhere(conversation, old) if old else None


def _elsewhere(conversation: str, chat: int) -> str:
    bot, here, who = conversation.split(":", 2)
    user, slash, lane = who.partition("/")
    # Where all of a chat share a conversation, it is named after the chat alone.
    return f"{bot}:{chat}:{chat if user == here else user}{slash}{lane}"


class Following(BaseRequestMiddleware):
    """Makes the calls for a group that is a supergroup now there.

    Those that name a message stay what they are: messages have other numbers there, and the old
    ones are still in the group.
    """

    def __init__(self, moves: Moves) -> None:
        self._moves = moves

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make one call of a bot, twice if it is the first to hear of the move."""
        chat = getattr(method, "chat_id", None)
        new = self._moves.new_id(bot.id, chat)
        if new is None or _names_message(method):
            try:
                return await make_request(bot, method)
            except TelegramMigrateToChat as error:
                new = error.migrate_to_chat_id
                if chat is None:
                    raise
                self._moves.note(Move(bot.id, int(chat), new))
                if _names_message(method):
                    raise
        try:
            return await make_request(bot, _in_chat(method, new))
        except TelegramAPIError as error:
            error.method = method  # the one that whoever handles it knows
            raise


def _names_message(method: TelegramMethod[Any]) -> bool:
    """Tell whether it is about messages of the chat that it names."""
    named = getattr(method, "message_id", None) or getattr(method, "message_ids", None)
    return named is not None and getattr(method, "from_chat_id", None) is None


def _in_chat(method: TelegramMethod[TelegramType], chat: int) -> TelegramMethod[TelegramType]:
    changes: dict[str, Any] = {"chat_id": chat}
    reply = getattr(method, "reply_parameters", None)
    if reply and reply.chat_id in (None, getattr(method, "chat_id", None)):
        changes["reply_parameters"] = None  # the message has another number there
    if getattr(method, "reply_to_message_id", None):
        changes["reply_to_message_id"] = None
    return method.model_copy(update=changes)
