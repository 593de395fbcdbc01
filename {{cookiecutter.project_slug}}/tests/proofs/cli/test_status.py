"""What the command line shows, once and live, and what it does not show."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import redis.asyncio

from fleet.redis.keys import PREFIX
from fleet.telegram.gate import Gate
from fleet.telegram.gatebook import GateBook
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine, Terminal
from tests.proofs.cli.helpers import Bots
from tests.proofs.watch import until_in
from tests.starting import ROOT
from tests.waiting import until


async def test_a_token_typed_at_the_prompt_is_not_shown(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    token = bots.tokens[bots.two]
    with Terminal(fleet, "add") as terminal:
        await terminal.expect("not shown")
        terminal.type(token + "\n")
        arguments = Path(f"/proc/{terminal.pid}/cmdline")
        if sys.platform == "linux":
            assert token not in await asyncio.to_thread(arguments.read_text)
        assert await terminal.wait() == 0
    assert "is in the fleet" in terminal.screen
    assert token.partition(":")[2] not in terminal.screen
    stored = await client.execute_command("HGETALL", f"{PREFIX}registry")
    assert list(stored) == [str(bots.two).encode()]
    assert token.partition(":")[2].encode() not in b"".join(stored.values())


async def test_status_shows_changes_while_it_watches(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    service = await start_service(**bots.settings)
    with Terminal(fleet, "status", "--watch") as terminal:
        await terminal.expect("running")
        await sandbox.fault("429", bots.one, method="sendMessage", retry_after=600, times=1)
        await sandbox.send(bots.one, "hello")
        await terminal.expect("chat 7")
        await fleet.ok("pause", str(bots.one))
        await terminal.expect("paused")
        await service.stop()
        await terminal.expect("none runs")
        terminal.interrupt()
        assert await terminal.wait() == 130
    assert "Traceback" not in terminal.screen


async def test_status_tells_the_truth_before_and_after_a_replica(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    before = await fleet.json("status")
    assert before["replicas"] == []
    assert before["bots"][0]["state"] == "stopped"
    service = await start_service(**bots.settings)
    await sandbox.send(bots.one, "hello")
    await sandbox.reply(bots.one, 7)

    await until_in("running", service, bots.one)

    async def told() -> Any:  # when the last update came is told once a second
        [info] = (await fleet.json("status"))["bots"]
        return info["last_update_at"] and info

    info = await until(told, "the last update is told")
    assert (info["state"], info["error"], info["backlog"]) == ("running", None, 0)
    [replica] = (await fleet.json("status"))["replicas"]
    assert info["polled_by"] == replica
    table = await fleet.ok("status")
    assert all(text in table for text in (replica, "running", f"@{info['username']}", "s ago"))
    await service.stop()
    after = await fleet.json("status")
    assert (after["replicas"], after["bots"][0]["state"]) == ([], "stopped")


async def test_status_tells_what_is_shut_and_for_how_long(
    fleet: CommandLine, client: redis.asyncio.Redis
) -> None:
    assert (await fleet.json("status"))["gates"] == []
    shut = {Gate(1): 30, Gate(1, method="setMyName"): 90}
    shut |= {Gate(2, chat=str(chat)): 7000 + chat for chat in range(30)}
    await GateBook(client).look(shut)
    gates = (await fleet.json("status"))["gates"]
    assert len(gates) == len(shut)
    [whole, longest, *_] = gates
    assert whole == {"bot_id": 1, "chat": None, "method": None, "seconds": whole["seconds"]}
    assert 0 < whole["seconds"] <= 30
    assert (longest["bot_id"], longest["chat"], gates[-1]["method"]) == (2, "29", "setMyName")
    table = await fleet.ok("status")
    [row] = [line.split() for line in table.splitlines() if "chat 29" in line]
    assert row[:3] == ["2", "chat", "29"]
    assert 6_900 < float(row[3].replace(",", "")) <= 7_029
    assert "the whole bot" in table
    assert "… and 12 more" in table


async def test_the_shell_can_complete_commands(fleet: CommandLine) -> None:
    shell = fleet.changed(
        _FLEET_COMPLETE="complete_bash", COMP_WORDS="fleet dead-letters re", COMP_CWORD="2"
    )
    assert (await shell.ok()).split() == ["replay"]


def test_only_adding_needs_the_seconds_that_aiogram_takes() -> None:
    code = "import sys, fleet.cli; sys.exit('aiogram' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
