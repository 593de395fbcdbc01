"""One router a file. To add yours: write a file with `create_router()` and list it here."""

from aiogram import Router

from bot.handlers import broadcast, echo, errors, form, manager, start, support
from bot.handlers import help as help_
from bot.settings import BotSettings


def create_routers(settings: BotSettings) -> list[Router]:
    """Make the routers in the order in which they are asked: the first handler that fits wins."""
    return [
        start.create_router(),
        help_.create_router(),
        *(
            one.create_router(settings.admin_ids)
            for one in (manager, broadcast)
            if settings.admin_ids
        ),
        support.create_router(),
        form.create_router(),
        echo.create_router(),  # after those: it takes every message that is left
        errors.create_router(),  # after all: it takes every error that is left
    ]
