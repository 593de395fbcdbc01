"""Jobs are listed, and run at once."""

from datetime import UTC, datetime
from typing import Any

import redis.asyncio

from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.helpers import Bots, until_unpolled
from tests.proofs.test_jobs import APP, NEW_YEAR, until_run
from tests.proofs.watch import get, until_in
from tests.waiting import until


async def test_a_job_runs_at_once_and_again_by_the_clock(
    start_service: StartService, fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    assert await fleet.ok("jobs", "list") == "There are no jobs.\n"
    assert await fleet.json("jobs", "list") == []
    tokens = " ".join(f"shop={token}" for token in bots.tokens.values())
    settings = bots.settings | {"BOT_TOKENS": tokens}
    fleet = fleet.changed(BOT_TOKENS=tokens)
    service = await start_service(APP, JOBS=f"tick {NEW_YEAR}", **settings)

    async def both() -> Any:
        found = await fleet.json("jobs", "list")
        return found if len(found) == 2 else []

    jobs = await until(both, "both bots have the job")
    due = datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC).isoformat()
    of_one = {"name": "tick", "bot_id": bots.one, "cron": NEW_YEAR, "tz": "UTC", "due": due}
    assert jobs == [of_one, of_one | {"bot_id": bots.two}]
    table = await fleet.ok("jobs", "list")
    shown = ("tick", str(bots.two), NEW_YEAR, "UTC", due[:10] + " 00:00:00")
    assert all(text in table for text in shown)

    assert await fleet.ok("jobs", "run", "tick") == "Due now: tick, for 2 bots.\n"
    turns = await until_run(client, "tick", 1, [bots.one, bots.two])
    assert len(turns) == 2
    assert jobs == await until(both, "they are due again"), "as if nothing had been"

    # A job whose bot rests has its turn later.
    await fleet.ok("pause", str(bots.two))
    await until_in("paused", service, bots.two)

    async def rests() -> bool:  # what is wanted is told at once, and obeyed within a second
        told = {one["id"]: one for one in (await get(service))[1]["bots"]}
        return told[bots.two]["polled_by"] is None

    await until(rests, "its replica lets it rest")
    said = await fleet.ok("jobs", "run", "tick", "--bot", str(bots.two))
    assert said == "Due now: tick, for 1 bot.\n"

    async def fired() -> Any:
        return (await fleet.json("jobs", "list"))[1]["due"] is None

    await until(fired, "it waits for its turn")
    assert "now" in (await fleet.ok("jobs", "list")).splitlines()[2]
    await fleet.ok("resume", str(bots.two))
    turns = await until_run(client, "tick", 2, [bots.two])
    assert [one["bot"] for one in turns].count(bots.one) == 1

    await service.stop()
    said = await fleet.ok("jobs", "run", "tick", "--bot", str(bots.one))
    assert "no replica runs now" in said


async def test_a_job_whose_turn_is_dropped_is_due_again_by_the_clock(
    start_service: StartService, fleet: CommandLine, bots: Bots
) -> None:
    token = f"shop={bots.tokens[bots.one]}"
    fleet = fleet.changed(BOT_TOKENS=token)
    settings = bots.settings | {"BOT_TOKENS": token, "LOOK_AGAIN": "1"}
    service = await start_service(APP, JOBS=f"tick {NEW_YEAR}", **settings)

    async def listed() -> Any:
        return await fleet.json("jobs", "list")

    before = await until(listed, "it is ordered")
    await fleet.ok("pause", str(bots.one))
    await until_unpolled(service, bots.one)
    await fleet.ok("jobs", "run", "tick")

    async def waits() -> Any:
        return [job for job in await listed() if job["due"] is None]

    await until(waits, "it waits for its turn")
    said = await fleet.ok("drop", "--yes", str(bots.one))
    assert "0 waiting updates and 1 due timer of " in said
    assert await listed() == [], "it is ordered where its bot runs"
    await fleet.ok("resume", str(bots.one))
    assert await until(listed, "it is ordered again") == before
