"""A webhook is set once, and one that Telegram cannot reach does not look well."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio
from aiogram import Bot
from aiogram.types import Update

from fleet.bots.member import BotState, Member
from fleet.bots.pending import Pending
from fleet.inbox import Inbox
from fleet.intake import keeper
from fleet.intake.keeper import WebhookKeeper
from fleet.ops.crowd import Crowd
from fleet.settings import Settings
from fleet.shards.replicas import Replicas
from fleet.tasks import beside
from fleet.telegram.session import create_sessions
from fleet.vault import Vault
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.cli.command import CommandLine
from tests.proofs.proxy import proxy
from tests.proofs.raw_telegram import BOT, TOKEN, RawTelegram
from tests.proofs.watch import new_token, until_in
from tests.waiting import until

KEY = "k" * 40
BY_DEFAULT = sorted(
    Update.model_fields.keys()
    - {"update_id", "chat_member", "message_reaction", "message_reaction_count"}
)
"""The types that Telegram sends by itself, and therefore does not name."""


@pytest.fixture
async def token(sandbox: SandboxClient) -> str:
    """Make a bot that no other test has."""
    token = new_token()
    await sandbox.add(token)
    return token


@contextlib.asynccontextmanager
async def keeping(
    url: str, token: str, redis_url: str, allowed: list[str]
) -> AsyncIterator[tuple[Member, Inbox]]:
    """Keep the webhook of one bot at the Telegram under `url`."""
    sessions = create_sessions(Settings(telegram_api_url=url))
    member = Member(Bot(token, session=sessions.calls), None)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        inbox = Inbox(client)
        pending = Pending(client, inbox, Replicas(client, 64), wanted=False)
        kept = WebhookKeeper(
            member, inbox, Vault(KEY), "http://127.0.0.1:1", allowed, pending, Crowd()
        )
        task = asyncio.create_task(kept.run())
        yield member, inbox
        task.cancel()
        await asyncio.wait([task])
    await sessions.close()


@pytest.mark.parametrize("allowed", [["message", "made_up"], ["made_up"], BY_DEFAULT])
async def test_types_that_telegram_drops_are_asked_for_once(
    sandbox: SandboxClient,
    sandbox_url: str,
    clean_redis: str,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    allowed: list[str],
) -> None:
    monkeypatch.setattr(keeper, "CHECK_INTERVAL", 0.01)
    monkeypatch.setattr(keeper, "NEW_FOR", 0)
    bot = int(token.partition(":")[0])
    async with keeping(sandbox_url, token, clean_redis, allowed):
        await sandbox.calls(bot, "getWebhookInfo", at_least=5)
    assert len(await sandbox.calls(bot, "setWebhook")) == 1


@pytest.mark.parametrize(
    ("age", "pending", "state"),
    [(-60, 3, "backing-off"), (60, 3, "running"), (-60, 0, "running")],
)
async def test_an_old_error_does_not_count(
    clean_redis: str, age: int, pending: int, state: str
) -> None:
    """`age`: seconds for which the error is older than the last update that came."""
    async with RawTelegram.running() as telegram:
        telegram.webhook |= {
            "pending_update_count": pending,
            "last_error_date": int(time.time()) - age,
            "last_error_message": "Connection refused",
        }
        async with redis.asyncio.Redis.from_url(clean_redis) as client:
            inbox = Inbox(client)
            await inbox.put(BOT, [{"update_id": 1, "message": {}}])
            async with beside(inbox.last.tell()):

                async def told() -> bool:
                    return bool(await inbox.last.read([BOT]))

                await until(told, "it is told when the update came")
        async with keeping(telegram.url, TOKEN, clean_redis, ["message"]) as (member, _):

            async def looked() -> bool:
                return member.state is not BotState.STARTING

            await until(looked, "the keeper has looked")
            assert (member.state, member.error) == (
                (state, None)
                if state == "running"
                else (state, "Telegram cannot deliver 3 updates to the webhook: Connection refused")
            )


async def test_a_webhook_that_telegram_cannot_reach_is_told_until_it_can(
    sandbox: SandboxClient,
    sandbox_url: str,
    clean_redis: str,
    token: str,
    start_service: StartService,
    tmp_path: Path,
) -> None:
    bot, port = int(token.partition(":")[0]), free_port()
    settings = {
        "BOT_TOKENS": token,
        "SECRET_KEY": KEY,
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
    }
    service = await start_service(**settings)
    fleet = CommandLine(
        tmp_path, {"REDIS_URL": clean_redis, "TELEGRAM_API_URL": sandbox_url, **settings}
    )
    await sandbox.send(bot, "is anybody there?", user_id=7)
    told = await until_in("backing-off", service)
    assert told["error"].startswith("Telegram cannot deliver 1 update to the webhook: ")
    await sandbox.send(bot, "hello?", user_id=7)

    async def counted() -> bool:
        (told,) = (await fleet.json("status"))["bots"]
        return "cannot deliver 2 updates" in told["error"]

    await until(counted, "`fleet status` tells how many updates wait")
    async with proxy(port, lambda: [service.url]):
        assert (await sandbox.reply(bot, 7))["text"] == "is anybody there?"
        assert (await sandbox.reply(bot, 7))["text"] == "hello?"
        assert (await until_in("running", service))["error"] is None
    assert service.log.count("Telegram cannot reach the webhook") == 1
    assert service.log.count("Telegram reaches the webhook again") == 1
    assert service.log.count("the webhook is set") == 1
