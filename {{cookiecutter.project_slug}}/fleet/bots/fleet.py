"""The fleet as handlers, the command line and `/health` see it: its bots, and changes to them."""

import functools
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from fleet.bots.desired import DesiredBot
from fleet.bots.member import BotState, Member
from fleet.bots.peers import STRANGERS
from fleet.bots.registry import NO_KEY, NoSecretKeyError
from fleet.bots.shared import Shared
from fleet.bots.states import REMEMBERED, BotStatus
from fleet.bots.tokens import ROLE, BotToken, parse_tokens
from fleet.broadcast import Audience, copy_message, text_message


class FleetError(Exception):
    """What was asked for cannot be done; the text says why and what to do, and holds no token."""


@dataclass(frozen=True, slots=True)
class BotInfo:
    """One bot of the fleet, as `/health` shows it."""

    id: int
    username: str | None
    role: str | None
    state: BotState | str
    """A newer replica may tell one that this version does not know."""
    error: str | None
    polled_by: str | None
    """The replica that runs the bot's intake."""
    last_update_at: str | None
    """ISO 8601, UTC; None if it never got one, or Redis cannot say."""
    backlog: int | None
    """Updates that wait, turns in flight included; None if Redis cannot say."""
    dropped: int
    """Updates that were dropped because too many of their user waited."""

    @classmethod
    def of(cls, member: Member) -> Self:
        """Describe a bot as this replica alone sees it."""
        return cls.build(member.id, member.role, BotStatus.of(member))

    @classmethod
    def build(
        cls,
        bot_id: int,
        role: str | None,
        status: BotStatus,
        *,
        holder: str | None = None,
        last_update: int | None = None,
        backlog: int | None = None,
        dropped: int = 0,
    ) -> Self:
        return cls(
            id=bot_id,
            username=status.username,
            role=role,
            state=status.state,
            error=status.error,
            polled_by=holder,
            last_update_at=_timestamp(last_update),
            backlog=backlog,
            dropped=dropped,
        )


