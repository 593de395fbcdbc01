"""Checklists that people tick: https://core.telegram.org/bots/api#checklist."""

from __future__ import annotations

from sandbox.control.business import talk
from sandbox.control.people import find
from sandbox.errors import ControlError
from sandbox.methods.content import alone
from sandbox.world.chats import Chat, Stored
from sandbox.world.events import Json
from sandbox.world.world import ALICE, World

MOST_TASKS = 30
LONGEST_TASK = 100
"""https://core.telegram.org/bots/api#inputchecklist"""
TICKED = ("completed_by_user", "completed_by_chat", "completion_date")


async def tick(
    world: World,
    message_id: int,
    task_ids: list[int],
    done: bool = True,  # noqa: FBT001, FBT002
    user_id: int = ALICE,
    bot_id: int | None = None,
    chat_id: int | None = None,
    connection_id: str | None = None,
) -> Json:
    """A user marks tasks as done, or as not done, in the chat with the user `chat_id` of a business
    account if `connection_id` says which: the bots get a message with `checklist_tasks_done`."""
    chat, stored = place(world, bot_id, chat_id or user_id, message_id, connection_id)
    tasks = tasks_for(stored, user_id, "others_can_mark_tasks_as_done")
    if unknown := set(task_ids) - {one["id"] for one in tasks}:
        raise ControlError(f"task_ids: there is no {unknown}; there are {tasks}")
    marks = {"completed_by_user": world.user(user_id), "completion_date": world.clock.date}
    marked = [ticked(one, marks if done else {}) if one["id"] in task_ids else one for one in tasks]
    name = f"marked_as_{'done' if done else 'not_done'}_task_ids"
    return change(world, chat, stored, marked, user_id, {"checklist_tasks_done": {name: task_ids}})


async def add_tasks(
    world: World,
    message_id: int,
    texts: list[str],
    user_id: int = ALICE,
    bot_id: int | None = None,
    chat_id: int | None = None,
    connection_id: str | None = None,
) -> Json:
    """A user adds tasks, in a chat as `tick` has it: the bots get a message with
    `checklist_tasks_added`."""
    chat, stored = place(world, bot_id, chat_id or user_id, message_id, connection_id)
    tasks = tasks_for(stored, user_id, "others_can_add_tasks")
    if not all(1 <= len(one) <= LONGEST_TASK for one in texts):
        raise ControlError(f"texts: a task has up to {LONGEST_TASK} characters")
    if not texts or len(tasks) + len(texts) > MOST_TASKS:
        there = f"this one has {len(tasks)}"
        raise ControlError(f"texts: a checklist has up to {MOST_TASKS} tasks, {there}")
    first = max(one["id"] for one in tasks) + 1
    added = [{"id": number, "text": text} for number, text in enumerate(texts, first)]
    told = {"checklist_tasks_added": {"tasks": added}}
    return change(world, chat, stored, tasks + added, user_id, told)


def place(
    world: World, bot_id: int | None, chat_id: int, message_id: int, connection_id: str | None
) -> tuple[Chat, Stored]:
    """A message and its chat, which may be one of a business. Raises ControlError."""
    if connection_id is None:
        return find(world, bot_id, chat_id, message_id)
    chat = talk(world, connection_id, chat_id)
    return chat, world.find(chat, message_id)


def tasks_for(stored: Stored, user_id: int, right: str) -> list[Json]:
    """The tasks of a checklist, which others change if its author lets them. Raises
    ControlError."""
    checklist: Json | None = stored.message.get("checklist")
    if checklist is None:
        raise ControlError(f"message {stored.message['message_id']} is no checklist")
    if stored.message.get("from", {}).get("id") != user_id and not checklist.get(right):
        raise ControlError(f"this checklist has not {right}: its author alone does that")
    tasks: list[Json] = checklist["tasks"]
    return tasks


def ticked(task: Json, marks: Json) -> Json:
    """A task with other marks of who has done it."""
    return {name: value for name, value in task.items() if name not in TICKED} | marks


def change(
    world: World, chat: Chat, stored: Stored, tasks: list[Json], user_id: int, told: Json
) -> Json:
    """The checklist has other tasks, of which a message of the user tells."""
    message = stored.message
    chat.edit(message | {"checklist": message["checklist"] | {"tasks": tasks}})
    [(name, about)] = told.items()
    content = {name: about | {"checklist_message": alone(stored.message)}}
    update_id, message = world.write(chat, world.user(user_id), content)
    return {"update_id": update_id, "message": message}


COMMANDS = (tick, add_tasks)
