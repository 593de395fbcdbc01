"""A Redis that answers, but not as the service needs it, is told for what it is."""

import pytest

from fleet.redis.keys import PREFIX
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.redis_server import RedisServer
from tests.proofs.watch import APP, get, new_bots, until_logged
from tests.waiting import until

EVICTS = "Redis may throw updates and states away when it is full: its maxmemory-policy is "


async def test_a_user_who_may_too_little(
    start_service: StartService, sandbox: SandboxClient, server: RedisServer
) -> None:
    _, tokens = await new_bots(sandbox)
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-evalsha", "-info")
        service = await start_service(APP, wait=False, BOT_TOKENS=tokens, REDIS_URL=server.url)
        await until_logged(service, "Redis refuses what it is asked (NOPERM ")
        assert "allow its user all commands on the keys of REDIS_PREFIX" in service.log
        client.execute_command("ACL", "SETUSER", "default", "+evalsha")
        await service.wait_ready()
    assert "away" not in service.log
    assert service.log.count("NOPERM") == 1, "it is said once"


async def test_a_key_of_another_program(
    start_service: StartService, sandbox: SandboxClient, server: RedisServer
) -> None:
    [bot], tokens = await new_bots(sandbox)
    service = await start_service(APP, BOT_TOKENS=tokens, REDIS_URL=server.url)

    async def held() -> bool:  # to take a shard is to delete its news
        shards: dict[str, int] = (await get(service))[1]["shards"]
        return sum(shards.values()) == 64

    await until(held, "it holds all shards")
    with server.client() as client:
        for name, waits in (("{0}:news", "turns wait"), ("peers", "the fleet stays as it is")):
            client.delete(PREFIX + name)
            client.set(PREFIX + name, "not of the service")
            await until_logged(service, f'"event":"{waits}"')
        client.delete(PREFIX + "{0}:news", PREFIX + "peers")
        for waits in ("turns wait", "the fleet stays as it is"):
            await until_logged(service, f'"event":"over: {waits}"')
    assert service.log.count("another program uses the same keys: set REDIS_PREFIX") == 2
    assert "away" not in service.log
    await sandbox.send(bot, "hello")
    assert (await sandbox.reply(bot, 7))["text"] == "hello"


@pytest.mark.parametrize(
    ("limit", "policy", "is_told"),
    [
        ("100mb", "allkeys-lru", True),
        ("100mb", "volatile-ttl", True),
        ("100mb", "noeviction", False),
        ("0", "allkeys-lru", False),
    ],
)
async def test_a_redis_that_throws_away_is_told_once(
    start_service: StartService,
    sandbox: SandboxClient,
    server: RedisServer,
    limit: str,
    policy: str,
    *,
    is_told: bool,
) -> None:
    _, tokens = await new_bots(sandbox)
    with server.client() as client:
        client.config_set("maxmemory", limit)
        client.config_set("maxmemory-policy", policy)
    service = await start_service(APP, BOT_TOKENS=tokens, REDIS_URL=server.url)
    told = f"{EVICTS}{policy}; set it to noeviction"
    assert service.log.count(told) == int(is_told)
    assert (await get(service))[1]["warnings"] == [told] * is_told
