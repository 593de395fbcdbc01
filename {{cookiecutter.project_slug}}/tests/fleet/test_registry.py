"""The registry and the vault, on a real Redis."""

import asyncio

import orjson
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from fleet.bots.desired import DesiredFleet
from fleet.bots.registry import BROKEN, NO_KEY, PAGE, Entry, NoSecretKeyError, Registry
from fleet.redis.keys import PREFIX
from fleet.settings import Settings
from fleet.vault import Vault, WrongKeyError

KEY, OTHER_KEY = "k" * 40, "o" * 40
ONE, TWO, THREE = 3000001, 3000002, 3000003
TOKENS = {bot: f"{bot}:{str(bot % 10) * 35}" for bot in (ONE, TWO, THREE)}
NEW_TOKEN = f"{ONE}:{'n' * 35}"


@pytest.fixture
def registry(redis: Redis) -> Registry:
    return Registry(redis, Vault(KEY))


def settings(*bots: int) -> Settings:
    tokens = SecretStr(" ".join(TOKENS[bot] for bot in bots))
    return Settings(bot_tokens=tokens, secret_key=SecretStr(KEY))


def test_what_the_vault_encrypts_it_alone_decrypts() -> None:
    stored = Vault(KEY).encrypt(TOKENS[ONE])
    assert TOKENS[ONE] not in stored
    assert stored != Vault(KEY).encrypt(TOKENS[ONE])
    assert Vault(KEY).decrypt(stored) == TOKENS[ONE]
    with pytest.raises(WrongKeyError):
        Vault(OTHER_KEY).decrypt(stored)
    with pytest.raises(WrongKeyError):
        Vault(KEY).decrypt(stored[:-8])


def test_webhook_secrets_differ_by_bot_token_and_key() -> None:
    secrets = {
        Vault(key).webhook_secret(token)
        for key in (KEY, OTHER_KEY)
        for token in (*TOKENS.values(), NEW_TOKEN)
    }
    assert len(secrets) == 2 * 4
    assert Vault(KEY).webhook_secret(NEW_TOKEN) == Vault(KEY).webhook_secret(NEW_TOKEN)


async def test_no_token_is_readable_in_redis(registry: Registry, redis: Redis) -> None:
    await registry.add(ONE, SecretStr(TOKENS[ONE]), "support")
    stored = await redis.execute_command("HGETALL", f"{PREFIX}registry")
    assert stored
    assert TOKENS[ONE].partition(":")[2].encode() not in b"".join(stored.values())
    [entry] = (await registry.entries()).values()
    assert entry.token == SecretStr(TOKENS[ONE])
    assert entry.role == "support"


async def test_every_change_is_announced(registry: Registry) -> None:
    versions = [await registry.version()]
    await registry.add(ONE, SecretStr(TOKENS[ONE]), None)
    versions.append(await registry.version())
    assert await registry.pause(ONE)
    assert not await registry.pause(ONE)
    versions.append(await registry.version())
    assert await registry.resume(ONE)
    assert not await registry.resume(ONE)
    versions.append(await registry.version())
    assert await registry.remove(ONE)
    assert not await registry.remove(ONE)
    versions.append(await registry.version())
    assert len(set(versions)) == len(versions)


async def test_without_a_key_nothing_is_stored_and_nothing_is_read(
    registry: Registry, redis: Redis
) -> None:
    await registry.add(ONE, SecretStr(TOKENS[ONE]), "support")
    keyless = Registry(redis, None)
    with pytest.raises(NoSecretKeyError):
        await keyless.add(TWO, SecretStr(TOKENS[TWO]), None)
    [entry] = (await keyless.entries()).values()
    assert (entry.token, entry.role, entry.error) == (None, "support", NO_KEY)


