"""The one dispatcher through which every update of every bot goes."""

from datetime import timedelta

from aiogram import Dispatcher
from redis.asyncio import Redis

from bot.handlers import create_routers
from bot.settings import load_settings
from fleet.storage import FleetStorage

# A state that nobody has moved for so long is dropped with its data, or Redis would grow for ever.
FORGET_STATE_AFTER = timedelta(days=30)


def create_dispatcher(redis: Redis) -> Dispatcher:
    """Build the dispatcher: storage, middlewares and routers.

    `redis` belongs to the caller, who closes it. Raises SettingsError.
    """
    storage = FleetStorage(redis, state_ttl=FORGET_STATE_AFTER, data_ttl=FORGET_STATE_AFTER)
    dispatcher = Dispatcher(storage=storage)
    dispatcher.include_routers(*create_routers(load_settings()))
    return dispatcher
