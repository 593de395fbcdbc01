"""Bots come, go, rest and get new tokens while others answer."""

import asyncio
from pathlib import Path

import pytest
import redis.asyncio

from fleet.inbox import Inbox
from sandbox.client import NoReplyError, SandboxClient
from tests.conftest import StartService
from tests.process import Process
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.helpers import (
    OTHER_KEY,
    Bots,
    conversation,
    gone,
    replies,
    says,
    until_unpolled,
)
from tests.proofs.mail import text
from tests.proofs.watch import bots_of, until_in
from tests.waiting import until


async def test_a_bot_is_added_while_another_answers(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    service = await start_service(**bots.settings)
    async with conversation(sandbox, bots.one):
        said = await fleet.ok("add", "--role", "shop", "-", stdin=bots.tokens[bots.two] + "\n")
        assert f"({bots.two}) is in the fleet, role shop" in said
        await sandbox.send(bots.two, "role")
        assert (await sandbox.reply(bots.two, 7))["text"] == "shop"

    await until_in("running", service, bots.two)
    first, second = await fleet.json("list")
    assert (first["id"], first["role"]) == (bots.one, "support")
    assert (second["id"], second["role"], second["state"]) == (bots.two, "shop", "running")
    assert bots.tokens[bots.two].partition(":")[2] not in fleet.said + service.log


async def test_a_new_token_takes_effect_and_keeps_the_role(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    both = f"support={bots.tokens[bots.one]} {bots.tokens[bots.two]}"
    service = await start_service(**bots.settings | {"BOT_TOKENS": both})
    fleet = fleet.changed(BOT_TOKENS=both)
    async with conversation(sandbox, bots.two):
        token = await sandbox.rotate(bots.one)
        await until_in("unauthorized", service, bots.one)
        await sandbox.send(bots.one, "role")
        await fleet.ok("add", stdin=token)
        assert (await sandbox.reply(bots.one, 7))["text"] == "support"
        await until_in("running", service, bots.one)

    await fleet.ok("add", "--role", "", stdin=token)
    assert (await fleet.json("list"))[0]["role"] is None
    # Out of the registry again, it has the token of BOT_TOKENS, which is not valid any more.
    assert "goes on as BOT_TOKENS" in await fleet.ok("remove", str(bots.one))
    await until_in("unauthorized", service, bots.one)


async def test_updates_of_a_paused_bot_wait_and_keep_their_order(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    both = " ".join(bots.tokens.values())
    service = await start_service(**bots.settings | {"BOT_TOKENS": both})
    fleet = fleet.changed(BOT_TOKENS=both)
    await until_in("running", service, bots.one)
    users = range(1, 6)

    async def write(numbers: range) -> None:
        for number in numbers:
            for user in users:
                await sandbox.send(bots.one, f"{user}:{number}", user_id=user)

    async with conversation(sandbox, bots.two):
        load = asyncio.create_task(write(range(40)))
        said = await fleet.ok("pause", str(bots.one))
        assert "is paused" in said
        await load
        await until_unpolled(service, bots.one)
        before = len(await replies(sandbox, bots.one))
        await write(range(40, 60))
        for _ in range(3):  # other users are served meanwhile
            await sandbox.send(bots.two, "there?", user_id=3)
            await sandbox.reply(bots.two, 3)
        assert len(await replies(sandbox, bots.one)) == before < 300
        [paused] = [bot for bot in await fleet.json("list") if bot["id"] == bots.one]
        assert paused["state"] == "paused"

        await fleet.ok("resume", f"@{paused['username']}")
        answered = await replies(sandbox, bots.one, at_least=300)
    for user in users:
        assert [text for text in answered if text.startswith(f"{user}:")] == [
            f"{user}:{number}" for number in range(60)
        ]


async def test_a_removed_bot_is_silent_and_its_updates_wait(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    service = await start_service(**bots.settings)
    name = str(bots.two)
    await fleet.ok("add", stdin=bots.tokens[bots.two])
    await sandbox.send(bots.two, "hello")
    await sandbox.reply(bots.two, 7)
    await fleet.ok("pause", name)
    await until_unpolled(service, bots.two)
    inbox = Inbox(client)
    await inbox.put(bots.two, [text(1, "first"), text(2, "second")])
    async with conversation(sandbox, bots.one):
        said = await fleet.ok("remove", name)
        assert "is removed" in said
        assert "2 updates still wait" in said
        assert [bot["id"] for bot in await fleet.json("list")] == [bots.one]
        await until(lambda: gone(service, bots.two), "the replica has let go of it")
        assert await replies(sandbox, bots.two) == ["hello"]

        await fleet.ok("add", stdin=bots.tokens[bots.two])
        assert await replies(sandbox, bots.two, at_least=3) == ["hello", "first", "second"]

        await fleet.ok("pause", name)
        await until_unpolled(service, bots.two)
        await inbox.put(bots.two, [text(3, "third")])
        assert "1 waiting update" in await fleet.ok("remove", "--drop-waiting", name)
        await inbox.put(bots.two, [text(4, "fourth")])
        assert "1 waiting update" in await fleet.ok("remove", "--drop-waiting", name)
        assert bots.two not in await inbox.sizes()
        await fleet.ok("add", stdin=bots.tokens[bots.two])
        await inbox.put(bots.two, [text(5, "fifth")])
        assert (await replies(sandbox, bots.two, at_least=4))[3:] == ["fifth"]


async def test_both_replicas_see_a_change_within_two_seconds(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    replicas = [await start_service(**bots.settings) for _ in range(2)]
    assert len((await fleet.json("status"))["replicas"]) == 2
    await fleet.ok("add", stdin=bots.tokens[bots.two])
    await sandbox.send(bots.two, "hello")
    await sandbox.reply(bots.two, 7)

    token = await sandbox.rotate(bots.two)
    for change, stdin in ((("add", "-"), token), (("remove", str(bots.two)), "")):
        seen = {replica: len(replica.log) for replica in replicas}
        await fleet.ok(*change, stdin=stdin)

        async def both_know(seen: dict[Process, int] = seen) -> bool:
            return all("left the fleet" in replica.log[start:] for replica, start in seen.items())

        await until(both_know, "both replicas know of it", within=2)
        if stdin:
            await sandbox.send(bots.two, "hello again")
            await sandbox.reply(bots.two, 7)
    async with conversation(sandbox, bots.one):
        await sandbox.send(bots.two, "still there?")
        with pytest.raises(NoReplyError):
            await sandbox.reply(bots.two, 7, timeout=1)


async def test_a_wrong_key_stops_only_the_bots_stored_with_the_right_one(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    said = await fleet.ok("add", "--role", "shop", stdin=bots.tokens[bots.two])
    assert "no replica runs" in said
    other = fleet.changed(SECRET_KEY=OTHER_KEY)
    service = await start_service(**bots.settings | {"SECRET_KEY": OTHER_KEY})
    async with conversation(sandbox, bots.one):
        for told in ((await bots_of(service))[bots.two], (await other.json("list"))[1]):
            assert told["state"] == "stopped"
            assert "another SECRET_KEY" in told["error"]
        assert "another SECRET_KEY" in await other.ok("list")
        assert "another SECRET_KEY" in await other.ok("status")

        await other.ok("add", stdin=bots.tokens[bots.two])
        await sandbox.send(bots.two, "role")
        assert (await sandbox.reply(bots.two, 7))["text"] == "shop"


async def test_a_change_of_the_tokens_file_takes_effect(
    start_service: StartService, sandbox: SandboxClient, bots: Bots, tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    file.write_text(bots.tokens[bots.one])
    service = await start_service(BOT_TOKENS_FILE=str(file))
    async with conversation(sandbox, bots.one):
        file.write_text("a mistake")
        await until(lambda: says(service, "the fleet stays as it is"), "the mistake is logged")
        file.write_text("\n".join(bots.tokens.values()))
        await sandbox.send(bots.two, "hello")
        assert (await sandbox.reply(bots.two, 7))["text"] == "hello"
        file.write_text(bots.tokens[bots.one])
        await until(lambda: gone(service, bots.two), "the bot has left")
