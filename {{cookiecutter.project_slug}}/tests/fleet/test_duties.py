"""What is done for a bot beside its intake."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiogram import Bot
from aiogram.utils.backoff import BackoffConfig

from fleet.bots.member import Member
from fleet.intake import duties
from fleet.intake.duties import Duty, with_duties
from tests.waiting import until

TOKEN = f"4100001:{'c' * 35}"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "ROLE_CHECK", 0.01)
    monkeypatch.setattr(duties, "BACKOFF", BackoffConfig(0.01, 0.02, 1.1, 0.0))


async def rest(_: Member) -> None:
    await asyncio.Event().wait()


def reached(done: list[str | None], *, count: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return len(done) >= count

    return check


async def test_it_is_done_in_each_role_for_as_long_as_the_intake_runs() -> None:
    tries: list[str | None] = []
    done: list[str | None] = []

    async def do(member: Member) -> None:
        tries.append(member.role)
        if len(tries) < 3:
            raise TypeError("a fault of ours")
        done.append(member.role)

    member = Member(Bot(TOKEN), "shop")
    intake = asyncio.create_task(with_duties(rest, Duty(do, "it waits"))(member))
    await until(reached(done, count=1), "it is done")
    member.role = "desk"
    await until(reached(done, count=2), "it is done in the other role")
    intake.cancel()
    await asyncio.wait([intake])
    member.role = "shop"
    await asyncio.sleep(0.1)  # ten times as long as it would take
    assert done == ["shop", "desk"]
    assert len(tries) == 4


async def test_one_that_cannot_be_done_harms_neither_the_intake_nor_others() -> None:
    done: list[str | None] = []

    async def fail(_: Member) -> None:
        raise ValueError("never")

    async def do(member: Member) -> None:
        done.append(member.role)

    both = Duty(fail, "it waits"), Duty(do, "it waits", again=0.01)
    intake = asyncio.create_task(with_duties(rest, *both)(Member(Bot(TOKEN), "shop")))
    await until(reached(done, count=3), "the other is done again and again")
    assert not intake.done()
    intake.cancel()
    await asyncio.wait([intake])
