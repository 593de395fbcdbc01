"""What people do: write, press, react, block."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from aiogram.types import Message

from sandbox.control.business import talk
from sandbox.errors import ApiError, ControlError
from sandbox.methods.content import alone
from sandbox.methods.media import media
from sandbox.methods.structure import Words, checked
from sandbox.nearest import unknown
from sandbox.world import members, polls
from sandbox.world.bots import Bot
from sandbox.world.chats import Chat, Stored
from sandbox.world.events import Json
from sandbox.world.files import Upload
from sandbox.world.pending import Poll, Press
from sandbox.world.world import ALICE, World


async def users(world: World) -> list[Json]:
    """Who is known; after many, those who came last."""
    return world.newest_users()


async def add_user(
    world: World,
    first_name: str,
    user_id: int | None = None,
    last_name: str | None = None,
    username: str | None = None,
    language_code: str | None = None,
) -> Json:
    """Somebody new, or a new name and the like for somebody known. The language is an IETF tag."""
    return world.user(
        max(world.users) + 1 if user_id is None else user_id,
        first_name,
        last_name=last_name,
        username=username and username.removeprefix("@"),
        language_code=language_code,
    )


async def send(
    world: World,
    user_id: int = ALICE,
    bot_id: int | None = None,
    text: str | None = None,
    chat_id: int | None = None,
    first_name: str | None = None,
    reply_to: int | None = None,
    file: Json | None = None,
    content: Json | None = None,
    thread_id: int | None = None,
) -> Json:
    """A user writes: in the private chat with the bot, or in a group, where the bots get it that
    hear it, see `world/privacy.py`, and in any case the one that `bot_id` names.

    `file` has kind (the field of a Message, such as photo), name, data in base64 and perhaps a
    caption; `content` has other fields of a Message, such as a contact; of a poll it needs no more
    than the question and the options. `thread_id` is the topic of a forum.
    """
    user = world.user(user_id, first_name)
    bot = world.bot(bot_id) if bot_id is not None else None
    look = world.chat(bot, user_id if chat_id is None else chat_id)
    check_open(look, bot, user_id)
    chat = world.enter_chat(bot, look.chat_id, user)
    made = message_fields(world, content or {})
    if text is not None:
        made["text"] = text
    if file is not None:
        made |= upload(world, **file)
    if not made:
        raise ControlError("send: give text, file or content")
    if forbidden := members.forbidden(chat, user_id, made):
        where = "channel" if chat.is_channel else "group"
        raise ControlError(f"user {user_id} may not send {forbidden} in the {where} {chat_id}")
    if thread_id is not None:
        made |= in_topic(chat, thread_id, user_id)
    if reply_to is not None:
        made["reply_to_message"] = alone(world.find(chat, reply_to).message)
    update_id, message = world.write(chat, user, made, bot)
    if "poll" in message:
        polls.begin(world, message["poll"], Poll(None, chat, message["message_id"]))
    return {"update_id": update_id, "message": message}


def check_open(chat: Chat, bot: Bot | None, user_id: int) -> None:
    """Raises ControlError for a chat in which somebody cannot write."""
    if chat.migrated_to:
        raise ControlError(f"the group {chat.chat_id} is the supergroup {chat.migrated_to} now")
    if chat.member(user_id).get("status") == "kicked":
        raise ControlError(
            f"user {user_id} is banned from the group {chat.chat_id}: add_member first"
        )
    if bot is not None and user_id in bot.blocked and chat.bot_id is not None:
        raise ControlError(f"user {user_id} has blocked bot {bot.bot_id}: unblock it first")


def in_topic(chat: Chat, thread_id: int, user_id: int) -> Json:
    """The fields of a Message in a topic. Raises ControlError."""
    topic = chat.topics.get(thread_id)
    if topic is None:
        raise ControlError(f"thread_id: the topics are {list(chat.topics)}")
    if topic.closed and not members.leads(chat, user_id):
        raise ControlError(f"topic {thread_id} is closed: only administrators write there")
    return topic.marks


def message_fields(world: World, content: Json) -> Json:
    """Fields of a Message that somebody wrote by hand. Raises ControlError."""
    if "poll" in content:
        content = content | {"poll": polls.drawn_up(world.new_id(), content["poll"])}
    if strange := unknown(content, Message.model_fields):
        raise ControlError(f"content: a Message has no {', '.join(strange)}")
    try:
        return {
            name: checked(Message.model_fields[name].annotation, value, Words(name))
            for name, value in content.items()
        }
    except ApiError as error:
        raise ControlError(f"content: {error.description}") from error


def upload(world: World, kind: str, name: str, data: str, caption: str = "") -> Json:
    """The fields of a Message for a file of a user."""
    file = world.files.add(Upload(name, decoded(data)), kind)
    try:
        made = {kind: media(file, {})}
    except ApiError as error:
        text = "file: a photo is a PNG, JPEG or GIF; send others as a document"
        raise ControlError(text) from error
    return made | {"caption": caption} if caption else made


def decoded(data: str) -> bytes:
    """The content of a file. Raises ControlError."""
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise ControlError(f"data is no base64: {error}") from error


async def edit(
    world: World,
    user_id: int,
    message_id: int,
    text: str,
    bot_id: int | None = None,
    chat_id: int | None = None,
) -> Json:
    """A user edits what they wrote: the bots get `edited_message`, as in `send`."""
    chat, stored = find(world, bot_id, chat_id or user_id, message_id)
    mine = stored.message.get("from", {}).get("id") == user_id
    if chat.is_channel:
        mine = not members.forbidden(chat, user_id, stored.message)
    if stored.bot_id is not None or not mine:
        raise ControlError(f"message {message_id} is not by user {user_id}")
    return world.rewrite(chat, stored, text, world.bots.get(bot_id or 0))


async def react(
    world: World,
    user_id: int,
    message_id: int,
    emoji: str | None = None,
    bot_id: int | None = None,
    chat_id: int | None = None,
) -> Json:
    """A user reacts to a message, or takes that back: the bots get `message_reaction`, in a channel
    `message_reaction_count`, which tells of nobody."""
    chat, stored = find(world, bot_id, chat_id or user_id, message_id)
    old = stored.reactions.get(user_id, [])
    new = [{"type": "emoji", "emoji": emoji}] if emoji else []
    stored.reactions[user_id] = new
    chat.tell_reactions(stored)
    chat.acts()
    about = {"chat": chat.info, "message_id": message_id, "date": world.clock.date}
    changed = {"user": world.user(user_id), "old_reaction": old, "new_reaction": new}
    update = {"message_reaction": about | changed}
    if chat.is_channel:
        update = {"message_reaction_count": about | {"reactions": stored.counted}}
    told = world.bots_in(chat) if chat.bot_id else members.led_by(world, chat)
    ids = [bot.enter([update])[0] for bot in told]
    return {"update_id": ids[0] if ids else 0}


async def press(
    world: World,
    chat_id: int,
    message_id: int,
    data: str,
    bot_id: int | None = None,
    user_id: int = ALICE,
    first_name: str | None = None,
    connection_id: str | None = None,
) -> Json:
    """A user presses the inline button with this callback data, in the chat with the user `chat_id`
    of a business account if `connection_id` says which.

    https://core.telegram.org/bots/api#callbackquery
    """
    if connection_id is None:
        chat, stored = find(world, bot_id, chat_id, message_id)
    else:
        chat = talk(world, connection_id, chat_id)
        stored = world.find(chat, message_id)
    check_button(stored.message, data)
    owner = stored.message.get("via_bot", {}).get("id") or stored.bot_id
    chat.acts()
    bot, by, query_id = world.bot(owner or 0), world.user(user_id, first_name), world.new_id()
    world.presses[query_id] = Press(bot.bot_id, user_id, chat)
    query = {"id": query_id, "from": by, "chat_instance": str(chat.chat_id), "data": data}
    if stored.inline_id:
        query["inline_message_id"] = stored.inline_id
    else:
        query["message"] = stored.message
    [update_id] = bot.enter([{"callback_query": query}])
    return {"update_id": update_id, "query_id": query_id}


def check_button(message: Json, data: str) -> None:
    """Raises ControlError for a message without a button, below it or in a rich text, that has this
    callback data."""

    def found(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if "callback_data" in value:
                yield value["callback_data"]
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                yield from found(one)

    where = [message.get(name) for name in ("reply_markup", "rich_message")]
    buttons = list(found(where))
    if data not in buttons:
        number = message.get("ephemeral_message_id", message["message_id"])
        raise ControlError(f"message {number} has no button {data!r}; it has {buttons}")


async def block(world: World, bot_id: int, user_id: int, blocked: bool) -> Json:  # noqa: FBT001
    """A user blocks a bot, or unblocks it: the bot gets `my_chat_member`."""
    bot = world.bot(bot_id)
    user = world.user(user_id)
    chat = world.enter_chat(bot, user_id, user)
    (bot.blocked.add if blocked else bot.blocked.discard)(user_id)
    gone = {"status": "kicked", "until_date": 0}
    members.change(
        world, chat, user, {"user": bot.user, **(gone if blocked else {"status": "member"})}
    )
    bot.changed()
    return {}


def find(world: World, bot_id: int | None, chat_id: int, message_id: int) -> tuple[Chat, Stored]:
    """A message and its chat. Raises ControlError."""
    chat = world.chat(world.bot(bot_id) if bot_id is not None else None, chat_id)
    return chat, world.find(chat, message_id)


COMMANDS = (users, add_user, send, edit, react, press, block)
