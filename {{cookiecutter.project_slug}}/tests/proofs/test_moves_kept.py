"""Groups that have become supergroups are remembered, and known before the first turn there."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from fleet.bots.shared import Shared
from fleet.inbox import Inbox, Turn
from fleet.outreach import Outreach
from fleet.redis.keys import PREFIX
from fleet.settings import Settings
from fleet.shards.holder import Holder
from fleet.telegram.movebook import MoveBook
from fleet.telegram.moves import Moves
from fleet.telegram.session import create_sessions
from fleet.turn import TurnBack
from fleet.turn.moving import Moving
from tests.proofs.mail import text
from tests.proofs.moved import BOT, MOVE, NEW, NOW, OLD, SHARDS
from tests.proofs.replica import Wire


async def test_others_hear_of_it_and_those_that_start_later(redis: Redis) -> None:
    here, there, later = Moves(), Moves(), Moves()
    books = [MoveBook(redis, moves) for moves in (here, there, later)]
    await books[1].hear()
    here.note(MOVE)
    for _ in range(2):
        await books[0].tell()
    await redis.execute_command("XADD", "fleet:moves", "*", "bot", "x", "old", 1, "new", 2)
    assert await redis.execute_command("XLEN", "fleet:moves") == 2
    for book in books[1:]:
        await book.hear()
    assert (there.new_id(BOT, OLD), later.old_id(BOT, NEW)) == (NEW, OLD)
    assert not there.take_news(), "who has heard of it does not tell"


async def test_what_could_not_be_told_is_told_later(clean_redis: str) -> None:
    wire, moves, others = Wire.connect(clean_redis), Moves(), Moves()
    book = MoveBook(wire, moves)
    moves.note(MOVE)
    wire.keeps_back = True
    with pytest.raises(RedisConnectionError):
        await book.tell()
    wire.keeps_back = False
    await book.tell()
    await MoveBook(wire, others).hear()
    assert others.new_id(BOT, OLD) == NEW
    await wire.aclose()


@contextlib.asynccontextmanager
async def intake(redis: Redis) -> AsyncIterator[Inbox]:
    """The inbox as a replica has it."""
    settings = Settings(bot_tokens=SecretStr(f"{BOT}:{'m' * 35}"))
    sessions, shared = create_sessions(settings), Shared.open(redis, settings)
    holder, book = Holder(redis, "a", 64), MoveBook(redis, sessions.moves)
    Outreach(redis, settings, shared, holder, sessions, lambda _: None, book)
    yield shared.inbox
    await sessions.close()


@pytest.mark.parametrize(
    "told",
    [(OLD, {"migrate_to_chat_id": NEW}), (NEW, {"migrate_from_chat_id": OLD})],
    ids=["in the group", "in the supergroup"],
)
async def test_what_telegram_tells_is_written_before_it_enters(
    clean_redis: str, told: tuple[int, dict[str, int]]
) -> None:
    wire, (chat, news) = Wire.connect(clean_redis), told
    batch = [text(1, user=7, chat=OLD), text(2, user=9, chat=chat), text(3, user=8, chat=NEW)]
    batch[1]["message"] |= news
    async with intake(wire) as inbox:
        wire.keeps_back = True
        with pytest.raises(RedisConnectionError):
            await inbox.put(BOT, batch)
        assert [arguments[0] for arguments, _ in wire.kept_back] == ["XADD"]
        wire.keeps_back = False
        assert await inbox.put(BOT, batch) == 3
    others = Moves()
    await MoveBook(wire, others).hear()
    assert others.new_id(BOT, OLD) == NEW
    mailboxes = [key.decode() async for key in wire.scan_iter("*mail:*")]
    names = {key.partition("mail:")[2] for key in mailboxes}
    assert names == {f"{BOT}:{NEW}:{user}" for user in (7, 8, 9)}, "also what came before"
    await wire.aclose()


async def test_the_first_turn_in_a_supergroup_knows_whether_it_was_a_group(
    clean_redis: str,
) -> None:
    wire, here, there = Wire.connect(clean_redis), Moves(), Moves()
    moving, turn = Moving(wire, there, SHARDS, prefix=PREFIX), Turn(NOW, 0, 1, b"{}")
    assert moving.concerns(turn)
    assert not moving.concerns(Turn(f"{BOT}:7:7", 0, 1, b"{}"))
    here.note(MOVE)
    await MoveBook(wire, here).tell()
    assert await moving.prepare(turn, {})
    assert there.old_id(BOT, NEW) == OLD
    wire.keeps_back = True
    assert await moving.prepare(turn, {}), "it asks once"
    with pytest.raises(TurnBack, match="Redis is away"):
        await moving.prepare(Turn(f"{BOT}:-1008:7", 0, 1, b"{}"), {})
    await wire.aclose()


async def test_a_book_that_is_damaged_keeps_nobody_from_work(redis: Redis) -> None:
    await redis.execute_command("SET", "fleet:moves", "x")
    update = text(1, chat=NEW)
    update["message"]["migrate_from_chat_id"] = OLD
    async with intake(redis) as inbox:
        assert await inbox.put(BOT, [update]) == 1
    moving = Moving(redis, Moves(), SHARDS, prefix=PREFIX)
    assert await moving.prepare(Turn(NOW, 0, 1, b"{}"), {})


async def test_without_redis_the_turn_goes_back(clean_redis: str) -> None:
    wire = Wire.connect(clean_redis)
    wire.keeps_back = True
    moves = Moves()
    moves.note(MOVE)
    moving = Moving(wire, moves, SHARDS, prefix=PREFIX)
    with pytest.raises(TurnBack, match="Redis is away"):
        await moving.prepare(Turn(NOW, 0, 1, b"{}"), {})
    await wire.aclose()
