"""The chats of each bot are counted and written out."""

import redis.asyncio

from fleet.directory import Unreachable
from fleet.directory.observer import Observer
from fleet.telegram.moves import Moves
from tests.proofs.cli.command import CommandLine
from tests.proofs.cli.helpers import Bots
from tests.proofs.mail import text


async def test_chats_are_counted_and_written_out(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    observer = Observer(client, 64, Moves())
    for user in (11, 12, 13):
        observer.update(bots.one, text(1, user=user))
    observer.update(bots.one, text(1, user=11, chat=-5))
    observer.refused(bots.one, 13, Unreachable.BLOCKED)
    observer.update(bots.two, text(1, user=11))
    await observer.write()

    one, *others = await fleet.json("chats", "count")
    assert (one["bot_id"], one["total"], one["private"], one["groups"]) == (bots.one, 4, 2, 1)
    assert (one["reachable"], one["blocked"], others) == (3, 1, [])
    [two] = await fleet.json("chats", "count", "--bot", str(bots.two))
    assert two["total"] == 1, "a bot that is not in the fleet has its chats still"
    header, row = (await fleet.ok("chats", "count")).splitlines()
    assert header.split() == [
        *("Bot", "Total", "Private", "Groups", "Channels", "Blocked", "Deactivated", "Kicked")
    ]
    assert row.split() == [str(bots.one), "4", "2", "1", "0", "1", "0", "0"]

    header, *lines = (await fleet.ok("chats", "export", "--bot", str(bots.one))).splitlines()
    assert header == "id,type,last_update,unreachable"
    today = (await fleet.json("chats", "export", "--bot", str(bots.one)))[0]["last_update"]
    assert sorted(lines) == [
        f"-5,group,{today},",
        f"11,private,{today},",
        f"12,private,{today},",
        f"13,private,{today},blocked",
    ]
    assert (await fleet("chats", "export")).code == 2
