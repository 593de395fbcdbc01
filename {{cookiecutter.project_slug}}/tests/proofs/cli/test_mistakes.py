"""What goes wrong is told in one line, without secrets, and by the exit code."""

from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from tests.process import free_port
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.helpers import Bots


@pytest.mark.parametrize(
    ("settings", "arguments", "code", "text"),
    [
        ({}, ["pause", "123"], 1, "there is no bot 123 in the fleet"),
        ({}, ["resume", "@nobody"], 1, "there is no bot @nobody in the fleet"),
        ({}, ["add", "not-a-token"], 1, "this is not a bot token"),
        ({}, ["add"], 1, "no token came from stdin"),
        ({}, ["add", "--role", "a b", "{two}"], 1, "this is not a role"),
        ({}, ["remove", "{one_id}"], 1, "is in BOT_TOKENS or BOT_TOKENS_FILE: remove it there"),
        ({}, ["pause", "{two}"], 1, "there is no bot {two_id}:*** in the fleet"),
        ({}, ["dead-letters", "replay", "x"], 1, "there is no dead letter x"),
        ({}, ["dead-letters", "show", "1-1"], 1, "there is no dead letter 1-1"),
        ({}, ["timers", "list", "--bot", "@nobody"], 1, "there is no bot @nobody in the fleet"),
        (
            {},
            ["timers", "cancel", "-y", "nudge"],
            1,
            "there is no timer nudge; `fleet timers list`",
        ),
        ({}, ["timers", "fire", "1:7:7/nudge"], 1, "there is no timer 1:7:7/nudge;"),
        ({}, ["timers", "fire", "1:job:tick/tick"], 1, "is a job: `fleet jobs run tick`"),
        ({}, ["jobs", "run", "tick"], 1, "there is no job tick; `fleet jobs list` shows those"),
        ({}, ["jobs", "run", "tick", "--bot", "{one_id}"], 1, "no job tick of bot {one_id};"),
        ({}, ["add", "{one}", "{two}"], 2, "unexpected extra argument"),
        ({}, ["dead-letters", "drop"], 2, "or say --all"),
        ({}, ["dead-letters", "replay", "--all", "1-1"], 2, "or say --all"),
        ({}, ["timers", "fire"], 2, "or say --bot or --all (see fleet timers fire --help)"),
        ({}, ["timers", "cancel", "--all", "1:7:7/nudge"], 2, "or say --bot or --all"),
        ({}, ["status", "--watch"], 2, "--watch needs a terminal"),
        ({}, ["frobnicate"], 2, "No such command 'frobnicate'. (see fleet --help)"),
        ({}, ["list", "--jsn"], 2, "(see fleet list --help)"),
        ({"SECRET_KEY": ""}, ["add", "{two}"], 2, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, ["list"], 2, "SECRET_KEY: write"),
        ({"BOT_TOKENS": "nonsense"}, ["list"], 2, "BOT_TOKENS: entry 1"),
        (
            {"REDIS_URL": "redis://u:pw@127.0.0.1:{port}/3"},
            ["list"],
            1,
            "127.0.0.1:{port}/3 is away",
        ),
        ({"REDIS_URL": "redis://u:pw@{redis}"}, ["status"], 1, "refuses the login (WRONGPASS"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:{port}"}, ["add", "{two}"], 1, "cannot be asked"),
    ],
)
async def test_a_mistake_is_told_in_one_line(
    fleet: CommandLine,
    bots: Bots,
    clean_redis: str,
    settings: dict[str, str],
    arguments: list[str],
    code: int,
    text: str,
) -> None:
    words = {
        "one": bots.tokens[bots.one],
        "two": bots.tokens[bots.two],
        "one_id": bots.one,
        "two_id": bots.two,
        "port": free_port(),
        "redis": clean_redis.removeprefix("redis://"),
    }
    changed = {name: value.format(**words) for name, value in settings.items()}
    result = await fleet.changed(**changed)(*(word.format(**words) for word in arguments))
    assert result.code == code, result
    assert text.format(**words) in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""
    for secret in ("u:pw", *(token.partition(":")[2] for token in bots.tokens.values())):
        assert secret not in result.err


async def test_a_token_that_telegram_refuses_is_not_stored(
    fleet: CommandLine, sandbox: SandboxClient, bots: Bots
) -> None:
    await sandbox.revoke(bots.two)
    result = await fleet("add", stdin=bots.tokens[bots.two])
    assert result.code == 1
    assert "Telegram refuses this token" in result.err
    assert [bot["id"] for bot in await fleet.json("list")] == [bots.one]


async def test_settings_come_from_the_env_file_too(
    fleet: CommandLine, tmp_path: Path, bots: Bots
) -> None:
    (tmp_path / ".env").write_text(f"BOT_TOKENS={bots.tokens[bots.two]}\n")
    assert [bot["id"] for bot in await fleet.changed(BOT_TOKENS="").json("list")] == [bots.two]
