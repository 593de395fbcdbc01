"""What happens after a handler has failed.

The service logs the error and keeps the update as a dead letter, so nothing of that is done here.
It does neither for an error that is settled: a handler for it returns SETTLED. That somebody has
blocked the bot is settled anyway.
"""

from contextlib import suppress

from aiogram import Router
from aiogram.exceptions import TelegramAPIError
from aiogram.filters import ExceptionMessageFilter
from aiogram.types import ErrorEvent

from fleet.turn import SETTLED, Verdict

APOLOGY = "Sorry, something went wrong. Please try again."
UNCHANGED = ExceptionMessageFilter(".*message is not modified")
"""Somebody pressed a button twice, and the second press had nothing to change."""


async def settle(event: ErrorEvent) -> Verdict:
    if event.update.callback_query:
        with suppress(TelegramAPIError):
            await event.update.callback_query.answer()
    return SETTLED


async def apologise(event: ErrorEvent) -> None:
    update = event.update
    # The user may have blocked the bot. That must not hide the error that brought us here.
    with suppress(TelegramAPIError):
        if update.message:
            await update.message.answer(APOLOGY)
        elif update.callback_query:
            await update.callback_query.answer(APOLOGY, show_alert=True)


def create_router() -> Router:
    router = Router(name="errors")
    router.errors.register(settle, UNCHANGED)
    router.errors.register(apologise)
    return router
