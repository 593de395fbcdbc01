"""Long polling for one bot: getUpdates into the inbox."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramConflictError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.utils.backoff import Backoff, BackoffConfig
from redis.exceptions import RedisError

from fleet.bots.member import BotState, Member
from fleet.bots.pending import Pending
from fleet.inbox import Inbox, InboxFull
from fleet.intake.damage import is_update
from fleet.ops.crowd import Crowd
from fleet.redis.errors import describe
from fleet.tasks import beside
from fleet.telegram.session import TelegramSessions

POLL_TIMEOUT = 30
"""Seconds for which Telegram holds a getUpdates open when there is nothing new."""
ANSWER_TIMEOUT = 10
"""Seconds beyond that until a getUpdates counts as hung."""
CONFIRM_TIMEOUT = 1
"""Seconds for the last confirmation at stop, as many as `fleet.tasks.end` has patience. Without it
updates come again, and are recognised."""
FULL_BACKOFF = BackoffConfig(min_delay=0.5, max_delay=5.0, factor=1.5, jitter=0.2)
"""Seconds between two looks whether a full inbox has room again."""
BACKOFF = BackoffConfig(min_delay=0.5, max_delay=10.0, factor=1.7, jitter=0.2)
"""Seconds between tries. aiogram's Backoff: see its documentation."""

log = structlog.get_logger(__name__)


class GetRawUpdates(TelegramMethod[list[Any]]):
    """getUpdates without validation, so that one update that aiogram cannot read stops nothing.

    Source: https://core.telegram.org/bots/api#getupdates
    """

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class Poller:
    """Polls one bot for as long as its task runs, whatever happens, and shows how it is.

    Args:
        member: the bot.
        inbox: where its updates go.
        sessions: the ways to Telegram.
        allowed_updates: types of updates to ask for.
        pending: tells whether to drop what waits at Telegram.
        crowd: the voice of all pollers of this replica.
    """

    def __init__(
        self,
        member: Member,
        inbox: Inbox,
        sessions: TelegramSessions,
        allowed_updates: Sequence[str],
        pending: Pending,
        crowd: Crowd,
    ) -> None:
        self._member = member
        self._inbox = inbox
        self._sessions = sessions
        self._allowed_updates = list(allowed_updates)
        self._pending = pending
        self._crowd = crowd
        self._has_webhook = False
        self._backoff = Backoff(BACKOFF)
        self._offset: int | None = None
        self._unconfirmed = False
        self._long_poll: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Poll until cancelled, then confirm what the inbox has."""
        with structlog.contextvars.bound_contextvars(bot_id=self._member.id):
            try:
                async with beside(self._hear_of_refused()):
                    while True:
                        await self._step()
            finally:
                self._member.enter(BotState.STOPPED)
                if self._unconfirmed:
                    await self._confirm()

    async def _step(self) -> None:
        """Fetch once, enter what came. Trouble shows in the bot's state and slows the next step."""
        try:
            await self._begin()
            updates = await self._fetch()
        except TelegramUnauthorizedError as error:
            await self._pause(BotState.UNAUTHORIZED, f"Telegram refuses the token: {error.message}")
        except TelegramConflictError as error:
            self._has_webhook = "webhook" in error.message
            reason = (
                "a webhook is set; removing it to poll"
                if self._has_webhook
                else "another program polls this bot with the same token"
            )
            await self._pause(BotState.CONFLICT, reason)
        except TelegramRetryAfter as error:
            await self._pause(BotState.FLOOD_WAIT, error.message, error.retry_after)
        except TelegramNetworkError as error:
            await self._pause(BotState.BACKING_OFF, error.message)
        except RedisError as error:
            await self._pause(BotState.BACKING_OFF, describe(error))
        except ClientDecodeError as error:
            # Its own text holds the whole answer, with what users wrote.
            await self._pause(
                BotState.BACKING_OFF, f"Telegram's answer cannot be read: {error.original}"
            )
        except Exception as error:  # noqa: BLE001 - one bot's trouble is its own, whatever it is
            await self._pause(BotState.BACKING_OFF, f"{type(error).__name__}: {error}")
        else:
            await self._take(updates)

    async def _begin(self) -> None:
        if self._member.username is None:
            self._member.username = (await self._member.bot.get_me()).username
        if await self._pending.is_due(self._member.id):
            await self._member.bot.delete_webhook(drop_pending_updates=True)
            await self._pending.drop(self._member.id)
        elif self._has_webhook:
            await self._member.bot.delete_webhook()
        self._has_webhook = False

    async def _fetch(self) -> list[Any]:
        if self._member.state is BotState.RUNNING:
            try:
                async with asyncio.timeout(None) as self._long_poll:
                    return await self._poll(POLL_TIMEOUT)
            except TimeoutError:
                await self._backoff.asleep()
            finally:
                self._long_poll = None
        # After trouble an empty answer at once shows that it is over; a long poll would hide that.
        return await self._poll(0)

    async def _hear_of_refused(self) -> None:
        """Cut a poll short that waits since before a turn found the token refused.

        It knows nothing of that.
        """
        while True:
            await self._member.refused.wait()
            self._member.refused.clear()
            if self._long_poll and not self._long_poll.expired():
                self._long_poll.reschedule(asyncio.get_running_loop().time())

    async def _poll(self, seconds: int) -> list[Any]:
        method = GetRawUpdates(
            offset=self._offset, timeout=seconds, allowed_updates=self._allowed_updates
        )
        updates = await self._sessions.polls(
            self._member.bot, method, timeout=seconds + ANSWER_TIMEOUT
        )
        self._unconfirmed = False
        return updates

    async def _take(self, offered: list[Any]) -> None:
        updates = [update for update in offered if is_update(update)]
        if len(updates) < len(offered):
            log.error("Telegram offers what is no update", count=len(offered) - len(updates))
        if updates:
            await self._enter(updates)
        elif offered:
            await self._pause(BotState.BACKING_OFF, "Telegram offers nothing but damaged updates")
        else:
            self._recover()

    async def _enter(self, updates: list[Mapping[str, Any]]) -> None:
        """Put a batch into the inbox, however long that takes; only then move the offset."""
        backoff, full = Backoff(FULL_BACKOFF), False
        while True:
            try:
                # A batch may be large, and all who wait would send theirs again and again.
                if not full or await self._inbox.has_room(self._member.id):
                    await self._inbox.put(self._member.id, updates)
                    break
                await asyncio.sleep(next(backoff))
            except InboxFull as error:
                full = True
                await self._pause(
                    BotState.BACKING_OFF, f"the inbox is full: {error}", next(backoff)
                )
            except RedisError as error:
                await self._pause(BotState.BACKING_OFF, describe(error))
        self._offset = max(update["update_id"] for update in updates) + 1
        self._unconfirmed = True
        self._recover()

    async def _confirm(self) -> None:
        method = GetRawUpdates(offset=self._offset, limit=1, timeout=0)
        try:
            await self._sessions.polls(self._member.bot, method, timeout=CONFIRM_TIMEOUT)
        except Exception as error:  # noqa: BLE001 - the inbox recognises what is offered again
            log.info("could not confirm the last updates", error=str(error))

    def _recover(self) -> None:
        self._backoff.reset()
        if self._member.enter(BotState.RUNNING):
            self._crowd.say(log.info, "polling", username=self._member.username)

    async def _pause(self, state: BotState, error: str, seconds: float | None = None) -> None:
        if self._member.enter(state, error):
            self._crowd.say(log.warning, "not polling", state=state, error=error)
        await asyncio.sleep(next(self._backoff) if seconds is None else seconds)
