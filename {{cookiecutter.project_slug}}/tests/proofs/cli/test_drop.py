"""`fleet drop`: what waits for any bot is deleted, once somebody has said yes."""

import redis.asyncio

from fleet.inbox import Inbox, conversation_of
from fleet.inbox.timers import TimerBook
from fleet.overlay import TimerWrite
from fleet.redis.keys import PREFIX
from fleet.shards.shard import key_of_shard, shard_of_conversation
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine, Terminal
from tests.proofs.cli.helpers import Bots, replies, until_unpolled
from tests.proofs.mail import text
from tests.waiting import until

FAR = 4_000_000_000_000
"""Unix time in milliseconds, in 2096."""


async def test_what_waits_for_a_bot_of_the_settings_is_dropped(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    name = str(bots.one)
    service = await start_service(**bots.settings)
    await fleet.ok("pause", name)
    await until_unpolled(service, bots.one)
    inbox, book = Inbox(client), TimerBook(client, 64)
    await inbox.put(bots.one, [text(1, "first"), text(2, "second")])
    for timer, due in (("nudge", 1), ("later", FAR)):
        await book.write(TimerWrite(f"{bots.one}:7:7", timer, due, b"{}"))

    async def fired() -> bool:
        return await inbox.sizes() == {bots.one: 3}

    await until(fired, "the timer that is due waits with the updates")
    refused = await fleet("drop", name)  # nobody says yes
    assert refused.code == 1
    assert "Delete 3 updates of " in refused.err
    assert await fired()

    async def answer(yes: str) -> str:
        with Terminal(fleet, "drop", name) as terminal:
            await terminal.expect("for good? [y/N]")
            terminal.type(f"{yes}\n")
            assert await terminal.wait() == (0 if yes == "y" else 1)
            return terminal.screen

    assert "nothing was done" in await answer("n")
    assert await fired()
    assert "2 waiting updates and 1 due timer of " in await answer("y")
    assert await inbox.sizes() == {}
    assert [timer.name async for timer in book.all()] == ["later"]
    assert "0 waiting updates of " in await fleet.ok("drop", name)

    await fleet.ok("resume", name)
    await inbox.put(bots.one, [text(3, "third")])
    assert await replies(sandbox, bots.one, at_least=1) == ["third"]


async def test_a_turn_in_hand_comes_to_its_end(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    inbox = Inbox(client)
    await inbox.put(bots.one, [text(1, "first"), text(2, "second")])
    await inbox.put(bots.two, [text(1, "of a bot that is not in the fleet")])
    conversation = conversation_of(bots.one, text(1, "first"))
    shard = shard_of_conversation(conversation, 64)
    await client.execute_command("HSET", key_of_shard(PREFIX, shard, "begun"), conversation, 1)
    said = await fleet.ok("drop", "--yes", str(bots.one), str(bots.two))
    assert said.splitlines() == [
        f"1 waiting update of bot {bots.one} deleted.",
        f"1 waiting update of bot {bots.two} deleted.",
    ]
    assert await inbox.sizes() == {bots.one: 1}


async def test_a_bot_that_is_not_there(fleet: CommandLine) -> None:
    result = await fleet("drop", "--yes", "123")
    assert result.code == 1
    assert "there is no bot 123 in the fleet" in result.err
