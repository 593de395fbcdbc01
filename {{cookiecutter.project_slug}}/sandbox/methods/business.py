"""On behalf of business accounts: https://core.telegram.org/bots/api#getbusinessconnection."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.world.business import Connection
from sandbox.world.events import Json


async def get_business_connection(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getbusinessconnection"""
    return connection(call).described


def connection(call: Call) -> Connection:
    """The connection of `business_connection_id`. Raises ApiError 400 if it is not the bot's."""
    found = call.world.connections.get(call.params["business_connection_id"])
    if found is None or found.bot_id != call.bot.bot_id:
        raise bad_request("business connection not found")
    return found
