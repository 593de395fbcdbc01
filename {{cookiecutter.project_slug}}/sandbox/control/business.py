"""Business accounts: https://core.telegram.org/bots/features#bots-for-business."""

from __future__ import annotations

from aiogram.types import BusinessBotRights

from sandbox.errors import ControlError
from sandbox.world.business import Connection
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.world import World

RIGHTS = tuple(BusinessBotRights.model_fields)


async def connect_business(
    world: World, bot_id: int, user_id: int, rights: list[str] | None = None
) -> Json:
    """A user lets a bot act for their business account, with all `rights` unless they are given:
    the bot gets `business_connection`."""
    if unknown := set(rights or ()) - set(RIGHTS):
        raise ControlError(f"rights: there is no {', '.join(unknown)}; there are {RIGHTS}")
    bot, user = world.bot(bot_id), world.user(user_id)
    described: Json = {
        "id": world.new_id(),
        "user": user,
        "user_chat_id": user_id,
        "date": world.clock.date,
        "is_enabled": True,
        "rights": dict.fromkeys(RIGHTS if rights is None else rights, True),
    }
    world.connections[described["id"]] = Connection(bot_id, described)
    bot.enter([{"business_connection": described}])
    return described


async def businesses(world: World) -> list[Json]:
    """All connections, each with its bot, the owner's Stars and with whom the owner talks."""
    return [
        one.described | {"bot_id": one.bot_id, "stars": one.stars, "talks": list(one.chats)}
        for one in world.connections.values()
    ]


async def disconnect_business(world: World, connection_id: str) -> Json:
    """The user takes that back: the bot gets `business_connection` again."""
    connection = existing(world, connection_id)
    connection.described = connection.described | {"is_enabled": False}
    world.bot(connection.bot_id).enter([{"business_connection": connection.described}])
    del world.connections[connection_id]
    return connection.described


async def write_business(
    world: World,
    connection_id: str,
    user_id: int,
    text: str,
    by_owner: bool = False,  # noqa: FBT001, FBT002
) -> Json:
    """A user writes to the owner of a business account, or the owner to them: the bot gets
    `business_message`."""
    connection = existing(world, connection_id)
    chat = connection.chat(world.user(user_id), world.events, world.clock)
    writer = world.user(connection.owner_id if by_owner else user_id)
    update_id, message = world.write(chat, writer, {"text": text})
    return {"update_id": update_id, "message": message}


async def edit_business(
    world: World, connection_id: str, user_id: int, message_id: int, text: str
) -> Json:
    """Who wrote a message in the chat with a user edits it: the bot gets
    `edited_business_message`."""
    chat = talk(world, connection_id, user_id)
    stored = world.find(chat, message_id)
    if stored.bot_id is not None:
        raise ControlError(f"message {message_id} is the bot's")
    return world.rewrite(chat, stored, text)


async def delete_business(
    world: World, connection_id: str, user_id: int, message_ids: list[int]
) -> Json:
    """Messages in the chat with a user are deleted: the bot gets `deleted_business_messages`."""
    chat = talk(world, connection_id, user_id)
    for message_id in message_ids:
        world.find(chat, message_id)
        chat.delete(message_id)
    about = {"business_connection_id": connection_id, "chat": chat.info, "message_ids": message_ids}
    return {"update_id": world.tell_bots(chat, {"deleted_business_messages": about})}


async def business_messages(world: World, connection_id: str, user_id: int) -> list[Json]:
    """The chat with a user as its owner sees it."""
    return talk(world, connection_id, user_id).view()


async def give_business_stars(world: World, connection_id: str, amount: int) -> Json:
    """The owner of a business account gets Stars."""
    connection = existing(world, connection_id)
    if amount <= 0:
        raise ControlError("amount: write a number above zero")
    connection.stars += amount
    return {"balance": connection.stars}


def existing(world: World, connection_id: str) -> Connection:
    """A connection. Raises ControlError."""
    connection = world.connections.get(connection_id)
    if connection is None:
        raise ControlError(f"no connection {connection_id}", 404)
    return connection


def talk(world: World, connection_id: str, user_id: int) -> Chat:
    """The owner's chat with a user. Raises ControlError."""
    chats = existing(world, connection_id).chats
    if user_id not in chats:
        raise ControlError(f"user {user_id} has not written: write_business first", 404)
    return chats[user_id]


COMMANDS = (
    *(businesses, connect_business, disconnect_business),
    *(write_business, edit_business, delete_business, business_messages),
    give_business_stars,
)
