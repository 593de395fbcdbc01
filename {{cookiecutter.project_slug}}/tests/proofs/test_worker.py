"""Turns in real replicas: whatever a handler, an update, a bot or Telegram does, the others go on.

Guarantees 3, 4 and 8.
"""

import asyncio
import itertools
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from fleet.inbox import DeadLetter, Inbox
from fleet.inbox.inbox import DEAD_AFTER
from fleet.redis.keys import PREFIX
from fleet.worker import Worker
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.process import Process, service_process
from tests.proofs.mail import text
from tests.proofs.watch import let_go
from tests.waiting import until

APP = "tests.proofs.app"
CAREFUL, OTHER, POISONED = 3700001, 3700002, 3700003
TIMEOUT = 15
"""HANDLER_TIMEOUT, seconds."""
_user_ids = itertools.count(1)


def token(bot: int) -> str:
    return f"{bot}:{'w' * 35}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def service(
    redis_url: str, sandbox_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Process]:
    """One replica for most tests here: each has users, and so conversations, of its own."""
    async with SandboxClient(sandbox_url) as sandbox:
        for bot in (CAREFUL, OTHER):
            await sandbox.add(token(bot))
    process = service_process(
        APP,
        tmp_path_factory.mktemp("service"),
        _database(redis_url),
        sandbox_url,
        BOT_TOKENS=f"{token(CAREFUL)} {token(OTHER)}",
        HANDLER_TIMEOUT=str(TIMEOUT),
    )
    try:
        await process.wait_ready()
        yield process
    finally:
        await process.kill()
        print(process.log)  # noqa: T201 - shown if a test failed


def _database(redis_url: str) -> str:
    return redis_url.removesuffix("/0") + "/3"


@pytest_asyncio.fixture
async def inbox(redis_url: str, service: Process) -> AsyncIterator[Inbox]:
    """The inbox of `service`."""
    async with Redis.from_url(_database(redis_url)) as redis:
        yield Inbox(redis)


@pytest.fixture
def user() -> int:
    return next(_user_ids)


async def letters(inbox: Inbox, user: int, bot: int = CAREFUL) -> list[DeadLetter]:
    """Tell the dead letters of a user's private chat."""
    found = [letter async for letter in inbox.dead_letters()]
    return [letter for letter in found if letter.conversation == f"{bot}:{user}:{user}"]


async def until_dead(inbox: Inbox, user: int, bot: int = CAREFUL) -> DeadLetter:
    [letter] = await until(lambda: letters(inbox, user, bot), "the update is a dead letter")
    return letter


async def answers(sandbox: SandboxClient, bot: int, user: int) -> list[str]:
    chat = await sandbox.messages(bot, user)
    return [message["text"] for message in chat if message["from"]["is_bot"]]


async def until_answered(
    sandbox: SandboxClient, bot: int, user: int, wanted: list[str], within: float | None = None
) -> None:
    """Wait for exactly these answers in a private chat."""

    async def come() -> int:
        return len(await answers(sandbox, bot, user))

    async def answered() -> bool:
        return await come() >= len(wanted)

    what = f"{len(wanted)} answers of bot {bot} for user {user}"
    await until(answered, what, moving=come, within=within)
    assert await answers(sandbox, bot, user) == wanted


async def health(service: Process) -> dict[str, Any]:
    async with aiohttp.ClientSession() as http, http.get(service.url + "/health") as answer:
        body: dict[str, Any] = await answer.json()
        return body


async def bot_state(service: Process, bot: int) -> tuple[str, str]:
    """Tell a bot's state and error, as `/health` has them."""
    bots = (await health(service))["bots"]
    [found] = [entry for entry in bots if entry["id"] == bot]
    return found["state"], found["error"] or ""


# What handlers do


async def test_a_handler_that_raises_harms_nobody(
    sandbox: SandboxClient, inbox: Inbox, user: int
) -> None:
    before = time.time()
    update_id = await sandbox.send(CAREFUL, "raise", user_id=user)
    await sandbox.send(CAREFUL, "next", user_id=user)
    # aiogram's error handler has apologised, and the conversation goes on.
    await until_answered(sandbox, CAREFUL, user, ["sorry", "next"])
    letter = await until_dead(inbox, user)
    assert letter.bot_id == CAREFUL
    assert letter.update["update_id"] == update_id
    assert letter.update["message"]["text"] == "raise"
    assert letter.error == "ValueError: as told"
    assert "Traceback" in letter.traceback
    assert "tests/proofs/app.py" in letter.traceback
    assert letter.died == 0
    assert before - 1 < letter.failed_at.timestamp() < time.time() + 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("exit", "SystemExit: 3"),
        ("cancel", "CancelledError"),
        ("unprintable", "UnprintableError"),
        ("unformattable", "SyntaxError"),
        ("surrogate", r"no file \udcff"),
        ("mistake", "WRONGTYPE"),
        (f"sleep {TIMEOUT + 60}", "TimeoutError"),
    ],
)
async def test_a_handler_that_fails_otherwise_harms_nobody_either(
    service: Process, sandbox: SandboxClient, inbox: Inbox, user: int, words: str, error: str
) -> None:
    await sandbox.send(CAREFUL, words, user_id=user)
    await sandbox.send(CAREFUL, "next", user_id=user)
    letter = await until_dead(inbox, user)
    assert error in letter.error
    assert letter.update["message"]["text"] == words

    async def goes_on() -> bool:
        return "next" in await answers(sandbox, CAREFUL, user)

    await until(goes_on, "the conversation goes on")
    await service.wait_ready()


