"""The directory knows which chats a bot has, and which of them it can reach."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import redis as sync_redis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from fleet.directory import Chat, Chats, ChatType, Unreachable
from fleet.directory.observer import Observer
from fleet.shards.shard import key_of_shard
from fleet.telegram.moves import Move, Moves
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.mail import keys_of_shards, text
from tests.proofs.replica import Wire
from tests.proofs.talk import ask
from tests.proofs.watch import new_bots
from tests.waiting import until

BOT = 1000001
SHARDS = 4


async def until_known(chats: Chats, bot: int, wanted: dict[int, tuple[str, str | None]]) -> None:
    async def known() -> dict[int, tuple[str, str | None]]:
        found: dict[int, tuple[str, str | None]] = {
            chat.id: (chat.type, chat.unreachable) async for chat in chats.all(bot)
        }
        return found if found == wanted else {}

    await until(known, f"the directory has {wanted}")


async def test_what_passes_and_what_is_answered_is_known(
    start_service: StartService, sandbox: SandboxClient, redis: Redis
) -> None:
    [bot], token = await new_bots(sandbox)
    await start_service(BOT_TOKENS=token)
    chats = Chats(redis, 64)
    for user in (31, 32, 33):
        await ask(sandbox, bot, "Hello", user)
    group = await sandbox.ask(
        "create_group", title="Hikers", user_ids=[31], bot_ids=[bot], supergroup=False
    )
    wanted: dict[int, tuple[str, str | None]] = {
        31: ("private", None),
        32: ("private", None),
        33: ("private", None),
        group["id"]: ("group", None),
    }
    await until_known(chats, bot, wanted)

    await sandbox.ask("block", bot_id=bot, user_id=32, blocked=True)
    await sandbox.ask("deactivate", user_id=33)
    assert await ask(sandbox, bot, "tell 33", 31) == "sorry"
    moved = await sandbox.ask("migrate", chat_id=group["id"])
    wanted |= {32: ("private", "blocked"), 33: ("private", "deactivated")}
    del wanted[group["id"]]
    wanted[moved["id"]] = ("supergroup", None)
    await until_known(chats, bot, wanted)

    await sandbox.ask("block", bot_id=bot, user_id=32, blocked=False)
    await sandbox.ask("remove_member", chat_id=moved["id"], member_id=bot)
    wanted |= {32: ("private", None), moved["id"]: ("supergroup", "kicked")}
    await until_known(chats, bot, wanted)

    count = await chats.count(bot)
    assert (count.total, count.reachable, count.private, count.groups) == (4, 2, 2, 0)
    assert (count.deactivated, count.kicked, count.blocked) == (1, 1, 0)
    assert {chat.last_update async for chat in chats.all(bot)} <= {datetime.now(UTC).date()}


async def test_switched_off_it_stays_empty(
    start_service: StartService, sandbox: SandboxClient, clean_redis: str
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(BOT_TOKENS=token, DIRECTORY="off")
    assert await ask(sandbox, bot, "Hello") == "Hello"
    assert await service.stop() == 0
    with sync_redis.Redis.from_url(clean_redis) as client:
        assert not keys_of_shards(client, "chats")


class Directory:
    """An observer and what it has written, in one shard or several."""

    def __init__(self, redis: Redis) -> None:
        self.moves = Moves()
        self.observer = Observer(redis, SHARDS, self.moves)
        self.chats = Chats(redis, SHARDS)

    async def known(self, chat: int) -> Chat | None:
        await self.observer.write()
        return await self.chats.get(BOT, chat)


@pytest.fixture
def directory(redis: Redis) -> Directory:
    return Directory(redis)


def member(status: str, *, kind: str = "private", **more: Any) -> dict[str, Any]:
    chat = {"id": 5, "type": kind}
    change = {"chat": chat, "from": {"id": 5}, "new_chat_member": {"status": status, **more}}
    return {"update_id": 1, "my_chat_member": change}


@pytest.mark.parametrize(
    ("update", "unreachable"),
    [
        (member("kicked"), Unreachable.BLOCKED),
        (member("member"), None),
        (member("left", kind="supergroup"), Unreachable.KICKED),
        (member("kicked", kind="channel"), Unreachable.KICKED),
        (member("restricted", kind="group", is_member=True), None),
        (member("restricted", kind="group", is_member=False), Unreachable.KICKED),
        (member("administrator", kind="channel"), None),
        (
            {"message": {"chat": {"id": 5, "type": "group"}, "left_chat_member": {"id": BOT}}},
            Unreachable.KICKED,
        ),
        ({"message": {"chat": {"id": 5, "type": "group"}, "left_chat_member": {"id": 8}}}, None),
        ({"callback_query": {"message": {"chat": {"id": 5, "type": "channel"}}}}, None),
    ],
)
async def test_updates_tell_whether_a_chat_is_reachable(
    directory: Directory, update: dict[str, Any], unreachable: Unreachable | None
) -> None:
    directory.observer.update(BOT, update)
    found = await directory.known(5)
    assert found
    assert found.unreachable is unreachable


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "inline_query": {"from": {"id": 5}}},
        {"update_id": 1, "message": {"chat": {"id": "5", "type": "private"}}},
        {"update_id": 1, "message": {"chat": {"id": 5, "type": ["private"]}}},
        {"update_id": 1, "message": {"chat": {"id": 5, "type": "planet"}}},
        {"update_id": 1, "message": None},
        {
            "business_message": {
                "business_connection_id": "x",
                "chat": {"id": 5, "type": "private"},
            }
        },
    ],
)
async def test_what_tells_of_no_chat_is_left_out(
    directory: Directory, update: dict[str, Any]
) -> None:
    directory.observer.update(BOT, update)
    assert await directory.known(5) is None


async def test_what_comes_late_from_a_group_that_has_moved_does_not_bring_it_back(
    directory: Directory,
) -> None:
    group = text(1, user=7, chat=-5)
    directory.observer.update(BOT, group)
    assert await directory.known(-5)
    directory.moves.on_note = directory.observer.moved
    directory.moves.note(Move(BOT, -5, -1005))
    directory.observer.update(BOT, group)
    assert await directory.known(-5) is None
    assert (moved := await directory.known(-1005))
    assert moved.type is ChatType.SUPERGROUP


async def test_answers_change_only_what_is_known(directory: Directory) -> None:
    observer = directory.observer
    observer.refused(BOT, 5, Unreachable.BLOCKED)
    observer.reached(BOT, 6)
    assert await directory.known(5) is None
    assert await directory.known(6) is None
    observer.update(BOT, text(1, user=5))
    observer.refused(BOT, 5, Unreachable.BLOCKED)
    found = await directory.known(5)
    assert found
    assert found.unreachable is Unreachable.BLOCKED
    observer.reached(BOT, 5)
    assert (found := await directory.known(5))
    assert (found.unreachable, found.type) == (None, ChatType.PRIVATE)
    assert found.last_update == datetime.now(UTC).date()


async def test_what_others_have_written_is_seen_a_minute_later(
    directory: Directory, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    observer, other = directory.observer, Directory(redis)
    observer.update(BOT, text(1, user=5))
    assert await directory.known(5)
    other.observer.refused(BOT, 5, Unreachable.DEACTIVATED)
    await other.observer.write()
    observer.reached(BOT, 5)
    found = await directory.known(5)
    assert found
    assert found.unreachable, "it still trusts what it has written"
    observer._forget_at = 0.0
    await observer.write()
    observer.reached(BOT, 5)
    assert (found := await directory.known(5))
    assert found.unreachable is None


async def test_what_could_not_be_written_is_written_later(clean_redis: str) -> None:
    wire = Wire.connect(clean_redis)
    directory = Directory(wire)
    directory.observer.update(BOT, text(1, user=5))
    wire.keeps_back = True
    with pytest.raises(RedisConnectionError):
        await directory.observer.write()
    wire.keeps_back = False
    assert await directory.known(5)
    await wire.aclose()


async def test_damaged_entries_are_left_out(directory: Directory, redis: Redis) -> None:
    directory.observer.update(BOT, text(1, user=5))
    assert await directory.known(5)
    for shard in range(SHARDS):
        for chat, kept in [("6", "x1"), ("seven", "p1"), ("8", "p"), ("9", "p1z"), ("10", "")]:
            await redis.execute_command(
                "HSET", key_of_shard("fleet:", shard, f"chats:{BOT}"), chat, kept
            )
    assert [chat.id async for chat in directory.chats.all(BOT)] == [5]


def test_the_day_is_read() -> None:
    chat = Chat.read(b"-100", b"s20783k")
    assert chat == Chat(-100, ChatType.SUPERGROUP, date(2026, 11, 26), Unreachable.KICKED)
