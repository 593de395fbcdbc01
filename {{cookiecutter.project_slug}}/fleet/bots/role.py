"""Telling kinds of bots apart in handlers."""

from typing import Any

from aiogram.filters import BaseFilter
from aiogram.types import TelegramObject


def role_data(role: str | None) -> dict[str, Any]:
    """Give what handlers and filters of a bot with this role get, for who feeds updates to them.

    `Role` looks at `bot_role` first: a middleware may use the name `role` for what it likes.
    """
    return {"role": role, "bot_role": role}


class Role(BaseFilter):
    """Lets through the updates of bots that have one of these roles.

    For a handler: `@router.message(Command("ticket"), Role("support"))`. For a whole router:
    `router.message.filter(Role("support"))`.
    """

    def __init__(self, *roles: str) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, event: TelegramObject, **data: Any) -> bool:  # noqa: ARG002 - aiogram passes it
        # Who feeds updates by hand, as a test does, may give `role` alone.
        return data.get("bot_role", data.get("role")) in self.roles
