"""Methods in the answer to an update, as aiogram's own webhook and others give them."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot, Dispatcher
from aiogram.methods import SendMessage, SendPhoto
from aiogram.types import BufferedInputFile, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from sandbox.client import SandboxClient
from tests.sandbox.conftest import ALICE, BOT_ID, until
from tests.sandbox.test_sending import PNG

pytestmark = pytest.mark.usefixtures("fitting")


@contextlib.asynccontextmanager
async def listening(application: web.Application) -> AsyncIterator[str]:
    """Serves /hook and gives its address."""
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


async def test_aiogram_answers_with_a_method(sandbox: SandboxClient, bot: Bot) -> None:
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def handle(message: Message) -> SendMessage | SendPhoto:
        if message.text == "photo":
            return message.answer_photo(BufferedInputFile(PNG, "a.png"), caption="<b>é</b>")
        return message.answer(f"you said {message.text}")

    application = web.Application()
    handler = SimpleRequestHandler(dispatcher, bot, handle_in_background=False)
    handler.register(application, "/hook")
    async with listening(application) as url:
        await bot.set_webhook(url)
        await sandbox.send(BOT_ID, "hé")
        assert (await sandbox.reply(BOT_ID, ALICE))["text"] == "you said hé"
        await sandbox.send(BOT_ID, "photo")
        reply = await sandbox.reply(BOT_ID, ALICE)
        assert (reply["photo"][0]["width"], reply["caption"]) == (2, "<b>é</b>")
        assert [call["method"] for call in await sandbox.calls(BOT_ID)][1:] == [
            "sendMessage",
            "sendPhoto",
        ]


async def test_an_answer_in_json(sandbox: SandboxClient, bot: Bot) -> None:
    answers = [
        web.json_response({"method": "sendMessage", "chat_id": ALICE, "text": "from JSON"}),
        web.json_response({"method": "sendMessage", "chat_id": 99, "text": "nobody"}),
        web.json_response({"method": "deleteWebhook"}),
        web.json_response({"method": "getMe"}),
        web.json_response(["what"]),
        web.json_response({"method": 5}),
        web.Response(text="{", content_type="application/json"),
        web.Response(text="--", content_type="multipart/form-data"),
        web.Response(text="OK"),
    ]
    number = len(answers)

    async def hook(_: web.Request) -> web.Response:
        return answers.pop(0)

    application = web.Application()
    application.router.add_post("/hook", hook)
    async with listening(application) as url:
        await bot.set_webhook(url)
        await sandbox.send(BOT_ID, "hi")
        assert (await sandbox.reply(BOT_ID, ALICE))["text"] == "from JSON"
        for _ in range(number - 1):
            await sandbox.send(BOT_ID, "hi")
        [_, failed] = await sandbox.calls(BOT_ID, "sendMessage", at_least=2)
        assert failed["answer"]["description"] == "Bad Request: chat not found"
        assert len(await sandbox.calls(BOT_ID, "5", at_least=1)) == 1

        async def taken() -> bool:
            return (await bot.get_webhook_info()).pending_update_count == 0

        await until(taken)
        called = {call["method"] for call in await sandbox.calls(BOT_ID)}
        assert called == {"setWebhook", "sendMessage", "5", "getWebhookInfo"}
    assert answers == []
