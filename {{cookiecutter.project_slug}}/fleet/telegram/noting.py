"""Calls in a turn: noted when Telegram has answered them, and not made again in its next one."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from aiogram.client.session.middlewares.base import BaseRequestMiddleware

from fleet.lenient import dumps, loads
from fleet.telegram.current import current_turn
from fleet.telegram.digest import digest_of

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.base import BaseSession
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType


@dataclass(slots=True)
class Answer:
    """What Telegram has answered to one call."""

    body: str | None = None
    """None if it was not made, or has failed."""


answer: ContextVar[Answer | None] = ContextVar("answer", default=None)
"""Gets it, for the call that the current task, or the one that has started it, notes."""


class Noting(BaseRequestMiddleware):
    """Keeps the journal of the current turn. Calls that only ask (`get…`) are not in it.

    Args:
        session: reads answers.
    """

    def __init__(self, session: BaseSession) -> None:
        self._session = session

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make a call, or give what it was answered before."""
        turn = current_turn.get()
        if turn is None or turn.journal is None or method.__api_method__.startswith("get"):
            return await make_request(bot, method)
        digest = await digest_of(bot, method)
        if digest is None:
            return await make_request(bot, method)
        if (noted := turn.journal.recall(digest)) is not None:
            turn.check()
            response = self._session.check_response(bot, method, HTTPStatus.OK, noted.decode())
            # What aiogram's own `make_request` returns, whatever its type says.
            return cast("Response[TelegramType]", response.result)
        given = Answer()
        token = answer.set(given)
        try:
            result = await make_request(bot, method)
        finally:
            answer.reset(token)
        # The moment of truth: whoever dies before this is written makes the call again.
        if given.body is not None and turn.journal:  # not of a task that has outlived its turn
            turn.journal.note(digest, _plain(given.body))
        return result


def _plain(content: str) -> bytes:
    """Give JSON in which no slash is escaped: that is how sealed tokens are told from others."""
    return dumps(loads(content)) if r"\/" in content else content.encode()
