"""Dead letters are listed, replayed and dropped."""

import redis.asyncio

from fleet.inbox import DeadLetter, Inbox
from fleet.redis.keys import PREFIX
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.frail import BROKEN
from tests.proofs.cli.helpers import Bots, message, replies, until_unpolled
from tests.waiting import until


async def test_dead_letters_are_listed_replayed_and_dropped(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    service = await start_service("tests.proofs.cli.frail", **bots.settings)
    await client.set(BROKEN, 1)
    for text in ("fail 1", "well 1", "fail 2", "fail 3", "well 2"):
        await sandbox.send(bots.one, text)
    assert await replies(sandbox, bots.one, at_least=2) == ["well 1", "well 2"]
    letters = await fleet.json("dead-letters", "list")
    first, second, third = (letter["id"] for letter in letters)
    assert [letter["update"]["message"]["text"] for letter in letters] == [
        "fail 1", "fail 2", "fail 3",
    ]  # fmt: skip
    assert {letter["conversation"] for letter in letters} == {f"{bots.one}:7:7"}
    assert {letter["bot_id"] for letter in letters} == {bots.one}
    table = await fleet.ok("dead-letters", "list")
    assert "RuntimeError: broken at [bold]fail 1" in table
    assert all(letter in table for letter in (first, second, third))
    shown = await fleet.ok("dead-letters", "show", first)
    assert "Traceback" in shown
    assert '"text": "fail 1"' in shown

    # Still broken: a new letter for the old one.
    await fleet.ok("dead-letters", "replay", first)

    async def dead_again() -> DeadLetter | None:
        *_, last = [letter async for letter in Inbox(client).dead_letters()]
        return last if last.id not in (first, second, third) else None

    last = await until(dead_again, "it is a dead letter again")
    assert last is not None
    assert last.update["message"]["text"] == "fail 1"
    fourth = last.id

    # Mended: after what waits in its conversation.
    await client.delete(BROKEN)
    await fleet.ok("pause", str(bots.one))
    await until_unpolled(service, bots.one)
    await Inbox(client).put(bots.one, [message(1, "waits 1"), message(2, "waits 2")])
    assert "1 update back" in await fleet.ok("dead-letters", "replay", fourth)
    await fleet.ok("resume", str(bots.one))
    answered = await replies(sandbox, bots.one, at_least=5)
    assert answered[2:] == ["waits 1", "waits 2", "fail 1"]

    again = await fleet("dead-letters", "replay", fourth, second)
    assert again.code == 1
    assert again.out == "1 update back in the inbox.\n"
    assert f"there is no dead letter {fourth};" in again.err
    assert (await replies(sandbox, bots.one, at_least=6))[5:] == ["fail 2"]

    refused = await fleet("dead-letters", "drop", third)  # nobody says yes
    assert refused.code == 1
    assert len(await fleet.json("dead-letters", "list")) == 1
    await fleet.ok("dead-letters", "drop", "--yes", third)
    assert await fleet.json("dead-letters", "list") == []
    assert (await fleet("dead-letters", "drop", "--yes", third)).code == 1
    assert "0 dead letters" in await fleet.ok("dead-letters", "drop", "--all", "--yes")


async def test_all_dead_letters_are_replayed_at_once(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    await start_service("tests.proofs.cli.frail", **bots.settings)
    await client.set(BROKEN, 1)
    for number in range(20):
        await sandbox.send(bots.one, f"fail {number}", user_id=1 + number % 3)

    async def all_dead() -> bool:
        return bool(await client.xlen(f"{PREFIX}dead") == 20)

    await until(all_dead, "all are dead letters")
    assert (await fleet.json("status"))["dead_letters"] == 20
    await client.delete(BROKEN)
    assert "20 updates back" in await fleet.ok("dead-letters", "replay", "--all")
    assert len(await replies(sandbox, bots.one, at_least=20)) == 20
    assert "no dead letters" in await fleet.ok("dead-letters", "list")
    assert (await fleet.json("status"))["waiting"] == 0
