"""How the other proofs wait: as long as something moves, on a clock that no other work moves."""

import asyncio
import os
import subprocess
import sys
import time
from itertools import count

import pytest

from tests import waiting
from tests.waiting import Clock, until


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "STILL", 0.5)


async def never() -> bool:
    return False


async def test_a_wait_lasts_as_long_as_something_moves() -> None:
    steps = count()

    async def come() -> int:
        return next(steps)

    async def there() -> bool:
        return time.monotonic() - began > 4 * waiting.STILL

    began = time.monotonic()
    assert await until(there, "it comes late", moving=come)


async def test_a_wait_ends_when_nothing_moves() -> None:
    with pytest.raises(TimeoutError, match="it does not come: a state"):
        await until(never, "a state")


async def test_a_wait_ends_when_it_moves_in_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LONGEST", 1.5)
    steps = count()

    async def circles() -> int:
        return next(steps) % 2

    with pytest.raises(TimeoutError, match="it does not come"):
        await until(never, "a state", moving=circles)


async def test_what_comes_after_its_time_has_not_come() -> None:
    async def late() -> bool:
        await asyncio.sleep(0.4)
        return True

    with pytest.raises(TimeoutError, match=r"not within 0.2 s: a state"):
        await until(late, "a state", within=0.2)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is a common clock")
def test_the_clock_stands_still_while_others_have_the_processors() -> None:
    burn = "import time\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass"
    burners = [
        subprocess.Popen([sys.executable, "-c", burn]) for _ in range(3 * (os.cpu_count() or 1))
    ]
    clock, began = Clock(), time.monotonic()
    while any(burner.poll() is None for burner in burners):
        time.sleep(0.05)
        passed, took = clock.read(), time.monotonic() - began
    assert passed < took / 2


def test_on_a_machine_of_its_own_the_clock_is_a_clock() -> None:
    began, clock = time.monotonic(), Clock()
    while not (passed := clock.read()):  # on one that others use, it may stand still for long
        time.sleep(0.5)
    assert passed <= time.monotonic() - began
