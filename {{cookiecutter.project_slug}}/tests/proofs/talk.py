"""Talking to a bot, from the side of a user."""

from sandbox.client import SandboxClient
from tests.proofs.chats import answers
from tests.waiting import until


async def ask(sandbox: SandboxClient, bot: int, words: str, user: int = 7) -> str:
    chat = await sandbox.messages(bot, user)
    last = chat[-1]["message_id"] if chat else 0
    await sandbox.send(bot, words, user_id=user)
    reply = await sandbox.reply(bot, user, after=last)
    return str(reply["text"])


async def until_said(sandbox: SandboxClient, bot: int, line: str, user: int = 7) -> None:
    async def is_there() -> bool:
        return line in await answers(sandbox, bot, user)

    await until(is_there, f"the bot says {line!r}")
