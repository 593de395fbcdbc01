"""What the tests of the command line share."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sandbox.client import SandboxClient
from tests.process import Process
from tests.proofs.watch import bots_of
from tests.waiting import until

KEY, OTHER_KEY = "k" * 40, "o" * 40


@dataclass
class Bots:
    """Two bots that no other test has, known to the sandbox. The first is in BOT_TOKENS."""

    one: int
    two: int
    tokens: dict[int, str]

    @property
    def settings(self) -> dict[str, str]:
        return {"BOT_TOKENS": f"support={self.tokens[self.one]}", "SECRET_KEY": KEY}


async def replies(sandbox: SandboxClient, bot: int, *, at_least: int = 0) -> list[str]:
    calls = await sandbox.calls(bot, "sendMessage", at_least=at_least)
    return [str(call["params"]["text"]) for call in calls]


async def until_unpolled(service: Process, bot: int) -> None:
    async def unpolled() -> bool:
        return not (await bots_of(service))[bot]["polled_by"]

    await until(unpolled, f"bot {bot} is not polled any more")


async def converse(sandbox: SandboxClient, bot: int, *, user: int, stop: asyncio.Event) -> int:
    """Talk to a bot until told to stop; fail when it does not answer."""
    for said in itertools.count(1):
        await sandbox.send(bot, f"message {said}", user_id=user)
        assert (await sandbox.reply(bot, user))["text"] == f"message {said}"
        if stop.is_set():
            return said
        await asyncio.sleep(0.05)  # a pace that leaves others their share of the processor
    raise AssertionError


@contextlib.asynccontextmanager
async def conversation(sandbox: SandboxClient, bot: int) -> AsyncIterator[None]:
    """Somebody talks to a bot all the time, and the bot answers all of it."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        talk = group.create_task(converse(sandbox, bot, user=99, stop=stop))
        yield
        stop.set()
    assert talk.result() > 1


async def gone(service: Process, bot: int) -> bool:
    return bot not in await bots_of(service)


async def says(service: Process, text: str) -> bool:
    return text in service.log
