"""Timers are listed, cancelled and fired."""

import shlex
from datetime import UTC, datetime
from typing import Any

import redis.asyncio

from fleet.inbox.timers import TimerBook
from fleet.overlay import TimerWrite
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine, Terminal
from tests.proofs.cli.helpers import Bots, replies
from tests.waiting import until

APP = "tests.proofs.jobs"
NAMES = ["nudge", "nudge/two", "größe & co", "it's late"]
FIRST = int(datetime(2099, 12, 31, 23, 59, tzinfo=UTC).timestamp())


async def set_timers(client: redis.asyncio.Redis, *bots: int) -> TimerBook:
    """Set them for one user of each bot, and something else by the clock."""
    book = TimerBook(client, 64)
    for bot in bots:
        for number, name in enumerate(NAMES):
            await book.write(TimerWrite(f"{bot}:7:7", name, (FIRST + number) * 1000, b"{}"))
        await book.write(TimerWrite(f"{bot}:job:tick", "tick", 1, b"{}"))
    return book


async def listed(fleet: CommandLine, *options: str) -> list[str]:
    return [timer["id"] for timer in await fleet.json("timers", "list", *options)]


async def test_an_id_can_be_copied_from_the_list(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    await set_timers(client, bots.one)
    ids = [f"{bots.one}:7:7/{name}" for name in NAMES]
    first, *_ = timers = await fleet.json("timers", "list")
    assert first == {
        "id": ids[0],
        "bot_id": bots.one,
        "conversation": f"{bots.one}:7:7",
        "name": "nudge",
        "due": "2099-12-31T23:59:00+00:00",
    }
    assert [timer["id"] for timer in timers] == ids
    _, *rows = (await fleet.ok("timers", "list")).splitlines()
    assert rows[0].startswith("2099-12-31 23:59:00 ")
    copied = [row.split(maxsplit=2)[2].strip() for row in rows]
    assert [shlex.split(one) for one in copied] == [[one] for one in ids]

    said = await fleet.ok("timers", "cancel", "--yes", *shlex.split(" ".join(copied[1:])))
    assert said == "3 timers cancelled.\n"
    assert await listed(fleet) == ids[:1]
    again = await fleet("timers", "cancel", "--yes", *ids)
    assert (again.code, again.out) == (1, "1 timer cancelled.\n")
    assert f"there is no timer {', '.join(ids[1:])}; `fleet timers list` shows them" in again.err
    assert await fleet.ok("timers", "list") == "There are no timers.\n"


async def test_timers_of_one_bot_or_of_all_are_cancelled_once_somebody_says_yes(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    left = 123  # a bot that is not in the fleet any more
    book = await set_timers(client, bots.one, bots.two, left)
    assert len(await listed(fleet)) == 3 * len(NAMES)
    assert await listed(fleet, "--bot", str(left)) == [f"{left}:7:7/{name}" for name in NAMES]

    refused = await fleet("timers", "cancel", "--bot", str(left))
    assert refused.code == 1
    assert "Cancel 4 timers for good?" in refused.err
    assert len(await listed(fleet, "--bot", str(left))) == 4

    with Terminal(fleet, "timers", "cancel", "--bot", str(left)) as terminal:
        await terminal.expect("for good? [y/N]")
        terminal.type("y\n")
        assert await terminal.wait() == 0
    assert "4 timers cancelled." in terminal.screen
    assert await listed(fleet, "--bot", str(left)) == []
    assert "0 timers" in await fleet.ok("timers", "cancel", "--bot", str(left))
    assert "8 timers" in await fleet.ok("timers", "cancel", "--all", "--yes")
    assert await book.count() == 3, "what runs by the clock is left alone"


async def test_a_bot_that_is_removed_with_all_that_waits_leaves_no_timers(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    await fleet.ok("add", stdin=bots.tokens[bots.two])
    book = await set_timers(client, bots.one, bots.two)
    await fleet.ok("remove", str(bots.two))
    assert await book.count() == 10, "it may come back"
    said = await fleet.ok("remove", "--drop-waiting", str(bots.two))
    assert f"5 timers of bot {bots.two} cancelled." in said
    assert {timer.bot_id async for timer in book.all()} == {bots.one}
    again = await fleet("remove", "--drop-waiting", str(bots.two))
    assert f"there is no bot {bots.two} in the fleet" in again.err


async def test_timers_are_fired(
    start_service: StartService, fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    service = await start_service(APP, **bots.settings)
    for name in ("tea", "dinner", "sleep"):
        await sandbox.send(bots.one, f"later {name}")

    async def all_set() -> Any:
        found = await listed(fleet)
        return found if len(found) == 3 else []

    tea, dinner, sleep = await until(all_set, "the timers are set")
    assert (await fleet.json("status"))["timers"] == 3
    assert "3 timers" in await fleet.ok("status")

    assert await fleet.ok("timers", "fire", dinner) == "Due now: 1 timer.\n"
    assert await replies(sandbox, bots.one, at_least=1) == ["dinner has fired"]
    assert await listed(fleet) == [tea, sleep]
    again = await fleet("timers", "fire", dinner, tea)
    assert (again.code, again.out) == (1, "Due now: 1 timer.\n")
    assert f"there is no timer {dinner};" in again.err
    assert (await replies(sandbox, bots.one, at_least=2))[1:] == ["tea has fired"]

    await service.stop()
    said = await fleet.ok("timers", "fire", "--all")
    assert said == "Due now: 1 timer; no replica runs now: the next one begins with them.\n"
    await start_service(APP, **bots.settings)
    assert (await replies(sandbox, bots.one, at_least=3))[2:] == ["sleep has fired"]
