"""What happens to a turn when Telegram says no: it is begun again only if nothing works at all.

What counts is how often messages arrive, and how often handlers run.
"""

from collections.abc import AsyncIterator

import orjson
import pytest

from fleet.inbox import DeadLetter, Inbox
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.mail import text
from tests.proofs.raw_telegram import HANG, TOKEN, Answer, RawTelegram, fails
from tests.proofs.watch import let_go, new_bots, turns, until_in, until_started
from tests.waiting import until

OTHER_TOKEN = "3190001:" + "o" * 35


@pytest.fixture
async def raw() -> AsyncIterator[RawTelegram]:
    async with RawTelegram.running() as telegram:
        yield telegram


async def only_letter(inbox: Inbox) -> DeadLetter:
    async def letters() -> list[DeadLetter]:
        return [letter async for letter in inbox.letters.all()]

    [letter] = await until(letters, "a dead letter")
    return letter


async def until_done(inbox: Inbox) -> None:
    async def is_empty() -> bool:
        return not await inbox.sizes()

    await until(is_empty, "every update has had its turn")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fails(413, "Request Entity Too Large"), "TelegramEntityTooLarge"),
        (fails(500, "Internal Server Error: message was immediately deleted"), "TelegramServerErr"),
        (fails(500, "Internal Server Error"), "TelegramServerError"),
        ((502, b"<html>Bad Gateway</html>"), "TelegramServerError"),
        ((200, b"<html>welcome to this hotspot</html>"), "ClientDecodeError"),
        ((200, b'{"ok":true,"result":"what?"}'), "ClientDecodeError"),
        (HANG, "TelegramNetworkError: HTTP Client says - Request timeout error"),
    ],
)
async def test_a_message_that_may_have_been_sent_is_not_sent_again(
    start_service: StartService, raw: RawTelegram, inbox: Inbox, answer: Answer, error: str
) -> None:
    """While the bot's getMe is answered, it is the handler's error, once."""
    raw.answers = [answer]
    await start_service(TELEGRAM_API_URL=raw.url, BOT_TOKENS=TOKEN, CALL_TIMEOUT="2")
    raw.updates = {1: orjson.dumps(text(1, "hello"))}
    assert error in (await only_letter(inbox)).error
    assert raw.sent == ["hello", "sorry"]


@pytest.mark.parametrize("session", ["shared", "apart"])
@pytest.mark.parametrize(
    ("fault", "answers"), [("500", ["before", "sorry"]), ("429", ["before"]), ("401", ["before"])]
)
async def test_what_is_said_to_another_bot_is_the_handlers_error(
    start_service: StartService,
    sandbox: SandboxClient,
    inbox: Inbox,
    session: str,
    fault: str,
    answers: list[str],
) -> None:
    """Error handlers get it, once; that of the app settles 429 and 401."""
    [bot], token = await new_bots(sandbox)
    other = await sandbox.add(OTHER_TOKEN)
    if fault == "401":
        await sandbox.revoke(other)
    else:
        await sandbox.fault(fault, other, retry_after=600)
    await start_service(BOT_TOKENS=token)
    await sandbox.send(bot, f"{session} {OTHER_TOKEN}")
    await sandbox.reply(bot, 7)
    await until_done(inbox)
    chat = await sandbox.messages(bot, 7)
    assert [one["text"] for one in chat if one["from"]["is_bot"]] == answers
    await sandbox.restore(other)


async def test_a_group_that_may_get_20_lines_a_minute_gets_25_once(
    start_service: StartService, raw: RawTelegram, inbox: Inbox
) -> None:
    """The handler waits for longer than HANDLER_TIMEOUT: that time does not count."""
    refused = fails(429, "Too Many Requests: retry after 4", retry_after=4)
    raw.answers = [*[None] * 20, refused]
    await start_service(TELEGRAM_API_URL=raw.url, BOT_TOKENS=TOKEN, HANDLER_TIMEOUT="3")
    raw.updates = {1: orjson.dumps(text(1, "lines 25", chat=-5))}

    async def said() -> int:
        return len(raw.sent)

    async def all_said() -> bool:
        return len(raw.sent) >= 26

    await until(all_said, "25 lines are sent", moving=said)
    await until_done(inbox)
    lines = [f"line {number}" for number in range(1, 26)]
    assert raw.sent == [*lines[:21], *lines[20:]], "the one that was refused comes again"
    assert [letter async for letter in inbox.letters.all()] == []


async def test_a_turn_that_a_gate_stops_half_way_goes_on_where_it_was(
    start_service: StartService, raw: RawTelegram, inbox: Inbox
) -> None:
    # Longer than a turn waits in its place.
    raw.answers = [None, None, fails(429, "Too Many Requests", retry_after=8)]
    await start_service(TELEGRAM_API_URL=raw.url, BOT_TOKENS=TOKEN)
    raw.updates = {1: orjson.dumps(text(1, "lines 5"))}

    async def gone_on() -> bool:
        return len(raw.sent) >= 6

    await until(gone_on, "all lines are sent")
    await until_done(inbox)
    assert raw.sent == [f"line {number}" for number in (1, 2, 3, 3, 4, 5)]
    assert [letter async for letter in inbox.letters.all()] == []


@pytest.mark.parametrize(("kind", "asked"), [("502", 5), ("hang", 3)])
async def test_an_outage_of_telegram_has_a_turn_begun_again_once(
    start_service: StartService,
    sandbox: SandboxClient,
    inbox: Inbox,
    clean_redis: str,
    kind: str,
    asked: int,
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(BOT_TOKENS=token, CALL_TIMEOUT="2")
    words = ["wait go-on", "together"]
    for user, said in enumerate(words):
        await sandbox.send(bot, said, user_id=user + 1)
        if said != "together":
            await until_started(clean_redis, said)
    await sandbox.reply(bot, 2)
    await sandbox.fault(kind, bot)
    let_go(clean_redis)

    async def is_away() -> bool:
        return "Telegram is away; turns wait" in service.log

    await until(is_away, "the service knows that Telegram is away")
    await inbox.put(bot, [text(10**6, "hello", user=2)])

    async def asks() -> int:
        return len(await sandbox.calls(bot, "getMe"))

    async def asked_often() -> bool:
        return await asks() >= asked

    await until(asked_often, "it is asked again and again", moving=asks)
    await sandbox.clear_faults()
    assert (await sandbox.reply(bot, 1))["text"] == "wait go-on"
    await until_done(inbox)
    assert len(turns(clean_redis).noted("start", text="wait go-on")) == 2
    assert len(turns(clean_redis).noted("start", text="hello")) == 1
    assert [letter async for letter in inbox.letters.all()] == []


async def test_a_bot_that_has_been_logged_out_of_this_server_is_refused(
    start_service: StartService, raw: RawTelegram, inbox: Inbox, clean_redis: str
) -> None:
    service = await start_service(TELEGRAM_API_URL=raw.url, BOT_TOKENS=TOKEN)
    raw.updates = {1: orjson.dumps(text(1, "wait go-on"))}
    await until_started(clean_redis, "wait go-on")
    raw.refusal = fails(400, "Logged out")
    let_go(clean_redis)
    await until_in("unauthorized", service)
    raw.refusal = None

    async def answered() -> bool:
        return raw.sent == ["wait go-on"]

    await until(answered, "the update gets its turn")
    assert [letter async for letter in inbox.letters.all()] == []
