"""Webhooks: real delivery, with the secret, in order within a chat, again until it is taken."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiogram.types import BufferedInputFile
from aiohttp import web
from yarl import URL

from sandbox.client import SandboxClient
from tests.sandbox.conftest import BOT_ID, Raw, poll_open, state, until

SECRET = "s3cret-_"


class Receiver:
    """A webhook that answers as told."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[dict[str, Any]] = []
        self.secrets: set[str | None] = set()
        self.hosts: set[str] = set()
        self.attempts: list[float] = []
        self.answers: list[web.Response] = []
        """Given first, one a request; 200 when there are none left."""
        self.open = 0
        self.most_open = 0
        self.pause = 0.0

    async def handle(self, request: web.Request) -> web.Response:
        self.attempts.append(time.monotonic())
        self.hosts.add(request.host)
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if self.answers:
            return self.answers.pop(0)
        update = await request.json()
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(self.pause)
        self.open -= 1
        self.taken.append(update)
        return web.Response()

    async def wait(self, number: int) -> list[dict[str, Any]]:
        async def enough() -> bool:
            return len(self.taken) >= number

        await until(enough)
        return self.taken


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


async def pending_is_zero(sandbox: SandboxClient) -> None:
    async def is_zero() -> bool:
        return not (await state(sandbox))["pending"]

    await until(is_zero)


async def test_delivery_with_the_secret(
    sandbox: SandboxClient, bot: Bot, receiver: Receiver
) -> None:
    early = await sandbox.send(BOT_ID, "before the webhook was set")
    assert await bot.set_webhook(receiver.url, secret_token=SECRET)
    late = await sandbox.send(BOT_ID, "after")
    taken = await receiver.wait(2)
    assert [update["update_id"] for update in taken] == [early, late]
    assert receiver.secrets == {SECRET}
    await pending_is_zero(sandbox)
    described = await state(sandbox)
    assert (described["mode"], described["confirmed"]) == ("webhook", late)


async def test_it_is_tried_again_until_it_is_taken(
    sandbox: SandboxClient, bot: Bot, receiver: Receiver
) -> None:
    receiver.answers = [
        web.Response(status=503, headers={"Retry-After": "1"}),
        web.Response(status=500),
    ]
    await bot.set_webhook(receiver.url)
    first = await sandbox.send(BOT_ID, "1")
    second = await sandbox.send(BOT_ID, "2")
    taken = await receiver.wait(2)
    assert [update["update_id"] for update in taken] == [first, second]
    assert receiver.attempts[1] - receiver.attempts[0] > 0.9
    assert receiver.attempts[2] - receiver.attempts[1] > 0.2
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"


async def test_what_setting_it_again_says(
    sandbox: SandboxClient, raw: Raw, receiver: Receiver
) -> None:
    async def say(method: str, **params: object) -> str:
        return str((await raw(method, **params))[1]["description"])

    url = {"url": receiver.url}
    assert await say("setWebhook", **url) == "Webhook was set"
    assert await say("setWebhook", **url) == "Webhook is already set"
    assert await say("setWebhook", **url, max_connections=3) == "Webhook was set"
    assert await say("setWebhook", **url, secret_token="x") == "Webhook was set"
    again = {"secret_token": "x", "drop_pending_updates": True}
    assert await say("setWebhook", **url, **again) == "Webhook was set"
    assert await say("deleteWebhook") == "Webhook was deleted"
    assert await say("deleteWebhook") == "Webhook is already deleted"
    assert await say("deleteWebhook", drop_pending_updates=True) == "Webhook was deleted"

    await sandbox.limits(on=True)
    assert await say("setWebhook", **url) == "Webhook was set"
    assert await say("setWebhook", **url) == "Too Many Requests: retry after 1"
    await sandbox.ask("advance", seconds=1)
    assert await say("setWebhook", **url) == "Webhook is already set"


