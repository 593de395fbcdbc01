"""Bots on clients that nobody here wrote work in the sandbox: on python-telegram-bot and on grammY,
by polling and by webhook. The bots are in tests/clients/: twins, in two languages."""

import base64
import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import Program, Sandbox, grammy_command, ptb_command, serving
from tests.clients.ptb_bot import DOT
from tests.conftest import SOURCE, free_port

PTB, GRAMMY = CLIENTS = ("python-telegram-bot", "grammY")
POLLING, WEBHOOK = MODES = ("polling", "webhook")
BOT_IDS = {
    (client, mode): 5000001 + len(MODES) * row + column
    for row, client in enumerate(CLIENTS)
    for column, mode in enumerate(MODES)
}
ALICE = 7
WITHIN = 20.0
"""Seconds for a bot to answer."""


@dataclass
class Bot:
    """A bot that runs, and what Alice does in her private chat with it."""

    id: int
    mode: str
    program: Program
    sandbox: Sandbox

    def ask(self, command: str, **arguments: Any) -> Any:
        """Give a command of the control API that is about this bot."""
        return self.sandbox.ask(command, bot_id=self.id, **arguments)

    def send(self, text: str) -> None:
        self.ask("send", user_id=ALICE, text=text)

    def reply(self, chat_id: int = ALICE) -> dict[str, Any]:
        """Wait for the bot's next message since Alice did something."""
        return dict(self.ask("reply", chat_id=chat_id, timeout=WITHIN))

    def state(self) -> dict[str, Any]:
        """What the sandbox knows of the bot: nothing before its first call."""
        return next((bot for bot in self.sandbox.ask("bots") if bot["id"] == self.id), {})

    def listens(self) -> bool:
        state = self.state()
        return state.get("mode") == self.mode and (self.mode == WEBHOOK or state["polls"] == 1)


