"""Telling kinds of bots apart in handlers."""

from aiogram.filters import BaseFilter
from aiogram.types import TelegramObject


class Role(BaseFilter):
    """Lets through the updates of bots that have one of these roles.

    For a handler: `@router.message(Command("ticket"), Role("support"))`. For a whole router:
    `router.message.filter(Role("support"))`.
    """

    def __init__(self, *roles: str) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, event: TelegramObject, role: str | None = None) -> bool:  # noqa: ARG002 - aiogram passes it
        return role in self.roles
