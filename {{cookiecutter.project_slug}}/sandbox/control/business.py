"""Business accounts: https://core.telegram.org/bots/features#bots-for-business."""

from __future__ import annotations

from aiogram.types import BusinessBotRights

from sandbox.errors import ControlError
from sandbox.world.business import Connection
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


async def disconnect_business(world: World, connection_id: str) -> Json:
    """The user takes that back: the bot gets `business_connection` again."""
    connection = world.connections.get(connection_id)
    if connection is None:
        raise ControlError(f"no connection {connection_id}", 404)
    connection.described = connection.described | {"is_enabled": False}
    world.bot(connection.bot_id).enter([{"business_connection": connection.described}])
    del world.connections[connection_id]
    return connection.described


COMMANDS = (connect_business, disconnect_business)
