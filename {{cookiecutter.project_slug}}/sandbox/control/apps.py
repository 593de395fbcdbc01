"""Mini Apps, as a user has them: https://core.telegram.org/bots/webapps."""

from __future__ import annotations

from urllib.parse import urlencode

from sandbox.control.looking import menu_button
from sandbox.errors import ControlError
from sandbox.world.apps import Opened, init_data
from sandbox.world.bots import Bot
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.inline import send_by
from sandbox.world.world import World

VERSION = "9.1"
"""Of the Mini Apps that the page stands for."""


async def open_app(
    world: World,
    bot_id: int,
    user_id: int,
    message_id: int | None = None,
    button: str | None = None,
) -> Json:
    """A user opens a Mini App in the private chat with a bot: by a button of a message, the first
    one that opens an app unless its label is given, or without a message by the menu button.

    Answers the `url` with what a client of Telegram adds to it, the `init_data` in it, and the
    `query_id` with which the bot may answer. An app behind a reply keyboard gets neither: its
    answer is `send_app_data`.
    """
    bot, user = world.bot(bot_id), world.user(user_id)
    chat = world.enter_chat(bot, user_id, user)
    if message_id is None:
        pressed, inline = menu_button(bot, chat), True
        if pressed["type"] != "web_app":
            raise ControlError(f"the menu button of bot {bot_id} opens no app")
    else:
        pressed, inline = find_button(world, chat, message_id, button)
    chat.acts()
    about, data = {}, ""
    if inline:
        about = {"query_id": world.new_id()}
        world.apps[about["query_id"]] = Opened(bot_id, user, chat)
        data = init_data(bot.token, user, world.clock.date, **about)
    told = {"tgWebAppData": data, "tgWebAppVersion": VERSION, "tgWebAppPlatform": "web"}
    url = f"{pressed['web_app']['url']}#{urlencode(told)}"
    return {"url": url, "init_data": data, **about}


async def send_app_data(
    world: World, bot_id: int, user_id: int, message_id: int, data: str, button: str | None = None
) -> Json:
    """The Mini App behind a button of a reply keyboard sends data: the bot gets a message with
    `web_app_data`."""
    bot, user = world.bot(bot_id), world.user(user_id)
    chat = world.enter_chat(bot, user_id, user)
    pressed, inline = find_button(world, chat, message_id, button)
    if inline:
        raise ControlError("an app behind an inline button has nothing to send: see open_app")
    about = {"button_text": pressed["text"], "data": data}
    update_id, message = world.write(chat, user, {"web_app_data": about})
    return {"update_id": update_id, "message": message}


async def share_message(
    world: World, bot_id: int, user_id: int, prepared_id: str, chat_id: int | None = None
) -> Json:
    """A user sends a message that the bot has prepared by savePreparedInlineMessage: to the bot, or
    to a group or channel."""
    prepared = world.prepared.get(prepared_id)
    if prepared is None or (prepared.bot_id, prepared.user_id) != (bot_id, user_id):
        raise ControlError(f"bot {bot_id} has prepared no {prepared_id} for user {user_id}", 404)
    bot: Bot = world.bot(bot_id)
    chat = world.chat(bot, user_id if chat_id is None else chat_id)
    kind = {"private": "bot", "supergroup": "group"}.get(chat.info["type"], chat.info["type"])
    if kind not in prepared.kinds:
        raise ControlError(f"the message may be sent to a {', '.join(prepared.kinds)} only")
    message, _ = send_by(world, bot, chat, world.user(user_id), prepared.content)
    return {"message": message}


def find_button(world: World, chat: Chat, message_id: int, label: str | None) -> tuple[Json, bool]:
    """A button that opens an app, and whether it is an inline one. Raises ControlError."""
    stored = world.find(chat, message_id)
    inline = stored.message.get("reply_markup", {}).get("inline_keyboard", [])
    reply = (stored.keyboard or {}).get("keyboard", [])
    for rows, is_inline in ((inline, True), (reply, False)):
        for button in (one for row in rows for one in row):
            if "web_app" in button and label in (None, button["text"]):
                return button, is_inline
    which = f"{label!r} " if label else ""
    raise ControlError(f"message {message_id} has no button {which}that opens an app")


COMMANDS = (open_app, send_app_data, share_message)
