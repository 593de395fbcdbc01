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
from fleet.bots.fleet import Fleet
from fleet.bots.member import BotState, Member
from fleet.bots.pending import Pending
from fleet.bots.shared import Shared
from fleet.bots.supervisor import Supervisor
from fleet.hooks import Hooks
from fleet.inbox.mailboxes import Mailboxes
from fleet.intake.clock import Clock
from fleet.intake.modes import Intake, Polling, Webhooks
from fleet.ops.files import raise_limit
from fleet.ops.http import create_app, listen
from fleet.ops.logging import setup_logging
from fleet.ops.process import (
    leaving_soon,
    new_event_loop,
    relieve_garbage_collector,
    run_to_its_end,
    stop_on_signals,
)
from fleet.outreach import Outreach
from fleet.overlay import Overlay
from fleet.redis.errors import Complaint
from fleet.redis.pool import create_redis
from fleet.redis.server import look_at_server
from fleet.report import Report
from fleet.routing import lanes_of, used_update_types
from fleet.settings import TELEGRAM, Settings, SettingsError, load_settings
from fleet.shards.beats import INTERVAL
from fleet.shards.holder import Holder
from fleet.shards.replicas import OtherShardsError
from fleet.storage import keep_apart, order_of
from fleet.tasks import beside, end
from fleet.telegram.menu import MenuKeeper
from fleet.telegram.session import create_sessions
from fleet.turn import TurnTaker
from fleet.turn.jobs import clockworks
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
        try:
            lanes, jobs = lanes_of(self._dispatcher), clockworks(self._dispatcher)
        except ValueError as error:  # no setting, but as easily mended
            raise SettingsError(str(error)) from None
        shared = Shared.open(self._redis, settings, order_of(self._dispatcher), lanes)
        self._replicas = shared.replicas
        self._inbox = shared.inbox
        drop, prefix = settings.drop_pending_updates, settings.redis_prefix
        self._pending = Pending(
            self._redis, self._inbox, self._replicas, wanted=drop, prefix=shared.prefix
        )
        self._holder = Holder(self._redis, shared.replica, settings.shards, prefix=prefix)
        self._worker = self._inbox.desk = Worker(
            self._holder,
            Mailboxes(self._redis, shared.replica, shared.sealing, prefix=prefix),
            self._member_at_work,
            TurnTaker(
                self._dispatcher,
                self._sessions.outages,
                shared.timers,
                settings.handler_timeout,
                is_sandbox=settings.telegram_api_url != TELEGRAM,
            ).take,
            partial(Overlay, self._redis),
            concurrency=settings.concurrency,
            max_attempts=settings.max_attempts,
            timeout=settings.handler_timeout,
        )
        self._outreach = Outreach(
            self._redis, settings, shared, self._holder, self._sessions, self._member_at_work
        )
        self._fleet = Fleet(shared, partial(ask_username, self._sessions.calls))
        self._dispatcher["fleet"] = self._fleet
        self._app = create_app(self)
        intake = self._create_intake(shared.vault)
        menus = MenuKeeper(self._dispatcher, self._sessions)
        clock = Clock(self._dispatcher, shared.timers)
        self._supervisor = Supervisor(
            shared.desired,
            self._holder,
            shared.states,
            shared.peers,
            self._pending,
            self._create_member,
            menus.beside(clock.beside(intake.run)),
            intake.part_with,
        )
        self._hooks = Hooks(self._dispatcher, self._supervisor.members.values)
        gates, url = self._sessions.gates, settings.webhook_url
        self._report = Report(shared, self._fleet, self._supervisor, self._worker, jobs, gates, url)
        self._knows_fleet = False
        self._accepting = False
        self._stop = asyncio.Event()

    def _create_intake(self, vault: Vault | None) -> Intake:
        base_url, proxies = self._settings.webhook_url, self._settings.trusted_proxies
        allowed = used_update_types(self._dispatcher, directory=self._settings.directory)
        if not (vault and base_url):
            return Polling(self._inbox, self._pending, allowed, self._sessions)
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
            if await self._wait_for_redis() and await self._start_hooks():
                try:
                    async with beside(self._inbox.tell_last()), beside(self._outreach.run()):
                        await self._work()
                finally:
                    await self._hooks.stop()
        finally:
            await http.cleanup()
            await self._sessions.close()
            await self._redis.aclose()
        log.info("stopped")

    async def _listen(self, http: web.AppRunner) -> None:
        try:
            await listen(http, self._settings.http_host, self._settings.http_port)
        except OSError as error:
            raise SettingsError(f"HTTP_HOST, HTTP_PORT: {error.strerror}") from error

    async def _start_hooks(self) -> bool:
        async with beside(self._beat()):
            return await self._hooks.start(self._stop, self._settings.drain_timeout)

    async def _beat(self) -> None:
        """Show that this replica lives while its startup hooks run, however long they take."""
        while True:
            await asyncio.sleep(INTERVAL)
            with contextlib.suppress(RedisError):  # the worker will say so
                await self._holder.beat()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in (self._worker, self._supervisor)]
            try:
                self._accepting = True
                log.info("started", replica=self._holder.replica)
                await self._stop.wait()
                log.info("stopping")
                self._accepting = False
                tasks.append(group.create_task(self._worker.drain(self._settings.drain_timeout)))
                self._supervisor.stop()
                await asyncio.wait(tasks)
            finally:
                await end(tasks)

    async def _wait_for_redis(self) -> bool:
        """Wait until Redis knows this replica and tells which bots there are.

        Returns False if told to stop before.
        """
        waiting = Complaint(log, "waiting for Redis")
        while not self._stop.is_set():
            try:
                risk = await look_at_server(self._redis)
                await self._replicas.agree()
                await self._supervisor.prepare()
                members = self._supervisor.members.values()
                known = await self._pending.begin([one.id for one in members if not one.paused])
                if known:
                    await self._holder.beat()
                    await self._pending.refresh()
            except OtherShardsError as error:
                raise SettingsError(str(error)) from None
            except RedisError as error:
                waiting.about(error)
            else:
                if known:
                    if risk:
                        log.warning(risk)
                        self._report.warnings.append(risk)
                    self._knows_fleet = True
                    return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REDIS_CHECK):
                    await self._stop.wait()
        return False

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

    @property
    def redis_answers(self) -> bool:
        return self._holder.beats_now

    async def describe(self, *, alone: bool) -> Mapping[str, Any]:
        return await self._report.give(alone=alone)


def _refuse(reason: object) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - the user is told, not the log
    return USAGE_ERROR
