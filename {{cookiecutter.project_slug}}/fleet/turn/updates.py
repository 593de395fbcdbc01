"""What a turn is fed with: updates of Telegram, albums of them, timers and jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiogram.dispatcher.middlewares.user_context import (
    EVENT_CHAT_KEY,
    EVENT_CONTEXT_KEY,
    EVENT_FROM_USER_KEY,
    EVENT_THREAD_ID_KEY,
    EventContext,
)
from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import Message, TelegramObject, Update

from fleet.inbox.conversation import conversation_of
from fleet.turn.jobs import Job
from fleet.turn.timers import Timer, context_of

if TYPE_CHECKING:
    from aiogram import Bot

Raw = dict[str, Any] | list[dict[str, Any]]
"""An update as JSON, or those of an album."""


class OwnUpdate(Update):
    """An update that does not come from Telegram: a timer or a job."""

    timer: Timer | None = None
    job: Job | None = None
    context: EventContext | None = None
    """Whose state the timer sees."""

    @property
    def event_type(self) -> str:
        return "timer" if self.timer else "job"

    @property
    def event(self) -> TelegramObject:
        return self.timer or self.job or self


def read_update(bot: Bot, update_id: int, raw: Raw) -> tuple[Update, list[Message]]:
    """Give the update and, if it is a message, the messages of its album.

    Raises `pydantic.ValidationError`.
    """
    first, *rest = raw if isinstance(raw, list) else (raw,)
    if own := read_own(bot, update_id, first):
        return own, []
    context = {"bot": bot}
    update = Update.model_validate(first, context=context)
    if not rest:  # most by far
        event = update.message or update.channel_post or update.business_message
        return update, [event] if event else []
    parts = [update, *(Update.model_validate(part, context=context) for part in rest)]
    return update, [one.event for one in parts if isinstance(one.event, Message)]


def read_own(bot: Bot, update_id: int, raw: dict[str, Any]) -> OwnUpdate | None:
    """Give the update of a timer or a job, if it is one's."""
    if timer := raw.get("timer"):
        event: dict[str, Any] = {
            "timer": Timer.read(bot.id, timer).as_(bot),
            "context": context_of(timer),
        }
    elif job := raw.get("job"):
        due = datetime.fromtimestamp(job["due"] / 1000, UTC)
        event = {"job": Job(name=job["name"], due=due, bot_id=bot.id).as_(bot)}
    else:
        return None
    return OwnUpdate(update_id=update_id, **event).as_(bot)


def context_data(context: EventContext) -> dict[str, Any]:
    """Give what aiogram tells handlers of an event's chat and user."""
    data: dict[str, Any] = {EVENT_CONTEXT_KEY: context}
    if context.user:
        data[EVENT_FROM_USER_KEY] = context.user
    if context.chat:
        data[EVENT_CHAT_KEY] = context.chat
    if context.thread_id:
        data[EVENT_THREAD_ID_KEY] = context.thread_id
    return data


def is_shut_out(error: Exception, raw: Raw) -> bool:
    """Tell whether the chat or the user that the update is from refused a call.

    Any other chat is the handler's own idea, and what else it had to do is left undone.
    """
    if not isinstance(error, TelegramForbiddenError):
        return False
    update = raw[0] if isinstance(raw, list) else raw
    if timer := update.get("timer"):
        places = {str(one["id"]) for one in (timer["chat"], timer["user"]) if one}
    else:
        places = set(conversation_of(0, update).split(":")[1:])
    return str(getattr(error.method, "chat_id", None)) in places
