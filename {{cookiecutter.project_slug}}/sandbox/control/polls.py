"""Votes in polls: https://core.telegram.org/bots/api#poll."""

from __future__ import annotations

from sandbox.control.people import find
from sandbox.errors import ControlError
from sandbox.world.events import Json
from sandbox.world.pending import Poll
from sandbox.world.world import World


async def vote(
    world: World,
    user_id: int,
    message_id: int,
    option_ids: list[int],
    bot_id: int | None = None,
    chat_id: int | None = None,
) -> Json:
    """A user votes in a poll, or with no option takes the vote back: the bot that has sent the poll
    gets `poll`, and `poll_answer` unless it is anonymous; of polls of people no bot is told.
    https://core.telegram.org/bots/api#pollanswer"""
    chat, stored = find(world, bot_id, chat_id or user_id, message_id)
    described_poll = stored.message.get("poll")
    poll = world.polls.get(described_poll["id"]) if described_poll else None
    if described_poll is None or poll is None:
        raise ControlError(f"message {message_id} is no poll")
    check_vote(described_poll, poll, user_id, option_ids)
    poll.votes[user_id] = option_ids
    counted = poll.count(described_poll)
    chat.edit(stored.message | {"poll": counted})
    chat.acts()
    if poll.bot_id is None:
        return {"update_id": 0}
    updates: list[Json] = [{"poll": counted}]
    if not counted["is_anonymous"]:
        options = counted["options"]
        ids = [options[index]["persistent_id"] for index in option_ids]
        answer = {"poll_id": counted["id"], "user": world.user(user_id), "option_ids": option_ids}
        updates.append({"poll_answer": answer | {"option_persistent_ids": ids}})
    return {"update_id": world.bot(poll.bot_id).enter(updates)[-1]}


def check_vote(described_poll: Json, poll: Poll, user_id: int, option_ids: list[int]) -> None:
    """Raises ControlError for a vote that Telegram's apps do not let through."""
    if described_poll["is_closed"]:
        raise ControlError("the poll is closed")
    if not set(option_ids) <= set(range(len(described_poll["options"]))):
        raise ControlError(f"option_ids: count from 0 to {len(described_poll['options']) - 1}")
    if len(option_ids) > 1 and not described_poll["allows_multiple_answers"]:
        raise ControlError("this poll takes one answer")
    if poll.votes.get(user_id) and not described_poll["allows_revoting"]:
        raise ControlError("a vote in this poll cannot be changed")


COMMANDS = (vote,)
