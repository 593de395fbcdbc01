"""REDIS_PREFIX: two fleets on one database of one Redis, each with keys of its own."""

from pathlib import Path
from typing import Any

import redis.asyncio

from fleet.bots.peers import STRANGERS
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.watch import APP, get, new_bots, until_in, until_logged
from tests.waiting import until

HASTY = "tests.proofs.hasty"


async def test_two_fleets_share_a_database(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, tmp_path: Path
) -> None:
    (one, two), tokens = await new_bots(sandbox, 2)
    fleets = {
        prefix: {"BOT_TOKENS": token, "REDIS_PREFIX": prefix, "REDIS_URL": clean_redis}
        for prefix, token in zip(("shop:", "desk"), tokens.split(), strict=True)
    }
    for settings in fleets.values():
        await start_service(APP, **settings)
    for bot in (one, two):
        await sandbox.send(bot, "count")
        assert (await sandbox.reply(bot, 7))["text"] == "1"
    async with redis.asyncio.Redis.from_url(clean_redis) as client:

        async def have_states() -> bool:
            states = {key.decode() async for key in client.scan_iter("*fsm:*")}
            return {key.partition("fsm:")[0] for key in states} == set(fleets)

        await until(have_states, "the turns are over, each with its state under its prefix")
        # What app.py itself notes in `turns` is none of the service's.
        keys = {key.decode() async for key in client.scan_iter()} - {"turns"}
    assert {key for key in keys if not key.startswith(tuple(fleets))} == set()
    for (_, settings), bot in zip(fleets.items(), (one, two), strict=True):
        assert [info["id"] for info in await CommandLine(tmp_path, settings).json("list")] == [bot]


async def test_two_fleets_that_share_keys_are_told(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, tmp_path: Path
) -> None:
    # Each replica holds half of the shards, and polls those of its bots that are in them. Which
    # these are is a matter of chance: that all of the second are is one in 65,536.
    ids, tokens = await new_bots(sandbox, 24)
    parts = [tokens.split()[:8], tokens.split()[8:]]
    services = []
    for part in parts:
        service = await start_service(HASTY, BOT_TOKENS=" ".join(part), REDIS_URL=clean_redis)
        services.append(service)
        if len(services) == 1:
            for bot in ids[:8]:  # which then lose their shards
                await until_in("running", service, bot)

    async def all_know() -> bool:
        return all([(await get(service))[1]["warnings"] == [STRANGERS] for service in services])

    await until(all_know, "/health of both fleets says it")

    async def unpolled() -> list[dict[str, Any]]:
        shown = [bot for service in services for bot in (await get(service))[1]["bots"]]
        assert [bot["id"] for bot in shown] == ids
        return [bot for bot in shown if bot["polled_by"] is None]

    for service in services:
        _, told = await get(service)
        assert {bot["polled_by"] for bot in told["bots"]} <= {told["replica"], None}

    waiting = await until(unpolled, "nobody polls a bot whose shard is held by who knows it not")
    assert {(bot["state"], bot["error"]) for bot in waiting} == {("starting", STRANGERS)}
    token = tokens.split()[ids.index(waiting[0]["id"])]
    settings = {"BOT_TOKENS": token, "REDIS_URL": clean_redis}
    [info] = await CommandLine(tmp_path, settings).json("list")
    assert info["error"] == STRANGERS

    await services[0].stop()
    await until_logged(services[1], "all replicas have the same bots again")
    assert [service.log.count(STRANGERS) for service in services] == [1, 1]
    assert (await get(services[1]))[1]["warnings"] == []
    bot = ids[-1]
    await sandbox.send(bot, "hello")
    assert (await sandbox.reply(bot, 7))["text"] == "hello"
