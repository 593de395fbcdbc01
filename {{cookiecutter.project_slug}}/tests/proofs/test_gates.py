"""Flood control of one chat, or of one method, is no trouble of the bot's other users."""

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers
from tests.proofs.watch import new_bots, until_in
from tests.waiting import until


async def until_called(sandbox: SandboxClient, bot: int, method: str, times: int) -> None:
    async def called() -> bool:
        return len(await sandbox.calls(bot, method)) >= times

    await until(called, f"{times} calls of {method}")


async def test_a_method_under_flood_control_silences_nobody(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(BOT_TOKENS=token)
    await sandbox.fault("429", bot, method="setMyName", retry_after=600)
    await sandbox.send(bot, f"shared {token}", user_id=1)
    await until_called(sandbox, bot, "setMyName", 1)
    for user in (1, 2):
        await sandbox.send(bot, "hello", user_id=user)
    assert (await sandbox.reply(bot, 2))["text"] == "hello"

    async def answered() -> bool:
        return await answers(sandbox, bot, 1) == ["before", "hello"]

    await until(answered, "the user who asked for it goes on, too")
    await until_in("running", service)


async def test_a_chat_under_flood_control_makes_no_other_wait(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(BOT_TOKENS=token)
    await sandbox.fault("429", bot, method="sendMessage", times=1, retry_after=15)
    await sandbox.send(bot, "flooded", user_id=1)
    await until_called(sandbox, bot, "sendMessage", 1)
    await sandbox.send(bot, "hello", user_id=2)
    assert (await sandbox.reply(bot, 2))["text"] == "hello"
    assert await answers(sandbox, bot, 1) == []
    await until_in("running", service)
    assert (await sandbox.reply(bot, 1))["text"] == "flooded"
    assert await answers(sandbox, bot, 1) == ["flooded"]


async def test_a_bot_under_flood_control_in_many_chats_says_so(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    users = range(1, 6)
    [bot], token = await new_bots(sandbox)
    service = await start_service(BOT_TOKENS=token)
    await sandbox.fault("429", bot, method="sendMessage", times=3, retry_after=20)
    for user in users[:3]:
        await sandbox.send(bot, "hello", user_id=user)
    await until_in("flood-wait", service)
    for user in users[3:]:
        await sandbox.send(bot, "hello", user_id=user)
    for user in users:
        await sandbox.reply(bot, user)
        assert await answers(sandbox, bot, user) == ["hello"]
    assert len(await sandbox.calls(bot, "sendMessage")) == 3 + len(users)
    await until_in("running", service)
