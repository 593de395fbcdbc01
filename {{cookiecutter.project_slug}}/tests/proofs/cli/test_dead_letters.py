"""Dead letters are listed, replayed and dropped."""

import asyncio
import sys

import orjson
import pytest
import redis.asyncio

from fleet.inbox import DeadLetter, Inbox
from fleet.inbox.letters import LONGEST_ERROR, LONGEST_TRACEBACK
from fleet.redis.keys import PREFIX
from fleet.shards.shard import key_of_shard
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.frail import BROKEN
from tests.proofs.cli.helpers import Bots, replies, until_unpolled
from tests.proofs.mail import text
from tests.starting import environment
from tests.waiting import until

MEASURED = """
import sys
from pathlib import Path
from fleet.cli import main
try:
    main()
finally:
    [peak] = [line for line in Path("/proc/self/status").open() if line.startswith("VmHWM")]
    print(peak.split()[1], file=sys.stderr)
"""
"""The command line, which tells at its end how many KiB it has had."""


async def test_dead_letters_are_listed_replayed_and_dropped(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    service = await start_service("tests.proofs.cli.frail", **bots.settings)
    await client.set(BROKEN, 1)
    for words in ("fail 1", "well 1", "fail 2", "fail 3", "well 2"):
        await sandbox.send(bots.one, words)
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
        *_, last = [letter async for letter in Inbox(client).letters.all()]
        return last if last.id not in (first, second, third) else None

    last = await until(dead_again, "it is a dead letter again")
    assert last is not None
    assert last.update["message"]["text"] == "fail 1"
    fourth = last.id

    # Mended: after what waits in its conversation.
    await client.delete(BROKEN)
    await fleet.ok("pause", str(bots.one))
    await until_unpolled(service, bots.one)
    await Inbox(client).put(bots.one, [text(1, "waits 1"), text(2, "waits 2")])
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
        return bool(await Inbox(client).letters.count() == 20)

    await until(all_dead, "all are dead letters")
    assert (await fleet.json("status"))["dead_letters"] == 20
    await client.delete(BROKEN)
    assert "20 updates back" in await fleet.ok("dead-letters", "replay", "--all")
    assert len(await replies(sandbox, bots.one, at_least=20)) == 20
    assert "no dead letters" in await fleet.ok("dead-letters", "list")
    assert (await fleet.json("status"))["waiting"] == 0


async def test_a_long_error_is_cut_and_its_end_is_kept(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    await start_service("tests.proofs.cli.frail", **bots.settings)
    await client.set(BROKEN, 1)
    words = f"fail {'é' * 3000} here"
    await sandbox.send(bots.one, words)

    async def dead() -> list[tuple[bytes, dict[bytes, bytes]]]:
        keys = [key async for key in client.scan_iter(PREFIX + "{*}:dead")]
        return list(await client.xrange(keys[0])) if keys else []

    [(_, kept)] = await until(dead, "it is a dead letter")
    assert len(kept[b"error"]) <= LONGEST_ERROR
    assert len(kept[b"traceback"]) <= LONGEST_TRACEBACK
    [letter] = await fleet.json("dead-letters", "list")
    assert letter["update"]["message"]["text"] == words
    assert letter["error"].startswith("RuntimeError: broken at")
    assert letter["error"].endswith("é here")
    assert letter["traceback"].startswith("Traceback")
    assert letter["traceback"].rstrip().endswith("é here")


async def test_a_damaged_letter_is_shown_beside_the_others(
    fleet: CommandLine, client: redis.asyncio.Redis, bots: Bots
) -> None:
    update = orjson.dumps(text(1, "whole"))
    whole = {"conversation": f"{bots.one}:7:7", "id": "1", "update": update}
    for fields in ({"error": b"\xff"}, whole, {**whole, "update": b"{"}, {"conversation": "x"}):
        parts = [part for field in fields.items() for part in field]
        await client.execute_command("XADD", key_of_shard(PREFIX, 0, "dead"), "*", *parts)
    letters = await fleet.json("dead-letters", "list")
    assert [letter["bot_id"] for letter in letters] == [0, bots.one, bots.one, 0]
    assert letters[1]["update"]["message"]["text"] == "whole"
    assert "cannot be read" in letters[2]["error"]
    table = await fleet.ok("dead-letters", "list")
    for letter in letters:
        assert letter["id"] in table
        assert await fleet.ok("dead-letters", "show", letter["id"])
    replayed = await fleet("dead-letters", "replay", letters[0]["id"], letters[1]["id"])
    assert replayed.out == "1 update back in the inbox.\n"
    assert "3 dead letters deleted" in await fleet.ok("dead-letters", "drop", "--all", "--yes")
    assert await fleet.json("dead-letters", "list") == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux' /proc")
@pytest.mark.parametrize("options", [[], ["--json"]])
async def test_a_long_list_takes_little_memory(
    fleet: CommandLine, client: redis.asyncio.Redis, bots: Bots, options: list[str]
) -> None:
    async def listed() -> tuple[str, int]:
        """List them in a process that tells its memory, in MiB, at its end."""
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-c", MEASURED, "dead-letters", "list", *options],
            cwd=fleet.folder,
            env=environment(fleet.env),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, memory = await process.communicate()
        return out.decode(), int(memory) // 1024

    _, alone = await listed()
    update = orjson.dumps(text(1, "x" * 100_000))
    for _ in range(1000):
        await client.xadd(
            key_of_shard(PREFIX, 0, "dead"),
            {"conversation": f"{bots.one}:7:7", "update": update, "error": "E" * 1000},
        )
    out, memory = await listed()
    assert out.count("E" * 100) >= 1000
    assert memory < alone + 30, "of 100 MB of letters"
    if options:
        assert len(orjson.loads(out)) == 1000
    else:
        assert out.count("Conversation") == 1
