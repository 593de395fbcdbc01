"""A part of the bot without the service: make a dispatcher and feed it what the sandbox has."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from bot.handlers import errors
from sandbox.client import SandboxClient

ALICE = 1


async def fail(message: Message) -> None:
    raise ValueError(message.text)


@pytest.fixture
async def bot(sandbox_url: str) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox_url))
    async with Bot(f"1000003:{'e' * 35}", session=session) as bot:
        await bot.me()  # the sandbox knows a bot from its first call on
        yield bot


async def test_the_bot_apologises_when_a_handler_fails(bot: Bot, sandbox: SandboxClient) -> None:
    dispatcher = Dispatcher()
    dispatcher.include_router(errors.create_router())
    dispatcher.message.register(fail)

    await sandbox.send(bot.id, "Hello", user_id=ALICE)
    [update] = await bot.get_updates(timeout=5)
    await dispatcher.feed_update(bot, update)

    reply = await sandbox.reply(bot.id, ALICE)
    assert reply["text"] == errors.APOLOGY
