"""A turn changes states as a whole, at its end, or not at all."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from aiogram import Dispatcher
from aiogram.fsm.storage.base import StorageKey
from pydantic import SecretStr

from fleet.overlay import Overlay
from fleet.redis.keys import PREFIX
from fleet.redis.pool import create_redis
from fleet.redis.slots import slot_of_key
from fleet.settings import Settings
from fleet.state_keys import keep_apart
from fleet.storage import FleetStorage
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.redis_groups import Nodes, running
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import (
    APP,
    Json,
    let_go,
    new_bots,
    until_logged,
    until_started,
)
from tests.states import commit

USER = 7


async def say(sandbox: SandboxClient, bot: int, text: str) -> str:
    """Write to the bot; give what it says next."""
    await sandbox.send(bot, text, user_id=USER)
    return await heard(sandbox, bot)


async def heard(sandbox: SandboxClient, bot: int) -> str:
    return str((await sandbox.reply(bot, USER))["text"])


async def data(sandbox: SandboxClient, bot: int) -> Json:
    found: Json = json.loads(await say(sandbox, bot, "data"))
    return found


async def test_a_handler_that_raises_leaves_the_state_as_it_was(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    """Its error handlers see it so, and what they write is kept, with a dead letter or without."""
    [bot], token = await new_bots(sandbox)
    await start_service(APP, BOT_TOKENS=token)
    assert await say(sandbox, bot, "count raise") == "sorry"
    assert await data(sandbox, bot) == {}
    assert await say(sandbox, bot, "count") == "1"
    assert await say(sandbox, bot, "count raise") == "sorry"
    seen = {"sum": 1, "errors_at": 1, "sorry_at": 1}
    assert await data(sandbox, bot) == seen | {"errors": 1}
    for text in ("count settle", "count stumble", "count cancel", "count exit"):
        await sandbox.send(bot, text, user_id=USER)
    assert await data(sandbox, bot) == seen | {"errors": 2}
    assert await say(sandbox, bot, "count return") == "returned"
    assert await data(sandbox, bot) == seen | {"sum": 2, "errors": 2}


async def test_a_handler_that_takes_too_long_leaves_the_state_as_it_was(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    await start_service(APP, BOT_TOKENS=token, HANDLER_TIMEOUT="1")
    assert await say(sandbox, bot, "count") == "1"
    assert await say(sandbox, bot, "count sleep 600") == "sorry"
    assert await data(sandbox, bot) == {"sum": 1, "errors": 1, "errors_at": 1, "sorry_at": 1}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_turn_begun_again_elsewhere_finds_the_state_of_before(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, number: signal.Signals
) -> None:
    [bot], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": token, "DRAIN_TIMEOUT": "1"}
    first = await start_service(APP, **settings)
    assert await say(sandbox, bot, "count") == "1"
    work = "count wait go-on"
    await sandbox.send(bot, work, user_id=USER)
    await until_started(clean_redis, work)
    await start_service(APP, **settings)
    first.signal(number)
    await until_started(clean_redis, work, 2)
    let_go(clean_redis)
    assert await heard(sandbox, bot) == work
    assert await data(sandbox, bot) == {"sum": 2}


async def test_a_turn_that_redis_interrupted_finds_the_state_of_before(
    start_service: StartService, sandbox: SandboxClient, server: RedisServer
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(APP, BOT_TOKENS=token, REDIS_URL=server.url)
    work = "count wait go-on"
    await sandbox.send(bot, work, user_id=USER)
    await until_started(server.url, work)
    server.kill()
    await until_logged(service, "the turn is to be begun again")
    server.start()
    let_go(server.url)
    assert await heard(sandbox, bot) == work
    assert await data(sandbox, bot) == {"sum": 1}


async def test_a_turn_that_telegram_interrupted_finds_the_state_of_before(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(APP, BOT_TOKENS=token)
    work = "count wait go-on"
    await sandbox.send(bot, work, user_id=USER)
    await until_started(clean_redis, work)
    await sandbox.fault("502", bot)
    let_go(clean_redis)
    await until_logged(service, "the turn is to be begun again")
    await sandbox.clear_faults()
    assert await heard(sandbox, bot) == work
    assert await data(sandbox, bot) == {"sum": 1}


async def test_a_cluster_has_the_states_of_a_chat_in_one_slot(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    with running(*nodes.servers):
        await nodes.join()
        settings = Settings(redis_url=SecretStr(nodes.url))
        async with create_redis(settings) as redis:
            storage = FleetStorage(redis)
            keep_apart(Dispatcher(storage=storage), PREFIX, settings.shards)
            for chat in range(20):
                overlay = Overlay(redis)
                overlay.open()
                for user in range(3):
                    key = StorageKey(1, chat, user, destiny=f"scene {user}")
                    await storage.set_state(key, f"state {user}")
                    await storage.update_data(key, {"user": user})
                writes = overlay.seal()
                assert len(writes) == 6
                assert len({slot_of_key(write.key) for write in writes}) == 1
                await commit(overlay)
            keys = [StorageKey(1, chat, 2, destiny="scene 2") for chat in range(20)]
            found = await asyncio.gather(*(storage.get_data(key) for key in keys))
            assert found == [{"user": 2}] * len(keys)
