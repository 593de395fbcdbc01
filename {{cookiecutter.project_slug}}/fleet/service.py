"""The service: builds the parts, starts them in order, drains them in reverse."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.bots.check import ask_username
from fleet.bots.desired import DesiredBot
from fleet.bots.fleet import BotInfo, Fleet
from fleet.bots.member import BotState, Member
from fleet.bots.peers import STRANGERS
from fleet.bots.pending import Pending
from fleet.bots.shared import Shared
from fleet.bots.supervisor import Supervisor
from fleet.intake.modes import Intake, Polling, Webhooks
from fleet.ops.files import raise_limit
from fleet.ops.http import PROBE_TIMEOUT, create_app, listen
from fleet.ops.logging import setup_logging
from fleet.ops.process import (
    leaving_soon,
    new_event_loop,
    relieve_garbage_collector,
    run_to_its_end,
    stop_on_signals,
)
from fleet.redis.errors import Complaint
from fleet.redis.pool import create_redis
from fleet.redis.server import look_at_server
from fleet.settings import Settings, SettingsError, load_settings
from fleet.storage import keep_apart
from fleet.tasks import at_most, beside
from fleet.telegram.menu import MenuKeeper
from fleet.telegram.session import create_sessions
from fleet.turn import TurnTaker
from fleet.vault import Vault
from fleet.worker import Worker

CreateDispatcher = Callable[[Redis], Dispatcher]

USAGE_ERROR = 2
"""Exit code when a setting is wrong."""
REDIS_CHECK = 1.0
"""Seconds between two tries to reach Redis at start."""
LONGEST_SHORT_WAIT = 5.0
"""Seconds of a flood limit from which on the bot's updates wait in the inbox, not in flight."""

log = structlog.get_logger(__name__)


def run(create_dispatcher: CreateDispatcher, defaults: DefaultBotProperties | None = None) -> None:
    """Run one replica until SIGTERM or SIGINT, then leave the process.

    `defaults` hold for the calls of every bot, such as `parse_mode`; without them aiogram's do.

    Exit code 0 after a drain, 2 if a setting is wrong (`create_dispatcher` may raise
    `SettingsError` for its own), 1 if the service failed. A second signal ends the process at once.
    """
    try:
        settings = load_settings()
        setup_logging(settings.log_level, settings.log_format)
        service = Service(settings, create_dispatcher, defaults)
    except SettingsError as error:
        sys.exit(_refuse(error))
    relieve_garbage_collector()
    raise_limit()
    with asyncio.Runner(loop_factory=new_event_loop) as runner, leaving_soon():
        try:
            run_to_its_end(runner.get_loop(), service.serve())
        except SettingsError as error:
            sys.exit(_refuse(error))


