"""What happens after a handler has failed.

The service logs the error and keeps the update as a dead letter, so nothing of that is done here.
It does neither for an error that is settled: a handler for it returns SETTLED. That somebody has
blocked the bot is settled anyway. So is LeftOut: it only says that a user has to be told.
"""

from contextlib import suppress

from aiogram import Router
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.filters import ExceptionMessageFilter, ExceptionTypeFilter
from aiogram.types import ErrorEvent

from fleet.turn import SETTLED, LeftOut, Verdict

APOLOGY = "Sorry, something went wrong. Please try again."
PATIENCE = (
    "You are faster than I am. I leave out this, and what comes after it, until I have caught up: "
    "please wait for my answers, then write again."
)
UNCHANGED = ExceptionMessageFilter(".*message is not modified")
"""Somebody pressed a button twice, and the second press had nothing to change."""


async def settle(event: ErrorEvent) -> Verdict:
    if event.update.callback_query:
        with suppress(TelegramAPIError):
            await event.update.callback_query.answer()
    return SETTLED


async def ask_for_patience(event: ErrorEvent) -> None:
    update = event.update
    with suppress(TelegramBadRequest):  # the message is deleted, or the press is too old
        if update.message:
            await update.message.reply(PATIENCE)
        elif update.callback_query:
            await update.callback_query.answer(PATIENCE, show_alert=True)


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
    router.errors.register(ask_for_patience, ExceptionTypeFilter(LeftOut))
    router.errors.register(apologise)
    return router
