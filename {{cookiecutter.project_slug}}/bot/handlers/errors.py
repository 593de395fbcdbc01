"""Apologise when a handler fails.

The service logs the error and keeps the update as a dead letter: nothing of that is done here.
"""

from contextlib import suppress

from aiogram import Router
from aiogram.exceptions import TelegramAPIError
from aiogram.types import ErrorEvent

APOLOGY = "Sorry, something went wrong. Please try again."


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
    router.errors.register(apologise)
    return router
