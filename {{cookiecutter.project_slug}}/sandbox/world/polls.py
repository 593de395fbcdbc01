"""Polls, open for votes until their time is over: https://core.telegram.org/bots/api#poll."""

from __future__ import annotations

from functools import partial

from sandbox.world.events import Json
from sandbox.world.pending import Poll
from sandbox.world.world import World


def blank(poll_id: str, options: list[Json], *, quiz: bool = False) -> Json:
    """What a Poll object has that nobody says anything about; `options` have their texts."""
    return {
        "id": poll_id,
        "options": [
            option | {"persistent_id": str(number), "voter_count": 0}
            for number, option in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "quiz" if quiz else "regular",
        "allows_multiple_answers": False,
        "allows_revoting": not quiz,
        "members_only": False,
    }


def drawn_up(poll_id: str, asked: Json) -> Json:
    """The Poll object of a person who says at least `question` and, with a `text` each,
    `options`."""
    made = blank(poll_id, asked["options"], quiz=asked.get("type") == "quiz")
    right = asked.get("correct_option_ids")
    legacy = {"correct_option_id": right[0]} if right else {}
    return made | legacy | asked | {name: made[name] for name in ("id", "options")}


def begin(world: World, described: Json, poll: Poll) -> None:
    """A poll is open for votes: until its `close_date`, if it has one."""
    world.polls[described["id"]] = poll
    if "close_date" in described:
        world.clock.at(described["close_date"], partial(close, world, poll))


def close(world: World, poll: Poll) -> None:
    """The time of a poll is over; the bot that has sent it is told."""
    stored = poll.chat.messages.get(poll.message_id)
    if stored and not stored.message["poll"]["is_closed"]:
        closed = stored.message["poll"] | {"is_closed": True}
        poll.chat.edit(stored.message | {"poll": closed})
        if poll.bot_id is not None:
            world.bots[poll.bot_id].enter([{"poll": closed}])
