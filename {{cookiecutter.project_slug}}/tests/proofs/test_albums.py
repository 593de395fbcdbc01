"""Albums: the messages of one are one turn, however they come and whoever dies."""

import asyncio
from typing import Any

from redis.asyncio import Redis

from fleet.shards.shard import shard_of
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers
from tests.proofs.mail import text
from tests.proofs.talk import until_said
from tests.proofs.watch import get, new_bots, until_held
from tests.waiting import until

ACTS = "tests.proofs.acts"


def photo(number: int, caption: str, album: str | None, user: int = 7) -> dict[str, Any]:
    update = text(number, user=user)
    message = update["message"]
    del message["text"]
    sizes = [{"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}]
    message |= {"photo": sizes, "caption": caption}
    if album:
        message["media_group_id"] = album
    return update


async def test_an_album_is_one_turn_in_the_place_of_its_first_message(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    await start_service(ACTS, BOT_TOKENS=token)
    await sandbox.push(bot, [photo(1, "a", "12"), photo(2, "b", "12")])
    await sandbox.push(bot, [text(3, "hello"), photo(4, "c", "12"), photo(5, "x", "13")])
    await sandbox.push(bot, [photo(6, "alone", None), photo(7, "d", "12")])
    await until_said(sandbox, bot, "album: alone")
    assert await answers(sandbox, bot) == [
        "album: a b c d",
        "state: None",
        "album: x",
        "album: alone",
    ]


async def test_an_album_waits_no_longer_than_a_second_after_its_last_message(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    await start_service(ACTS, BOT_TOKENS=token)
    for number in range(1, 11):  # for longer than a second in all
        await sandbox.push(bot, [photo(number, str(number), "12")])
        await asyncio.sleep(0.2)

    async def is_answered() -> bool:
        return bool(await answers(sandbox, bot))

    # A second and what the machine needs.
    await until(is_answered, "the album is answered", within=1.0 + 1.0)
    assert await answers(sandbox, bot) == ["album: 1 2 3 4 5 6 7 8 9 10"]
    await sandbox.push(bot, [photo(11, "late", "12")])
    await until_said(sandbox, bot, "album: late")


async def test_an_album_is_whole_although_its_holder_dies(
    start_service: StartService, sandbox: SandboxClient, redis: Redis
) -> None:
    [bot], token = await new_bots(sandbox)
    replicas = [await start_service(ACTS, BOT_TOKENS=token) for _ in range(2)]
    names = {(await get(replica))[1]["replica"]: replica for replica in replicas}
    poller = (await until_held(redis, set(names)))[shard_of(bot, 0, 64)]
    del names[poller]  # lives on: it brings the second messages before the albums change hands
    [holder] = names.values()
    users = range(1, 17)  # so many that the holder has some, by all odds
    for user in users:
        await sandbox.push(bot, [photo(user * 10, "a", f"{user}", user)])

    async def taken() -> bool:
        [info] = [one for one in await sandbox.bots() if one["id"] == bot]
        return not info["pending"]

    await until(taken, "Telegram has nothing more")
    await holder.kill()
    for user in users:
        await sandbox.push(bot, [photo(user * 10 + 1, "b", f"{user}", user)])
    for user in users:

        async def is_answered(user: int = user) -> bool:
            return bool(await answers(sandbox, bot, user))

        await until(is_answered, "the album is answered")
        lines = await answers(sandbox, bot, user)
        # Those of the living may have had their turn before the second message came.
        assert lines in (["album: a b"], ["album: a", "album: b"], ["album: a"])
    whole = [await answers(sandbox, bot, user) == ["album: a b"] for user in users]
    assert any(whole), "those of the dead wait for their next holder"
