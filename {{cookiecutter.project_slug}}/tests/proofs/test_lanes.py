"""Lanes: what cannot wait does not wait for a long turn of the same user, and may end it."""

from sandbox.client import SandboxClient
from tests.conftest import StartService
from tests.proofs.chats import answers
from tests.proofs.mail import text
from tests.proofs.talk import ask, until_said
from tests.proofs.watch import get, new_bots
from tests.waiting import until

ACTS = "tests.proofs.acts"


async def test_a_question_that_telegram_waits_for_does_not_wait(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    await start_service(ACTS, BOT_TOKENS=token)
    assert await ask(sandbox, bot, "work") == "working"
    query = {
        "update_id": 10,
        "pre_checkout_query": {
            "id": "77",
            "from": text(1)["message"]["from"],
            "currency": "XTR",
            "total_amount": 1,
            "invoice_payload": "x",
        },
    }
    await sandbox.push(bot, [text(9, "hello"), query])
    await sandbox.calls(bot, "answerPreCheckoutQuery", at_least=1)
    assert await answers(sandbox, bot) == ["working"], "the message waits"


async def test_a_command_in_a_lane_is_heard_and_ends_the_long_turn(
    start_service: StartService, sandbox: SandboxClient
) -> None:
    [bot], token = await new_bots(sandbox)
    service = await start_service(ACTS, BOT_TOKENS=token)
    for user in (7, 8):
        assert await ask(sandbox, bot, "work", user) == "working"
    await sandbox.send(bot, "hello", user_id=7)
    assert await ask(sandbox, bot, "/stop", 7) == "stopped"
    await until_said(sandbox, bot, "state: None", 7)
    told = await answers(sandbox, bot, 7)
    assert told == ["working", "stopped", "state: None"], "not begun again"
    assert await answers(sandbox, bot, 8) == ["working"], "another user's"

    async def one_is_in_flight() -> bool:
        return bool((await get(service))[1]["turns_in_flight"] == 1)

    await until(one_is_in_flight, "the other goes on")
    assert await ask(sandbox, bot, "/stop", 7) == "stopped", "also when there is nothing to end"
