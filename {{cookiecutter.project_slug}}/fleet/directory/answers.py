"""What Telegram's answers tell of chats. Here, as only the service needs aiogram."""

from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.exceptions import TelegramForbiddenError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from fleet.directory.chats import Unreachable
from fleet.directory.observer import Observer

_WORDS = {
    "blocked by the user": Unreachable.BLOCKED,
    "user is deactivated": Unreachable.DEACTIVATED,
    "was kicked": Unreachable.KICKED,
    "is not a member": Unreachable.KICKED,
    "was deleted": Unreachable.KICKED,
}
"""Source: https://github.com/tdlib/telegram-bot-api, `telegram-bot-api/Client.cpp`."""


def why_refused(error: TelegramForbiddenError) -> Unreachable | None:
    """Tell why nothing gets to a chat; None if it is only this call that is not allowed."""
    return next((why for words, why in _WORDS.items() if words in error.message), None)


class Answers(BaseRequestMiddleware):
    """Tells the directory which chats calls have reached, and which not.

    Args:
        observer: writes it.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make one call of a bot."""
        chat = getattr(method, "chat_id", None)
        # Telegram answers questions about chats that it lets no message through to.
        if not isinstance(chat, int) or not method.__api_method__.startswith(("send", "copy")):
            return await make_request(bot, method)
        try:
            answer = await make_request(bot, method)
        except TelegramForbiddenError as error:
            if why := why_refused(error):
                self._observer.refused(bot.id, chat, why)
            raise
        self._observer.reached(bot.id, chat)
        return answer
