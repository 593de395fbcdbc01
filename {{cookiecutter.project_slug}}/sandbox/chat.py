"""`python -m sandbox chat`: talk to a bot from a terminal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Sequence

from sandbox.address import configured, reachable
from sandbox.client import SandboxClient, SandboxError
from sandbox.control.connection import Json
from sandbox.errors import ControlError
from sandbox.summary import summary, writer

HISTORY = 10
"""Messages shown at the start."""
SILENCE = 2.0
"""Seconds without a reply after which it ends when the input was no terminal."""
LONG_LINE = 65536
HELP = "Type to write. /press N presses button N, /quit or Ctrl-D ends."


class Conversation:
    """One user's talk with one bot."""

    def __init__(
        self, client: SandboxClient, bot: Json, user_id: int, chat_id: int, name: str
    ) -> None:
        self._client = client
        self._bot_id: int = bot["id"]
        self._user_id = user_id
        self._chat_id = chat_id
        self._name = name
        self._buttons: list[tuple[int, Json]] = []
        """Message id and button, in the order of the numbers shown."""
        self._terminal = sys.stdin.isatty()
        self._spoken = asyncio.Event()

    async def run(self) -> None:
        """Until the user ends it. Raises SandboxError when the sandbox goes away."""
        watching = asyncio.Event()
        reading = asyncio.create_task(self._show_events(watching))
        writing = asyncio.create_task(self._take_lines(watching))
        done, _ = await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
        for task in (reading, writing):
            task.cancel()
        await asyncio.gather(reading, writing, return_exceptions=True)
        for task in done:
            task.result()

    async def _show_events(self, watching: asyncio.Event) -> None:
        async for event in self._client.events(self._bot_id, self._chat_id):
            if event["event"] == "hello":
                for message in (await self._client.messages(self._bot_id, self._chat_id))[
                    -HISTORY:
                ]:
                    self._show_message(message)
                watching.set()
            elif event["event"] != "stop":
                self._spoken.set()
                self._show(event)
        raise SandboxError("the sandbox has stopped")

    async def _take_lines(self, watching: asyncio.Event) -> None:
        lines = read_lines()
        await watching.wait()
        self._prompt()
        while (line := await lines.get()) is not None:
            if line.strip() == "/quit":
                return
            if line.strip():
                try:
                    await self._act(line)
                except SandboxError as error:
                    self._print(f"! {error}")
            self._prompt()
        if not self._terminal:
            await self._wait_for_silence()

    async def _wait_for_silence(self) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                self._spoken.clear()
                async with asyncio.timeout(SILENCE):
                    await self._spoken.wait()

    async def _act(self, line: str) -> None:
        command, _, argument = line.strip().partition(" ")
        if command != "/press":
            await self._client.send(
                self._bot_id,
                line,
                user_id=self._user_id,
                chat_id=self._chat_id,
                first_name=self._name,
            )
            return
        if not argument.isdecimal() or not 1 <= int(argument) <= len(self._buttons):
            known = f"1 to {len(self._buttons)}" if self._buttons else "there is none yet"
            raise SandboxError(f"write /press and the number of a button: {known}")
        await self._press(*self._buttons[int(argument) - 1])

    async def _press(self, message_id: int, button: Json) -> None:
        if "callback_data" in button:
            await self._client.press(
                self._bot_id,
                self._chat_id,
                message_id,
                button["callback_data"],
                user_id=self._user_id,
                first_name=self._name,
            )
        elif "request_managed_bot" in button:
            bot_id = await self._client.create_managed_bot(
                self._bot_id, user_id=self._user_id, first_name=self._name
            )
            self._print(f"* you created bot {bot_id}: python -m sandbox chat {bot_id}")
        elif button.keys() <= {"text", "style", "icon_custom_emoji_id"}:
            await self._client.send(
                self._bot_id,
                button["text"],
                user_id=self._user_id,
                chat_id=self._chat_id,
                first_name=self._name,
            )
        else:
            raise SandboxError(f"this button does not reach the bot: {button}")

    def _show(self, event: Json) -> None:
        kind = event["event"]
        if kind == "message":
            message = event["message"]
            # What this user typed is on the screen already, if it came from the keyboard.
            if (
                event["by_bot"]
                or not self._terminal
                or message.get("from", {}).get("id") != self._user_id
            ):
                self._show_message(message)
        elif kind == "edit":
            self._show_message(event["message"], " (edited)")
        elif kind == "delete":
            self._print(f"* message {event['message_id']} was deleted")
        elif kind == "action":
            self._print(f"* {event['action']}…")
        elif kind == "callback_answer" and event["text"]:
            self._print(f"* {'alert' if event['show_alert'] else 'notice'}: {event['text']}")

    def _show_message(self, message: Json, remark: str = "") -> None:
        text = f"{writer(message)}{remark}: {summary(message) or '(nothing)'}"
        markup = message.get("reply_markup", {})
        for row in markup.get("inline_keyboard") or markup.get("keyboard") or []:
            numbered = []
            for button in row:
                self._buttons.append((message["message_id"], button))
                numbered.append(f"[{len(self._buttons)}] {button['text']}")
            text += "\n  " + "  ".join(numbered)
        self._print(text)

    def _print(self, text: str) -> None:
        # On a terminal the prompt is wiped and written again below what is shown.
        print(f"\r\033[K{text}\n> " if self._terminal else f"{text}\n", end="", flush=True)

    def _prompt(self) -> None:
        if self._terminal:
            print("\r\033[K> ", end="", flush=True)