async def test_a_method_that_a_handler_returns_is_sent(
    service: Process, sandbox: SandboxClient, user: int
) -> None:
    await sandbox.send(CAREFUL, "return", user_id=user)
    await until_answered(sandbox, CAREFUL, user, ["returned"])


# What updates are


async def test_an_update_that_aiogram_cannot_read_blocks_nobody(
    sandbox: SandboxClient, inbox: Inbox, user: int
) -> None:
    chat = {"id": user, "type": "private"}
    broken = {"message": {"message_id": "one", "chat": chat, "from": {"id": user}}}
    await sandbox.push(CAREFUL, [broken])
    await sandbox.send(CAREFUL, "next", user_id=user)
    await until_answered(sandbox, CAREFUL, user, ["next"])
    letter = await until_dead(inbox, user)
    assert "ValidationError" in letter.error
    assert letter.update["message"] == broken["message"]


async def test_an_update_of_an_unknown_type_is_no_error(
    sandbox: SandboxClient, inbox: Inbox, user: int
) -> None:
    # Past the sandbox, which like Telegram delivers only types that were asked for.
    hologram = {"chat": {"id": user}, "from": {"id": user}, "size": 3}
    await inbox.put(CAREFUL, [{"update_id": 1, "hologram": hologram}])
    await inbox.put(CAREFUL, [text(2, "next", user=user)])
    # That chat the sandbox does not know: what counts is that nothing is left.
    await until(lambda: _is_empty(inbox), "nothing waits")
    assert all("message" in letter.update for letter in await letters(inbox, user))


async def _is_empty(inbox: Inbox) -> bool:
    return not await inbox.sizes()


# Order


async def test_a_conversation_is_in_order_and_delays_no_other(
    service: Process, sandbox: SandboxClient, redis_url: str, user: int
) -> None:
    quick = next(_user_ids)
    await sandbox.send(CAREFUL, "wait go-on", user_id=user)
    for words in ("a", "b", "c"):
        await sandbox.send(CAREFUL, words, user_id=user)
    for bot, person in ((CAREFUL, quick), (OTHER, user)):
        await sandbox.send(bot, "quick", user_id=person)
        await until_answered(sandbox, bot, person, ["quick"])
    assert await answers(sandbox, CAREFUL, user) == []
    async with Redis.from_url(_database(redis_url)) as redis:
        await redis.set("go-on", 1)
    await until_answered(sandbox, CAREFUL, user, ["wait go-on", "a", "b", "c"])


async def test_turns_of_a_conversation_are_never_two_at_once(
    service: Process, sandbox: SandboxClient
) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - no secret
    print(f"seed {seed}")  # noqa: T201 - to repeat it
    choices = random.Random(seed)  # noqa: S311 - no secret
    users = [next(_user_ids) for _ in range(20)]
    sent: dict[int, list[str]] = {user: [] for user in users}
    for _ in range(100):
        sent[choices.choice(users)].append("count")
    for user, texts in sent.items():
        await asyncio.gather(*(sandbox.send(CAREFUL, words, user_id=user) for words in texts))
    # Each turn reads the sum, and writes it a round trip later: two at once would count the same.
    for user, texts in sent.items():
        await until_answered(sandbox, CAREFUL, user, [str(n + 1) for n in range(len(texts))])


# What bots and Telegram do


@pytest.mark.parametrize("kind", ["429", "500", "502", "hang", "reset"])
async def test_trouble_of_one_bot_is_its_own_and_passes(
    service: Process, sandbox: SandboxClient, inbox: Inbox, user: int, kind: str
) -> None:
    await sandbox.fault(kind, CAREFUL, retry_after=2)
    await sandbox.send(CAREFUL, "patience", user_id=user)

    async def shows() -> bool:
        state, _ = await bot_state(service, CAREFUL)
        return state == ("flood-wait" if kind == "429" else "backing-off")

    if kind != "hang":  # a poll that hangs shows as one that waits
        await until(shows, "the bot shows its trouble")
    for _ in range(20):
        other = next(_user_ids)
        await sandbox.send(OTHER, "hello", user_id=other)
        await until_answered(sandbox, OTHER, other, ["hello"], within=2)
    assert (await bot_state(service, OTHER))[0] == "running"
    assert await answers(sandbox, CAREFUL, user) == []
    await sandbox.clear_faults()
    await until_answered(sandbox, CAREFUL, user, ["patience"])
    assert await letters(inbox, user) == []

    async def recovers() -> bool:
        return await bot_state(service, CAREFUL) == ("running", "")

    await until(recovers, "the bot runs again")


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

    async def refused() -> bool:
        return (await bot_state(service, revoked))[0] == "unauthorized"

    await until(refused, "the bot is unauthorized")
    await sandbox.send(fine, "hello", user_id=1)
    await until_answered(sandbox, fine, 1, ["hello"])
    assert (await bot_state(service, fine))[0] == "running"

    tokens.write_text(f"{new_token}\n{token(fine)}\n")
    await until_answered(sandbox, revoked, 1, ["sleep 1", "waiting"])
    await sandbox.send(revoked, "again", user_id=1)
    await until_answered(sandbox, revoked, 1, ["sleep 1", "waiting", "again"])
    assert await bot_state(service, revoked) == ("running", "")
    assert new_token not in service.log