@pytest.fixture(scope="module")
def sandbox(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """`python -m sandbox` in a copy of the project."""
    log = tmp_path_factory.mktemp("sandbox") / "sandbox.log"
    with serving(template / SOURCE.name, log) as sandbox:
        yield sandbox


@contextlib.contextmanager
def running(
    client: str, mode: str, sandbox: Sandbox, folder: Path, say: Callable[[str], None]
) -> Iterator[Bot]:
    """A bot that listens; then SIGTERM ends it cleanly. All that it called was the sandbox."""
    bot_id = BOT_IDS[client, mode]
    settings = {"BOT_TOKEN": f"{bot_id}:secret", "TELEGRAM_API_URL": sandbox.url}
    if mode == WEBHOOK:
        settings["WEBHOOK_PORT"] = str(free_port())
    command = ptb_command() if client == PTB else grammy_command(say)
    program = Program(command, folder, folder / "bot.log", **settings)
    try:
        bot = Bot(bot_id, mode, program, sandbox)
        program.wait_until(bot.listens, f"the sandbox sees the bot, {mode}")
        yield bot
    finally:
        code = program.end()
        print(program.log)
    assert code == 0
    assert program.hosts == {sandbox.host}


@pytest.fixture(scope="module", params=BOT_IDS, ids="-".join)
def bot(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
    say: Callable[[str], None],
) -> Iterator[Bot]:
    """The bot on each client in each mode."""
    client, mode = request.param
    missing = [one for one in ("node", "npm") if client == GRAMMY and not shutil.which(one)]
    if missing:
        reason = f"{client} needs {' and '.join(missing)}"
        if os.environ.get("REQUIRE_CLIENTS") == "1":
            pytest.fail(reason)
        pytest.skip(f"{reason}; REQUIRE_CLIENTS=1 makes it fail")
    with running(client, mode, sandbox, tmp_path_factory.mktemp("bot"), say) as bot:
        yield bot


@pytest.mark.parametrize("text", ["Hi", "Grüße 👋\n<b>&amp; *so* _on_", "/nothing"])
def test_what_is_said_is_echoed(bot: Bot, text: str) -> None:
    bot.send(text)
    assert bot.reply()["text"] == text


def test_a_press_is_answered_and_edits_the_message(bot: Bot) -> None:
    bot.send("/start")
    message = bot.reply()
    assert message["text"] == "Hello, Alice!"
    (row,) = message["reply_markup"]["inline_keyboard"]
    assert [button["text"] for button in row] == ["Yes", "No"]

    where = {"chat_id": ALICE, "message_id": message["message_id"]}
    press = bot.ask("press", **where, user_id=ALICE, data="No")
    notice = bot.sandbox.ask("notice", query_id=press["query_id"], timeout=WITHIN)
    assert notice["text"] == "You pressed No."
    edited = bot.ask("edited", **where, timeout=WITHIN)
    assert edited["text"] == "Pressed: No"
    assert "reply_markup" not in edited


def test_a_photo_is_downloaded(bot: Bot) -> None:
    """By getFile, and from the sandbox's address for files."""
    content = DOT + bytes(100_000)
    data = base64.b64encode(content).decode()
    bot.ask("send", user_id=ALICE, file={"kind": "photo", "name": "big.png", "data": data})
    assert bot.reply()["text"] == f"{len(content)} bytes"
    assert f"{bot.sandbox.url}/file/bot{bot.id}" in bot.program.log


def test_a_photo_is_sent(bot: Bot) -> None:
    """Bytes, with a caption in HTML."""
    bot.send("/photo")
    message = bot.reply()
    assert message["caption"] == "A dot, one pixel wide"
    assert message["caption_entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    size = message["photo"][-1]
    assert (size["width"], size["height"], size["file_size"]) == (1, 1, len(DOT))
    assert bot.sandbox.file(size["file_id"]) == DOT


def test_an_album_is_sent(bot: Bot) -> None:
    """Files inside JSON, one with a thumbnail."""
    bot.send("/album")
    first = bot.reply()
    film = bot.ask("reply", chat_id=ALICE, after=first["message_id"], timeout=WITHIN)
    assert first["media_group_id"] == film["media_group_id"]
    assert bot.sandbox.file(first["photo"][-1]["file_id"]) == DOT
    assert bot.sandbox.file(film["video"]["file_id"]) == b"film"
    assert film["caption"] == "A film"


def test_a_vote_in_a_poll_is_told(bot: Bot) -> None:
    bot.send("/poll")
    message = bot.reply()
    assert message["poll"]["question"] == "Tea or coffee?"
    assert [option["text"] for option in message["poll"]["options"]] == ["Tea", "Coffee"]
    bot.ask("vote", user_id=ALICE, message_id=message["message_id"], option_ids=[1])
    assert bot.reply()["text"] == "You chose Coffee."


def test_a_reply_keyboard_is_shown_and_used(bot: Bot) -> None:
    bot.send("/menu")
    asked = bot.reply()
    assert asked["text"] == "What will it be?"
    shown = bot.ask("messages", chat_id=ALICE)[-1]
    assert shown["message_id"] == asked["message_id"]
    assert shown["reply_markup"]["resize_keyboard"] is True
    (row,) = shown["reply_markup"]["keyboard"]
    assert [button["text"] for button in row] == ["Tea", "Coffee"]
    bot.send(row[1]["text"])
    assert bot.reply()["text"] == "Coffee"


def test_a_command_in_a_group_names_the_bot(bot: Bot) -> None:
    group = bot.sandbox.ask("create_group", title="Team", user_ids=[ALICE], bot_ids=[bot.id])
    assert bot.reply(group["id"])["text"] == "This is no text."  # but the news that it is a member
    command = f"/start@{bot.state()['username']}"
    bot.ask("send", user_id=ALICE, chat_id=group["id"], text=command)
    assert bot.reply(group["id"])["text"] == "Hello, Alice!"


def test_every_update_is_confirmed(bot: Bot) -> None:
    bot.send("the last one")
    assert bot.reply()["text"] == "the last one"
    bot.program.wait_until(lambda: bot.state()["pending"] == 0, "nothing waits for the bot")
    assert bot.state()["conflicts"] == 0
    assert bot.state()["webhook_error"] is None
