"""Forums and their topics: https://core.telegram.org/bots/api#forumtopic."""

from __future__ import annotations

from sandbox.control.groups import existing, leader, person
from sandbox.errors import ControlError
from sandbox.world import forums, members
from sandbox.world.events import Json
from sandbox.world.world import World


async def set_forum(world: World, chat_id: int, forum: bool = True) -> Json:  # noqa: FBT001, FBT002
    """A supergroup becomes a forum, or is one no more. Who writes names the topic as `thread_id`;
    without one it is the general topic."""
    chat = existing(world, chat_id)
    if chat.info["type"] != "supergroup":
        raise ControlError(f"chat {chat_id} is no supergroup")
    forums.become_forum(world, chat, forum=forum)
    return chat.describe()


async def create_topic(world: World, chat_id: int, user_id: int, name: str) -> Json:
    """A user creates a topic: its first message, which the bots get, says so."""
    chat, user = existing(world, chat_id), person(world, user_id)
    if not chat.topics:
        raise ControlError(f"chat {chat_id} is no forum: set_forum first")
    return forums.begin(world, chat, user, {"name": name}).described


async def change_topic(
    world: World,
    chat_id: int,
    user_id: int,
    thread_id: int,
    name: str | None = None,
    closed: bool | None = None,  # noqa: FBT001
) -> Json:
    """An administrator renames a topic, closes it or opens it again: a message says so."""
    chat = existing(world, chat_id)
    actor = leader(world, chat, user_id, "can_manage_topics") or person(world, user_id)
    topic = chat.topics.get(thread_id)
    if topic is None:
        raise ControlError(f"thread_id: the topics are {list(chat.topics)}", 404)
    if name and name != topic.described["name"]:
        topic.described = topic.described | {"name": name}
        members.announce(world, chat, actor, topic.marks | {"forum_topic_edited": {"name": name}})
    if closed not in (None, topic.closed):
        topic.closed = bool(closed)
        notice = "forum_topic_closed" if closed else "forum_topic_reopened"
        members.announce(world, chat, actor, topic.marks | {notice: {}})
    return topic.describe()


COMMANDS = (set_forum, create_topic, change_topic)
