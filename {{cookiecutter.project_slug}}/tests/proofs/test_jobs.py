"""Jobs run by the clock, once for each bot that they are for, whatever dies."""

import asyncio
import json
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from fleet.inbox import DeadLetter, Inbox
from fleet.inbox.timers import KeptTimer, TimerBook
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.watch import get, new_bots, until_logged
from tests.waiting import until

APP = "tests.proofs.jobs"
EACH_SECOND = "* * * * * *"
NEW_YEAR = "0 0 1 1 *"
SHOPS = 16
"""So many that each of two replicas has some, by all odds."""

Json = dict[str, Any]


async def noted(redis: Redis, job: str, bot: int | None = None) -> list[Json]:
    """Give what turns of a job have left, in order of time."""
    entries = map(json.loads, await redis.execute_command("LRANGE", "jobs", 0, -1))
    return [one for one in entries if one["job"] == job and bot in (None, one["bot"])]


async def until_run(redis: Redis, job: str, times: int, bots: list[int]) -> list[Json]:
    """Wait until a job has had so many turns for each of these bots."""

    async def run() -> list[Json]:
        found = await noted(redis, job)
        counts = [sum(one["bot"] == bot for one in found) for bot in bots]
        return found if min(counts) >= times else []

    async def how_far() -> int:
        return len(await noted(redis, job))

    return await until(run, f"{job} has run {times} times for {bots}", moving=how_far)


def check_once(turns: list[Json]) -> None:
    """Each time has one turn, none is early, and they come in order."""
    dues = defaultdict(list)
    for turn in turns:
        assert turn["at"] >= turn["due"]
        assert turn["attempt"] == 1
        dues[turn["bot"]].append(turn["due"])
    for times in dues.values():
        assert times == sorted(set(times))


async def kept(redis: Redis) -> list[KeptTimer]:
    return [timer async for timer in TimerBook(redis, 64).all()]


async def test_a_job_runs_once_for_each_bot_of_its_role(
    start_service: StartService, sandbox: SandboxClient, redis: Redis, tmp_path: Path
) -> None:
    [desk, *shops], tokens = await new_bots(sandbox, 1 + SHOPS)
    first, *others = tokens.split()
    file = tmp_path / "tokens"
    file.write_text("\n".join([f"desk={first}", *(f"shop={token}" for token in others)]))
    settings = {"JOBS": f"tick {EACH_SECOND}; fail */2 * * * * *", "BOT_TOKENS_FILE": str(file)}
    services = await asyncio.gather(*(start_service(APP, **settings) for _ in range(2)))

    async def shared() -> bool:
        pids = {one["process"] for one in await noted(redis, "tick")}
        return pids == {service.pid for service in services}

    await until(shared, "both replicas have taken turns")
    before = len(await noted(redis, "tick")) // SHOPS
    ticks = await until_run(redis, "tick", before + 5, shops)
    check_once(ticks)
    assert {one["bot"] for one in ticks} == set(shops)
    assert {one["role"] for one in ticks} == {"shop"}

    # One that raises is a dead letter, and goes on next time.
    failed = await until_run(redis, "fail", 3, [desk])
    check_once(failed)
    assert {one["bot"] for one in failed} == {desk}

    async def dead() -> list[DeadLetter]:
        found = [letter async for letter in Inbox(redis).letters.all()]
        return found if len(found) >= 3 else []

    letters = await until(dead, "its turns are dead letters")
    assert {letter.conversation for letter in letters} == {f"{desk}:job:fail"}
    assert {letter.error for letter in letters} == {"ValueError: as told"}
    dues = [letter.update["job"]["due"] / 1000 for letter in letters]
    assert dues[:3] == [one["due"] for one in failed[:3]]

    # Another role has other jobs.
    file.write_text("\n".join([f"shop={first}", *(f"shop={token}" for token in others)]))
    await until_run(redis, "tick", 2, [desk])

    async def ended() -> bool:
        return "fail" not in [timer.name for timer in await kept(redis)]

    await until(ended, "the job of the role that it had has ended")
    check_once(await noted(redis, "tick"))

    status, body = await get(services[0])
    assert status == 200
    assert set(body["jobs"]) == {"tick", "fail"}
    assert datetime.fromisoformat(body["jobs"]["tick"]).utcoffset() is not None
    assert body["timers"] is not None


