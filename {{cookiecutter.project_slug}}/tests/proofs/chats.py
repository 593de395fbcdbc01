"""What tests see of private chats with bots of `app.py`: answers, delays, dead letters."""

from collections.abc import Collection
from statistics import median

from fleet.inbox import DeadLetter, Inbox
from sandbox.client import SandboxClient
from tests.proofs.mail import waiting
from tests.proofs.redis_server import RedisServer
from tests.waiting import Clock, until

PROBES = 15
"""Messages whose delay is measured."""


def token(bot: int) -> str:
    return f"{bot}:{'w' * 35}"


async def answers(sandbox: SandboxClient, bot: int, user: int = 7) -> list[str]:
    """Tell what a bot has said in a chat."""
    chat = await sandbox.messages(bot, user)
    return [message["text"] for message in chat if message["from"]["is_bot"]]


async def said(sandbox: SandboxClient, bot: int, user: int) -> list[tuple[int, str, int]]:
    """Tell what a bot of `counting.py` has said: each line's process, name and number."""
    lines = [one.split() for one in await answers(sandbox, bot, user)]
    return [(int(process), name, int(number)) for process, name, number in lines]


async def until_answered(
    sandbox: SandboxClient, bot: int, user: int, wanted: list[str], within: float | None = None
) -> None:
    """Wait for exactly these answers in a private chat."""

    async def come() -> int:
        return len(await answers(sandbox, bot, user))

    async def answered() -> bool:
        return await come() >= len(wanted)

    what = f"{len(wanted)} answers of bot {bot} for user {user}"
    await until(answered, what, moving=come, within=within)
    assert await answers(sandbox, bot, user) == wanted


async def letters(inbox: Inbox, user: int, bot: int) -> list[DeadLetter]:
    """Tell the dead letters of a private chat."""
    found = [letter async for letter in inbox.letters.all()]
    return [letter for letter in found if letter.conversation == f"{bot}:{user}:{user}"]


async def until_dead(inbox: Inbox, user: int, bot: int) -> DeadLetter:
    [letter] = await until(lambda: letters(inbox, user, bot), "the update is a dead letter")
    return letter


async def unhandled(sandbox: SandboxClient, bots: Collection[int], server: RedisServer) -> int:
    """Count the updates that Telegram has for these bots, and those that wait for their turn."""
    pending = sum(int(bot["pending"]) for bot in await sandbox.bots() if bot["id"] in bots)
    with server.client() as redis:
        return pending + waiting(redis)


async def until_handled(sandbox: SandboxClient, bots: Collection[int], server: RedisServer) -> None:
    """Wait until Telegram has nothing more for these bots and every update had its turn."""

    async def left() -> int:
        return await unhandled(sandbox, bots, server)

    async def handled() -> bool:
        return not await left()

    await until(handled, "nothing waits", moving=left)


async def delay(sandbox: SandboxClient, bot: int, user: int = 7) -> float:
    """Measure how long a user waits for an echo: the median of some messages, in seconds."""
    delays = []
    for number in range(PROBES):
        clock = Clock()
        await sandbox.send(bot, f"Are you there? {number}", user_id=user)
        await sandbox.reply(bot, user)
        delays.append(clock.read())
    return median(delays)


def report(what: str, alone: float, beside: float) -> None:
    print(f"{what}: {alone * 1000:.0f} ms alone, {beside * 1000:.0f} ms beside it")  # noqa: T201
