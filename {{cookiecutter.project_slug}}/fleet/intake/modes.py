"""The two ways by which updates come, as the service sees them."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from aiohttp import web

from fleet.bots.member import Member
from fleet.bots.pending import Pending
from fleet.inbox import Inbox
from fleet.intake.doorman import Doorman
from fleet.intake.keeper import WebhookKeeper
from fleet.intake.leaving import Leaving
from fleet.intake.polling import Poller
from fleet.intake.webhook import WebhookReceiver, paths
from fleet.ops.crowd import Crowd
from fleet.telegram.session import TelegramSessions
from fleet.vault import Vault


class Intake(Protocol):
    """What brings the updates of all bots."""

    def run(self, member: Member) -> Coroutine[Any, Any, None]:
        """Do what one replica does for a bot, until cancelled."""

    def part_with(self, member: Member, *, tidy: bool) -> None:
        """Hear of a member that leaves or gets another token.

        `tidy`: the bot leaves the fleet, and this replica is to remove what it leaves behind: it
        ran the bot's intake, or nobody did, as the bot was paused.
        """


class Polling:
    """Each bot is polled by one replica."""

    def __init__(
        self,
        inbox: Inbox,
        pending: Pending,
        allowed_updates: Sequence[str],
        sessions: TelegramSessions,
    ) -> None:
        self._inbox = inbox
        self._pending = pending
        self._allowed_updates = allowed_updates
        self._sessions = sessions
        self._crowd = Crowd()

    def run(self, member: Member) -> Coroutine[Any, Any, None]:
        return Poller(
            member, self._inbox, self._sessions, self._allowed_updates, self._pending, self._crowd
        ).run()

    def part_with(self, member: Member, *, tidy: bool) -> None:
        """Do nothing: who does not ask gets no updates."""


class Webhooks:
    """One replica sets the webhook of a bot, any of them takes what Telegram sends there.

    Args:
        inbox: where updates go.
        pending: tells which bots still have to drop what came before the start.
        allowed_updates: types of updates to ask for.
        vault: derives the secret of a bot from its token.
        base_url: WEBHOOK_URL.
        trusted_proxies: how many proxies stand in front.
        find: gives the member with a bot's id, or None.
    """

    def __init__(
        self,
        inbox: Inbox,
        pending: Pending,
        allowed_updates: Sequence[str],
        vault: Vault,
        base_url: str,
        trusted_proxies: int,
        find: Callable[[int], Member | None],
    ) -> None:
        self._inbox = inbox
        self._pending = pending
        self._allowed_updates = allowed_updates
        self._vault = vault
        self._base_url = base_url
        self._crowd = Crowd()
        self._doorman = Doorman(vault, find, trusted_proxies)
        self._leaving = Leaving(vault, base_url, find)

    def serve(self, app: web.Application, knows_fleet: Callable[[], bool]) -> None:
        """Answer Telegram's requests there, as soon as this replica `knows_fleet`."""
        receiver = WebhookReceiver(self._inbox, self._doorman, self._pending, knows_fleet)
        for path in paths(self._base_url):
            app.router.add_post(path, receiver.receive)

    def run(self, member: Member) -> Coroutine[Any, Any, None]:
        return WebhookKeeper(
            member,
            self._inbox,
            self._vault,
            self._base_url,
            self._allowed_updates,
            self._pending,
            self._crowd,
        ).run()

    def part_with(self, member: Member, *, tidy: bool) -> None:
        """Remove the webhook of a bot that has left the fleet; its secret is no forgery so soon."""
        self._doorman.part_with(member)
        if tidy:
            self._leaving.begin(member)
