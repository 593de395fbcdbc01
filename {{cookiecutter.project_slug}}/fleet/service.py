"""The service: starts the parts of a replica in order, drains them in reverse."""

import asyncio
import contextlib
import errno
import sys

import structlog
from aiogram.client.default import DefaultBotProperties
from aiohttp import web
from redis.exceptions import RedisError

from fleet.ops.files import raise_limit
from fleet.ops.http import listen
from fleet.ops.logging import setup_logging
from fleet.ops.process import (
    leaving_soon,
    new_event_loop,
    relieve_garbage_collector,
    run_to_its_end,
    stop_on_signals,
)
from fleet.redis.errors import Complaint
from fleet.redis.server import look_at_server
from fleet.replica import CreateDispatcher, Replica
from fleet.settings import Settings, SettingsError, load_settings
from fleet.shards.beats import INTERVAL
from fleet.shards.replicas import OtherShardsError
from fleet.tasks import beside, end

USAGE_ERROR = 2
"""Exit code when a setting is wrong."""
REDIS_CHECK = 1.0
"""Seconds between two tries to reach Redis at start."""

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
        service = Service(settings, Replica(settings, create_dispatcher, defaults))
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
    """The life of a replica."""

    def __init__(self, settings: Settings, replica: Replica) -> None:
        self._settings = settings
        self._replica = replica
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        """Start, run until told to stop, drain."""
        stop_on_signals(self._stop)
        parts = self._replica
        http = web.AppRunner(parts.app, access_log=None, handle_signals=False)
        await http.setup()
        try:
            await self._listen(http)
            if await self._wait_for_redis() and await self._start_hooks():
                try:
                    async with beside(parts.inbox.last.tell()), beside(parts.outreach.run()):
                        await self._work()
                finally:
                    await parts.hooks.stop()
        finally:
            await http.cleanup()
            await parts.sessions.close()
            await parts.redis.aclose()
        log.info("stopped")

    async def _listen(self, http: web.AppRunner) -> None:
        host, port = self._settings.http_host, self._settings.http_port
        try:
            await listen(http, host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SettingsError(f"HTTP_PORT: {port} is taken; write another port") from error
            raise SettingsError(f"HTTP_HOST, HTTP_PORT: {error.strerror}") from error

    async def _start_hooks(self) -> bool:
        async with beside(self._beat()):
            return await self._replica.hooks.start(self._stop, self._settings.drain_timeout)

    async def _beat(self) -> None:
        """Show that this replica lives while its startup hooks run, however long they take."""
        while True:
            await asyncio.sleep(INTERVAL)
            with contextlib.suppress(RedisError):  # the worker will say so
                await self._replica.holder.beat()

    async def _work(self) -> None:
        parts = self._replica
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in (parts.worker, parts.supervisor)]
            try:
                parts.started = True
                log.info("started", replica=parts.holder.replica)
                if not parts.supervisor.members:
                    log.warning("there are no bots: set BOT_TOKENS, or run fleet add")
                await self._stop.wait()
                log.info("stopping")
                parts.started = False
                tasks.append(group.create_task(parts.worker.drain(self._settings.drain_timeout)))
                parts.supervisor.stop()
                await asyncio.wait(tasks)
            finally:
                await end(tasks)

    async def _wait_for_redis(self) -> bool:
        """Wait until Redis knows this replica and tells which bots there are.

        Returns False if told to stop before.
        """
        parts = self._replica
        waiting = Complaint(log, "waiting for Redis")
        while not self._stop.is_set():
            try:
                risk = await look_at_server(parts.redis)
                await parts.replicas.agree()
                await parts.moving.book.hear()
                await parts.supervisor.prepare()
                members = parts.supervisor.members.values()
                known = await parts.pending.begin([one.id for one in members if not one.paused])
                if known:
                    await parts.holder.beat()
                    await parts.pending.refresh()
            except OtherShardsError as error:
                raise SettingsError(str(error)) from None
            except RedisError as error:
                waiting.about(error)
            else:
                if known:
                    if risk:
                        log.warning(risk)
                        parts.report.warnings.append(risk)
                    parts.knows_fleet = True
                    return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REDIS_CHECK):
                    await self._stop.wait()
        return False


def _refuse(reason: object) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - the user is told, not the log
    return USAGE_ERROR