async def test_a_job_follows_its_cron_line_over_restarts(
    start_service: StartService, sandbox: SandboxClient, redis: Redis
) -> None:
    [shop], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": f"shop={token}"}

    async def ordered() -> list[KeptTimer]:
        return await kept(redis)

    service = await start_service(APP, JOBS=f"tick {NEW_YEAR}", **settings)
    [job] = await until(ordered, "the job is ordered")
    assert (job.bot_id, job.name, job.is_job) == (shop, "tick", True)
    year = datetime.now(UTC).year + 1
    assert job.due == datetime(year, 1, 1, tzinfo=UTC)
    health = (await get(service))[1]
    assert health["jobs"] == {"tick": job.due.isoformat()}
    assert health["timers"] == 1
    assert await service.stop() == 0

    # Another cron line.
    service = await start_service(APP, JOBS=f"tick {EACH_SECOND}", **settings)
    await until_run(redis, "tick", 2, [shop])
    assert await service.stop() == 0
    before = await noted(redis, "tick")
    record = await TimerBook(redis, 64).of(f"{shop}:job:tick")
    due = orjson.loads(record["tick"])["job"]["due"] / 1000

    # What fell due while nothing ran has one turn, and is no update that could be dropped.
    async def missed() -> bool:
        return bool(time.time() > due + 4)

    await until(missed, "some times are missed")
    started, drop = time.time(), {"DROP_PENDING_UPDATES": "true"}
    service = await start_service(APP, JOBS=f"tick {EACH_SECOND}", **settings, **drop)
    turns = await until_run(redis, "tick", len(before) + 2, [shop])
    check_once(turns)
    first, second = turns[len(before) :][:2]
    assert first["due"] == due
    assert second["due"] > started
    await until_logged(service, "dropped what came before the start")
    assert await service.stop() == 0

    # The job is no more.
    service = await start_service(APP, **settings)
    await until_logged(service, "no handler takes this")

    async def ended() -> bool:
        return not await kept(redis)

    await until(ended, "the job has ended")
    assert (await get(service))[1]["jobs"] == {}


async def test_a_job_that_is_killed_in_the_middle_is_begun_again(
    start_service: StartService, sandbox: SandboxClient, redis: Redis
) -> None:
    [desk], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": f"desk={token}", "JOBS": f"long {EACH_SECOND}"}
    service = await start_service(APP, **settings)
    [begun] = await until_run(redis, "long", 1, [desk])
    await service.kill()
    await redis.execute_command("SET", "go", 1)
    await start_service(APP, **settings)

    turns = await until_run(redis, "long", 5, [desk])
    again, end, *others = turns[1:]
    assert (begun["what"], again["what"], end["what"]) == ("start", "start", "end")
    assert (begun["attempt"], again["attempt"]) == (1, 2)
    assert begun["id"] == again["id"] == end["id"]
    assert begun["due"] == again["due"]
    check_once([turn for turn in others if turn["what"] == "start"])
    assert others[0]["due"] > begun["due"]


async def test_a_job_that_was_lost_is_ordered_again(
    start_service: StartService, sandbox: SandboxClient, redis: Redis
) -> None:
    [desk], token = await new_bots(sandbox)
    settings = {"BOT_TOKENS": f"desk={token}", "JOBS": f"crash {EACH_SECOND}", "LOOK_AGAIN": "5"}
    await redis.execute_command("SET", "crash", 1)
    service = await start_service(APP, MAX_ATTEMPTS="1", wait=False, **settings)
    assert await service.wait() == -9
    await redis.execute_command("DEL", "crash")
    await start_service(APP, MAX_ATTEMPTS="1", **settings)

    async def letter() -> list[Any]:
        return [letter async for letter in Inbox(redis).letters.all()]

    [dead] = await until(letter, "it is a dead letter")
    assert dead.conversation == f"{desk}:job:crash"
    assert "the process died in each of 1 turns" in dead.error
    lost, *others = await until_run(redis, "crash", 3, [desk])
    assert all(one["id"] != lost["id"] for one in others)
    check_once(others)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"JOBS": "tick every day"}, "the handler tick in __main__: cron='every day'"),
        ({"LANE": "not a word"}, "the handler later in __main__: the flag lane='not a word'"),
    ],
    ids=["job", "lane"],
)
async def test_wrong_flags_refuse_the_start(
    start_service: StartService, settings: dict[str, str], told: str
) -> None:
    token = f"1:{'w' * 35}"
    service = await start_service(APP, wait=False, BOT_TOKENS=token, **settings)
    assert await service.wait() == 2
    assert service.log.startswith(told)
    assert service.log.count("\n") == 1
