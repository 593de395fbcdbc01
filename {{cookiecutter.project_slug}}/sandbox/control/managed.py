"""Bots that people create for a bot to manage."""

from __future__ import annotations

from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.world import ALICE, World


async def create_managed_bot(
    world: World,
    bot_id: int,
    user_id: int = ALICE,
    first_name: str | None = None,
    name: str | None = None,
    username: str | None = None,
    by_link: bool = False,  # noqa: FBT001, FBT002
) -> Json:
    """A user creates a bot that `bot_id` manages: by the button that asks for it in the private
    chat, or by a link, for which nobody has to ask.

    https://core.telegram.org/bots/api#keyboardbuttonrequestmanagedbot
    """
    manager = world.bot(bot_id)
    wanted: Json = {}
    chat = manager.chats.get(user_id)
    if not by_link:
        buttons = chat.keyboard_buttons() if chat else []
        asked = [one["request_managed_bot"] for one in buttons if "request_managed_bot" in one]
        if not asked:
            raise ControlError(
                f"bot {bot_id} shows user {user_id} no button with request_managed_bot"
            )
        wanted = asked[0]
    username = username or wanted.get("suggested_username") or ""
    if username and username in {bot.username for bot in world.bots.values()}:
        raise ControlError(f"username: there is a bot @{username} already")
    owner = world.user(user_id, first_name)
    name = name or wanted.get("suggested_name") or ""
    bot = world.create_managed_bot(manager, owner, name, username)
    if chat and not by_link:
        world.write(chat, owner, {"managed_bot_created": {"bot": bot.user}})
    return bot.describe()


COMMANDS = (create_managed_bot,)
