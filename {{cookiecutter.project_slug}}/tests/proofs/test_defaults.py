"""The defaults of all bots, in the service: for bots of BOT_TOKENS and those added at run time."""

from pathlib import Path

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine
from tests.proofs.watch import new_bots


async def test_all_bots_have_the_defaults(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str, tmp_path: Path
) -> None:
    [first], token = await new_bots(sandbox)
    [second], added = await new_bots(sandbox)
    settings = {"BOT_TOKENS": token, "SECRET_KEY": "k" * 40}
    service = await start_service("tests.proofs.marked", **settings)
    url = {"REDIS_URL": clean_redis, "TELEGRAM_API_URL": sandbox.url}
    await CommandLine(tmp_path, settings | url).ok("add", stdin=added)
    for bot in (first, second):
        for text in ("a <b>bold</b> word", "return"):
            await sandbox.send(bot, text)
            reply = await sandbox.reply(bot, 7)
            assert reply["has_protected_content"]
        [echo, _] = await sandbox.calls(bot, "sendMessage")
        assert echo["params"]["parse_mode"] == "HTML"
        assert echo["params"]["link_preview_options"] == {"is_disabled": True}
    assert "error" not in service.log
