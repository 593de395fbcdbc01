"""Startup and shutdown hooks get what aiogram's `start_polling` gives them, and the fleet."""

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from fleet.redis.keys import PREFIX
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.watch import let_go, times_of_death
from tests.waiting import until

APP = "tests.proofs.hooks"
ONE, TWO = 3950001, 3950002
KEY = "k" * 40


def token(bot: int) -> str:
    return f"{bot}:{'h' * 35}"


@pytest.mark.parametrize(("how", "ended"), [("raise", []), ("break", ["shutdown"])])
async def test_a_service_that_fails(
    start_service: StartService, clean_redis: str, how: str, ended: list[str]
) -> None:
    """A hook that raises ends the start; once it has started, what hooks opened is closed.

    A thread that works on does not keep it alive.
    """
    service = await start_service(APP, wait=False, SECRET_KEY=KEY, HOOKS=how)
    assert await service.wait() == 1
    assert ("ValueError: as told" in service.log) is (how == "raise")
    assert service.log.count("the service failed") == 1
    events = [one["event"] for one in await noted(clean_redis)]
    assert [event for event in events if event != "startup"] == ended


async def noted(redis_url: str) -> list[dict[str, Any]]:
    async with Redis.from_url(redis_url) as redis:
        return [json.loads(one) for one in await redis.execute_command("LRANGE", "hooks", 0, -1)]


@pytest.mark.parametrize("bots", [[], [ONE], [ONE, TWO]], ids=["none", "one", "two"])
async def test_what_hooks_get(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, bots: list[int]
) -> None:
    for bot in bots:
        await sandbox.add(token(bot))
    last = bots[-1] if bots else None
    username = last and f"sandbox_{last}_bot"
    service = await start_service(APP, BOT_TOKENS=" ".join(map(token, bots)), SECRET_KEY=KEY)
    begun = {"event": "startup", "bot": username, "bots": bots}
    assert await noted(clean_redis) == [begun | {"router": name} for name in ("outer", "inner")]

    assert await service.stop() == 0
    *_, ended = await noted(clean_redis)
    assert ended == {
        "event": "shutdown",
        "bot": last,
        "fleet": bots,
        "database": "of the user",
        "same": True,
    }


async def test_a_hook_that_takes_long_is_no_silence(
    start_service: StartService, clean_redis: str
) -> None:
    """Else others would take the replica for dead, and one that starts then for the first."""
    service = await start_service(APP, wait=False, SECRET_KEY=KEY, HOOKS="wait")
    async with Redis.from_url(clean_redis) as redis:

        async def last_beat() -> int:
            beats = await redis.execute_command("HVALS", f"{PREFIX}replicas")
            return int(beats[0].split()[1]) if beats else 0

        first = await until(last_beat, "the replica beats before its hooks")

        async def beats_again() -> bool:
            return await last_beat() > first + 1

        await until(beats_again, "it goes on", moving=last_beat)
    assert "started" not in service.log
    let_go(clean_redis)
    await service.wait_ready()
    assert not times_of_death(service)


async def test_a_stop_does_not_wait_for_a_startup_hook_that_hangs(
    start_service: StartService, clean_redis: str
) -> None:
    settings = {"SECRET_KEY": KEY, "HOOKS": "wait", "DRAIN_TIMEOUT": "1"}
    service = await start_service(APP, wait=False, **settings)

    async def hooks_run() -> bool:
        return bool(await noted(clean_redis))

    await until(hooks_run, "the hooks run")
    assert await service.stop() == 0
    assert "a startup hook has not ended" in service.log
    assert [one["event"] for one in await noted(clean_redis)] == ["startup"]
