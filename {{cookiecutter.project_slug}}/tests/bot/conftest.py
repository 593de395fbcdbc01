"""What is under test: the bots of `.env.example`; the dispatcher and the defaults of `bot/`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram import Dispatcher
from aiogram.client.default import DefaultBotProperties
from dotenv import dotenv_values
from fakeredis import FakeAsyncRedis

from bot.defaults import DEFAULTS
from bot.dispatcher import create_dispatcher
from fleet.bots.role import role_data
from fleet.bots.tokens import parse_tokens
from sandbox.testing import BotUnderTest

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    """`support` and `shop`, by their roles: those of `make dev` and `docker compose up`, too."""
    tokens = parse_tokens(dotenv_values(EXAMPLE)["BOT_TOKENS"] or "")
    return {
        str(one.role): BotUnderTest(one.token.get_secret_value(), role_data(one.role))
        for one in tokens
    }


@pytest.fixture
async def dispatcher() -> AsyncIterator[Dispatcher]:
    """The real one, with a Redis of its own inside this process."""
    async with FakeAsyncRedis() as redis:
        yield create_dispatcher(redis)


@pytest.fixture
def bot_defaults() -> DefaultBotProperties:
    return DEFAULTS
