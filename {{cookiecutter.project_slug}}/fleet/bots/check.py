"""Asking Telegram about a token before it is stored."""

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError

from fleet.bots.fleet import FleetError
from fleet.bots.tokens import BotToken


async def ask_username(session: BaseSession, token: BotToken) -> str | None:
    """Tell the username of the bot with this token. Raises `FleetError`."""
    bot = Bot(token.token.get_secret_value(), session=session)
    try:
        return (await bot.get_me()).username
    except (TelegramUnauthorizedError, TelegramNotFound):
        raise FleetError("Telegram refuses this token: ask @BotFather for a valid one") from None
    except AiogramError as error:
        raise FleetError(f"Telegram cannot be asked about this token: {error}") from None
