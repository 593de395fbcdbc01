"""A token that somebody writes to a bot is for its handler alone: not in Redis, not in a letter."""

from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.frail import BROKEN
from tests.proofs.cli.helpers import KEY, OTHER_KEY, Bots, replies
from tests.proofs.redis_server import RedisServer
from tests.waiting import until

SECRET = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
TOKEN = f"123456789:{SECRET}"
REDACTED = "123456789:***"


def written_by(redis: Path) -> bytes:
    """Read the append-only files of a Redis, which hold all that has ever been in it."""
    return b"".join(file.read_bytes() for file in redis.rglob("*.aof"))


@pytest.mark.parametrize(
    ("key", "key_at_replay", "seen"),
    [(KEY, KEY, TOKEN), (KEY, OTHER_KEY, REDACTED), ("", "", REDACTED)],
    ids=["sealed", "the key has changed", "no key"],
)
async def test_a_token_is_in_redis_only_as_nobody_else_can_read_it(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    server: RedisServer,
    tmp_path: Path,
    key: str,
    key_at_replay: str,
    seen: str,
) -> None:
    settings = bots.settings | {"REDIS_URL": server.url, "SECRET_KEY": key}
    fleet = fleet.changed(**settings)
    service = await start_service("tests.proofs.cli.frail", **settings)
    with server.client() as client:
        client.set(BROKEN, 1)
        await sandbox.send(bots.one, f"well {TOKEN}")
        await sandbox.send(bots.one, f"fail shop={TOKEN}")
        at_once = TOKEN if key else REDACTED
        assert await replies(sandbox, bots.one, at_least=1) == [f"well {at_once}"]

        async def dead() -> bool:
            return bool(await fleet.json("dead-letters", "list"))

        await until(dead, "the update is a dead letter")
        [letter] = await fleet.json("dead-letters", "list")
        assert letter["update"]["message"]["text"] == f"fail shop={REDACTED}"
        for shown in (
            await fleet.ok("dead-letters", "show", letter["id"]),
            await fleet.ok("dead-letters", "show", letter["id"], "--json"),
            await fleet.ok("dead-letters", "list"),
        ):
            assert REDACTED in shown
        if key_at_replay != key:
            await service.stop()
            settings |= {"SECRET_KEY": key_at_replay}
            service = await start_service("tests.proofs.cli.frail", **settings)
        client.delete(BROKEN)
    await fleet.ok("dead-letters", "replay", letter["id"])
    answered = await replies(sandbox, bots.one, at_least=2)
    assert answered[1:] == [f"fail shop={seen}"]

    kept = written_by(tmp_path)
    assert b"fail shop=123456789:" in kept
    assert SECRET.encode() not in kept
    assert SECRET not in fleet.said + service.log
