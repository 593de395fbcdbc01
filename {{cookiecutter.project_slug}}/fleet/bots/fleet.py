"""The fleet as handlers, the command line and `/health` see it: which bots there are, and changes to them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from pydantic import SecretStr

from fleet.bots.desired import DesiredBot, DesiredFleet
from fleet.bots.leases import Leases
from fleet.bots.member import BotState, Member
from fleet.bots.registry import Registry
from fleet.bots.states import BotStatus, States
from fleet.bots.tokens import BotToken, parse_tokens
from fleet.inbox import Inbox


class FleetError(Exception):
    """What was asked for cannot be done; the text says why and what to do, and holds no token."""


@dataclass(frozen=True, slots=True)
class BotInfo:
    """One bot of the fleet, as `/health` shows it."""

    id: int
    username: str | None
    role: str | None
    state: BotState
    error: str | None
    polled_by: str | None
    """The replica that holds the bot's lease."""
    last_update_at: str | None
    """ISO 8601, UTC."""
    backlog: int | None
    """Updates that wait, turns in flight included; None if Redis cannot say."""

    @classmethod
    def of(cls, member: Member) -> Self:
        """Describe a bot as this replica alone sees it."""
        return cls.build(member.id, member.role, BotStatus.of(member), None, None)

    @classmethod
    def build(
        cls,
        bot_id: int,
        role: str | None,
        status: BotStatus,
        holder: str | None,
        backlog: int | None,
    ) -> Self:
        return cls(
            id=bot_id,
            username=status.username,
            role=role,
            state=status.state,
            error=status.error,
            polled_by=holder,
            last_update_at=_timestamp(status.last_update_at),
            backlog=backlog,
        )


class Fleet:
    """The fleet, shared by all replicas. A change takes effect on all of them within two seconds.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(
        self,
        desired: DesiredFleet,
        registry: Registry,
        leases: Leases,
        states: States,
        inbox: Inbox,
        session: BaseSession,
    ) -> None:
        self._desired = desired
        self._registry = registry
        self._leases = leases
        self._states = states
        self._inbox = inbox
        self._session = session

    async def bots(self) -> list[BotInfo]:
        """List the bots by id, each as the replica that holds it told last."""
        desired = await self._desired.read()
        told, holders = await self._states.read(), await self._leases.holders()
        backlog = await self._inbox.sizes()
        return [
            _info(desired[bot], told.get(bot), holders.get(bot), backlog.get(bot, 0))
            for bot in sorted(desired)
        ]

    async def add(self, token: str, role: str | None = None) -> BotInfo:
        """Add a bot, or give one of the fleet another token or role.

        Raises:
            FleetError: it is not a token, Telegram refuses it or cannot be asked.
            NoSecretKeyError: there is no SECRET_KEY to store it with.
        """
        parsed = _parse(token, role)
        username = await self._check(parsed)
        await self._registry.add(parsed.bot_id, parsed.token, parsed.role)
        new = DesiredBot(parsed.bot_id, parsed.token, parsed.role)
        return _info(new, BotStatus(BotState.STARTING, None, username, None), None, 0)

    async def remove(self, bot_id: int) -> None:
        """Remove a bot that was added at run time. Its waiting updates stay, in case it is added again.

        Raises:
            FleetError: there is no such bot, or it is in BOT_TOKENS or BOT_TOKENS_FILE.
        """
        await self._find(bot_id)
        if not await self._registry.remove(bot_id):
            raise FleetError(
                f"bot {bot_id} is in BOT_TOKENS or BOT_TOKENS_FILE: remove it there, or pause it"
            )
        await self._registry.resume(bot_id)

    async def pause(self, bot_id: int) -> None:
        """Let a bot rest: its updates wait. Raises `FleetError` if there is no such bot."""
        await self._find(bot_id)
        await self._registry.pause(bot_id)

    async def resume(self, bot_id: int) -> None:
        """Let a bot work again. Raises `FleetError` if there is no such bot."""
        await self._find(bot_id)
        await self._registry.resume(bot_id)

    async def _find(self, bot_id: int) -> DesiredBot:
        bot = (await self._desired.read()).get(bot_id)
        if bot is None:
            raise FleetError(f"there is no bot {bot_id} in the fleet")
        return bot

    async def _check(self, token: BotToken) -> str | None:
        bot = Bot(token.token.get_secret_value(), session=self._session)
        try:
            return (await bot.get_me()).username
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise FleetError(
                "Telegram refuses this token: ask @BotFather for a valid one"
            ) from None
        except AiogramError as error:
            raise FleetError(f"Telegram cannot be asked about this token: {error}") from None


def _parse(token: str, role: str | None) -> BotToken:
    try:
        (parsed,) = parse_tokens(token)
    except ValueError:
        raise FleetError("this is not a bot token; one looks like 123456789:AA…") from None
    return BotToken(role or parsed.role, parsed.token)


def _info(bot: DesiredBot, told: BotStatus | None, holder: str | None, backlog: int) -> BotInfo:
    status = told or BotStatus(BotState.STARTING, None, None, None)
    if bot.error:
        status = replace(status, state=BotState.STOPPED, error=bot.error)
    if bot.paused:
        status = replace(status, state=BotState.PAUSED)
    return BotInfo.build(bot.id, bot.role, status, holder, backlog)


def _timestamp(seconds: float | None) -> str | None:
    return (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat("T", "seconds")
    )
