"""`/broadcast` in a chat with a bot that has the role `manager`, for the users in ADMIN_IDS.

The admin replies with it to a message, sees what goes out and to how many, sends and follows it.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from aiogram import Bot, F
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from fleet.bots.fleet import BotInfo, Fleet
from fleet.bots.role import Role
from fleet.broadcast import Broadcast
from fleet.routing import Router
from fleet.turn import Timer, Timers

USAGE = (
    "Write a message, and /broadcast in reply to it. With a bot's id or @username after it, that "
    "bot sends it to its chats; without, I send it to mine."
)
LOOK = timedelta(seconds=2)
"""How often the message about a broadcast is renewed."""
TIMER = "broadcast"
BAR = 20
"""Characters."""


class Send(CallbackData, prefix="broadcast-send"):
    """The button that sends it."""

    bot: int
    message: int


class Cancel(CallbackData, prefix="broadcast-cancel"):
    """The button that ends it."""

    broadcast: str


async def preview(message: Message, command: CommandObject, bot: Bot, fleet: Fleet) -> None:
    replied = message.reply_to_message
    if replied is None:
        await message.answer(USAGE)
        return
    wanted = (command.args or str(bot.id)).strip().removeprefix("@").lower()
    named = [one for one in await fleet.bots() if wanted in _names(one)]
    if not named:
        await message.answer(f"There is no bot {wanted} in the fleet.", parse_mode=None)
        return
    sender = named[0].id
    if sender != bot.id and not replied.text:
        await message.answer("Another bot can send a text only: files are mine alone.")
        return
    count = (await fleet.chats.count(sender)).reachable
    if not count:
        await message.answer("That bot knows no chat that it can reach.")
        return
    await replied.copy_to(message.chat.id)
    button = InlineKeyboardButton(
        text="Send", callback_data=Send(bot=sender, message=replied.message_id).pack()
    )
    await replied.reply(
        f"This goes to {_chats(count)}.",
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]),
    )


async def send(
    query: CallbackQuery, callback_data: Send, bot: Bot, fleet: Fleet, timers: Timers
) -> None:
    if not isinstance(query.message, Message):  # too old
        await query.answer("Write /broadcast again, please.")
        return
    chat, replied = query.message.chat.id, query.message.reply_to_message
    what: dict[str, Any] = {"copy": (chat, callback_data.message)}
    if callback_data.bot != bot.id and replied:
        what = {"text": replied.text, "entities": replied.entities}
    # However often it is pressed, it is sent once.
    key = f"{bot.id}:{chat}:{query.message.message_id}"
    name = await fleet.broadcast(callback_data.bot, key=key, **what)
    await query.answer()
    await timers.set(
        TIMER + name, after=timedelta(), data={"id": name, "message": query.message.message_id}
    )


async def follow(timer: Timer, bot: Bot, fleet: Fleet, timers: Timers) -> None:
    """Renew the message about a broadcast, until that has ended."""
    broadcast = await fleet.broadcasts.get(timer.data["id"])
    if broadcast is None or timer.chat_id is None:
        return
    text = _progress(broadcast)
    if text != timer.data.get("text"):
        button = InlineKeyboardButton(
            text="Cancel", callback_data=Cancel(broadcast=broadcast.id).pack()
        )
        rows = [] if broadcast.state.has_ended else [[button]]
        try:
            await bot.edit_message_text(
                text,
                chat_id=timer.chat_id,
                message_id=timer.data["message"],
                parse_mode=None,
                reply_markup=InlineKeyboardMarkup(inline_keyboard=rows),
            )
        except TelegramBadRequest:  # the admin has deleted it
            return
    if not broadcast.state.has_ended:
        await timers.set(timer.name, after=LOOK, data={**timer.data, "text": text})


async def cancel(query: CallbackQuery, callback_data: Cancel, fleet: Fleet) -> None:
    cancelled = await fleet.broadcasts.cancel(callback_data.broadcast)
    await query.answer("Cancelled." if cancelled else "It has ended.")


def _progress(broadcast: Broadcast) -> str:
    filled = BAR * broadcast.over // max(1, broadcast.total)
    lines = [
        f"{broadcast.state.capitalize()}: {broadcast.over:,} of {_chats(broadcast.total)}",
        "▓" * filled + "░" * (BAR - filled),
    ]
    numbers = {name: getattr(broadcast, name) for name in ("blocked", "failed", "uncertain")}
    return "\n".join(
        [*lines, *(f"{name}: {number:,}" for name, number in numbers.items() if number)]
    )


def _chats(number: int) -> str:
    return f"{number:,} chat" + ("" if number == 1 else "s")


def _names(bot: BotInfo) -> Collection[str]:
    return {str(bot.id), (bot.username or "").lower()}


def create_router(admin_ids: Collection[int]) -> Router:
    router = Router(name="broadcast")
    role, is_admin = Role("manager"), F.from_user.id.in_(admin_ids)
    router.message.filter(role, is_admin, F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(role, is_admin)
    router.message.register(
        preview, Command("broadcast"), flags={"description": "send a message to many chats"}
    )
    router.callback_query.register(send, Send.filter())
    router.callback_query.register(cancel, Cancel.filter())
    router.timer.register(follow, F.name.startswith(TIMER))
    return router
