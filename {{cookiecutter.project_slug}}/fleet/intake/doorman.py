"""Who is let in at the webhooks, and what the log says of those who are not."""

import asyncio
import contextvars
import functools
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable

import structlog
from aiohttp import web

from fleet.bots.member import Member
from fleet.ops.clients import client_address
from fleet.ops.crowd import Crowd
from fleet.vault import Vault

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
GRACE = 5.0
"""Seconds in which another replica may know a bot's new token, and have told Telegram its secret,
before this one does. Longer than `fleet.bots.supervisor.INTERVAL`."""
MOST_FORMER = 20_000
"""Bots of whose former secrets we know that they were ours."""
MOST_IN_DOUBT = 100
"""Requests that wait for GRACE at once; whoever sends more is no Telegram."""
FEW, WINDOW = 3, 60.0
"""So many lines of a kind are written at once; of more, the number each minute (seconds)."""

_OURS = re.compile("[0-9a-f]{64}")
"""What secrets of `Vault` look like."""

log = structlog.get_logger(__name__)


class Doorman:
    """Lets in what has the secret that Telegram was told for the bot.

    Args:
        vault: derives the secret of a bot from its token.
        find: gives the member with a bot's id, or None.
        trusted_proxies: how many proxies stand in front, whose word on the client's address counts.
    """

    def __init__(
        self, vault: Vault, find: Callable[[int], Member | None], trusted_proxies: int
    ) -> None:
        self._secret = functools.lru_cache(MOST_FORMER)(vault.webhook_secret)
        self._find = find
        self._trusted_proxies = trusted_proxies
        self._former: OrderedDict[int, str] = OrderedDict()
        self._in_doubt = 0
        self._crowd = Crowd(few=FEW, window=WINDOW)

    def admit(self, request: web.Request) -> Member | None:
        """Give the member that an update is for; None if it is not from Telegram, or not for us."""
        number = request.match_info["bot_id"]
        bot = int(number) if number.isdecimal() and len(number) < 20 else -1
        given = request.headers.get(SECRET_HEADER, "")
        member = self._find(bot)
        # The same work for an unknown bot and for a wrong secret.
        right = _same(given, self._secret(member.bot.token if member else ""))
        former = _same(given, self._former.get(bot, "nobody's"))
        # Telegram has the former secret of a bot until it is told the one of its new token.
        if member and (right or former):
            return member
        client = client_address(request, self._trusted_proxies)
        if former:
            self._crowd.say(log.info, "an update for a bot that has left the fleet", bot_id=bot)
        elif not _OURS.fullmatch(given):
            self._tell_forged(bot, client)
        elif member is None:
            self._crowd.say(
                log.info, "an update for a bot that is not in the fleet", bot_id=bot, client=client
            )
        elif self._in_doubt < MOST_IN_DOUBT:
            self._in_doubt += 1
            asyncio.get_running_loop().call_later(
                GRACE, self._judge, bot, given, client, context=contextvars.Context()
            )
        else:
            self._tell_forged(bot, client)
        return None

    def part_with(self, member: Member) -> None:
        """Remember the secret of a bot that leaves or gets another token: Telegram still has it."""
        self._former[member.id] = self._secret(member.bot.token)
        self._former.move_to_end(member.id)
        if len(self._former) > MOST_FORMER:
            self._former.popitem(last=False)

    def _judge(self, bot: int, given: str, client: str | None) -> None:
        self._in_doubt -= 1
        member = self._find(bot)
        if member is None or not _same(given, self._secret(member.bot.token)):
            self._tell_forged(bot, client)

    def _tell_forged(self, bot: int, client: str | None) -> None:
        self._crowd.say(log.info, "a forged webhook", bot_id=bot, client=client)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode())
