"""The service: builds the parts, starts them in order, drains them in reverse."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fleet.bots.member import BotState, Member
from fleet.bots.supervisor import Supervisor
from fleet.bots.tokens import BotToken
from fleet.inbox import Inbox
from fleet.intake.polling import Poller
from fleet.ops.http import create_app
from fleet.ops.logging import setup_logging
from fleet.redis import create_redis
from fleet.settings import Settings, SettingsError, load_settings
from fleet.telegram.session import create_sessions
from fleet.turn import TurnTaker
from fleet.worker import Worker

CreateDispatcher = Callable[[Redis], Dispatcher]

USAGE_ERROR = 2
"""Exit code when a setting is wrong."""
REDIS_CHECK = 1.0
"""Seconds between two tries to reach Redis at start."""
LONGEST_SHORT_WAIT = 5.0
"""Seconds of a flood limit that a turn sits out in flight; for longer ones the bot's updates wait in the inbox."""

log = structlog.get_logger(__name__)


def run(create_dispatcher: CreateDispatcher) -> None:
    """Run one replica until SIGTERM or SIGINT, then leave the process.

    Exit code 0 after a drain, 2 if a setting is wrong, 1 if the service failed. A second signal
    ends the process at once.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(_refuse(error))
    setup_logging(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        try:
            runner.run(Service(settings, create_dispatcher).serve())
        except OSError as error:
            sys.exit(_refuse(f"HTTP_HOST, HTTP_PORT: {error.strerror}"))


class Service:
    """One replica. `serve` is its life; the rest is what `/health` asks."""

    def __init__(self, settings: Settings, create_dispatcher: CreateDispatcher) -> None:
        self._settings = settings
        self._redis = create_redis(settings)
        self._sessions = create_sessions(settings)
        self._dispatcher = create_dispatcher(self._redis)
        self._inbox = Inbox(
            self._redis,
            limit=settings.inbox_limit,
            limit_per_bot=settings.inbox_limit_per_bot,
            max_attempts=settings.max_attempts,
        )
        self._worker = Worker(
            self._inbox,
            self._member_at_work,
            TurnTaker(self._dispatcher, settings.handler_timeout).take,
            settings.concurrency,
        )
        self._supervisor = Supervisor(map(self._new_member, settings.tokens()), self._poll)
        self._accepting = False
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        """Start, run until told to stop, drain."""
        self._install_signal_handlers()
        http = web.AppRunner(create_app(self), access_log=None, handle_signals=False)
        await http.setup()
        try:
            await web.TCPSite(http, self._settings.http_host, self._settings.http_port).start()
            if await self._wait_for_redis():
                await self._dispatcher.emit_startup(**self._event_data())
                await self._work()
                await self._dispatcher.emit_shutdown(**self._event_data())
        finally:
            await http.cleanup()
            await self._sessions.close()
            await self._redis.aclose()
        log.info("stopped")

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(self._worker.run())
            intake = group.create_task(self._supervisor.run())
            self._accepting = True
            log.info("started", replica=self._inbox.replica, bots=len(self._supervisor.members))
            await self._stop.wait()

            log.info("stopping")
            self._accepting = False
            drain = group.create_task(self._worker.drain(self._settings.drain_timeout))
            intake.cancel()
            await asyncio.wait([intake, drain, worker])

    async def _wait_for_redis(self) -> bool:
        """Wait until Redis answers. Returns False if told to stop before."""
        said = None
        while not self._stop.is_set():
            try:
                await self._redis.execute_command("PING")
            except RedisError as error:
                if said != str(error):
                    said = str(error)
                    log.warning("waiting for Redis; see REDIS_URL and REDIS_PASSWORD", error=said)
            else:
                return True
            try:
                async with asyncio.timeout(REDIS_CHECK):
                    await self._stop.wait()
            except TimeoutError:
                continue
        return False

    def _install_signal_handlers(self) -> None:
        def stop(number: int) -> None:
            if self._stop.is_set():
                log.warning("second signal: leaving at once; other replicas take the turns over")
                os._exit(128 + number)
            self._stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop, number)

    def _new_member(self, token: BotToken) -> Member:
        bot = Bot(token.token.get_secret_value(), session=self._sessions.calls)
        return Member(bot, token.role)

    async def _poll(self, member: Member) -> None:
        allowed = self._dispatcher.resolve_used_update_types()
        await Poller(member, self._inbox, self._sessions, allowed).run()

    def _member_at_work(self, bot_id: int) -> Member | None:
        """Give the member with this id, or None while its updates must wait."""
        member = self._supervisor.members.get(bot_id)
        if member is None or member.state is BotState.UNAUTHORIZED:
            return None
        return None if self._sessions.flood_wait(bot_id) > LONGEST_SHORT_WAIT else member

    def _event_data(self) -> dict[str, Any]:
        bots = [member.bot for member in self._supervisor.members.values()]
        return {**self._dispatcher.workflow_data, "dispatcher": self._dispatcher, "bots": bots}

    @property
    def alive(self) -> bool:
        return not self._worker.stuck

    @property
    def accepting(self) -> bool:
        return self._accepting

    async def redis_answers(self) -> bool:
        return bool(await self._redis.execute_command("PING"))

    async def describe(self) -> Mapping[str, Any]:
        try:
            backlog: Mapping[int, int] | None = await self._inbox.sizes()
        except RedisError:
            backlog = None
        return {
            "replica": self._inbox.replica,
            "mode": "polling",
            "turns_in_flight": self._worker.in_flight,
            "bots": [
                {
                    "id": member.id,
                    "username": member.username,
                    "role": member.role,
                    "state": member.state,
                    "error": member.error,
                    "polled_by": self._inbox.replica,
                    "last_update_at": _timestamp(member.last_update_at),
                    "backlog": None if backlog is None else backlog.get(member.id, 0),
                }
                for member in self._supervisor.members.values()
            ],
        }


def _timestamp(seconds: float | None) -> str | None:
    return (
        None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat("T", "seconds")
    )


def _refuse(reason: object) -> int:
    print(reason, file=sys.stderr)  # noqa: T201 - the user is told, not the log
    return USAGE_ERROR


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - not to be had on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
