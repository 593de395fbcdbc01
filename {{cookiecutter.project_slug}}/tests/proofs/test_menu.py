"""Telegram's menu: when it is set, and that this harms nobody."""

from pathlib import Path

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.watch import id_of, new_token
from tests.waiting import until

MENU = "tests.proofs.menu"


def new_bot() -> tuple[int, str]:
    token = new_token()
    return id_of(token), token


async def menus(sandbox: SandboxClient, bot_id: int, at_least: int = 1) -> list[list[str]]:
    """The names in each menu that was set."""
    calls = await sandbox.calls(bot_id, "setMyCommands", at_least=at_least)
    return [[one["command"] for one in call["params"]["commands"]] for call in calls]


async def echoes(sandbox: SandboxClient, bot_id: int) -> None:
    await sandbox.send(bot_id, "hello")
    assert (await sandbox.reply(bot_id, 7))["text"] == "hello"


async def test_each_role_has_its_menu_and_it_is_set_once(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    (one, one_token), (two, two_token) = new_bot(), new_bot()
    file = tmp_path / "tokens"
    file.write_text(f"support={one_token}\n{two_token}\n")
    service = await start_service(MENU, BOT_TOKENS_FILE=str(file))
    everybody, support = ["order"], ["order", "hours"]
    assert await menus(sandbox, one) == [support]
    assert await menus(sandbox, two) == [everybody]
    assert await service.stop() == 0

    service = await start_service(MENU, BOT_TOKENS_FILE=str(file))
    for bot in (one, two):
        assert len(await sandbox.calls(bot, "getMyCommands", at_least=2)) == 2
        await echoes(sandbox, bot)
    assert [await menus(sandbox, one), await menus(sandbox, two)] == [[support], [everybody]]

    file.write_text(f"support={one_token}\nsupport={two_token}\n")
    assert await menus(sandbox, two, at_least=2) == [everybody, support]
    assert await menus(sandbox, one) == [support]


async def test_a_menu_that_cannot_be_set_keeps_no_bot_from_answering(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    (one, one_token), (two, two_token), (three, three_token) = new_bot(), new_bot(), new_bot()
    for token in (one_token, two_token, three_token):
        await sandbox.add(token)
    await sandbox.fault("500", one, "setMyCommands")
    await sandbox.fault("429", two, "setMyCommands", retry_after=3600)
    await sandbox.fault("hang", three, "getMyCommands")
    service = await start_service(MENU, BOT_TOKENS=f"{one_token} {two_token} {three_token}")
    for bot, method in ((one, "setMyCommands"), (two, "setMyCommands"), (three, "getMyCommands")):
        assert await sandbox.calls(bot, method, at_least=1)
    for bot in (one, two, three):
        await echoes(sandbox, bot)
    await sandbox.clear_faults()

    async def is_set() -> bool:
        calls = await sandbox.calls(one, "setMyCommands")
        return bool(calls[-1]["status"] == 200)

    await until(is_set, "the menu is set")
    assert len(await sandbox.calls(two, "setMyCommands")) == 1  # it waits as long as it is told
    assert await service.stop() == 0


async def test_bots_whose_handlers_describe_nothing_are_left_alone(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    bot, token = new_bot()
    await sandbox.add(token)
    await start_service(BOT_TOKENS=token)
    await echoes(sandbox, bot)
    assert not await sandbox.calls(bot, "getMyCommands")
    assert not await sandbox.calls(bot, "setMyCommands")
