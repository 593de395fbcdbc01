"""Updates that kill their process, and those whose turns are in hand then: guarantee 1."""

from fleet.inbox import Inbox
from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers, until_answered
from tests.proofs.watch import APP, let_go, new_bots, until_started
from tests.waiting import until


async def test_an_update_that_kills_its_process_cannot_do_so_for_ever(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox
) -> None:
    [bot], tokens = await new_bots(sandbox)
    settings = {"BOT_TOKENS": tokens, "MAX_ATTEMPTS": "2"}
    service = await start_service(APP, **settings)
    bystanders = range(2, 8)
    for user in bystanders:
        await sandbox.send(bot, "sleep 2", user_id=user)
    await sandbox.send(bot, "die", user_id=1)
    await sandbox.send(bot, "next", user_id=1)
    for _ in range(2):
        assert await service.wait() == -9
        service = await start_service(APP, **settings)
    for user in bystanders:
        await until_answered(sandbox, bot, user, ["sleep 2"])
    await until_answered(sandbox, bot, 1, ["next"])
    [letter] = [letter async for letter in inbox.letters.all()]
    assert letter.update["message"]["text"] == "die"
    assert letter.died == 2


async def test_those_who_stood_beside_are_through_soon(
    start_service: StartService, sandbox: SandboxClient, inbox: Inbox, clean_redis: str
) -> None:
    """Each of them could be the one, and is begun alone; the one is found all the same."""
    bots, tokens = await new_bots(sandbox, 3)
    settings = {"BOT_TOKENS": tokens, "MAX_ATTEMPTS": "2", "CONCURRENCY": "200"}
    service = await start_service(APP, **settings)
    bystanders = [(bot, user) for bot in bots for user in range(2, 32)]
    for bot, user in bystanders:
        await sandbox.send(bot, "wait go-on", user_id=user)
    await until_started(clean_redis, "wait go-on", len(bystanders))
    await sandbox.send(bots[1], "die", user_id=1)
    assert await service.wait() == -9
    let_go(clean_redis)

    service = await start_service(APP, **settings)
    assert await service.wait() == -9
    service = await start_service(APP, **settings)
    came: set[tuple[int, int]] = set()

    async def come() -> int:
        for bot, user in set(bystanders) - came:
            if await answers(sandbox, bot, user):
                came.add((bot, user))
        return len(came)

    async def dead() -> int:
        return await inbox.letters.count()

    await until(dead, "the one is found", moving=come)

    async def all_came() -> bool:
        return await come() == len(bystanders)

    await until(all_came, "all bystanders are through", moving=come, within=30)
    for bot, user in bystanders:
        assert await answers(sandbox, bot, user) == ["wait go-on"]
    [letter] = [letter async for letter in inbox.letters.all()]
    assert letter.update["message"]["text"] == "die"
    assert letter.died == 2
