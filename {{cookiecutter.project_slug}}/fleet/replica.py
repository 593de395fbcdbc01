"""One replica: its parts, built and joined. They run when `fleet.service` starts them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from redis.asyncio import Redis

from fleet.bots.check import ask_username
from fleet.bots.desired import DesiredBot
from fleet.bots.fleet import Fleet
from fleet.bots.member import BotState, Member
from fleet.bots.pending import Pending
from fleet.bots.shared import Shared
from fleet.bots.supervisor import Supervisor
from fleet.hooks import Hooks
from fleet.inbox.mailboxes import Mailboxes
from fleet.intake.clock import order_jobs
from fleet.intake.duties import with_duties
from fleet.intake.menus import keep_menus
from fleet.intake.modes import Intake, Polling, Webhooks
from fleet.ops.http import create_app
from fleet.outreach import Outreach
from fleet.overlay import Overlay
from fleet.redis.pool import create_redis
from fleet.report import Report
from fleet.routing import lanes_of, used_update_types
from fleet.settings import TELEGRAM, Settings, SettingsError
from fleet.shards.holder import Holder
from fleet.state_keys import begin_of_states, keep_apart, order_of
from fleet.storage import follow_moves
from fleet.telegram.gates import SHORT_WAIT
from fleet.telegram.session import create_sessions
from fleet.turn import TurnTaker
from fleet.turn.jobs import clockworks
from fleet.turn.moving import Moving
from fleet.vault import Vault
from fleet.worker import Worker

CreateDispatcher = Callable[[Redis], Dispatcher]


class Replica:
    """The parts, and what `/health` asks of them.

    Args:
        settings: the settings.
        create_dispatcher: makes the one of the fleet.
        defaults: what holds for the calls of every bot.

    Raises:
        SettingsError: the dispatcher is not as it can be.
    """

    def __init__(
        self,
        settings: Settings,
        create_dispatcher: CreateDispatcher,
        defaults: DefaultBotProperties | None,
    ) -> None:
        self.knows_fleet = False
        """Whether Redis has told which bots there are."""
        self.started = False
        """Whether its work is started and not to end."""
        self._settings = settings
        self._defaults = defaults
        self.redis = create_redis(settings)
        self.sessions = create_sessions(settings)
        self._dispatcher = create_dispatcher(self.redis)
        moves = self.sessions.moves
        keep_apart(self._dispatcher, settings.redis_prefix, settings.shards)
        follow_moves(self._dispatcher, moves)
        try:
            lanes, jobs = lanes_of(self._dispatcher), clockworks(self._dispatcher)
        except ValueError as error:  # no setting, but as easily mended
            raise SettingsError(str(error)) from None
        states = begin_of_states(self._dispatcher, self.redis, settings.redis_prefix)
        shared = Shared.open(self.redis, settings, order_of(self._dispatcher), lanes, states)
        self.replicas = shared.replicas
        self.inbox = shared.inbox
        drop, prefix = settings.drop_pending_updates, settings.redis_prefix
        self.pending = Pending(
            self.redis, self.inbox, self.replicas, wanted=drop, prefix=shared.prefix
        )
        self.moving = Moving(self.redis, moves, settings.shards, prefix=prefix)
        self.holder = Holder(self.redis, shared.replica, settings.shards, prefix=prefix)
        self.worker = self.inbox.desk = Worker(
            self.holder,
            Mailboxes(self.redis, shared.replica, shared.sealing, prefix=prefix, states=states),
            self._member_at_work,
            TurnTaker(
                self._dispatcher,
                self.sessions.outages,
                shared.timers,
                settings.handler_timeout,
                is_sandbox=settings.telegram_api_url != TELEGRAM,
                moving=self.moving,
            ).take,
            partial(Overlay, self.redis),
            concurrency=settings.concurrency,
            max_attempts=settings.max_attempts,
            timeout=settings.handler_timeout,
        )
        self.outreach = Outreach(
            self.redis,
            settings,
            shared,
            self.holder,
            self.sessions,
            self._member_at_work,
            self.moving.book,
        )
        fleet = Fleet(shared, partial(ask_username, self.sessions.calls))
        self._dispatcher["fleet"] = fleet
        self.app = create_app(self)
        intake = self._create_intake(shared.vault)
        self.supervisor = Supervisor(
            shared.desired,
            self.holder,
            shared.states,
            shared.peers,
            self.pending,
            self._create_member,
            with_duties(
                intake.run,
                keep_menus(self._dispatcher, self.sessions),
                order_jobs(self._dispatcher, shared.timers),
            ),
            intake.part_with,
        )
        self.hooks = Hooks(self._dispatcher, self.supervisor.members.values)
        gates, url = self.sessions.gates, settings.webhook_url
        self.report = Report(shared, fleet, self.supervisor, self.worker, jobs, gates, url)

    def _create_intake(self, vault: Vault | None) -> Intake:
        base_url, proxies = self._settings.webhook_url, self._settings.trusted_proxies
        allowed = used_update_types(self._dispatcher, directory=self._settings.directory)
        if not (vault and base_url):
            return Polling(self.inbox, self.pending, allowed, self.sessions)
        webhooks = Webhooks(self.inbox, self.pending, allowed, vault, base_url, proxies, self._find)
        webhooks.serve(self.app, lambda: self.knows_fleet)
        return webhooks

    def _create_member(self, wanted: DesiredBot, token: str) -> Member:
        bot = Bot(token, session=self.sessions.calls, default=self._defaults)
        return Member(bot, wanted.role, flood_wait=partial(self.sessions.flood_wait, bot.id))

    def _find(self, bot_id: int) -> Member | None:
        return self.supervisor.members.get(bot_id)

    def _member_at_work(self, bot_id: int) -> Member | None:
        """Give the member with this id, or None while its updates must wait."""
        member = self._find(bot_id)
        if member is None or member.paused or bot_id in self.pending:
            return None
        if member.state is BotState.UNAUTHORIZED or self.sessions.outages.seconds_left(bot_id):
            return None
        return None if self.sessions.flood_wait(bot_id) > SHORT_WAIT else member

    @property
    def alive(self) -> bool:
        return not self.worker.stuck

    @property
    def accepting(self) -> bool:
        return self.started and self.supervisor.reconciled

    @property
    def most_connections(self) -> int:
        polls = 0 if self._settings.webhook_url else len(self.supervisor.members)
        return polls + self.sessions.calls.limit

    @property
    def redis_answers(self) -> bool:
        return self.holder.beats_now

    async def describe(self, *, alone: bool) -> Mapping[str, Any]:
        return await self.report.give(alone=alone)
