"""A bot's poller in trouble: what it costs the others, and what the log says of many."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from aiogram import Bot
from aiogram.methods import SetWebhook

from fleet.bots.member import BotState, Member
from fleet.bots.pending import Pending
from fleet.inbox import Inbox
from fleet.intake.polling import POLL_TIMEOUT, Poller
from fleet.ops.crowd import FEW, Crowd
from fleet.redis.keys import PREFIX
from fleet.settings import Settings
from fleet.shards.replicas import Replicas
from fleet.shards.shard import key_of_shard, shard_of_bot
from fleet.telegram.session import create_sessions
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.watch import APP, new_token
from tests.waiting import until


async def new_bot(sandbox: SandboxClient) -> tuple[int, str]:
    token = new_token()
    return await sandbox.add(token), token


@contextlib.asynccontextmanager
async def polling(url: str, token: str, inbox: Inbox, client: Any) -> AsyncIterator[Member]:
    """Poll one bot of the Telegram under `url`. An error that ends its poller fails the test."""
    sessions = create_sessions(Settings(telegram_api_url=url))
    member = Member(Bot(token, session=sessions.calls), None)
    pending = Pending(client, inbox, Replicas(client, 64), wanted=False)
    poller = Poller(member, inbox, sessions, ["message"], pending, Crowd())
    task = asyncio.create_task(poller.run())
    yield member
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await sessions.close()


async def until_in(member: Member, state: BotState) -> None:
    async def in_state() -> bool:
        return member.state is state

    await until(in_state, f"the bot is {state}")


async def test_a_batch_that_found_the_inbox_full_is_sent_again_when_there_is_room(
    sandbox: SandboxClient, sandbox_url: str, clean_redis: str
) -> None:
    bot, token = await new_bot(sandbox)
    async with redis.asyncio.Redis.from_url(clean_redis) as client:
        inbox = Inbox(client, limit_per_bot=1)
        await inbox.put(bot, [{"update_id": 1, "message": {}}])
        for number in range(50):
            await sandbox.send(bot, f"{number}: {'long ' * 500}")

        async def received() -> int:
            return int((await client.info("stats"))["total_net_input_bytes"])

        async def looks() -> int:
            commands = await client.info("commandstats")
            return int(commands.get("cmdstat_hmget", {}).get("calls", 0))

        async with polling(sandbox_url, token, inbox, client) as member:
            await until_in(member, BotState.BACKING_OFF)
            assert "the inbox is full" in (member.error or "")
            bytes_then, looks_then = await received(), await looks()

            async def waits() -> bool:
                return await looks() >= looks_then + 4

            await until(waits, "it looks for room", moving=looks)
            assert await received() - bytes_then < 50 * 2_500, "the batch itself did not come along"
            # Not dropped: what comes meanwhile might be, too.
            waiting = key_of_shard(PREFIX, shard_of_bot(bot, 64), "waiting")
            await client.execute_command("HDEL", waiting, bot)
            await until_in(member, BotState.RUNNING)
        assert (await inbox.sizes()) == {bot: 50}


async def test_a_webhook_that_cannot_be_removed_is_trouble_like_any_other(
    sandbox: SandboxClient, sandbox_url: str, clean_redis: str
) -> None:
    bot, token = await new_bot(sandbox)
    sessions = create_sessions(Settings(telegram_api_url=sandbox_url))
    await sessions.calls(Bot(token), SetWebhook(url=f"http://127.0.0.1:{free_port()}"))
    await sessions.close()
    await sandbox.fault("reset", bot, "deleteWebhook")
    async with redis.asyncio.Redis.from_url(clean_redis) as client:
        inbox = Inbox(client)
        async with polling(sandbox_url, token, inbox, client) as member:
            await until_in(member, BotState.CONFLICT)
            assert member.error == "a webhook is set; removing it to poll"
            await until_in(member, BotState.BACKING_OFF)
            await sandbox.clear_faults()
            await until_in(member, BotState.RUNNING)
    assert len(await sandbox.calls(bot, "deleteWebhook")) >= 2


async def test_a_poll_that_waits_does_not_hide_that_a_refused_token_works_again(
    sandbox: SandboxClient, sandbox_url: str, clean_redis: str
) -> None:
    _, token = await new_bot(sandbox)
    async with (
        redis.asyncio.Redis.from_url(clean_redis) as client,
        polling(sandbox_url, token, Inbox(client), client) as member,
    ):
        await until_in(member, BotState.RUNNING)
        member.enter(BotState.UNAUTHORIZED, "what a turn found")

        async def again() -> bool:
            return member.state is BotState.RUNNING

        await until(again, "the bot polls again", within=POLL_TIMEOUT / 2)


@pytest.mark.parametrize(
    ("event", "settings"),
    [
        ("not polling", {}),
        (
            "the webhook cannot be looked after",
            {"WEBHOOK_URL": "http://127.0.0.1:1", "SECRET_KEY": "k" * 40},
        ),
    ],
)
async def test_an_outage_of_many_bots_is_a_few_lines(
    start_service: StartService, event: str, settings: dict[str, str]
) -> None:
    number = FEW + 15
    tokens = " ".join(new_token() for _ in range(number))
    nowhere = f"http://127.0.0.1:{free_port()}"
    service = await start_service(APP, BOT_TOKENS=tokens, TELEGRAM_API_URL=nowhere, **settings)

    async def summed_up() -> list[dict[str, Any]]:
        written, _, _ = service.log.rpartition("\n")
        lines = [json.loads(line) for line in written.splitlines()]
        about = [line for line in lines if line["event"] == event]
        return about if any("more" in line for line in about) else []

    *first, last = await until(summed_up, "the log sums up")
    assert len(first) == len({line["bot_id"] for line in first}) == FEW
    assert last["more"] == number - FEW
    assert last["state"] == "backing-off"
    assert "bot_id" not in last
