"""A handler that takes too long is cancelled; one that does not listen harms nobody for long."""

from fleet.inbox import Inbox
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import until_answered, until_dead
from tests.proofs.watch import APP, get, new_bots, until_started
from tests.waiting import until

STRAYS = "handlers that go on although HANDLER_TIMEOUT cancelled them: 1"


async def test_error_handlers_apologise_for_a_time_out(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox
) -> None:
    [bot], tokens = await new_bots(sandbox)
    await start_service(APP, BOT_TOKENS=tokens, HANDLER_TIMEOUT="2")
    for words in ("sleep 600", "next"):
        await sandbox.send(bot, words, user_id=1)
    await until_answered(sandbox, bot, 1, ["sorry", "next"])
    letter = await until_dead(inbox, 1, bot)
    assert "HANDLER_TIMEOUT" in letter.error


async def test_a_handler_that_swallows_its_cancellation(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox, clean_redis: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    # One place: without it back, nobody is served.
    service = await start_service(APP, BOT_TOKENS=tokens, HANDLER_TIMEOUT="2", CONCURRENCY="1")
    for words in ("stubborn 25", "next"):
        await sandbox.send(bot, words, user_id=1)
    await until_started(clean_redis, "stubborn 25")
    await sandbox.send(bot, "hello", user_id=2)
    assert (await get(service))[1]["warnings"] == []
    await until_answered(sandbox, bot, 2, ["hello"])
    await until_answered(sandbox, bot, 1, ["next"])
    assert (await get(service))[1]["warnings"] == [STRAYS]
    assert (await get(service))[1]["turns_in_flight"] == 0
    letter = await until_dead(inbox, 1, bot)
    assert letter.update["message"]["text"] == "stubborn 25"
    assert "it was cancelled" in letter.error
    assert service.log.count("the update is a dead letter now") == 1

    async def has_ended() -> bool:
        return not (await get(service))[1]["warnings"]

    await until(has_ended, "the handler comes to its end, and the warning with it")
    await sandbox.send(bot, "again", user_id=1)
    # What the handler said when its turn was no longer its own did not go out.
    await until_answered(sandbox, bot, 1, ["next", "again"])


async def test_a_stop_does_not_wait_for_one_that_does_not_listen(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], tokens = await new_bots(sandbox)
    service = await start_service(APP, BOT_TOKENS=tokens, HANDLER_TIMEOUT="1")
    await sandbox.send(bot, "stubborn 600", user_id=1)
    await until_started(clean_redis, "stubborn 600")

    async def told() -> bool:
        return bool((await get(service))[1]["warnings"] == [STRAYS])

    await until(told, "/health says so")
    assert await service.stop() == 0
