"""One router a file. To add yours: write a file with `create_router()` and list it here."""

from aiogram import Router

from bot.handlers import echo, errors, form, start
from bot.handlers import help as help_


def create_routers() -> list[Router]:
    """Make the routers in the order in which they are asked: the first handler that fits wins."""
    return [
        errors.create_router(),
        start.create_router(),
        help_.create_router(),
        form.create_router(),
        echo.create_router(),  # the last: it takes every message that is left
    ]