async def test_what_is_told_of_it(
    sandbox: SandboxClient, raw: Raw, bot: Bot, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    port = URL(receiver.url).port
    await raw("setWebhook", url=f"http://bots.example:{port}/hook", ip_address="127.0.0.1")
    info = await bot.get_webhook_info()
    assert (info.ip_address, info.has_custom_certificate) == ("127.0.0.1", False)
    receiver.answers = [web.Response(status=500) for _ in range(3)]
    await sandbox.send(BOT_ID, "1")
    await receiver.wait(1)
    assert receiver.hosts == {f"bots.example:{port}"}
    told = [record.message for record in caplog.records if "webhook of bot" in record.message]
    error = "Wrong response from the webhook: 500 Internal Server Error"
    assert told == [f"webhook of bot {BOT_ID}: {error}; tried again and again"]
    await bot.set_webhook(receiver.url, certificate=BufferedInputFile(b"PEM", "cert.pem"))
    info = await bot.get_webhook_info()
    assert (info.ip_address, info.has_custom_certificate) == ("<unknown>", True)
    await sandbox.send(BOT_ID, "2")
    await receiver.wait(2)
    assert (await bot.get_webhook_info()).ip_address == "127.0.0.1"


async def test_nobody_listens(sandbox: SandboxClient, bot: Bot, unused_tcp_port: int) -> None:
    await bot.set_webhook(f"http://127.0.0.1:{unused_tcp_port}/hook")
    await sandbox.send(BOT_ID, "hello")

    async def failed() -> bool:
        return bool((await bot.get_webhook_info()).last_error_message)

    await until(failed)
    info = await bot.get_webhook_info()
    assert info.pending_update_count == 1
    assert info.last_error_message
    assert "onnect" in info.last_error_message


async def test_chats_do_not_wait_for_each_other(
    sandbox: SandboxClient, bot: Bot, receiver: Receiver
) -> None:
    receiver.pause = 0.1
    await bot.set_webhook(receiver.url, max_connections=5)
    for number in range(20):
        await sandbox.send(BOT_ID, str(number), user_id=1 + number % 10)
    taken = await receiver.wait(20)
    assert receiver.most_open == 5
    for user_id in range(1, 11):
        own = [one["update_id"] for one in taken if one["message"]["from"]["id"] == user_id]
        assert own == sorted(own)
    await pending_is_zero(sandbox)


async def test_polling_and_webhook_exclude_each_other(
    sandbox: SandboxClient, bot: Bot, receiver: Receiver
) -> None:
    receiver.answers = [web.Response(status=500)] * 100
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await poll_open(sandbox)
    await bot.set_webhook(receiver.url)
    with pytest.raises(TelegramConflictError, match="terminated by setWebhook request"):
        await asyncio.wait_for(poll, 20)
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is"):
        await bot.get_updates()
    update_id = await sandbox.send(BOT_ID, "not taken")
    assert await bot.delete_webhook()
    assert [update.update_id for update in await bot.get_updates()] == [update_id]


async def test_what_was_delivered_is_not_polled_again(
    sandbox: SandboxClient, bot: Bot, receiver: Receiver
) -> None:
    receiver.answers = [web.Response(status=500, headers={"Retry-After": "60"})]
    await bot.set_webhook(receiver.url)
    stuck = await sandbox.send(BOT_ID, "1", user_id=1)
    await until(lambda: asyncio.sleep(0, receiver.attempts))
    await sandbox.send(BOT_ID, "2", user_id=2)
    await receiver.wait(1)
    await bot.delete_webhook()
    assert [update.update_id for update in await bot.get_updates()] == [stuck]


async def test_an_id_that_is_pushed_twice_is_two_updates(
    sandbox: SandboxClient, bot: Bot, receiver: Receiver
) -> None:
    receiver.answers = [web.Response(status=500, headers={"Retry-After": "1"})]
    await bot.set_webhook(receiver.url)
    stuck = await sandbox.send(BOT_ID, "1", user_id=1)
    await until(lambda: asyncio.sleep(0, receiver.attempts))
    await sandbox.push(BOT_ID, [{"update_id": stuck + 1, "poll": {}}] * 2)
    taken = await receiver.wait(3)
    assert [one["update_id"] for one in taken] == [stuck + 1, stuck + 1, stuck]
    await pending_is_zero(sandbox)


async def test_pending_updates_can_be_dropped(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "1")
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == []


async def test_only_allowed_updates_are_delivered(
    sandbox: SandboxClient, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url, allowed_updates=["poll"])
    await sandbox.push(BOT_ID, [{"message": {}}, {"poll": {}}])
    taken = await receiver.wait(1)
    assert [set(update) for update in taken] == [{"update_id", "poll"}]
    assert (await bot.get_webhook_info()).allowed_updates == ["poll"]


@pytest.mark.parametrize(
    ("address", "secret_token", "error"),
    [
        ("ftp://x.y/z", "", "invalid webhook URL specified"),
        ("no url", "", "invalid webhook URL specified"),
        ("https://x.y/z", "ä", "secret token contains unallowed characters"),
        ("https://x.y/z", "a" * 257, "secret token is too long"),
    ],
)
async def test_wrong_webhooks(bot: Bot, address: str, secret_token: str, error: str) -> None:
    with pytest.raises(TelegramBadRequest, match=error):
        await bot.set_webhook(address, secret_token=secret_token)


async def test_descriptions(raw: Raw, sandbox: SandboxClient, receiver: Receiver) -> None:
    _, body = await raw("setWebhook", url=receiver.url)
    assert body == {"ok": True, "result": True, "description": "Webhook was set"}
    _, body = await raw("deleteWebhook")
    assert body["description"] == "Webhook was deleted"
    _, body = await raw("setWebhook")
    assert body["description"] == "Webhook is already deleted"
