"""getUpdates does what Telegram's does."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError, TelegramUnauthorizedError
from aiogram.types import Update

from sandbox.client import SandboxClient
from sandbox.world.bots import SILENT_BY_DEFAULT
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw, poll_open, state

BY_DEFAULT = sorted(Update.model_fields.keys() - SILENT_BY_DEFAULT - {"update_id"})


async def test_updates_stay_until_a_higher_offset_confirms_them(
    sandbox: SandboxClient, bot: Bot
) -> None:
    first = await sandbox.send(BOT_ID, "one")
    second = await sandbox.send(BOT_ID, "two")
    assert second == first + 1
    assert 10**8 <= first < 10**9

    for offset in (None, 0, first):
        assert [update.update_id for update in await bot.get_updates(offset)] == [first, second]
    assert (await state(sandbox))["confirmed"] is None
    assert [update.update_id for update in await bot.get_updates(second)] == [second]
    # A lower offset does not bring back what was confirmed.
    assert [update.update_id for update in await bot.get_updates(first)] == [second]
    assert await bot.get_updates(second + 1) == []
    assert (await state(sandbox))["confirmed"] == second


async def test_a_negative_offset_keeps_the_last_ones(sandbox: SandboxClient, bot: Bot) -> None:
    ids = [await sandbox.send(BOT_ID, str(number)) for number in range(5)]
    assert [update.update_id for update in await bot.get_updates(-2)] == ids[-2:]
    assert [update.update_id for update in await bot.get_updates(-9)] == ids[-2:]
    assert (await state(sandbox))["pending"] == 2


@pytest.mark.parametrize(("limit", "expected"), [(0, 1), (3, 3), (100, 100), (1000, 100)])
async def test_limit(sandbox: SandboxClient, raw: Raw, limit: int, expected: int) -> None:
    await sandbox.push(BOT_ID, [{"message": {}} for _ in range(120)])
    _, body = await raw("getUpdates", limit=limit)
    assert len(body["result"]) == expected


async def test_a_long_poll_ends_with_the_first_update(sandbox: SandboxClient, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await poll_open(sandbox)
    update_id = await sandbox.send(BOT_ID, "hello")
    [update] = await asyncio.wait_for(poll, 20)
    assert update.update_id == update_id
    assert update.message
    assert (update.message.text, update.message.chat.id) == ("hello", ALICE)


async def test_a_long_poll_ends_empty_in_time(sandbox: SandboxClient, bot: Bot) -> None:
    start = asyncio.get_running_loop().time()
    assert await bot.get_updates(timeout=1) == []
    assert 0.9 < asyncio.get_running_loop().time() - start < 2
    assert (await state(sandbox))["mode"] == "polling"


async def test_the_older_of_two_pollers_gets_a_conflict(sandbox: SandboxClient, bot: Bot) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=30))
    await poll_open(sandbox)
    newer = asyncio.create_task(bot.get_updates(timeout=30))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request; make"):
        await asyncio.wait_for(older, 20)
    await sandbox.send(BOT_ID, "hello")
    assert len(await asyncio.wait_for(newer, 20)) == 1
    assert (await state(sandbox))["conflicts"] == 1


async def test_a_poller_that_went_away_makes_no_conflict(sandbox: SandboxClient, bot: Bot) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=30))
    await poll_open(sandbox)
    older.cancel()
    await asyncio.gather(older, return_exceptions=True)
    assert await bot.get_updates(timeout=1) == []
    assert (await state(sandbox))["conflicts"] == 0


async def test_allowed_updates_are_remembered(sandbox: SandboxClient, bot: Bot, raw: Raw) -> None:
    kinds = ["message", "poll", "chat_member", "message_reaction", "something_new"]
    updates: list[dict[str, object]] = [{kind: {}} for kind in kinds]

    async def arriving() -> list[str]:
        ids = await sandbox.push(BOT_ID, updates)
        assert ids == list(range(ids[0], ids[0] + len(updates)))
        _, body = await raw("getUpdates")
        await raw("getUpdates", offset=ids[-1] + 1)
        return [kind for update in body["result"] for kind in update if kind != "update_id"]

    assert await arriving() == ["message", "poll", "something_new"]
    await bot.get_updates(allowed_updates=["poll", "chat_member"])
    assert await arriving() == ["poll", "chat_member"]
    await bot.get_updates()  # says nothing of types: the choice stays
    assert await arriving() == ["poll", "chat_member"]
    await raw("getUpdates", allowed_updates=[])
    assert await arriving() == ["message", "poll", "something_new"]


async def test_types_that_telegram_does_not_know_are_dropped(bot: Bot) -> None:
    async def remembered(*kinds: str) -> list[str] | None:
        await bot.get_updates(allowed_updates=list(kinds))
        return (await bot.get_webhook_info()).allowed_updates

    assert await remembered("poll", "made_up", "Message") == ["message", "poll"]
    assert await remembered("made_up") is None
    assert await remembered("chat_member") == ["chat_member"]
    assert await remembered(*BY_DEFAULT) is None
    assert await remembered(*BY_DEFAULT, "chat_member") == sorted([*BY_DEFAULT, "chat_member"])


async def test_ids_may_begin_anew(sandbox: SandboxClient, raw: Raw) -> None:
    """After a quiet week Telegram chooses the next id at random; the old offset is no obstacle."""
    old = await sandbox.send(BOT_ID, "old")
    assert await raw("getUpdates", offset=old + 1) == (200, {"ok": True, "result": []})
    assert await sandbox.push(BOT_ID, [{"update_id": 5, "message": {}}, {"message": {}}]) == [5, 6]
    _, body = await raw("getUpdates", offset=old + 1)
    assert [update["update_id"] for update in body["result"]] == [5, 6]
    _, body = await raw("getUpdates", offset=7)
    assert body["result"] == []


async def test_the_first_token_of_an_id_is_the_valid_one(raw: Raw, sandbox: SandboxClient) -> None:
    assert (await raw("getMe"))[1]["result"]["id"] == BOT_ID
    unauthorized = (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
    assert await raw("getMe", token=f"{BOT_ID}:other") == unauthorized
    assert (await raw("getMe", "nonsense"))[0] == 404


async def test_a_revoked_token_ends_its_long_poll(sandbox: SandboxClient, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await poll_open(sandbox)
    await sandbox.revoke(BOT_ID)
    with pytest.raises(TelegramUnauthorizedError):
        await asyncio.wait_for(poll, 20)
    with pytest.raises(TelegramUnauthorizedError):
        await bot.send_message(ALICE, "x")


async def test_a_rotated_token_replaces_the_old_one(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "kept")
    new = await sandbox.rotate(BOT_ID)
    assert new.startswith(f"{BOT_ID}:")
    assert len(new) == len(TOKEN)
    assert (await raw("getUpdates"))[0] == 401
    status, body = await raw("getUpdates", token=new)
    assert (status, len(body["result"])) == (200, 1)


async def test_many_bots_poll_at_once(sandbox: SandboxClient, raw: Raw) -> None:
    ids = [await sandbox.add(f"{number}:x") for number in range(5_000_000, 5_000_200)]
    polls = [
        asyncio.create_task(raw("getUpdates", token=f"{number}:x", timeout=30)) for number in ids
    ]
    await sandbox.calls(method="getUpdates", at_least=len(ids), timeout=20)
    for number in ids:
        await sandbox.send(number, "hello")
    answers = await asyncio.wait_for(asyncio.gather(*polls), 20)
    assert [len(body["result"]) for _, body in answers] == [1] * len(ids)
