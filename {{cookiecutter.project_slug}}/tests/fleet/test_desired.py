"""The desired fleet: settings, BOT_TOKENS_FILE and registry together, on a real Redis."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from fleet.bots.desired import DesiredFleet
from fleet.bots.registry import Registry
from fleet.redis.keys import PREFIX
from fleet.settings import Settings
from fleet.vault import Vault
from tests.waiting import until

KEY = "k" * 40
ONE, TWO, THREE = 3000001, 3000002, 3000003
TOKENS = {bot: f"{bot}:{str(bot % 10) * 35}" for bot in (ONE, TWO, THREE)}
NEW_TOKEN = f"{ONE}:{'n' * 35}"


@pytest.fixture
def registry(redis: Redis) -> Registry:
    return Registry(redis, Vault(KEY))


def settings(*bots: int, file: Path | None = None) -> Settings:
    tokens = SecretStr(" ".join(TOKENS[bot] for bot in bots))
    return Settings(bot_tokens=tokens, bot_tokens_file=file, secret_key=SecretStr(KEY))


def write(file: Path, text: str) -> None:
    """Replace a file as careful programs do: a new one, moved to its place."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


async def test_the_registry_counts_more_than_the_settings(registry: Registry) -> None:
    fleet = DesiredFleet(settings(ONE, TWO), registry)
    assert set(await fleet.read()) == {ONE, TWO}
    await registry.add(ONE, SecretStr(NEW_TOKEN), "support")
    await registry.add(THREE, SecretStr(TOKENS[THREE]), None)
    desired = await fleet.read()
    assert set(desired) == {ONE, TWO, THREE}
    assert desired[ONE].token == SecretStr(NEW_TOKEN)
    assert desired[ONE].role == "support"
    await registry.remove(ONE)
    await registry.remove(THREE)
    desired = await fleet.read()
    assert set(desired) == {ONE, TWO}
    assert desired[ONE].token == SecretStr(TOKENS[ONE])


async def test_bots_of_the_settings_can_be_paused(registry: Registry) -> None:
    fleet = DesiredFleet(settings(ONE, TWO), registry)
    await registry.pause(TWO)
    assert {bot.id: bot.paused for bot in (await fleet.read()).values()} == {ONE: False, TWO: True}
    await registry.resume(TWO)
    assert not any(bot.paused for bot in (await fleet.read()).values())


async def test_what_nothing_announced_is_found_from_time_to_time(
    registry: Registry, redis: Redis
) -> None:
    fleet = DesiredFleet(settings(ONE), registry, reread=0.5)
    await registry.add(TWO, SecretStr(TOKENS[TWO]), None)
    assert set(await fleet.read()) == {ONE, TWO}
    version = await registry.version()
    await registry.remove(TWO)
    await redis.set(f"{PREFIX}version", version)  # as if it had been lost and had grown again
    assert set(await fleet.read()) == {ONE, TWO}

    async def found() -> bool:
        return set(await fleet.read()) == {ONE}

    await until(found, "the removal is found")


async def test_a_deleted_version_is_a_change(registry: Registry, redis: Redis) -> None:
    fleet = DesiredFleet(settings(ONE), registry)
    await registry.add(TWO, SecretStr(TOKENS[TWO]), None)
    assert set(await fleet.read()) == {ONE, TWO}
    await redis.delete(f"{PREFIX}registry", f"{PREFIX}version")
    assert set(await fleet.read()) == {ONE}


async def test_a_change_of_the_tokens_file_takes_effect(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    write(file, TOKENS[ONE])
    fleet = DesiredFleet(settings(file=file), registry)
    assert set(await fleet.read()) == {ONE}

    write(file, f"{TOKENS[ONE]} # the first\nshop={TOKENS[TWO]}\n")
    desired = await fleet.read()
    assert set(desired) == {ONE, TWO}
    assert desired[TWO].role == "shop"

    write(file, NEW_TOKEN)
    desired = await fleet.read()
    assert set(desired) == {ONE}
    assert desired[ONE].token == SecretStr(NEW_TOKEN)


async def test_a_file_is_found_changed_where_a_link_leads(
    registry: Registry, tmp_path: Path
) -> None:
    """Kubernetes changes a mounted secret so."""
    for number, bot in enumerate((ONE, TWO)):
        (tmp_path / str(number)).write_text(TOKENS[bot])
    link = tmp_path / "tokens"
    link.symlink_to("0")
    fleet = DesiredFleet(settings(file=link), registry)
    assert set(await fleet.read()) == {ONE}
    (tmp_path / "new").symlink_to("1")
    (tmp_path / "new").replace(link)
    assert set(await fleet.read()) == {TWO}


@pytest.mark.parametrize("mistake", ["nonsense", f"{TOKENS[ONE]} {NEW_TOKEN}", "no file"])
async def test_a_mistake_in_the_tokens_file_leaves_the_fleet_as_it_is(
    registry: Registry, tmp_path: Path, mistake: str
) -> None:
    file = tmp_path / "tokens"
    write(file, TOKENS[ONE])
    fleet = DesiredFleet(settings(file=file), registry)
    assert set(await fleet.read()) == {ONE}

    if mistake == "no file":
        file.unlink()
    else:
        write(file, mistake)
    assert set(await fleet.read()) == {ONE}
    await registry.add(THREE, SecretStr(TOKENS[THREE]), None)
    assert set(await fleet.read()) == {ONE, THREE}

    write(file, f"{TOKENS[ONE]} {TOKENS[TWO]}")
    assert set(await fleet.read()) == {ONE, TWO, THREE}


async def test_a_file_that_changed_while_redis_was_away_is_not_forgotten(
    registry: Registry, redis: Redis, tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    write(file, TOKENS[ONE])
    fleet = DesiredFleet(settings(file=file), registry)
    assert set(await fleet.read()) == {ONE}
    write(file, TOKENS[TWO])
    # Redis answers the first question and none of the others.
    await redis.set(f"{PREFIX}registry", "no hash")
    with pytest.raises(ResponseError):
        await fleet.read()
    await redis.delete(f"{PREFIX}registry")
    assert set(await fleet.read()) == {TWO}