class Fleet:
    """The fleet, shared by all replicas. A change takes effect on all of them within two seconds.

    Every method raises `redis.exceptions.RedisError` while Redis is away.
    """

    def __init__(self, shared: Shared, check: Callable[[BotToken], Awaitable[str | None]]) -> None:
        """Make it of what all replicas share; `check` asks Telegram about a new token.

        See `fleet.bots.check.ask_username`.
        """
        self._shared = shared
        self._registry = shared.registry
        self.chats = shared.chats
        """The chats that each bot knows."""
        self.broadcasts = shared.broadcasts
        """The broadcasts that were sent: look at them, pause, resume and cancel them."""
        self._check = check

    async def bots(self) -> list[BotInfo]:
        """List the bots by id, each as the replica that holds it told last."""
        desired = await self._shared.desired.read()
        told = await self._shared.states.read(list(desired))
        holders = await self._shared.replicas.holders()
        inbox = self._shared.inbox
        replicas = await self._shared.replicas.living()
        backlog, last_updates = await inbox.sizes(), await inbox.last.read(list(desired))
        dropped = await inbox.dropped()
        waits_for = STRANGERS if await self._shared.peers.have_met_strangers() else None
        infos = []
        for bot_id in sorted(desired):
            bot, status = desired[bot_id], told.get(bot_id)
            holder = self._shared.replicas.of_bot(holders, bot_id)
            if (
                holder not in replicas
                or status is None
                or status.state is BotState.PAUSED
                or status.by not in (None, holder)  # who has the shard may not have the bot
            ):
                holder = None
            infos.append(
                BotInfo.build(
                    bot_id,
                    bot.role,
                    _status(bot, status, holder, replicas, waits_for),
                    holder=holder,
                    last_update=last_updates.get(bot_id),
                    backlog=backlog.get(bot_id, 0),
                    dropped=dropped.get(bot_id, 0),
                )
            )
        return infos

    async def add(self, token: str, role: str | None = None) -> BotInfo:
        """Add a bot, or give one of the fleet another token or role.

        Args:
            token: as @BotFather gives it, or `role=token`.
            role: if not given, a bot of the fleet keeps its role; an empty one takes it away.

        Raises:
            FleetError: it is not a token or not a role, Telegram refuses it or cannot be asked.
            NoSecretKeyError: there is no SECRET_KEY to store it with.
        """
        if self._shared.vault is None:  # first: then the inbox has left the token out
            raise NoSecretKeyError(NO_KEY)
        parsed = _parse(token, role)
        username = await self._check(parsed)
        old = (await self._shared.desired.read()).get(parsed.bot_id)
        new_role = old.role if old and parsed.role is None else parsed.role or None
        await self._registry.add(parsed.bot_id, parsed.token, new_role)
        state = BotState.PAUSED if old and old.paused else BotState.STARTING
        status = BotStatus(state, None, username)
        return BotInfo.build(parsed.bot_id, new_role, status)

    async def remove(self, bot_id: int) -> bool:
        """Remove a bot that was added at run time.

        Its waiting updates stay, and get their turns if it is added again.

        Returns:
            Whether it has left the fleet. A bot that is in BOT_TOKENS or BOT_TOKENS_FILE, too,
            goes on with the token and role that are there.

        Raises:
            FleetError: there is no such bot, or it is in BOT_TOKENS or BOT_TOKENS_FILE only.
        """
        await self._find(bot_id)
        if not await self._registry.remove(bot_id):
            raise FleetError(
                f"bot {bot_id} is in BOT_TOKENS or BOT_TOKENS_FILE: remove it there, or pause it"
            )
        if bot_id in await self._shared.desired.read():
            return False
        await self._registry.resume(bot_id)
        return True

    async def broadcast(
        self,
        bot_id: int,
        *,
        text: str | None = None,
        copy: tuple[int | str, int] | None = None,
        to: str = "all",
        chats: Iterable[int] | None = None,
        key: str | None = None,
        paid: int = 0,
        **params: Any,
    ) -> str:
        """Have a message sent to many chats of a bot. Returns the broadcast's id at once.

        Args:
            bot_id: the bot.
            text: what it says, or
            copy: chat and id of a message that is copied.
            to: who gets it, of the chats that the bot knows and can reach: `all`, `private`,
                `groups`, `channels`, `active=30d`, or several, separated by commas.
            chats: their ids, instead.
            key: the same key is the same broadcast, which is sent once; in a turn, `turn.id`.
            paid: Stars that it may cost to go at up to 1,000 messages a second.
            params: more for `sendMessage` or `copyMessage`, such as `parse_mode`, `reply_markup`.

        Raises:
            FleetError: there is no such bot.
            ValueError: one of these is not as it says.
        """
        if text is not None and copy is None:
            message = text_message(text, **params)
        elif copy is not None and text is None:
            message = copy_message(*copy, **params)
        else:
            raise ValueError("say what: text= or copy=(chat, message), one of them")
        await self._find(bot_id)
        audience = Audience.read(to) if chats is None else chats
        return await self.broadcasts.send(bot_id, message, audience, key, paid)

    async def pause(self, bot_id: int) -> None:
        """Let a bot rest: its updates wait. Raises `FleetError` if there is no such bot."""
        await self._find(bot_id)
        await self._registry.pause(bot_id)

    async def resume(self, bot_id: int) -> None:
        """Let a bot work again. Raises `FleetError` if there is no such bot."""
        await self._find(bot_id)
        await self._registry.resume(bot_id)

    async def _find(self, bot_id: int) -> DesiredBot:
        bot = (await self._shared.desired.read()).get(bot_id)
        if bot is None:
            raise FleetError(f"there is no bot {bot_id} in the fleet")
        return bot


def _parse(token: str, role: str | None) -> BotToken:
    if role and not ROLE.fullmatch(role):
        raise FleetError("this is not a role: write 1 to 32 of A-Z a-z 0-9 _ -")
    if token.endswith(":***"):
        raise FleetError("this token has lost its secret on the way: write it again")
    try:
        (parsed,) = parse_tokens(token)
    except ValueError:
        raise FleetError("this is not a bot token; one looks like 123456789:AA…") from None
    return parsed if role is None else BotToken(role, parsed.token)


def _status(
    bot: DesiredBot,
    told: BotStatus | None,
    holder: str | None,
    replicas: Collection[str],
    waits_for: str | None,
) -> BotStatus:
    """Tell how a bot is: what its holder told last, unless that is past."""
    status = told or BotStatus(BotState.STARTING, None, None)
    if bot.paused:
        return status._replace(state=BotState.PAUSED)
    if bot.error:
        return status._replace(state=BotState.STOPPED, error=bot.error)
    if not replicas:
        return status._replace(state=BotState.STOPPED, error="no replica runs")
    if holder is None:
        return status._replace(state=BotState.STARTING, error=waits_for)
    return status


@functools.lru_cache(REMEMBERED)
def _timestamp(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat("T", "seconds")
    except (ValueError, OverflowError, OSError):  # what was stored is damaged
        return None
