"""Pace: how fast a bot writes into one chat, so that Telegram has no reason to shut its gate.

A chat gets a message now and then, after a burst if it was calm; a group or channel no more than so
many within a minute, besides. Edits count, each message of an album counts. Source:
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from aiogram.methods import (
    CopyMessages,
    ForwardMessages,
    SendChatAction,
    SendMediaGroup,
    SendMessageDraft,
    SendRichMessageDraft,
)
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiogram.methods import TelegramMethod

MINUTE = 61.0
"""Seconds, one of them for a call that takes longer to arrive than those of a minute later."""
FEW = 1_000
"""Chats of which none is forgotten."""
WRITING = ("send", "copyMessage", "forwardMessage", "editMessage", "stopMessage")
"""How the names of the methods begin that write into a chat."""


class Rates(NamedTuple):
    """CHAT_RATE, CHAT_BURST and GROUP_RATE."""

    chat: int
    """Messages a second; 0: any number."""
    burst: int
    """Messages at once in a chat that was calm."""
    group: int
    """Messages a minute in a group or channel; 0: any number."""


class SharedPace(Protocol):
    """The pace of chats into which several replicas may write."""

    def minds(self, bot_id: int, chat: str) -> bool:
        """Tell whether it is to be asked for this chat."""

    async def take(self, bot_id: int, chat: str, count: int, spare: int) -> float:
        """Do as `Pace.take`. Raises `redis.exceptions.RedisError`."""


class Pace:
    """The pace of all chats, as far as this process writes into them.

    Args:
        rates: what is allowed.
        clock: tells seconds.
    """

    def __init__(self, rates: Rates, clock: Callable[[], float] = time.monotonic) -> None:
        self.rates = rates
        self._clock = clock
        self.shared: SharedPace | None = None
        self._chats: dict[tuple[int, str], _Chat] = {}
        self._many = FEW

    async def take(self, bot_id: int, chat: str, count: int, spare: int = 0) -> float:
        """Take places for so many messages to a chat, if there is room for one; with 0, only look.

        Args:
            bot_id: who writes.
            chat: the chat's id or @name.
            count: messages.
            spare: places that are left, for those who go first.

        Returns:
            0.0, or the seconds after which it is worth asking again: then none is taken.
        """
        if count and self.shared and self.shared.minds(bot_id, chat):
            with contextlib.suppress(RedisError):  # the worker says so
                return await self.shared.take(bot_id, chat, count, spare)
        now = self._clock()
        known = self._chats.get((bot_id, chat))
        if known is None:
            self._forget(now)
            known = self._chats[bot_id, chat] = _Chat(is_group=is_group(chat))
        left = known.wait(now, self.rates, spare)
        if count and not left:
            known.note(now, self.rates, count)
        return left

    def _forget(self, now: float) -> None:
        if len(self._chats) >= self._many:
            self._chats = {one: chat for one, chat in self._chats.items() if not chat.is_calm(now)}
            self._many = max(FEW, 2 * len(self._chats))


class _Chat:
    """When a bot has written into a chat."""

    __slots__ = ("_calm_at", "_sent")

    def __init__(self, *, is_group: bool) -> None:
        self._calm_at = 0.0
        self._sent: deque[float] | None = deque() if is_group else None

    def wait(self, now: float, rates: Rates, spare: int) -> float:
        left = 0.0
        if rates.chat:
            left = self._calm_at - now - max(0, rates.burst - 1 - spare) / rates.chat
        if rates.group and self._sent:
            while self._sent and self._sent[0] <= now - MINUTE:
                self._sent.popleft()
            most = max(1, rates.group - spare)
            if len(self._sent) >= most:
                left = max(left, self._sent[-most] + MINUTE - now)
        return max(0.0, left)

    def note(self, now: float, rates: Rates, count: int) -> None:
        if rates.chat:
            self._calm_at = max(self._calm_at, now) + count / rates.chat
        if rates.group and self._sent is not None:
            self._sent.extend([now] * count)

    def is_calm(self, now: float) -> bool:
        return self._calm_at <= now and not (self._sent and self._sent[-1] > now - MINUTE)


def is_group(chat: str) -> bool:
    """Tell whether it is a group or a channel: its id is negative, or it is a public name."""
    return chat.startswith(("-", "@"))


def messages_in(method: TelegramMethod[Any]) -> int | None:
    """Tell for how many messages a call counts; 0: it only shows that the bot is busy; None: it
    writes nothing."""
    match method:
        case SendChatAction() | SendMessageDraft() | SendRichMessageDraft():
            return 0
        case SendMediaGroup():
            return len(method.media)
        case CopyMessages() | ForwardMessages():
            return len(method.message_ids)
    return 1 if method.__api_method__.startswith(WRITING) else None