def read_lines() -> asyncio.Queue[str | None]:
    """Lines of standard input, then None. Read in a thread that does not hold up the exit: a file
    descriptor, because the lock of `sys.stdin` would."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        rest = b""
        while chunk := os.read(sys.stdin.fileno(), LONG_LINE):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                put(line.decode(errors="replace").rstrip("\r"))
        if rest:
            put(rest.decode(errors="replace"))
        put(None)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    return lines


def choose(bots: list[Json], wanted: str | None, url: str) -> Json:
    """The bot that is meant. Raises SandboxError with the bots known."""
    if not bots:
        raise SandboxError(
            f"no bot is known yet at {url}: start the service with TELEGRAM_API_URL={url}"
        )
    if wanted is None and len(bots) == 1:
        return bots[0]
    for bot in bots:
        if wanted is not None and wanted.lstrip("@") in (str(bot["id"]), bot["username"]):
            return bot
    known = "\n".join(f"  {bot['id']}  @{bot['username']}  {bot['mode']}" for bot in bots)
    problem = f"no bot {wanted} here." if wanted else "which bot?"
    raise SandboxError(f"{problem} Write: python -m sandbox chat ID\n{known}")


async def talk(options: argparse.Namespace) -> None:
    """Raises SandboxError."""
    async with SandboxClient(options.url) as client:
        bot = choose(await client.bots(), options.bot, options.url)
        chat_id = options.user if options.chat is None else options.chat
        print(f"{options.name} talks to @{bot['username']} ({bot['mode']}). {HELP}")
        await Conversation(client, bot, options.user, chat_id, options.name).run()


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 at the end, 1 when the sandbox is not there or the bot is not known."""
    try:
        host, port = configured()
    except ControlError as error:
        print(error, file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(prog="python -m sandbox chat", description="Talk to a bot.")
    parser.add_argument("bot", nargs="?", help="its id or name; without it, the bots are listed")
    parser.add_argument("--user", type=int, default=7, help="your user id (7)")
    parser.add_argument("--name", default="Alice", help="your first name (Alice)")
    parser.add_argument("--chat", type=int, help="a group, below zero (a private chat)")
    parser.add_argument(
        "--url", default=f"http://{reachable(host)}:{port}", help="the sandbox (%(default)s)"
    )
    try:
        asyncio.run(talk(parser.parse_args(arguments)))
    except SandboxError as error:
        print(f"sandbox chat: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0
