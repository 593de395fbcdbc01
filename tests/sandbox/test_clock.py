"""The clock that can be moved."""

import re
import time
from pathlib import Path

import pytest
from aiogram import Bot

import sandbox as sandbox_package
from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_TOKEN, TOKEN, Raw
from tests.sandbox.test_groups import BOB, led

HOUR = 3600
REAL = {f"world/{name}.py" for name in ("clock", "bots", "calls", "delivery")}
"""What asks the system for the time: to tell how long things take."""


async def test_the_dates_of_what_happens_move_along(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    before = await bot.send_message(ALICE, "before")
    await sandbox.advance(hours=1, minutes=30)
    after = await bot.send_message(ALICE, "after")
    edited = await bot.edit_message_text("later", chat_id=ALICE, message_id=before.message_id)
    assert HOUR * 1.5 <= after.date.timestamp() - before.date.timestamp() < HOUR * 1.5 + 60
    assert not isinstance(edited, bool)
    assert edited.edit_date
    assert abs(edited.edit_date - after.date.timestamp()) < 60
    described = await sandbox.ask("advance", seconds=0.5)
    assert described["ahead"] == 1.5 * HOUR + 0.5
    assert abs(described["now"] - time.time() - described["ahead"]) < 60


async def test_what_ends_at_a_time_ends(sandbox: SandboxClient, bot: Bot) -> None:
    group = await led(sandbox, bot)
    poll = await bot.send_poll(group, "Which?", ["one", "two"], open_period=600)
    last = await bot.send_poll(group, "Who?", ["one", "two"], open_period=3 * HOUR)
    link = await bot.create_chat_invite_link(group, expire_date=int(time.time()) + HOUR)
    await bot.ban_chat_member(group, BOB, until_date=int(time.time()) + HOUR)

    await sandbox.advance(minutes=30)
    assert (await bot.get_chat_member(group, BOB)).status == "kicked"
    await sandbox.advance(minutes=31)
    assert (await bot.get_chat_member(group, BOB)).status == "left"
    with pytest.raises(SandboxError, match="expired"):
        await sandbox.ask("join", chat_id=group, user_id=9, link=link.invite_link)
    messages = await sandbox.messages(BOT_ID, group)
    closed = {one["message_id"]: one["poll"]["is_closed"] for one in messages if "poll" in one}
    assert closed == {poll.message_id: True, last.message_id: False}


async def test_every_bot_hears_of_it_whatever_it_asked_for(
    sandbox: SandboxClient, raw: Raw
) -> None:
    for token in (TOKEN, SECOND_TOKEN):
        await raw("getUpdates", token, timeout=0, allowed_updates=["message"])
    await sandbox.advance(hours=1)
    for token in (TOKEN, SECOND_TOKEN):
        _, answer = await raw("getUpdates", token, timeout=0)
        [update] = answer["result"]
        assert update == {"update_id": update["update_id"], "clock": {"advanced_by": HOUR}}


@pytest.mark.parametrize("seconds", [0, -1, 1e12])
async def test_it_does_not_go_back_or_too_far(sandbox: SandboxClient, seconds: float) -> None:
    with pytest.raises(SandboxError, match="time does not go back"):
        await sandbox.ask("advance", seconds=seconds)


def test_nothing_else_looks_at_the_systems_clock() -> None:
    folder = Path(sandbox_package.__file__).parent
    looks = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if re.search(r"\btime\.time\(|datetime\.(utc)?now\(", path.read_text())
    }
    assert looks == REAL
