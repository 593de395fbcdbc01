"""Webhook mode: bots that leave, get another token, or are refused for a while."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiogram import Bot
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from fleet.bots.member import Member
from fleet.intake import doorman
from fleet.intake.doorman import FEW, SECRET_HEADER, Doorman
from fleet.vault import Vault
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process, free_port
from tests.proofs.cli.command import CommandLine
from tests.proofs.mail import text
from tests.proofs.watch import APP, get, id_of, new_token, until_in
from tests.waiting import until

VAULT = Vault("k" * 40)


def webhook_settings(**settings: str) -> dict[str, str]:
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    return {"SECRET_KEY": "k" * 40, "HTTP_PORT": port, "WEBHOOK_URL": url, **settings}


async def post(service: Process, token: str, update_id: int, words: str) -> int:
    """Send what Telegram would, with the secret that it had for that token."""
    body, secret = orjson.dumps(text(update_id, words)), VAULT.webhook_secret(token)
    url = f"{service.url}/webhook/{id_of(token)}"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers={SECRET_HEADER: secret}) as answer,
    ):
        return answer.status


async def greet(sandbox: SandboxClient, bot: int) -> None:
    """Have the user and the bot speak, so that each knows the other."""
    await sandbox.send(bot, "good morning")
    assert (await sandbox.reply(bot, 7))["text"] == "good morning"


async def test_a_token_that_was_refused_for_seconds_works_again_within_seconds(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    token = new_token()
    bot = await sandbox.add(token)
    settings = webhook_settings(BOT_TOKENS=token)
    first = await start_service(APP, **settings)
    await until_in("running", first, bot)
    await greet(sandbox, bot)
    await first.stop()
    # A webhook that is found as it should be is not looked at again for long.
    service = await start_service(APP, **settings)
    await until_in("running", service, bot)
    await sandbox.revoke(bot)
    assert await post(service, token, 1001, "hello") == 200
    await until_in("unauthorized", service, bot)
    await asyncio.sleep(3)  # that long, says the fault
    await sandbox.restore(bot)
    assert (await sandbox.reply(bot, 7))["text"] == "hello"
    await until_in("running", service, bot)


@pytest.mark.parametrize("paused", [False, True])
async def test_a_bot_that_leaves_takes_its_webhook_along(
    start_service: StartService,
    sandbox: SandboxClient,
    sandbox_url: str,
    clean_redis: str,
    tmp_path: Path,
    paused: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    tokens = [new_token(), new_token()]
    leaver, other = [await sandbox.add(token) for token in tokens]
    file = tmp_path / "tokens"
    file.write_text("\n".join(tokens))
    settings = webhook_settings(BOT_TOKENS_FILE=str(file))
    service = await start_service(APP, **settings)
    await until_in("running", service, leaver)
    if paused:
        env = {**settings, "REDIS_URL": clean_redis, "TELEGRAM_API_URL": sandbox_url}
        await CommandLine(tmp_path, env).ok("pause", str(leaver))
        await until_in("paused", service, leaver)
    file.write_text(tokens[1])
    await sandbox.calls(leaver, "deleteWebhook", at_least=1)
    assert await post(service, tokens[0], 1, "late") == 401
    assert await sandbox.calls(other, "deleteWebhook") == []
    assert "an update for a bot that has left the fleet" in service.log
    assert "forged" not in service.log


async def test_a_bot_that_is_back_at_once_keeps_its_webhook(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    token = new_token()
    bot = await sandbox.add(token)
    file = tmp_path / "tokens"
    file.write_text(token)
    service = await start_service(APP, **webhook_settings(BOT_TOKENS_FILE=str(file)))
    await until_in("running", service, bot)
    for number in range(3):
        file.write_text("")

        async def gone() -> bool:
            _, body = await get(service)
            return not body["bots"]

        await until(gone, "the bot has left")
        file.write_text(token + "\n" * number)
        await until_in("running", service, bot)
    await sandbox.send(bot, "hello")
    assert (await sandbox.reply(bot, 7))["text"] == "hello"


async def test_a_new_token_makes_no_forgeries(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    old = new_token()
    bot = await sandbox.add(old)
    file = tmp_path / "tokens"
    file.write_text(old)
    service = await start_service(APP, **webhook_settings(BOT_TOKENS_FILE=str(file)))
    await until_in("running", service, bot)
    await greet(sandbox, bot)
    new = await sandbox.rotate(bot)
    file.write_text(new)

    async def told() -> bool:
        calls = await sandbox.calls(bot, "setWebhook")
        return bool(calls[-1]["params"]["secret_token"] == VAULT.webhook_secret(new))

    await until(told, "Telegram has the secret of the new token")
    assert await post(service, old, 1001, "by the old secret") == 200
    assert await post(service, new, 1002, "by the new secret") == 200
    said = {(await sandbox.reply(bot, 7))["text"] for _ in range(2)}
    assert said == {"by the old secret", "by the new secret"}
    assert await sandbox.calls(bot, "deleteWebhook") == []
    assert "forged" not in service.log


async def test_another_replica_may_know_a_new_token_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorman, "GRACE", 0.1)
    old, new = new_token(), new_token()
    bot = id_of(old)
    members = {bot: Member(Bot(old), None)}
    door = Doorman(VAULT, members.get, 0)

    def admits(secret: str) -> bool:
        request: Any = make_mocked_request(
            "POST", "/", headers={SECRET_HEADER: secret}, match_info={"bot_id": str(bot)}
        )
        return door.admit(request) is not None

    with capture_logs() as lines:
        assert not admits(VAULT.webhook_secret(new))
        members[bot] = Member(Bot(new), None)
        assert admits(VAULT.webhook_secret(new))
        assert not admits("f" * 64)
        await until(lambda: _as_async(lines), "the doubt is over")
    assert [line["event"] for line in lines] == ["a forged webhook"]


async def _as_async(value: Any) -> Any:
    return value


async def test_many_forgeries_are_a_few_lines(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    token = new_token()
    await sandbox.add(token)
    service = await start_service(APP, **webhook_settings(BOT_TOKENS=token))
    async with aiohttp.ClientSession() as http:
        for secret in ("wrong", "e" * 64):
            for bot in (id_of(token), 1):
                for _ in range(200):
                    url = f"{service.url}/webhook/{bot}"
                    async with http.post(url, headers={SECRET_HEADER: secret}) as answer:
                        assert answer.status == 401
    assert service.log.count("a forged webhook") == FEW
    assert service.log.count("a bot that is not in the fleet") == FEW


async def test_a_replica_that_knows_no_bots_yet_refuses_nobody(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    token = new_token()
    await sandbox.add(token)
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    settings = webhook_settings(BOT_TOKENS=token, REDIS_URL=nowhere)
    service = await start_service(APP, wait=False, **settings)
    await service.wait_ready("/health/live")
    assert await post(service, token, 1, "too soon") == 503
    assert "forged" not in service.log