# Processes that die


async def test_an_update_that_kills_its_process_cannot_do_so_for_ever(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    await sandbox.add(token(POISONED))
    settings = {"BOT_TOKENS": token(POISONED), "MAX_ATTEMPTS": "2"}
    service = await start_service(APP, **settings)
    bystanders = range(2, 8)
    for user in bystanders:
        await sandbox.send(POISONED, "sleep 2", user_id=user)
    await sandbox.send(POISONED, "die", user_id=1)
    await sandbox.send(POISONED, "next", user_id=1)
    for _ in range(2):
        assert await service.wait() == -9
        service = await start_service(APP, **settings)
    for user in bystanders:
        await until_answered(sandbox, POISONED, user, ["sleep 2"])
    await until_answered(sandbox, POISONED, 1, ["next"])
    async with Redis.from_url(clean_redis) as redis:
        [letter] = [letter async for letter in Inbox(redis).dead_letters()]
        assert not await redis.exists(f"{PREFIX}attempts", f"{PREFIX}suspects")
    assert letter.update["message"]["text"] == "die"
    assert letter.died == 2


async def test_long_turns_and_long_waits(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    """A long turn is not taken over; a bot that must wait long holds no place. Both take long."""
    long, flooded = 3700021, 3700022
    for bot in (long, flooded):
        await sandbox.add(token(bot))
    settings = {"BOT_TOKENS": f"{token(long)} {token(flooded)}", "CONCURRENCY": "4"}
    replicas = await asyncio.gather(*(start_service(APP, **settings) for _ in range(2)))
    await sandbox.fault("429", flooded, method="sendMessage", retry_after=61)
    users = range(1, 21)
    for user in users:
        await sandbox.send(flooded, "flood", user_id=user)
    await sandbox.send(long, "wait go-on", user_id=1)
    await sandbox.send(long, "next", user_id=1)

    async def room() -> bool:
        in_flight = [(await health(replica))["turns_in_flight"] for replica in replicas]
        return sorted(in_flight) == [0, 1]

    await until(room, "only the long turn is in flight")
    assert [await answers(sandbox, flooded, user) for user in users] == [[]] * len(users)
    await sandbox.clear_faults()
    await asyncio.sleep(DEAD_AFTER + 5)
    let_go(clean_redis)
    await until_answered(sandbox, long, 1, ["wait go-on", "next"])
    for user in users:
        await until_answered(sandbox, flooded, user, ["flood"])
    async with Redis.from_url(clean_redis) as redis:
        notes = [json.loads(note) for note in await read_turns(redis)]
        assert [letter async for letter in Inbox(redis).dead_letters()] == []
    begun = [note["text"] for note in notes if note["bot"] == long and note["what"] == "start"]
    assert begun == ["wait go-on", "next"]


async def read_turns(redis: Redis) -> list[bytes]:
    return cast("list[bytes]", await redis.execute_command("LRANGE", "turns", 0, -1))


async def test_a_worker_whose_places_are_all_taken_is_not_stuck(
    clean_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.worker.LONGEST_PAUSE", 0.1)
    over = asyncio.Event()

    async def take(member: object, update: bytes) -> None:
        await over.wait()

    async with Redis.from_url(clean_redis) as redis:
        inbox = Inbox(redis)
        await inbox.put(1, [text(n, user=n) for n in range(1, 9)])
        worker = Worker(inbox, lambda _: object(), take, concurrency=2)  # type: ignore[arg-type,return-value]  # any member will do
        running = asyncio.create_task(worker.run())

        async def full() -> bool:
            return worker.in_flight == 2

        await until(full, "all places are taken")
        full_at = time.monotonic()

        async def looks_again() -> bool:
            return worker._looked_at > full_at

        await until(looks_again, "the worker looks although it can take nothing")
        assert not worker.stuck
        over.set()
        await worker.drain(5)
        await running


async def test_a_worker_that_waits_for_its_start_is_not_stuck(
    clean_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis may be away for long then, and a startup hook take its time: no restart cures that."""
    monkeypatch.setattr("fleet.worker.STUCK_AFTER", -1.0)
    async with Redis.from_url(clean_redis) as redis:
        worker = Worker(Inbox(redis), lambda _: None, None, concurrency=1)  # type: ignore[arg-type]  # takes nothing
        assert not worker.stuck
        await worker._exchange()
        assert worker.stuck, "it has not looked for longer than STUCK_AFTER"
