"""Change the fleet in a chat with a bot that has the role `manager`, for the users in ADMIN_IDS.

Others, and admins in other bots, get what everybody gets for an unknown command.
"""

from collections.abc import Collection
from html import escape

from aiogram import Bot, F, Router
from aiogram.enums import ChatType, ParseMode
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, CommandObject
from aiogram.types import (
    KeyboardButton,
    KeyboardButtonRequestManagedBot,
    ManagedBotUpdated,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from fleet.bots.fleet import BotInfo, Fleet, FleetError
from fleet.bots.registry import NoSecretKeyError
from fleet.bots.role import Role

SHOWN = 30
"""Bots in one answer to `/bots`: a message has room for 4096 characters."""
MANAGED = "managed"
"""The role of bots that admins create with `/newbot`."""
CREATE = ReplyKeyboardMarkup(
    keyboard=[
        [
            KeyboardButton(
                text="Create a bot",
                request_managed_bot=KeyboardButtonRequestManagedBot(request_id=1),
            )
        ]
    ],
    resize_keyboard=True,
    one_time_keyboard=True,
)


async def show_bots(message: Message, fleet: Fleet) -> None:
    bots = await fleet.bots()
    rows = [("ID", "BOT", "ROLE", "STATE", "BACKLOG"), *map(_row, bots[:SHOWN])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    table = "\n".join(lines)
    text = f"<pre>{escape(table)}</pre>"
    if len(bots) > SHOWN:
        text += f"\nand {len(bots) - SHOWN} more: the command fleet list shows all"
    await message.answer(text, parse_mode=ParseMode.HTML)


async def add_bot(message: Message, command: CommandObject, fleet: Fleet) -> None:
    if not command.args:
        await message.answer("Write /addbot and the token from @BotFather, or role=token.")
        return
    deleted = await _delete(message)
    answer = await _add(fleet, command.args)
    if not deleted:
        answer += "\nDelete your message: it holds a token, and I may not."
    await message.answer(answer, parse_mode=None)


async def remove_bot(message: Message, command: CommandObject, fleet: Fleet) -> None:
    wanted = (command.args or "").strip().removeprefix("@")
    if not wanted:
        await message.answer("Write /removebot and the bot's id or @username.")
        return
    named = [bot for bot in await fleet.bots() if wanted.lower() in _names(bot)]
    if not named:
        await message.answer(f"There is no bot {wanted} in the fleet.", parse_mode=None)
        return
    try:
        gone = await fleet.remove(named[0].id)
    except FleetError as error:
        await message.answer(str(error), parse_mode=None)
        return
    await message.answer(
        f"{_name(named[0])} has left the fleet."
        if gone
        else f"{_name(named[0])} goes on as BOT_TOKENS or BOT_TOKENS_FILE says."
    )


async def offer_new_bot(message: Message, bot: Bot) -> None:
    if not (await bot.get_me()).can_manage_bots:
        await message.answer("First let me manage bots: in the Mini App of @BotFather.")
        return
    await message.answer("Press the button, choose a name, and your bot runs.", reply_markup=CREATE)


async def take_managed_bot(event: ManagedBotUpdated, bot: Bot, fleet: Fleet) -> None:
    """Take over a bot that an admin has created, or its new token."""
    known = any(info.id == event.bot_user.id for info in await fleet.bots())
    token = await bot.get_managed_bot_token(event.bot_user.id)
    answer = await _add(fleet, token, None if known else MANAGED)
    await bot.send_message(event.user.id, answer, reply_markup=ReplyKeyboardRemove())


async def note_created(_: Message) -> None:
    """Say nothing: the same bot comes as `managed_bot`, too, and that is where it is taken."""


async def _add(fleet: Fleet, token: str, role: str | None = None) -> str:
    try:
        added = await fleet.add(token, role)
    except (FleetError, NoSecretKeyError) as error:
        return str(error)
    return f"{_name(added)} is in the fleet and answers within seconds."


async def _delete(message: Message) -> bool:
    """Delete a message. Tell whether it is gone."""
    try:
        await message.delete()
    except TelegramBadRequest as error:  # in a second turn it is gone already
        return "not found" in error.message
    return True


def _names(bot: BotInfo) -> Collection[str]:
    return {str(bot.id), (bot.username or "").lower()}


def _name(bot: BotInfo) -> str:
    return f"@{bot.username}" if bot.username else f"Bot {bot.id}"


def _row(bot: BotInfo) -> tuple[str, ...]:
    backlog = "?" if bot.backlog is None else str(bot.backlog)
    username = f"@{bot.username}" if bot.username else "?"
    return str(bot.id), username, bot.role or "–", bot.state, backlog


def create_router(admin_ids: Collection[int]) -> Router:
    router = Router(name="manager")
    role, is_admin = Role("manager"), F.from_user.id.in_(admin_ids)
    router.message.filter(role, is_admin, F.chat.type == ChatType.PRIVATE)
    # Anybody may create bots that this one manages, by a link. Those stay out of the fleet.
    router.managed_bot.filter(role, F.user.id.in_(admin_ids))

    command = router.message.register
    command(show_bots, Command("bots"), flags={"description": "the bots of the fleet"})
    command(add_bot, Command("addbot"), flags={"description": "add a bot by its token"})
    command(remove_bot, Command("removebot"), flags={"description": "remove a bot"})
    command(offer_new_bot, Command("newbot"), flags={"description": "create a bot"})
    command(note_created, F.managed_bot_created)
    router.managed_bot.register(take_managed_bot)
    return router
