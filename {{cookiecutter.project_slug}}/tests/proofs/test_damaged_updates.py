"""Bytes that no client should have to read: a damaged update harms no other, in either intake."""

from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest
import redis.asyncio

from fleet.inbox import Inbox
from fleet.intake.doorman import SECRET_HEADER
from fleet.vault import Vault
from tests.conftest import StartService
from tests.process import free_port
from tests.proofs.raw_telegram import BOT, TOKEN, RawTelegram
from tests.proofs.watch import until_in
from tests.waiting import until

KEY = "k" * 40
DAMAGED = {
    b'"text":"caf\xe9"': "caf\ufffd",
    b'"text":"\xed\xa0\xbd."': "\ufffd\ufffd\ufffd.",
    rb'"text":"\ud83d."': "\ufffd.",
    rb'"text":"\ud83d\ude00 \ude00"': "\U0001f600 \ufffd",
    b'"text":"a\x00b"': "a\x00b",
    rb'"text":"a\u0000c"': "a\x00c",
    b'"text":"long","x":' + b"9" * 5_000: "long",
    b'"text":"nan","x":[NaN,-Infinity,1e999]': "nan",
    b'"text":"key","\xff":{"\xff":1}': "key",
    b'"text":"deep","x":' + b"[" * 300 + b"]" * 300: "deep",
    b'"text":"deeper","x":' + b'{"x":' * 50_000 + b"1" + b"}" * 50_000: "deeper",
}
"""Parts of messages, and what the bot that repeats everything makes of them."""
DEAD = [
    rb'"text":5,"x":"\ud83d\ud83d"',
    b'"text":"\xff","date":NaN',
    b'"text":' + b"[" * 999 + b"]" * 999,
]
WITHOUT_ID = [b"null", b"7", b'"\xff"', b"[]", b"{}", b'{"update_id":NaN}', b'{"update_id":"5"}',
              b'{"update_id":-1}', b'{"update_id":1152921504606846976}']  # fmt: skip


def message(update_id: int, content: bytes) -> bytes:
    """Make an update with a message of a user of its own."""
    user = b'{"id":%d,"is_bot":false,"first_name":"A","type":"private"}' % (100 + update_id)
    head = b'{"update_id":%d,"message":{"message_id":1,"date":1,' % update_id
    return head + b'"from":' + user + b',"chat":' + user + b"," + content + b"}}"


@pytest.fixture
async def telegram() -> AsyncIterator[RawTelegram]:
    async with RawTelegram.running() as telegram:
        yield telegram


async def test_polling_goes_on_past_damaged_updates(
    telegram: RawTelegram, start_service: StartService, clean_redis: str
) -> None:
    service = await start_service(TELEGRAM_API_URL=telegram.url, BOT_TOKENS=TOKEN)
    telegram.updates = batch()  # one answer

    await until_handled(telegram, clean_redis)
    await until_in("running", service)
    assert service.log.count("Telegram offers what is no update") == 1


@pytest.mark.parametrize("raw", [b'{"message":"private"}', b'{"message":"private'])
async def test_polling_waits_for_better_ones_if_none_can_be_read(
    telegram: RawTelegram, start_service: StartService, raw: bytes
) -> None:
    service = await start_service(TELEGRAM_API_URL=telegram.url, BOT_TOKENS=TOKEN)
    telegram.updates = {0.5: raw}
    await until_in("backing-off", service)
    telegram.updates = {1: message(1, b'"text":"better"')}
    await until_sent(telegram, ["better"])
    await until_in("running", service)
    assert "private" not in service.log


async def test_webhooks_go_on_past_damaged_updates(
    telegram: RawTelegram, start_service: StartService, clean_redis: str
) -> None:
    port = str(free_port())
    service = await start_service(
        TELEGRAM_API_URL=telegram.url,
        BOT_TOKENS=TOKEN,
        SECRET_KEY=KEY,
        HTTP_PORT=port,
        WEBHOOK_URL=f"http://127.0.0.1:{port}",
    )
    headers = {SECRET_HEADER: Vault(KEY).webhook_secret(TOKEN)}
    async with aiohttp.ClientSession(headers=headers) as http:
        for raw in batch().values():
            async with http.post(f"{service.url}/webhook/{BOT}", data=raw) as answer:
                assert answer.status == (400 if raw in WITHOUT_ID else 200), raw
    await until_handled(telegram, clean_redis)
    await until_in("running", service)


def batch() -> dict[float, bytes]:
    """Make damaged updates of each kind, every one followed by a sound one."""
    updates: dict[float, bytes] = {}
    for number, content in enumerate([*DAMAGED, *DEAD]):
        updates[2 * number] = message(2 * number, content)
        updates[2 * number + 1] = message(2 * number + 1, b'"text":"sound"')
    return updates | {number + 0.5: raw for number, raw in enumerate(WITHOUT_ID)}


async def until_handled(telegram: RawTelegram, redis_url: str) -> None:
    await until_sent(telegram, [*DAMAGED.values(), *["sound"] * (len(DAMAGED) + len(DEAD))])
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        inbox = Inbox(client)

        async def over() -> bool:
            return not await inbox.sizes()

        await until(over, "nothing waits any more")
        letters = [letter async for letter in inbox.letters.all()]
    assert len(letters) == len(DEAD)
    orjson.dumps(letters)  # as `fleet dead-letters list --json` does


async def until_sent(telegram: RawTelegram, texts: list[str]) -> None:
    async def sent() -> bool:
        return len(telegram.sent) >= len(texts)

    await until(sent, f"{len(texts)} messages are answered")
    assert sorted(telegram.sent) == sorted(texts)
