"""What `/health` tells of a replica and of the fleet."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError

from fleet.bots.fleet import BotInfo, Fleet
from fleet.bots.peers import STRANGERS
from fleet.bots.shared import Shared
from fleet.bots.supervisor import Supervisor
from fleet.ops.http import PROBE_TIMEOUT
from fleet.telegram.gate import listed
from fleet.telegram.gates import Gates
from fleet.turn.jobs import Clockwork
from fleet.worker import Worker

GATES_SHOWN = 20
STRAYS = "handlers that go on although HANDLER_TIMEOUT cancelled them: {}"


class Report:
    """Gathers it.

    Args:
        shared: what all replicas share.
        fleet: the bots of all.
        supervisor: the bots of this replica.
        worker: its turns.
        jobs: what runs by the clock.
        gates: which calls wait.
        webhook_url: WEBHOOK_URL, if bots do not poll.
    """

    def __init__(
        self,
        shared: Shared,
        fleet: Fleet,
        supervisor: Supervisor,
        worker: Worker,
        jobs: Mapping[str, Clockwork],
        gates: Gates,
        webhook_url: str | None,
    ) -> None:
        self.warnings: list[str] = []
        self._shared = shared
        self._fleet = fleet
        self._supervisor = supervisor
        self._worker = worker
        self._jobs = jobs
        self._gates = gates
        self._webhook_url = webhook_url

    async def give(self, *, alone: bool) -> Mapping[str, Any]:
        """Tell all; `alone`: without asking Redis, which is away."""
        bots: list[BotInfo] | None = None
        shards: dict[str, int] = {}
        timers: int | None = None
        if not alone:
            with contextlib.suppress(RedisError, TimeoutError):
                async with asyncio.timeout(PROBE_TIMEOUT):
                    bots = await self._fleet.bots()
                    shards = Counter(filter(None, await self._shared.replicas.holders()))
                    timers = await self._shared.timers.count()
        if bots is None:
            bots = [BotInfo.of(member) for member in self._supervisor.members.values()]
        now = datetime.now(UTC)
        return {
            "replica": self._shared.replica,
            "mode": "webhook" if self._webhook_url else "polling",
            "shards": shards,
            "turns_in_flight": self._worker.in_flight,
            "timers": timers,
            "jobs": {name: one.next_due(now).isoformat() for name, one in self._jobs.items()},
            "gates": listed(self._gates.shut_now())[:GATES_SHOWN],
            "warnings": [
                *self.warnings,
                *([STRANGERS] if self._shared.peers.strangers else []),
                *([STRAYS.format(count)] if (count := self._worker.strays) else []),
            ],
            "bots": bots,
        }
