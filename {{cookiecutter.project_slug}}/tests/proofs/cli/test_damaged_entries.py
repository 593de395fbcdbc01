"""What is damaged in Redis, or was written by a newer version, harms one bot at the most."""

from typing import Any

import orjson
import redis.asyncio

from fleet.bots.registry import BROKEN
from fleet.bots.states import UNREADABLE
from fleet.redis.keys import PREFIX
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.helpers import Bots, conversation
from tests.proofs.watch import bots_of, until_in
from tests.waiting import until

DAMAGE = (b"{", b"[]", b"\xff\xfe", b'{"state": 7, "token": 7}')
NEWER = {"state": "on-holiday", "error": "[bold]until May", "username": None, "since": {"at": 1}}


async def test_a_damaged_entry_harms_one_bot_at_the_most(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    service = await start_service(**bots.settings)
    await fleet.ok("add", "--role", "shop", stdin=bots.tokens[bots.two])
    await until_in("running", service, bots.two)
    async with conversation(sandbox, bots.one):
        for key in ("registry", "states", "last", "peers", "{0}:waiting", "{0}:dropped"):
            for number, damage in enumerate(DAMAGE):
                await client.execute_command("HSET", PREFIX + key, f"no bot {number}", damage)
        await client.execute_command("SADD", PREFIX + "paused", "no bot", *DAMAGE)
        await client.execute_command("HSET", PREFIX + "states", bots.one, DAMAGE[0])
        await client.execute_command("HSET", PREFIX + "last", bots.two, 2**60)
        await client.execute_command("HSET", PREFIX + "registry", bots.two, DAMAGE[0])
        await client.execute_command("INCR", PREFIX + "version")
        await until_in("stopped", service, bots.two)
        another = await start_service(**bots.settings)
        for told in (
            list((await bots_of(service)).values()),
            list((await bots_of(another)).values()),
            await fleet.json("list"),
            (await fleet.json("status"))["bots"],
        ):
            assert [bot["id"] for bot in told] == [bots.one, bots.two]
            assert told[0]["error"] in (UNREADABLE, None), "it is told again after a while"
            assert (told[1]["state"], told[1]["error"]) == ("stopped", BROKEN)
        for table in (await fleet.ok("list"), await fleet.ok("status")):
            assert BROKEN in table

        await fleet.ok("add", "--role", "shop", stdin=bots.tokens[bots.two])
        await sandbox.send(bots.two, "role")
        assert (await sandbox.reply(bots.two, 7))["text"] == "shop"


async def test_a_state_that_only_a_newer_replica_knows_is_shown(
    start_service: StartService,
    fleet: CommandLine,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    service = await start_service(**bots.settings)
    await until_in("running", service, bots.one)

    async def told() -> dict[str, Any]:  # the one that runs tells its own state when it likes
        await client.execute_command("HSET", PREFIX + "states", bots.one, orjson.dumps(NEWER))
        return (await bots_of(service))[bots.one]

    async def shown() -> bool:
        bot = await told()
        return (bot["state"], bot["error"]) == (NEWER["state"], NEWER["error"])

    await until(shown, "/health shows what the newer one told")
    for command in ("list", "status"):

        async def printed(command: str = command) -> bool:
            await told()
            table = await fleet.ok(command)
            return str(NEWER["state"]) in table and str(NEWER["error"]) in table

        await until(printed, f"fleet {command} shows it")
