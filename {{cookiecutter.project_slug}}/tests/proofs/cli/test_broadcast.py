"""Broadcasts are sent, looked at, paused, resumed and cancelled."""

import redis.asyncio

from fleet.broadcast import Broadcasts
from fleet.directory.observer import Observer
from fleet.telegram.moves import Moves
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.cli.command import CommandLine, Terminal
from tests.proofs.cli.helpers import Bots, replies
from tests.proofs.mail import text
from tests.waiting import until

USERS = range(2101, 2113)


async def know(client: redis.asyncio.Redis, bot: int, users: range = USERS) -> None:
    observer = Observer(client, 64, Moves())
    for user in users:
        observer.update(bot, text(1, user=user))
    observer.update(bot, text(1, user=1, chat=-5))
    await observer.write()


async def test_a_broadcast_is_sent_to_its_end(
    start_service: StartService,
    fleet: CommandLine,
    sandbox: SandboxClient,
    bots: Bots,
    client: redis.asyncio.Redis,
) -> None:
    for user in USERS:
        await sandbox.send(bots.one, "Hello", user_id=user)
    await start_service(**bots.settings, BULK_RATE="0")
    await replies(sandbox, bots.one, at_least=len(USERS))
    await know(client, bots.one)
    bot = f"--bot={bots.one}"

    planned = await fleet.json("broadcast", "send", bot, "--text=News!", "--dry-run")
    assert planned == [{"bot_id": bots.one, "total": 13}]
    said = await fleet.ok("broadcast", "send", "--role=support", "--text=x", "--dry-run")
    assert said == f"Bot {bots.one}: 13 chats would get it.\n"
    assert await fleet.ok("broadcast", "list") == "There are no broadcasts.\n"

    [sent] = await fleet.json("broadcast", "send", bot, "--text=<News!>", "--to=private")
    assert {key: sent[key] for key in ("state", "total", "sent", "uncertain")} == {
        "state": "done",
        "total": 12,
        "sent": 12,
        "uncertain": 0,
    }
    with Terminal(fleet, "broadcast", "send", bot, "--text=Again\nand again") as terminal:
        await terminal.expect("13/13")
        assert await terminal.wait() == 0
    assert "13 chats: 12 sent, 0 blocked, 1 failed, 0 uncertain" in terminal.screen
    assert "Bad Request: chat not found: 1" in terminal.screen
    said_by_bot = await replies(sandbox, bots.one)
    assert said_by_bot.count("<News!>") == 12
    assert said_by_bot.count("Again\nand again") >= 12

    message = (await sandbox.messages(bots.one, USERS[0]))[0]["message_id"]
    chats = fleet.folder / "chats.csv"
    chats.write_text(await fleet.ok("chats", "export", bot) + f"{USERS[0]}\n")
    lines = [line for line in chats.read_text().splitlines() if not line.startswith("-5")]
    chats.write_text("\n".join(lines))
    copied = f"--copy={USERS[0]}:{message}"
    [sent] = await fleet.json("broadcast", "send", bot, copied, f"--chats={chats}")
    assert (sent["total"], sent["sent"]) == (12, 12)
    assert len(await sandbox.calls(bots.one, "copyMessage")) == 12

    listed = await fleet.json("broadcast", "list")
    assert len(listed) == 3
    assert sent in listed
    shown = await fleet.json("broadcast", "show", sent["id"])
    assert shown == {**sent, "uncertain_chats": []}
    assert f"copy of message {message}" in await fleet.ok("broadcast", "show", sent["id"])
    header, *rows = (await fleet.ok("broadcast", "list")).splitlines()
    assert header.split()[:4] == ["ID", "Bot", "State", "Sent"]
    assert any("Again and again" in row for row in rows)


async def test_one_that_nobody_sends_yet_is_paused_resumed_and_cancelled(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    await know(client, bots.one)
    send = ("broadcast", "send", f"--bot={bots.one}", "--text=News!")
    [sent] = await fleet.json(*send, "--detach", "--paid=3")
    name = sent["id"]
    assert (sent["state"], sent["total"], sent["paid"]) == ("running", 13, 3)
    assert await fleet.ok("broadcast", "pause", name) == f"{name} rests.\n"
    assert (await fleet.json("broadcast", "show", name))["state"] == "paused"
    assert await fleet.ok("broadcast", "resume", name) == f"{name} goes on.\n"
    assert await fleet.ok("broadcast", "cancel", name) == f"{name} is cancelled.\n"
    for change in ("pause", "resume", "cancel"):
        refused = await fleet("broadcast", change, name)
        assert (refused.code, refused.err) == (1, f"{name} has ended: it is cancelled\n")

    book = Broadcasts(client, 64)
    with Terminal(fleet, *send) as terminal:
        await terminal.expect("0/13")
        terminal.interrupt()
        assert await terminal.wait() == 0
    assert "It goes on without you" in terminal.screen

    async def is_open() -> bool:
        return len(await book.open()) == 1

    await until(is_open, "it goes on")


async def test_mistakes_are_named(
    fleet: CommandLine, bots: Bots, client: redis.asyncio.Redis
) -> None:
    bot = f"--bot={bots.one}"
    file = fleet.folder / "chats.txt"
    file.write_text("12\nthirteen\n")
    for arguments, code, error in [
        ([bot, "--text=x"], 1, "nobody would get it"),
        (["--bot=99", "--text=x"], 1, "there is no bot 99"),
        (["--role=shop", "--text=x"], 1, "no bot has the role shop"),
        (["--text=x"], 2, "--bot or --role"),
        ([bot], 2, "--text or --copy"),
        ([bot, "--text=x", "--copy=1:2"], 2, "--text or --copy"),
        ([bot, "--copy=1"], 2, "like 12345:678"),
        ([bot, "--text=x", "--to=everybody"], 2, '"everybody" is no audience'),
        ([bot, "--text=x", f"--chats={file}"], 2, f"line 2 of {file}"),
        ([bot, "--text=x", "--chats=nowhere"], 2, "nowhere cannot be read"),
    ]:
        refused = await fleet("broadcast", "send", *arguments)
        assert (refused.code, error in refused.err) == (code, True), refused
    for command in ("show", "pause", "cancel"):
        refused = await fleet("broadcast", command, "12ab")
        assert (refused.code, "there is no broadcast 12ab" in refused.err) == (1, True), refused
