"""What is under test: the bots of `.env.example`; the dispatcher and the defaults of `bot/`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram import Dispatcher
from aiogram.client.default import DefaultBotProperties
from dotenv import dotenv_values
from fakeredis import FakeAsyncRedis
from pydantic import SecretStr

from bot.defaults import DEFAULTS
from bot.dispatcher import create_dispatcher
from fleet.bots.fleet import Fleet
from fleet.bots.role import role_data
from fleet.bots.shared import Shared
from fleet.bots.tokens import BotToken, parse_tokens
from fleet.settings import Settings
from fleet.turn.rehearsal import Rehearsal
from sandbox.testing import BotUnderTest

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def example_tokens() -> str:
    return dotenv_values(EXAMPLE)["BOT_TOKENS"] or ""


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    """`support` and `shop`, by their roles: those of `make dev` and `docker compose up`, too."""
    return {
        str(one.role): BotUnderTest(one.token.get_secret_value(), role_data(one.role))
        for one in parse_tokens(example_tokens())
    }


@pytest.fixture
async def redis() -> AsyncIterator[FakeAsyncRedis]:
    """A Redis of the test's own, inside this process."""
    async with FakeAsyncRedis() as redis:
        yield redis


@pytest.fixture
def dispatcher(redis: FakeAsyncRedis) -> Dispatcher:
    """The real one, with the `fleet` of the example."""
    settings = Settings(bot_tokens=SecretStr(example_tokens()), secret_key=SecretStr("s" * 64))
    dispatcher = create_dispatcher(redis)
    dispatcher["fleet"] = Fleet(Shared.open(redis, settings), accept)
    return dispatcher


@pytest.fixture
def turns(dispatcher: Dispatcher, redis: FakeAsyncRedis) -> Rehearsal:
    """Those of the service: handlers get `turn`, `timers` and `album`."""
    return Rehearsal(dispatcher, redis)


async def accept(_: BotToken) -> None:
    """Find nothing wrong with a token, as nobody is there to be asked."""


@pytest.fixture
def bot_defaults() -> DefaultBotProperties:
    return DEFAULTS
