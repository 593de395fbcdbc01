"""The trouble of some bots, or of Telegram with them, is theirs alone and passes: guarantee 4."""

import asyncio
from pathlib import Path

import pytest

from fleet.inbox import Inbox
from fleet.shards.beats import DEAD_AFTER
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers, letters, token, until_answered
from tests.proofs.watch import APP, bots_of, let_go, new_bots, turns, until_in, until_started
from tests.waiting import until


@pytest.mark.parametrize("kind", ["429", "500", "502", "hang", "reset"])
async def test_trouble_of_one_bot_is_its_own_and_passes(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox, kind: str
) -> None:
    [troubled, other], tokens = await new_bots(sandbox, 2)
    service = await start_service(APP, BOT_TOKENS=tokens)
    await sandbox.fault(kind, troubled, retry_after=2)
    await sandbox.send(troubled, "patience", user_id=1)
    if kind != "hang":  # a poll that hangs shows as one that waits
        await until_in("flood-wait" if kind == "429" else "backing-off", service, troubled)
    for user in range(1, 21):
        await sandbox.send(other, "hello", user_id=user)
        await until_answered(sandbox, other, user, ["hello"], within=2)
    await until_in("running", service, other)
    assert await answers(sandbox, troubled, 1) == []
    await sandbox.clear_faults()
    await until_answered(sandbox, troubled, 1, ["patience"])
    assert await letters(inbox, 1, troubled) == []
    assert (await until_in("running", service, troubled))["error"] is None


async def test_updates_of_a_revoked_token_wait_for_a_new_one(
    start_service: StartService, sandbox: SandboxClient, tmp_path: Path
) -> None:
    revoked, fine = 3700011, 3700012
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{token(revoked)}\n{token(fine)}\n")
    for bot in (revoked, fine):
        await sandbox.add(token(bot))
    service = await start_service(APP, BOT_TOKENS_FILE=str(tokens))
    await sandbox.send(revoked, "sleep 1", user_id=1)
    for user in (1, 2, 3):
        await sandbox.send(revoked, "waiting", user_id=user)

    async def working() -> bool:
        return "waiting" in await answers(sandbox, revoked, 3)

    await until(working, "user 1 is being served")
    new_token = await sandbox.rotate(revoked)
    await until_in("unauthorized", service, revoked)
    await sandbox.send(fine, "hello", user_id=1)
    await until_answered(sandbox, fine, 1, ["hello"])
    assert (await bots_of(service))[fine]["state"] == "running"

    tokens.write_text(f"{new_token}\n{token(fine)}\n")
    await until_answered(sandbox, revoked, 1, ["sleep 1", "waiting"])
    await sandbox.send(revoked, "again", user_id=1)
    await until_answered(sandbox, revoked, 1, ["sleep 1", "waiting", "again"])
    assert (await until_in("running", service, revoked))["error"] is None
    assert new_token not in service.log


async def test_long_turns_and_long_waits(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox, clean_redis: str
) -> None:
    """A long turn is not taken over; a bot that must wait long holds no place. Both take long."""
    [long, flooded, quick], tokens = await new_bots(sandbox, 3)
    settings = {"BOT_TOKENS": tokens, "CONCURRENCY": "4"}
    await asyncio.gather(*(start_service(APP, **settings) for _ in range(2)))
    await sandbox.fault("429", flooded, method="sendMessage", retry_after=31)
    users = range(1, 21)
    for user in users:
        await sandbox.send(flooded, "flood", user_id=user)
    await sandbox.send(long, "wait go-on", user_id=1)
    await sandbox.send(long, "next", user_id=1)
    await until_started(clean_redis, "flood", len(users) // 4)
    await until_started(clean_redis, "wait go-on")
    for user in users:
        await sandbox.send(quick, "hello", user_id=user)
        await until_answered(sandbox, quick, user, ["hello"])
    assert [await answers(sandbox, flooded, user) for user in users] == [[]] * len(users)
    await sandbox.clear_faults()
    await asyncio.sleep(DEAD_AFTER + 5)
    let_go(clean_redis)
    await until_answered(sandbox, long, 1, ["wait go-on", "next"])
    for user in users:
        await until_answered(sandbox, flooded, user, ["flood"])
    assert [letter async for letter in inbox.letters.all()] == []
    begun = turns(clean_redis).noted("start", bot=long)
    assert [note["text"] for note in begun] == ["wait go-on", "next"]
