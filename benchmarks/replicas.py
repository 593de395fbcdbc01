"""Measure 7: two replicas of the project on two cores, beside one.

Load server and Redis share the first core, and each replica has one to itself. Where there are only
two cores, load server and Redis run on whichever is free, also beside a single replica. So that
they weigh little, the handler works for a millisecond of CPU before it answers.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.board import CONVERSATIONS
from benchmarks.machine import FLEET, Bench, Load, bots
from benchmarks.measures import Numbers, Seconds, finish
from benchmarks.process import Process, free_port, wait_until

BOTS = 3
WAITING = 20
"""Updates that wait in each conversation: it is busy, whatever the share of its replica."""
LAG = 5.0
"""Seconds after which the second replica is started, in the midst of the load."""
ONE, TOGETHER, LATER = "one replica", "two", f"two, the second starts {LAG:.0f} s later"


@dataclass(frozen=True)
class Replica:
    """One replica of the project."""

    number: int
    process: Process
    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_ready(self) -> bool:
        """Whether it says so itself."""
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5):
                return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


@contextmanager
def replica(
    bench: Bench, load: Load, ids: list[int], number: int, cores: set[int], **more: str
) -> Iterator[Replica]:
    """Start a replica, which notes on the board under its number."""
    port = free_port()
    named = {"REPLICA": str(number), "HTTP_PORT": str(port), **more}
    with bench.run(FLEET, load, ids, fresh=False, cores=cores, **named) as process:
        yield Replica(number, process, port)


def shares(bench: Bench, name: str, seconds: Seconds) -> Numbers:
    """Let one replica or two work on busy conversations: ONE, TOGETHER or LATER."""
    first, *others = bench.cores
    ours, free = ([first], others) if len(others) > 1 else (bench.cores, [*others, first])
    ids = bots(BOTS)
    bench.redis_client.flushall()
    bench.redis.move(set(ours))
    try:
        with ExitStack() as stack:
            load = stack.enter_context(bench.load())
            load.process.move(set(ours))
            replicas: list[Replica] = []

            def start() -> None:
                number = len(replicas)
                one = replica(bench, load, ids, number, {free[number]})
                replicas.append(stack.enter_context(one))

            def wait() -> None:
                ready = [one.process for one in replicas]
                load.wait_until(lambda: all(one.is_ready for one in replicas), "all ready", ready)

            start()
            if name == TOGETHER:
                start()
            wait()
            load.wait_for_polls(replicas[0].process, BOTS)
            load.set(bots=ids, kind="work", window=BOTS * CONVERSATIONS * WAITING)
            if name == LATER:
                time.sleep(LAG)
                start()
                wait()
            time.sleep(seconds.settle)
            turns = _turns(load, [one.process for one in replicas], seconds.busy)
            finish(load)
    finally:
        bench.redis.move({first})
    return turns


def _turns(load: Load, replicas: list[Process], seconds: float) -> Numbers:
    """Tell how many turns there were a second, what each took of the replicas' CPU, and the share
    of the replica that had the least."""
    numbers = range(len(replicas))
    used = sum(one.cpu for one in replicas)
    before, began = [load.board.ended_by(number) for number in numbers], time.monotonic()
    time.sleep(seconds)
    wait_until(lambda: load.board.ended > sum(before), "something is handled", 60)
    taken = [load.board.ended_by(number) - before[number] for number in numbers]
    return {
        "per_second": sum(taken) / (time.monotonic() - began),
        "cpu_us": 1e6 * (sum(one.cpu for one in replicas) - used) / sum(taken),
        "least": min(taken) / sum(taken),
    }
