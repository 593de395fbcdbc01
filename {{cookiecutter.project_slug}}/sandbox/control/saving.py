"""What happened, as a test."""

from __future__ import annotations

from sandbox.errors import ControlError
from sandbox.saving.script import Script
from sandbox.world.events import Json
from sandbox.world.world import World


async def save_as_test(
    world: World, chat_id: int, bot_id: int | None = None, since: int = 0
) -> Json:
    """The code of a test that does what people did in a chat, and expects what bots answered, from
    the message `since` on, or from the beginning. It is for the pytest plugin, and passes with a
    bot that answers the same again."""
    group = world.groups.get(chat_id)
    if group is None and bot_id is None:
        raise ControlError("bot_id: say whose private chat you mean")
    chat = group or world.chat(world.bot(bot_id or 0), chat_id)
    if chat.is_channel:
        raise ControlError("a channel is no test: save a chat in which people talk to the bot")
    entries = world.story.of(chat.key, since)
    if not any(entry.get("chat") or entry["command"] != "advance" for entry in entries):
        raise ControlError("nothing has happened in this chat since the sandbox was started")
    members = chat.members if group else (chat_id, bot_id)
    people = {one: world.user(one) for one in members if one in world.users}
    names = {one: world.roles.get(one) or world.bots[one].username for one in world.bots}
    bots = {one: names[one] for one in names if one in members}
    open_bots = [name for one, name in bots.items() if not world.bots[one].private]
    script = Script(group.info["title"] if group else "", people, bots, world.files, open_bots)
    return {"code": script.write(entries)}


COMMANDS = (save_as_test,)
