"""The service in miniature: feeds the dispatcher under test from the queues of its bots."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import sysconfig
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.methods import TelegramMethod
from aiogram.types import ErrorEvent, TelegramObject

from sandbox.testing.bots import BotUnderTest
from sandbox.testing.session import LocalSession, diverted
from sandbox.testing.turns import Turn, Turns
from sandbox.world.events import Json
from sandbox.world.world import World

Folders = frozenset[Path]

log = logging.getLogger(__name__)


class LocalService:
    """Turns are taken as in the real service: those of one conversation one after the other, others
    at the same time; a method that a handler returns is called."""

    def __init__(
        self,
        world: World,
        turns: Turns,
        bots: Mapping[int, Bot],
        data: Mapping[int, Mapping[str, Any]],
    ) -> None:
        self._world = world
        self._bots = bots
        self._data = data
        self._planner = turns
        self._foreign = frozenset(
            {
                Path(__file__).parent,
                Path(inspect.getfile(type(turns))).parent,
                Path(sysconfig.get_path("stdlib")),
            }
        )
        """Where the code is that is not the user's."""
        self._turns: set[asyncio.Task[None]] = set()
        self._latest: dict[Hashable, asyncio.Task[None]] = {}

    def running(self) -> list[str]:
        """Where the handlers are that run or wait for something; empty when all is done."""
        places = filter(None, (where(turn, self._foreign) for turn in self._turns))
        return [*places] or ["in a library"] * bool(self._turns)

    @property
    def busy(self) -> bool:
        """Whether a handler runs or an update waits for its turn."""
        bots = (self._world.bots[bot_id] for bot_id in self._bots)
        return bool(self._turns) or any(bot.pending for bot in bots if not bot.revoked)

    async def idle(self) -> None:
        """Return when every update has had its turn."""
        while self.busy:
            if self._turns:
                await asyncio.wait(self._turns)
            else:
                await asyncio.sleep(0)

    async def feed(self, events: asyncio.Queue[Json]) -> None:
        """Take updates as they come, until cancelled."""
        while True:
            await events.get()
            for bot_id in self._bots:
                bot = self._world.bots[bot_id]
                if not bot.revoked and bot.pending:
                    updates = list(bot.pending)
                    turns = await self._planner.plan(
                        self._bots[bot_id], updates, self._data[bot_id]
                    )
                    bot.confirm(updates[-1]["update_id"] + 1)
                    for turn in turns:
                        if turn.update not in updates:  # a timer, which nobody else tells of
                            self._tell("update", bot_id, turn.update, at=self._world.clock.now())
                        self._enter(bot_id, turn)

    async def stop(self) -> None:
        """Cancel the turns that are still going on."""
        for turn in self._turns:
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    def _enter(self, bot_id: int, turn: Turn) -> None:
        before = self._latest.get(turn.conversation)
        task = asyncio.create_task(self._take(bot_id, turn, before))
        self._latest[turn.conversation] = task
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _take(self, bot_id: int, turn: Turn, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            answer = await turn.take()
            if isinstance(answer, TelegramMethod):
                await self._bots[bot_id](answer)
        except Exception as error:  # noqa: BLE001 - such as those of the method returned
            self._note(error, bot_id, turn.update["update_id"])
        else:
            if answer is UNHANDLED:
                self._tell("unhandled", bot_id, turn.update)

    async def take_error(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """As a middleware, note what a handler raised, also if an error handler takes care of it.

        What nobody takes ends here: aiogram would log it again, with all of its own frames.
        """
        if isinstance(event, ErrorEvent):
            self._note(event.exception, data["bot"].id, event.update.update_id)
        answer = await handler(event, data)
        return None if answer is UNHANDLED else answer

    def _tell(self, event: str, bot_id: int, update: Json, **about: float) -> None:
        self._world.events.tell(event, bot_id=bot_id, update=update, **about)

    def _note(self, error: Exception, bot_id: int, update_id: int) -> None:
        log.error("a handler raised\n%s", own_traceback(error, self._foreign))
        described = f"{type(error).__name__}: {error}{place(error, self._foreign)}"
        self._world.events.tell("raised", bot_id=bot_id, update_id=update_id, error=described)


@contextlib.asynccontextmanager
async def serving(
    world: World,
    dispatcher: Dispatcher,
    turns: Turns,
    bots: Mapping[str, BotUnderTest],
    defaults: DefaultBotProperties | None,
) -> AsyncIterator[LocalService]:
    """Start the dispatcher for these bots, and stop it in the end."""
    async with aiohttp.ClientSession() as http:
        session = LocalSession(world, http)
        members = {
            one.id: one.bot or Bot(one.token, session=session, default=defaults)
            for one in bots.values()
        }
        wanted = tuple(dispatcher.resolve_used_update_types())
        for bot in bots.values():
            world.authorize(bot.id, bot.token.partition(":")[2]).allowed = wanted
        data = {bot.id: bot.data for bot in bots.values()}
        service = LocalService(world, turns, members, data)
        all_bots = tuple(members.values())
        told = {
            "dispatcher": dispatcher,
            "bots": all_bots,
            **dispatcher.workflow_data,
            "bot": all_bots[-1],
        }
        with world.events.watch() as events, contextlib.ExitStack() as borrowed:
            errors = dispatcher.errors.outer_middleware
            errors.register(service.take_error)
            borrowed.callback(errors.unregister, service.take_error)
            for one in bots.values():
                if one.bot:
                    borrowed.enter_context(diverted(one.bot, world, http))
            await dispatcher.emit_startup(**told)
            feeding = asyncio.create_task(service.feed(events))
            try:
                yield service
            finally:
                feeding.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await feeding
                await service.stop()
                await dispatcher.emit_shutdown(**told)


def own_traceback(error: BaseException, foreign: Folders) -> str:
    """The traceback without the frames of libraries; a cause has its own."""
    told = traceback.TracebackException.from_exception(error)
    one: traceback.TracebackException | None = told
    while one is not None:
        own = [frame for frame in one.stack if not is_foreign(frame.filename, foreign)]
        one.stack = traceback.StackSummary.from_list(own) if own else one.stack
        one = one.__cause__ or one.__context__
    return "".join(told.format()).rstrip()


def where(turn: asyncio.Task[None], foreign: Folders) -> str:
    """The line of the project's own code in which a turn waits; empty if it has not begun."""
    awaited: Any = turn.get_coro()
    own = ""
    while awaited is not None:
        if frame := getattr(awaited, "cr_frame", None):
            code = frame.f_code
            if not is_foreign(code.co_filename, foreign):
                own = f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"
        awaited = getattr(awaited, "cr_await", None)
    return own


def place(error: Exception, foreign: Folders) -> str:
    """The line of the project's own code from which it came."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not is_foreign(frame.filename, foreign)]
    return f" ({own[-1].filename}:{own[-1].lineno}, in {own[-1].name})" if own else ""


def is_foreign(filename: str, foreign: Folders) -> bool:
    """Whether a file belongs to a library or is in one of these folders."""
    return "site-packages" in filename or not foreign.isdisjoint(Path(filename).parents)
