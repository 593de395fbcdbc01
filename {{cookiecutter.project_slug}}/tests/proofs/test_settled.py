"""Errors that leave no dead letter: those that an error handler settles, those that nobody can."""

from itertools import count
from typing import Any

import pytest

from fleet.inbox import DeadLetter, Inbox
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import token
from tests.proofs.mail import text
from tests.proofs.watch import new_token
from tests.waiting import until

APP = "tests.proofs.app"
USER, GONE = 1, 2
"""One who is there, one who has blocked the bot."""
LINE = 400
"""Bytes of a line of the log that tells of no more than one thing."""
_update_ids = count(1)


@pytest.fixture
async def bot(sandbox: SandboxClient) -> int:
    """Make one of the test's own: who has blocked it stays away."""
    return await sandbox.add(new_token())


async def letters(inbox: Inbox) -> list[DeadLetter]:
    return [letter async for letter in inbox.letters.all()]


async def until_done(inbox: Inbox) -> None:
    async def is_empty() -> bool:
        return not await inbox.sizes()

    await until(is_empty, "every update has had its turn")


async def test_an_error_that_a_handler_settles_is_no_dead_letter(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox, bot: int
) -> None:
    """A handler of any router: here of one inside another, asked before the one that apologises."""
    service = await start_service(APP, BOT_TOKENS=token(bot))
    service.new_log()
    for words in ("settle", "next"):
        await sandbox.send(bot, words, user_id=USER)
    assert (await sandbox.reply(bot, USER))["text"] == "next"
    await until_done(inbox)
    assert await letters(inbox) == []
    assert "nothing there" not in service.new_log()


async def test_who_has_blocked_the_bot_is_no_dead_letter(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox, bot: int
) -> None:
    """Whether the handler calls or returns the call, one line tells of it; users go on if they
    come back."""
    users = range(100, 120)
    for user in users:
        await sandbox.send(bot, "before", user_id=user)
    service = await start_service(APP, BOT_TOKENS=token(bot))
    for user in users:
        await sandbox.reply(bot, user)
        await sandbox.ask("block", bot_id=bot, user_id=user, blocked=True)
    service.new_log()
    words = ("hello", "return")
    updates = [text(next(_update_ids), words[user % 2], user=user) for user in users]
    await inbox.put(bot, updates)
    await until_done(inbox)
    assert await letters(inbox) == []
    log = service.new_log()
    assert log.count("bot was blocked by the user") == len(log.splitlines()) == len(users)
    assert len(log) < LINE * len(users)

    await sandbox.ask("block", bot_id=bot, user_id=users[0], blocked=False)
    await sandbox.send(bot, "again", user_id=users[0])
    assert (await sandbox.reply(bot, users[0]))["text"] == "again"


async def test_a_group_that_removed_the_bot_and_a_member_who_blocked_it(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox, bot: int
) -> None:
    await sandbox.send(bot, "before", user_id=GONE)
    service = await start_service(APP, BOT_TOKENS=token(bot))
    await sandbox.reply(bot, GONE)
    await sandbox.ask("block", bot_id=bot, user_id=GONE, blocked=True)
    named: dict[str, Any] = {"title": "A", "user_ids": [USER, GONE], "bot_ids": [bot]}
    removed, kept = [(await sandbox.ask("create_group", **named))["id"] for _ in range(2)]
    await sandbox.ask("remove_member", chat_id=removed, member_id=bot)
    service.new_log()
    group = text(next(_update_ids), "hello", user=USER, chat=removed)
    member = text(next(_update_ids), f"tell {GONE}", user=GONE, chat=kept)
    await inbox.put(bot, [group, member])
    await until_done(inbox)
    # What Telegram itself says in groups, this bot can only fail to repeat.
    dead = {letter.update["update_id"] for letter in await letters(inbox)}
    assert dead.isdisjoint({group["update_id"], member["update_id"]})
    assert service.new_log().count("the chat has shut the bot out") == 2


@pytest.mark.parametrize(
    ("words", "user", "error"),
    [(f"tell {GONE}", USER, "bot was blocked by the user"), ("raise", GONE, "ValueError: as told")],
    ids=["another chat is shut", "the apology is refused"],
)
async def test_the_handlers_own_error_is_kept(
    start_service: StartService,
    sandbox: SandboxClient,
    inbox: Inbox,
    bot: int,
    words: str,
    user: int,
    error: str,
) -> None:
    for one in (USER, GONE):
        await sandbox.send(bot, "before", user_id=one)
    await start_service(APP, BOT_TOKENS=token(bot))
    for one in (USER, GONE):
        await sandbox.reply(bot, one)
    await sandbox.ask("block", bot_id=bot, user_id=GONE, blocked=True)
    await inbox.put(bot, [text(next(_update_ids), words, user=user)])
    await until_done(inbox)
    [letter] = await letters(inbox)
    assert error in letter.traceback