class Service:
    """One replica. `serve` is its life; the rest is what `/health` asks."""

    def __init__(
        self,
        settings: Settings,
        create_dispatcher: CreateDispatcher,
        defaults: DefaultBotProperties | None = None,
    ) -> None:
        self._settings = settings
        self._defaults = defaults
        self._redis = create_redis(settings)
        self._sessions = create_sessions(settings)
        self._dispatcher = create_dispatcher(self._redis)
        keep_apart(self._dispatcher, settings.redis_prefix, settings.shards)
        shared = Shared.open(self._redis, settings)
        self._inbox = shared.inbox
        self._peers = shared.peers
        self._pending = Pending(
            self._redis,
            self._inbox,
            wanted=settings.drop_pending_updates,
            prefix=shared.prefix,
        )
        self._worker = Worker(
            self._inbox,
            self._member_at_work,
            TurnTaker(
                self._dispatcher, self._redis, self._sessions.outages, settings.handler_timeout
            ).take,
            settings.concurrency,
        )
        self._fleet = Fleet(shared, partial(ask_username, self._sessions.calls))
        self._dispatcher["fleet"] = self._fleet
        self._app = create_app(self)
        intake = self._create_intake(shared.vault)
        self._supervisor = Supervisor(
            shared.desired,
            shared.leases,
            shared.states,
            shared.peers,
            self._pending,
            self._create_member,
            MenuKeeper(self._dispatcher, self._sessions).beside(intake.run),
            intake.part_with,
            lambda: self._inbox.cut_off,
        )
        self._warnings: list[str] = []
        self._knows_fleet = False
        self._accepting = False
        self._stop = asyncio.Event()

    def _create_intake(self, vault: Vault | None) -> Intake:
        base_url, allowed = self._settings.webhook_url, self._dispatcher.resolve_used_update_types()
        if not (vault and base_url):
            return Polling(self._inbox, self._pending, allowed, self._sessions)
        proxies = self._settings.trusted_proxies
        webhooks = Webhooks(
            self._inbox, self._pending, allowed, vault, base_url, proxies, self._find
        )
        webhooks.serve(self._app, lambda: self._knows_fleet)
        return webhooks

    async def serve(self) -> None:
        """Start, run until told to stop, drain."""
        stop_on_signals(self._stop)
        http = web.AppRunner(self._app, access_log=None, handle_signals=False)
        await http.setup()
        try:
            await self._listen(http)
            if await self._wait_for_redis() and await self._emit_startup():
                try:
                    await self._work()
                finally:
                    await self._dispatcher.emit_shutdown(**self._hook_data())
        finally:
            await http.cleanup()
            await self._sessions.close()
            await self._redis.aclose()
        log.info("stopped")

    async def _listen(self, http: web.AppRunner) -> None:
        host, port = self._settings.http_host, self._settings.http_port
        try:
            await listen(http, host, port)
        except OSError as error:
            raise SettingsError(f"HTTP_HOST, HTTP_PORT: {error.strerror}") from error

    async def _emit_startup(self) -> bool:
        """Run the startup hooks. Returns False if we are to stop and they do not come to an end."""
        try:
            async with (
                beside(self._beat()),
                at_most(self._settings.drain_timeout, after=self._stop),
            ):
                await self._dispatcher.emit_startup(**self._hook_data())
        except TimeoutError:
            if not self._stop.is_set():
                raise
            log.warning("stopping although a startup hook has not ended")
            return False
        return True

    async def _beat(self) -> None:
        """Show that this replica lives while its startup hooks run, however long they take."""
        while True:
            await asyncio.sleep(self._inbox.beat_interval)
            with contextlib.suppress(RedisError):  # the worker will say so
                await self._inbox.beat()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(self._worker.run())
            intake = group.create_task(self._supervisor.run())
            self._accepting = True
            log.info("started", replica=self._inbox.replica)
            await self._stop.wait()

            log.info("stopping")
            self._accepting = False
            drain = group.create_task(self._worker.drain(self._settings.drain_timeout))
            self._supervisor.stop()
            await asyncio.wait([intake, drain, worker])

    async def _wait_for_redis(self) -> bool:
        """Wait until Redis knows this replica and tells which bots there are.

        Returns False if told to stop before.
        """
        waiting = Complaint(log, "waiting for Redis")
        while not self._stop.is_set():
            try:
                risk = await look_at_server(self._redis)
                await self._supervisor.prepare()
                members = self._supervisor.members.values()
                known = await self._pending.begin([one.id for one in members if not one.paused])
                if known:
                    await self._inbox.beat()
                    await self._pending.refresh()
            except RedisError as error:
                waiting.about(error)
            else:
                if known:
                    self._warn_of(risk)
                    self._knows_fleet = True
                    return True
            try:
                async with asyncio.timeout(REDIS_CHECK):
                    await self._stop.wait()
            except TimeoutError:
                continue
        return False

    def _warn_of(self, risk: str | None) -> None:
        if risk:
            log.warning(risk)
            self._warnings.append(risk)

    def _create_member(self, wanted: DesiredBot, token: str) -> Member:
        bot = Bot(token, session=self._sessions.calls, default=self._defaults)
        return Member(bot, wanted.role, flood_wait=partial(self._sessions.flood_wait, bot.id))

    def _find(self, bot_id: int) -> Member | None:
        return self._supervisor.members.get(bot_id)

    def _member_at_work(self, bot_id: int) -> Member | None:
        """Give the member with this id, or None while its updates must wait."""
        member = self._find(bot_id)
        if member is None or member.paused or bot_id in self._pending:
            return None
        if member.state is BotState.UNAUTHORIZED or self._sessions.outages.seconds_left(bot_id):
            return None
        return None if self._sessions.flood_wait(bot_id) > LONGEST_SHORT_WAIT else member

    def _hook_data(self) -> dict[str, Any]:
        """Give the hooks what aiogram's `start_polling` gives them; `bot` is the last of `bots`."""
        bots = tuple(member.bot for member in self._supervisor.members.values())
        return {
            "dispatcher": self._dispatcher,
            "bots": bots,
            **self._dispatcher.workflow_data,
            "bot": bots[-1] if bots else None,  # they may all be added later
        }

    @property
    def alive(self) -> bool:
        return not self._worker.stuck

    @property
    def accepting(self) -> bool:
        return self._accepting and self._supervisor.reconciled

    @property
    def most_connections(self) -> int:
        polls = 0 if self._settings.webhook_url else len(self._supervisor.members)
        return polls + self._sessions.calls.limit

    async def redis_answers(self) -> bool:
        return bool(await self._redis.execute_command("PING"))

    async def describe(self, *, alone: bool) -> Mapping[str, Any]:
        bots = [BotInfo.of(member) for member in self._supervisor.members.values()]
        if not alone:
            with contextlib.suppress(RedisError, TimeoutError):
                async with asyncio.timeout(PROBE_TIMEOUT):
                    bots = await self._fleet.bots()
        return {
            "replica": self._inbox.replica,
            "mode": "webhook" if self._settings.webhook_url else "polling",
            "turns_in_flight": self._worker.in_flight,
            "warnings": [*self._warnings, *([STRANGERS] if self._peers.strangers else [])],
            "bots": bots,
        }


def _refuse(reason: object) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - the user is told, not the log
    return USAGE_ERROR
