"""Reads what only Redis knows: after a shard was taken, or a bot has rested."""

from fleet.inbox.conversation import bot_of
from fleet.inbox.mailboxes import Mailboxes
from fleet.schedule.places import Places
from fleet.schedule.schedule import Schedule, Waiting
from fleet.shards.holder import Holder, Taken

PAGE = 50
"""Conversations of one bot in one shard that are read at once."""
BOTS_AT_ONCE = 50
"""Bots for which one call reads."""
LONGEST_DELAY = 300.0
"""Seconds until the next turn of an update that went back under another holder: clocks may jump."""


class Reader:
    """Keeps the schedule supplied.

    Args:
        holder: the shards that are held.
        mailboxes: what waits in them.
        schedule: gets it.
        places: tell whether there is use for more.
    """

    def __init__(
        self,
        holder: Holder,
        mailboxes: Mailboxes,
        schedule: Schedule,
        places: Places,
    ) -> None:
        self._holder = holder
        self._mailboxes = mailboxes
        self._schedule = schedule
        self._places = places

    def note_taken(self, taken: Taken) -> None:
        """Note what waits in a shard that was just taken: what went back before, and whose mail."""
        shard = taken.held.shard
        for name, deaths, backs, delay in taken.tries:
            waiting = Waiting(name, shard, bot_of(name), deaths, backs)
            self._schedule.add(waiting, min(delay, LONGEST_DELAY))
        for bot_id in taken.bots:
            self._schedule.add_unread(bot_id, shard)

    async def read(self) -> None:
        """Read for bots that have nothing in their queues. Raises `redis.exceptions.RedisError`."""
        if self._places.free <= 0:
            return
        for shard, bots in self._schedule.unread().items():
            # As many more as those that are known and stand among the first.
            most = PAGE + self._places.taken + self._schedule.not_in_queues
            for at in range(0, len(bots), BOTS_AT_ONCE):
                some = bots[at : at + BOTS_AT_ONCE]
                held = self._holder.held[shard]
                found = await self._mailboxes.read(held, some, most)
                for bot_id, names in found.items():
                    if len(names) < most:
                        self._schedule.note_read(bot_id, shard)
                    for name in names:
                        if name not in held.in_hand:
                            self._schedule.add(Waiting(name, shard, bot_id))
