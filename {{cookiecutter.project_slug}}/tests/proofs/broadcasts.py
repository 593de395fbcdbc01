"""What tests of broadcasts have in common: whom a bot knows, who got it, and how far it is."""

from collections import Counter

from redis.asyncio import Redis

from fleet.broadcast import Broadcast, Broadcasts, text_message
from fleet.redis.keys import PREFIX
from fleet.shards.replicas import Replicas
from fleet.shards.scripts import ask_each
from fleet.shards.shard import key_of_shard
from sandbox.client import SandboxClient
from tests.process import Process
from tests.proofs.watch import get
from tests.waiting import until

SHARDS = 64
USERS = range(101, 401)
TEXT = "News!"
MESSAGE = text_message(TEXT)


async def acquaint(sandbox: SandboxClient, bot: int, users: range = USERS) -> None:
    """Have users write to a bot, so that it may write to them."""
    for user in users:
        await sandbox.send(bot, "Hello", user_id=user)


async def got(sandbox: SandboxClient, bot: int, text: str = TEXT) -> Counter[int]:
    """Count how often each chat got the message."""
    calls = await sandbox.calls(bot, "sendMessage")
    return Counter(
        int(call["params"]["chat_id"])
        for call in calls
        if call["params"].get("text") == text and call["status"] == 200
    )


async def until_ended(book: Broadcasts, name: str) -> Broadcast:
    async def look() -> Broadcast:
        found = await book.get(name)
        assert found
        return found

    async def ended() -> Broadcast | None:
        found = await look()
        return found if found.state.has_ended else None

    async def over() -> int:
        return (await look()).over

    found = await until(ended, "the broadcast has ended", moving=over)
    assert found
    return found


async def until_over(book: Broadcasts, name: str, number: int) -> None:
    async def over() -> bool:
        found = await book.get(name)
        return bool(found and found.over >= number)

    await until(over, f"it is over for {number} chats")


async def until_sending(redis: Redis, name: str, replica: Process) -> None:
    """Wait until a replica has some on their way."""
    own = (await get(replica))[1]["replica"]

    async def sending() -> bool:
        held = [
            n for n, holder in enumerate(await Replicas(redis, SHARDS).holders()) if holder == own
        ]
        keys = [key_of_shard(PREFIX, shard, f"broadcast:{name}:sending") for shard in held]
        return bool(sum(await ask_each(redis, keys, "HLEN")) > 3)

    await until(sending, "some are on their way")