def entry(token: object, **more: object) -> bytes:
    return orjson.dumps({"token": token, **more})


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        *((damage, BROKEN) for damage in (b"{", b"[]", b"7", b"null", b"\xff", b"{}", b"")),
        (entry(7), BROKEN),
        (entry(None), BROKEN),
        (entry(Vault(KEY).encrypt(TOKENS[TWO]), role=["shop"]), BROKEN),
        (entry(Vault(KEY).encrypt("no token")), BROKEN),
        (entry(Vault(KEY).encrypt(TOKENS[THREE])), BROKEN),
        (entry("gAAAA"), "another SECRET_KEY"),
        (entry("é"), "another SECRET_KEY"),
    ],
)
async def test_a_damaged_entry_is_an_error_of_that_bot(
    registry: Registry, redis: Redis, stored: bytes, error: str
) -> None:
    await registry.add(ONE, SecretStr(TOKENS[ONE]), None)
    await redis.execute_command("HSET", f"{PREFIX}registry", TWO, stored)
    await redis.execute_command("HSET", f"{PREFIX}registry", "no bot", stored, "-1", stored)
    await redis.execute_command("SADD", f"{PREFIX}paused", ONE, "no bot", "")
    desired = await DesiredFleet(settings(), registry).read()
    assert set(desired) == {ONE, TWO}
    assert (desired[ONE].token, desired[ONE].paused) == (SecretStr(TOKENS[ONE]), True)
    assert desired[TWO].token is None
    assert error in (desired[TWO].error or "")


async def test_an_entry_of_a_newer_version_is_read_and_keeps_what_it_holds(
    registry: Registry, redis: Redis
) -> None:
    newer = {"token": Vault(KEY).encrypt(TOKENS[ONE]), "since": [1, 2], "owner": {"id": 7}}
    await redis.execute_command("HSET", f"{PREFIX}registry", ONE, orjson.dumps(newer))
    assert (await registry.entries())[ONE] == Entry(SecretStr(TOKENS[ONE]), None)
    await registry.add(ONE, SecretStr(NEW_TOKEN), "shop")
    assert (await registry.entries())[ONE] == Entry(SecretStr(NEW_TOKEN), "shop")
    stored = orjson.loads(await redis.execute_command("HGET", f"{PREFIX}registry", ONE))
    assert (stored["since"], stored["owner"]) == (newer["since"], newer["owner"])


async def test_only_what_has_changed_is_decrypted(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    decrypted: list[str] = []
    decrypt = Vault.decrypt

    def count(vault: Vault, stored: str) -> str:
        decrypted.append(stored)
        return decrypt(vault, stored)

    monkeypatch.setattr(Vault, "decrypt", count)
    registry = Registry(redis, Vault(KEY))
    for bot in (ONE, TWO, THREE):
        await registry.add(bot, SecretStr(TOKENS[bot]), None)
    fleet = DesiredFleet(settings(), registry, reread=0)
    first = await fleet.read()
    assert len(decrypted) == 3
    assert await fleet.read() is first, "all was read again, and is the same"

    await registry.add(ONE, SecretStr(NEW_TOKEN), None)
    second = await fleet.read()
    assert second[ONE].token == SecretStr(NEW_TOKEN)
    await registry.pause(TWO)
    await registry.remove(THREE)
    third = await fleet.read()
    assert {bot.id: bot.paused for bot in third.values()} == {ONE: False, TWO: True}
    assert len(decrypted) == 4
    assert third is not second is not first


async def test_many_bots_are_read_without_keeping_others_waiting(
    redis: Redis,
) -> None:
    ids = range(ONE, ONE + 10 * PAGE)
    vault = Vault(KEY)
    stored = {bot: entry(vault.encrypt(f"{bot}:{'t' * 35}")) for bot in ids}
    fields = [part for field in stored.items() for part in field]
    await redis.execute_command("HSET", f"{PREFIX}registry", *fields)
    await redis.execute_command("SADD", f"{PREFIX}paused", *ids)
    fleet = DesiredFleet(settings(), Registry(redis, vault))
    reading = asyncio.create_task(fleet.read())
    others = 0
    while not reading.done():
        await asyncio.sleep(0)
        others += 1
    assert {bot for bot, wanted in reading.result().items() if wanted.paused} == set(ids)
    assert others > len(ids) / PAGE


async def test_another_key_is_an_error_of_the_bots_stored_with_it(
    redis: Redis,
) -> None:
    await Registry(redis, Vault(OTHER_KEY)).add(TWO, SecretStr(TOKENS[TWO]), "shop")
    desired = await DesiredFleet(settings(ONE), Registry(redis, Vault(KEY))).read()
    assert desired[ONE].token is not None
    assert desired[TWO].token is None
    assert desired[TWO].role == "shop"
    assert "SECRET_KEY" in (desired[TWO].error or "")
