"""Trouble on purpose, and updates as they are."""

from __future__ import annotations

from sandbox.errors import ControlError
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.faults import Fault
from sandbox.world.limits import Rates
from sandbox.world.world import World


async def fault(
    world: World,
    kind: str,
    bot_id: int | None = None,
    method: str | None = None,
    seconds: float | None = None,
    times: int | None = None,
    retry_after: int = 1,
    chat_id: int | None = None,
    text: str | None = None,
) -> Json:
    """Calls that match fail from now on, with the code `kind` and the description `text`."""
    struck = Fault(kind, bot_id, method, chat_id, text, times, retry_after)
    world.add_fault(struck, seconds)
    return {}


async def faults(world: World) -> list[Json]:
    """Those in force."""
    return world.faults.describe()


async def clear_faults(world: World) -> Json:
    """Ends all of them."""
    world.faults.clear()
    return {}


async def limits(
    world: World,
    *,
    on: bool | None = None,
    chat: float = Rates.chat,
    burst: int = Rates.burst,
    group: int = Rates.group,
    bulk: int = Rates.bulk,
) -> Json:
    """Telegram's flood control is on from now on, with these rates, or off. Answers how things
    stand; without `on` it does nothing else."""
    if on is not None:
        rates = Rates(chat, burst, group, bulk)
        if min(chat, burst, group, bulk) <= 0:
            raise ControlError("limits: a rate is above zero")
        world.limits.set(rates if on else None)
    return world.limits.describe()


async def revoke(world: World, bot_id: int) -> Json:
    """Makes the bot's token invalid."""
    world.bot(bot_id).revoke()
    return {}


async def restore(world: World, bot_id: int) -> Json:
    """Makes it valid again."""
    world.bot(bot_id).restore()
    return {}


async def rotate(world: World, bot_id: int) -> Json:
    """Makes another token the valid one."""
    return {"token": world.rotate(world.bot(bot_id))}


async def push(world: World, bot_id: int, updates: list[Json]) -> Json:
    """Raw updates. The chats in them become known; messages appear in their chats."""
    bot = world.bot(bot_id)
    if not isinstance(updates, list) or not all(isinstance(one, dict) for one in updates):
        raise ControlError("updates: write a list of objects")
    if not all(isinstance(one.get("update_id", 0), int) for one in updates):
        raise ControlError("update_id: write a number, or leave it out for the next one")
    for update in updates:
        for kind, content in update.items():
            if isinstance(content, dict):
                notice(world, bot_id, kind, content)
    return {"update_ids": bot.enter(updates)}


def notice(world: World, bot_id: int, kind: str, content: Json) -> None:
    """What a raw update tells of chats and messages."""
    info = content.get("chat") or (content.get("message") or {}).get("chat")
    if not isinstance(info, dict) or not isinstance(info.get("id"), int) or "type" not in info:
        return
    bot = world.bot(bot_id)
    chat: Chat = world.chat(bot, info["id"])
    if chat.bot_id is None:
        chat.members.setdefault(bot_id, {"status": "member", "user": bot.user})
    else:
        bot.chats[chat.chat_id] = chat
    chat.info = info
    message_id = content.get("message_id")
    if kind == "message" and isinstance(message_id, int):
        chat.ids.skip(message_id)
        world.keep(chat, content, None)


COMMANDS = (fault, faults, clear_faults, limits, revoke, restore, rotate, push)
